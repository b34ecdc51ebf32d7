"""Stored models: pushed, run by the server, changed by declaration, compared layer by layer."""

import csv
import io
import json
import math
import re
import struct
import unittest

from assay_case import DATA, AssayCase

MODELS = DATA / "reference_models"


class StoredModelCase(AssayCase):
    def push(self, name, model=None):
        model = model or name
        return self.assay(
            "model", "push", name, "--architecture", MODELS / f"{model}.arch.json",
            "--weights", MODELS / f"{model}.safetensors",
        )

    def push_all(self):
        self.ok("dataset", "push", "digits", DATA / "digits" / "examples.jsonl")
        self.assertEqual(self.push("mlp", "mlp_relu").returncode, 0)

    def check(self, *arguments):
        return self.json("check", "mlp@1", "--dataset", "digits@1", *arguments)


class CheckTest(StoredModelCase):
    def test_equal_artifacts_are_one_version(self):
        first = self.push("mlp", "mlp_relu").stdout
        self.assertTrue(first.startswith("mlp@1 "), first)
        self.assertIn("already stored", self.push("mlp", "mlp_relu").stdout)

    def test_a_stored_model_makes_its_own_outputs(self):
        self.push_all()
        run = self.json("eval", "--dataset", "digits", "--model", "mlp")
        accuracy = next(s for s in run["summaries"]
                        if s["metric"] == "accuracy" and not s.get("cohort"))
        self.assertAlmostEqual(accuracy["value"], 573 / 597, places=12)
        rows = self.json("outputs", "ls")["output_sets"]
        self.assertEqual(rows[0]["num_rows"], "597")

    def test_a_swap_is_found_in_rows_layers_and_by_name(self):
        self.push_all()
        report = self.check("--activation", "relu=silu")
        comparison, layers = report["comparison"], report["layers"]
        self.assertEqual((comparison["num_broken"], comparison["num_fixed"]), ("7", "1"))
        self.assertEqual(layers["first_diverging"], "fc1.act")
        self.assertEqual(layers["swap"]["name"], "every layer: relu -> silu")
        self.assertEqual([layer["name"] for layer in layers["layers"]],
                         ["fc1", "fc1.act", "fc2", "fc2.act", "head"])
        self.assertAlmostEqual(layers["layers"][-1]["sqnr_db"], 15.105087760725688, places=6)
        self.assertEqual(layers["layers"][1]["baseline_health"]["dead_units"], 18)
        self.assertEqual(layers["layers"][1]["revived_units"], 18)

    def test_a_row_leads_to_the_spans_of_its_layers_and_back(self):
        self.push_all()
        comparison = self.check("--activation", "relu=silu")["comparison"]["name"]
        row = self.json("rows", comparison.rpartition("/")[2], "--show", "broken",
                        "--limit", "1")["rows"][0]
        before, after = row["baseline_trace_id"], row["candidate_trace_id"]
        self.assertNotEqual(before, after)
        for trace_id in (before, after):
            names = [span["name"] for span in self.json("trace", "show", trace_id)["spans"]]
            self.assertIn("forward.fc1.act", names)
            self.assertIn("comparison " + comparison.partition("/")[2].partition("/")[2],
                          self.ok("trace", "show", trace_id))
        self.assertIn("forward.fc1.act", self.ok("trace", "compare", before, after))

    def test_a_derived_version_has_no_number_and_is_never_the_latest(self):
        self.push_all()
        self.check("--activation", "fc1:relu=silu")
        self.check("--activation", "fc1:relu=silu")
        versions = self.json("model", "ls", "mlp")["versions"]
        self.assertEqual([version["number"] for version in versions], ["1"])
        derived = self.json("model", "show", "mlp@1+fc1.relu=silu")
        self.assertEqual(derived["derivation"], "fc1.relu=silu")
        self.assertEqual(derived["base"], "projects/default/models/mlp/versions/1")
        self.assertEqual(self.json("model", "show", "mlp")["derivation"], "")
        self.assertEqual(len(self.json("outputs", "ls")["output_sets"]), 2)

    def test_int8_is_calibrated_checked_and_not_named_a_swap(self):
        self.push_all()
        report = self.check("--quantize", "static", "--calibrate-rows", "cohort.ink=light")
        head = report["layers"]["layers"][-1]
        self.assertEqual(head["tier"], "QUANTIZATION_LIKE")
        self.assertEqual(report["layers"]["swap"]["name"], "")

    def test_that_nothing_else_changed_is_proven(self):
        self.push_all()
        changes = {
            ("--activation", "relu=silu"): ("activation",),
            ("--dtype", "bf16"): ("dtype",),
            ("--quantize", "dynamic_row"): ("dtype", "quantization"),
            ("--temperature", "2"): ("config.softmax_temperature",),
        }
        for change, fields in changes.items():
            comparison = self.check(*change)["comparison"]
            self.assertEqual(comparison["policy"]["allow_changed"], list(fields))
            self.assertEqual(comparison["fairness"], "CLEAN")
            self.assertEqual([difference["field"]
                              for difference in comparison["model_differences"]], list(fields))
        text = self.ok("check", "mlp@1", "--dataset", "digits@1", "--activation", "relu=silu")
        self.assertIn("proven: only activation changed", text)

    def test_leaving_int8_changes_the_quantisation_too(self):
        self.push_all()
        self.check("--quantize", "dynamic_row")
        derived = self.json("model", "show", "mlp@1+int8=dynamic_row_asym_u8_per_channel")
        comparison = self.json("check", derived["name"], "--dataset", "digits@1", "--dtype",
                               "f32")["comparison"]
        self.assertEqual(comparison["claim"], "only dtype and quantization changed")
        self.assertEqual(comparison["fairness"], "CLEAN")

    def test_several_changes_are_also_checked_alone(self):
        self.push_all()
        text = self.ok("check", "mlp@1", "--dataset", "digits@1", "--activation", "relu=gelu",
                       "--dtype", "f32")
        self.assertIn("activation relu=gelu", text)
        self.assertIn("dtype f32", text)
        self.assertIn("all of them", text)
        # What flipped comes first.
        self.assertLess(text.index("ROWS by accuracy"), text.index("METRIC"))
        report = self.check("--activation", "relu=gelu", "--dtype", "f32")
        self.assertEqual([part["change"] for part in report["ablation"]],
                         ["activation relu=gelu", "dtype f32"])
        self.assertEqual([part["comparison"]["num_broken"] for part in report["ablation"]],
                         ["4", "0"])
        self.assertEqual(report["ablation"][1]["layers"]["first_diverging"], "")
        self.assertNotIn("ablation", self.check("--dtype", "f32"))

    def test_every_format_has_the_table_of_changes_alone(self):
        self.push_all()
        rows = [["activation relu=gelu", "4", "0", "22.3", "different function", "fc1.act"],
                ["quantize dynamic_row", "0", "0", "47.8", "quantisation-like", "fc1"],
                ["all of them", "4", "1", "22.1", "different function", "fc1"]]

        def check(name, *changes):
            return self.ok("check", "mlp@1", "--dataset", "digits@1", *changes, "-o", name)
        both = ("--activation", "relu=gelu", "--quantize", "dynamic_row")
        self.assertEqual([re.split("  +", line.strip())
                          for line in check("text", *both).splitlines()[-3:]], rows)
        self.assertEqual([line.replace("\\", "").strip("| ").split(" | ")
                          for line in check("md", *both).splitlines()[-3:]], rows)
        table = list(csv.reader(io.StringIO(check("csv", *both))))[-4:]
        self.assertEqual(table, [["CHANGE", "BROKEN", "FIXED", "SQNR dB", "OUTPUT TIER",
                                  "FIRST LAYER"], *rows])
        self.assertEqual([[part["change"], part["comparison"]["num_broken"],
                           part["comparison"]["num_fixed"]]
                          for part in self.check(*both)["ablation"]], [row[:3] for row in rows[:2]])
        self.assertNotIn("CHANGE", check("csv", "--activation", "relu=gelu"))

    def test_a_temperature_shows_in_the_probabilities(self):
        self.push_all()
        comparison = self.check("--temperature", "1.4")["comparison"]
        metrics = {metric["metric"]["id"]: metric["overall"] for metric in comparison["metrics"]}
        self.assertEqual(metrics["accuracy"]["delta"], 0)
        # The model is over-confident: 1.38 is the temperature that diagnose fits.
        self.assertLess(metrics["nll"]["delta"], 0)
        self.assertLess(metrics["ece"]["delta"], 0)

    def test_a_gate_decides_the_exit_code(self):
        self.push_all()
        result = self.assay("check", "mlp@1", "--dataset", "digits@1", "--activation",
                            "relu=relu2", "--max-drop", "accuracy=0.001")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)

    def push_search(self):
        """Test images search the training images; those of the same digit are relevant."""
        self.ok("dataset", "push", "search", "--queries", MODELS / "digits.csv", "--key", "row",
                "--features", "p0..p63", "--cohort", "split", "--relevant-by", "label",
                "--query-rows", "cohort.split=test", "--document-rows", "cohort.split=train")

    def test_a_stale_index_is_told_from_a_rebuilt_one(self):
        self.push_search()
        self.assertEqual(self.push("embed", "embed_gelu").returncode, 0)
        report = self.json("check", "embed@1", "--dataset", "search@1", "--activation",
                           "gelu=quick_gelu")
        search = report["layers"]["retrieval"]
        self.assertEqual((search["num_queries"], search["num_documents"]), ("597", "1000"))
        self.assertAlmostEqual(search["baseline"]["precision_at_1"], 0.983249581239531, places=12)
        self.assertEqual(search["both_sides"]["top1_changed"], "93")
        self.assertAlmostEqual(search["both_sides"]["top10_jaccard"], 0.8337084467737734, places=9)
        self.assertAlmostEqual(search["stale_index"]["top10_jaccard"], 0.8113812485671782,
                               places=9)
        metrics = {metric["metric"]["id"] for metric in report["comparison"]["metrics"]}
        self.assertTrue(any(name.startswith("nDCG") for name in metrics), metrics)

    def test_a_row_costs_what_the_architecture_says(self):
        self.push_all()
        cost = self.json("model", "show", "mlp@1")["cost"]
        self.assertEqual((cost["flops"], cost["num_weights"], cost["weight_bytes"],
                          cost["activation_bytes"]), ("34442", "17226", "137808", "6736"))
        self.assertEqual([layer["name"] for layer in cost["layers"]],
                         ["fc1", "fc1.act", "fc2", "fc2.act", "head"])
        self.assertEqual(cost["layers"][0]["flops"], str(2 * 64 * 128 + 128))
        text = self.ok("model", "show", "mlp@1")
        self.assertIn("34,442 FLOPs, 137,808 B of weights, 6,736 B of values", text)
        self.assertRegex(text, r"fc2 +16,448 +66,048 +1,536")
        layers = self.check("--quantize", "dynamic_row")["layers"]
        self.assertEqual(layers["baseline_cost"]["weight_bytes"], "137808")
        self.assertEqual(layers["candidate_cost"]["weight_bytes"], "18640")
        self.assertIn("A row costs 34,442 FLOPs, 137,808 > 18,640 B of weights, "
                      "6,736 > 2,600 B of values",
                      self.ok("check", "mlp@1", "--dataset", "digits@1", "--quantize",
                              "dynamic_row"))

    def test_diagnose_finds_the_dead_units(self):
        self.push_all()
        text = self.ok("diagnose", "mlp@1", "--dataset", "digits@1")
        self.assertIn("18 of 128 units are 0 on every row", text)
        # A number that is cut away is no evidence.
        self.assertNotIn("…", text)
        self.assertIn("less than 0.005 of rows", " ".join(text.split()))


