#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "evaluators/evaluator.h"
#include "server/base/thread_pool.h"

namespace assay::run {

// A ParallelFor in which the caller and up to `num_helpers` threads of `pool` take part. Bodies
// must not wait for the pool. `pool` outlives it. Thread-safe.
ParallelFor MakeParallelFor(ThreadPool& pool, int num_helpers);

// The error of the lowest `i` that failed, or OK. After the first error later bodies may be
// skipped.
absl::Status ForEach(const ParallelFor& parallel_for, std::int64_t n,
                     const std::function<absl::Status(std::int64_t i)>& body);

}  // namespace assay::run
