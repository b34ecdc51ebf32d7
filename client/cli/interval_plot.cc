#include "client/cli/interval_plot.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "client/cli/text_width.h"

namespace assay::cli {

IntervalPlot::IntervalPlot(double lowest, double highest, std::size_t width, bool uses_unicode)
    : lowest_(std::min(lowest, 0.0)),
      highest_(std::max(highest, 0.0)),
      width_(width),
      uses_unicode_(uses_unicode) {
  if (lowest_ == highest_) {
    lowest_ -= 1;
    highest_ += 1;
  }
}

std::size_t IntervalPlot::ColumnOf(double value) const {
  const double share = std::clamp((value - lowest_) / (highest_ - lowest_), 0.0, 1.0);
  return static_cast<std::size_t>(std::lround(share * static_cast<double>(width_ - 1)));
}

std::string IntervalPlot::Line(std::optional<double> lower, std::optional<double> point,
                               std::optional<double> upper) const {
  std::vector<std::string_view> cells(width_, " ");
  cells[ColumnOf(0)] = uses_unicode_ ? "┊" : ":";
  if (lower.has_value() && upper.has_value()) {
    const std::size_t first = ColumnOf(*lower);
    const std::size_t last = ColumnOf(*upper);
    for (std::size_t c = first; c <= last; ++c) {
      cells[c] = uses_unicode_ ? "─" : "-";
    }
    cells[first] = uses_unicode_ ? "├" : "[";
    cells[last] = uses_unicode_ ? "┤" : "]";
  }
  if (point.has_value()) {
    cells[ColumnOf(*point)] = uses_unicode_ ? "■" : "#";
  }
  std::string line;
  for (const std::string_view cell : cells) {
    line += cell;
  }
  return line;
}

std::string IntervalPlot::Axis(std::string_view lowest_label,
                               std::string_view highest_label) const {
  const std::size_t zero = ColumnOf(0);
  const std::size_t after_lowest = DisplayWidth(lowest_label);
  const std::size_t highest_width = DisplayWidth(highest_label);
  if (after_lowest + highest_width + 1 > width_) {
    return PaddedRight("", width_);
  }
  std::string axis = std::string(lowest_label);
  const std::size_t before_highest = width_ - highest_width;
  if (zero > after_lowest && zero + 1 < before_highest) {
    axis = PaddedRight(axis, zero) + "0";
  }
  return PaddedRight(axis, before_highest) + std::string(highest_label);
}

}  // namespace assay::cli
