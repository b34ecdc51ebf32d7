#include "server/store/sqlite/id_sequence.h"

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::string_view kTakeIds =
    "UPDATE id_sequence SET next_id = next_id + $1 WHERE name = 'id' RETURNING next_id - $1";

}  // namespace

absl::StatusOr<Id> AllocateIds(Database& database, std::int64_t count) {
  ASSAY_ASSIGN_OR_RETURN(Statement take, Statement::Prepare(database, kTakeIds));
  take.Bind(count);
  ASSAY_ASSIGN_OR_RETURN(const bool found, take.Step());
  if (!found) {
    return absl::DataLossError(absl::StrFormat("%s: the id sequence is gone", database.path()));
  }
  Id first = 0;
  ASSAY_RETURN_IF_ERROR(take.Read(first));
  return first;
}

}  // namespace assay::store
