#include "server/run/stored_model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/kernels/activation_registry.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/run/field_digest.h"
#include "server/run/run_inputs.h"
#include "server/store/chunk_codec.h"

namespace assay::run {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;
constexpr std::int64_t kPiecesPerChunk = 4;  // 4 MiB, the size of a stored segment

std::string WeightsDigest(std::string_view file) { return store::DigestText(Sha256::Of(file)); }

absl::StatusOr<std::string> ReadWeights(store::Store& store, store::Id project,
                                        const store::ModelVersionRecord& version) {
  const store::Id owner = version.base_id == 0 ? version.id : version.base_id;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         store.columns().ListColumns(project, owner));
  const store::ColumnRecord* const column = FindColumn(columns, store::kWeightsColumn);
  std::string file;
  if (column == nullptr) {
    return absl::DataLossError(
        absl::StrFormat("%s@%d has no weights", version.model_name, version.number));
  }
  for (std::int64_t chunk = 0;; ++chunk) {
    const absl::StatusOr<Column> pieces = store.columns().ReadChunk(project, owner, *column, chunk);
    if (absl::IsNotFound(pieces.status())) {
      break;
    }
    ASSAY_RETURN_IF_ERROR(pieces.status());
    for (std::int64_t row = 0; row < pieces->num_rows; ++row) {
      file += pieces->Text(row);
    }
  }
  if (WeightsDigest(file) != version.weights_digest) {
    return absl::DataLossError(absl::StrFormat("the weights of %s@%d are not those of its digest",
                                               version.model_name, version.number));
  }
  return file;
}

// The activation of all layers, or of each where they differ: `fc1=relu,fc2=silu`.
std::string ActivationsText(const Architecture& architecture) {
  constexpr std::size_t kLongest = 128;
  std::vector<std::string> layers;
  std::vector<std::string> names;
  for (const Block& block : architecture.blocks) {
    if (block.activation) {
      names.push_back(ActivationName(*block.activation));
      layers.push_back(absl::StrFormat("%s=%s", block.name, names.back()));
    }
  }
  const bool is_one = std::ranges::all_of(
      names, [&names](const std::string& name) { return name == names.front(); });
  std::string text = is_one ? (names.empty() ? "" : names.front()) : absl::StrJoin(layers, ",");
  return text.size() <= kLongest ? text : store::DigestText(Sha256::Of(text));
}

// Of layers and shapes, whatever their activations and temperatures.
std::string LayersDigest(Architecture architecture) {
  architecture.temperature = 1;
  for (Block& block : architecture.blocks) {
    block.temperature = 1;
    if (block.activation) {
      block.activation = Activation{};
    }
  }
  return store::DigestText(Sha256::Of(ArchitectureText(architecture)));
}

}  // namespace

void Describe(const Architecture& architecture, const Numerics& numerics,
              store::ModelVersionRecord& version) {
  version.architecture_json = ArchitectureText(architecture);
  version.numerics = NumericsText(numerics);
  version.activation = ActivationsText(architecture);
  version.architecture = LayersDigest(architecture);
  version.dtype = DtypeName(numerics.dtype);
  version.quantization =
      numerics.dtype == Dtype::kInt8 ? QuantizationName(numerics.scheme) : "none";
  version.preprocessing = absl::StrFormat("features * %.17g", architecture.scale);
  constexpr char kTemperature[] = "softmax_temperature";
  version.config.erase(kTemperature);
  if (architecture.temperature != 1) {
    version.config[kTemperature] = absl::StrFormat("%.17g", architecture.temperature);
  }
}

absl::StatusOr<store::ModelVersionRecord> MakeStoredVersion(std::string_view architecture,
                                                            std::string_view weights) {
  ASSAY_ASSIGN_OR_RETURN(const Architecture parsed, ParseArchitecture(architecture));
  ASSAY_RETURN_IF_ERROR(ReferenceModel::Load(parsed, weights).status());
  store::ModelVersionRecord version;
  version.external = false;
  Describe(parsed, {}, version);
  version.weights_digest = WeightsDigest(weights);
  return version;
}

std::vector<store::ColumnChunks> WeightsColumn(std::string_view file) {
  Column column;
  column.name = store::kWeightsColumn;
  column.type = ColumnType::kText;
  column.text_offsets = {0};
  for (std::size_t begin = 0; begin < file.size(); begin += kPieceBytes) {
    AppendText(column, file.substr(begin, kPieceBytes));
    ++column.num_rows;
  }
  store::ColumnChunks weights;
  weights.column.name = store::kWeightsColumn;
  weights.column.type = ColumnType::kText;
  std::vector<store::Digest> hashes;
  for (std::int64_t row = 0; row < column.num_rows; row += kPiecesPerChunk) {
    weights.chunks.push_back(
        store::EncodeChunk(column, row, std::min(column.num_rows, row + kPiecesPerChunk)));
    hashes.push_back(weights.chunks.back().hash);
  }
  weights.column.digest = store::ColumnDigest(weights.column, column.num_rows, hashes);
  return {std::move(weights)};
}

absl::StatusOr<StoredModel> LoadStoredModel(store::Store& store, store::Id project,
                                            const store::ModelVersionRecord& version) {
  if (version.external) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s@%d is external: only its outputs are stored, so it cannot run here",
                        version.model_name, version.number));
  }
  StoredModel stored;
  ASSAY_ASSIGN_OR_RETURN(Architecture architecture, ParseArchitecture(version.architecture_json));
  ASSAY_ASSIGN_OR_RETURN(stored.numerics, ParseNumerics(version.numerics));
  ASSAY_ASSIGN_OR_RETURN(const std::string weights, ReadWeights(store, project, version));
  ASSAY_ASSIGN_OR_RETURN(stored.model, ReferenceModel::Load(std::move(architecture), weights));
  return stored;
}

store::Digest StoredVersionDigest(const store::ModelVersionRecord& version) {
  FieldDigest digest("assay.model/1");
  digest.AddText(version.architecture_json);
  digest.AddText(version.weights_digest);
  digest.AddText(version.numerics);
  digest.AddText(version.derivation);
  digest.AddNumber(static_cast<std::int64_t>(version.config.size()));
  for (const auto& [key, value] : version.config) {
    digest.AddText(key);
    digest.AddText(value);
  }
  return digest.Finish();
}

}  // namespace assay::run
