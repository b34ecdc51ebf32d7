// Times the statistics of a comparison. Usage:
//
//   statistics_benchmark resampling   # 10,000 draws of 100,000 differences, one thread
//   statistics_benchmark comparison   # 1 M paired rows x 5 metrics x 40 cohorts, two threads
//
// Prints `name seconds` lines: of processor time for one thread, so that a busy machine does not
// count; tests/benchmarks/statistics_beside_scipy.py sets them beside scipy.

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "evaluators/compare/cell_rows.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/statistics/bootstrap.h"
#include "evaluators/statistics/paired_bootstrap.h"
#include "evaluators/statistics/sign_flip.h"

namespace assay {
namespace {

constexpr std::int64_t kDraws = 10'000;
constexpr RandomSource kSource{.seed = 1, .stream = 2};

// Processor time of all threads.
double ProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double Seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The best of three.
void Report(const char* name, const std::function<void()>& work) {
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double begin = ProcessorSeconds();
    work();
    const double seconds = ProcessorSeconds() - begin;
    best = repeat == 0 ? seconds : std::min(best, seconds);
  }
  std::printf("%s %.4f\n", name, best);
}

void TimeResampling() {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0.002, 1);
  std::vector<double> general(100'000);
  std::vector<double> binary(general.size());
  std::vector<double> tenths(general.size());
  for (std::size_t i = 0; i < general.size(); ++i) {
    general[i] = noise(random);
    binary[i] = i % 20 == 0 ? (random() % 2 == 0 ? 1 : -1) : 0;
    tenths[i] = (static_cast<double>(random() % 11) - static_cast<double>(random() % 11)) / 10;
  }
  Report("bootstrap_general", [&] { BootstrapMean(general, kSource, kDraws); });
  Report("bootstrap_binary", [&] { BootstrapMean(binary, kSource, kDraws); });
  Report("bootstrap_21_values", [&] { BootstrapMean(tenths, kSource, kDraws); });
  Report("permutation", [&] { SignFlipTest(general, kSource, kDraws); });
}

void TwoThreads(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  std::atomic<std::int64_t> next = 0;
  const auto work = [&] {
    for (std::int64_t i = next++; i < n; i = next++) {
      body(i);
    }
  };
  std::thread second(work);
  work();
  second.join();
}

double PeakMebibytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Outcome 10 gold + predicted.
std::optional<double> MacroF1(const OutcomeTotals& totals) {
  double sum = 0;
  int num_classes = 0;
  for (std::size_t label = 0; label < 10; ++label) {
    double gold = 0;
    double predicted = 0;
    for (std::size_t other = 0; other < 10; ++other) {
      gold += totals.weight[10 * label + other];
      predicted += totals.weight[10 * other + label];
    }
    if (gold > 0) {
      sum += 2 * totals.weight[11 * label] / (gold + predicted);
      ++num_classes;
    }
  }
  return num_classes == 0 ? std::nullopt : std::optional(sum / num_classes);
}

// Outcome 2 bin + is right, value confidence.
std::optional<double> CalibrationError(const OutcomeTotals& totals) {
  double sum = 0;
  double num_rows = 0;
  for (std::size_t bin = 0; bin < 15; ++bin) {
    num_rows += totals.weight[2 * bin] + totals.weight[2 * bin + 1];
    sum +=
        std::fabs(totals.weight[2 * bin + 1] - totals.value[2 * bin] - totals.value[2 * bin + 1]);
  }
  return num_rows == 0 ? std::nullopt : std::optional(sum / num_rows);
}

// What the two sides answered on a million rows.
struct Data {
  static constexpr std::size_t kRows = 1'000'000;
  struct Side {
    std::vector<double> right, loss, cosine, confidence;
    std::vector<std::int32_t> labels, bins;
  };
  Side baseline;
  Side candidate;
  std::vector<std::uint8_t> defined = std::vector<std::uint8_t>(kRows, 1);
  std::vector<CohortColumn> cohorts{{.name = "part", .values = {}, .value_of = {}}};

  Data() {
    for (int value = 0; value < 40; ++value) {
      cohorts[0].values.push_back(std::to_string(value));
    }
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> uniform;
    for (std::size_t row = 0; row < kRows; ++row) {
      cohorts[0].value_of.push_back(static_cast<std::int32_t>(random() % 40));
      const auto gold = static_cast<std::int32_t>(random() % 10);
      const auto any = [&] { return static_cast<std::int32_t>(random() % 10); };
      const std::int32_t before = uniform(random) < 0.85 ? gold : any();
      const std::int32_t after = uniform(random) < 0.9 ? before : any();
      const double confidence = 1 - 0.6 * uniform(random) * uniform(random);
      Add(baseline, gold, before, confidence, uniform(random));
      Add(candidate, gold, after, std::clamp(confidence + 0.05 * (uniform(random) - 0.5), 0.1, 1.0),
          uniform(random));
    }
  }

