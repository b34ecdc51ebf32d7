#include "server/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::http {
namespace {

using ::testing::Contains;
using ::testing::Pair;

Router::Route RouteOf(std::uint64_t size) {
  return {size, [](const std::shared_ptr<Exchange>&) {}};
}

TEST(RouterTest, FindsByMethodAndWholePath) {
  Router router;
  router.Add("POST", "/v1/traces", RouteOf(1));
  router.Add("GET", "/metrics", RouteOf(2));
  EXPECT_EQ(router.Find("POST", "/v1/traces").route->max_body_bytes, 1U);
  EXPECT_EQ(router.Find("HEAD", "/metrics").route->max_body_bytes, 2U);
  EXPECT_EQ(router.Find("POST", "/v1/traces/").refusal.status, 404);
  EXPECT_EQ(router.Find("POST", "/v1").refusal.status, 404);
}

TEST(RouterTest, SaysWhichMethodsAPathHas) {
  Router router;
  router.Add("POST", "/both", RouteOf(1));
  router.Add("GET", "/both", RouteOf(2));
  const Router::Match match = router.Find("DELETE", "/both");
  EXPECT_EQ(match.refusal.status, 405);
  EXPECT_THAT(match.refusal.headers, Contains(Pair("Allow", "POST, GET, HEAD")));
}

TEST(RouterTest, GivesOtherPagesToTheFallback) {
  Router router;
  router.Add("POST", "/v1/traces", RouteOf(1));
  router.AddFallback(RouteOf(3));
  EXPECT_EQ(router.Find("GET", "/runs/5").route->max_body_bytes, 3U);
  EXPECT_EQ(router.Find("POST", "/runs/5").refusal.status, 404);
  EXPECT_EQ(router.Find("GET", "/v1/traces").refusal.status, 405);
}

}  // namespace
}  // namespace assay::http
