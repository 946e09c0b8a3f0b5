// What is wrong with a map definition, before anything runs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dualwrite::engine {

// The names are what people search for: never rename.
enum class problem_code : std::uint8_t {
  no_key,                  // the map has no integration key
  unknown_column,          // a table has no such column
  key_nullable,            // a key column may be NULL, and such a row could never be matched
  key_type_unsuitable,     // values of this type do not make a key
  key_types_incompatible,  // the two columns of a key pair cannot hold the same key
  column_side_missing,     // nothing says where the column's value comes from, or goes to
  types_incompatible,      // no value of the one type is one of the other
  conversion_loses,        // ordinary values would be rounded, cut or guessed
  not_invertible,          // written both ways, but the way back gives something else
  value_map_ambiguous,     // two entries for the same value
  value_map_unreadable,    // an entry is not a value of its column
  default_unreadable,      // a default is not a value of its column
  filter_not_boolean,      // a filter answers something else than yes or no
  expression_invalid,      // see the place in the expression
  target_column_missing,   // the target requires a column that nothing is written to
  target_column_twice,     // two pairs write the same column
  target_read_only,        // the app computes the column itself
  soft_delete_unsuitable,  // deletes are to be marked, and there is nothing to mark them with
  target_needs_value,      // the source may have NULL where the target refuses it
  app_unreachable,         // the app does not answer, or not us
  table_missing,           // the app has no such table
  table_unsuitable,        // its app does not let the table be used as the map would
  table_changed,           // it is not as it was when the map ran last
  reference_circle,        // its rows and those of other maps refer to each other
  problem_count,           // no problem
};

// An error keeps the map from running; a warning makes rows fail, or may; a note does neither.
enum class severity : std::uint8_t { error, warning, note };

[[nodiscard]] std::string_view name_of(problem_code code);
[[nodiscard]] std::string_view name_of(severity weight);

struct map_problem {
  problem_code code = problem_code::no_key;
  std::string place;   // as in the definition: "columns[2].value_map"
  std::string reason;  // one sentence, or more lines where an expression is shown
  std::string fix;     // what to do about it
  severity weight = severity::error;

  friend bool operator==(map_problem const&, map_problem const&) = default;
};

// "columns[2]: unknown_column: ... To fix it: ..."
[[nodiscard]] std::string to_string(map_problem const& problem);
// One to a line.
[[nodiscard]] std::string to_string(std::span<map_problem const> problems);

}  // namespace dualwrite::engine
