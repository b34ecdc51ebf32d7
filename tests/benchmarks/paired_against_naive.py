#!/usr/bin/env python3
"""The same two systems through Assay and through a naive comparison of two averages.

Usage: paired_against_naive.py BIN_DIR

Naive: the two sides as if they were independent samples, a two-sided z test of their means (for
right-or-wrong scores the two-proportion z). Assay: a gate at margin 0. Data are those of the test
suite. Prints a Markdown table.
"""

import csv
import io
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
WORDS = {"VERDICT_REGRESSED": "REGRESSED", "VERDICT_PASS": "PASS", "VERDICT_INCONCLUSIVE": "INCONCLUSIVE"}


class Assay:
    def __init__(self, binaries, folder):
        self.program = binaries / "assay"
        self.environment = dict(os.environ, ASSAY_ENDPOINT="local", ASSAY_DATA_DIR=str(folder))

    def __call__(self, *arguments):
        result = subprocess.run([self.program, *map(str, arguments)], env=self.environment,
                                capture_output=True, text=True, check=False)
        if result.returncode not in (0, 1, 4):
            sys.exit(f"{arguments}: {result.stderr}")
        return result.stdout


def naive_p(before, after):
    """Two-sided p of the difference of two means taken for independent samples."""
    def mean_and_variance(values):
        mean = sum(values) / len(values)
        return mean, sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)
    (before_mean, before_error), (after_mean, after_error) = map(mean_and_variance, (before, after))
    z = (after_mean - before_mean) / math.sqrt(before_error + after_error)
    return math.erfc(abs(z) / math.sqrt(2))


def row(assay, title, base, cand, dataset, metric, evaluator):
    comparison = json.loads(assay("diff", base, cand, "--dataset", dataset, "--evaluator", evaluator,
                                  "--max-drop", f"{metric}=0", "-o", "json"))
    table = csv.DictReader(io.StringIO(
        assay("rows", comparison["name"].rsplit("/", 1)[1], "--metric", metric, "--limit", 0, "-o", "csv")))
    before, after = zip(*[(float(line["baseline_score"]), float(line["candidate_score"]))
                          for line in table if line["baseline_score"] and line["candidate_score"]])
    gate = comparison["gates"][0]
    p = naive_p(before, after)
    own = f"p = {gate['p']:.3g}" if "p" in gate else "no test: the interval decides"
    naive = "significant" if p < 0.05 else "no significant difference"
    return (f"| {title}, {metric} | {len(before)} | {gate['baseline']:.4f} → {gate['candidate']:.4f} | "
            f"{naive} (p = {p:.3f}) | {WORDS[gate['verdict']]} ({own}) |")


def main():
    binaries = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="assay-naive-") as folder:
        assay = Assay(binaries, pathlib.Path(folder) / "store")
        assay("dataset", "push", "digits", DATA / "digits/examples.jsonl")
        for model, names in (("mlp", ("relu", "silu")), ("embed", ("gelu", "silu"))):
            for name in names:
                assay("model", "push", model, "--external", "--activation", name)
                assay("outputs", "push", "--model", model, "--dataset", "digits",
                      DATA / f"digits/{model}_{name}.jsonl")
        assay("dataset", "push", "robust", "--qrels", DATA / "robust03/qrels.txt")
        for run in ("fub03IeOLKe3", "oce03noXbmD"):
            assay("model", "push", run, "--external")
            assay("outputs", "push", "--model", run, "--dataset", "robust", DATA / f"robust03/{run}.run")
        print("| systems, metric | rows | before → after | two averages | Assay, gate at margin 0 |")
        print("| --- | --: | --- | --- | --- |")
        print(row(assay, "digits classifier, ReLU → SiLU", "mlp@1", "mlp@2", "digits", "accuracy",
                  "ground_truth_match:accuracy"))
        print(row(assay, "digits embeddings, GELU → SiLU", "embed@1", "embed@2", "digits", "cosine",
                  "embedding_similarity"))
        for metric in ("AP", "nDCG@10", "P@10"):
            print(row(assay, "TREC Robust 2003, two systems", "oce03noXbmD", "fub03IeOLKe3", "robust", metric,
                      f"ranking:{metric}"))


if __name__ == "__main__":
    main()
