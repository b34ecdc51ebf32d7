#!/usr/bin/env python3
"""Times resampling beside scipy in the same run.

Usage: statistics_beside_scipy.py BIN_DIR        # needs python3-scipy

Processor time of one thread each. scipy draws 200 (permutation: 100) resamples of 100,000
differences, and its time is scaled to 10,000.
"""

import subprocess
import sys
import time

import numpy
from scipy import stats

DRAWS = 10_000


def seconds(work):
    begin = time.process_time()
    work()
    return time.process_time() - begin


output = subprocess.run([f"{sys.argv[1]}/statistics_benchmark", "resampling"], check=True,
                        capture_output=True, text=True).stdout
ours = {name: float(value) for name, value in (line.split() for line in output.splitlines())}

values = numpy.random.default_rng(1).normal(0.002, 1, 100_000)
bootstrap = seconds(lambda: stats.bootstrap((values,), numpy.mean, method="percentile", n_resamples=200,
                                            batch=20, vectorized=True)) * DRAWS / 200
permutation = seconds(lambda: stats.permutation_test((values,), lambda x, axis: x.sum(axis=axis), batch=10,
                                                     permutation_type="samples", n_resamples=100)) * DRAWS / 100
print(f"{'10,000 draws of 100,000 differences':38} {'Assay':>9} {'scipy':>9} {'ratio':>7}")
for name, theirs in (("bootstrap_general", bootstrap), ("bootstrap_binary", bootstrap),
                     ("bootstrap_21_values", bootstrap), ("permutation", permutation)):
    print(f"{name:38} {ours[name]:8.4f}s {theirs:8.2f}s {theirs / ours[name]:6.0f}x")
