#pragma once

#include <optional>

namespace assay::api {

// Calls a setter of `to` when there is a value.
template <typename Message, typename T>
void SetOptional(const std::optional<T>& value, Message& to, void (Message::*set)(T)) {
  if (value.has_value()) {
    (to.*set)(*value);
  }
}

}  // namespace assay::api
