"""An unmodified client that is not ours (tests/connect: connect-node, code generated from the contract) against the
real server: it signs in, reads, enrols, syncs an inspection of a released task, and sees errors as typed."""
import hashlib
import os
import shutil
import subprocess
import sys

import jiancha

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
    if os.path.exists(stamp):
        with open(stamp, encoding="utf8") as file:
            if file.read() == now:
                return
    os.makedirs(BUILD, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "buf.gen.yaml", "tsconfig.json"):
        shutil.copy(os.path.join(SOURCE, name), BUILD)
    shutil.rmtree(os.path.join(BUILD, "src"), ignore_errors=True)
    shutil.copytree(os.path.join(SOURCE, "src"), os.path.join(BUILD, "src"))
    modules = os.path.join(BUILD, "node_modules")
    if os.path.isdir(INSTALLED):
        if not os.path.lexists(modules):
            os.symlink(INSTALLED, modules)
    else:
        command("npm", "install", "--no-save", cwd=BUILD)
    os.environ["PATH"] = os.pathsep.join([os.path.join(modules, ".bin"), os.environ["PATH"]])
    command("buf", "generate", os.path.join(jiancha.ROOT, "proto"), cwd=BUILD)
    command("tsc", cwd=BUILD)
    with open(stamp, "w", encoding="utf8") as file:
        file.write(now)


class Client(jiancha.Test):
    def test_story(self):
        db = self.path("jiancha.db")
        admin = jiancha.listing(jiancha.run("init", "--db", db, "--format", "json"), "init")[0]
        jiancha.run("import", jiancha.CASE, "--db", db)
        jiancha.run("solve", "--db", db, "--time-limit", "3")
        jiancha.run("approve", "--db", db, "--document-no", "淮应急〔2023〕1号", "--by", "局长办公会", "--date",
                    "2023-01-03")
        jiancha.run("release", "--db", db, "--month", "1")
        server = self.serve(db)
        build_client()
        out = command("node", os.path.join("dist", "client.js"), server.url, admin["login"], admin["one_time_password"],
                      cwd=BUILD)
        self.assertEqual(out, "all as expected\n")
        after = jiancha.status(db)
        self.assertEqual((after["operations"], after["inspections"]), (1, 1))
        server.stop()


if __name__ == "__main__":
    if not shutil.which("node") or not (os.path.isdir(INSTALLED) or shutil.which("npm")):
        print("OK (skipped=1): node is missing")
        sys.exit(SKIP)
    jiancha.main()
