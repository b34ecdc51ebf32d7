#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_format.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CheckTest : public StoreTest {
 protected:
  // Every finding as `WHERE: PROBLEM`.
  std::vector<std::string> Findings() {
    const absl::StatusOr<CheckResult> result = store().Check();
    EXPECT_TRUE(result.ok()) << result.status();
    std::vector<std::string> findings;
    for (const StoreFinding& finding : result->findings) {
      findings.push_back(absl::StrFormat("%s: %s", finding.where, finding.problem));
    }
    return findings;
  }
  // A dataset version, a model version, an output set of both and a run with scores.
  void Fill() {
    dataset_ = MakeVersion("digits", {NumberedTexts("key", "k", 5000)}).id;
    model_ = MakeModel("m", 1).id;
    outputs_ = PushOutputs(dataset_, model_, {NumberedDoubles("score.judge", 0.5, 5000)}).result_id;
    RunRecord run;
    run.dataset_version_id = dataset_;
    run.output_set_id = outputs_;
    run_ = store().runs().CreateRun(kDefaultProject, run, 1)->id;
    ColumnChunks scores = EncodeColumn(0, NumberedDoubles("accuracy", 0.125, 100)).chunks;
    const JobLease lease = *store().runs().Claim("worker", 1'000'000);
    EXPECT_TRUE(store().runs().FinishShard(lease, {scores}, 100).ok());
  }
  // Flips a bit of chunk `chunk_no` of the only column of `owner`; its checksum is mended if asked.
  void Damage(Id owner, int chunk_no) {
    Execute(absl::StrFormat(
        "UPDATE chunk_segments SET data = CAST(substr(data, 1, 40) || x'77' || substr(data, 42) "
        "AS BLOB) WHERE id = (SELECT chunk_id FROM column_chunks WHERE owner_id = %d AND "
        "chunk_no = %d)",
        owner, chunk_no));
  }

  Id dataset_ = 0;
  Id model_ = 0;
  Id outputs_ = 0;
  Id run_ = 0;
};

TEST_F(CheckTest, AnEmptyStoreIsSound) { EXPECT_THAT(Findings(), IsEmpty()); }

TEST_F(CheckTest, AFilledStoreIsSoundAndCounted) {
  Fill();
  EXPECT_THAT(Findings(), IsEmpty());
  const absl::StatusOr<CheckResult> result = store().Check();
  EXPECT_EQ(result->num_chunks, 5);
  EXPECT_EQ(result->num_bytes, QueryInt64("SELECT sum(length(data)) FROM chunk_segments"));
}

TEST_F(CheckTest, ADamagedChunkOfADatasetIsNamed) {
  Fill();
  Damage(dataset_, 1);
  EXPECT_THAT(Findings(),
              ElementsAre("dataset digits@1, column 'key', chunk 1: checksum mismatch"));
}

TEST_F(CheckTest, ADamagedChunkOfAnOutputSetIsNamed) {
  Fill();
  Damage(outputs_, 0);
  EXPECT_THAT(Findings(),
              ElementsAre(absl::StrFormat(
                  "outputSets/%d, column 'score.judge', chunk 0: checksum mismatch", outputs_)));
}

TEST_F(CheckTest, ADamagedChunkOfARunIsNamed) {
  Fill();
  Damage(run_, 0);
  EXPECT_THAT(Findings(), ElementsAre(absl::StrFormat(
                              "runs/%d, column 'accuracy', chunk 0: checksum mismatch", run_)));
}

TEST_F(CheckTest, EveryUserOfADamagedChunkIsNamed) {
  Fill();
  MakeVersion("copy", {NumberedTexts("key", "k", 5000)});
  Damage(dataset_, 0);
  EXPECT_THAT(Findings(), ElementsAre("dataset digits@1, column 'key', chunk 0: checksum mismatch",
                                      "dataset copy@1, column 'key', chunk 0: checksum mismatch"));
}

