#include "server/http/answer_text.h"

#include <boost/beast/http/status.hpp>

#include "absl/strings/str_format.h"

namespace assay::http {

std::string AnswerHead(int status, const Headers& headers, bool keep_alive,
                       std::string_view framing) {
  namespace beast = boost::beast;
  const beast::string_view reason =
      beast::http::obsolete_reason(static_cast<beast::http::status>(status));
  std::string head = absl::StrFormat("HTTP/1.1 %d %s\r\n", status, std::string(reason));
  for (const auto& [name, value] : headers) {
    absl::StrAppendFormat(&head, "%s: %s\r\n", name, value);
  }
  head.append(framing);
  head.append(keep_alive ? "" : "Connection: close\r\n");
  head.append(
      "X-Content-Type-Options: nosniff\r\n"
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
      "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cross-Origin-Opener-Policy: same-origin\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\n"
      "\r\n");
  return head;
}

}  // namespace assay::http
