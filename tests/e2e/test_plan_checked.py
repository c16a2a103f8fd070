"""Plans against the independent checker of the shared folder: it must find nothing and agree on tiers and cost. Skips
(exit 77) where there is no shared folder."""
import csv
import json
import os
import re
import signal
import subprocess
import sys

import jiancha

CHECKER = os.path.join(jiancha.SHARED, "tools", "check_plan.py")
GENERATOR = os.path.join(jiancha.SHARED, "tools", "gen_case.py")
HOLIDAYS = os.path.join(jiancha.SHARED, "holidays.csv")
VERDICT = re.compile(r"unserved (\S+)  over (\S+)  quota (\S+)  balance \S+  openings \d+  early \S+  off-season \d+  "
                     r"cost (\S+)")


class PlanCheckedTest(jiancha.Test):
    def agree(self, case, db):
        """The checker passes and counts what the plan says."""
        path = self.path("plan.json")
        plan = jiancha.run("plan", "--format", "json", "--db", db)
        with open(path, "w", encoding="utf8") as file:
            file.write(plan.out)
        checked = subprocess.run([sys.executable, CHECKER, case, path, "--holidays", HOLIDAYS], capture_output=True,
                                 encoding="utf8", check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        counted = [float(figure) for figure in VERDICT.search(checked.stdout).groups()]
        solve = plan.json["solve"]
        tiers = solve["tiers"]
        self.assertEqual(counted[:3], [tiers["unserved"], tiers["over"], tiers["quota"]])
        self.assertAlmostEqual(counted[3], solve["cost"], delta=0.051)
        return plan.json

    def make(self, name, case, *solve, expect=0):
        db = self.path(f"{name}.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", case, "--db", db)
        jiancha.run("solve", "--db", db, *solve, expect=expect)
        return db

    def generate(self, name, *args):
        case = self.path(name)
        subprocess.run([sys.executable, GENERATOR, *args[:1], case, *args[1:]], check=True, stdout=subprocess.DEVNULL)
        return case

    def test_huainan(self):
        """Solved, with slots drawn, and after moves by hand."""
        db = self.make("huainan", jiancha.CASE)
        plan = self.agree(jiancha.CASE, db)
        pool = self.path("pool.csv")
        with open(pool, "w", encoding="utf8") as file:
            file.write("unit_id,name\n" + "".join(f"gm-{n},企业{n}\n" for n in range(40)))
        jiancha.run("draw", "commit", "hn-d1", "--pool", pool, "--source", "x", "--db", db)
        jiancha.run("draw", "run", "hn-d1", "--seed", "x", "--db", db)
        self.assertEqual(self.agree(jiancha.CASE, db)["solve"]["cost"], plan["solve"]["cost"])  # frozen at solve
        moved = 0
        for visit in plan["visits"][::9]:
            result = jiancha.run("plan", "move", visit["visit_id"], "--month", visit["month"] % 12 + 1, "--db", db,
                                 expect=None)
            moved += result.code == 0
            self.agree(jiancha.CASE, db)
        self.assertGreater(moved, 0)

    def test_soft_force(self):
        """A quota broken by force is a shortfall, not a broken plan."""
        db = self.make("forced", jiancha.CASE)
        plan = self.agree(jiancha.CASE, db)
        visit = next(v for v in plan["visits"] if v["rule_id"] == "em-yearly" and v["month"] <= 6)
        jiancha.run("plan", "move", visit["visit_id"], "--month", 10, "--force", "--reason", "x", "--db", db)
        self.assertEqual(self.agree(jiancha.CASE, db)["solve"]["tiers"]["quota"], 2)

    def test_released(self):
        """An amended plan solved again around what was released, remote visits among it: their quota still holds."""
        db = self.make("amended", jiancha.CASE)
        remote = [v for v in self.agree(jiancha.CASE, db)["visits"] if v["mode"] == "remote"]
        self.assertTrue(remote)
        jiancha.run("approve", "--document-no", "1", "--by", "x", "--date", "2023-01-09", "--db", db)
        for month in {1, 2, 3} | {v["month"] for v in remote}:
            jiancha.run("release", "--month", month, "--db", db)
        jiancha.run("amend", "--reason", "x", "--decided-on", "2023-04-01", "--db", db)
        for seed in range(5, 9):
            with self.subTest(seed=seed):
                jiancha.run("solve", "--seed", seed, "--work", "300000", "--db", db)
                again = [v for v in self.agree(jiancha.CASE, db)["visits"] if v["mode"] == "remote"]
                self.assertEqual({v["visit_id"] for v in again}, {v["visit_id"] for v in remote})

    def test_generated(self):
        """The generator's year, and one with a tenth of the workdays missing: its shortfalls add up."""
        case = self.generate("S", "S")
        self.agree(case, self.make("S", case, "--work", "400000", expect=(0, 1)))
        case = self.generate("over", "S", "--over")
        plan = self.agree(case, self.make("over", case, "--work", "400000", expect=1))
        over = sum(s["amount"] for s in plan["shortfalls"] if not s["unit_id"] and not s["quota_id"])
        self.assertEqual(over, plan["solve"]["tiers"]["over"])
        self.assertGreater(over, 0)

    def test_years(self):
        """Rules of every second year: whoever was visited last year is left alone, but an alternative that is due
        is due."""
        case = self.generate("years", "S")
        with open(os.path.join(case, "rules.csv"), "a", encoding="utf8") as file:
            file.write("B2,每2年1次,0.5,1-12:1,1\n")
        path = os.path.join(case, "units.csv")
        with open(path, encoding="utf8", newline="") as file:
            units = list(csv.DictReader(file))
        yearly = [unit for unit in units if unit["rule_id"] == "A1-g1"]
        for i, unit in enumerate(yearly):
            unit["rule_id"] = ("B2", "B2", "A1-g1|B2", "A1-g1|B2")[i % 4]
            unit["last_visit"] = ("2022-05", "2021-11")[i % 2]
        with open(path, "w", encoding="utf8", newline="") as file:
            rows = csv.DictWriter(file, list(yearly[0]))
            rows.writeheader()
            rows.writerows(units)
        plan = self.agree(case, self.make("years", case, "--work", "200000", expect=(0, 1)))
        visited = {visit["unit_id"] for visit in plan["visits"]}
        self.assertEqual([unit["unit_id"] in visited for unit in yearly], [i % 4 != 0 for i in range(len(yearly))])

    def test_interrupt(self):
        """Ctrl-C to the whole foreground group keeps the best plan there is, and it is a good one."""
        case = self.generate("M", "M")
        db = self.path("interrupted.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", case, "--db", db)
        with subprocess.Popen([jiancha.JIANCHA, "solve", "--time-limit", "300", "--format", "json", "--db", db],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=jiancha.environment(),
                              encoding="utf8", start_new_session=True) as process:
            self.assertIn("cost", process.stderr.readline())  # it says how far it is
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate()
        self.assertIn(process.returncode, (0, 1), err)
        self.assertIn('"status": "cancelled"', out)
        self.agree(case, db)

    def test_progress(self):
        """A long search says how it goes: lines of JSON on stderr for scripts, one document on stdout."""
        case = self.generate("progress", "M")
        db = self.path("progress.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", case, "--db", db)
        done = jiancha.run("solve", "--time-limit", "4", "--format", "json", "--db", db, expect=(0, 1))
        lines = [json.loads(line)["progress"] for line in done.err.splitlines() if line.startswith("{")]
        self.assertTrue(any(line["moves_per_second"] for line in lines))
        for line in lines:
            self.assertIn(line["phase"], ("construct", "search", "bound", "integer_program"))
            self.assertEqual(line["tiers"].keys(), done.json["tiers"].keys())
            self.assertGreater(line["moves"], 0)
            self.assertEqual(line["gap"] is None, line["bound"] is None)
            if line["gap"] is not None:
                self.assertAlmostEqual(line["gap"], (line["cost"] - line["bound"]) / line["cost"], delta=1e-5)


if __name__ == "__main__":
    if not os.path.exists(CHECKER):
        sys.exit(77)
    jiancha.main()
