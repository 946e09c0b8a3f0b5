#include "events/row_image.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/random_values.h"

namespace dualwrite {
namespace {

using namespace std::string_literals;

std::string printed(row_values const& row) {
  return to_string(value::of_array(row));
}

TEST(RowImage, OfTheDocumentedExample) {
  row_values const row{value::of_int64(5), value::of_text("Oslo")};
  EXPECT_EQ(encode_row(row), "\x02\x02\x0A\x05\x04Oslo"s);
}

TEST(RowImage, ReadsBackWhatItWrote) {
  test::random_values random(7);
  for (int round = 0; round < 5000; ++round) {
    auto const row = random.row(8);
    auto const image = encode_row(row);
    auto const read = decode_row(image);
    ASSERT_TRUE(read) << printed(row) << read.error().detail;
    EXPECT_EQ(*read, row);
    EXPECT_EQ(encode_row(*read), image) << "the scale and the zero's sign are kept";
  }
}

TEST(RowImage, KeepsTheScaleOfADecimal) {
  row_values const row{value::of_decimal(*decimal::parse("12.300"))};
  EXPECT_EQ((*decode_row(encode_row(row)))[0].as_decimal().to_string(), "12.300");
}

TEST(RowImage, DamagedBytesAreRefusedOrAreAnotherRow) {
  test::random_values random(8);
  for (int round = 0; round < 20000; ++round) {
    auto image = encode_row(random.row(6));
    switch (random.number(0, 3)) {
      case 0:
        image.resize(
            static_cast<std::size_t>(random.number(0, static_cast<std::int64_t>(image.size()))));
        break;
      case 1:
        image += random.bytes(4);
        break;
      case 2:
        image = random.bytes(40);
        break;
      default:
        image[static_cast<std::size_t>(
            random.number(0, static_cast<std::int64_t>(image.size()) - 1))] =
            static_cast<char>(random.number(0, 255));
    }
    auto const read = decode_row(image);
    if (read) {
      EXPECT_EQ(encode_row(*read), image) << "what is read is the only way to write it";
    } else {
      EXPECT_EQ(read.error().code, error_code::value_malformed);
    }
  }
}

TEST(RowImage, RefusesWhatNoWriterMakes) {
  std::string const images[] = {
      ""s,                              // no count
      "\x01"s,                          // a value is missing
      "\x00\x00"s,                      // one too many
      "\x01\x12"s,                      // no such type
      "\x01\x01\x02"s,                  // neither true nor false
      "\x01\x02\x80\x00"s,              // a varint with a needless byte
      "\x01\x05\xFF\xFF\xFF\xFF\x0F"s,  // a length beyond the image
      "\x01\x04\x00\x00\x02\x01"s,      // a decimal with a leading zero
      "\x01\x04\x04\x00\x00"s,          // a negative zero
      "\x01\x04\x00\x00\x01\x10"s,      // an odd digit without its end
      "\x01\x04\x00\x00\x01\xAF"s,      // a digit beyond nine
      "\x01\x08\x01"s,                  // a time before midnight
      "\xFF\xFF\xFF\xFF\x0F"s,          // a count beyond the image
  };
  for (auto const& image : images) EXPECT_FALSE(decode_row(image)) << testing::PrintToString(image);
  std::string deep = "\x01"s;
  for (int at = 0; at < 100000; ++at) deep += "\x0D\x01"s;
  EXPECT_FALSE(decode_row(deep)) << "arrays have a depth";
}

TEST(RowKey, OrderOfTheBytesIsTheOrderOfTheValues) {
  test::random_values random(9);
  for (int round = 0; round < 20000; ++round) {
    auto const type = static_cast<value_type>(random.number(0, value_type_count - 1));
    row_values a;
    row_values b;
    for (auto size = random.number(1, 3); size > 0; --size) {
      a.push_back(random.chance(70) ? random.of_type(type) : random.any());
      b.push_back(random.chance(30) ? a.back() : random.of_type(type));
    }
    auto const wanted =
        std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
    EXPECT_EQ(encode_key(a).compare(encode_key(b)) <=> 0, wanted)
        << printed(a) << " and " << printed(b);
  }
}

TEST(RowKey, ReadsBackWhatItWrote) {
  test::random_values random(10);
  for (int round = 0; round < 10000; ++round) {
    auto const key = random.row(4);
    auto const bytes = encode_key(key);
    auto const read = decode_key(bytes);
    ASSERT_TRUE(read) << printed(key);
    EXPECT_EQ(*read, key) << printed(key);
  }
}

TEST(RowKey, OfEqualValuesIsTheSameWhateverTheirForm) {
  auto const key_of = [](std::string_view text) {
    return encode_key(row_values{value::of_decimal(*decimal::parse(text))});
  };
  EXPECT_EQ(key_of("1.50"), key_of("1.5"));
  EXPECT_EQ(key_of("0.00"), key_of("0"));
  EXPECT_NE(key_of("5"), encode_key(row_values{value::of_int64(5)}));
}

TEST(RowKey, DamagedBytesAreRefusedOrAreAnotherKey) {
  test::random_values random(11);
  for (int round = 0; round < 20000; ++round) {
    auto bytes = random.chance(30) ? random.bytes(30) : encode_key(random.row(3));
    if (!bytes.empty() && random.chance(80)) {
      bytes[static_cast<std::size_t>(
          random.number(0, static_cast<std::int64_t>(bytes.size()) - 1))] =
          static_cast<char>(random.number(0, 255));
    }
    auto const read = decode_key(bytes);
    if (read) {
      EXPECT_EQ(encode_key(*read), bytes);
    }
  }
}

TEST(RowKey, HashesAreForEver) {
  EXPECT_EQ(hash_key(""), 0xEFD01F60BA992926U);
  EXPECT_EQ(hash_key("a"), 0x82A2A958A9BECE5BU);
  EXPECT_EQ(hash_key("C1"), 0x72EA7F5B37642436U);
}

}  // namespace
}  // namespace dualwrite
