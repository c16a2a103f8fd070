"""People and terminals by the command line, beside a running server: what one process does holds at once in the
other, one-time secrets are shown once, wrong use is refused."""
import socket

import jiancha
import wire

NEW_PASSWORD = "a password of my own"


class People(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db = cls.path("jiancha.db")
        jiancha.run("init", "--db", cls.db)
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        cls.server = cls.serve(cls.db)

    def command(self, *args, expect=0):
        return jiancha.run(*args, "--db", self.db, "--format", "json", expect=expect)

    def login(self, name, password):
        message = wire.pack((2, name), (3, password))
        return self.server.call("SessionService/Login", message)

    def token(self, name, password):
        code, body = self.login(name, password)
        self.assertEqual(code, 200, body)
        return wire.first(wire.unpack(body), 1).decode()

    def test_person(self):
        added = jiancha.listing(self.command("person", "add", "lihua", "--name", "李华", "--role", "planner"), "person")
        token = self.token("lihua", added[0]["one_time_password"])
        self.server.must("SessionService/ChangePassword",
                         wire.pack((1, added[0]["one_time_password"]), (2, NEW_PASSWORD)), token)
        self.server.must("DeviceService/ListDevices", token=token)

        rows = {row["login"]: row for row in jiancha.listing(self.command("person", "list"), "person")}
        self.assertEqual(rows["lihua"], {"login": "lihua", "name": "李华", "roles": "planner", "inspector_id": "",
                                         "team_id": "", "must_change_password": False, "disabled": False})
        self.assertNotIn("$argon2id$", self.command("person", "list").out)

        self.command("person", "disable", "lihua")
        code, error = self.server.call("SessionService/GetSelf", token=token)
        self.assertEqual((code, error["code"]), (401, "unauthenticated"))
        code, error = self.login("lihua", NEW_PASSWORD)
        self.assertEqual((code, error["message"]), (401, '"lihua" is disabled'))
        self.command("person", "disable", "lihua", "--undo")
        token = self.token("lihua", NEW_PASSWORD)

        again = jiancha.listing(self.command("person", "passwd", "lihua"), "person")
        self.assertEqual(self.server.call("SessionService/GetSelf", token=token)[0], 401)
        self.assertEqual(self.login("lihua", NEW_PASSWORD)[0], 401)
        self.token("lihua", again[0]["one_time_password"])

    def test_device(self):
        invited = jiancha.listing(self.command("device", "invite", "--inspector", "hn-t1-01"), "device")[0]
        self.assertEqual(invited["inspector_id"], "hn-t1-01")
        body = self.server.must("DeviceService/Enroll", wire.pack((1, invited["code"]), (2, "手持机一")))
        token = wire.first(wire.unpack(body), 2).decode()
        self.server.must("SyncService/Sync", token=token)
        device = jiancha.listing(self.command("device", "list"), "device")[0]
        self.assertEqual((device["name"], device["team_id"], device["revoked_at"]), ("手持机一", "hn-t1", None))
        self.command("device", "revoke", device["device_id"])
        code, error = self.server.call("SyncService/Sync", token=token)
        self.assertEqual((code, error["code"]), (401, "unauthenticated"))
        self.assertIsNotNone(jiancha.listing(self.command("device", "list"), "device")[0]["revoked_at"])

    def enrolled(self, inspector, name):
        """The token of a new terminal and its id."""
        invited = jiancha.listing(self.command("device", "invite", "--inspector", inspector), "device")[0]
        body = self.server.must("DeviceService/Enroll", wire.pack((1, invited["code"]), (2, name)))
        devices = jiancha.listing(self.command("device", "list"), "device")
        return (wire.first(wire.unpack(body), 2).decode(),
                next(device["device_id"] for device in devices if device["name"] == name))

    def test_disable_with_devices(self):
        self.command("person", "add", "leaver", "--role", "inspector", "--inspector", "hn-t2-01")
        token, device_id = self.enrolled("hn-t2-01", "手持机二")
        other, other_id = self.enrolled("hn-t2-02", "手持机三")
        result = self.command("person", "disable", "leaver")
        self.assertIn(f"jiancha device revoke {device_id}", result.err)
        self.assertNotIn(other_id, result.err)
        self.server.must("SyncService/Sync", token=token)  # the note says so

        self.assertIn("--undo", self.command("person", "disable", "leaver", "--undo", "--devices", expect=2).err)
        result = self.command("person", "disable", "leaver", "--devices")
        self.assertIn(device_id, result.out)
        self.assertNotIn("device revoke", result.err)
        self.assertEqual(self.server.call("SyncService/Sync", token=token)[0], 401)
        self.server.must("SyncService/Sync", token=other)
        self.assertEqual(self.command("person", "disable", "leaver").err, "")

    def test_refused(self):
        cases = [
            (["person"], "needs to be told"),
            (["person", "add"], "LOGIN"),
            (["person", "add", "x"], "--role"),
            (["person", "add", "x", "--role", "king"], '"king"'),
            (["person", "add", "x y", "--role", "admin"], '"x y"'),
            (["person", "add", "x", "--role", "inspector", "--inspector", "nobody"], '"nobody"'),
            (["person", "add", "admin", "--role", "admin"], "is taken"),
            (["person", "passwd", "nobody"], '"nobody"'),
            (["person", "disable", "nobody"], '"nobody"'),
            (["person", "list", "x"], '"x"'),
            (["device", "invite"], "--inspector"),
            (["device", "invite", "--inspector", "nobody"], '"nobody"'),
            (["device", "invite", "--inspector", "hn-t1-01", "--hours", "0"], "--hours"),
            (["device", "revoke", "x"], '"x"'),
            (["device", "revoke", "01857508-f759-7bf4-86bc-09bd3508b3c8"], "01857508"),
            (["serve", "--listen", "localhost:0"], "localhost"),
            (["serve", "--listen", "127.0.0.1"], "127.0.0.1"),
            (["serve", "--listen", "127.0.0.1:65536"], "65536"),
        ]
        before = jiancha.dump(self.db)
        for args, words in cases:
            with self.subTest(" ".join(args)):
                self.assertIn(words, self.command(*args, expect=2).err)
        self.assertEqual(jiancha.dump(self.db), before)

    def test_port_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = self.command("serve", "--listen", f"127.0.0.1:{port}", expect=3)
            self.assertIn(f"127.0.0.1:{port}", result.err)


if __name__ == "__main__":
    jiancha.main()
