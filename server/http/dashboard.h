#pragma once

#include <span>
#include <string_view>

#include "server/http/router.h"

namespace assay::http {

// A file of the dashboard, built into the program.
struct EmbeddedFile {
  std::string_view path;  // `/assets/index-1a2b.js`
  std::string_view content;
  std::string_view gzip;  // the same, compressed
};
// In no order. The bundle in client/dashboard/dist.
std::span<const EmbeddedFile> EmbeddedDashboard();

// The dashboard: its files by path, and its page under every other path that a browser opens. Files
// under `/assets/` carry a hash in their name and are kept by browsers for ever, the rest is asked
// for again and answered 304 when it is the same.
void AddDashboardRoutes(Router& router);

}  // namespace assay::http
