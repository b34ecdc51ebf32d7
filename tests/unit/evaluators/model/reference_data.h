#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "evaluators/model/reference_model.h"
#include "evaluators/model/safetensors.h"

namespace assay {

// The trained models of tests/data/reference_models.

inline std::string ReadReferenceFile(const std::string& name) {
  std::ifstream in(std::string(ASSAY_TEST_DATA) + "/reference_models/" + name, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline ReferenceModel LoadReferenceModel(const std::string& name) {
  const auto architecture = ParseArchitecture(ReadReferenceFile(name + ".arch.json"));
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  auto model = ReferenceModel::Load(*architecture, ReadReferenceFile(name + ".safetensors"));
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

struct Digits {
  std::vector<float> features;  // 64 pixels a row
  std::vector<std::int32_t> labels;
  std::int64_t num_rows() const { return static_cast<std::int64_t>(labels.size()); }
};

// Rows of a split, `train`, `calib` or `test`, in file order.
inline Digits LoadDigits(const std::string& split) {
  Digits digits;
  std::istringstream lines(ReadReferenceFile("digits.csv"));
  std::string line;
  while (std::getline(lines, line)) {
    const std::vector<std::string> fields = absl::StrSplit(line, ',');
    if (fields[1] == split) {
      digits.labels.push_back(std::stoi(fields[2]));
      for (std::size_t i = 3; i < fields.size(); ++i) {
        digits.features.push_back(std::stof(fields[i]));
      }
    }
  }
  return digits;
}

// Tensors of a safetensors file, floating-point or integer, as doubles.
class ExpectedTensors {
 public:
  explicit ExpectedTensors(const std::string& name) : file_(ReadReferenceFile(name)) {
    const auto index = ReadSafetensorsIndex(file_);
    EXPECT_TRUE(index.ok()) << index.status();
    index_ = *index;
  }
  bool Has(const std::string& name) const { return index_.Find(name) != nullptr; }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const TensorEntry& tensor : index_.tensors) {
      names.push_back(tensor.name);
    }
    return names;
  }
  bool IsDouble(const std::string& name) const { return index_.Find(name)->dtype == "F64"; }
  std::vector<double> Values(const std::string& name) const {
    const TensorEntry* const tensor = index_.Find(name);
    if (tensor == nullptr) {
      ADD_FAILURE() << "no tensor " << name;
      return {};
    }
    if (IsFloatingPoint(*tensor)) {
      return *TensorValues(file_, *tensor);
    }
    if (tensor->dtype == "I32") {
      return Integers<std::int32_t>(*tensor);
    }
    return tensor->dtype == "I8" ? Integers<std::int8_t>(*tensor) : Integers<std::uint8_t>(*tensor);
  }

 private:
  template <typename T>
  std::vector<double> Integers(const TensorEntry& tensor) const {
    std::vector<T> values(static_cast<std::size_t>(tensor.num_elements));
    std::memcpy(values.data(), file_.data() + tensor.begin, values.size() * sizeof(T));
    return {values.begin(), values.end()};
  }

  std::string file_;
  SafetensorsIndex index_;
};

}  // namespace assay
