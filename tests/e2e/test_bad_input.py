"""Bad input, each with a clear error and an unchanged database: files through the command line, requests over
HTTP against the real server."""
import base64
import gzip
import http.client
import os
import re
import shutil
import sqlite3
import uuid

import jiancha
import wire
from case_files import edit

DIAGNOSTIC = re.compile(r"^[a-z_]+\.csv:\d+:\d+: .+", re.MULTILINE)


# --- files ------------------------------------------------------------------------------------------


def put(name, row, column, value):
    """An editor: one cell of one row (counted from 0) gets a value."""
    return lambda case: edit(case, name, lambda rows: rows[row].update({column: value}))


def repeat(name, row):
    """An editor: a row once more at the end."""
    return lambda case: edit(case, name, lambda rows: rows + [rows[row]])


def bytes_of(name, change):
    """An editor on the bytes of a file."""

    def editor(case):
        path = os.path.join(case, f"{name}.csv")
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(change(data))

    return editor


def header(old, new):
    def change(data):
        head, rest = data.split(b"\n", 1)
        return head.replace(old, new) + b"\n" + rest

    return change


# Every month of a unit's rule is blacked out: no month is left.
def no_month(case):
    def change(rows):
        for row in rows:
            row["blackout_months"] = ""
        rows[0]["blackout_months"] = "1-12"

    path = os.path.join(case, "units.csv")
    with open(path, encoding="utf-8-sig", newline="") as file:
        text = file.read()
    lines = text.splitlines()
    lines = [lines[0] + ",blackout_months"] + [line + "," for line in lines[1:]]
    with open(path, "w", encoding="utf8") as file:
        file.write("\n".join(lines) + "\n")
    edit(case, "units", change)


