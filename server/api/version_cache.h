#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/base/metrics.h"
#include "server/base/mutex.h"
#include "server/store/store.h"

namespace assay::api {

// What never changes once it is stored: ids of projects, names of dataset and model versions.
// Almost every call asks for some, so the last few thousand are kept. Thread-safe.
class VersionCache {
 public:
  // Name and number within its dataset or model, and digest.
  struct Version {
    std::string parent;  // dataset or model id
    std::int64_t number = 0;
    store::Digest digest{};
    std::string derivation{};  // models
  };

  // `store` outlives it.
  explicit VersionCache(store::Store& store);

  // NOT_FOUND for what does not exist, which is not kept.
  absl::StatusOr<store::Id> ProjectId(std::string_view name);
  absl::StatusOr<Version> DatasetVersion(store::Id project, store::Id version);
  absl::StatusOr<Version> ModelVersion(store::Id project, store::Id version);

 private:
  static constexpr std::size_t kMaxEntries = 4096;  // of each kind; then it starts anew
  using Key = std::pair<store::Id, store::Id>;      // project, version
  using Versions = std::map<Key, Version>;

  // What `kept`, one of the maps below, holds under `key`, or else what `look_up` finds, which is
  // kept when it is OK.
  template <typename Map, typename MapKey, typename LookUp>
  absl::StatusOr<typename Map::mapped_type> Find(Map VersionCache::*kept, const MapKey& key,
                                                 const LookUp& look_up);

  store::Store& store_;
  Counter& hits_;
  Counter& misses_;
  Mutex mutex_;
  std::map<std::string, store::Id, std::less<>> projects_ ASSAY_GUARDED_BY(mutex_);
  Versions dataset_versions_ ASSAY_GUARDED_BY(mutex_);
  Versions model_versions_ ASSAY_GUARDED_BY(mutex_);
};

}  // namespace assay::api
