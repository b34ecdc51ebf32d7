#include "server/ingest/ingestor.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/base/status_macros.h"
#include "server/base/thread_pool.h"
#include "server/ingest/checked_batch.h"
#include "server/ingest/sealing.h"
#include "server/ingest/upload_content.h"
#include "server/ingest/upload_lane.h"
#include "server/ingest/upload_lanes.h"

namespace assay::ingest {
namespace {

using Action = UploadLane::Action;

constexpr std::int64_t kBatchOverheadBytes = 4096;
constexpr std::size_t kMaxDatasetNameBytes = 128;
constexpr std::size_t kMaxMachineBytes = 256;
constexpr std::chrono::hours kCollectInterval{1};
// An open upload that nobody touched that long is dropped from memory, not from the store.
constexpr std::chrono::minutes kForgetAfter{10};

bool IsDatasetName(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxDatasetNameBytes && name.front() != '.' &&
         name.front() != '-' && std::all_of(name.begin(), name.end(), is_allowed);
}

}  // namespace

class Ingestor::Impl {
 public:
  Impl(store::Store& store, Clock& clock, Options options)
      : store_(store),
        clock_(clock),
        options_(options),
        lanes_(options.max_batches_ahead, options.max_pending_bytes),
        pool_(options.num_threads) {
    housekeeper_ = std::thread([this] { KeepHouse(); });
  }

  ~Impl() {
    lanes_.Close();
    housekeeper_.join();
  }

  store::Store& store() const { return store_; }

  void Append(store::Id project, store::Id upload, std::int64_t sequence, store::Table table,
              std::vector<Column> columns, std::int64_t num_rows,
              std::function<void(absl::StatusOr<std::int64_t>)> done) {
    auto batch = std::make_shared<PendingBatch>();
    batch->sequence = sequence;
    batch->checked.table = table;
    batch->checked.columns = std::move(columns);
    batch->checked.num_rows = num_rows;
    batch->size_bytes = SizeBytes(batch->checked.columns) + kBatchOverheadBytes;
    // Threads sleep by the machine's own clock, so waiting is measured with it.
    batch->arrived = std::chrono::steady_clock::now();
    batch->done = std::move(done);
    if (const absl::Status admitted = lanes_.Admit(project, upload, *batch); !admitted.ok()) {
      pool_.Post([batch, admitted] { batch->done(admitted); });
      return;
    }
    pool_.Post([this, project, upload, batch] { Prepare(project, upload, batch); });
  }

  absl::StatusOr<store::UploadRecord> Commit(store::Id project, store::Id upload,
                                             std::int64_t num_batches) {
    const UploadLanePtr lane = lanes_.Acquire(project, upload);
    bool is_over = false;
    absl::StatusOr<store::UploadRecord> result = CommitOwned(*lane, num_batches, is_over);
    if (is_over) {
      lanes_.Remove(*lane, absl::FailedPreconditionError("the upload is sealed or was removed"));
    } else {
      pool_.Post([this, lane] { Advance(lane); });
    }
    return result;
  }

  absl::Status Abort(store::Id project, store::Id upload) {
    const UploadLanePtr lane = lanes_.Acquire(project, upload);
    absl::Status status = store_.uploads().Abort(project, upload);
    if (status.ok()) {
      lanes_.Remove(*lane,
                    absl::NotFoundError(absl::StrFormat("no such upload: 'uploads/%d'", upload)));
    } else {
      pool_.Post([this, lane] { Advance(lane); });
    }
    return status;
  }

 private:
  // Does what needs no turn, then lets the batch wait for its turn.
  void Prepare(store::Id project, store::Id upload, const PendingBatchPtr& batch) {
    std::optional<store::UploadKind> kind = lanes_.KindOf(project, upload);
    if (!kind.has_value()) {
      const absl::StatusOr<store::UploadRecord> record = store_.uploads().Get(project, upload);
      if (!record.ok()) {
        lanes_.Finish(batch, record.status());
        return;
      }
      kind = record->kind;
    }
    const store::Table table = batch->checked.table;
    batch->checked = CheckBatch(RowKindOf(*kind, table), table, std::move(batch->checked.columns),
                                batch->checked.num_rows);
    if (const UploadLanePtr lane = lanes_.Park(project, upload, *kind, batch); lane != nullptr) {
      Advance(lane);
    }
  }

