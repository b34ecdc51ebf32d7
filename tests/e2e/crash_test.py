"""kill -9 in mid-ingest and mid-run, at random points: nothing acknowledged is lost, digests are those of an
uninterrupted run. ASSAY_CRASHES sets how often (default 10 each); ASSAY_SEED repeats a sequence."""

import json
import os
import random
import signal
import socket
import subprocess
import time
import unittest

from assay_case import BIN, AssayCase

CRASHES = int(os.environ.get("ASSAY_CRASHES", "10"))
ROWS = 400_000


class CrashTest(AssayCase):
    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("ASSAY_SEED", str(time.time_ns() % 1_000_000)))
        self.random = random.Random(seed)
        print(f"{self.id()}: ASSAY_SEED={seed}", flush=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        examples = []
        outputs = []
        draw = random.Random(3)
        for row in range(ROWS):
            label = draw.randrange(5)
            examples.append(f'{{"key":"k{row}","label":"l{label}","cohort.c":"c{row % 7}"}}\n')
            outputs.append(f'{{"key":"k{row}","label":"l{label if row % 9 else 0}"}}\n')
        self.examples = self.write("examples.jsonl", "".join(examples))
        self.outputs = self.write("outputs.jsonl", "".join(outputs))

    def restart(self):
        return self.start_server(listen=f"127.0.0.1:{self.port}")

    def kill_at_random(self, server, longest_s):
        """Lets some time pass, then ends the server the hard way and starts another."""
        time.sleep(self.random.uniform(0, longest_s))
        server.send_signal(signal.SIGKILL)
        server.wait()
        return self.restart()

    def start(self, *arguments):
        environment = dict(os.environ, ASSAY_ENDPOINT=self.endpoint)
        return subprocess.Popen([BIN / "assay", *map(str, arguments)], cwd=self.folder,
                                env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def finish(self, process):
        output, error = process.communicate(timeout=120)
        # A kill before the first answer: a slow build takes longer to restart than a command waits
        # for a server that it never met.
        if process.returncode == 3 and "is the server running?" in error:
            return self.ok(*process.args[1:])
        self.assertEqual(process.returncode, 0, f"{output}\n{error}")
        return output

    def test_an_ingest_survives_kills_with_every_acknowledged_row(self):
        server = self.restart()
        start = time.monotonic()
        self.ok("dataset", "push", "whole", self.examples)
        usual_s = time.monotonic() - start
        digest = self.json("dataset", "show", "whole")["digest"]
        for crash in range(CRASHES):
            name = f"crashed-{crash}"
            push = self.start("dataset", "push", name, self.examples)
            server = self.kill_at_random(server, usual_s)
            self.finish(push)
            version = self.json("dataset", "show", name)
            self.assertEqual(version["num_rows"], str(ROWS))
            self.assertEqual(version["digest"], digest)
        self.ok("doctor")

    def test_a_run_survives_kills_with_the_same_result_digest(self):
        server = self.restart()
        self.ok("dataset", "push", "whole", self.examples)
        self.ok("model", "push", "m", "--external")
        self.ok("outputs", "push", "--model", "m", "--dataset", "whole", self.outputs)
        evaluate = ("eval", "--dataset", "whole", "--model", "m", "-o", "json")
        start = time.monotonic()
        digest = json.loads(self.ok(*evaluate))["result_digest"]
        usual_s = time.monotonic() - start
        self.assertRegex(digest, "^sha256:[0-9a-f]{64}$")
        for _ in range(CRASHES):
            run = self.start(*evaluate)
            server = self.kill_at_random(server, usual_s)
            self.assertEqual(json.loads(self.finish(run))["result_digest"], digest)
        self.ok("doctor")
        runs = self.json("run", "ls")["runs"]
        self.assertTrue(all(run["state"] == "SUCCEEDED" for run in runs), runs)


if __name__ == "__main__":
    unittest.main()
