// Tables and their values: described as declared, and kept exactly on every way in and out.
#include <gmock/gmock.h>

#include <limits>

#include "events/row_image.h"
#include "tests/contract/connector_suite.h"

namespace dualwrite::contract {
namespace {

value number_of(std::string_view digits) {
  return value::of_decimal(*decimal::parse(digits));
}

std::string every_byte() {
  std::string out;
  for (int i = 0; i < 256; ++i) out.push_back(static_cast<char>(i));
  return out;
}

// What is easily lost of each type.
std::vector<value> delicate(value_type type) {
  using limits = std::numeric_limits<std::int64_t>;
  switch (type) {
    case value_type::boolean:
      return {value::of_boolean(true), value::of_boolean(false)};
    case value_type::int64:
      return {number(limits::max()), number(limits::min()), number(0), number(-1)};
    case value_type::float64:
      return {value::of_float64(0.1),
              value::of_float64(-1.7976931348623157e308),
              value::of_float64(3),
              value::of_float64(std::numeric_limits<double>::infinity())};
    case value_type::decimal:
      return {number_of("10.25"), number_of("-0.01"), number_of("12345678901234"), number_of("0")};
    case value_type::text:
      return {text(""),
              text("Zoë 'quoted' \"twice\", 東京 🚲"),
              text("a\tb\nc\\d%_|,"),
              text("NULL"),
              text(" 12 "),
              text("12"),
              text(std::string(100'000, 'x'))};
    case value_type::bytes:
      return {value::of_bytes(""), value::of_bytes(every_byte()), value::of_bytes("text")};
    case value_type::date:
      return {value::of_date(0),
              value::of_date(19'782),
              value::of_date(-20'000),
              value::of_date(-800'000)};
    case value_type::time:
      return {value::of_time(0), value::of_time(86'399'999'999)};
    case value_type::timestamp:
      return {value::of_timestamp(1'709'212'345'678'901), value::of_timestamp(-1)};
    case value_type::timestamp_tz:
      return {value::of_timestamp_tz(1'709'212'345'678'901), value::of_timestamp_tz(-1)};
    case value_type::uuid:
      return {value::of_uuid(*parse_uuid("00112233-4455-6677-8899-aabbccddeeff")),
              value::of_uuid(*parse_uuid("00000000-0000-0000-0000-000000000000"))};
    case value_type::json:
      return {value::of_json(R"({"a": [1, null, "ö"]})"),
              value::of_json("[]"),
              value::of_json("5"),
              value::of_json("1.5"),
              value::of_json("\"12\""),
              value::of_json("null")};
    default:
      return {};
  }
}

// Of the rows of sample, by their ids.
std::map<value, value> by_id(std::vector<captured_transaction> const& all) {
  std::map<value, value> out;
  for (auto const& one : all) {
    for (auto const& change : one.rows) {
      auto const row = *decode_row(change.after);
      out[row[0]] = row[1];
    }
  }
  return out;
}

TEST_P(Connector, DescribesItsTables) {
  make({customers(), lines()});
  auto const schema = wait(subject->source().describe("customer"));
  ASSERT_TRUE(schema);
  EXPECT_EQ("customer", schema->table);
  EXPECT_THAT(schema->key, testing::ElementsAre(0));
  auto const wanted = customers().schema;
  ASSERT_EQ(wanted.columns.size(), schema->columns.size());
  for (std::size_t i = 0; i < wanted.columns.size(); ++i) {
    EXPECT_EQ(wanted.columns[i].name, schema->columns[i].name);
    EXPECT_EQ(name_of(wanted.columns[i].type), name_of(schema->columns[i].type));
    EXPECT_EQ(wanted.columns[i].nullable, schema->columns[i].nullable) << wanted.columns[i].name;
    EXPECT_FALSE(schema->columns[i].generated);
  }
  EXPECT_THAT(wait(subject->source().describe("line"))->key, testing::ElementsAre(0, 1));
}

TEST_P(Connector, DescribesAKeyInItsOwnOrder) {
  auto turned = lines();
  turned.schema.key = {1, 0};
  make({turned});
  EXPECT_THAT(wait(subject->source().describe("line"))->key, testing::ElementsAre(1, 0));
}

TEST_P(Connector, DescribesEveryTypeThatItKeeps) {
  for (auto const type : subject->can().types) {
    begin_anew();
    make({samples(type)});
    auto const schema = wait(subject->source().describe("sample"));
    ASSERT_TRUE(schema);
    EXPECT_EQ(name_of(type), name_of(schema->columns.at(1).type));
  }
}

TEST_P(Connector, ATableThatIsNotThereIsMissing) {
  make({customers()});
  capture();
  auto& source = subject->source();
  EXPECT_EQ("table_missing", failure(wait(source.describe("nobody"))));
  EXPECT_EQ("table_missing", failure(wait(source.count_rows("nobody"))));
  engine::chunk_request request;
  request.table = "nobody";
  request.key = {0};
  EXPECT_EQ("table_missing", failure(chunk(request)));
}

TEST_P(Connector, TakesNamesAsTheyAre) {
  auto odd = lines();
  odd.schema.table = "Odd \"table\" of 'Zoë'.x";
  odd.schema.columns[0].name = "a \"b\"";
  odd.schema.columns[1].name = "select";
  odd.schema.columns[2].name = "Größe in %";
  make({odd});
  capture();
  auto const& table = odd.schema.table;
  commit(inserted(table, line(1, "a", 7)));
  auto write = put_line(line(1, "a", 8));
  write.table = table;
  EXPECT_EQ("updated", effects(apply({write})));
  EXPECT_EQ("+(1,a,7)[1 ~(1,a,8)]", shown(captured()));
  engine::chunk_request request;
  request.table = table;
  request.key = {0, 1};
  EXPECT_EQ("(1,a,8)", shown(chunk(request)->rows));
  EXPECT_EQ(odd.schema.columns[2].name, wait(subject->source().describe(table))->columns[2].name);
}

TEST_P(Connector, CapturesTablesWhoseNamesBeginAlike) {
  std::vector<std::string> const names = {
      "a", "a_insert", "a_before", "a_before_insert", "a_insert_before"};
  std::vector<table_declaration> alike(names.size(), seen());
  for (std::size_t i = 0; i < names.size(); ++i) alike[i].schema.table = names[i];
  make(alike);
  capture();
  for (auto const& name : names) commit(inserted(name, {number(1), number(2)}));
  std::vector<std::string> got;
  for (auto const& one : captured()) {
    for (auto const& row : one.rows) got.push_back(row.table);
  }
  EXPECT_THAT(got, testing::ElementsAreArray(names));
}

TEST_P(Connector, CapturesAndCopiesValuesExactly) {
  for (auto const type : subject->can().types) {
    SCOPED_TRACE(name_of(type));
    begin_anew();
    make({samples(type)});
    capture();
    auto const wanted = delicate(type);
    commit(inserted("sample", {number(-1), value::null()}));
    for (std::size_t i = 0; i < wanted.size(); ++i)
      commit(inserted("sample", {number(static_cast<std::int64_t>(i)), wanted[i]}));
    auto const live = by_id(captured());
    engine::chunk_request request;
    request.table = "sample";
    request.key = {0};
    request.limit = 100;
    auto const copy = chunk(request);
    ASSERT_TRUE(copy);
    ASSERT_EQ(wanted.size() + 1, copy->rows.size());
    EXPECT_TRUE(live.at(number(-1)).is_null());
    EXPECT_TRUE(copy->rows[0][1].is_null());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(wanted[i], live.at(number(static_cast<std::int64_t>(i)))) << to_string(wanted[i]);
      EXPECT_EQ(wanted[i], copy->rows[i + 1][1]) << to_string(wanted[i]);
    }
  }
}

TEST_P(Connector, WritesValuesExactly) {
  for (auto const type : subject->can().types) {
    SCOPED_TRACE(name_of(type));
    begin_anew();
    make({samples(type)});
    capture();
    auto wanted = delicate(type);
    wanted.push_back(value::null());
    std::vector<target_write> writes;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      writes.push_back(put("sample", {number(static_cast<std::int64_t>(i)), wanted[i]}));
    for (auto const& one : apply(writes)) EXPECT_EQ("inserted", effects({&one, 1})) << one.text;
    auto const back = by_id(captured());
    for (std::size_t i = 0; i < wanted.size(); ++i)
      EXPECT_EQ(wanted[i], back.at(number(static_cast<std::int64_t>(i)))) << to_string(wanted[i]);
    // What was written is what would be written again.
    auto const again = apply(writes);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      EXPECT_EQ("equal", effects({&again[i], 1})) << to_string(wanted[i]);
  }
}

TEST_P(Connector, WritesWhatItsUsersSee) {
  make({customers()});
  auto const row = row_values{number(std::numeric_limits<std::int64_t>::min()),
                              text("Zoë 'quoted', 東京"),
                              text(""),
                              value::null(),
                              value::of_bytes(std::string("\0\xff'", 3))};
  apply({put("customer", row)});
  EXPECT_EQ(std::vector<row_values>{row}, subject->rows("customer"));
}

TEST_P(Connector, ATextGoesOnBehindItsNul) {
  if (!subject->can().keeps_nul_in_text) GTEST_SKIP() << "its texts have no NUL";
  make({samples(value_type::text)});
  capture();
  auto const odd = text(std::string("a\0'b\0", 5));
  commit(inserted("sample", {number(1), odd}));
  EXPECT_EQ("equal inserted",
            effects(apply({put("sample", {number(1), odd}), put("sample", {number(2), odd})})));
  auto const live = by_id(captured());
  EXPECT_EQ(odd, live.at(number(1)));
  EXPECT_EQ(odd, live.at(number(2)));
}

TEST_P(Connector, NullIsNotTheEmptyText) {
  make({samples(value_type::text)});
  commit(inserted("sample", {number(1), value::null()}));
  commit(inserted("sample", {number(2), text("")}));
  capture();
  EXPECT_EQ("updated updated",
            effects(apply({put("sample", {number(1), text("")}),
                           put("sample", {number(2), value::null()})})));
  auto const live = by_id(captured());
  EXPECT_EQ(text(""), live.at(number(1)));
  EXPECT_TRUE(live.at(number(2)).is_null());
}

TEST_P(Connector, NullIsNotTheEmptyBlob) {
  make({samples(value_type::bytes)});
  commit(inserted("sample", {number(1), value::null()}));
  commit(inserted("sample", {number(2), value::of_bytes("")}));
  capture();
  EXPECT_EQ("updated updated",
            effects(apply({put("sample", {number(1), value::of_bytes("")}),
                           put("sample", {number(2), value::null()})})));
  auto const live = by_id(captured());
  EXPECT_EQ(value::of_bytes(""), live.at(number(1)));
  EXPECT_TRUE(live.at(number(2)).is_null());
}

}  // namespace
}  // namespace dualwrite::contract
