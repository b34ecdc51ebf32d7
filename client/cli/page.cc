#include "client/cli/page.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"

namespace assay::cli {

std::string PageUrl(std::string_view base_url, std::string_view resource_name) {
  constexpr std::string_view kDefaultProject = "projects/default/";
  if (resource_name.starts_with(kDefaultProject)) {
    resource_name.remove_prefix(kDefaultProject.size());
  }
  return absl::StrFormat("%s/%s", base_url, resource_name);
}

std::string TraceAddress(std::string_view site, std::string_view resource_name,
                         std::string_view trace_id) {
  if (site.empty()) {
    return absl::StrFormat("assay trace show %s", trace_id);
  }
  // `projects/default/` of `projects/default/comparisons/14`.
  const std::size_t project_end = resource_name.find('/', resource_name.find('/') + 1);
  return PageUrl(site,
                 absl::StrFormat("%s/traces/%s", resource_name.substr(0, project_end), trace_id));
}

std::string SiteOf(Context& context) {
  if (context.is_local()) {
    return "";
  }
  const absl::StatusOr<client::Client*> client = context.Connect();
  if (!client.ok()) {
    return "";
  }
  const absl::StatusOr<v1::ServerInfo> info = (*client)->GetServerInfo();
  return info.ok() ? info->public_url() : "";
}

std::string PageOf(Context& context, std::string_view resource_name) {
  if (context.is_local()) {
    return absl::StrFormat("assay open %s%s", client::ShortName(resource_name),
                           context.command_suffix());
  }
  const std::string site = SiteOf(context);
  return site.empty() ? "" : PageUrl(site, resource_name);
}

}  // namespace assay::cli
