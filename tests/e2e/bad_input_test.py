"""Every kind of bad input: a clear error with place and field, the documented exit code, nothing half-stored."""

import json
import sqlite3
import unittest

from assay_case import AssayCase

GOOD = '{"key":"a","label":"x","features":[1,2]}\n{"key":"b","label":"y","features":[3,4]}\n'


class BadDatasetTest(AssayCase):
    def refused(self, text, name="rows.jsonl"):
        """Pushes a bad file; returns the error after checking that nothing was stored."""
        path = self.write(name, text)
        error = self.fails(2, "dataset", "push", "bad", path)
        self.assertNotIn("\0", error)
        self.assertEqual(json.loads(self.ok("dataset", "ls", "-o", "json")).get("datasets", []), [])
        return error

    def test_a_duplicate_key_is_named_with_its_lines(self):
        error = self.refused(GOOD + '{"key":"a","label":"z","features":[5,6]}\n')
        self.assertRegex(error, r"rows\.jsonl:3\b")
        self.assertIn("'a'", error)

    def test_a_missing_key_is_named_with_its_line(self):
        error = self.refused(GOOD + '{"label":"z","features":[5,6]}\n')
        self.assertRegex(error, r"rows\.jsonl:3\b")
        self.assertIn("key", error)

    def test_a_ragged_vector_is_named_with_line_and_field(self):
        error = self.refused(GOOD + '{"key":"c","label":"z","features":[5]}\n')
        self.assertRegex(error, r"rows\.jsonl:3\b")
        self.assertIn("features", error)

    def test_infinite_features_are_refused(self):
        error = self.refused(GOOD + '{"key":"c","label":"z","features":[5,1e999]}\n')
        self.assertRegex(error, r"rows\.jsonl:3\b")

    def test_nan_in_csv_features_is_refused(self):
        error = self.refused("key,label,features\na,x,nan\n", "rows.csv")
        self.assertRegex(error, r"rows\.csv:2\b")

    def test_invalid_utf8_is_named_with_its_line(self):
        error = self.refused(GOOD.encode() + b'{"key":"c","label":"\xff","features":[1,2]}\n')
        self.assertRegex(error, r"rows\.jsonl:3\b")
        self.assertIn("UTF-8", error)

    def test_a_truncated_file_is_refused(self):
        error = self.refused(GOOD + '{"key":"c","label":"z","feat')
        self.assertRegex(error, r"rows\.jsonl:3\b")

    def test_an_open_quote_at_the_end_is_refused(self):
        error = self.refused('key,label\na,"x\n', "rows.csv")
        self.assertIn("quote", error)

    def test_an_empty_file_is_refused(self):
        self.assertIn("empty", self.refused(""))

    def test_an_unknown_column_type_is_refused(self):
        error = self.refused('{"key":"a","cohort.x":[1]}\n')
        self.assertRegex(error, r"rows\.jsonl:1\b")
        self.assertIn("cohort.x", error)

    def test_a_qrels_line_with_five_columns_is_refused(self):
        path = self.write("q.qrels", "1 0 d1 1\n1 0 d2 1 extra\n")
        error = self.fails(2, "dataset", "push", "bad", "--qrels", path)
        self.assertRegex(error, r"q\.qrels:2\b")

    def test_a_missing_file_is_a_usage_error(self):
        self.assertIn("nowhere.jsonl", self.fails(2, "dataset", "push", "bad", "nowhere.jsonl"))

    def test_nothing_of_a_refused_file_stays_in_the_store(self):
        self.refused(GOOD + '{"key":"a","label":"z","features":[5,6]}\n')
        self.ok("doctor")
        with sqlite3.connect(self.store / "assay.db") as database:
            self.assertEqual(database.execute("SELECT count(*) FROM uploads").fetchone()[0], 0)


