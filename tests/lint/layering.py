#!/usr/bin/env python3
"""Checks who includes whom, and that a source includes its own header first, which proves that the header
compiles alone. Extending the tables below is a reviewed decision (CONTRIBUTING.md).

Usage: layering.py [ROOT]. Prints `file:line: what` for each finding and exits 1 when there is one.
"""

import pathlib
import re
import sys

# Folder -> folders whose headers it may include, besides its own.
ALLOWED = {
    "evaluators": set(),
    "schemas/otlp": set(),
    "server/base": set(),
    "server/store": {"server/base", "evaluators"},
    "server/trace": {"server/base", "server/store", "evaluators"},
    "server/ingest": {"server/base", "server/store", "server/trace", "evaluators"},
    "server/run": {"server/base", "server/store", "server/trace", "server/ingest", "evaluators"},
    "server/api": {"server/base", "server/store", "server/trace", "server/ingest", "server/run",
                   "evaluators", "assay/v1", "schemas/otlp"},
    "server/http": {"server/base", "server/store", "server/trace", "server/ingest", "server/run",
                    "server/api", "evaluators", "assay/v1"},
    "server": {"server/base", "server/store", "server/trace", "server/ingest", "server/run",
               "server/api", "server/http", "evaluators", "schemas/otlp"},
    "client/formats": {"evaluators"},
    "client/cpp": {"evaluators", "assay/v1", "schemas/otlp"},
    "client/cli": {"evaluators", "client/formats", "client/cpp", "assay/v1", "schemas/otlp"},
}

# Outside headers that only some folders may see: pattern -> folders.
RESTRICTED = [
    (re.compile(r"^(grpc|grpcpp|google/protobuf)/"),
     {"server/api", "server/http", "client/cpp", "client/cli", "schemas/otlp"}),
    (re.compile(r"^sqlite3\.h$"), {"server/store/sqlite"}),
    (re.compile(r"^boost/"), {"server/http"}),
    (re.compile(r"^simdjson\.h$"), {"evaluators/metrics", "evaluators/model", "client/formats",
                                    "client/cli"}),
    (re.compile(r"^(re2|unicode)/"), {"evaluators/metrics"}),
    (re.compile(r"^CLI/"), {"server", "client/cli"}),
    (re.compile(r"^spdlog/"), {"server/base"}),
    (re.compile(r"^(thread|mutex|condition_variable|future|chrono|fstream|filesystem|unistd\.h|fcntl\.h|sys/.*)$"),
     {"server", "server/base", "server/store", "server/trace", "server/ingest", "server/run",
      "server/api", "server/http", "client/formats", "client/cpp", "client/cli",
      "schemas/otlp"}),
]
EIGEN = re.compile(r"^Eigen/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SQL = re.compile(r'"[^"]*\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|PRAGMA)\b\s+[a-z_*]')
VAGUE = re.compile(r"(^|_)(utils?|common|helpers?|misc|manager)\.(h|cc|py|ts|tsx)$")


def folder_of(path):
    """The longest folder of ALLOWED that holds `path`."""
    parts = path.parts[:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in ALLOWED:
            return name
    return None


def target_of(include):
    parts = include.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in ALLOWED or name == "assay/v1":
            return name
    return None


def check_file(root, path):
    relative = path.relative_to(root)
    findings = []
    if VAGUE.search(relative.name):
        findings.append((1, "the name says nothing about the contents"))
    folder = folder_of(relative)
    if folder is None:
        return findings
    inside = "/".join(relative.parts[:-1])
    own_header = path.with_suffix(".h")
    is_first = path.suffix == ".cc" and own_header.exists()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            include = match.group(2)
            if is_first and include != str(own_header.relative_to(root)):
                findings.append((number, "the first include is not the file's own header"))
            is_first = False
            target = target_of(include)
            if target is not None and target != folder and target not in ALLOWED[folder]:
                findings.append((number, f"{folder} may not include {target}"))
            for pattern, folders in RESTRICTED:
                if pattern.match(include) and folder not in folders and inside not in folders:
                    findings.append((number, f"{folder} may not include {include}"))
            if EIGEN.match(include) and (folder != "evaluators" or relative.suffix != ".cc"):
                findings.append((number, "Eigen stays in .cc files of evaluators"))
        elif SQL.search(line) and not inside.startswith("server/store/"):
            findings.append((number, "SQL stays in server/store/<engine>"))
    return findings


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    failed = False
    for top in ("evaluators", "schemas", "server", "client"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".h", ".cc") and "node_modules" not in path.parts:
                for line, text in check_file(root, path):
                    print(f"{path.relative_to(root)}:{line}: {text}")
                    failed = True
    known = {"server", "client", "evaluators", "schemas", "migrations", "deploy", "tests", "build"}
    for path in root.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in known:
            print(f"{path.name}/: no such top-level folder in the design")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
