#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <optional>

#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::SizeIs;

constexpr std::int64_t kLeaseUs = 30'000'000;

class ComparisonStoreTest : public StoreTest {
 protected:
  RunStore& runs() { return store().runs(); }
  absl::StatusOr<ComparisonRecord> Create(const ComparisonRecord& comparison) {
    return runs().CreateComparison(kDefaultProject, comparison);
  }
  ComparisonRecord Get(Id id) { return *runs().GetComparison(kDefaultProject, id); }
  JobLease Claim() { return *runs().Claim("worker", kLeaseUs); }
};

ComparisonRecord Asked() {
  ComparisonRecord record;
  record.baseline_run_id = 21;
  record.candidate_run_id = 22;
  record.policy.gates = {
      {.metric = "accuracy", .cohort = "", .limit = 0.01, .tier = Tier::kCritical},
      {.metric = "nDCG@10", .cohort = "lang=de", .limit = 0.1 + 0.2, .tier = Tier::kAdvisory}};
  record.policy.alpha = 0.1;
  record.allow_confounded = true;
  record.spec_digest = DigestOfByte(3);
  record.trace_id = std::string(32, 'c');
  record.parent_span_id = std::string(16, 'd');
  return record;
}

Cell MakeCell(const std::string& cohort, double seed) {
  Cell cell;
  cell.cohort = cohort;
  cell.num_rows = 597;
  cell.baseline = seed / 3;
  cell.candidate = seed / 7;
  cell.delta = -0.0;
  cell.lower = -seed * std::numeric_limits<double>::denorm_min();
  cell.p = 1e-300;
  cell.method = "Tango score";
  cell.effect_size = std::numeric_limits<double>::infinity();
  cell.num_worse = 4;
  cell.num_better = 5;
  return cell;
}

ComparisonResult Result() {
  ComparisonResult result;
  result.fairness = Fairness::kConfounded;
  result.confounds = {{"dataset", "digits@1", "digits@2"}};
  result.model_differences = {{"activation", "relu", "silu"}, {"config.lr", "", "0.1"}};
  result.num_paired = 100;
  result.num_only_baseline = 1;
  result.num_only_candidate = 2;
  result.num_baseline_errors = 3;
  result.num_candidate_errors = 4;
  result.identical_outputs = true;
  for (int i = 0; i < 2; ++i) {
    MetricComparison metric;
    metric.metric.id = i == 0 ? "accuracy" : "nDCG@10";
    metric.metric.kind = MetricKind::kBinaryMean;
    metric.overall = MakeCell("", i + 1);
    if (i == 0) {
      metric.cohorts = {MakeCell("digit=8", 5), MakeCell("digit=1", 6)};
    }
    result.metrics.push_back(metric);
  }
  result.flip_metric = "accuracy";
  result.num_broken = 5;
  result.num_fixed = 6;
  result.num_both_wrong = 7;
  result.num_both_right = 8;
  GateResult gate;
  gate.gate = Asked().policy.gates[1];
  gate.verdict = Verdict::kInconclusive;
  gate.delta = -0.0;
  gate.upper = 0.3;
  gate.p_adjusted = 1.0;
  gate.num_rows = 9;
  gate.rows_needed = 1200;
  gate.reason = "too few rows";
  result.gates = {gate};
  EmbeddingChangeRecord& change = result.embedding_change.emplace();
  change.baseline_dimension = 24;
  change.candidate_dimension = 12;
  change.num_paired = 25'000;
  change.num_sampled = 20'000;
  change.num_neighbors = 10;
  change.same_space = true;
  change.baseline_unusable = {.num_missing = 1, .num_zero = 2, .num_not_finite = 3};
  change.candidate_unusable = {.num_missing = 4, .num_zero = 5, .num_not_finite = 6};
  change.baseline_spread = {.mean_norm = 0.1, .mean_pairwise_cosine = -0.0};
  change.candidate_spread = {.mean_norm = 1e300, .effective_rank = 7.5, .participation_ratio = 2};
  change.debiased_cka = 1.0 / 3;
  change.cells = {
      {.cohort = "", .num_rows = 19'000, .cosine = 0.7, .l2 = -0.0},
      {.cohort = "lang=de", .num_rows = 7, .neighbor_overlap = 0.1, .procrustes_residual = 1e-300}};
  result.verdict = Verdict::kInconclusive;
  result.summary = "accuracy fell";
  result.exit_code = 4;
  return result;
}

void ExpectBits(const std::optional<double>& a, const std::optional<double>& b) {
  ASSERT_EQ(a.has_value(), b.has_value());
  if (a) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*a), std::bit_cast<std::uint64_t>(*b));
  }
}

