"""The shared example that other libraries are compared on: our column of its table."""

import csv
import unittest

from assay_case import DATA, AssayCase

PEERS = DATA / "peers"


class PeersTest(AssayCase):
    def rows(self, is_ranking):
        with open(PEERS / "peers.csv", encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file)
                    if row["query"] and is_ranking == (row["measure"] != "macro_f1")]

    def test_ranking_measures_have_the_values_of_the_table(self):
        rows = self.rows(is_ranking=True)
        self.assertEqual(len(rows), 9)
        printed = self.ok("score", "--qrels", PEERS / "qrels.txt", "--run", PEERS / "run.txt", "-q",
                          "-m", ",".join(sorted({row["measure"] for row in rows})))
        values = {}
        for line in printed.splitlines():
            measure, query, value = line.split()
            values[measure, query] = value
        for row in rows:
            self.assertEqual(values[row["measure"], row["query"]], row["assay"], row)

    def test_the_definitions_of_others_have_names_of_their_own(self):
        """Where the table says that ours goes by another name, that measure has the other value."""
        num_found = 0
        for row in self.rows(is_ranking=True):
            if "ours is " in row["why"]:
                name = row["why"].rsplit("ours is ", 1)[1]
                printed = self.ok("score", "--qrels", PEERS / "qrels.txt", "--run",
                                  PEERS / "run.txt", "-q", "-m", name)
                self.assertIn(f"\tq1\t{row['value']}\n", printed, name)
                num_found += 1
        self.assertEqual(num_found, 2)

    def test_a_stray_label_is_no_class(self):
        (row,) = self.rows(is_ranking=False)
        report = self.json("score", "--labels", PEERS / "labels.csv", "--predictions",
                           PEERS / "predictions.csv")
        (value,) = (summary["value"] for metric, summary in zip(report["metrics"], report["summaries"])
                    if metric["id"] == "macro_f1")
        self.assertEqual(f"{value:.4f}", row["assay"])


if __name__ == "__main__":
    unittest.main()