  // Takes steps until there is none. The caller owned the lane and does so no more.
  void Advance(const UploadLanePtr& lane) {
    for (;;) {
      const UploadLane::Step step = lanes_.NextStep(*lane);
      switch (step.action) {
        case Action::kNone:
          return;
        case Action::kLoad:
          if (const absl::Status status = Load(*lane); !status.ok()) {
            lanes_.Remove(*lane, status);  // Whoever comes next tries again.
            return;
          }
          break;
        case Action::kTooFar:
          lanes_.Finish(step.batch, absl::ResourceExhaustedError(absl::StrFormat(
                                        "batch %d is more than %d batches ahead of its turn",
                                        step.batch->sequence, options_.max_batches_ahead)));
          break;
        case Action::kSealed:
          lanes_.Finish(step.batch, absl::FailedPreconditionError("the upload is sealed"));
          break;
        case Action::kGiveBack:
          lanes_.Finish(step.batch, absl::AbortedError(absl::StrFormat(
                                        "a batch before batch %d failed", step.batch->sequence)));
          break;
        case Action::kRepeat:
          lanes_.Finish(step.batch, AnswerRepeat(*lane, *step.batch));
          break;
        case Action::kApply:
          Apply(lane, step.batch);
          break;
      }
    }
  }

  // Brings a lane that the caller owns up to the store's state.
  absl::Status Load(UploadLane& lane) {
    ASSAY_ASSIGN_OR_RETURN(const store::UploadRecord record,
                           store_.uploads().Get(lane.project, lane.upload));
    lane.content.reset();
    if (record.state == store::UploadState::kOpen) {
      ASSAY_ASSIGN_OR_RETURN(lane.content,
                             UploadContent::Restore(store_.columns(), lane.project, record));
    }
    lanes_.Loaded(lane, record);
    return absl::OkStatus();
  }

  absl::StatusOr<std::int64_t> AnswerRepeat(const UploadLane& lane, const PendingBatch& batch) {
    const absl::StatusOr<store::Digest> stored =
        store_.uploads().GetBatch(lane.project, lane.upload, batch.sequence);
    if (absl::IsNotFound(stored.status())) {
      return absl::FailedPreconditionError("the upload is sealed");
    }
    ASSAY_RETURN_IF_ERROR(stored.status());
    if (*stored != batch.checked.content) {
      return absl::AlreadyExistsError(
          absl::StrFormat("batch %d is stored with other content", batch.sequence));
    }
    return lanes_.NumDurable(lane);
  }

  void Apply(const UploadLanePtr& lane, const PendingBatchPtr& batch) {
    absl::StatusOr<std::vector<store::ColumnChunks>> columns = lane->content->Add(batch->checked);
    if (!columns.ok()) {
      lanes_.Failed(*lane, batch->sequence);
      lanes_.Finish(batch, columns.status());
      return;
    }
    store::BatchWrite write;
    write.project = lane->project;
    write.upload = lane->upload;
    write.sequence = batch->sequence;
    write.content = batch->checked.content;
    write.num_rows = lane->content->num_rows(store::Table::kRows);
    write.num_documents = lane->content->num_rows(store::Table::kDocuments);
    write.columns = *std::move(columns);
    const std::int64_t num_rows = batch->checked.num_rows;
    batch->checked = CheckedBatch();
    lanes_.Applied(*lane);
    store_.uploads().Append(
        std::move(write), [this, lane, batch, num_rows](const absl::Status& status) {
          // On the store's thread.
          num_rows_.Add(status.ok() ? num_rows : 0);
          if (lanes_.Answered(*lane, batch->sequence, status.ok())) {
            pool_.Post([this, lane] { Advance(lane); });
          }
          lanes_.Finish(batch,
                        status.ok() ? absl::StatusOr<std::int64_t>(batch->sequence + 1) : status);
        });
  }

  // `is_over`: the upload takes no more batches.
  absl::StatusOr<store::UploadRecord> CommitOwned(UploadLane& lane, std::int64_t num_batches,
                                                  bool& is_over) {
    absl::StatusOr<store::UploadRecord> record = store_.uploads().Get(lane.project, lane.upload);
    if (!record.ok()) {
      is_over = absl::IsNotFound(record.status());
      return record;
    }
    is_over = record->state != store::UploadState::kOpen;
    if (record->next_sequence != num_batches) {
      return absl::FailedPreconditionError(
          absl::StrFormat("%d batches are stored, not %d", record->next_sequence, num_batches));
    }
    if (is_over) {
      return record;
    }
    if (!lanes_.IsLoaded(lane)) {
      ASSAY_RETURN_IF_ERROR(Load(lane));
    }
    const absl::StatusOr<store::CommitWrite> commit =
        Seal(store_, lane.project, *record, *lane.content);
    if (absl::IsInvalidArgument(commit.status())) {
      ASSAY_RETURN_IF_ERROR(store_.uploads().Abort(lane.project, lane.upload));
      is_over = true;
    }
    ASSAY_RETURN_IF_ERROR(commit.status());
    absl::StatusOr<store::UploadRecord> sealed = store_.uploads().Commit(*commit);
    is_over = sealed.ok();
    return sealed;
  }

