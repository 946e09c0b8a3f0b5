// A table map as its author wrote it: which tables, which columns, under which policies. Names, not
// yet checked against any schema.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/ids.h"
#include "events/instant.h"
#include "events/result.h"

namespace dualwrite::engine {

struct map_side {
  std::string table{};
  std::string
      filter{};  // a boolean expression over this side's columns; empty lets every row through
  std::string soft_delete{};  // the column that is true in rows which count as deleted; empty where
                              // there is none

  friend bool operator==(map_side const&, map_side const&) = default;
};

struct key_pair {
  std::string left{};
  std::string right{};

  friend bool operator==(key_pair const&, key_pair const&) = default;
};

enum class conflict_policy : std::uint8_t {
  left_wins,
  right_wins,
  newest_wins,
  manual,  // the key is held until somebody decides
};

struct column_pair {
  std::string
      left{};  // may be empty where it is written from: an expression or a default stands for it
  std::string right{};                                           // the same
  std::optional<direction> only{};                               // both ways where nothing is said
  std::vector<std::pair<std::string, std::string>> value_map{};  // left, right
  std::optional<std::string>
      default_value{};       // for the target, where the source has NULL or nothing
  std::string expression{};  // over the columns of the source
  std::optional<conflict_policy> conflict{};  // the map's where nothing is said

  friend bool operator==(column_pair const&, column_pair const&) = default;
};

enum class delete_policy : std::uint8_t { propagate, ignore, soft_delete };

// How much may wait for a map; zero: any.
struct queue_limits {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  duration age{};
  bool detaches = false;  // on_limit: detach; else its records are kept beyond the limit, too

  bool any() const { return records != 0 || bytes != 0 || age.count() != 0; }
  friend bool operator==(queue_limits const&, queue_limits const&) = default;
};

// The guard against mass deletes: how many deletes towards one side go through within a span of
// time before somebody is asked; zero: any.
struct delete_limits {
  std::uint64_t rows = 0;
  std::uint32_t share = 0;  // percent of the target's table
  duration within = std::chrono::minutes(1);

  bool any() const { return rows != 0 || share != 0; }
  friend bool operator==(delete_limits const&, delete_limits const&) = default;
};

struct map_definition {
  std::string name{};
  map_side left{};
  map_side right{};
  std::vector<key_pair> key{};
  std::vector<column_pair> columns{};
  conflict_policy conflict = conflict_policy::newest_wins;
  delete_policy deletes = delete_policy::propagate;
  duration errors_kept = std::chrono::hours(24);
  bool park_whole_transaction = false;  // errors: { unit: transaction }
  std::string errors_export{};          // a folder: errors are written there before they are purged
  queue_limits queue{};
  delete_limits delete_guard{};
  side master = side::left;  // wins where an initial sync finds both rows and they differ

  [[nodiscard]] map_side const& of(side which) const { return which == side::left ? left : right; }
  // A map of keys alone is written both ways; any other where one of its columns is.
  [[nodiscard]] bool writes(direction way) const;
  // Of a column of that side's table.
  [[nodiscard]] conflict_policy policy_for(side which, std::string_view column) const;

  friend bool operator==(map_definition const&, map_definition const&) = default;
};

// Canonical JSON: equal definitions give equal text, and `parse_definition` gives the definition
// back.
//   {"version":1,"name":..,"left":{"table":..[,"filter":..][,"soft_delete":..]},"right":{..},
//    "key":[{"left":..,"right":..}],
//    "columns":[{["left":..,]["right":..,]["direction":..,]["value_map":[[left,right],..],]
//                ["default":..,]["expression":..,]["conflict":..]}],
//    "conflict":..,"deletes":..,"errors":{"keep_us":..,"unit":..[,"export":..]},
//    ["queue":{"records":..,"bytes":..,"age_us":..,"on_limit":..},]
//    ["delete_guard":{"rows":..,"share":..,"within_us":..},]"master":..}
[[nodiscard]] std::string print_definition(map_definition const& definition);

// Errors: `invalid_definition`, with the place, as in "columns[2].direction: ...".
[[nodiscard]] result<map_definition> parse_definition(std::string_view json);

}  // namespace dualwrite::engine
