#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are declarations and names.
#define ASSAY_CONCAT_INNER(a, b) a##b
#define ASSAY_CONCAT(a, b) ASSAY_CONCAT_INNER(a, b)

// Leaves the function with the status of `expression` unless it is OK. The counters keep a lambda
// inside `expression` from shadowing what is around it.
#define ASSAY_RETURN_IF_ERROR(expression) \
  ASSAY_RETURN_IF_ERROR_IMPL(ASSAY_CONCAT(assay_status_, __COUNTER__), expression)
#define ASSAY_RETURN_IF_ERROR_IMPL(temporary, expression)         \
  do {                                                            \
    if (absl::Status temporary = (expression); !temporary.ok()) { \
      return temporary;                                           \
    }                                                             \
  } while (false)

// Declares or assigns `target` from a StatusOr, or leaves the function with its status.
#define ASSAY_ASSIGN_OR_RETURN(target, expression) \
  ASSAY_ASSIGN_OR_RETURN_IMPL(ASSAY_CONCAT(assay_or_, __COUNTER__), target, expression)
#define ASSAY_ASSIGN_OR_RETURN_IMPL(temporary, target, expression) \
  auto temporary = (expression);                                   \
  if (!temporary.ok()) {                                           \
    return std::move(temporary).status();                          \
  }                                                                \
  target = *std::move(temporary)
// NOLINTEND(bugprone-macro-parentheses)
