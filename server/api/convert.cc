#include "server/api/convert.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "assay/v1/comparison_service.pb.h"
#include "assay/v1/dataset_service.pb.h"
#include "assay/v1/model_service.pb.h"
#include "assay/v1/run_service.pb.h"
#include "assay/v1/trace_service.pb.h"
#include "assay/v1/upload_service.pb.h"
#include "server/api/resource_names.h"
#include "server/base/hex.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr int kMaxGates = 1000;
constexpr std::size_t kMaxGateTextBytes = 1024;
constexpr std::int64_t kUsPerSecond = 1'000'000;

// Enumerations of records have the numbers of their messages, so that a cast converts them.
static_assert(static_cast<int>(ColumnType::kRelevance) == v1::COLUMN_TYPE_RELEVANCE);
static_assert(static_cast<int>(Direction::kLower) == v1::DIRECTION_LOWER);
static_assert(static_cast<int>(MetricKind::kCorpus) == v1::METRIC_KIND_CORPUS);
static_assert(static_cast<int>(store::RunState::kCancelled) == v1::Run::CANCELLED);
static_assert(static_cast<int>(store::RunState::kFailed) == v1::Comparison::FAILED);
static_assert(static_cast<int>(store::Fairness::kConfounded) == v1::Comparison::CONFOUNDED);
static_assert(static_cast<int>(Verdict::kRefused) == v1::VERDICT_REFUSED);
static_assert(static_cast<int>(Tier::kAdvisory) == v1::Gate::ADVISORY);
static_assert(static_cast<int>(run::RowBucket::kUnpaired) == v1::ROW_BUCKET_UNPAIRED);
static_assert(static_cast<int>(store::SpanStatus::kError) == v1::Span::ERROR);
static_assert(static_cast<int>(store::UploadState::kCommitted) == v1::Upload::COMMITTED);

// Calls a setter of `to` when there is a value.
template <typename Message, typename T>
void SetOptional(const std::optional<T>& value, Message& to, void (Message::*set)(T)) {
  if (value.has_value()) {
    (to.*set)(*value);
  }
}

bool IsHidden(const store::ColumnRecord& column) { return column.name.substr(0, 1) == "$"; }

std::vector<store::ColumnRecord> VisibleByName(std::vector<store::ColumnRecord> columns,
                                               store::Table table) {
  std::erase_if(columns, [table](const store::ColumnRecord& column) {
    return column.table != table || IsHidden(column);
  });
  std::sort(columns.begin(), columns.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return columns;
}

void ToProto(const MetricDescriptor& from, v1::Metric& to) {
  to.set_id(from.id);
  to.set_definition_id(from.definition_id);
  to.set_direction(static_cast<v1::Direction>(from.direction));
  to.set_kind(static_cast<v1::MetricKind>(from.kind));
  to.set_unit(from.unit);
  to.set_lowest(from.lowest);
  to.set_highest(from.highest);
  to.set_formula(from.formula);
  to.set_undefined(from.undefined);
  to.set_source(from.source);
}

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
}

void ToProto(const Gate& from, v1::Gate& to) {
  to.set_metric(from.metric);
  to.set_cohort(from.cohort);
  to.set_max_drop(from.max_drop);
  to.set_tier(static_cast<v1::Gate::Tier>(from.tier));
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
  for (const store::FieldDifference& difference : from.model_differences) {
    ToProto(difference, *to.add_model_differences());
  }
  to.set_num_paired(from.num_paired);
  to.set_num_only_baseline(from.num_only_baseline);
  to.set_num_only_candidate(from.num_only_candidate);
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
  for (const GateResult& gate : from.gates) {
    ToProto(gate, *to.add_gates());
  }
  to.set_verdict(static_cast<v1::Verdict>(from.verdict));
  to.set_summary(from.summary);
  to.set_exit_code(from.exit_code);
}

}  // namespace

VersionNames::VersionNames(VersionCache& cache, store::Id project_id, std::string project)
    : cache_(cache), project_id_(project_id), project_(std::move(project)) {}

absl::StatusOr<store::Digest> VersionNames::DatasetDigest(store::Id version) const {
  ASSAY_ASSIGN_OR_RETURN(const VersionCache::Version found,
                         cache_.DatasetVersion(project_id_, version));
  return found.digest;
}

absl::StatusOr<std::string> VersionNames::DatasetVersionName(store::Id version) const {
  ASSAY_ASSIGN_OR_RETURN(const VersionCache::Version found,
                         cache_.DatasetVersion(project_id_, version));
  return FormatVersionName(project_, "datasets", found.parent, found.number);
}

absl::StatusOr<std::string> VersionNames::ModelVersionName(store::Id version) const {
  ASSAY_ASSIGN_OR_RETURN(const VersionCache::Version found,
                         cache_.ModelVersion(project_id_, version));
  return FormatVersionName(project_, "models", found.parent, found.number);
}

