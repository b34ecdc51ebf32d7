#include "client/cli/waterfall.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/trace_service.pb.h"
#include "client/cli/numbers.h"
#include "client/cli/resource_tables.h"
#include "client/cli/text_width.h"
#include "client/cpp/references.h"

namespace assay::cli {
namespace {

constexpr std::size_t kNarrowestBar = 12;
constexpr std::size_t kWidestName = 48;
constexpr std::size_t kDurationWidth = 10;

struct Line {
  const v1::Span* span = nullptr;
  std::size_t depth = 0;
};

// Spans below their parents, in the order they came. A span whose parent is unknown, or that is
// its own ancestor, counts as a root.
std::vector<Line> Arrange(const v1::Trace& trace) {
  std::map<std::string, std::vector<const v1::Span*>> children;
  std::map<std::string, const v1::Span*> by_id;
  for (const v1::Span& span : trace.spans()) {
    by_id[span.span_id()] = &span;
  }
  std::vector<const v1::Span*> roots;
  for (const v1::Span& span : trace.spans()) {
    if (by_id.contains(span.parent_span_id()) && span.parent_span_id() != span.span_id()) {
      children[span.parent_span_id()].push_back(&span);
    } else {
      roots.push_back(&span);
    }
  }
  std::vector<Line> lines;
  std::map<const v1::Span*, bool> is_drawn;
  // Depth first, with a stack of its own: traces may be deep.
  const auto draw = [&](const v1::Span* root) {
    std::vector<Line> stack = {{root, 0}};
    while (!stack.empty()) {
      const Line line = stack.back();
      stack.pop_back();
      if (is_drawn[line.span]) {
        continue;
      }
      is_drawn[line.span] = true;
      lines.push_back(line);
      const std::vector<const v1::Span*>& below = children[line.span->span_id()];
      for (auto child = below.rbegin(); child != below.rend(); ++child) {
        stack.push_back({*child, line.depth + 1});
      }
    }
  };
  for (const v1::Span* root : roots) {
    draw(root);
  }
  for (const v1::Span& span : trace.spans()) {
    draw(&span);
  }
  return lines;
}

std::int64_t EarliestStart(const v1::Trace& trace) {
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  for (const v1::Span& span : trace.spans()) {
    earliest = std::min(earliest, span.start_time_ns());
  }
  return earliest;
}

// Where a span lies in the whole, as a bar in `width` columns; at least one column is filled.
std::string Bar(double begin, double end, std::size_t width, bool uses_unicode, bool is_thin) {
  const auto columns = static_cast<double>(width);
  const auto first =
      static_cast<std::size_t>(std::clamp(std::floor(begin * columns), 0.0, columns - 1));
  const auto last = static_cast<std::size_t>(
      std::clamp(std::ceil(end * columns), static_cast<double>(first) + 1, columns));
  std::string bar(first, ' ');
  for (std::size_t c = first; c < last; ++c) {
    bar += uses_unicode ? (is_thin ? "─" : "━") : (is_thin ? "-" : "=");
  }
  return bar;
}

// What of the tree cannot be as it was sent, a line each; empty when all of it can.
std::string OddityText(const v1::Trace& trace, const std::vector<Line>& lines) {
  std::map<std::string, const v1::Span*> by_id;
  for (const v1::Span& span : trace.spans()) {
    by_id[span.span_id()] = &span;
  }
  int num_orphans = 0;
  int num_early = 0;
  int num_circles = 0;
  for (const Line& line : lines) {
    const v1::Span& span = *line.span;
    const auto parent = by_id.find(span.parent_span_id());
    if (parent == by_id.end()) {
      num_orphans += span.parent_span_id().empty() ? 0 : 1;
      continue;
    }
    // A circle is cut where a span has a parent and stands at the top all the same.
    num_circles += line.depth == 0 ? 1 : 0;
    num_early += span.start_time_ns() < parent->second->start_time_ns() ? 1 : 0;
  }
  std::string text;
  if (num_orphans > 0 && !trace.is_partial()) {
    text += absl::StrFormat("%d of the spans name a parent that is not here\n", num_orphans);
  }
  if (num_circles > 0) {
    text += absl::StrFormat("%d circles of parents are cut at their earliest span\n", num_circles);
  }
  if (num_early > 0) {
    text +=
        absl::StrFormat("%d of the spans began before their parent: clocks differ\n", num_early);
  }
  return text.empty() ? text : "\n" + text;
}

std::string NameOf(const Line& line, bool uses_unicode) {
  const bool has_failed = line.span->status() == v1::Span::ERROR;
  const std::string mark = has_failed ? (uses_unicode ? "✗ " : "x ") : "";
  return std::string(2 * line.depth, ' ') + mark + OneLine(line.span->name());
}

}  // namespace

std::string WaterfallText(const v1::Trace& trace, std::size_t width, const Palette& palette,
                          bool uses_unicode) {
  std::string text = absl::StrFormat(
      "%s  %s  %s  %d %s%s\n", palette(Ink::kBold, client::ShortName(trace.name())),
      OneLine(trace.root_name()), DurationText(1e-9 * static_cast<double>(trace.duration_ns())),
      trace.num_spans(), trace.num_spans() == 1 ? "span" : "spans",
      trace.num_errors() > 0
          ? palette(Ink::kRed, absl::StrFormat("  %d %s", trace.num_errors(),
                                               trace.num_errors() == 1 ? "error" : "errors"))
          : std::string());
  const std::string started = TimeText(trace.start_time());
  text += absl::StrFormat("%s%s\n\n", started.empty() ? "at no known time" : started + " UTC",
                          trace.resource().empty() ? "" : "  " + OneLine(trace.resource()));

  const std::vector<Line> lines = Arrange(trace);
  std::size_t name_width = 4;
  for (const Line& line : lines) {
    name_width = std::max(name_width, DisplayWidth(NameOf(line, uses_unicode)));
  }
  bool has_self_times = false;
  for (const v1::Span& span : trace.spans()) {
    has_self_times = has_self_times || span.self_time_ns() > 0;
  }
  const std::size_t numbers_width = has_self_times ? 2 * kDurationWidth + 2 : kDurationWidth;
  const std::size_t most =
      width > numbers_width + kNarrowestBar + 4 ? width - numbers_width - kNarrowestBar - 4 : 8;
  name_width = std::min({name_width, kWidestName, most});
  const std::size_t bar_width = std::max(kNarrowestBar, width > name_width + numbers_width + 4
                                                            ? width - name_width - numbers_width - 4
                                                            : kNarrowestBar);
  if (has_self_times) {
    text +=
        absl::StrFormat("%s  %s  %s\n", PaddedRight("SPAN", name_width),
                        PaddedLeft("DURATION", kDurationWidth), PaddedLeft("SELF", kDurationWidth));
  }
  const std::int64_t start = EarliestStart(trace);
  const double whole = std::max<double>(1, static_cast<double>(trace.duration_ns()));
  for (const Line& line : lines) {
    const v1::Span& span = *line.span;
    const double begin = static_cast<double>(span.start_time_ns() - start) / whole;
    const double end = begin + static_cast<double>(span.duration_ns()) / whole;
    const bool has_failed = span.status() == v1::Span::ERROR;
    const bool is_thin = has_self_times && span.critical_time_ns() == 0;
    const std::string bar = Bar(begin, end, bar_width, uses_unicode, is_thin);
    std::string numbers =
        PaddedLeft(DurationText(1e-9 * static_cast<double>(span.duration_ns())), kDurationWidth);
    if (has_self_times) {
      numbers += "  " + PaddedLeft(DurationText(1e-9 * static_cast<double>(span.self_time_ns())),
                                   kDurationWidth);
    }
    text += absl::StrFormat(
        "%s  %s  %s\n", PaddedRight(Shortened(NameOf(line, uses_unicode), name_width), name_width),
        numbers, palette(has_failed ? Ink::kRed : Ink::kCyan, bar));
    if (has_failed && !span.status_message().empty()) {
      text +=
          Shortened(std::string(2 * line.depth + 2, ' ') + OneLine(span.status_message()), width) +
          "\n";
    }
  }
  return text + OddityText(trace, lines);
}

Table SpansTable(const v1::Trace& trace) {
  Table table({{"span"},
               {"parent"},
               {"depth", Align::kRight},
               {"name"},
               {"start_us", Align::kRight},
               {"duration_us", Align::kRight},
               {"self_us", Align::kRight},
               {"critical_us", Align::kRight},
               {"service"},
               {"status"},
               {"message"},
               {"attributes"}});
  const std::int64_t start = EarliestStart(trace);
  for (const Line& line : Arrange(trace)) {
    const v1::Span& span = *line.span;
    std::string attributes;
    for (const auto& [key, value] :
         std::map<std::string, std::string>(span.attributes().begin(), span.attributes().end())) {
      attributes += absl::StrFormat("%s%s=%s", attributes.empty() ? "" : "; ", key, value);
    }
    const char* status = span.status() == v1::Span::ERROR ? "error"
                         : span.status() == v1::Span::OK  ? "ok"
                                                          : "";
    table.AddRow({span.span_id(), span.parent_span_id(), std::to_string(line.depth), span.name(),
                  absl::StrFormat("%.3f", 1e-3 * static_cast<double>(span.start_time_ns() - start)),
                  absl::StrFormat("%.3f", 1e-3 * static_cast<double>(span.duration_ns())),
                  absl::StrFormat("%.3f", 1e-3 * static_cast<double>(span.self_time_ns())),
                  absl::StrFormat("%.3f", 1e-3 * static_cast<double>(span.critical_time_ns())),
                  span.service(), status, span.status_message(), attributes});
  }
  return table;
}

}  // namespace assay::cli
