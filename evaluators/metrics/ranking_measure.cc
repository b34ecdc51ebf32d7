#include "evaluators/metrics/ranking_measure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace assay {
namespace {

using Name = RankingMeasure::Name;

enum class Cutoff : std::uint8_t { kNone, kOptional, kRequired, kRecallLevel };

struct MeasureForm {
  std::string_view name;
  Name measure;
  Cutoff cutoff;
  bool takes_grade;
};

constexpr std::array<MeasureForm, 15> kForms = {{
    {"nDCG", Name::kNdcg, Cutoff::kOptional, false},
    {"AP", Name::kAp, Cutoff::kOptional, true},
    {"RR", Name::kReciprocalRank, Cutoff::kOptional, true},
    {"R", Name::kRecall, Cutoff::kRequired, true},
    {"P", Name::kPrecision, Cutoff::kRequired, true},
    {"Success", Name::kSuccess, Cutoff::kRequired, true},
    {"Rprec", Name::kRPrecision, Cutoff::kNone, true},
    {"Judged", Name::kJudged, Cutoff::kRequired, false},
    {"bpref", Name::kBpref, Cutoff::kNone, true},
    {"IPrec", Name::kInterpolatedPrecision, Cutoff::kRecallLevel, true},
    {"num_ret", Name::kNumRanked, Cutoff::kNone, false},
    {"num_rel", Name::kNumRelevant, Cutoff::kNone, true},
    {"num_rel_ret", Name::kNumRelevantRanked, Cutoff::kNone, true},
    {"nDCG_exp", Name::kNdcgExponential, Cutoff::kOptional, false},
    {"R_cap", Name::kRecallCapped, Cutoff::kRequired, true},
}};

const MeasureForm& FormOf(Name name) { return kForms[static_cast<std::size_t>(name)]; }

absl::Status Refuse(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("metric '%s': %s", text, why));
}

// A whole number from 1 on, digits only.
std::optional<std::int32_t> ParsePositive(std::string_view text) {
  const bool is_digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  std::int32_t value = 0;
  if (!is_digits || !absl::SimpleAtoi(std::string(text), &value) || value < 1) {
    return std::nullopt;
  }
  return value;
}

// A number from 0 to 1, plainly written.
std::optional<double> ParseShare(std::string_view text) {
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '.';
  });
  double value = 0;
  if (!is_plain || !absl::SimpleAtod(std::string(text), &value) || value > 1) {
    return std::nullopt;
  }
  return value;
}

// log2(rank + 1), by which nDCG divides the gain at `rank`.
double Logarithm(std::int64_t rank) {
  static const std::array<double, 1024> kTable = [] {
    std::array<double, 1024> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
      table[i] = std::log2(static_cast<double>(i + 1));
    }
    return table;
  }();
  return rank < std::ssize(kTable) ? kTable[static_cast<std::size_t>(rank)]
                                   : std::log2(static_cast<double>(rank + 1));
}

std::int64_t DeepestRank(const RankingMeasure& measure) {
  return measure.cutoff > 0 ? measure.cutoff : std::numeric_limits<std::int64_t>::max();
}

std::int64_t NumRelevant(const RankingMeasure& measure, const JudgedRanking& query) {
  const auto end =
      std::partition_point(query.relevant.begin(), query.relevant.end(),
                           [&](std::int32_t grade) { return grade >= measure.minimum_grade; });
  return end - query.relevant.begin();
}

std::int64_t CountHits(const RankingMeasure& measure, const JudgedRanking& query,
                       std::int64_t deepest_rank) {
  std::int64_t num_hits = 0;
  for (const JudgedDocument& document : query.judged) {
    if (document.rank > deepest_rank) {
      break;
    }
    num_hits += document.grade >= measure.minimum_grade ? 1 : 0;
  }
  return num_hits;
}

