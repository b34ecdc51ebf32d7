#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/page.h"
#include "client/cli/resource_tables.h"
#include "client/cli/text_width.h"
#include "client/cli/time_span.h"
#include "client/cli/trace_latency.h"
#include "client/cli/trace_paths.h"
#include "client/cli/waterfall.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

// Which traces a list has.
struct FilterOptions {
  std::string run;
  std::string comparison;
  std::string service;
  std::string span;
  bool only_errors = false;
  std::vector<std::string> attributes;
  std::string min_duration;
  std::string max_duration;
  std::string since;
};

struct ListOptions {
  FilterOptions filter;
  bool is_slowest_first = false;
  std::int64_t limit = 20;
};

struct ShowOptions {
  std::string reference;
  bool by_name = false;
  bool has_details = false;
  std::string from;
  std::string to;
  std::int32_t limit = 10'000;
};

// `runs/12` of `projects/default/runs/12`.
std::string ResourceText(const std::string& name) {
  const std::size_t after_project = name.find('/', name.find('/') + 1);
  return after_project == std::string::npos ? name : name.substr(after_project + 1);
}

std::string TailLine(const v1::Trace& trace) {
  constexpr std::size_t kShortId = 12;
  return absl::StrFormat(
      "%s  %s  %9s  %3d %s%s  %s%s\n", TimeText(trace.start_time()),
      client::ShortName(trace.name()).substr(0, kShortId),
      DurationText(1e-9 * static_cast<double>(trace.duration_ns())), trace.num_spans(),
      trace.num_spans() == 1 ? "span" : "spans",
      trace.num_errors() > 0 ? absl::StrFormat(" %d errors", trace.num_errors()) : "",
      OneLine(trace.root_name()),
      trace.root_service().empty() ? "" : "  (" + OneLine(trace.root_service()) + ")");
}

// In a terminal, ids and names are cut to what tells them apart, and columns that would say nothing
// leave the names their room.
Table TracesTable(const v1::ListTracesResponse& response, bool is_text) {
  constexpr std::size_t kShortId = 12;
  const auto has_any = [&](auto test) {
    return !is_text || std::any_of(response.traces().begin(), response.traces().end(), test);
  };
  const bool has_errors = has_any([](const v1::Trace& trace) { return trace.num_errors() > 0; });
  const bool has_resources =
      has_any([](const v1::Trace& trace) { return !trace.resource().empty(); });
  std::vector<TableColumn> columns = {{"TRACE"},
                                      {"ROOT", Align::kLeft, true},
                                      {"SERVICE", Align::kLeft, true},
                                      {"DURATION", Align::kRight},
                                      {"SPANS", Align::kRight}};
  if (has_errors) {
    columns.push_back({"ERRORS", Align::kRight});
  }
  if (has_resources) {
    columns.push_back({"OF"});
  }
  columns.push_back({"STARTED"});
  Table table(std::move(columns));
  for (const v1::Trace& trace : response.traces()) {
    const std::string id = client::ShortName(trace.name());
    std::vector<Cell> row = {is_text ? id.substr(0, kShortId) : id,
                             is_text ? ShortSpanName(trace.root_name()) : trace.root_name(),
                             trace.root_service(),
                             DurationText(1e-9 * static_cast<double>(trace.duration_ns())),
                             std::to_string(trace.num_spans())};
    if (has_errors) {
      Cell& errors = row.emplace_back(std::to_string(trace.num_errors()));
      if (trace.num_errors() > 0) {
        errors.ink = Ink::kRed;
      }
    }
    if (has_resources) {
      row.emplace_back(is_text ? ResourceText(trace.resource()) : trace.resource());
    }
    row.emplace_back(TimeText(trace.start_time()));
    table.AddRow(std::move(row));
  }
  return table;
}

absl::StatusOr<v1::ListTracesRequest> ListRequest(const Context& context,
                                                  const FilterOptions& options) {
  v1::ListTracesRequest request;
  request.set_parent(client::ProjectName(context.project()));
  if (!options.run.empty() && !options.comparison.empty()) {
    return absl::InvalidArgumentError("give either --run or --comparison");
  }
  if (!options.run.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_resource(),
                           client::ResolveRun(context.project(), options.run));
  }
  if (!options.comparison.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_resource(),
                           client::ResolveComparison(context.project(), options.comparison));
  }
  request.set_service(options.service);
  request.set_span_name(options.span);
  request.set_only_errors(options.only_errors);
  for (const std::string& attribute : options.attributes) {
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--attribute: expected KEY=VALUE: '%s'", attribute));
    }
    (*request.mutable_attributes())[attribute.substr(0, equals)] = attribute.substr(equals + 1);
  }
  if (!options.min_duration.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t min,
                           ParseTimeSpan("--min-duration", options.min_duration));
    request.set_min_duration_ns(min);
  }
  if (!options.max_duration.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t max,
                           ParseTimeSpan("--max-duration", options.max_duration));
    request.set_max_duration_ns(max);
  }
  if (!options.since.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t since, ParseTimeSpan("--since", options.since));
    request.mutable_start_time_from()->set_seconds(SecondsAgo(since));
  }
  return request;
}

