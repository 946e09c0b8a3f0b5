// The keys of links, their maps and their alert rules: the larger part of the table of
// config_keys.h.
#pragma once

#include "engine/config/config_keys.h"

namespace dualwrite::engine {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t day_us = 24 * 3600 * second_us;

// `was`, which every thing that has a name may have.
[[nodiscard]] constexpr key_rule was_of(std::string_view example) {
  return {.name = "was",
          .kind = key_kind::name,
          .meaning =
              "The name that it had before: what the log knows under that name is renamed, not "
              "made anew.",
          .example = example};
}

extern object_rule const link_rule;

}  // namespace dualwrite::engine
