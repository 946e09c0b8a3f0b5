#include "engine/mapping/map_definition.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <initializer_list>
#include <span>

namespace dualwrite::engine {
namespace {

namespace json = boost::json;

constexpr std::int64_t format_version = 1;
constexpr std::int64_t exact_max = std::int64_t{1} << 53;  // what JSON's readers still take whole

constexpr std::array<std::string_view, 4> conflict_names{
    "left_wins", "right_wins", "newest_wins", "manual"};
constexpr std::array<std::string_view, 3> delete_names{"propagate", "ignore", "soft_delete"};
constexpr std::array<std::string_view, 2> unit_names{"record", "transaction"};
constexpr std::array<std::string_view, 2> limit_names{"keep", "detach"};
constexpr std::array<std::string_view, 2> side_names{"left", "right"};
constexpr std::array<std::string_view, 2> direction_names{"left_to_right", "right_to_left"};

template <class Enum>
std::size_t index_of(Enum one) {
  return static_cast<std::size_t>(one);
}

json::object print_side(map_side const& one) {
  json::object made;
  made["table"] = one.table;
  if (!one.filter.empty()) made["filter"] = one.filter;
  if (!one.soft_delete.empty()) made["soft_delete"] = one.soft_delete;
  return made;
}

json::object print_column(column_pair const& column) {
  json::object made;
  if (!column.left.empty()) made["left"] = column.left;
  if (!column.right.empty()) made["right"] = column.right;
  if (column.only) made["direction"] = direction_names[index_of(*column.only)];
  if (!column.value_map.empty()) {
    json::array pairs;
    for (auto const& [left, right] : column.value_map) pairs.push_back(json::array{left, right});
    made["value_map"] = std::move(pairs);
  }
  if (column.default_value) made["default"] = *column.default_value;
  if (!column.expression.empty()) made["expression"] = column.expression;
  if (column.conflict) made["conflict"] = conflict_names[index_of(*column.conflict)];
  return made;
}

// Reads members of one object. The first thing that is wrong is kept, with its place, and what is
// read after it does not count.
class object_reader {
 public:
  object_reader(json::value const& from, std::string place, error& problem)
      : problem_(problem), place_(std::move(place)) {
    if (from.is_object())
      object_ = &from.as_object();
    else
      refuse("", "an object is needed.");
  }

  bool ok() const { return problem_.code == error_code::ok; }
  void refuse(std::string_view name, std::string_view why) {
    if (!ok()) return;
    auto const dot = place_.empty() || name.empty() ? "" : ".";
    problem_ = {error_code::invalid_definition, fmt::format("{}{}{}: {}", place_, dot, name, why)};
  }
  std::string place_of(std::string_view name) const {
    return place_.empty() ? std::string(name) : fmt::format("{}.{}", place_, name);
  }

  void only(std::initializer_list<std::string_view> known) {
    if (!ok()) return;
    for (auto const& member : *object_) {
      std::string_view const name(member.key().data(), member.key().size());
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        refuse(name, "there is no such setting.");
      }
    }
  }
  json::value const* find(std::string_view name) {
    return ok() ? object_->if_contains({name.data(), name.size()}) : nullptr;
  }
  void text(std::string_view name, std::string& into, bool required = false) {
    auto const* found = find(name);
    if (found == nullptr) {
      if (required) refuse(name, "is missing.");
      return;
    }
    if (!found->is_string()) return refuse(name, "a text is needed.");
    into.assign(found->as_string().data(), found->as_string().size());
    if (required && into.empty()) refuse(name, "is empty.");
  }
  std::optional<std::int64_t> number(std::string_view name) {
    auto const* found = find(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_int64()) return found->as_int64();
    refuse(name, "a whole number is needed.");
    return std::nullopt;
  }
  std::optional<std::size_t> choice(std::string_view name,
                                    std::span<std::string_view const> names) {
    if (find(name) == nullptr) return std::nullopt;
    std::string chosen;
    text(name, chosen);
    for (std::size_t at = 0; at < names.size(); ++at) {
      if (names[at] == chosen) return at;
    }
    refuse(name, fmt::format("'{}' is not one of {}.", chosen, fmt::join(names, ", ")));
    return std::nullopt;
  }
  // Every element of an array, with its place.
  template <class Read>
  void each(std::string_view name, Read read) {
    auto const* found = find(name);
    if (found == nullptr) return;
    if (!found->is_array()) return refuse(name, "a list is needed.");
    std::size_t at = 0;
    for (auto const& element : found->as_array()) {
      read(element, fmt::format("{}[{}]", place_of(name), at++));
      if (!ok()) return;
    }
  }

