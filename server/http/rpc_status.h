#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::http {

// One detail of a serialised google.rpc.Status, which Debian's libraries do not have.
struct RpcStatusDetail {
  std::string type;   // full name of the message, without `type.googleapis.com/`
  std::string value;  // the message, serialised
};

// The details; none when `bytes` are no google.rpc.Status.
std::vector<RpcStatusDetail> ParseRpcStatus(std::string_view bytes);

}  // namespace assay::http
