// `assay score` on 2,000 queries x 1,000 documents beside a bare scan for line ends of the same
// file, both on one processor. Figures are the best of some repetitions: by the clock, and the time
// that the processor was ours, which other work disturbs less.
//
// Usage: score_benchmark ASSAY WORK_DIR

#include <emmintrin.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"

namespace {

constexpr int kNumQueries = 2000;
constexpr int kNumRanked = 1000;
constexpr int kNumJudged = 100;
constexpr int kRepetitions = 7;
constexpr char kMeasures[] =
    "P.5,10,100,recall.5,10,100,recip_rank,map,map_cut.5,10,100,ndcg,ndcg_cut.5,10,100";

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Scores descend with a tie now and then; half of the judged documents are ranked.
void WriteFiles(const std::string& run_path, const std::string& qrels_path) {
  std::mt19937_64 random(42);
  std::string run;
  std::string qrels;
  for (int query = 1; query <= kNumQueries; ++query) {
    const auto first = static_cast<int>(random() % 9'000'000);
    const auto document = [first](int i) {
      return (first + static_cast<int>(static_cast<long long>(i) * 7919 % 1'000'003)) % 10'000'000;
    };
    int score = 29'000'000;
    for (int rank = 1; rank <= kNumRanked; ++rank) {
      score -= static_cast<int>(random() % 19'000);
      absl::StrAppendFormat(&run, "%d Q0 D%07d %d %d.%06d benchmark\n", query, document(rank), rank,
                            score / 1'000'000, score % 1'000'000);
    }
    for (int i = 0; i < kNumJudged; ++i) {
      const int judged =
          i < kNumJudged / 2 ? 1 + i * (kNumRanked / (kNumJudged / 2)) : kNumRanked + i;
      absl::StrAppendFormat(&qrels, "%d 0 D%07d %d\n", query, document(judged),
                            static_cast<int>(random() % 4));
    }
  }
  Write(run_path, run);
  Write(qrels_path, qrels);
}

struct Timing {
  double clock_ms = 1e300;
  double processor_ms = 1e300;
};

double Ms(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

// Of this process and of those that it waited for.
double ProcessorMs() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage = {};
    getrusage(who, &usage);
    sum += Ms(usage.ru_utime) + Ms(usage.ru_stime);
  }
  return sum;
}

Timing Best(const std::function<void()>& body) {
  Timing best;
  for (int i = 0; i < kRepetitions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const double processor_begin = ProcessorMs();
    body();
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - begin;
    best.clock_ms = std::min(best.clock_ms, elapsed.count());
    best.processor_ms = std::min(best.processor_ms, ProcessorMs() - processor_begin);
  }
  return best;
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

// Maps the file and counts its lines.
long long CountLines(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  if (fd < 0 || fstat(fd, &status) != 0) {
    Fail("cannot read " + path);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  auto* const bytes = static_cast<const char*>(mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0));
  if (bytes == MAP_FAILED) {
    Fail("cannot map " + path);
  }
  long long count = 0;
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i));
    count += std::popcount(
        static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\n')))));
  }
  count += std::count(bytes + i, bytes + size, '\n');
  munmap(const_cast<char*>(bytes), size);
  close(fd);
  return count;
}

// Runs a program to its end, its output away.
void Run(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  if (posix_spawn(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ) != 0) {
    Fail("cannot run " + words[0]);
  }
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) {
    Fail(words[0] + " failed");
  }
}

void Score(const std::string& assay, const std::string& run, const std::string& qrels) {
  Run({assay, "score", "--quiet", "-m", kMeasures, "--qrels", qrels, "--run", run});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    Fail("usage: score_benchmark ASSAY WORK_DIR");
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof(one), &one);
  const std::string run = std::string(argv[2]) + "/benchmark.run";
  const std::string qrels = std::string(argv[2]) + "/benchmark.qrels";
  WriteFiles(run, qrels);
  const std::string assay = argv[1];

  const long long num_lines = CountLines(run);
  const Timing scan = Best([&] { CountLines(run); });
  const Timing score = Best([&] { Score(assay, run, qrels); });
  const Timing start = Best([&] { Run({assay, "version"}); });
  std::printf("                                       clock   processor\n");
  std::printf("newline scan of %lld lines        %7.1f     %7.1f ms\n", num_lines, scan.clock_ms,
              scan.processor_ms);
  std::printf("assay score, 15 measures          %7.1f     %7.1f ms  (target 200 ms)\n",
              score.clock_ms, score.processor_ms);
  std::printf("of that, the start of the program %7.1f     %7.1f ms\n", start.clock_ms,
              start.processor_ms);
  std::printf("ratio                             %7.1f     %7.1f     (target 18)\n",
              score.clock_ms / scan.clock_ms, score.processor_ms / scan.processor_ms);
}
