"""The verdict as a user meets it by flags: fairness, claims, evidence, baselines, rows."""

import json
import time
import unittest

from verdict_case import VerdictCase

WEIGHTS = "sha256:" + "0" * 64
OTHER_WEIGHTS = "sha256:" + "1" * 64
DECLARED = {
    "--activation": "gelu", "--weights-digest": WEIGHTS, "--architecture-digest": "mlp 64-32-10",
    "--dtype": "float32", "--quantization": "none", "--preprocessing": "pixels/16",
}


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
        self.assertEqual(changed[0]["baseline_input"], "row 50")
        self.assertNotIn("baseline_expected", changed[0])
        self.assertRegex(self.ok("rows", number, "--show", "changed"),
                         r"INPUT BEFORE +INPUT\n(.*\n)*?k00050 .* row 50 +changed\n")
        self.assertIn(",row 50\n", self.ok("rows", number, "--show", "changed", "-o", "csv"))
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
                           ("latency_us.ratio", "gate on 'latency_us' or 'latency_us.p95'"),
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

    def test_a_diff_without_a_policy_exits_0_whatever_it_finds(self):
        found = self.compared(0, "diff", "old", "new")
        self.assertEqual(found["verdict"], "VERDICT_UNSPECIFIED")
        self.assertEqual(found["num_broken"], "100")

    def test_pairs_of_cohorts_are_compared_on_request(self):
        found = self.compared(0, "diff", "old", "new", "--cohort-pairs", "part*size")
        cells = {cell["cohort"]: cell for cell in found["metrics"][0]["cohorts"]}
        self.assertEqual(cells["part=p0,size=s1"]["num_rows"], "200")
        self.assertIn("no such cohort column",
                      self.fails(2, "diff", "old", "new", "--cohort-pairs", "part*height"))

    def test_a_wrong_gate_of_a_flag_names_the_flag(self):
        self.assertIn("--max-drop accuracy.p95=0.1: gates[1].metric: 'accuracy.p95': a binary metric "
                      "has no quantile; gate on 'accuracy' itself",
                      self.fails(2, "diff", "old", "new", "--max-drop", "accuracy=0.1",
                                 "--max-drop", "accuracy.p95=0.1"))

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
        # Gates need 30 groups, and say so in groups; their rows stay rows.
        few = [json.dumps({"key": f"k{row:05d}", "label": "yes", "group": f"g{row // 20}"})
               for row in range(400)]
        self.ok("dataset", "push", "grouped", self.write("few.jsonl", "\n".join(few) + "\n"))
        self.push_system("g", "grouped@2", 400, set())
        self.push_system("h", "grouped@2", 400, {row for row in wrong if row < 400})
        found = self.compared(4, "diff", "g", "h", "--dataset", "grouped@2", "--max-drop",
                              "accuracy=0.01")
        self.assertEqual(found["gates"][0]["num_rows"], "400")
        self.assertIn("20 groups are fewer than the 30", found["gates"][0]["reason"])
        self.assertIn("on 400 paired examples", found["summary"])
        # 400 rows in groups of 20: sqrt(20).
        self.assertIn("up to 4.47 times as large",
                      self.json("power", "--dataset", "grouped@2")["assumption"])
        self.assertNotIn("group", self.json("power", "--dataset", "rows")["assumption"])
        self.assertIn("groups: 20 with a score on both sides are fewer than 30",
                      self.fails(2, "selftest", "--aa", "g", "h", "--dataset", "grouped@2"))
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
        lines = self.ok("rows", found["name"].rsplit("/", 1)[1], "--show", "broken", "-o", "jsonl")
        self.assertEqual([json.loads(line) for line in lines.splitlines()], rows)


if __name__ == "__main__":
    unittest.main()
