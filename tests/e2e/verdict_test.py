"""The verdict as a user meets it: fairness, claims, policies, exit codes, baselines, rows."""

import json
import time
import unittest

from assay_case import AssayCase

WEIGHTS = "sha256:" + "0" * 64
OTHER_WEIGHTS = "sha256:" + "1" * 64
DECLARED = {
    "--activation": "gelu", "--weights-digest": WEIGHTS, "--architecture-digest": "mlp 64-32-10",
    "--dtype": "float32", "--quantization": "none", "--preprocessing": "pixels/16",
}


class VerdictCase(AssayCase):
    """Systems that answer generated rows, right or wrong as asked."""

    def setUp(self):
        super().setUp()
        self.start_server()

    def push_rows(self, name, rows, text="row {}"):
        """`rows` examples; two cohort columns of 3 and 2 values."""
        lines = [json.dumps({"key": f"k{row:05d}", "input": text.format(row), "label": "yes",
                             "cohort.part": f"p{row % 3}", "cohort.size": f"s{row % 2}"})
                 for row in range(rows)]
        self.ok("dataset", "push", name, self.write(f"{name}.jsonl", "\n".join(lines) + "\n"))

    def push_system(self, model, dataset, rows, wrong, *flags, latency=None, machine=None,
                    errors=(), missing=()):
        """A new version of `model` that answers the rows of `wrong` wrongly."""
        self.ok("model", "push", model, "--external", *flags)
        lines = []
        for row in range(rows):
            if row in missing:
                continue
            line = {"key": f"k{row:05d}", "label": "no" if row in wrong else "yes"}
            if latency is not None:
                line["latency_us"] = latency(row)
            if errors:
                line["error"] = "broke" if row in errors else None
            lines.append(json.dumps(line))
        path = self.write(f"{model}.jsonl", "\n".join(lines) + "\n")
        extra = [] if machine is None else ["--machine", machine]
        self.ok("outputs", "push", "--model", model, "--dataset", dataset, path, *extra)

    def policy(self, text):
        return self.write("gate.toml", "version = 1\n" + text)

    def compared(self, code, *arguments):
        """The comparison as JSON of a command that must exit with `code`."""
        result = self.assay(*arguments, "-o", "json")
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}\n{result.stderr}")
        return json.loads(result.stdout)


class FairnessTest(VerdictCase):
    def setUp(self):
        super().setUp()
        self.push_rows("rows", 200)
        self.push_system("a", "rows", 200, range(0, 10))
        self.push_system("b", "rows", 200, range(5, 15))

    def run_of(self, model, *flags):
        return self.json("eval", "--dataset", "rows", "--model", model, *flags)["name"]

    def assert_confounded(self, base, cand, field):
        """Refused by default with both values; allowed, every format says so."""
        refused = self.compared(3, "diff", base, cand)
        self.assertEqual(refused["fairness"], "CONFOUNDED")
        self.assertEqual(refused["verdict"], "VERDICT_REFUSED")
        self.assertEqual([c["field"] for c in refused["confounds"]], [field])
        text = self.assay("diff", base, cand).stdout
        self.assertIn(field, text)
        for value in (refused["confounds"][0]["baseline"], refused["confounds"][0]["candidate"]):
            for word in value.split():
                self.assertIn(word, text)
        allowed = self.compared(0, "diff", base, cand, "--allow-confounded")
        self.assertEqual(allowed["fairness"], "CONFOUNDED")
        self.assertIn(field, allowed["summary"])
        for name, mark in (("text", "CONFOUNDED"), ("md", "CONFOUNDED"), ("csv", "confounded"),
                           ("json", "CONFOUNDED")):
            result = self.assay("diff", base, cand, "--allow-confounded", "-o", name)
            self.assertIn(mark, result.stdout, name)
        return allowed

    def test_another_row_filter_is_a_confound(self):
        self.assert_confounded(self.run_of("a", "--rows", "cohort.part=p0"), self.run_of("b"),
                               "row_filter")

    def test_other_evaluators_are_a_confound(self):
        self.assert_confounded(self.run_of("a", "--evaluator", "ground_truth_match:accuracy"),
                               self.run_of("b", "--evaluator", "ground_truth_match:accuracy,macro_f1"),
                               "evaluators")

    def test_another_dataset_version_is_a_confound_and_pairs_equal_content(self):
        before = self.run_of("a")
        lines = []
        for row in range(10, 210):  # ten rows go, ten come
            text = "changed" if 50 <= row < 70 else f"row {row}"
            lines.append(json.dumps({"key": f"k{row:05d}", "input": text, "label": "yes",
                                     "cohort.part": f"q{row % 4}", "cohort.size": "s0"}))
        self.ok("dataset", "push", "rows", self.write("again.jsonl", "\n".join(lines) + "\n"))
        answers = "".join(json.dumps({"key": f"k{row:05d}", "label": "yes" if row != 12 else "no"}) + "\n"
                          for row in range(10, 210))
        self.ok("outputs", "push", "--model", "b", "--dataset", "rows@2", self.write("b2.jsonl", answers))
        after = self.json("eval", "--dataset", "rows@2", "--model", "b")["name"]
        allowed = self.assert_confounded(before, after, "dataset")
        # New cohorts and positions do not change what a row is.
        self.assertEqual(allowed["num_paired"], "170")
        self.assertEqual(allowed["num_changed"], "20")
        self.assertEqual(allowed["num_only_baseline"], "10")
        self.assertEqual(allowed["num_only_candidate"], "10")
        cohorts = {cell["cohort"] for cell in allowed["metrics"][0]["cohorts"]}
        self.assertIn("part=q3", cohorts)
        number = allowed["name"].rsplit("/", 1)[1]
        changed = self.json("rows", number, "--show", "changed")["rows"]
        self.assertEqual(len(changed), 20)
        self.assertEqual(changed[0]["input"], "changed")
        unpaired = {row["key"]: row for row in self.json("rows", number, "--show", "unpaired",
                                                         "--limit", "0")["rows"]}
        self.assertEqual(len(unpaired), 20)
        self.assertEqual(unpaired["k00003"]["input"], "row 3")
        self.assertEqual(unpaired["k00003"]["row"], "203")  # 200 rows of the candidate's version
        self.assertEqual(unpaired["k00205"]["input"], "row 205")


