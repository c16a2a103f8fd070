"""No room for the log of the database: writes are answered `unavailable` with nothing half done, reads go on, and
the same server takes the same writes when there is room again. The room is a limit of the process on the size of
its files, so that no disk has to be filled."""
import os
import resource
import uuid

import jiancha
import wire

STARTED = 1672704000  # 2023-01-03 08:00, China
ROUNDS = 3


class DiskFull(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db = cls.path("jiancha.db")
        jiancha.run("init", "--db", cls.db)
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        cls.server = cls.serve(cls.db)
        code = jiancha.listing(jiancha.run("device", "invite", "--inspector", "hn-t1-01", "--db", cls.db, "--format",
                                           "json"), "device")[0]["code"]
        answer = wire.unpack(cls.server.must("DeviceService/Enroll", wire.enroll(code)))
        cls.token = wire.first(answer, 2).decode()

    def room(self, size):
        """What a file of the server may grow to."""
        _, hard = resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def records(self):
        return jiancha.query(self.db, "SELECT count(*) FROM inspection")[0][0]

    def submit(self, number):
        """The answer to one record, always the same bytes for the same number."""
        inspection_id, operation_id = (uuid.uuid5(uuid.NAMESPACE_OID, f"{what} {number}").bytes for what in "io")
        record = wire.inspection(inspection_id, "hn-001", ("hn-t1-01", "hn-t1-02"), STARTED + number * 86400)
        operation = wire.operation(operation_id, STARTED, 16, wire.pack((1, record), (2, "test")))
        return operation_id, self.server.call("SyncService/Sync", wire.sync([operation]), self.token)

    def accepted(self, number):
        operation_id, (status, body) = self.submit(number)
        self.assertEqual(status, 200, body)
        self.assertEqual(wire.results(body)[operation_id], (wire.APPLIED, ""))
        self.assertIn(operation_id, wire.receipt(body))

    def test_writes_wait_for_room(self):
        self.accepted(0)
        for turn in range(1, ROUNDS + 1):
            with self.subTest(f"round {turn}"):
                before = jiancha.dump(self.db)
                self.room(os.path.getsize(self.db + "-wal"))
                while (refused := self.submit(turn)[1])[0] == 200:  # there was room left in the log's old length
                    turn += ROUNDS  # a number of no other round
                    before = jiancha.dump(self.db)
                self.assertEqual((refused[0], refused[1]["code"]), (503, "unavailable"))
                self.assertEqual(self.submit(turn)[1][1]["code"], "unavailable")
                self.assertEqual(jiancha.dump(self.db), before, "something was half done")
                self.server.must("SessionService/GetSelf", token=self.token)
                self.room(resource.RLIM_INFINITY)
                records = self.records()
                self.accepted(turn)
                self.accepted(turn)
                self.assertEqual(self.records(), records + 1)
        self.assertEqual(jiancha.query(self.db, "PRAGMA integrity_check"), [("ok",)])


if __name__ == "__main__":
    jiancha.main()
