#!/usr/bin/python3
"""Makes tests/data/classification/*.csv: classification metrics by scikit-learn, texts by SQuAD.

Needs python3-sklearn and python3-scipy of Debian 12 (1.2.1, 1.10.1). Usage:
generate_classification.py. The tests read what it wrote and need neither.

labels.csv         a row a case: labels, predicted labels, expected metrics
probabilities.csv  the same for probabilities, with the row's log loss clipped at 1e-15
squad.csv          answer, references joined by U+001F, exact match, F1
resampled.csv      probabilities of two models for the same rows, and by how much a metric differs
                   in each of a few bootstrap samples of the rows, drawn as philox.h says
"""

import collections
import csv
import pathlib
import re
import string
import warnings

import numpy as np
from scipy.special import softmax
from sklearn import metrics

HERE = pathlib.Path(__file__).parent / "classification"


def digits(value):
    return "" if value is None else repr(float(value))


def label_cases():
    rng = np.random.default_rng(20230)
    for case in range(40):
        classes = int(rng.integers(2, 9))
        rows = int(rng.integers(3, 120))
        names = [f"c{i}" for i in range(classes)]
        gold = rng.integers(0, classes, rows)
        hit = rng.random(rows) < rng.random()
        predicted = np.where(hit, gold, rng.integers(0, classes, rows))
        yield names, [names[i] for i in gold], [names[i] for i in predicted]
    # A predicted label that is never an example's label: 0.667 must not become 0.333 or 0.444.
    yield ["a", "b"], ["a", "a", "b", "b"], ["a", "stray", "b", "b"]
    yield ["a", "b"], ["a", "a", "a"], ["a", "a", "a"]


def label_rows():
    for names, gold, predicted in label_cases():
        occurring = [name for name in names if name in gold or name in predicted]
        in_gold = sorted(set(gold))

        def f1(average, labels):
            return metrics.f1_score(gold, predicted, labels=labels, average=average,
                                    zero_division=0)

        both_vary = len(set(gold)) > 1 and len(set(predicted)) > 1
        precision, recall, class_f1, support = metrics.precision_recall_fscore_support(
            gold, predicted, labels=names, zero_division=0)
        yield {
            "labels": "|".join(names), "gold": " ".join(gold), "predicted": " ".join(predicted),
            "accuracy": digits(metrics.accuracy_score(gold, predicted)),
            "macro_f1": digits(f1("macro", occurring)),
            "macro_f1_of_gold": digits(f1("macro", in_gold)),
            "micro_f1": digits(f1("micro", names)),
            "weighted_f1": digits(f1("weighted", in_gold)),
            "balanced_accuracy": digits(
                metrics.recall_score(gold, predicted, labels=in_gold, average="macro")),
            "mcc": digits(metrics.matthews_corrcoef(gold, predicted) if both_vary else None),
            "precision": " ".join(
                digits(p) if name in predicted else "-" for p, name in zip(precision, names)),
            "recall": " ".join(
                digits(r) if name in gold else "-" for r, name in zip(recall, names)),
            "f1": " ".join(digits(f) if name in occurring else "-"
                           for f, name in zip(class_f1, names)),
            "support": " ".join(str(s) for s in support),
        }


def equal_width_ece(confidence, hit, bins, closed):
    edges = np.arange(bins + 1) / bins
    if closed == "right":  # as calibration_curve: searchsorted over the inner edges
        index = np.searchsorted(edges[1:-1], confidence, side="left")
    else:
        index = np.searchsorted(edges[1:-1], confidence, side="right")
    total = 0.0
    for b in range(bins):
        inside = index == b
        if inside.any():
            total += inside.sum() * abs(hit[inside].mean() - confidence[inside].mean())
    return total / len(confidence)


def equal_mass_ece(confidence, hit, bins):
    n = len(confidence)
    first_rank = np.array([(confidence < c).sum() for c in confidence])
    index = first_rank * bins // n
    total = 0.0
    for b in range(bins):
        inside = index == b
        if inside.any():
            total += inside.sum() * abs(hit[inside].mean() - confidence[inside].mean())
    return total / n


