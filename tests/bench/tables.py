#!/usr/bin/env python3
"""The optimizer's figures as the tables of docs: tests/bench/tables.py FILE.json

Reads what `scripts/bench optimizer --json FILE.json` wrote (or `scripts/bench --json`), prints Markdown."""
import json
import sys


def percent(value):
    return "–" if value is None else f"{100 * value:.2f} %"


def asked(aims):
    parts = [f"≤ {aims['cost']:,}"] if "cost" in aims else []
    parts += [f"gap ≤ {100 * aims['gap']:g} %"] if "gap" in aims else []
    parts += [f"weighted gap ≤ {100 * aims['weighted_gap']:g} %"] if "weighted_gap" in aims else []
    parts += ["proven optimal"] if "optimal" in aims else []
    parts += ["< 1 GB"] if "memory_mb" in aims else []
    return ", ".join(parts)


def table(heads, rows):
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def figures(result):
    rows = []
    for row in result["figures"]:
        measured = row["measured"]
        plan, known = measured["plan"], measured["optimal"]
        rows.append([row["case"], f"{row['limit_s']:g} s", f"{row['kind']}: {asked(row['asked'])}",
                     f"{plan['unserved']} / {plan['over']:g} / {plan['quota']}", f"{plan['cost']:,.1f}",
                     f"{measured['bound']['cost']:,.1f}", "proven optimal" if known else percent(measured["gap"]),
                     f"{measured['seconds']:.1f}", f"{measured['memory_mb']:.0f}", "yes" if row["met"] else "**no**"])
    table(["case", "limit", "asked", "tiers", "cost", "bound", "gap", "seconds", "MB", "met"], rows)


def replanning(result):
    rows = []
    for row in result:
        tiers = row["solve"]["tiers"]
        rows.append(["re-plan of M", f"{row['limit_s']} s", f"{tiers['unserved']} / {tiers['over']} / {tiers['quota']}",
                     str(row["changes"]), f"{row['least']}{' (proven)' if row['proven'] else ''}",
                     f"{row['solve']['cost']:,.1f}", f"{row['seconds']:.1f}"])
    table(["case", "limit", "tiers", "changes", "at least", "cost", "seconds"], rows)


def side_by_side(result):
    rows = []
    for row in result["side_by_side"]:
        ours = row["ours"]
        rows.append([row["size"], str(row["travel"]), "ours", f"{ours['plan']['cost']:,.1f}", "1",
                     f"{ours['bound']['cost']:,.1f}", percent(ours["gap"]), f"{ours['seconds']:.1f}"])
        for name in ("GLPK --cuts", "CBC", "HiGHS"):
            peer = row.get(name)
            if not peer:
                continue
            plan = peer["plan"] if peer["plan"] and "invalid" not in peer["plan"] else None
            cost, ratio = "no plan", "–"
            if plan:
                worse = peer.get("ratio") is None
                cost = f"{plan['cost']:,.1f}" + (f" ({plan['unserved']} / {plan['over']:g} / {plan['quota']})" if worse
                                                 else "")
                ratio = "tiers broken" if worse else f"{peer['ratio']:.2f}"
            rows.append([row["size"], str(row["travel"]), name, cost, ratio,
                         "–" if peer["bound"] is None else f"{peer['bound']:,.1f}", percent(peer.get("gap")),
                         f"{peer['seconds']:.1f}"])
    table(["case", "travel", "solver", "cost", "× ours", "bound", "gap", "seconds"], rows)


def main():
    with open(sys.argv[1], encoding="utf8") as file:
        result = json.load(file)
    result = result.get("optimizer", result)
    if result["figures"]:
        figures(result)
    replanned = [row for row in result.get("replan", []) if "solve" in row]
    if replanned:
        replanning(replanned)
    if result["side_by_side"]:
        side_by_side(result)


if len(sys.argv) == 2:
    main()
else:
    print(__doc__)
    sys.exit(2)
