#include "evaluators/model/diagnosis.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>

#include "absl/strings/str_format.h"
#include "evaluators/kernels/softmax.h"
#include "evaluators/model/model_comparison.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

constexpr int kBins = 15;
constexpr double kManyDead = 0.1;
constexpr double kMostlyDead = 0.5;
constexpr double kManySaturated = 0.5;
constexpr double kOutlier = 6;
constexpr double kVanishing = 1e-3;
constexpr double kOverConfident = 1.1;  // best temperature

using Findings = std::vector<Finding>;

void CheckOutputs(std::span<const double> outputs, std::int64_t width, bool has_logits,
                  Findings& findings) {
  std::int64_t not_finite = 0;
  bool is_constant = true;
  std::set<std::size_t> answers;
  const auto columns = static_cast<std::size_t>(width);
  for (std::size_t begin = 0; begin < outputs.size(); begin += columns) {
    for (std::size_t i = begin; i < begin + columns; ++i) {
      not_finite += std::isfinite(outputs[i]) ? 0 : 1;
      is_constant = is_constant && outputs[i] == outputs[i - begin];
    }
    const auto row = outputs.subspan(begin, columns);
    answers.insert(
        static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  const auto count = static_cast<double>(not_finite);
  findings.push_back(
      {not_finite > 0 ? Severity::kProblem : Severity::kFine, "not finite", "",
       absl::StrFormat("%d of %d outputs are NaN or infinite", not_finite, outputs.size()), count});
  if (is_constant && outputs.size() > columns) {
    findings.push_back(
        {Severity::kProblem, "constant outputs", "", "every row gets the same outputs", 1});
  } else if (has_logits) {
    const bool is_one = answers.size() == 1 && outputs.size() > columns;
    findings.push_back({is_one ? Severity::kProblem : Severity::kFine, "constant outputs", "",
                        absl::StrFormat("%d of %d labels are answered", answers.size(), width),
                        static_cast<double>(answers.size())});
  }
}

// The rate that an event without a case in `num_rows` stays below with 95 % confidence; the rule of
// three takes 3 / n for it.
double RateWithoutCase(std::size_t num_rows) {
  return -std::expm1(std::log(0.05) / static_cast<double>(num_rows));
}

void CheckLayer(const std::string& name, const ActivationHealth& health, std::size_t num_rows,
                Findings& findings) {
  const double dead = static_cast<double>(health.dead_units) / health.num_units;
  findings.push_back(
      {dead >= kMostlyDead ? Severity::kProblem
                           : (dead >= kManyDead ? Severity::kWarning : Severity::kFine),
       "dead units", name,
       absl::StrFormat("%d of %d units are 0 on every row; with 95 %% confidence such a unit fires "
                       "on less than %.2g of rows",
                       health.dead_units, health.num_units, RateWithoutCase(num_rows)),
       dead});
  if (health.saturated_share) {
    findings.push_back(
        {*health.saturated_share > kManySaturated ? Severity::kWarning : Severity::kFine,
         "saturation", name,
         absl::StrFormat("%.1f %% of the results lie where the function is flat",
                         100 * *health.saturated_share),
         *health.saturated_share});
  }
  if (health.outlier_ratio) {
    findings.push_back(
        {*health.outlier_ratio > kOutlier ? Severity::kWarning : Severity::kFine,
         "outlier channels", name,
         absl::StrFormat("the largest channel reaches %.1f times the median one; int8 ranges are "
                         "set by it",
                         *health.outlier_ratio),
         *health.outlier_ratio});
  }
}

void CheckGradients(const Program& program, const std::vector<double>& norms, Findings& findings) {
  if (norms.empty()) {
    return;
  }
  // The first product against the last one.
  std::size_t first = norms.size();
  std::size_t last = 0;
  for (std::size_t i = 0; i < norms.size(); ++i) {
    if (program.steps[i].type == StepType::kLinear) {
      first = std::min(first, i);
      last = i;
    }
  }
  if (first >= last || norms[last] == 0) {
    return;
  }
  const double ratio = norms[first] / norms[last];
  const bool is_fine = ratio > kVanishing && ratio < 1 / kVanishing;
  findings.push_back(
      {is_fine ? Severity::kFine : Severity::kProblem,
       is_fine ? "gradient flow" : (ratio < 1 ? "vanishing gradients" : "exploding gradients"),
       program.steps[first].name,
       absl::StrFormat("the loss gradient is %.3g at %s and %.3g at %s, a factor of %.2g",
                       norms[first], program.steps[first].name, norms[last],
                       program.steps[last].name, ratio),
       ratio});
}

void CheckConfidence(std::span<const double> logits, std::span<const std::int32_t> targets,
                     std::int64_t width, double temperature, Findings& findings) {
  // Fitted on even rows, judged on odd ones.
  std::vector<double> split_logits[2];
  std::vector<std::int32_t> split_targets[2];
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (targets[row] >= 0) {
      const auto values =
          logits.subspan(row * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
      split_logits[row % 2].insert(split_logits[row % 2].end(), values.begin(), values.end());
      split_targets[row % 2].push_back(targets[row]);
    }
  }
  if (split_targets[0].empty() || split_targets[1].empty()) {
    return;
  }
  const double best = BestTemperature(split_logits[0], split_targets[0], width);
  const double loss = MeanLoss(split_logits[1], split_targets[1], width, temperature);
  const double best_loss = MeanLoss(split_logits[1], split_targets[1], width, best);
  const double error = CalibrationError(logits, targets, width, temperature);
  const bool is_overconfident = best > kOverConfident * temperature && best_loss < loss;
  findings.push_back(
      {is_overconfident ? Severity::kWarning : Severity::kFine, "over-confidence", "",
       absl::StrFormat("ECE %.4f; temperature %.2f, fitted on half of the rows, changes the loss "
                       "on the other half from %.4f to %.4f",
                       error, best, loss, best_loss),
       best});
}

}  // namespace

double CalibrationError(std::span<const double> logits, std::span<const std::int32_t> targets,
                        std::int64_t width, double temperature) {
  double confidence_sums[kBins] = {};
  double right[kBins] = {};
  double total = 0;
  const auto columns = static_cast<std::size_t>(width);
  std::vector<double> p(columns);
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (targets[row] < 0 || !Softmax(logits.subspan(row * columns, columns), temperature, p).ok()) {
      continue;
    }
    const auto best = std::max_element(p.begin(), p.end());
    const int bin = std::clamp(static_cast<int>(std::ceil(*best * kBins)) - 1, 0, kBins - 1);
    confidence_sums[bin] += *best;
    right[bin] += best - p.begin() == targets[row] ? 1 : 0;
    total += 1;
  }
  double error = 0;
  for (int bin = 0; bin < kBins; ++bin) {
    error += std::fabs(confidence_sums[bin] - right[bin]);
  }
  return total > 0 ? error / total : 0;
}

