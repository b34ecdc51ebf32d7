#include "server/api/comparison_convert.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "assay/v1/comparison_service.pb.h"
#include "evaluators/compare/gate.h"
#include "server/api/embedding_change_convert.h"
#include "server/api/resource_names.h"
#include "server/api/set_optional.h"
#include "server/base/status_macros.h"
#include "server/run/claim.h"

namespace assay::api {
namespace {

using api::ToProto;  // Those declared in the header, beside those below.

constexpr int kMaxGates = 1000;
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::size_t kMaxSourceBytes = 256;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr double kDefaultMinCoverage = 0.99;
constexpr std::int64_t kMaxWarmUpRows = 1'000'000;

// Enumerations of records have the numbers of their messages, so that a cast converts them.
static_assert(static_cast<int>(store::RunState::kFailed) == v1::Comparison::FAILED);
static_assert(static_cast<int>(store::Fairness::kUnproven) == v1::Comparison::UNPROVEN);
static_assert(static_cast<int>(Verdict::kRefused) == v1::VERDICT_REFUSED);
static_assert(static_cast<int>(Tier::kAdvisory) == v1::Gate::ADVISORY);
static_assert(static_cast<int>(Correction::kNone) == v1::CORRECTION_NONE);
static_assert(static_cast<int>(run::RowBucket::kChanged) == v1::ROW_BUCKET_CHANGED);

void ToProto(const Cell& from, v1::Cell& to) {
  to.set_cohort(from.cohort);
  to.set_num_rows(from.num_rows);
  SetOptional(from.baseline, to, &v1::Cell::set_baseline);
  SetOptional(from.candidate, to, &v1::Cell::set_candidate);
  SetOptional(from.delta, to, &v1::Cell::set_delta);
  SetOptional(from.lower, to, &v1::Cell::set_lower);
  SetOptional(from.upper, to, &v1::Cell::set_upper);
  SetOptional(from.p, to, &v1::Cell::set_p);
  SetOptional(from.q, to, &v1::Cell::set_q);
  to.set_method(from.method);
  SetOptional(from.effect_size, to, &v1::Cell::set_effect_size);
  SetOptional(from.minimum_detectable_effect, to, &v1::Cell::set_minimum_detectable_effect);
  to.set_num_worse(from.num_worse);
  to.set_num_better(from.num_better);
  SetOptional(from.standard_error, to, &v1::Cell::set_standard_error);
  SetOptional(from.permutation_p, to, &v1::Cell::set_permutation_p);
  to.set_num_draws(from.num_draws);
  to.set_seed(from.seed);
  to.set_num_clusters(from.num_clusters);
  to.set_note(from.note);
}

void SetLimit(const Gate& from, v1::Gate& to) {
  switch (from.kind) {
    case LimitKind::kMaxDrop:
      return to.set_max_drop(from.limit);
    case LimitKind::kMaxRelativeDrop:
      return to.set_max_relative_drop(from.limit);
    case LimitKind::kMaxIncrease:
      return to.set_max_increase(from.limit);
    case LimitKind::kMaxRelativeIncrease:
      return to.set_max_relative_increase(from.limit);
    case LimitKind::kMaxFlips:
      return to.set_max_flips(from.limit);
    case LimitKind::kMaxChanged:
      return to.set_max_changed(from.limit);
  }
}

void ToProto(const Gate& from, v1::Gate& to) {
  to.set_metric(from.metric);
  to.set_cohort(from.cohort);
  SetLimit(from, to);
  to.set_tier(static_cast<v1::Gate::Tier>(from.tier));
  SetOptional(from.alpha, to, &v1::Gate::set_alpha);
  SetOptional(from.min_rows, to, &v1::Gate::set_min_rows);
}

void ToProto(const Policy& from, v1::Policy& to) {
  to.set_source(from.source);
  for (const Gate& gate : from.gates) {
    ToProto(gate, *to.add_gates());
  }
  to.set_alpha(from.alpha);
  to.set_correction(static_cast<v1::Correction>(from.correction));
  to.set_min_rows(from.min_rows);
  SetOptional(from.min_coverage, to, &v1::Policy::set_min_coverage);
  SetOptional(from.warmup_rows, to, &v1::Policy::set_warmup_rows);
  SetOptional(from.max_error_rate, to, &v1::Policy::set_max_error_rate);
  to.mutable_allow_changed()->Add(from.allow_changed.begin(), from.allow_changed.end());
}

void ToProto(const GateResult& from, v1::GateResult& to) {
  ToProto(from.gate, *to.mutable_gate());
  to.set_verdict(static_cast<v1::Verdict>(from.verdict));
  SetOptional(from.delta, to, &v1::GateResult::set_delta);
  SetOptional(from.lower, to, &v1::GateResult::set_lower);
  SetOptional(from.upper, to, &v1::GateResult::set_upper);
  SetOptional(from.p, to, &v1::GateResult::set_p);
  SetOptional(from.p_adjusted, to, &v1::GateResult::set_p_adjusted);
  to.set_num_rows(from.num_rows);
  SetOptional(from.rows_needed, to, &v1::GateResult::set_rows_needed);
  to.set_reason(from.reason);
  SetOptional(from.margin, to, &v1::GateResult::set_margin);
  SetOptional(from.baseline, to, &v1::GateResult::set_baseline);
  SetOptional(from.candidate, to, &v1::GateResult::set_candidate);
  to.set_method(from.method);
}

void ToProto(const BudgetResult& from, v1::BudgetResult& to) {
  to.set_name(from.name);
  to.set_limit(from.limit);
  SetOptional(from.value, to, &v1::BudgetResult::set_value);
  to.set_verdict(static_cast<v1::Verdict>(from.verdict));
  to.set_reason(from.reason);
}

void ToProto(const Behavior& from, v1::Behavior& to) {
  to.set_column(from.column);
  to.set_num_rows(from.num_rows);
  to.set_num_changed(from.num_changed);
  SetOptional(from.lower, to, &v1::Behavior::set_lower);
  SetOptional(from.upper, to, &v1::Behavior::set_upper);
}

void ToProto(const store::SliceRecord& from, v1::Slice& to) {
  to.set_cohort(from.cohort);
  to.set_metric(from.metric);
  to.set_num_search_rows(from.num_search_rows);
  SetOptional(from.search_delta, to, &v1::Slice::set_search_delta);
  to.set_num_test_rows(from.num_test_rows);
  SetOptional(from.delta, to, &v1::Slice::set_delta);
  SetOptional(from.lower, to, &v1::Slice::set_lower);
  SetOptional(from.upper, to, &v1::Slice::set_upper);
  SetOptional(from.p, to, &v1::Slice::set_p);
  SetOptional(from.q, to, &v1::Slice::set_q);
}

void ToProto(const store::SliceSearchRecord& from, v1::SliceSearch& to) {
  to.set_metric(from.metric);
  to.set_seed(from.seed);
  to.set_min_rows(from.min_rows);
  to.set_num_considered(from.num_considered);
  for (const store::SliceRecord& slice : from.slices) {
    ToProto(slice, *to.add_slices());
  }
}

void ToProto(const store::FieldDifference& from, v1::FieldDifference& to) {
  to.set_field(from.field);
  to.set_baseline(from.baseline);
  to.set_candidate(from.candidate);
}

void ToProto(const store::ComparisonResult& from, v1::Comparison& to) {
  to.set_fairness(static_cast<v1::Comparison::Fairness>(from.fairness));
  for (const store::FieldDifference& difference : from.confounds) {
    ToProto(difference, *to.add_confounds());
  }
  for (const store::FieldDifference& difference : from.unproven) {
    ToProto(difference, *to.add_unproven());
  }
  to.set_claim(from.claim);
  for (const store::FieldDifference& difference : from.model_differences) {
    ToProto(difference, *to.add_model_differences());
  }
  if (from.embedding_change.has_value()) {
    ToProto(*from.embedding_change, *to.mutable_embedding_change());
  }
  to.set_num_paired(from.num_paired);
  to.set_num_only_baseline(from.num_only_baseline);
  to.set_num_only_candidate(from.num_only_candidate);
  to.set_num_changed(from.num_changed);
  SetOptional(from.coverage, to, &v1::Comparison::set_coverage);
  SetOptional(from.baseline_error_rate, to, &v1::Comparison::set_baseline_error_rate);
  SetOptional(from.candidate_error_rate, to, &v1::Comparison::set_candidate_error_rate);
  to.set_num_baseline_errors(from.num_baseline_errors);
  to.set_num_candidate_errors(from.num_candidate_errors);
  to.set_identical_outputs(from.identical_outputs);
  for (const MetricComparison& metric : from.metrics) {
    v1::MetricComparison& added = *to.add_metrics();
    ToProto(metric.metric, *added.mutable_metric());
    ToProto(metric.overall, *added.mutable_overall());
    for (const Cell& cell : metric.cohorts) {
      ToProto(cell, *added.add_cohorts());
    }
  }
  to.set_flip_metric(from.flip_metric);
  to.set_num_broken(from.num_broken);
  to.set_num_fixed(from.num_fixed);
  to.set_num_both_wrong(from.num_both_wrong);
  to.set_num_both_right(from.num_both_right);
  if (!from.behavior.column.empty()) {
    ToProto(from.behavior, *to.mutable_behavior());
  }
  for (const BudgetResult& budget : from.budgets) {
    ToProto(budget, *to.add_budgets());
  }
  for (const GateResult& gate : from.gates) {
    ToProto(gate, *to.add_gates());
  }
  if (!from.slices.metric.empty()) {
    ToProto(from.slices, *to.mutable_slice_search());
  }
  to.set_seed(from.seed);
  to.set_num_draws(from.num_draws);
  to.mutable_warnings()->Add(from.warnings.begin(), from.warnings.end());
  to.set_verdict(static_cast<v1::Verdict>(from.verdict));
  to.set_summary(from.summary);
  to.set_exit_code(from.exit_code);
}

absl::Status AddDigests(const store::RunRecord& baseline, const store::RunRecord& candidate,
                        const VersionNames& names, v1::Comparison& to) {
  ASSAY_ASSIGN_OR_RETURN(const store::Digest baseline_dataset,
                         names.DatasetDigest(baseline.dataset_version_id));
  ASSAY_ASSIGN_OR_RETURN(const store::Digest candidate_dataset,
                         names.DatasetDigest(candidate.dataset_version_id));
  to.set_baseline_dataset_digest(store::DigestText(baseline_dataset));
  to.set_candidate_dataset_digest(store::DigestText(candidate_dataset));
  if (baseline.result_digest.has_value()) {
    to.set_baseline_result_digest(store::DigestText(*baseline.result_digest));
  }
  if (candidate.result_digest.has_value()) {
    to.set_candidate_result_digest(store::DigestText(*candidate.result_digest));
  }
  return absl::OkStatus();
}

absl::Status ReadLimit(const v1::Gate& from, int i, Gate& to) {
  switch (from.limit_case()) {
    case v1::Gate::kMaxDrop:
      to.kind = LimitKind::kMaxDrop;
      to.limit = from.max_drop();
      break;
    case v1::Gate::kMaxRelativeDrop:
      to.kind = LimitKind::kMaxRelativeDrop;
      to.limit = from.max_relative_drop();
      break;
    case v1::Gate::kMaxIncrease:
      to.kind = LimitKind::kMaxIncrease;
      to.limit = from.max_increase();
      break;
    case v1::Gate::kMaxRelativeIncrease:
      to.kind = LimitKind::kMaxRelativeIncrease;
      to.limit = from.max_relative_increase();
      break;
    case v1::Gate::kMaxFlips:
      to.kind = LimitKind::kMaxFlips;
      to.limit = from.max_flips();
      break;
    case v1::Gate::kMaxChanged:
      to.kind = LimitKind::kMaxChanged;
      to.limit = from.max_changed();
      break;
    case v1::Gate::LIMIT_NOT_SET:
      return absl::InvalidArgumentError(
          absl::StrFormat("gates[%d]: a limit is required, for instance max_drop", i));
  }
  if (!(to.limit >= 0) || !std::isfinite(to.limit)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "gates[%d].%s: expected a finite number >= 0: %g", i, LimitName(to.kind), to.limit));
  }
  return absl::OkStatus();
}

