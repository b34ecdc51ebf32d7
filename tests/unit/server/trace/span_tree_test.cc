#include "server/trace/span_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace assay::trace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

store::SpanRecord MakeSpan(std::uint8_t id, std::uint8_t parent, std::int64_t start_ns) {
  store::SpanRecord span;
  span.span_id[7] = id;
  span.parent_span_id[7] = parent;
  span.start_ns = start_ns;
  span.name = std::to_string(id);
  return span;
}

std::vector<std::string> Drawn(const std::vector<store::SpanRecord>& spans) {
  std::vector<std::string> lines;
  const SpanTree tree = MakeSpanTree(spans);
  for (const std::size_t i : tree.order) {
    lines.push_back(std::string(tree.depth[i], '.') + spans[i].name);
  }
  return lines;
}

TEST(SpanTreeTest, IsEmptyWithoutSpans) { EXPECT_THAT(Drawn({}), IsEmpty()); }

TEST(SpanTreeTest, PutsChildrenBelowTheirParentInTheOrderTheyBegan) {
  EXPECT_THAT(Drawn({MakeSpan(4, 2, 25), MakeSpan(3, 1, 40), MakeSpan(2, 1, 20), MakeSpan(1, 0, 10),
                     MakeSpan(5, 3, 41)}),
              ElementsAre("1", ".2", "..4", ".3", "..5"));
}

TEST(SpanTreeTest, KeepsBranchesTogetherThatRanAtOnce) {
  EXPECT_THAT(Drawn({MakeSpan(1, 0, 0), MakeSpan(2, 1, 1), MakeSpan(3, 1, 2), MakeSpan(4, 2, 3),
                     MakeSpan(5, 3, 4), MakeSpan(6, 2, 5)}),
              ElementsAre("1", ".2", "..4", "..6", ".3", "..5"));
}

TEST(SpanTreeTest, PutsAParentFirstThoughItsClockIsBehind) {
  EXPECT_THAT(Drawn({MakeSpan(1, 0, 10), MakeSpan(2, 1, 5)}), ElementsAre("1", ".2"));
}

TEST(SpanTreeTest, OrdersEqualStartsById) {
  EXPECT_THAT(Drawn({MakeSpan(1, 0, 0), MakeSpan(9, 1, 5), MakeSpan(3, 1, 5)}),
              ElementsAre("1", ".3", ".9"));
}

TEST(SpanTreeTest, DrawsASpanWithoutItsParentAsARoot) {
  EXPECT_THAT(Drawn({MakeSpan(2, 99, 5), MakeSpan(3, 2, 6), MakeSpan(1, 0, 7)}),
              ElementsAre("2", ".3", "1"));
}

TEST(SpanTreeTest, KeepsSpansWhoseParentsFormACircle) {
  EXPECT_THAT(Drawn({MakeSpan(1, 2, 5), MakeSpan(2, 1, 6), MakeSpan(3, 3, 7)}),
              ElementsAre("3", "1", ".2"));
}

TEST(SpanTreeTest, CountsWhatDoesNotFit) {
  // 1 and 2 form a circle, 3 is its own parent, the parent of 4 never came, 6 began before 5.
  const SpanTree tree = MakeSpanTree({MakeSpan(1, 2, 5), MakeSpan(2, 1, 6), MakeSpan(3, 3, 7),
                                      MakeSpan(4, 99, 8), MakeSpan(5, 0, 10), MakeSpan(6, 5, 9)});
  EXPECT_EQ(tree.num_circles, 2U);
  EXPECT_EQ(tree.num_orphans, 1U);
  EXPECT_EQ(tree.num_early, 2U);  // 1 of the circle before 2, and 6
  const SpanTree sound = MakeSpanTree({MakeSpan(1, 0, 1), MakeSpan(2, 1, 1)});
  EXPECT_EQ(sound.num_circles + sound.num_orphans + sound.num_early, 0U);
}

TEST(SpanTreeTest, DrawsALongChain) {
  constexpr int kLength = 100'000;
  std::vector<store::SpanRecord> spans(kLength);
  for (int i = 0; i < kLength; ++i) {
    auto& span = spans[static_cast<std::size_t>(i)];
    for (int byte = 0; byte < 4; ++byte) {
      span.span_id[static_cast<std::size_t>(byte)] =
          static_cast<std::uint8_t>((i + 1) >> (8 * byte));
      span.parent_span_id[static_cast<std::size_t>(byte)] =
          static_cast<std::uint8_t>(i >> (8 * byte));
    }
    span.start_ns = i;
  }
  const SpanTree tree = MakeSpanTree(spans);
  ASSERT_THAT(tree.order, SizeIs(kLength));
  EXPECT_EQ(tree.depth[tree.order.back()], kLength - 1);
}

}  // namespace
}  // namespace assay::trace