  // Collects abandoned uploads now and every hour, gives back batches that waited too long, and
  // drops uploads from memory that rest.
  void KeepHouse() {
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto max_wait = std::chrono::microseconds(options_.max_wait_us);
    const auto tick =
        std::max<std::chrono::steady_clock::duration>(max_wait / 4, std::chrono::milliseconds(1));
    auto next_collect = now();
    do {
      if (now() >= next_collect) {
        Collect();
        next_collect = now() + kCollectInterval;
      }
      lanes_.FinishAll(lanes_.TakeOverdue(now() - max_wait, now() - kForgetAfter),
                       absl::UnavailableError("the batch before this one did not come"));
    } while (lanes_.SleepUntil(std::min(next_collect, now() + tick)));
  }

  void Collect() {
    const absl::StatusOr<std::int64_t> num_removed =
        store_.uploads().Collect(clock_.NowUs() - options_.abandon_after_us);
    if (!num_removed.ok()) {
      Log(LogLevel::kWarning, "collecting abandoned uploads failed",
          {{"status", num_removed.status()}});
    } else if (*num_removed > 0) {
      Log(LogLevel::kInfo, "removed abandoned uploads", {{"uploads", *num_removed}});
    }
  }

  store::Store& store_;
  Clock& clock_;
  const Options options_;
  Counter& num_rows_ = CounterOf("assay_ingested_rows_total", "Rows of uploads that were stored.");
  UploadLanes lanes_;
  std::thread housekeeper_;
  ThreadPool pool_;  // Last: it joins before anything that its tasks use is gone.
};

Ingestor::Ingestor(store::Store& store, Clock& clock) : Ingestor(store, clock, Options()) {}

Ingestor::Ingestor(store::Store& store, Clock& clock, Options options)
    : impl_(std::make_unique<Impl>(store, clock, options)) {}

Ingestor::~Ingestor() = default;

absl::StatusOr<store::UploadRecord> Ingestor::Begin(store::Id project,
                                                    const store::UploadRecord& target,
                                                    const std::string& request_id) {
  store::Store& store = impl_->store();
  if (target.kind == store::UploadKind::kDataset) {
    if (!IsDatasetName(target.dataset_name)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "dataset: '%s' must be 1 to %d of letters, digits, '.', '_', '-', and not start with "
          "'.' or '-'",
          IsUtf8(target.dataset_name) ? target.dataset_name : "?", kMaxDatasetNameBytes));
    }
    return store.uploads().Begin(project, target, request_id);
  }
  if (target.machine.size() > kMaxMachineBytes || !IsUtf8(target.machine)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("machine: must be UTF-8 of at most %d bytes", kMaxMachineBytes));
  }
  ASSAY_RETURN_IF_ERROR(store.datasets().GetVersion(project, target.dataset_version_id).status());
  ASSAY_RETURN_IF_ERROR(store.models().GetVersion(project, target.model_version_id).status());
  return store.uploads().Begin(project, target, request_id);
}

void Ingestor::Append(store::Id project, store::Id upload, std::int64_t sequence,
                      store::Table table, std::vector<Column> columns, std::int64_t num_rows,
                      std::function<void(absl::StatusOr<std::int64_t>)> done) {
  impl_->Append(project, upload, sequence, table, std::move(columns), num_rows, std::move(done));
}

absl::StatusOr<store::UploadRecord> Ingestor::Get(store::Id project, store::Id upload) const {
  return impl_->store().uploads().Get(project, upload);
}

absl::StatusOr<store::UploadRecord> Ingestor::Commit(store::Id project, store::Id upload,
                                                     std::int64_t num_batches) {
  return impl_->Commit(project, upload, num_batches);
}

absl::Status Ingestor::Abort(store::Id project, store::Id upload) {
  return impl_->Abort(project, upload);
}

}  // namespace assay::ingest
