#include "server/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/str_format.h"

namespace assay {
namespace {

spdlog::level::level_enum LevelFromEnvironment() {
  const char* const text = std::getenv("ASSAY_LOG_LEVEL");
  const std::string_view level = text == nullptr ? "" : text;
  if (level == "debug") {
    return spdlog::level::debug;
  }
  if (level == "warning") {
    return spdlog::level::warn;
  }
  if (level == "error") {
    return spdlog::level::err;
  }
  if (level == "off") {
    return spdlog::level::off;
  }
  return spdlog::level::info;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> MakeLogger() {
  auto logger =
      std::make_shared<spdlog::logger>("assay", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(LevelFromEnvironment());
  logger->flush_on(spdlog::level::debug);
  return logger;
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = MakeLogger();
  return *logger;
}

void AppendEscaped(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
    } else if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      line += absl::StrFormat("\\x%02x", byte);
    } else {
      line.push_back(c);
    }
  }
}

}  // namespace

std::string LogLine(std::string_view message, std::initializer_list<LogField> fields) {
  std::string line;
  AppendEscaped(line, message);
  for (const LogField& field : fields) {
    const bool is_plain =
        !field.value.empty() && field.value.find_first_of(" =\"\\") == std::string::npos;
    line.push_back(' ');
    line += field.key;
    line += is_plain ? "=" : "=\"";
    AppendEscaped(line, field.value);
    line += is_plain ? "" : "\"";
  }
  return line;
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const spdlog::level::level_enum spdlog_level = ToSpdlog(level);
  if (Logger().should_log(spdlog_level)) {
    Logger().log(spdlog_level, spdlog::string_view_t(LogLine(message, fields)));
  }
}

}  // namespace assay
