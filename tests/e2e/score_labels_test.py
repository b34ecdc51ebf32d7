"""`assay score` on labels, `assay evaluator`, and the tables that a run keeps."""

import base64
import json
import unittest

from assay_case import AssayCase

LABELS = "key,label\n1,a\n2,a\n3,b\n4,b\n"
PREDICTIONS = "key,label\n4,b\n1,a\n2,stray\n3,b\n"


def values(report):
    return {metric["id"]: summary.get("value")
            for metric, summary in zip(report["metrics"], report["summaries"])}


class ScoreLabelsTest(AssayCase):
    def test_rows_match_by_key_and_a_stray_label_adds_no_class(self):
        labels, predictions = self.write("l.csv", LABELS), self.write("p.csv", PREDICTIONS)
        report = self.json("score", "--labels", labels, "--predictions", predictions)
        self.assertAlmostEqual(values(report)["accuracy"], 0.75)
        self.assertAlmostEqual(values(report)["macro_f1"], (2 / 3 + 1) / 2)
        self.assertIn("rows matched by key", report["notes"])
        text = self.ok("score", "--labels", labels, "--predictions", predictions)
        self.assertIn("note: rows matched by key", text)
        self.assertRegex(text, r"a +stray +1\n")

    def test_rows_without_a_key_match_by_order(self):
        labels = self.write("l.jsonl", '{"label": "a"}\n{"label": "b"}\n')
        predictions = self.write("p.jsonl", '{"probabilities": [0.9, 0.1]}\n'
                                            '{"probabilities": [0.6, 0.4]}\n')
        report = self.json("score", "--labels", labels, "--predictions", predictions,
                           "-m", "accuracy,nll,brier,ece,auc,labels=a|b")
        self.assertAlmostEqual(values(report)["accuracy"], 0.5)
        self.assertAlmostEqual(values(report)["brier"], (0.02 + 0.72) / 2)
        self.assertAlmostEqual(values(report)["auc"], 1.0)
        self.assertIn("rows matched by order: there is no key", report["notes"])

    def test_missing_predictions_are_left_out_and_said(self):
        report = self.json("score", "--labels", self.write("l.csv", LABELS),
                           "--predictions", self.write("p.csv", "key,label\n1,a\n"))
        self.assertIn("3 of 4 examples without a prediction are left out", report["notes"])

    def test_bad_rows_are_named(self):
        labels = self.write("l.csv", LABELS)
        twice = self.write("p.csv", "key,label\n1,a\n1,b\n")
        self.assertIn("p.csv:3: field 'key': '1' is there twice",
                      self.fails(2, "score", "--labels", labels, "--predictions", twice))
        unknown = self.write("q.csv", "key,label\n9,a\n")
        self.assertIn("q.csv:2: field 'key': '9' is not in",
                      self.fails(2, "score", "--labels", labels, "--predictions", unknown))


class ScoreJsonTest(AssayCase):
    def test_a_metric_is_described_as_a_run_describes_it(self):
        printed = json.loads(self.ok("score", "--labels", self.write("l.csv", LABELS), "--predictions",
                                     self.write("p.csv", LABELS), "-m", "mcc", "-o", "json"))
        metric = printed["metrics"][0]
        self.assertEqual((metric["lowest"], metric["highest"]), (-1, 1))
        self.assertNotEqual(metric["formula"], "")


class EvaluatorCommandTest(AssayCase):
    def test_every_metric_is_listed_and_defined(self):
        listed = self.ok("evaluator", "ls")
        for metric in ("macro_f1", "ece", "squad_f1", "nDCG@10", "cosine", "norm_ratio", "latency_us",
                       "neighbor_overlap@10", "effective_rank"):
            self.assertIn(f" {metric} ", listed)
        shown = self.ok("evaluator", "show", "ece")
        self.assertIn("assay/ece(bins=15,edges=right)/1", shown)
        self.assertIn("source     scipy.spatial.procrustes", self.ok("evaluator", "show", "embedding_change"))
        self.fails(2, "evaluator", "show", "nothing")


class RunTablesTest(AssayCase):
    def test_a_run_keeps_its_confusion_matrix(self):
        self.ok("dataset", "push", "d", self.write("l.csv", LABELS), "--local")
        self.ok("model", "push", "m", "--external", "--local")
        self.ok("outputs", "push", "--model", "m@1", "--dataset", "d@1",
                self.write("p.csv", PREDICTIONS), "--local")
        self.ok("eval", "--dataset", "d@1", "--model", "m@1", "--evaluator",
                "ground_truth_match:accuracy,macro_f1,mcc,labels=a|b", "--local")
        run = self.ok("run", "ls", "--local", "-o", "csv").splitlines()[1].split(",")[0]
        self.assertRegex(self.ok("run", "show", run, "--local"), r"a +stray +1\n")
        tables = {t["name"]: t for t in self.json("run", "show", run, "--local")["tables"]}
        self.assertEqual(sorted(tables), ["confusion", "per_class"])
        counts = next(c for c in tables["confusion"]["batch"]["columns"] if c["name"] == "count")
        packed = base64.b64decode(counts["values"])
        self.assertEqual([int.from_bytes(packed[i:i + 8], "little") for i in range(0, 24, 8)],
                         [2, 1, 1])


if __name__ == "__main__":
    unittest.main()
