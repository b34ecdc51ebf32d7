#!/usr/bin/python3
"""Writes peers.csv: one shared example under the definitions of other libraries.

Needs python3-sklearn and python3-scipy of Debian 12 (1.2.1, 1.10.1), which are called; the formulas of
the libraries that Debian does not have are written down from their sources, which each function names.
The example is in qrels.txt, run.txt, labels.csv and predictions.csv. The tests need none of this.

peers.csv: measure as `assay score -m` names it, query (or `all`), our value, who computes another one,
that value, why. An empty value: undefined, or refused.
"""

import csv
import math
import pathlib
import warnings

import numpy as np
from scipy.spatial import distance
from sklearn import metrics

HERE = pathlib.Path(__file__).parent


def read(name):
    return [line.split() for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


GRADES = {document: int(grade) for query, _, document, grade in read("qrels.txt") if query == "q1"}
LINES = [(document, float(score)) for _, _, document, _, score, _ in read("run.txt")]
RELEVANT = sum(grade >= 1 for grade in GRADES.values())
# trec_eval: score descending, then document id descending.
RANKED = [document for document, _ in sorted(LINES, key=lambda line: (line[1], line[0]), reverse=True)]
# A stable sort by score: the order of the file decides.
STABLE = [document for document, _ in sorted(LINES, key=lambda line: -line[1])]


def hit(document):
    return GRADES.get(document, 0) >= 1


def precision(ranked, k):
    return sum(map(hit, ranked[:k])) / k


def sum_of_precisions(ranked, k):
    return sum(precision(ranked, i) for i in range(1, k + 1) if hit(ranked[i - 1]))


def ndcg(ranked, k, gain):
    def dcg(grades):
        return sum(gain(grade) / math.log2(i + 2) for i, grade in enumerate(grades[:k]))
    return (dcg([max(GRADES.get(document, 0), 0) for document in ranked])
            / dcg(sorted(GRADES.values(), reverse=True)))


def linear(grade):
    return max(grade, 0)


def rankings():
    depth = len(RANKED)
    hits = sum(map(hit, RANKED))
    positive = [document for document, score in LINES if score > 0]
    yield ("P@4", "q1", precision(RANKED, 4), "sentence-transformers, BEIR MRR and R_cap",
           precision(STABLE, 4), "a stable sort: the order of the lines decides between equal scores")
    yield ("R@6", "q1", hits / RELEVANT, "torchmetrics",
           sum(map(hit, positive)) / RELEVANT, "documents with a score of 0 or less are masked out")
    yield ("R@3", "q1", sum(map(hit, RANKED[:3])) / RELEVANT, "BEIR R_cap",
           sum(map(hit, RANKED[:3])) / min(RELEVANT, 3), "divides by min(k, R); ours is R_cap@3")
    ap = sum_of_precisions(RANKED, 3)
    yield ("AP@3", "q1", ap / RELEVANT, "sentence-transformers", ap / min(3, RELEVANT),
           "divides by min(k, R), not by R")
    yield ("AP@3", "q1", ap / RELEVANT, "torchmetrics", ap / sum(map(hit, RANKED[:3])),
           "divides by the hits in the first k: documents that are missing cost nothing")
    linear_3 = ndcg(RANKED, 3, linear)
    yield ("nDCG@3", "q1", linear_3, "ranx ndcg_burges, ir_measures exp-log2",
           ndcg(RANKED, 3, lambda grade: 2**max(grade, 0) - 1), "gain 2^grade - 1; ours is nDCG_exp@3")
    yield ("nDCG@3", "q1", linear_3, "sentence-transformers",
           ndcg(RANKED, 3, lambda grade: float(grade >= 1)), "binary gain")
    documents = sorted({*GRADES, *RANKED})
    scores = dict(LINES)
    lowest = min(scores.values()) - 1
    tied = metrics.ndcg_score([[linear(GRADES.get(document, 0)) for document in documents]],
                              [[scores.get(document, lowest) for document in documents]], k=4)
    yield ("nDCG@4", "q1", ndcg(RANKED, 4, linear), "scikit-learn ndcg_score, torchmetrics", tied,
           "the mean gain of documents with equal scores")
    first = next(i for i, document in enumerate(RANKED, 1) if hit(document))
    yield ("RR", "all", 1 / first / 2, "trec_eval without -c, BEIR nDCG, MAP, recall and P", 1 / first,
           "a judged query that the run lacks is left out of the mean")
    assert depth == 6


def classification():
    gold = [row["label"] for row in csv.DictReader(open(HERE / "labels.csv", encoding="utf-8"))]
    found = [row["label"] for row in csv.DictReader(open(HERE / "predictions.csv", encoding="utf-8"))]
    declared = metrics.f1_score(gold, found, labels=["a", "b"], average="macro")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        union = metrics.f1_score(gold, found, average="macro")
    yield ("macro_f1", "all", declared, "scikit-learn f1_score", union,
           "takes the stray predicted label `z` for a class")
    ours = -math.log(1e-15)
    clipped = metrics.log_loss([0], [[0.0, 1.0]], labels=[0, 1])
    yield ("nll of p = 0", "", ours, "scikit-learn log_loss", clipped,
           "clips at the machine's epsilon; ours states its clip, by default 1e-15")


def vectors():
    zero, other = np.zeros((1, 3)), np.ones((1, 3))
    yield ("cosine of a zero vector", "", None, "scikit-learn cosine_similarity",
           metrics.pairwise.cosine_similarity(zero, other)[0, 0], "ours is undefined and counted")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        similarity = 1 - distance.cosine(zero[0], other[0])
    yield ("cosine of a zero vector", "", None, "scipy 1 - distance.cosine", similarity,
           "ours is undefined and counted")
    tiny = np.full((1, 3), 1e-25, dtype=np.float32)
    yield ("cosine of a vector of 1e-25 with itself", "", 1.0, "scikit-learn cosine_similarity",
           metrics.pairwise.cosine_similarity(tiny, tiny)[0, 0], "float32 underflows; ours adds in double")
    yield ("squad_f1 of two empty texts", "", 1.0, "SQuAD 1.1 script", 0.0, "version 2 counts them equal")


def text(value):
    return "" if value is None or math.isnan(value) else f"{value + 0:.4f}"


def main():
    with open(HERE / "peers.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["measure", "query", "assay", "peer", "value", "why"])
        for measure, query, ours, peer, theirs, why in (*rankings(), *classification(), *vectors()):
            row = [measure, query, text(ours), peer, text(theirs), why]
            writer.writerow(row)
            name = measure if query in ("", "q1") else f"{measure}, mean"
            print(f"| {name} | {row[2] or 'undefined'} | {row[4]} | {peer} | {why} |")


if __name__ == "__main__":
    main()
