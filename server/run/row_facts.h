#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evaluators/columns.h"

namespace assay::run {

// What evaluators counted besides scores, as name -> number of rows: "tied at cut-off 10" -> 3.
class RowFacts {
 public:
  bool empty() const { return counts_.empty(); }
  // Adds counts; those of 0 are left out.
  void Add(const std::vector<std::pair<std::string, std::int64_t>>& counts);
  void Add(const RowFacts& other);
  // `num_rows` rows of the `$facts` column: the counts as text in the first, the others null.
  Column ToColumn(std::int64_t num_rows) const;
  // Adds the counts of such a column.
  void AddColumn(const Column& column);
  // One sentence a count: "3 examples tied at cut-off 10".
  std::vector<std::string> Sentences() const;

 private:
  std::map<std::string, std::int64_t> counts_;
};

}  // namespace assay::run
