#pragma once

#include <string>
#include <string_view>

#include "server/http/exchange.h"

namespace assay::http {

// Status line and header of an answer, with what keeps pages of other sites out. `framing` is the
// header that says how the body ends; may be empty.
std::string AnswerHead(int status, const Headers& headers, bool keep_alive,
                       std::string_view framing);

}  // namespace assay::http
