"""What the end-to-end tests share: running the program, a server, calls over HTTP, looking into the database.

Everything is awaited by what it says or by its end, never by time. Processes are ended by their pid."""
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("JIANCHA_BIN", os.path.join(ROOT, "build", "bin"))
JIANCHA = os.path.join(BIN, "jiancha")
CASE = os.path.join(ROOT, "examples", "huainan-2023")
SHARED = os.environ.get("JIANCHA_SHARED", os.path.join(ROOT, "..", "shared"))
FIRST_PORT, PORTS = 15000, 15000
NOW = "2023-01-03T08:30:00+08:00"


class Result:
    """One run of a program: exit code, what it printed, what it said on stderr."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def __str__(self):
        return f"{' '.join(self.command)}\nexit {self.code}\n{self.out}{self.err}"

    @property
    def json(self):
        return json.loads(self.out)


def sanitizer():
    """What the programs under test were built with: "address", "thread" or "" (none)."""
    with open(os.path.join(BIN, "jiancha-optimizer"), "rb") as program:
        symbols = program.read()
    return "address" if b"__asan_init" in symbols else "thread" if b"__tsan_init" in symbols else ""


def environment(**more):
    """The environment of a run: English, at the time of the story, nothing of the caller's database."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("JIANCHA_")}
    env.update(JIANCHA_LANG="en", JIANCHA_NOW=NOW)
    env.update({name: value for name, value in more.items() if value is not None})
    return env


def run(*args, expect=0, now=NOW, env=None, cwd=None, stdin=None):
    """Runs `jiancha ARGS`. `expect`: the exit code or codes that are right; None: any."""
    command = [JIANCHA, *map(str, args)]
    done = subprocess.run(command, env={**environment(JIANCHA_NOW=now), **(env or {})}, cwd=cwd, input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf8", errors="replace", check=False)
    result = Result(command, done.returncode, done.stdout, done.stderr)
    allowed = expect if isinstance(expect, tuple) else (expect,)
    if expect is not None and done.returncode not in allowed:
        raise AssertionError(f"expected exit {expect}\n{result}")
    return result


def listener():
    """A listening socket on a free port of 127.0.0.1."""
    return socket.create_server(("127.0.0.1", 0))


CLAIMS = []  # of ports; the system lets go of them with the process


def free_port():
    """A port below those the system gives to connections, so that it is still free when it is taken (again). It is
    claimed for this process by a name that only one can have, so tests that run at the same time never take the same."""
    for offset in range(PORTS):
        port = FIRST_PORT + (os.getpid() * 16 + offset) % PORTS
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0jiancha test port {port}")
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            claim.close()
            continue
        CLAIMS.append(claim)
        return port
    raise AssertionError("no port is free")


def listing(result, name):
    """The rows of `--format json`: one object with one array named as the command (DESIGN section 11)."""
    return result.json[name]


def status(db):
    """`jiancha status` as {name: value}; numbers as int."""
    rows = listing(run("status", "--db", db, "--format", "json"), "status")
    return {row["name"]: int(row["value"]) if str(row["value"]).isdigit() else row["value"] for row in rows}


class Server:
    """`jiancha serve` on a port of its own. Started means: it has said that it listens."""

    def __init__(self, db, log, now=NOW, env=None, before=None, more=()):
        """`before` is called in the new process, before it becomes the server; `more` are further arguments."""
        self.db, self.now, self.env, self.log = db, now, env or {}, log
        self.before, self.more = before, more
        self.port, self.process = free_port(), None
        self.start()

    def start(self, now=None):
        """Starts it (again, on the same port)."""
        self.now = now or self.now
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [JIANCHA, "serve", "--db", self.db, "--listen", f"127.0.0.1:{self.port}", *self.more],
                stdout=subprocess.PIPE, stderr=log, text=True, env={**environment(JIANCHA_NOW=self.now), **self.env},
                preexec_fn=self.before)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.process.wait()
            with open(self.log, encoding="utf8", errors="replace") as log:
                raise AssertionError(f"the server did not start: {line!r}\n{log.read()}")
        assert line == f"listening on 127.0.0.1:{self.port}\n", line

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _ended(self):
        code = self.process.wait()
        self.process.stdout.close()
        return code

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        assert self._ended() == -signal.SIGKILL

    def reap(self):
        """Somebody else has killed it."""
        assert self._ended() == -signal.SIGKILL

    def stop(self):
        """SIGTERM drains and ends with exit status 0."""
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self._ended()
        assert code == 0, f"the server ended with {code}, see {self.log}"

    def call(self, procedure, message=b"", token=None, headers=None):
        """POSTs to `Service/Method`. (status, body): bytes of the answer, or the error as a dict."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            return exchange(connection, procedure, message, token, headers)
        finally:
            connection.close()

    def must(self, procedure, message=b"", token=None):
        code, body = self.call(procedure, message, token)
        assert code == 200, f"{procedure}: {code} {body}"
        return body

    def cut(self, procedure, length, part, token):
        """Announces a body of `length` bytes, waits until the server asks for it, sends `part` and resets."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as connection:
            head = (f"POST /jiancha.v1.{procedure} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/proto\r\n"
                    f"Authorization: Bearer {token}\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n")
            connection.sendall(head.encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
            connection.sendall(part)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def exchange(connection, procedure, message, token=None, headers=None):
    """One call on an open connection."""
    head = {"Content-Type": "application/proto", "Connect-Protocol-Version": "1", "Accept-Language": "en"}
    if token:
        head["Authorization"] = f"Bearer {token}"
    head.update(headers or {})
    connection.request("POST", f"/jiancha.v1.{procedure}", message, head)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, body if answer.status == 200 else json.loads(body)


class Relay:
    """cut_relay.py between a terminal and a server: kills the server in the middle of the next sync."""

    def __init__(self, server, at):
        self.server = server
        command = [sys.executable, os.path.join(ROOT, "tests", "e2e", "cut_relay.py"), "--to",
                   f"127.0.0.1:{server.port}", "--kill", str(server.process.pid), "--at", at]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().rsplit(':', 1)[1].strip()}"

    def finish(self):
        """The server is dead; it may be started again."""
        code = self.process.wait()
        self.process.stdout.close()
        assert code == 0, "nothing came to be cut"
        self.server.reap()