class ExplainTest(StoredModelCase):
    """Outputs of another runtime, recorded before and after someone swapped an activation there."""

    def push_outputs(self, name, path):
        if not any(model["name"].endswith(f"/{name}")
                   for model in self.json("model", "ls").get("models", [])):
            self.ok("model", "push", name, "--external")
        return self.json("outputs", "push", "--model", name, "--dataset", "digits@1",
                         path)["name"].rsplit("/", 1)[1]

    def explain(self, *ids):
        flags = [word for id in ids for word in ("--explain", id)]
        return self.json("check", "mlp@1", "--dataset", "digits@1", *flags)["explanations"]

    def answers(self, change):
        """The recorded answers of the swapped classifier, with each row changed."""
        lines = (DATA / "digits" / "mlp_silu.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return "".join(json.dumps(change(row)) + "\n" for row in rows)

    def test_the_swap_between_two_output_sets_is_named(self):
        self.push_all()
        before = self.push_outputs("runtime", DATA / "digits" / "mlp_relu.jsonl")
        after = self.push_outputs("runtime", DATA / "digits" / "mlp_silu.jsonl")
        own, swapped = self.explain(before, after)
        self.assertEqual(own["first_diverging"], "")
        self.assertIn(own["layers"][0]["tier"], ("IDENTICAL", "EQUIVALENT"))
        self.assertEqual(own["swap"]["num_tried"], 0)
        self.assertEqual(swapped["candidate"], f"projects/default/outputSets/{after}")
        self.assertEqual(swapped["num_rows"], "597")
        self.assertEqual([layer["name"] for layer in swapped["layers"]], ["head"])
        # As the check of the same swap finds it, from the layers.
        self.assertAlmostEqual(swapped["layers"][0]["sqnr_db"], 15.105087760725688, places=6)
        self.assertEqual(swapped["swap"]["name"], "every layer: relu -> silu")
        self.assertGreater(swapped["swap"]["explained"], 0.999999)
        text = self.ok("check", "mlp@1", "--dataset", "digits@1", "--explain", before,
                       "--explain", after)
        self.assertIn(f"outputs:{before}: as mlp@1 gives them, but for rounding", text)
        self.assertIn(f"outputs:{after}: outputs are consistent with every layer: relu -> silu",
                      text)

    def test_a_swap_is_named_from_rounded_outputs_in_another_order(self):
        self.push_all()

        def rounded(row):
            return {"key": row["key"], "logits": [round(x, 3) for x in row["logits"]]}
        lines = self.answers(rounded).splitlines(keepends=True)
        path = self.write("rounded.jsonl", "".join(reversed(lines[100:])))
        report, = self.explain(self.push_outputs("rounded", path))
        self.assertEqual(report["swap"]["name"], "every layer: relu -> silu")
        self.assertEqual((report["num_rows"], report["num_skipped"]), ("497", "100"))

    def test_what_no_swap_explains_is_not_named(self):
        self.push_all()

        def halved(row):
            return {"key": row["key"], "logits": [x / 2 for x in row["logits"]]}
        output_set = self.push_outputs("halved", self.write("halved.jsonl", self.answers(halved)))
        report, = self.explain(output_set)
        self.assertEqual(report["swap"]["name"], "")
        self.assertGreater(report["swap"]["num_tried"], 20)
        self.assertIn("none of", self.ok("check", "mlp@1", "--dataset", "digits@1", "--explain",
                                         output_set))

    def test_embeddings_are_explained_too(self):
        self.push_all()
        self.assertEqual(self.push("embed", "embed_gelu").returncode, 0)
        output_set = self.push_outputs("runtime", DATA / "digits" / "embed_silu.jsonl")
        report, = self.json("check", "embed@1", "--dataset", "digits@1", "--explain",
                            output_set)["explanations"]
        self.assertEqual(report["swap"]["name"], "every layer: gelu -> silu")

    def test_what_does_not_fit_is_refused(self):
        self.push_all()
        embeddings = self.push_outputs("runtime", DATA / "digits" / "embed_silu.jsonl")
        check = ("check", "mlp@1", "--dataset", "digits@1", "--explain", embeddings)
        self.assertIn("have no vectors 'logits'", self.fails(3, *check))
        self.fails(2, *check, "--activation", "relu=silu")
        rows = self.write("other.jsonl", '{"key":"a","label":"1","features":[1,2,3]}\n')
        self.ok("dataset", "push", "other", rows)
        self.assertIn("answer digits@1, not other@1",
                      self.fails(2, "check", "mlp@1", "--dataset", "other@1", "--explain",
                                 embeddings))
        self.fails(3, "check", "mlp@1", "--dataset", "digits@1", "--explain", "999999")


class CaptureTest(AssayCase):
    """Captures of one layer, without any model: offline."""

    INPUTS = [x / 100 for x in range(-600, 600)]

    def capture(self, name, function, inputs=None):
        values = [function(x) for x in inputs or self.INPUTS]
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(values) // 4}, 4), }}\n"
        return self.write(name, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) +
                          header.encode() + struct.pack(f"<{len(values)}f", *values))

    def explain(self, before, after):
        return self.json("activation", "explain", self.capture("inputs.npy", lambda x: x),
                         self.capture("before.npy", before), self.capture("after.npy", after))

    @staticmethod
    def gelu(x):
        return x * math.erfc(-x / math.sqrt(2)) / 2

    def test_the_pair_of_functions_is_named(self):
        swap = self.explain(self.gelu, lambda x: x / (1 + math.exp(-1.702 * x)))
        self.assertEqual(swap["name"], "gelu -> quick_gelu")
        self.assertGreater(swap["explained"], 0.999999)
        swap = self.explain(self.gelu, lambda x: x / (1 + math.exp(
            -2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))))
        self.assertEqual(swap["name"], "gelu -> gelu_tanh")

    def test_what_no_pair_explains_is_not_named(self):
        self.assertEqual(self.explain(self.gelu, lambda x: self.gelu(x) + 0.1)["name"], "")

    def test_captures_of_different_sizes_are_refused(self):
        inputs = self.capture("inputs.npy", lambda x: x)
        short = self.capture("short.npy", self.gelu, self.INPUTS[:400])
        self.assertIn("1200, 1200 and 400 values",
                      self.fails(2, "activation", "explain", inputs, inputs, short))


