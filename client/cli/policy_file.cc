#include "client/cli/policy_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

constexpr std::string_view kBehavior = "behaviour";

// A key that bounds, and how a gate takes it.
struct LimitKey {
  std::string_view name;
  void (v1::Gate::*set)(double);
  double most;
};
constexpr double kNoBound = std::numeric_limits<double>::infinity();
constexpr std::array<LimitKey, 6> kLimitKeys = {{
    {"max_drop", &v1::Gate::set_max_drop, kNoBound},
    {"max_relative_drop", &v1::Gate::set_max_relative_drop, 0.999},
    {"max_increase", &v1::Gate::set_max_increase, kNoBound},
    {"max_relative_increase", &v1::Gate::set_max_relative_increase, kNoBound},
    {"max_flips", &v1::Gate::set_max_flips, 1},
    {"max_changed", &v1::Gate::set_max_changed, 1},
}};

const LimitKey* FindLimit(std::string_view key) {
  const auto found = std::ranges::find(kLimitKeys, key, &LimitKey::name);
  return found == kLimitKeys.end() ? nullptr : &*found;
}

// Reads one policy; errors name its file and the line.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  absl::StatusOr<PolicyFile> Read(const toml::table& table) {
    PolicyFile file;
    const std::size_t slash = path_.rfind('/');
    file.path = path_;
    file.policy.set_source(path_.substr(slash == std::string::npos ? 0 : slash + 1));
    const toml::node* const version = table.get("version");
    if (version == nullptr) {
      return Error(1, "version = 1 is missing");
    }
    for (const auto& [key, node] : table) {
      ASSAY_RETURN_IF_ERROR(ReadKey(key, node, file));
    }
    if (file.policy.gates_size() == 0 && !file.policy.has_min_coverage() &&
        !file.policy.has_max_error_rate()) {
      return Error(1, "no [[gate]] and no limit, so nothing is gated");
    }
    return file;
  }

  absl::Status Error(std::uint32_t line, std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s", path_, line, what));
  }

 private:
  static std::uint32_t LineOf(const toml::key& key) { return key.source().begin.line; }

  absl::Status ReadKey(const toml::key& key, const toml::node& node, PolicyFile& file) {
    v1::Policy& policy = file.policy;
    const std::string_view name = key.str();
    if (name == "version") {
      return node.value<std::int64_t>() == 1 ? absl::OkStatus()
                                             : Error(LineOf(key), "version: only 1 is known");
    }
    if (name == "gate") {
      return ReadGates(key, node, file);
    }
    if (name == "correction") {
      return ReadCorrection(key, node, policy);
    }
    if (name == "allow_changed") {
      file.allow_changed_line = static_cast<int>(LineOf(key));
      return ReadAllowChanged(key, node, policy);
    }
    if (name == "min_rows") {
      ASSAY_ASSIGN_OR_RETURN(const std::int64_t rows, WholeNumber(key, node, 1));
      policy.set_min_rows(rows);
      return absl::OkStatus();
    }
    if (name == "warmup_rows") {
      ASSAY_ASSIGN_OR_RETURN(const std::int64_t rows, WholeNumber(key, node, 0));
      policy.set_warmup_rows(rows);
      return absl::OkStatus();
    }
    if (name == "alpha") {
      ASSAY_ASSIGN_OR_RETURN(const double alpha, Alpha(key, node));
      policy.set_alpha(alpha);
      return absl::OkStatus();
    }
    if (name == "min_coverage" || name == "max_error_rate") {
      ASSAY_ASSIGN_OR_RETURN(const double share, Number(key, node));
      if (share > 1) {
        return Error(LineOf(key), absl::StrFormat("%s: a share from 0 to 1, not %g", name, share));
      }
      name == "min_coverage" ? policy.set_min_coverage(share) : policy.set_max_error_rate(share);
      return absl::OkStatus();
    }
    return Error(
        LineOf(key),
        absl::StrFormat("unknown key '%s'; there are version, alpha, correction, min_rows, "
                        "min_coverage, max_error_rate, warmup_rows, allow_changed and [[gate]]",
                        name));
  }

  // A finite number that is not negative.
  absl::StatusOr<double> Number(const toml::key& key, const toml::node& node) const {
    const std::optional<double> number = node.value<double>();
    if (!node.is_number() || !number.has_value() || !std::isfinite(*number) || *number < 0) {
      return Error(LineOf(key),
                   absl::StrFormat("%s: a finite number of at least 0 is expected", key.str()));
    }
    return *number;
  }

  absl::StatusOr<double> Alpha(const toml::key& key, const toml::node& node) const {
    ASSAY_ASSIGN_OR_RETURN(const double alpha, Number(key, node));
    if (!(alpha > 0 && alpha < 0.5)) {
      return Error(LineOf(key), absl::StrFormat("alpha: above 0 and below 0.5, not %g", alpha));
    }
    return alpha;
  }

  absl::StatusOr<std::int64_t> WholeNumber(const toml::key& key, const toml::node& node,
                                           std::int64_t least) const {
    const std::optional<std::int64_t> rows = node.value<std::int64_t>();
    if (!node.is_integer() || !rows.has_value() || *rows < least) {
      return Error(LineOf(key), absl::StrFormat("%s: a whole number of at least %d is expected",
                                                key.str(), least));
    }
    return *rows;
  }

  absl::StatusOr<std::string> Text(const toml::key& key, const toml::node& node) const {
    const std::optional<std::string> text = node.value<std::string>();
    if (!node.is_string() || !text.has_value() || text->empty()) {
      return Error(LineOf(key), absl::StrFormat("%s: a text is expected", key.str()));
    }
    return *text;
  }

  absl::Status ReadCorrection(const toml::key& key, const toml::node& node,
                              v1::Policy& policy) const {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, Text(key, node));
    if (name != "holm" && name != "none") {
      return Error(LineOf(key),
                   absl::StrFormat("correction: \"holm\" or \"none\", not \"%s\"", name));
    }
    policy.set_correction(name == "holm" ? v1::CORRECTION_HOLM : v1::CORRECTION_NONE);
    return absl::OkStatus();
  }

  absl::Status ReadAllowChanged(const toml::key& key, const toml::node& node,
                                v1::Policy& policy) const {
    const toml::array* const fields = node.as_array();
    if (fields == nullptr || fields->empty()) {
      return Error(LineOf(key), "allow_changed: a list of fields is expected");
    }
    for (const toml::node& field : *fields) {
      const std::optional<std::string> name = field.value<std::string>();
      if (!name.has_value() || !field.is_string()) {
        return Error(field.source().begin.line, "allow_changed: a list of texts is expected");
      }
      policy.add_allow_changed(*name);
    }
    return absl::OkStatus();
  }

  absl::Status ReadGates(const toml::key& key, const toml::node& node, PolicyFile& file) {
    const toml::array* const gates = node.as_array();
    if (gates == nullptr || !gates->is_homogeneous(toml::node_type::table)) {
      return Error(LineOf(key), "gates are written as [[gate]]");
    }
    for (const toml::node& gate : *gates) {
      ASSAY_RETURN_IF_ERROR(ReadGate(*gate.as_table(), file));
    }
    return absl::OkStatus();
  }

  absl::Status ReadGate(const toml::table& table, PolicyFile& file) {
    const std::uint32_t line = table.source().begin.line;
    v1::Gate& gate = *file.policy.add_gates();
    file.gate_lines.push_back(static_cast<int>(line));
    std::string_view limit;
    std::uint32_t limit_line = line;
    for (const auto& [key, node] : table) {
      if (const LimitKey* const known = FindLimit(key.str()); known != nullptr) {
        ASSAY_ASSIGN_OR_RETURN(const double number, Number(key, node));
        if (!limit.empty()) {
          return Error(std::max(limit_line, LineOf(key)),
                       absl::StrFormat("%s and %s contradict each other; write two gates", limit,
                                       known->name));
        }
        if (number > known->most) {
          return Error(LineOf(key),
                       absl::StrFormat("%s: a share, at most %g", known->name, known->most));
        }
        limit = known->name;
        limit_line = LineOf(key);
        (gate.*known->set)(number);
        continue;
      }
      ASSAY_RETURN_IF_ERROR(ReadGateKey(key, node, gate));
    }
    if (gate.metric().empty()) {
      return Error(line, "the gate has no metric");
    }
    if (limit.empty()) {
      return Error(line, "the gate has no limit, as max_drop = 0.01");
    }
    if ((gate.metric() == kBehavior) != (limit == "max_changed")) {
      return Error(limit_line, absl::StrFormat("%s does not go with metric = \"%s\": max_changed "
                                               "and \"%s\" belong together",
                                               limit, gate.metric(), kBehavior));
    }
    return CheckNew(gate, limit, line);
  }

  absl::Status ReadGateKey(const toml::key& key, const toml::node& node, v1::Gate& gate) const {
    const std::string_view name = key.str();
    if (name == "metric") {
      ASSAY_ASSIGN_OR_RETURN(*gate.mutable_metric(), Text(key, node));
      return absl::OkStatus();
    }
    if (name == "cohort") {
      ASSAY_ASSIGN_OR_RETURN(*gate.mutable_cohort(), Text(key, node));
      return gate.cohort().find('=') == std::string::npos
                 ? Error(LineOf(key), absl::StrFormat("cohort: COLUMN=VALUE is expected, not '%s'",
                                                      gate.cohort()))
                 : absl::OkStatus();
    }
    if (name == "tier") {
      ASSAY_ASSIGN_OR_RETURN(std::string tier, Text(key, node));
      std::ranges::transform(tier, tier.begin(), [](unsigned char c) {
        return static_cast<char>(std::islower(c) != 0 ? std::toupper(c) : '?');
      });
      v1::Gate::Tier value = v1::Gate::TIER_UNSPECIFIED;
      if (!v1::Gate::Tier_Parse(tier, &value) || value == v1::Gate::TIER_UNSPECIFIED) {
        return Error(LineOf(key), "tier: critical, supporting or advisory is expected");
      }
      gate.set_tier(value);
      return absl::OkStatus();
    }
    if (name == "alpha") {
      ASSAY_ASSIGN_OR_RETURN(const double alpha, Alpha(key, node));
      gate.set_alpha(alpha);
      return absl::OkStatus();
    }
    if (name == "min_rows") {
      ASSAY_ASSIGN_OR_RETURN(const std::int64_t rows, WholeNumber(key, node, 1));
      gate.set_min_rows(rows);
      return absl::OkStatus();
    }
    return Error(
        LineOf(key),
        absl::StrFormat("unknown key '%s' of a gate; there are metric, cohort, tier, alpha, "
                        "min_rows, max_drop, max_relative_drop, max_increase, "
                        "max_relative_increase, max_flips and max_changed",
                        name));
  }

  // Two limits of one kind on one cell contradict each other, or one of them is idle.
  absl::Status CheckNew(const v1::Gate& gate, std::string_view limit, std::uint32_t line) {
    const std::string rule = absl::StrFormat("%s\n%s\n%s", gate.metric(), gate.cohort(), limit);
    const auto [earlier, is_new] = rules_.try_emplace(rule, line);
    return is_new ? absl::OkStatus()
                  : Error(line, absl::StrFormat("%s of '%s' is limited in line %d already", limit,
                                                gate.metric(), earlier->second));
  }

  const std::string& path_;
  std::map<std::string, std::uint32_t> rules_;  // line of each rule
};

}  // namespace

