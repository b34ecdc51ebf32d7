#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace assay::api {

// What a caller may do; each role includes the ones before it.
enum class Role : std::uint8_t {
  kViewer = 1,  // read
  kRunner = 2,  // add data, start and stop runs
  kAdmin = 3,   // look after the server
};

// `viewer`, `runner`, `admin`.
std::string_view RoleName(Role role);
absl::StatusOr<Role> ParseRole(std::string_view name);

// Stands for every project.
inline constexpr std::string_view kAllProjects = "*";

// Who makes a call.
struct Caller {
  std::string name;
  Role role = Role::kViewer;
  std::string project{kAllProjects};  // the one project that the caller may see, or kAllProjects
  bool is_known = true;               // told apart by a token
};

// The role that a method needs, for instance `assay.v1.RunService/CreateRun`; absent for a method
// that is not in the table, which nobody may call.
std::optional<Role> RequiredRole(std::string_view method);
// The whole table.
std::vector<std::pair<std::string_view, Role>> MethodRoles();

// Tells callers apart by bearer tokens, of which only SHA-256 digests are known. Immutable and
// thread-safe.
class Authenticator {
 public:
  // Without tokens: everyone is admin. For servers that only this machine can reach.
  static Authenticator AllowAll();
  // From the text of a token file: lines `NAME ROLE PROJECT sha256:HEX`; empty lines and lines that
  // start with `#` are skipped. INVALID_ARGUMENT names the line, or says that there is no token.
  static absl::StatusOr<Authenticator> FromTokens(std::string_view text);

  // The caller behind an `authorization` header. UNAUTHENTICATED when it is not `Bearer TOKEN` with
  // a known token. Takes the same time whichever token is known.
  absl::StatusOr<Caller> Authenticate(std::optional<std::string_view> authorization) const;

 private:
  struct Entry {
    Caller caller;
    std::array<std::uint8_t, 32> digest{};
  };
  Authenticator() = default;

  bool allows_all_ = false;
  std::vector<Entry> entries_;
};

// PERMISSION_DENIED unless `caller` has the role that `method` needs.
absl::Status Authorize(const Caller& caller, std::string_view method);

// A fresh token of 256 random bits, and the line for the token file that lets its holder in.
// INVALID_ARGUMENT for a name or project with spaces or control characters, or that starts with
// `#`.
struct NewToken {
  std::string token;
  std::string line;
};
absl::StatusOr<NewToken> MakeToken(std::string_view name, Role role, std::string_view project);

}  // namespace assay::api
