#include "engine/config/map_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "engine/config/scalars.h"

namespace dualwrite::engine {
namespace {

yaml_node const nothing{};

// Of a guard that names neither rows nor a share.
constexpr std::uint64_t guard_rows = 100;

constexpr std::array both_ways{direction::left_to_right, direction::right_to_left};

std::string_view name_of_side(side which) {
  return which == side::left ? "left" : "right";
}

struct map_reader {
  problem_list& problems;
  // Which place writes a column of a target.
  std::map<std::pair<direction, std::string>, text_place> written{};

  map_side read_side(checked_object const& from) {
    return {from.text("table"), from.text("filter"), from.text("soft_delete")};
  }

  void write(direction way, std::string const& column, text_place where) {
    if (column.empty() || written.insert({{way, column}, where}).second) return;
    problems.error(config_code::used_twice,
                   where,
                   fmt::format("The {} column '{}' is written {} by another pair already.",
                               name_of_side(target_of(way)),
                               column,
                               way == direction::left_to_right ? "left_to_right" : "right_to_left"),
                   "keep one of the pairs, or give them different directions.");
  }

  key_pair read_key(checked_object const& from) {
    key_pair made{from.text("left"), from.text("right")};
    if (auto const* right = from.find("right"))
      write(direction::left_to_right, made.right, right->where);
    if (auto const* left = from.find("left"))
      write(direction::right_to_left, made.left, left->where);
    return made;
  }

  column_pair read_column(checked_object const& from) {
    column_pair made;
    made.left = from.text("left");
    made.right = from.text("right");
    made.expression = from.text("expression");
    if (auto const* value = from.find("default")) made.default_value = value->text;
    auto const way = from.choice("direction", way_choices());
    if (way && *way < 2) made.only = static_cast<direction>(*way);
    if (auto const* value = from.find("value_map")) read_value_map(*value, made);
    check_sides(from, made);
    if (!made.only) check_way_back(from, made);
    read_conflict(from, made);
    for (auto const one : both_ways) {
      if (made.only && *made.only != one) continue;
      auto const* target = from.find(name_of_side(target_of(one)));
      if (target != nullptr) write(one, target->text, target->where);
    }
    return made;
  }

  void read_conflict(checked_object const& from, column_pair& into) {
    auto const one = from.choice("conflict", conflict_choices());
    if (!one) return;
    into.conflict = static_cast<conflict_policy>(*one);
    if (!into.only) return;
    problems.error(config_code::invalid_value,
                   from.find("conflict")->where,
                   "The column is written one way only: nobody can be in conflict about it.",
                   "take conflict out, or the direction.");
  }

  void read_value_map(yaml_node const& from, column_pair& into) {
    for (auto const& [left, right] : from.members)
      into.value_map.emplace_back(left.text, right.text);
    for (auto const& pair : from.items)
      into.value_map.emplace_back(pair.items[0].text, pair.items[1].text);
    if (into.only != direction::right_to_left) check_single(from, side::left, into);
    if (into.only != direction::left_to_right) check_single(from, side::right, into);
  }
  // A value that is mapped from must stand there once.
  void check_single(yaml_node const& from, side which, column_pair const& column) {
    std::map<std::string, std::string> seen;
    for (std::size_t at = 0; at < column.value_map.size(); ++at) {
      auto const& [left, right] = column.value_map[at];
      auto const& one = which == side::left ? left : right;
      auto const& other = which == side::left ? right : left;
      auto const [found, is_new] = seen.insert({one, other});
      if (is_new) continue;
      auto const& node = value_node(from, at, which);
      problems.error(config_code::not_one_to_one,
                     node.where,
                     fmt::format("The {} value '{}' stands for '{}' and for '{}'.",
                                 name_of_side(which),
                                 one,
                                 found->second,
                                 other),
                     column.only
                         ? "keep one of them."
                         : "keep one of them, or write the column one way only with a direction.");
    }
  }
  static yaml_node const& value_node(yaml_node const& from, std::size_t at, side which) {
    if (from.kind == yaml_kind::list) return from.items[at].items[which == side::left ? 0 : 1];
    return which == side::left ? from.members[at].key : from.members[at].value;
  }

  void check_sides(checked_object const& from, column_pair const& column) {
    auto const lacks = [&](side which) { return from.node().find(name_of_side(which)) == nullptr; };
    auto const refuse = [&](side which, std::string_view what) {
      problems.error(config_code::missing_key,
                     from.node().where,
                     fmt::format("A column pair needs '{}': {}", name_of_side(which), what),
                     fmt::format("add {}: COLUMN", name_of_side(which)));
    };
    if (!column.only) {
      for (auto const which : {side::left, side::right}) {
        if (lacks(which)) refuse(which, "it is written both ways, unless a direction is given.");
      }
      return;
    }
    auto const source = source_of(*column.only);
    if (lacks(target_of(*column.only)))
      refuse(target_of(*column.only), "it is the column that is written.");
    bool const stands_in =
        from.node().find("expression") != nullptr || from.node().find("default") != nullptr;
    if (lacks(source) && !stands_in)
      refuse(source, "nothing else says where the value comes from.");
  }

