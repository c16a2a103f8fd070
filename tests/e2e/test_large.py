"""A planner's commands on a large register (JIANCHA_LARGE: a size of the generator, L; XXL with scripts/test --full), in
the worst of years: by the end of May nothing has been done, so a third of the units cannot be served any more. Each
command ends with an answer, in bounded memory, and the answers fit together. Skips (exit 77) without a shared folder."""
import os
import resource
import subprocess
import sys

import jiancha

GENERATOR = os.path.join(jiancha.SHARED, "tools", "gen_case.py")
SIZE = os.environ.get("JIANCHA_LARGE", "L")
SECONDS = ("--time-limit", "10" if SIZE == "XXL" else "2")
MEMORY_MB = 1536
SHORT = (0, 1)  # 1: the plan has a shortfall


class LargeTest(jiancha.Test):
    def planner(self, *args, expect=SHORT):
        return jiancha.run(*args, "--db", self.db, "--format", "json", expect=expect).json

    def test_nothing_done_in_may(self):
        case, self.db = self.path("case"), self.path("large.db")
        subprocess.run([sys.executable, GENERATOR, SIZE, case], check=True, stdout=subprocess.DEVNULL)
        jiancha.run("init", "--db", self.db)
        jiancha.run("import", case, "--db", self.db)
        self.planner("solve", *SECONDS)
        jiancha.run("approve", "--db", self.db, "--document-no", "1", "--by", "x", "--date", "2022-12-30")
        before = self.planner("plan")
        again = self.planner("replan", "--as-of", "2023-05-31", *SECONDS)
        after = self.planner("plan")
        self.assertEqual({visit["month"] for visit in after["visits"]}, set(range(6, 13)))
        self.assertGreater(after["solve"]["tiers"]["unserved"], 0)
        missed = sum(visit["month"] < 6 for visit in before["visits"])
        self.assertGreaterEqual(again["changes"]["count"], again["changes"]["least"])
        self.assertGreaterEqual(again["changes"]["least"], missed)
        self.explained(self.planner("explain", *SECONDS), after)
        team = before["visits"][0]["lead_team"]
        sides = self.planner("whatif", "--headcount", f"{team}+1", *SECONDS)
        self.assertLessEqual(sides["difference"]["unserved"], 0)
        jiancha.run("release", "--month", "6", "--db", self.db)
        june = sum(visit["month"] == 6 for visit in before["visits"])
        joined = sum(len(visit["joined"]) for visit in before["visits"] if visit["month"] == 6)
        self.assertEqual(jiancha.status(self.db)["tasks_open"], june + joined)
        report = self.planner("report", "completion", "--as-of", "2023-05-31")["completion"]
        self.assertEqual(sum(row["overdue"] for row in report if row["team_id"] and not row["month"]), missed)
        jiancha.run("verify", "--db", self.db)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, MEMORY_MB)

    def explained(self, answer, plan):
        """Every shortfall is still there; a unit that is left out says why."""
        short = answer["shortfalls"]
        self.assertEqual(len(short), len(plan["shortfalls"]))
        units = [row for row in short if row["unit_id"]]
        self.assertEqual(sum(row["amount"] for row in units), plan["solve"]["tiers"]["unserved"])
        for row in units:
            self.assertTrue(row["limits"], row)


if __name__ == "__main__":
    if not os.path.exists(GENERATOR):
        print("no shared folder")
        sys.exit(77)
    jiancha.main()