class ClaimTest(VerdictCase):
    def setUp(self):
        super().setUp()
        self.push_rows("rows", 100)

    def push(self, **changes):
        flags = [word for flag, value in (DECLARED | changes).items() if value is not None
                 for word in (flag, value)]
        self.push_system("m", "rows", 100, range(3), *flags)

    def test_only_the_activation_changed_is_proven_from_what_is_declared(self):
        self.push()
        self.push(**{"--activation": "gelu_tanh"})
        proven = self.compared(0, "diff", "m@1", "m@2", "--allow-changed", "activation")
        self.assertEqual(proven["fairness"], "CLEAN")
        self.assertEqual(proven["claim"], "only activation changed")
        self.assertEqual([d["field"] for d in proven["model_differences"]], ["activation"])
        self.assertIn("proven: only activation changed",
                      self.ok("diff", "m@1", "m@2", "--allow-changed", "activation"))

    def test_every_other_change_breaks_the_claim(self):
        self.push()
        values = {"--weights-digest": OTHER_WEIGHTS, "--architecture-digest": "mlp 64-16-10",
                  "--dtype": "bfloat16", "--quantization": "int8", "--preprocessing": "pixels/255",
                  "--config": "rate=2"}
        fields = {"--weights-digest": "weights", "--architecture-digest": "architecture",
                  "--dtype": "dtype", "--quantization": "quantization",
                  "--preprocessing": "preprocessing", "--config": "config.rate"}
        for number, (flag, value) in enumerate(values.items()):
            self.push(**{"--activation": "gelu_tanh", flag: value})
            diff = ("diff", "m@1", f"m@{number + 2}", "--allow-changed", "activation")
            refused = self.compared(3, *diff)
            self.assertEqual(refused["fairness"], "CONFOUNDED", flag)
            self.assertEqual([c["field"] for c in refused["confounds"]], [fields[flag]])
            self.compared(0, *diff[:-1], f"activation,{fields[flag]}")

    def test_what_is_not_declared_is_unproven_and_refused(self):
        self.push()
        self.push(**{"--activation": "gelu_tanh", "--dtype": None})
        diff = ("diff", "m@1", "m@2", "--allow-changed", "activation")
        refused = self.compared(3, *diff)
        self.assertEqual(refused["fairness"], "UNPROVEN")
        self.assertEqual([u["field"] for u in refused["unproven"]], ["dtype"])
        self.assertIn("dtype", self.assay(*diff).stdout)
        for name, mark in (("text", "UNPROVEN"), ("md", "UNPROVEN"), ("csv", "unproven")):
            self.assertIn(mark, self.ok(*diff, "--allow-confounded", "-o", name), name)

    def test_an_unknown_field_is_a_usage_error(self):
        self.push()
        self.assertIn("activations",
                      self.fails(2, "diff", "m@1", "m@1", "--allow-changed", "activations"))


