"""Re-planning M in June: five months are over, 25 of their visits did not happen, 3 units are new."""
import csv
import json
import os
import random
import shutil
import subprocess
import time

from programs import JIANCHA, run
from worker import generate

AS_OF, MONTHS_OVER, SLIPS, NEW_UNITS = "2023-06-01", 5, 25, 3
FLOOR_S, GOAL_S = 5, 2


def _write(path, rows, columns):
    with open(path, "w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _prepare(folder, seed):
    """A database with an approved plan of which five months happened, but for the slips; the new units come in by
    an update of the register."""
    case, database = os.path.join(folder, "replan-case"), os.path.join(folder, "replan.db")
    shutil.copytree(generate(folder, "M", seed), case)
    path = os.path.join(case, "units.csv")
    with open(path, encoding="utf8", newline="") as file:
        units = list(csv.DictReader(file))
    chance = random.Random(seed)
    plain = [unit for unit in units if not unit["groups"] and not unit["co_team"] and unit["rule_id"] == "A1-g1"]
    late = {unit["unit_id"] for unit in chance.sample(plain, NEW_UNITS)}
    _write(path, [unit for unit in units if unit["unit_id"] not in late], list(units[0]))
    run(JIANCHA, "init", "--db", database, stderr=subprocess.DEVNULL)
    run(JIANCHA, "import", case, "--db", database, stderr=subprocess.DEVNULL)
    run(JIANCHA, "solve", "--time-limit", "20", "--db", database, check=False, stderr=subprocess.DEVNULL)
    plan = json.loads(run(JIANCHA, "plan", "--format", "json", "--db", database))
    over = [visit for visit in plan["visits"] if visit["month"] <= MONTHS_OVER and visit["unit_id"]]
    missed = {visit["visit_id"] for visit in chance.sample(over, SLIPS)}
    rows = [{**visit, "status": "planned" if visit["month"] > MONTHS_OVER else
             "missed" if visit["visit_id"] in missed else "done"} for visit in plan["visits"]]
    _write(os.path.join(case, "previous.csv"), rows, ["unit_id", "draw_id", "rule_id", "month", "lead_team", "status"])
    _write(path, units, list(units[0]))
    os.remove(database)
    run(JIANCHA, "init", "--db", database, stderr=subprocess.DEVNULL)
    run(JIANCHA, "import", case, "--db", database, stderr=subprocess.DEVNULL)
    return database


def measure(folder, seed):
    if _unknown():
        return {"missing": "no command replan"}
    database = _prepare(folder, seed)
    begin = time.monotonic()
    done = subprocess.run([JIANCHA, "replan", "--as-of", AS_OF, "--format", "json", "--db", database],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    figures = {"seconds": round(time.monotonic() - begin, 2), "code": done.returncode}
    if done.returncode not in (0, 1):
        return {**figures, "missing": done.stderr.strip()}
    return {**figures, "answer": json.loads(done.stdout).get("solve")}


def _unknown():
    return subprocess.run([JIANCHA, "help", "replan"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode != 0


def show(figures):
    asked = f"floor {FLOOR_S} s; goal: fewest changes proven in {GOAL_S} s"
    if "missing" in figures:
        print(f"re-plan M   {asked}: {figures['missing']}")
        return
    print(f"re-plan M   {asked}: {figures['seconds']:.1f} s  {figures['answer']}", flush=True)
