"""The main path on the example data: push, evaluate, compare, look at rows and traces, export."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import time
import unittest
import urllib.request

from assay_case import BIN, DATA, AssayCase

ROBUST = DATA / "robust03"


def expected_all(run):
    """The means that trec_eval prints for a run of the example, by measure."""
    values = {}
    for line in (ROBUST / f"expected.{run}.l1.txt").read_text(encoding="ascii").splitlines():
        name, query, value = line.split()
        if query == "all":
            values[name] = value
    return values


class MainPathTest(AssayCase):
    def test_a_changed_activation_is_compared_row_by_row(self):
        self.push_digits()
        comparison = self.json("diff", "mlp@1", "mlp@2", "--dataset", "digits")
        accuracy = comparison["metrics"][0]
        self.assertEqual(accuracy["metric"]["id"], "accuracy")
        self.assertEqual(accuracy["overall"]["num_rows"], "597")
        self.assertAlmostEqual(accuracy["overall"]["baseline"], 573 / 597, places=12)
        self.assertAlmostEqual(accuracy["overall"]["candidate"], 567 / 597, places=12)
        self.assertEqual((comparison["num_broken"], comparison["num_fixed"]), ("7", "1"))
        # McNemar exact with 7 and 1 discordant rows: 2 * (1 + 8) / 2**8.
        self.assertAlmostEqual(accuracy["overall"]["p"], 18 / 256, places=12)
        self.assertEqual([d["field"] for d in comparison["model_differences"]], ["activation"])
        cohorts = {cell["cohort"] for cell in accuracy["cohorts"]}
        self.assertLessEqual({"digit=0", "digit=9", "ink=light", "ink=heavy"}, cohorts)

    def test_gates_decide_the_exit_code(self):
        self.push_digits()
        diff = ("diff", "mlp@1", "mlp@2", "--dataset", "digits")
        self.assertIn("PASS", self.assay(*diff, "--max-drop", "accuracy=0.05").stdout)
        self.assertEqual(self.assay(*diff, "--max-drop", "accuracy=0.05").returncode, 0)
        inconclusive = self.assay(*diff, "--max-drop", "accuracy=0.015")
        self.assertEqual(inconclusive.returncode, 4, inconclusive.stdout)
        self.assertIn("INCONCLUSIVE", inconclusive.stdout)
        self.fails(2, *diff, "--max-drop", "accuracy=-1")
        self.fails(2, *diff, "--max-drop", "nonsense=0.1")

    def test_a_worse_embedding_is_regressed_with_exit_1(self):
        self.ok("dataset", "push", "digits", DATA / "digits/examples.jsonl")
        for name in ("gelu", "silu"):
            self.ok("model", "push", "embed", "--external", "--activation", name)
            self.ok("outputs", "push", "--model", "embed@latest", "--dataset", "digits",
                    DATA / f"digits/embed_{name}.jsonl")
        result = self.assay("diff", "embed@1", "embed@2", "--dataset", "digits",
                            "--max-drop", "cosine=0.02")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("REGRESSED", result.stdout)

    def test_ranking_values_are_those_of_trec_eval(self):
        self.ok("dataset", "push", "robust", "--qrels", ROBUST / "qrels.txt")
        for run in ("fub03IeOLKe3", "oce03noXbmD"):
            self.ok("model", "push", run, "--external")
            self.ok("outputs", "push", "--model", run, "--dataset", "robust", ROBUST / f"{run}.run")
            summaries = self.json("eval", "--dataset", "robust", "--model", run, "--evaluator",
                                  "ranking:AP,RR,P@10,R@100,nDCG,nDCG@10,Rprec")["summaries"]
            values = {s["metric"]: f"{s['value']:.4f}" for s in summaries if not s.get("cohort")}
            wanted = expected_all(run)
            for ours, theirs in {"AP": "map", "RR": "recip_rank", "P@10": "P_10",
                                 "R@100": "recall_100", "nDCG": "ndcg", "nDCG@10": "ndcg_cut_10",
                                 "Rprec": "Rprec"}.items():
                self.assertEqual(values[ours], wanted[theirs], f"{run} {ours}")

    def test_pushing_the_same_content_again_gives_the_same_version(self):
        self.push_digits()
        before = self.json("dataset", "show", "digits")
        self.ok("dataset", "push", "digits", DATA / "digits/examples.jsonl")
        self.assertEqual(self.json("dataset", "show", "digits"), before)

    def test_an_export_pushed_again_has_the_same_digest(self):
        self.push_digits()
        for format_name in ("jsonl", "csv"):
            exported = self.ok("dataset", "export", "digits", "--format", format_name)
            path = self.write(f"again.{format_name}", exported)
            if format_name == "jsonl":
                self.ok("dataset", "push", "again", path)
                digests = {self.json("dataset", "show", name)["digest"]
                           for name in ("digits", "again")}
                self.assertEqual(len(digests), 1)
            else:
                self.assertEqual(len(list(csv.DictReader(io.StringIO(exported)))), 597)

    def test_two_versions_of_a_dataset_are_compared_by_key(self):
        self.write("a.jsonl", '{"key":"a","label":"1"}\n{"key":"b","label":"2"}\n')
        self.write("b.jsonl", '{"key":"b","label":"3","input":"x"}\n{"key":"c","label":"1"}\n')
        for name in ("a.jsonl", "b.jsonl"):
            self.ok("dataset", "push", "faq", name)
        diff = self.json("dataset", "diff", "faq@1", "faq")
        self.assertEqual([diff[f"num_{kind}"] for kind in ("equal", "changed", "added", "removed")],
                         [0, 1, 1, 1])
        self.assertEqual((diff["columns_added"], diff["columns_changed"]),
                         (["input"], {"label": 1}))
        self.assertEqual(diff["rows"][0], {"key": "b", "change": "changed", "columns": ["label"]})
        text = self.ok("dataset", "diff", "faq@1", "faq@2")
        self.assertIn("faq@1 -> faq@2  0 equal, 1 changed, 1 added, 1 removed", text)
        self.assertIn("2 equal, 0 changed", self.ok("dataset", "diff", "faq@1", "faq@1"))

    def test_broken_rows_are_listed_with_before_and_after(self):
        self.push_digits()
        comparison = self.json("diff", "mlp@1", "mlp@2", "--dataset", "digits")["name"]
        number = comparison.rsplit("/", 1)[1]
        rows = self.json("rows", number, "--show", "broken")["rows"]
        self.assertEqual(len(rows), 7)
        for row in rows:
            self.assertEqual(row["baseline_output"], row["expected"])
            self.assertNotEqual(row["candidate_output"], row["expected"])
        self.assertEqual(len(self.json("rows", number, "--show", "fixed")["rows"]), 1)

    def test_every_output_format_has_the_same_exit_code(self):
        self.push_digits()
        for name in ("text", "json", "csv", "md"):
            result = self.assay("diff", "mlp@1", "mlp@2", "--dataset", "digits", "--max-drop",
                                "accuracy=0.015", "-o", name)
            self.assertEqual(result.returncode, 4, f"{name}: {result.stderr}")
            self.assertTrue(result.stdout.strip())

    def test_a_run_has_a_trace_with_its_stages(self):
        self.start_server()
        self.push_digits()
        run = self.json("eval", "--dataset", "digits", "--model", "mlp@1")
        wanted = {"run.load", "run.persist", "run.summarize"}

        def stages():
            trace = json.loads(self.assay("trace", "show", run["trace_id"], "-o", "json").stdout)
            return {span["name"] for span in trace["spans"]}

        self.eventually(lambda: wanted <= stages())
        text = self.ok("trace", "show", run["trace_id"])
        self.assertIn("run.load", text)
        self.assertIn(run["trace_id"][:8], self.ok("trace", "ls"))

    def test_long_traces_and_lists_of_span_names_are_shown_in_part(self):
        self.start_server()
        self.push_digits()
        trace = self.json("eval", "--dataset", "digits", "--model", "mlp@1")["trace_id"]
        show = ("trace", "show", trace, "-o", "json")

        def is_complete():  # a span is stored when it ends, so below its parent and before it
            spans = json.loads(self.assay(*show).stdout or "{}").get("spans", [])
            known = {span["span_id"] for span in spans} | {""}
            return ("run.summarize" in {span["name"] for span in spans}
                    and all(span["parent_span_id"] in known for span in spans))

        self.eventually(is_complete)
        whole = json.loads(self.ok(*show))["spans"]
        start = min(int(span["start_time_ns"]) for span in whole)
        one = json.loads(self.ok(*show, "--limit", "1"))
        self.assertEqual([int(span["start_time_ns"]) for span in one["spans"]], [start])
        self.assertTrue(one["is_partial"])
        # From and to one offset: the spans that are open then.
        last = max(whole, key=lambda span: int(span["start_time_ns"]))
        offset = int(last["start_time_ns"]) - start
        touched = {span["span_id"] for span in whole
                   if 0 <= int(last["start_time_ns"]) - int(span["start_time_ns"])
                   <= int(span["duration_ns"])}
        window = json.loads(self.ok(*show, "--from", f"{offset}ns", "--to", f"{offset}ns"))
        self.assertEqual({span["span_id"] for span in window["spans"]}, touched)
        self.assertLess(len(touched), len(whole))
        self.assertEqual(len(json.loads(self.ok(*show, "--from", "0ns", "--to", "1d"))["spans"]),
                         len(whole))
        self.fails(2, *show, "--from", "2s", "--to", "1s")
        self.fails(2, *show, "--to", "soon")

        self.eventually(lambda: len(self.json("trace", "latency").get("series", [])) > 2)
        cut = self.assay("trace", "latency", "--limit", "1", "-o", "json")
        self.assertEqual(len(json.loads(cut.stdout)["series"]), 1)
        self.assertIn("more span names are left out", cut.stderr)
        self.assertNotIn("left out", self.assay("trace", "latency", "--limit", "0").stderr)

    def test_a_stranger_finds_help_with_an_example_for_every_command(self):
        top = self.ok("--help")
        commands = re.findall(r"^  (\w+) ", top, re.M)
        self.assertIn("diff", commands)
        for command in ("dataset", "model", "outputs", "eval", "diff", "rows", "run", "trace", "doctor"):
            self.assertIn("xample", self.ok(command, "--help"), command)


class LocalModeTest(AssayCase):
    def test_two_commands_at_once_share_one_server(self):
        self.push_digits()
        environment = dict(os.environ, ASSAY_ENDPOINT="local", ASSAY_DATA_DIR=str(self.store))
        processes = [
            subprocess.Popen([BIN / "assay", "eval", "--dataset", "digits", "--model", "mlp@1"],
                             env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(4)
        ]
        for process in processes:
            output, error = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, error)
            self.assertIn(b"accuracy", output)

    def test_a_daemon_on_the_directory_is_used(self):
        self.start_server()
        self.push_digits()
        self.endpoint = "local"
        self.assertIn("digits", self.ok("dataset", "ls"))

    def test_no_server_stays_behind(self):
        self.ok("dataset", "ls")
        self.eventually(lambda: not (self.store / "endpoint").exists(), 10)

    def test_an_interrupted_command_exits_130_and_leaves_no_server(self):
        rows = "".join(f'{{"key":"k{i}","label":"x"}}\n' for i in range(400_000))
        path = self.write("rows.jsonl", rows)
        environment = dict(os.environ, ASSAY_ENDPOINT="local", ASSAY_DATA_DIR=str(self.store))
        process = subprocess.Popen([BIN / "assay", "dataset", "push", "big", path], env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.eventually((self.store / "endpoint").exists)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertIn(process.returncode, (130, 0))
        self.eventually(lambda: not (self.store / "endpoint").exists())
        self.ok("doctor")


class ShutdownTest(AssayCase):
    def test_sigterm_ends_the_server_with_exit_0(self):
        server = self.start_server()
        self.push_digits()
        start = time.monotonic()
        self.assertEqual(self.stop_server(server), 0)
        self.assertLess(time.monotonic() - start, 30)

    def test_the_http_door_answers_its_health(self):
        server = self.start_server()
        with urllib.request.urlopen(f"http://{server.http}/healthz", timeout=10) as answer:
            self.assertEqual(answer.status, 200)


if __name__ == "__main__":
    unittest.main()
