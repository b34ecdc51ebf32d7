#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "client/formats/row_reader.h"
#include "evaluators/columns.h"

namespace assay::formats {

// All rows of a text, read in batches of `max_rows` and joined. Every batch must be well-formed and
// have the same columns.
inline absl::StatusOr<Rows> ReadText(std::string name, std::string text,
                                     const ReaderOptions& options = {},
                                     std::int64_t max_rows = 65'536) {
  absl::StatusOr<InputFile> file = InputFile::FromBytes(std::move(name), std::move(text));
  if (!file.ok()) {
    return file.status();
  }
  absl::StatusOr<std::unique_ptr<RowReader>> reader = OpenRows(*file, options);
  if (!reader.ok()) {
    return reader.status();
  }
  Rows all;
  for (;;) {
    absl::StatusOr<std::optional<Rows>> rows = (*reader)->Next(max_rows);
    if (!rows.ok()) {
      return rows.status();
    }
    if (!rows->has_value()) {
      EXPECT_LE((*reader)->bytes_read(), static_cast<std::int64_t>(file->bytes().size()));
      return all;
    }
    EXPECT_GT((*rows)->num_rows, 0);
    EXPECT_LE((*rows)->num_rows, max_rows);
    for (const Column& column : (*rows)->columns) {
      EXPECT_EQ(column.num_rows, (*rows)->num_rows);
      const std::optional<ColumnFault> fault = FindFault(column);
      EXPECT_FALSE(fault.has_value()) << column.name << ": " << fault->problem;
    }
    if (all.num_rows == 0) {
      all = *std::move(*rows);
      continue;
    }
    EXPECT_EQ((*rows)->columns.size(), all.columns.size());
    all.num_rows += (*rows)->num_rows;
    for (std::size_t i = 0; i < all.columns.size(); ++i) {
      EXPECT_EQ(all.columns[i].name, (*rows)->columns[i].name);
      EXPECT_EQ(all.columns[i].type, (*rows)->columns[i].type);
      Append(all.columns[i], (*rows)->columns[i]);
    }
  }
}

// The message of the error that reading a text gives; `OK` when it gives none.
inline std::string ErrorOf(std::string name, std::string text, const ReaderOptions& options = {}) {
  const absl::StatusOr<Rows> rows = ReadText(std::move(name), std::move(text), options);
  if (rows.ok()) {
    return "OK";
  }
  EXPECT_EQ(rows.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(rows.status().message());
}

// The column `name`; an empty one when there is none.
inline Column ColumnOf(const absl::StatusOr<Rows>& rows, std::string_view name) {
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (rows.ok()) {
    for (const Column& column : rows->columns) {
      if (column.name == name) {
        return column;
      }
    }
  }
  return {};
}

inline std::vector<std::string> NamesOf(const absl::StatusOr<Rows>& rows) {
  EXPECT_TRUE(rows.ok()) << rows.status();
  std::vector<std::string> names;
  if (rows.ok()) {
    for (const Column& column : rows->columns) {
      names.push_back(column.name);
    }
  }
  return names;
}

// Texts of the rows, `(null)` for null ones.
inline std::vector<std::string> TextsOf(const Column& column) {
  std::vector<std::string> texts;
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    texts.push_back(column.IsValid(row) ? std::string(column.Text(row)) : "(null)");
  }
  return texts;
}

}  // namespace assay::formats
