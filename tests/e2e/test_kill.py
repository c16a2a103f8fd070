"""kill -9 of the real server under load, again and again: no acknowledged record is lost, none is there twice
(DESIGN sections 5 and 6).

64 terminals send ad hoc inspections as fast as they are answered. Each time enough new records have been
acknowledged the server is killed, wherever it happens to be, and started again; a terminal that lost its
answer sends the same request once more. What is checked holds wherever the kill strikes.

JIANCHA_KILLS: how often (10; scripts/test --full asks for 100)."""
import os

import fleet as fleets
import jiancha
import wire

TERMINALS = 64  # connections under load
KILLS = [11 + i * 37 % 89 for i in range(int(os.environ.get("JIANCHA_KILLS", "10")))]  # records acknowledged before each


class Kill(jiancha.Test):
    def setUp(self):
        self.db = self.path(f"{self._testMethodName}.db")
        jiancha.run("init", "--db", self.db)
        jiancha.run("import", jiancha.CASE, "--db", self.db)
        self.server = self.serve(self.db)

    def test_nothing_lost_nothing_twice(self):
        fleet = fleets.Fleet(self.server)
        terminals = fleets.terminals(fleet, self.db, TERMINALS)
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
                  "number": "SELECT (SELECT SUM(LENGTH(REPLACE(used, '0', ''))) FROM number_block WHERE kind = 1),"
                            " (SELECT COUNT(DISTINCT document_no) FROM inspection)"}
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
