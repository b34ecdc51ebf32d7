#include "server/run/model_derivation.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/model/activation_swap.h"
#include "evaluators/model/forward.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/run/model_rows.h"
#include "server/run/stored_model.h"

namespace assay::run {
namespace {

constexpr std::int64_t kMaxCalibrationRows = 65'536;
constexpr std::size_t kMaxDerivationBytes = 1024;

// The architecture after the changes; `texts` gets each in one spelling.
absl::StatusOr<Architecture> Changed(const Architecture& base, const ModelChanges& changes,
                                     std::vector<std::string>& texts) {
  Architecture architecture = base;
  for (const std::string& activation : changes.activations) {
    ASSAY_ASSIGN_OR_RETURN(const ActivationSwap swap, ParseActivationSwap(activation));
    ASSAY_ASSIGN_OR_RETURN(architecture, SwapActivation(architecture, swap));
    texts.push_back(ActivationSwapText(swap));
  }
  if (changes.temperature) {
    if (!(*changes.temperature > 0) || !std::isfinite(*changes.temperature)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("temperature: must be above 0 and finite, not %g", *changes.temperature));
    }
    if (architecture.logits.empty()) {
      return absl::InvalidArgumentError("temperature: the model has no logits");
    }
    architecture.temperature = *changes.temperature;
    texts.push_back(absl::StrFormat("temperature=%.17g", *changes.temperature));
  }
  return architecture;
}

// `digits@1`, with the rows in brackets where they are chosen.
std::string CalibrationText(const ModelChanges& changes) {
  std::string rows = RowFilterText(changes.calibration_rows);
  if (rows.find('/') != std::string::npos) {  // resource names end there
    rows = store::DigestText(Sha256::Of(rows)).substr(0, 15);
  }
  return absl::StrFormat("%s@%d%s%s%s", changes.calibration->dataset_name,
                         changes.calibration->number, rows.empty() ? "" : "[", rows,
                         rows.empty() ? "" : "]");
}

absl::StatusOr<Numerics> Quantized(store::Store& store, store::Id project,
                                   const ReferenceModel& model, const ModelChanges& changes,
                                   std::vector<std::string>& texts) {
  Numerics numerics;
  numerics.dtype = Dtype::kInt8;
  ASSAY_ASSIGN_OR_RETURN(numerics.scheme, ParseQuantization(changes.quantization));
  std::string text = absl::StrFormat("int8=%s", QuantizationName(numerics.scheme));
  if (numerics.scheme.range == QuantizationScheme::Range::kStatic) {
    if (!changes.calibration) {
      return absl::InvalidArgumentError(
          "calibration_dataset: a static scheme is calibrated on the rows of a dataset");
    }
    ASSAY_ASSIGN_OR_RETURN(const ModelRows rows,
                           ReadModelRows(store, project, *changes.calibration, model.architecture(),
                                         changes.calibration_rows, kMaxCalibrationRows));
    if (rows.num_rows() == 0) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "calibration_rows: no rows of %s@%d match '%s'", changes.calibration->dataset_name,
          changes.calibration->number, RowFilterText(changes.calibration_rows)));
    }
    ASSAY_ASSIGN_OR_RETURN(numerics.inputs, CalibrateInputs(model, numerics.scheme, rows.features));
    text += absl::StrFormat(",calibrated_on=%s", CalibrationText(changes));
  }
  texts.push_back(std::move(text));
  return numerics;
}

}  // namespace

absl::StatusOr<store::ModelVersionRecord> DeriveVersion(store::Store& store, store::Id project,
                                                        const store::ModelVersionRecord& base,
                                                        const ModelChanges& changes) {
  ASSAY_ASSIGN_OR_RETURN(const StoredModel stored, LoadStoredModel(store, project, base));
  std::vector<std::string> texts;
  if (!base.derivation.empty()) {
    texts.push_back(base.derivation);
  }
  const std::size_t num_before = texts.size();
  ASSAY_ASSIGN_OR_RETURN(Architecture architecture,
                         Changed(stored.model.architecture(), changes, texts));
  Numerics numerics = stored.numerics;
  if (!changes.dtype.empty() && !changes.quantization.empty()) {
    return absl::InvalidArgumentError("dtype: a quantised model has its own; give one of the two");
  }
  if (!changes.dtype.empty()) {
    numerics = {};
    ASSAY_ASSIGN_OR_RETURN(numerics.dtype, ParseDtype(changes.dtype));
    texts.push_back(absl::StrFormat("dtype=%s", DtypeName(numerics.dtype)));
  } else if (!changes.quantization.empty()) {
    // Ranges belong to the network that is deployed: calibrated after the other changes.
    ASSAY_ASSIGN_OR_RETURN(
        numerics, Quantized(store, project, stored.model.With(architecture), changes, texts));
  }
  if (texts.size() == num_before) {
    return absl::InvalidArgumentError(
        "no change: give activations, quantization, dtype or temperature");
  }
  store::ModelVersionRecord version = base;
  Describe(architecture, numerics, version);
  version.derivation = absl::StrJoin(texts, "+");
  version.base_id = base.base_id == 0 ? base.id : base.base_id;
  if (version.derivation.size() > kMaxDerivationBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the changes take %d bytes, at most %d", version.derivation.size(), kMaxDerivationBytes));
  }
  version.digest = StoredVersionDigest(version);
  ASSAY_ASSIGN_OR_RETURN(const auto added, store.models().AddVersion(project, version, "", {}));
  return added.first;
}

}  // namespace assay::run
