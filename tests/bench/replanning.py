"""Re-planning M in June: five months are over, 25 of their visits did not happen, 3 units are new."""
import contextlib
import csv
import json
import os
import random
import shutil
import sqlite3
import subprocess
import time

from programs import JIANCHA, run
from worker import generate

DONE = 3  # VisitStatus in proto/jiancha/v1/plan.proto
AS_OF, MONTHS_OVER, SLIPS, NEW_UNITS = "2023-06-01", 5, 25, 3
FLOOR_S, GOAL_S = 5, 2


def _write(path, rows, columns):
    with open(path, "w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _prepare(folder, seed):
    """A database with an approved plan of which five months happened, but for the slips; the new units come in by
    an update of the register. What terminals would have sent is written straight into the plan's rows: only their
    status matters here."""
    case, database = os.path.join(folder, "replan-case"), os.path.join(folder, "replan.db")
    shutil.copytree(generate(folder, "M", seed), case)
    path = os.path.join(case, "units.csv")
    with open(path, encoding="utf8", newline="") as file:
        units = list(csv.DictReader(file))
    chance = random.Random(seed)
    plain = [unit["unit_id"] for unit in units if not unit["groups"] and not unit["co_team"]
             and unit["rule_id"] == "A1-g1"]
    late = set(chance.sample(plain, NEW_UNITS))
    _write(path, [unit for unit in units if unit["unit_id"] not in late], list(units[0]))
    quiet = {"stderr": subprocess.DEVNULL}
    run(JIANCHA, "init", "--db", database, **quiet)
    run(JIANCHA, "import", case, "--db", database, **quiet)
    run(JIANCHA, "solve", "--time-limit", "20", "--db", database, check=False, **quiet)
    run(JIANCHA, "approve", "--document-no", "1", "--by", "bench", "--date", "2023-01-05", "--db", database, **quiet)
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        over = db.execute("SELECT visit_id FROM visit WHERE month <= ? AND unit_id <> '' ORDER BY visit_id",
                          (MONTHS_OVER,)).fetchall()
        slips = {row[0] for row in chance.sample(over, SLIPS)}
        db.executemany("UPDATE visit SET status = ? WHERE visit_id = ?",
                       [(DONE, row[0]) for row in over if row[0] not in slips])
    _write(path, units, list(units[0]))
    run(JIANCHA, "import", case, "--update", "--db", database, **quiet)
    return database


def _replan(database, seconds):
    begin = time.monotonic()
    done = subprocess.run([JIANCHA, "replan", "--as-of", AS_OF, "--time-limit", str(seconds), "--format", "json",
                           "--db", database], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    figures = {"limit_s": seconds, "seconds": round(time.monotonic() - begin, 2), "code": done.returncode}
    if done.returncode not in (0, 1):
        return {**figures, "failed": done.stderr.strip()}
    answer = json.loads(done.stdout)
    counted = answer["changes"]
    return {**figures, "changes": counted["count"], "least": counted["least"], "proven": counted["proven"],
            "solve": answer["solve"]}


def measure(folder, seed):
    """The same plan in force re-planned within the time of the floor, then within that of the goal."""
    database = _prepare(folder, seed)
    return [_replan(database, seconds) for seconds in (FLOOR_S, GOAL_S)]


def show(figures):
    for row in figures:
        result = row.get("failed")
        if not result:
            tiers = row["solve"]["tiers"]
            result = (f"{tiers['unserved']}/{tiers['over']}/{tiers['quota']}  {row['changes']} changes, at least "
                      f"{row['least']}{' proven' if row['proven'] else ''}  cost {row['solve']['cost']}")
        print(f"{'re-plan M':<11} limit {row['limit_s']:>2} s (floor {FLOOR_S} s; goal: fewest changes proven in "
              f"{GOAL_S} s)  {result}  {row['seconds']:.1f} s", flush=True)