class BadModelTest(StoredModelCase):
    def setUp(self):
        super().setUp()
        self.architecture = MODELS / "mlp_relu.arch.json"
        self.weights = (MODELS / "mlp_relu.safetensors").read_bytes()

    def refused(self, *words, architecture=None, weights=None):
        path = self.write("w.safetensors", weights if weights is not None else self.weights)
        message = self.fails(2, "model", "push", "bad", "--architecture",
                             architecture or self.architecture, "--weights", path)
        for word in words:
            self.assertIn(word, message)
        self.assertEqual(self.json("model", "ls").get("models", []), [])

    def changed(self, change):
        text = json.loads(self.architecture.read_text(encoding="utf-8"))
        change(text)
        return self.write("arch.json", json.dumps(text))

    def test_a_lying_header_is_refused(self):
        self.refused("w.safetensors: not a safetensors file", "header",
                     weights=struct.pack("<Q", 1 << 60) + self.weights[8:])

    def test_empty_files_are_named(self):
        self.refused("w.safetensors: not a safetensors file: 0 bytes", weights=b"")
        self.refused("empty.json: is empty", architecture=self.write("empty.json", ""))

    def test_a_nan_weight_is_named(self):
        self.refused("block 'fc1'", "tensor 'fc1.weight': element [0, 0] is nan",
                     weights=self.with_nan())
        self.assertIn("element [0, 0] is nan",
                      self.ok("model", "inspect", self.write("nan.safetensors", self.with_nan())))

    def with_nan(self):
        length = struct.unpack("<Q", self.weights[:8])[0]
        header = json.loads(self.weights[8:8 + length])
        begin = 8 + length + header["fc1.weight"]["data_offsets"][0]
        return self.weights[:begin] + struct.pack("<f", float("nan")) + self.weights[begin + 4:]

    def test_sizes_that_do_not_meet_name_the_block(self):
        def change(architecture):
            architecture["blocks"][1]["in"] = 127
        self.refused("block 'fc2'", "127", "128", architecture=self.changed(change))

    def test_a_name_with_two_meanings_lists_both(self):
        def change(architecture):
            architecture["blocks"][0]["activation"] = "GELU"
        self.refused("torch/GELU is gelu", "ggml/GELU is gelu_tanh",
                     architecture=self.changed(change))

    def test_an_unknown_old_activation_lists_those_there_are(self):
        self.push_all()
        message = self.fails(2, "check", "mlp@1", "--dataset", "digits@1", "--activation",
                             "gelu=silu")
        self.assertIn("no gelu in the model; activations: fc1: relu, fc2: relu", message)

    def test_an_empty_calibration_slice_is_refused(self):
        self.push_all()
        message = self.fails(2, "check", "mlp@1", "--dataset", "digits@1", "--quantize", "static",
                             "--calibrate-rows", "cohort.ink=none")
        self.assertIn("no rows of digits@1 match 'cohort.ink=none'", message)

    def test_dynamic_ranges_per_batch_are_refused_with_the_reason(self):
        self.push_all()
        message = self.fails(2, "check", "mlp@1", "--dataset", "digits@1", "--quantize",
                             "dynamic_batch")
        self.assertIn("depend on its neighbours", message)

    def test_features_of_another_length_are_refused(self):
        self.push_all()
        rows = self.write("short.jsonl", '{"key":"a","label":"1","features":[1,2,3]}\n')
        self.ok("dataset", "push", "short", rows)
        message = self.fails(3, "eval", "--dataset", "short", "--model", "mlp")
        self.assertIn("'features' has 3 values; the model takes 64", message)

    def test_inspect_says_what_is_wrong_offline(self):
        self.assertIn("fc1.weight", self.ok("model", "inspect", MODELS / "mlp_relu.safetensors"))
        broken = self.write("broken.safetensors", self.weights[:-4])
        self.assertIn("leave the", self.fails(2, "model", "inspect", broken))


if __name__ == "__main__":
    unittest.main()