  void check_way_back(checked_object const& from, column_pair const& column) {
    auto const refuse = [&](std::string_view key, std::string_view why) {
      problems.error(config_code::not_one_to_one,
                     from.find(key)->where,
                     fmt::format("The column is written both ways, but {}.", why),
                     "add direction: left_to_right or direction: right_to_left.");
    };
    if (!column.expression.empty()) refuse("expression", "an expression has no way back");
    if (column.default_value)
      refuse("default", "a default does not tell whether the source had a value");
  }
};

}  // namespace

yaml_node const* checked_object::find(std::string_view key) const {
  auto const* found = node_.find(key);
  return found == nullptr || faulty_.contains(found) ? nullptr : found;
}

checked_object checked_object::object(std::string_view key) const {
  auto const* found = find(key);
  return {found == nullptr ? nothing : *found, faulty_};
}

std::vector<yaml_node const*> checked_object::items(std::string_view key) const {
  std::vector<yaml_node const*> made;
  auto const* found = find(key);
  if (found == nullptr) return made;
  for (auto const& item : found->items) {
    if (!faulty_.contains(&item)) made.push_back(&item);
  }
  return made;
}

std::string checked_object::text(std::string_view key) const {
  auto const* found = find(key);
  return found == nullptr ? std::string() : found->text;
}

std::optional<std::size_t> checked_object::choice(std::string_view key,
                                                  std::span<std::string_view const> choices) const {
  auto const* found = find(key);
  if (found == nullptr) return std::nullopt;
  return static_cast<std::size_t>(std::find(choices.begin(), choices.end(), found->text) -
                                  choices.begin());
}

std::optional<duration> checked_object::span(std::string_view key) const {
  auto const* found = find(key);
  return found == nullptr ? std::nullopt : parse_duration(found->text);
}

std::optional<std::uint64_t> checked_object::number(std::string_view key) const {
  auto const* found = find(key);
  if (found == nullptr) return std::nullopt;
  return std::stoull(found->text);
}

std::optional<bool> checked_object::flag(std::string_view key) const {
  auto const* value = find(key);
  if (value == nullptr) return std::nullopt;
  return (value->text.front() | 0x20) == 't';
}

namespace {

void read_queue(checked_object const& from, queue_limits& into, problem_list& problems) {
  into.records = from.number("records").value_or(0);
  into.bytes = from.number("bytes").value_or(0);
  into.age = from.span("age").value_or(duration{});
  if (auto const one = from.choice("on_limit", limit_choices())) into.detaches = *one == 1;
  if (!into.detaches || into.any()) return;
  problems.error(config_code::missing_key,
                 from.find("on_limit")->where,
                 "The map is to be detached at a limit of its queue, but there is none.",
                 "add records, bytes or age.");
}

void read_delete_guard(checked_object const& from, delete_limits& into) {
  into.share = static_cast<std::uint32_t>(from.number("share").value_or(0));
  into.rows = from.number("rows").value_or(into.share == 0 ? guard_rows : 0);
  if (auto const span = from.span("within")) into.within = *span;
}

}  // namespace

map_config read_map(checked_object const& from, problem_list& problems) {
  map_reader reader{problems};
  map_config made;
  auto& definition = made.definition;
  made.was = from.text("was");
  definition.name = from.text("name");
  definition.left = reader.read_side(from.object("left"));
  definition.right = reader.read_side(from.object("right"));
  for (auto const* item : from.items("key"))
    definition.key.push_back(reader.read_key({*item, from.faulty()}));
  for (auto const* item : from.items("columns")) {
    definition.columns.push_back(reader.read_column({*item, from.faulty()}));
  }
  if (auto const* key = from.find("key"); key != nullptr && key->items.empty()) {
    problems.error(config_code::invalid_value,
                   key->where,
                   "'key' is empty: the map has no integration key.",
                   "name the columns by which rows of both tables are the same.");
  }
  if (auto const one = from.choice("conflict", conflict_choices()))
    definition.conflict = static_cast<conflict_policy>(*one);
  if (auto const one = from.choice("deletes", delete_choices()))
    definition.deletes = static_cast<delete_policy>(*one);
  if (auto const one = from.choice("master", side_choices()))
    definition.master = static_cast<side>(*one);
  auto const errors = from.object("errors");
  if (auto const kept = errors.span("keep")) definition.errors_kept = *kept;
  if (auto const unit = errors.choice("unit", unit_choices()))
    definition.park_whole_transaction = *unit == 1;
  definition.errors_export = errors.text("export");
  if (from.find("delete_guard") != nullptr)
    read_delete_guard(from.object("delete_guard"), definition.delete_guard);
  read_queue(from.object("queue"), definition.queue, problems);
  bool const marks = from.object("left").node().find("soft_delete") != nullptr ||
                     from.object("right").node().find("soft_delete") != nullptr;
  if (definition.deletes == delete_policy::soft_delete && !marks) {
    problems.error(config_code::missing_key,
                   from.find("deletes")->where,
                   "Deletes are to be marked, but neither side names a soft_delete column.",
                   "add soft_delete: COLUMN to a side, or set deletes to propagate or ignore.");
  }
  return made;
}

}  // namespace dualwrite::engine
