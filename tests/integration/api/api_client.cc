#include "tests/integration/api/api_client.h"

#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <utility>

namespace assay::test {
namespace {

constexpr char kProject[] = "projects/default";
constexpr std::int64_t kBatchRows = 65'536;

void Require(const grpc::Status& status, const char* step) {
  if (!status.ok()) {
    std::fprintf(stderr, "%s: %d %s\n", step, status.error_code(), status.error_message().c_str());
    std::abort();
  }
}

v1::Column TextColumn(const std::string& name, std::int64_t begin, std::int64_t end,
                      const std::function<std::string(std::int64_t)>& value) {
  v1::Column column;
  column.set_name(name);
  column.set_type(v1::COLUMN_TYPE_TEXT);
  std::vector<std::int32_t> offsets = {0};
  for (std::int64_t row = begin; row < end; ++row) {
    column.mutable_text_bytes()->append(value(row));
    offsets.push_back(static_cast<std::int32_t>(column.text_bytes().size()));
  }
  column.set_text_offsets(offsets.data(), offsets.size() * sizeof(offsets[0]));
  return column;
}

}  // namespace

std::unique_ptr<grpc::ClientContext> NewContext(
    const std::vector<std::pair<std::string, std::string>>& metadata) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  for (const auto& [key, value] : metadata) {
    context->AddMetadata(key, value);
  }
  return context;
}

ApiClient::ApiClient(const std::string& address)
    : ApiClient(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())) {}

ApiClient::ApiClient(std::shared_ptr<grpc::Channel> server)
    : channel(std::move(server)),
      admin(v1::AdminService::NewStub(channel)),
      comparisons(v1::ComparisonService::NewStub(channel)),
      datasets(v1::DatasetService::NewStub(channel)),
      models(v1::ModelService::NewStub(channel)),
      runs(v1::RunService::NewStub(channel)),
      traces(v1::TraceService::NewStub(channel)),
      uploads(v1::UploadService::NewStub(channel)) {}

RawAnswer ApiClient::Raw(const std::string& method, const std::string& request,
                         const std::vector<std::pair<std::string, std::string>>& metadata) const {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const std::unique_ptr<grpc::ClientContext> context = NewContext(metadata);
  const grpc::Slice slice(request);
  const grpc::ByteBuffer buffer(&slice, 1);
  auto call = stub.PrepareUnaryCall(context.get(), "/" + method, buffer, &queue);
  call->StartCall();
  RawAnswer answer;
  grpc::ByteBuffer response;
  call->Finish(&response, &answer.status, nullptr);
  void* tag = nullptr;
  bool is_ok = false;
  queue.Next(&tag, &is_ok);
  std::vector<grpc::Slice> slices;
  if (answer.status.ok() && response.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      answer.bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  const auto trace = context->GetServerTrailingMetadata().find("assay-trace-id");
  if (trace != context->GetServerTrailingMetadata().end()) {
    answer.trace_id.assign(trace->second.data(), trace->second.size());
  }
  return answer;
}

v1::Batch MakeBatch(std::int64_t begin, std::int64_t end, std::int64_t wrong_every,
                    bool has_cohort) {
  v1::Batch batch;
  batch.set_num_rows(static_cast<std::int32_t>(end - begin));
  *batch.add_columns() =
      TextColumn("key", begin, end, [](std::int64_t row) { return "k" + std::to_string(row); });
  *batch.add_columns() = TextColumn("label", begin, end, [wrong_every](std::int64_t row) {
    const bool is_wrong = wrong_every > 0 && row % wrong_every == 0;
    return is_wrong ? std::string("wrong") : std::to_string(row % 10);
  });
  if (has_cohort) {
    *batch.add_columns() = TextColumn("cohort.parity", begin, end, [](std::int64_t row) {
      return std::string(row % 2 == 0 ? "even" : "odd");
    });
  }
  return batch;
}

v1::CommitUploadResponse ApiClient::Upload(const v1::BeginUploadRequest& target,
                                           std::int64_t num_rows, std::int64_t wrong_every,
                                           bool has_cohort) {
  v1::Upload upload;
  Require(uploads->BeginUpload(NewContext().get(), target, &upload), "BeginUpload");
  std::int64_t sequence = 0;
  for (std::int64_t begin = 0; begin < num_rows; begin += kBatchRows) {
    v1::AppendBatchRequest request;
    request.set_upload(upload.name());
    request.set_sequence(sequence++);
    *request.mutable_batch() =
        MakeBatch(begin, std::min(num_rows, begin + kBatchRows), wrong_every, has_cohort);
    v1::AppendBatchResponse response;
    Require(uploads->AppendBatch(NewContext().get(), request, &response), "AppendBatch");
  }
  v1::CommitUploadRequest request;
  request.set_name(upload.name());
  request.set_num_batches(sequence);
  v1::CommitUploadResponse response;
  Require(uploads->CommitUpload(NewContext().get(), request, &response), "CommitUpload");
  return response;
}

v1::DatasetVersion ApiClient::PushDataset(const std::string& dataset, std::int64_t num_rows) {
  v1::BeginUploadRequest target;
  target.set_parent(kProject);
  target.mutable_dataset()->set_dataset(dataset);
  return Upload(target, num_rows, 0, true).dataset_version();
}

v1::ModelVersion ApiClient::PushModel(const std::string& model, const std::string& configuration) {
  v1::CreateModelVersionRequest request;
  request.set_parent(kProject);
  request.set_model(model);
  request.mutable_version()->set_external(true);
  (*request.mutable_version()->mutable_config())["build"] = configuration;
  v1::CreateModelVersionResponse response;
  Require(models->CreateModelVersion(NewContext().get(), request, &response), "CreateModelVersion");
  return response.version();
}

v1::OutputSet ApiClient::PushOutputs(const v1::DatasetVersion& dataset,
                                     const v1::ModelVersion& model, std::int64_t wrong_every) {
  v1::BeginUploadRequest target;
  target.set_parent(kProject);
  target.mutable_output_set()->set_dataset_version(dataset.name());
  target.mutable_output_set()->set_model_version(model.name());
  return Upload(target, dataset.num_rows(), wrong_every, false).output_set();
}

v1::Run ApiClient::StartRun(const v1::OutputSet& outputs) {
  v1::CreateRunRequest request;
  request.set_parent(kProject);
  request.set_output_set(outputs.name());
  request.add_evaluators("ground_truth_match");
  v1::Run run;
  Require(runs->CreateRun(NewContext().get(), request, &run), "CreateRun");
  return run;
}

v1::Run ApiClient::WaitForRun(const std::string& name) {
  v1::WatchRunRequest request;
  request.set_name(name);
  const std::unique_ptr<grpc::ClientContext> context = NewContext();
  const auto reader = runs->WatchRun(context.get(), request);
  v1::Run run;
  while (reader->Read(&run)) {
  }
  Require(reader->Finish(), "WatchRun");
  return run;
}

v1::Comparison ApiClient::WaitForComparison(const std::string& name) {
  v1::WatchComparisonRequest request;
  request.set_name(name);
  const std::unique_ptr<grpc::ClientContext> context = NewContext();
  const auto reader = comparisons->WatchComparison(context.get(), request);
  v1::Comparison comparison;
  while (reader->Read(&comparison)) {
  }
  Require(reader->Finish(), "WatchComparison");
  return comparison;
}

}  // namespace assay::test
