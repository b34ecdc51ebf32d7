#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/api/version_cache.h"
#include "server/store/store.h"

namespace google::protobuf {
class Timestamp;
}

namespace assay::v1 {
class ColumnInfo;
class Dataset;
class DatasetVersion;
class Metric;
class ModelVersion;
class OutputSet;
class Run;
class Upload;
}  // namespace assay::v1

namespace assay::api {

// Names of the versions of one project, by id. For one call.
class VersionNames {
 public:
  // `cache` outlives it. `project` is the project's name.
  VersionNames(VersionCache& cache, store::Id project_id, std::string project);

  const std::string& project() const { return project_; }
  store::Id project_id() const { return project_id_; }
  absl::StatusOr<store::Digest> DatasetDigest(store::Id version) const;
  // `projects/{project}/datasets/{dataset}/versions/{number}`.
  absl::StatusOr<std::string> DatasetVersionName(store::Id version) const;
  absl::StatusOr<std::string> ModelVersionName(store::Id version) const;

 private:
  VersionCache& cache_;
  const store::Id project_id_;
  const std::string project_;
};

// Records to messages. Each fills an empty message. Errors are those of looking up names.

void ToProto(std::int64_t time_us, google::protobuf::Timestamp& to);
void ToProto(const MetricDescriptor& from, v1::Metric& to);
void ToProto(const std::string& project, const store::DatasetVersionRecord& from,
             v1::DatasetVersion& to);
void ToProto(const store::ColumnRecord& from, v1::ColumnInfo& to);
// Visible columns of a version, by table and name.
void AddColumns(const std::vector<store::ColumnRecord>& columns, v1::DatasetVersion& to);
void AddColumns(const std::vector<store::ColumnRecord>& columns, v1::OutputSet& to);
void ToProto(const std::string& project, const store::ModelVersionRecord& from,
             v1::ModelVersion& to);
absl::Status ToProto(const store::OutputSetRecord& from, const VersionNames& names,
                     v1::OutputSet& to);
void ToProto(const std::string& project, const store::UploadRecord& from, v1::Upload& to);
absl::Status ToProto(const store::RunRecord& from, const VersionNames& names, v1::Run& to);
void AddSummaries(const std::vector<store::SummaryRecord>& summaries, v1::Run& to);
// Adds tables to a run.
void AddTables(const std::vector<ResultTable>& tables, v1::Run& to);

}  // namespace assay::api
