"""Unfinished work from one terminal to another without a network, with the real programs: a task is begun on one
terminal, handed over by a file, done on the other, and both reach the server."""
import contextlib
import os
import sqlite3

import jiancha


class HandOver(jiancha.January):
    def setUp(self):
        super().setUp()
        self.giver, self.taker = self.inspectors
        self.one, self.two = self.terminal(self.giver, "1"), self.terminal(self.taker, "2")
        self.task = next(row["task_id"] for row in self.one.rows("tasks", "--open") if row["kind"] == "visit")
        self.stick = self.path(f"{self._testMethodName}.jcb")

    def begin(self):
        self.one.run("inspect", self.task, "--begin", "--start", "08:00", "--inspectors", self.people)
        given = self.one.run("hand-over", self.task, self.stick, "--to", self.taker, "--reason", "交班", "--format",
                             "json").json["hand_over"][0]
        self.assertEqual((given["operations"], given["draft"]), (2, True))

    def finish(self, terminal):
        terminal.run("inspect", self.task, "--end", "08:20", "--inspectors", self.people, "--signed", "张三:安全总监")

    def commands(self):
        """How often the server holds each command of the two terminals."""
        found = jiancha.query(self.db, "SELECT COUNT(*) FROM operation WHERE inspector_id IN (?, ?)", self.giver,
                              self.taker)
        records = jiancha.query(self.db, "SELECT COUNT(*), COUNT(DISTINCT inspection_id) FROM inspection")
        return found[0][0], records[0]

    def check(self):
        self.assertEqual(self.commands(), (4, (1, 1)), "arrival, hand-over, take-over and record, each once")
        self.assertEqual(jiancha.listing(jiancha.run("verify", "--db", self.db, "--format", "json"), "verify"), [])

    def test_the_giver_never_comes_back(self):
        self.begin()
        self.assertEqual([row["local"] for row in self.one.rows("tasks") if row["task_id"] == self.task], ["handed_over"])
        self.one.run("inspect", self.task, "--inspectors", self.people, "--signed", "张三:安全总监", expect=2)
        os.remove(self.one.store)
        self.two.run("take-over", self.stick)
        self.finish(self.two)
        self.assertIn("1 hand-over of colleagues was handed in", self.two.run("sync").err)
        self.check()

    def test_both_come_back(self):
        self.begin()
        self.two.run("take-over", self.stick)
        self.assertIn("taken before", self.two.run("take-over", self.stick).err)
        self.finish(self.two)
        self.one.sync()
        self.two.sync()
        self.one.sync()
        self.check()

    def test_the_stick_goes_to_the_office(self):
        """Neither terminal comes back: the file itself is taken in."""
        self.begin()
        jiancha.run("ingest", self.stick, "--db", self.db)
        self.assertEqual(self.commands(), (2, (0, 0)))

    def test_refused_for_good(self):
        """A file that the server will never take: it is saved, and stands in the way of nothing any more."""
        self.begin()
        self.two.run("take-over", self.stick)
        key = self.set_key(os.urandom(32))
        self.two.run("sync", expect=(1, 2, 3))
        waiting = self.two.rows("carried")
        self.assertEqual(len(waiting), 1)
        self.two.run("drop", "ffff", "--to", self.path("none.jcb"), expect=(1, 2, 3))
        self.two.run("drop", waiting[0]["name"][:12], "--to", self.stick, expect=(1, 2, 3))
        self.assertEqual(self.two.rows("carried"), waiting, "an existing file is not overwritten")
        saved = self.path("refused.jcb")
        self.two.run("drop", waiting[0]["name"][:12], "--to", saved)
        self.assertEqual(self.two.rows("carried"), [])
        said = self.two.run("sync", "--format", "json").json["sync"][0]
        self.assertEqual(said["carried"], 0)
        for name in ("compared", "cured", "differs"):
            self.assertIsInstance(said[name], bool)
        self.set_key(key)
        jiancha.run("ingest", saved, "--db", self.db)
        self.finish(self.two)
        self.two.sync()
        self.check()

    def set_key(self, key):
        """The key that the server knows of the giver's terminal; returns the one before."""
        before = jiancha.query(self.db, "SELECT public_key FROM device WHERE inspector_id = ?", self.giver)[0][0]
        with contextlib.closing(sqlite3.connect(self.db)) as db, db:
            db.execute("UPDATE device SET public_key = ? WHERE inspector_id = ?", (key, self.giver))
        return before

    def test_taken_back(self):
        self.begin()
        self.one.run("take-back", self.task)
        self.finish(self.one)
        self.one.sync()
        self.check()


if __name__ == "__main__":
    jiancha.main()
