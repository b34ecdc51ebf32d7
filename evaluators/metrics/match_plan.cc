#include "evaluators/metrics/match_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/metrics/text_measure.h"

namespace assay {
namespace {

constexpr int kMaxBins = 1000;
constexpr std::size_t kMaxLabels = 10'000;
constexpr std::string_view kPerClass = "per_class";

// How the name of a metric goes on.
enum class Suffix : std::uint8_t { kNone, kK, kClass };

struct MetricName {
  std::string_view name;
  MatchKind kind;
  Suffix suffix = Suffix::kNone;
};

// The first name of a kind is the canonical one.
constexpr std::array<MetricName, 30> kMetricNames = {{
    {"accuracy", MatchKind::kAccuracy},
    {"accuracy", MatchKind::kAccuracyAtK, Suffix::kK},
    {"exact_match", MatchKind::kExactMatch},
    {"exact", MatchKind::kExactMatch},
    {"normalized_match", MatchKind::kNormalizedMatch},
    {"normalized", MatchKind::kNormalizedMatch},
    {"squad_exact_match", MatchKind::kSquadExactMatch},
    {"squad_f1", MatchKind::kSquadF1},
    {"contains", MatchKind::kContains},
    {"regex_match", MatchKind::kRegexMatch},
    {"numeric_match", MatchKind::kNumericMatch},
    {"json_match", MatchKind::kJsonMatch},
    {"levenshtein_ratio", MatchKind::kLevenshteinRatio},
    {"nll", MatchKind::kNll},
    {"brier", MatchKind::kBrier},
    {"brier_top1", MatchKind::kBrierTop1},
    {"macro_f1", MatchKind::kMacroF1},
    {"micro_f1", MatchKind::kMicroF1},
    {"weighted_f1", MatchKind::kWeightedF1},
    {"balanced_accuracy", MatchKind::kBalancedAccuracy},
    {"mcc", MatchKind::kMcc},
    {"precision", MatchKind::kPrecision, Suffix::kClass},
    {"recall", MatchKind::kRecall, Suffix::kClass},
    {"f1", MatchKind::kF1, Suffix::kClass},
    {"support", MatchKind::kSupport, Suffix::kClass},
    {"ece", MatchKind::kEce},
    {"ece_mass", MatchKind::kEceMass},
    {"auc", MatchKind::kAuc},
    {"auc_ovr", MatchKind::kAucOvr},
    {"auc", MatchKind::kAucOfClass, Suffix::kClass},
}};
constexpr std::array kClassKinds = {MatchKind::kPrecision, MatchKind::kRecall, MatchKind::kF1,
                                    MatchKind::kSupport};

std::string_view NameOf(MatchKind kind) {
  return std::ranges::find(kMetricNames, kind, &MetricName::kind)->name;
}

std::string MetricText(const MatchMetric& metric) {
  const std::string_view name = NameOf(metric.kind);
  if (metric.kind == MatchKind::kAccuracyAtK) {
    return absl::StrFormat("%s@%d", name, metric.k);
  }
  return metric.label.empty() ? std::string(name) : absl::StrFormat("%s[%s]", name, metric.label);
}

std::string EveryName() {
  std::vector<std::string> names;
  for (const MetricName& name : kMetricNames) {
    if (NameOf(name.kind) == name.name) {
      names.push_back(absl::StrFormat("%s%s", name.name,
                                      name.suffix == Suffix::kK       ? "@k"
                                      : name.suffix == Suffix::kClass ? "[LABEL]"
                                                                      : ""));
    }
  }
  return absl::StrJoin(names, ", ");
}

std::optional<int> ParseCount(std::string_view text, int most) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_count =
      error == std::errc() && end == text.data() + text.size() && count >= 1 && count <= most;
  return is_count ? std::optional(count) : std::nullopt;
}

std::optional<double> ParseReal(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number =
      error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
  return is_number ? std::optional(number) : std::nullopt;
}

// The shortest text that reads back as `number`.
std::string ShortestText(double number) {
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return std::string(buffer.data(), end);
}

std::optional<MatchMetric> ParseMetric(std::string_view option) {
  std::string_view name = option;
  MatchMetric metric;
  Suffix suffix = Suffix::kNone;
  if (const std::size_t bracket = option.find('[');
      bracket != std::string_view::npos && option.ends_with(']')) {
    suffix = Suffix::kClass;
    name = option.substr(0, bracket);
    metric.label = option.substr(bracket + 1, option.size() - bracket - 2);
  } else if (const std::size_t at = option.find('@'); at != std::string_view::npos) {
    suffix = Suffix::kK;
    name = option.substr(0, at);
    const std::optional<int> k = ParseCount(option.substr(at + 1), static_cast<int>(kMaxLabels));
    if (!k) {
      return std::nullopt;
    }
    metric.k = *k;
  }
  for (const MetricName& known : kMetricNames) {
    if (known.name == name && known.suffix == suffix &&
        (suffix != Suffix::kClass || !metric.label.empty())) {
      metric.kind = known.kind;
      return metric;
    }
  }
  return std::nullopt;
}

// `A|B|C`, where a backslash keeps `|` and `\` what they are.
std::vector<std::string> SplitLabels(std::string_view text) {
  std::vector<std::string> labels(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '|' || text[i + 1] == '\\')) {
      labels.back().push_back(text[++i]);
    } else if (text[i] == '|') {
      labels.emplace_back();
    } else {
      labels.back().push_back(text[i]);
    }
  }
  return labels;
}

