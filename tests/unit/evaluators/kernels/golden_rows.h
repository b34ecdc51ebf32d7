#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"

namespace assay {

// Fields of a CSV file under tests/data, without its header line.
inline std::vector<std::vector<std::string>> GoldenRows(const std::string& file) {
  std::ifstream in(std::string(ASSAY_TEST_DATA) + "/" + file);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    rows.push_back(absl::StrSplit(line, ','));
  }
  return rows;
}

inline float FloatOfBits(const std::string& hex) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(std::stoul(hex, nullptr, 16)));
}

inline double GoldenNumber(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

// |actual - expected| in units of the last place of `expected`; 0 when equal or both NaN.
inline double UlpError(double actual, double expected) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected))) {
    return 0;
  }
  if (!std::isfinite(actual) || !std::isfinite(expected)) {
    return std::numeric_limits<double>::infinity();
  }
  const double size = std::fabs(expected);
  const double unit = std::nextafter(size, std::numeric_limits<double>::infinity()) - size;
  return std::fabs(actual - expected) / unit;
}

}  // namespace assay