void ToProto(std::int64_t time_us, google::protobuf::Timestamp& to) {
  std::int64_t seconds = time_us / kUsPerSecond;
  std::int64_t rest_us = time_us % kUsPerSecond;
  if (rest_us < 0) {  // nanos count forward, also before 1970
    seconds -= 1;
    rest_us += kUsPerSecond;
  }
  to.set_seconds(seconds);
  to.set_nanos(static_cast<std::int32_t>(rest_us * 1000));
}

void ToProto(const std::string& project, const store::DatasetVersionRecord& from,
             v1::DatasetVersion& to) {
  to.set_name(FormatVersionName(project, "datasets", from.dataset_name, from.number));
  to.set_number(from.number);
  to.set_digest(store::DigestText(from.digest));
  to.set_num_rows(from.num_rows);
  to.set_num_documents(from.num_documents);
  ToProto(from.created_us, *to.mutable_create_time());
}

void ToProto(const store::ColumnRecord& from, v1::ColumnInfo& to) {
  to.set_name(from.name);
  to.set_type(static_cast<v1::ColumnType>(from.type));
  to.set_dimension(from.dimension);
  to.set_null_count(from.null_count);
  to.set_digest(store::DigestText(from.digest));
}

void AddColumns(const std::vector<store::ColumnRecord>& columns, v1::DatasetVersion& to) {
  for (const store::ColumnRecord& column : VisibleByName(columns, store::Table::kRows)) {
    ToProto(column, *to.add_columns());
  }
  for (const store::ColumnRecord& column : VisibleByName(columns, store::Table::kDocuments)) {
    ToProto(column, *to.add_document_columns());
  }
}

void AddColumns(const std::vector<store::ColumnRecord>& columns, v1::OutputSet& to) {
  for (const store::ColumnRecord& column : VisibleByName(columns, store::Table::kRows)) {
    ToProto(column, *to.add_columns());
  }
}

void ToProto(const std::string& project, const store::ModelVersionRecord& from,
             v1::ModelVersion& to) {
  to.set_name(FormatVersionName(project, "models", from.model_name, from.number));
  to.set_number(from.number);
  to.set_digest(store::DigestText(from.digest));
  to.set_external(from.external);
  to.mutable_config()->insert(from.config.begin(), from.config.end());
  to.set_activation(from.activation);
  to.set_weights_digest(from.weights_digest);
  ToProto(from.created_us, *to.mutable_create_time());
}

absl::Status ToProto(const store::OutputSetRecord& from, const VersionNames& names,
                     v1::OutputSet& to) {
  to.set_name(FormatNumberedName(names.project(), "outputSets", from.id));
  ASSAY_ASSIGN_OR_RETURN(*to.mutable_dataset_version(),
                         names.DatasetVersionName(from.dataset_version_id));
  ASSAY_ASSIGN_OR_RETURN(*to.mutable_model_version(),
                         names.ModelVersionName(from.model_version_id));
  to.set_digest(store::DigestText(from.content_digest));
  to.set_num_rows(from.num_rows);
  to.set_machine(from.machine);
  ToProto(from.created_us, *to.mutable_create_time());
  return absl::OkStatus();
}

void ToProto(const std::string& project, const store::UploadRecord& from, v1::Upload& to) {
  to.set_name(FormatNumberedName(project, "uploads", from.id));
  to.set_state(static_cast<v1::Upload::State>(from.state));
  to.set_next_sequence(from.next_sequence);
  to.set_num_rows(from.num_rows);
  to.set_num_documents(from.num_documents);
}

absl::Status ToProto(const store::RunRecord& from, const VersionNames& names, v1::Run& to) {
  to.set_name(FormatNumberedName(names.project(), "runs", from.id));
  to.set_state(static_cast<v1::Run::State>(from.state));
  to.set_error(from.error);
  ASSAY_ASSIGN_OR_RETURN(const store::Digest dataset_digest,
                         names.DatasetDigest(from.dataset_version_id));
  to.set_dataset_digest(store::DigestText(dataset_digest));
  ASSAY_ASSIGN_OR_RETURN(*to.mutable_dataset_version(),
                         names.DatasetVersionName(from.dataset_version_id));
  ASSAY_ASSIGN_OR_RETURN(*to.mutable_model_version(),
                         names.ModelVersionName(from.model_version_id));
  to.set_output_set(FormatNumberedName(names.project(), "outputSets", from.output_set_id));
  to.set_row_filter(from.row_filter);
  to.mutable_evaluators()->Add(from.evaluators.begin(), from.evaluators.end());
  for (const MetricDescriptor& metric : from.metrics) {
    ToProto(metric, *to.add_metrics());
  }
  to.set_num_rows(from.num_rows);
  to.set_num_rows_done(from.num_rows_done);
  to.set_num_scored(from.num_scored);
  to.set_num_missing(from.num_missing);
  to.set_num_errors(from.num_errors);
  to.set_num_filtered(from.num_filtered);
  to.mutable_notes()->Add(from.notes.begin(), from.notes.end());
  to.set_spec_digest(store::DigestText(from.spec_digest));
  if (from.result_digest.has_value()) {
    to.set_result_digest(store::DigestText(*from.result_digest));
  }
  to.set_trace_id(from.trace_id);
  to.set_build(from.build);
  to.set_isa(from.isa);
  ToProto(from.created_us, *to.mutable_create_time());
  if (from.started_us.has_value()) {
    ToProto(*from.started_us, *to.mutable_start_time());
  }
  if (from.ended_us.has_value()) {
    ToProto(*from.ended_us, *to.mutable_end_time());
  }
  return absl::OkStatus();
}