std::string JoinLabels(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) {
    text += text.empty() ? "" : "|";
    for (const char c : label) {
      if (c == '|' || c == '\\') {
        text.push_back('\\');
      }
      text.push_back(c);
    }
  }
  return text;
}

absl::Status Fault(std::string_view option, std::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrFormat("ground_truth_match: option '%s': %s", option, problem));
}

absl::Status SetLabels(std::string_view value, MatchPlan& plan) {
  plan.labels = SplitLabels(value);
  std::set<std::string_view> seen;
  for (const std::string& label : plan.labels) {
    if (label.empty() || label.ends_with('\\')) {
      return Fault("labels", "a label may not be empty or end in a backslash");
    }
    if (!seen.insert(label).second) {
      return Fault("labels", absl::StrFormat("'%s' is named twice", label));
    }
  }
  if (plan.labels.size() < 2 || plan.labels.size() > kMaxLabels) {
    return Fault("labels", "want 2 to 10,000 labels, as in labels=A|B|C");
  }
  return absl::OkStatus();
}

absl::Status SetTolerance(std::string_view name, std::string_view value, double& tolerance) {
  const std::optional<double> number = ParseReal(value);
  if (!number || *number < 0) {
    return Fault(name, absl::StrFormat("'%s' is no number >= 0", value));
  }
  tolerance = *number;
  return absl::OkStatus();
}

absl::Status SetSetting(std::string_view name, std::string_view value, MatchPlan& plan) {
  if (name == "labels") {
    return SetLabels(value, plan);
  }
  if (name == "positive") {
    plan.positive = value;
    return absl::OkStatus();
  }
  if (name == "atol") {
    return SetTolerance(name, value, plan.absolute_tolerance);
  }
  if (name == "rtol") {
    return SetTolerance(name, value, plan.relative_tolerance);
  }
  if (name == "steps") {
    const absl::StatusOr<NormalizationSteps> steps = ParseSteps(value);
    if (!steps.ok()) {
      return Fault(name, std::string(steps.status().message()));
    }
    plan.steps = *steps;
    return absl::OkStatus();
  }
  if (name == "pattern") {
    plan.pattern = value;
    const absl::Status status = CheckPattern(plan.pattern);
    return status.ok() ? status : Fault(name, std::string(status.message()));
  }
  if (name == "clip") {
    const std::optional<double> clip = ParseReal(value);
    if (!clip || *clip <= 0 || *clip >= 0.5) {
      return Fault(name, absl::StrFormat("'%s' is no number above 0 and below 0.5", value));
    }
    plan.clip = *clip;
    return absl::OkStatus();
  }
  if (name == "bins") {
    const std::optional<int> bins = ParseCount(value, kMaxBins);
    if (!bins) {
      return Fault(name, absl::StrFormat("'%s' is no number from 1 to 1000", value));
    }
    plan.num_bins = *bins;
    return absl::OkStatus();
  }
  if (name == "edges") {
    if (value != "right" && value != "left") {
      return Fault(name, "want right (a bin holds its upper edge) or left (its lower edge)");
    }
    plan.edges = value == "right" ? BinEdges::kRightClosed : BinEdges::kLeftClosed;
    return absl::OkStatus();
  }
  return Fault(name,
               "no such setting; there are labels, positive, steps, atol, rtol, pattern, clip, "
               "bins, edges");
}

