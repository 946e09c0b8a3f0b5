#include "events/store/rocks_event_log.h"

#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include "events/store/rocks_walk.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using namespace tests;
namespace fs = std::filesystem;

class RocksEventLog : public testing::Test {
 protected:
  fs::path path() const { return folder_.path() / "folder"; }

  std::unique_ptr<rocks_event_log> open() {
    auto opened = rocks_event_log::open(path(), small_log());
    EXPECT_TRUE(opened) << to_string(opened.error());
    return opened ? std::move(opened->log) : nullptr;
  }
  error_code code_of(rocks_log_options const& options = small_log()) {
    auto const opened = rocks_event_log::open(path(), options);
    return opened ? error_code::ok : opened.error().code;
  }
  static result<log_head> append(event_log& log) {
    encoded_event const event{{stream_kind::map, 3}, {}, 2, {std::byte{1}, std::byte{2}}};
    return log.append({&event, 1}, instant{5}, log.head().at, epoch{});
  }

  // Changes the database behind the log's back, as whoever may write to the disk can.
  template <class Change>
  void tamper(Change change) {
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    auto const status = rocksdb::DB::Open({},
                                          (path() / "log").string(),
                                          {{"default", {}}, {"blocks", {}}, {"streams", {}}},
                                          &families,
                                          &opened);
    ASSERT_TRUE(status.ok()) << status.ToString();
    std::unique_ptr<rocksdb::DB> const database{opened};
    change(*database, families[1], families[2]);
    for (auto* family : families) database->DestroyColumnFamilyHandle(family);
  }

  verify_report verify_again() {
    auto const log = open();
    return log ? log->verify() : verify_report{};
  }

  temporary_folder folder_;
};

constexpr stream_id stream{stream_kind::map, 3};

TEST_F(RocksEventLog, SecondOpeningIsRefused) {
  auto const log = open();
  EXPECT_EQ(code_of(), error_code::log_locked);
}

TEST_F(RocksEventLog, MissingLogIsMadeOnlyWhereAsked) {
  auto options = small_log();
  options.create.reset();
  EXPECT_EQ(code_of(options), error_code::log_missing);
  EXPECT_EQ(open()->head().log, test_log);
  EXPECT_EQ(code_of(options), error_code::ok);
}

TEST_F(RocksEventLog, IdOfAnExistingLogStays) {
  ASSERT_TRUE(append(*open()));
  auto options = small_log();
  options.create = log_id{78};
  EXPECT_EQ(rocks_event_log::open(path(), options)->log->head().log, test_log);
}

TEST_F(RocksEventLog, MissingAnchorIsRefusedAlsoOfAnEmptyLog) {
  open();
  fs::remove(path() / "anchor");
  EXPECT_EQ(code_of(), error_code::log_anchor_missing);
}

TEST_F(RocksEventLog, CreationCutShortIsFinished) {
  open();
  fs::remove_all(path() / "log");
  EXPECT_EQ(code_of(), error_code::ok);
  fs::remove_all(path() / "log");
  fs::create_directory(path() / "log");
  EXPECT_EQ(code_of(), error_code::ok);
}

TEST_F(RocksEventLog, AnchorOfAnotherLogIsRefused) {
  ASSERT_TRUE(append(*open()));
  fs::remove(path() / "anchor");
  ASSERT_TRUE(anchor_file::create(path() / "anchor", {log_id{78}, {}, {}}));
  EXPECT_EQ(code_of(), error_code::log_anchor_missing);
}

TEST_F(RocksEventLog, AnchorOffTheChainIsRefused) {
  ASSERT_TRUE(append(*open()));
  fs::remove(path() / "anchor");
  ASSERT_TRUE(anchor_file::create(path() / "anchor", {test_log, sequence{2}, sha256({})}));
  EXPECT_EQ(code_of(), error_code::log_corrupt);
}

TEST_F(RocksEventLog, AnchorChangedUnderARunningLogIsNamed) {
  auto const log = open();
  ASSERT_TRUE(append(*log));
  EXPECT_TRUE(log->verify().ok);
  fs::remove(path() / "anchor");
  EXPECT_FALSE(log->verify().ok);
}

TEST_F(RocksEventLog, AppendThatLeavesNoReserveIsRefusedWhole) {
  auto options = small_log();
  options.reserve_bytes = UINT64_MAX / 2;
  auto const opened = rocks_event_log::open(path(), options);
  ASSERT_TRUE(opened);
  EXPECT_EQ(append(*opened->log).error().code, error_code::log_disk_reserve);
  EXPECT_EQ(opened->log->head().at, sequence{});
  EXPECT_TRUE(opened->log->verify().ok);
}

