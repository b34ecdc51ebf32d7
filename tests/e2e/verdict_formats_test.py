"""One verdict in every format: well formed whatever the data hold, and with one exit code."""

import csv
import io
import json
import pathlib
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from assay_case import DATA, AssayCase

FORMATS = ("text", "json", "csv", "md", "junit", "sarif")
HOSTILE = '=HYPERLINK("http://x")]]> <script>&amp;|`@all`\n\x01\x1b[2J \ufffe \\| -->'


def check_junit(path):
    """Raises CalledProcessError unless the file is valid by the schema."""
    subprocess.run(["/usr/bin/xmllint", "--nonet", "--noout", "--schema",
                    DATA / "schemas" / "junit.xsd", path], check=True, capture_output=True)


def check_sarif(path):
    subprocess.run(["/usr/bin/jsonschema", "-i", path, DATA / "schemas" / "sarif.schema.json"],
                   check=True, capture_output=True)


class GoldenFilesTest(unittest.TestCase):
    """The golden files of the renderers' unit test against the schemas."""

    def test_every_golden_report_is_valid(self):
        folder = DATA / "verdicts"
        names = [path.name.removesuffix(".junit.xml") for path in folder.glob("*.junit.xml")]
        self.assertEqual(sorted(names), ["hostile", "mixed", "refused"])
        for name in names:
            check_junit(folder / f"{name}.junit.xml")
            check_sarif(folder / f"{name}.sarif")

    def test_the_schemas_refuse_what_is_wrong(self):
        folder = DATA / "verdicts"
        junit = (folder / "mixed.junit.xml").read_text(encoding="utf-8")
        sarif = json.loads((folder / "mixed.sarif").read_text(encoding="utf-8"))
        sarif["runs"][0]["results"][0]["level"] = "fatal"
        for check, name, text in ((check_junit, "a.xml", junit.replace("<failure ", "<fault ")),
                                  (check_sarif, "a.sarif", json.dumps(sarif))):
            with tempfile.TemporaryDirectory() as place:
                path = pathlib.Path(place) / name
                path.write_text(text, encoding="utf-8")
                with self.assertRaises(subprocess.CalledProcessError):
                    check(path)


