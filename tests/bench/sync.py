"""Solve time of Huainan; every figure of a sync beside its floor and its goal, throughput beside the raw libraries.

Sync is measured in turn with ../shared/tools/rawlimit's `comb` (the same libraries without a product
around them), so that the ratio holds when the machine's speed drifts; without that folder only our own
figures are printed. Every figure is the median of the rounds.
"""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from programs import HUAINAN, JIANCHA, SHARED, build, program, run

LOAD = program("jc_bench_sync")
IDLE = program("jc_bench_idle")
LISTING = program("jc_bench_listing")
STORM = program("jc_bench_storm")
RAWLIMIT = os.path.join(SHARED, "tools", "rawlimit")
CONNECTIONS = 64


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def solve(folder):
    """Seconds, cost and gap of Huainan until the search ends by itself."""
    database = os.path.join(folder, "solve.db")
    run(JIANCHA, "init", "--db", database)
    run(JIANCHA, "import", HUAINAN, "--db", database, stderr=subprocess.DEVNULL)
    begin = time.monotonic()
    answer = json.loads(run(JIANCHA, "solve", "--db", database, "--format", "json", stderr=subprocess.DEVNULL))
    answer = answer.get("solve", answer)
    return {"wall_s": time.monotonic() - begin, "cost": answer["cost"], "bound": answer["bound"], "gap": answer["gap"],
            "tiers": answer["tiers"], "status": answer["status"]}


