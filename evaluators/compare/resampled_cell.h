#pragma once

#include "evaluators/compare/comparison.h"
#include "evaluators/compare/gate.h"
#include "evaluators/statistics/paired_bootstrap.h"

namespace assay {

// Fills interval, p, method and clusters of `cell`, whose values are known, from resamples of its
// rows with options' draws and seed. Without resamples the cell has neither interval nor p.
void FillFromResamples(const PairedBootstrap& bootstrap, const TestOptions& options, Cell& cell);

// What gates on `cell` that multiply the baseline by `factor` are judged by; `bootstrap` was made
// with that factor.
CorpusDraws DrawsFromResamples(const PairedBootstrap& bootstrap, const MetricDescriptor& metric,
                               const Cell& cell, double factor);

}  // namespace assay