bool Uses(const MatchPlan& plan, auto predicate) {
  return std::ranges::any_of(plan.metrics, predicate, &MatchMetric::kind);
}
bool Has(const MatchPlan& plan, MatchKind kind) {
  return Uses(plan, [kind](MatchKind other) { return other == kind; });
}

// Is there a metric that setting `name` changes?
bool IsUsed(std::string_view name, const MatchPlan& plan) {
  if (name == "labels") {
    return Has(plan, MatchKind::kAccuracy) || Uses(plan, CountsLabels) || Uses(plan, ReadsScores);
  }
  if (name == "positive") {
    return Has(plan, MatchKind::kAuc);
  }
  if (name == "steps") {
    return Has(plan, MatchKind::kNormalizedMatch);
  }
  if (name == "pattern") {
    return Has(plan, MatchKind::kRegexMatch);
  }
  if (name == "clip") {
    return Has(plan, MatchKind::kNll);
  }
  if (name == "edges") {
    return Has(plan, MatchKind::kEce);
  }
  if (name == "bins") {
    return Has(plan, MatchKind::kEce) || Has(plan, MatchKind::kEceMass);
  }
  return Has(plan, MatchKind::kNumericMatch);
}

bool IsDeclared(const MatchPlan& plan, const std::string& label) {
  return std::ranges::find(plan.labels, label) != plan.labels.end();
}

absl::Status CheckMetric(const MatchMetric& metric, const MatchPlan& plan) {
  const std::string text = MetricText(metric);
  if (ReadsScores(metric.kind) && plan.labels.empty()) {
    return Fault(text, "needs labels=A|B|..., in the order of the components of probabilities");
  }
  if (metric.kind == MatchKind::kAccuracyAtK &&
      static_cast<std::size_t>(metric.k) > plan.labels.size()) {
    return Fault(text, absl::StrFormat("there are only %d labels", plan.labels.size()));
  }
  if (!metric.label.empty() && !plan.labels.empty() && !IsDeclared(plan, metric.label)) {
    return Fault(text, "the label is not among labels=");
  }
  if (metric.kind == MatchKind::kAuc && plan.positive.empty()) {
    return Fault(text, "needs positive=LABEL when there are more than two labels; or auc_ovr");
  }
  return absl::OkStatus();
}

void AddClassMetrics(MatchPlan& plan) {
  for (const MatchKind kind : kClassKinds) {
    for (const std::string& label : plan.labels) {
      plan.metrics.push_back({.kind = kind, .label = label});
    }
  }
}

// By kind, then k, then label: in declared order, else by text.
void SortMetrics(MatchPlan& plan) {
  const auto place = [&plan](const MatchMetric& metric) {
    return std::ranges::find(plan.labels, metric.label) - plan.labels.begin();
  };
  std::ranges::sort(plan.metrics, [&](const MatchMetric& a, const MatchMetric& b) {
    return std::tuple(a.kind, a.k, place(a), std::string_view(a.label)) <
           std::tuple(b.kind, b.k, place(b), std::string_view(b.label));
  });
  plan.metrics.erase(std::unique(plan.metrics.begin(), plan.metrics.end()), plan.metrics.end());
}

}  // namespace

