"""Photos that are kept: backups with the files they name, a restore that proves them, `verify` that names what is missing
or altered and asks for it again, and retention, which leaves hash and reason (DESIGN section 6)."""
import contextlib
import glob
import hashlib
import os
import shutil
import sqlite3

import jiancha
import relay

INSPECTORS = "hn-t1-01,hn-t1-02"
RECORDS = ("--photos", "0")  # a sync of records alone


class Keeping(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db = cls.path("jiancha.db")
        jiancha.run("init", "--db", cls.db)
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        cls.server = cls.serve(cls.db)
        cls.terminal = jiancha.Terminal(cls.path("terminal.db"))
        cls.terminal.enroll(cls.db, cls.server, "hn-t1-01")
        cls.photos = [cls.photo("hn-001", "door"), cls.photo("hn-002", "site")]
        cls.terminal.sync(*RECORDS)
        cls.terminal.run("upload")
        cls.terminal.sync(*RECORDS)

    @classmethod
    def photo(cls, unit, name):
        """The content of the photo of a new record at the unit."""
        path = cls.path(f"{name}.jpg")
        content = b"\xff\xd8\xff" + name.encode() * 5000
        with open(path, "wb") as file:
            file.write(content)
        cls.terminal.run("inspect", "--ad-hoc", unit, "--start", "08:00", "--end", "08:20", "--inspectors", INSPECTORS,
                         "--signed", "王某", "--reason", "群众举报", "--photo", path)
        return content

    @staticmethod
    def place(folder, content):
        name = hashlib.sha256(content).hexdigest()
        return os.path.join(folder, "1", name[:2], name[2:])

    def copy(self, name):
        """The database and its photos, restored under another name: a test may damage it."""
        backup, db = self.path(f"{name}.backup"), self.path(f"{name}.db")
        jiancha.run("backup", backup, "--db", self.db)
        jiancha.run("restore", backup, "--db", db)
        return db, f"{db}.blobs"

    def faults(self, db, *options, expect=1):
        rows = jiancha.listing(jiancha.run("verify", *options, "--db", db, "--format", "json", expect=expect), "verify")
        return sorted(row["text"] for row in rows if row["check"] == "blobs")

    @staticmethod
    def missing(db):
        rows = jiancha.listing(jiancha.run("blob", "list", "--missing", "--db", db, "--format", "json"), "blob")
        return sorted(row["unit_id"] for row in rows)

    def test_backup(self):
        """A backup has the files; the next one shares them; what is damaged in the database's folder is named."""
        first, second, third = (self.path(f"backup-{i}") for i in range(3))
        said = jiancha.run("backup", first, "--db", self.db).out
        self.assertIn("attachments: 2, of them 2 copied and 0 shared", said)
        for content in self.photos:
            with open(self.place(os.path.join(first, "blobs"), content), "rb") as file:
                self.assertEqual(file.read(), content)
        said = jiancha.run("backup", second, "--previous", first, "--db", self.db).out
        self.assertIn("attachments: 2, of them 0 copied and 2 shared", said)
        for content in self.photos:
            self.assertTrue(os.path.samefile(self.place(os.path.join(first, "blobs"), content),
                                             self.place(os.path.join(second, "blobs"), content)))
        self.assertEqual(glob.glob(os.path.join(first, "blobs", "incoming", "*")), [])

        db, blobs = self.copy("damaged")
        os.remove(self.place(blobs, self.photos[0]))
        result = jiancha.run("backup", third, "--db", db, expect=1)
        self.assertIn("1 attachment missing or altered", result.err)
        self.assertIn("hn-001", result.err)
        self.assertTrue(os.path.exists(os.path.join(third, "manifest")))

    def test_restore(self):
        """Whole files come back; a damaged backup gives what is good and says what is not."""
        backup, db = self.path("whole"), self.path("whole.db")
        jiancha.run("backup", backup, "--db", self.db)
        said = jiancha.run("restore", backup, "--db", db).out
        self.assertIn("attachments: 2, of them 2 restored", said)
        self.assertEqual(self.faults(db, expect=0), [])

        kept = self.path("kept.db")  # the disk of the photos survived
        shutil.copytree(f"{db}.blobs", f"{kept}.blobs")
        self.assertIn("of them 0 restored and 2 already there", jiancha.run("restore", backup, "--db", kept).out)

        with open(self.place(os.path.join(backup, "blobs"), self.photos[1]), "r+b") as file:
            file.write(b"\xff\xd8\xfe")
        partly = self.path("partly.db")
        result = jiancha.run("restore", backup, "--db", partly, expect=1)
        self.assertIn("hn-002", result.err)
        self.assertIn("was altered", result.err)
        self.assertEqual(self.missing(partly), ["hn-002"])
        self.assertEqual(self.faults(partly, expect=0), [])

    def test_verify(self):
        """What is missing or altered is named; only with --ask-again it counts as missing, and the altered file stays."""
        db, blobs = self.copy("verified")
        self.assertIn("2 attachments", jiancha.run("verify", "--db", db).out)
        os.remove(self.place(blobs, self.photos[0]))
        altered = self.place(blobs, self.photos[1])
        with open(altered, "r+b") as file:
            file.seek(100)
            file.write(b"!")
        faults = self.faults(db)
        self.assertEqual(len(faults), 2)
        self.assertRegex("\n".join(faults), r"\(hn-001\) is missing")
        self.assertRegex("\n".join(faults), r"\(hn-002\) was altered")
        self.assertEqual(self.missing(db), [])
        self.assertEqual(self.faults(db), faults)

        self.assertEqual(self.faults(db, "--ask-again"), faults)
        self.assertEqual(self.missing(db), ["hn-001", "hn-002"])
        self.assertFalse(os.path.exists(altered))
        self.assertTrue(os.path.exists(altered + ".altered"))
        self.assertEqual(self.faults(db, expect=0), [])
        lost = [row["detail"] for row in jiancha.listing(
            jiancha.run("log", "list", "--act", "blob.lose", "--db", db, "--format", "json"), "log")]
        self.assertEqual(sorted(lost), ["its content was altered", "its file is missing"])

    def test_verify_sizes(self):
        """A row that says another size than its file has is named; nothing is asked for again, since the file is good."""
        db, _ = self.copy("missized")
        with contextlib.closing(sqlite3.connect(db)) as connection, connection:
            connection.execute("UPDATE blob SET size_bytes = 7 WHERE sha256 = ?",
                               (hashlib.sha256(self.photos[0]).digest(),))
        for more in ((), ("--ask-again",)):
            faults = self.faults(db, *more)
            self.assertEqual(len(faults), 1)
            self.assertRegex(faults[0], r"\(hn-001\) has another size than the database says")
        self.assertEqual(self.missing(db), [])

    def test_retention(self):
        """Contents go, hash and reason stay; the chain verifies; nothing is asked for again."""
        db, blobs = self.copy("retained")

        def delete(kind, *options, before="2023-01-04", expect=0):
            result = jiancha.run("retention", "delete", "--before", before, "--kind", kind, "--reason", "保存期满",
                                 *options, "--db", db, "--format", "json", expect=expect, now="2030-01-01T08:00:00+08:00")
            return jiancha.listing(result, "retention")[0] if expect == 0 else result

        self.assertEqual(delete("blobs", before="2023-01-03")["count"], 0)
        counted = delete("blobs", "--dry-run")
        self.assertEqual((counted["count"], counted["bytes"], counted["deleted"]),
                         (2, sum(map(len, self.photos)), False))
        self.assertTrue(os.path.exists(self.place(blobs, self.photos[0])))
        self.assertEqual(delete("blobs")["count"], 2)
        self.assertEqual([os.path.exists(self.place(blobs, content)) for content in self.photos], [False, False])
        self.assertEqual(self.missing(db), [])
        record = jiancha.query(db, "SELECT lower(hex(inspection_id)) FROM inspection WHERE unit_id = 'hn-001'")[0][0]
        shown = jiancha.listing(jiancha.run("blob", "list", "--record", record, "--db", db, "--format", "json"), "blob")
        self.assertEqual([(row["state"], row["reason"]) for row in shown], [("deleted", "保存期满")])

        self.assertEqual(delete("bodies")["count"], 2)
        self.assertEqual(jiancha.query(db, "SELECT COUNT(*) FROM operation WHERE body IS NULL AND deleted_why = '保存期满'"),
                         [(2,)])
        jiancha.run("verify", "--db", db)
        acts = jiancha.listing(jiancha.run("log", "list", "--act", "retention.", "--db", db, "--format", "json"), "log")
        self.assertEqual([row["object"] for row in acts], ["bodies < 2023-01-04", "blobs < 2023-01-04"])
        for wrong in (("blobs", "--before", "2031-01-01"), ("photos",), ("blobs", "--reason", "")):
            delete(*wrong, expect=2)

    def terminal_of_its_own(self, name, db):
        """A server on the database, and a terminal with one photo that the server acknowledged."""
        server = jiancha.Server(db, self.path(f"{name}.log"))
        self.addCleanup(server.stop)
        terminal = jiancha.Terminal(self.path(f"{name}.terminal"))
        terminal.enroll(db, server, "hn-t1-01")
        path = self.path(f"{name}.jpg")
        with open(path, "wb") as file:
            file.write(b"\xff\xd8\xff" + name.encode() * 9000)
        terminal.run("inspect", "--ad-hoc", "hn-006", "--start", "08:00", "--end", "08:20", "--inspectors", INSPECTORS,
                     "--signed", "王某", "--reason", "群众举报", "--photo", path)
        terminal.sync(*RECORDS)
        self.assertEqual(terminal.rows("upload")[0]["blobs"], 1)
        return server, terminal, path

    def test_backed_up_with_photos(self):
        """A record counts as backed up when its photos are in the backup, too; a photo that cannot be copied is none."""
        db = self.path("mark.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        server, terminal, path = self.terminal_of_its_own("mark", db)
        late = self.path("late.jpg")
        with open(late, "wb") as file:
            file.write(b"\xff\xd8\xff" + b"late" * 9000)
        terminal.run("inspect", "--ad-hoc", "hn-007", "--start", "09:00", "--end", "09:20", "--inspectors", INSPECTORS,
                     "--signed", "王某", "--reason", "群众举报", "--photo", late)
        terminal.run("inspect", "--ad-hoc", "hn-008", "--start", "10:00", "--end", "10:20", "--inspectors", INSPECTORS,
                     "--signed", "王某", "--reason", "群众举报")
        terminal.sync(*RECORDS)

        def held_back(name, expect=0):
            """Records that the terminal would not be wiped of after this backup."""
            said = jiancha.run("backup", self.path(f"mark {name}"), "--db", db, expect=expect)
            terminal.sync(*RECORDS)
            rows = jiancha.listing(terminal.run("wipe", "--dry-run", "--format", "json", expect=None), "wipe")
            return rows[0]["not_backed_up"], "the last" in said.err

        with open(path, "rb") as file:
            first = self.place(f"{db}.blobs", file.read())
        os.rename(first, f"{first}.away")
        self.assertEqual(held_back("gone", expect=1), (3, True), "the photo of hn-006 is not in it")
        os.rename(f"{first}.away", first)
        self.assertEqual(held_back("on its way"), (2, True), "the photo of hn-007, and what came behind it")
        self.assertEqual(terminal.rows("upload")[0]["blobs"], 1)
        self.assertEqual(held_back("whole"), (0, False))
        server.stop()

    @staticmethod
    def acknowledged(terminal):
        return jiancha.query(terminal.store, "SELECT COUNT(*) FROM upload WHERE done_ms IS NOT NULL")[0][0]

    def test_asked_again(self):
        """What the server lost after it had acknowledged it comes back from the terminal that still has it."""
        db = self.path("again.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        server, terminal, path = self.terminal_of_its_own("again", db)
        terminal.sync(*RECORDS)
        self.assertEqual(self.acknowledged(terminal), 1)
        with open(path, "rb") as file:
            os.remove(self.place(f"{db}.blobs", file.read()))
        self.assertEqual(len(self.faults(db, "--ask-again")), 1)
        self.assertEqual(terminal.rows("upload")[0]["blobs"], 0, "it does not know yet")
        terminal.run("check")
        self.assertEqual(self.acknowledged(terminal), 0)
        self.assertEqual(terminal.rows("upload")[0]["blobs"], 1)
        self.assertEqual(self.faults(db, expect=0), [])
        terminal.sync(*RECORDS)
        self.assertEqual(self.acknowledged(terminal), 1)
        server.stop()

    def test_restored_before(self):
        """A server restored from before the photo: the terminal doubts what was acknowledged, and sends it again."""
        db, backup, older = self.path("newer.db"), self.path("older.backup"), self.path("older.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        server, terminal, _ = self.terminal_of_its_own("older", db)
        terminal.sync(*RECORDS)
        server.stop()
        hidden = self.path("hidden")
        os.rename(f"{db}.blobs", hidden)  # a backup that could not have the photo
        jiancha.run("backup", backup, "--with-keys", "--db", db, expect=1)
        jiancha.run("restore", backup, "--db", older, expect=1)
        server.db = older
        server.start()
        self.assertEqual(self.missing(older), ["hn-006"])
        terminal.sync(*RECORDS)
        self.assertEqual(self.acknowledged(terminal), 0)
        self.assertEqual(terminal.rows("upload")[0]["blobs"], 1)
        self.assertEqual(self.missing(older), [])
        terminal.sync(*RECORDS)
        self.assertEqual(self.acknowledged(terminal), 1)

    def test_photos_of_a_recheck(self):
        """A colleague's terminal holds the photos of the record before it leaves for the recheck, over a bad net too; ready
        says the same as the server."""
        db = self.path("recheck.db")
        jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", db)
        server = jiancha.Server(db, self.path("recheck.log"))
        self.addCleanup(server.stop)
        finder, other = jiancha.Terminal(self.path("finder.t")), jiancha.Terminal(self.path("other.t"))
        finder.enroll(db, server, "hn-t1-01")
        other.enroll(db, server, "hn-t1-02")
        contents = [b"\xff\xd8\xff" + bytes([65 + i]) * 400_000 for i in range(2)]
        paths = []
        for index, content in enumerate(contents):
            paths.append(self.path(f"finding-{index}.jpg"))
            with open(paths[-1], "wb") as file:
                file.write(content)
        finder.run("inspect", "--ad-hoc", "hn-001", "--start", "08:00", "--end", "08:20", "--inspectors", INSPECTORS,
                   "--signed", "王某", "--reason", "群众举报", "--finding", "门锁闭", "--outcome", "deadline:2023-01-20",
                   "--photo", paths[0], "--photo", paths[1])
        finder.run("order", "hn-001", "--issued", "09:00", "--signed", "王某")
        finder.sync(*RECORDS)
        fetched = f"{other.store}.blobs"

        self.assertEqual(other.run("ready").code, 0, "the server has no photos yet: everything there is is here")
        self.assertEqual(finder.rows("upload")[0]["blobs"], 2)
        other.sync(*RECORDS)
        check = other.run("check")
        self.assertEqual(check.code, 0, "the listing is the server's, whatever became of the photos")
        net = relay.CuttingRelay(server.port, 7, cuts=8, least=100_000, most=200_000, answers="only")
        self.addCleanup(net.close)
        codes = []
        while not codes or codes[-1] != 0:
            codes.append(other.run("ready", "--server", net.url, expect=None).code)
        self.assertGreater(len(codes), 3)
        self.assertEqual(sorted(os.listdir(fetched)), sorted(hashlib.sha256(content).hexdigest() for content in contents))
        for content in contents:
            with open(os.path.join(fetched, hashlib.sha256(content).hexdigest()), "rb") as file:
                self.assertEqual(file.read(), content)
        self.assertEqual(finder.run("ready").code, 0, "who took them needs no copy")
        self.assertFalse(os.path.exists(f"{finder.store}.blobs"))

        os.remove(os.path.join(fetched, hashlib.sha256(contents[0]).hexdigest()))
        self.assertEqual(other.sync()["photos_fetched"], 1, "a sync fetches what is needed")
        os.remove(os.path.join(fetched, hashlib.sha256(contents[1]).hexdigest()))
        self.assertEqual(other.run("ready").code, 0, "fetched again")
        self.assertEqual(len(os.listdir(fetched)), 2)


if __name__ == "__main__":
    jiancha.main()
