"""`jiancha years` on generated cases in which part of the units come every 2 or 3 years: everybody comes as often as the
cycle asks, every year passes the independent checker when its files are exported, and what does not fit is named.
Skips (exit 77) where there is no shared folder."""
import csv
import json
import os
import random
import subprocess
import sys

import jiancha

CHECKER = os.path.join(jiancha.SHARED, "tools", "check_plan.py")
GENERATOR = os.path.join(jiancha.SHARED, "tools", "gen_case.py")
HOLIDAYS = os.path.join(jiancha.SHARED, "holidays.csv")
CYCLES = {"two": 2, "three": 3}
WORK = ("--work", "60000")


def read(case, name):
    with open(os.path.join(case, f"{name}.csv"), encoding="utf8") as file:
        return list(csv.DictReader(file))


def write(case, name, rows):
    with open(os.path.join(case, f"{name}.csv"), "w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


class YearsTest(jiancha.Test):
    def make(self, name, part=0.6, workdays=0.8, year=2023):
        """The generator's S with `part` of the units on rules of 2 and 3 years, last visited at different times."""
        case, chance = self.path(name), random.Random(name)
        subprocess.run([sys.executable, GENERATOR, "S", case], check=True, stdout=subprocess.DEVNULL)
        rules, units, teams, agency = (read(case, n) for n in ("rules", "units", "teams", "agency"))
        rules += [{**rules[0], "rule_id": rule, "name": rule, "visits_per_year": {2: "0.5", 3: "0.33"}[cycle],
                   "windows": "", "min_gap_months": ""} for rule, cycle in CYCLES.items()]
        for unit in units:
            unit["last_visit"] = ""
            if chance.random() < part:
                unit["rule_id"] = chance.choice(list(CYCLES))
                unit["category"] = chance.choice(["key", "general"])
                unit["last_visit"] = chance.choice(["", f"{year - 3}-05", f"{year - 2}-03", f"{year - 1}-11"])
                unit["co_rule"] = unit["co_team"] and unit["rule_id"]
        for team in teams:
            team["supervision_workdays"] = str(int(float(team["supervision_workdays"]) * workdays))
        agency[0]["year"] = str(year)
        for table, rows in (("rules", rules), ("units", units), ("teams", teams), ("agency", agency)):
            write(case, table, rows)
        db = self.path(f"{name}.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", case, "--db", db)
        return case, db

    def ask(self, db, *args, expect=0):
        """The answer; the database says the same as before."""
        said = jiancha.dump(db)
        answer = jiancha.run("years", *args, *WORK, "--format", "json", "--db", db, expect=expect).json
        self.assertEqual(jiancha.dump(db), said)
        return answer

    def check_coverage(self, case, answer):
        """Nobody waits longer than the cycle, unless named as put off; nobody comes twice in between for nothing."""
        first, count = answer["years"][0]["year"], len(answer["years"])
        comes = {}
        for year in answer["years"]:
            for unit in year["units"]:
                comes.setdefault(unit, []).append(year["year"])
        late = {row["unit_id"]: row for row in answer["late"]}
        for unit in read(case, "units"):
            cycle = CYCLES.get(unit["rule_id"])
            if not cycle:
                continue
            last = int(unit["last_visit"][:4]) if unit["last_visit"] else first - 1
            due = max(first, last + cycle)
            if unit["unit_id"] in late:
                self.assertGreater(late[unit["unit_id"]]["year"], due)
                continue
            for year in comes.get(unit["unit_id"], []):
                self.assertLessEqual(year, due, unit["unit_id"])
                due = year + cycle
            self.assertGreaterEqual(due, first + count, unit["unit_id"])

    def check_years(self, answer, folder):
        """check_plan.py on every exported year; the units that come and no others are in its plan, once."""
        for year in answer["years"]:
            case = os.path.join(folder, str(year["year"]))
            plan = os.path.join(case, "plan.json")
            holidays = os.path.join(case, "holidays.csv") if year["estimated"] else HOLIDAYS
            checked = subprocess.run([sys.executable, CHECKER, case, plan, "--holidays", holidays, "--quiet"],
                                     capture_output=True, encoding="utf8", check=False)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            with open(plan, encoding="utf8") as file:
                visits = [v["unit_id"] for v in json.load(file)["visits"] if v["rule_id"] in CYCLES]
            left_out = {s["unit_id"] for s in year["shortfalls"] if s["unit_id"]}
            self.assertEqual(sorted(visits), sorted(set(year["units"]) - left_out))

    def test_three_years(self):
        case, db = self.make("three")
        folder = self.path("three-years")
        answer = self.ask(db, "--years", "3", "--export", folder, expect=(0, 1))
        self.assertEqual([y["year"] for y in answer["years"]], [2023, 2024, 2025])
        self.assertEqual(answer["late"], [])
        self.check_coverage(case, answer)
        self.check_years(answer, folder)
        for year in answer["years"]:
            self.assertEqual(year["solve"]["tiers"]["unserved"], 0)
            self.assertEqual(year["solve"]["tiers"]["over"], 0)

    def test_two_years_exported_is_imported(self):
        """An exported year is a case: it can be imported and solved as it is."""
        case, db = self.make("two")
        folder = self.path("two-years")
        answer = self.ask(db, "--years", "2", "--export", folder, expect=(0, 1))
        self.check_coverage(case, answer)
        again = self.path("again.db")
        jiancha.run("init", "--db", again)
        jiancha.run("import", os.path.join(folder, "2024"), "--db", again)
        solve = jiancha.run("solve", *WORK, "--format", "json", "--db", again, expect=(0, 1)).json
        self.assertEqual(solve["tiers"], answer["years"][1]["solve"]["tiers"])

    def test_no_month_in_its_turn(self):
        """A joining rule asks more visits than the unit's own: nobody minds until its turn comes, then it is left out and
        not called covered."""
        case, db = self.make("turn")
        units, rules = read(case, "units"), read(case, "rules")
        often = max(rules, key=lambda rule: float(rule["visits_per_year"]))
        odd = next(unit for unit in units if unit["rule_id"] == "two")
        other = next(team["team_id"] for team in read(case, "teams") if team["team_id"] not in odd["lead_team"])
        odd.update(last_visit="2022-11", co_team=other, co_rule=often["rule_id"], co_persons="2", co_days="1")
        write(case, "units", units)
        jiancha.run("import", case, "--update", "--db", db)
        answer = self.ask(db, "--years", "2", expect=1)
        self.assertEqual(answer["left_out"], 1)
        self.assertIn(odd["unit_id"], [s["unit_id"] for s in answer["years"][1]["shortfalls"]])
        words = jiancha.run("years", "--work", "2000", "--db", db, expect=1).out
        self.assertIn("1 has no possible month in the year of its turn", words)
        self.assertNotIn("come within their cycle", words)

    def test_too_little(self):
        """F2: what does not fit is put off and named, with the number of years; nobody is forgotten."""
        case, db = self.make("little", part=0.8, workdays=0.12)
        answer = self.ask(db, "--years", "3", expect=1)
        self.assertGreater(len(answer["late"]), 0)
        self.assertGreater(answer["seen_after"], 2)
        self.check_coverage(case, answer)
        named = {u for y in answer["years"] for u in y["units"]} | {row["unit_id"] for row in answer["late"]}
        never_due = {u["unit_id"] for u in read(case, "units") if u["rule_id"] in CYCLES} - named
        self.assertEqual(never_due, set())
        words = jiancha.run("years", "--work", "2000", "--db", db, "--lang", "zh", expect=1).out
        self.assertIn("推迟检查；这样安排", words)
        self.assertIn("重点检查单位不能在本年度内全覆盖", words)
        self.assertIn(answer["late"][0]["unit_id"], words)
        self.check_one_statement(db, answer["coverage"])

    def check_one_statement(self, db, coverage):
        """F2: what the plan of the first year says about full coverage is what the plan of several years says."""
        jiancha.run("solve", *WORK, "--db", db, expect=(0, 1))
        for command in ("plan", "explain"):
            said = jiancha.run(command, "--format", "json", "--db", db,
                               expect=(0, 1)).json["coverage"]
            about = ("units", "need", "limit", "planned", "years", "team_id")
            self.assertEqual([said[a] for a in about], [coverage[a] for a in about])
            self.assertGreater(said["years"], 1)

    def test_estimated_calendar(self):
        """Years whose holidays are not published have estimated working days, and say so."""
        _, db = self.make("late", year=2026)
        folder = self.path("late-years")
        answer = self.ask(db, "--years", "2", "--export", folder, expect=(0, 1))
        self.assertEqual([y["estimated"] for y in answer["years"]], [False, True])
        self.assertTrue(240 <= answer["years"][1]["working_days"] <= 255, answer["years"][1]["working_days"])
        self.check_years(answer, folder)
        words = jiancha.run("years", "--years", "2", "--work", "2000", "--db", db, expect=(0, 1)).out
        self.assertIn("the holidays of 2027 are not published", words)

    def test_released_stays(self):
        """What is released this year stays in this year, whatever the spread would like."""
        _, db = self.make("released")
        jiancha.run("solve", *WORK, "--db", db, expect=(0, 1))
        jiancha.run("approve", "--document-no", "1", "--by", "x", "--date", "2023-01-09", "--db", db)
        plan = jiancha.run("plan", "--format", "json", "--db", db).json
        month = min(v["month"] for v in plan["visits"] if v["rule_id"] in CYCLES)
        jiancha.run("release", "--month", month, "--db", db)
        plan = jiancha.run("plan", "--format", "json", "--db", db).json
        released = {v["unit_id"] for v in plan["visits"] if v["status"] == "released" and v["rule_id"] in CYCLES}
        self.assertGreater(len(released), 0)
        answer = self.ask(db, "--years", "2", expect=(0, 1))
        self.assertLessEqual(released, set(answer["years"][0]["units"]))

    def test_refused(self):
        _, db = self.make("refused")
        for wrong in ("1", "7", "x"):
            jiancha.run("years", "--years", wrong, "--db", db, expect=2)

    def test_every_year(self):
        """Without rules of several years it says so."""
        db = self.path("huainan.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        answer = self.ask(db, "--years", "2")
        self.assertEqual((answer["cyclic_units"], answer["late"]), (0, []))


if __name__ == "__main__":
    if not os.path.exists(CHECKER):
        sys.exit(77)
    jiancha.main()