absl::StatusOr<ExitCode> RunList(Context& context, const ListOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(v1::ListTracesRequest request, ListRequest(context, options.filter));
  if (options.is_slowest_first) {
    request.set_order(v1::ListTracesRequest::SLOWEST);
  }
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  if (client::IsBaselineName(request.resource())) {
    v1::GetRunRequest named;
    named.set_name(request.resource());
    ASSAY_ASSIGN_OR_RETURN(const v1::Run run, client->GetRun(named));
    request.set_resource(run.name());
  }
  ASSAY_ASSIGN_OR_RETURN(const v1::ListTracesResponse response,
                         client->ListTraces(request, options.limit));
  const Table table = TracesTable(response, context.format() == OutputFormat::kText);
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

// Prints traces as they come, until it is interrupted. Those of its own looking are left out unless
// they are asked for, or it would never be silent.
absl::StatusOr<ExitCode> RunTail(Context& context, const FilterOptions& options) {
  constexpr std::chrono::seconds kPause{1};
  constexpr std::int64_t kAtOnce = 1000;
  constexpr std::string_view kListMethod = "assay.v1.TraceService/ListTraces";
  ASSAY_ASSIGN_OR_RETURN(v1::ListTracesRequest request, ListRequest(context, options));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  std::set<std::string> seen;
  for (bool is_first = true;; is_first = false) {
    ASSAY_ASSIGN_OR_RETURN(const v1::ListTracesResponse response,
                           client->ListTraces(request, kAtOnce));
    std::set<std::string> now;
    std::vector<const v1::Trace*> fresh;
    for (const v1::Trace& trace : response.traces()) {
      now.insert(trace.name());
      const bool is_looking = options.span.empty() && trace.root_name() == kListMethod;
      if (!is_first && !is_looking && !seen.contains(trace.name())) {
        fresh.push_back(&trace);
      }
    }
    for (auto trace = fresh.rbegin(); trace != fresh.rend(); ++trace) {
      context.Print(TailLine(**trace));
    }
    std::fflush(stdout);
    seen = std::move(now);
    std::this_thread::sleep_for(kPause);
  }
}

// The rows, runs and comparisons that mention a trace, for people.
std::string LinksText(const v1::TraceLinks& links) {
  constexpr int kShown = 10;
  std::string text;
  for (int i = 0; i < std::min(links.rows_size(), kShown); ++i) {
    const v1::TraceLinks::Row& row = links.rows(i);
    text += absl::StrFormat("row   %s  %s row %d%s\n", OneLine(row.key()),
                            ResourceText(row.output_set()), row.row(),
                            row.span_id().empty() ? "" : "  span " + OneLine(row.span_id()));
  }
  if (links.rows_size() > kShown) {
    text += absl::StrFormat("      and %d rows more\n", links.rows_size() - kShown);
  }
  for (const auto& [title, names] :
       {std::pair{"run   ", &links.runs()}, std::pair{"comparison ", &links.comparisons()}}) {
    for (int i = 0; i < std::min(names->size(), kShown); ++i) {
      text += absl::StrFormat("%s%s\n", title, ResourceText(names->Get(i)));
    }
  }
  return text;
}

// Attributes, events and links of every span, for people.
std::string DetailsText(const v1::Trace& trace) {
  std::string text;
  for (const v1::Span& span : trace.spans()) {
    text += absl::StrFormat("\n%s  %s%s\n", span.span_id(), OneLine(span.name()),
                            span.service().empty() ? "" : "  of " + OneLine(span.service()));
    const std::map<std::string, std::string> attributes(span.attributes().begin(),
                                                        span.attributes().end());
    for (const auto& [key, value] : attributes) {
      text += absl::StrFormat("  %s = %s\n", OneLine(key), OneLine(value));
    }
    for (const v1::SpanEvent& event : span.events()) {
      text += absl::StrFormat(
          "  event %s after %s\n", OneLine(event.name()),
          DurationText(
              std::max(0.0, 1e-9 * static_cast<double>(event.time_ns() - span.start_time_ns()))));
    }
    for (const v1::SpanLink& link : span.links()) {
      text += absl::StrFormat("  link to trace %s, span %s\n", link.trace_id(), link.span_id());
    }
    for (const auto& [what, num_dropped] : {std::pair("attributes", span.num_dropped_attributes()),
                                            std::pair("events", span.num_dropped_events()),
                                            std::pair("links", span.num_dropped_links())}) {
      if (num_dropped > 0) {
        text += absl::StrFormat("  %d %s more were left out\n", num_dropped, what);
      }
    }
  }
  return text;
}

Table GroupsTable(const v1::Trace& trace) {
  const auto time = [](std::int64_t ns) { return DurationText(1e-9 * static_cast<double>(ns)); };
  Table table({{"SPAN", Align::kLeft, true},
               {"SERVICE", Align::kLeft, true},
               {"COUNT", Align::kRight},
               {"ERRORS", Align::kRight},
               {"SELF", Align::kRight},
               {"TOTAL", Align::kRight},
               {"CRITICAL", Align::kRight},
               {"LONGEST", Align::kRight}});
  for (const v1::SpanGroup& group : trace.groups()) {
    Cell errors(std::to_string(group.num_errors()));
    if (group.num_errors() > 0) {
      errors.ink = Ink::kRed;
    }
    table.AddRow({group.name(), group.service(), std::to_string(group.num_spans()), errors,
                  time(group.self_ns()), time(group.total_ns()), time(group.critical_ns()),
                  time(group.longest_ns())});
  }
  return table;
}

absl::StatusOr<v1::Trace> GetTrace(Context& context, client::Client& client,
                                   const v1::GetTraceRequest& request) {
  ASSAY_ASSIGN_OR_RETURN(v1::Trace trace, client.GetTrace(request));
  if (trace.is_partial()) {
    context.Warn(
        absl::StrFormat("%d of %d spans are shown; the others count as their parents' own time",
                        trace.spans_size(), trace.num_spans()));
  }
  return trace;
}

absl::StatusOr<v1::Trace> GetWholeTrace(Context& context, client::Client& client,
                                        const std::string& reference) {
  v1::GetTraceRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(),
                         client::ResolveTrace(context.project(), reference));
  return GetTrace(context, client, request);
}

