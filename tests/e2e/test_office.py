"""The office's side of sync with the real programs: a stick instead of a network, reviews, tasks, devices, keys, the
audit log, evidence that leaves the building, a record handed in as JSON, and a database somebody has altered."""
import base64
import contextlib
import json
import os
import shutil
import sqlite3
import urllib.error
import urllib.request
import uuid

import jiancha


class Office(jiancha.January):
    def setUp(self):
        super().setUp()
        self.first, self.second = self.inspectors
        self.one = self.terminal(self.first, "1")
        self.task = next(row["task_id"] for row in self.one.rows("tasks", "--open") if row["kind"] == "visit")

    def office(self, *args, **options):
        return jiancha.run(*args, "--db", self.db, **options)

    def rows(self, command, *args):
        return jiancha.listing(self.office(command, *args, "--format", "json"), command)

    def inspect(self, terminal, *more, start="08:00", end="08:20"):
        terminal.run("inspect", self.task, "--start", start, "--end", end, "--inspectors", self.people, "--signed",
                     "张三:安全总监", *more)

    def records(self):
        return jiancha.query(self.db, "SELECT COUNT(*), COALESCE(SUM(is_record), 0) FROM inspection")[0]

    def state(self):
        return jiancha.query(self.db, "SELECT state FROM task WHERE hex(task_id) = ?",
                             self.task.replace("-", "").upper())[0][0]

    def is_sound(self):
        self.assertEqual(self.rows("verify"), [])

    # --- a stick instead of a network -------------------------------------------------------------------

    def test_stick(self):
        bundle, receipt = self.path("work.jcb"), self.path("receipt.jcb")
        self.inspect(self.one)
        self.one.run("bundle", bundle)
        with open(bundle, "rb") as file:
            content = file.read()
        for name, altered in (("cut", content[:-40]), ("altered", content[:200] + bytes([content[200] ^ 1])
                                                       + content[201:]), ("empty", b"")):
            wrong = self.path(f"{name}.jcb")
            with open(wrong, "wb") as file:
                file.write(altered)
            self.office("ingest", wrong, expect=(1, 2, 3))
            self.assertEqual(self.records(), (0, 0), name)
        for _ in range(2):
            taken = self.office("ingest", bundle, "--receipt", receipt)
            self.assertRegex(taken.out, r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12} +accepted")
            self.assertEqual(self.records(), (1, 1))
        with open(receipt, "rb") as file:
            content = file.read()
        with open(self.path("wrong-receipt.jcb"), "wb") as file:
            file.write(content[:60] + bytes([content[60] ^ 1]) + content[61:])
        self.one.run("accept", self.path("wrong-receipt.jcb"), expect=(1, 2, 3))
        for _ in range(2):
            self.one.run("accept", receipt)
        self.assertEqual(self.one.sync()["unsent"], 0)
        self.assertEqual(self.records(), (1, 1))
        self.is_sound()

    # --- reviews and tasks ------------------------------------------------------------------------------

    def conflict(self, *more):
        """Two terminals work on one task; the second's record lies beside the first's. Its review's number."""
        two = self.terminal(self.second, "2")
        self.inspect(self.one)
        self.inspect(two, *more, start="08:05", end="08:25")
        self.one.sync()
        two.sync()
        self.assertEqual(self.records(), (2, 1))
        row = self.rows("review", "list")[0]
        return str(row["review"] if "review" in row else row["review_id"]), two

    def test_link(self):
        review, two = self.conflict()
        shown = self.office("review", "show", review).out
        self.assertIn("has its record already", shown)
        self.assertIn("2023-01-03T08:05:00+08:00", shown)
        self.assertIn("2023-01-03T08:00:00+08:00", shown)
        first = str(uuid.UUID(bytes=jiancha.query(
            self.db, "SELECT inspection_id FROM inspection WHERE is_record = 1")[0][0]))
        self.office("review", "link", review, "--to", first, "--note", "同一次检查")
        self.assertEqual(jiancha.query(self.db, "SELECT linked_to FROM inspection WHERE is_record = 0")[0][0],
                         uuid.UUID(first).bytes)
        self.assertEqual(self.rows("review", "list"), [])
        self.office("review", "accept", review, expect=2)
        self.assertIn("does not take this value", self.office("review", "link", review, "--to", "x", expect=2).err)
        told = [(row["command"], row["result"], row["note"]) for row in two.sync()["results"]]
        self.assertEqual(told, [("submit_inspection", "linked", "同一次检查")])
        self.assertEqual(two.sync()["results"], [], "told once")
        self.is_sound()

    def test_record_of_a_task_that_left(self):
        """Reassigned and done by others meanwhile: the inspector still sees what became of the own record, and that
        it was no ad hoc inspection; the planner sees the decision in words."""
        two = self.terminal("hn-t2-01", "2")
        self.inspect(self.one)
        self.office("task", "reassign", self.task, "--to", "hn-t2", "--reason", "人手不足")
        two.sync()
        two.run("inspect", self.task, "--start", "08:05", "--end", "08:25", "--inspectors", "hn-t2-01,hn-t2-02",
                "--signed", "张三:安全总监")
        two.sync()
        self.one.sync()
        (row,) = [row for row in self.one.rows("tasks") if row["task_id"] == self.task]
        self.assertEqual((row["kind"], row["state"], row["local"]), ("", "gone", "done"))
        self.assertIn("has its record already", row["attention"])
        review = str(self.rows("review", "list")[0]["review_id"])
        self.office("review", "reject", review, "--note", "以先到的为准")
        shown = self.office("review", "show", review).out
        self.assertIn("not accepted by review", shown)
        self.assertIn(row["record_id"], shown)
        self.one.sync()
        (row,) = [row for row in self.one.rows("tasks") if row["task_id"] == self.task]
        self.assertIn("以先到的为准", row["attention"])
        self.is_sound()

    def test_reject_then_accept(self):
        """The inspector reads the decision with the next sync, and at the task, where an order that waits for the
        record does not hide it."""
        review, two = self.conflict("--finding", "未培训", "--outcome", "deadline:2023-02-15")
        two.run("order", self.task)
        two.sync()
        self.office("review", "reject", review, expect=2)
        self.office("review", "reject", review, "--note", "以先到的为准")
        self.assertRegex(two.run("sync").out, "inspection record .*not accepted by review +以先到的为准")
        (row,) = [row for row in two.rows("tasks") if row["task_id"] == self.task]
        self.assertEqual(row["attention"], "not_accepted: 以先到的为准")
        self.assertEqual(self.records(), (2, 1))
        self.assertEqual(len(self.rows("review", "list", "--closed")), 1)
        self.is_sound()

    def test_tasks(self):
        self.office("task", "recall", self.task, expect=2)
        self.office("task", "recall", self.task, "--reason", "企业停产")
        self.assertEqual(self.state(), 4)
        self.office("task", "reopen", self.task, "--note", "已复产")
        self.assertEqual(self.state(), 1)
        self.office("task", "reassign", self.task, "--to", "hn-t2", "--reason", "人手不足")
        self.one.sync()
        self.assertNotIn(self.task, [row["task_id"] for row in self.one.rows("tasks", "--open")])
        self.assertIn(self.task, [row["task_id"] for row in self.rows("task", "list", "--team", "hn-t2")])
        acts = [row["act"] for row in self.rows("log", "list")]
        for act in ("task.recall", "task.reopen", "task.reassign"):
            self.assertEqual(acts.count(act), 1, act)
        self.is_sound()

    # --- devices and keys -------------------------------------------------------------------------------

    def test_devices(self):
        board = self.rows("device", "board")
        self.assertEqual(len(board), 1)
        device = board[0]["device_id"]
        self.office("device", "rename", device, "一号终端")
        self.assertIn("一号终端", self.office("device", "list").out)
        self.office("device", "rebuild", device)
        self.inspect(self.one)
        self.office("device", "revoke", device, "--reason", "遗失")
        self.one.run("sync", expect=(1, 2, 3))
        self.assertEqual(self.records(), (0, 0))
        code = jiancha.listing(self.office("device", "invite", "--inspector", self.first, "--format", "json"),
                               "device")[0]["code"]
        self.one.run("enroll", "--server", self.server.url, "--code", code, "--name", self.first, "--again")
        self.one.sync()
        self.assertEqual(self.records(), (1, 1), "what was not sent when the device was revoked is not lost")
        self.is_sound()

    def test_one_device(self):
        self.one.run("check")
        self.one.sync()
        board = self.rows("device", "board")[0]
        one = self.rows("device", "show", board["device_id"])
        self.assertEqual(one, self.rows("device", "show", board["name"]), "by name as by id")
        self.assertEqual({name: one[0][name] for name in board}, board, "what the board says of it")
        self.assertEqual((one[0]["state"], one[0]["digest"], one[0]["revoked_at"]), ("up_to_date", "matched", None))
        for language, words in (("en", ("up to date", "matches")), ("zh", ("资料核对", "一致"))):
            shown = self.office("device", "show", board["name"], env={"JIANCHA_LANG": language}).out
            for word in words + (board["device_id"], board["inspector_id"]):
                self.assertIn(word, shown)
            self.assertGreater(len(shown.splitlines()), len(one[0]), "a line for each field")
        self.office("device", "revoke", board["device_id"], "--reason", "遗失")
        gone = self.rows("device", "show", board["name"])[0]
        self.assertEqual((gone["state"], gone["revoked_reason"]), ("revoked", "遗失"))
        self.terminal(self.first, "2")
        self.assertIn("device board", self.office("device", "show", self.first, expect=2).err)
        self.assertIn("nobody", self.office("device", "show", "nobody", expect=2).err)
        self.office("device", "show", expect=2)

    def test_keys(self):
        before = self.rows("key", "list")
        secret = jiancha.query(self.db, "SELECT secret_key FROM server_key WHERE retired_ms IS NULL")[0][0]
        self.assertTrue(secret)
        self.office("key", "rotate")
        for name in (self.db, self.db + "-wal"):
            with open(name, "rb") as file:
                self.assertNotIn(secret, file.read(), "the old secret is wiped, not only forgotten")
        self.assertEqual(len(self.rows("key", "list")), len(before) + 1)
        self.inspect(self.one)
        self.assertEqual(self.one.sync()["unsent"], 0, "the terminal takes the key that the old one vouches for")
        self.assertEqual([row["act"] for row in self.rows("log", "list")].count("key.rotate"), 1)

    # --- evidence ---------------------------------------------------------------------------------------

    def test_evidence(self):
        bundle = self.path("evidence.jcb")
        self.inspect(self.one)
        self.one.sync()
        inspection = str(uuid.UUID(bytes=jiancha.query(self.db, "SELECT inspection_id FROM inspection")[0][0]))
        self.office("evidence", "export", inspection, bundle)
        key = next(row for row in self.rows("key", "list"))
        public = next(value for value in key.values() if isinstance(value, str) and len(value) == 64)
        jiancha.run("verify", "--bundle", bundle, "--key", public)
        jiancha.run("verify", "--bundle", bundle, "--key", "0" * 64, expect=(1, 2, 3))
        with open(bundle, "rb") as file:
            content = file.read()
        for at in range(0, len(content), len(content) // 20):
            with open(self.path("forged.jcb"), "wb") as file:
                file.write(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
            jiancha.run("verify", "--bundle", self.path("forged.jcb"), "--key", public, expect=(1, 2, 3))

    def test_altered_database(self):
        """What was altered with SQL is named; a head that left the building shows what was cut off consistently."""
        self.inspect(self.one)
        self.one.sync()
        last, chain = jiancha.query(self.db, "SELECT operation_no, hex(chain_head) FROM agency_head")[0]
        head = f"{last}:{chain.lower()}"
        self.server.stop()
        self.is_sound()
        document = jiancha.query(self.db, "SELECT document_year, document_no, unit_id FROM inspection")[0]
        name = f"1-{document[0]}-{document[1]} {document[2]} 2023-01-03"
        key = jiancha.query(self.db, "SELECT lower(hex(key_id)) FROM server_key")[0][0]
        for sql, check, words in (
                ("UPDATE inspection SET workdays_centi = workdays_centi + 100", "derived", "workdays_centi"),
                ("UPDATE inspection SET outcome = 2", "derived", "outcome"),
                ("DELETE FROM inspection", "derived", "lacks a row"),
                ("UPDATE number_block SET used = REPLACE(used, '1', '0')", "derived", "number_block"),
                ("UPDATE operation SET received_ms = received_ms + 1 WHERE op_key % 1099511627776 = 1", "chain",
                 "row 1"),
                ("UPDATE operation SET body = X'00' WHERE length(body) ="
                 " (SELECT MAX(length(body)) FROM operation)", "chain", "content"),
                ("UPDATE server_key SET public_key = zeroblob(32)", "server_key", key),
                ("DELETE FROM server_key", "server_key", "there is no server key")):
            forged = self.path("forged.db")
            shutil.copy(self.db, forged)
            connection = sqlite3.connect(forged)
            connection.execute(sql)
            connection.commit()
            connection.close()
            found = jiancha.listing(jiancha.run("verify", "--db", forged, "--format", "json", expect=1), "verify")
            self.assertTrue(any(row["check"] == check and words in row["text"] for row in found), (sql, found))
            if check == "derived":
                self.assertIn(name, [row["record"] for row in found], sql)
                self.assertTrue(any(row["device"] for row in found if row["record"] == name), (sql, found))
        agency = jiancha.query(self.db, "SELECT code FROM agency")[0][0]
        self.office("verify", "--agency", agency, "--head", head)
        backup = self.path("before-forging")
        self.office("backup", backup)
        compared = self.office("verify", "--agency", agency, "--against", backup).out
        self.assertIn("rows with the backup: all are the same", compared)
        forged = self.path("forged.db")
        shutil.copy(self.db, forged)
        with contextlib.closing(sqlite3.connect(forged)) as db, db:
            db.execute("UPDATE operation SET received_ms = received_ms + 1 WHERE op_key % 1099511627776 = 1")
            db.execute("UPDATE server_key SET created_ms = created_ms + 1")
        found = jiancha.listing(jiancha.run("verify", "--db", forged, "--against", backup, "--format", "json", expect=1),
                                "verify")
        self.assertIn("is not what the backup has as row 1", " ".join(row["text"] for row in found))
        self.assertIn(f"server key {key} is not what the backup has", [row["text"] for row in found])
        cut = self.path("cut.db")
        shutil.copy(self.db, cut)
        connection = sqlite3.connect(cut)
        for sql in ("DELETE FROM operation", "DELETE FROM inspection", "UPDATE number_block SET used = ''",
                    "DELETE FROM inspection_workdays", "UPDATE task SET state = 1",
                    "UPDATE agency_head SET operation_no = 0, chain_head = zeroblob(32)"):
            connection.execute(sql)
        connection.commit()
        connection.close()
        jiancha.run("verify", "--db", cut)
        found = jiancha.listing(jiancha.run("verify", "--db", cut, "--head", head, "--format", "json", expect=1),
                                "verify")
        self.assertIn(f"rows 1 to {last}", found[0]["text"])
        self.assertEqual(found[0]["agency"], agency)
        with open(os.path.join(backup, "manifest"), encoding="utf8") as manifest:
            of_backup = next(line.split()[2:] for line in manifest if line.startswith("audit 1 "))
        standing = {row["name"]: row["value"] for row in self.rows("status")}
        audit_head = f"{standing['audit_lines']}:{standing['audit_head']}"
        self.office("verify", "--agency", agency, "--audit-head", audit_head, "--audit-head", ":".join(of_backup))
        with contextlib.closing(sqlite3.connect(cut)) as db, db:
            db.execute("DELETE FROM audit_log WHERE audit_no > 1")
            db.execute("UPDATE agency_head SET audit_no = 1, audit_head = (SELECT chain_hash FROM audit_log)")
        jiancha.run("verify", "--db", cut)
        found = jiancha.listing(jiancha.run("verify", "--db", cut, "--audit-head", audit_head, "--format", "json",
                                            expect=1), "verify")
        self.assertEqual([(row["check"], row["row"]) for row in found], [("audit_log", 2)])
        jiancha.run("verify", "--db", cut, "--head", f"-{head}", expect=2)  # compared with nothing

    # --- the audit log ----------------------------------------------------------------------------------

    def test_audit(self):
        """Every administrative act leaves exactly one row, with the act's name; what is refused or only looks, none."""
        device = self.rows("device", "board")[0]["device_id"]
        acts = (
            ("device.invite", "device", "invite", "--inspector", self.second),
            ("device.rename", "device", "rename", device, "一号"),
            ("device.rebuild", "device", "rebuild", device),
            ("task.recall", "task", "recall", self.task, "--reason", "停产"),
            ("task.reopen", "task", "reopen", self.task),
            ("task.reassign", "task", "reassign", self.task, "--to", "hn-t2", "--reason", "人手"),
            ("key.rotate", "key", "rotate"),
            ("plan.release", "release", "--month", "2"),
            ("person.add", "person", "add", "zhang", "--name", "张", "--role", "planner"),
            ("person.disable", "person", "disable", "zhang"),
            ("device.revoke", "device", "revoke", device),
        )
        for act, *command in acts:
            before = self.audited()
            self.office(*command)
            self.assertEqual(self.audited()[len(before):], [act], command)
        before = self.audited()
        for command in (("device", "list"), ("device", "board"), ("task", "list"), ("review", "list"), ("key", "list"),
                        ("log", "list"), ("verify",), ("status",)):
            self.office(*command)
        self.office("task", "recall", self.task, expect=(2, 3))
        self.office("review", "accept", "99", expect=(1, 2, 3))
        self.assertEqual(self.audited(), before)
        self.is_sound()

    def test_audit_of_a_year(self):
        """The same for what needs no server: from the register to the backup."""
        self.db = self.path("year.db")
        backup = self.path("year.backup")
        self.office("init")
        acts = (
            (["register.import"], "import", jiancha.CASE),
            ([], "calendar"), ([], "budget"),
            (["plan.solve"], "solve", "--time-limit", "2"),
            ([], "plan"),
            (["plan.approve"], "approve", "--document-no", "1号", "--by", "局长办公会", "--date", "2023-01-03"),
            (["plan.release"], "release", "--month", "1"),
            (["plan.amend"], "amend", "--reason", "机构改革", "--decided-on", "2023-01-20"),
            (["backup.make"], "backup", backup),
            # nothing is so old; one that deletes is in test_blob_keeping
            ([], "retention", "delete", "--before", "2013-01-01", "--kind", "blobs", "--reason", "期满"),
        )
        for rows, *command in acts:
            before = self.audited()
            self.office(*command)
            self.assertEqual(self.audited()[len(before):], rows, command)
        before = self.audited()
        self.office("import", self.path("nowhere"), expect=(1, 2, 3))
        self.office("retention", "delete", "--before", "3000-01-01", "--kind", "blobs", "--reason", "x", expect=(2, 3))
        self.office("approve", "--document-no", "", "--by", "x", "--date", "2023-01-03", expect=(2, 3))
        self.office("backup", backup, expect=(2, 3))
        jiancha.run("restore", backup, "--db", self.db, expect=(2, 3))
        self.assertEqual(self.audited(), before)
        self.is_sound()
        self.db = self.path("year-restored.db")
        jiancha.run("restore", backup, "--db", self.db)
        self.assertEqual(self.audited(), before[:-1] + ["backup.restore"], "the copy was made before its row")
        again = self.path("year-restored-again.db")
        jiancha.run("restore", backup, "--db", again)
        openings = [int(jiancha.query(db, "SELECT max(last_number) FROM number_block")[0][0]) for db in (self.db, again)]
        self.assertGreaterEqual(abs(openings[0] - openings[1]), 1000, "two lives of one backup lease other numbers")
        self.is_sound()

    def test_audit_of_records(self):
        """What is done with records that came: by a stick, decided, carried out of the building."""
        self.inspect(self.one)
        self.one.run("bundle", self.path("audited.jcb"))
        acts = [(["bundle.ingest"], "ingest", self.path("audited.jcb"))]
        for rows, *command in acts + [(["evidence.export"], "evidence", "export", None, self.path("audited-out.jcb"))]:
            before = self.audited()
            found = jiancha.query(self.db, "SELECT inspection_id FROM inspection")
            self.office(*[word or str(uuid.UUID(bytes=found[0][0])) for word in command])
            self.assertEqual(self.audited()[len(before):], rows, command)
        before = self.audited()
        self.office("ingest", self.plan, expect=(1, 2, 3))
        self.office("evidence", "export", str(uuid.UUID(int=1)), self.path("none.jcb"), expect=(1, 2, 3))
        self.assertEqual(self.audited(), before)
        self.is_sound()

    def audited(self):
        """The acts in the log, each of which is told in words of both languages."""
        acts = [row[0] for row in jiancha.query(self.db, "SELECT act FROM audit_log ORDER BY audit_no")]
        for lang in ("zh", "en"):
            rows = self.rows("log", "list", "--count", "1000", "--lang", lang)
            self.assertEqual([row["act"] for row in reversed(rows)], acts)
            for row in rows:
                self.assertNotIn(row["act_words"], (row["act"], ""))
                self.assertFalse(any(ord(char) < 32 for char in row["detail"]), row)
                self.assertEqual(row["act_words"].isascii(), lang == "en", row)
        return acts

    # --- JSON -------------------------------------------------------------------------------------------

    def test_record_by_json(self):
        """A client without protobuf: enrols and hands in a record with `plain` operations."""
        code = jiancha.listing(self.office("device", "invite", "--inspector", self.second, "--format", "json"),
                               "device")[0]["code"]
        enrolled = self.post("DeviceService/Enroll", {"code": code, "deviceName": "JSON"})
        token = enrolled["token"]
        task = uuid.UUID(self.task)
        unit = jiancha.query(self.db, "SELECT unit_id FROM task WHERE task_id = ?", task.bytes)[0][0]

        def b64(raw):
            return base64.b64encode(raw).decode()

        inspection = {
            "inspectionId": b64(uuid.UUID("0185f0a4-7c00-7000-8000-000000000001").bytes), "taskId": b64(task.bytes),
            "unitId": unit, "startedAt": "2023-01-03T00:00:00Z", "endedAt": "2023-01-03T00:20:00Z",
            "inspectorIds": [self.second, self.first], "mode": "VISIT_MODE_ONSITE",
            "outcome": "INSPECTION_OUTCOME_COMPLETED", "signature": {"signed": {"name": "张三"}},
            "workdays": [{"teamId": "hn-t1", "workdaysCenti": "100"}]}
        operation = {"id": b64(uuid.UUID("0185f0a4-7c00-7000-8000-00000000000a").bytes),
                     "plain": {"deviceTime": "2023-01-03T00:25:00Z", "submitInspection": {"inspection": inspection}}}
        for _ in range(2):
            answer = self.post("SyncService/Sync", {"operations": [operation]}, token)
            self.assertEqual(answer["results"][0]["status"], "OPERATION_STATUS_APPLIED", answer["results"])
            self.assertEqual(self.records(), (1, 1))
        self.assertEqual(answer["receipt"]["operationIds"], [operation["id"]])
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.post("SyncService/Sync", {"operations": [{"plain": {"nonsense": 1}, "id": "!"}]}, token)
        with refused.exception as error:
            self.assertEqual(json.load(error)["code"], "invalid_argument")
        self.is_sound()

    def post(self, procedure, message, token=None):
        head = {"Content-Type": "application/json", "Connect-Protocol-Version": "1"}
        if token:
            head["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"{self.server.url}/jiancha.v1.{procedure}", json.dumps(message).encode(),
                                         head)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


if __name__ == "__main__":
    jiancha.main()
