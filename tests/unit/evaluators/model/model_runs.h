#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "evaluators/model/activation_swap.h"
#include "evaluators/model/forward.h"
#include "evaluators/model/numerics.h"
#include "evaluators/model/program.h"
#include "evaluators/model/reference_model.h"

namespace assay {

// Trained models changed and run.

// `relu->leaky_relu_0.1` as the summary writes it.
inline ReferenceModel Swapped(const ReferenceModel& model, const std::string& text) {
  std::string to = text.substr(text.find("->") + 2);
  const std::string from = text.substr(0, text.find("->"));
  double parameter = 0;
  for (const std::string prefix : {"elu_", "leaky_relu_"}) {
    if (to.starts_with(prefix)) {
      // The slopes of the summary are float32.
      parameter = static_cast<double>(std::stof(to.substr(prefix.size())));
      to = prefix.substr(0, prefix.size() - 1);
    }
  }
  auto swap = ParseActivationSwap(from + "=" + to);
  EXPECT_TRUE(swap.ok()) << swap.status();
  if (parameter != 0) {
    swap->to.parameter = parameter;
  }
  const auto architecture = SwapActivation(model.architecture(), *swap);
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  return model.With(*architecture);
}

inline LayerCapture Capture(const ReferenceModel& model, const Numerics& numerics,
                            const std::vector<float>& features) {
  const auto forward = Forward::Make(model, numerics);
  EXPECT_TRUE(forward.ok()) << forward.status();
  LayerCapture capture(forward->program().steps.size());
  EXPECT_TRUE(forward->Run(features, capture).ok());
  return capture;
}

inline std::size_t StepNamed(const ReferenceModel& model, const std::string& name) {
  const Program program = MakeProgram(model.architecture());
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    if (program.steps[i].name == name) {
      return i;
    }
  }
  ADD_FAILURE() << "no layer " << name;
  return 0;
}

}  // namespace assay
