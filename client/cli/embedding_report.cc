#include "client/cli/embedding_report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/embedding_change.pb.h"
#include "client/cli/numbers.h"
#include "client/cli/table.h"
#include "client/cli/text_width.h"
#include "evaluators/metrics/embedding_change.h"

namespace assay::cli {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kMaxCohorts = 5;
constexpr std::string_view kNone = "-";

std::string Text(bool is_present, double value) {
  constexpr double kTooLong = 1e6;
  if (!is_present) {
    return std::string(kNone);
  }
  return std::abs(value) < kTooLong ? absl::StrFormat("%.4f", value)
                                    : absl::StrFormat("%.4g", value);
}

// `24 components, 597 rows`; `24 -> 12 components, 4,990 rows of an even sample of 5,000 out of
// 1,000,000 pairs`.
std::string Subject(const v1::EmbeddingChange& change) {
  std::string components = absl::StrFormat("%d", change.baseline_dimension());
  if (change.candidate_dimension() != change.baseline_dimension()) {
    components += absl::StrFormat(" -> %d", change.candidate_dimension());
  }
  const std::int64_t num_rows = change.cells_size() > 0 ? change.cells(0).num_rows() : 0;
  std::string subject =
      absl::StrFormat("%s components, %s", components, CountText(num_rows, "row"));
  if (change.num_sampled() < change.num_paired()) {
    subject += absl::StrFormat(" of an even sample of %s out of %s pairs",
                               CountText(change.num_sampled()), CountText(change.num_paired()));
  }
  return subject;
}

Table PairTable(const v1::EmbeddingChange& change) {
  Table table({{"EMBEDDINGS", Align::kLeft}, {"VALUE", Align::kRight}, {"", Align::kLeft, true}});
  const v1::EmbeddingChangeCell& all = change.cells(0);
  table.AddRow({absl::StrFormat("%d nearest kept", change.num_neighbors()),
                Text(all.has_neighbor_overlap(), all.neighbor_overlap()),
                "1: every example keeps its neighbours"});
  table.AddRow({"Procrustes residual",
                Text(all.has_procrustes_residual(), all.procrustes_residual()),
                "0: equal up to rotation, shift and scale"});
  table.AddRow({"CKA, debiased", Text(change.has_debiased_cka(), change.debiased_cka()),
                "1: the same geometry; 0: unrelated"});
  if (change.same_space()) {
    table.AddRow(
        {"cosine", Text(all.has_cosine(), all.cosine()), "before against after, one space"});
    table.AddRow({"L2 distance", Text(all.has_l2(), all.l2()), ""});
  }
  return table;
}

Table SpreadTable(const v1::EmbeddingChange& change) {
  const v1::EmbeddingSpread& before = change.baseline_spread();
  const v1::EmbeddingSpread& after = change.candidate_spread();
  Table table({{"SPREAD", Align::kLeft}, {"BEFORE", Align::kRight}, {"AFTER", Align::kRight}});
  table.AddRow({"mean norm", Text(change.has_baseline_spread(), before.mean_norm()),
                Text(change.has_candidate_spread(), after.mean_norm())});
  table.AddRow({"mean pairwise cosine",
                Text(before.has_mean_pairwise_cosine(), before.mean_pairwise_cosine()),
                Text(after.has_mean_pairwise_cosine(), after.mean_pairwise_cosine())});
  table.AddRow({"effective rank", Text(before.has_effective_rank(), before.effective_rank()),
                Text(after.has_effective_rank(), after.effective_rank())});
  table.AddRow({"participation ratio",
                Text(before.has_participation_ratio(), before.participation_ratio()),
                Text(after.has_participation_ratio(), after.participation_ratio())});
  return table;
}

// The cohorts that kept the fewest neighbours.
std::vector<const v1::EmbeddingChangeCell*> WorstCohorts(const v1::EmbeddingChange& change) {
  std::vector<const v1::EmbeddingChangeCell*> cohorts;
  for (const v1::EmbeddingChangeCell& cell : change.cells()) {
    if (!cell.cohort().empty() && cell.has_neighbor_overlap()) {
      cohorts.push_back(&cell);
    }
  }
  std::ranges::stable_sort(cohorts, {}, &v1::EmbeddingChangeCell::neighbor_overlap);
  cohorts.resize(std::min(cohorts.size(), kMaxCohorts));
  return cohorts;
}

Table CohortTable(const v1::EmbeddingChange& change) {
  std::vector<TableColumn> columns = {{"COHORT (fewest neighbours kept)", Align::kLeft, true},
                                      {"ROWS", Align::kRight},
                                      {"KEPT", Align::kRight},
                                      {"PROCRUSTES", Align::kRight}};
  if (change.same_space()) {
    columns.push_back({"COSINE", Align::kRight});
  }
  Table table(columns);
  for (const v1::EmbeddingChangeCell* cell : WorstCohorts(change)) {
    std::vector<Cell> row = {OneLine(cell->cohort()), CountText(cell->num_rows()),
                             Text(true, cell->neighbor_overlap()),
                             Text(cell->has_procrustes_residual(), cell->procrustes_residual())};
    if (change.same_space()) {
      row.emplace_back(Text(cell->has_cosine(), cell->cosine()));
    }
    table.AddRow(std::move(row));
  }
  return table;
}

// `after: 3 zero, 1 with NaN or infinity`; empty when every vector is usable.
std::string UnusableText(std::string_view side, const v1::UnusableVectors& unusable) {
  std::string text;
  const auto add = [&](std::int64_t count, std::string_view what) {
    if (count > 0) {
      text += absl::StrFormat("%s%s %s", text.empty() ? "" : ", ", CountText(count), what);
    }
  };
  add(unusable.num_missing(), "missing");
  add(unusable.num_zero(), "zero");
  add(unusable.num_not_finite(), "with NaN or infinity");
  return text.empty() ? "" : absl::StrFormat("%s: %s", side, text);
}

std::string UnusableText(const v1::EmbeddingChange& change) {
  std::string text = UnusableText("before", change.baseline_unusable());
  const std::string after = UnusableText("after", change.candidate_unusable());
  text += text.empty() || after.empty() ? after : "; " + after;
  return text.empty() ? "" : "vectors left out, " + text;
}

bool HasMeasured(const v1::EmbeddingChange& change) {
  return change.cells_size() > 0 && change.cells(0).num_rows() > 0;
}

// Why measures are missing that decompose a matrix; empty when none is for that reason.
std::string UndecomposedText(const v1::EmbeddingChange& change) {
  const bool is_before_long = change.baseline_dimension() > kMaxDecomposedDimension;
  const bool is_after_long = change.candidate_dimension() > kMaxDecomposedDimension;
  const bool lacks_residual = change.cells_size() > 0 && !change.cells(0).has_procrustes_residual();
  const bool lacks_rank = (is_before_long && !change.baseline_spread().has_effective_rank()) ||
                          (is_after_long && !change.candidate_spread().has_effective_rank());
  if (!(is_before_long || is_after_long) || !(lacks_residual || lacks_rank)) {
    return "";
  }
  const std::string_view missing = !lacks_rank       ? "Procrustes residual"
                                   : !lacks_residual ? "effective rank"
                                                     : "Procrustes residual and no effective rank";
  return absl::StrFormat("no %s beyond %s components: the decomposition would take too long",
                         missing, CountText(kMaxDecomposedDimension));
}

std::string Notes(const v1::EmbeddingChange& change) {
  std::string notes = Subject(change);
  if (const std::string undecomposed = UndecomposedText(change);
      HasMeasured(change) && !undecomposed.empty()) {
    notes += "; " + undecomposed;
  }
  if (!change.same_space()) {
    notes += "; no common space is declared, so vectors are not compared directly";
  }
  const std::string unusable = UnusableText(change);
  return unusable.empty() ? notes : notes + "; " + unusable;
}

}  // namespace

