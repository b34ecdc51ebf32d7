"""The embedding change of a comparison, on the digits example: values against numpy's."""

import csv
import json
import unittest

from assay_case import DATA, AssayCase


def goldens():
    """By cohort and measure; see generate_embedding_change.py."""
    with open(DATA / "embedding_change_digits.csv", encoding="utf-8", newline="") as file:
        return {(row["cohort"], row["measure"]): float(row["value"]) for row in csv.DictReader(file)}


class EmbeddingChangeTest(AssayCase):
    def setUp(self):
        super().setUp()
        self.start_server()
        self.ok("dataset", "push", "digits", DATA / "digits/examples.jsonl")

    def push(self, model, path, *flags):
        self.ok("model", "push", model, "--external", *flags)
        self.ok("outputs", "push", "--model", model, "--dataset", "digits", path)

    def push_pair(self, *flags):
        self.push("gelu", DATA / "digits/embed_gelu.jsonl", *flags)
        self.push("silu", DATA / "digits/embed_silu.jsonl", *flags)

    def diff(self, *arguments):
        return self.json("diff", "gelu", "silu", "--dataset", "digits", *arguments)

    def test_models_of_different_dimensions_are_compared(self):
        half = []
        for line in (DATA / "digits/embed_gelu.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            half.append(json.dumps({"key": row["key"], "embedding": row["embedding"][:12]}))
        self.push("gelu", DATA / "digits/embed_gelu.jsonl")
        self.push("silu", self.write("half.jsonl", "\n".join(half)))
        verdict = self.diff()  # the reference embeddings have 24 components
        self.assertEqual([metric["metric"]["id"] for metric in verdict["metrics"]], ["embedding_norm"])
        change = verdict["embedding_change"]
        self.assertEqual((change["baseline_dimension"], change["candidate_dimension"]), (24, 12))
        self.assertGreater(change["cells"][0]["neighbor_overlap"], 0.5)

    def test_embeddings_without_a_reference_are_compared(self):
        keys = [json.loads(line)["key"]
                for line in (DATA / "digits/embed_gelu.jsonl").read_text(encoding="utf-8").splitlines()]
        self.ok("dataset", "push", "digits",
                self.write("plain.jsonl", "\n".join(json.dumps({"key": key}) for key in keys)))
        self.push_pair()
        report = self.ok("diff", "gelu", "silu", "--dataset", "digits")
        self.assertRegex(report, "embedding_norm +1.0000 +1.0000")
        self.assertIn("10 nearest kept      0.4873", report)

    def test_every_value_is_that_of_numpy(self):
        self.push_pair("--config", "embedding_space=digits")
        change = self.diff()["embedding_change"]
        self.assertEqual(change["baseline_dimension"], 24)
        self.assertEqual(change["candidate_dimension"], 24)
        self.assertEqual(change["num_paired"], "597")
        self.assertEqual(change["num_sampled"], "597")
        self.assertEqual(change["num_neighbors"], 10)
        self.assertTrue(change["same_space"])
        cells = {cell.get("cohort", ""): cell for cell in change["cells"]}
        num_checked = 0
        for (cohort, measure), value in goldens().items():
            side, _, name = measure.rpartition(".")
            if side:
                found = change[side][name]
            elif measure == "debiased_cka":
                found = change[measure]
            else:
                found = float(cells[cohort][measure])
            self.assertAlmostEqual(found, value, delta=1e-7, msg=f"{cohort} {measure}")
            num_checked += 1
        self.assertEqual(len(cells), 1 + 10 + 3)
        self.assertEqual(num_checked, 5 * len(cells) + 1 + 2 * 4)

    def test_the_report_has_the_same_numbers_as_text_and_markdown(self):
        self.push_pair("--config", "embedding_space=digits")
        values = goldens()
        for form in ("text", "md"):
            report = self.ok("diff", "gelu", "silu", "--dataset", "digits", "-o", form)
            for measure in ("neighbor_overlap", "procrustes_residual", "debiased_cka", "cosine", "l2",
                            "baseline_spread.mean_pairwise_cosine", "candidate_spread.effective_rank"):
                self.assertIn(f"{values['', measure]:.4f}", report, f"{form} {measure}")
            self.assertIn("24 components, 597 rows", report, form)
            worst = min((value, cohort) for (cohort, measure), value in values.items()
                        if measure == "neighbor_overlap" and cohort)
            self.assertIn(worst[1], report, form)
            self.assertNotIn("sample", report, form)

    def test_without_a_declared_space_vectors_are_not_compared_directly(self):
        self.push_pair()
        change = self.diff()["embedding_change"]
        self.assertFalse(change.get("same_space", False))
        for cell in change["cells"]:
            self.assertNotIn("cosine", cell)
            self.assertNotIn("l2", cell)
            self.assertIn("neighbor_overlap", cell)
        self.assertIn("no common space is declared",
                      " ".join(self.ok("diff", "gelu", "silu", "--dataset", "digits").split()))

    def test_vectors_without_a_direction_are_counted(self):
        self.push("gelu", DATA / "digits/embed_gelu.jsonl")
        lines = (DATA / "digits/embed_silu.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        rows[0]["embedding"] = [0] * 24
        rows[1]["embedding"] = None
        self.push("silu", self.write("silu.jsonl", "\n".join(map(json.dumps, rows)) + "\n"))
        change = self.diff()["embedding_change"]
        self.assertEqual(change["candidate_unusable"]["num_zero"], "1")
        self.assertEqual(change["candidate_unusable"]["num_missing"], "1")
        self.assertEqual(change["cells"][0]["num_rows"], "595")
        report = " ".join(self.ok("diff", "gelu", "silu", "--dataset", "digits").split())
        self.assertIn("vectors left out, after: 1 missing, 1 zero", report)


if __name__ == "__main__":
    unittest.main()
