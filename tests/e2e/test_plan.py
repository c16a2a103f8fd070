"""The year's plan through the real programs: solve, look, move by hand, draw, approve, release, amend."""
import json
import os
import re
import shutil

import jiancha
import lots


class PlanTest(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.solved = cls.path("solved.db")
        jiancha.run("init", "--db", cls.solved)
        jiancha.run("import", jiancha.CASE, "--db", cls.solved)
        cls.summary = jiancha.run("solve", "--format", "json", "--db", cls.solved).json

    def setUp(self):
        """Every test begins with the solved draft."""
        self.db = self.path("year.db")
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.db + end):
                os.remove(self.db + end)
        shutil.copy(self.solved, self.db)

    def run_(self, *args, **options):
        return jiancha.run(*args, "--db", self.db, **options)

    def plan(self, *args):
        return self.run_("plan", "--format", "json", *args).json

    def visits(self, *args):
        return {visit["visit_id"]: visit for visit in self.plan(*args)["visits"]}

    def approve(self):
        self.run_("approve", "--document-no", "淮应急〔2023〕12号", "--by", "淮南市人民政府", "--date", "2023-01-09")

    # --- solve and plan -------------------------------------------------------------------------------

    def test_solved(self):
        self.assertEqual(self.summary["tiers"], {"unserved": 0, "over": 0, "quota": 0})
        self.assertIn(self.summary["status"], ("optimal", "feasible"))
        self.assertEqual(set(self.summary), {"status", "tiers", "cost", "bound", "gap", "seconds", "work"})
        plan = self.plan()
        self.assertEqual(plan["plan"]["year"], 2023)
        self.assertEqual((plan["plan"]["version"], plan["plan"]["status"]), (1, "draft"))
        self.assertEqual(plan["solve"]["cost"], self.summary["cost"])
        self.assertEqual(plan["shortfalls"], [])
        work = {}
        for visit in plan["visits"]:
            for team, persons, days in [(visit["lead_team"], visit["persons"], visit["days"])] + \
                    [(j["team"], j["persons"], j["days"]) for j in visit["joined"]]:
                work[team] = work.get(team, 0) + persons * days
        self.assertEqual(len(plan["visits"]), 157)
        self.assertEqual(work, {"hn-t1": 299, "hn-t2": 120, "hn-t3": 90, "hn-em": 36, "hn-hr": 36})
        self.assertEqual(sum(visit["mode"] == "remote" for visit in plan["visits"]), 2)
        units = {visit["unit_id"] for visit in plan["visits"] if visit["unit_id"]}
        slots = [visit for visit in plan["visits"] if visit["draw_id"]]
        self.assertEqual((len(units), len(slots)), (102, 23))

    def test_filters(self):
        mine = self.visits("--team", "hn-em", "--month", "3")
        for visit in mine.values():
            self.assertEqual(visit["month"], 3)
            self.assertIn("hn-em", [visit["lead_team"]] + [j["team"] for j in visit["joined"]])
        self.assertLess(len(mine), 10)
        self.run_("plan", "--team", "hn-xx", expect=2)
        self.run_("plan", "--version", "7", expect=2)
        self.run_("plan", "--month", "13", expect=2)

    def test_tables(self):
        table = self.run_("plan", "--team", "hn-hr").out
        self.assertRegex(table, r"plan of 2023, version 1 \(draft\)")
        self.assertRegex(table, r"人事教育科.* 36 \(9\) +36")
        listing = self.run_("plan", "--format", "csv").out
        self.assertTrue(listing.startswith("\ufeffvisit_id,month,lead_team,unit_id,draw_id,"))
        self.assertEqual(listing.count("\n"), 158)

    def test_repeatable(self):
        """The same seed and the same work: the same plan, whatever the machine does meanwhile."""
        plans = []
        for _ in range(2):
            self.run_("solve", "--seed", "7", "--work", "200000")
            plans.append(self.plan()["visits"])
        self.assertEqual(plans[0], plans[1])

    def test_wrong_use(self):
        for args in (["solve", "--time-limit", "soon"], ["solve", "--seed", "-1"], ["solve", "--work", "0"],
                     ["solve", "--weights", "balance=x"], ["solve", "--weights", "luck=1"], ["solve", "fast"],
                     ["solve", "--weights", "travel=nan"], ["solve", "--weights", "travel=-1"],
                     ["solve", "--weights", "travel=1e9"], ["solve", "--weights", "travel=1,travel=2"],
                     ["solve", "--weights", "travel=1000001"], ["solve", "--weights", ""],
                     ["plan", "move"], ["plan", "move", "hn-001-01"], ["plan", "move", "hn-001-01", "--month", "0"],
                     ["plan", "pin"], ["plan", "pin", "nobody-01"], ["draw"], ["draw", "run", "hn-d1"],
                     ["draw", "commit", "hn-d1", "--source", "x"], ["release"], ["release", "--month", "13"],
                     ["approve", "--document-no", "1"], ["amend", "--reason", "x"],
                     ["approve", "--document-no", "1", "--by", "x", "--date", "2023-02-30"]):
            with self.subTest(args=args):
                result = self.run_(*args, expect=2)
                self.assertIn("jiancha: ", result.err)

    # --- by hand ------------------------------------------------------------------------------------------

    def test_move(self):
        """Any move that the rules allow is measured; one that breaks a quota is refused and changes nothing."""
        before = self.plan()
        visit = next(v for v in before["visits"] if v["rule_id"] == "em-yearly" and v["month"] <= 6)
        other = visit["month"] % 6 + 1
        moved = self.run_("plan", "move", visit["visit_id"], "--month", other, "--format", "json").json
        self.assertEqual(moved["visits"][0]["month"], other)
        self.assertTrue(moved["visits"][0]["pinned"])
        self.assertEqual(self.plan()["solve"]["cost"], moved["solve"]["cost"])
        refused = self.run_("plan", "move", visit["visit_id"], "--month", 9, expect=2)
        self.assertIn("hn-em-q1", refused.err)
        self.assertEqual(self.visits()[visit["visit_id"]]["month"], other)
        self.run_("plan", "move", visit["visit_id"], "--month", 9, "--force", expect=2)  # without a reason
        self.run_("plan", "move", visit["visit_id"], "--month", 9, "--force", "--reason", "专项整治")
        after = self.plan()
        forced = next(v for v in after["visits"] if v["visit_id"] == visit["visit_id"])
        self.assertEqual((forced["month"], forced["forced_reason"]), (9, "专项整治"))
        self.assertEqual(after["solve"]["tiers"]["quota"], 2)
        self.assertEqual({s["quota_id"] for s in after["shortfalls"]}, {"hn-em-q1", "hn-em-q2"})
        self.assertTrue(all(s["text"] and not s["explained"] for s in after["shortfalls"]))
        explained = self.run_("explain", "--format", "json", expect=1).json["shortfalls"]
        self.assertTrue(all(s["explained"] and s["repairs"] for s in explained), explained)
        self.assertEqual(self.plan()["shortfalls"], explained)
        solved = self.run_("solve", "--work", "200000", "--format", "json").json  # the others make room for it
        self.assertEqual(solved["tiers"], {"unserved": 0, "over": 0, "quota": 0})
        self.assertEqual(self.visits()[visit["visit_id"]]["month"], 9)

    def test_pin(self):
        pinned = [v for v in self.plan()["visits"] if v["rule_id"] == "ind-yearly"][:3]
        for visit in pinned:
            self.run_("plan", "pin", visit["visit_id"])
        self.run_("solve", "--seed", "99", "--work", "100000")
        again = self.visits()
        for visit in pinned:
            self.assertEqual(again[visit["visit_id"]]["month"], visit["month"])
        self.run_("plan", "unpin", pinned[0]["visit_id"])
        self.assertFalse(self.visits()[pinned[0]["visit_id"]]["pinned"])

    # --- draws ---------------------------------------------------------------------------------------------

    def pool(self, units, extra=""):
        path = self.path("pool.csv")
        with open(path, "w", encoding="utf8") as file:
            file.write("unit_id,name\n" + "".join(f"{unit},工贸企业{unit}\n" for unit in units) + extra)
        return path

    def test_vectors(self):
        """The published ones, by the second implementation."""
        block = lots.chacha20_block(bytes(range(32)), 1, bytes.fromhex("000000090000004a00000000"))
        self.assertTrue(block.hex().startswith("10f1e7e4d13b5915500fdd1fa32071c4"))  # RFC 8439, section 2.3.2
        with open(os.path.join(jiancha.ROOT, "docs", "DRAW.md"), encoding="utf8") as file:
            rows = re.findall(r"^\| (\S+) … (\S+) \| (.+?) \| ([0-9a-f]{64}) \| (.+?) \|$", file.read(), re.MULTILINE)
        self.assertEqual(len(rows), 2)
        for first, last, seed, pool_hash, drawn in rows:
            stem = first.rstrip("0123456789")
            numbers = range(int(first[len(stem):]), int(last[len(stem):]) + 1)
            ids = [f"{stem}{n:0{len(first) - len(stem)}}" for n in numbers]
            self.assertEqual(lots.pool_of(ids)[1].hex(), pool_hash)
            self.assertEqual(lots.draw(ids, seed, len(drawn.split(", "))), drawn.split(", "))

    def test_draw(self):
        firms = [f"gm-{n:03}" for n in range(601)]
        pool = self.pool(firms, "hn-001,\n")
        self.run_("draw", "run", "hn-d1", "--seed", "早了", expect=2)
        commit = self.run_("draw", "commit", "hn-d1", "--pool", pool, "--source", "双色球", "--format", "json")
        self.assertEqual(jiancha.listing(commit, "draw"), [{"unit_id": "hn-001", "reason": "key_unit"}])
        self.assertIn(lots.pool_of(firms)[1].hex(), commit.err)
        drawn = jiancha.listing(self.run_("draw", "run", "hn-d1", "--seed", "03 07 15", "--format", "json"), "draw")
        expected = lots.draw(firms, "03 07 15", 6)
        self.assertEqual([row["unit_id"] for row in drawn], expected)
        slots = sorted((v["month"], v["visit_id"]) for v in self.plan()["visits"] if v["draw_id"] == "hn-d1")
        self.assertEqual([row["visit_id"] for row in drawn], [visit_id for _, visit_id in slots])
        self.run_("draw", "run", "hn-d1", "--seed", "03 07 16", expect=2)
        self.run_("draw", "verify", "hn-d1")
        listed = {row["draw_id"]: row for row in jiancha.listing(self.run_("draw", "list", "--format", "json"), "draw")}
        self.assertEqual((listed["hn-d1"]["drawn"], listed["hn-d1"]["commits"]), (6, 1))
        runs = jiancha.query(self.db, "SELECT seed, outcome FROM draw_run ORDER BY run_id")
        self.assertEqual(runs, [("03 07 15", "drawn"), ("03 07 16", "refused_again")])
        # the drawn are general units of the register now, and importing the case again leaves them alone
        self.assertEqual(jiancha.query(self.db, "SELECT COUNT(*) FROM unit WHERE unit_id LIKE 'gm-%'"), [(6,)])
        before = jiancha.dump(self.db)
        self.run_("import", jiancha.CASE)
        self.assertEqual(jiancha.dump(self.db), before)

    def test_bad_pool(self):
        before = jiancha.dump(self.db)
        for text in ("", "unit,name\na,b\n", "unit_id,name\na\n", "unit_id,name\na,x\na,y\n", "unit_id\nnobody\n",
                     'unit_id,name\n"a,b\n', "unit_id,name\n,x\n"):
            with self.subTest(text=text):
                path = self.path("bad.csv")
                with open(path, "w", encoding="utf8") as file:
                    file.write(text)
                self.assertIn("jiancha: ", self.run_("draw", "commit", "hn-d1", "--pool", path, "--source", "x",
                                                     expect=2).err)
        self.assertEqual(jiancha.dump(self.db), before)

    # --- approve, release, amend ---------------------------------------------------------------------------------

    def test_life(self):
        self.run_("release", "--month", 1, expect=2)
        self.approve()
        self.assertEqual(self.plan()["plan"]["status"], "approved")
        self.run_("solve", expect=2)
        self.run_("plan", "move", next(iter(self.visits())), "--month", 7, "--force", "--reason", "x", expect=2)
        january = [v for v in self.plan("--month", "1")["visits"]]
        tasks = jiancha.listing(self.run_("release", "--month", 1, "--format", "json"), "release")
        planned = [v for v in january if v["unit_id"]]
        self.assertEqual({task["visit_id"] for task in tasks}, {v["visit_id"] for v in planned})
        self.assertEqual(len(tasks), sum(1 + len(v["joined"]) for v in planned))
        self.assertEqual({task["due_on"] for task in tasks}, {"2023-01-31"})
        again = self.run_("release", "--month", 1, "--format", "json")
        self.assertEqual(jiancha.listing(again, "release"), [])
        for slot in (v["visit_id"] for v in january if not v["unit_id"]):
            self.assertIn(slot, again.err)

        change = self.run_("amend", "--reason", "专项整治", "--decided-on", "2023-05-08", "--format", "json")
        self.assertFalse(any(row["crossed"] for row in jiancha.listing(change, "amend")))
        self.assertEqual([row["before"] for row in jiancha.listing(change, "amend")], [97, 17, 125])
        draft = self.plan()
        self.assertEqual((draft["plan"]["version"], draft["plan"]["status"]), (2, "draft"))
        self.run_("amend", "--reason", "x", "--decided-on", "2023-05-08", expect=2)
        self.run_("solve", "--work", "200000")
        after = self.visits()
        for visit in planned:
            for field in ("month", "lead_team", "mode", "joined"):
                self.assertEqual(after[visit["visit_id"]][field], visit[field])
            self.assertEqual(after[visit["visit_id"]]["status"], "released")
        self.approve()
        self.assertEqual(jiancha.query(self.db, "SELECT status FROM plan ORDER BY version"),
                         [("superseded",), ("approved",)])
        acts = [act for (act,) in jiancha.query(self.db, "SELECT act FROM audit_log WHERE act LIKE 'plan.%' ORDER BY audit_no")]
        self.assertEqual(acts, ["plan.solve", "plan.approve", "plan.release", "plan.release", "plan.amend", "plan.solve",
                                "plan.approve"])

    def test_major(self):
        """Ten more key units of 97 are more than 10 %; the new approval is due 30 days after the decision."""
        self.approve()
        case = self.path("case")
        shutil.copytree(jiancha.CASE, case)
        with open(os.path.join(case, "units.csv"), "a", encoding="utf8") as file:
            for n in range(10):
                file.write(f"new-{n},新增企业{n},,,,,key,,,,hn-t2,ind-yearly,2,1,,,,\n")
        self.run_("import", case, "--update")
        change = self.run_("amend", "--reason", "专项整治", "--decided-on", "2023-05-08", "--format", "json")
        rows = {row["check"]: row for row in jiancha.listing(change, "amend")}
        self.assertEqual((rows["key_units"]["before"], rows["key_units"]["after"]), (97, 107))
        self.assertTrue(rows["key_units"]["crossed"])
        self.assertEqual(rows["key_units"]["due_on"], "2023-06-07")
        self.assertFalse(rows["units"]["crossed"])
        self.assertIn("10 units that are due are not in the draft", change.err)
        solved = self.run_("solve", "--work", "300000", "--format", "json", expect=1).json
        self.assertGreater(solved["tiers"]["over"] + solved["tiers"]["quota"], 0)  # there are no workdays for ten more
        self.assertIn("缺", json.dumps(self.plan("--lang", "zh")["shortfalls"], ensure_ascii=False))

    def test_help(self):
        for command in ("solve", "plan", "plan move", "plan pin", "plan unpin", "draw", "draw list", "draw commit",
                        "draw run", "draw verify", "approve", "release", "amend"):
            for lang, example in (("zh", "示例"), ("en", "example")):
                with self.subTest(command=command, lang=lang):
                    text = jiancha.run(*command.split(), "--help", "--lang", lang).out
                    self.assertIn(example, text)
                    self.assertIn(f"jiancha {command}", text)


if __name__ == "__main__":
    jiancha.main()
