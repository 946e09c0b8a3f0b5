#include "events/table_schema.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/random_values.h"

namespace dualwrite {
namespace {

table_schema customers() {
  table_schema schema;
  schema.table = "public.customer";
  schema.columns = {{.name = "account", .nullable = false},
                    {.name = "credit", .type = value_type::decimal, .precision = 12, .scale = 2},
                    {.name = "grade",
                     .type = value_type::enumeration,
                     .has_default = true,
                     .type_name = "grade",
                     .labels = {"gold", "silver"}}};
  schema.key = {0};
  return schema;
}

TEST(TableSchema, ReadsBackWhatItWrote) {
  auto const read = decode_schema(encode_schema(customers()));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, customers());
}

TEST(TableSchema, FindsColumnsByName) {
  EXPECT_EQ(customers().column_named("credit"), 1U);
  EXPECT_FALSE(customers().column_named("Credit"));
}

TEST(TableSchema, EveryChangeChangesTheFingerprint) {
  auto const changes = {
      +[](table_schema& schema) { schema.table = "public.customers"; },
      +[](table_schema& schema) { schema.columns.pop_back(); },
      +[](table_schema& schema) { schema.columns[0].name = "Account"; },
      +[](table_schema& schema) { schema.columns[0].type = value_type::int64; },
      +[](table_schema& schema) { schema.columns[0].nullable = true; },
      +[](table_schema& schema) { schema.columns[0].sensitive = true; },
      +[](table_schema& schema) { schema.columns[0].has_default = true; },
      +[](table_schema& schema) { schema.columns[0].generated = true; },
      +[](table_schema& schema) { schema.columns[1].scale = 3; },
      +[](table_schema& schema) { schema.columns[0].length_max = 10; },
      +[](table_schema& schema) { schema.columns[2].labels.push_back("bronze"); },
      +[](table_schema& schema) {
        schema.key = {0, 1};
      },
  };
  for (auto const change : changes) {
    auto schema = customers();
    change(schema);
    EXPECT_NE(fingerprint(schema), fingerprint(customers()));
    EXPECT_EQ(*decode_schema(encode_schema(schema)), schema);
  }
}

TEST(TableSchema, DamagedBytesAreRefusedOrAreAnotherSchema) {
  test::random_values random(12);
  auto const whole = encode_schema(customers());
  for (int round = 0; round < 20000; ++round) {
    auto bytes = random.chance(10) ? random.bytes(60) : whole;
    if (random.chance(20)) bytes.resize(bytes.size() / 2);
    if (!bytes.empty()) {
      bytes[static_cast<std::size_t>(
          random.number(0, static_cast<std::int64_t>(bytes.size()) - 1))] =
          static_cast<char>(random.number(0, 255));
    }
    auto const read = decode_schema(bytes);
    if (read) {
      EXPECT_EQ(encode_schema(*read), bytes);
    } else {
      EXPECT_EQ(read.error().code, error_code::value_malformed);
    }
  }
}

}  // namespace
}  // namespace dualwrite
