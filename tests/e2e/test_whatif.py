"""`jiancha whatif` on real input: every option, side by side, with the database as it was byte for byte. Cases come
from the shipped example and, where the shared folder is, from its generator."""
import hashlib
import os
import re
import signal
import subprocess
import sys

import jiancha

GENERATOR = os.path.join(jiancha.SHARED, "tools", "gen_case.py")
WORK = ("--work", "150000")


def digest(db):
    """Of the database file and of a write-ahead log that holds anything."""
    found = {}
    for name in ("", "-wal"):
        if os.path.exists(db + name) and os.path.getsize(db + name):
            with open(db + name, "rb") as file:
                found[name] = hashlib.sha256(file.read()).hexdigest()
    return found


def tiers(side):
    t = side["solve"]["tiers"]
    return (t["unserved"], t["over"], t["quota"])


class WhatifTest(jiancha.Test):
    def make(self, name, case, solve=True):
        db = self.path(f"{name}.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", case, "--db", db)
        if solve:
            jiancha.run("solve", "--db", db, *WORK, expect=(0, 1))
        return db

    def ask(self, db, *changes, expect=(0, 1), limits=WORK):
        """The answer, and proof that asking changed nothing."""
        before, said = digest(db), jiancha.dump(db)
        answer = jiancha.run("whatif", *changes, *limits, "--format", "json", "--db", db, expect=expect)
        self.assertEqual(jiancha.dump(db), said)
        self.assertEqual(digest(db), before)
        return answer.json

    def team(self, answer, team_id):
        return next(row for row in answer["whatif"] if row["team_id"] == team_id)

    def test_headcount(self):
        db = self.make("headcount", jiancha.CASE)
        answer = self.ask(db, "--headcount", "hn-t2+1")
        cost = jiancha.run("plan", "--format", "json", "--db", db).json["solve"]["cost"]
        if answer["present"]["source"] == "stored":
            self.assertEqual(answer["present"]["solve"]["cost"], cost)
        else:  # the changed side came upon a plan that is better as things are, too
            self.assertEqual(answer["present"]["source"], "improved")
            self.assertLess(answer["present"]["solve"]["cost"], cost)
        row = self.team(answer, "hn-t2")
        # T 249 a head, O stays, N: lines in which both take part go along (W2, W3, W7)
        self.assertEqual((row["present"]["limit"], row["changed"]["limit"]), (120, 288))
        self.assertEqual((row["present"]["headcount"], row["changed"]["headcount"]), (2, 3))
        self.assertLessEqual(tiers(answer["changed"]), tiers(answer["present"]))

    def test_headcount_gone(self):
        """Nobody left is no workday left, not a team without limits."""
        answer = self.ask(self.make("gone", jiancha.CASE), "--headcount", "hn-hr-2", expect=1)
        row = self.team(answer, "hn-hr")
        self.assertEqual(row["changed"]["limit"], 0)
        self.assertEqual(answer["difference"]["over"], 2 * row["changed"]["workdays"])  # by month and by year

    def test_more_people_never_hurt(self):
        """W8 and the tiers: whoever joins, nothing gets worse, with a tenth of the workdays missing too."""
        if not os.path.exists(GENERATOR):
            self.skipTest("no generator")
        case = self.path("over")
        subprocess.run([sys.executable, GENERATOR, "S", case, "--over"], check=True, stdout=subprocess.DEVNULL)
        db = self.make("over", case)
        for change in (["--headcount", "t01+1"], ["--headcount", "t03+2", "--headcount", "t04+1"],
                       ["--budget", "t02:year+20", "--budget", "t02:10+3"]):
            answer = self.ask(db, *change, limits=("--work", "60000"))
            self.assertLessEqual(tiers(answer["changed"]), tiers(answer["present"]), change)
        self.assertLess(answer["difference"]["over"], 0)
        told = jiancha.run("whatif", "--budget", "t02:year+20", "--work", "60000", "--db", db, expect=1).out
        parts = [part.splitlines() for part in re.split(r"shortfalls that the change [a-z ]*:\n", told)[1:]]
        self.assertEqual(len(parts), 3, told)  # those that come, those that grow or shrink, those that go
        come, altered, gone = ({re.sub(r"lacks [0-9.]+ workdays?|\(.*", "", line).strip() for line in part
                                if line.startswith("  ")} for part in parts)
        self.assertFalse(come & altered or come & gone or altered & gone, told)
        self.assertTrue(all(" (at present " in line for line in parts[1] if line.startswith("  ")), told)

    def test_budget(self):
        db = self.make("budget", jiancha.CASE)
        answer = self.ask(db, "--budget", "hn-t3:year-10", expect=1)
        self.assertEqual(tiers(answer["changed"]), (0, 10, 0))
        self.assertEqual([s["team_id"] for s in answer["changed"]["shortfalls"]], ["hn-t3"])
        answer = self.ask(db, "--budget", "hn-t3:year-10", "--budget", "hn-t3:year+10")
        self.assertEqual(tiers(answer["changed"]), (0, 0, 0))

    def test_rule(self):
        db = self.make("rule", jiancha.CASE)
        answer = self.ask(db, "--rule", "train-yearly=2")
        self.assertGreater(answer["difference"]["visits"], 0)
        answer = self.ask(db, "--rule", "coalprep-yearly=1,windows=7-12:1,gap=1")
        self.assertEqual(answer["difference"]["visits"], 0)
        for wrong in ("coalprep-yearly", "coalprep-yearly=13", "coalprep-yearly=1,windows=13:1", "coalprep-yearly=1,x=2",
                      "=2", "coalprep-yearly=1,1"):
            jiancha.run("whatif", "--rule", wrong, "--db", db, expect=2)

    def test_add_units(self):
        """Evenly over the register, always the same; each added unit is inspected or named."""
        db = self.make("units", jiancha.CASE)
        first = self.ask(db, "--add-units", "12")
        self.assertEqual(len(first["added"]), 12)
        self.assertEqual(self.ask(db, "--add-units", "12")["changes"], first["changes"])
        self.assertGreaterEqual(first["difference"]["visits"] + first["difference"]["unserved"], 12)
        answer = self.ask(db, "--add-units", "5:ind-yearly:hn-t1")
        self.assertEqual((len(answer["added"]), answer["difference"]["unserved"]), (5, 0))
        self.assertGreater(self.team(answer, "hn-t1")["changed"]["visits"],
                           self.team(answer, "hn-t1")["present"]["visits"])

    def test_drop_team(self):
        """Every unit of a team that goes is moved, stays with what is done, or is named as left out."""
        if not os.path.exists(GENERATOR):
            self.skipTest("no generator")
        case = self.path("S")
        subprocess.run([sys.executable, GENERATOR, "S", case], check=True, stdout=subprocess.DEVNULL)
        db = self.make("drop", case)
        answer = self.ask(db, "--drop-team", "t02", expect=1)
        units = [u for u in jiancha.query(db, "SELECT u.unit_id, group_concat(t.team_id, '|') FROM unit u JOIN unit_team t"
                                              " ON t.agency_id = u.agency_id AND t.unit_id = u.unit_id GROUP BY 1")
                 if "t02" in u[1].split("|")]
        self.assertGreater(len(units), 10)
        self.assertEqual(sorted(answer["moved"]), sorted(u for u, teams in units if teams != "t02"))
        self.assertEqual(sorted(answer["nobody"]), sorted(u for u, teams in units if teams == "t02"))
        named = {s["unit_id"] for s in answer["changed"]["shortfalls"]}
        self.assertLessEqual(set(answer["nobody"]), named)
        self.assertEqual(self.team(answer, "t02")["changed"]["visits"], 0)

    def test_repairs_by_hand(self):
        db = self.make("repairs", jiancha.CASE)
        answer = self.ask(db, "--lead", "hn-012:hn-t2", "--quota", "hn-t1-q4:9-10")
        self.assertEqual(len(answer["changes"]), 2)
        for wrong in (["--lead", "hn-012"], ["--quota", "hn-t1-q4:0"], ["--headcount", "hn-t1"], ["--add-units", "0"],
                      ["--drop-team", "nobody"], ["--headcount", "hn-t1+9223372036854775807"],
                      ["--budget", "hn-t1:13+1"], []):
            jiancha.run("whatif", *wrong, "--db", db, expect=2)

    def test_without_plan(self):
        """Nothing is stored either if there is no plan yet; both sides are solved, with the same work."""
        db = self.make("fresh", jiancha.CASE, solve=False)
        answer = self.ask(db, "--headcount", "hn-t1+1")
        self.assertEqual((answer["version"], answer["present"]["source"]), (0, "solved"))
        self.assertEqual(self.ask(db, "--headcount", "hn-t1+1")["changed"]["solve"]["cost"],
                         answer["changed"]["solve"]["cost"])
        jiancha.run("plan", "--db", db, expect=2)

    def test_words(self):
        db = self.make("words", jiancha.CASE)
        zh = jiancha.run("whatif", "--budget", "hn-t3:year-10", *WORK, "--lang", "zh", "--db", db, expect=1)
        self.assertIn("安全监管三科全年缺 10 个工作日", zh.out)
        en = jiancha.run("whatif", "--budget", "hn-t3:year-10", *WORK, "--lang", "en", "--db", db, expect=1)
        self.assertIn("安全监管三科 lacks 10 workdays in the year", en.out)
        csv = jiancha.run("whatif", "--budget", "hn-t3:year-10", *WORK, "--format", "csv", "--db", db, expect=1)
        self.assertIn("hn-t3,", csv.out)

    def test_interrupt(self):
        """Ctrl-C ends the search and the comparison comes with what was found."""
        if not os.path.exists(GENERATOR):
            self.skipTest("no generator")
        case = self.path("M")
        subprocess.run([sys.executable, GENERATOR, "M", case], check=True, stdout=subprocess.DEVNULL)
        db = self.make("interrupted", case)
        with subprocess.Popen([jiancha.JIANCHA, "whatif", "--headcount", "t01+1", "--time-limit", "300", "--format",
                               "json", "--db", db], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=jiancha.environment(), encoding="utf8", start_new_session=True) as process:
            process.stderr.readline()  # which side is solved
            process.stderr.readline()  # how far it is
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate()
        self.assertIn(process.returncode, (0, 1), err)
        self.assertIn('"status": "cancelled"', out)


if __name__ == "__main__":
    jiancha.main()