absl::Status CheckAlpha(std::string_view field, double alpha) {
  if (!(alpha > 0 && alpha < 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: expected more than 0 and less than 0.5: %g", field, alpha));
  }
  return absl::OkStatus();
}

absl::Status CheckMinRows(std::string_view field, std::int64_t min_rows) {
  if (min_rows < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: expected a whole number >= 1: %d", field, min_rows));
  }
  return absl::OkStatus();
}

absl::Status CheckShare(std::string_view field, double share) {
  if (!(share >= 0 && share <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: expected a share from 0 to 1: %g", field, share));
  }
  return absl::OkStatus();
}

absl::StatusOr<Gate> ReadGate(const v1::Gate& from, int i) {
  if (from.metric().empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("gates[%d].metric: required", i));
  }
  if (from.metric().size() > kMaxTextBytes || from.cohort().size() > kMaxTextBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d]: metric and cohort are at most %d bytes", i, kMaxTextBytes));
  }
  Gate gate;
  gate.metric = from.metric();
  gate.cohort = from.cohort();
  ASSAY_RETURN_IF_ERROR(ReadLimit(from, i, gate));
  if (!v1::Gate::Tier_IsValid(from.tier())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d].tier: unknown: %d", i, static_cast<int>(from.tier())));
  }
  gate.tier =
      from.tier() == v1::Gate::TIER_UNSPECIFIED ? Tier::kCritical : static_cast<Tier>(from.tier());
  if (from.has_alpha()) {
    ASSAY_RETURN_IF_ERROR(CheckAlpha(absl::StrFormat("gates[%d].alpha", i), from.alpha()));
    gate.alpha = from.alpha();
  }
  if (from.has_min_rows()) {
    ASSAY_RETURN_IF_ERROR(CheckMinRows(absl::StrFormat("gates[%d].min_rows", i), from.min_rows()));
    gate.min_rows = from.min_rows();
  }
  return gate;
}

