"""kill -9 of the real server under load, again and again: no acknowledged record is lost, none is there twice
(DESIGN sections 5 and 6).

Terminals send ad hoc inspections as fast as they are answered. Each time enough new records have been
acknowledged the server is killed, wherever it happens to be, and started again; a terminal that lost its
answer sends the same request once more. What is checked holds wherever the kill strikes."""
import http.client
import threading
import uuid

import jiancha
import wire

TERMINALS = 4  # connections under load
BATCH = 5  # records in a request
KILLS = [11 + i * 37 % 89 for i in range(40)]  # records acknowledged before each kill
STARTED = 1672704000  # 2023-01-03 08:00, China
AD_HOC = 16  # OperationBody.add_ad_hoc_inspection


class Fleet:
    """What the terminals and the test tell each other. `life` counts the starts of the server."""

    def __init__(self, server):
        self.server, self.changed = server, threading.Condition()
        self.life, self.killed = 1, 0  # the life that runs, and the last one that was ended
        self.acknowledged, self.finish, self.errors = 0, False, []

    def wait(self, happened):
        with self.changed:
            self.changed.wait_for(lambda: self.errors or happened())
            if self.errors:
                raise self.errors[0]

    def tell(self, change):
        with self.changed:
            change(self)
            self.changed.notify_all()

    def kill_after(self, records):
        goal = self.acknowledged + records
        self.wait(lambda: self.acknowledged >= goal)

        def end(fleet):
            fleet.killed = fleet.life

        def begin(fleet):
            fleet.life += 1

        self.tell(end)
        self.server.kill9()
        self.server.start()
        self.tell(begin)


class Terminal(threading.Thread):
    """One device: makes a batch, sends it until it is acknowledged, makes the next."""

    def __init__(self, fleet, index, token, inspectors, unit):
        super().__init__(daemon=True)
        self.fleet, self.index, self.token = fleet, index, token
        self.inspectors, self.unit = inspectors, unit
        self.made, self.acknowledged = [], set()  # operation ids
        self.cursor, self.numbers, self.blocks = b"", [], set()

    def identifier(self, kind):
        """A UUIDv7 that no other terminal, operation or inspection has."""
        text = f"{self.index:012x}7{kind:03x}8000{len(self.made):012x}"
        return uuid.UUID(text).bytes

    def batch(self):
        operations = []
        for _ in range(BATCH):
            record = wire.inspection(self.identifier(2), self.unit, self.inspectors, STARTED,
                                     number=(2023, self.numbers.pop(0)))
            operation_id = self.identifier(1)
            operations.append(wire.operation(operation_id, STARTED, AD_HOC, wire.pack((1, record), (2, "test"))))
            self.made.append(operation_id)
        return operations

    def take(self, answer, operations):
        fields = wire.unpack(answer)
        self.cursor = wire.first(fields, 3)
        sent = {wire.first(wire.unpack(operation), 1) for operation in operations}
        results = wire.results(answer)
        assert set(results) == sent, "every operation has its result"
        assert all(status == wire.APPLIED for status, _ in results.values()), results
        assert wire.receipt(answer) == sent, "the receipt names every operation"
        self.acknowledged |= sent
        for kind, year, begin, end in wire.number_blocks(answer):
            if kind == 1 and year == 2023 and begin not in self.blocks:
                self.blocks.add(begin)
                self.numbers += range(begin, end + 1)

        def count(fleet):
            fleet.acknowledged += len(sent)

        self.fleet.tell(count)

    def send(self, connection, operations):
        code, answer = jiancha.exchange(connection, "SyncService/Sync", wire.sync(operations, self.cursor), self.token)
        assert code == 200, answer
        self.take(answer, operations)

    def work(self):
        pending, begun = [], False
        while pending or not begun or not self.fleet.finish:
            self.fleet.wait(lambda: self.fleet.life > self.fleet.killed)
            life = self.fleet.life
            connection = http.client.HTTPConnection("127.0.0.1", self.fleet.server.port)
            try:
                while pending or not begun or not self.fleet.finish:
                    pending = pending or (self.batch() if begun else [])
                    self.send(connection, pending)
                    pending, begun = [], True
            except (OSError, http.client.HTTPException):
                assert self.fleet.killed >= life, "a connection was lost though the server lived"
            finally:
                connection.close()

    def run(self):
        try:
            self.work()
        except BaseException as error:  # told to the test, which raises it
            self.fleet.tell(lambda fleet: fleet.errors.append(error))


