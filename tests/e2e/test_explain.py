"""`jiancha explain` on the real plan with limits taken away: every shortfall says which limit binds, what it costs and
what would repair it; a repair made in the case's files holds when the case is imported and solved again."""
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

import jiancha
from case_files import edit

GENERATOR = os.path.join(jiancha.SHARED, "tools", "gen_case.py")
WORK = ("--work", "150000")
TIERS = ("unserved", "over", "quota")


def put(name, key, column, value):
    """An editor: the rows whose first column is `key` (None: all) get a value."""
    def change(rows):
        for row in rows:
            if key is None or next(iter(row.values())) == key:
                row[column] = value
    return lambda case: edit(case, name, change)


def no_workdays(case):
    with open(os.path.join(case, "budgets.csv"), "w", encoding="utf8") as file:
        file.write("team_id,month,workdays\n" + "".join(f"hn-t2,{m},0\n" for m in range(1, 13)))


# What is done to the case, the shortfall it must bring (its fields), kinds of limits, and the
# kinds of repairs it must name (one of these sets).
SHORT = [
    ("a year too short", put("teams", "hn-t1", "supervision_workdays", "200"), {"team_id": "hn-t1", "month": 0},
     {"workdays"}, [{"workdays"}]),
    ("a year of nothing", put("teams", "hn-t1", "supervision_workdays", "0"), {"team_id": "hn-t1", "month": 0},
     {"workdays"}, [{"workdays"}]),
    ("months of nothing", no_workdays, {"team_id": "hn-t2", "month": 3}, {"workdays", "windows"}, [{"workdays"}]),
    ("a quota beyond its units", lambda case: (put("quotas", "hn-em-q3", "max", "")(case),
                                               put("quotas", "hn-em-q3", "min", "40")(case)),
     {"quota_id": "hn-em-q3", "amount": 36}, {"count"}, [{"quota_min"}]),
    ("a quota in the wrong months", put("quotas", "hn-hr-q3", "months", "1-6"), {"quota_id": "hn-hr-q3", "amount": 3},
     {"count"}, [{"quota_min", "quota_months"}]),
    ("quotas against each other", lambda case: (put("quotas", "hn-em-q1", "months", "7-12")(case),
                                                put("quotas", "hn-em-q1", "min", "6")(case),
                                                put("quotas", "hn-em-q1", "max", "6")(case)),
     {"team_id": "hn-em", "month": 0}, {"quotas"}, [{"quota_min"}, {"quota_max"}]),  # either may be missed, or each by one
]


