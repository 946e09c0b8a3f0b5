// Holds a single value against the rule of its key.
#pragma once

#include <initializer_list>

#include "engine/config/key_check.h"

namespace dualwrite::engine {

// What the check of a tree gathers.
// Lifetime: the problems outlive it.
struct check_state {
  problem_list& problems;
  faulty_nodes faulty{};

  void refuse(yaml_node const& node,
              config_code code,
              std::string message,
              std::string suggestion = {});
  void refuse_twice(yaml_node const& key, std::string_view where);
  // Whether the value is of one of these kinds; it is refused where it is not.
  bool needs(yaml_node const& key,
             yaml_node const& value,
             key_rule const& rule,
             std::initializer_list<yaml_kind> kinds);
  void check_name(yaml_node const& value);
};

// "did you mean 'path'?", or what there is.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<std::string_view const> known);

// All kinds but objects, and lists and maps of them.
void check_plain_value(check_state& state,
                       yaml_node const& key,
                       yaml_node const& value,
                       key_rule const& rule);

}  // namespace dualwrite::engine
