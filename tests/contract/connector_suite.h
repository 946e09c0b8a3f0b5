// What every connector behind the ports holds to. A subject joins by
//   INSTANTIATE_TEST_SUITE_P(Memory, Connector, testing::Values(&make_memory_subject));
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "tests/contract/connector_subject.h"

namespace dualwrite::contract {

using engine::async;
using engine::captured_transaction;
using engine::lane_key;
using engine::lane_row;
using engine::target_batch;
using engine::target_write;
using engine::write_kind;
using engine::write_result;

// customer(id, name not null, email unique, amount, photo)
table_declaration customers();
// order(id, customer -> customer.id)
table_declaration orders(bool deferred = false);
// line(order, item, count), keyed by the first two
table_declaration lines();
// seen(id, customer unique): where customers may be noted
table_declaration seen();
// sample(id, it): a column of this type
table_declaration samples(value_type type);

row_values customer(std::int64_t id, value name, value email = {}, value amount = {});
row_values order(std::int64_t id, value of);
row_values line(std::int64_t order, std::string item, std::int64_t count);
value number(std::int64_t number);
value text(std::string text);

user_change inserted(std::string table, row_values row);
user_change updated(std::string table, row_values key, row_values row);
user_change removed(std::string table, row_values key);

// Writes of a whole row; the key is that of the declared tables.
target_write put(std::string table, row_values row, write_kind kind = write_kind::upsert);
target_write put_line(row_values row, write_kind kind = write_kind::upsert);
target_write take_out(std::string table, row_values key);

// "(1,Ann)(2,Bob,b@y)": without the NULLs at the end of a row.
std::string shown(std::vector<row_values> const& rows);
// "+(1,Ann)~(1,Ann B.)-(2)", each batch in brackets: "[1 +(3,Cy)]". Of a removal the first column.
std::string shown(std::vector<captured_transaction> const& all);
// "inserted refused held"
std::string effects(std::span<write_result const> results);
// "lane_fenced"; "ok" where it is no error.
template <class T>
std::string_view failure(result<T> const& what) {
  return dualwrite::name_of(what.error().code);
}

// As high as ids of logs are.
inline log_id const some_log{0xfedc'ba98'7654'3210};
inline lane_key const main_lane{some_log, link_id{4}, direction::left_to_right, lane_id{0}};
inline lane_key const side_lane{some_log, link_id{4}, direction::left_to_right, lane_id{5}};

class Connector : public testing::TestWithParam<subject_maker> {
 protected:
  Connector();
  ~Connector() override;

  // Another application, without tables.
  void begin_anew();
  void make(std::vector<table_declaration> tables);
  void commit(user_change change) { commit_all({std::move(change)}); }
  void commit_all(std::vector<user_change> const& changes);
  std::string rows(std::string const& table = "customer") { return shown(subject->rows(table)); }

  // Runs calls of the ports to their ends.
  template <class T>
  result<T> wait(async<T> call) {
    std::optional<result<T>> out;
    start(std::move(call), out);
    subject->run();
    return out.value_or(error{error_code::stopped, "the call never ended"});
  }
  template <class T>
  void start(async<T> call, std::optional<result<T>>& out) {
    auto const done = [&out](std::exception_ptr, result<T> answer) { out = std::move(answer); };
    boost::asio::co_spawn(subject->io, std::move(call), done);
  }

  // Of all tables, behind `after` or from now on.
  source_position capture(std::optional<source_position> after = std::nullopt);
  result<source_position> try_capture(std::optional<engine::source_progress> known);
  // All that was committed up to now and was not given yet, at most `limit` at a time.
  std::vector<captured_transaction> captured(std::size_t limit = 100);
  result<engine::chunk> chunk(engine::chunk_request request);

  lane_row open(lane_key const& lane, epoch known = {});
  // The next batch of this lane, at a position of ten for each batch.
  static target_batch next_batch(lane_key const& lane,
                                 lane_row const& opened,
                                 std::vector<target_write> writes);
  // A part of the next batch of the main lane.
  static target_batch part_of(lane_row const& opened,
                              std::vector<target_write> writes,
                              bool begins,
                              bool ends);
  result<std::vector<write_result>> send(target_batch const& batch);
  // What came of its writes, or the error.
  std::string sent(target_batch const& batch);
  // On the main lane, which is opened where it is not open yet.
  std::vector<write_result> apply(std::vector<target_write> writes);

  std::unique_ptr<connector_subject> subject;
  std::optional<lane_row> main;  // as it was opened, and went on since

 private:
  std::vector<engine::captured_table> tables_;
  std::int64_t fences_ = 0;
};

}  // namespace dualwrite::contract