class ExplainTest(jiancha.Test):
    def broken(self, name, spoil):
        """A database of the spoilt case, solved; its folder."""
        case, db = self.path(name), self.path(f"{name}.db")
        shutil.copytree(jiancha.CASE, case)
        spoil(case)
        jiancha.run("init", "--db", db)
        jiancha.run("import", case, "--db", db)
        jiancha.run("solve", *WORK, "--db", db, expect=(0, 1))
        return case, db

    def explain(self, db, *options):
        return jiancha.run("explain", "--time-limit", "0", *options, "--format", "json", "--db", db, expect=(0, 1)).json

    def test_limits_and_repairs(self):
        for i, (name, spoil, wanted, limits, repairs) in enumerate(SHORT):
            with self.subTest(name):
                _, db = self.broken(f"short{i}", spoil)
                told = self.explain(db)["shortfalls"]
                row = next((s for s in told if all(s[key] == value for key, value in wanted.items())), None)
                self.assertIsNotNone(row, told)
                self.assertTrue(row["explained"])
                kinds = {limit["kind"] for limit in row["limits"]}
                self.assertTrue(kinds & limits, f"{kinds}, wanted one of {limits}")
                found = {repair["kind"] for repair in row["repair_details"]}
                self.assertTrue(any(found >= each for each in repairs), f"{found}, wanted {repairs}")
                for s in told:
                    self.assertLessEqual(len(s["repairs"]), 3)
                    self.assertEqual(s["repairs"], [repair["text"] for repair in s["repair_details"]])
                    costs = [repair["change"]["cost"] for repair in s["repair_details"]]
                    self.assertEqual(costs, sorted(costs))

    def test_stored_and_shown(self):
        """The explanation stays with the plan until it is solved again; plan and explain say the same."""
        _, db = self.broken("stored", put("teams", "hn-t1", "supervision_workdays", "200"))
        plan = lambda: jiancha.run("plan", "--format", "json", "--db", db).json
        self.assertFalse(any(s["explained"] for s in plan()["shortfalls"]))
        self.assertTrue(plan()["shortfalls"][0]["limits"])  # those that need no search are there at once
        told = self.explain(db)
        self.assertEqual(plan()["shortfalls"], told["shortfalls"])
        words = jiancha.run("plan", "--db", db).out
        self.assertIn(told["shortfalls"][0]["repairs"][0], words)
        self.assertIn("any one of these will do", words)
        jiancha.run("solve", *WORK, "--db", db, expect=1)
        self.assertFalse(any(s["explained"] for s in plan()["shortfalls"]))

    def test_nothing_to_explain(self):
        _, db = self.broken("whole", lambda case: None)
        self.assertEqual(self.explain(db), {"version": 1, "shortfalls": [], "coverage": None})
        self.assertIn("no shortfall", jiancha.run("explain", "--db", db).out)

    def test_key_units(self):
        """F2: 16 key units of hn-t1 take 130 workdays for one visit each."""
        for workdays, years in (("130", 1), ("129", 2), ("65", 2), ("64", 3), ("0", 0)):
            with self.subTest(workdays):
                _, db = self.broken(f"key{workdays}", put("teams", "hn-t1", "supervision_workdays", workdays))
                said = jiancha.run("plan", "--format", "json", "--db", db).json["coverage"]
                self.assertEqual((said["years"], said["team_id"], said["need"]), (years, "hn-t1", 130))
                self.assertIn(said["text"], jiancha.run("plan", "--db", db).out)
                self.assertIn("130", said["text"])

    def test_wrong_use(self):
        _, db = self.broken("use", lambda case: None)
        for args in (["--time-limit", "soon"], ["--time-limit", "-1"], ["now"], ["--format", "csv"]):
            with self.subTest(args=args):
                self.assertIn("jiancha: ", jiancha.run("explain", *args, "--db", db, expect=2).err)
        empty = self.path("empty.db")
        jiancha.run("init", "--db", empty)
        self.assertIn("jiancha: ", jiancha.run("explain", "--db", empty, expect=(2, 3)).err)

    def test_worker_misdeeds(self):
        """Whatever the worker does while a plan is explained, the plan stays as it was."""
        _, db = self.broken("abuse", put("teams", "hn-t1", "supervision_workdays", "200"))
        before = jiancha.dump(db)
        worker = self.path("worker")
        for script in ("kill -KILL $$", "kill -ABRT $$", "exit 0", "yes rubbish | head -c 100000", None):
            with self.subTest(script):
                if script:
                    with open(worker, "w", encoding="utf8") as file:
                        file.write(f"#!/bin/sh\n{script}\n")
                    os.chmod(worker, 0o700)
                env = {"JIANCHA_OPTIMIZER": worker if script else self.path("absent")}
                result = jiancha.run("explain", "--db", db, expect=(2, 3), env=env)
                self.assertIn("jiancha: ", result.err)
                self.assertEqual(result.out, "")
                self.assertEqual(jiancha.dump(db), before)

    def test_ctrl_c(self):
        """Ctrl-C in the middle: what arithmetic knows is told, nothing else is claimed."""
        _, db = self.broken("cancel", put("teams", "hn-t1", "supervision_workdays", "200"))
        fifo, worker = self.path("started"), self.path("hanging")
        os.mkfifo(fifo)
        with open(worker, "w", encoding="utf8") as file:
            file.write(f"#!/bin/sh\necho $$ >'{fifo}'\nexec sleep 1000000\n")
        os.chmod(worker, 0o700)
        command = [jiancha.JIANCHA, "explain", "--format", "json", "--db", db]
        env = {**jiancha.environment(), "JIANCHA_OPTIMIZER": worker}
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as explain:
            with open(fifo, encoding="utf8") as started:  # blocks until the worker runs
                started.readline()
            explain.send_signal(signal.SIGINT)
            out, err = explain.communicate()
        self.assertEqual(explain.returncode, 1, err)
        rows = jiancha.json.loads(out)["shortfalls"]
        self.assertTrue(rows and rows[0]["limits"])
        self.assertFalse(any(s["explained"] or s["repairs"] for s in rows))

    @unittest.skipUnless(os.path.exists(GENERATOR), "no shared folder")
    def test_a_repair_made_by_hand(self):
        """On a generated case with a tenth of its workdays missing: a repair made in its files holds."""
        case, db = self.path("over"), self.path("over.db")
        subprocess.run([sys.executable, GENERATOR, "M", case, "--over"], check=True, stdout=subprocess.DEVNULL)
        jiancha.run("init", "--db", db)
        jiancha.run("import", case, "--db", db)
        before = jiancha.run("solve", "--work", "400000", "--format", "json", "--db", db, expect=1).json["tiers"]
        told = self.explain(db, "--time-limit", "90" if jiancha.sanitizer() else "6")
        self.assertTrue(all(s["limits"] for s in told["shortfalls"]))  # too few workdays: arithmetic says so of all
        for kind, by_hand in (("workdays", raise_limit), ("fewer_visits", ask_for_fewer)):
            with self.subTest(kind):
                row, repair = next((s, r) for s in told["shortfalls"] if s["month"] for r in s["repair_details"]
                                   if r["kind"] == kind and r["month"] in (0, s["month"]))
                mended = self.path(kind)
                shutil.copytree(case, mended)
                by_hand(mended, repair)
                copy = shutil.copy(db, self.path(f"{kind}.db"))
                jiancha.run("import", mended, "--update", "--db", copy)
                after = jiancha.run("solve", "--work", "400000", "--format", "json", "--db", copy, expect=1).json["tiers"]
                self.assertLessEqual([after[tier] for tier in TIERS],
                                     [before["unserved"], before["over"] - row["amount"], before["quota"]])


def raise_limit(case, repair):
    def change(rows):
        for row in rows:
            if (row["team_id"], row["month"]) == (repair["team_id"], str(repair["month"])):
                row["workdays"] = str(int(row["workdays"]) + repair["amount"])
    edit(case, "budgets", change)


def ask_for_fewer(case, repair):
    """As the repair's words say, with the windows they name."""
    def change(rows):
        rule = next(row for row in rows if row["rule_id"] == repair["rule_id"])
        rule["visits_per_year"] = str(repair["amount"])
        rule["windows"] = re.search(r"with windows ([\d;:-]+)", repair["text"]).group(1)
    edit(case, "rules", change)


if __name__ == "__main__":
    jiancha.main()
