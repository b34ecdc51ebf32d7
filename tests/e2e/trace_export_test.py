"""The command line sends its own spans by OTLP to a second server, which stands for any collector."""

import socket
import subprocess
import threading
import time
import unittest

from assay_case import BIN, DATA, AssayCase


class TraceExportTest(AssayCase):
    def setUp(self):
        super().setUp()
        self.collector_server = self.start_server()
        self.collector = {"ASSAY_ENDPOINT": self.endpoint}
        self.exporting = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self.endpoint}",
                          "OTEL_SERVICE_NAME": "nightly"}
        self.store = self.folder / "second"
        self.start_server()

    def exported(self):
        """The traces that the collector has of the service, newest first."""
        return self.json("trace", "ls", "--service", "nightly", "--limit", "0",
                         env=self.collector)["traces"]

    def test_a_command_is_a_trace_that_the_servers_spans_join(self):
        self.ok("dataset", "push", "digits", DATA / "digits" / "examples.jsonl",
                env=self.exporting)
        traces = self.exported()
        self.assertEqual([trace["root_name"] for trace in traces], ["assay dataset push"])
        trace_id = traces[0]["name"].rpartition("/")[2]
        spans = self.json("trace", "show", trace_id, env=self.collector)["spans"]
        root = spans[0]
        self.assertEqual((root["kind"], root["status"]), ("INTERNAL", "OK"))
        self.assertEqual(root["attributes"]["process.exit.code"], "0")
        calls = spans[1:]
        self.assertGreaterEqual({call["name"] for call in calls},
                                {"assay.v1.UploadService/BeginUpload",
                                 "assay.v1.UploadService/AppendBatch",
                                 "assay.v1.UploadService/CommitUpload"})
        for call in calls:
            self.assertEqual((call["kind"], call["status"], call["parent_span_id"]),
                             ("CLIENT", "OK", root["span_id"]), call)
        # The same trace on the server that was called: below each call what it did for it.
        known = {call["span_id"]: call["name"] for call in calls}
        served = [span for span in self.json("trace", "show", trace_id)["spans"]
                  if span["kind"] == "SERVER"]
        self.assertEqual(len(served), len(calls))
        for span in served:
            self.assertEqual(known[span["parent_span_id"]], span["name"])

    def test_streams_are_calls_and_an_error_is_told(self):
        self.push_digits()
        self.ok("eval", "--dataset", "digits", "--model", "mlp@1", env=self.exporting)
        self.fails(3, "run", "show", "999999", env=self.exporting)
        failed, passed = self.exported()
        names = [span["name"] for span in self.json(
            "trace", "show", passed["name"].rpartition("/")[2], env=self.collector)["spans"]]
        self.assertEqual(names[0], "assay eval")
        self.assertIn("assay.v1.RunService/WatchRun", names)
        spans = self.json("trace", "show", failed["name"].rpartition("/")[2],
                          env=self.collector)["spans"]
        self.assertEqual([span["status"] for span in spans], ["ERROR", "ERROR"])
        self.assertEqual(spans[0]["attributes"]["process.exit.code"], "3")
        self.assertEqual(spans[1]["attributes"]["error.type"], "NOT_FOUND")

    def test_headers_open_a_collector_that_asks_for_a_token(self):
        made = subprocess.run([BIN / "assay-server", "token", "new", "--name", "ci", "--role",
                               "runner"], capture_output=True, text=True, check=True).stdout
        token, line = (part.split(": ", 1)[1] for part in made.strip().split("\n"))
        self.store = self.folder / "third"
        self.start_server("--token-file", self.write("tokens", line + "\n"))
        exporting = {**self.exporting, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self.endpoint}"}
        refused = self.assay("version", env=exporting)
        self.assertEqual(refused.returncode, 0, refused.stderr)
        self.assertIn("1 of 1 spans did not reach", refused.stderr)
        exporting["OTEL_EXPORTER_OTLP_HEADERS"] = f"authorization=Bearer {token}"
        self.assertEqual(self.assay("version", env=exporting).stderr, "")
        traces = self.json("trace", "ls", "--service", "nightly", env={"ASSAY_TOKEN": token})
        self.assertEqual([trace["root_name"] for trace in traces["traces"]], ["assay version"])

    def test_no_collector_costs_a_line_and_no_time(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
            closed = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{taken.getsockname()[1]}"}
            began = time.monotonic()
            result = self.assay("run", "ls", env=closed)
            self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("assay: no traces: 2 of 2 spans did not reach", result.stderr)
        self.assertEqual(self.assay("run", "ls", "-q", env=closed).stderr, "")

    def test_a_collector_that_never_answers_is_left_after_a_second(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.settimeout(30)
            held = []
            accepting = threading.Thread(target=lambda: held.append(silent.accept()))
            accepting.start()
            began = time.monotonic()
            result = self.assay("run", "ls", env={
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"})
            self.assertLess(time.monotonic() - began, 10)
            accepting.join()
            held[0][0].close()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("did not reach", result.stderr)

    def test_a_wrong_setting_fails_no_command(self):
        result = self.assay("run", "ls", env={**self.exporting,
                                              "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("OTEL_EXPORTER_OTLP_PROTOCOL: only grpc is spoken", result.stderr)
        self.assertEqual(self.exported(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
