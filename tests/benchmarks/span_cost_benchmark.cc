// What recording its own spans costs a run: the same runs with a tracer that records and with one
// that does not, in pairs one after the other, which of the two first changing from pair to pair.
// A run has about as many spans whatever its rows, so one of a single batch and a long one.
//
// Usage: span_cost_benchmark DIRECTORY [PAIRS]
//          DIRECTORY  made anew; on a real disk
//          PAIRS      of the short runs, default 40; half as many of the long ones

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/integration/run/workbench.h"

namespace {

using assay::test::Workbench;

constexpr std::int64_t kBatchRows = 65'536;

struct Cost {
  double wall_s = 0;  // from the run's start to its end, as it is stored
  double cpu_s = 0;   // of all threads, until its spans are stored
};

// A store of its own with one set of outputs.
class Side {
 public:
  Side(const std::filesystem::path& directory, bool is_recording, std::int64_t num_rows)
      : bench_(directory, {.is_recording = is_recording}), scheduler_(bench_.StartScheduler()) {
    const assay::store::Id dataset =
        bench_.PushDataset("d", assay::test::LabelledExamples(num_rows));
    outputs_ = bench_.PushOutputs(dataset, bench_.PushModel("m", {}),
                                  assay::test::LabelledOutputs(num_rows, 10, 1));
  }

  // One run. Equal ones would be made once, so each has an evaluator of another name.
  Cost Run(int number) {
    const std::clock_t cpu = std::clock();
    const assay::store::RunRecord run = bench_.Evaluate(
        *scheduler_,
        {.output_set_id = outputs_,
         .evaluators = {absl::StrFormat("n%d=ground_truth_match:accuracy,macro_f1", number),
                        "latency"},
         .row_filter = {}});
    bench_.tracer().Flush();
    if (run.state != assay::store::RunState::kSucceeded) {
      std::fprintf(stderr, "a run failed: %s\n", run.error.c_str());
      std::exit(1);
    }
    return {.wall_s = 1e-6 * static_cast<double>(*run.ended_us - *run.started_us),
            .cpu_s = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC};
  }

 private:
  Workbench bench_;
  std::unique_ptr<assay::run::Scheduler> scheduler_;
  assay::store::Id outputs_ = 0;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The mean of with / without - 1 over the pairs, and its 95 % interval by the normal law.
void Print(const char* what, const std::vector<double>& with, const std::vector<double>& without) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < with.size(); ++i) {
    ratios.push_back(100 * (with[i] / without[i] - 1));
  }
  const auto n = static_cast<double>(ratios.size());
  const double mean = std::accumulate(ratios.begin(), ratios.end(), 0.0) / n;
  double squares = 0;
  for (const double ratio : ratios) {
    squares += (ratio - mean) * (ratio - mean);
  }
  const double half_width = 1.96 * std::sqrt(squares / (n - 1) / n);
  std::printf("%s: %.2f ms with spans, %.2f without (medians); %+.2f %% [%+.2f, %+.2f]\n", what,
              1e3 * Median(with), 1e3 * Median(without), mean, mean - half_width,
              mean + half_width);
}

void Compare(const std::filesystem::path& directory, std::int64_t num_rows, int num_pairs) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory / "on");
  std::filesystem::create_directories(directory / "off");
  Side on(directory / "on", true, num_rows);
  Side off(directory / "off", false, num_rows);
  on.Run(0);
  off.Run(0);
  std::vector<double> wall_on;
  std::vector<double> wall_off;
  std::vector<double> cpu_on;
  std::vector<double> cpu_off;
  for (int pair = 1; pair <= num_pairs; ++pair) {
    const bool is_on_first = pair % 2 == 0;
    const Cost first = (is_on_first ? on : off).Run(pair);
    const Cost second = (is_on_first ? off : on).Run(pair);
    const Cost& with = is_on_first ? first : second;
    const Cost& without = is_on_first ? second : first;
    wall_on.push_back(with.wall_s);
    wall_off.push_back(without.wall_s);
    cpu_on.push_back(with.cpu_s);
    cpu_off.push_back(without.cpu_s);
  }
  std::printf("%d pairs of runs over %lld rows\n", num_pairs, static_cast<long long>(num_rows));
  Print("processor time of all threads, spans stored", cpu_on, cpu_off);
  Print("time of the run", wall_on, wall_off);
}

}  // namespace

int main(int argc, char** argv) {
  const int num_pairs = argc > 2 ? std::atoi(argv[2]) : 40;
  if (argc < 2 || num_pairs < 4) {
    std::fprintf(stderr, "usage: see the head of span_cost_benchmark.cc\n");
    return 2;
  }
  Compare(argv[1], kBatchRows, num_pairs);
  Compare(argv[1], 16 * kBatchRows, num_pairs / 2);
  return 0;
}