absl::Status AddBaseline(const store::ComparisonRecord& from, store::Store& store,
                         const VersionNames& names, v1::Comparison& to) {
  if (from.baseline_id == 0) {
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(const store::BaselineRecord baseline,
                         store.baselines().Get(names.project_id(), from.baseline_id));
  v1::BaselineUse& use = *to.mutable_baseline();
  use.set_name(FormatNamedName(names.project(), "baselines", baseline.name));
  use.set_reason(baseline.reason);
  use.set_actor(baseline.actor);
  ToProto(baseline.created_us, *use.mutable_set_time());
  if (baseline.expires_us.has_value()) {
    ToProto(*baseline.expires_us, *use.mutable_expire_time());
    use.set_expired(*baseline.expires_us <= from.created_us);
  }
  use.set_age_seconds((from.created_us - baseline.created_us) / kUsPerSecond);
  return absl::OkStatus();
}

}  // namespace

absl::Status ToProto(const store::ComparisonRecord& from, store::Store& store,
                     const VersionNames& names, v1::Comparison& to) {
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord baseline,
                         store.runs().GetRun(names.project_id(), from.baseline_run_id));
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord candidate,
                         store.runs().GetRun(names.project_id(), from.candidate_run_id));
  to.set_name(FormatNumberedName(names.project(), "comparisons", from.id));
  to.set_state(static_cast<v1::Comparison::State>(from.state));
  to.set_error(from.error);
  to.set_baseline_run(FormatNumberedName(names.project(), "runs", from.baseline_run_id));
  to.set_candidate_run(FormatNumberedName(names.project(), "runs", from.candidate_run_id));
  ASSAY_ASSIGN_OR_RETURN(*to.mutable_baseline_model_version(),
                         names.ModelVersionName(baseline.model_version_id));
  ASSAY_ASSIGN_OR_RETURN(*to.mutable_candidate_model_version(),
                         names.ModelVersionName(candidate.model_version_id));
  ASSAY_ASSIGN_OR_RETURN(*to.mutable_dataset_version(),
                         names.DatasetVersionName(candidate.dataset_version_id));
  ASSAY_ASSIGN_OR_RETURN(*to.mutable_baseline_dataset_version(),
                         names.DatasetVersionName(baseline.dataset_version_id));
  ASSAY_RETURN_IF_ERROR(AddDigests(baseline, candidate, names, to));
  ASSAY_RETURN_IF_ERROR(AddBaseline(from, store, names, to));
  to.set_schema_version(std::string(kComparisonSchema));
  to.set_allow_confounded(from.allow_confounded);
  ToProto(from.policy, *to.mutable_policy());
  to.mutable_cohort_pairs()->Add(from.cohort_pairs.begin(), from.cohort_pairs.end());
  to.set_find_slices(from.find_slices);
  ToProto(from.result, to);
  if (from.state == store::RunState::kFailed) {
    to.set_exit_code(ExitCode(Verdict::kRefused));
  }
  to.set_trace_id(from.trace_id);
  ToProto(from.created_us, *to.mutable_create_time());
  if (from.ended_us.has_value()) {
    ToProto(*from.ended_us, *to.mutable_end_time());
  }
  return absl::OkStatus();
}