std::string EmbeddingText(const v1::EmbeddingChange& change, const ReportStyle& style) {
  if (!HasMeasured(change)) {
    return Wrapped("EMBEDDINGS  " + Notes(change), style.width, kIndent);
  }
  std::string text = PairTable(change).Text(style.width, style.palette, kIndent);
  text += style.palette(Ink::kDim, Wrapped(Notes(change), style.width, 2 * kIndent));
  text += "\n" + SpreadTable(change).Text(style.width, style.palette, kIndent);
  if (const Table cohorts = CohortTable(change); cohorts.num_rows() > 0) {
    text += "\n" + cohorts.Text(style.width, style.palette, kIndent);
  }
  return text;
}

std::string EmbeddingMarkdown(const v1::EmbeddingChange& change) {
  if (!HasMeasured(change)) {
    return absl::StrFormat("\nEmbeddings: %s\n", MarkdownText(Notes(change)));
  }
  std::string text = "\n" + PairTable(change).Markdown();
  text += absl::StrFormat("\n%s\n\n", MarkdownText(Notes(change)));
  text += SpreadTable(change).Markdown();
  if (const Table cohorts = CohortTable(change); cohorts.num_rows() > 0) {
    text += "\n" + cohorts.Markdown();
  }
  return text;
}

}  // namespace assay::cli
