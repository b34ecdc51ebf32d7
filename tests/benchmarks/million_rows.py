#!/usr/bin/env python3
"""A million label rows with 40 cohorts through the command line: push, evaluate twice, compare.

Usage: million_rows.py BIN_DIR WORK_DIR [ROWS]

Prints seconds, rates and the server's memory above idle. The baseline is right on 90 % of the rows;
the candidate breaks 3 % and fixes 2.5 %.
"""

import os
import pathlib
import random
import re
import subprocess
import sys
import time


def write_rows(work, rows):
    """Examples and two output files; seeded, so that every run measures the same bytes."""
    draw = random.Random(7)
    paths = [work / name for name in ("examples.jsonl", "baseline.jsonl", "candidate.jsonl")]
    if all(path.exists() for path in paths):
        return paths
    files = [path.open("w", encoding="utf-8", newline="\n") for path in paths]
    for row in range(rows):
        label = draw.randrange(10)
        before = label if draw.random() < 0.9 else (label + 1) % 10
        after = before
        change = draw.random()
        if before == label and change < 0.03:
            after = (label + 2) % 10
        elif before != label and change < 0.25:
            after = label
        key = f"q-{row:08d}"
        files[0].write(
            f'{{"key":"{key}","label":"intent_{label}","cohort.lang":"l{draw.randrange(8)}",'
            f'"cohort.slice":"s{draw.randrange(32)}"}}\n')
        files[1].write(f'{{"key":"{key}","label":"intent_{before}"}}\n')
        files[2].write(f'{{"key":"{key}","label":"intent_{after}"}}\n')
    for file in files:
        file.close()
    return paths


def memory_mib(pid, field):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M).group(1)) / 1024


def reset_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def main():
    binaries, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    work.mkdir(parents=True, exist_ok=True)
    examples, baseline, candidate = write_rows(work, rows)
    start = time.perf_counter()
    lines = sum(chunk.count(b"\n") for chunk in iter(lambda f=examples.open("rb"): f.read(1 << 20), b""))
    scan = time.perf_counter() - start
    print(f"newline scan of the examples: {scan:.3f} s, {lines / scan / 1e6:.0f} M rows/s")
    server = subprocess.Popen(
        [binaries / "assay-server", "--data-dir", work / f"store-{os.getpid()}", "--listen", "127.0.0.1:0",
         "--http-listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        endpoint = re.match(r"ready grpc=(\S+)", server.stdout.readline()).group(1)
        environment = dict(os.environ, ASSAY_ENDPOINT=endpoint)
        idle = memory_mib(server.pid, "VmRSS")
        print(f"server idle: {idle:.0f} MiB")

        def assay(*arguments):
            start = time.perf_counter()
            subprocess.run([binaries / "assay", *map(str, arguments)], env=environment, check=True,
                           stdout=subprocess.DEVNULL)
            return time.perf_counter() - start

        seconds = assay("dataset", "push", "million", examples)
        print(f"dataset push: {seconds:.2f} s, {rows / seconds / 1e6:.2f} M rows/s, "
              f"{memory_mib(server.pid, 'VmHWM') - idle:.0f} MiB above idle at most")
        for path in (baseline, candidate):
            assay("model", "push", "m", "--external", "--config", f"file={path.name}")
            seconds = assay("outputs", "push", "--model", "m", "--dataset", "million", path)
            print(f"outputs push: {seconds:.2f} s, {rows / seconds / 1e6:.2f} M rows/s")
        reset_peak(server.pid)
        before = memory_mib(server.pid, "VmRSS")
        seconds = assay("diff", "m@1", "m@2", "--dataset", "million", "--max-drop", "accuracy=0.1")
        print(f"evaluate both + compare, {rows:,} rows, 40 cohorts: {seconds:.2f} s; peak "
              f"{memory_mib(server.pid, 'VmHWM') - idle:.0f} MiB above idle "
              f"({memory_mib(server.pid, 'VmHWM') - before:.0f} above the start of this step)")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
