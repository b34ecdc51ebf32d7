"""The instruction set of the kernels: chosen, recorded, refused, and without a say in the results."""

import subprocess
import unittest

from assay_case import BIN, DATA, AssayCase

LEVELS = ("baseline", "x86-64-v3", "x86-64-v4")


class IsaTest(AssayCase):
    def refusal(self, name):
        """What a server says that is asked for this level and exits with 2; None when it runs."""
        process = self.start_server("--isa", name, wait=False)
        line = process.stdout.readline()
        if line.startswith("ready"):
            self.stop_server(process)
            return None
        self.assertEqual(process.wait(timeout=60), 2)
        return process.stderr.read()

    def levels(self):
        """The levels that this machine can run; it refuses the others by name."""
        found = []
        for name in LEVELS:
            refusal = self.refusal(name)
            if refusal is None:
                found.append(name)
            else:
                self.assertIn(f"this machine cannot run {name}; its best is {found[-1]}", refusal)
        self.assertIn("baseline", found)
        return found

    def results(self, name):
        """A run of labels, one of vectors and the change of these, computed at one level."""
        self.store = self.folder / f"store-{name}"
        server = self.start_server("--isa", name)
        self.push_digits()
        for activation in ("gelu", "silu"):
            self.ok("model", "push", activation, "--external", "--config", "embedding_space=digits")
            self.ok("outputs", "push", "--model", activation, "--dataset", "digits",
                    DATA / f"digits/embed_{activation}.jsonl")
        runs = [self.json("eval", "--dataset", "digits", "--model", model)
                for model in ("mlp@1", "gelu", "silu")]
        change = self.json("diff", "gelu", "silu", "--dataset", "digits")["embedding_change"]
        self.stop_server(server)
        for run in runs:
            self.assertTrue(run["isa"] in (name, name + "+vnni"), run["isa"])
        return [run["result_digest"] for run in runs], change

    def test_every_level_gives_the_same_scores(self):
        levels = self.levels()
        found = {name: self.results(name) for name in levels}
        for name, (digests, change) in found.items():
            self.assertEqual(digests, found["baseline"][0], name)
            for cell, expected in zip(change["cells"], found["baseline"][1]["cells"]):
                self.assertEqual(cell["cosine"], expected["cosine"], name)
                self.assertEqual(cell["neighbor_overlap"], expected["neighbor_overlap"], name)
                self.assertAlmostEqual(cell["procrustes_residual"], expected["procrustes_residual"],
                                       delta=1e-9, msg=name)
        # Products are fused from v3 on, so that all bits are equal there.
        for name in levels[2:]:
            self.assertEqual(found[name][1], found["x86-64-v3"][1])

    def test_the_environment_names_the_level_where_the_flag_does_not(self):
        # Of every command, because one server may answer several.
        env = {"ASSAY_ISA": "baseline"}
        self.ok("dataset", "push", "digits", DATA / "digits/examples.jsonl", env=env)
        self.ok("model", "push", "mlp", "--external", env=env)
        self.ok("outputs", "push", "--model", "mlp", "--dataset", "digits",
                DATA / "digits/mlp_relu.jsonl", env=env)
        run = self.json("eval", "--dataset", "digits", "--model", "mlp", env=env)
        self.assertEqual(run["isa"], "baseline")

    def test_an_unknown_level_is_refused_with_those_that_there_are(self):
        for name in ("avx2", "x86-64-v5"):
            self.assertIn(f"--isa: no such instruction set: '{name}'; there are baseline, x86-64-v3 "
                          "and x86-64-v4", self.refusal(name))

    def test_help_names_the_flag(self):
        text = subprocess.run([BIN / "assay-server", "--help"], capture_output=True, text=True,
                              check=True).stdout
        self.assertIn("--isa", text)
        self.assertIn("ASSAY_ISA", text)


if __name__ == "__main__":
    unittest.main()
