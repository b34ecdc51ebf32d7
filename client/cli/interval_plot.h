#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace assay::cli {

// Draws intervals below one another on a shared axis that shows zero. Immutable.
class IntervalPlot {
 public:
  // The axis takes `width` >= 3 columns from `lowest` to `highest`, both widened to hold 0.
  IntervalPlot(double lowest, double highest, std::size_t width, bool uses_unicode);

  // `├──■──┤` with the zero line; only the point without an interval; only the zero line without a
  // point. Exactly `width` columns.
  std::string Line(std::optional<double> lower, std::optional<double> point,
                   std::optional<double> upper) const;
  // The ends and zero, written where they are; zero gives way where it has no room.
  std::string Axis(std::string_view lowest_label, std::string_view highest_label) const;

 private:
  std::size_t ColumnOf(double value) const;

  double lowest_;
  double highest_;
  std::size_t width_;
  bool uses_unicode_;
};

}  // namespace assay::cli
