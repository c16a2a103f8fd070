"""The real server at half of what these terminals can make it do, for a while: memory, open files and the write-ahead
log stay flat, and what the database needs for a record does not grow (DESIGN section 10).

JIANCHA_SOAK_SECONDS: how long (6; scripts/test --full asks for half an hour). A third of it is warming up."""
import os
import statistics
import threading
import time

import fleet as fleets
import jiancha

SECONDS = float(os.environ.get("JIANCHA_SOAK_SECONDS", "6"))
TERMINALS = 16
RECORDS = 10  # of a request
CALIBRATE = 2.0  # seconds at full speed
SAMPLES = 60
MEGABYTE = 1 << 20
WAL_LIMIT = 64 * MEGABYTE  # what the server promises whatever happens
WAL_USUAL = 48 * MEGABYTE  # 16 and some on an idle machine; the file keeps the size that it had once

# A sanitized server keeps what was freed for a while, which is no growth of its own.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=4"]))


class Pace:
    """So many requests a second for all terminals together; none until it is told how many."""

    def __init__(self):
        self.lock, self.stopped = threading.Lock(), threading.Event()
        self.period, self.next, self.taken = 0.0, 0.0, 0

    def set(self, requests_a_second):
        with self.lock:
            self.period, self.next = 1 / requests_a_second, time.monotonic()

    def __call__(self):
        with self.lock:
            self.taken += 1
            due, self.next = self.next, self.next + self.period
            wait = due - time.monotonic() if self.period else 0
        if wait > 0:
            self.stopped.wait(wait)


class Sample:
    """What the server holds at one moment."""

    def __init__(self, server, records):
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
            lines = dict(line.split(":", 1) for line in status)
        self.memory = int(lines["VmRSS"].split()[0]) * 1024
        self.files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        self.log = os.path.getsize(server.db + "-wal")
        self.database = os.path.getsize(server.db)
        self.records = records


def grown(samples):
    """Bytes of the database for a record, within these samples."""
    first, last = samples[0], samples[-1]
    return (last.database + last.log - first.database - first.log) / max(1, last.records - first.records)


class Soak(jiancha.Test):
    def test_flat(self):
        db = self.path("soak.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        fleet, pace = fleets.Fleet(self.serve(db)), Pace()
        terminals = fleets.terminals(fleet, db, TERMINALS, records=RECORDS, pace=pace)
        for terminal in terminals:
            terminal.start()
        pace.stopped.wait(CALIBRATE)
        pace.set(pace.taken / CALIBRATE / 2)
        samples = []
        for _ in range(SAMPLES):
            pace.stopped.wait(SECONDS / SAMPLES)
            samples.append(Sample(fleet.server, fleet.acknowledged))
        fleet.tell(lambda fleet: setattr(fleet, "finish", True))
        pace.stopped.set()
        for terminal in terminals:
            terminal.join()
        if fleet.errors:
            raise fleet.errors[0]
        self.check(samples)
        self.assertEqual(jiancha.query(db, "SELECT COUNT(*) FROM inspection")[0][0],
                         sum(len(terminal.made) for terminal in terminals))
        jiancha.run("verify", "--db", db)

    def check(self, samples):
        third = len(samples) // 3
        middle, last = samples[third:-third], samples[-third:]
        memory = [statistics.median(sample.memory for sample in part) for part in (middle, last)]
        print(f"\n{last[-1].records} records; memory {memory[0] / MEGABYTE:.1f} -> {memory[1] / MEGABYTE:.1f} MB; "
              f"files {middle[0].files} -> {last[-1].files}; log at most {max(s.log for s in samples) / MEGABYTE:.1f} MB; "
              f"{grown(middle):.0f} -> {grown(last):.0f} bytes a record")
        self.assertGreater(last[-1].records, middle[0].records)
        warm = SECONDS >= 90  # before that caches are still filling
        self.assertLessEqual(memory[1], memory[0] * 1.05 + (2 if warm else 16) * MEGABYTE, "memory")
        self.assertLessEqual(max(sample.files for sample in last), max(sample.files for sample in middle) + 4, "files")
        self.assertLessEqual(max(sample.log for sample in samples), WAL_LIMIT, "write-ahead log")
        self.assertLessEqual(statistics.median(sample.log for sample in last), WAL_USUAL, "write-ahead log")
        if last[-1].records - last[0].records > 20000:  # else pages decide
            self.assertLessEqual(grown(last), grown(middle) * 1.5, "bytes of a record")


if __name__ == "__main__":
    jiancha.main()
