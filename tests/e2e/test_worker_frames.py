"""What the optimizer's program does with frames that are cut, hostile or of absurd size: it refuses in words and
ends with 2, it never dies of them, and it never takes the memory that a frame only claims to need."""
import os
import struct
import subprocess

import jiancha
import wire

OPTIMIZER = os.path.join(jiancha.BIN, "jiancha-optimizer")
PROBLEM, PROGRESS, SOLUTION, REFUSED = 1, 2, 3, 4
TIME_LIMIT, WORK_LIMIT = 9, 10  # fields of a problem


MEMORY_MB = {"": 1000, "address": 2000, "thread": 5000}[jiancha.sanitizer()]  # sanitizers need memory of their own

TEAM = wire.pack((2, wire.pack((1, "t"), (3, -1))))
RULE = wire.pack((3, wire.pack((1, "r"), (2, 1))))


def unit(i, *more):
    return wire.pack((4, wire.pack((1, f"u{i}"), (3, 100), (7, wire.pack((2, 1))), (8, 0), *more)))


def problem(units=3, *more):
    return wire.pack((1, 2023)) + TEAM + RULE + b"".join(unit(i) for i in range(units)) + wire.pack(*more)


def frame(message, kind=PROBLEM, length=None):
    return struct.pack("<I", len(message) + 1 if length is None else length) + bytes([kind]) + message


GOOD = problem(3, (WORK_LIMIT, 1000))

# name, all of stdin, a word of the refusal
BAD = [
    ("nothing", b"", ""),
    ("half a length", b"\x05\x00", ""),
    ("length alone", frame(GOOD)[:4], ""),
    ("cut in the message", frame(GOOD)[:-3], ""),
    ("length of zero", frame(b"", length=0) + GOOD, ""),
    ("a length of 4 GB", frame(GOOD, length=0xFFFFFFFF), ""),
    ("a length of 1 GB, nothing behind", frame(GOOD, length=1 << 30), ""),
    ("no such type", frame(GOOD, kind=77), "not a problem frame"),
    ("a plan instead", frame(GOOD, kind=SOLUTION), "not a problem frame"),
    ("rubbish", frame(bytes(range(256)) * 40), "not a problem frame"),
    ("a message cut short inside a right frame", frame(GOOD[:-1] + b"\xff"), "not a problem frame"),
    ("a nested length beyond the end", frame(GOOD + b"\x22\xff\xff\xff\xff\x07"), "not a problem frame"),
    ("a team that does not exist", frame(problem(1) + unit(9, (8, 5))), "units u9"),
    ("the same unit twice", frame(problem(2) + unit(1)), "units u1"),
    ("a rule of 13 visits", frame(problem(1) + wire.pack((3, wire.pack((1, "x"), (2, 13))))), "rules x"),
    ("work beyond all measure", frame(problem(1) + unit(9, (3, 1 << 62))), "units u9"),
    ("a million slots", frame(problem(1) + wire.pack((5, wire.pack((1, "d"), (3, 2_000_000), (4, 1), (6, -1))))), "d"),
]


class WorkerFrames(jiancha.Test):
    def work(self, data, *options):
        """Exit code, frames written and peak memory in MB."""
        with subprocess.Popen([OPTIMIZER, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as worker:
            try:
                worker.stdin.write(data)
                worker.stdin.close()
            except BrokenPipeError:  # it had heard enough
                pass
            out, frames = worker.stdout.read(), []
            _, code, usage = os.wait4(worker.pid, 0)
            worker.returncode = os.waitstatus_to_exitcode(code)
        while out:
            size = struct.unpack("<I", out[:4])[0]
            frames.append((out[4], out[5 : 4 + size]))
            out = out[4 + size :]
        return worker.returncode, frames, usage.ru_maxrss / 1024

    def test_good(self):
        code, frames, _ = self.work(frame(GOOD))
        self.assertEqual((code, frames[-1][0]), (0, SOLUTION))
        self.assertEqual(len(wire.unpack(frames[-1][1])[1]), 3)

    def test_bad(self):
        _, _, usual_mb = self.work(frame(GOOD))
        for name, data, words in BAD:
            with self.subTest(name):
                code, frames, memory_mb = self.work(data)
                self.assertEqual((code, [kind for kind, _ in frames]), (2, [REFUSED]))
                self.assertIn(words, wire.first(wire.unpack(frames[0][1]), 1).decode())
                self.assertLess(memory_mb, usual_mb + 100)

    def test_a_second_frame_is_not_read(self):
        code, frames, _ = self.work(frame(GOOD) + frame(GOOD) + b"\xff" * 100)
        self.assertEqual((code, [kind for kind, _ in frames].count(REFUSED), frames[-1][0]), (0, 0, SOLUTION))

    def test_too_many_units(self):
        """10⁶ units are the most a problem may hold; one more is refused by name of the row, at once."""
        row = wire.pack((4, wire.pack((3, 100))))
        code, frames, memory_mb = self.work(frame(wire.pack((1, 2023)) + TEAM + RULE + row * 1_000_001))
        self.assertEqual((code, [kind for kind, _ in frames]), (2, [REFUSED]))
        self.assertLess(memory_mb, MEMORY_MB)

    def test_a_million_units(self):
        """As many as there may be, no two alike: a plan in less than 1 GB, with bounds and all."""
        message = problem(0) + b"".join(unit(i, (3, 100 + i)) for i in range(1_000_000))
        for name, limit in (("bounds", WORK_LIMIT), ("a moment", TIME_LIMIT)):
            with self.subTest(name):
                code, frames, memory_mb = self.work(frame(message + wire.pack((limit, 1))))
                self.assertEqual((code, frames[-1][0]), (0, SOLUTION))
                self.assertLess(memory_mb, MEMORY_MB)

    def test_little_memory(self):
        """A limit on memory ends in words or in the death of this process alone, never in a wrong plan."""
        for megabytes in (16, 40, 80):
            code, frames, _ = self.work(frame(problem(40000, (WORK_LIMIT, 1000))), "--memory-mb", str(megabytes))
            self.assertIn(code, (0, 2))
            self.assertEqual(frames[-1][0], SOLUTION if code == 0 else REFUSED)


if __name__ == "__main__":
    jiancha.main()
