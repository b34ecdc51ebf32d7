#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace assay::cli {

// How --help is laid out: at most 100 columns; of a subcommand, only the first line of its
// description in the list of its parent.
std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter();

}  // namespace assay::cli