# name, what is done to the case, file:line of the message, a word of it
FILES = [
    ("cut in a row", bytes_of("units", lambda data: data[: len(data) // 2].rsplit(b",", 1)[0]), "units.csv:", ""),
    ("cut in a quoted field", bytes_of("units", lambda data: data + b'hn-x,"never closed'), "units.csv:", "quote"),
    ("wrong header", bytes_of("units", header(b"unit_id", b"enterprise")), "units.csv:1:", "enterprise"),
    ("a column too many", bytes_of("teams", header(b"team_id", b"team_id,colour")), "teams.csv:1:", "colour"),
    ("header in another file", bytes_of("rules", lambda data: b"quota_id,team_id\n" + data), "rules.csv:1:", "quota_id"),
    ("empty file", bytes_of("agency", lambda data: b""), "agency.csv:1:", ""),
    ("field of 10 MB", put("units", 3, "name", "矿" * (10 * 1024 * 1024 // 3)), "units.csv:5:", "limit"),
    ("invalid UTF-8", bytes_of("units", lambda data: data.replace("潘三".encode(), b"\xc5\xcb\xc8\xfd", 1)),
     "units.csv:3:", "UTF-8"),
    ("unknown team", put("units", 6, "lead_team", "hn-t9"), "units.csv:8:", "hn-t9"),
    ("unknown rule", put("units", 6, "rule_id", "weekly"), "units.csv:8:", "weekly"),
    ("inspector of an unknown team", put("inspectors", 2, "team_id", "nobody"), "inspectors.csv:4:", "nobody"),
    ("overlapping windows", put("rules", 0, "windows", "1-6:1;6-12:1"), "rules.csv:2:", "overlap"),
    ("window 13:1", put("rules", 1, "windows", "13:1"), "rules.csv:3:", "13"),
    ("window without a count", put("rules", 1, "windows", "1-6"), "rules.csv:3:", "1-6"),
    ("negative days", put("units", 0, "days", "-2"), "units.csv:2:", "-2"),
    ("negative workdays of a team", put("teams", 0, "supervision_workdays", "-299"), "teams.csv:2:", "-299"),
    ("days that are no number", put("units", 0, "days", "two"), "units.csv:2:", "two"),
    ("a third of a day", put("units", 0, "days", "0.3"), "units.csv:2:", "0.3"),
    ("duplicate unit", repeat("units", 4), "units.csv:", "hn-005"),
    ("duplicate team", repeat("teams", 0), "teams.csv:", "hn-t1"),
    ("duplicate rule", repeat("rules", 0), "rules.csv:", "mine-std2"),
    ("duplicate workday line", repeat("workdays", 3), "workdays.csv:", ""),
    ("unit with no possible month", no_month, "units.csv:2:", "hn-001"),
    ("credit code with a wrong check digit", put("units", 0, "credit_code", "91340400MA2MXXXXX2"), "units.csv:2:", "91340400"),
    ("a team without any file row", bytes_of("teams", lambda data: data.split(b"\n", 1)[0] + b"\n"), "units.csv:2:", "hn-t1"),
    ("windows that contradict the visits", put("rules", 0, "windows", "1-3:1;4-6:1;7-9:1;10-12:1"), "rules.csv:2:", ""),
    ("a quota with its bounds crossed", put("quotas", 0, "min", "9"), "quotas.csv:2:", ""),
    ("a weightless rule", put("rules", 0, "visits_per_year", "NaN"), "rules.csv:2:", "NaN"),
    ("workdays that are no number", put("teams", 0, "supervision_workdays", "NaN"), "teams.csv:2:", "NaN"),
    ("workdays beyond all bounds", put("teams", 0, "supervision_workdays", "1e300"), "teams.csv:2:", "1e300"),
    ("year that is none", put("agency", 0, "year", "MMXXIII"), "agency.csv:2:", "MMXXIII"),
]


class Files(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db, cls.empty = cls.path("full.db"), cls.path("empty.db")
        for db in (cls.db, cls.empty):
            jiancha.run("init", "--db", db)
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        cls.before = {db: jiancha.dump(db) for db in (cls.db, cls.empty)}

    def broken(self, spoil):
        case = self.path("case")
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(jiancha.CASE, case)
        spoil(case)
        return case

    def test_files(self):
        for name, spoil, place, word in FILES:
            case = self.broken(spoil)
            for db, update in ((self.empty, ()), (self.db, ("--update",))):
                with self.subTest(f"{name}{', again' if update else ''}"):
                    result = jiancha.run("import", case, *update, "--db", db, expect=2)
                    said = DIAGNOSTIC.findall(result.out + result.err)
                    self.assertTrue(any(place in line and word in line for line in said), f"no {place} … {word}:\n{result}")
                    self.assertEqual(jiancha.dump(db), self.before[db], "the database changed")

    def test_every_error_at_once(self):
        def spoil(case):
            put("units", 0, "days", "-2")(case)
            put("units", 6, "lead_team", "hn-t9")(case)
            put("rules", 1, "windows", "13:1")(case)

        result = jiancha.run("import", self.broken(spoil), "--db", self.empty, expect=2)
        for place in ("units.csv:2:", "units.csv:8:", "rules.csv:3:"):
            self.assertIn(place, result.out + result.err)
        self.assertEqual(jiancha.dump(self.empty), self.before[self.empty])

    def test_missing_file_and_folder(self):
        case = self.broken(lambda case: os.unlink(os.path.join(case, "teams.csv")))
        for what, folder in (("teams.csv", case), ("nowhere", self.path("nowhere"))):
            result = jiancha.run("import", folder, "--db", self.empty, expect=(2, 3))
            self.assertIn(what, result.err)
            self.assertEqual(jiancha.dump(self.empty), self.before[self.empty])


class CommandLine(jiancha.Test):
    """Wrong use is told with the way to more help, and that way works."""

    def test_wrong_use(self):
        cases = [
            (("plan", "move"), "plan move"),
            (("plan", "pin", "a", "b"), "plan pin"),
            (("import",), "import"),
            (("device", "invite"), "device invite"),
            (("report", "completion", "--as-of", "yesterday"), "report completion"),
            (("terminal", "--store", "x.db", "sync", "--loud"), "terminal sync"),
        ]
        for args, command in cases:
            with self.subTest(" ".join(args)):
                result = jiancha.run(*args, "--db", self.path("none.db"), expect=2)
                self.assertIn(f"jiancha {command} --help\n", result.err)
                self.assertIn("usage:", jiancha.run(*command.split(), "--help").out)
                self.assertEqual(os.listdir(self.folder), [])


# --- HTTP -------------------------------------------------------------------------------------------

UNAUTHENTICATED, DENIED, MISSING = (401, "unauthenticated"), (403, "permission_denied"), (404, "not_found")
INVALID, TOO_MUCH = (400, "invalid_argument"), (429, "resource_exhausted")

# A neighbour in the same database: one team, one inspector, one unit of its own.
NEIGHBOUR = """
INSERT INTO agency (agency_id, code, name, level, year) VALUES (2, 'bengbu', '蚌埠市应急管理局', 'city', 2023);
INSERT INTO agency_head (agency_id, change_seq, operation_no, chain_head, audit_no) VALUES (2, 0, 0, zeroblob(32), 0);
INSERT INTO team VALUES (2, 'bb-t1', 0, '一科', 'bureau', 2, NULL, NULL);
INSERT INTO inspector VALUES (2, 'bb-t1-01', 0, '甲', 'bb-t1', '', NULL, '', '');
INSERT INTO inspector VALUES (2, 'bb-t1-02', 1, '乙', 'bb-t1', '', NULL, '', '');
INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category, key_reasons,
                  credit_code, hazards, risk, persons, days_centi, blackout_months, preferred_months, last_visit)
VALUES (2, 'bb-001', 0, '蚌埠某厂', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL);
"""
STARTED = 1672704000  # 2023-01-03 08:00, China


class Http(jiancha.Test):
    """A server with two agencies, two people and terminals of both."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db = cls.path("jiancha.db")
        jiancha.run("init", "--db", cls.db)
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        connection = sqlite3.connect(cls.db)
        connection.executescript(NEIGHBOUR)
        connection.close()
        cls.server = cls.serve(cls.db)
        cls.planner = cls.sign_in("huainan", "planner", "--role", "planner")
        cls.lead = cls.sign_in("huainan", "lead", "--role", "team_lead", "--team", "hn-t1")
        cls.neighbour = cls.sign_in("bengbu", "planner", "--role", "planner")
        cls.device_id, cls.device = cls.enroll("huainan", "hn-t1-01")
        cls.revoked_id, cls.revoked = cls.enroll("huainan", "hn-t1-02")
        jiancha.run("device", "revoke", cls.revoked_id, "--agency", "huainan", "--db", cls.db)
        _, cls.neighbour_device = cls.enroll("bengbu", "bb-t1-01")

    @classmethod
    def cli(cls, agency, *args, **options):
        return jiancha.run(*args, "--agency", agency, "--db", cls.db, "--format", "json", **options)

    @classmethod
    def sign_in(cls, agency, login, *options):
        """A new person's token, the one-time password changed."""
        password = jiancha.listing(cls.cli(agency, "person", "add", login, *options), "person")[0]["one_time_password"]
        answer = cls.server.must("SessionService/Login", wire.login(login, password, agency))
        token = wire.first(wire.unpack(answer), 1).decode()
        cls.server.must("SessionService/ChangePassword", wire.change_password(password, "a long pass phrase"), token)
        return token

    @classmethod
    def invite(cls, agency, inspector, **options):
        rows = jiancha.listing(cls.cli(agency, "device", "invite", "--inspector", inspector, **options), "device")
        return rows[0]["code"]

    @classmethod
    def enroll(cls, agency, inspector):
        """A new terminal's id as text, and its token."""
        answer = wire.unpack(cls.server.must("DeviceService/Enroll", wire.enroll(cls.invite(agency, inspector))))
        return str(uuid.UUID(bytes=wire.first(answer, 1))), wire.first(answer, 2).decode()

    def setUp(self):
        self.before = jiancha.dump(self.db)

    def unchanged(self, name):
        self.assertEqual(jiancha.dump(self.db), self.before, f"{name}: the database changed")

    def refused(self, name, expected, answer):
        """`expected` is (status, Connect's code); the words come in the caller's language and, typed, in both."""
        status, error = answer
        self.assertIsInstance(error, dict, f"{name}: {status}")
        self.assertEqual((status, error["code"]), expected, f"{name}: {error}")
        detail = error["details"][0]
        self.assertEqual(detail["type"], "jiancha.v1.ErrorDetail", name)
        value = detail["value"]
        words = wire.unpack(base64.b64decode(value + "=" * (-len(value) % 4)))
        self.assertEqual(wire.first(words, 2).decode(), error["message"], name)
        self.assertTrue(wire.first(words, 1).decode(), name)
        self.unchanged(name)

    def table(self, cases, token=None):
        for name, expected, procedure, message, *own in cases:
            with self.subTest(name):
                self.refused(name, expected, self.server.call(procedure, message, own[0] if own else token))

    def test_body(self):
        whole = wire.sync([wire.operation(bytes(16), STARTED, 16, wire.pack((2, "cut")))])
        gzipped = {"Content-Encoding": "gzip"}
        bomb = gzip.compress(bytes(64 << 20))
        cases = [
            ("cut in mid-message", INVALID, whole[:-3], {}),
            ("text that is no UTF-8", INVALID, wire.pack((1, b""), (3, wire.pack((4, b"\xc5\xcb")))), {}),
            ("rubbish", INVALID, b"\xff" * 100, {}),
            ("too large", TOO_MUCH, bytes(5 << 20), {}),
            ("too large when unpacked", TOO_MUCH, bomb, gzipped),
            ("gzip cut in mid-stream", INVALID, gzip.compress(whole)[:-9], gzipped),
            ("no gzip at all", INVALID, whole, gzipped),
            ("too many operations", INVALID, wire.sync([wire.operation(bytes(16), STARTED, 16, b"")] * 201), {}),
            ("another content type", (415, "unknown"), whole, {"Content-Type": "text/plain"}),
            ("another version", INVALID, whole, {"Connect-Protocol-Version": "2"}),
        ]
        for name, expected, body, headers in cases:
            with self.subTest(name):
                self.refused(name, expected, self.server.call("SyncService/Sync", body, self.device, headers))

    def test_body_that_never_ends(self):
        """The connection breaks before all of the announced body is there: nothing of it is done."""
        record = wire.inspection(bytes([3] * 16), "hn-001", ("hn-t1-01", "hn-t1-02"), STARTED)
        whole = wire.sync([wire.operation(bytes([4] * 16), STARTED, 16, wire.pack((1, record), (2, "test")))])
        for part in (b"", whole[:1], whole[:-1], whole):
            with self.subTest(f"{len(part)} of {len(whole) + 1} bytes"):
                self.server.cut("SyncService/Sync", len(whole) + 1, part, self.device)
                self.refused("afterwards", UNAUTHENTICATED, self.server.call("SyncService/Sync"))

    def test_procedures(self):
        self.table([
            ("unknown procedure", (404, "unimplemented"), "SyncService/Drop", b""),
            ("unknown service", (404, "unimplemented"), "Service/Sync", b""),
        ], self.device)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        connection.request("GET", "/jiancha.v1.SyncService/Sync")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "POST"))
        connection.close()

    def test_tokens(self):
        almost = self.device[:-1] + ("a" if self.device[-1] != "a" else "b")
        self.table([
            ("no token", UNAUTHENTICATED, "SyncService/Sync", b"", None),
            ("wrong token", UNAUTHENTICATED, "SyncService/Sync", b"", almost),
            ("token of nothing", UNAUTHENTICATED, "SyncService/Sync", b"", "x" * 2000),
            ("revoked device", UNAUTHENTICATED, "SyncService/Sync", b"", self.revoked),
            ("revoked device reads", UNAUTHENTICATED, "TaskService/ListTasks", b"", self.revoked),
            ("wrong password", UNAUTHENTICATED, "SessionService/Login", wire.login("planner", "guess", "huainan")),
            ("unknown login", UNAUTHENTICATED, "SessionService/Login", wire.login("nobody", "guess", "huainan")),
            ("unknown agency", UNAUTHENTICATED, "SessionService/Login", wire.login("planner", "guess", "hefei")),
        ])

    def test_codes(self):
        used = self.invite("huainan", "hn-t1-03")
        self.server.must("DeviceService/Enroll", wire.enroll(used))
        expired = self.invite("huainan", "hn-t1-03", now="2023-01-01T08:00:00+08:00")
        self.before = jiancha.dump(self.db)
        self.table([
            ("wrong code", UNAUTHENTICATED, "DeviceService/Enroll", wire.enroll("0000-0000-0000")),
            ("used code", UNAUTHENTICATED, "DeviceService/Enroll", wire.enroll(used)),
            ("expired code", UNAUTHENTICATED, "DeviceService/Enroll", wire.enroll(expired)),
            ("key of a wrong size", INVALID, "DeviceService/Enroll", wire.enroll(expired, public_key=b"short")),
        ])

    def test_roles(self):
        device = wire.pack((1, uuid.UUID(self.device_id).bytes))
        self.table([
            ("a team lead invites", DENIED, "DeviceService/CreateInvitation", wire.pack((1, "hn-t1-01")), self.lead),
            ("a team lead revokes", DENIED, "DeviceService/RevokeDevice", device, self.lead),
            ("a terminal revokes", DENIED, "DeviceService/RevokeDevice", device, self.device),
            ("a terminal reads the plan", DENIED, "PlanService/GetPlan", b"", self.device),
            ("a person syncs", DENIED, "SyncService/Sync", b"", self.planner),
            ("another team's tasks", DENIED, "TaskService/ListTasks", wire.pack((1, "hn-t2")), self.lead),
        ])

    def test_foreign_agency(self):
        device = wire.pack((1, uuid.UUID(self.device_id).bytes))
        self.table([
            ("its device", MISSING, "DeviceService/RevokeDevice", device, self.neighbour),
            ("its inspector", MISSING, "DeviceService/CreateInvitation", wire.pack((1, "hn-t1-01")), self.neighbour),
            ("its unit", MISSING, "RegistryService/GetUnit", wire.pack((1, "hn-001")), self.neighbour),
            ("its unit, from a terminal", MISSING, "RegistryService/GetUnit", wire.pack((1, "hn-001")),
             self.neighbour_device),
            ("its password", UNAUTHENTICATED, "SessionService/Login", wire.login("lead", "a long pass phrase", "bengbu")),
        ])

    def test_foreign_record(self):
        """A neighbour's terminal submits a record of our unit by our people: kept for the neighbour, no row of ours."""
        record = wire.inspection(bytes([1] * 16), "hn-001", ("hn-t1-01", "hn-t1-02"), STARTED)
        sent = wire.operation(bytes([2] * 16), STARTED, 16, wire.pack((1, record), (2, "test")))
        results = wire.results(self.server.must("SyncService/Sync", wire.sync([sent]), self.neighbour_device))
        self.assertEqual([status for status, _ in results.values()], [wire.KEPT])
        self.assertEqual(jiancha.query(self.db, "SELECT agency_id, COUNT(*) FROM operation GROUP BY 1"), [(2, 1)])
        for table in ("inspection", "task", "review"):
            rows = jiancha.query(self.db, f"SELECT COUNT(*) FROM {table} WHERE agency_id = 1")
            self.assertEqual(rows, [(0,)], table)


if __name__ == "__main__":
    jiancha.main()
