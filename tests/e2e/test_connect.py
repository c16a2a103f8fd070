"""An unmodified client that is not ours (tests/connect: connect-node, code generated from the contract) against the
real server: it signs in, reads, enrols, syncs an inspection of a released task, and sees errors as typed; in proto and
JSON, by POST and GET. Then `buf curl`, and our ProtoJSON held against protobuf-es on messages of every type; last
tus-js-client, which sends photos over a net that cuts connections."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys

import jiancha
import relay

SOURCE = os.path.join(jiancha.ROOT, "tests", "connect")
BUILD = os.path.join(os.path.dirname(jiancha.BIN), "connect")
INSTALLED = os.path.join(SOURCE, "node_modules")
SKIP = 77


def command(*args, cwd):
    """Runs a program of the client's tool chain; its output is shown when it fails."""
    done = subprocess.run(args, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf8",
                          errors="replace", check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(args)}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def fingerprint():
    """The hash of all the client is made of."""
    hash_of_all = hashlib.sha256()
    for root in (os.path.join(SOURCE, "src"), os.path.join(jiancha.ROOT, "proto")):
        for folder, _, names in sorted(os.walk(root)):
            for name in sorted(names):
                with open(os.path.join(folder, name), "rb") as file:
                    hash_of_all.update(name.encode() + file.read())
    for name in ("package-lock.json", "buf.gen.yaml", "tsconfig.json"):
        with open(os.path.join(SOURCE, name), "rb") as file:
            hash_of_all.update(file.read())
    return hash_of_all.hexdigest()


def build_client():
    """A copy of the client in the build folder, with its modules, generated code and compiled program; made again
    only when something it is made of has changed."""
    stamp, now = os.path.join(BUILD, "stamp"), fingerprint()
    modules = os.path.join(BUILD, "node_modules")
    os.environ["PATH"] = os.pathsep.join([os.path.join(modules, ".bin"), os.environ["PATH"]])
    if os.path.exists(stamp):
        with open(stamp, encoding="utf8") as file:
            if file.read() == now:
                return
    os.makedirs(BUILD, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "buf.gen.yaml", "tsconfig.json"):
        shutil.copy(os.path.join(SOURCE, name), BUILD)
    shutil.rmtree(os.path.join(BUILD, "src"), ignore_errors=True)
    shutil.copytree(os.path.join(SOURCE, "src"), os.path.join(BUILD, "src"))
    if os.path.isdir(INSTALLED):
        if not os.path.lexists(modules):
            os.symlink(INSTALLED, modules)
    else:
        command("npm", "install", "--no-save", cwd=BUILD)
    command("buf", "generate", os.path.join(jiancha.ROOT, "proto"), cwd=BUILD)
    command("tsc", cwd=BUILD)
    with open(stamp, "w", encoding="utf8") as file:
        file.write(now)


class Client(jiancha.Test):
    def test_story(self):
        db = self.path("jiancha.db")
        admin = jiancha.release_january(db)
        server = self.serve(db)
        build_client()
        out = command("node", os.path.join("dist", "client.js"), server.url, admin["login"], admin["one_time_password"],
                      cwd=BUILD)
        self.assertEqual(out, "all as expected\n")
        after = jiancha.status(db)
        self.assertEqual((after["operations"], after["inspections"]), (1, 1))
        self.buf_curl(server.url, admin["login"], "a password of my own")
        server.stop()

    def buf_curl(self, url, login, password):
        """`buf curl` knows the contract alone: it signs in and reads, and shows an error with its code."""
        def call(procedure, message, *options):
            return subprocess.run(
                ["buf", "curl", "--schema", os.path.join(jiancha.ROOT, "proto"), "--data", json.dumps(message), *options,
                 f"{url}/jiancha.v1.{procedure}"], cwd=BUILD, capture_output=True, encoding="utf8", check=False)
        signed_in = call("SessionService/Login", {"login": login, "password": password})
        self.assertEqual(signed_in.returncode, 0, signed_in.stderr)
        token = "Authorization: Bearer " + json.loads(signed_in.stdout)["token"]
        page = call("RegistryService/ListUnits", {"pageSize": 3}, "--header", token)
        self.assertEqual(page.returncode, 0, page.stderr)
        self.assertEqual(len(json.loads(page.stdout)["units"]), 3)
        missing = call("RegistryService/GetUnit", {"unitId": "nobody"}, "--header", token)
        self.assertNotEqual(missing.returncode, 0)
        self.assertEqual(json.loads(missing.stderr)["code"], "not_found")

    def test_proto_json(self):
        samples = self.path("samples")
        program = os.path.join(os.path.dirname(jiancha.BIN), "tests", "test_proto_json")
        subprocess.run([program], env={**os.environ, "JC_PROTO_JSON_SAMPLES": samples}, check=True, cwd=jiancha.ROOT,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        build_client()
        out = command("node", os.path.join("dist", "proto_json.js"), samples, cwd=BUILD)
        self.assertRegex(out, r"^\d+ messages of \d+ types agree\n$")


class Uploads(jiancha.Test):
    """Photos, by tus-js-client."""

    SIZES = (0, 1, 70_000, 300_001, 900_000, 1_500_000, 33, 262_144)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db = cls.path("jiancha.db")
        jiancha.run("init", "--db", cls.db)
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        cls.server = cls.serve(cls.db)
        terminal = jiancha.Terminal(cls.path("terminal.db"))
        terminal.enroll(cls.db, cls.server, "hn-t1-01")
        cls.token = jiancha.query(terminal.store, "SELECT token FROM holder")[0][0]
        build_client()

    def photos(self, seed):
        """Files of these sizes that no other seed has, but the empty one."""
        bits, paths = random.Random(seed), []
        for index, size in enumerate(self.SIZES):
            paths.append(self.path(f"{seed}-{index}.jpg"))
            with open(paths[-1], "wb") as file:
                file.write(bits.randbytes(size))
        return paths

    def send(self, url, paths, **env):
        done = subprocess.run(["node", os.path.join("dist", "tus.js"), url, self.token, *paths], cwd=BUILD,
                              env={**os.environ, **env}, capture_output=True, encoding="utf8", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return int(done.stdout.removeprefix("cuts survived: "))

    def check(self, paths):
        """The server has each file under its hash, and its row."""
        for path in paths:
            with open(path, "rb") as file:
                content = file.read()
            name = hashlib.sha256(content).hexdigest()
            with open(os.path.join(f"{self.db}.blobs", "1", name[:2], name[2:]), "rb") as file:
                self.assertEqual(file.read(), content, path)
            rows = jiancha.query(self.db, "SELECT size_bytes, media_type FROM blob WHERE sha256 = ?",
                                 bytes.fromhex(name))
            self.assertEqual(rows, [(len(content), "image/jpeg")])

    def test_cuts(self):
        for seed in range(3):
            net = relay.CuttingRelay(self.server.port, seed, cuts=40, least=1, most=300_000)
            self.addCleanup(net.close)
            paths = self.photos(seed)
            survived = self.send(net.url, paths)
            self.assertGreater(survived, 5, f"seed {seed}")
            self.check(paths)

    def test_resume_terminate_checksum(self):
        paths = self.photos("steady")[3:6]
        self.send(self.server.url, paths, TUS_STEADY="1")
        self.check([paths[0], paths[2]])


if __name__ == "__main__":
    if not shutil.which("node") or not (os.path.isdir(INSTALLED) or shutil.which("npm")):
        print("OK (skipped=1): node is missing")
        sys.exit(SKIP)
    jiancha.main()
