"""scripts/demo --once against the real programs, and then the figures of its database.

The story is told once; every test looks at what it left behind through the command line, the terminals' stores
and, where a figure must hold for rows nobody lists, the tables themselves."""
import collections
import datetime
import glob
import os
import re
import signal
import subprocess

import jiancha

DEMO = os.path.join(jiancha.ROOT, "scripts", "demo")
AS_OF = "2023-02-08"  # the day on which the story ends

# DESIGN section 10: line, stated, computed, cause. Exactly these.
FINDINGS = {
    ("hn-t2-N2", 124, 130, "direct"), ("hn-t3-O8", 113, 123, "direct"), ("hn-em-O2c4", 6, 3, "direct"),
    ("hn-em-N", 296, 291, "direct"), ("hn-em-S", 750, 747, "direct"),
    ("hn-t2-N", 228, 222, "consequence"), ("hn-t3-O", 380, 390, "consequence"), ("hn-em-O2c", 30, 27, "consequence"),
    ("hn-em-O2", 95, 92, "consequence"), ("hn-em-O", 418, 415, "consequence"), ("hn-t3-V", 90, 80, "consequence"),
    ("hn-em-V", 36, 44, "consequence"), ("hn-all-S", 9960, 9963, "consequence"),
}
WORKDAYS = {"hn-t1": 299, "hn-t2": 120, "hn-t3": 90, "hn-em": 36, "hn-hr": 36}


def demo(folder, *options, **popen):
    """The process of scripts/demo in a session of its own, telling its story in English into a pipe."""
    command = [DEMO, "--no-build", "--dir", folder, *options]
    env = jiancha.environment(JIANCHA_BIN=jiancha.BIN)
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf8",
                            start_new_session=True, **popen)