double ShareOf(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

double AveragePrecision(const RankingMeasure& measure, const JudgedRanking& query) {
  const std::int64_t num_relevant = NumRelevant(measure, query);
  double sum = 0;
  std::int64_t num_hits = 0;
  for (const JudgedDocument& document : query.judged) {
    if (document.rank > DeepestRank(measure)) {
      break;
    }
    if (document.grade >= measure.minimum_grade) {
      ++num_hits;
      sum += ShareOf(num_hits, document.rank);
    }
  }
  return num_relevant == 0 ? 0.0 : sum / static_cast<double>(num_relevant);
}

double ReciprocalRank(const RankingMeasure& measure, const JudgedRanking& query) {
  for (const JudgedDocument& document : query.judged) {
    if (document.rank > DeepestRank(measure)) {
      break;
    }
    if (document.grade >= measure.minimum_grade) {
      return 1.0 / static_cast<double>(document.rank);
    }
  }
  return 0;
}

// `gain_of` gives the gain of a grade from 1 on.
template <typename GainOf>
double Ndcg(const RankingMeasure& measure, const JudgedRanking& query, GainOf gain_of) {
  const std::int64_t deepest_rank = DeepestRank(measure);
  double gain = 0;
  for (const JudgedDocument& document : query.judged) {
    if (document.rank > deepest_rank) {
      break;
    }
    if (document.grade > 0) {
      gain += gain_of(document.grade) / Logarithm(document.rank);
    }
  }
  double ideal = 0;
  for (std::int64_t i = 0; i < std::min(std::ssize(query.relevant), deepest_rank); ++i) {
    ideal += gain_of(query.relevant[static_cast<std::size_t>(i)]) / Logarithm(i + 1);
  }
  return ideal == 0 ? 0.0 : gain / ideal;
}

double NdcgExponential(const RankingMeasure& measure, const JudgedRanking& query) {
  constexpr std::int32_t kLargestGrade = 1000;  // 2^1000 may be added up
  if (!query.relevant.empty() && query.relevant.front() > kLargestGrade) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return Ndcg(measure, query, [](std::int32_t grade) { return std::ldexp(1.0, grade) - 1; });
}

double Bpref(const RankingMeasure& measure, const JudgedRanking& query) {
  const std::int64_t num_relevant = NumRelevant(measure, query);
  const std::int64_t num_nonrelevant =
      query.num_grade_zero + std::ssize(query.relevant) - num_relevant;
  std::int64_t num_nonrelevant_before = 0;
  double sum = 0;
  for (const JudgedDocument& document : query.judged) {
    if (document.grade >= measure.minimum_grade) {
      sum += num_nonrelevant_before == 0
                 ? 1.0
                 : 1.0 - ShareOf(std::min(num_nonrelevant_before, num_relevant),
                                 std::min(num_nonrelevant, num_relevant));
    } else if (document.grade >= 0) {
      ++num_nonrelevant_before;
    }
  }
  return num_relevant == 0 ? 0.0 : sum / static_cast<double>(num_relevant);
}

double InterpolatedPrecision(const RankingMeasure& measure, const JudgedRanking& query) {
  const std::int64_t wanted =
      std::lround(measure.recall_level * static_cast<double>(NumRelevant(measure, query)));
  std::int64_t num_hits = 0;
  double best = 0;
  for (const JudgedDocument& document : query.judged) {
    if (document.grade >= measure.minimum_grade && ++num_hits >= wanted) {
      best = std::max(best, ShareOf(num_hits, document.rank));
    }
  }
  return best;
}

double RecallCapped(const RankingMeasure& measure, const JudgedRanking& query) {
  const std::int64_t most = std::min<std::int64_t>(NumRelevant(measure, query), measure.cutoff);
  return most == 0 ? std::numeric_limits<double>::quiet_NaN()
                   : ShareOf(CountHits(measure, query, measure.cutoff), most);
}

double Judged(const RankingMeasure& measure, const JudgedRanking& query) {
  if (query.num_ranked == 0) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::int64_t num_judged = 0;
  for (const JudgedDocument& document : query.judged) {
    num_judged += document.rank <= measure.cutoff ? 1 : 0;
  }
  return ShareOf(num_judged, std::min<std::int64_t>(measure.cutoff, query.num_ranked));
}

}  // namespace

bool IsListedBefore(const RankingMeasure& a, const RankingMeasure& b) {
  return std::tuple(a.name, DeepestRank(a), a.recall_level, a.minimum_grade) <
         std::tuple(b.name, DeepestRank(b), b.recall_level, b.minimum_grade);
}