void ToProto(const run::ComparisonRow& from, v1::ComparisonRow& to) {
  to.set_row(from.row);
  to.set_key(from.key);
  to.set_bucket(static_cast<v1::RowBucket>(from.bucket));
  SetOptional(from.baseline_score, to, &v1::ComparisonRow::set_baseline_score);
  SetOptional(from.candidate_score, to, &v1::ComparisonRow::set_candidate_score);
  to.set_input(from.input);
  to.set_expected(from.expected);
  to.set_baseline_output(from.baseline_output);
  to.set_candidate_output(from.candidate_output);
  to.set_baseline_trace_id(from.baseline_trace_id);
  to.set_candidate_trace_id(from.candidate_trace_id);
  to.mutable_cohorts()->Add(from.cohorts.begin(), from.cohorts.end());
  to.set_num_recent_comparisons(from.num_recent_comparisons);
  to.set_num_recent_flips(from.num_recent_flips);
  if (from.baseline_input.has_value()) {
    to.set_baseline_input(*from.baseline_input);
  }
  if (from.baseline_expected.has_value()) {
    to.set_baseline_expected(*from.baseline_expected);
  }
}

absl::StatusOr<Policy> ReadPolicy(const v1::Policy& from) {
  if (from.gates_size() > kMaxGates) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates: %d gates, at most %d are taken", from.gates_size(), kMaxGates));
  }
  if (from.source().size() > kMaxSourceBytes) {
    return absl::InvalidArgumentError(absl::StrFormat("source: %d bytes, at most %d are taken",
                                                      from.source().size(), kMaxSourceBytes));
  }
  Policy policy;
  policy.source = from.source();
  for (int i = 0; i < from.gates_size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(Gate gate, ReadGate(from.gates(i), i));
    policy.gates.push_back(std::move(gate));
  }
  if (from.alpha() != 0) {
    ASSAY_RETURN_IF_ERROR(CheckAlpha("alpha", from.alpha()));
    policy.alpha = from.alpha();
  }
  if (!v1::Correction_IsValid(from.correction())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("correction: unknown: %d", static_cast<int>(from.correction())));
  }
  if (from.correction() == v1::CORRECTION_NONE) {
    policy.correction = Correction::kNone;
  }
  if (from.has_min_rows()) {
    ASSAY_RETURN_IF_ERROR(CheckMinRows("min_rows", from.min_rows()));
    policy.min_rows = from.min_rows();
  }
  if (from.has_min_coverage()) {
    ASSAY_RETURN_IF_ERROR(CheckShare("min_coverage", from.min_coverage()));
    policy.min_coverage = from.min_coverage();
  }
  if (!from.has_min_coverage() && !policy.gates.empty()) {
    // A candidate that lost its hard rows must not pass on those that are left.
    policy.min_coverage = kDefaultMinCoverage;
  }
  if (from.has_max_error_rate()) {
    ASSAY_RETURN_IF_ERROR(CheckShare("max_error_rate", from.max_error_rate()));
    policy.max_error_rate = from.max_error_rate();
  }
  if (from.has_warmup_rows()) {
    if (from.warmup_rows() < 0 || from.warmup_rows() > kMaxWarmUpRows) {
      return absl::InvalidArgumentError(
          absl::StrFormat("warmup_rows: expected a whole number from 0 to %d: %d", kMaxWarmUpRows,
                          from.warmup_rows()));
    }
    policy.warmup_rows = from.warmup_rows();
  }
  for (const std::string& field : from.allow_changed()) {
    ASSAY_RETURN_IF_ERROR(run::CheckClaimField(field));
    policy.allow_changed.push_back(field);
  }
  return policy;
}

}  // namespace assay::api