TEST_F(CheckTest, AChunkThatIsNotItsHashIsFoundThoughItsChecksumFits) {
  Fill();
  Execute(
      absl::StrFormat("UPDATE chunks SET hash = zeroblob(32) WHERE id = (SELECT chunk_id FROM "
                      "column_chunks WHERE owner_id = %d)",
                      run_));
  EXPECT_THAT(Findings(),
              ElementsAre(absl::StrFormat("runs/%d, column 'accuracy', chunk 0: the content does "
                                          "not match its hash",
                                          run_)));
}

TEST_F(CheckTest, AReferenceToAMissingChunkIsFound) {
  Fill();
  Execute(
      absl::StrFormat("DELETE FROM chunks WHERE id = (SELECT chunk_id FROM column_chunks "
                      "WHERE owner_id = %d)",
                      run_));
  EXPECT_THAT(Findings(), ElementsAre(absl::StrFormat(
                              "runs/%d, column 'accuracy', chunk 0: the chunk is gone", run_)));
}

TEST_F(CheckTest, AMissingReferenceIsFound) {
  Fill();
  Execute(
      absl::StrFormat("DELETE FROM column_chunks WHERE owner_id = %d AND chunk_no = 0", dataset_));
  EXPECT_THAT(Findings(),
              ElementsAre("dataset digits@1, column 'key': its chunks hold 904 of 5000 rows"));
}

TEST_F(CheckTest, SwappedChunksAreFound) {
  dataset_ = MakeVersion("d", {NumberedTexts("key", "k", 2 * kChunkRows)}).id;
  Execute(
      "UPDATE column_chunks SET chunk_id = (SELECT sum(chunk_id) FROM column_chunks) - chunk_id");
  EXPECT_THAT(Findings(), ElementsAre("dataset d@1, column 'key': its chunks do not give its "
                                      "digest"));
}

TEST_F(CheckTest, ALostColumnIsFound) {
  Fill();
  Execute(absl::StrFormat("DELETE FROM columns WHERE owner_id = %d", dataset_));
  EXPECT_THAT(Findings(), ElementsAre("dataset digits@1, column number 0: the column is gone, but "
                                      "2 chunks are there",
                                      "dataset digits@1: its columns do not give its digest"));
}

TEST_F(CheckTest, ALostOwnerIsFound) {
  Fill();
  Execute(absl::StrFormat("DELETE FROM output_sets WHERE id = %d", outputs_));
  EXPECT_THAT(
      Findings(),
      ElementsAre(absl::StrFormat("columns of %d: their owner is gone", outputs_),
                  absl::StrFormat("runs/%d: its output set, id %d, is gone", run_, outputs_)));
}

TEST_F(CheckTest, ALostDatasetVersionIsFound) {
  Fill();
  Execute("DELETE FROM dataset_versions");
  EXPECT_THAT(Findings(),
              Contains(absl::StrFormat("outputSets/%d: its dataset version, id %d, is gone",
                                       outputs_, dataset_)));
}

TEST_F(CheckTest, ADamagedPageIsFoundAndTheOtherFileStillChecked) {
  Fill();
  Close();
  for (const char* name : {"assay.db", "traces.db"}) {
    std::fstream file(folder_.path() / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3 * 8192);
    file << std::string(8192, '\xff');
  }
  Reopen();
  const std::vector<std::string> findings = Findings();
  EXPECT_THAT(findings, Contains(HasSubstr("assay.db")));
  EXPECT_THAT(findings, Contains(HasSubstr("traces.db")));
}

TEST_F(CheckTest, AChangedDigestOfAVersionIsFound) {
  Fill();
  Execute("UPDATE dataset_versions SET digest = zeroblob(32)");
  EXPECT_THAT(Findings(), ElementsAre("dataset digits@1: its columns do not give its digest"));
}

}  // namespace
}  // namespace assay::store
