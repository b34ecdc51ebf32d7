#include "evaluators/metrics/recorded_values.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay {
namespace {

constexpr std::string_view kScorePrefix = "score.";

bool IsNumeric(std::optional<ColumnType> type) {
  return type == ColumnType::kFloat64 || type == ColumnType::kInt64;
}

// Hands on one output column per metric; the metric's id without instance is the column's name.
class RecordedValues : public Evaluator {
 public:
  RecordedValues(const EvaluatorSpec& spec, std::vector<MetricDescriptor> descriptors)
      : spec_(FormatEvaluatorSpec(spec)), descriptors_(std::move(descriptors)) {
    for (const MetricDescriptor& descriptor : descriptors_) {
      columns_.push_back(descriptor.id);
    }
    AddInstance(spec, descriptors_);
  }

  const std::string& spec() const override { return spec_; }
  std::span<const MetricDescriptor> metrics() const override { return descriptors_; }
  std::vector<std::string> example_columns() const override { return {}; }
  std::vector<std::string> output_columns() const override { return columns_; }

  absl::Status Check(const ColumnTypes& columns) const override {
    for (const std::string& name : columns_) {
      const std::optional<ColumnType> type = columns.output(name);
      if (!type) {
        return MissingColumn("output", name);
      }
      if (!IsNumeric(type)) {
        return WrongColumnType("output", name, *type, "float64 or int64");
      }
    }
    return absl::OkStatus();
  }

  absl::Status Score(const EvaluationBatch& batch, std::span<ScoreColumn> scores) const override {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      scores[i].values.assign(static_cast<std::size_t>(batch.num_rows), 0);
      scores[i].is_defined.assign(static_cast<std::size_t>(batch.num_rows), 0);
      if (const Column* const column = batch.output(columns_[i])) {
        Copy(*column, scores[i]);
      }
    }
    return absl::OkStatus();
  }

 private:
  static void Copy(const Column& column, ScoreColumn& scores) {
    const bool is_integer = column.type == ColumnType::kInt64;
    for (std::size_t i = 0; i < scores.values.size(); ++i) {
      const double value = is_integer ? static_cast<double>(column.int64s[i]) : column.doubles[i];
      if (std::isfinite(value) && column.IsValid(static_cast<std::int64_t>(i))) {
        scores.values[i] = value;
        scores.is_defined[i] = 1;
      }
    }
  }

  const std::string spec_;
  std::vector<MetricDescriptor> descriptors_;
  std::vector<std::string> columns_;
};

MetricDescriptor Describe(std::string_view column, Direction direction, double lowest) {
  MetricDescriptor descriptor;
  descriptor.id = column;
  descriptor.definition_id = absl::StrFormat("assay/%s/1", column);
  descriptor.direction = direction;
  descriptor.lowest = lowest;
  descriptor.highest = std::numeric_limits<double>::infinity();
  descriptor.formula = absl::StrFormat("the output's '%s' as recorded", column);
  descriptor.undefined = "the output has none, or it is NaN or infinite";
  descriptor.source = "recorded with the outputs";
  return descriptor;
}

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeSingle(EvaluatorSpec spec,
                                                            MetricDescriptor descriptor) {
  for (const std::string& option : spec.options) {
    if (option != descriptor.id) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: unknown metric '%s'; there is %s",
                                                        spec.name, option, descriptor.id));
    }
  }
  spec.options = {descriptor.id};
  return std::make_unique<RecordedValues>(spec,
                                          std::vector<MetricDescriptor>{std::move(descriptor)});
}

std::vector<std::string> OptionIfNumeric(const ColumnTypes& columns, std::string_view name) {
  return IsNumeric(columns.output(name)) ? std::vector<std::string>{std::string(name)}
                                         : std::vector<std::string>();
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeLatency(const EvaluatorSpec& spec) {
  MetricDescriptor descriptor = Describe("latency_us", Direction::kLower, 0);
  descriptor.unit = "us";
  return MakeSingle(spec, std::move(descriptor));
}

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeCost(const EvaluatorSpec& spec) {
  return MakeSingle(spec, Describe("cost", Direction::kLower, 0));
}

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeScore(const EvaluatorSpec& spec) {
  std::map<std::string, Direction> direction_of;
  for (const std::string& option : spec.options) {
    const std::size_t colon = option.rfind(':');
    const std::string name = option.substr(0, colon);
    const std::string_view way = colon == std::string::npos
                                     ? std::string_view("higher")
                                     : std::string_view(option).substr(colon + 1);
    if (name.empty() || name.find(':') != std::string::npos ||
        (way != "higher" && way != "lower")) {
      return absl::InvalidArgumentError(
          absl::StrFormat("score: option '%s' must be NAME, NAME:higher or NAME:lower", option));
    }
    const Direction direction = way == "higher" ? Direction::kHigher : Direction::kLower;
    const auto [known, is_new] = direction_of.try_emplace(name, direction);
    if (!is_new && known->second != direction) {
      return absl::InvalidArgumentError(
          absl::StrFormat("score: '%s' cannot be both higher and lower", name));
    }
  }
  if (direction_of.empty()) {
    return absl::InvalidArgumentError(
        "score: name the columns, as in 'score:NAME' or 'score:NAME:lower' for 'score.NAME'");
  }
  EvaluatorSpec canonical = {.instance = spec.instance, .name = spec.name, .options = {}};
  std::vector<MetricDescriptor> descriptors;
  for (const auto& [name, direction] : direction_of) {
    canonical.options.push_back(direction == Direction::kHigher ? name : name + ":lower");
    descriptors.push_back(Describe(std::string(kScorePrefix) + name, direction,
                                   -std::numeric_limits<double>::infinity()));
  }
  return std::make_unique<RecordedValues>(canonical, std::move(descriptors));
}

std::vector<std::string> LatencyOptions(const ColumnTypes& columns) {
  return OptionIfNumeric(columns, "latency_us");
}

std::vector<std::string> CostOptions(const ColumnTypes& columns) {
  return OptionIfNumeric(columns, "cost");
}

std::vector<std::string> ScoreOptions(const ColumnTypes& columns) {
  std::vector<std::string> options;
  for (const std::string& name : columns.output_names) {
    const bool is_score = name.starts_with(kScorePrefix) && name.size() > kScorePrefix.size();
    if (is_score && name.find_first_of(",:") == std::string::npos &&
        IsNumeric(columns.output(name))) {
      options.push_back(name.substr(kScorePrefix.size()));
    }
  }
  std::sort(options.begin(), options.end());
  return options;
}

}  // namespace assay
