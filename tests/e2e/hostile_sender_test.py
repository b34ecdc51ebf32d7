"""Senders of spans that mean no good: the server's memory stays bounded and others are served."""

import gzip
import http.client
import json
import pathlib
import socket
import struct
import threading
import time
import unittest
import zlib

from assay_case import BIN, AssayCase

MIB = 1 << 20
LIMIT = 64 * MIB  # of a request, after decompression
PROTOBUF = {"Content-Type": "application/x-protobuf"}
# Sanitizers keep freed memory and shadow it: sizes say nothing there.
IS_SANITIZED = any(name in (BIN / "assay-server").read_bytes()
                   for name in (b"__asan_init", b"__tsan_init"))


def varint(number):
    data = bytearray()
    while number > 0x7f:
        data.append(number & 0x7f | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


def field(number, payload):
    """A length-delimited field of a protobuf message."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def span(trace_id, number, parent, start_ns, extra=b""):
    """One OTLP span of a millisecond, 1 ms after the one before it."""
    return (field(1, trace_id) + field(2, struct.pack(">Q", number))
            + (field(4, struct.pack(">Q", parent)) if parent else b"") + field(5, b"step")
            + b"\x39" + struct.pack("<Q", start_ns + number * 1_000_000)
            + b"\x41" + struct.pack("<Q", start_ns + (number + 1) * 1_000_000) + extra)


def request(spans, service=b"hostile"):
    """An ExportTraceServiceRequest of one service."""
    attribute = field(1, b"service.name") + field(2, field(1, service))
    return field(1, field(1, field(1, attribute)) + field(2, b"".join(field(2, s) for s in spans)))


def zeros(num_mib):
    """So many MiB of zeros as gzip, about a thousandth of that."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(num_mib)) + packer.flush()


class HostileSenderTest(AssayCase):
    def setUp(self):
        super().setUp()
        self.server = self.start_server()
        host, port = self.server.http.rsplit(":", 1)
        self.address = (host, int(port))
        self.start_ns = time.time_ns() - 3_600_000_000_000

    def post(self, body, headers=None):
        """Sends one request to /v1/traces; its status and answer."""
        connection = http.client.HTTPConnection(*self.address, timeout=120)
        try:
            connection.request("POST", "/v1/traces", body, {**PROTOBUF, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def metric(self, name):
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        finally:
            connection.close()
        return float(next(line for line in lines if line.startswith(name + " ")).split()[1])

    def peak_growth(self, work):
        """By how many bytes the server's resident memory grew at most while `work` ran."""
        folder = pathlib.Path(f"/proc/{self.server.pid}")

        def status(key):
            line = next(line for line in (folder / "status").read_text().splitlines()
                        if line.startswith(key + ":"))
            return int(line.split()[1]) * 1024

        before = status("VmRSS")
        (folder / "clear_refs").write_text("5")  # the peak starts over
        work()
        return status("VmHWM") - before

    def assert_bounded(self, growth, limit):
        if not IS_SANITIZED:
            self.assertLessEqual(growth, limit + 16 * MIB, f"{growth / MIB:.1f} MiB")

    def test_a_gzip_bomb_is_refused_and_takes_no_more_than_the_limit(self):
        bomb = zeros(256)
        self.assertGreater(256 * MIB / len(bomb), 1000)
        self.assertEqual(self.post(request([span(b"a" * 16, 1, 0, self.start_ns)]))[0], 200)
        statuses = []

        def send():
            for _ in range(5):
                status, body = self.post(bomb, {"Content-Encoding": "gzip"})
                statuses.append(status)
                self.assertIn(b"unpacks to more than 67108864 bytes", body)

        refused = self.metric("assay_otlp_refused_requests_total")
        self.assert_bounded(self.peak_growth(send), LIMIT + len(bomb))
        self.assertEqual(statuses, [413] * 5)  # final: exporters do not send it again
        self.assertEqual(self.metric("assay_otlp_refused_requests_total"), refused + 5)

    def test_a_body_past_the_limit_is_refused_in_the_form_of_otlp(self):
        refused = self.metric("assay_otlp_refused_requests_total")
        status, body = self.post(b"", {"Content-Length": str(LIMIT + 1)})
        self.assertEqual(status, 413)
        self.assertEqual(body[:2], b"\x08\x08")  # google.rpc.Status with code 8
        status, body = self.post(b"", {"Content-Length": str(LIMIT + 1),
                                       "Content-Type": "application/json"})
        self.assertEqual((status, json.loads(body)["code"]), (413, 8))
        self.assertEqual(self.metric("assay_otlp_refused_requests_total"), refused + 2)

    def test_one_wrong_id_in_json_costs_one_span(self):
        def span_of(trace_id):
            return {"traceId": trace_id, "spanId": "0102030405060708", "name": "s",
                    "startTimeUnixNano": str(self.start_ns), "endTimeUnixNano": self.start_ns}
        spans = [span_of(trace_id) for trace_id in
                 ("5b8efff798038103d269b633813fc60c", "5b8efff798038103d269b633813fc6!!",
                  "3e8db784226b5", "5b8efff7-9803-8103-d269-b633813fc60c")]
        rejected = self.metric("assay_otlp_rejected_spans_total")
        status, body = self.post(
            json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode(),
            {"Content-Type": "application/json"})
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["partialSuccess"]["rejectedSpans"], "3")
        self.assertEqual(self.metric("assay_otlp_rejected_spans_total"), rejected + 3)

    def test_traces_that_do_not_fit_together_are_counted_when_they_are_read(self):
        circle, skewed, orphan = (bytes([letter]) * 16 for letter in b"xyz")
        def start(number):
            return self.start_ns + number * 1_000_000
        self.assertEqual(self.post(request(
            [span(circle, 1, 2, self.start_ns), span(circle, 2, 1, self.start_ns),
             span(skewed, 9, 0, start(1)), span(skewed, 1, 9, self.start_ns),
             span(orphan, 1, 77, self.start_ns)])), (200, b""))
        for trace_id in (circle, skewed, orphan):
            self.json("trace", "show", trace_id.hex())
        for why in ("parent_circle", "clock_skew", "parent_missing"):
            self.assertGreaterEqual(self.metric(f'assay_odd_traces_total{{why="{why}"}}'), 1, why)
        self.assertIn("1 of the spans name a parent that is not here",
                      self.ok("trace", "show", orphan.hex()))

    def test_bombs_at_once_share_two_threads(self):
        bomb = zeros(128)

        def send_all():
            senders = [threading.Thread(target=self.post,
                                        args=(bomb, {"Content-Encoding": "gzip"}))
                       for _ in range(8)]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()

        self.assert_bounded(self.peak_growth(send_all), 2 * LIMIT)
        self.assertEqual(self.post(request([span(b"b" * 16, 1, 0, self.start_ns)]))[0], 200)

    def test_a_request_that_unpacks_to_the_limit_is_taken_within_it(self):
        text = field(9, field(1, b"text") + field(2, field(1, b"x" * (LIMIT - 1024))))
        packed = gzip.compress(request([span(b"c" * 16, 1, 0, self.start_ns, text)]), 9)

        def send():
            status, body = self.post(packed, {"Content-Encoding": "gzip"})
            self.assertEqual((status, body), (200, b""))

        cut = self.metric("assay_otlp_cut_values_total")
        self.assert_bounded(self.peak_growth(send), LIMIT)
        self.assertGreater(self.metric("assay_otlp_cut_values_total"), cut)

    def test_a_trace_of_200000_spans_is_kept_and_shown_in_part(self):
        trace_id = b"\xab" * 16
        for begin in range(0, 200_000, 10_000):
            spans = [span(trace_id, number + 1, 0 if number == 0 else 1, self.start_ns)
                     for number in range(begin, begin + 10_000)]
            self.assertEqual(self.post(request(spans)), (200, b""))
        shown = self.assay("trace", "show", trace_id.hex(), "-o", "json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("10000 of 200000 spans are shown", shown.stderr)
        trace = json.loads(shown.stdout)
        self.assertEqual((trace["num_spans"], len(trace["spans"]), trace["is_partial"]),
                         (200_000, 10_000, True))
        self.assertEqual(self.metric("assay_cut_traces_total"), 1)
        connection = http.client.HTTPConnection(*self.address, timeout=120)
        connection.request(
            "POST", "/assay.v1.TraceService/GetTrace",
            json.dumps({"name": f"projects/default/traces/{trace_id.hex()}",
                        "maxSpans": 1_000_000}), {"Content-Type": "application/json"})
        self.assertEqual(len(json.loads(connection.getresponse().read())["spans"]), 50_000)
        connection.close()
        self.assertEqual(self.metric("assay_cut_traces_total"), 2)
        self.ok("trace", "ls")

    def test_a_sender_that_never_reads_is_no_longer_read(self):
        body = request([span(b"d" * 16, 1, 0, self.start_ns)])
        # Few answers of a commit, many that are long.
        message = (b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n"
                   b"Content-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n%b"
                   % (len(body), body)) + b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100

        def send_until_stuck():
            sent = 0
            for deaf in senders:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.connect(self.address)
                deaf.settimeout(3)
                try:
                    while sent < 256 * MIB:
                        sent += deaf.send(message)
                except TimeoutError:
                    continue
            # Others are served meanwhile.
            self.assertEqual(self.post(body), (200, b""))
            return sent

        senders = [socket.socket() for _ in range(4)]
        try:
            sent = []
            growth = self.peak_growth(lambda: sent.append(send_until_stuck()))
            self.assertLess(sent[0], 256 * MIB)  # it was stuck every time
            self.assert_bounded(growth, 0)
        finally:
            for deaf in senders:
                deaf.close()
        self.assertEqual(self.stop_server(self.server), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
