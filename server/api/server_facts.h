#pragma once

#include <chrono>
#include <string>

namespace assay::api {

// What GetServerInfo tells about this server. Constant once calls come in.
struct ServerFacts {
  std::string version;
  std::string data_dir;
  int num_workers = 0;
  std::string isa;
  std::string http_address;  // HOST:PORT
  std::string public_url;
  std::chrono::steady_clock::time_point start;
};

}  // namespace assay::api