class PolicyTest(VerdictCase):
    ROWS = 3000

    def setUp(self):
        super().setUp()
        self.push_rows("rows", self.ROWS)
        wrong = set(range(0, self.ROWS, 10))
        self.push_system("old", "rows", self.ROWS, wrong)
        # 60 of the 1,000 rows of p0 break; as many others are mended.
        broken = set(range(3, 1803, 30))
        self.push_system("new", "rows", self.ROWS, (wrong - set(range(10, 1810, 30))) | broken)
        self.push_system("worse", "rows", self.ROWS, wrong | set(range(1, self.ROWS, 20)))

    def gate(self, code, candidate, text):
        return self.compared(code, "gate", "old", candidate, "--policy", self.policy(text))

    def test_a_mean_passes_while_a_cohort_regresses(self):
        overall = '[[gate]]\nmetric = "accuracy"\nmax_drop = 0.01\n'
        passed = self.gate(0, "new", overall)
        self.assertEqual(passed["verdict"], "VERDICT_PASS")
        self.assertEqual(passed["policy"]["source"], "gate.toml")
        failed = self.gate(1, "new", overall + '[[gate]]\nmetric = "accuracy"\n'
                           'cohort = "part=p0"\nmax_drop = 0.01\n')
        self.assertEqual([g["verdict"] for g in failed["gates"]],
                         ["VERDICT_PASS", "VERDICT_REGRESSED"])
        self.assertEqual(failed["gates"][1]["num_rows"], "1000")

    def test_every_kind_of_limit_is_judged(self):
        found = self.gate(1, "worse", """
[[gate]]
metric = "accuracy"
max_drop = 0.1
[[gate]]
metric = "accuracy"
max_relative_drop = 0.02
[[gate]]
metric = "accuracy"
max_flips = 0.02
[[gate]]
metric = "behaviour"
max_changed = 0.02
[[gate]]
metric = "behaviour"
cohort = "part=p0"
max_changed = 0.2
""")
        self.assertEqual([g["verdict"].removeprefix("VERDICT_") for g in found["gates"]],
                         ["PASS", "REGRESSED", "REGRESSED", "REGRESSED", "PASS"])
        relative = found["gates"][1]
        self.assertAlmostEqual(relative["margin"], 0.02 * relative["baseline"], places=12)
        self.assertAlmostEqual(relative["delta"], relative["candidate"] - relative["baseline"], places=9)
        self.assertEqual(found["gates"][2]["method"], "Clopper-Pearson")
        self.assertAlmostEqual(found["gates"][3]["delta"], 0.05, places=12)
        self.assertEqual(found["behavior"]["num_changed"], "150")

    def test_tiers_decide_what_counts(self):
        gate = '[[gate]]\nmetric = "accuracy"\nmax_drop = {}\ntier = "{}"\n'
        self.gate(1, "worse", gate.format(0.01, "critical"))
        self.gate(1, "worse", gate.format(0.01, "supporting"))
        self.gate(0, "worse", gate.format(0.01, "advisory"))
        undecided = '[[gate]]\nmetric = "accuracy"\ncohort = "part=p1"\nmax_drop = {}\ntier = "{}"\n'
        self.gate(4, "worse", undecided.format(0.05, "critical"))
        self.gate(0, "worse", undecided.format(0.05, "supporting"))

    def test_exit_codes_come_in_the_order_3_1_4_0(self):
        regressed = '[[gate]]\nmetric = "accuracy"\nmax_drop = 0.01\n'
        undecided = '[[gate]]\nmetric = "accuracy"\ncohort = "part=p1"\nmax_drop = 0.05\n'
        passing = '[[gate]]\nmetric = "accuracy"\ncohort = "part=p2"\nmax_drop = 0.5\n'
        self.gate(0, "worse", passing)
        self.gate(4, "worse", passing + undecided)
        self.gate(1, "worse", passing + undecided + regressed)
        self.push_system("lossy", "rows", self.ROWS, set(range(0, self.ROWS, 2)),
                         missing=range(100, 500))
        found = self.gate(3, "lossy", "min_coverage = 0.99\n" + passing + regressed)
        self.assertEqual(found["budgets"][0]["verdict"], "VERDICT_REFUSED")
        self.assertAlmostEqual(found["coverage"], 2600 / 3000)

    def test_a_candidate_that_lost_rows_does_not_pass_on_the_rest(self):
        self.push_system("lossy", "rows", self.ROWS, set(), missing=range(30, self.ROWS))
        found = self.gate(3, "lossy", '[[gate]]\nmetric = "accuracy"\nmax_drop = 0.5\n')
        self.assertEqual(found["gates"][0]["num_rows"], "30")
        self.assertIn("found their pair", found["summary"])

    def test_budgets_judge_the_data(self):
        self.push_system("shaky", "rows", self.ROWS, set(range(0, self.ROWS, 10)), errors=range(60))
        found = self.gate(1, "shaky", "max_error_rate = 0.01\n")
        self.assertAlmostEqual(found["candidate_error_rate"], 60 / 3000)
        self.assertEqual(found["num_candidate_errors"], "60")
        self.gate(0, "shaky", "max_error_rate = 0.05\n")

    def test_equal_outputs_pass_at_any_number_of_rows(self):
        self.push_rows("few", 5)
        for model in ("same", "twin"):
            self.push_system(model, "few", 5, {1})
        found = self.compared(0, "gate", "same", "twin", "--dataset", "few", "--policy",
                              self.policy('[[gate]]\nmetric = "accuracy"\nmax_drop = 0\n'))
        self.assertTrue(found["identical_outputs"])
        self.assertEqual(found["gates"][0]["reason"], "identical outputs")

    def test_zero_flips_in_ten_rows_is_no_pass(self):
        self.push_rows("ten", 10)
        self.push_system("t", "ten", 10, {1})
        self.push_system("u", "ten", 10, {1}, latency=lambda row: row)
        found = self.compared(4, "gate", "t", "u", "--dataset", "ten", "--policy",
                              self.policy('min_rows = 1\n[[gate]]\nmetric = "accuracy"\nmax_drop = 0.01\n'))
        # 1 - 0.05 ** (1 / 10) = 0.2589
        self.assertRegex(found["gates"][0]["reason"],
                         r"^0 of 10 rows got worse, so up to 25\.9 % may \(exact 95 % bound\), "
                         r"more than the margin of 0\.01; about \d+ rows would decide$")
        flips = self.compared(4, "gate", "t", "u", "--dataset", "ten", "--policy",
                              self.policy('min_rows = 1\n[[gate]]\nmetric = "accuracy"\nmax_flips = 0.01\n'))
        self.assertAlmostEqual(flips["gates"][0]["upper"], 1 - 0.05 ** 0.1, places=12)
        few = self.compared(4, "gate", "t", "u", "--dataset", "ten", "--policy",
                            self.policy('[[gate]]\nmetric = "accuracy"\nmax_drop = 0.01\n'))
        self.assertIn("10 rows are fewer than the 30 that a verdict needs; 0 of 10 rows got worse, "
                      "so up to 25.9 % may (exact 95 % bound)", few["gates"][0]["reason"])

    def test_wrong_policies_name_file_and_line(self):
        def complaint(text):
            return self.fails(2, "gate", "old", "new", "--policy", self.policy(text))
        self.assertIn("gate.toml:2: unknown key 'max_drops'", complaint("max_drops = 1\n"))
        self.assertIn("gate.toml:5: max_drop and max_flips contradict each other",
                      complaint('[[gate]]\nmetric = "accuracy"\nmax_drop = 0\nmax_flips = 0\n'))
        self.assertIn("gate.toml:2: gates[0].metric: unknown metric 'acuracy'",
                      complaint('[[gate]]\nmetric = "acuracy"\nmax_drop = 0\n'))
        self.assertIn("gate.toml:2: gates[0].max_increase: 'accuracy' gets worse when it falls",
                      complaint('[[gate]]\nmetric = "accuracy"\nmax_increase = 0\n'))
        self.assertIn("gate.toml:2: gates[0].cohort",
                      complaint('[[gate]]\nmetric = "accuracy"\ncohort = "part=p9"\nmax_drop = 0\n'))
        self.assertIn("gate.toml:2: gates[0].metric: 'accuracy.p95': a binary metric has no quantile",
                      complaint('[[gate]]\nmetric = "accuracy.p95"\nmax_drop = 0\n'))
        self.assertIn("gate.toml:2: gates[0].metric: 'macro_f1.p5': a corpus metric has no quantile",
                      complaint('[[gate]]\nmetric = "macro_f1.p5"\nmax_drop = 0\n'))
        self.fails(3, "gate", "old", "new", "--policy",
                   self.policy('[[gate]]\nmetric = "nDCG@10"\nmax_drop = 0\n'))

    def test_a_wrong_gate_of_a_flag_names_the_flag(self):
        self.assertIn("--max-drop accuracy.p95=0.1: gates[1].metric: 'accuracy.p95': a binary metric "
                      "has no quantile; gate on 'accuracy' itself",
                      self.fails(2, "diff", "old", "new", "--max-drop", "accuracy=0.1",
                                 "--max-drop", "accuracy.p95=0.1"))

    def test_times_are_gated_only_when_one_machine_measured_both(self):
        def slow(row):
            return 100 + row % 7
        self.push_system("here", "rows", self.ROWS, {1}, latency=slow, machine="m1")
        self.push_system("there", "rows", self.ROWS, {2}, latency=slow, machine="m2")
        self.push_system("here2", "rows", self.ROWS, {2}, latency=slow, machine="m1")
        gates = self.policy('[[gate]]\nmetric = "latency_us"\nmax_relative_increase = 0.1\n'
                            '[[gate]]\nmetric = "accuracy"\nmax_drop = 0.5\n')
        found = self.compared(3, "gate", "here", "there", "--policy", gates)
        self.assertEqual([g["verdict"] for g in found["gates"]], ["VERDICT_REFUSED", "VERDICT_PASS"])
        self.assertIn("'m1' against 'm2'", found["gates"][0]["reason"])
        self.compared(0, "gate", "here", "here2", "--policy", gates)
        self.compared(0, "gate", "here", "there", "--policy", gates, "--allow-confounded")

    def test_a_machine_can_be_named_later(self):
        def slow(row):
            return 100 + row % 7
        gates = self.policy('[[gate]]\nmetric = "latency_us"\nmax_relative_increase = 0.1\n')
        self.push_system("first", "rows", self.ROWS, {1}, latency=slow)
        self.push_system("second", "rows", self.ROWS, {2}, latency=slow)
        found = self.compared(3, "gate", "first", "second", "--policy", gates)
        self.assertIn("times and costs are UNPROVEN", " ".join(found["warnings"]))
        for model in ("first", "second"):
            for machine in ("m1", "m2"):  # what was said first stays
                self.assertIn("already stored", self.ok(
                    "outputs", "push", "--model", model, "--dataset", "rows",
                    self.folder / f"{model}.jsonl", "--machine", machine))
        found = self.compared(0, "gate", "first", "second", "--policy", gates)
        self.assertNotIn("UNPROVEN", " ".join(found["warnings"]))

    def test_a_diff_without_a_policy_exits_0_whatever_it_finds(self):
        found = self.compared(0, "diff", "old", "worse")
        self.assertEqual(found["verdict"], "VERDICT_UNSPECIFIED")
        self.assertEqual(found["num_broken"], "150")

    def test_pairs_of_cohorts_are_compared_on_request(self):
        found = self.compared(0, "diff", "old", "new", "--cohort-pairs", "part*size")
        cells = {cell["cohort"]: cell for cell in found["metrics"][0]["cohorts"]}
        self.assertEqual(cells["part=p0,size=s1"]["num_rows"], "500")
        self.assertIn("no such cohort column",
                      self.fails(2, "diff", "old", "new", "--cohort-pairs", "part*height"))