absl::StatusOr<RankingMeasure> ParseRankingMeasure(std::string_view text) {
  std::string_view rest = text;
  std::string_view grade;
  const std::size_t open = text.find('(');
  std::string without_grade;
  if (open != std::string_view::npos) {
    const std::size_t close = text.find(')', open);
    constexpr std::string_view kRel = "rel=";
    if (close == std::string_view::npos || !text.substr(open + 1).starts_with(kRel)) {
      return Refuse(text, "a parameter is written '(rel=n)'");
    }
    grade = text.substr(open + 1 + kRel.size(), close - open - 1 - kRel.size());
    without_grade = text.substr(0, open);
    without_grade += text.substr(close + 1);
    rest = without_grade;
  }
  const std::size_t at = rest.find('@');
  const std::string_view name = rest.substr(0, at);
  const auto* const form = std::find_if(kForms.begin(), kForms.end(),
                                        [name](const MeasureForm& f) { return f.name == name; });
  if (form == kForms.end()) {
    return Refuse(text,
                  "unknown; ranking has nDCG, nDCG@k, AP, AP@k, RR, RR@k, R@k, P@k, Success@k, "
                  "Rprec, bpref, IPrec@recall, Judged@k, num_ret, num_rel, num_rel_ret, nDCG_exp, "
                  "nDCG_exp@k, R_cap@k");
  }
  RankingMeasure measure{.name = form->measure};
  if (at == std::string_view::npos) {
    if (form->cutoff == Cutoff::kRequired) {
      return Refuse(text, absl::StrFormat("needs a cut-off, as in '%s@10'", name));
    }
    if (form->cutoff == Cutoff::kRecallLevel) {
      return Refuse(text, absl::StrFormat("needs a recall level, as in '%s@0.1'", name));
    }
  } else if (form->cutoff == Cutoff::kRecallLevel) {
    const std::optional<double> level = ParseShare(rest.substr(at + 1));
    if (!level) {
      return Refuse(text, "the recall level must be a number from 0 to 1");
    }
    measure.recall_level = *level;
  } else {
    if (form->cutoff == Cutoff::kNone) {
      return Refuse(text, absl::StrFormat("%s takes no cut-off", name));
    }
    const std::optional<std::int32_t> cutoff = ParsePositive(rest.substr(at + 1));
    if (!cutoff) {
      return Refuse(text, "the cut-off must be a whole number from 1 on");
    }
    measure.cutoff = *cutoff;
  }
  if (open != std::string_view::npos) {
    if (!form->takes_grade) {
      return Refuse(text, absl::StrFormat("%s takes no rel", name));
    }
    const std::optional<std::int32_t> minimum_grade = ParsePositive(grade);
    if (!minimum_grade) {
      return Refuse(text, "rel must be a whole number from 1 on");
    }
    measure.minimum_grade = *minimum_grade;
  }
  return measure;
}

bool TakesMinimumGrade(const RankingMeasure& measure) { return FormOf(measure.name).takes_grade; }

std::string FormatRankingMeasure(const RankingMeasure& measure) {
  std::string text(FormOf(measure.name).name);
  if (measure.cutoff > 0) {
    text += absl::StrFormat("@%d", measure.cutoff);
  }
  if (measure.name == Name::kInterpolatedPrecision) {
    text += absl::StrFormat("@%g", measure.recall_level);
  }
  if (measure.minimum_grade != 1) {
    text += absl::StrFormat("(rel=%d)", measure.minimum_grade);
  }
  return text;
}

