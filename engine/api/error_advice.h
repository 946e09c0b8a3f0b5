// What an error means in plain words, and what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "projections/parked.h"

namespace dualwrite::engine {

struct error_advice {
  std::string_view cause;
  std::string_view fix;
};

// By the app's own code where it is known, else by the class.
[[nodiscard]] error_advice advice_for(projections::parked_row const& row);

// The text with what differs from row to row taken out: numbers, quoted values and ids; so that
// errors of one kind have one text.
[[nodiscard]] std::string normalised(std::string_view text);

}  // namespace dualwrite::engine
