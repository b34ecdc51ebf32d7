#include "client/cli/trace_paths.h"

#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "assay/v1/trace_service.pb.h"
#include "client/cli/numbers.h"

namespace assay::cli {
namespace {

// A path and those below it, in the order they came.
struct Node {
  PathDifference path;
  std::vector<std::unique_ptr<Node>> children;
  std::map<std::string, Node*> by_name;

  Node& Child(const std::string& name) {
    Node*& child = by_name[name];
    if (child == nullptr) {
      children.push_back(std::make_unique<Node>());
      child = children.back().get();
      child->path.name = name;
    }
    return *child;
  }
};

// The server sends parents before children.
void AddTrace(const v1::Trace& trace, bool is_after, Node& root) {
  std::map<std::string, Node*> nodes;
  for (const v1::Span& span : trace.spans()) {
    const auto parent = nodes.find(span.parent_span_id());
    const std::size_t depth = parent == nodes.end() ? 0 : parent->second->path.depth + 1;
    Node& node = (parent == nodes.end() ? root : *parent->second).Child(span.name());
    node.path.depth = depth;
    nodes[span.span_id()] = &node;
    (is_after ? node.path.num_after : node.path.num_before) += 1;
    (is_after ? node.path.after_ns : node.path.before_ns) += span.duration_ns();
    (is_after ? node.path.self_after_ns : node.path.self_before_ns) += span.self_time_ns();
  }
}

std::string TimeOrDash(std::int64_t count, std::int64_t time_ns, bool is_text) {
  if (count == 0) {
    return is_text ? "-" : "";
  }
  return is_text ? DurationText(1e-9 * static_cast<double>(time_ns))
                 : absl::StrFormat("%.3f", 1e-3 * static_cast<double>(time_ns));
}

std::string RatioText(const PathDifference& path, bool is_text) {
  if (path.num_before == 0 || path.num_after == 0 || path.before_ns == 0) {
    return is_text ? (path.num_before == 0 ? "new" : path.num_after == 0 ? "gone" : "-") : "";
  }
  const double ratio = static_cast<double>(path.after_ns) / static_cast<double>(path.before_ns);
  return is_text ? absl::StrFormat("%.2fx", ratio) : absl::StrFormat("%.17g", ratio);
}

}  // namespace

std::string ShortSpanName(const std::string& name) {
  constexpr std::string_view kPackage = "assay.v1.";
  return name.starts_with(kPackage) ? name.substr(kPackage.size()) : name;
}

std::vector<PathDifference> CompareTraces(const v1::Trace& before, const v1::Trace& after) {
  Node root;
  AddTrace(before, false, root);
  AddTrace(after, true, root);
  std::vector<PathDifference> paths;
  std::vector<const Node*> open = {&root};
  while (!open.empty()) {
    const Node* const node = open.back();
    open.pop_back();
    if (node != &root) {
      paths.push_back(node->path);
    }
    for (auto child = node->children.rbegin(); child != node->children.rend(); ++child) {
      open.push_back(child->get());
    }
  }
  return paths;
}

Table PathsTable(const std::vector<PathDifference>& paths, bool is_text) {
  Table table({{is_text ? "SPAN" : "span", Align::kLeft, true},
               {is_text ? "COUNT" : "count_before", Align::kRight},
               {is_text ? "->" : "count_after", Align::kRight},
               {is_text ? "BEFORE" : "before_us", Align::kRight},
               {is_text ? "AFTER" : "after_us", Align::kRight},
               {is_text ? "RATIO" : "ratio", Align::kRight},
               {is_text ? "SELF BEFORE" : "self_before_us", Align::kRight},
               {is_text ? "SELF AFTER" : "self_after_us", Align::kRight}});
  for (const PathDifference& path : paths) {
    table.AddRow({std::string(is_text ? 2 * path.depth : 0, ' ') + path.name,
                  std::to_string(path.num_before), std::to_string(path.num_after),
                  TimeOrDash(path.num_before, path.before_ns, is_text),
                  TimeOrDash(path.num_after, path.after_ns, is_text), RatioText(path, is_text),
                  TimeOrDash(path.num_before, path.self_before_ns, is_text),
                  TimeOrDash(path.num_after, path.self_after_ns, is_text)});
  }
  return table;
}

}  // namespace assay::cli