 private:
  json::object const* object_ = nullptr;
  error& problem_;
  std::string place_;
};

void read_side(object_reader& outer, std::string_view name, error& problem, map_side& into) {
  auto const* found = outer.find(name);
  if (found == nullptr) return outer.refuse(name, "is missing.");
  object_reader reader(*found, outer.place_of(name), problem);
  reader.only({"table", "filter", "soft_delete"});
  reader.text("table", into.table, true);
  reader.text("filter", into.filter);
  reader.text("soft_delete", into.soft_delete);
}

void read_key(json::value const& from, std::string place, error& problem, map_definition& into) {
  object_reader reader(from, std::move(place), problem);
  auto& pair = into.key.emplace_back();
  reader.only({"left", "right"});
  reader.text("left", pair.left, true);
  reader.text("right", pair.right, true);
}

void read_value_pair(json::value const& from, object_reader& column, column_pair& into) {
  auto const* pair = from.if_array();
  if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) {
    return column.refuse("value_map", "pairs of texts are needed.");
  }
  into.value_map.emplace_back(
      std::string((*pair)[0].as_string().c_str(), (*pair)[0].as_string().size()),
      std::string((*pair)[1].as_string().c_str(), (*pair)[1].as_string().size()));
}

void read_column(json::value const& from, std::string place, error& problem, map_definition& into) {
  object_reader reader(from, std::move(place), problem);
  auto& column = into.columns.emplace_back();
  reader.only({"left", "right", "direction", "value_map", "default", "expression", "conflict"});
  reader.text("left", column.left);
  reader.text("right", column.right);
  if (auto const way = reader.choice("direction", direction_names)) {
    column.only = static_cast<direction>(*way);
  }
  reader.each("value_map", [&](json::value const& pair, std::string const&) {
    read_value_pair(pair, reader, column);
  });
  if (reader.find("default") != nullptr) reader.text("default", column.default_value.emplace());
  reader.text("expression", column.expression);
  if (auto const one = reader.choice("conflict", conflict_names))
    column.conflict = static_cast<conflict_policy>(*one);
}

void read_errors(object_reader& outer, error& problem, map_definition& into) {
  auto const* found = outer.find("errors");
  if (found == nullptr) return;
  object_reader reader(*found, "errors", problem);
  reader.only({"keep_us", "unit", "export"});
  if (auto const kept = reader.number("keep_us")) into.errors_kept = duration(*kept);
  if (into.errors_kept.count() <= 0) reader.refuse("keep_us", "is not positive.");
  if (auto const unit = reader.choice("unit", unit_names)) into.park_whole_transaction = *unit == 1;
  reader.text("export", into.errors_export);
}

void read_delete_guard(object_reader& outer, error& problem, map_definition& into) {
  auto const* found = outer.find("delete_guard");
  if (found == nullptr) return;
  object_reader reader(*found, "delete_guard", problem);
  reader.only({"rows", "share", "within_us"});
  auto const number = [&](std::string_view name, std::int64_t fallback, std::int64_t max) {
    auto const said = reader.number(name).value_or(fallback);
    if (said < 0 || said > max) reader.refuse(name, fmt::format("is not from 0 to {}.", max));
    return said;
  };
  auto& guard = into.delete_guard;
  guard.rows = static_cast<std::uint64_t>(number("rows", 0, exact_max));
  guard.share = static_cast<std::uint32_t>(number("share", 0, 100));
  guard.within = duration(number("within_us", guard.within.count(), exact_max));
}

