"""The optimizer worker aborting, hanging, printing rubbish, lying or being killed leaves the last plan as it
was and a running server answering (DESIGN section 2).

The workers are shell scripts named by JIANCHA_OPTIMIZER. What they get on stdin is the real problem."""
import os
import signal
import subprocess

import jiancha
import wire


def frame_types():
    """{name: number} of the contract's FrameType."""
    with open(os.path.join(jiancha.ROOT, "proto", "jiancha", "v1", "optimizer.proto"), encoding="utf8") as proto:
        lines = [line.split() for line in proto if line.strip().startswith("FRAME_TYPE_")]
    return {words[0]: int(words[2].rstrip(";")) for words in lines}


def frame(kind, message):
    body = bytes([frame_types()[kind]]) + message
    return len(body).to_bytes(4, "little") + body


# Plans in the right frame (Solution: visits 1, status 5, tiers_settled 7, last 9) that claim to be optimal: one
# without any visit or slot, one with a visit in month 13 of a unit that does not exist.
EMPTY = frame("FRAME_TYPE_SOLUTION", wire.pack((5, 1), (7, 1), (9, 1)))
WRONG = frame("FRAME_TYPE_SOLUTION", wire.pack((1, wire.pack((1, 99999), (4, 13), (5, 1))), (5, 1), (7, 1), (9, 1)))

# name, script of the worker, words expected on stderr
MISDEEDS = [
    ("aborts at once", "kill -ABRT $$", "the plan stays as it was"),
    ("ends without a word", "exit 0", "the plan stays as it was"),
    ("fails", "echo no memory >&2; exit 3", "the plan stays as it was"),
    ("reads the problem, then aborts", "head -c 1000 >/dev/null; kill -ABRT $$", "the plan stays as it was"),
    ("killed", "kill -KILL $$", "the plan stays as it was"),
    ("prints rubbish", "yes rubbish | head -c 100000", "the plan stays as it was"),
    ("prints text", "echo 'glp_malloc: no memory available'", "the plan stays as it was"),
    ("announces an absurd frame", r"printf '\377\377\377\177'; cat >/dev/null", "the plan stays as it was"),
    ("cut in mid-frame", 'head -c 7 "$FRAMES/empty"', "the plan stays as it was"),
    ("an empty plan called optimal", 'cat "$FRAMES/empty"; cat >/dev/null', "the plan stays as it was"),
    ("a visit that cannot be", 'cat "$FRAMES/wrong"; cat >/dev/null', "the plan stays as it was"),
    ("cannot be started", None, "cannot be started"),
]


class WorkerAbuse(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db = cls.path("jiancha.db")
        jiancha.run("init", "--db", cls.db)
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        jiancha.run("solve", "--time-limit", "2", "--db", cls.db)
        cls.server = cls.serve(cls.db)
        os.mkdir(cls.path("frames"))
        for name, data in (("empty", EMPTY), ("wrong", WRONG)):
            with open(cls.path("frames", name), "wb") as file:
                file.write(data)
        cls.before = jiancha.dump(cls.db)
        cls.plan = jiancha.run("plan", "--format", "json", "--db", cls.db).out

    def worker(self, script):
        path = self.path("worker")
        with open(path, "w", encoding="utf8") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(path, 0o700)
        return {"JIANCHA_OPTIMIZER": path, "FRAMES": self.path("frames")}

    def unchanged(self, what):
        self.assertEqual(jiancha.dump(self.db), self.before, f"{what}: the database changed")
        self.assertEqual(jiancha.run("plan", "--format", "json", "--db", self.db).out, self.plan, what)
        self.assertEqual(self.server.call("SyncService/Sync")[0], 401, f"{what}: the server answers")

    def test_misdeeds(self):
        for name, script, words in MISDEEDS:
            with self.subTest(name):
                env = self.worker(script) if script else {"JIANCHA_OPTIMIZER": self.path("absent")}
                result = jiancha.run("solve", "--db", self.db, expect=(2, 3), env=env)
                self.assertIn(words, result.err)
                self.assertEqual(result.out, "")
                self.unchanged(name)

    def test_hangs(self):
        """A worker that says nothing is given up some seconds behind the time limit."""
        result = jiancha.run("solve", "--time-limit", "1", "--db", self.db, expect=(2, 3),
                             env=self.worker("cat >/dev/null; exec sleep 1000000"))
        self.assertIn("the plan stays as it was", result.err)
        self.unchanged("hangs")

    def test_ctrl_c_of_a_hanging_worker(self):
        """Ctrl-C while there is no plan yet: the worker, deaf to SIGTERM, is killed; nothing is stored."""
        fifo = self.path("started")
        os.mkfifo(fifo)
        env = self.worker(f"trap '' TERM\necho $$ >'{fifo}'\nwhile :; do read -r line </dev/zero || :; done")
        command = [jiancha.JIANCHA, "solve", "--db", self.db]
        with subprocess.Popen(command, env={**jiancha.environment(), **env}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as solve:
            with open(fifo, encoding="utf8") as started:  # blocks until the worker runs
                worker = int(started.readline())
            solve.send_signal(signal.SIGINT)
            out, err = solve.communicate()
        self.assertNotEqual(solve.returncode, 0)
        self.assertEqual(out, "")
        self.assertIn("the plan stays as it was", err)
        with self.assertRaises(ProcessLookupError):
            os.kill(worker, 0)
        self.unchanged("Ctrl-C")


if __name__ == "__main__":
    jiancha.main()