class VerdictFormatsTest(AssayCase):
    ROWS = 400

    def setUp(self):
        super().setUp()
        self.server = self.start_server()
        self.keys = [HOSTILE if row == 3 else f"k{row:05d}" for row in range(self.ROWS)]
        lines = [json.dumps({"key": key, "label": "yes", "input": HOSTILE,
                             "cohort.part": f"p{row % 2}"}) for row, key in enumerate(self.keys)]
        self.ok("dataset", "push", "rows", self.write("rows.jsonl", "\n".join(lines) + "\n"))
        self.push("old", set())
        self.push("new", set(range(3, self.ROWS, 8)))

    def push(self, model, wrong):
        self.ok("model", "push", model, "--external")
        lines = [json.dumps({"key": key, "label": HOSTILE if row in wrong else "yes",
                             "trace_id": f"{row + 1:032x}"}) for row, key in enumerate(self.keys)]
        self.ok("outputs", "push", "--model", model, "--dataset", "rows",
                self.write(f"{model}.jsonl", "\n".join(lines) + "\n"))

    def gate(self, candidate, limit, *flags):
        policy = self.write("gate.toml", f"""version = 1

[[gate]]
metric = "accuracy"
max_drop = {limit}

[[gate]]
metric = "accuracy"
cohort = "part=p1"
max_drop = {limit}
""")
        return self.assay("gate", "old", candidate, "--policy", policy.name, *flags)

    def test_formats_never_change_the_exit_code(self):
        for limit, code in ((0.01, 1), (0.5, 0), (0.25, 4)):
            for name in FORMATS:
                result = self.gate("new", limit, "-o", name)
                self.assertEqual(result.returncode, code, f"{limit} {name}: {result.stdout}")

    def test_a_row_that_got_worse_leads_to_its_traces(self):
        result = self.gate("new", 0.01)
        page = f"http://{self.server.http}/traces/{4:032x}"
        self.assertRegex(result.stdout, rf"TRACES  of rows that got worse by accuracy\n(?s:.*){page}")
        number = re.search(r"assay rows (\d+)", result.stdout).group(1)
        self.assertIn(page, self.ok("rows", number, "--show", "broken"))
        rows = self.ok("rows", number, "--show", "broken", "-o", "csv")
        self.assertIn("baseline_trace_url,candidate_trace_url", rows)
        self.assertIn(f",{page},{page}", rows)
        self.ok("report", number, "-o", "out.html")
        html = (self.folder / "out.html").read_text(encoding="utf-8")
        self.assertIn(f"before: {page}, after: {page}", html)

    def test_one_comparison_writes_every_report(self):
        reports = [word for name in FORMATS for word in ("--report", f"{name}=out.{name}")]
        result = self.gate("new", 0.01, *reports)
        self.assertEqual(result.returncode, 1, result.stderr)
        written = {name: (self.folder / f"out.{name}").read_text(encoding="utf-8")
                   for name in FORMATS}
        self.assertEqual(written["text"], result.stdout)
        self.assertEqual(json.loads(written["json"])["verdict"], "VERDICT_REGRESSED")
        check_junit(self.folder / "out.junit")
        check_sarif(self.folder / "out.sarif")
        cells = list(csv.DictReader(io.StringIO(written["csv"])))
        self.assertEqual([cell["verdict"] for cell in cells if cell["record"] == "gate"],
                         ["regressed", "regressed"])
        self.assertLess(len(written["md"].encode()), 60_000)

    def test_junit_has_a_case_for_every_gate_and_links_for_rows(self):
        suite = ElementTree.fromstring(self.gate("new", 0.01, "-o", "junit").stdout)[0]
        cases = {case.get("name"): case for case in suite.findall("testcase")}
        case = cases["accuracy, part=p1: max_drop 0.01"]
        self.assertEqual(case.find("failure").get("type"), "regressed")
        self.assertIn("50 rows got worse by accuracy; the worst 10 of them",
                      case.find("failure").text)
        found = {item.get("name"): item.get("value") for item in case.iter("property")}
        site = f"http://{self.server.http}"
        self.assertEqual(found["rows_worse"], "50")
        self.assertRegex(found["row.1.page"], f"^{site}/comparisons/[0-9]+/rows/3$")
        self.assertEqual(found["row.1.candidate_trace"], f"{site}/traces/{4:032x}")
        self.assertIn("]]> <script>&amp;|`@all`", found["row.1.key"])
        page = suite.find("properties/property[@name='page']").get("value")
        self.assertTrue(page.startswith(f"{site}/comparisons/"), page)

    def test_sarif_points_at_the_line_of_the_gate(self):
        run = json.loads(self.gate("new", 0.01, "-o", "sarif").stdout)["runs"][0]
        places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
        self.assertEqual([(place["artifactLocation"]["uri"], place["region"]["startLine"])
                          for place in places], [("gate.toml", 3), ("gate.toml", 7)])
        self.assertEqual(run["invocations"][0]["exitCode"], 1)
        without = self.assay("diff", "old", "new", "--max-drop", "accuracy=0.01", "-o", "sarif")
        result = json.loads(without.stdout)["runs"][0]["results"][0]
        self.assertEqual(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "new@1")

    def test_a_stored_comparison_is_written_again(self):
        first = self.gate("new", 0.01, "-o", "json")
        number = json.loads(first.stdout)["name"].rsplit("/", 1)[1]
        again = self.assay("comparison", "show", number, "-o", "junit", "--report", "md=again.md")
        self.assertEqual(again.returncode, 1)
        self.assertIn("<failure ", again.stdout)
        self.assertIn("REGRESSED", (self.folder / "again.md").read_text(encoding="utf-8"))

    def test_wrong_formats_are_usage_errors(self):
        self.assertIn("FORMAT=FILE", self.fails(2, "diff", "old", "new", "--report", "junit"))
        self.assertIn("not 'xml'", self.fails(2, "diff", "old", "new", "--report", "xml=a.xml"))
        self.assertIn("cannot write", self.fails(2, "diff", "old", "new", "--report", "md=no/a.md"))
        self.assertIn("not 'yaml'", self.fails(2, "diff", "old", "new", "-o", "yaml"))
        for command, formats in ((("run", "ls"), "text, json, csv or md"), (("version",), "text or json"),
                                 (("run", "cancel", "1"), "text or json"),
                                 (("trace", "compare", "1", "2"), "text, csv or md"),
                                 (("dataset", "export", "rows"), "text")):
            self.assertIn(f"output is {formats}, not 'junit'", self.fails(2, *command, "-o", "junit"))


if __name__ == "__main__":
    unittest.main()
