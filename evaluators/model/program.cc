#include "evaluators/model/program.h"

#include <utility>

namespace assay {
namespace {

// Appends the steps of blocks one after the other.
class ProgramBuilder {
 public:
  Program Build(const Architecture& architecture) {
    for (const Block& block : architecture.blocks) {
      AddBlock(block);
      if (block.name == architecture.logits) {
        program_.logits = last_;
      }
      if (block.name == architecture.embedding) {
        program_.embedding = last_;
      }
      ++block_;
    }
    return std::move(program_);
  }

 private:
  // Adds a step that reads `a` and makes it the last one.
  Step& Add(StepType type, std::string name, int a, std::int64_t in, std::int64_t out) {
    Step step;
    step.type = type;
    step.name = std::move(name);
    step.a = a;
    step.in = in;
    step.out = out;
    step.block = block_;
    program_.steps.push_back(std::move(step));
    last_ = static_cast<int>(program_.steps.size()) - 1;
    return program_.steps.back();
  }

  void AddActivation(const Block& block, std::string name, std::int64_t width) {
    Step& step = Add(StepType::kActivation, std::move(name), last_, width, width);
    step.activation = *block.activation;
    if (block.has_slopes && step.activation.kind == ActivationKind::kPrelu) {
      step.slopes = block.name + ".slope";
    }
  }

  int AddLinear(const std::string& name, int a, std::int64_t in, std::int64_t out, bool has_bias) {
    Step& step = Add(StepType::kLinear, name, a, in, out);
    step.tensor = name;
    step.has_bias = has_bias;
    return last_;
  }

  void AddNorm(NormType type, const std::string& name, std::int64_t width, bool has_bias,
               double epsilon) {
    Step& step = Add(type == NormType::kLayerNorm ? StepType::kLayerNorm : StepType::kRmsNorm, name,
                     last_, width, width);
    step.tensor = name;
    step.has_bias = has_bias;
    step.epsilon = epsilon;
  }

  void AddFfn(const Block& block) {
    const int input = last_;
    if (block.pre_norm != NormType::kNone) {
      AddNorm(block.pre_norm, block.name + ".norm", block.in,
              block.pre_norm == NormType::kLayerNorm, block.epsilon);
    }
    const int read = last_;
    if (block.fused) {
      AddLinear(block.name + ".gate_up", read, block.in, 2 * block.hidden, block.has_bias);
      Add(StepType::kFusedGate, block.name + ".mul", last_, 2 * block.hidden, block.hidden).order =
          *block.fused;
    } else if (block.type == BlockType::kGatedFfn) {
      const int gate =
          AddLinear(block.name + ".gate", read, block.in, block.hidden, block.has_bias);
      const int up = AddLinear(block.name + ".up", read, block.in, block.hidden, block.has_bias);
      Add(StepType::kGate, block.name + ".mul", gate, block.hidden, block.hidden).b = up;
    } else {
      AddLinear(block.name + ".up", read, block.in, block.hidden, block.has_bias);
      AddActivation(block, block.name + ".act", block.hidden);
    }
    program_.steps.back().activation = *block.activation;
    AddLinear(block.name + ".down", last_, block.hidden, block.out, block.has_bias);
    if (block.has_residual) {
      Add(StepType::kAdd, block.name, last_, block.out, block.out).b = input;
    }
  }

  void AddBlock(const Block& block) {
    switch (block.type) {
      case BlockType::kLinear:
        AddLinear(block.name, last_, block.in, block.out, block.has_bias);
        if (block.activation) {
          AddActivation(block, block.name + ".act", block.out);
        }
        break;
      case BlockType::kActivation:
        AddActivation(block, block.name, block.out);
        break;
      case BlockType::kFfn:
      case BlockType::kGatedFfn:
        AddFfn(block);
        break;
      case BlockType::kLayerNorm:
        AddNorm(NormType::kLayerNorm, block.name, block.in, block.has_bias, block.epsilon);
        break;
      case BlockType::kRmsNorm:
        AddNorm(NormType::kRmsNorm, block.name, block.in, false, block.epsilon);
        break;
      case BlockType::kL2Norm:
        Add(StepType::kL2Norm, block.name, last_, block.in, block.out);
        break;
      case BlockType::kSoftmax:
        Add(StepType::kSoftmax, block.name, last_, block.in, block.out).temperature =
            block.temperature;
        break;
    }
  }

  Program program_;
  std::size_t block_ = 0;
  int last_ = kInput;
};

}  // namespace

Program MakeProgram(const Architecture& architecture) {
  return ProgramBuilder().Build(architecture);
}

}  // namespace assay
