"""`assay score` on rankings: trec_eval's lines byte for byte, and every corner case of TREC files."""

import gzip
import json
import re
import unittest

from assay_case import DATA, AssayCase

TREC = DATA / "trec_eval"
ROBUST = DATA / "robust03"

# Measures of trec_eval's `all_trec` that are not ours; their lines are left out of a comparison.
NOT_OURS = re.compile(
    r"(relstring.*|infAP|gm_bpref|Rprec_mult_.*|utility.*|11pt_avg.*|binG|G|ndcg_rel|Rndcg|relative_P_.*"
    r"|set_(P|relative_P|recall|map|F)|num_nonrel_judged_ret|rbp|rbp_resid|unj_.*|ndcg_1=.*) ")


def expected_lines(path, left_out=()):
    """What trec_eval printed, without the lines of measures that are not ours."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in lines if not NOT_OURS.match(line) and not line.startswith(tuple(left_out))]


class TrecEvalLinesTest(AssayCase):
    maxDiff = None

    def check(self, expected, *arguments):
        self.assertEqual(self.ok("score", *arguments, "--quiet").splitlines(keepends=True), expected)

    def test_the_official_measures_are_the_whole_default_report(self):
        self.check(expected_lines(TREC / "out.test"),
                   "--qrels", TREC / "qrels.test", "--run", TREC / "results.test")
        self.assertEqual(len(expected_lines(TREC / "out.test")), 30)

    def test_all_measures_of_every_query_with_tied_scores(self):
        self.check(expected_lines(TREC / "out.test.aq"), "-m", "all_trec", "-q",
                   "--qrels", TREC / "qrels.test", "--run", TREC / "results.test")

    def test_a_missing_query_counts_0_and_further_columns_are_passed_over(self):
        self.check(expected_lines(TREC / "out.test.aqc"), "-m", "all_trec", "-q", "-c",
                   "--qrels", TREC / "qrels.test", "--run", TREC / "results.trunc")

    def test_at_most_100_documents_a_query(self):
        self.check(expected_lines(TREC / "out.test.aqcM"), "-m", "all_trec", "-q", "-c", "-M100",
                   "--qrels", TREC / "qrels.test", "--run", TREC / "results.trunc")

    def test_grades_from_2_on_are_relevant(self):
        # trec_eval sums num_rel over grades from 1 on whatever -l says; every other line is right.
        wrong = ("num_rel               \tall",)
        expected = expected_lines(TREC / "out.test.aql", wrong)
        printed = self.ok("score", "-m", "all_trec", "-q", "-l2", "--quiet",
                          "--qrels", TREC / "qrels.rel_level", "--run", TREC / "results.test")
        self.assertEqual([line for line in printed.splitlines(keepends=True)
                          if not line.startswith(wrong)], expected)
        self.assertIn("num_rel               \tall\t97\n", printed)

    def test_parameters_of_measures(self):
        # trec_eval reads the cut-off `23.4` as 23; here that is an error, so 23 is given.
        self.check(expected_lines(TREC / "out.test.meas_params"), "-q",
                   "-miprec_at_recall..10,.20,.25,.75,.50", "-m", "P.5,7,3", "-m", "recall.20,2000",
                   "-mndcg_cut.10,20,23", "-msuccess.2,5,20",
                   "--qrels", TREC / "qrels.test", "--run", TREC / "results.test")

    def check_robust(self, run, level):
        # As above: trec_eval's sum of num_rel ignores -l.
        wrong = ("num_rel               \tall",) if level > 1 else ()
        expected = expected_lines(ROBUST / f"expected.{run}.l{level}.txt", wrong)
        printed = self.ok(
            "score", "-q", "-c", "-l", level, "--quiet",
            "-m", "num_ret,num_rel,num_rel_ret,map,map_cut.10,100,recip_rank,Rprec,bpref",
            "-m", "P.1,5,10,100,recall.5,10,100,success.1,5,10,ndcg,ndcg_cut.5,10,100",
            "--qrels", ROBUST / "qrels.txt", "--run", ROBUST / f"{run}.run")
        self.assertEqual([line for line in printed.splitlines(keepends=True)
                          if not (wrong and line.startswith(wrong))], expected)
        self.assertEqual(len(expected), 23 * 21 - len(wrong))
        self.assertIn(f"num_rel               \tall\t{615 if level == 1 else 153}\n", printed)

    def test_every_line_of_two_real_runs_at_both_grades(self):
        for run in ("oce03noXbmD", "fub03IeOLKe3"):
            for level in (1, 2):
                with self.subTest(run=run, level=level):
                    self.check_robust(run, level)

    def test_gzip_makes_no_difference(self):
        arguments = []
        for option, name in (("--qrels", "qrels.test"), ("--run", "results.test")):
            self.write(name + ".gz", gzip.compress((TREC / name).read_bytes()))
            arguments += [option, name + ".gz"]
        self.check(expected_lines(TREC / "out.test"), *arguments)

    def test_names_of_ir_measures_give_the_same_numbers(self):
        printed = self.ok("score", "--quiet", "-m", "nDCG@10,AP,P(rel=2)@5,RR", "-m", "map",
                          "--qrels", ROBUST / "qrels.txt", "--run", ROBUST / "oce03noXbmD.run")
        names = [line.split("\t")[0].rstrip() for line in printed.splitlines()]
        self.assertEqual(names, ["map", "nDCG@10", "AP", "P@5(rel=2)", "RR"])
        values = dict(zip(names, (line.split("\t")[2] for line in printed.splitlines())))
        self.assertEqual(values["AP"], values["map"])
        for level, trec, ours in ((1, "ndcg_cut_10", "nDCG@10"), (2, "P_5", "P@5(rel=2)")):
            text = (ROBUST / f"expected.oce03noXbmD.l{level}.txt").read_text(encoding="utf-8")
            self.assertIn(f"{trec:<22}\tall\t{values[ours]}\n", text)

    def test_several_runs_stand_side_by_side(self):
        runs = [ROBUST / f"{name}.run" for name in ("oce03noXbmD", "fub03IeOLKe3")]
        printed = self.ok("score", "--quiet", "-m", "map,num_ret", "--qrels", ROBUST / "qrels.txt",
                          "--run", *runs).splitlines()
        self.assertEqual(printed[0], "runid                 \tall\toce03noXbmD\tfub03IeOLKe3")
        self.assertEqual(printed[1], "num_ret               \tall\t4000\t4000")
        alone = [self.ok("score", "--quiet", "-m", "map", "--qrels", ROBUST / "qrels.txt",
                         "--run", run).rstrip("\n").split("\t")[2] for run in runs]
        self.assertEqual(printed[2], "map                   \tall\t" + "\t".join(alone))

    def test_other_output_formats_hold_the_same_values(self):
        arguments = ("score", "--quiet", "-m", "map", "--qrels", TREC / "qrels.test",
                     "--run", TREC / "results.test", "-o")
        scores = json.loads(self.ok(*arguments, "json"))
        self.assertEqual(scores["runs"][0]["runid"], "STANDARD")
        value = scores["scores"][0]["values"][0]
        self.assertEqual(f"{value:.4f}", "0.1785")
        self.assertEqual(self.ok(*arguments, "csv").splitlines()[1], f"map,all,{value!r}")


QRELS = "1 0 a 1\n1 0 b 0\n2 0 c 2\n"
RUN = "1 Q0 a 1 2.5 tag\n1 Q0 b 2 1.5 tag\n2 Q0 c 1 0.5 tag\n"


class CornerCaseTest(AssayCase):
    """Rows of the corner-case table that concern rankings; each test begins with the row's name."""

    def score(self, run, qrels=QRELS, measures="AP", options=()):
        """Lines of the report as {(measure, query): text}, and what was said beside it."""
        result = self.assay("score", "--qrels", self.write("q", qrels), "--run", self.write("r", run),
                            "-q", "-m", measures, *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        cells = [line.split("\t") for line in result.stdout.splitlines()]
        return {(name.rstrip(), query): value for name, query, value in cells}, result.stderr

    def refused(self, run, qrels=QRELS):
        return self.fails(2, "score", "--qrels", self.write("q", qrels), "--run", self.write("r", run))

    def test_tied_scores(self):
        """tied scores: document id descending decides, and the queries tied at a cut-off are counted."""
        values, said = self.score("1 Q0 dA 1 1 t\n1 Q0 dB 2 1 t\n1 Q0 dC 3 1 t\n",
                                  "1 0 dA 1\n", "RR,P@2")
        self.assertEqual(values["RR", "1"], "0.3333")
        self.assertEqual(values["P@2", "1"], "0.0000")
        self.assertIn("1 query with equal scores across cut-off 2; document ids decide", said)
        for ties, expected in (("id", "0.3333"), ("best", "1.0000"), ("worst", "0.3333")):
            values, _ = self.score("1 Q0 dA 1 1 t\n1 Q0 dB 2 1 t\n1 Q0 dC 3 1 t\n",
                                   "1 0 dA 1\n", "RR", ["--ties", ties])
            self.assertEqual(values["RR", "1"], expected)

    def test_ties_by_insertion_order(self):
        """ties by insertion order: a constant scorer gains nothing from the order of its lines."""
        lines = [f"1 Q0 d{i:02} {i} 0 t\n" for i in range(1, 51)]
        both = [self.score("".join(order), "1 0 d01 1\n1 0 d50 0\n", "RR,nDCG@10,AP")[0]
                for order in (lines, lines[::-1])]
        self.assertEqual(both[0], both[1])
        self.assertEqual(both[0]["RR", "1"], "0.0200")
        self.assertEqual(both[0]["nDCG@10", "1"], "0.0000")

    def test_scores_16777217_and_16777216(self):
        """scores 16777217 and 16777216: doubles tell them apart."""
        values, _ = self.score("1 Q0 a 1 16777217 t\n1 Q0 z 2 16777216 t\n", measures="RR")
        self.assertEqual(values["RR", "1"], "1.0000")
        values, _ = self.score("1 Q0 a 1 16777217 t\n1 Q0 z 2 16777216 t\n", measures="RR",
                               options=["--float32"])
        self.assertEqual(values["RR", "1"], "0.5000")

    def test_rank_column_disagrees_with_score(self):
        """rank column disagrees with score: the rank is ignored, with a warning."""
        values, said = self.score("1 Q0 a 2 2 t\n1 Q0 b 1 1 t\n", measures="RR")
        self.assertEqual(values["RR", "1"], "1.0000")
        self.assertIn("ranks of 1 lines disagree", said)
        self.assertNotIn("disagree", self.score(RUN)[1])

    def test_duplicate_document_in_a_run(self):
        """duplicate document in a run or in qrels: refused with its line, also between other queries."""
        error = self.refused(RUN + "1 Q0 a 3 0.1 tag\n")
        self.assertRegex(error, r"r:4: field 'document': .*'1'.*'a'")
        values, said = self.score("1 Q0 a 1 0.5 t\n1 Q0 b 2 1 t\n1 Q0 a 3 2 t\n", "1 0 a 1\n", "RR,num_ret",
                                  ["--duplicates", "best"])
        self.assertEqual((values["RR", "1"], values["num_ret", "1"]), ("1.0000", "2"))
        self.assertIn("1 lines passed over", said)

    def test_a_run_of_duplicates(self):
        """duplicate document in a run or in qrels: of equal score, too."""
        self.assertRegex(self.refused("1 Q0 x 1 1 t\n" * 5), r"r:2: field 'document'")

    def test_duplicate_document_in_qrels(self):
        """duplicate document in a run or in qrels."""
        self.assertRegex(self.refused(RUN, QRELS + "1 0 a 0\n"), r"q:4: field 'document': .*'1'.*'a'")

    def test_query_in_qrels_but_not_in_the_run(self):
        """query in qrels but not in the run: counts 0 and is listed."""
        run = "1 Q0 a 1 2.5 tag\n"
        values, said = self.score(run)
        self.assertEqual(values, {("AP", "1"): "1.0000", ("AP", "2"): "0.0000", ("AP", "all"): "0.5000"})
        self.assertRegex(said, r"1 query with judgements.*: 2\n")
        values, said = self.score(run, options=["--ignore-missing"])
        self.assertEqual(values, {("AP", "1"): "1.0000", ("AP", "all"): "1.0000"})
        self.assertIn("left out: 2", said)

    def test_query_in_the_run_but_not_in_qrels(self):
        """query in the run but not in qrels: ignored and counted."""
        values, said = self.score(RUN + "3 Q0 x 1 1 tag\n")
        self.assertNotIn(("AP", "3"), values)
        self.assertEqual(values["AP", "all"], "1.0000")
        self.assertIn("1 query of the run without judgements", said)

    def test_query_with_no_relevant_document(self):
        """query with no relevant document: 0 and averaged in, counted; R_cap is undefined there."""
        values, said = self.score(RUN, QRELS.replace("a 1", "a 0"), "AP,R_cap@1")
        self.assertEqual(values["AP", "1"], "0.0000")
        self.assertEqual(values["AP", "all"], "0.5000")
        self.assertNotIn(("R_cap@1", "1"), values)
        self.assertEqual(values["R_cap@1", "all"], "1.0000")
        self.assertIn("1 query without a document of grade 1 or more", said)
        self.assertIn("R_cap@1 is undefined for 1 query", said)
        values, _ = self.score(RUN, QRELS.replace("a 1", "a 0"), options=["--ignore-without-relevant"])
        self.assertEqual(values, {("AP", "2"): "1.0000", ("AP", "all"): "1.0000"})

    def test_negative_grade(self):
        """negative grade: not relevant, no gain, and not among those judged not relevant."""
        qrels = "1 0 a -1\n1 0 b 1\n1 0 c 0\n"
        values, _ = self.score("1 Q0 a 1 3 t\n1 Q0 b 2 2 t\n1 Q0 c 3 1 t\n", qrels, "nDCG,bpref,RR")
        self.assertEqual(values["nDCG", "1"], "0.6309")
        self.assertEqual(values["bpref", "1"], "1.0000")
        self.assertEqual(values["RR", "1"], "0.5000")

    def test_all_grades_of_a_query_negative(self):
        """all grades of a query negative: 0, and the other queries are scored."""
        values, _ = self.score(RUN, "1 0 a -1\n1 0 b -2\n2 0 c 2\n", "AP,nDCG,bpref")
        for measure in ("AP", "nDCG", "bpref"):
            self.assertEqual(values[measure, "1"], "0.0000")
            self.assertEqual(values[measure, "2"], "1.0000")

    def test_grade_that_is_no_integer(self):
        """grade "0.9", "1.7": refused."""
        for grade in ("0.9", "1.7", "x", "99999999999"):
            self.assertRegex(self.refused(RUN, f"1 0 a {grade}\n"), rf"q:1: field 'grade': .*'{grade}'")

    def test_score_that_is_no_number(self):
        """score "abc": refused."""
        self.assertRegex(self.refused(RUN + "2 Q0 d 2 abc tag\n"), r"r:4: field 'score': .*'abc'")

    def test_score_nan(self):
        """score nan: refused, infinite ones are taken."""
        self.assertRegex(self.refused("1 Q0 a 1 nan t\n"), r"r:1: field 'score': .*'nan'")
        values, _ = self.score("1 Q0 b 1 -inf t\n1 Q0 a 2 inf t\n", measures="RR")
        self.assertEqual(values["RR", "1"], "1.0000")

    def test_empty_run_file_five_columns_and_blank_lines(self):
        """empty run file, five columns, blank line in qrels: errors, but blank lines are passed over."""
        self.assertRegex(self.refused(""), r"r: the file is empty")
        self.assertRegex(self.refused(RUN, ""), r"q: the file is empty")
        self.assertRegex(self.refused(RUN + "2 Q0 d 2 0.1\n"), r"r:4: 5 columns")
        self.assertRegex(self.refused(RUN, QRELS + "1 0 x 1 9\n"), r"q:4: 5 columns")
        blank = self.score("\n" + RUN.replace("\n", "\n \n"), QRELS.replace("\n", "\n\n"))
        self.assertEqual(blank, self.score(RUN))

    def test_comments_and_ids_with_hash_signs(self):
        """comments with #: only at the start of a line; ids of MS MARCO hold the sign."""
        values, _ = self.score("# a comment\n1 Q0 D1#0 1 1 t\n#2 Q0 #x 1 1 t\n",
                               "# another\n1 0 D1#0 1\n#2 0 #x 1\n")
        self.assertEqual(values, {("AP", "#2"): "1.0000", ("AP", "1"): "1.0000", ("AP", "all"): "1.0000"})

    def test_score_below_zero(self):
        """score <= 0: a score never masks a document."""
        values, _ = self.score(RUN.replace(" 2.5 ", " -0.5 ").replace(" 1.5 ", " -1 "), measures="RR,R@5")
        self.assertEqual(values["RR", "1"], "1.0000")
        self.assertEqual(values["R@5", "1"], "1.0000")

    def test_ids_are_exact(self):
        """ranx ids: ids are compared in full, however long and alike."""
        stem = "d" * 300
        values, _ = self.score(f"1 Q0 {stem}1 1 2 t\n1 Q0 {stem}2 2 1 t\n", f"1 0 {stem}2 1\n", "RR")
        self.assertEqual(values["RR", "1"], "0.5000")

    def test_carriage_returns_and_ids_beyond_ascii(self):
        plain = self.score("é Q0 ü 1 1 t\n", "é 0 ü 1\n")
        self.assertEqual(self.score("é Q0 ü 1 1 t\r\n", "é 0 ü 1\r\n"), plain)
        self.assertEqual(plain[0]["AP", "é"], "1.0000")

    def test_a_shuffled_run_scores_the_same(self):
        lines = (TREC / "results.test").read_text(encoding="utf-8").splitlines(keepends=True)
        lines.sort(key=lambda line: line.split()[2][::-1])
        self.write("shuffled", "".join(lines))
        self.assertEqual(self.ok("score", "--qrels", TREC / "qrels.test", "--run", "shuffled", "--quiet"),
                         (TREC / "out.test").read_text(encoding="utf-8"))

    def test_no_query_in_common(self):
        self.assertIn("no query in common", self.fails(
            2, "score", "--ignore-missing", "--qrels", self.write("q", QRELS),
            "--run", self.write("r", "9 Q0 a 1 1 t\n")))

    def test_unknown_measures_and_parameters(self):
        for measure, reason in (("mpa", "unknown"), ("P.0", "whole number"), ("map.5", "takes no parameters"),
                                ("ndcg_cut.23.4", "whole number"), ("iprec_at_recall.2", "from 0 to 1"),
                                ("", "unknown")):
            error = self.fails(2, "score", "--qrels", self.write("q", QRELS),
                               "--run", self.write("r", RUN), "-m", measure)
            self.assertIn(reason, error)

    def test_a_missing_file_is_named(self):
        self.assertIn("nowhere", self.fails(2, "score", "--qrels", "nowhere", "--run", "nowhere"))


if __name__ == "__main__":
    unittest.main()
