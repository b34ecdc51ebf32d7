#pragma once

#include <string>
#include <string_view>

#include "client/cli/context.h"

namespace assay::cli {

// The dashboard's page of a resource on a server whose pages are at `base_url`, which has no slash
// at its end. The default project is left out: `http://127.0.0.1:7318/comparisons/12`.
std::string PageUrl(std::string_view base_url, std::string_view resource_name);

// Where a person finds a trace of the project that `resource_name` is in: its page on `site`, or,
// where that is empty, the command that shows it.
std::string TraceAddress(std::string_view site, std::string_view resource_name,
                         std::string_view trace_id);

// Address of the server's pages, without a slash at its end. Empty in local mode, where the server
// lives no longer than the command, and when the server does not say where it is.
std::string SiteOf(Context& context);

// Where a person finds the page of a resource: its address, or in local mode, where the server
// lives no longer than the command, the command that opens it. Empty when the server does not say
// where it is.
std::string PageOf(Context& context, std::string_view resource_name);

}  // namespace assay::cli
