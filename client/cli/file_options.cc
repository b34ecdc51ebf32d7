#include "client/cli/file_options.h"

#include <CLI/CLI.hpp>

#include "client/cpp/status_macros.h"
#include "client/formats/format.h"

namespace assay::cli {

void AddFileOptions(CLI::App& command, FileOptions& options) {
  command
      .add_option("--format", options.format,
                  "auto (by name, then content), jsonl, csv, tsv, qrels or run")
      ->capture_default_str();
  command.add_option("--key", options.key, "CSV: column that identifies a row");
  command.add_option("--label", options.label, "CSV: column with the label");
  command.add_option("--input", options.input, "CSV: column with the input");
  command.add_option("--features", options.features,
                     "CSV: number columns, as p0..p63; or a .npy file with one row each");
  command
      .add_option("--cohort", options.cohorts,
                  "CSV: column that splits the rows, as COL or NAME=COL; repeatable")
      ->allow_extra_args(false);
}

absl::StatusOr<RowSource> MakeRowSource(const FileOptions& options, const std::string& path) {
  RowSource source;
  source.path = path;
  ASSAY_ASSIGN_OR_RETURN(source.options.format, formats::ParseFormatName(options.format));
  source.options.mapping.key = options.key;
  source.options.mapping.label = options.label;
  source.options.mapping.input = options.input;
  source.options.mapping.cohorts = options.cohorts;
  if (options.features.ends_with(".npy")) {
    source.vectors_path = options.features;
  } else {
    source.options.mapping.features = options.features;
  }
  return source;
}

}  // namespace assay::cli
