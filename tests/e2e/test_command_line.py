"""What a user of the command line runs into: two agencies in one database, an output that cannot be written."""
import csv
import os
import shutil
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
