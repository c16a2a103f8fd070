"""Side by side: ours against GLPK, CBC and HiGHS on the month model (month_model.h), the same time each.

Every answer is read off as a plan and judged by the referee; a bound counts as a bound on the cost where the
solver's own plan, or ours, shows that the tiers above it are 0."""
import json
import os
import re
import shutil
import subprocess
import time

from programs import ROOT, program, run
from worker import Run, generate, problem_of

MODEL = program("jc_bench_model")
NPM = os.path.join(ROOT, "tests", "bench")
NUMBER = r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?"
GRACE = 60  # seconds a solver may take beyond its limit before it is stopped


def _last(pattern, text):
    found = re.findall(pattern, text, re.IGNORECASE)
    return float(found[-1]) if found else None


def _write_values(path, values):
    with open(path, "w", encoding="utf8") as file:
        file.writelines(f"C{i} {value}\n" for i, value in values)


def _call(command, seconds, cwd):
    begin = time.monotonic()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd,
                              timeout=seconds + GRACE, check=False)
        text = done.stdout
    except subprocess.TimeoutExpired as expired:
        text = (expired.stdout or b"").decode(errors="replace")
    return text, round(time.monotonic() - begin, 1)


def glpk(model, seconds, folder):
    out = os.path.join(folder, "glpk.out")
    text, took = _call(["glpsol", "--freemps", model, "--cuts", "--tmlim", str(seconds), "-w", out], seconds, folder)
    values = []
    if os.path.exists(out):
        with open(out, encoding="utf8") as file:
            lines = [line.split() for line in file]
        if any(line[:2] == ["s", "mip"] and line[4] in ("o", "f") for line in lines):
            values = [(line[1], line[2]) for line in lines if line[:1] == ["j"]]
    bound = _last(rf">=\s*({NUMBER})", text)
    if bound is None and "OPTIMAL LP SOLUTION FOUND" in text:  # the root's relaxation was all there was time for
        bound = _last(rf"obj =\s*({NUMBER})", text[: text.index("OPTIMAL LP SOLUTION FOUND")])
    return values, bound, took


def cbc(model, seconds, folder):
    out = os.path.join(folder, "cbc.out")
    text, took = _call(["cbc", model, "-timeMode", "elapsed", "-threads", "2", "-sec", str(seconds), "-solve",
                        "-solution", out], seconds, folder)
    values = []
    if re.search(r"Objective value: ", text) and os.path.exists(out):
        with open(out, encoding="utf8") as file:
            lines = [line.replace("**", "").split() for line in file][1:]
        values = [(line[1][1:], line[2]) for line in lines if len(line) >= 3]
    bound = _last(rf"Lower bound:\s*({NUMBER})", text)
    if bound is None and "Optimal solution found" in text:
        bound = _last(rf"Objective value:\s*({NUMBER})", text)
    if bound is None:
        bound = _last(rf"Continuous objective value is ({NUMBER})", text)
    return values, bound, took


def highs(model, seconds, folder):
    out = os.path.join(folder, "highs.out")
    text, took = _call(["node", os.path.join(NPM, "highs.mjs"), model, str(seconds), out], seconds, NPM)
    answer = [line for line in text.splitlines() if line.startswith("{")]
    values = []
    if os.path.exists(out):
        with open(out, encoding="utf8") as file:
            values = [(line.split()[0][1:], line.split()[1]) for line in file]
    return values, json.loads(answer[-1])["bound"] if answer else None, took


SOLVERS = {"GLPK --cuts": glpk, "CBC": cbc, "HiGHS": highs}


def install():
    """HiGHS, as its lockfile says; the other two are Debian's."""
    if not os.path.isdir(os.path.join(NPM, "node_modules", "highs")):
        run("npm", "install", "--no-save", "--prefix", NPM, "--no-audit", "--no-fund")


def _judge(problem, values, folder):
    """The plan of a solver's point: tiers and cost by the referee; None without a valid one."""
    if not values:
        return None
    path = os.path.join(folder, "values")
    _write_values(path, values)
    done = subprocess.run([MODEL, "judge", problem, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {"invalid": done.stderr.strip()}


def _ours(problem, message, seconds, folder):
    ran = Run(message, seconds)
    figures = ran.figures()
    path = os.path.join(folder, "ours.pb")
    with open(path, "wb") as file:
        file.write(ran.solution)
    fixed = json.loads(run(MODEL, "fix", problem, path))
    figures["model_agrees"] = fixed["agrees"] and abs(fixed["cost"] - figures["plan"]["cost"]) < 1e-4
    return figures


def _against(ours, plan, bound, took):
    """A solver's row: what its cost is of ours if the tiers are the same, and the gap to its own bound."""
    row = {"plan": plan, "bound": bound, "seconds": took}
    if plan and "invalid" not in plan:
        same = all(plan[tier] == ours["plan"][tier] for tier in ("unserved", "over", "quota"))
        row["ratio"] = plan["cost"] / ours["plan"]["cost"] if same and ours["plan"]["cost"] else None
        row["gap"] = (plan["value"] - bound) / plan["value"] if bound is not None and plan["value"] else None
    return row


def side_by_side(sizes, seconds, seed, folder, only=None):
    """One row a size and weight of travel."""
    install()
    rows = []
    for size in sizes:
        for travel in (4, 0):
            work = os.path.join(folder, f"peers-{size}-{travel}")
            os.mkdir(work)
            weights = ["--weights", f"travel={travel}"] if travel != 4 else []
            message = problem_of(generate(folder, size, seed), work, *weights)
            problem, model = os.path.join(work, "problem.pb"), os.path.join(work, "model.mps")
            row = {"size": size, "travel": travel, "model": json.loads(run(MODEL, "write", problem, model))}
            row["ours"] = _ours(problem, message, seconds, work)
            show_ours(row)
            for name, solve in SOLVERS.items():
                if only and name.split()[0].lower() not in only:
                    continue
                values, bound, took = solve(model, seconds, work)
                row[name] = _against(row["ours"], _judge(problem, values, work), bound, took)
                show_peer(name, row[name])
            rows.append(row)
            shutil.rmtree(work)
    return rows


def _percent(value):
    return "-" if value is None else f"{100 * value:.2f} %"


def show_ours(row):
    ours = row["ours"]
    print(f"{row['size']}, travel {row['travel']}: {row['model']['columns']} columns, {row['model']['rows']} rows")
    print(f"  {'ours':<12} cost {ours['plan']['cost']:10.2f}   bound {ours['bound']['cost']:10.2f}   "
          f"gap {_percent(ours['gap']):>9}   {ours['seconds']:.1f} s   "
          f"{'' if ours['model_agrees'] else 'THE MODEL DISAGREES'}", flush=True)


def show_peer(name, row):
    plan, bound = row["plan"], row["bound"]
    if not plan or "invalid" in plan:
        words = plan["invalid"] if plan else "no plan"
    else:
        ratio = "tiers differ" if row["ratio"] is None else f"{row['ratio']:.3f} x ours"
        words = f"cost {plan['cost']:10.2f}   {plan['unserved']}/{plan['over']:g}/{plan['quota']}   {ratio}"
    print(f"  {name:<12} {words}   bound {'-' if bound is None else f'{bound:.2f}'}   gap {_percent(row.get('gap')):>9}"
          f"   {row['seconds']:.1f} s", flush=True)