void read_queue(object_reader& outer, error& problem, map_definition& into) {
  auto const* found = outer.find("queue");
  if (found == nullptr) return;
  object_reader reader(*found, "queue", problem);
  reader.only({"records", "bytes", "age_us", "on_limit"});
  auto const limit = [&](std::string_view name) -> std::int64_t {
    auto const number = reader.number(name).value_or(0);
    if (number < 0) reader.refuse(name, "is negative.");
    return number;
  };
  into.queue.records = static_cast<std::uint64_t>(limit("records"));
  into.queue.bytes = static_cast<std::uint64_t>(limit("bytes"));
  into.queue.age = duration(limit("age_us"));
  if (auto const one = reader.choice("on_limit", limit_names)) into.queue.detaches = *one == 1;
}

}  // namespace

bool map_definition::writes(direction way) const {
  return columns.empty() ||
         std::any_of(columns.begin(), columns.end(), [way](column_pair const& pair) {
           return !pair.only || *pair.only == way;
         });
}

conflict_policy map_definition::policy_for(side which, std::string_view column) const {
  for (auto const& pair : columns) {
    bool const is_it = (which == side::left ? pair.left : pair.right) == column;
    if (is_it && !pair.only && pair.conflict) return *pair.conflict;
  }
  return conflict;
}

std::string print_definition(map_definition const& definition) {
  json::object made;
  made["version"] = format_version;
  made["name"] = definition.name;
  made["left"] = print_side(definition.left);
  made["right"] = print_side(definition.right);
  json::array keys;
  for (auto const& pair : definition.key)
    keys.push_back({{"left", pair.left}, {"right", pair.right}});
  made["key"] = std::move(keys);
  json::array columns;
  for (auto const& column : definition.columns) columns.push_back(print_column(column));
  made["columns"] = std::move(columns);
  made["conflict"] = conflict_names[index_of(definition.conflict)];
  made["deletes"] = delete_names[index_of(definition.deletes)];
  made["errors"] = {{"keep_us", definition.errors_kept.count()},
                    {"unit", unit_names[definition.park_whole_transaction ? 1 : 0]}};
  if (!definition.errors_export.empty())
    made["errors"].as_object()["export"] = definition.errors_export;
  if (definition.queue != queue_limits{}) {
    made["queue"] = {{"records", definition.queue.records},
                     {"bytes", definition.queue.bytes},
                     {"age_us", definition.queue.age.count()},
                     {"on_limit", limit_names[definition.queue.detaches ? 1 : 0]}};
  }
  if (definition.delete_guard != delete_limits{}) {
    made["delete_guard"] = {{"rows", definition.delete_guard.rows},
                            {"share", definition.delete_guard.share},
                            {"within_us", definition.delete_guard.within.count()}};
  }
  made["master"] = side_names[index_of(definition.master)];
  return json::serialize(made);
}

result<map_definition> parse_definition(std::string_view text) {
  boost::system::error_code failed;
  auto const parsed = json::parse({text.data(), text.size()}, failed);
  if (failed) return error{error_code::invalid_definition, "This is not JSON: " + failed.message()};
  error problem;
  map_definition made;
  object_reader reader(parsed, "", problem);
  reader.only({"version",
               "name",
               "left",
               "right",
               "key",
               "columns",
               "conflict",
               "deletes",
               "errors",
               "queue",
               "delete_guard",
               "master"});
  auto const version = reader.number("version");
  if (version != format_version) {
    reader.refuse("version", fmt::format("this release reads version {}.", format_version));
  }
  reader.text("name", made.name, true);
  read_side(reader, "left", problem, made.left);
  read_side(reader, "right", problem, made.right);
  reader.each("key", [&](json::value const& from, std::string place) {
    read_key(from, std::move(place), problem, made);
  });
  reader.each("columns", [&](json::value const& from, std::string place) {
    read_column(from, std::move(place), problem, made);
  });
  if (made.key.empty()) reader.refuse("key", "has to name at least one pair of columns.");
  if (auto const one = reader.choice("conflict", conflict_names)) {
    made.conflict = static_cast<conflict_policy>(*one);
  }
  if (auto const one = reader.choice("deletes", delete_names)) {
    made.deletes = static_cast<delete_policy>(*one);
  }
  read_errors(reader, problem, made);
  read_queue(reader, problem, made);
  read_delete_guard(reader, problem, made);
  if (auto const one = reader.choice("master", side_names)) made.master = static_cast<side>(*one);
  if (problem.code != error_code::ok) return problem;
  return made;
}

}  // namespace dualwrite::engine
