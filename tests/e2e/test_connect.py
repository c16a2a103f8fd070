"""An unmodified client that is not ours (tests/connect: connect-node, code generated from the contract) against the
real server: it signs in, reads, enrols, syncs an inspection of a released task, and sees errors as typed."""
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


def build_client():
    """A copy of the client in the build folder, with its modules, generated code and compiled program."""
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
        command("npm", "ci", cwd=BUILD)
    path = os.pathsep.join([os.path.join(modules, ".bin"), os.environ["PATH"]])
    os.environ["PATH"] = path
    command("buf", "generate", os.path.join(jiancha.ROOT, "proto"), cwd=BUILD)
    command("tsc", cwd=BUILD)


class Client(jiancha.Test):
    def test_story(self):
        db = self.path("jiancha.db")
        admin = jiancha.listing(jiancha.run("init", "--db", db, "--format", "json"), "init")[0]
        jiancha.run("import", jiancha.CASE, "--db", db)
        jiancha.run("solve", "--db", db, "--time-limit", "20")
        jiancha.run("approve", "--db", db, "--document-no", "淮应急〔2023〕1号", "--by", "局长办公会", "--date",
                    "2023-01-03")
        jiancha.run("release", "--db", db, "--month", "1")
        server = self.serve(db)
        build_client()
        out = command("node", os.path.join("dist", "client.js"), server.url, admin["login"], admin["password"],
                      cwd=BUILD)
        self.assertEqual(out, "all as expected\n")
        before = jiancha.status(db)
        self.assertEqual((before["operations"], before["inspections"]), (1, 1))
        server.stop()


if __name__ == "__main__":
    if not shutil.which("node") or not (os.path.isdir(INSTALLED) or shutil.which("npm")):
        print("OK (skipped=1): node is missing")
        sys.exit(SKIP)
    jiancha.main()
