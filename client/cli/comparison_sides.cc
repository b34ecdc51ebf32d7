#include "client/cli/comparison_sides.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/evaluate.h"
#include "client/cli/exit_codes.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

// A side before its run is known.
struct Side {
  std::string text;           // as typed
  std::string run;            // resource name; empty for a model version
  std::string model_version;  // resource name; empty for a run
};

absl::StatusOr<Side> ParseSide(const Context& context, const std::string& text) {
  Side side;
  side.text = text;
  if (client::IsRunReference(text)) {
    ASSAY_ASSIGN_OR_RETURN(side.run, client::ResolveRun(context.project(), text));
  } else {
    ASSAY_ASSIGN_OR_RETURN(side.model_version,
                           client::ResolveModelVersion(context.project(), text));
  }
  return side;
}

// Dataset versions that a model version has outputs on.
absl::StatusOr<std::set<std::string>> DatasetsOf(client::Client& client, const Context& context,
                                                 const std::string& model_version) {
  v1::ListOutputSetsRequest request;
  request.set_parent(client::ProjectName(context.project()));
  request.set_model_version(model_version);
  ASSAY_ASSIGN_OR_RETURN(const v1::ListOutputSetsResponse response,
                         client.ListOutputSets(request, 0));
  std::set<std::string> datasets;
  for (const v1::OutputSet& outputs : response.output_sets()) {
    datasets.insert(outputs.dataset_version());
  }
  return datasets;
}

std::int64_t VersionNumber(const std::string& version_name) {
  return std::atoll(version_name.substr(version_name.rfind('/') + 1).c_str());
}

// The dataset version on which both models have outputs: the newest version when they are all of
// one dataset.
absl::StatusOr<std::string> CommonDataset(client::Client& client, const Context& context,
                                          const Side& baseline, const Side& candidate) {
  ASSAY_ASSIGN_OR_RETURN(const std::set<std::string> of_baseline,
                         DatasetsOf(client, context, baseline.model_version));
  ASSAY_ASSIGN_OR_RETURN(const std::set<std::string> of_candidate,
                         DatasetsOf(client, context, candidate.model_version));
  std::map<std::string, std::string> newest;  // by dataset
  for (const std::string& version : of_baseline) {
    if (of_candidate.contains(version)) {
      std::string& best = newest[version.substr(0, version.find("/versions/"))];
      if (best.empty() || VersionNumber(version) > VersionNumber(best)) {
        best = version;
      }
    }
  }
  if (newest.empty()) {
    return WithHint(
        absl::FailedPreconditionError(absl::StrFormat(
            "no dataset version has outputs of both %s and %s", baseline.text, candidate.text)),
        "push them with: assay outputs push --model M --dataset D FILE");
  }
  if (newest.size() > 1) {
    std::string choices;
    for (const auto& [dataset, version] : newest) {
      choices += " --dataset " + client::ShortName(version);
    }
    return WithHint(absl::InvalidArgumentError("both models have outputs on several datasets"),
                    "choose one:" + choices);
  }
  return newest.begin()->second;
}

absl::StatusOr<v1::Run> GetRun(client::Client& client, const std::string& name) {
  v1::GetRunRequest request;
  request.set_name(name);
  return client.GetRun(request);
}

absl::StatusOr<v1::Run> CreateRun(client::Client& client, const Context& context, const Side& side,
                                  const v1::CreateRunRequest& rest) {
  v1::CreateRunRequest request = rest;
  request.set_parent(client::ProjectName(context.project()));
  request.set_model_version(side.model_version);
  request.set_reuse(true);
  return client.CreateRun(request);
}

void Cancel(client::Client& client, const v1::Run& run) {
  v1::CancelRunRequest request;
  request.set_name(run.name());
  // A run that is not wanted does no harm when it cannot be stopped.
  client.CancelRun(request).IgnoreError();
}

// What a run does with embeddings that the dataset's reference cannot judge, as those of a model
// with another number of dimensions.
constexpr std::string_view kEmbeddingNorm = "embedding_norm:embedding_norm";

