#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace assay {

enum class LogLevel : std::uint8_t { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };

// One `key=value` of a log line.
struct LogField {
  LogField(std::string_view field_key, std::string_view field_value)
      : key(field_key), value(field_value) {}
  LogField(std::string_view field_key, const char* field_value)
      : key(field_key), value(field_value) {}
  LogField(std::string_view field_key, const absl::Status& status)
      : key(field_key), value(status.ToString()) {}
  template <std::integral T>
  LogField(std::string_view field_key, T number) : key(field_key), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

// Writes `TIME LEVEL MESSAGE key=value ...` as one line to stderr, values quoted where they need
// it, control characters escaped. Lines below the level of the environment variable ASSAY_LOG_LEVEL
// (debug, info, warning, error, off; info when unset) are dropped. Never log a secret. Thread-safe.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// The line that Log writes, without time and level.
std::string LogLine(std::string_view message, std::initializer_list<LogField> fields);

}  // namespace assay
