#pragma once

#include <string>

#include "client/cli/diff_report.h"

namespace assay::v1 {
class EmbeddingChange;
}

namespace assay::cli {

// The embedding change of a comparison for a terminal: what the pairs of vectors have to do with
// each other, how each side fills its space, the cohorts that kept the fewest neighbours.
std::string EmbeddingText(const v1::EmbeddingChange& change, const ReportStyle& style);

// The same as GitHub's Markdown.
std::string EmbeddingMarkdown(const v1::EmbeddingChange& change);

}  // namespace assay::cli
