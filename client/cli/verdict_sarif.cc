#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/comparison_view.h"
#include "client/cli/json_writer.h"
#include "client/cli/verdict_report.h"
#include "client/cpp/references.h"

namespace assay::cli {
namespace {

// The most results that code hosts read of one run.
constexpr std::size_t kMaxResults = 5'000;

// SARIF's `message`.
JsonObject Message(std::string_view text) {
  JsonObject message;
  message.Text("text", text);
  return message;
}

// `path` as a URI reference (RFC 3986): relative paths stay relative.
std::string PathUri(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/";
  std::string uri = path.starts_with("/") ? "file://" : "";
  for (const char c : path) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || kPlain.find(c) != std::string_view::npos;
    uri += is_plain ? std::string(1, c) : absl::StrFormat("%%%02X", static_cast<unsigned char>(c));
  }
  return uri;
}

// What a rule is about.
struct Rule {
  std::string id;
  std::string description;
};

std::string GateRuleId(const v1::Gate& gate) {
  return absl::StrFormat("%s/%s", gate.metric(), LimitKey(gate));
}

std::string GateRuleText(const v1::Gate& gate) {
  switch (gate.limit_case()) {
    case v1::Gate::kMaxFlips:
      return absl::StrFormat(
          "The share of rows that were right and are wrong now by %s is bounded.", gate.metric());
    case v1::Gate::kMaxChanged:
      return "The share of rows whose answer changed is bounded.";
    default:
      return absl::StrFormat("%s must not get worse by more than the policy's %s.", gate.metric(),
                             LimitKey(gate));
  }
}

class SarifLog {
 public:
  explicit SarifLog(const VerdictReport& report) : report_(report) {}

