// Records found by their sequences, one by one and many in a row.
#include "engine/flow/log_records.h"

#include <gtest/gtest.h>

#include "events/row_image.h"
#include "events/store/memory_event_log.h"

namespace dualwrite::engine {
namespace {

using replay::queued_record;
using replay::queued_resolution;

constexpr link_id link{1};

class LogRecords : public testing::Test {
 protected:
  template <class Event>
  sequence add(Event const& event, std::uint32_t span = 1) {
    auto drafted = draft({stream_kind::link, link.value}, link, event);
    drafted.span = span;
    std::vector<encoded_event> const group{std::move(drafted)};
    auto const first = log_.head().at + 1;
    EXPECT_TRUE(log_.append(group, instant{1}, log_.head().at, epoch{}));
    return first;
  }
  sequence add_rows(std::vector<std::string> const& names) {
    record_packer pack;
    for (auto const& name : names) {
      auto const image = encode_row(row_values{value::of_text(name)});
      pack.add({0, 0, operation::insert, {}, image, {}});
    }
    RecordsCaptured captured;
    captured.link = link;
    captured.tables = {{schema_id{3}, pack.count()}};
    captured.count = pack.count();
    captured.records = blob{pack.bytes()};
    return add(captured, pack.count());
  }
  static std::string name_in(result<replay::queued_item> const& item) {
    auto const* record = item ? std::get_if<queued_record>(&*item) : nullptr;
    return record == nullptr ? "" : std::string(decode_row(record->after)->at(0).as_string());
  }

  memory_event_log log_{log_id{7}};
};

TEST_F(LogRecords, AreFoundInAnyOrder) {
  auto const first = add_rows({"a", "b", "c"});
  ConflictResolved resolved;
  resolved.map = map_id{5};
  resolved.winner = first;
  auto const resolution = add(resolved);
  auto const second = add_rows({"d", "e"});
  item_reader items(log_);
  struct {
    sequence at;
    char const* name;
  } const wanted[] = {{first + 2, "c"},
                      {first, "a"},
                      {second + 1, "e"},
                      {first + 1, "b"},
                      {second, "d"},
                      {second + 1, "e"}};
  for (auto const& [at, name] : wanted) {
    auto const many = items.read(at);
    EXPECT_EQ(name, name_in(many));
    EXPECT_EQ(name, name_in(read_item(log_, at)));
    ASSERT_TRUE(many);
    EXPECT_EQ(at, std::get<queued_record>(*many).at);
  }
  auto const item = items.read(resolution);
  ASSERT_TRUE(item);
  EXPECT_EQ(first, std::get<queued_resolution>(*item).winner);
  EXPECT_EQ("d", name_in(items.read(second)));
}

TEST_F(LogRecords, OfARowOutliveTheirReader) {
  auto const first = add_rows({"a"});
  auto const item = item_reader(log_).read(first);
  add_rows({"b"});
  EXPECT_EQ("a", name_in(item));
}

TEST_F(LogRecords, ThatAreNotThereAreNotFound) {
  auto const first = add_rows({"a"});
  auto const other = add(CaptureStarted{link, side::left, app_id{10}, 1, 0, {}});
  item_reader items(log_);
  for (auto const at : {first + 7, other}) {
    auto const item = items.read(at);
    ASSERT_FALSE(item);
    EXPECT_EQ(error_code::sequence_not_found, item.error().code);
  }
  ASSERT_TRUE(items.read(first));
}

}  // namespace
}  // namespace dualwrite::engine