void AddSummaries(const std::vector<store::SummaryRecord>& summaries, v1::Run& to) {
  for (const store::SummaryRecord& from : summaries) {
    v1::Summary& added = *to.add_summaries();
    added.set_metric(from.metric);
    added.set_cohort(from.cohort);
    SetOptional(from.value, added, &v1::Summary::set_value);
    added.set_num_rows(from.num_rows);
    added.set_num_undefined(from.num_undefined);
    SetOptional(from.lower, added, &v1::Summary::set_lower);
    SetOptional(from.upper, added, &v1::Summary::set_upper);
  }
}

absl::Status ToProto(const store::ComparisonRecord& from, store::RunStore& runs,
                     const VersionNames& names, v1::Comparison& to) {
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord baseline,
                         runs.GetRun(names.project_id(), from.baseline_run_id));
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord candidate,
                         runs.GetRun(names.project_id(), from.candidate_run_id));
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
  to.set_allow_confounded(from.allow_confounded);
  to.set_alpha(from.alpha);
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
}

void ToProto(const std::string& project, const store::TraceRecord& from, v1::Trace& to) {
  to.set_name(FormatNamedName(project, "traces", HexText(from.trace_id)));
  to.set_root_name(from.root_name);
  ToProto(from.start_ns / 1000, *to.mutable_start_time());
  to.mutable_start_time()->set_nanos(static_cast<std::int32_t>(from.start_ns % 1'000'000'000));
  to.set_duration_ns(from.duration_ns);
  to.set_num_spans(from.num_spans);
  to.set_num_errors(from.num_errors);
  if (!from.resource.empty()) {
    to.set_resource(absl::StrFormat("projects/%s/%s", project, from.resource));
  }
}

void ToProto(const store::SpanRecord& from, v1::Span& to) {
  to.set_span_id(HexText(from.span_id));
  if (from.parent_span_id != std::array<std::uint8_t, 8>{}) {
    to.set_parent_span_id(HexText(from.parent_span_id));
  }
  to.set_name(from.name);
  to.set_start_time_ns(from.start_ns);
  to.set_duration_ns(from.duration_ns);
  to.set_status(static_cast<v1::Span::Status>(from.status));
  to.set_status_message(from.status_message);
  to.mutable_attributes()->insert(from.attributes.begin(), from.attributes.end());
}

absl::Status ReadGates(const v1::CreateComparisonRequest& from, run::ComparisonRequest& to) {
  if (from.gates_size() > kMaxGates) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates: %d gates, at most %d are taken", from.gates_size(), kMaxGates));
  }
  for (int i = 0; i < from.gates_size(); ++i) {
    const v1::Gate& gate = from.gates(i);
    if (gate.metric().empty()) {
      return absl::InvalidArgumentError(absl::StrFormat("gates[%d].metric: required", i));
    }
    if (gate.metric().size() > kMaxGateTextBytes || gate.cohort().size() > kMaxGateTextBytes) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "gates[%d]: metric and cohort are at most %d bytes", i, kMaxGateTextBytes));
    }
    if (!(gate.max_drop() >= 0) || !std::isfinite(gate.max_drop())) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "gates[%d].max_drop: expected a finite number >= 0: %g", i, gate.max_drop()));
    }
    if (!v1::Gate::Tier_IsValid(gate.tier())) {
      return absl::InvalidArgumentError(
          absl::StrFormat("gates[%d].tier: unknown: %d", i, static_cast<int>(gate.tier())));
    }
    const Tier tier = gate.tier() == v1::Gate::TIER_UNSPECIFIED ? Tier::kCritical
                                                                : static_cast<Tier>(gate.tier());
    to.gates.push_back({gate.metric(), gate.cohort(), gate.max_drop(), tier});
  }
  if (from.alpha() != 0) {
    if (!(from.alpha() > 0 && from.alpha() < 0.5)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("alpha: expected more than 0 and less than 0.5: %g", from.alpha()));
    }
    to.alpha = from.alpha();
  }
  return absl::OkStatus();
}

}  // namespace assay::api