class Terminal:
    """`jiancha terminal` on a store of its own."""

    def __init__(self, store):
        self.store = store

    def run(self, *args, **options):
        return run("terminal", "--store", self.store, *args, **options)

    def rows(self, command, *args, **options):
        return listing(self.run(command, *args, "--format", "json", **options), command)

    def enroll(self, db, server, inspector, *global_options):
        """Invited by the planner, enrolled, and synced once: it has its tasks and its document numbers."""
        invitation = run("device", "invite", "--inspector", inspector, "--db", db, "--format", "json", *global_options)
        code = listing(invitation, "device")[0]["code"]
        self.run("enroll", "--server", server.url, "--code", code, "--name", inspector)
        self.sync()

    def sync(self, *args, **options):
        return self.rows("sync", *args, **options)[0]


# --- the database, from outside -----------------------------------------------------------------------


def query(db, sql, *values):
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def dump(db):
    """All the database says, as SQL text."""
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def release_january(db):
    """A new database with the case's plan, approved, and the tasks of January. Returns init's row: the administrator."""
    admin = listing(run("init", "--db", db, "--format", "json"), "init")[0]
    run("import", CASE, "--db", db)
    run("solve", "--db", db, "--time-limit", "2")
    run("approve", "--db", db, "--document-no", "淮应急〔2023〕1号", "--by", "局长办公会", "--date", "2023-01-03")
    run("release", "--db", db, "--month", "1")
    return admin


# --- tests --------------------------------------------------------------------------------------------


class Test(unittest.TestCase):
    """A temporary folder for each test class, gone with it."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="jiancha-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    @classmethod
    def path(cls, *parts):
        return os.path.join(cls.folder, *parts)

    @classmethod
    def serve(cls, db, **options):
        """A server that ends with the class."""
        server = Server(db, cls.path("server.log"), **options)
        cls.addClassCleanup(server.stop)
        return server


class January(Test):
    """Each test has its own copy of a database with January's tasks, `db`, a `server` of it, and two `inspectors` of
    one team."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls.path("plan.db")
        release_january(cls.plan)

    def setUp(self):
        self.db = self.path(f"{self._testMethodName}.db")
        shutil.copy(self.plan, self.db)
        self.server = self.serve(self.db)
        self.inspectors = [row[0] for row in query(self.db, "SELECT inspector_id FROM inspector WHERE team_id = 'hn-t1'")
                           ][:2]
        self.people = ",".join(self.inspectors)

    def terminal(self, inspector, name):
        """A new terminal, enrolled for the inspector."""
        terminal = Terminal(self.path(f"{self._testMethodName}-{name}.db"))
        terminal.enroll(self.db, self.server, inspector)
        return terminal


def main():
    if not os.access(JIANCHA, os.X_OK):
        sys.exit(f"{JIANCHA} is not built")
    unittest.main(verbosity=2)