void ExpectSame(const Cell& a, const Cell& b) {
  EXPECT_EQ(a.cohort, b.cohort);
  EXPECT_EQ(a.num_rows, b.num_rows);
  ExpectBits(a.baseline, b.baseline);
  ExpectBits(a.candidate, b.candidate);
  ExpectBits(a.delta, b.delta);
  ExpectBits(a.lower, b.lower);
  ExpectBits(a.upper, b.upper);
  ExpectBits(a.p, b.p);
  ExpectBits(a.q, b.q);
  EXPECT_EQ(a.method, b.method);
  ExpectBits(a.effect_size, b.effect_size);
  ExpectBits(a.minimum_detectable_effect, b.minimum_detectable_effect);
  EXPECT_EQ(a.num_worse, b.num_worse);
  EXPECT_EQ(a.num_better, b.num_better);
}

TEST_F(ComparisonStoreTest, AComparisonStartsQueuedAsItWasAsked) {
  const ComparisonRecord read = Get(Create(Asked())->id);
  EXPECT_EQ(read.baseline_run_id, 21);
  EXPECT_EQ(read.candidate_run_id, 22);
  EXPECT_EQ(read.state, RunState::kQueued);
  EXPECT_EQ(read.policy.alpha, 0.1);
  EXPECT_TRUE(read.allow_confounded);
  EXPECT_EQ(read.trace_id, std::string(32, 'c'));
  EXPECT_EQ(read.parent_span_id, std::string(16, 'd'));
  ASSERT_THAT(read.policy.gates, SizeIs(2));
  EXPECT_EQ(read.policy.gates[1].metric, "nDCG@10");
  EXPECT_EQ(read.policy.gates[1].cohort, "lang=de");
  EXPECT_EQ(read.policy.gates[1].limit, 0.1 + 0.2);
  EXPECT_EQ(read.policy.gates[1].tier, Tier::kAdvisory);
}

TEST_F(ComparisonStoreTest, AResultIsReadBackBitForBit) {
  const Id id = Create(Asked())->id;
  const JobLease lease = Claim();
  EXPECT_EQ(lease.kind, JobKind::kCompare);
  EXPECT_EQ(lease.target_id, id);
  EXPECT_EQ(Get(id).state, RunState::kRunning);
  const ComparisonResult result = Result();
  ASSERT_TRUE(runs().FinishComparison(lease, result).ok());
  Reopen();

  const ComparisonRecord read = Get(id);
  EXPECT_EQ(read.state, RunState::kSucceeded);
  EXPECT_EQ(read.ended_us, test::FakeClock::kStartUs);
  const ComparisonResult& got = read.result;
  EXPECT_EQ(got.fairness, Fairness::kConfounded);
  ASSERT_THAT(got.confounds, SizeIs(1));
  EXPECT_EQ(got.confounds[0].candidate, "digits@2");
  ASSERT_THAT(got.model_differences, SizeIs(2));
  EXPECT_EQ(got.model_differences[1].field, "config.lr");
  EXPECT_EQ(got.num_paired, 100);
  EXPECT_EQ(got.num_only_baseline, 1);
  EXPECT_EQ(got.num_only_candidate, 2);
  EXPECT_EQ(got.num_baseline_errors, 3);
  EXPECT_EQ(got.num_candidate_errors, 4);
  EXPECT_TRUE(got.identical_outputs);
  ASSERT_THAT(got.metrics, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(got.metrics[i].metric.id, result.metrics[i].metric.id);
    ExpectSame(got.metrics[i].overall, result.metrics[i].overall);
    ASSERT_EQ(got.metrics[i].cohorts.size(), result.metrics[i].cohorts.size());
    for (std::size_t k = 0; k < got.metrics[i].cohorts.size(); ++k) {
      ExpectSame(got.metrics[i].cohorts[k], result.metrics[i].cohorts[k]);
    }
  }
  EXPECT_EQ(got.flip_metric, "accuracy");
  EXPECT_EQ(got.num_broken, 5);
  EXPECT_EQ(got.num_fixed, 6);
  EXPECT_EQ(got.num_both_wrong, 7);
  EXPECT_EQ(got.num_both_right, 8);
  ASSERT_THAT(got.gates, SizeIs(1));
  EXPECT_EQ(got.gates[0].gate.cohort, "lang=de");
  EXPECT_EQ(got.gates[0].verdict, Verdict::kInconclusive);
  ExpectBits(got.gates[0].delta, -0.0);
  EXPECT_EQ(got.gates[0].lower, std::nullopt);
  EXPECT_EQ(got.gates[0].p_adjusted, 1.0);
  EXPECT_EQ(got.gates[0].rows_needed, 1200);
  EXPECT_EQ(got.gates[0].reason, "too few rows");
  EXPECT_EQ(got.verdict, Verdict::kInconclusive);
  EXPECT_EQ(got.summary, "accuracy fell");
  EXPECT_EQ(got.exit_code, 4);
}

