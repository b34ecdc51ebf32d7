#include "client/formats/csv_mapping.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/formats/column_builder.h"
#include "client/formats/input_error.h"
#include "client/formats/standard_columns.h"

namespace assay::formats {
namespace {

std::optional<std::size_t> Find(std::span<const std::string> header, std::string_view name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - header.begin());
}

absl::StatusOr<std::size_t> Require(std::span<const std::string> header, std::string_view name) {
  if (const std::optional<std::size_t> found = Find(header, name)) {
    return *found;
  }
  return BadValue("no such column", name);
}

// A name that ends in a number, `p07` as "p", 7 and two digits.
struct Numbered {
  std::string_view prefix;
  std::int64_t number = 0;
  int num_digits = 0;
};

std::optional<Numbered> ParseNumbered(std::string_view name) {
  const std::size_t last_other = name.find_last_not_of("0123456789");
  const std::size_t begin = last_other == std::string_view::npos ? 0 : last_other + 1;
  Numbered result;
  result.prefix = name.substr(0, begin);
  result.num_digits = static_cast<int>(name.size() - begin);
  const auto [end, error] =
      std::from_chars(name.data() + begin, name.data() + name.size(), result.number);
  if (error != std::errc() || result.num_digits > 9) {
    return std::nullopt;
  }
  return result;
}

// Names of `p0..p63`.
absl::StatusOr<std::vector<std::string>> ParseRange(std::string_view range) {
  const std::size_t dots = range.find("..");
  const std::optional<Numbered> first = ParseNumbered(range.substr(0, dots));
  const std::optional<Numbered> last = ParseNumbered(range.substr(dots + 2));
  if (!first.has_value() || !last.has_value() || first->prefix != last->prefix ||
      first->number > last->number) {
    return BadValue("not a range of columns such as p0..p63", range);
  }
  if (last->number - first->number >= static_cast<std::int64_t>(kMaxDimension)) {
    return BadValue(absl::StrFormat("a range of more than %d columns", kMaxDimension), range);
  }
  // p00..p63 has two digits throughout.
  const int width = first->num_digits == last->num_digits ? first->num_digits : 0;
  std::vector<std::string> names;
  for (std::int64_t number = first->number; number <= last->number; ++number) {
    names.push_back(absl::StrFormat("%s%0*d", first->prefix, width, number));
  }
  return names;
}

absl::StatusOr<std::vector<std::size_t>> ParseFeatures(std::span<const std::string> header,
                                                       std::string_view features) {
  std::vector<std::size_t> columns;
  while (!features.empty()) {
    const std::size_t comma = features.find(',');
    const std::string_view item = features.substr(0, comma);
    features = comma == std::string_view::npos ? "" : features.substr(comma + 1);
    std::vector<std::string> names = {std::string(item)};
    if (!Find(header, item).has_value() && item.find("..") != std::string_view::npos) {
      absl::StatusOr<std::vector<std::string>> range = ParseRange(item);
      if (!range.ok()) {
        return range.status();
      }
      names = *std::move(range);
    }
    for (const std::string& name : names) {
      const absl::StatusOr<std::size_t> column = Require(header, name);
      if (!column.ok()) {
        return column.status();
      }
      columns.push_back(*column);
    }
  }
  return columns;
}

// `COL` or `NAME=COL`; a column of that whole name goes first.
absl::StatusOr<CsvTarget> ParseCohort(std::span<const std::string> header,
                                      std::string_view cohort) {
  std::string_view name = cohort;
  std::string_view column = cohort;
  if (const std::size_t equals = cohort.find('=');
      equals != std::string_view::npos && !Find(header, cohort).has_value()) {
    name = cohort.substr(0, equals);
    column = cohort.substr(equals + 1);
  }
  if (name.starts_with("cohort.")) {
    name.remove_prefix(7);
  }
  const absl::StatusOr<std::size_t> found = Require(header, column);
  if (!found.ok()) {
    return found.status();
  }
  return CsvTarget{.name = absl::StrFormat("cohort.%s", name),
                   .kind = FieldKind::kCodedText,
                   .sources = {*found}};
}

FieldKind KindInCsv(std::string_view name) {
  const FieldKind kind = KindOfName(name);
  return TypeOfKind(kind).has_value() ? kind : FieldKind::kText;
}

absl::Status CheckTargets(std::span<const CsvTarget> targets) {
  absl::flat_hash_set<std::string_view> names;
  for (const CsvTarget& target : targets) {
    if (absl::Status status = CheckColumnName(target.name); !status.ok()) {
      return status;
    }
    if (!names.insert(target.name).second) {
      return BadValue("two columns for one name", target.name);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<CsvTarget>> MapColumns(std::span<const std::string> header,
                                                  const ColumnMapping& mapping) {
  std::vector<CsvTarget> mapped;
  const std::pair<std::string_view, const std::string*> singles[] = {
      {"key", &mapping.key}, {"label", &mapping.label}, {"input", &mapping.input}};
  for (const auto& [name, column] : singles) {
    if (column->empty()) {
      continue;
    }
    const absl::StatusOr<std::size_t> found = Require(header, *column);
    if (!found.ok()) {
      return found.status();
    }
    mapped.push_back({.name = std::string(name), .kind = KindInCsv(name), .sources = {*found}});
  }
  if (!mapping.features.empty()) {
    absl::StatusOr<std::vector<std::size_t>> sources = ParseFeatures(header, mapping.features);
    if (!sources.ok()) {
      return sources.status();
    }
    mapped.push_back({.name = "features",
                      .kind = FieldKind::kFloat32Vector,
                      .sources = *std::move(sources),
                      .is_components = true});
  }
  for (const std::string& cohort : mapping.cohorts) {
    absl::StatusOr<CsvTarget> target = ParseCohort(header, cohort);
    if (!target.ok()) {
      return target.status();
    }
    mapped.push_back(*std::move(target));
  }
  std::vector<bool> is_mapped(header.size(), false);
  for (const CsvTarget& target : mapped) {
    for (const std::size_t source : target.sources) {
      is_mapped[source] = true;
    }
  }
  for (std::size_t column = 0; column < header.size(); ++column) {
    if (!is_mapped[column]) {
      mapped.push_back(
          {.name = header[column], .kind = KindInCsv(header[column]), .sources = {column}});
    }
  }
  // Stable: what comes from one column stays in the order above.
  std::stable_sort(mapped.begin(), mapped.end(), [](const CsvTarget& a, const CsvTarget& b) {
    return a.sources.front() < b.sources.front();
  });
  if (absl::Status status = CheckTargets(mapped); !status.ok()) {
    return status;
  }
  return mapped;
}

}  // namespace assay::formats
