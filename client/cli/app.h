#pragma once

namespace assay::cli {

// The whole program: parses the command line, runs what it asks for, reports errors on standard
// error. Returns the exit code.
int Main(int argc, const char* const* argv);

}  // namespace assay::cli
