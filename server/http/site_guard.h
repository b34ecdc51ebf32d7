#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/exchange.h"

namespace assay::http {

// True when a request with this `Host` header is meant for a server with these names: an IP
// address, `localhost` or one of the names, with or without a port. Case does not matter.
bool IsOwnHost(std::string_view host, const std::vector<std::string>& names);

// True when a page of `origin` (the `Origin` header) is one of this server's: its host and port are
// those of the `Host` header, or its host is one of the names. `null` is not.
bool IsOwnOrigin(std::string_view origin, std::string_view host,
                 const std::vector<std::string>& names);

// The refusal of a request by its header alone; absent when it may come in.
std::optional<Response> CheckSite(const Request& request, const std::vector<std::string>& names);

}  // namespace assay::http