double MeanLoss(std::span<const double> logits, std::span<const std::int32_t> targets,
                std::int64_t width, double temperature) {
  const auto columns = static_cast<std::size_t>(width);
  std::vector<double> log_p(columns);
  double sum = 0;
  double total = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (targets[row] >= 0 &&
        LogSoftmax(logits.subspan(row * columns, columns), temperature, log_p).ok()) {
      sum -= log_p[static_cast<std::size_t>(targets[row])];
      total += 1;
    }
  }
  return total > 0 ? sum / total : 0;
}

double BestTemperature(std::span<const double> logits, std::span<const std::int32_t> targets,
                       std::int64_t width) {
  // The loss is convex in 1 / T, so it has one valley in log T: golden-section search.
  constexpr double kRatio = 0.6180339887498949;
  double low = std::log(0.05);
  double high = std::log(20.0);
  const auto loss = [&](double log_t) { return MeanLoss(logits, targets, width, std::exp(log_t)); };
  double left = high - kRatio * (high - low);
  double right = low + kRatio * (high - low);
  double loss_left = loss(left);
  double loss_right = loss(right);
  while (high - low > 1e-4) {
    if (loss_left <= loss_right) {
      high = right;
      right = left;
      loss_right = loss_left;
      left = high - kRatio * (high - low);
      loss_left = loss(left);
    } else {
      low = left;
      left = right;
      loss_left = loss_right;
      right = low + kRatio * (high - low);
      loss_right = loss(right);
    }
  }
  return std::exp((low + high) / 2);
}

absl::StatusOr<Findings> Diagnose(const ReferenceModel& model, const Numerics& numerics,
                                  std::span<const float> features,
                                  std::span<const std::int32_t> targets) {
  ASSAY_ASSIGN_OR_RETURN(const Forward forward, Forward::Make(model, numerics));
  const Program& program = forward.program();
  LayerCapture capture(program.steps.size());
  ASSAY_RETURN_IF_ERROR(forward.Run(features, capture));
  const std::size_t num_rows = features.size() / static_cast<std::size_t>(forward.num_features());
  Findings findings;
  const int output = program.logits == kInput ? program.embedding : program.logits;
  const std::vector<double>& outputs = capture.layer(static_cast<std::size_t>(output));
  const std::int64_t width = program.steps[static_cast<std::size_t>(output)].out;
  CheckOutputs(outputs, width, program.logits != kInput, findings);
  const std::vector<double> input = ScaledInput(model, features);
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    if (const auto health = HealthOf(program, i, capture, input)) {
      CheckLayer(program.steps[i].name, *health, num_rows, findings);
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> norms, GradientNorms(model, features, targets));
  CheckGradients(program, norms, findings);
  if (program.logits != kInput) {
    CheckConfidence(outputs, targets, width, model.architecture().temperature, findings);
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return findings;
}

}  // namespace assay
