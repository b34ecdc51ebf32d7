#include "client/cli/trace_latency.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/numbers.h"
#include "client/cli/resource_tables.h"
#include "client/cli/time_span.h"
#include "client/cli/trace_paths.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct LatencyOptions {
  std::string service;
  std::string span;
  std::string since = "1h";
  std::string step;
  std::int64_t limit = 50;
};

// Keeps the first `limit` names (0: all); how many it left out.
std::int64_t CutSeries(v1::QueryLatencyResponse& response, std::int64_t limit) {
  const std::int64_t num_more = limit == 0 ? 0 : response.series_size() - limit;
  if (num_more <= 0) {
    return 0;
  }
  response.mutable_series()->DeleteSubrange(static_cast<int>(limit), static_cast<int>(num_more));
  return num_more;
}

absl::StatusOr<ExitCode> RunLatency(Context& context, const LatencyOptions& options) {
  constexpr std::int64_t kNsPerMinute = 60'000'000'000;
  v1::QueryLatencyRequest request;
  request.set_parent(client::ProjectName(context.project()));
  request.set_service(options.service);
  request.set_span_name(options.span);
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t since, ParseTimeSpan("--since", options.since));
  request.mutable_start_time()->set_seconds(SecondsAgo(since));
  request.mutable_end_time()->set_seconds(SecondsAgo(0) + 1);
  if (!options.step.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t step, ParseTimeSpan("--step", options.step));
    request.set_step_minutes(static_cast<std::int32_t>(
        std::clamp<std::int64_t>(step / kNsPerMinute, 1, std::numeric_limits<int>::max())));
  }
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(v1::QueryLatencyResponse response, client->QueryLatency(request));
  const std::int64_t num_left_out = CutSeries(response, options.limit);
  const auto time = [](std::int64_t ns) { return DurationText(1e-9 * static_cast<double>(ns)); };
  const bool is_text = context.format() == OutputFormat::kText;
  const bool has_steps = !is_text || !options.step.empty();
  std::vector<TableColumn> columns = {{"SPAN", Align::kLeft, true},
                                      {"SERVICE", Align::kLeft, true}};
  if (has_steps) {
    columns.push_back({"FROM"});
  }
  for (const char* const title : {"COUNT", "ERRORS", "P50", "P95", "P99", "MAX"}) {
    columns.push_back({title, Align::kRight});
  }
  Table table(std::move(columns));
  for (const v1::QueryLatencyResponse::Series& series : response.series()) {
    for (const v1::QueryLatencyResponse::Point& point : series.points()) {
      std::vector<Cell> row = {is_text ? ShortSpanName(series.span_name()) : series.span_name(),
                               series.service()};
      if (has_steps) {
        row.emplace_back(TimeText(point.start_time()));
      }
      for (const std::string& number :
           {CountText(point.num_spans()), CountText(point.num_errors()), time(point.p50_ns()),
            time(point.p95_ns()), time(point.p99_ns()), time(point.max_ns())}) {
        row.emplace_back(number);
      }
      table.AddRow(std::move(row));
    }
  }
  context.Print(response, table);
  if (num_left_out > 0) {
    context.Warn(absl::StrFormat(
        "%d more span names are left out: --limit N shows N, --limit 0 all.", num_left_out));
  }
  return ExitCode::kPass;
}

}  // namespace

void AddTraceLatencyCommand(CLI::App& trace, Action& action) {
  auto latency_options = std::make_shared<LatencyOptions>();
  CLI::App* latency = trace.add_subcommand("latency", "Percentiles of span durations by name");
  latency->add_option("--service", latency_options->service, "Only of this service");
  latency->add_option("--span", latency_options->span, "Only of this name");
  latency->add_option("--since", latency_options->since, "How far back")->capture_default_str();
  latency->add_option("--step", latency_options->step, "Cut into steps, such as 15m");
  latency->add_option("--limit", latency_options->limit, "At most this many names; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  latency->footer("Example: assay trace latency --service shop --since 24h --step 1h");
  latency->callback([latency_options, &action] {
    action = [latency_options](Context& context) { return RunLatency(context, *latency_options); };
  });
}

}  // namespace assay::cli
