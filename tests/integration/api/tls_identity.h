#pragma once

#include <string>

namespace assay::test {

// A fresh self-signed certificate for `localhost` and its key, PEM, valid for an hour.
struct TlsIdentity {
  std::string certificate;
  std::string private_key;
};
TlsIdentity MakeTlsIdentity();

}  // namespace assay::test