absl::StatusOr<MatchPlan> ParseMatchPlan(const std::vector<std::string>& options) {
  MatchPlan plan;
  std::set<std::string, std::less<>> settings;
  for (const std::string& option : options) {
    if (const std::optional<MatchMetric> metric = ParseMetric(option)) {
      plan.metrics.push_back(*metric);
      continue;
    }
    if (option == kPerClass) {
      plan.has_every_class = true;
      continue;
    }
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrFormat("ground_truth_match: unknown metric '%s'; there are %s, %s", option,
                          EveryName(), kPerClass));
    }
    const std::string name = option.substr(0, equals);
    if (!settings.insert(name).second) {
      return Fault(name, "is given twice");
    }
    const absl::Status status = SetSetting(name, std::string_view(option).substr(equals + 1), plan);
    if (!status.ok()) {
      return status;
    }
  }
  if (plan.has_every_class) {
    if (plan.labels.empty()) {
      return Fault(kPerClass, "needs labels=A|B|...");
    }
    AddClassMetrics(plan);
  }
  if (plan.metrics.empty()) {
    plan.metrics = {{.kind = MatchKind::kAccuracy}, {.kind = MatchKind::kMacroF1}};
  }
  for (const std::string& name : settings) {
    if (!IsUsed(name, plan)) {
      return Fault(name, "no metric that is asked for uses it");
    }
  }
  if (!plan.positive.empty() && !IsDeclared(plan, plan.positive)) {
    return Fault("positive", absl::StrFormat("'%s' is not among labels=", plan.positive));
  }
  if (plan.positive.empty() && plan.labels.size() == 2 && Has(plan, MatchKind::kAuc)) {
    plan.positive = plan.labels[1];
  }
  SortMetrics(plan);
  for (const MatchMetric& metric : plan.metrics) {
    if (const absl::Status status = CheckMetric(metric, plan); !status.ok()) {
      return status;
    }
  }
  return plan;
}

std::vector<std::string> MatchOptions(const MatchPlan& plan) {
  std::vector<std::string> options;
  for (const MatchMetric& metric : plan.metrics) {
    const bool is_of_every_class =
        plan.has_every_class && std::ranges::find(kClassKinds, metric.kind) != kClassKinds.end();
    if (!is_of_every_class) {
      options.push_back(MetricText(metric));
    }
  }
  if (plan.has_every_class) {
    options.emplace_back(kPerClass);
  }
  const MatchPlan usual;
  const auto add = [&](bool differs, std::string_view name, const std::string& value) {
    if (differs) {
      options.push_back(absl::StrFormat("%s=%s", name, value));
    }
  };
  add(!plan.labels.empty(), "labels", JoinLabels(plan.labels));
  add(!plan.positive.empty(), "positive", plan.positive);
  add(plan.steps != usual.steps, "steps", StepsText(plan.steps));
  add(plan.absolute_tolerance > 0, "atol", ShortestText(plan.absolute_tolerance));
  add(plan.relative_tolerance > 0, "rtol", ShortestText(plan.relative_tolerance));
  add(!plan.pattern.empty(), "pattern", plan.pattern);
  add(plan.clip != usual.clip, "clip", ShortestText(plan.clip));
  add(plan.num_bins != usual.num_bins, "bins", std::to_string(plan.num_bins));
  add(plan.edges != usual.edges, "edges", "left");
  return options;
}

std::vector<std::string> EveryMatchOption() {
  std::vector<std::string> options;
  for (const MetricName& name : kMetricNames) {
    if (NameOf(name.kind) != name.name) {
      continue;
    }
    if (name.suffix == Suffix::kNone) {
      options.emplace_back(name.name);
    } else if (name.suffix == Suffix::kK) {
      options.push_back(absl::StrFormat("%s@2", name.name));
    } else {
      options.push_back(absl::StrFormat("%s[yes]", name.name));
    }
  }
  options.emplace_back("labels=no|yes");
  return options;
}

}  // namespace assay
