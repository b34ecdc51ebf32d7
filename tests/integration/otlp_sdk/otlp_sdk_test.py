"""OpenTelemetry's own JavaScript SDK sends to a server; every span must be found with all it has.

Needs node and npm with a registry; `npm ci` fills node_modules beside this file when it is not
there. ASSAY_SDK_TRACES: traces of ten spans for each door (default 2000)."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "e2e"))

from assay_case import AssayCase  # noqa: E402

TRACES = int(os.environ.get("ASSAY_SDK_TRACES", "2000"))


def setUpModule():
    if shutil.which("npm") is None:
        raise unittest.SkipTest("there is no npm")
    if not (HERE / "node_modules").is_dir():
        installed = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                                   cwd=HERE, capture_output=True, text=True, check=False)
        if installed.returncode != 0:
            raise unittest.SkipTest(f"npm ci: {installed.stderr[-500:]}")


class OtlpSdkTest(AssayCase):
    def send(self, door, url):
        result = subprocess.run(["node", HERE / "send_spans.js", door, url, str(TRACES)],
                                capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        sent = json.loads(result.stdout)
        self.assertEqual(sent["failed"], 0, result.stderr)
        return sent

    def check(self, door, sent):
        service = f"sdk-{door}"
        traces = self.json("trace", "ls", "--service", service, "--limit", "0")["traces"]
        self.assertEqual(len(traces), TRACES)
        self.assertEqual(sum(trace["num_spans"] for trace in traces), sent["spans"])
        self.assertEqual(sum(trace["num_errors"] for trace in traces), TRACES)
        for trace_id in sent["traces"]:
            self.check_trace(service, self.json("trace", "show", trace_id))
        failed = self.json("trace", "ls", "--service", service, "--errors", "--span", "step 9",
                           "--attribute", "number=9", "--limit", "5")["traces"]
        self.assertEqual(len(failed), 5)

    def check_trace(self, service, trace):
        self.assertEqual(trace["root_name"], "request")
        self.assertEqual(trace["root_service"], service)
        spans = {span["name"]: span for span in trace["spans"]}
        self.assertEqual(len(spans), 10)
        self.assertEqual(spans["request"]["kind"], "SERVER")
        first = spans["step 1"]
        self.assertEqual(first["parent_span_id"], spans["request"]["span_id"])
        self.assertEqual(first["kind"], "CLIENT")
        self.assertEqual(first["status"], "OK")
        self.assertEqual(first["attributes"], {
            "text": "grüße", "number": "1", "share": "0.25", "flag": "true", "list": '["a","b"]',
        })
        self.assertEqual([event["name"] for event in first["events"]], ["retry"])
        self.assertEqual(first["events"][0]["attributes"], {"attempt": "1"})
        self.assertEqual(first["links"], [{
            "trace_id": "ab" * 16, "span_id": "cd" * 8, "attributes": {"reason": "batch"},
            "trace_state": "",
        }])
        last = spans["step 9"]
        self.assertEqual((last["status"], last["status_message"]), ("ERROR", "timed out"))
        source = trace["sources"][first["source"]]["attributes"]
        self.assertEqual(source["deployment.zone"], "z1")
        self.assertEqual(source["otel.scope.name"], "sender")
        self.assertEqual(source["otel.scope.version"], "1.2.3")

    def test_grpc(self):
        self.start_server()
        self.check("grpc", self.send("grpc", f"http://{self.endpoint}"))

    def test_http_json(self):
        server = self.start_server()
        self.check("http", self.send("http", f"http://{server.http}/v1/traces"))

    def test_http_protobuf(self):
        server = self.start_server()
        self.check("proto", self.send("proto", f"http://{server.http}/v1/traces"))

    def test_own_spans_reach_another_server(self):
        collector = self.start_server()
        collector_endpoint = self.endpoint
        self.store = self.folder / "second"
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://{collector_endpoint}"
        os.environ["OTEL_SERVICE_NAME"] = "second"
        self.addCleanup(os.environ.pop, "OTEL_EXPORTER_OTLP_ENDPOINT")
        self.addCleanup(os.environ.pop, "OTEL_SERVICE_NAME")
        second = self.start_server()
        self.push_digits()
        self.ok("eval", "--dataset", "digits", "--model", "mlp")
        own = self.json("trace", "ls", "--limit", "0")["traces"]
        self.assertGreater(len(own), 3)
        self.assertEqual(self.stop_server(second), 0)  # sends what is left
        self.endpoint = collector_endpoint
        exported = self.json("trace", "ls", "--service", "second", "--limit", "0")["traces"]
        self.assertGreaterEqual({trace["name"] for trace in exported},
                                {trace["name"] for trace in own})
        self.assertIsNone(collector.poll())


if __name__ == "__main__":
    unittest.main(verbosity=2)
