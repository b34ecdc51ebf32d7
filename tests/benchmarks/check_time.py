#!/usr/bin/env python3
"""Times `assay check` on the digits classifier, end to end through the command line.

Usage: check_time.py BIN_DIR [REPEATS]. Starts a server on loopback in a fresh directory; 597 rows, two
runs, one comparison and the layer report each time. The first time also makes the outputs.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
# A new swap each time, so that nothing is reused but the baseline.
SWAPS = ["silu", "gelu", "gelu_tanh", "quick_gelu", "mish", "elu", "softplus", "tanh", "sigmoid"]


def main():
    bin_dir = pathlib.Path(sys.argv[1])
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else len(SWAPS)
    with tempfile.TemporaryDirectory(prefix="assay-check-") as folder:
        server = subprocess.Popen(
            [bin_dir / "assay-server", "--data-dir", folder, "--listen", "127.0.0.1:0",
             "--http-listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            endpoint = re.match(r"ready grpc=(\S+)", server.stdout.readline()).group(1)
            environment = {**os.environ, "ASSAY_ENDPOINT": endpoint}

            def assay(*arguments):
                start = time.monotonic()
                subprocess.run([bin_dir / "assay", *map(str, arguments)], env=environment,
                               check=True, stdout=subprocess.DEVNULL)
                return time.monotonic() - start

            models = DATA / "reference_models"
            assay("dataset", "push", "digits", DATA / "digits" / "examples.jsonl")
            assay("model", "push", "mlp", "--architecture", models / "mlp_relu.arch.json",
                  "--weights", models / "mlp_relu.safetensors")
            seconds = [assay("check", "mlp@1", "--dataset", "digits@1", "--activation",
                             f"relu={swap}") for swap in SWAPS[:repeats]]
        finally:
            server.terminate()
            server.wait()
    print(f"first {seconds[0]:.3f} s, median of {len(seconds)} {statistics.median(seconds):.3f} s, "
          f"best {min(seconds):.3f} s")


if __name__ == "__main__":
    main()
