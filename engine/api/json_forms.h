// How the API writes what JSON has no exact form for.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "events/ids.h"
#include "events/instant.h"
#include "events/utf8_text.h"
#include "events/value.h"

namespace dualwrite::engine {

// 64-bit integers are texts: a reader with doubles only would change them.
template <class Tag>
[[nodiscard]] boost::json::value json_of(typed_number<Tag> number) {
  return boost::json::value(std::to_string(number.value));
}
[[nodiscard]] boost::json::value json_of(std::uint64_t number);
// "2026-11-23T09:24:47.123456Z", null for none.
[[nodiscard]] boost::json::value json_of(instant when);
[[nodiscard]] std::string print_instant(instant when);

[[nodiscard]] std::string_view name_of(direction way);
[[nodiscard]] std::string_view name_of(side of);

// NULL as null, truth as a boolean, what the source did not send is left out by the caller, all
// else as text.
[[nodiscard]] boost::json::value json_of(value const& what);

}  // namespace dualwrite::engine