def left_behind(session):
    """Processes of the session that still run."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf8", errors="replace") as file:
                text = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, _, its_session = text.rsplit(")", 1)[1].split()[:4]
        if int(its_session) == session and state != "Z":
            found.append(text)
    return found


class Story(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.path("demo")
        with demo(folder, "--once", "--port", str(jiancha.free_port())) as process:
            cls.said, _ = process.communicate()
        if process.returncode != 0:
            raise AssertionError(f"scripts/demo ended with {process.returncode}:\n{cls.said}")
        cls.session = process.pid
        cls.db = os.path.join(folder, "jiancha.db")
        cls.terminals = {os.path.basename(path)[:-3]: jiancha.Terminal(path)
                         for path in glob.glob(os.path.join(folder, "hn-*.db"))}
        cls.plan = cls.ask("plan")

    @classmethod
    def ask(cls, *args, **options):
        return jiancha.run(*args, "--db", cls.db, "--format", "json", **options).json

    def query(self, sql, *values):
        return jiancha.query(self.db, sql, *values)

    def tasks(self):
        """(team, row) of every task on the two terminals."""
        return [(team, row) for team, terminal in self.terminals.items() for row in terminal.rows("tasks")]

    # --- the plan ---

    def test_audit(self):
        found = self.ask("audit", expect=1)["findings"]
        self.assertEqual({(f["line_id"], f["stated"], f["computed"], f["cause"]) for f in found}, FINDINGS)
        self.assertEqual(len(found), len(FINDINGS))

    def test_budget(self):
        rows = [row for row in self.ask("budget")["budget"] if row["month"] == 0 and row["team_id"] in WORKDAYS]
        self.assertEqual({row["team_id"]: row["need"] for row in rows}, WORKDAYS)
        self.assertEqual({row["team_id"]: row["supervision"] for row in rows}, WORKDAYS)
        self.assertEqual(sum(row["key_units"] for row in rows), 97)
        self.assertEqual(sum(row["general_units"] for row in rows), 28)

    def test_plan(self):
        visits = self.plan["visits"]
        self.assertEqual(len(visits), 157)
        self.assertEqual(len({visit["visit_id"] for visit in visits}), 157)
        load = collections.Counter()
        for visit in visits:
            load[visit["lead_team"]] += visit["persons"] * visit["days"]
            for joined in visit["joined"]:
                load[joined["team"]] += joined["persons"] * joined["days"]
        self.assertEqual(dict(load), WORKDAYS)
        self.assertEqual(sum(load.values()), 581)
        self.assertEqual(self.plan["solve"]["tiers"], {"unserved": 0, "over": 0, "quota": 0})
        self.assertEqual(self.plan["shortfalls"], [])
        self.assertEqual((self.plan["plan"]["version"], self.plan["plan"]["status"]), (1, "approved"))

    # --- tasks ---

    def test_released(self):
        """January's visits that have a unit, and nothing else, became tasks; what is not drawn waits."""
        january = {visit["visit_id"]: visit for visit in self.plan["visits"] if visit["month"] == 1}
        named = {name for name, visit in january.items() if visit["unit_id"]}
        tasks = self.query("SELECT visit_id, kind, team_id, due_on FROM task WHERE visit_id IS NOT NULL")
        leads = [task for task in tasks if task[1] == 1]
        self.assertEqual(sorted(task[0] for task in leads), sorted(named))
        self.assertTrue(all(task[2] == january[task[0]]["lead_team"] for task in leads))
        self.assertEqual({task[3] for task in tasks}, {"2023-01-31"})
        joint = [(name, joined["team"]) for name in named for joined in january[name]["joined"]]
        self.assertEqual(sorted((task[0], task[2]) for task in tasks if task[1] == 2), sorted(joint))
        released = {visit["visit_id"] for visit in self.plan["visits"] if visit["status"] != "planned"}
        self.assertEqual(released, named)

    def test_terminals_hold_their_team_alone(self):
        self.assertEqual(len(self.terminals), 2)
        for team, row in self.tasks():
            owner = self.query("SELECT team_id FROM task WHERE hex(task_id) = ?", row["task_id"].replace("-", "").upper())
            self.assertTrue(owner == [(team,)] or (row["kind"] == "ad_hoc" and not row["task_id"]), row)
            self.assertEqual((row["unsent"], row["attention"]), (0, ""), row)

    # --- records ---

    def test_every_record_once(self):
        made = len(re.findall(r"^\$ jiancha terminal .* inspect ", self.said, re.MULTILINE))
        self.assertGreaterEqual(made, 6)
        counts = jiancha.status(self.db)
        self.assertEqual((counts["inspections"], counts["orders"], counts["reviews_open"]), (made, 1, 0))
        self.assertEqual(counts["operations"], made + 2, "inspections, an order, a recheck")
        for distinct in ("inspection_id", "op_key", "COALESCE(task_id, inspection_id)", "document_no"):
            self.assertEqual(self.query(f"SELECT COUNT(DISTINCT {distinct}) FROM inspection"), [(made,)], distinct)
        self.assertEqual(self.query("SELECT COUNT(*) FROM inspection WHERE is_record = 0 OR late = 1"), [(0,)])

    def test_what_terminals_hold_as_sent_is_there(self):
        """Every record a terminal has a receipt for is in the database, each once: kill -9 lost and doubled nothing."""
        held = [row["record_id"].replace("-", "").upper() for _, row in self.tasks()
                if row["record_id"] and row["kind"] != "recheck"]
        stored = [row[0] for row in self.query("SELECT hex(inspection_id) FROM inspection")]
        self.assertEqual(sorted(held), sorted(stored))
        own = [row[0] for terminal in self.terminals.values()
               for row in jiancha.query(terminal.store, "SELECT hex(operation_id) FROM operation")]
        self.assertEqual(sorted(own), sorted(row[0] for row in self.query("SELECT hex(id) FROM operation")))

    def test_kill(self):
        """The counts the story printed around each kill: the lost answer had been stored, the lost request not."""
        counts = [tuple(map(int, re.findall(r"(?:terminals|records|done) +(\d+)", line)))
                  for line in self.said.splitlines() if "←" in line]
        self.assertEqual(len(counts), 5)
        before, killed, again, killed_in_body, at_last = counts
        sent = killed[1] - before[1]
        self.assertGreater(sent, 0)
        self.assertEqual(killed, tuple(number + sent for number in before))
        self.assertEqual(again, killed)
        self.assertEqual(killed_in_body, again)
        self.assertEqual(at_last, tuple(number + 1 for number in again))
        self.assertEqual(self.said.count("it is safe to sync again"), 2)

    def test_repeated_request(self):
        self.assertRegex(self.said, r"repeated 3 operations|3 operations .*(twice|same)")

    # --- orders and rechecks ---

    def test_order_and_rechecks(self):
        """One order of two findings; the recheck is due 10 calendar days behind the latest deadline (parameters.csv),
        for the original inspectors; what it left open has another recheck."""
        findings = self.query("SELECT outcome, corrected_on IS NOT NULL FROM finding ORDER BY finding_key")
        self.assertEqual(findings, [(2, 1), (2, 0), (1, 1)], "by deadline, by deadline, corrected on site")
        (ordered,) = self.query("SELECT deadline_on, inspection_id FROM rectification_order")
        (inspection,) = self.query("SELECT team_id, inspector_ids FROM inspection WHERE inspection_id = ?", ordered[1])
        (recheck,) = self.query("SELECT due_on, done_on, passed, is_record FROM recheck")
        due = str(datetime.date.fromisoformat(ordered[0]) + datetime.timedelta(days=10))
        self.assertEqual((ordered[0], recheck), ("2023-02-03", (due, "2023-02-07", 0, 1)))
        (moved,) = self.query("SELECT deadline_on FROM finding WHERE order_id IS NOT NULL AND corrected_on IS NULL")
        next_due = str(datetime.date.fromisoformat(moved[0]) + datetime.timedelta(days=10))
        tasks = self.query("SELECT state, due_on, team_id, inspector_ids FROM task WHERE kind = 3 ORDER BY due_on")
        self.assertEqual(tasks, [(2, due, *inspection), (1, next_due, *inspection)])
        self.assertEqual((moved[0], next_due), ("2023-02-17", "2023-02-27"))

    def test_documents(self):
        for words in ("INSPECTION RECORD", "RECTIFICATION ORDER", "RECHECK OPINION", "应急检记〔2023〕1号",
                      "应急责改〔2023〕1号", "应急复查〔2023〕1号"):
            self.assertIn(words, self.said)
        used = self.query("SELECT 1, document_year, document_no FROM inspection UNION ALL"
                          " SELECT 2, document_year, document_no FROM rectification_order UNION ALL"
                          " SELECT 3, document_year, document_no FROM recheck")
        self.assertEqual(len(used), len(set(used)))
        for kind, year, number in used:
            blocks = self.query("SELECT COUNT(*) FROM number_block WHERE kind = ? AND year = ? AND ? BETWEEN first_number"
                                " AND last_number AND SUBSTR(used, ? - first_number + 1, 1) = '1'", kind, year, number,
                                number)
            self.assertEqual(blocks, [(1,)], f"{kind}-{year}-{number} is used in one terminal's block")

    # --- reports ---

    def test_completion(self):
        rows = {(row["team_id"], row["month"]): row for row in self.ask("report", "completion", "--as-of", AS_OF)["completion"]}
        year = rows["", 0]
        done = {(team, month): count for team, month, count in self.query(
            "SELECT v.lead_team, v.month, COUNT(*) FROM inspection i JOIN task t ON t.task_id = i.task_id AND t.kind = 1"
            " JOIN visit v ON v.visit_id = t.visit_id GROUP BY 1, 2")}
        january = [visit for visit in self.plan["visits"] if visit["month"] == 1]
        self.assertEqual((year["planned"], year["planned_workdays"]), (157, 581))
        self.assertEqual(year["done"], sum(done.values()))
        self.assertEqual(year["overdue"], len(january) - sum(done.values()))
        self.assertEqual((year["ad_hoc"], year["ad_hoc_workdays"]), (1, 1))
        for team, workdays in WORKDAYS.items():
            self.assertEqual(rows[team, 0]["planned_workdays"], workdays, team)
            self.assertEqual(rows[team, 0]["done"], done.get((team, 1), 0), team)
        used = self.query("SELECT SUM(i.workdays_centi) FROM inspection i JOIN task t USING (task_id) WHERE t.kind = 1")
        self.assertEqual(year["used_workdays"] * 100, used[0][0])

    def test_rates(self):
        rates = {row["name"]: (row["numerator"], row["denominator"])
                 for row in self.ask("report", "rates", "--as-of", AS_OF)["rates"]}
        done = self.query("SELECT COUNT(*) FROM inspection i JOIN task t USING (task_id) WHERE t.kind = 1")[0][0]
        january = sum(visit["month"] == 1 for visit in self.plan["visits"])
        self.assertEqual(rates["visit_completion"], (done, january))
        self.assertEqual(rates["frequency_completion"], (done, 157))
        self.assertEqual(rates["coverage"], (done, 125))
        self.assertEqual(rates["violations_handled"], (3, 3))

    def test_overdue(self):
        rows = self.ask("report", "overdue", "--as-of", AS_OF)["overdue"]
        done = {row[0] for row in self.query("SELECT visit_id FROM task WHERE kind = 1 AND state = 2")}
        january = {visit["visit_id"] for visit in self.plan["visits"] if visit["month"] == 1}
        self.assertEqual({row["visit_id"] for row in rows}, january - done)
        self.assertEqual({(row["due_on"], row["days_overdue"]) for row in rows}, {("2023-01-31", 8)})
        later = self.ask("report", "overdue", "--as-of", "2023-03-01")["overdue"]
        self.assertEqual([row["due_on"] for row in later if row["kind"] == "recheck"], ["2023-02-27"])

    # --- the whole ---

    def test_verify(self):
        self.assertEqual(self.ask("verify")["verify"], [])
        self.assertIn("1 head compared", self.said)

    def test_reports_take_the_head_along(self):
        """A month's report kept outside proves later that nothing before it was changed (DESIGN section 6)."""
        heads = {self.ask("report", name)["chain_head"] for name in ("completion", "rates", "overdue")}
        self.assertEqual(len(heads), 1)
        head = heads.pop()
        self.assertEqual(self.ask("verify", "--head", head)["verify"], [])
        self.assertTrue(self.ask("verify", "--head", head[:-1] + ("0" if head[-1] != "0" else "1"), expect=1)["verify"])

    def test_nothing_left_behind(self):
        self.assertEqual(left_behind(self.session), [])


