#pragma once

#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/connect_protocol.h"
#include "server/http/exchange.h"

// Between the headers of HTTP and what gRPC takes and gives beside a message.
namespace assay::http::connect {

// What a request asks for apart from its message.
struct RequestHeader {
  ContentType type;
  bool is_gzip = false;
  std::optional<std::chrono::system_clock::time_point> deadline;
  std::vector<std::pair<std::string, std::string>> metadata;  // handed on to the call
};

// The header of `request`, checked. INVALID_ARGUMENT, UNIMPLEMENTED or DEADLINE_EXCEEDED otherwise.
// A byte that gRPC does not take in metadata would end the process, so values are looked at first.
grpc::Status ReadHeader(const Request& request, ContentType type, RequestHeader& header);

// Appends `metadata` to the headers of an answer, each name after `prefix`: gRPC's own stays
// inside, binary is base64, and anything that could break a header is left out.
void AppendMetadata(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                    std::string_view prefix, Headers& headers);

}  // namespace assay::http::connect