absl::StatusOr<PolicyFile> ParsePolicy(std::string_view text, const std::string& path) {
  Reader reader(path);
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return reader.Error(error.source().begin.line, error.description());
  }
  return reader.Read(table);
}

absl::StatusOr<PolicyFile> ReadPolicyFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: cannot be read", path));
  }
  return ParsePolicy(text.str(), path);
}

absl::Status AtGateOrigin(const absl::Status& status, const PolicyFile& file) {
  constexpr std::string_view kGates = "gates[";
  const std::string message(status.message());
  if (message.starts_with("allow_changed: ") && file.allow_changed_line > 0) {
    return absl::Status(status.code(), absl::StrFormat("%s:%d: %s", file.policy.source(),
                                                       file.allow_changed_line, message));
  }
  const std::size_t at = message.find(kGates);
  if (status.ok() || at == std::string::npos) {
    return status;
  }
  std::size_t gate = 0;
  const char* const begin = message.data() + at + kGates.size();
  const auto [end, error] = std::from_chars(begin, message.data() + message.size(), gate);
  const std::size_t num_lines = file.gate_lines.size();
  if (error != std::errc() || gate >= num_lines + file.gate_flags.size()) {
    return status;
  }
  const std::string origin =
      gate < num_lines ? absl::StrFormat("%s:%d", file.policy.source(), file.gate_lines[gate])
                       : file.gate_flags[gate - num_lines];
  return absl::Status(status.code(), absl::StrFormat("%s: %s", origin, message));
}

}  // namespace assay::cli
