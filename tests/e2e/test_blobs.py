"""Photos on their way: `jiancha terminal upload` against the real server, within a budget, over a net that cuts
connections, and with a server that is killed in the middle (DESIGN section 5; docs/DESIGN.md section 12, blobs)."""
import glob
import hashlib
import os
import random
import urllib.error
import urllib.request

import jiancha
import relay

INSPECTORS = "hn-t1-01,hn-t1-02"
RECORDS = ("--photos", "0")  # a sync of records alone
MB = 1_000_000
HEADS = {".jpg": b"\xff\xd8\xff", ".png": b"\x89PNG\r\n\x1a\n", ".bin": b"RIFF"}
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".bin": "application/octet-stream"}


class Blobs(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db = cls.path("jiancha.db")
        cls.admin = jiancha.listing(jiancha.run("init", "--db", cls.db, "--format", "json"), "init")[0]
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        cls.server = cls.serve(cls.db)

    def setUp(self):
        self.bits = random.Random(self.id())

    def terminal(self, name):
        """A terminal of its own, so that tests do not see each other's photos."""
        terminal = jiancha.Terminal(self.path(f"{name}.db"))
        terminal.enroll(self.db, self.server, "hn-t1-01")
        return terminal

    def photo(self, name, size):
        """(path, content) of a file that is recognised by its first bytes."""
        head = HEADS[os.path.splitext(name)[1]]
        content = head + self.bits.randbytes(size - len(head))
        path = self.path(f"{self.id()}-{name}")
        with open(path, "wb") as file:
            file.write(content)
        return path, content

    @staticmethod
    def inspect(terminal, unit, photos):
        options = [option for path, _ in photos for option in ("--photo", path)]
        terminal.run("inspect", "--ad-hoc", unit, "--start", "08:00", "--end", "08:20", "--inspectors", INSPECTORS,
                     "--signed", "王某", "--reason", "群众举报", *options)

    @staticmethod
    def upload(terminal, *args, expect=0):
        return terminal.rows("upload", *args, expect=expect)[0]

    def missing(self, unit):
        """Sizes of what has not arrived of the unit's records."""
        rows = jiancha.listing(jiancha.run("blob", "list", "--missing", "--db", self.db, "--format", "json"), "blob")
        return sorted(row["bytes"] for row in rows if row["unit_id"] == unit)

    def check_stored(self, photos):
        """Each photo lies under its hash, has the type of its record, and nothing else was left of its upload."""
        for path, content in photos:
            name = hashlib.sha256(content).hexdigest()
            with open(os.path.join(f"{self.db}.blobs", "1", name[:2], name[2:]), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), name, path)
            rows = jiancha.query(self.db, "SELECT size_bytes, media_type FROM blob WHERE sha256 = ?",
                                 bytes.fromhex(name))
            self.assertEqual(rows, [(len(content), TYPES[os.path.splitext(path)[1]])], path)
        self.assertEqual(glob.glob(os.path.join(f"{self.db}.blobs", "incoming", "*")), [])

    def check_proven(self, terminal, photos):
        """The next receipt names them: the terminal may forget them."""
        terminal.sync(*RECORDS)
        self.assertEqual(jiancha.query(terminal.store, "SELECT COUNT(*) FROM upload WHERE done_ms IS NULL"), [(0,)])
        self.assertEqual(jiancha.query(terminal.store, "SELECT COUNT(*) FROM upload"), [(len(photos),)])

    def test_budget(self):
        """Records first, then what is small, then originals: as far as the budget of each time goes."""
        terminal = self.terminal("budget")
        photos = [self.photo("site.jpg", 2 * MB), self.photo("door.png", 90_000), self.photo("noise.bin", 700_000)]
        self.inspect(terminal, "hn-001", photos)
        before = self.upload(terminal, "--budget", "1")
        self.assertEqual((before["blobs"], before["bytes"], before["waiting"]), (0, 0, 3), "the record is not sent yet")
        terminal.sync(*RECORDS)
        self.assertEqual(self.missing("hn-001"), [90_000, 700_000, 2 * MB])

        first = self.upload(terminal, "--budget", "1")
        self.assertEqual((first["blobs"], first["bytes"], first["waiting"]), (2, MB, 1))
        self.assertEqual(self.missing("hn-001"), [2 * MB])
        second = self.upload(terminal, "--budget", "1")
        self.assertEqual((second["blobs"], second["bytes"], second["waiting"]), (0, MB, 1))
        last = self.upload(terminal)
        self.assertEqual((last["blobs"], last["bytes"], last["waiting"]), (1, 790_000, 0))
        self.assertEqual(self.missing("hn-001"), [])
        self.check_stored(photos)
        self.check_proven(terminal, photos)

    def test_sync_sends_photos(self):
        """One sync is enough: records, then photos as far as its budget goes, and the receipt for what has arrived."""
        terminal = self.terminal("sync")
        photos = [self.photo("site.jpg", 2 * MB), self.photo("door.png", 90_000)]
        self.inspect(terminal, "hn-006", photos)

        def told(row):
            return [row[f"photos_{what}"] for what in ("sent", "sent_bytes", "waiting", "waiting_bytes")]

        first = terminal.sync("--photos", "1")
        self.assertEqual([first["applied"]] + told(first), [1, 1, MB, 1, 2 * MB + 90_000 - MB])
        proven = "SELECT COUNT(*) FROM upload WHERE done_ms IS NOT NULL"
        self.assertEqual(jiancha.query(terminal.store, proven), [(1,)])
        self.assertIn("photos", terminal.run("sync", "--photos", "1").out)
        self.assertEqual(told(terminal.sync()), [1, 90_000, 0, 0])
        self.assertEqual(jiancha.query(terminal.store, proven), [(2,)])
        self.check_stored(photos)

    def test_cuts(self):
        """The net breaks at bytes of a seed; each time the upload goes on at the byte where it was."""
        terminal = self.terminal("cuts")
        photos = [self.photo(f"{i}.jpg", size) for i, size in enumerate((1_300_000, 300_000, 4, 800_000))]
        self.inspect(terminal, "hn-002", photos)
        terminal.sync(*RECORDS)
        net = relay.CuttingRelay(self.server.port, 4, cuts=12, least=100, most=400_000)
        self.addCleanup(net.close)
        sent, ends = 0, []
        for _ in range(100):
            result = terminal.run("upload", "--server", net.url, "--format", "json", expect=None)
            ends.append(result.code)
            row = jiancha.listing(result, "upload")[0]
            sent += row["bytes"]
            if row["waiting"] == 0:
                break
        self.assertGreater(net.done, 5)
        self.assertEqual((ends[-1], self.missing("hn-002")), (0, []))
        self.assertGreater(len(ends), 3)
        self.assertLessEqual(sent, sum(len(content) for _, content in photos))
        self.check_stored(photos)
        self.check_proven(terminal, photos)

    def test_server_killed(self):
        """kill -9 in the middle of a photo, again and again: what the server had counts, half of it is never seen."""
        terminal = self.terminal("killed")
        photos = [self.photo("site.jpg", 5_000_000), self.photo("door.png", 200_000)]
        self.inspect(terminal, "hn-003", photos)
        terminal.sync(*RECORDS)
        reached = [0]
        for seed in range(4):
            net = relay.CuttingRelay(self.server.port, seed, cuts=1, least=500_000, most=1_000_000, answers=False,
                                     at_cut=self.server.kill9)
            result = terminal.run("upload", "--server", net.url, "--format", "json", expect=None)
            net.close()
            self.assertNotEqual(result.code, 0, seed)
            self.assertEqual(net.done, 1)
            self.assertIn(5_000_000, self.missing("hn-003"), "half a photo does not count")
            self.server.start()
            reached.append(self.arrived())
            self.assertGreaterEqual(reached[-1], reached[-2], "what was acknowledged stays")
        self.assertGreater(reached[-1], 200_000)
        rest = self.upload(terminal)
        self.assertEqual(rest["waiting"], 0)
        self.assertLess(rest["bytes"], 5_000_000, "it did not begin anew")
        self.assertEqual(self.missing("hn-003"), [])
        self.check_stored(photos)
        self.check_proven(terminal, photos)

    def arrived(self):
        """Bytes of uploads and blobs of the test's unit that lie at the server."""
        done = jiancha.query(self.db, "SELECT COALESCE(SUM(size_bytes), 0) FROM record_blob AS b JOIN inspection AS i"
                                      " USING (agency_id, inspection_id) WHERE received_ms IS NOT NULL"
                                      " AND i.unit_id = 'hn-003'")[0][0]
        return done + sum(os.path.getsize(path) for path in glob.glob(os.path.join(f"{self.db}.blobs", "incoming", "*")))

    def test_lost_file(self):
        """A photo that is gone is named; the others are sent."""
        terminal = self.terminal("lost")
        photos = [self.photo("a.jpg", 5000), self.photo("b.jpg", 6000)]
        self.inspect(terminal, "hn-004", photos)
        terminal.sync(*RECORDS)
        os.remove(photos[0][0])
        row = self.upload(terminal, expect=2)
        self.assertEqual((row["blobs"], row["lost"]), (1, 1))
        self.assertEqual(self.missing("hn-004"), [5000])
        with open(photos[0][0], "wb") as file:
            file.write(photos[0][1])
        self.assertEqual(self.upload(terminal)["blobs"], 1)
        self.assertEqual(self.missing("hn-004"), [])
        self.check_stored(photos)

    def test_seen_by_record(self):
        """What one record names, arrived or not; the terminal that sent it may read it again, in parts."""
        terminal = self.terminal("seen")
        photo = self.photo("a.jpg", 5000)
        self.inspect(terminal, "hn-005", [photo])
        terminal.sync(*RECORDS)
        record = jiancha.query(self.db, "SELECT hex(inspection_id) FROM inspection WHERE unit_id = 'hn-005'")[0][0]

        def states():
            listed = jiancha.run("blob", "list", "--record", record.lower(), "--db", self.db, "--format", "json")
            return [(row["state"], row["unit_id"], row["device"]) for row in jiancha.listing(listed, "blob")]

        self.assertEqual(states(), [("missing", "hn-005", "hn-t1-01")])
        self.upload(terminal)
        self.assertEqual(states(), [("received", "hn-005", "hn-t1-01")])
        token = jiancha.query(terminal.store, "SELECT token FROM holder")[0][0]
        request = urllib.request.Request(f"{self.server.url}/blobs/{hashlib.sha256(photo[1]).hexdigest()}",
                                         headers={"Authorization": f"Bearer {token}", "Range": "bytes=4000-"})
        with urllib.request.urlopen(request) as answer:
            self.assertEqual((answer.status, answer.read()), (206, photo[1][4000:]))
        request.remove_header("Authorization")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        self.assertEqual(refused.exception.code, 401)


if __name__ == "__main__":
    jiancha.main()
