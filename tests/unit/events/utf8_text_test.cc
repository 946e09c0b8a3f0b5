#include "events/utf8_text.h"

#include <gtest/gtest.h>

namespace dualwrite {
namespace {

TEST(Utf8Text, IsToldWhereverItIs) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t behind = 0; behind < 10; ++behind) {
      auto const text = [&](char const* middle) {
        return std::string(before, 'a') + middle + std::string(behind, 'b');
      };
      for (auto const* good :
           {"", "\x7F", "\u00E9", "\u20AC", "\U0001F600", "\uD7FF", "\U0010FFFF"})
        EXPECT_TRUE(is_utf8(text(good))) << before << good << behind;
      for (auto const* bad : {"\x80",
                              "\xFC",
                              "\xC0\xAF",
                              "\xE2\x82",
                              "\xE0\x9F\xBF",
                              "\xED\xA0\x80",
                              "\xF0\x8F\xBF\xBF",
                              "\xF4\x90\x80\x80",
                              "\xC3",
                              "\xC3\xA9\xA9"})
        EXPECT_FALSE(is_utf8(text(bad))) << before << bad << behind;
    }
  }
}

}  // namespace
}  // namespace dualwrite
