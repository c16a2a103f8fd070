"""What every benchmark needs: where things are, how to build and run them."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
SHARED = os.environ.get("JIANCHA_SHARED", os.path.join(ROOT, "..", "shared"))
JIANCHA = os.path.join(BUILD, "bin", "jiancha")
OPTIMIZER = os.path.join(BUILD, "bin", "jiancha-optimizer")
HUAINAN = os.path.join(ROOT, "examples", "huainan-2023")


def run(*command, **kwargs):
    """The command's output; it must succeed unless check=False says otherwise."""
    kwargs.setdefault("check", True)
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, **kwargs).stdout


def build(packages, *targets):
    run(os.path.join(ROOT, "scripts", "setup"), packages)
    if not os.path.exists(os.path.join(BUILD, "CMakeCache.txt")):
        run("cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja")
    run("ninja", "-C", BUILD, "jiancha", "jiancha-optimizer", *targets)


def program(name):
    return os.path.join(BUILD, "tests", name)
