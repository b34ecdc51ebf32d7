#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/base/clock.h"
#include "server/ingest/ingestor.h"
#include "server/run/scheduler.h"
#include "server/store/store.h"
#include "server/trace/tracer.h"

namespace assay::test {

// A fresh directory that goes with its owner.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A real store in a directory, with what fills it and what runs on it. Aborts the program when
// setting up fails. Owned by one thread.
class Workbench {
 public:
  explicit Workbench(const std::filesystem::path& directory, trace::Tracer::Options tracing = {});
  ~Workbench();

  store::Store& store() { return *store_; }
  trace::Tracer& tracer() { return *tracer_; }

  // Ids of what was pushed. The columns make one batch.
  store::Id PushDataset(const std::string& name, std::vector<Column> columns);
  store::Id PushModel(const std::string& name, const std::map<std::string, std::string>& config,
                      const std::string& activation = "");
  store::Id PushOutputs(store::Id dataset, store::Id model, std::vector<Column> columns);

  std::unique_ptr<run::Scheduler> StartScheduler(int num_workers = 2,
                                                 std::int32_t shard_chunks = 16);

  // Waits, at most a minute, until the run or comparison has ended.
  store::RunRecord Await(store::Id run);
  store::ComparisonRecord AwaitComparison(store::Id comparison);
  // Submits and waits.
  store::RunRecord Evaluate(run::Scheduler& scheduler, const run::RunRequest& request);
  store::ComparisonRecord Compare(run::Scheduler& scheduler, const run::ComparisonRequest& request);

  // A column of a run over all rows; null where there is no value.
  std::vector<std::optional<double>> Scores(store::Id run, std::string_view metric);
  std::vector<std::int64_t> Statuses(store::Id run);
  // The summary of a metric over a cohort; absent when there is none.
  std::optional<store::SummaryRecord> Summary(store::Id run, std::string_view metric,
                                              std::string_view cohort = "");
  // Every span stored with this resource, once what ended is stored.
  std::vector<store::SpanRecord> Spans(std::string_view resource);

 private:
  store::Id Push(const store::UploadRecord& target, std::vector<Column> columns);
  std::optional<Column> ReadWhole(store::Id owner, std::string_view name, std::int64_t num_rows);

  std::unique_ptr<store::Store> store_;
  std::unique_ptr<trace::Tracer> tracer_;
  std::unique_ptr<ingest::Ingestor> ingestor_;
};

// Columns `key`, `label`, `cohort.domain` (four values, null in every eleventh row) and
// `cohort.length` (three values) of `num_rows` examples with seven labels.
std::vector<Column> LabelledExamples(std::int64_t num_rows);
// `key`, `label` and `latency_us` for the same examples; a label is wrong in about one of
// `one_wrong_in` rows, which rows depends on `seed`.
std::vector<Column> LabelledOutputs(std::int64_t num_rows, std::int64_t one_wrong_in,
                                    std::uint64_t seed);

}  // namespace assay::test
