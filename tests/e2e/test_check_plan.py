"""Our plan of Huainan before the checker that is not ours: ../shared/tools/check_plan.py reads the CSV files and
`plan --format json`, re-derives every rule, and recomputes tiers and cost (DESIGN section 9).

Skipped (77) where the shared folder is absent."""
import os
import re
import subprocess
import sys

import jiancha

CHECKER = os.path.join(jiancha.SHARED, "tools", "check_plan.py")
HOLIDAYS = os.path.join(jiancha.ROOT, "backend", "store", "holidays.csv")


class CheckPlan(jiancha.Test):
    def checked(self, plan):
        """(broken rules, {figure: value}) as the checker says."""
        done = subprocess.run([sys.executable, CHECKER, jiancha.CASE, plan, "--holidays", HOLIDAYS],
                              stdout=subprocess.PIPE, encoding="utf8", check=False)
        figures = {name: float(value) for name, value in re.findall(r"(unserved|over|quota|cost) +([0-9.]+)", done.stdout)}
        return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("BROKEN")], figures

    def test_huainan(self):
        db, plan = self.path("jiancha.db"), self.path("plan.json")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        solved = jiancha.run("solve", "--db", db, "--format", "json").json
        solved = solved.get("solve", solved)
        with open(plan, "w", encoding="utf8") as file:
            file.write(jiancha.run("plan", "--db", db, "--format", "json").out)
        status, broken, figures = self.checked(plan)
        self.assertEqual((status, broken), (0, []))
        self.assertEqual(solved["tiers"], {"unserved": 0, "over": 0, "quota": 0})
        self.assertEqual({name: figures[name] for name in solved["tiers"]}, solved["tiers"])
        self.assertAlmostEqual(figures["cost"], solved["cost"], places=6)
        self.assertLessEqual(solved["bound"], solved["cost"])

    def test_moved_by_hand(self):
        """After a visit was moved by force, both sides still count alike."""
        db, plan = self.path("moved.db"), self.path("moved.json")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        jiancha.run("solve", "--db", db)
        visits = jiancha.run("plan", "--db", db, "--format", "json").json["visits"]
        visit = next(v for v in visits if v["lead_team"] == "hn-t2" and v["unit_id"] and not v["joined"])
        month = visit["month"] % 12 + 1
        jiancha.run("plan", "move", visit["visit_id"], "--month", month, "--force", "--reason", "test", "--db", db,
                    expect=(0, 1))
        with open(plan, "w", encoding="utf8") as file:
            file.write(jiancha.run("plan", "--db", db, "--format", "json", expect=(0, 1)).out)
        ours = jiancha.run("plan", "--db", db, "--format", "json").json["solve"]
        _, _, figures = self.checked(plan)
        self.assertEqual({name: figures[name] for name in ours["tiers"]}, ours["tiers"])
        self.assertAlmostEqual(figures["cost"], ours["cost"], places=6)


if __name__ == "__main__":
    if not os.path.exists(CHECKER):
        print(f"{CHECKER} is not there: skipped")
        sys.exit(77)
    jiancha.main()