class BadOutputsTest(AssayCase):
    def setUp(self):
        super().setUp()
        self.ok("dataset", "push", "set", self.write("rows.jsonl", GOOD))
        self.ok("model", "push", "m", "--external")

    def refused(self, text, name="out.jsonl"):
        error = self.fails(2, "outputs", "push", "--model", "m", "--dataset", "set",
                           self.write(name, text))
        self.assertEqual(json.loads(self.ok("outputs", "ls", "-o", "json")).get("output_sets", []), [])
        return error

    def test_a_key_that_the_dataset_lacks_is_named(self):
        error = self.refused('{"key":"a","label":"x"}\n{"key":"nope","label":"x"}\n')
        self.assertIn("'nope'", error)
        self.assertRegex(error, r"out\.jsonl:2\b")

    def test_a_duplicate_document_in_a_ranking_is_named(self):
        error = self.refused("a Q0 d1 1 0.5 t\na Q0 d1 2 0.4 t\n", "out.run")
        self.assertRegex(error, r"out\.run:2\b")
        self.assertIn("d1", error)

    def test_a_score_that_is_no_number_is_named(self):
        error = self.refused("a Q0 d1 1 abc t\n", "out.run")
        self.assertRegex(error, r"out\.run:1\b")
        self.assertIn("abc", error)

    def test_an_unknown_dataset_version_is_could_not_evaluate(self):
        out = self.write("out.jsonl", '{"key":"a","label":"x"}\n')
        error = self.fails(3, "outputs", "push", "--model", "m", "--dataset", "set@9", out)
        self.assertIn("set", error)
        self.assertIn("9", error)


class ServerTroubleTest(AssayCase):
    def test_no_server_is_exit_3_with_a_hint(self):
        self.endpoint = "127.0.0.1:9"
        error = self.fails(3, "dataset", "ls")
        self.assertIn("127.0.0.1:9", error)
        self.assertIn("--local", error)

    def test_a_second_server_on_one_directory_refuses_and_names_the_first(self):
        first = self.start_server()
        second = self.start_server(wait=False)
        self.assertEqual(second.wait(timeout=20), 3)
        error = second.stderr.read()
        self.assertIn(str(first.pid), error)
        self.ok("dataset", "ls")

    def test_a_newer_database_is_refused_and_left_alone(self):
        self.stop_server(self.start_server())
        path = self.store / "assay.db"
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 9999")
        database.close()
        server = self.start_server(wait=False)
        self.assertEqual(server.wait(timeout=20), 3)
        self.assertIn("newer", server.stderr.read())
        with sqlite3.connect(path) as database:
            self.assertEqual(database.execute("PRAGMA user_version").fetchone()[0], 9999)
        database.close()

    def test_another_address_without_tls_and_tokens_is_refused(self):
        server = self.start_server(listen="0.0.0.0:0", wait=False)
        self.assertEqual(server.wait(timeout=20), 2)
        error = server.stderr.read()
        for flag in ("--tls-cert", "--tls-key", "--token-file"):
            self.assertIn(flag, error)

    def test_a_damaged_chunk_is_named_and_the_rest_stays_readable(self):
        rows = "".join(f'{{"key":"k{i}","input":"text {i}","label":"x"}}\n' for i in range(5000))
        self.ok("dataset", "push", "set", self.write("rows.jsonl", rows))
        with sqlite3.connect(self.store / "assay.db") as database:
            column = database.execute(
                "SELECT column_no FROM columns WHERE name = 'input'").fetchone()[0]
            chunk = database.execute(
                "SELECT chunk_id FROM column_chunks WHERE column_no = ? AND chunk_no = 1",
                (column,)).fetchone()[0]
            data = bytearray(database.execute(
                "SELECT data FROM chunk_segments WHERE id = ?", (chunk,)).fetchone()[0])
            data[len(data) // 2] ^= 1
            database.execute("UPDATE chunk_segments SET data = ? WHERE id = ?",
                             (bytes(data), chunk))
        database.close()
        error = self.fails(3, "dataset", "export", "set")
        for word in ("set", "input", "chunk 1"):
            self.assertIn(word, error)
        exported = self.ok("dataset", "export", "set", "--column", "key", "--column", "label")
        self.assertEqual(len(exported.splitlines()), 5000)
        self.assertIn("chunk 1", self.assay("doctor").stdout)


if __name__ == "__main__":
    unittest.main()