  static void Add(Side& side, std::int32_t gold, std::int32_t predicted, double confidence,
                  double noise) {
    const bool is_right = gold == predicted;
    side.right.push_back(is_right ? 1 : 0);
    side.loss.push_back(-std::log(is_right ? confidence : (1 - confidence + 1e-3) / 9));
    side.cosine.push_back(confidence - 0.1 * noise);
    side.confidence.push_back(confidence);
    side.labels.push_back(10 * gold + predicted);
    side.bins.push_back(2 * std::min(14, static_cast<int>(confidence * 15)) + (is_right ? 1 : 0));
  }
};

void CompareRows(const Data& data, const char* id, MetricKind kind,
                 const std::vector<double>& baseline, const std::vector<double>& candidate) {
  MetricDescriptor metric;
  metric.id = id;
  metric.kind = kind;
  const PairedScores scores{.metric = metric,
                            .baseline = baseline,
                            .candidate = candidate,
                            .baseline_defined = data.defined,
                            .candidate_defined = data.defined};
  std::size_t num_permuted = 0;
  const double seconds = Seconds([&] {
    const MetricComparison comparison = CompareScores(scores, data.cohorts, TwoThreads);
    num_permuted = static_cast<std::size_t>(
        std::count_if(comparison.cohorts.begin(), comparison.cohorts.end(),
                      [](const Cell& cell) { return cell.permutation_p.has_value(); }));
  });
  std::printf("comparison_%s %.4f (%zu cohorts permuted)\n", id, seconds, num_permuted);
}

void CompareCorpora(const Data& data, const char* id, const PairedOutcomes& outcomes) {
  const double seconds = Seconds([&] {
    const PairedScores all{.metric = {},
                           .baseline = data.baseline.right,
                           .candidate = data.candidate.right,
                           .baseline_defined = data.defined,
                           .candidate_defined = data.defined};
    const CellRows whole(all, nullptr);
    const CellRows parts(all, data.cohorts.data());
    TwoThreads(41, [&](std::int64_t cell) {
      const auto rows = cell == 0 ? whole.rows(0) : parts.rows(static_cast<std::size_t>(cell) - 1);
      BootstrapPairs(outcomes, rows, {}, {.seed = 1, .stream = StreamOf(id + std::to_string(cell))},
                     kDraws);
    });
  });
  std::printf("comparison_%s %.4f\n", id, seconds);
}

void TimeComparison() {
  const Data data;
  const double idle = PeakMebibytes();
  const double processor_begin = ProcessorSeconds();
  const double total = Seconds([&] {
    const Data::Side& before = data.baseline;
    const Data::Side& after = data.candidate;
    CompareRows(data, "accuracy", MetricKind::kBinaryMean, before.right, after.right);
    CompareRows(data, "nll", MetricKind::kMean, before.loss, after.loss);
    CompareRows(data, "cosine", MetricKind::kMean, before.cosine, after.cosine);
    CompareCorpora(data, "macro_f1",
                   {.baseline = {.num_outcomes = 100, .outcome = before.labels, .value = {}},
                    .candidate = {.num_outcomes = 100, .outcome = after.labels, .value = {}},
                    .baseline_statistic = MacroF1,
                    .candidate_statistic = MacroF1});
    CompareCorpora(
        data, "ece",
        {.baseline = {.num_outcomes = 30, .outcome = before.bins, .value = before.confidence},
         .candidate = {.num_outcomes = 30, .outcome = after.bins, .value = after.confidence},
         .baseline_statistic = CalibrationError,
         .candidate_statistic = CalibrationError});
  });
  std::printf("comparison %.4f (processor time %.4f)\ncomparison_mebibytes %.0f\n", total,
              ProcessorSeconds() - processor_begin, PeakMebibytes() - idle);
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "resampling") == 0) {
    assay::TimeResampling();
  } else if (argc == 2 && std::strcmp(argv[1], "comparison") == 0) {
    assay::TimeComparison();
  } else {
    std::fprintf(stderr, "usage: statistics_benchmark resampling|comparison\n");
    return 2;
  }
  return 0;
}