// `offset_ns` after `start_ns`, or the end of time.
std::int64_t After(std::int64_t start_ns, std::int64_t offset_ns) {
  const std::int64_t room =
      std::numeric_limits<std::int64_t>::max() - std::max<std::int64_t>(start_ns, 0);
  return start_ns + std::min(offset_ns, room);
}

// The spans asked for. A window needs to know when the trace begins, which takes a call.
absl::StatusOr<v1::GetTraceRequest> ShowRequest(Context& context, client::Client& client,
                                                const ShowOptions& options) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  v1::GetTraceRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(),
                         client::ResolveTrace(context.project(), options.reference));
  request.set_max_spans(options.limit);
  if (options.from.empty() && options.to.empty()) {
    return request;
  }
  std::int64_t from = 0;
  std::int64_t to = std::numeric_limits<std::int64_t>::max();
  if (!options.from.empty()) {
    ASSAY_ASSIGN_OR_RETURN(from, ParseTimeSpan("--from", options.from));
  }
  if (!options.to.empty()) {
    ASSAY_ASSIGN_OR_RETURN(to, ParseTimeSpan("--to", options.to));
  }
  if (to < from) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--to: '%s' is before --from '%s'", options.to, options.from));
  }
  v1::GetTraceRequest first = request;
  first.set_max_spans(1);
  ASSAY_ASSIGN_OR_RETURN(const v1::Trace trace, client.GetTrace(first));
  const std::int64_t start =
      trace.start_time().seconds() * kNsPerSecond + trace.start_time().nanos();
  request.set_window_from_ns(After(start, from));
  request.set_window_to_ns(After(start, to));
  return request;
}

absl::StatusOr<ExitCode> RunShow(Context& context, const ShowOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::GetTraceRequest shown, ShowRequest(context, *client, options));
  ASSAY_ASSIGN_OR_RETURN(const v1::Trace trace, GetTrace(context, *client, shown));
  if (context.format() != OutputFormat::kText) {
    context.Print(trace, options.by_name ? GroupsTable(trace) : SpansTable(trace));
    return ExitCode::kPass;
  }
  const std::string page = PageOf(context, trace.name());
  const std::string page_line = page.empty() ? "" : absl::StrFormat("page  %s\n", page);
  if (options.by_name) {
    context.Print(trace, GroupsTable(trace));
    context.Print(page_line.empty() ? "" : "\n" + page_line);
    return ExitCode::kPass;
  }
  v1::GetTraceLinksRequest request;
  request.set_name(trace.name());
  ASSAY_ASSIGN_OR_RETURN(const v1::TraceLinks links, client->GetTraceLinks(request));
  const std::string ways = LinksText(links) + page_line;
  context.PrintReport(
      WaterfallText(trace, context.width(), context.palette(), context.uses_unicode()) +
      (options.has_details ? DetailsText(trace) : "") + (ways.empty() ? "" : "\n" + ways));
  return ExitCode::kPass;
}

