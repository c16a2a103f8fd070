"""The optimizer's program from outside: takes the plan problem of a case as jiancha builds it, and runs the
worker on it with limits of our own (frames: optimizer/frame.h)."""
import os
import signal
import struct
import subprocess
import sys
import threading
import time

from programs import JIANCHA, OPTIMIZER, ROOT, SHARED, run

sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import wire  # noqa: E402

# fields of Problem, Solution, Progress (proto/jiancha/v1/optimizer.proto)
WEIGHTS, TIME_LIMIT_MS, SEED, START = 8, 9, 11, 13
OBJECTIVE, BOUND, STATUS, SETTLED = 3, 4, 5, 6
INCUMBENT, ELAPSED_MS = 2, 6
OPTIMAL = 1
GENERATOR = os.path.join(SHARED, "tools", "gen_case.py")
RECORDER = """#!/usr/bin/env python3
import struct, sys
head = sys.stdin.buffer.read(4)
frame = sys.stdin.buffer.read(struct.unpack("<I", head)[0])
open({path!r}, "wb").write(frame[1:])
"""


def generate(folder, size, seed, *flags):
    """A case of the shared generator; its folder."""
    case = os.path.join(folder, "-".join(["case", size, str(seed), *(flag.strip("-") for flag in flags)]))
    if not os.path.isdir(case):
        run(sys.executable, GENERATOR, size, case, "--seed", str(seed), *flags)
    return case


def problem_of(case, folder, *solve):
    """The Problem message jiancha makes of a case: a recorder stands in for the worker."""
    database, path = os.path.join(folder, "problem.db"), os.path.join(folder, "problem.pb")
    recorder = os.path.join(folder, "recorder")
    for old in (database, database + "-wal", database + "-shm", path):
        if os.path.exists(old):
            os.remove(old)
    with open(recorder, "w", encoding="utf8") as file:
        file.write(RECORDER.format(path=path))
    os.chmod(recorder, 0o755)
    run(JIANCHA, "init", "--db", database, stderr=subprocess.DEVNULL)
    run(JIANCHA, "import", case, "--db", database, stderr=subprocess.DEVNULL)
    run(JIANCHA, "solve", *solve, "--db", database, check=False, stderr=subprocess.DEVNULL,
        env={**os.environ, "JIANCHA_OPTIMIZER": recorder})
    with open(path, "rb") as file:
        return file.read()


def _objective(message):
    fields = wire.unpack(message)
    values = [wire.first(fields, number, 0) for number in (1, 2, 3, 4)]
    return {"unserved": values[0], "over": values[1] / 100, "quota": values[2], "cost": values[3] / 1e5}


def gap(figures):
    """(cost − bound) / cost; None until the tiers are settled."""
    if not figures["settled"]:
        return None
    cost, bound = figures["plan"]["cost"], figures["bound"]["cost"]
    return (cost - bound) / cost if cost else 0


class Run:
    """One run of the worker, by time. `solution` is the last plan as bytes, `course` what was known when."""

    def __init__(self, problem, seconds, seed=1):
        message = problem + wire.pack((TIME_LIMIT_MS, int(seconds * 1000)), (SEED, seed))
        self.course, self.solution = [], None
        begin = time.monotonic()
        with subprocess.Popen([OPTIMIZER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
            killer = threading.Timer(seconds * 1.5 + 20, worker.send_signal, (signal.SIGKILL,))
            killer.start()
            worker.stdin.write(struct.pack("<I", len(message) + 1) + b"\1" + message)
            worker.stdin.close()
            while self._read(worker.stdout):
                pass
            _, self.code, usage = os.wait4(worker.pid, 0)
            worker.returncode = self.code
            killer.cancel()
        self.seconds = time.monotonic() - begin
        self.memory_mb = usage.ru_maxrss / 1024

    def _read(self, stream):
        head = stream.read(4)
        if len(head) < 4:
            return False
        frame = stream.read(struct.unpack("<I", head)[0])
        if frame[0] == 3:
            self.solution = frame[1:]
        elif frame[0] == 2:
            fields = wire.unpack(frame[1:])
            self.course.append((wire.first(fields, ELAPSED_MS, 0) / 1000, _objective(wire.first(fields, INCUMBENT))))
        return True

    def figures(self):
        if not self.solution:
            return {"failed": self.code}
        fields = wire.unpack(self.solution)
        figures = {"plan": _objective(wire.first(fields, OBJECTIVE)), "bound": _objective(wire.first(fields, BOUND)),
                   "settled": bool(wire.first(fields, SETTLED, 0)),
                   "optimal": wire.first(fields, STATUS, 0) == OPTIMAL,
                   "seconds": round(self.seconds, 2), "memory_mb": round(self.memory_mb, 1)}
        figures["gap"] = gap(figures)
        return figures
