// Qrels and a run, with a form feed between them, read and judged as `assay score` does; beside it,
// the run is read by OpenTrecRun, and its lines are cut one by one, which must come to the same.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "client/formats/trec_fields.h"
#include "client/formats/trec_lines.h"
#include "client/formats/trec_qrels.h"
#include "client/formats/trec_run.h"
#include "evaluators/metrics/document_judge.h"
#include "evaluators/metrics/ranking_measure.h"
#include "tests/fuzz/read_rows.h"

namespace {

using assay::JudgedRanking;
using assay::RankingMeasure;
using namespace assay::formats;  // NOLINT: one file, all of it about formats

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

std::optional<InputFile> File(std::string_view bytes) {
  absl::StatusOr<InputFile> file =
      InputFile::FromBytes("fuzz.input", std::string(bytes), kMaxBytes);
  return file.ok() ? std::optional(*std::move(file)) : std::nullopt;
}

// A line by itself is too near to the end of its text for the quick way of cutting it.
void CheckLines(std::string_view bytes) {
  const std::string padded = std::string(bytes) + std::string(64, '\0');
  TrecLines lines(std::string_view(padded).substr(0, bytes.size()));
  while (lines.Next()) {
    const std::string alone = std::string(lines.line()) + std::string(64, '\0');
    if (alone.starts_with("\xEF\xBB\xBF")) {
      continue;  // at the front of a text these are passed over
    }
    TrecLines one(std::string_view(alone).substr(0, lines.line().size()));
    Require(one.Next(), "a line is a line by itself");
    Require(one.num_columns() == lines.num_columns(), "a line has its columns by itself");
    for (std::size_t i = 0; i < one.num_columns(); ++i) {
      Require(one.column(i) == lines.column(i), "a column is the same by itself");
    }
    Require(one.has_control() == lines.has_control(), "control characters are found");
    Require(one.has_high_bytes() == lines.has_high_bytes(), "high bytes are found");
    Require(!one.Next(), "a line is one line by itself");
  }
}

std::span<const assay::RankedDocument> RankingOf(const TrecRun& run, std::string_view query) {
  for (std::size_t i = 0; i < run.num_queries(); ++i) {
    if (run.query(i).query == query) {
      return run.query(i).documents;
    }
  }
  return {};
}

void CheckAgainstRows(const InputFile& file, const absl::StatusOr<TrecRun>& run) {
  ReaderOptions options;
  options.format = Format::kTrecRun;
  const std::optional<Rows> rows = ReadRows(file.bytes(), options);
  if (!rows.has_value()) {
    return;
  }
  Require(run.ok(), "what is a run for others is one for score");
  Require(std::ssize(rows->columns) == 2 &&
              static_cast<std::int64_t>(run->num_queries()) == rows->num_rows,
          "queries are the same");
  for (std::int64_t row = 0; row < rows->num_rows; ++row) {
    const assay::Column& ranking = rows->columns[1];
    const std::span<const assay::RankedDocument> documents =
        RankingOf(*run, rows->columns[0].Text(row));
    std::int64_t item = ranking.ListBegin(row);
    Require(std::ssize(documents) == ranking.ListEnd(row) - item, "documents are the same");
    for (const assay::RankedDocument& document : documents) {
      Require(document.document == ranking.Text(item) &&
                  document.score == ranking.doubles[static_cast<std::size_t>(item)],
              "documents and scores are the same");
      ++item;
    }
  }
}

void CheckMeasures(const TrecQrels& qrels, const TrecRun& run, const InputFile& run_file) {
  assay::DocumentJudge judge;
  for (std::size_t query = 0; query < qrels.num_queries(); ++query) {
    const std::optional<JudgedRanking> judged =
        judge.Judge(qrels.judgements(query), RankingOf(run, qrels.query(query)));
    if (!judged) {
      const absl::Status error = TrecDuplicate(run_file, qrels.query(query), judge.duplicate());
      Require(std::string(error.message()).find(": field 'document': ") != std::string::npos,
              "a duplicate is found again");
      Require(judge
                  .Judge(qrels.judgements(query), RankingOf(run, qrels.query(query)),
                         {.keeps_best_duplicate = true})
                  .has_value(),
              "duplicates can be passed over");
      return;
    }
    for (const char* const name : {"nDCG@5", "nDCG", "AP", "RR", "R@2", "P@3", "Rprec", "bpref",
                                   "IPrec@0.5", "Success@1", "nDCG_exp", "R_cap@2"}) {
      const double value = ComputeRankingMeasure(*assay::ParseRankingMeasure(name), *judged);
      Require(value != value || (value >= 0 && value <= 1 + 1e-9), "a measure is in [0, 1]");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t split = bytes.find('\f');
  const std::optional<InputFile> run_file =
      File(split == std::string_view::npos ? bytes : bytes.substr(split + 1));
  if (!run_file) {
    return 0;
  }
  CheckLines(run_file->bytes());
  const absl::StatusOr<TrecRun> run = TrecRun::Read(*run_file);
  CheckAgainstRows(*run_file, run);
  const std::optional<InputFile> qrels_file =
      File(split == std::string_view::npos ? std::string_view() : bytes.substr(0, split));
  if (!run.ok() || !qrels_file) {
    return 0;
  }
  const absl::StatusOr<TrecQrels> qrels = TrecQrels::Read(*qrels_file);
  if (qrels.ok()) {
    CheckMeasures(*qrels, *run, *run_file);
  }
  return 0;
}
