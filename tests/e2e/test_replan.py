"""Re-planning in the middle of the year: on the published plan of Huainan and on a generated case with five months
done, 25 visits missed and three new units. What is done stays, the number of changes is the proven least, the notice
lists exactly the differences, and the plan in force is untouched until the draft is approved."""
import csv
import os
import shutil
import sqlite3
import subprocess
import sys

import jiancha

CHECKER = os.path.join(jiancha.SHARED, "tools", "check_plan.py")
GENERATOR = os.path.join(jiancha.SHARED, "tools", "gen_case.py")
HOLIDAYS = os.path.join(jiancha.ROOT, "backend", "store", "holidays.csv")
PLANNED, RELEASED, DONE = 1, 2, 3
TASK_OPEN, TASK_DONE, TASK_RECALLED = 1, 2, 4
AS_OF, OVER = "2023-06-01", 5


def rows(case, name):
    with open(os.path.join(case, f"{name}.csv"), encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def visits(plan):
    return {v["visit_id"]: v for v in plan["visits"]}


def place(visit):
    return visit["month"], visit["lead_team"]


class ReplanTest(jiancha.Test):
    def approved(self, name, case, *solve, release=False):
        """A database whose plan is in force, solved by work; released up to May if wanted."""
        db = self.path(f"{name}.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", case, "--db", db)
        jiancha.run("solve", "--db", db, *solve, expect=(0, 1))
        jiancha.run("approve", "--document-no", "1", "--by", "x", "--date", "2023-01-09", "--db", db)
        for month in range(1, OVER + 1) if release else ():
            jiancha.run("release", "--month", month, "--db", db)
        return db

    def finish(self, db, missed):
        """All visits up to May are done, except those."""
        marks = ",".join("?" * len(missed))
        with sqlite3.connect(db) as connection:
            connection.execute(f"UPDATE visit SET status = {DONE} WHERE month <= {OVER} AND visit_id NOT IN ({marks})",
                               missed)
            connection.execute(f"UPDATE task SET state = {TASK_DONE} WHERE visit_id NOT IN ({marks})", missed)
        connection.close()

    def plan(self, db, *options):
        return jiancha.run("plan", "--format", "json", "--db", db, *options).json

    def replan(self, db, *options):
        """By work, so that it always comes out the same."""
        done = jiancha.run("replan", "--as-of", AS_OF, "--work", "400000", "--format", "json", "--db", db, *options,
                           expect=(0, 1)).json
        return done, done["replan"]

    def compare(self, before, after, notice):
        """Done visits stay as they are, and the notice lists the differences, each once, and nothing else."""
        old, new = visits(before), visits(after)
        for visit_id, visit in old.items():
            if visit["status"] == "done":
                self.assertEqual(new[visit_id], visit)
            elif visit_id in new:
                self.assertTrue(new[visit_id]["month"] > OVER or place(new[visit_id]) == place(visit), visit_id)
        for visit_id in set(new) - set(old):
            self.assertGreater(new[visit_id]["month"], OVER)
        listed = {}
        for row in notice:
            self.assertNotIn(row["visit_id"], listed)
            listed[row["visit_id"]] = row["change"]
            if row["change"] != "added":
                self.assertEqual((row["from_month"], row["from_team"]), place(old[row["visit_id"]]))
            if row["change"] != "dropped":
                self.assertEqual((row["to_month"], row["to_team"]), place(new[row["visit_id"]]))
            self.assertTrue(row["why"] and row["text"])
        expected = {i: "added" for i in set(new) - set(old)} | {i: "dropped" for i in set(old) - set(new)}
        expected |= {i: "moved" for i in set(old) & set(new) if place(old[i]) != place(new[i])}
        self.assertEqual({i: change for i, change in listed.items() if change != "joined"}, expected)
        return expected

    def check(self, case, db):
        """The independent checker finds nothing and agrees on the tiers, and on the cost but for the changes."""
        if not os.path.exists(CHECKER):
            return
        path = self.path("plan.json")
        plan = jiancha.run("plan", "--format", "json", "--db", db)
        with open(path, "w", encoding="utf8") as file:
            file.write(plan.out)
        checked = subprocess.run([sys.executable, CHECKER, case, path, "--holidays", HOLIDAYS, "--quiet"],
                                 capture_output=True, encoding="utf8", check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        words = checked.stdout.split()
        figures = {name: float(words[words.index(name) + 1]) for name in ("unserved", "over", "quota", "cost")}
        solve = plan.json["solve"]
        self.assertEqual([figures[name] for name in ("unserved", "over", "quota")], list(solve["tiers"].values()))
        self.assertAlmostEqual(figures["cost"] + 3 * plan.json["plan"]["changes"], solve["cost"], delta=0.051)

    def test_huainan(self):
        db = self.approved("huainan", jiancha.CASE, "--work", "300000", release=True)
        released = [v for v in self.plan(db)["visits"] if v["month"] <= OVER and v["unit_id"]]
        missed = [v["visit_id"] for v in sorted(released, key=lambda v: v["visit_id"])][::7]
        self.finish(db, missed)
        before, dumped = self.plan(db), jiancha.dump(db)

        dry, notice = self.replan(db, "--dry-run")
        self.assertEqual(jiancha.dump(db), dumped)
        self.assertTrue(dry["changes"]["proven"])
        self.assertEqual(dry["changes"]["count"], len(notice))
        self.assertFalse(dry["plan"]["stored"])

        done, notice = self.replan(db)
        self.assertEqual(done["plan"], {"version": 2, "against": 1, "as_of": AS_OF, "stored": True})
        self.assertEqual(self.plan(db, "--version", "1"), before)  # in force as before
        after = self.plan(db)
        changed = self.compare(before, after, notice)
        self.assertEqual(done["changes"], {"count": len(changed), "least": len(changed), "proven": True})
        self.assertEqual(set(missed), set(changed))  # nobody else has to move
        self.assertTrue(all(row["why"] in ("missed", "window_over") and row["released"] for row in notice))
        self.assertEqual(after["plan"]["as_of"], AS_OF)
        self.check(jiancha.CASE, db)

        # again: the same, in place of the draft
        self.assertEqual([self.replan(db)[0]["changes"], len(self.plan(db)["visits"])],
                         [done["changes"], len(after["visits"])])

        # approved, the tasks of what moved are taken back, and released again in the new month
        moved = [row for row in notice if row["change"] == "moved"]
        jiancha.run("approve", "--document-no", "2", "--by", "x", "--date", AS_OF, "--db", db)
        states = dict(jiancha.query(db, "SELECT visit_id, state FROM task WHERE kind = 1"))
        self.assertEqual({states[i] for i in missed}, {TASK_RECALLED})
        self.assertEqual({states[i] for i in set(states) - set(missed)}, {TASK_DONE})
        month = moved[0]["to_month"]
        jiancha.run("release", "--month", month, "--db", db)
        states = dict(jiancha.query(db, "SELECT visit_id, state FROM task WHERE kind = 1"))
        self.assertTrue(all(states[row["visit_id"]] == TASK_OPEN for row in moved if row["to_month"] == month))

    def test_joining_teams_change(self):
        """Who took part in a done visit stays on record, and a team that joins later asks nothing of what is done."""
        case = self.path("joining")
        shutil.copytree(jiancha.CASE, case)
        units = rows(case, "units")
        joint = next(u for u in units if u["co_team"])

        def write():
            with open(os.path.join(case, "units.csv"), "w", encoding="utf8", newline="") as file:
                writer = csv.DictWriter(file, units[0].keys())
                writer.writeheader()
                writer.writerows(units)

        db = self.approved("joining", case, "--work", "300000", release=True)
        with sqlite3.connect(db) as connection:  # the whole year is told, the joint visit done
            connection.execute(f"UPDATE visit SET status = {DONE} WHERE month <= {OVER}")
            connection.execute(f"UPDATE visit SET month = 5, status = {DONE} WHERE unit_id = ?", (joint["unit_id"],))
        connection.close()
        before = self.plan(db)
        done = [v for v in before["visits"] if v["status"] == "done" and v["unit_id"]]
        self.assertTrue([v for v in done if v["joined"]])
        single = next(v for v in done if not v["joined"] and v["rule_id"] == "ind-yearly")
        added = next(u for u in units if u["unit_id"] == single["unit_id"])
        added.update(co_team=joint["co_team"], co_rule=joint["co_rule"], co_persons="2", co_days="1")
        joint.update(co_team="", co_rule="", co_persons="", co_days="")
        write()
        jiancha.run("import", case, "--update", "--db", db)
        self.replan(db)
        after = visits(self.plan(db))
        for visit in done:
            self.assertEqual(after[visit["visit_id"]], visit)

    def test_nothing_to_change(self):
        """Everything that is over is done: the plan in force stands, at once."""
        db = self.approved("unchanged", jiancha.CASE, "--work", "300000")
        self.finish(db, [])
        before = self.plan(db)
        done, notice = self.replan(db)
        self.assertEqual(notice, [])
        self.assertEqual(done["changes"], {"count": 0, "least": 0, "proven": True})
        self.assertEqual(visits(self.plan(db)), visits(before))
        self.assertEqual(done["solve"]["status"], "optimal")

    def test_refused(self):
        db = self.path("refused.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        jiancha.run("replan", "--as-of", AS_OF, "--db", db, expect=2)  # nothing is in force
        jiancha.run("solve", "--work", "300000", "--db", db)
        jiancha.run("replan", "--as-of", AS_OF, "--db", db, expect=2)  # a draft is not
        jiancha.run("approve", "--document-no", "1", "--by", "x", "--date", "2023-01-09", "--db", db)
        for day in ("2022-06-01", "2024-01-01", "2023-12-31", "2023-02-30", "June"):
            result = jiancha.run("replan", "--as-of", day, "--db", db, expect=2)
            self.assertIn("--as-of", result.err)
        jiancha.run("replan", "--db", db, expect=2)
        self.assertEqual(jiancha.query(db, "SELECT COUNT(*) FROM plan"), [(1,)])

    def raise_year_limits(self, case):
        table = rows(case, "teams")
        with open(os.path.join(case, "teams.csv"), "w", encoding="utf8", newline="") as file:
            writer = csv.DictWriter(file, table[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(dict(t, supervision_workdays=int(t["supervision_workdays"]) * 3 // 2) for t in table)

    @jiancha.unittest.skipUnless(os.path.exists(GENERATOR), "no shared folder")
    def test_generated(self):
        """M with five months done, 25 visits missed and three new units."""
        case, grown = self.path("M"), self.path("M3")
        subprocess.run([sys.executable, GENERATOR, "M", case], check=True, stdout=subprocess.DEVNULL)
        db = self.approved("M", case, "--work", "3000000")
        units = {u["unit_id"]: u for u in rows(case, "units")}
        over = [v for v in self.plan(db)["visits"] if v["month"] <= OVER]
        # those first that may come in any month and that no month quota counts
        over.sort(key=lambda v: (bool(units[v["unit_id"]]["groups"]), not v["rule_id"].startswith("A1"),
                                 not v["rule_id"].startswith("W3"), v["visit_id"]))
        missed = [v["visit_id"] for v in over][:25]
        self.finish(db, missed)

        shutil.copytree(case, grown)
        table = rows(grown, "units")
        free = [u for u in table if u["rule_id"].startswith("A1") and not u["groups"]][:3]
        with open(os.path.join(grown, "units.csv"), "w", encoding="utf8", newline="") as file:
            writer = csv.DictWriter(file, table[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(table + [dict(u, unit_id=f"new{i}", name=f"新单位{i}") for i, u in enumerate(free)])
        jiancha.run("import", grown, "--update", "--db", db)

        # as tight as the year was planned: what is proven is no more than what was found
        before = self.plan(db)
        dry, notice = self.replan(db, "--dry-run")
        self.assertLessEqual(dry["changes"]["least"], dry["changes"]["count"])
        self.assertEqual(dry["changes"]["count"], sum(row["change"] != "joined" for row in notice))
        self.assertGreaterEqual(dry["changes"]["count"], 28)

        # with more workdays from June on, nobody else has to move
        table = rows(grown, "budgets")
        with open(os.path.join(grown, "budgets.csv"), "w", encoding="utf8", newline="") as file:
            writer = csv.DictWriter(file, table[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(dict(b, workdays=int(b["workdays"]) * (100 + 50 * (int(b["month"]) > OVER)) // 100)
                             for b in table)
        self.raise_year_limits(grown)
        jiancha.run("import", grown, "--update", "--db", db)
        done, notice = self.replan(db)
        changed = self.compare(before, self.plan(db), notice)
        self.assertEqual(done["changes"], {"count": len(changed), "least": len(changed), "proven": True})
        self.assertLessEqual(set(missed), set(changed))
        self.assertEqual(sum(row["why"] == "new_unit" for row in notice), 3)
        self.check(grown, db)


if __name__ == "__main__":
    jiancha.main()