def probability_rows():
    rng = np.random.default_rng(7)
    for case in range(24):
        classes = 2 if case % 3 == 0 else int(rng.integers(3, 7))
        rows = int(rng.integers(12, 90))
        logits = rng.normal(0, 2, (rows, classes))
        p = softmax(logits, axis=1)
        if case % 4 == 1:  # ties and edges of bins
            p = np.round(p * 8) / 8
            p[:, 0] += 1 - p.sum(axis=1)
            p = np.abs(p)
            p /= p.sum(axis=1, keepdims=True)
        gold = np.array([int(rng.choice(classes, p=q)) for q in p])
        gold[:classes] = np.arange(classes)
        if case % 4 == 2:  # a probability of 0 for the right label
            p[0] = 0
            p[0, (gold[0] + 1) % classes] = 1
        top = p.argmax(axis=1)
        confidence = p.max(axis=1)
        hit = (top == gold).astype(float)
        clipped = np.clip(p, 1e-15, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            log_loss = float(np.mean(-np.log(clipped[np.arange(rows), gold])))
            unclipped = (p > 1e-12).all()
            if unclipped:  # there the clip does not matter: scikit-learn must agree
                assert abs(log_loss - metrics.log_loss(gold, p, labels=range(classes))) < 1e-12
        one_hot = np.eye(classes)[gold]
        brier = float(np.mean(((p - one_hot) ** 2).sum(axis=1)))
        auc = None
        if classes == 2:
            assert abs(brier / 2 - metrics.brier_score_loss(gold, p[:, 1])) < 1e-12
            auc = metrics.roc_auc_score(gold, p[:, 1])
        ovr = (auc if classes == 2 else
               metrics.roc_auc_score(gold, p, multi_class="ovr", average="macro",
                                     labels=range(classes)))
        yield {
            "num_labels": classes,
            "gold": " ".join(f"c{g}" for g in gold),
            "probabilities": " ".join(repr(float(x)) for x in p.ravel()),
            "nll": digits(log_loss), "brier": digits(brier),
            "brier_top1": digits(np.mean((confidence - hit) ** 2)),
            "ece_right": digits(equal_width_ece(confidence, hit, 8, "right")),
            "ece_left": digits(equal_width_ece(confidence, hit, 8, "left")),
            "ece_mass": digits(equal_mass_ece(confidence, hit, 8)),
            "auc": digits(auc), "auc_ovr": digits(ovr),
        }


# As in SQuAD's evaluate-v2.0.py.
def philox(counter, key):
    """Philox 4x32-10 by its definition."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def drawn_rows(rows, draw, seed, stream):
    """As many rows, with replacement: each takes 64 random bits, the higher word first."""
    words = []
    for block in range((2 * rows + 3) // 4):
        words.extend(philox((block, draw, stream, 0), (seed, 0)))
    return np.array([(rows * (words[2 * i] << 32 | words[2 * i + 1])) >> 64 for i in range(rows)])


def mean_area(gold, p):
    areas = [metrics.roc_auc_score(gold == c, p[:, c]) for c in range(p.shape[1])
             if 0 < (gold == c).sum() < len(gold)]
    return float(np.mean(areas)) if areas else None


def mass_error(gold, p):
    return equal_mass_ece(p.max(axis=1), (p.argmax(axis=1) == gold).astype(float), RESAMPLED_BINS)


RESAMPLED_BINS = 8
RESAMPLED_DRAWS = 50


def resampled_rows():
    rng = np.random.default_rng(11)
    for case, (rows, classes) in enumerate([(30, 2), (60, 3), (99, 5), (12, 4)]):
        gold = rng.integers(0, classes, rows)
        sides = []
        for noise in (1.0, 1.6):
            p = softmax(2 * np.eye(classes)[gold] + rng.normal(0, noise, (rows, classes)), axis=1)
            if case % 2 == 1:  # ties within a side
                p = np.round(p * 16) / 16
                p[:, -1] += 1 - p.sum(axis=1)
            sides.append(np.abs(p))
        for metric, measure in (("auc_ovr", mean_area), ("ece_mass", mass_error)):
            differences = []
            for draw in range(RESAMPLED_DRAWS):
                drawn = drawn_rows(rows, draw, seed=5, stream=9)
                before, after = (measure(gold[drawn], p[drawn]) for p in sides)
                if before is not None and after is not None:
                    differences.append(after - before)
            yield {
                "metric": metric, "num_labels": classes,
                "gold": " ".join(f"c{g}" for g in gold),
                "baseline": " ".join(digits(v) for v in sides[0].ravel()),
                "candidate": " ".join(digits(v) for v in sides[1].ravel()),
                "differences": " ".join(digits(d) for d in sorted(differences)),
            }


def normalize_answer(s):
    s = s.lower()
    s = "".join(c for c in s if c not in set(string.punctuation))
    s = re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", s)
    return " ".join(s.split())


def squad_f1(gold, answer):
    gold_tokens, tokens = normalize_answer(gold).split(), normalize_answer(answer).split()
    same = sum((collections.Counter(gold_tokens) & collections.Counter(tokens)).values())
    if not gold_tokens or not tokens:
        return float(gold_tokens == tokens)
    if same == 0:
        return 0.0
    precision, recall = same / len(tokens), same / len(gold_tokens)
    return 2 * precision * recall / (precision + recall)


def squad_rows():
    cases = [
        ("The Eiffel Tower", ["Eiffel Tower", "tower"]), ("eiffel", ["The Eiffel-Tower!"]),
        ("", [""]), ("the", ["a"]), ("the", ["Paris"]), ("", ["Paris"]), ("x", [""]),
        ("", ["the", "Paris"]), ("\u00c9cole the B", ["\u00e9cole b"]),
        ("\u0130stanbul", ["istanbul", "i\u0307stanbul"]), ("the\u2014end", ["end", "\u2014end"]),
        ("a\u0301 b", ["\u0301 b", "b"]), ("th\u00ea the_a", ["th\u00ea thea"]),
        ("an\u00a0apple\u2003pie", ["apple pie"]), ("\u201cquoted\u201d", ["quoted"]),
        ("1,000 dollars", ["1000 dollars"]), ("\u039f\u0394\u039f\u03a3", ["\u03bf\u03b4\u03bf\u03c2"]),
        ("a1 an2", ["a1 an2"]), ("x\x1cy", ["x y"]), ("one two two", ["two two two one"]),
        ("an\u0661 b", ["b"]), ("\u4e00\u4e8c the", ["\u4e00\u4e8c"]), ("a\u00b2 b", ["b"]),
    ]
    rng = np.random.default_rng(3)
    words = ["the", "a", "an", "The", "cat", "cat.", "Dog", "\u00c4pfel", "--", "tree,", "\u2019s"]
    for _ in range(60):
        text = lambda: " ".join(rng.choice(words, int(rng.integers(0, 7))))
        cases.append((text(), [text() for _ in range(int(rng.integers(1, 4)))]))
    for answer, references in cases:
        gold = [r for r in references if normalize_answer(r)] or [""]
        yield {"answer": answer, "references": "\x1f".join(references),
               "exact": digits(max(normalize_answer(g) == normalize_answer(answer) for g in gold)),
               "f1": digits(max(squad_f1(g, answer) for g in gold))}


def hexed(row, names):
    return {k: v.encode().hex() if k in names else v for k, v in row.items()}


def write(name, rows):
    rows = list(rows)
    with open(HERE / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    write("labels.csv", label_rows())
    write("probabilities.csv", probability_rows())
    write("resampled.csv", resampled_rows())
    # Texts in hexadecimal: no quoting, no control characters.
    write("squad.csv", (hexed(row, {"answer", "references"}) for row in squad_rows()))
