#include <google/protobuf/util/time_util.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/comparison_view.h"
#include "client/cli/numbers.h"
#include "client/cli/verdict_report.h"
#include "client/cli/xml_text.h"
#include "client/cpp/references.h"

namespace assay::cli {
namespace {

enum class CaseOutcome { kPassed, kFailed, kError, kSkipped };

using Properties = std::vector<std::pair<std::string, std::string>>;

struct TestCase {
  std::string class_name;
  std::string name;
  CaseOutcome outcome = CaseOutcome::kPassed;
  std::string type;     // of what is not passed: the verdict
  std::string message;  // why
  std::string body;     // more lines below the message, already escaped
  Properties properties;
};

CaseOutcome OutcomeOf(v1::Verdict verdict, bool stops) {
  switch (verdict) {
    case v1::VERDICT_REGRESSED:
      return stops ? CaseOutcome::kFailed : CaseOutcome::kSkipped;
    case v1::VERDICT_REFUSED:
      return stops ? CaseOutcome::kError : CaseOutcome::kSkipped;
    case v1::VERDICT_INCONCLUSIVE:
      return CaseOutcome::kSkipped;
    default:
      return CaseOutcome::kPassed;
  }
}

void AddProperty(std::string name, std::string value, Properties& properties) {
  if (!value.empty()) {
    properties.emplace_back(std::move(name), std::move(value));
  }
}

std::string Score(bool has_score, double score) {
  return has_score ? NumberText(score) : std::string("-");
}

// `  k00007  1 -> 0  expected: yes  before: yes  after: no`, escaped.
std::string RowLine(const v1::ComparisonRow& row) {
  std::string line = absl::StrFormat("\n  %s  %s -&gt; %s", XmlText(row.key()),
                                     Score(row.has_baseline_score(), row.baseline_score()),
                                     Score(row.has_candidate_score(), row.candidate_score()));
  for (const auto& [title, text] :
       {std::pair("expected", row.expected()), std::pair("before", row.baseline_output()),
        std::pair("after", row.candidate_output())}) {
    if (!text.empty()) {
      line += absl::StrFormat("  %s: %s", title, XmlText(text));
    }
  }
  return line;
}

// Rows in the text, and where to find them and their traces in the properties.
void AddRows(const VerdictReport& report, const v1::ListComparisonRowsResponse& rows,
             TestCase& test) {
  if (rows.rows_size() == 0) {
    return;
  }
  test.body += absl::StrFormat("\n%s:", XmlText(RowsTitle(rows)));
  AddProperty("rows_worse", absl::StrFormat("%d", rows.total_rows()), test.properties);
  for (int i = 0; i < rows.rows_size(); ++i) {
    const v1::ComparisonRow& row = rows.rows(i);
    test.body += RowLine(row);
    AddProperty(absl::StrFormat("row.%d.key", i + 1), row.key(), test.properties);
    AddProperty(absl::StrFormat("row.%d.page", i + 1), RowAddress(report, row), test.properties);
    for (const auto& [side, trace_id] : {std::pair("baseline", row.baseline_trace_id()),
                                         std::pair("candidate", row.candidate_trace_id())}) {
      if (!trace_id.empty()) {
        AddProperty(absl::StrFormat("row.%d.%s_trace", i + 1, side), TraceAddress(report, trace_id),
                    test.properties);
      }
    }
  }
}

TestCase GateCase(const VerdictReport& report, int index) {
  const v1::GateResult& result = report.comparison.gates(index);
  const v1::Metric& metric = MetricOf(report.comparison, result.gate());
  const MetricStyle numbers = StyleOf(metric);
  const bool is_advisory = result.gate().tier() == v1::Gate::ADVISORY;
  TestCase test;
  test.class_name = "assay.gate." + result.gate().metric();
  test.name = GateTitle(result.gate());
  test.outcome = OutcomeOf(result.verdict(), !is_advisory);
  test.type = std::string(VerdictWord(result.verdict()));
  test.message =
      absl::StrFormat("%s%s: %s", is_advisory ? "advisory, " : "", test.type, result.reason());
  Properties& properties = test.properties;
  AddProperty("verdict", test.type, properties);
  AddProperty("tier", TierWord(result.gate().tier()), properties);
  AddProperty("rows", absl::StrFormat("%d", result.num_rows()), properties);
  if (result.has_delta()) {
    AddProperty("delta", numbers.Delta(Delta(result)), properties);
    AddProperty("interval", numbers.Interval(Lower(result), Upper(result)), properties);
  }
  AddProperty("p_adjusted", ProbabilityText(AdjustedP(result)), properties);
  AddProperty("method", result.method(), properties);
  if (result.has_rows_needed()) {
    AddProperty("rows_needed", absl::StrFormat("%d", result.rows_needed()), properties);
  }
  if (index < static_cast<int>(report.gate_rows.size())) {
    AddRows(report, report.gate_rows[static_cast<std::size_t>(index)], test);
  }
  return test;
}

TestCase BudgetCase(const v1::BudgetResult& budget) {
  TestCase test;
  test.class_name = "assay.budget";
  test.name = absl::StrFormat("%s: %s", budget.name(), BudgetLimit(budget));
  test.outcome = OutcomeOf(budget.verdict(), true);
  test.type = std::string(VerdictWord(budget.verdict()));
  test.message = absl::StrFormat("%s: %s", test.type, budget.reason());
  return test;
}

// Whether the sides could be compared at all.
TestCase FairnessCase(const VerdictReport& report) {
  const v1::Comparison& comparison = report.comparison;
  TestCase test;
  test.class_name = "assay.comparison";
  test.name = "the sides may be compared";
  test.type = FairnessWord(comparison);
  test.message = FairnessSentence(comparison);
  const bool is_unfair = comparison.fairness() == v1::Comparison::CONFOUNDED ||
                         comparison.fairness() == v1::Comparison::UNPROVEN;
  if (comparison.state() != v1::Comparison::SUCCEEDED) {
    test.outcome = CaseOutcome::kError;
    test.type = "failed";
  } else if (IsRefusedAtOnce(comparison)) {
    test.outcome = CaseOutcome::kError;
  } else if (is_unfair) {
    test.outcome = CaseOutcome::kSkipped;
  }
  AddProperty("confounds", JoinedDifferences(comparison.confounds(), false), test.properties);
  AddProperty("unproven", JoinedFields(comparison.unproven()), test.properties);
  return test;
}

std::string PropertiesBlock(const Properties& properties, std::string_view indent) {
  if (properties.empty()) {
    return "";
  }
  std::string text = absl::StrFormat("%s<properties>\n", indent);
  for (const auto& [name, value] : properties) {
    text += absl::StrFormat("%s  <property name=\"%s\" value=\"%s\"/>\n", indent, XmlText(name),
                            XmlText(value));
  }
  return text + absl::StrFormat("%s</properties>\n", indent);
}

std::string CaseBlock(const TestCase& test) {
  std::string text = absl::StrFormat("    <testcase classname=\"%s\" name=\"%s\">\n",
                                     XmlText(test.class_name), XmlText(test.name));
  text += PropertiesBlock(test.properties, "      ");
  const std::string message = XmlText(test.message);
  switch (test.outcome) {
    case CaseOutcome::kPassed:
      break;
    case CaseOutcome::kSkipped:
      text += absl::StrFormat("      <skipped message=\"%s\"/>\n", message);
      break;
    case CaseOutcome::kFailed:
    case CaseOutcome::kError: {
      const std::string_view element = test.outcome == CaseOutcome::kFailed ? "failure" : "error";
      // Some readers show the attribute alone, some the text alone.
      text += absl::StrFormat("      <%s message=\"%s\" type=\"%s\">%s%s</%s>\n", element, message,
                              XmlText(test.type), message, test.body, element);
      break;
    }
  }
  if (test.outcome == CaseOutcome::kPassed || test.outcome == CaseOutcome::kSkipped) {
    text += absl::StrFormat("      <system-out>%s%s</system-out>\n", message, test.body);
  }
  return text + "    </testcase>\n";
}

Properties SuiteProperties(const VerdictReport& report) {
  const v1::Comparison& comparison = report.comparison;
  Properties properties;
  AddProperty("verdict", Headline(comparison), properties);
  AddProperty("exit_code", absl::StrFormat("%d", comparison.exit_code()), properties);
  AddProperty("summary", Sentence(comparison), properties);
  AddProperty("page", ComparisonAddress(report), properties);
  if (!comparison.trace_id().empty()) {
    AddProperty("trace", TraceAddress(report, comparison.trace_id()), properties);
  }
  AddProperty("fairness", FairnessWord(comparison), properties);
  AddProperty("comparison", comparison.name(), properties);
  AddProperty("baseline", comparison.baseline_model_version(), properties);
  AddProperty("candidate", comparison.candidate_model_version(), properties);
  AddProperty("baseline_run", comparison.baseline_run(), properties);
  AddProperty("candidate_run", comparison.candidate_run(), properties);
  AddProperty("dataset", comparison.dataset_version(), properties);
  AddProperty("dataset_digest", comparison.candidate_dataset_digest(), properties);
  AddProperty("baseline_result_digest", comparison.baseline_result_digest(), properties);
  AddProperty("candidate_result_digest", comparison.candidate_result_digest(), properties);
  AddProperty("claim", comparison.claim(), properties);
  AddProperty("policy", comparison.policy().source(), properties);
  AddProperty("paired_rows", absl::StrFormat("%d", comparison.num_paired()), properties);
  if (comparison.num_draws() > 0) {
    AddProperty("seed", absl::StrFormat("%d", comparison.seed()), properties);
    AddProperty("draws", absl::StrFormat("%d", comparison.num_draws()), properties);
  }
  if (comparison.has_baseline()) {
    AddProperty("baseline_use", BaselineText(comparison.baseline()), properties);
  }
  for (const std::string& warning : comparison.warnings()) {
    AddProperty("warning", warning, properties);
  }
  return properties;
}

int CountOf(const std::vector<TestCase>& tests, CaseOutcome outcome) {
  int count = 0;
  for (const TestCase& test : tests) {
    count += test.outcome == outcome ? 1 : 0;
  }
  return count;
}

}  // namespace

std::string VerdictJunit(const VerdictReport& report) {
  const v1::Comparison& comparison = report.comparison;
  std::vector<TestCase> tests = {FairnessCase(report)};
  for (const v1::BudgetResult& budget : comparison.budgets()) {
    tests.push_back(BudgetCase(budget));
  }
  for (int gate = 0; gate < comparison.gates_size(); ++gate) {
    tests.push_back(GateCase(report, gate));
  }
  const std::string counts =
      absl::StrFormat("tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"", tests.size(),
                      CountOf(tests, CaseOutcome::kFailed), CountOf(tests, CaseOutcome::kError),
                      CountOf(tests, CaseOutcome::kSkipped));
  std::string text = absl::StrFormat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"assay\" %s>\n"
      "  <testsuite name=\"%s\" %s",
      counts,
      XmlText(absl::StrFormat("%s on %s", Sides(comparison, false),
                              client::ShortName(comparison.dataset_version()))),
      counts);
  if (comparison.has_create_time()) {
    text += absl::StrFormat(" timestamp=\"%s\"",
                            google::protobuf::util::TimeUtil::ToString(comparison.create_time()));
  }
  text += ">\n" + PropertiesBlock(SuiteProperties(report), "    ");
  for (const TestCase& test : tests) {
    text += CaseBlock(test);
  }
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace assay::cli
