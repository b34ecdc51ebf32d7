#include "server/api/version_cache.h"

#include <optional>

#include "server/base/status_macros.h"

namespace assay::api {
namespace {

template <typename Map, typename Key>
auto Find(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

template <typename Map, typename Key, typename Value>
void Keep(Map& map, std::size_t max_entries, Key key, Value value) {
  if (map.size() >= max_entries) {
    map.clear();
  }
  map.emplace(std::move(key), std::move(value));
}

}  // namespace

VersionCache::VersionCache(store::Store& store) : store_(store) {}

absl::StatusOr<store::Id> VersionCache::ProjectId(std::string_view name) {
  {
    const MutexLock lock(mutex_);
    if (const auto kept = Find(projects_, name)) {
      return *kept;
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const store::ProjectRecord project, store_.datasets().FindProject(name));
  const MutexLock lock(mutex_);
  Keep(projects_, kMaxEntries, std::string(name), project.id);
  return project.id;
}

absl::StatusOr<VersionCache::Version> VersionCache::DatasetVersion(store::Id project,
                                                                   store::Id version) {
  const Key key(project, version);
  {
    const MutexLock lock(mutex_);
    if (const auto kept = Find(dataset_versions_, key)) {
      return *kept;
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord record,
                         store_.datasets().GetVersion(project, version));
  Version found{record.dataset_name, record.number, record.digest};
  const MutexLock lock(mutex_);
  Keep(dataset_versions_, kMaxEntries, key, found);
  return found;
}

absl::StatusOr<VersionCache::Version> VersionCache::ModelVersion(store::Id project,
                                                                 store::Id version) {
  const Key key(project, version);
  {
    const MutexLock lock(mutex_);
    if (const auto kept = Find(model_versions_, key)) {
      return *kept;
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord record,
                         store_.models().GetVersion(project, version));
  Version found{record.model_name, record.number, record.digest, record.derivation};
  const MutexLock lock(mutex_);
  Keep(model_versions_, kMaxEntries, key, found);
  return found;
}

}  // namespace assay::api
