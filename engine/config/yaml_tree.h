// YAML 1.2 as a tree that knows where each thing stands. Of YAML it takes what a settings file
// needs: one document of keys with values, lists, and single values. Anchors, aliases, merge keys
// and tags are refused: they make one line mean what another says, and a reader of the file would
// have to know.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/problem_list.h"

namespace dualwrite::engine {

// What a value is by YAML's core schema.
enum class yaml_kind : std::uint8_t { null, boolean, whole_number, number, text, list, object };
// "a whole number", as it is called in messages.
[[nodiscard]] std::string_view name_of(yaml_kind kind);

struct yaml_member;

struct yaml_node {
  yaml_kind kind = yaml_kind::null;
  bool is_refused = false;  // an alias and the like, which has been told already
  std::string text{};       // of a single value, without its quotes
  text_place where{};       // of a single value all of it; of a list or object where it begins
  // Where each line of the text begins in the file; empty where the text does not stand there
  // letter for letter: escaped, folded.
  std::vector<std::size_t> line_starts{};
  std::vector<yaml_node> items{};
  std::vector<yaml_member> members{};  // keys as often as they stand there

  // The first value of this key.
  yaml_node const* find(std::string_view key) const;
  bool is_single() const { return kind != yaml_kind::list && kind != yaml_kind::object; }
  // The place in the file of a part of the text.
  text_place place_of(text_place part) const;
};

struct yaml_member {
  yaml_node key{};
  yaml_node value{};
};

// Nothing where the text is not YAML; whatever is wrong is in `problems`.
[[nodiscard]] std::optional<yaml_node> parse_yaml(std::string_view text, problem_list& problems);

}  // namespace dualwrite::engine
