"""`assay report` and `assay open`: the way from the command line to something to look at."""

import html.parser
import json
import re
import unittest

from assay_case import AssayCase


class Outline(html.parser.HTMLParser):
    """Tags and attributes of a file, and its text."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


class ReportTest(AssayCase):
    def report(self, comparison):
        path = self.folder / "report.html"
        self.ok("report", comparison, "-o", path)
        self.assertLessEqual(path.stat().st_size, 2_000_000)
        outline = Outline()
        outline.feed(path.read_text(encoding="utf-8"))
        return outline

    def test_a_comparison_becomes_one_file_that_needs_nothing_else(self):
        self.push_digits()
        comparison = self.assay("diff", "mlp@1", "mlp@2", "--dataset", "digits", "--max-drop",
                                "accuracy=0.02", "-o", "json")
        name = json.loads(comparison.stdout)["name"].split("/")[-1]
        outline = self.report(name)
        self.assertIn("INCONCLUSIVE", outline.text)
        self.assertIn("7 of 7 rows, worst first by accuracy", outline.text)
        self.assertIn("digit=8", outline.text)
        self.assertIn("svg", outline.tags)
        self.assertTrue(outline.tags.isdisjoint({"script", "img", "link", "iframe", "object"}))
        self.assertFalse([value for key, value in outline.attributes if key in ("src", "href")])

    def test_hostile_texts_stay_texts_and_the_size_is_bounded(self):
        payload = "</td><script>alert(1)</script>" + "<b>x</b>" * 200
        rows = [{"key": f"{i} {payload}", "input": payload, "label": "a", "cohort.c": payload[:50]}
                for i in range(2000)]
        data = self.write("rows.jsonl", "\n".join(map(json.dumps, rows)))
        self.ok("dataset", "push", "hostile", data)
        for answer in ("a", "<script>alert(2)</script>"):
            outputs = [{"key": row["key"], "label": answer} for row in rows]
            self.ok("model", "push", "bot", "--external", "--config", f"note={answer}")
            self.ok("outputs", "push", "--model", "bot@latest", "--dataset", "hostile",
                    self.write("outputs.jsonl", "\n".join(map(json.dumps, outputs))))
        comparison = self.json("diff", "bot@1", "bot@2", "--dataset", "hostile")
        outline = self.report(comparison["name"].split("/")[-1])
        self.assertNotIn("script", outline.tags)
        self.assertIn("<script>alert(2)</script>", outline.text)
        self.assertRegex(outline.text, r"\d+ of 2,000 rows, worst first")

    def test_reports_end_with_the_address_of_their_page(self):
        server = self.start_server()
        self.push_digits()
        text = self.assay("diff", "mlp@1", "mlp@2", "--dataset", "digits").stdout
        url = re.search(r"Page +(\S+)", text).group(1)
        self.assertRegex(url, rf"^http://{server.http}/comparisons/\d+$")
        self.assertEqual(self.ok("open", url.rsplit("/", 1)[1], "--print"), url + "\n")
        run = self.json("eval", "--dataset", "digits", "--model", "mlp@1")["name"].split("/")[-1]
        self.assertEqual(self.ok("open", run, "--print"), f"http://{server.http}/runs/{run}\n")
        self.eventually(lambda: self.json("trace", "ls").get("traces"))
        trace = self.json("trace", "ls")["traces"][0]["name"].split("/")[-1]
        for arguments in ((), ("--details",), ("--by-name",)):
            self.assertEqual(self.ok("trace", "show", trace, *arguments).splitlines()[-1],
                             f"page  http://{server.http}/traces/{trace}")
        self.assertEqual(self.ok("open", trace, "--print"), f"http://{server.http}/traces/{trace}\n")
        self.assertEqual(self.ok("open", "digits", "--print"),
                         f"http://{server.http}/datasets/digits/versions/1\n")
        self.assertEqual(self.ok("open", "mlp@2", "--print"),
                         f"http://{server.http}/models/mlp/versions/2\n")
        self.assertIn("no such comparison or run", self.fails(3, "open", "99999", "--print"))
        self.assertIn("no such dataset or model", self.fails(3, "open", "nothing", "--print"))

    def test_without_a_server_a_trace_names_the_command_that_opens_its_page(self):
        self.push_digits()
        trace = self.json("trace", "ls")["traces"][0]["name"].split("/")[-1]
        self.assertEqual(self.ok("trace", "show", trace).splitlines()[-1],
                         f"page  assay open {trace}")


if __name__ == "__main__":
    unittest.main()
