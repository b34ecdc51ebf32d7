#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The client's own pair of the server's macros of the same names: the two trees share no header.

// Leaves the function with the status of `expression` unless it is OK.
#define ASSAY_RETURN_IF_ERROR(expression)                               \
  do {                                                                  \
    if (absl::Status assay_status = (expression); !assay_status.ok()) { \
      return assay_status;                                              \
    }                                                                   \
  } while (false)

#define ASSAY_CONCAT_INNER(a, b) a##b
#define ASSAY_CONCAT(a, b) ASSAY_CONCAT_INNER(a, b)

// Declares or assigns `target` from a StatusOr, or leaves the function with its status.
#define ASSAY_ASSIGN_OR_RETURN(target, expression) \
  ASSAY_ASSIGN_OR_RETURN_IMPL(ASSAY_CONCAT(assay_or_, __LINE__), target, expression)
#define ASSAY_ASSIGN_OR_RETURN_IMPL(temporary, target, expression) \
  auto temporary = (expression);                                   \
  if (!temporary.ok()) {                                           \
    return std::move(temporary).status();                          \
  }                                                                \
  target = *std::move(temporary)
