"""The HTTP door as browsers, curl and scripts meet it: the Connect protocol over a real server."""

import base64
import gzip
import http.client
import json
import socket
import struct
import threading
import time
import unittest

from assay_case import BIN, AssayCase

import subprocess

RUNS = "/assay.v1.RunService/"
JSON = {"Content-Type": "application/json"}
STREAM = {"Content-Type": "application/connect+json"}


def envelope(text):
    data = text.encode()
    return struct.pack(">BI", 0, len(data)) + data


def open_envelopes(body):
    """The (flags, parsed JSON) of every envelope of a stream."""
    messages = []
    while body:
        flags, size = struct.unpack(">BI", body[:5])
        messages.append((flags, json.loads(body[5:5 + size])))
        body = body[5 + size:]
    return messages


class ConnectCase(AssayCase):
    def setUp(self):
        super().setUp()
        self.server = self.start_server()
        host, port = self.server.http.rsplit(":", 1)
        self.address = (host, int(port))
        self.connection = http.client.HTTPConnection(*self.address, timeout=30)
        self.addCleanup(self.connection.close)

    def request(self, method, path, body=None, headers=None):
        """Status, headers and body of one exchange on the connection that is kept open."""
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def post(self, path, body, headers=None):
        return self.request("POST", path, body, {**JSON, **(headers or {})})

    def error(self, status, code, path, body, headers=None):
        """Expects a refusal and returns its message."""
        got, _, answer = self.post(path, body, headers)
        self.assertEqual((got, json.loads(answer)["code"]), (status, code), answer)
        return json.loads(answer)["message"]


