#include "server/api/convert.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "assay/v1/dataset_service.pb.h"
#include "assay/v1/model_service.pb.h"
#include "assay/v1/run_service.pb.h"
#include "assay/v1/upload_service.pb.h"
#include "server/api/batch_convert.h"
#include "server/api/resource_names.h"
#include "server/api/set_optional.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

// Enumerations of records have the numbers of their messages, so that a cast converts them.
static_assert(static_cast<int>(ColumnType::kRelevance) == v1::COLUMN_TYPE_RELEVANCE);
static_assert(static_cast<int>(Direction::kLower) == v1::DIRECTION_LOWER);
static_assert(static_cast<int>(MetricKind::kCorpus) == v1::METRIC_KIND_CORPUS);
static_assert(static_cast<int>(store::RunState::kCancelled) == v1::Run::CANCELLED);
static_assert(static_cast<int>(store::UploadState::kCommitted) == v1::Upload::COMMITTED);

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
  return ModelVersionResourceName(project_, found.parent, found.number, found.derivation);
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
  to.set_name(ModelVersionResourceName(project, from.model_name, from.number, from.derivation));
  to.set_number(from.derivation.empty() ? from.number : 0);
  to.set_digest(store::DigestText(from.digest));
  to.set_external(from.external);
  to.mutable_config()->insert(from.config.begin(), from.config.end());
  to.set_activation(from.activation);
  to.set_weights_digest(from.weights_digest);
  to.set_architecture(from.architecture);
  to.set_dtype(from.dtype);
  to.set_quantization(from.quantization);
  to.set_preprocessing(from.preprocessing);
  to.set_architecture_json(from.architecture_json);
  to.set_numerics(from.numerics);
  to.set_derivation(from.derivation);
  if (!from.derivation.empty()) {
    to.set_base(FormatVersionName(project, "models", from.model_name, from.number));
  }
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

void AddTables(const std::vector<ResultTable>& tables, v1::Run& to) {
  for (const ResultTable& from : tables) {
    v1::ResultTable& added = *to.add_tables();
    added.set_name(from.name);
    added.set_description(from.description);
    const std::int64_t num_rows = from.columns.empty() ? 0 : from.columns[0].num_rows;
    ColumnsToBatch(from.columns, num_rows, *added.mutable_batch());
  }
}

}  // namespace assay::api