MetricDescriptor DescribeRankingMeasure(const RankingMeasure& measure) {
  const bool is_cut = measure.cutoff > 0;
  const std::string relevant =
      absl::StrFormat("relevant documents (grade %d or more)", measure.minimum_grade);
  const std::string first =
      is_cut ? absl::StrFormat("the first %d", measure.cutoff) : "all ranked documents";
  MetricDescriptor descriptor;
  descriptor.id = FormatRankingMeasure(measure);
  descriptor.definition_id =
      absl::StrFormat("trec/%s%s/1", FormOf(measure.name).name, is_cut ? "@k" : "");
  descriptor.undefined =
      "the example has no relevance; without relevant documents or ranking it is 0";
  switch (measure.name) {
    case Name::kNdcg:
      descriptor.formula = absl::StrFormat(
          "sum of grade / log2(rank + 1) over %s, divided by that sum for the best possible order "
          "of all judged documents; grades below 1 gain 0",
          first);
      descriptor.source = is_cut ? "trec_eval m_ndcg_cut.c" : "trec_eval m_ndcg.c";
      break;
    case Name::kAp:
      descriptor.formula = absl::StrFormat(
          "sum of the precision at each of the %s among %s, divided by the number of all of them",
          relevant, first);
      descriptor.source = is_cut ? "trec_eval m_map_cut.c" : "trec_eval m_map.c";
      break;
    case Name::kReciprocalRank:
      descriptor.formula =
          absl::StrFormat("1 / rank of the first of the %s among %s", relevant, first);
      descriptor.source = is_cut ? "ir_measures measures/rr.py" : "trec_eval m_recip_rank.c";
      if (is_cut) {
        descriptor.definition_id = "ir_measures/RR@k/1";
      }
      break;
    case Name::kRecall:
      descriptor.formula =
          absl::StrFormat("%s among %s, divided by the number of all of them", relevant, first);
      descriptor.source = "trec_eval m_recall.c";
      break;
    case Name::kPrecision:
      descriptor.formula =
          absl::StrFormat("%s among %s, divided by %d", relevant, first, measure.cutoff);
      descriptor.source = "trec_eval m_P.c";
      break;
    case Name::kSuccess:
      descriptor.kind = MetricKind::kBinaryMean;
      descriptor.formula = absl::StrFormat("1 if %s are among %s, else 0", relevant, first);
      descriptor.source = "trec_eval m_success.c";
      break;
    case Name::kRPrecision:
      descriptor.formula = absl::StrFormat(
          "%s among the first n, divided by n, where n is the number of all of them", relevant);
      descriptor.source = "trec_eval m_Rprec.c";
      break;
    case Name::kJudged:
      descriptor.definition_id = "ir_measures/Judged@k/1";
      descriptor.direction = Direction::kNone;
      descriptor.formula = absl::StrFormat(
          "share of judged documents among %s, or among all where fewer are ranked", first);
      descriptor.undefined = "the example has no relevance, or the output no ranked document";
      descriptor.source = "ir_measures providers/judged_provider.py";
      break;
    case Name::kBpref:
      descriptor.formula = absl::StrFormat(
          "mean over the R %s of 1 - min(n, R) / min(N, R), where n counts the documents judged "
          "not relevant ranked before it and N all of them; one not ranked counts 0",
          relevant);
      descriptor.source = "trec_eval m_bpref.c; Buckley and Voorhees, SIGIR 2004";
      break;
    case Name::kInterpolatedPrecision:
      descriptor.definition_id = "trec/IPrec@recall/1";
      descriptor.formula = absl::StrFormat(
          "highest precision at any rank from where a recall of %g is reached (rounded to whole "
          "documents) on; %s",
          measure.recall_level, relevant);
      descriptor.source = "trec_eval m_iprec_at_recall.c, version 10";
      break;
    case Name::kNumRanked:
    case Name::kNumRelevant:
    case Name::kNumRelevantRanked:
      descriptor.highest = std::numeric_limits<double>::infinity();
      descriptor.unit = "documents";
      descriptor.direction =
          measure.name == Name::kNumRelevantRanked ? Direction::kHigher : Direction::kNone;
      descriptor.formula = measure.name == Name::kNumRanked ? "number of ranked documents"
                           : measure.name == Name::kNumRelevant
                               ? absl::StrFormat("number of %s", relevant)
                               : absl::StrFormat("number of %s that are ranked", relevant);
      descriptor.undefined = "the example has no relevance";
      descriptor.source = absl::StrFormat("trec_eval m_%s.c", FormOf(measure.name).name);
      break;
    case Name::kNdcgExponential:
      descriptor.definition_id = absl::StrFormat("assay/nDCG_exp%s/1", is_cut ? "@k" : "");
      descriptor.formula = absl::StrFormat(
          "sum of (2^grade - 1) / log2(rank + 1) over %s, divided by that sum for the best "
          "possible order of all judged documents; grades below 1 gain 0",
          first);
      descriptor.undefined =
          "the example has no relevance or a grade above 1000; without relevant documents or "
          "ranking it is 0";
      descriptor.source = "Burges et al., ICML 2005; ir_measures nDCG(dcg='exp-log2')";
      break;
    case Name::kRecallCapped:
      descriptor.definition_id = "beir/R_cap@k/1";
      descriptor.formula = absl::StrFormat(
          "%s among %s, divided by the number of all of them or by %d, whichever is less", relevant,
          first, measure.cutoff);
      descriptor.undefined = "the example has no relevance or no relevant document";
      descriptor.source = "BEIR custom_metrics.py; Thakur et al., NeurIPS 2021";
      break;
  }
  return descriptor;
}

double ComputeRankingMeasure(const RankingMeasure& measure, const JudgedRanking& query) {
  switch (measure.name) {
    case Name::kNdcg:
      return Ndcg(measure, query, [](std::int32_t grade) { return grade; });
    case Name::kAp:
      return AveragePrecision(measure, query);
    case Name::kReciprocalRank:
      return ReciprocalRank(measure, query);
    case Name::kRecall:
      return ShareOf(CountHits(measure, query, measure.cutoff), NumRelevant(measure, query));
    case Name::kPrecision:
      return ShareOf(CountHits(measure, query, measure.cutoff), measure.cutoff);
    case Name::kSuccess:
      return CountHits(measure, query, measure.cutoff) > 0 ? 1.0 : 0.0;
    case Name::kRPrecision: {
      const std::int64_t num_relevant = NumRelevant(measure, query);
      return ShareOf(CountHits(measure, query, num_relevant), num_relevant);
    }
    case Name::kJudged:
      return Judged(measure, query);
    case Name::kBpref:
      return Bpref(measure, query);
    case Name::kInterpolatedPrecision:
      return InterpolatedPrecision(measure, query);
    case Name::kNumRanked:
      return static_cast<double>(query.num_ranked);
    case Name::kNumRelevant:
      return static_cast<double>(NumRelevant(measure, query));
    case Name::kNumRelevantRanked:
      return static_cast<double>(CountHits(measure, query, query.num_ranked));
    case Name::kNdcgExponential:
      return NdcgExponential(measure, query);
    case Name::kRecallCapped:
      return RecallCapped(measure, query);
  }
  return 0;
}

}  // namespace assay
