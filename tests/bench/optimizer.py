"""Plans and proven bounds by size, each with its time limit, floor and goal (docs/OPTIMIZER.md, "Measured"), and
side by side with GLPK, CBC and HiGHS on the same problems in the same run.

Needs the shared folder (../shared or JIANCHA_SHARED) for the generator of cases. One thing at a time runs, so
leave the machine alone meanwhile. The whole takes about 40 minutes; --figures and --sizes choose parts.
"""
import os
import shutil
import tempfile
import time

import peers
import replanning
from programs import HUAINAN, build
from worker import GENERATOR, Run, generate, problem_of

# name: case, further options of `solve`, then (seconds, what is asked) of floor and goal
FIGURES = {
    "Huainan": (None, (), (10, {"gap": 0.01}), (1, {"optimal": True})),
    "S": (("S",), (), (20, {"cost": 570, "gap": 0.24}), (30, {"gap": 0.02})),
    "M": (("M",), (), (20, {"cost": 540, "gap": 0.18}), (60, {"cost": 510, "gap": 0.05})),
    "M travel 0": (("M",), ("--weights", "travel=0"), (10, {"cost": 77, "gap": 0.08}), (15, {"gap": 0.01})),
    "M over": (("M", "--over"), (), (10, {"weighted_gap": 0.0025}), (10, {"optimal": True})),
    "L": (("L",), (), (30, {"cost": 2670}), (120, {"cost": 2400, "gap": 0.10})),
    "XL": (("XL",), (), (60, {"cost": 8620}), (300, {"gap": 0.15})),
    "XXL": (("XXL",), (), (120, {"cost": 43500, "memory_mb": 1000}), (120, {"cost": 41000, "memory_mb": 1000})),
}
# What an unserved visit, a workday over and a quota missed weigh in one number (as in the month model of the peers).
TIER_WEIGHTS = {"unserved": 10**6, "over": 10**4, "quota": 10**3, "cost": 1}
REPLAN = "re-plan M"


def add_options(parser):
    parser.add_argument("--seconds", type=int, default=60, help="time of each solver side by side (60)")
    parser.add_argument("--sizes", default="S,M,L", help="side by side: S,M,L; empty: none")
    parser.add_argument("--peers", default="", help="only these solvers of glpk,cbc,highs")
    parser.add_argument("--figures", default=",".join([*FIGURES, REPLAN]),
                        help="rows of the table, by name; empty: none")
    parser.add_argument("--faster", type=float, default=1, metavar="N",
                        help="a trial: all time limits of the table divided by N")
    parser.add_argument("--seed", type=int, default=1, help="of the generated cases (1)")


# --- the table ----------------------------------------------------------------------------------------


def weighted_gap(figures):
    """The gap of tiers and cost as one number."""
    plan, bound = (sum(weight * figures[side][name] for name, weight in TIER_WEIGHTS.items())
                   for side in ("plan", "bound"))
    return (plan - bound) / plan if plan else 0


def meets(figures, asked, limit):
    """Is what was asked reached: within its time (1 s or 5 % over), each tier at 0 or proven to be as low as it can
    be (XXL, seed 1, has a group whose quotas allow a visit less than is due)?"""
    if "failed" in figures or figures["seconds"] > max(limit + 1, limit * 1.05):
        return False
    plan, bound = figures["plan"], figures["bound"]
    if any(plan[tier] > bound[tier] for tier in ("unserved", "over", "quota")):
        return False
    return all([figures["optimal"] or "optimal" not in asked,
                plan["cost"] <= asked.get("cost", plan["cost"]),
                "gap" not in asked or (figures["gap"] is not None and figures["gap"] <= asked["gap"]),
                "weighted_gap" not in asked or weighted_gap(figures) <= asked["weighted_gap"],
                figures["memory_mb"] <= asked.get("memory_mb", figures["memory_mb"])])


def words(asked):
    parts = [f"cost ≤ {asked['cost']}"] if "cost" in asked else []
    parts += [f"gap ≤ {100 * asked['gap']:g} %"] if "gap" in asked else []
    parts += [f"weighted gap ≤ {100 * asked['weighted_gap']:g} %"] if "weighted_gap" in asked else []
    parts += ["proven optimal"] if "optimal" in asked else []
    parts += [f"< {asked['memory_mb'] / 1000:g} GB"] if "memory_mb" in asked else []
    return ", ".join(parts)


def figure(name, folder, seed, faster):
    case, options, *aims = FIGURES[name]
    work = os.path.join(folder, name.replace(" ", "-"))
    os.mkdir(work)
    problem = problem_of(generate(folder, case[0], seed, *case[1:]) if case else HUAINAN, work, *options)
    rows = []
    for kind, (seconds, asked) in zip(("floor", "goal"), aims):
        again = rows and rows[0]["limit_s"] == seconds / faster
        figures = rows[0]["measured"] if again else Run(problem, seconds / faster).figures()
        rows.append({"case": name, "kind": kind, "limit_s": seconds / faster, "asked": asked, "measured": figures,
                     "met": meets(figures, asked, seconds / faster)})
        show(rows[-1])
    shutil.rmtree(work)
    return rows


def show(row):
    measured = row["measured"]
    if "failed" in measured:
        result = f"failed: {measured['failed']}"
    else:
        plan, gap = measured["plan"], measured["gap"]
        result = (f"{plan['unserved']}/{plan['over']:g}/{plan['quota']}  cost {plan['cost']:.1f}  "
                  f"bound {measured['bound']['cost']:.1f}  gap {'-' if gap is None else f'{100 * gap:.2f} %'}"
                  f"{' proven optimal' if measured['optimal'] else ''}  {measured['seconds']:.1f} s  "
                  f"{measured['memory_mb']:.0f} MB")
    print(f"{row['case']:<11} {row['kind']:<5} {row['limit_s']:>5g} s  {words(row['asked']):<26} "
          f"{'met' if row['met'] else 'MISSED':<7} {result}", flush=True)


# --- all ------------------------------------------------------------------------------------------------


def measure(options):
    """Builds, measures and prints; the figures."""
    if not os.path.exists(GENERATOR):
        print(f"optimizer: no generator of cases at {GENERATOR}; name the shared folder in JIANCHA_SHARED")
        return {"missing": "generator"}
    build("--bench", "jc_bench_model")
    folder = tempfile.mkdtemp(prefix="jiancha-bench-")
    result = {"date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "seed": options.seed, "figures": [],
              "side_by_side": []}
    try:
        for name in filter(None, options.figures.split(",")):
            if name == REPLAN:
                result["replan"] = replanning.measure(folder, options.seed)
                replanning.show(result["replan"])
            else:
                result["figures"] += figure(name, folder, options.seed, options.faster)
        result["side_by_side"] = peers.side_by_side(list(filter(None, options.sizes.split(","))), options.seconds,
                                                    options.seed, folder, options.peers.split(",")
                                                    if options.peers else None)
    finally:
        shutil.rmtree(folder)
    return result
