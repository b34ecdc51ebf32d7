#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace assay {

// Node tests of the ONNX project as Debian's libonnx-testdata installs them: a model of one node,
// its inputs and its expected outputs, as protobuf messages of onnx.proto.

inline constexpr char kOnnxNodeTests[] = "/usr/share/libonnx-testdata/data/node";

struct OnnxTensor {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
};

struct OnnxCase {
  std::string name;
  std::string op;                            // type of its only node
  std::map<std::string, double> attributes;  // numbers alone
  std::vector<OnnxTensor> inputs;
  std::vector<OnnxTensor> outputs;

  double Attribute(const std::string& key, double otherwise) const {
    const auto found = attributes.find(key);
    return found == attributes.end() ? otherwise : found->second;
  }
};

// One field of a message: a number for varints and fixed widths, bytes otherwise.
struct OnnxField {
  int number = 0;
  std::uint64_t value = 0;
  std::string_view bytes;
};

// Takes a varint off the front; 0 at the end.
inline std::uint64_t TakeVarint(std::string_view& from) {
  std::uint64_t value = 0;
  for (int shift = 0; !from.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(from.front());
    from.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      break;
    }
  }
  return value;
}

inline void ForEachField(std::string_view message,
                         const std::function<void(const OnnxField&)>& take) {
  while (!message.empty()) {
    const std::uint64_t key = TakeVarint(message);
    OnnxField field;
    field.number = static_cast<int>(key >> 3);
    const std::uint64_t wire = key & 7;
    std::size_t size = wire == 1 ? 8 : wire == 5 ? 4 : 0;
    if (wire == 0) {
      field.value = TakeVarint(message);
    } else if (wire == 2) {
      size = static_cast<std::size_t>(TakeVarint(message));
    }
    field.bytes = message.substr(0, size);
    message.remove_prefix(field.bytes.size());
    take(field);
  }
}

template <typename T>
T FromBytes(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof(T), bytes.size()));
  return value;
}

template <typename T>
std::vector<double> RawValues(std::string_view raw) {
  std::vector<double> values;
  for (; raw.size() >= sizeof(T); raw.remove_prefix(sizeof(T))) {
    values.push_back(static_cast<double>(FromBytes<T>(raw)));
  }
  return values;
}

// Absent when it is no tensor of numbers that are stored raw.
inline std::optional<OnnxTensor> ReadOnnxTensor(std::string_view message) {
  OnnxTensor tensor;
  std::uint64_t type = 0;
  std::string_view raw;
  std::int64_t size = 1;
  ForEachField(message, [&](const OnnxField& field) {
    if (field.number == 1) {
      tensor.shape.push_back(static_cast<std::int64_t>(field.value));
      size *= tensor.shape.back();
    } else if (field.number == 2) {
      type = field.value;
    } else if (field.number == 9) {
      raw = field.bytes;
    }
  });
  switch (type) {
    case 1:
      tensor.values = RawValues<float>(raw);
      break;
    case 2:
      tensor.values = RawValues<std::uint8_t>(raw);
      break;
    case 3:
      tensor.values = RawValues<std::int8_t>(raw);
      break;
    case 6:
      tensor.values = RawValues<std::int32_t>(raw);
      break;
    case 11:
      tensor.values = RawValues<double>(raw);
      break;
    default:
      return std::nullopt;
  }
  return std::ssize(tensor.values) == size ? std::optional(tensor) : std::nullopt;
}

inline std::string ReadOnnxFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// `input_0.pb`, `input_1.pb`, ...; none when one of them is no tensor of numbers.
inline std::vector<OnnxTensor> ReadOnnxTensors(const std::filesystem::path& folder,
                                               const std::string& kind) {
  std::vector<OnnxTensor> tensors;
  for (;;) {
    const auto path = folder / (kind + "_" + std::to_string(tensors.size()) + ".pb");
    if (!std::filesystem::exists(path)) {
      return tensors;
    }
    const std::optional<OnnxTensor> tensor = ReadOnnxTensor(ReadOnnxFile(path));
    if (!tensor) {
      return {};
    }
    tensors.push_back(*tensor);
  }
}

// Reads type and attributes; the number of nodes in the model.
inline int ReadOnnxModel(std::string_view model, OnnxCase& test) {
  int num_nodes = 0;
  const auto read_attribute = [&test](std::string_view message) {
    std::string name;
    std::optional<double> value;
    ForEachField(message, [&](const OnnxField& field) {
      if (field.number == 1) {
        name = std::string(field.bytes);
      } else if (field.number == 2) {
        value = static_cast<double>(FromBytes<float>(field.bytes));
      } else if (field.number == 3) {
        value = static_cast<double>(static_cast<std::int64_t>(field.value));
      }
    });
    if (value) {
      test.attributes[name] = *value;
    }
  };
  const auto read_node = [&](std::string_view message) {
    ForEachField(message, [&](const OnnxField& field) {
      if (field.number == 4) {
        test.op = std::string(field.bytes);
      } else if (field.number == 5) {
        read_attribute(field.bytes);
      }
    });
  };
  ForEachField(model, [&](const OnnxField& of_model) {
    if (of_model.number == 7) {  // the graph
      ForEachField(of_model.bytes, [&](const OnnxField& of_graph) {
        if (of_graph.number == 1) {
          ++num_nodes;
          read_node(of_graph.bytes);
        }
      });
    }
  });
  return num_nodes;
}

// The cases with one node and tensors of numbers, by name; none when the package is not installed.
inline std::vector<OnnxCase> ReadOnnxCases() {
  std::vector<OnnxCase> cases;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kOnnxNodeTests, error)) {
    OnnxCase test;
    test.name = entry.path().filename().string();
    if (ReadOnnxModel(ReadOnnxFile(entry.path() / "model.onnx"), test) != 1) {
      continue;
    }
    test.inputs = ReadOnnxTensors(entry.path() / "test_data_set_0", "input");
    test.outputs = ReadOnnxTensors(entry.path() / "test_data_set_0", "output");
    if (!test.inputs.empty() && !test.outputs.empty()) {
      cases.push_back(std::move(test));
    }
  }
  return cases;
}

}  // namespace assay
