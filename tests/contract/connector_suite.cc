#include "tests/contract/connector_suite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "events/row_image.h"
#include "tests/support/open_lane.h"

namespace dualwrite::contract {
namespace {

// A table that every capture reads: its rows tell that all before them has come.
constexpr char const* fence = "fence";

column_schema column(std::string name, value_type type, bool nullable = true) {
  column_schema out;
  out.name = std::move(name);
  out.type = type;
  out.nullable = nullable;
  return out;
}

table_declaration declare(std::string name,
                          std::vector<column_schema> columns,
                          std::vector<std::size_t> key = {0}) {
  table_declaration out;
  out.schema.table = std::move(name);
  out.schema.columns = std::move(columns);
  out.schema.key = std::move(key);
  return out;
}

std::string brief(row_values row) {
  while (!row.empty() && row.back().is_null()) row.pop_back();
  std::vector<std::string> parts;
  for (auto const& one : row) parts.push_back(to_string(one));
  return fmt::format("({})", fmt::join(parts, ","));
}

std::string brief(engine::captured_row const& change) {
  switch (change.op) {
    case operation::insert:
      return "+" + brief(*decode_row(change.after));
    case operation::update:
      return "~" + brief(*decode_row(change.after));
    case operation::remove:
      return "-(" + to_string(decode_row(change.before)->at(0)) + ")";
  }
  return {};
}

std::string_view name_of(engine::write_effect effect) {
  using engine::write_effect;
  switch (effect) {
    case write_effect::inserted:
      return "inserted";
    case write_effect::updated:
      return "updated";
    case write_effect::removed:
      return "removed";
    case write_effect::equal:
      return "equal";
    case write_effect::kept:
      return "kept";
    case write_effect::missing:
      return "missing";
    case write_effect::refused:
      return "refused";
    case write_effect::held:
      return "held";
  }
  return "unknown";
}

}  // namespace

table_declaration customers() {
  auto out = declare("customer",
                     {column("id", value_type::int64, false),
                      column("name", value_type::text, false),
                      column("email", value_type::text),
                      column("amount", value_type::int64),
                      column("photo", value_type::bytes)});
  out.unique = {2};
  return out;
}

table_declaration orders(bool deferred) {
  auto out =
      declare("order", {column("id", value_type::int64, false), column("of", value_type::int64)});
  out.references.push_back({1, "customer", deferred});
  return out;
}

table_declaration lines() {
  return declare("line",
                 {column("order", value_type::int64, false),
                  column("item", value_type::text, false),
                  column("count", value_type::int64)},
                 {0, 1});
}

table_declaration seen() {
  auto out = declare(
      "seen", {column("id", value_type::int64, false), column("customer", value_type::int64)});
  out.unique = {1};
  return out;
}

table_declaration samples(value_type type) {
  return declare("sample", {column("id", value_type::int64, false), column("it", type)});
}

row_values customer(std::int64_t id, value name, value email, value amount) {
  return {value::of_int64(id), std::move(name), std::move(email), std::move(amount), value::null()};
}

row_values order(std::int64_t id, value of) {
  return {value::of_int64(id), std::move(of)};
}

row_values line(std::int64_t order, std::string item, std::int64_t count) {
  return {value::of_int64(order), value::of_text(std::move(item)), value::of_int64(count)};
}

value number(std::int64_t number) {
  return value::of_int64(number);
}

value text(std::string text) {
  return value::of_text(std::move(text));
}

user_change inserted(std::string table, row_values row) {
  return {std::move(table), operation::insert, {}, std::move(row)};
}

user_change updated(std::string table, row_values key, row_values row) {
  return {std::move(table), operation::update, std::move(key), std::move(row)};
}

user_change removed(std::string table, row_values key) {
  return {std::move(table), operation::remove, std::move(key), {}};
}

target_write put(std::string table, row_values row, write_kind kind) {
  target_write out;
  out.kind = kind;
  out.table = std::move(table);
  out.key_columns = {0};
  out.key = {row.at(0)};
  for (std::size_t i = 0; i < row.size(); ++i) out.columns.push_back(i);
  out.values = std::move(row);
  return out;
}

target_write put_line(row_values row, write_kind kind) {
  row_values key{row.at(0), row.at(1)};
  auto out = put("line", std::move(row), kind);
  out.key_columns = {0, 1};
  out.key = std::move(key);
  return out;
}

target_write take_out(std::string table, row_values key) {
  target_write out;
  out.kind = write_kind::remove;
  out.table = std::move(table);
  for (std::size_t i = 0; i < key.size(); ++i) out.key_columns.push_back(i);
  out.key = std::move(key);
  return out;
}

std::string shown(std::vector<row_values> const& rows) {
  std::string out;
  for (auto const& row : rows) out += brief(row);
  return out;
}

std::string shown(std::vector<captured_transaction> const& all) {
  std::string out;
  for (auto const& one : all) {
    if (one.mark) out += fmt::format("[{} ", one.mark->batch.value);
    for (auto const& row : one.rows) out += brief(row);
    if (one.mark) out += "]";
  }
  return out;
}

std::string effects(std::span<write_result const> results) {
  std::vector<std::string_view> names;
  for (auto const& one : results) names.push_back(name_of(one.effect));
  return fmt::format("{}", fmt::join(names, " "));
}

Connector::Connector() : subject(GetParam()()) {}
Connector::~Connector() = default;

void Connector::begin_anew() {
  subject.reset();
  subject = GetParam()();
  main.reset();
  tables_.clear();
}

void Connector::make(std::vector<table_declaration> tables) {
  tables.push_back(declare(fence, {column("id", value_type::int64, false)}));
  for (auto const& one : tables) tables_.push_back(one.schema.table);
  subject->make(tables);
}

void Connector::commit_all(std::vector<user_change> const& changes) {
  EXPECT_TRUE(subject->commit(changes));
}

result<source_position> Connector::try_capture(std::optional<engine::source_progress> known) {
  return wait(subject->source().open_capture(tables_, known));
}

source_position Connector::capture(std::optional<source_position> after) {
  auto const at = try_capture(after);
  EXPECT_TRUE(at) << to_string(at.error());
  return at ? *at : source_position{};
}

std::vector<captured_transaction> Connector::captured(std::size_t limit) {
  ++fences_;
  EXPECT_TRUE(subject->commit({inserted(fence, {number(fences_)})}));
  std::vector<captured_transaction> out;
  for (bool complete = false; !complete;) {
    auto some = wait(subject->source().next(limit, std::chrono::seconds(30)));
    if (!some || some->empty()) {
      ADD_FAILURE() << (some ? "a commit did not come" : to_string(some.error()));
      return out;
    }
    EXPECT_LE(some->size(), limit);
    for (auto& one : *some) {
      auto const fences = std::erase_if(one.rows, [&](auto const& row) {
        if (row.table != fence) return false;
        complete = complete || decode_row(row.after)->at(0) == number(fences_);
        return true;
      });
      if (fences == 0 || !one.rows.empty()) out.push_back(std::move(one));
    }
  }
  return out;
}

result<engine::chunk> Connector::chunk(engine::chunk_request request) {
  return wait(subject->source().read_chunk(std::move(request)));
}

lane_row Connector::open(lane_key const& lane, epoch known) {
  auto const row = wait(open_lane(subject->target(), lane, known));
  EXPECT_TRUE(row) << to_string(row.error());
  return row ? *row : lane_row{};
}

target_batch Connector::next_batch(lane_key const& lane,
                                   lane_row const& opened,
                                   std::vector<target_write> writes) {
  target_batch out;
  out.lane = lane;
  out.session = opened.session;
  out.previous = opened.batch;
  out.batch = batch_number{opened.batch.value + 1};
  out.position = sequence{out.batch.value * 10};
  out.writes = std::move(writes);
  out.outcome = [](std::span<write_result const> results) { return effects(results); };
  return out;
}

result<std::vector<write_result>> Connector::send(target_batch const& batch) {
  return wait(subject->target().apply(batch));
}

target_batch Connector::part_of(lane_row const& opened,
                                std::vector<target_write> writes,
                                bool begins,
                                bool ends) {
  auto out = next_batch(main_lane, opened, std::move(writes));
  out.begins = begins;
  out.ends = ends;
  return out;
}

std::string Connector::sent(target_batch const& batch) {
  auto const done = send(batch);
  return done ? effects(*done) : std::string(failure(done));
}

std::vector<write_result> Connector::apply(std::vector<target_write> writes) {
  if (!main) main = open(main_lane);
  auto const batch = next_batch(main_lane, *main, std::move(writes));
  auto const done = send(batch);
  EXPECT_TRUE(done) << to_string(done.error());
  if (!done) return std::vector<write_result>(batch.writes.size());
  main->batch = batch.batch;
  return *done;
}

}  // namespace dualwrite::contract
