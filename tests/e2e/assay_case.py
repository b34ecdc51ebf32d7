"""Runs the real `assay` and `assay-server` in a fresh directory, as a user would in a shell."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["ASSAY_BIN"])
DATA = pathlib.Path(os.environ["ASSAY_TEST_DATA"])


class AssayCase(unittest.TestCase):
    """One fresh directory a test; commands run without a daemon unless `start_server` is called."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="assay-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "store"
        self.endpoint = "local"
        self.servers = []

    def write(self, name, text):
        path = self.folder / name
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text, encoding="utf-8", newline="")
        return path

    def assay(self, *arguments, stdin=None, env=None, timeout=120):
        """Runs one command; the result has returncode, stdout and stderr."""
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("ASSAY_")
        }
        environment.update(
            ASSAY_ENDPOINT=self.endpoint, ASSAY_DATA_DIR=str(self.store), NO_COLOR="1"
        )
        environment.update(env or {})
        return subprocess.run(
            [BIN / "assay", *map(str, arguments)],
            cwd=self.folder, env=environment, input=stdin, capture_output=True, text=True,
            timeout=timeout, check=False,
        )

    def ok(self, *arguments, **options):
        """Runs a command that must exit 0 and returns what it printed."""
        result = self.assay(*arguments, **options)
        self.assertEqual(result.returncode, 0, f"{arguments}: {result.stdout}\n{result.stderr}")
        return result.stdout

    def fails(self, code, *arguments, **options):
        """Runs a command that must exit with `code` and returns its standard error."""
        result = self.assay(*arguments, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}\n{result.stderr}")
        self.assertTrue(result.stderr.strip(), f"{arguments}: exit {code} without a word")
        return result.stderr

    def json(self, *arguments, **options):
        """Runs a command with `-o json` that must exit 0 and returns the parsed answer."""
        return json.loads(self.ok(*arguments, "-o", "json", **options))

    def start_server(self, *arguments, listen="127.0.0.1:0", wait=True):
        """Starts a daemon, by default on a port of the kernel's choice; later commands use it."""
        process = subprocess.Popen(
            [BIN / "assay-server", "--data-dir", self.store, "--listen", listen,
             "--http-listen", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(self.stop_server, process)
        if wait:
            line = process.stdout.readline()
            match = re.fullmatch(r"ready grpc=(\S+) http=(\S+)\n", line)
            if match is None:
                process.kill()
                self.fail(f"no ready line: {line!r} {process.stderr.read()}")
            self.endpoint, process.http = match.groups()
        return process

    def stop_server(self, process, signal_number=signal.SIGTERM):
        """Ends a server and returns its exit code."""
        if process.poll() is None:
            process.send_signal(signal_number)
        code = process.wait(timeout=60)
        for stream in (process.stdout, process.stderr):
            if not stream.closed:
                stream.read()
                stream.close()
        return code

    def eventually(self, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.05)
        self.fail("did not happen in time")

    def push_digits(self):
        """Loads the digits example: one dataset, two classifiers."""
        digits = DATA / "digits"
        self.ok("dataset", "push", "digits", digits / "examples.jsonl")
        for name in ("relu", "silu"):
            self.ok("model", "push", "mlp", "--external", "--activation", name)
            self.ok("outputs", "push", "--model", "mlp@latest", "--dataset", "digits",
                    digits / f"mlp_{name}.jsonl")
