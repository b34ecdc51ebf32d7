#include "server/http/exchange.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "server/http/json_text.h"

namespace assay::http {

std::optional<std::string_view> Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

int Request::CountHeader(std::string_view name) const {
  return static_cast<int>(std::count_if(
      headers.begin(), headers.end(), [name](const auto& header) { return header.first == name; }));
}

Response JsonResponse(int status, std::string body) {
  return {status,
          {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          std::move(body)};
}

Response ErrorResponse(int status, std::string_view code, std::string_view message) {
  return JsonResponse(status, absl::StrFormat("{\"code\":%s,\"message\":%s}\n", JsonQuoted(code),
                                              JsonQuoted(message)));
}

}  // namespace assay::http