// Makes the runs of two model versions. Where the columns of one allow more than those of the
// other, both are scored by what both allow.
absl::StatusOr<Sides> CreateBoth(client::Client& client, const Context& context,
                                 const Side& baseline, const Side& candidate,
                                 v1::CreateRunRequest request) {
  Sides sides;
  ASSAY_ASSIGN_OR_RETURN(sides.baseline, CreateRun(client, context, baseline, request));
  ASSAY_ASSIGN_OR_RETURN(sides.candidate, CreateRun(client, context, candidate, request));
  const auto& of_baseline = sides.baseline.evaluators();
  const auto& of_candidate = sides.candidate.evaluators();
  const bool are_equal =
      std::equal(of_baseline.begin(), of_baseline.end(), of_candidate.begin(), of_candidate.end());
  if (are_equal || request.evaluators_size() > 0) {
    return sides;
  }
  for (const std::string& evaluator : of_baseline) {
    if (std::find(of_candidate.begin(), of_candidate.end(), evaluator) != of_candidate.end()) {
      request.add_evaluators(evaluator);
    }
  }
  for (const auto* evaluators : {&of_baseline, &of_candidate}) {
    const auto norm = std::find(evaluators->begin(), evaluators->end(), kEmbeddingNorm);
    if (request.evaluators_size() == 0 && norm != evaluators->end()) {
      request.add_evaluators(*norm);
    }
  }
  if (request.evaluators_size() == 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "no evaluator fits the outputs of both %s and %s", baseline.text, candidate.text));
  }
  Cancel(client, sides.baseline);
  Cancel(client, sides.candidate);
  return CreateBoth(client, context, baseline, candidate, request);
}

absl::StatusOr<v1::Run> Finished(Context& context, v1::Run run) {
  if (run.state() != v1::Run::SUCCEEDED) {
    ASSAY_ASSIGN_OR_RETURN(run, WaitForRun(context, run.name()));
  }
  ASSAY_RETURN_IF_ERROR(CheckSucceeded(run));
  return run;
}

}  // namespace

absl::StatusOr<Sides> EvaluateSides(Context& context, const SidesOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const Side baseline, ParseSide(context, options.baseline));
  ASSAY_ASSIGN_OR_RETURN(const Side candidate, ParseSide(context, options.candidate));
  v1::CreateRunRequest request;
  if (!options.dataset.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                           client::ResolveDatasetVersion(context.project(), options.dataset));
  }
  for (const std::string& evaluator : options.evaluators) {
    request.add_evaluators(evaluator);
  }
  const bool are_runs = !baseline.run.empty() && !candidate.run.empty();
  if (are_runs && (!options.dataset.empty() || !options.evaluators.empty())) {
    return absl::InvalidArgumentError(
        "--dataset and --evaluator are for model versions; runs have theirs");
  }
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());

  Sides sides;
  if (baseline.run.empty() && candidate.run.empty()) {
    if (request.dataset_version().empty()) {
      ASSAY_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                             CommonDataset(*client, context, baseline, candidate));
    }
    ASSAY_ASSIGN_OR_RETURN(sides, CreateBoth(*client, context, baseline, candidate, request));
  } else {
    if (!baseline.run.empty()) {
      ASSAY_ASSIGN_OR_RETURN(sides.baseline, GetRun(*client, baseline.run));
    }
    if (!candidate.run.empty()) {
      ASSAY_ASSIGN_OR_RETURN(sides.candidate, GetRun(*client, candidate.run));
    }
    if (!are_runs) {
      const bool is_baseline = !baseline.run.empty();
      const v1::Run& known = is_baseline ? sides.baseline : sides.candidate;
      if (request.dataset_version().empty()) {
        request.set_dataset_version(known.dataset_version());
      }
      request.set_row_filter(known.row_filter());
      if (request.evaluators_size() == 0) {
        *request.mutable_evaluators() = known.evaluators();
      }
      v1::Run& missing = is_baseline ? sides.candidate : sides.baseline;
      ASSAY_ASSIGN_OR_RETURN(
          missing, CreateRun(*client, context, is_baseline ? candidate : baseline, request));
    }
  }
  ASSAY_ASSIGN_OR_RETURN(sides.baseline, Finished(context, std::move(sides.baseline)));
  ASSAY_ASSIGN_OR_RETURN(sides.candidate, Finished(context, std::move(sides.candidate)));
  sides.baseline_name = baseline.run.empty() ? sides.baseline.name() : baseline.run;
  sides.candidate_name = candidate.run.empty() ? sides.candidate.name() : candidate.run;
  return sides;
}

}  // namespace assay::cli