class Ends(jiancha.Test):
    """However scripts/demo ends, it leaves no process behind and nobody else's files changed."""

    def refused(self, words, *options, folder):
        with demo(folder, *options) as process:
            said, _ = process.communicate()
        self.assertEqual(process.returncode, 2, said)
        self.assertIn(words, said)

    def test_foreign_folder(self):
        folder = self.path("letters")
        os.mkdir(folder)
        with open(os.path.join(folder, "letter"), "w", encoding="utf8") as file:
            file.write("dear")
        self.refused("is left alone", "--once", "--port", str(jiancha.free_port()), folder=folder)
        self.assertEqual(os.listdir(folder), ["letter"])

    def test_port_in_use(self):
        with jiancha.listener() as taken:
            self.refused("in use", "--once", "--port", str(taken.getsockname()[1]), folder=self.path("port"))
        self.assertFalse(os.path.exists(self.path("port")))

    def test_wrong_use(self):
        for options in (["--port", "x"], ["--port"], ["--twice"]):
            with self.subTest(" ".join(options)):
                self.refused("scripts/demo", *options, folder=self.path("wrong"))

    def interrupt(self, words, number):
        """Sends the signal to the whole session, as a terminal does, once the story says `words`."""
        folder = self.path("interrupted")  # each round replaces the folder of the one before
        with demo(folder, "--port", str(jiancha.free_port())) as process:
            for line in process.stdout:
                if words in line:
                    break
            else:
                self.fail(f"the story never said {words!r}")
            os.killpg(process.pid, number)
            process.stdout.read()
        self.assertEqual(process.returncode, 128 + number)
        self.assertEqual(left_behind(process.pid), [])

    def test_interrupted(self):
        for words, number in (("jiancha import", signal.SIGINT), ("jiancha solve", signal.SIGINT),
                              ("jiancha terminal", signal.SIGINT), ("server is killed", signal.SIGINT),
                              ("Ctrl-C ends it", signal.SIGINT), ("Ctrl-C ends it", signal.SIGHUP)):
            with self.subTest(f"{signal.Signals(number).name} at {words!r}"):
                self.interrupt(words, number)


if __name__ == "__main__":
    jiancha.main()
