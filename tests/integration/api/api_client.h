#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "assay/v1/admin_service.grpc.pb.h"
#include "assay/v1/comparison_service.grpc.pb.h"
#include "assay/v1/dataset_service.grpc.pb.h"
#include "assay/v1/model_service.grpc.pb.h"
#include "assay/v1/run_service.grpc.pb.h"
#include "assay/v1/trace_service.grpc.pb.h"
#include "assay/v1/upload_service.grpc.pb.h"

namespace assay::test {

// What came back from a call whose messages are bytes.
struct RawAnswer {
  grpc::Status status;
  std::string bytes;     // of the answer
  std::string trace_id;  // trailing metadata `assay-trace-id`
};

// A 30 s deadline, and metadata when given.
std::unique_ptr<grpc::ClientContext> NewContext(
    const std::vector<std::pair<std::string, std::string>>& metadata = {});

// Stubs of every service on one server, and short ways to fill it with rows. Failed steps of the
// short ways end the test.
class ApiClient {
 public:
  explicit ApiClient(const std::string& address);
  explicit ApiClient(std::shared_ptr<grpc::Channel> channel);

  // Calls any method, `package.Service/Method`, with these bytes.
  RawAnswer Raw(const std::string& method, const std::string& request,
                const std::vector<std::pair<std::string, std::string>>& metadata = {}) const;

  // A dataset whose row i has the key `kI`, the label `i % 10` and the cohort `i % 2`.
  v1::DatasetVersion PushDataset(const std::string& dataset, std::int64_t num_rows);
  // A version of an external model that is told apart by `configuration`.
  v1::ModelVersion PushModel(const std::string& model, const std::string& configuration);
  // Outputs that are right but for every `wrong_every`-th row; 0: all right.
  v1::OutputSet PushOutputs(const v1::DatasetVersion& dataset, const v1::ModelVersion& model,
                            std::int64_t wrong_every);
  // Queues a run of ground_truth_match.
  v1::Run StartRun(const v1::OutputSet& outputs);
  // Waits until it has ended.
  v1::Run WaitForRun(const std::string& name);
  v1::Comparison WaitForComparison(const std::string& name);

  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::AdminService::Stub> admin;
  const std::unique_ptr<v1::ComparisonService::Stub> comparisons;
  const std::unique_ptr<v1::DatasetService::Stub> datasets;
  const std::unique_ptr<v1::ModelService::Stub> models;
  const std::unique_ptr<v1::RunService::Stub> runs;
  const std::unique_ptr<v1::TraceService::Stub> traces;
  const std::unique_ptr<v1::UploadService::Stub> uploads;

 private:
  v1::CommitUploadResponse Upload(const v1::BeginUploadRequest& target, std::int64_t num_rows,
                                  std::int64_t wrong_every, bool has_cohort);
};

// Rows [begin, end) as PushDataset and PushOutputs send them.
v1::Batch MakeBatch(std::int64_t begin, std::int64_t end, std::int64_t wrong_every,
                    bool has_cohort);

}  // namespace assay::test
