#include "client/formats/input_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

namespace assay::formats {
namespace {

using ::testing::HasSubstr;

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// A file that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(::testing::TempDir() + "assay_input_file_" + std::to_string(getpid()) + "_" +
              std::to_string(next_++)) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  static inline int next_ = 0;
  const std::string path_;
};

TEST(InputFileTest, HoldsAFileWithZerosBehindIt) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{4032}, std::size_t{4033},
                                 std::size_t{4096}, std::size_t{8191}, std::size_t{100'000}}) {
    const std::string content(size, 'x');
    const TemporaryFile on_disk(content);
    const absl::StatusOr<InputFile> file = InputFile::Open(on_disk.path());
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->bytes(), content);
    EXPECT_EQ(std::string(file->bytes().data() + size, InputFile::kPadding),
              std::string(InputFile::kPadding, '\0'));
    EXPECT_EQ(file->name(), on_disk.path());
  }
}

TEST(InputFileTest, HoldsAnEmptyFile) {
  const TemporaryFile on_disk("");
  const absl::StatusOr<InputFile> file = InputFile::Open(on_disk.path());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->bytes(), "");
}

TEST(InputFileTest, ReadsAPipe) {
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  const std::string content(300'000, 'y');
  std::thread writer([&] {
    EXPECT_EQ(write(ends[1], content.data(), content.size()), static_cast<ssize_t>(content.size()));
    close(ends[1]);
  });
  const absl::StatusOr<InputFile> file = InputFile::Open("/dev/fd/" + std::to_string(ends[0]));
  writer.join();
  close(ends[0]);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->bytes(), content);
}

TEST(InputFileTest, UnpacksGzipOfSeveralMembers) {
  const std::string first(3'000'000, 'a');
  const TemporaryFile on_disk(Gzip(first) + Gzip("b") + std::string(10, '\0'));
  const absl::StatusOr<InputFile> file = InputFile::Open(on_disk.path());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->bytes(), first + "b");
}

std::string GzipError(const std::string& content,
                      std::size_t max_bytes = InputFile::kMaxReadBytes) {
  const absl::StatusOr<InputFile> file = InputFile::FromBytes("f.gz", content, max_bytes);
  return file.ok() ? "OK" : std::string(file.status().message());
}

TEST(InputFileTest, RefusesBrokenGzip) {
  const std::string packed = Gzip(std::string(10'000, 'a') + "tail");
  EXPECT_EQ(GzipError(packed), "OK");
  for (std::size_t size = 2; size < packed.size(); ++size) {
    EXPECT_EQ(GzipError(packed.substr(0, size)), "f.gz: broken gzip: the file is truncated")
        << size;
  }
  EXPECT_EQ(GzipError(packed + "x"), "f.gz: broken gzip: other bytes behind the end");
  std::string damaged = packed;
  damaged[damaged.size() - 6] ^= 1;
  EXPECT_THAT(GzipError(damaged), HasSubstr("f.gz: broken gzip: "));
}

TEST(InputFileTest, LimitsWhatGzipUnpacksTo) {
  EXPECT_EQ(GzipError(Gzip(std::string(10'000'000, 'a')), 1'000'000),
            "f.gz: longer than 1000000 bytes, the most that is taken");
}

TEST(InputFileTest, NamesAFileThatCannotBeOpened) {
  EXPECT_EQ(InputFile::Open("nowhere.jsonl").status().message(),
            "nowhere.jsonl: cannot be opened: No such file or directory");
  EXPECT_EQ(InputFile::Open("/").status().message(), "/: is a directory");
}

TEST(InputFileTest, KeepsItsBytesWhenMoved) {
  absl::StatusOr<InputFile> file = InputFile::FromBytes("f", "content");
  ASSERT_TRUE(file.ok());
  const std::string_view bytes = file->bytes();
  InputFile moved = *std::move(file);
  EXPECT_EQ(moved.bytes().data(), bytes.data());
  EXPECT_EQ(moved.bytes(), "content");
}

}  // namespace
}  // namespace assay::formats
