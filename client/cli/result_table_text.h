#pragma once

#include <string>

#include "assay/v1/run_service.pb.h"
#include "client/cli/terminal.h"
#include "evaluators/evaluator.h"

namespace assay::cli {

// A result table for a terminal: name and description, then its first rows. Of a confusion matrix
// only the cells off the diagonal, which are the mistakes.
std::string ResultTableText(const ResultTable& table, std::size_t width, const Palette& palette);

// The tables of a run, one below the other; empty when it has none.
std::string ResultTablesText(const v1::Run& run, std::size_t width, const Palette& palette);

}  // namespace assay::cli
