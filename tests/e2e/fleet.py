"""Devices that send ad hoc inspections to a real server as fast as they are answered, or at a pace; a device that lost
its answer sends the same request once more."""
import http.client
import threading
import uuid

import jiancha
import wire

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

    def __init__(self, fleet, index, token, inspectors, unit, records=2, pace=lambda: None):
        """`records` in a request; `pace` is called before each and may wait."""
        super().__init__(daemon=True)
        self.records, self.pace = records, pace
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
        for _ in range(self.records):
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
                    self.pace()
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


def enroll(server, db, inspector):
    """A token for a new device of the inspector."""
    invitation = jiancha.run("device", "invite", "--inspector", inspector, "--db", db, "--format", "json")
    code = jiancha.listing(invitation, "device")[0]["code"]
    return wire.first(wire.unpack(server.must("DeviceService/Enroll", wire.enroll(code))), 2).decode()


def terminals(fleet, db, count, **options):
    """So many devices, of all inspectors in turn, each with a unit of its own as long as there are units."""
    people = [row[0] for row in
              jiancha.query(db, "SELECT inspector_id FROM inspector ORDER BY team_id, inspector_id")]
    units = [row[0] for row in jiancha.query(db, "SELECT unit_id FROM unit ORDER BY unit_id")]
    made = []
    for i in range(count):
        one, other = people[i % len(people)], people[(i + 1) % len(people)]
        made.append(Terminal(fleet, i + 1, enroll(fleet.server, db, one), (one, other), units[i % len(units)],
                             **options))
    return made
