#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::cli {

// Numbers as people read them. Pure functions.

// `1,234,567`.
std::string CountText(std::int64_t count);
// `1 row`, `1,234 rows`: `noun` is what is counted, one of it, and takes an `s`.
std::string CountText(std::int64_t count, std::string_view noun);
// At most four characters of digits: `999`, `61.2k`, `612k`, `1.20M`.
std::string ShortCountText(double count);
// `412 µs`, `3.2 ms`, `1.5 s`, `2 min 05 s`, `3 h 02 min`. `seconds` >= 0.
std::string DurationText(double seconds);
// `812 B`, `3.4 kB`, `1.2 GB`; powers of 1,000.
std::string BytesText(double bytes);
// `.013`, `<.001`, `1`; a blank for an absent one.
std::string ProbabilityText(std::optional<double> p);
// Seconds since the epoch as `2025-01-31 23:59:59` UTC.
std::string TimeText(std::int64_t seconds);

// How the values of a metric are written: `percent points` for shares of rows, its unit otherwise.
class MetricStyle {
 public:
  // `is_share`: a mean of 0/1 scores. `unit` as the metric has it; `us` is shown in the size that
  // suits.
  MetricStyle(bool is_share, std::string_view unit);

  // `0.9514`, `412 µs`; `-` when absent.
  std::string Value(std::optional<double> value) const;
  // With sign and unit: `-2.35 pp`, `+0.0079`, `-23.0 µs`; `-` when absent.
  std::string Delta(std::optional<double> delta) const;
  // In the unit of Delta, without it: `[-3.60, -1.10]`; `-` when an end is absent.
  std::string Interval(std::optional<double> lower, std::optional<double> upper) const;
  // As Delta, without unit.
  std::string Bare(double delta) const;
  // The unit of Delta: `pp`, `µs`, or nothing.
  const std::string& unit() const { return unit_; }

 private:
  double scale_ = 1;
  int decimals_ = 4;
  bool is_plain_ = true;
  std::string unit_;
};

// A number with as many digits as tell it apart, for tables of any quantity: `0.9514`, `12.5`.
std::string NumberText(double value);

}  // namespace assay::cli
