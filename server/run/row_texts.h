#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// What is shown of an example.
struct ExampleText {
  std::string key;
  std::string input;
  std::string expected;
  std::vector<std::string> cohorts;  // "COLUMN=VALUE", by column
};

// What is shown of an example's outputs.
struct OutputText {
  std::string output;    // the first that is no error, else the error; empty: none
  std::string trace_id;  // of that output
};

// Texts of the examples `rows` of a dataset version, in that order; -1 stands for no example.
// `expected` is the label, else the references, else the relevant documents by grade.
absl::StatusOr<std::vector<ExampleText>> ReadExampleTexts(store::Store& store,
                                                          const RunInputs& inputs,
                                                          std::span<const std::int64_t> rows);
// Texts of the outputs for the examples `rows`; -1 stands for no example. The output is its label,
// else its text, else the documents it ranked first.
absl::StatusOr<std::vector<OutputText>> ReadOutputTexts(store::Store& store,
                                                        const RunInputs& inputs,
                                                        std::span<const std::int64_t> rows);

// `text`, or its first 1,000 characters and an ellipsis; code points stay whole.
std::string Shortened(std::string_view text);

}  // namespace assay::run