class UnaryTest(ConnectCase):
    def test_json_in_json_out(self):
        status, headers, body = self.post("/assay.v1.AdminService/GetServerInfo", "{}")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        self.assertEqual(json.loads(body)["httpAddress"], self.server.http)
        self.assertRegex(headers["trailer-assay-trace-id"], "^[0-9a-f]{32}$")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_binary_in_binary_out(self):
        # parent = "projects/default", page_size = 5
        request = b"\x0a\x10projects/default\x10\x05"
        status, headers, body = self.post(RUNS + "ListRuns", request,
                                          {"Content-Type": "application/proto"})
        self.assertEqual((status, headers["Content-Type"], body), (200, "application/proto", b""))

    def test_every_method_of_the_api_is_there(self):
        names = subprocess.run(
            ["grep", "-rhoE", r"^  rpc \w+|^service \w+",
             str(__import__("pathlib").Path(__file__).parents[2] / "schemas/assay/v1")],
            capture_output=True, text=True, check=True).stdout.split("\n")
        service, count = "", 0
        for line in filter(None, names):
            kind, name = line.split()
            if kind == "service":
                service = name
                continue
            status, _, body = self.request("POST", f"/assay.v1.{service}/{name}", "nonsense", JSON)
            if name.startswith("Watch"):
                self.assertEqual(status, 415, name)
            else:
                self.assertEqual((status, json.loads(body)["code"]), (400, "invalid_argument"), name)
            count += 1
        self.assertGreater(count, 30)

    def test_an_empty_body_is_an_empty_message(self):
        status, _, _ = self.post("/assay.v1.AdminService/GetServerInfo", "")
        self.assertEqual(status, 200)

    def test_a_gzipped_body_is_unpacked(self):
        body = gzip.compress(b'{"parent":"projects/default"}')
        status, _, _ = self.post(RUNS + "ListRuns", body, {"Content-Encoding": "gzip"})
        self.assertEqual(status, 200)
        self.error(400, "invalid_argument", RUNS + "ListRuns", b"not gzip",
                   {"Content-Encoding": "gzip"})
        bomb = gzip.compress(bytes(64 << 20))
        self.error(429, "resource_exhausted", RUNS + "ListRuns", bomb,
                   {"Content-Encoding": "gzip"})
        self.error(501, "unimplemented", RUNS + "ListRuns", "{}", {"Content-Encoding": "br"})

    def test_errors_are_connects(self):
        message = self.error(404, "not_found", RUNS + "GetRun", '{"name":"projects/default/runs/9"}')
        self.assertIn("no such run", message)
        message = self.error(400, "invalid_argument", RUNS + "GetRun", '{"nam":"x"}')
        self.assertIn("nam", message)
        self.assertNotIn("\n", message)

    def test_a_message_of_many_levels_is_refused(self):
        message = self.error(400, "invalid_argument", RUNS + "ListRuns",
                             '{"parent":' + "[" * 1_000_000)
        self.assertIn("levels deep", message)

    def test_a_deadline_is_kept(self):
        self.error(504, "deadline_exceeded", RUNS + "ListRuns", "{}", {"Connect-Timeout-Ms": "0"})
        self.error(400, "invalid_argument", RUNS + "ListRuns", "{}", {"Connect-Timeout-Ms": "x"})
        self.error(400, "invalid_argument", RUNS + "ListRuns", "{}",
                   {"Connect-Timeout-Ms": "12345678901"})
        self.error(400, "invalid_argument", RUNS + "ListRuns", "{}",
                   {"Connect-Protocol-Version": "2"})

    def test_a_form_and_other_types_are_refused(self):
        for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "",
                     "application/connect+json"):
            status, headers, _ = self.post(RUNS + "ListRuns", "{}", {"Content-Type": kind})
            self.assertEqual(status, 415, kind)
            self.assertIn("application/json", headers["Accept-Post"])
        self.assertEqual(self.post(RUNS + "ListRuns", '{"parent":"projects/default"}',
                                   {"Content-Type": "application/json; charset=utf-8"})[0], 200)

    def test_get_is_refused(self):
        status, headers, _ = self.request("GET", RUNS + "ListRuns")
        self.assertEqual((status, headers["Allow"]), (405, "POST"))

    def test_nothing_outside_the_api_can_be_called(self):
        for path in ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                     "/grpc.health.v1.Health/Check", "/assay.v1.RunService/Nothing",
                     "/assay.v1.RunService"):
            self.assertEqual(self.post(path, "{}")[0], 404, path)

    def test_a_header_value_that_grpc_cannot_take_is_refused_and_the_server_lives(self):
        for value in (b"\xff", b"Bearer \xc3\xa4", b"a\x7f", b"a\tb"):
            with socket.create_connection(self.address) as raw:
                raw.sendall(b"POST /assay.v1.RunService/ListRuns HTTP/1.1\r\nHost: localhost\r\n"
                            b"Content-Type: application/json\r\nContent-Length: 2\r\n"
                            b"traceparent: " + value + b"\r\nConnection: close\r\n\r\n{}")
                self.assertIn(b" 400 ", raw.recv(4096).split(b"\r\n")[0], value)
        self.assertEqual(self.post("/assay.v1.AdminService/GetServerInfo", "{}")[0], 200)

    def test_a_callers_trace_goes_on(self):
        trace = "0af7651916cd43dd8448eb211c80319c"
        _, headers, _ = self.post("/assay.v1.AdminService/GetServerInfo", "{}",
                                  {"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        self.assertEqual(headers["trailer-assay-trace-id"], trace)
        for _ in range(100):  # spans are written within a moment
            shown = self.assay("trace", "show", trace, "-o", "json")
            if shown.returncode == 0 and len(json.loads(shown.stdout)["spans"]) == 2:
                break
            time.sleep(0.1)
        request, call = json.loads(shown.stdout)["spans"]
        self.assertEqual((request["name"], request["parent_span_id"]),
                         ("POST /assay.v1.AdminService/GetServerInfo", "b7ad6b7169203331"))
        self.assertEqual(request["attributes"]["http.response.status_code"], "200")
        self.assertEqual((call["name"], call["parent_span_id"]),
                         ("assay.v1.AdminService/GetServerInfo", request["span_id"]))
        self.assertEqual(call["attributes"]["rpc.request.size"], "0")
        self.assertGreater(int(call["attributes"]["rpc.response.size"]), 20)

    def test_prometheus_finds_what_is_counted(self):
        self.write("rows.jsonl", '{"key":"a","label":"1"}\n{"key":"b","label":"2"}\n')
        self.ok("dataset", "push", "faq", "rows.jsonl")
        status, headers, body = self.request("GET", "/metrics")
        self.assertEqual((status, headers["Content-Type"]),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        values = dict(line.rsplit(" ", 1) for line in body.decode().splitlines()
                      if line and line[0] != "#")
        self.assertEqual(values["assay_ingested_rows_total"], "2")
        self.assertGreater(float(values['assay_version_cache_lookups_total{result="miss"}']), 0)
        for state in ("queued", "running"):
            self.assertEqual(float(values[f'assay_jobs{{state="{state}"}}']), 0)
        for name in ('assay_wal_bytes{file="traces.db"}', 'assay_store_bytes{file="assay.db"}',
                     "assay_spans_dropped_total"):
            self.assertIn(name, values)

    def test_a_large_body_is_refused_with_an_answer(self):
        with socket.create_connection(self.address) as raw:
            raw.sendall(b"POST /assay.v1.RunService/ListRuns HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Type: application/json\r\nContent-Length: 30000000\r\n\r\n")
            raw.sendall(b" " * 1_000_000)
            self.assertIn(b" 413 ", raw.recv(4096).split(b"\r\n")[0])

    def test_expect_continue_is_answered_at_once(self):
        with socket.create_connection(self.address) as raw:
            raw.settimeout(10)
            raw.sendall(b"POST /assay.v1.AdminService/GetServerInfo HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Type: application/json\r\nContent-Length: 2\r\n"
                        b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
            self.assertEqual(raw.recv(4096), b"HTTP/1.1 100 Continue\r\n\r\n")
            raw.sendall(b"{}")
            self.assertTrue(raw.recv(65536).startswith(b"HTTP/1.1 200 "))

    def test_a_kept_connection_does_not_wait_for_acknowledgements(self):
        times = []
        for _ in range(100):
            begin = time.perf_counter()
            self.post("/assay.v1.AdminService/GetServerInfo", "{}")
            times.append(time.perf_counter() - begin)
        # Nagle's algorithm would cost 40 ms each; a call takes well under one.
        self.assertLess(sorted(times)[50], 0.02)

    def test_a_batch_goes_through(self):
        upload = json.loads(self.post("/assay.v1.UploadService/BeginUpload", json.dumps({
            "parent": "projects/default", "dataset": {"dataset": "big"}}))[2])["name"]
        num_rows = 65_536
        keys = b"".join(b"%08d" % row for row in range(num_rows))
        offsets = struct.pack(f"<{num_rows + 1}i", *range(0, 8 * num_rows + 1, 8))
        values = struct.pack(f"<{num_rows}d", *range(num_rows))
        batch = {"numRows": num_rows, "columns": [
            {"name": "key", "type": "COLUMN_TYPE_TEXT",
             "textOffsets": base64.b64encode(offsets).decode(),
             "textBytes": base64.b64encode(keys).decode()},
            {"name": "weight", "type": "COLUMN_TYPE_FLOAT64",
             "values": base64.b64encode(values).decode()}]}
        status, _, body = self.post("/assay.v1.UploadService/AppendBatch", json.dumps(
            {"upload": upload, "sequence": 0, "batch": batch}))
        self.assertEqual((status, json.loads(body)), (200, {"nextSequence": "1"}))
        status, _, body = self.post("/assay.v1.UploadService/CommitUpload", json.dumps(
            {"name": upload, "numBatches": 1}))
        self.assertEqual(json.loads(body)["datasetVersion"]["numRows"], str(num_rows))
        status, _, body = self.post("/assay.v1.DatasetService/ReadExamples", json.dumps({
            "name": "projects/default/datasets/big/versions/1", "maxRows": num_rows}))
        self.assertEqual(status, 200)
        column = json.loads(body)["batch"]["columns"][0]
        self.assertEqual(base64.b64decode(column["textBytes"])[:16], b"0000000000000001")


class StreamTest(ConnectCase):
    def test_a_run_is_watched_to_its_end(self):
        self.push_digits()
        run = self.json("eval", "--dataset", "digits", "--model", "mlp@1")["name"]
        status, headers, body = self.request(
            "POST", RUNS + "WatchRun", envelope(json.dumps({"name": run})), STREAM)
        self.assertEqual((status, headers["Content-Type"]), (200, "application/connect+json"))
        messages = open_envelopes(body)
        self.assertEqual(messages[-1], (2, {}))
        self.assertEqual(messages[-2][1]["state"], "SUCCEEDED")
        # The connection goes on.
        self.assertEqual(self.post("/assay.v1.AdminService/GetServerInfo", "{}")[0], 200)

    def test_errors_are_at_the_end_of_the_stream(self):
        for body, code in ((envelope('{"name":"projects/default/runs/9"}'), "not_found"),
                           (envelope("{}") + envelope("{}"), "invalid_argument"),
                           (b"", "invalid_argument"), (b"\x01\0\0\0\0", "invalid_argument")):
            status, _, answer = self.request("POST", RUNS + "WatchRun", body, STREAM)
            self.assertEqual(status, 200)
            messages = open_envelopes(answer)
            self.assertEqual((messages[0][0], messages[0][1]["error"]["code"]), (2, code))

    def test_a_reader_that_leaves_frees_the_stream(self):
        self.push_digits()
        # Streams are bounded; many more than that many come and go.
        queued = self.json("eval", "--dataset", "digits", "--model", "mlp@1")["name"]
        body = envelope(json.dumps({"name": queued}))
        head = (f"POST {RUNS}WatchRun HTTP/1.1\r\nHost: localhost\r\n"
                f"Content-Type: application/connect+json\r\nContent-Length: {len(body)}\r\n\r\n")
        for _ in range(300):
            with socket.create_connection(self.address) as raw:
                raw.sendall(head.encode() + body)
        self.assertEqual(
            open_envelopes(self.request("POST", RUNS + "WatchRun", body, STREAM)[2])[-1][0], 2)


class SiteTest(ConnectCase):
    PATHS = ("/", "/healthz", "/assay.v1.RunService/ListRuns", "/assets/x.js", "/comparisons/1")

    def test_foreign_hosts_and_origins_are_refused_everywhere(self):
        own = "http://%s:%d" % self.address
        for path in self.PATHS:
            for method in ("GET", "POST"):
                status, _, _ = self.request(method, path, "{}", {**JSON, "Host": "evil.example"})
                self.assertEqual(status, 421, path)
                for origin in ("http://evil.example", "null", "https://localhost.evil.example",
                               "http://127.0.0.1:1", "http://localhost"):
                    self.connection.close()
                    status, _, _ = self.request(method, path, "{}", {**JSON, "Origin": origin})
                    self.assertEqual(status, 403, (path, origin))
        status, _, _ = self.post("/assay.v1.AdminService/GetServerInfo", "{}", {"Origin": own})
        self.assertEqual(status, 200)

    def test_preflights_get_no_permission(self):
        status, headers, _ = self.request("OPTIONS", RUNS + "ListRuns", headers={
            "Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})
        self.assertEqual(status, 403)
        self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_two_hundred_half_open_connections_hold_nobody_up(self):
        half_open = []
        for _ in range(200):
            raw = socket.create_connection(self.address)
            raw.sendall(b"POST /assay.v1.RunService/ListRuns HTTP/1.1\r\nHost: loc")
            half_open.append(raw)
            self.addCleanup(raw.close)
        begin = time.monotonic()
        self.assertEqual(self.post("/assay.v1.AdminService/GetServerInfo", "{}")[0], 200)
        self.assertLess(time.monotonic() - begin, 5)

    def test_calls_under_way_end_when_the_server_stops(self):
        errors = []

        def call():
            connection = http.client.HTTPConnection(*self.address, timeout=30)
            try:
                while True:
                    connection.request("POST", "/assay.v1.AdminService/GetServerInfo", "{}", JSON)
                    if connection.getresponse().read() == b"":
                        return
            except (OSError, http.client.HTTPException):
                return
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)

        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        time.sleep(0.3)
        self.assertEqual(self.stop_server(self.server), 0)
        for caller in callers:
            caller.join(30)
        self.assertEqual(errors, [])


class TokenTest(AssayCase):
    def test_tokens_are_asked_for_on_both_doors(self):
        made = subprocess.run([BIN / "assay-server", "token", "new", "--name", "reader", "--role",
                               "viewer"], capture_output=True, text=True, check=True).stdout
        token, line = (part.split(": ", 1)[1] for part in made.strip().split("\n"))
        tokens = self.write("tokens", line + "\n")
        server = self.start_server("--token-file", tokens)
        host, port = server.http.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        self.addCleanup(connection.close)

        def call(method, headers):
            connection.request("POST", f"/assay.v1.{method}", '{"parent":"projects/default"}',
                               {**JSON, **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())

        status, headers, body = call("RunService/ListRuns", {})
        self.assertEqual((status, body["code"]), (401, "unauthenticated"))
        self.assertEqual(headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(call("RunService/ListRuns", {"Authorization": "Bearer no"})[0], 401)
        right = {"Authorization": f"Bearer {token}"}
        self.assertEqual(call("RunService/ListRuns", right)[0], 200)
        self.assertEqual(call("RunService/CreateRun", right)[0], 403)


if __name__ == "__main__":
    unittest.main()