def serve(database):
    server = subprocess.Popen([JIANCHA, "serve", "--db", database, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    line = server.stdout.readline()
    return server, int(line.rsplit(":", 1)[1].split()[0].strip("/"))


def stop(server):
    server.send_signal(signal.SIGTERM)
    server.wait()
    server.stdout.close()


def cold_start(folder):
    """Milliseconds from exec to the first answer that has looked into the database."""
    database = os.path.join(folder, "solve.db")
    begin = time.monotonic()
    server, port = serve(database)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        return (time.monotonic() - begin) * 1000
    finally:
        stop(server)


def sync(folder, records, seconds):
    work = tempfile.mkdtemp(dir=folder)
    answer = json.loads(run(LOAD, "--program", JIANCHA, "--dir", work, "--connections", str(CONNECTIONS), "--records",
                            str(records), "--seconds", str(seconds)))
    shutil.rmtree(work)
    return answer


def wire(folder):
    """Bytes both ways for a record in batches of 20, compressed."""
    work = tempfile.mkdtemp(dir=folder)
    answer = json.loads(run(LOAD, "--program", JIANCHA, "--dir", work, "--connections", "8", "--records", "20",
                            "--seconds", "1", "--gzip", "--rate", "6000"))
    shutil.rmtree(work)
    return answer["wire_bytes_per_record"]


def idle(folder, *options):
    """Memory of a server with 1,000 terminals that say nothing."""
    work = tempfile.mkdtemp(dir=folder)
    answer = json.loads(run(IDLE, "--program", JIANCHA, "--dir", work, *options))
    shutil.rmtree(work)
    return answer


def storm(folder):
    """1,000 terminals that shake hands at once, and what others wait meanwhile."""
    work = tempfile.mkdtemp(dir=folder)
    answer = json.loads(run(STORM, "--program", JIANCHA, "--dir", work))
    shutil.rmtree(work)
    return answer


def raw(folder, out, records, seconds):
    """The bare libraries: records/s and the server's CPU a record with the same connections, records a request and
    findings a record."""
    work = tempfile.mkdtemp(dir=folder)
    port = free_port()
    comb = subprocess.Popen([os.path.join(out, "comb"), str(port), "0", "32768", "FULL", "256", "1", "1000"], cwd=work,
                            env={**os.environ, "DB": os.path.join(work, "comb.db")}, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert comb.poll() is None
        line = run(os.path.join(out, "hload"), "-p", str(port), "-u", "/v1/sync", "-m", "pb", "-c", str(CONNECTIONS),
                   "-b", str(records), "-d", str(seconds))
        told = dict(word.split("=") for word in line.split() if "=" in word)
        comb.send_signal(signal.SIGTERM)
        _, comb.returncode, usage = os.wait4(comb.pid, 0)
        used_us = 1e6 * (usage.ru_utime + usage.ru_stime)
        return {"records_per_s": float(told["rec/s"]), "cpu_us_per_record": used_us / (int(told["req"]) * records)}
    finally:
        if comb.returncode is None:
            comb.kill()
            comb.wait()
        shutil.rmtree(work)


def raw_build(folder):
    if not os.path.isdir(RAWLIMIT):
        return None
    out = os.path.join(folder, "rawlimit")
    run("make", "-s", "-C", RAWLIMIT, f"OUT={out}")
    return out


def measure_sync(folder, records, seconds, rounds, raw_out):
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(sync(folder, records, seconds))
        if raw_out:
            theirs.append(raw(folder, raw_out, records, seconds))
    figures = {key: statistics.median(run[key] for run in ours)
               for key in ("records_per_s", "p50_ms", "p99_ms", "cpu_us_per_record", "idle_kb", "loaded_kb",
                           "start_ms")}
    if theirs:
        for key in ("records_per_s", "cpu_us_per_record"):
            figures["comb_" + key] = statistics.median(run[key] for run in theirs)
        figures["ratio_to_comb"] = statistics.median(a["records_per_s"] / b["records_per_s"]
                                                     for a, b in zip(ours, theirs))
    return figures


def paced(folder, seconds):
    """1,000 terminals that send one record a second each; the median of three runs by its 99th percentile, since one
    stall of the disk is the whole percentile of a run. What was measured before has been written by then."""
    answers = []
    for _ in range(3):
        os.sync()
        work = tempfile.mkdtemp(dir=folder)
        answers.append(json.loads(run(LOAD, "--program", JIANCHA, "--dir", work, "--connections", "1000", "--records",
                                      "1", "--seconds", str(seconds), "--pace", "1000")))
        shutil.rmtree(work)
    return sorted(answers, key=lambda answer: answer["p99_ms"])[1]


def restart(folder, history):
    """Start of a server with so many records, and its start after kill -9, to the first durable record."""
    work = tempfile.mkdtemp(dir=folder)
    answer = json.loads(run(LOAD, "--program", JIANCHA, "--dir", work, "--connections", str(CONNECTIONS), "--records",
                            "20", "--seconds", "2", "--history", str(history), "--kill"))
    shutil.rmtree(work)
    return answer


def listing(folder, changes):
    """The first sync of a new terminal, and pulls behind so many changes of other teams."""
    work = tempfile.mkdtemp(dir=folder)
    answer = json.loads(run(LISTING, "--program", JIANCHA, "--dir", work, "--changes", str(changes)))
    shutil.rmtree(work)
    return answer


def verdict(value, floor, goal):
    return "goal" if value <= goal else "floor" if value <= floor else "MISSED"


def figures(result):
    """Rows of what, measured, floor, goal, unit. Less is better; where more is, all three are negative."""
    rows = []
    for records, goal in (("1", 0.8), ("20", 0.85)):
        part = result["sync"][records]
        if "ratio_to_comb" in part:
            rows.append((f"records/s to comb, {records} a request", -part["ratio_to_comb"], -0.5, -goal, "x"))
    for records, floor, goal in (("1", 80, 50), ("20", 40, 25)):
        used = result["sync"][records]["cpu_us_per_record"]
        rows.append((f"server CPU a record, {records} a request", used, floor, goal, "us"))
    rows += [
        ("p99, 64 connections, 1 a request", result["sync"]["1"]["p99_ms"], 30, 15, "ms"),
        ("p99, 1,000 terminals at 1 request/s", result["paced"]["p99_ms"], 40, 15, "ms"),
        ("memory of an idle terminal, plain", result["idle"]["plain"]["kb_per_terminal"], 8, 5, "kB"),
        ("memory of an idle terminal, TLS", result["idle"]["tls"]["kb_per_terminal"], 32, 24, "kB"),
        ("server with 1,000 idle terminals", result["idle"]["plain"]["idle_kb"] / 1024, 32, 20, "MB"),
        ("start to the first durable answer", result["start_ms"] / 1000, 0.3, 0.1, "s"),
        ("the same after kill -9, 10^6 records", result["restart"]["restart_ms"] / 1000, 2, 0.3, "s"),
        ("first sync, 8,580 units and 500 tasks", result["listing"]["10^4"]["first_sync_ms"] / 1000, 1, 0.3, "s"),
        ("bytes of it, gzip", result["listing"]["10^4"]["first_sync_bytes"] / 1000, 1000, 400, "kB"),
        ("server CPU of a pull, 10^7 changes to 10^4",
         result["listing"]["10^7"]["pull_cpu_us"] / result["listing"]["10^4"]["pull_cpu_us"], 2, 1.1, "x"),
        ("wire bytes a record, 20 a request, gzip", result["wire_bytes_per_record"], 300, 260, "B"),
    ]
    return rows


def show(result):
    solved = result["solve"]
    print(f"solve huainan-2023        {solved['wall_s']:.2f} s   cost {solved['cost']}   bound {solved['bound']}   "
          f"gap {solved['gap']}   {solved['status']}")
    print(f"cold start                {result['cold_start_ms']:.0f} ms to the first answer")
    print(f"idle memory               {result['idle_kb'] / 1024:.1f} MB")
    for records, part in result["sync"].items():
        beside = (f"   comb {part['comb_records_per_s']:.0f}, {part['comb_cpu_us_per_record']:.0f} us CPU each"
                  if "ratio_to_comb" in part else "   comb not at hand")
        print(f"sync, {records:>2} records/request  {part['records_per_s']:.0f} records/s{beside}   "
              f"p50 {part['p50_ms']:.1f} ms   p99 {part['p99_ms']:.1f} ms")
    for changes, part in result["listing"].items():
        print(f"pull behind {changes} changes  {part['pull_ms']:.3f} ms   {part['pull_cpu_us']:.0f} us CPU")
    for kind, part in result["storm"].items():
        print(f"1,000 handshakes ({kind})  {part['seconds']:.2f} s   {part['cpu_us']:.0f} us CPU each   others meanwhile p99 "
              f"{part['over_tls']['p99_ms']:.1f} ms over TLS, {part['without']['p99_ms']:.1f} ms without")
    print(f"\n{'figure':<42}{'measured':>12}{'floor':>10}{'goal':>10}")
    for what, value, floor, goal, unit in figures(result):
        print(f"{what:<42}{abs(value):>9.2f} {unit:<2}{abs(floor):>10g}{abs(goal):>10g}   {verdict(value, floor, goal)}")


def add_options(parser):
    parser.add_argument("--seconds", type=int, default=5, help="length of each sync run (5)")
    parser.add_argument("--rounds", type=int, default=3, help="runs, of which the median counts (3)")


def measure(options):
    """Builds, measures and prints; the figures."""
    build("--test", "jc_bench_sync", "jc_bench_idle", "jc_bench_listing", "jc_bench_storm")
    folder = tempfile.mkdtemp(prefix="jiancha-bench-")
    try:
        raw_out = raw_build(folder)
        solved = []
        for round_no in range(options.rounds):
            work = os.path.join(folder, f"solve{round_no}")
            os.mkdir(work)
            solved.append(solve(work))
        solved.sort(key=lambda answer: answer["wall_s"])
        starts = [cold_start(os.path.join(folder, "solve0")) for _ in range(options.rounds)]
        result = {"solve": solved[len(solved) // 2], "cold_start_ms": statistics.median(starts), "sync": {}}
        for records in (1, 20):
            print(f"sync, {records} records a request …", file=sys.stderr)
            result["sync"][str(records)] = measure_sync(folder, records, options.seconds, options.rounds, raw_out)
        result["idle_kb"] = result["sync"]["1"]["idle_kb"]
        print("1,000 idle terminals …", file=sys.stderr)
        result["idle"] = {"plain": idle(folder), "tls": idle(folder, "--tls")}
        print("1,000 terminals that come back at once …", file=sys.stderr)
        result["storm"] = storm(folder)
        result["wire_bytes_per_record"] = wire(folder)
        result["start_ms"] = result["sync"]["1"]["start_ms"]
        print("1,000 terminals at one request a second …", file=sys.stderr)
        result["paced"] = paced(folder, options.seconds)
        print("first sync and pulls behind 10^4 and 10^7 changes …", file=sys.stderr)
        result["listing"] = {"10^4": listing(folder, 10**4), "10^7": listing(folder, 10**7)}
        print("kill -9 with 10^6 records …", file=sys.stderr)
        result["restart"] = restart(folder, 10**6)
        result["figures"] = [{"what": what, "measured": abs(value), "floor": abs(floor), "goal": abs(goal), "unit": unit,
                              "verdict": verdict(value, floor, goal)}
                             for what, value, floor, goal, unit in figures(result)]
        show(result)
        return result
    finally:
        shutil.rmtree(folder)