TEST_F(RocksEventLog, ABlockIsBegunWhileTheOneBeforeIsWrittenAndSeenWhenItIsDurable) {
  auto log = open();
  encoded_event const event{{stream_kind::map, 3}, {}, 2, {std::byte{1}, std::byte{2}}};
  std::vector<indexed_block> begun;
  for (std::uint64_t i = 0; i < 3; ++i) {
    auto block = log->begin_append({&event, 1}, instant{5}, sequence{2 * i});
    ASSERT_TRUE(block) << to_string(block.error());
    begun.push_back(std::move(*block));
  }
  EXPECT_EQ(sequence{}, log->head().at);
  EXPECT_EQ(error_code::log_head_moved,
            log->begin_append({&event, 1}, instant{5}, sequence{2}).error().code);
  EXPECT_EQ(sequence{2}, log->finish_append(begun[0])->at);
  EXPECT_EQ(sequence{2}, log->head().at);
  EXPECT_EQ(sequence{4}, log->finish_append(begun[1])->at);
  EXPECT_EQ(sequence{6}, log->finish_append(begun[2])->at);
  EXPECT_TRUE(log->verify().ok) << log->verify().reason;
  log.reset();
  EXPECT_EQ(sequence{6}, open()->head().at);
}

TEST_F(RocksEventLog, BallastIsHeldWhileTheLogIsOpen) {
  auto const log = open();
  EXPECT_EQ(fs::file_size(path() / "ballast"), small_log().ballast_bytes);
}

TEST_F(RocksEventLog, ColumnFamilyOfALaterReleaseIsRefusedUntouched) {
  ASSERT_TRUE(append(*open()));
  tamper([](rocksdb::DB& database, auto*, auto*) {
    rocksdb::ColumnFamilyHandle* later = nullptr;
    ASSERT_TRUE(database.CreateColumnFamily({}, "seals", &later).ok());
    database.DestroyColumnFamilyHandle(later);
  });
  EXPECT_EQ(code_of(), error_code::log_newer_format);
}

TEST_F(RocksEventLog, RemovedLineOfTheIndexIsNamed) {
  auto log = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log));
  log.reset();
  tamper([](rocksdb::DB& database, auto*, auto* streams) {
    ASSERT_TRUE(database.Delete({}, streams, text(posting_key(stream, sequence{3}))).ok());
  });
  auto const report = verify_again();
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.first_bad, sequence{3});
}

TEST_F(RocksEventLog, AddedLineOfTheIndexIsNamed) {
  ASSERT_TRUE(append(*open()));
  tamper([](rocksdb::DB& database, auto*, auto* streams) {
    auto const key = posting_key({stream_kind::rule, 1}, sequence{1});
    ASSERT_TRUE(database.Put({}, streams, text(key), text(block_key(sequence{1}))).ok());
  });
  EXPECT_FALSE(verify_again().ok);
}

TEST_F(RocksEventLog, RemovedBlockIsNamedByReaderAndVerification) {
  auto log = open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(*log));
  log.reset();
  tamper([](rocksdb::DB& database, auto* blocks, auto*) {
    ASSERT_TRUE(database.Delete({}, blocks, text(block_key(sequence{5}))).ok());
  });
  log = open();
  auto const report = log->verify();
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.head.at, sequence{4});
  auto const cursor = log->read({});
  ASSERT_TRUE(cursor->next());
  ASSERT_TRUE(cursor->next());
  EXPECT_EQ(cursor->next().error().code, error_code::log_corrupt);
}

TEST_F(RocksEventLog, RemovedFirstBlockIsNamed) {
  auto log = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log));
  log.reset();
  tamper([](rocksdb::DB& database, auto* blocks, auto*) {
    ASSERT_TRUE(database.Delete({}, blocks, text(block_key(sequence{1}))).ok());
  });
  EXPECT_FALSE(verify_again().ok);
}

TEST_F(RocksEventLog, BlockUnderTheKeyOfAnotherIsNamed) {
  auto log = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log));
  log.reset();
  tamper([](rocksdb::DB& database, auto* blocks, auto*) {
    std::string first;
    ASSERT_TRUE(database.Get({}, blocks, text(block_key(sequence{1})), &first).ok());
    ASSERT_TRUE(database.Put({}, blocks, text(block_key(sequence{3})), first).ok());
  });
  EXPECT_FALSE(verify_again().ok);
}

}  // namespace
}  // namespace dualwrite
