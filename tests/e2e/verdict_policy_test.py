"""Policies as a user meets them: every key, what a wrong one says, and the exit codes."""

import unittest

from verdict_case import VerdictCase


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
        for metric in ("accuracy", "macro_f1"):
            relative = f'min_rows = 1\n[[gate]]\nmetric = "{metric}"\nmax_relative_drop = 0.01\n'
            found = self.compared(4, "gate", "t", "u", "--dataset", "ten", "--policy",
                                  self.policy(relative))
            self.assertLess(found["gates"][0]["lower"], -0.2, metric)
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
        self.assertIn("gate.toml:2: gates[0].max_drop: 'accuracy' lies between 0 and 1",
                      complaint('[[gate]]\nmetric = "accuracy"\nmax_drop = 2\n'))
        self.assertIn("gate.toml:2: allow_changed: no such field of a model: 'weight'",
                      complaint('allow_changed = ["weight"]\nmin_coverage = 0.5\n'))
        self.fails(3, "gate", "old", "new", "--policy",
                   self.policy('[[gate]]\nmetric = "nDCG@10"\nmax_drop = 0\n'))

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
        self.assertIn("assay outputs push --machine NAME", found["gates"][0]["reason"])
        self.assertIn("--allow-confounded", found["gates"][0]["reason"])
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


if __name__ == "__main__":
    unittest.main()