class EvidenceTest(VerdictCase):
    ROWS = 1200

    def setUp(self):
        super().setUp()
        self.push_rows("rows", self.ROWS)
        self.push_system("old", "rows", self.ROWS, set(range(0, self.ROWS, 10)))
        # Only the rows of p1 and s1 get worse: every second of them.
        self.push_system("new", "rows", self.ROWS,
                         set(range(0, self.ROWS, 10)) | set(range(1, self.ROWS, 12)))

    def test_a_metric_that_is_no_mean_has_an_interval_and_can_gate(self):
        lines = [json.dumps({"key": f"k{row:05d}", "label": "ab"[row % 2]}) for row in range(600)]
        self.ok("dataset", "push", "two", self.write("two.jsonl", "\n".join(lines) + "\n"))
        for model, every in (("x", 20), ("y", 4)):
            self.ok("model", "push", model, "--external")
            answers = [json.dumps({"key": f"k{row:05d}",
                                   "label": "ab"[(row + (row % every == 0)) % 2]}) for row in range(600)]
            self.ok("outputs", "push", "--model", model, "--dataset", "two",
                    self.write("y.jsonl", "\n".join(answers) + "\n"))
        gate = ("gate", "x", "y", "--dataset", "two", "--evaluator",
                "ground_truth_match:accuracy,macro_f1", "--policy")
        found = self.compared(1, *gate, self.policy('[[gate]]\nmetric = "macro_f1"\nmax_drop = 0.05\n'))
        cell = found["metrics"][1]["overall"]
        self.assertEqual(cell["method"], "paired percentile bootstrap")
        self.assertEqual(cell["num_draws"], "10000")
        self.assertEqual((found["seed"], found["num_draws"]), (cell["seed"], "10000"))
        self.assertLess(cell["lower"], cell["delta"])
        self.assertGreater(cell["upper"], cell["delta"])
        self.assertGreater(cell["p"], 0)
        self.assertEqual(found["gates"][0]["method"], "paired percentile bootstrap")
        self.compared(0, *gate, self.policy('[[gate]]\nmetric = "macro_f1"\nmax_relative_drop = 0.5\n'))
        again = self.compared(1, *gate, self.policy(
            'alpha = 0.04\n[[gate]]\nmetric = "macro_f1"\nmax_drop = 0.05\n'))
        self.assertEqual(again["metrics"][1]["overall"], cell)  # the same draws every time

    def test_a_quantile_of_times_can_gate(self):
        def slow(row, tail):
            return (100 + row * 7 % 100) * (tail if row % 100 >= 90 else 1)
        for model, tail in (("fast", 2), ("slow", 3)):
            self.push_system(model, "rows", self.ROWS, {1},
                             latency=lambda row, tail=tail: slow(row, tail), machine="m1")
        gates = self.policy('warmup_rows = 0\n'
                            '[[gate]]\nmetric = "latency_us.p95"\nmax_relative_increase = 0.1\n'
                            '[[gate]]\nmetric = "latency_us.p50"\nmax_relative_increase = 0.1\n'
                            '[[gate]]\nmetric = "latency_us.p95"\ncohort = "part=p1"\n'
                            'max_increase = 500\n')
        found = self.compared(1, "gate", "fast", "slow", "--policy", gates)
        self.assertEqual([g["verdict"].removeprefix("VERDICT_") for g in found["gates"]],
                         ["REGRESSED", "PASS", "PASS"])
        self.assertEqual(found["gates"][0]["method"], "paired percentile bootstrap")
        times = sorted(slow(row, 2) for row in range(self.ROWS))
        self.assertEqual(found["gates"][0]["baseline"], times[self.ROWS * 95 // 100 - 1])
        self.assertEqual(found["gates"][2]["num_rows"], "400")
        shown = {metric["metric"]["id"]: metric for metric in found["metrics"]}
        self.assertEqual(shown["latency_us.p95"]["metric"]["unit"], "us")
        self.assertIn("latency_us.p95", self.assay("gate", "fast", "slow", "--policy", gates).stdout)
        elsewhere = [json.dumps({"key": f"k{row:05d}", "label": "yes", "latency_us": 1})
                     for row in range(self.ROWS)]
        self.ok("model", "push", "away", "--external")
        self.ok("outputs", "push", "--model", "away", "--dataset", "rows",
                self.write("away.jsonl", "\n".join(elsewhere) + "\n"), "--machine", "m2")
        refused = self.compared(3, "gate", "fast", "away", "--policy", gates)
        self.assertIn("'m1' against 'm2'", refused["gates"][0]["reason"])
        for name, text in (("latency_us.p100", "unknown metric"),
                           ("cost.p95", "neither run has the metric")):
            wrong = self.policy(f'[[gate]]\nmetric = "{name}"\nmax_increase = 1\n')
            code = 3 if name == "cost.p95" else 2
            self.assertIn(text, self.fails(code, "gate", "fast", "slow", "--policy", wrong), name)

    def test_the_area_under_a_curve_can_gate(self):
        lines = [json.dumps({"key": f"k{row:05d}", "label": "ab"[row % 2]}) for row in range(800)]
        self.ok("dataset", "push", "curve", self.write("curve.jsonl", "\n".join(lines) + "\n"))
        for model, blur in (("sharp", 60), ("dull", 95)):
            self.ok("model", "push", model, "--external")
            answers = []
            for row in range(800):
                # Positives lie 40 higher; more blur mixes the two.
                score = (row * 37 % blur + (40 if row % 2 else 0)) / 140
                answers.append(json.dumps({"key": f"k{row:05d}",
                                           "probabilities": [1 - score, score]}))
            self.ok("outputs", "push", "--model", model, "--dataset", "curve",
                    self.write("curve_outputs.jsonl", "\n".join(answers) + "\n"))
        gate = ("gate", "sharp", "dull", "--dataset", "curve", "--evaluator",
                "ground_truth_match:auc,labels=a|b", "--policy")
        found = self.compared(1, *gate, self.policy('[[gate]]\nmetric = "auc"\nmax_drop = 0.01\n'))
        cell = found["metrics"][0]["overall"]
        self.assertEqual(cell["method"], "paired percentile bootstrap")
        self.assertLess(cell["lower"], cell["delta"])
        self.assertLess(cell["upper"], 0)
        self.assertEqual(found["gates"][0]["method"], "paired percentile bootstrap")
        self.compared(0, *gate, self.policy('[[gate]]\nmetric = "auc"\nmax_relative_drop = 0.5\n'))
        # With two labels the mean over classes is the area of either.
        several = ("gate", "sharp", "dull", "--dataset", "curve", "--evaluator",
                   "ground_truth_match:auc_ovr,ece_mass,labels=a|b", "--policy",
                   self.policy('[[gate]]\nmetric = "auc_ovr"\nmax_drop = 0.01\n'
                               '[[gate]]\nmetric = "ece_mass"\nmax_increase = 0.5\n'))
        found = self.compared(1, *several)
        self.assertEqual([g["verdict"].removeprefix("VERDICT_") for g in found["gates"]],
                         ["REGRESSED", "PASS"])
        cells = {metric["metric"]["id"]: metric["overall"] for metric in found["metrics"]}
        self.assertAlmostEqual(cells["auc_ovr"]["delta"], cell["delta"], places=12)
        self.assertAlmostEqual(cells["auc_ovr"]["upper"], cell["upper"], delta=0.005)
        for of_metric in cells.values():
            self.assertEqual(of_metric["method"], "paired percentile bootstrap")
            self.assertLess(of_metric["lower"], of_metric["upper"])

    def test_the_slice_that_became_worse_is_found_and_tested_on_other_rows(self):
        found = self.compared(0, "diff", "old", "new", "--slices")
        search = found["slice_search"]
        self.assertEqual(search["metric"], "accuracy")
        best = search["slices"][0]
        self.assertEqual(best["cohort"], "part=p1,size=s1")
        self.assertLess(best["q"], 0.001)
        self.assertLess(best["upper"], 0)
        self.assertIn("part=p1,size=s1", self.ok("diff", "old", "new", "--slices"))

    def test_groups_widen_the_interval(self):
        lines = [json.dumps({"key": f"k{row:05d}", "label": "yes", "group": f"g{row // 20}"})
                 for row in range(self.ROWS)]
        self.ok("dataset", "push", "grouped", self.write("grouped.jsonl", "\n".join(lines) + "\n"))
        wrong = {row for row in range(self.ROWS) if (row // 20) % 6 == 0}  # whole groups break
        self.push_system("g", "grouped", self.ROWS, set())
        self.push_system("h", "grouped", self.ROWS, wrong)
        cell = self.compared(0, "diff", "g", "h", "--dataset", "grouped")["metrics"][0]["overall"]
        self.assertEqual(cell["num_clusters"], "60")
        self.assertEqual(cell["method"].split(",")[0], "cluster-robust t")
        # Independent rows would give 2 * 1.96 * sqrt(p (1 - p) / n).
        share = len(wrong) / self.ROWS
        self.assertGreater(cell["upper"] - cell["lower"], 3 * (share * (1 - share) / self.ROWS) ** 0.5 * 3.9)

    def test_power_says_what_a_dataset_can_see(self):
        cells = self.json("power", "--dataset", "rows")["cells"]
        overall = cells[0]
        # 2.4865 sqrt(0.1 / n)
        self.assertAlmostEqual(overall["drop"], 2.4864749 * (0.1 / self.ROWS) ** 0.5, places=6)
        self.assertGreater(cells[1]["drop"], overall["drop"])
        run = self.json("eval", "--dataset", "rows", "--model", "old")["name"].rsplit("/", 1)[1]
        self.assertEqual(self.json("power", "--dataset", "rows", "--run", run)["cells"][0]["metric"],
                         "accuracy")
        self.assertIn("80 % power", self.ok("power", "--dataset", "rows"))
        self.fails(2, "power", "--dataset", "rows", "--alpha", "0.9")

    def test_the_self_test_keeps_its_promise_on_these_data(self):
        test = self.json("selftest", "--aa", "old", "new", "--pairs", "400")
        self.assertEqual(test["overall"]["num_pairs"], "400")
        self.assertLessEqual(test["holm"]["lower"], test["alpha"])
        self.assertLessEqual(test["overall"]["lower"], test["alpha"])
        self.fails(2, "selftest", "old", "new")


class BaselineTest(VerdictCase):
    def setUp(self):
        super().setUp()
        self.push_rows("rows", 400)
        self.push_system("m", "rows", 400, range(10))
        self.run = self.json("eval", "--dataset", "rows", "--model", "m")["name"].rsplit("/", 1)[1]
        self.push_system("n", "rows", 400, range(5, 15))
        self.gates = self.policy('[[gate]]\nmetric = "accuracy"\nmax_drop = 0.1\n')

    def test_a_name_stands_for_a_run_and_keeps_its_history(self):
        self.ok("baseline", "set", "main", self.run, "--reason", "release 1")
        second = self.json("eval", "--dataset", "rows", "--model", "n")["name"].rsplit("/", 1)[1]
        self.ok("baseline", "set", "main", second, "--reason", "release 2", "--expires", "30d")
        shown = self.json("baseline", "show", "@main")
        self.assertEqual(shown["run"].rsplit("/", 1)[1], second)
        self.assertEqual(shown["reason"], "release 2")
        self.assertIn("@", shown["actor"])
        history = self.json("baseline", "history", "main")["baselines"]
        self.assertEqual([entry["reason"] for entry in history], ["release 2", "release 1"])
        self.assertEqual(len(self.json("baseline", "ls")["baselines"]), 1)
        self.assertEqual(self.json("run", "show", "@main")["name"], shown["run"])

    def test_a_gate_against_a_baseline_prints_its_age(self):
        self.ok("baseline", "set", "main", self.run, "--reason", "release 1")
        found = self.compared(0, "gate", "@main", "n", "--policy", self.gates)
        self.assertEqual(found["baseline"]["reason"], "release 1")
        self.assertGreaterEqual(int(found["baseline"].get("age_seconds", "0")), 0)
        text = self.ok("gate", "@main", "n", "--policy", self.gates)
        self.assertRegex(text, r"baseline @main, set \d+ seconds? before by \S+: release 1")

    def test_an_expired_baseline_is_refused_by_gates_only(self):
        self.ok("baseline", "set", "main", self.run, "--reason", "short", "--expires", "1s")
        time.sleep(1.1)
        found = self.compared(3, "gate", "@main", "n", "--policy", self.gates)
        self.assertTrue(found["baseline"]["expired"])
        self.assertIn("has expired", found["summary"])
        self.compared(0, "diff", "@main", "n")
        self.assertIn("(expired)", self.ok("baseline", "show", "main"))

    def test_wrong_baselines_say_so(self):
        self.assertIn("no such baseline", self.fails(3, "gate", "@none", "n", "--policy", self.gates))
        self.fails(2, "baseline", "set", "main", self.run)
        self.fails(2, "baseline", "set", "main", self.run, "--reason", "x", "--expires", "soon")
        self.fails(3, "baseline", "set", "main", "999999", "--reason", "x")


class RowMemoryTest(VerdictCase):
    def test_a_row_knows_how_often_it_flipped_of_late(self):
        self.push_rows("rows", 60)
        self.push_system("base", "rows", 60, set())
        # Row 7 flips in every comparison, row 20 only in the last.
        for number in range(4):
            self.push_system(f"c{number}", "rows", 60, {7, 30 + number})
            self.compared(0, "diff", "base", f"c{number}")
        self.push_system("last", "rows", 60, {7, 20})
        found = self.compared(0, "diff", "base", "last")
        rows = self.json("rows", found["name"].rsplit("/", 1)[1], "--show", "broken")["rows"]
        flips = {row["key"]: (row.get("num_recent_flips", 0), row.get("num_recent_comparisons", 0))
                 for row in rows}
        self.assertEqual(flips, {"k00007": (4, 4), "k00020": (0, 4)})
        text = self.ok("rows", found["name"].rsplit("/", 1)[1], "--show", "broken")
        self.assertIn("4 of 4", text)


if __name__ == "__main__":
    unittest.main()
