#include "server/ingest/key_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace assay::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::uint64_t> RandomHashes(std::size_t size) {
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> hashes(size);
  for (std::uint64_t& hash : hashes) {
    hash = random();
  }
  return hashes;
}

TEST(FindRepeatedHashesTest, FindsNothingWhereNothingRepeats) {
  EXPECT_THAT(FindRepeatedHashes({}), IsEmpty());
  EXPECT_THAT(FindRepeatedHashes(std::vector<std::uint64_t>{3, 1, 2}), IsEmpty());
  EXPECT_THAT(FindRepeatedHashes(RandomHashes(100'000)), IsEmpty());
}

TEST(FindRepeatedHashesTest, GivesEachRepeatedValueOnce) {
  EXPECT_THAT(FindRepeatedHashes(std::vector<std::uint64_t>{9, 5, 9, 1, 5, 9}), ElementsAre(5, 9));
}

TEST(FindRepeatedHashesTest, FindsRepeatsFarApartAmongMany) {
  std::vector<std::uint64_t> hashes = RandomHashes(100'000);
  hashes[99'999] = hashes[0];
  hashes[50'000] = hashes[123];
  hashes[70'000] = hashes[123];
  EXPECT_THAT(FindRepeatedHashes(hashes), testing::UnorderedElementsAre(hashes[0], hashes[123]));
}

TEST(FindRepeatedHashesTest, GivesManyRepeatsInAscendingOrder) {
  std::vector<std::uint64_t> hashes = RandomHashes(10'000);
  const std::vector<std::uint64_t> once = hashes;
  hashes.insert(hashes.end(), once.begin(), once.end());
  const std::vector<std::uint64_t> repeated = FindRepeatedHashes(hashes);
  EXPECT_EQ(repeated.size(), once.size());
  EXPECT_TRUE(std::is_sorted(repeated.begin(), repeated.end()));
}

TEST(KeyIndexTest, FindsEveryRowByItsHash) {
  const std::vector<std::uint64_t> hashes = RandomHashes(10'000);
  const KeyIndex index(hashes);
  for (std::size_t row = 0; row < hashes.size(); ++row) {
    const auto is_row = [row](std::int64_t found) {
      return found == static_cast<std::int64_t>(row);
    };
    ASSERT_EQ(index.Find(hashes[row], is_row), static_cast<std::int64_t>(row));
  }
}

TEST(KeyIndexTest, OffersEveryRowOfAHashInTurn) {
  const KeyIndex index(std::vector<std::uint64_t>{42, 42, 42});
  std::vector<std::int64_t> offered;
  const std::int64_t found = index.Find(42, [&offered](std::int64_t row) {
    offered.push_back(row);
    return row == 2;
  });
  EXPECT_EQ(found, 2);
  EXPECT_THAT(offered, ElementsAre(0, 1, 2));
}

TEST(KeyIndexTest, FindsNothingForAnotherHash) {
  const KeyIndex index(RandomHashes(100));
  EXPECT_EQ(index.Find(1, [](std::int64_t) { return true; }), -1);
}

TEST(KeyIndexTest, IsEmptyWithoutRows) {
  const KeyIndex index(std::vector<std::uint64_t>{});
  EXPECT_EQ(index.Find(0, [](std::int64_t) { return true; }), -1);
}

}  // namespace
}  // namespace assay::ingest
