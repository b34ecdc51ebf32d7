#include "evaluators/metrics/trec_eval_measures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace assay {
namespace {

using Content = TrecEvalMeasure::Content;
using Summary = TrecEvalMeasure::Summary;

enum class Parameters : std::uint8_t { kNone, kCutoffs, kRecallLevels };

constexpr std::string_view kDeepCutoffs = "5,10,15,20,30,100,200,500,1000";

struct TrecForm {
  std::string_view name;
  std::string_view measure;  // in our spelling, without cut-off
  Parameters parameters = Parameters::kNone;
  std::string_view usual;  // parameters when none are given
  bool is_official = false;
  Content content = Content::kScores;
  Summary summary = Summary::kMean;
  bool is_count = false;
};

// In the order in which trec_eval prints them (measures.c).
constexpr std::array<TrecForm, 17> kTrecForms = {{
    {.name = "runid", .is_official = true, .content = Content::kRunId},
    {.name = "num_q", .is_official = true, .content = Content::kNumQueries, .is_count = true},
    {.name = "num_ret",
     .measure = "num_ret",
     .is_official = true,
     .summary = Summary::kSum,
     .is_count = true},
    {.name = "num_rel",
     .measure = "num_rel",
     .is_official = true,
     .summary = Summary::kSum,
     .is_count = true},
    {.name = "num_rel_ret",
     .measure = "num_rel_ret",
     .is_official = true,
     .summary = Summary::kSum,
     .is_count = true},
    {.name = "map", .measure = "AP", .is_official = true},
    {.name = "gm_map", .measure = "AP", .is_official = true, .summary = Summary::kGeometricMean},
    {.name = "Rprec", .measure = "Rprec", .is_official = true},
    {.name = "bpref", .measure = "bpref", .is_official = true},
    {.name = "recip_rank", .measure = "RR", .is_official = true},
    {.name = "iprec_at_recall",
     .measure = "IPrec",
     .parameters = Parameters::kRecallLevels,
     .usual = "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1",
     .is_official = true},
    {.name = "P",
     .measure = "P",
     .parameters = Parameters::kCutoffs,
     .usual = kDeepCutoffs,
     .is_official = true},
    {.name = "recall", .measure = "R", .parameters = Parameters::kCutoffs, .usual = kDeepCutoffs},
    {.name = "ndcg", .measure = "nDCG"},
    {.name = "ndcg_cut",
     .measure = "nDCG",
     .parameters = Parameters::kCutoffs,
     .usual = kDeepCutoffs},
    {.name = "map_cut", .measure = "AP", .parameters = Parameters::kCutoffs, .usual = kDeepCutoffs},
    {.name = "success",
     .measure = "Success",
     .parameters = Parameters::kCutoffs,
     .usual = "1,5,10"},
}};

// What was asked of each form: its parameters, each once and ascending. Empty but present: a form
// without parameters.
using Asked = std::array<std::optional<std::vector<std::string>>, kTrecForms.size()>;

absl::Status Refuse(std::string_view name, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("measure '%s': %s", name, why));
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Takes lists apart at commas, but leaves numbers with the name that they are parameters of.
std::vector<std::string> SplitNames(std::span<const std::string> lists) {
  std::vector<std::string> names;
  for (const std::string& list : lists) {
    bool is_first = true;
    for (const absl::string_view piece : absl::StrSplit(list, ',')) {
      const std::string_view text(piece.data(), piece.size());
      if (!is_first && IsNumber(text)) {
        names.back() += ",";
        names.back() += text;
      } else {
        names.emplace_back(text);
      }
      is_first = false;
    }
  }
  return names;
}

double Value(const std::string& number) {
  double value = 0;
  return absl::SimpleAtod(number, &value) ? value : 0;
}

void Ask(std::size_t form, std::string_view parameters, Asked& asked) {
  std::vector<std::string>& values = asked[form].has_value() ? *asked[form] : asked[form].emplace();
  if (kTrecForms[form].parameters == Parameters::kNone) {
    return;
  }
  for (const absl::string_view value :
       absl::StrSplit(absl::string_view(parameters.data(), parameters.size()), ',')) {
    values.emplace_back(value.data(), value.size());
  }
  const auto is_less = [](const std::string& a, const std::string& b) {
    return Value(a) < Value(b);
  };
  std::sort(values.begin(), values.end(), is_less);
  values.erase(
      std::unique(values.begin(), values.end(),
                  [](const std::string& a, const std::string& b) { return Value(a) == Value(b); }),
      values.end());
}

// Our measure for `form` with one of its parameters, or without.
absl::StatusOr<TrecEvalMeasure> MakeMeasure(const TrecForm& form, const std::string& parameter,
                                            std::int32_t minimum_grade) {
  TrecEvalMeasure made = {.name = std::string(form.name),
                          .content = form.content,
                          .summary = form.summary,
                          .is_count = form.is_count,
                          .has_query_lines = form.content == Content::kScores &&
                                             form.summary != Summary::kGeometricMean};
  if (form.content != Content::kScores) {
    return made;
  }
  std::string spelling(form.measure);
  if (form.parameters != Parameters::kNone) {
    spelling += "@" + parameter;
  }
  const absl::StatusOr<RankingMeasure> measure = ParseRankingMeasure(spelling);
  if (!measure.ok()) {
    return Refuse(absl::StrFormat("%s.%s", form.name, parameter),
                  form.parameters == Parameters::kCutoffs
                      ? "the cut-off must be a whole number from 1 on"
                      : "the recall level must be a number from 0 to 1");
  }
  made.measure = *measure;
  if (form.parameters == Parameters::kCutoffs) {
    made.name += absl::StrFormat("_%d", made.measure.cutoff);
  } else if (form.parameters == Parameters::kRecallLevels) {
    made.name += absl::StrFormat("_%.2f", made.measure.recall_level);
  }
  if (TakesMinimumGrade(made.measure)) {
    made.measure.minimum_grade = minimum_grade;
  }
  return made;
}

// Whether `name` is one of trec_eval's; then it is asked for.
absl::StatusOr<bool> AskForTrecName(std::string_view name, Asked& asked) {
  if (name == "official" || name == "all_trec") {
    for (std::size_t i = 0; i < kTrecForms.size(); ++i) {
      if (kTrecForms[i].is_official || name == "all_trec") {
        Ask(i, kTrecForms[i].usual, asked);
      }
    }
    return true;
  }
  for (std::size_t i = 0; i < kTrecForms.size(); ++i) {
    const TrecForm& form = kTrecForms[i];
    if (name == form.name) {
      Ask(i, form.usual, asked);
      return true;
    }
    if (!name.starts_with(form.name)) {
      continue;
    }
    const std::string_view rest = name.substr(form.name.size());
    const bool is_printed_name = rest.starts_with('_') && IsNumber(rest.substr(1));
    if (!rest.starts_with('.') && !is_printed_name) {
      continue;
    }
    if (form.parameters == Parameters::kNone) {
      return Refuse(name, absl::StrFormat("%s takes no parameters", form.name));
    }
    Ask(i, rest.substr(1), asked);
    return true;
  }
  return false;
}

absl::Status AppendOurs(const std::string& name, std::int32_t minimum_grade,
                        std::vector<TrecEvalMeasure>& measures) {
  absl::StatusOr<RankingMeasure> measure = ParseRankingMeasure(name);
  if (!measure.ok()) {
    std::vector<std::string> known;
    known.reserve(std::size(kTrecForms));
    for (const TrecForm& form : kTrecForms) {
      known.emplace_back(form.name);
    }
    return absl::InvalidArgumentError(
        absl::StrFormat("%s; trec_eval's names are official, all_trec, %s",
                        std::string(measure.status().message()), absl::StrJoin(known, ", ")));
  }
  if (name.find("rel=") == std::string::npos && TakesMinimumGrade(*measure)) {
    measure->minimum_grade = minimum_grade;
  }
  for (const TrecEvalMeasure& other : measures) {
    if (other.content == Content::kScores && other.name == FormatRankingMeasure(*measure)) {
      return absl::OkStatus();
    }
  }
  const bool is_count = measure->name == RankingMeasure::Name::kNumRanked ||
                        measure->name == RankingMeasure::Name::kNumRelevant ||
                        measure->name == RankingMeasure::Name::kNumRelevantRanked;
  measures.push_back({.name = FormatRankingMeasure(*measure),
                      .measure = *measure,
                      .summary = is_count ? Summary::kSum : Summary::kMean,
                      .is_count = is_count});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<TrecEvalMeasure>> ParseTrecEvalMeasures(
    std::span<const std::string> names, std::int32_t minimum_grade) {
  Asked asked;
  std::vector<std::string> ours;
  for (std::string& name : SplitNames(names)) {
    const absl::StatusOr<bool> is_trec_name = AskForTrecName(name, asked);
    if (!is_trec_name.ok()) {
      return is_trec_name.status();
    }
    if (!*is_trec_name) {
      ours.push_back(std::move(name));
    }
  }
  std::vector<TrecEvalMeasure> measures;
  for (std::size_t i = 0; i < kTrecForms.size(); ++i) {
    if (!asked[i].has_value()) {
      continue;
    }
    if (kTrecForms[i].parameters == Parameters::kNone) {
      asked[i] = {""};
    }
    for (const std::string& parameter : *asked[i]) {
      absl::StatusOr<TrecEvalMeasure> measure =
          MakeMeasure(kTrecForms[i], parameter, minimum_grade);
      if (!measure.ok()) {
        return measure.status();
      }
      measures.push_back(*std::move(measure));
    }
  }
  for (const std::string& name : ours) {
    if (absl::Status status = AppendOurs(name, minimum_grade, measures); !status.ok()) {
      return status;
    }
  }
  return measures;
}

std::optional<double> Summarize(Summary summary, std::span<const double> values) {
  constexpr double kLeast = 0.00001;  // MIN_GEO_MEAN of trec_eval
  double sum = 0;
  std::int64_t count = 0;
  for (const double value : values) {
    if (std::isnan(value)) {
      continue;
    }
    sum += summary == Summary::kGeometricMean ? std::log(std::max(value, kLeast)) : value;
    ++count;
  }
  if (count == 0) {
    return std::nullopt;
  }
  switch (summary) {
    case Summary::kSum:
      return sum;
    case Summary::kMean:
      return sum / static_cast<double>(count);
    case Summary::kGeometricMean:
      return std::exp(sum / static_cast<double>(count));
  }
  return std::nullopt;
}

}  // namespace assay
