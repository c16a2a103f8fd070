"""Solve time of Huainan, sync throughput beside the raw libraries, memory, start.

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
                            "--seconds", "1", "--gzip"))
    shutil.rmtree(work)
    return answer["wire_bytes_per_record"]


def idle(folder, *options):
    """Memory of a server with 1,000 terminals that say nothing."""
    work = tempfile.mkdtemp(dir=folder)
    answer = json.loads(run(IDLE, "--program", JIANCHA, "--dir", work, *options))
    shutil.rmtree(work)
    return answer


def raw(folder, out, records, seconds):
    """Records/s of the bare libraries: the same connections, records a request and findings a record."""
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
        return float(line.split("rec/s=")[1].split()[0])
    finally:
        comb.send_signal(signal.SIGTERM)
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
               for key in ("records_per_s", "p50_ms", "p99_ms", "cpu_us_per_record", "idle_kb", "loaded_kb")}
    if theirs:
        figures["comb_records_per_s"] = statistics.median(theirs)
        figures["ratio_to_comb"] = statistics.median(a["records_per_s"] / b for a, b in zip(ours, theirs))
    return figures


def show(result):
    solved = result["solve"]
    print(f"solve huainan-2023        {solved['wall_s']:.2f} s   cost {solved['cost']}   bound {solved['bound']}   "
          f"gap {solved['gap']}   {solved['status']}")
    print(f"cold start                {result['cold_start_ms']:.0f} ms to the first answer")
    print(f"idle memory               {result['idle_kb'] / 1024:.1f} MB")
    for kind, figures in result["idle"].items():
        print(f"1,000 terminals, {kind:<5}    {figures['idle_kb'] / 1024:.1f} MB   "
              f"{figures['kb_per_terminal']:.1f} kB a terminal")
    print(f"wire, 20 a request, gzip  {result['wire_bytes_per_record']:.0f} bytes a record")
    for records, figures in result["sync"].items():
        ratio = f"{figures['ratio_to_comb']:.2f} x comb ({figures['comb_records_per_s']:.0f})" \
            if "ratio_to_comb" in figures else "comb not at hand"
        print(f"sync, {records:>2} records/request  {figures['records_per_s']:.0f} records/s   {ratio}   "
              f"p50 {figures['p50_ms']:.1f} ms   p99 {figures['p99_ms']:.1f} ms   "
              f"{figures['cpu_us_per_record']:.0f} us CPU a record")


def add_options(parser):
    parser.add_argument("--seconds", type=int, default=5, help="length of each sync run (5)")
    parser.add_argument("--rounds", type=int, default=3, help="runs, of which the median counts (3)")


def measure(options):
    """Builds, measures and prints; the figures."""
    build("--test", "jc_bench_sync", "jc_bench_idle")
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
        result["wire_bytes_per_record"] = wire(folder)
        show(result)
        return result
    finally:
        shutil.rmtree(folder)
