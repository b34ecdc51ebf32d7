#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "evaluators/metrics/match_plan.h"

namespace assay {
namespace {

constexpr char kNoLabel[] = "the example or the output has no label";
constexpr char kNoAnswer[] = "the example has no accepted answer, or the output no answer";
constexpr char kNoScores[] =
    "the example's label is not declared, or the output has no usable probabilities (NaN, outside "
    "[0, 1], a sum that is not 1 within 0.001)";
constexpr char kScores[] = "p = probabilities as given, or the softmax of logits";

std::string Classes(const MatchPlan& plan) {
  return plan.labels.empty()
             ? "labels that occur among the examples; labels that only outputs use are no class"
             : "declared labels that occur among examples or outputs";
}

std::string Bins(const MatchPlan& plan, bool is_mass) {
  if (is_mass) {
    return absl::StrFormat(
        "%d bins of equal numbers of rows by confidence; rows of equal confidence share a bin",
        plan.num_bins);
  }
  return absl::StrFormat("%d bins of equal width, %s", plan.num_bins,
                         plan.edges == BinEdges::kRightClosed
                             ? "each with its upper edge, the first with 0 as well"
                             : "each with its lower edge, the last with 1 as well");
}

// `NAME(PARAMETERS)`: the name of a definition, with what changes its numbers.
std::string DefinitionOf(std::string_view name, std::string_view parameters, int version) {
  return parameters.empty() ? absl::StrFormat("assay/%s/%d", name, version)
                            : absl::StrFormat("assay/%s(%s)/%d", name, parameters, version);
}

void DescribeText(const MatchMetric& metric, const MatchPlan& plan, MetricDescriptor& to) {
  to.kind = MetricKind::kBinaryMean;
  to.undefined = kNoAnswer;
  switch (metric.kind) {
    case MatchKind::kExactMatch:
      to.id = "exact_match";
      to.definition_id = DefinitionOf(to.id, "", 1);
      to.formula =
          "1 if the answer (text, else label) equals one of the references, or the label where "
          "there are none, byte for byte; else 0";
      to.source = "Hugging Face evaluate exact_match without options";
      break;
    case MatchKind::kNormalizedMatch:
      to.id = "normalized_match";
      to.definition_id = DefinitionOf(to.id, StepsText(plan.steps), 2);
      to.formula = absl::StrFormat(
          "exact_match after these steps on both sides: %s (lower: Unicode lower case; "
          "punctuation: "
          "ASCII marks cut out; articles: a space for a, an, the; trim: white space cut off both "
          "ends; whitespace: every run to one space)",
          StepsText(plan.steps));
      to.source = "Unicode 15 (SpecialCasing.txt, PropList.txt White_Space)";
      break;
    case MatchKind::kSquadExactMatch:
      to.id = "squad_exact_match";
      to.definition_id = "squad2/exact_match/1";
      to.formula =
          "1 if the answer equals one of the references after lower case, ASCII punctuation cut "
          "out, a space for a, an, the, white space to single spaces; no reference: the empty text";
      to.source = "SQuAD 2.0 evaluation script, compute_exact";
      break;
    case MatchKind::kSquadF1:
      to.id = "squad_f1";
      to.definition_id = "squad2/f1/1";
      to.kind = MetricKind::kMean;
      to.formula =
          "the best over the references of 2 common tokens / tokens of both, after the steps of "
          "squad_exact_match; both empty: 1, one empty: 0";
      to.source = "SQuAD 2.0 evaluation script, compute_f1 (SQuAD 1.1 gives 0 when both are empty)";
      break;
    case MatchKind::kContains:
      to.id = "contains";
      to.definition_id = DefinitionOf(to.id, "", 1);
      to.formula = "1 if one of the references occurs in the answer, byte for byte; else 0";
      to.source = "substring";
      break;
    case MatchKind::kRegexMatch:
      to.id = "regex_match";
      to.definition_id = DefinitionOf(to.id, plan.pattern.empty() ? "references" : "pattern", 1);
      to.formula =
          plan.pattern.empty()
              ? "1 if one of the references, taken as RE2 patterns, matches somewhere in "
                "the answer; else 0"
              : absl::StrFormat("1 if the RE2 pattern '%s' matches somewhere in the answer; else 0",
                                plan.pattern);
      to.undefined = plan.pattern.empty()
                         ? "no reference is an RE2 pattern, or the output has no answer"
                         : "the output has no answer";
      to.source = "RE2";
      break;
    case MatchKind::kNumericMatch:
      to.id = "numeric_match";
      to.definition_id = DefinitionOf(
          to.id,
          absl::StrFormat("atol=%g,rtol=%g", plan.absolute_tolerance, plan.relative_tolerance), 1);
      to.formula = absl::StrFormat(
          "1 if |answer - reference| <= max(%g, %g |reference|) for one of the references; an "
          "answer that is no number scores 0",
          plan.absolute_tolerance, plan.relative_tolerance);
      to.undefined = "no reference is a number, or the output has no answer";
      to.source = "Python math.isclose, relative to the reference";
      break;
    case MatchKind::kJsonMatch:
      to.id = "json_match";
      to.definition_id = DefinitionOf(to.id, "", 1);
      to.formula =
          "1 if the answer is the same JSON value as one of the references: members in any order, "
          "numbers by value; an answer that is no JSON scores 0";
      to.undefined =
          "no reference is JSON (members once each, integers of 64 bits), or the output has no "
          "answer";
      to.source = "RFC 8259";
      break;
    default:
      to.id = "levenshtein_ratio";
      to.definition_id = DefinitionOf(to.id, "", 1);
      to.kind = MetricKind::kMean;
      to.formula =
          "the best over the references of 1 - Levenshtein distance / length of the longer text, "
          "in Unicode code points; both empty: 1";
      to.source = "Levenshtein 1966; not the indel ratio 2 M / T of difflib and python-Levenshtein";
      break;
  }
}

void DescribeScores(const MatchMetric& metric, const MatchPlan& plan, MetricDescriptor& to) {
  to.kind = MetricKind::kMean;
  to.direction = Direction::kLower;
  to.undefined = kNoScores;
  switch (metric.kind) {
    case MatchKind::kAccuracyAtK:
      to.id = absl::StrFormat("accuracy@%d", metric.k);
      to.definition_id = DefinitionOf("accuracy@k", "", 1);
      to.kind = MetricKind::kBinaryMean;
      to.direction = Direction::kHigher;
      to.formula = absl::StrFormat(
          "1 if the example's label is among the %d of largest p, of equal ones those declared "
          "first; %s",
          metric.k, kScores);
      to.source = "scikit-learn top_k_accuracy_score, but for ties";
      break;
    case MatchKind::kNll:
      to.id = "nll";
      to.definition_id = DefinitionOf("nll", absl::StrFormat("clip=%g", plan.clip), 1);
      to.highest = -std::log(plan.clip);
      to.unit = "nat";
      to.formula = absl::StrFormat("-ln max(p of the example's label, %g); %s", plan.clip, kScores);
      to.source = "scikit-learn log_loss, which clips at 2.2e-16";
      break;
    case MatchKind::kBrier:
      to.id = "brier";
      to.definition_id = DefinitionOf("brier", "", 1);
      to.highest = 2;
      to.formula = absl::StrFormat(
          "sum over the labels of (p - y)^2, y = 1 for the example's label, else 0; %s", kScores);
      to.source = "Brier 1950; scikit-learn brier_score_loss is half of it for two classes";
      break;
    default:
      to.id = "brier_top1";
      to.definition_id = DefinitionOf("brier_top1", "", 1);
      to.formula = absl::StrFormat(
          "(largest p - 1)^2 if its label is the example's, else (largest p)^2; %s", kScores);
      to.source = "Brier score of the confidence";
      break;
  }
}

void DescribeCounts(const MatchMetric& metric, const MatchPlan& plan, MetricDescriptor& to) {
  to.kind = MetricKind::kCorpus;
  to.undefined = "no row has both labels";
  const std::string_view declared = plan.labels.empty() ? "" : "labels";
  switch (metric.kind) {
    case MatchKind::kMacroF1:
      to.id = "macro_f1";
      to.definition_id = DefinitionOf(to.id, declared, 1);
      to.formula = absl::StrFormat(
          "mean of F1 = 2 hits / (examples with the label + outputs with it) over the %s",
          Classes(plan));
      to.source = plan.labels.empty()
                      ? "scikit-learn f1_score(labels=gold labels, average='macro')"
                      : "scikit-learn f1_score(labels=, average='macro'), which counts labels that "
                        "do not occur as 0";
      break;
    case MatchKind::kMicroF1:
      to.id = "micro_f1";
      to.definition_id = DefinitionOf(to.id, declared, 1);
      to.formula = plan.labels.empty()
                       ? "2 hits / (examples + outputs), over all labels; equals accuracy"
                       : "2 hits / (examples + outputs), over rows with declared labels";
      to.source = "scikit-learn f1_score(average='micro')";
      break;
    case MatchKind::kWeightedF1:
      to.id = "weighted_f1";
      to.definition_id = DefinitionOf(to.id, declared, 1);
      to.formula = "mean of F1 over the labels, weighted by the examples with the label";
      to.source = "scikit-learn f1_score(average='weighted')";
      break;
    case MatchKind::kBalancedAccuracy:
      to.id = "balanced_accuracy";
      to.definition_id = DefinitionOf(to.id, declared, 1);
      to.formula = "mean over the labels that occur among the examples of hits / examples with it";
      to.source = "scikit-learn balanced_accuracy_score";
      break;
    default:
      to.id = "mcc";
      to.definition_id = DefinitionOf(to.id, "", 1);
      to.lowest = -1;
      to.formula =
          "(hits n - sum g p) / sqrt((n^2 - sum g^2)(n^2 - sum p^2)), g and p being examples and "
          "outputs with a label, over all labels";
      to.undefined = "examples or outputs have fewer than two labels";
      to.source = "Gorodkin 2004; scikit-learn matthews_corrcoef, which gives 0 where undefined";
      break;
  }
}

void DescribeClass(const MatchMetric& metric, MetricDescriptor& to) {
  to.kind = MetricKind::kCorpus;
  std::string_view name;
  switch (metric.kind) {
    case MatchKind::kPrecision:
      name = "precision";
      to.formula = "rows with the label on both sides / outputs with it";
      to.undefined = "no output has the label";
      break;
    case MatchKind::kRecall:
      name = "recall";
      to.formula = "rows with the label on both sides / examples with it";
      to.undefined = "no example has the label";
      break;
    case MatchKind::kF1:
      name = "f1";
      to.formula = "2 rows with the label on both sides / (examples + outputs with it)";
      to.undefined = "neither an example nor an output has the label";
      break;
    default:
      name = "support";
      to.direction = Direction::kNone;
      to.highest = std::numeric_limits<double>::infinity();
      to.unit = "rows";
      to.formula = "examples with the label whose output has a label";
      to.undefined = "never";
      break;
  }
  to.id = absl::StrFormat("%s[%s]", name, metric.label);
  to.definition_id = DefinitionOf(absl::StrFormat("%s[class]", name), "", 1);
  to.source = "scikit-learn precision_recall_fscore_support";
}

void DescribeCorpusScores(const MatchMetric& metric, const MatchPlan& plan, MetricDescriptor& to) {
  to.kind = MetricKind::kCorpus;
  to.undefined = "no row has a declared label and usable probabilities";
  const bool is_ece = metric.kind == MatchKind::kEce || metric.kind == MatchKind::kEceMass;
  if (is_ece) {
    const bool is_mass = metric.kind == MatchKind::kEceMass;
    to.id = is_mass ? "ece_mass" : "ece";
    to.direction = Direction::kLower;
    to.definition_id = DefinitionOf(
        to.id,
        is_mass ? absl::StrFormat("bins=%d", plan.num_bins)
                : absl::StrFormat("bins=%d,edges=%s", plan.num_bins,
                                  plan.edges == BinEdges::kRightClosed ? "right" : "left"),
        1);
    to.formula = absl::StrFormat("sum over bins of |hits - sum of largest p| / rows; %s; %s",
                                 Bins(plan, is_mass), kScores);
    to.source = is_mass ? "Nguyen and O'Connor 2015 (adaptive bins)" : "Naeini et al. 2015";
    return;
  }
  to.undefined = "the rows lack examples of the class, or of the others";
  to.source = "scikit-learn roc_auc_score";
  const std::string area =
      "share of pairs of an example of the class and one of the others where p of the class is "
      "higher for the first, equal ones counting half";
  if (metric.kind == MatchKind::kAucOvr) {
    to.id = "auc_ovr";
    to.definition_id = DefinitionOf("auc_ovr", "", 1);
    to.formula = absl::StrFormat("mean over the declared labels of: %s; %s", area, kScores);
    to.undefined = "no class has both examples and others";
    to.source = "scikit-learn roc_auc_score(multi_class='ovr', average='macro')";
    return;
  }
  const bool is_of_class = metric.kind == MatchKind::kAucOfClass;
  to.id = is_of_class ? absl::StrFormat("auc[%s]", metric.label) : "auc";
  to.definition_id = DefinitionOf(is_of_class ? "auc[class]" : "auc", "", 1);
  to.formula = absl::StrFormat("with '%s' as the class: %s; %s",
                               is_of_class ? metric.label : plan.positive, area, kScores);
}

}  // namespace

MetricDescriptor DescribeMatch(const MatchMetric& metric, const MatchPlan& plan) {
  MetricDescriptor descriptor;
  if (metric.kind == MatchKind::kAccuracy) {
    descriptor.kind = MetricKind::kBinaryMean;
    descriptor.id = "accuracy";
    descriptor.definition_id = DefinitionOf("accuracy", "", 1);
    descriptor.formula =
        "1 if the output's label is the example's label, else 0; outputs without a label column "
        "have the label of largest probability or logit, of equal ones the first declared";
    descriptor.undefined = kNoLabel;
    descriptor.source = "scikit-learn accuracy_score";
  } else if (ReadsText(metric.kind)) {
    DescribeText(metric, plan, descriptor);
  } else if (!metric.label.empty() && CountsLabels(metric.kind)) {
    DescribeClass(metric, descriptor);
  } else if (CountsLabels(metric.kind)) {
    DescribeCounts(metric, plan, descriptor);
  } else if (IsCorpus(metric.kind)) {
    DescribeCorpusScores(metric, plan, descriptor);
  } else {
    DescribeScores(metric, plan, descriptor);
  }
  return descriptor;
}

}  // namespace assay