  std::string Text() {
    AddFairness();
    for (const v1::BudgetResult& budget : report_.comparison.budgets()) {
      AddBudget(budget);
    }
    for (int gate = 0; gate < report_.comparison.gates_size(); ++gate) {
      AddGate(gate);
    }
    JsonObject automation;
    automation.Text("id", absl::StrFormat("assay/%s/",
                                          client::ShortName(report_.comparison.dataset_version())));
    JsonList invocations;
    invocations.Add(Invocation());
    JsonObject run;
    run.Object("tool", Tool());
    run.Raw("invocations", invocations.Json());
    run.Object("automationDetails", automation);
    run.Raw("results", results_.Json());
    run.Object("properties", RunProperties());
    JsonList runs;
    runs.Add(run);
    JsonObject log;
    log.Text("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    log.Text("version", "2.1.0");
    log.Raw("runs", runs.Json());
    return log.Json() + "\n";
  }

 private:
  // A result of `rule` at the line of `gate` in the policy; -1: of the whole policy. `check` tells
  // the same finding in two runs.
  void AddResult(const Rule& rule, std::string_view level, std::string_view message, int gate,
                 std::string_view check, const JsonObject& properties) {
    if (results_.size() >= kMaxResults) {
      ++num_left_out_;
      return;
    }
    auto found = std::find_if(rules_.begin(), rules_.end(),
                              [&rule](const Rule& each) { return each.id == rule.id; });
    if (found == rules_.end()) {
      found = rules_.insert(rules_.end(), rule);
    }
    JsonList locations;
    locations.Add(Location(gate));
    JsonObject fingerprints;
    fingerprints.Text("assayCheck/v1", check);
    JsonObject result;
    result.Text("ruleId", rule.id);
    result.Number("ruleIndex", static_cast<double>(found - rules_.begin()));
    result.Text("level", level);
    result.Object("message", Message(message));
    result.Raw("locations", locations.Json());
    result.Object("partialFingerprints", fingerprints);
    result.Object("properties", properties);
    results_.Add(result);
  }

  JsonObject Location(int gate) const {
    JsonObject location;
    if (report_.policy_path.empty()) {
      JsonObject logical;
      logical.Text("fullyQualifiedName",
                   client::ShortName(report_.comparison.candidate_model_version()));
      logical.Text("kind", "resource");
      JsonList logicals;
      logicals.Add(logical);
      location.Raw("logicalLocations", logicals.Json());
      return location;
    }
    const bool has_line = gate >= 0 && gate < static_cast<int>(report_.gate_lines.size());
    JsonObject artifact;
    artifact.Text("uri", PathUri(report_.policy_path));
    JsonObject region;
    region.Number("startLine", has_line ? report_.gate_lines[static_cast<std::size_t>(gate)] : 1);
    JsonObject physical;
    physical.Object("artifactLocation", artifact);
    physical.Object("region", region);
    location.Object("physicalLocation", physical);
    return location;
  }

  void AddFairness() {
    const v1::Comparison& comparison = report_.comparison;
    const bool is_failed = comparison.state() != v1::Comparison::SUCCEEDED;
    const bool is_unfair = comparison.fairness() == v1::Comparison::CONFOUNDED ||
                           comparison.fairness() == v1::Comparison::UNPROVEN;
    const bool is_refused = IsRefusedAtOnce(comparison);
    if (!is_failed && !is_unfair && !is_refused) {
      return;
    }
    JsonObject properties;
    properties.Text("confounds", JoinedDifferences(comparison.confounds(), false));
    properties.Text("unproven", JoinedFields(comparison.unproven()));
    AddResult({.id = "comparison/fair",
               .description = "The two sides differ in nothing but the model, as claimed."},
              is_failed || is_refused ? "error" : "warning", FairnessSentence(comparison), -1,
              "comparison/fair", properties);
  }

  void AddBudget(const v1::BudgetResult& budget) {
    if (budget.verdict() == v1::VERDICT_PASS) {
      return;
    }
    JsonObject properties;
    properties.Text("verdict", VerdictWord(budget.verdict()));
    properties.Number("limit", budget.limit());
    AddResult({.id = "budget/" + budget.name(),
               .description = absl::StrFormat("%s is %s.", budget.name(), BudgetLimit(budget))},
              "error", budget.reason(), -1, "budget/" + budget.name(), properties);
  }

  void AddGate(int index) {
    const v1::GateResult& found = report_.comparison.gates(index);
    const v1::Gate& gate = found.gate();
    if (found.verdict() == v1::VERDICT_PASS) {
      return;
    }
    const bool is_undecided = found.verdict() == v1::VERDICT_INCONCLUSIVE;
    const bool is_shown_only =
        gate.tier() == v1::Gate::ADVISORY || (gate.tier() == v1::Gate::SUPPORTING && is_undecided);
    std::string message =
        absl::StrFormat("%s %s: %s", GateTitle(gate), VerdictWord(found.verdict()), found.reason());
    if (index < static_cast<int>(report_.gate_rows.size())) {
      message += RowsText(report_.gate_rows[static_cast<std::size_t>(index)]);
    }
    JsonObject properties;
    properties.Text("verdict", VerdictWord(found.verdict()));
    properties.Text("tier", TierWord(gate.tier()));
    properties.Text("cohort", gate.cohort());
    properties.Text("method", found.method());
    properties.Number("numRows", static_cast<double>(found.num_rows()));
    properties.Number("delta", Delta(found));
    properties.Number("lower", Lower(found));
    properties.Number("upper", Upper(found));
    properties.Number("pAdjusted", AdjustedP(found));
    AddResult({.id = GateRuleId(gate), .description = GateRuleText(gate)},
              is_shown_only  ? "note"
              : is_undecided ? "warning"
                             : "error",
              message, index, absl::StrFormat("%s/%s", GateRuleId(gate), gate.cohort()),
              properties);
  }

  // ` (traces: before ADDRESS, after ADDRESS)`; empty when the row names none.
  std::string TracesText(const v1::ComparisonRow& row) const {
    std::string text;
    for (const auto& [side, trace_id] : {std::pair("before", &row.baseline_trace_id()),
                                         std::pair("after", &row.candidate_trace_id())}) {
      if (!trace_id->empty()) {
        text += absl::StrFormat("%s%s %s", text.empty() ? " (traces: " : ", ", side,
                                TraceAddress(report_, *trace_id));
      }
    }
    return text.empty() ? text : text + ")";
  }

  // `. 74 rows got worse by accuracy; the worst 10 of them: k1, k2`.
  std::string RowsText(const v1::ListComparisonRowsResponse& rows) const {
    if (rows.rows_size() == 0) {
      return "";
    }
    std::string text = ". " + RowsTitle(rows) + ": ";
    for (int i = 0; i < rows.rows_size(); ++i) {
      text += (i == 0 ? "" : ", ") + rows.rows(i).key() + TracesText(rows.rows(i));
    }
    return text;
  }

  JsonObject Tool() const {
    JsonList rules;
    for (const Rule& rule : rules_) {
      JsonObject described;
      described.Text("id", rule.id);
      described.Object("shortDescription", Message(rule.description));
      rules.Add(described);
    }
    JsonObject driver;
    driver.Text("name", "Assay");
    driver.Text("version", ASSAY_VERSION);
    driver.Raw("rules", rules.Json());
    JsonObject tool;
    tool.Object("driver", driver);
    return tool;
  }

  JsonObject Invocation() const {
    const v1::Comparison& comparison = report_.comparison;
    JsonObject invocation;
    invocation.Bool("executionSuccessful", comparison.state() == v1::Comparison::SUCCEEDED);
    invocation.Number("exitCode", comparison.exit_code());
    invocation.Text("exitCodeDescription", Headline(comparison));
    if (comparison.has_create_time()) {
      invocation.Text("startTimeUtc",
                      google::protobuf::util::TimeUtil::ToString(comparison.create_time()));
    }
    if (comparison.has_end_time()) {
      invocation.Text("endTimeUtc",
                      google::protobuf::util::TimeUtil::ToString(comparison.end_time()));
    }
    std::vector<std::string> notes(comparison.warnings().begin(), comparison.warnings().end());
    if (num_left_out_ > 0) {
      notes.push_back(absl::StrFormat("%d more results are left out", num_left_out_));
    }
    JsonList notifications;
    for (const std::string& note : notes) {
      JsonObject notification;
      notification.Text("level", "warning");
      notification.Object("message", Message(note));
      notifications.Add(notification);
    }
    invocation.Raw("toolExecutionNotifications", notifications.Json());
    return invocation;
  }

  JsonObject RunProperties() const {
    const v1::Comparison& comparison = report_.comparison;
    JsonObject properties;
    properties.Text("verdict", Headline(comparison));
    properties.Text("summary", Sentence(comparison));
    properties.Text("fairness", FairnessWord(comparison));
    properties.Text("page", ComparisonAddress(report_));
    if (!comparison.trace_id().empty()) {
      properties.Text("trace", TraceAddress(report_, comparison.trace_id()));
    }
    properties.Text("comparison", comparison.name());
    properties.Text("baseline", comparison.baseline_model_version());
    properties.Text("candidate", comparison.candidate_model_version());
    properties.Text("dataset", comparison.dataset_version());
    properties.Text("datasetDigest", comparison.candidate_dataset_digest());
    return properties;
  }

  const VerdictReport& report_;
  JsonList results_;
  std::vector<Rule> rules_;
  int num_left_out_ = 0;
};

}  // namespace

std::string VerdictSarif(const VerdictReport& report) { return SarifLog(report).Text(); }

}  // namespace assay::cli
