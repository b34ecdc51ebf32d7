#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// What a comparison has several of, in the tables `comparison_differences`, `comparison_texts`,
// `comparison_metrics`, `comparison_cells`, `comparison_budgets`, `comparison_gates` and
// `comparison_slices`. Each is written once; readers append in the stored order.

// `kind` of a difference, a text and a gate, as in the migrations.
enum class DifferenceKind : std::uint8_t { kConfound = 1, kModel = 2, kUnproven = 3 };
enum class TextKind : std::uint8_t { kAllowChanged = 1, kCohortPair = 2, kWarning = 3 };
enum class GateKind : std::uint8_t { kAsked = 1, kJudged = 2 };

absl::Status InsertDifferences(Database& database, Id project, Id comparison, DifferenceKind kind,
                               const std::vector<FieldDifference>& differences);
absl::Status SelectDifferences(Database& database, Id project, Id comparison, DifferenceKind kind,
                               std::vector<FieldDifference>& differences);

absl::Status InsertTexts(Database& database, Id project, Id comparison, TextKind kind,
                         const std::vector<std::string>& texts);
absl::Status SelectTexts(Database& database, Id project, Id comparison, TextKind kind,
                         std::vector<std::string>& texts);

absl::Status InsertGates(Database& database, Id project, Id comparison, GateKind kind,
                         const std::vector<GateResult>& gates);
absl::StatusOr<std::vector<GateResult>> SelectGates(Database& database, Id project, Id comparison,
                                                    GateKind kind);

absl::Status InsertBudgets(Database& database, Id project, Id comparison,
                           const std::vector<BudgetResult>& budgets);
absl::Status SelectBudgets(Database& database, Id project, Id comparison,
                           std::vector<BudgetResult>& budgets);

absl::Status InsertSlices(Database& database, Id project, Id comparison,
                          const std::vector<SliceRecord>& slices);
absl::Status SelectSlices(Database& database, Id project, Id comparison,
                          std::vector<SliceRecord>& slices);

absl::Status InsertMetrics(Database& database, Id project, Id comparison,
                           const std::vector<MetricComparison>& metrics);
absl::Status SelectMetrics(Database& database, Id project, Id comparison,
                           std::vector<MetricComparison>& metrics);

}  // namespace assay::store
