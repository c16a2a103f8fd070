"""What a user of the command line runs into: two agencies in one database, an output that cannot be written."""
import contextlib
import csv
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import jiancha


class TwoAgencies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp()
        cls.db = os.path.join(cls.dir, "two.db")
        cls.neighbour = os.path.join(cls.dir, "bengbu")
        shutil.copytree(jiancha.CASE, cls.neighbour)
        path = os.path.join(cls.neighbour, "agency.csv")
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        rows[1][:2] = ["bengbu", "蚌埠市应急管理局"]
        with open(path, "w", encoding="utf8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        jiancha.run("init", "--db", cls.db)
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        jiancha.run("import", cls.neighbour, "--db", cls.db)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def test_agency_must_be_named(self):
        for command in ("plan", "status", "budget"):
            refused = jiancha.run(command, "--db", self.db, expect=2)
            self.assertIn("--agency", refused.err, command)

    def test_verify_looks_at_every_agency(self):
        well = jiancha.run("verify", "--db", self.db).out
        self.assertIn('agency "huainan"', well)
        self.assertIn('agency "bengbu"', well)
        self.assertNotIn("bengbu", jiancha.run("verify", "--agency", "huainan", "--db", self.db).out)
        head = jiancha.run("verify", "--head", "1:" + "0" * 64, "--db", self.db, expect=2)
        self.assertIn("--agency", head.err)  # a head is one agency's

        forged = os.path.join(self.dir, "forged.db")
        jiancha.run("restore", self.backup("for_forging"), "--db", forged)
        with contextlib.closing(sqlite3.connect(forged)) as db, db:
            db.execute("UPDATE agency_head SET chain_head = randomblob(32) WHERE agency_id ="
                       " (SELECT agency_id FROM agency WHERE code = 'bengbu')")
        rows = jiancha.listing(jiancha.run("verify", "--db", forged, "--format", "json", expect=1), "verify")
        self.assertEqual({(row["check"], row["agency"]) for row in rows}, {("chain", "bengbu")})

    def backup(self, name):
        folder = os.path.join(self.dir, name)
        jiancha.run("backup", folder, "--db", self.db)
        return folder

    def test_calendar_needs_no_agency(self):
        rows = jiancha.listing(jiancha.run("calendar", "2023", "--db", self.db, "--format", "json"), "calendar")
        self.assertEqual({row["source"] for row in rows}, {"calendar"})
        named = jiancha.run("calendar", "2023", "--agency", "bengbu", "--db", self.db, "--format", "json")
        self.assertIn("agency", {row["source"] for row in jiancha.listing(named, "calendar")})
        self.assertIn("--agency", jiancha.run("calendar", "--db", self.db, expect=2).err)

    def test_import_of_another_agency_than_named(self):
        refused = jiancha.run("import", self.neighbour, "--agency", "huainan", "--update", "--db", self.db, expect=2)
        self.assertIn('the case is of the agency "bengbu", not of "huainan"', refused.err)
        jiancha.run("import", self.neighbour, "--agency", "bengbu", "--db", self.db)

    def test_backup_holds_all(self):
        backup, restored = os.path.join(self.dir, "backup"), os.path.join(self.dir, "restored.db")
        jiancha.run("backup", backup, "--db", self.db)
        jiancha.run("restore", backup, "--db", restored)
        codes = jiancha.query(restored, "SELECT code FROM agency ORDER BY 1")
        self.assertEqual(codes, [("bengbu",), ("huainan",)])

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([jiancha.JIANCHA, "audit", "--agency", "huainan", "--db", self.db], stdout=full,
                                  stderr=subprocess.PIPE, env=jiancha.environment(), encoding="utf8", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("the output could not be written in full", done.stderr)


class Refusals(unittest.TestCase):
    def test_values_say_what_is_expected(self):
        cases = [
            (["plan", "--month", "13"], "expected a month, 1 to 12"),
            (["release", "--month", "x"], "expected a month, 1 to 12"),
            (["approve", "--document-no", "1", "--by", "x", "--date", "1.2.2023"], "expected a date like 2023-02-15"),
            (["report", "rates", "--as-of", "x"], "expected a date like 2023-02-15"),
            (["solve", "--time-limit", "x"], "expected seconds"),
            (["plan", "--format", "xml"], "expected table, json or csv"),
            (["plan", "--lang", "fr"], "expected zh or en"),
            (["verify", "--bundle", "x.jcb", "--key", "12"], "expected a public key of 64 hex digits"),
        ]
        for args, words in cases:
            with self.subTest(" ".join(args)):
                self.assertIn(words, jiancha.run(*args, expect=2).err)

    def test_import_of_a_file(self):
        refused = jiancha.run("import", os.path.join(jiancha.CASE, "agency.csv"), "--db", self.db(), expect=2)
        self.assertIn("is not a folder", refused.err)

    def test_details_are_for_who_asks(self):
        db = self.db()
        with open(db, "wb") as file:
            file.write(b"no database" * 1000)
        quiet = jiancha.run("status", "--db", db, expect=3).err
        self.assertNotIn("sqlite", quiet)
        self.assertIn("JIANCHA_VERBOSE", quiet)
        self.assertIn("sqlite", jiancha.run("status", "--db", db, env={"JIANCHA_VERBOSE": "1"}, expect=3).err)
        self.assertIn("JIANCHA_VERBOSE", jiancha.run("--help").out)

    # --- help -------------------------------------------------------------------------------------------

    @staticmethod
    def subcommands(text):
        listed = text.split("\ncommands:\n")[1:]
        return [line.split()[0] for line in listed[0].split("\n\n")[0].splitlines()] if listed else []

    def commands(self, *words):
        for name in self.subcommands(jiancha.run(*words, "--help").out):
            yield [*words, name]
            yield from self.commands(*words, name)

    def test_help_of_every_command(self):
        """Each command has help of its own, which names the same options in both languages; what misuse points at
        is that help."""
        found = list(self.commands())
        self.assertGreater(len(found), 90)
        for words in found:
            with self.subTest(" ".join(words)):
                english = jiancha.run(*words, "--help").out
                chinese = jiancha.run(*words, "--help", env={"JIANCHA_LANG": "zh"}).out
                self.assertTrue(english.startswith("jiancha " + " ".join(words) + " — "), english)
                self.assertTrue(chinese.startswith("jiancha " + " ".join(words) + " — "), chinese)
                self.assertEqual(set(re.findall("--[a-z][a-z-]*", english)), set(re.findall("--[a-z][a-z-]*", chinese)))
        self.assertIn("jiancha terminal draft save --help", jiancha.run("terminal", "--store", "x.t", "draft", "save",
                                                                        expect=2).err)

    def db(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        db = os.path.join(folder.name, "a.db")
        jiancha.run("init", "--db", db)
        return db


class People(unittest.TestCase):
    def test_name_of_an_inspector_is_the_register_s(self):
        with tempfile.TemporaryDirectory() as folder:
            db = os.path.join(folder, "a.db")
            jiancha.run("init", "--db", db)
            jiancha.run("import", jiancha.CASE, "--db", db)
            jiancha.run("person", "add", "one", "--role", "inspector", "--inspector", "hn-t1-01", "--db", db)
            jiancha.run("person", "add", "two", "--role", "planner", "--db", db)
            people = jiancha.listing(jiancha.run("person", "list", "--db", db, "--format", "json"), "person")
            names = {person["login"]: person["name"] for person in people}
            self.assertEqual((names["one"], names["two"]), ("示例执法员01", "two"))


if __name__ == "__main__":
    jiancha.main()
