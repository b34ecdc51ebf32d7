#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "assay/v1/comparison_service.pb.h"

namespace assay::cli {

// Rows of one kind for a report: the worst of them, and how many there are.
struct ReportRows {
  std::string title;  // `Broken`
  v1::ListComparisonRowsResponse rows;
};

struct HtmlReportOptions {
  std::size_t max_bytes = 2'000'000;
  std::string page;  // address of the comparison in the dashboard; empty: unknown
  std::string site;  // address of the dashboard; empty: unknown
};

// A comparison that has ended as one HTML file of at most `max_bytes`: aggregates, then as many of
// `rows` as fit, saying how many there are. It refers to nothing outside itself and holds no
// script; its policy forbids both, whatever the texts of the rows are.
std::string HtmlReport(const v1::Comparison& comparison, const std::vector<ReportRows>& rows,
                       const HtmlReportOptions& options);

// `text` for HTML, between tags and within quoted attributes.
std::string HtmlText(std::string_view text);

}  // namespace assay::cli
