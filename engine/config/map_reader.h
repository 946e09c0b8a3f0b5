// One table map of a configuration file: its keys to a definition, and what can be said against it
// before any table is known.
#pragma once

#include "engine/config/key_check.h"
#include "engine/config/server_config.h"

namespace dualwrite::engine {

// Reads the members of an object that have been checked: what is absent or faulty reads as nothing.
class checked_object {
 public:
  checked_object(yaml_node const& node, faulty_nodes const& faulty)
      : node_(node), faulty_(faulty) {}

  yaml_node const* find(std::string_view key) const;
  // The object under this key; an empty one where there is none.
  checked_object object(std::string_view key) const;
  // The elements of a list that are not faulty.
  std::vector<yaml_node const*> items(std::string_view key) const;
  std::string text(std::string_view key) const;
  std::optional<std::size_t> choice(std::string_view key,
                                    std::span<std::string_view const> choices) const;
  std::optional<duration> span(std::string_view key) const;
  std::optional<std::uint64_t> number(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;

  yaml_node const& node() const { return node_; }
  faulty_nodes const& faulty() const { return faulty_; }

 private:
  yaml_node const& node_;
  faulty_nodes const& faulty_;
};

[[nodiscard]] map_config read_map(checked_object const& from, problem_list& problems);

}  // namespace dualwrite::engine
