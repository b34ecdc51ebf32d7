#!/usr/bin/env python3
"""Writes embedding_change.f32 and embedding_change.csv, the goldens of the embedding change measures,
and embedding_change_digits.csv, those of the digits example.

Needs Debian's python3-numpy and python3-scipy; the tests need only the files. 150 digits embeddings
of 24 components (digits/embed_gelu.jsonl) are changed in the ways that a deployment changes them, and
every measure is computed from its textbook form: k-NN by a full sort, CKA from n x n Gram matrices,
Procrustes by scipy, ranks by a singular value decomposition of the data.

embedding_change.f32: little-endian float32, case after case, row after row; the first case is the
baseline. embedding_change.csv: case, dimension, measure, row (-1: of all rows), value.
embedding_change_digits.csv: digits/embed_silu.jsonl against digits/embed_gelu.jsonl, all rows; cohort
(empty: all), measure, value.
"""

import csv
import json
import pathlib

import numpy as np
from scipy.linalg import qr
from scipy.spatial import procrustes

HERE = pathlib.Path(__file__).parent
NUM_ROWS = 150
NUM_ROWS_SHOWN = 30  # of the measures by row
K = 10


def json_lines(name):
    with open(HERE / "digits" / name, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def embeddings(name):
    return np.array([row["embedding"] for row in json_lines(name)], dtype=np.float32)


def changes(x):
    rng = np.random.default_rng(20)
    n, d = x.shape
    rotation, _ = qr(rng.normal(size=(d, d)))
    yield "none", x
    yield "rotation", x @ rotation
    yield "scale_and_shift", 3 * x + 0.5
    yield "noise_0.05", x + rng.normal(scale=0.05, size=x.shape)
    yield "noise_0.30", x + rng.normal(scale=0.30, size=x.shape)
    yield "half_of_the_dimensions", x[:, : d // 2]
    yield "shuffle", x[rng.permutation(n)]
    yield "collapse", 0.05 * x + rng.normal(size=(1, d)) / np.sqrt(d)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def neighbors(x):
    cosines = unit(x) @ unit(x).T
    np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :K]


def hsic(k, l):
    """Song et al. 2012, equation 5, from Gram matrices."""
    n = len(k)
    k, l = k.copy(), l.copy()
    np.fill_diagonal(k, 0)
    np.fill_diagonal(l, 0)
    one = np.ones(n)
    return (np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
            - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    k, l = x @ x.T, y @ y.T
    return hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))


def spread(x):
    n = len(x)
    cosines = unit(x) @ unit(x).T
    values = np.linalg.svd(x - x.mean(0), compute_uv=False)
    p = values / values.sum()
    p = p[p > 1e-7 * p.max()]
    q = values**2 / (values**2).sum()
    return {"mean_norm": np.linalg.norm(x, axis=1).mean(),
            "mean_pairwise_cosine": (cosines.sum() - np.trace(cosines)) / (n * (n - 1)),
            "effective_rank": np.exp(-(p * np.log(p)).sum()),
            "participation_ratio": 1 / (q**2).sum()}


def by_row(x, y):
    """Measures that have a value for each row, of candidate y against baseline x."""
    before, after = neighbors(x), neighbors(y)
    padded = np.zeros_like(x)
    padded[:, : y.shape[1]] = y
    fit_x, fit_y, _ = procrustes(x, padded)
    found = {"neighbor_overlap": np.array([len(set(a) & set(b)) / K for a, b in zip(before, after)]),
             "procrustes_residual": ((fit_x - fit_y) ** 2).sum(1) * len(x)}
    if x.shape == y.shape:
        found["cosine"] = (unit(x) * unit(y)).sum(1)
        found["l2"] = np.linalg.norm(x - y, axis=1)
    return found


def measures(x, y):
    """(measure, row, value) of candidate y against baseline x."""
    rows = by_row(x, y)
    if x.shape == y.shape:
        yield "mean_cosine", -1, rows["cosine"].mean()
        yield "mean_l2", -1, rows["l2"].mean()
    overlap = rows["neighbor_overlap"]
    yield from (("neighbor_overlap", i, v) for i, v in enumerate(overlap[:NUM_ROWS_SHOWN]))
    yield "mean_neighbor_overlap", -1, np.mean(overlap)
    padded = np.zeros_like(x)
    padded[:, : y.shape[1]] = y
    disparity = procrustes(x, padded)[2]
    residual = rows["procrustes_residual"]
    yield from (("procrustes_residual", i, v) for i, v in enumerate(residual[:NUM_ROWS_SHOWN]))
    yield "procrustes_disparity", -1, disparity
    yield "debiased_cka", -1, cka(x, y)
    for name, value in spread(y).items():
        yield name, -1, value


def digits():
    """(cohort, measure, value) of the digits example."""
    x = embeddings("embed_gelu.jsonl").astype(np.float64)
    y = embeddings("embed_silu.jsonl").astype(np.float64)
    cohorts = {"": np.ones(len(x), dtype=bool)}
    examples = json_lines("examples.jsonl")
    for column in ("digit", "ink"):
        values = np.array([row[f"cohort.{column}"] for row in examples])
        cohorts.update((f"{column}={value}", values == value) for value in sorted(set(values)))
    rows = by_row(x, y)
    for cohort, members in cohorts.items():
        yield cohort, "num_rows", members.sum()
        yield from ((cohort, name, values[members].mean()) for name, values in rows.items())
    yield "", "debiased_cka", cka(x, y)
    for side, vectors in (("baseline_spread", x), ("candidate_spread", y)):
        yield from (("", f"{side}.{name}", value) for name, value in spread(vectors).items())


def main():
    x = embeddings("embed_gelu.jsonl")[:NUM_ROWS]
    with open(HERE / "embedding_change.f32", "wb") as vectors, \
            open(HERE / "embedding_change.csv", "w", newline="", encoding="utf-8") as goldens:
        writer = csv.writer(goldens, lineterminator="\n")
        writer.writerow(["case", "dimension", "measure", "row", "value"])
        for case, changed in changes(x.astype(np.float64)):
            changed = changed.astype("<f4")
            vectors.write(changed.tobytes())
            found = dict()
            for measure, row, value in measures(x.astype(np.float64), changed.astype(np.float64)):
                writer.writerow([case, changed.shape[1], measure, row, f"{float(value):.12g}"])
                if row < 0:
                    found[measure] = round(float(value), 4)
            print(case, found)
    with open(HERE / "embedding_change_digits.csv", "w", newline="", encoding="utf-8") as goldens:
        writer = csv.writer(goldens, lineterminator="\n")
        writer.writerow(["cohort", "measure", "value"])
        for cohort, measure, value in digits():
            writer.writerow([cohort, measure, f"{float(value):.12g}"])


if __name__ == "__main__":
    main()
