#include "server/api/version_cache.h"

#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::string_view kLookups = "assay_version_cache_lookups_total";
constexpr std::string_view kHelp = "Names of projects and versions that were asked for.";

}  // namespace

VersionCache::VersionCache(store::Store& store)
    : store_(store),
      hits_(CounterOf(kLookups, kHelp, "result=\"hit\"")),
      misses_(CounterOf(kLookups, kHelp, "result=\"miss\"")) {}

// The lock is not held while the store looks.
template <typename Map, typename MapKey, typename LookUp>
absl::StatusOr<typename Map::mapped_type> VersionCache::Find(Map VersionCache::*kept,
                                                             const MapKey& key,
                                                             const LookUp& look_up) {
  Map& map = this->*kept;
  {
    const MutexLock lock(mutex_);
    if (const auto found = map.find(key); found != map.end()) {
      hits_.Add();
      return found->second;
    }
  }
  misses_.Add();
  ASSAY_ASSIGN_OR_RETURN(typename Map::mapped_type found, look_up());
  const MutexLock lock(mutex_);
  if (map.size() >= kMaxEntries) {
    map.clear();
  }
  map.emplace(key, found);
  return found;
}

absl::StatusOr<store::Id> VersionCache::ProjectId(std::string_view name) {
  return Find(&VersionCache::projects_, name, [&]() -> absl::StatusOr<store::Id> {
    ASSAY_ASSIGN_OR_RETURN(const store::ProjectRecord project, store_.datasets().FindProject(name));
    return project.id;
  });
}

absl::StatusOr<VersionCache::Version> VersionCache::DatasetVersion(store::Id project,
                                                                   store::Id version) {
  return Find(&VersionCache::dataset_versions_, Key(project, version),
              [&]() -> absl::StatusOr<Version> {
                ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord record,
                                       store_.datasets().GetVersion(project, version));
                return Version{record.dataset_name, record.number, record.digest};
              });
}

absl::StatusOr<VersionCache::Version> VersionCache::ModelVersion(store::Id project,
                                                                 store::Id version) {
  return Find(&VersionCache::model_versions_, Key(project, version),
              [&]() -> absl::StatusOr<Version> {
                ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord record,
                                       store_.models().GetVersion(project, version));
                return Version{record.model_name, record.number, record.digest, record.derivation};
              });
}

}  // namespace assay::api
