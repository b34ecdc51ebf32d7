#include "server/http/dashboard.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#ifdef ASSAY_DASHBOARD_DIR
#include <filesystem>
#include <fstream>
#include <iterator>
#endif

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "server/base/hex.h"
#include "server/base/sha256.h"

namespace assay::http {
namespace {

constexpr std::string_view kIndex = "/index.html";
constexpr std::string_view kHashedFolder = "/assets/";

constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
    {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},   {".svg", "image/svg+xml"},
    {".md", "text/plain; charset=utf-8"},
};

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

struct File {
  std::string content;
  std::string gzip;  // empty: not at hand
};

#ifdef ASSAY_DASHBOARD_DIR
// While developing: the files as they are now. Only names that the folder lists are opened.
std::optional<File> FindFile(std::string_view path) {
  const std::filesystem::path folder = ASSAY_DASHBOARD_DIR;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (entry.is_regular_file(error) &&
        "/" + entry.path().lexically_relative(folder).generic_string() == path) {
      std::ifstream file(entry.path(), std::ios::binary);
      return File{std::string(std::istreambuf_iterator<char>(file), {}), {}};
    }
  }
  return std::nullopt;
}
#else
std::optional<File> FindFile(std::string_view path) {
  for (const EmbeddedFile& file : EmbeddedDashboard()) {
    if (file.path == path) {
      return File{std::string(file.content), std::string(file.gzip)};
    }
  }
  return std::nullopt;
}
#endif

std::string_view TypeOf(std::string_view path) {
  for (const auto& [ending, type] : kTypes) {
    if (path.size() > ending.size() && path.substr(path.size() - ending.size()) == ending) {
      return type;
    }
  }
  return "application/octet-stream";
}

std::string Tag(std::string_view content, bool is_gzip) {
  constexpr std::size_t kDigits = 32;
  return absl::StrFormat("\"%s%s\"", HexText(Sha256::Of(content)).substr(0, kDigits),
                         is_gzip ? "-gzip" : "");
}

Response FileResponse(const Request& request, std::string_view path, File file) {
  const bool is_gzip =
      !file.gzip.empty() && Contains(request.Header("accept-encoding").value_or(""), "gzip");
  const std::string tag = Tag(file.content, is_gzip);
  const bool is_hashed = path.substr(0, kHashedFolder.size()) == kHashedFolder;
  Response response{
      200,
      {{"ETag", tag},
       {"Vary", "Accept-Encoding"},
       {"Cache-Control", is_hashed ? "public, max-age=31536000, immutable" : "no-cache"}},
      {}};
  if (Contains(request.Header("if-none-match").value_or(""), tag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", TypeOf(path));
  if (is_gzip) {
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  response.body = std::move(is_gzip ? file.gzip : file.content);
  return response;
}

// The file to answer with: the one of that name, else the page itself for a browser.
std::optional<std::pair<std::string_view, File>> Choose(const Request& request) {
  if (std::optional<File> file = FindFile(request.path)) {
    return std::pair(std::string_view(request.path), *std::move(file));
  }
  const bool is_page = request.path.rfind('.') == std::string::npos ||
                       request.path.rfind('.') < request.path.rfind('/');
  if (request.path == "/" ||
      (is_page && Contains(request.Header("accept").value_or(""), "text/html"))) {
    if (std::optional<File> file = FindFile(kIndex)) {
      return std::pair(kIndex, *std::move(file));
    }
  }
  return std::nullopt;
}

}  // namespace

void AddDashboardRoutes(Router& router) {
  router.AddFallback({0,
                      [](const std::shared_ptr<Exchange>& exchange) {
                        const Request& request = exchange->request();
                        if (auto chosen = Choose(request)) {
                          exchange->Reply(
                              FileResponse(request, chosen->first, std::move(chosen->second)));
                        } else {
                          exchange->Reply(ErrorResponse(404, "not_found", "there is no such page"));
                        }
                      },
                      "GET /*"});
}

}  // namespace assay::http