// There is no message of two traces; JSON: `trace show` of each.
constexpr std::array kCompareFormats = {OutputFormat::kText, OutputFormat::kCsv,
                                        OutputFormat::kMarkdown};

absl::StatusOr<ExitCode> RunCompare(Context& context, const std::string& before,
                                    const std::string& after) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::Trace first, GetWholeTrace(context, *client, before));
  ASSAY_ASSIGN_OR_RETURN(const v1::Trace second, GetWholeTrace(context, *client, after));
  const Table table =
      PathsTable(CompareTraces(first, second), context.format() == OutputFormat::kText);
  context.Print(v1::Trace(), table);
  return ExitCode::kPass;
}

void AddFilterOptions(CLI::App& command, FilterOptions& options) {
  command.add_option("--run", options.run, "Only of this run");
  command.add_option("--comparison", options.comparison, "Only of this comparison");
  command.add_option("--service", options.service, "Only with a span of this service");
  command.add_option("--span", options.span, "Only with a span of this name");
  command.add_flag("--errors", options.only_errors, "Only with a failed span");
  command.add_option("--attribute", options.attributes,
                     "Only with a span that has KEY=VALUE; may be repeated");
  command.add_option("--min-duration", options.min_duration, "Only that took at least so long");
  command.add_option("--max-duration", options.max_duration, "Only that took at most so long");
  command.add_option("--since", options.since, "Only that began within the last, such as 30m");
}

}  // namespace

void AddTraceCommand(CLI::App& app, Action& action) {
  CLI::App* trace = app.add_subcommand("trace", "List and show traces of calls and runs");

  auto list_options = std::make_shared<ListOptions>();
  CLI::App* list = trace->add_subcommand("ls", "Lists traces, newest first");
  AddFilterOptions(*list, list_options->filter);
  list->add_flag("--slowest", list_options->is_slowest_first, "Those that took longest first");
  list->add_option("--limit", list_options->limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  list->footer("Example: assay trace ls --service shop --errors --min-duration 250ms --slowest");
  list->callback([list_options, &action] {
    action = [list_options](Context& context) { return RunList(context, *list_options); };
  });

  auto tail_options = std::make_shared<FilterOptions>();
  CLI::App* tail = trace->add_subcommand("tail", "Prints traces as they come");
  AddFilterOptions(*tail, *tail_options);
  tail->footer("Example: assay trace tail --service shop --errors");
  tail->callback([tail_options, &action] {
    action = {[tail_options](Context& context) { return RunTail(context, *tail_options); },
              kTextFormat};
  });

  auto show_options = std::make_shared<ShowOptions>();
  CLI::App* show = trace->add_subcommand("show", "Draws a trace as a waterfall");
  show->add_option("TRACE", show_options->reference, "Its id or a unique prefix of 4 hex digits")
      ->required();
  show->add_flag("--by-name", show_options->by_name, "Adds spans up by name and service");
  show->add_flag("--details", show_options->has_details,
                 "Prints attributes, events and links of every span");
  show->add_option("--from", show_options->from,
                   "Only spans that touch the time from so long after the trace's start");
  show->add_option("--to", show_options->to, "Only up to so long after it, such as 10ms");
  show->add_option("--limit", show_options->limit, "At most this many spans, the earliest")
      ->capture_default_str()
      ->check(CLI::Range(1, 50'000));
  show->footer("Example: assay trace show 4be1 --from 120ms --to 1.5s");
  show->callback([show_options, &action] {
    action = [show_options](Context& context) { return RunShow(context, *show_options); };
  });

  auto compared = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App* compare = trace->add_subcommand("compare", "Sets two traces side by side, by path");
  compare->add_option("BEFORE", compared->first, "A trace")->required();
  compare->add_option("AFTER", compared->second, "The trace to compare with it")->required();
  compare->footer("Example: assay trace compare 4be1 90fa");
  compare->callback([compared, &action] {
    action = {[compared](Context& context) {
                return RunCompare(context, compared->first, compared->second);
              },
              kCompareFormats};
  });

  AddTraceLatencyCommand(*trace, action);
}

}  // namespace assay::cli
