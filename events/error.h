// What went wrong, as a value: a numbered code, whose class tells the caller what to do, and a
// detail for the operator.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "events/ids.h"

namespace dualwrite {

// What the caller does about an error.
enum class error_class : std::uint8_t {
  none,         // no error
  transient,    // try again, with pacing
  application,  // set this record aside
  conflict,     // choose a winner
  unknown,      // ask the target what it did
  corrupt,      // stop
  refused,      // tell the operator
};

enum class error_code : std::uint16_t {
  ok = 0,
#define DW_ERROR(number, name, kind, sentence) name = number,
#include "events/errors.def"
#undef DW_ERROR
};

[[nodiscard]] error_class class_of(error_code code);
[[nodiscard]] std::string_view name_of(error_code code);
[[nodiscard]] std::string_view sentence_of(error_code code);

struct error {
  error_code code = error_code::ok;
  std::string detail;
  sequence at;  // the event it is about, where there is one

  error() = default;
  error(error_code what, std::string text = {}, sequence where = {})
      : code(what), detail(std::move(text)), at(where) {}

  friend bool operator==(error const&, error const&) = default;
};

// "illegal_transition (1003): The map cannot do this in its present status. customers is Paused"
[[nodiscard]] std::string to_string(error const& what);

}  // namespace dualwrite
