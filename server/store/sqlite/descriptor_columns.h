#pragma once

#include "absl/status/status.h"
#include "evaluators/evaluator.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {

// The tables run_metrics and comparison_metrics hold a MetricDescriptor in the columns metric,
// definition, direction, kind, lowest, highest, unit, formula, undefined, source, after the three
// columns of their key.

template <typename Owner, typename Position>
void BindDescriptor(Statement& insert, Owner project, Owner owner, Position position,
                    const MetricDescriptor& metric) {
  insert.Bind(project, owner, position, metric.id, metric.definition_id, metric.direction,
              metric.kind, metric.lowest, metric.highest, metric.unit, metric.formula,
              metric.undefined, metric.source);
}

inline absl::Status ReadDescriptor(Statement& select, MetricDescriptor& metric) {
  return select.Read(metric.id, metric.definition_id, metric.direction, metric.kind, metric.lowest,
                     metric.highest, metric.unit, metric.formula, metric.undefined, metric.source);
}

}  // namespace assay::store
