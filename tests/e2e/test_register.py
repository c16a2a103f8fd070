"""The planner's first commands against the real program: init, import, calendar, audit, budget."""
import os
import shutil
import tempfile
import unittest

import jiancha


class Register(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.db = os.path.join(self.dir, "bureau.db")
        self.case = os.path.join(self.dir, "case")
        shutil.copytree(jiancha.CASE, self.case)

    def tearDown(self):
        shutil.rmtree(self.dir)

    def run_db(self, *args, **kwargs):
        return jiancha.run(*args, "--db", self.db, **kwargs)

    def change(self, name, old, new):
        path = os.path.join(self.case, name)
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(path, "w", encoding="utf8", newline="") as file:
            file.write(text.replace(old, new, 1))

    def test_init(self):
        row = jiancha.listing(self.run_db("init", "--admin", "wang", "--format", "json"), "init")[0]
        self.assertEqual(row["login"], "wang")
        self.assertGreaterEqual(len(row["one_time_password"]), 12)
        stored = jiancha.query(self.db, "SELECT password_hash, must_change_password FROM person")
        self.assertEqual(len(stored), 1)
        self.assertNotIn(row["one_time_password"], stored[0][0])
        self.assertEqual(stored[0][1], 1)
        refused = self.run_db("init", expect=2)
        self.assertIn("exists already", refused.err)
        self.assertEqual(jiancha.query(self.db, "SELECT password_hash, must_change_password FROM person"), stored)

    def test_init_that_fails_leaves_nothing(self):
        self.run_db("init", "--admin", "two words", expect=2)
        self.assertEqual(os.listdir(self.dir), ["case"])
        self.run_db("init")

    def test_commands_before_import(self):
        self.run_db("audit", expect=2)  # no database
        self.run_db("init")
        for command in ("audit", "budget", "calendar"):
            self.assertIn("jiancha import", self.run_db(command, expect=2).err, command)
        self.assertEqual(len(jiancha.listing(self.run_db("calendar", "2024", "--format", "json"), "calendar")), 13)

    def test_import_again_and_update(self):
        self.run_db("init")
        first = self.run_db("import", self.case)
        self.assertIn("units 102", first.out)
        self.assertIn("units.csv:71:24: warning: ", first.err)
        self.assertIn("nothing was changed", self.run_db("import", self.case).out)
        self.change("units.csv", "淮河能源集团潘二煤矿", "淮河能源集团潘二矿")
        rows = jiancha.listing(self.run_db("import", self.case, "--format", "json", expect=2), "import")
        changes = [row for row in rows if row["kind"] not in ("warning", "error")]
        self.assertEqual(changes, [{"kind": "changed", "file": "units.csv", "line": None, "column": None, "id": "hn-001",
                                    "field": "name", "old": "淮河能源集团潘二煤矿", "new": "淮河能源集团潘二矿", "text": None}])
        name = "SELECT name FROM unit WHERE unit_id = 'hn-001'"
        self.assertEqual(jiancha.query(self.db, name), [("淮河能源集团潘二煤矿",)])
        self.run_db("import", self.case, "--update")
        self.assertEqual(jiancha.query(self.db, name), [("淮河能源集团潘二矿",)])
        log = jiancha.query(self.db, "SELECT detail FROM audit_log WHERE act = 'register.import' ORDER BY audit_no DESC")
        self.assertEqual(log[0], ("units +0 ~1 -0",))

    def test_errors(self):
        self.run_db("init")
        self.change("rules.csv", "7-12:1", "13:1")
        self.change("teams.csv", "hn-t2,", "hn-t9,")
        refused = self.run_db("import", self.case, expect=2)
        self.assertRegex(refused.err, r'(?m)^rules\.csv:9:64: "13" is no month; expected 1 to 12$')
        self.assertRegex(refused.err, r'(?m)^units\.csv:\d+:\d+: there is no "hn-t2" in teams\.csv; expected an identifier from there$')
        self.assertEqual(refused.out, "")
        rows = jiancha.listing(self.run_db("import", self.case, "--format", "json", expect=2), "import")
        errors = [row for row in rows if row["kind"] == "error"]
        self.assertEqual(f"{len(errors)} errors, nothing was imported", refused.err.splitlines()[-1].split(": ", 1)[1])
        self.assertEqual(jiancha.query(self.db, "SELECT COUNT(*) FROM unit"), [(0,)])

    def test_calendar(self):
        self.run_db("init")
        self.run_db("import", self.case)
        rows = jiancha.listing(self.run_db("calendar", "2023", "--format", "json"), "calendar")
        months = [row["working_days"] for row in rows if row["source"] == "calendar"]
        self.assertEqual(months, [18, 20, 23, 20, 21, 21, 21, 23, 20, 19, 22, 21, 249])
        stated = {row["source"]: (row["working_days"], row["difference"]) for row in rows if row["source"] != "calendar"}
        self.assertEqual(stated.pop("hn-em-S"), (250, 1))
        self.assertEqual(set(stated.values()), {(249, 0)})
        self.assertIn("agency", stated)
        unknown = self.run_db("calendar", "2031", expect=2)
        self.assertIn("2020-2026", unknown.err)
        self.run_db("calendar", "next", expect=2)

    def test_audit(self):
        self.run_db("init")
        self.run_db("import", self.case)
        findings = jiancha.listing(self.run_db("audit", "--format", "json", expect=1), "findings")
        self.assertEqual(len(findings), 13)
        for finding in findings:
            self.assertLessEqual({"line_id", "team_id", "kind", "stated", "computed", "recomputed", "cause", "text"},
                                 set(finding))
            self.assertIn(finding["cause"], ("direct", "consequence"))
            self.assertEqual({type(finding[name]) for name in ("stated", "computed", "recomputed")}, {int})
        direct = {f["line_id"]: (f["stated"], f["computed"]) for f in findings if f["cause"] == "direct"}
        self.assertEqual(direct, {"hn-t2-N2": (124, 130), "hn-t3-O8": (113, 123), "hn-em-O2c4": (6, 3),
                                  "hn-em-N": (296, 291), "hn-em-S": (750, 747)})

    def test_budget(self):
        self.run_db("init")
        self.run_db("import", self.case)
        rows = jiancha.listing(self.run_db("budget", "--format", "json"), "budget")
        year = {row["team_id"]: row for row in rows if row["month"] == 0}
        self.assertEqual([year[t]["need"] for t in ("hn-t1", "hn-t2", "hn-t3", "hn-em", "hn-hr", "")],
                         [299, 120, 90, 36, 36, 581])
        self.assertEqual((year[""]["key_units"], year[""]["general_units"]), (97, 28))
        targets = [row["target"] for row in rows if row["team_id"] == "hn-t1" and row["month"]]
        self.assertEqual(targets, [22, 24, 28, 24, 25, 25, 25, 28, 24, 23, 26, 25])


if __name__ == "__main__":
    unittest.main(verbosity=2)
