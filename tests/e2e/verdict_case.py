"""What the tests of verdicts share."""

import json

from assay_case import AssayCase


class VerdictCase(AssayCase):
    """Systems that answer generated rows, right or wrong as asked."""

    def setUp(self):
        super().setUp()
        self.start_server()

    def push_rows(self, name, rows, text="row {}"):
        """`rows` examples; two cohort columns of 3 and 2 values."""
        lines = [json.dumps({"key": f"k{row:05d}", "input": text.format(row), "label": "yes",
                             "cohort.part": f"p{row % 3}", "cohort.size": f"s{row % 2}"})
                 for row in range(rows)]
        self.ok("dataset", "push", name, self.write(f"{name}.jsonl", "\n".join(lines) + "\n"))

    def push_system(self, model, dataset, rows, wrong, *flags, latency=None, machine=None,
                    errors=(), missing=()):
        """A new version of `model` that answers the rows of `wrong` wrongly."""
        self.ok("model", "push", model, "--external", *flags)
        lines = []
        for row in range(rows):
            if row in missing:
                continue
            line = {"key": f"k{row:05d}", "label": "no" if row in wrong else "yes"}
            if latency is not None:
                line["latency_us"] = latency(row)
            if errors:
                line["error"] = "broke" if row in errors else None
            lines.append(json.dumps(line))
        path = self.write(f"{model}.jsonl", "\n".join(lines) + "\n")
        extra = [] if machine is None else ["--machine", machine]
        self.ok("outputs", "push", "--model", model, "--dataset", dataset, path, *extra)

    def policy(self, text):
        return self.write("gate.toml", "version = 1\n" + text)

    def compared(self, code, *arguments):
        """The comparison as JSON of a command that must exit with `code`."""
        result = self.assay(*arguments, "-o", "json")
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}\n{result.stderr}")
        return json.loads(result.stdout)
