#include "client/cli/policy_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kWhole[] = R"(version = 1
alpha = 0.1
correction = "none"
min_rows = 50
min_coverage = 0.99
max_error_rate = 0.01
warmup_rows = 0
allow_changed = ["activation", "config.*"]

[[gate]]
metric = "accuracy"
max_drop = 0.01

[[gate]]
metric = "accuracy"
cohort = "domain=a=b"
max_flips = 0.02
tier = "supporting"
alpha = 0.01
min_rows = 200

[[gate]]
metric = "behaviour"
max_changed = 0.02
tier = "advisory"

[[gate]]
metric = "latency_us.p95"
max_relative_increase = 0.10
)";

std::string Complaint(const std::string& text) {
  const absl::StatusOr<PolicyFile> file = ParsePolicy(text, "gate.toml");
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(file.status().message());
}

// A policy with one gate that holds `lines`, the first of which is line 3.
std::string Gate(const std::string& lines) { return "version = 1\n[[gate]]\n" + lines; }

TEST(PolicyFileTest, ReadsEveryKey) {
  const absl::StatusOr<PolicyFile> file = ParsePolicy(kWhole, "ci/gate.toml");
  ASSERT_TRUE(file.ok()) << file.status();
  const v1::Policy& policy = file->policy;
  EXPECT_EQ(policy.source(), "gate.toml");
  EXPECT_EQ(policy.alpha(), 0.1);
  EXPECT_EQ(policy.correction(), v1::CORRECTION_NONE);
  EXPECT_EQ(policy.min_rows(), 50);
  EXPECT_EQ(policy.min_coverage(), 0.99);
  EXPECT_EQ(policy.max_error_rate(), 0.01);
  EXPECT_TRUE(policy.has_warmup_rows());
  EXPECT_EQ(policy.warmup_rows(), 0);
  EXPECT_THAT(policy.allow_changed(), ElementsAre("activation", "config.*"));
  ASSERT_EQ(policy.gates_size(), 4);
  EXPECT_EQ(policy.gates(0).max_drop(), 0.01);
  EXPECT_FALSE(policy.gates(0).has_alpha());
  EXPECT_EQ(policy.gates(1).cohort(), "domain=a=b");
  EXPECT_EQ(policy.gates(1).max_flips(), 0.02);
  EXPECT_EQ(policy.gates(1).tier(), v1::Gate::SUPPORTING);
  EXPECT_EQ(policy.gates(1).alpha(), 0.01);
  EXPECT_EQ(policy.gates(1).min_rows(), 200);
  EXPECT_EQ(policy.gates(2).max_changed(), 0.02);
  EXPECT_EQ(policy.gates(3).max_relative_increase(), 0.10);
  EXPECT_THAT(file->gate_lines, ElementsAre(10, 14, 22, 27));
}

TEST(PolicyFileTest, WholeNumbersAreLimitsToo) {
  const absl::StatusOr<PolicyFile> file =
      ParsePolicy(Gate("metric = \"latency_us\"\nmax_increase = 5\n"), "gate.toml");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->policy.gates(0).max_increase(), 5);
}

TEST(PolicyFileErrorTest, UnknownKeysNameTheirLine) {
  EXPECT_THAT(Complaint("version = 1\nmax_drop = 0.1\n"),
              StartsWith("gate.toml:2: unknown key 'max_drop'; there are version"));
  EXPECT_THAT(Complaint(Gate("metric = \"a\"\nmax_dropp = 0.1\n")),
              StartsWith("gate.toml:4: unknown key 'max_dropp' of a gate; there are metric"));
}

TEST(PolicyFileErrorTest, CountsAreWholeNumbers) {
  EXPECT_EQ(Complaint("version = 1\nwarmup_rows = -1\n"),
            "gate.toml:2: warmup_rows: a whole number of at least 0 is expected");
  EXPECT_EQ(Complaint("version = 1\nmin_rows = 0\n"),
            "gate.toml:2: min_rows: a whole number of at least 1 is expected");
}

TEST(PolicyFileErrorTest, ContradictingKeysNameTheLaterLine) {
  EXPECT_EQ(Complaint(Gate("metric = \"a\"\nmax_drop = 0.1\nmax_increase = 0.1\n")),
            "gate.toml:5: max_drop and max_increase contradict each other; write two gates");
  EXPECT_EQ(Complaint(Gate("metric = \"behaviour\"\nmax_drop = 0.1\n")),
            "gate.toml:4: max_drop does not go with metric = \"behaviour\": max_changed and "
            "\"behaviour\" belong together");
  EXPECT_THAT(Complaint(Gate("metric = \"accuracy\"\nmax_changed = 0.1\n")),
              StartsWith("gate.toml:4: max_changed does not go with"));
}

