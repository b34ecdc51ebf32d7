#!/usr/bin/env python3
"""Plants one forbidden line of each kind in a copy of a small tree and expects layering.py to find it."""

import pathlib
import subprocess
import sys
import tempfile

LAYERING = pathlib.Path(__file__).with_name("layering.py")

PLANTED = {
    "evaluators/a.cc": '#include "server/base/clock.h"',
    "evaluators/b.cc": "#include <thread>",
    "evaluators/c.h": "#include <Eigen/Core>",
    "server/base/a.cc": '#include "server/store/store.h"',
    "server/store/a.cc": "#include <grpcpp/grpcpp.h>",
    "server/store/b.cc": "#include <sqlite3.h>",
    "server/run/a.cc": '#include "server/api/convert.h"',
    "server/run/b.cc": 'auto sql = "SELECT id FROM runs";',
    "client/cli/a.cc": '#include "server/run/scheduler.h"',
    "schemas/otlp/a.cc": '#include "server/base/log.h"',
    "client/cli/string_utils.h": "#pragma once",
    "extras/readme.md": "",
}


def findings(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for top in ("evaluators", "server", "client"):
            (root / top).mkdir()
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        result = subprocess.run([sys.executable, LAYERING, folder], capture_output=True, text=True,
                                check=False)
        return result.returncode, result.stdout


def main():
    code, output = findings({"server/run/ok.cc": '#include "server/store/store.h"'})
    assert code == 0 and not output, output
    for name, text in PLANTED.items():
        code, output = findings({name: text})
        assert code == 1 and name.split("/")[0] in output, f"{name}: not found: {output!r}"
    code, output = findings({"server/run/a.h": "#pragma once",
                             "server/run/a.cc": '#include <string>\n#include "server/run/a.h"'})
    assert code == 1 and "server/run/a.cc:1: the first include" in output, output
    print(f"{len(PLANTED) + 1} planted lines found")


if __name__ == "__main__":
    main()
