#!/usr/bin/env python3
"""One comparison of a million rows: five metrics, two of which are no means, over 40 cohorts.

Usage: whole_comparison.py BIN_DIR WORK_DIR [ROWS]

Accuracy, NLL, cosine, macro F1 of ten classes and ECE of 15 bins; the cohorts partition the rows.
Prints the seconds of the comparison alone (both sides are evaluated before), the server's memory
above idle, and the seconds of a page of the hundred worst rows by each metric.
"""

import os
import pathlib
import random
import re
import subprocess
import sys
import time

from million_rows import memory_mib, reset_peak

LABELS = [f"intent_{label}" for label in range(10)]


def answer(draw, label, is_right):
    """Ten probabilities and four numbers of an embedding, as JSON."""
    top = label if is_right else (label + 1 + draw.randrange(9)) % 10
    confidence = 0.4 + 0.55 * draw.random()
    rest = (1 - confidence) / 9
    numbers = ",".join(f"{confidence if i == top else rest:.4f}" for i in range(10))
    vector = ",".join(f"{draw.gauss(1, 0.3):.2f}" for _ in range(4))
    return f'"probabilities":[{numbers}],"embedding":[{vector}]'


def write_rows(work, rows):
    draw = random.Random(11)
    paths = [work / f"{name}-{rows}.jsonl" for name in ("examples", "baseline", "candidate")]
    if all(path.exists() for path in paths):
        return paths
    files = [path.open("w", encoding="utf-8", newline="\n") for path in paths]
    for row in range(rows):
        label = draw.randrange(10)
        was_right = draw.random() < 0.9
        is_right = was_right if draw.random() > 0.06 else draw.random() < 0.85
        key = f"q-{row:08d}"
        files[0].write(f'{{"key":"{key}","input":"question {row} about {LABELS[label]}",'
                       f'"label":"{LABELS[label]}","reference_embedding":[1,1,1,1],'
                       f'"cohort.slice":"s{draw.randrange(40)}"}}\n')
        files[1].write(f'{{"key":"{key}",{answer(draw, label, was_right)}}}\n')
        files[2].write(f'{{"key":"{key}",{answer(draw, label, is_right)}}}\n')
    for file in files:
        file.close()
    return paths


def main():
    binaries, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    work.mkdir(parents=True, exist_ok=True)
    examples, baseline, candidate = write_rows(work, rows)
    server = subprocess.Popen(
        [binaries / "assay-server", "--data-dir", work / f"store-{os.getpid()}", "--listen", "127.0.0.1:0",
         "--http-listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        endpoint = re.match(r"ready grpc=(\S+)", server.stdout.readline()).group(1)
        environment = dict(os.environ, ASSAY_ENDPOINT=endpoint)
        idle = memory_mib(server.pid, "VmRSS")

        def assay(*arguments):
            start = time.perf_counter()
            result = subprocess.run([binaries / "assay", *map(str, arguments)], env=environment,
                                    check=True, stdout=subprocess.PIPE, text=True)
            return time.perf_counter() - start, result.stdout

        assay("dataset", "push", "million", examples)
        evaluators = ("--evaluator", "ground_truth_match:accuracy,nll,macro_f1,ece,labels=" + "|".join(LABELS),
                      "--evaluator", "embedding_similarity")
        runs = []
        for path in (baseline, candidate):
            assay("model", "push", "m", "--external", "--config", f"file={path.name}")
            assay("outputs", "push", "--model", "m", "--dataset", "million", path)
            seconds, text = assay("eval", "--dataset", "million", "--model", "m", *evaluators, "-o", "json")
            runs.append(re.search(r'"name": "projects/default/runs/(\d+)"', text).group(1))
            print(f"evaluate {rows:,} rows: {seconds:.2f} s")
        reset_peak(server.pid)
        seconds, text = assay("diff", *runs, "-o", "json")
        print(f"compare {rows:,} rows x 5 metrics x 40 cohorts: {seconds:.2f} s (limit 4), peak "
              f"{memory_mib(server.pid, 'VmHWM') - idle:.0f} MiB above idle (limit 256)")
        number = re.search(r'"name": "projects/default/comparisons/(\d+)"', text).group(1)
        for metric in ("accuracy", "nll", "cosine"):
            best = min(assay("rows", number, "--metric", metric, "--limit", 100, "-o", "json")[0]
                       for _ in range(5))
            print(f"100 worst rows by {metric}: {1000 * best:.0f} ms with the client's start")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