class Kill(jiancha.Test):
    def setUp(self):
        self.db = self.path(f"{self._testMethodName}.db")
        jiancha.run("init", "--db", self.db)
        jiancha.run("import", jiancha.CASE, "--db", self.db)
        self.server = self.serve(self.db)

    def enroll(self, inspector):
        code = jiancha.listing(jiancha.run("device", "invite", "--inspector", inspector, "--db", self.db, "--format",
                                           "json"), "device")[0]["code"]
        return wire.first(wire.unpack(self.server.must("DeviceService/Enroll", wire.enroll(code))), 2).decode()

    def test_nothing_lost_nothing_twice(self):
        team = [row[0] for row in jiancha.query(self.db, "SELECT inspector_id FROM inspector WHERE team_id = 'hn-t1'")]
        units = [row[0] for row in jiancha.query(self.db, "SELECT unit_id FROM unit ORDER BY unit_id LIMIT ?", TERMINALS)]
        fleet = Fleet(self.server)
        terminals = [Terminal(fleet, i + 1, self.enroll(team[i]), (team[i], team[(i + 1) % len(team)]), units[i])
                     for i in range(TERMINALS)]
        for terminal in terminals:
            terminal.start()
        for records in KILLS:
            fleet.kill_after(records)
        fleet.tell(lambda fleet: setattr(fleet, "finish", True))
        for terminal in terminals:
            terminal.join()
        if fleet.errors:
            raise fleet.errors[0]

        stored = [row[0] for row in jiancha.query(self.db, "SELECT id FROM operation WHERE status = ?", wire.APPLIED)]
        made = [operation for terminal in terminals for operation in terminal.made]
        acknowledged = set().union(*(terminal.acknowledged for terminal in terminals))
        self.assertGreaterEqual(len(acknowledged), sum(KILLS))
        self.assertEqual(acknowledged - set(stored), set(), "acknowledged records that are lost")
        self.assertEqual(sorted(stored), sorted(made), "every record made is there, once")
        counts = {"inspection": "SELECT COUNT(*), COUNT(DISTINCT inspection_id) FROM inspection WHERE is_record = 1",
                  "number": "SELECT COUNT(*), COUNT(DISTINCT number) FROM document_number WHERE kind = 1"}
        for what, sql in counts.items():
            self.assertEqual(jiancha.query(self.db, sql), [(len(made), len(made))], what)
        self.assertEqual(self.other_reviews(), 0)
        self.assertEqual(jiancha.listing(jiancha.run("verify", "--db", self.db, "--format", "json"), "verify"), [])

    def other_reviews(self):
        """Here units are visited again and again, which a planner is told; nothing else may be kept or flagged."""
        return jiancha.query(self.db, f"SELECT COUNT(*) FROM review WHERE reason <> {wire.DUPLICATE_VISIT}")[0][0]

    def test_in_the_middle_of_a_sync(self):
        """The reference terminal, cut with its work half sent or its answer lost: the next sync puts it right."""
        team = [row[0] for row in jiancha.query(self.db, "SELECT inspector_id FROM inspector WHERE team_id = 'hn-t2'")]
        terminal = jiancha.Terminal(self.path("terminal.db"))
        terminal.enroll(self.db, self.server, team[0])
        before = jiancha.status(self.db)
        made = 0
        for at, stored_by_the_lost_sync in (("answer", 3), ("body", 0), ("answer", 3), ("body", 0)):
            for unit in ("hn-001", "hn-002", "hn-003"):
                terminal.run("inspect", "--ad-hoc", unit, "--start", "08:00", "--end", "08:20", "--inspectors",
                             ",".join(team[:2]), "--signed", "张三:安全总监")
            relay = jiancha.Relay(self.server, at)
            self.assertIn("safe to sync again", terminal.run("sync", "--server", relay.url, expect=3).err)
            relay.finish()
            self.server.start()
            counts = jiancha.status(self.db)
            self.assertEqual(counts["inspections"], before["inspections"] + made + stored_by_the_lost_sync, at)
            made += 3
            answer = terminal.sync()
            self.assertEqual((answer["sent"], answer["applied"], answer["unsent"], answer["durable"]), (3, 3, 0, True), at)
            after = jiancha.status(self.db)
            for name in ("operations", "inspections"):
                self.assertEqual(after[name], before[name] + made, f"{at}: {name}")
            self.assertEqual(self.other_reviews(), 0, at)
        self.assertEqual(terminal.sync()["sent"], 0)
        jiancha.run("verify", "--db", self.db)


if __name__ == "__main__":
    jiancha.main()