TEST(PolicyFileErrorTest, TheSameRuleTwiceNamesBothLines) {
  EXPECT_EQ(Complaint(Gate("metric = \"a\"\nmax_drop = 0.1\n") +
                      "[[gate]]\nmetric = \"a\"\nmax_drop = 0.2\n"),
            "gate.toml:5: max_drop of 'a' is limited in line 2 already");
}

TEST(PolicyFileErrorTest, IncompleteGatesNameTheirLine) {
  EXPECT_EQ(Complaint(Gate("max_drop = 0.1\n")), "gate.toml:2: the gate has no metric");
  EXPECT_EQ(Complaint(Gate("metric = \"a\"\n")),
            "gate.toml:2: the gate has no limit, as max_drop = 0.01");
}

TEST(PolicyFileErrorTest, ValuesOutsideTheirRangeNameTheLine) {
  for (const char* const line :
       {"max_drop = -0.1", "max_drop = nan", "max_drop = inf", "max_drop = \"0.1\"",
        "max_flips = 1.5", "max_relative_drop = 1"}) {
    EXPECT_THAT(Complaint(Gate("metric = \"a\"\n" + std::string(line))),
                StartsWith("gate.toml:4: "))
        << line;
  }
  for (const char* const line :
       {"alpha = 0.5", "alpha = 0", "min_rows = 0", "min_rows = 1.5", "min_coverage = 1.1",
        "max_error_rate = -1", "correction = \"bonferroni\"", "allow_changed = []",
        "allow_changed = [1]", "allow_changed = \"activation\"", "gate = 1"}) {
    EXPECT_THAT(Complaint("version = 1\n" + std::string(line)), StartsWith("gate.toml:2: "))
        << line;
  }
  EXPECT_THAT(Complaint(Gate("metric = \"a\"\nmax_drop = 0\ntier = \"blocking\"")),
              StartsWith("gate.toml:5: tier: critical"));
  EXPECT_THAT(Complaint(Gate("metric = \"a\"\nmax_drop = 0\ncohort = \"oos\"")),
              StartsWith("gate.toml:5: cohort: COLUMN=VALUE"));
}

TEST(PolicyFileErrorTest, WhatIsNoTomlNamesItsLine) {
  EXPECT_THAT(Complaint("version = 1\n[[gate\n"), StartsWith("gate.toml:2: "));
}

TEST(PolicyFileErrorTest, AVersionIsNeeded) {
  EXPECT_EQ(Complaint("alpha = 0.1\n"), "gate.toml:1: version = 1 is missing");
  EXPECT_EQ(Complaint("\nversion = 2\n"), "gate.toml:2: version: only 1 is known");
}

TEST(PolicyFileErrorTest, APolicyThatGatesNothingIsAnError) {
  EXPECT_THAT(Complaint("version = 1\n"), HasSubstr("nothing is gated"));
}

TEST(AtGateOriginTest, PutsTheLineBeforeWhatTheServerSays) {
  const absl::StatusOr<PolicyFile> file = ParsePolicy(kWhole, "gate.toml");
  ASSERT_TRUE(file.ok());
  const absl::Status status =
      AtGateOrigin(absl::InvalidArgumentError("gates[1].metric: unknown"), *file);
  EXPECT_EQ(status, absl::InvalidArgumentError("gate.toml:14: gates[1].metric: unknown"));
  EXPECT_EQ(AtGateOrigin(absl::InternalError("x"), *file), absl::InternalError("x"));
}

TEST(AtGateOriginTest, PutsTheLineOfTheClaimBeforeWhatTheServerSaysOfIt) {
  const absl::Status status = absl::InvalidArgumentError("allow_changed: no such field");
  const absl::StatusOr<PolicyFile> file =
      ParsePolicy("version = 1\nallow_changed = [\"acti\"]\nmin_coverage = 1\n", "gate.toml");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(AtGateOrigin(status, *file),
            absl::InvalidArgumentError("gate.toml:2: allow_changed: no such field"));
  EXPECT_EQ(AtGateOrigin(status, {}), status);  // A flag made the claim.
}

TEST(AtGateOriginTest, PutsTheFlagBeforeWhatTheServerSays) {
  absl::StatusOr<PolicyFile> file = ParsePolicy(kWhole, "gate.toml");
  ASSERT_TRUE(file.ok());
  file->gate_flags = {"--max-drop a=0.1", "--max-increase b=2"};
  EXPECT_EQ(AtGateOrigin(absl::InvalidArgumentError("gates[5].metric: unknown"), *file),
            absl::InvalidArgumentError("--max-increase b=2: gates[5].metric: unknown"));
  const absl::Status beyond = absl::InvalidArgumentError("gates[6].metric: unknown");
  EXPECT_EQ(AtGateOrigin(beyond, *file), beyond);
}

}  // namespace
}  // namespace assay::cli
