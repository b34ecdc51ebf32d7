#include "client/cli/metric_message.h"

namespace assay::cli {

void AddMetric(const MetricDescriptor& metric, v1::Run& run) {
  v1::Metric& message = *run.add_metrics();
  message.set_id(metric.id);
  message.set_definition_id(metric.definition_id);
  message.set_direction(static_cast<v1::Direction>(metric.direction));
  message.set_kind(static_cast<v1::MetricKind>(metric.kind));
  message.set_unit(metric.unit);
  message.set_lowest(metric.lowest);
  message.set_highest(metric.highest);
  message.set_formula(metric.formula);
  message.set_undefined(metric.undefined);
  message.set_source(metric.source);
}

}  // namespace assay::cli
