#include "client/cli/embedding_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "assay/v1/embedding_change.pb.h"

namespace assay::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

void AddCell(const std::string& cohort, std::int64_t num_rows, double overlap,
             v1::EmbeddingChange& change) {
  v1::EmbeddingChangeCell& cell = *change.add_cells();
  cell.set_cohort(cohort);
  cell.set_num_rows(num_rows);
  cell.set_neighbor_overlap(overlap);
}

v1::EmbeddingChange Change() {
  v1::EmbeddingChange change;
  change.set_baseline_dimension(24);
  change.set_candidate_dimension(12);
  change.set_num_paired(597);
  change.set_num_sampled(597);
  change.set_num_neighbors(10);
  change.set_debiased_cka(0.75);
  change.mutable_baseline_spread()->set_mean_norm(1);
  change.mutable_candidate_spread()->set_mean_norm(2.5e20);
  change.mutable_candidate_spread()->set_effective_rank(7.5);
  AddCell("", 597, 0.5, change);
  AddCell("digit=1", 60, 0.625, change);
  AddCell("digit=8", 50, 0.375, change);
  return change;
}

// As one line, so that where lines break does not matter.
std::string Joined(const std::string& text) {
  std::string joined;
  for (const char c : text) {
    if (const bool is_gap = c == ' ' || c == '\n'; !is_gap) {
      joined += c;
    } else if (!joined.empty() && joined.back() != ' ') {
      joined += ' ';
    }
  }
  return joined;
}

std::string Text(const v1::EmbeddingChange& change) { return Joined(EmbeddingText(change, {})); }

TEST(EmbeddingReportTest, SaysWhatWasMeasuredOnWhat) {
  const std::string text = Text(Change());
  EXPECT_THAT(text, HasSubstr("24 -> 12 components, 597 rows;"));
  EXPECT_THAT(text, HasSubstr("10 nearest kept 0.5000"));
  EXPECT_THAT(text, HasSubstr("CKA, debiased 0.7500"));
  EXPECT_THAT(text, HasSubstr("mean norm 1.0000 2.5e+20"));
  EXPECT_THAT(text, HasSubstr("effective rank - 7.5000"));
  EXPECT_THAT(text, Not(HasSubstr("sample")));
}

TEST(EmbeddingReportTest, StatesTheSample) {
  v1::EmbeddingChange change = Change();
  change.set_num_paired(1'000'000);
  change.set_num_sampled(20'000);
  change.mutable_cells(0)->set_num_rows(19'990);
  const std::string expected = "19,990 rows of an even sample of 20,000 out of 1,000,000 pairs";
  EXPECT_THAT(Text(change), HasSubstr(expected));
  EXPECT_THAT(EmbeddingMarkdown(change), HasSubstr(expected));
}

TEST(EmbeddingReportTest, ComparesDirectlyOnlyInOneSpace) {
  v1::EmbeddingChange change = Change();
  EXPECT_THAT(Text(change),
              AllOf(HasSubstr("no common space is declared"), Not(HasSubstr("cosine 0.9"))));
  change.set_same_space(true);
  change.mutable_cells(0)->set_cosine(0.9);
  EXPECT_THAT(Text(change),
              AllOf(HasSubstr("cosine 0.9000"), Not(HasSubstr("no common space is declared"))));
}

TEST(EmbeddingReportTest, ShowsTheCohortsThatKeptTheFewestNeighborsFirst) {
  const std::string text = Text(Change());
  EXPECT_LT(text.find("digit=8 50 0.3750"), text.find("digit=1 60 0.6250"));
  EXPECT_NE(text.find("digit=1 60 0.6250"), std::string::npos);
}

TEST(EmbeddingReportTest, CountsTheVectorsThatWereLeftOut) {
  v1::EmbeddingChange change = Change();
  change.mutable_baseline_unusable()->set_num_zero(3);
  change.mutable_candidate_unusable()->set_num_missing(1);
  change.mutable_candidate_unusable()->set_num_not_finite(2);
  EXPECT_THAT(
      Text(change),
      HasSubstr("vectors left out, before: 3 zero; after: 1 missing, 2 with NaN or infinity"));
}

TEST(EmbeddingReportTest, SaysWhyLongVectorsAreNotDecomposed) {
  v1::EmbeddingChange change = Change();
  EXPECT_THAT(Text(change), Not(HasSubstr("decomposition")));
  change.set_baseline_dimension(1'536);
  EXPECT_THAT(Text(change), HasSubstr("no Procrustes residual and no effective rank beyond 1,024 "
                                      "components: the decomposition would take too long"));
  change.mutable_baseline_spread()->set_effective_rank(7);
  EXPECT_THAT(EmbeddingMarkdown(change),
              HasSubstr("no Procrustes residual beyond 1,024 components"));
  change.mutable_cells(0)->set_procrustes_residual(0.25);
  EXPECT_THAT(Text(change), Not(HasSubstr("decomposition")));
}

TEST(EmbeddingReportTest, OfNoUsableVectorsOnlyTheCountsAreSaid) {
  v1::EmbeddingChange change;
  change.set_baseline_dimension(24);
  change.set_candidate_dimension(24);
  change.set_num_paired(2);
  change.set_num_sampled(2);
  change.mutable_candidate_unusable()->set_num_zero(2);
  AddCell("", 0, 0, change);
  change.mutable_cells(0)->clear_neighbor_overlap();
  EXPECT_THAT(Text(change), AllOf(HasSubstr("0 rows"), HasSubstr("after: 2 zero"),
                                  Not(HasSubstr("nearest kept"))));
  EXPECT_THAT(EmbeddingMarkdown(change),
              AllOf(HasSubstr("after: 2 zero"), Not(HasSubstr("nearest kept"))));
}

}  // namespace
}  // namespace assay::cli
