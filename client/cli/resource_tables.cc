#include "client/cli/resource_tables.h"

#include <google/protobuf/timestamp.pb.h>

#include "absl/strings/str_format.h"
#include "client/cli/numbers.h"
#include "evaluators/columns.h"

namespace assay::cli {

std::string TimeText(const google::protobuf::Timestamp& time) {
  return time.seconds() == 0 ? std::string() : TimeText(time.seconds());
}

std::string ShortDigest(std::string_view digest) {
  constexpr std::size_t kLength = sizeof("sha256:") - 1 + 12;
  return std::string(digest.substr(0, kLength));
}

std::string ColumnTypeText(int type, std::int32_t dimension) {
  if (type < static_cast<int>(ColumnType::kText) ||
      type > static_cast<int>(ColumnType::kRelevance)) {
    return absl::StrFormat("type %d", type);
  }
  const std::string name(ColumnTypeName(static_cast<ColumnType>(type)));
  return dimension > 0 ? absl::StrFormat("%s x %d", name, dimension) : name;
}

}  // namespace assay::cli
