#include "server/run/run_inputs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"

namespace assay::run {
namespace {

bool IsHidden(const store::ColumnRecord& column) { return column.name.starts_with('$'); }

std::vector<std::string> VisibleNames(const std::vector<store::ColumnRecord>& columns) {
  std::vector<std::string> names;
  for (const store::ColumnRecord& column : columns) {
    if (!IsHidden(column)) {
      names.push_back(column.name);
    }
  }
  std::ranges::sort(names);
  return names;
}

std::optional<ColumnType> VisibleType(const std::vector<store::ColumnRecord>& columns,
                                      std::string_view name) {
  const store::ColumnRecord* const column = FindColumn(columns, name);
  return column == nullptr || IsHidden(*column) ? std::nullopt : std::optional(column->type);
}

}  // namespace

absl::StatusOr<RunInputs> OpenRunInputs(store::Store& store, store::Id project,
                                        store::Id output_set) {
  RunInputs inputs;
  inputs.project = project;
  ASSAY_ASSIGN_OR_RETURN(inputs.outputs, store.models().GetOutputSet(project, output_set));
  ASSAY_ASSIGN_OR_RETURN(inputs.dataset,
                         store.datasets().GetVersion(project, inputs.outputs.dataset_version_id));
  ASSAY_ASSIGN_OR_RETURN(inputs.example_columns, ListRowColumns(store, project, inputs.dataset.id));
  ASSAY_ASSIGN_OR_RETURN(inputs.output_columns, ListRowColumns(store, project, inputs.outputs.id));
  return inputs;
}

absl::StatusOr<std::vector<store::ColumnRecord>> ListRowColumns(store::Store& store,
                                                                store::Id project,
                                                                store::Id owner) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<store::ColumnRecord> columns,
                         store.columns().ListColumns(project, owner));
  std::erase_if(columns, [](const store::ColumnRecord& column) {
    return column.table != store::Table::kRows;
  });
  return columns;
}

const store::ColumnRecord* FindColumn(const std::vector<store::ColumnRecord>& columns,
                                      std::string_view name) {
  const auto found = std::ranges::find(columns, name, &store::ColumnRecord::name);
  return found == columns.end() ? nullptr : &*found;
}

ColumnTypes TypesOf(const RunInputs& inputs) {
  ColumnTypes types;
  types.example = [&inputs](std::string_view name) {
    return VisibleType(inputs.example_columns, name);
  };
  types.output = [&inputs](std::string_view name) {
    return VisibleType(inputs.output_columns, name);
  };
  const auto dimension_in = [](const std::vector<store::ColumnRecord>& columns) {
    return [&columns](std::string_view name) {
      const store::ColumnRecord* const column = FindColumn(columns, name);
      return column == nullptr ? 0 : column->dimension;
    };
  };
  types.example_dimension = dimension_in(inputs.example_columns);
  types.output_dimension = dimension_in(inputs.output_columns);
  types.example_names = VisibleNames(inputs.example_columns);
  types.output_names = VisibleNames(inputs.output_columns);
  return types;
}

absl::Status CheckRowFilter(const RowFilter& filter, const RunInputs& inputs) {
  for (const RowCondition& condition : filter.conditions) {
    if (FindColumn(inputs.example_columns, condition.column) == nullptr) {
      std::vector<std::string> cohorts = VisibleNames(inputs.example_columns);
      std::erase_if(cohorts, [](const std::string& name) { return !name.starts_with("cohort."); });
      return absl::InvalidArgumentError(
          absl::StrFormat("row_filter: %s@%d has no column '%s'; its cohorts: %s",
                          inputs.dataset.dataset_name, inputs.dataset.number, condition.column,
                          cohorts.empty() ? "none" : absl::StrJoin(cohorts, ", ")));
    }
  }
  return absl::OkStatus();
}

}  // namespace assay::run
