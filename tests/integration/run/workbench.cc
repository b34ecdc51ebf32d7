#include "tests/integration/run/workbench.h"

#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/store/chunk_codec.h"
#include "server/store/sqlite/sqlite_store.h"
#include "tests/support/columns_builder.h"

namespace assay::test {
namespace {

constexpr std::chrono::seconds kPatience{60};

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
    std::abort();
  }
  return *std::move(result);
}

// SplitMix64, for data that look random and are the same everywhere.
std::uint64_t Mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

template <typename Record, typename Get>
Record AwaitEnd(Get get) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    Record record = Must(get());
    if (store::HasEnded(record.state) || std::chrono::steady_clock::now() > until) {
      return record;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "assay_run_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    std::abort();
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Workbench::Workbench(const std::filesystem::path& directory, trace::Tracer::Options tracing)
    : store_(Must(store::OpenSqliteStore(directory, SystemClock()))),
      tracer_(std::make_unique<trace::Tracer>(store_->traces(), SystemClock(),
                                              store::kDefaultProject, std::move(tracing))),
      ingestor_(std::make_unique<ingest::Ingestor>(*store_, SystemClock())) {}

Workbench::~Workbench() = default;

store::Id Workbench::PushDataset(const std::string& name, std::vector<Column> columns) {
  store::UploadRecord target;
  target.kind = store::UploadKind::kDataset;
  target.dataset_name = name;
  return Push(target, std::move(columns));
}

store::Id Workbench::PushModel(const std::string& name,
                               const std::map<std::string, std::string>& config,
                               const std::string& activation) {
  store::ModelVersionRecord version;
  version.model_name = name;
  version.config = config;
  version.activation = activation;
  // Only equal models need equal digests.
  for (const auto& [key, value] : config) {
    for (const char c : key + "=" + value) {
      version.digest[0] = static_cast<std::uint8_t>(version.digest[0] * 31 + c);
    }
  }
  for (const char c : name + "/" + activation) {
    version.digest[1] = static_cast<std::uint8_t>(version.digest[1] * 31 + c);
  }
  return Must(store_->models().AddVersion(store::kDefaultProject, version, "", {})).first.id;
}

store::Id Workbench::PushOutputs(store::Id dataset, store::Id model, std::vector<Column> columns) {
  store::UploadRecord target;
  target.kind = store::UploadKind::kOutputSet;
  target.dataset_version_id = dataset;
  target.model_version_id = model;
  return Push(target, std::move(columns));
}

store::Id Workbench::Push(const store::UploadRecord& target, std::vector<Column> columns) {
  constexpr std::int64_t kBatchRows = 65'536;
  const store::UploadRecord upload = Must(ingestor_->Begin(store::kDefaultProject, target, ""));
  const std::int64_t num_rows = columns.front().num_rows;
  std::int64_t num_batches = 0;
  for (std::int64_t begin = 0; begin < num_rows || begin == 0; begin += kBatchRows) {
    const std::int64_t end = std::min(begin + kBatchRows, num_rows);
    std::vector<Column> batch;
    for (const Column& column : columns) {
      batch.push_back(Slice(column, begin, end));
    }
    std::promise<absl::StatusOr<std::int64_t>> done;
    ingestor_->Append(store::kDefaultProject, upload.id, num_batches++, store::Table::kRows,
                      std::move(batch), end - begin, [&done](absl::StatusOr<std::int64_t> result) {
                        done.set_value(std::move(result));
                      });
    Must(done.get_future().get());
  }
  return Must(ingestor_->Commit(store::kDefaultProject, upload.id, num_batches)).result_id;
}

std::unique_ptr<run::Scheduler> Workbench::StartScheduler(int num_workers,
                                                          std::int32_t shard_chunks) {
  run::Scheduler::Options options;
  options.num_workers = num_workers;
  options.shard_chunks = shard_chunks;
  options.build = "test";
  options.isa = "any";
  auto scheduler = std::make_unique<run::Scheduler>(*store_, *tracer_, SystemClock(), options);
  if (!scheduler->Start().ok()) {
    std::abort();
  }
  return scheduler;
}

store::RunRecord Workbench::Await(store::Id run) {
  return AwaitEnd<store::RunRecord>(
      [&] { return store_->runs().GetRun(store::kDefaultProject, run); });
}

store::ComparisonRecord Workbench::AwaitComparison(store::Id comparison) {
  return AwaitEnd<store::ComparisonRecord>(
      [&] { return store_->runs().GetComparison(store::kDefaultProject, comparison); });
}

store::RunRecord Workbench::Evaluate(run::Scheduler& scheduler, const run::RunRequest& request) {
  return Await(Must(scheduler.Submit(store::kDefaultProject, request, {})).id);
}

store::ComparisonRecord Workbench::Compare(run::Scheduler& scheduler,
                                           const run::ComparisonRequest& request) {
  return AwaitComparison(Must(scheduler.Compare(store::kDefaultProject, request, {})).id);
}

std::optional<Column> Workbench::ReadWhole(store::Id owner, std::string_view name,
                                           std::int64_t num_rows) {
  for (const store::ColumnRecord& record :
       Must(store_->columns().ListColumns(store::kDefaultProject, owner))) {
    if (record.name != name) {
      continue;
    }
    Column whole;
    for (std::int64_t chunk = 0; chunk * store::kChunkRows < num_rows; ++chunk) {
      Column part = Must(store_->columns().ReadChunk(store::kDefaultProject, owner, record, chunk));
      if (chunk == 0) {
        whole = std::move(part);
      } else {
        Append(whole, part);
      }
    }
    return whole;
  }
  return std::nullopt;
}

std::vector<std::optional<double>> Workbench::Scores(store::Id run, std::string_view metric) {
  const store::RunRecord record = Must(store_->runs().GetRun(store::kDefaultProject, run));
  const std::optional<Column> column = ReadWhole(run, metric, record.num_rows);
  std::vector<std::optional<double>> scores;
  for (std::int64_t row = 0; column.has_value() && row < column->num_rows; ++row) {
    scores.push_back(column->IsValid(row)
                         ? std::optional(column->doubles[static_cast<std::size_t>(row)])
                         : std::nullopt);
  }
  return scores;
}

std::vector<std::int64_t> Workbench::Statuses(store::Id run) {
  const store::RunRecord record = Must(store_->runs().GetRun(store::kDefaultProject, run));
  const std::optional<Column> column = ReadWhole(run, "status", record.num_rows);
  return column.has_value() ? column->int64s : std::vector<std::int64_t>();
}

std::optional<store::SummaryRecord> Workbench::Summary(store::Id run, std::string_view metric,
                                                       std::string_view cohort) {
  for (const store::SummaryRecord& summary :
       Must(store_->runs().ListSummaries(store::kDefaultProject, run))) {
    if (summary.metric == metric && summary.cohort == cohort) {
      return summary;
    }
  }
  return std::nullopt;
}

std::vector<store::SpanRecord> Workbench::Spans(std::string_view resource) {
  tracer_->Flush();
  std::vector<store::SpanRecord> spans;
  store::TraceQuery query;
  query.resource = resource;
  for (const store::TraceRecord& trace :
       Must(store_->traces().FindTraces(store::kDefaultProject, query)).traces) {
    for (store::SpanRecord& span :
         Must(store_->traces().ListSpans(store::kDefaultProject, trace.id, {}))) {
      if (span.resource == resource) {
        spans.push_back(std::move(span));
      }
    }
  }
  return spans;
}

std::vector<Column> LabelledExamples(std::int64_t num_rows) {
  Rows<std::string> keys;
  Rows<std::string> labels;
  Rows<std::string> domains;
  Rows<std::string> lengths;
  for (std::int64_t row = 0; row < num_rows; ++row) {
    keys.push_back(absl::StrFormat("example-%06d", row));
    labels.push_back(absl::StrFormat("label %d", row % 7));
    domains.push_back(row % 11 == 3 ? std::nullopt
                                    : std::optional(absl::StrFormat("d%d", row / 5 % 4)));
    lengths.push_back(row % 3 == 0 ? "short" : row % 3 == 1 ? "medium" : "long");
  }
  std::vector<Column> columns;
  columns.push_back(TextColumn("key", keys));
  columns.push_back(CodedTextColumn("label", labels));
  columns.push_back(CodedTextColumn("cohort.domain", domains));
  columns.push_back(CodedTextColumn("cohort.length", lengths));
  return columns;
}

std::vector<Column> LabelledOutputs(std::int64_t num_rows, std::int64_t one_wrong_in,
                                    std::uint64_t seed) {
  Rows<std::string> keys;
  Rows<std::string> labels;
  Rows<double> latencies;
  for (std::int64_t row = 0; row < num_rows; ++row) {
    const std::uint64_t noise = Mix(seed * 1'000'003 + static_cast<std::uint64_t>(row));
    const bool is_wrong = noise % static_cast<std::uint64_t>(one_wrong_in) == 0;
    keys.push_back(absl::StrFormat("example-%06d", row));
    labels.push_back(absl::StrFormat("label %d", (row + (is_wrong ? 1 : 0)) % 7));
    latencies.push_back(1000.0 + static_cast<double>(noise % 1000) / 3);
  }
  std::vector<Column> columns;
  columns.push_back(TextColumn("key", keys));
  columns.push_back(CodedTextColumn("label", labels));
  columns.push_back(Float64Column("latency_us", latencies));
  return columns;
}

}  // namespace assay::test
