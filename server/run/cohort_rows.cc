#include "server/run/cohort_rows.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

constexpr std::string_view kCohortPrefix = "cohort.";

}  // namespace

absl::StatusOr<CohortRows> CohortRows::Open(store::Store& store, const RunInputs& inputs,
                                            const std::string& cohort) {
  CohortRows rows(store, inputs);
  if (cohort.empty()) {
    return rows;
  }
  const std::size_t equals = cohort.find('=');
  if (equals == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("cohort: want COLUMN=VALUE, not '%s'", cohort));
  }
  const std::string name = absl::StrFormat("%s%s", kCohortPrefix, cohort.substr(0, equals));
  rows.column_ = FindColumn(inputs.example_columns, name);
  rows.value_ = cohort.substr(equals + 1);
  if (rows.column_ == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("cohort: unknown column '%s'", cohort.substr(0, equals)));
  }
  return rows;
}

absl::Status CohortRows::Seek(std::int64_t number) {
  if (column_ != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(
        chunk_, store_.columns().ReadChunk(inputs_.project, inputs_.dataset.id, *column_, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(chunk_, *column_, number, inputs_.dataset.num_rows));
  }
  return absl::OkStatus();
}

bool CohortRows::Holds(std::int64_t i) {
  if (column_ == nullptr) {
    return true;
  }
  const bool holds = chunk_.IsValid(i) && chunk_.Text(i) == value_;
  is_found_ |= holds;
  return holds;
}

absl::Status CohortRows::CheckFound() const {
  return is_found() ? absl::OkStatus()
                    : absl::InvalidArgumentError(
                          absl::StrFormat("cohort: no example has %s=%s",
                                          column_->name.substr(kCohortPrefix.size()), value_));
}

}  // namespace assay::run
