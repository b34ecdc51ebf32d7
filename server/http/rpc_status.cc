#include "server/http/rpc_status.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

namespace assay::http {

using google::protobuf::internal::WireFormatLite;

std::vector<RpcStatusDetail> ParseRpcStatus(std::string_view bytes) {
  constexpr int kDetailsField = 3;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  std::vector<RpcStatusDetail> details;
  while (const std::uint32_t tag = input.ReadTag()) {
    if (tag != WireFormatLite::MakeTag(kDetailsField, WireFormatLite::WIRETYPE_LENGTH_DELIMITED)) {
      if (!WireFormatLite::SkipField(&input, tag)) {
        return {};
      }
      continue;
    }
    std::uint32_t size = 0;
    std::string detail;
    google::protobuf::Any any;
    if (!input.ReadVarint32(&size) || !input.ReadString(&detail, static_cast<int>(size)) ||
        !any.ParseFromString(detail)) {
      return {};
    }
    details.push_back({any.type_url().substr(any.type_url().rfind('/') + 1), any.value()});
  }
  return details;
}

}  // namespace assay::http