TEST_F(ComparisonStoreTest, AnEmbeddingChangeIsReadBackBitForBit) {
  const Id id = Create(Asked())->id;
  const ComparisonResult result = Result();
  ASSERT_TRUE(runs().FinishComparison(Claim(), result).ok());
  Reopen();

  ASSERT_TRUE(Get(id).result.embedding_change.has_value());
  const EmbeddingChangeRecord got = *Get(id).result.embedding_change;
  const EmbeddingChangeRecord& put = *result.embedding_change;
  EXPECT_EQ(got.baseline_dimension, 24);
  EXPECT_EQ(got.candidate_dimension, 12);
  EXPECT_EQ(got.num_paired, 25'000);
  EXPECT_EQ(got.num_sampled, 20'000);
  EXPECT_EQ(got.num_neighbors, 10);
  EXPECT_TRUE(got.same_space);
  EXPECT_EQ(got.baseline_unusable.num_missing, 1);
  EXPECT_EQ(got.baseline_unusable.num_zero, 2);
  EXPECT_EQ(got.baseline_unusable.num_not_finite, 3);
  EXPECT_EQ(got.candidate_unusable.num_missing, 4);
  EXPECT_EQ(got.candidate_unusable.num_zero, 5);
  EXPECT_EQ(got.candidate_unusable.num_not_finite, 6);
  for (const auto side :
       {&EmbeddingChangeRecord::baseline_spread, &EmbeddingChangeRecord::candidate_spread}) {
    ExpectBits((got.*side).mean_norm, (put.*side).mean_norm);
    ExpectBits((got.*side).mean_pairwise_cosine, (put.*side).mean_pairwise_cosine);
    ExpectBits((got.*side).effective_rank, (put.*side).effective_rank);
    ExpectBits((got.*side).participation_ratio, (put.*side).participation_ratio);
  }
  ExpectBits(got.debiased_cka, put.debiased_cka);
  ASSERT_THAT(got.cells, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(got.cells[i].cohort, put.cells[i].cohort);
    EXPECT_EQ(got.cells[i].num_rows, put.cells[i].num_rows);
    ExpectBits(got.cells[i].cosine, put.cells[i].cosine);
    ExpectBits(got.cells[i].l2, put.cells[i].l2);
    ExpectBits(got.cells[i].neighbor_overlap, put.cells[i].neighbor_overlap);
    ExpectBits(got.cells[i].procrustes_residual, put.cells[i].procrustes_residual);
  }
}

TEST_F(ComparisonStoreTest, TheSameSpecificationIsTheSameComparison) {
  const Id first = Create(Asked())->id;
  EXPECT_EQ(Create(Asked())->id, first);
  ASSERT_TRUE(runs().FinishComparison(Claim(), Result()).ok());
  const absl::StatusOr<ComparisonRecord> again = Create(Asked());
  EXPECT_EQ(again->id, first);
  EXPECT_EQ(again->state, RunState::kSucceeded);
  EXPECT_THAT(again->result.metrics, SizeIs(2));
}

TEST_F(ComparisonStoreTest, AFailedComparisonIsTriedAnew) {
  const Id first = Create(Asked())->id;
  ASSERT_TRUE(runs().Fail(Claim(), "confounded: dataset").ok());
  EXPECT_EQ(Get(first).state, RunState::kFailed);
  EXPECT_EQ(Get(first).error, "confounded: dataset");
  EXPECT_NE(Create(Asked())->id, first);
}

TEST_F(ComparisonStoreTest, ARepeatedRequestGivesTheComparisonItMade) {
  ComparisonRecord asked = Asked();
  asked.request_id = "r";
  const Id first = Create(asked)->id;
  ASSERT_TRUE(runs().Fail(Claim(), "x").ok());
  EXPECT_EQ(Create(asked)->id, first);
}

TEST_F(ComparisonStoreTest, ALateResultIsRejected) {
  const Id id = Create(Asked())->id;
  const JobLease late = Claim();
  clock_.Advance(std::chrono::microseconds(kLeaseUs));
  Claim();
  EXPECT_TRUE(absl::IsAborted(runs().FinishComparison(late, Result())));
  EXPECT_TRUE(Get(id).result.metrics.empty());
  EXPECT_EQ(Get(id).state, RunState::kRunning);
}

TEST_F(ComparisonStoreTest, ListsAreNewestFirstAndLight) {
  ComparisonRecord asked = Asked();
  const Id first = Create(asked)->id;
  asked.spec_digest = DigestOfByte(4);
  const Id second = Create(asked)->id;
  ASSERT_TRUE(runs().FinishComparison(Claim(), Result()).ok());
  const auto list = runs().ListComparisons(kDefaultProject, {});
  ASSERT_THAT(*list, SizeIs(2));
  EXPECT_EQ((*list)[0].id, second);
  EXPECT_EQ((*list)[1].id, first);
  EXPECT_EQ((*list)[1].result.verdict, Verdict::kInconclusive);
  EXPECT_TRUE((*list)[1].result.metrics.empty());
}

TEST_F(ComparisonStoreTest, AnUnknownComparisonIsNotFound) {
  EXPECT_EQ(runs().GetComparison(kDefaultProject, 99).status(),
            absl::NotFoundError("no such comparison: 'comparisons/99'"));
}

}  // namespace
}  // namespace assay::store
