// A table map that fits its two tables, ready to turn rows of the one into rows of the other.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/mapping/expression.h"
#include "engine/mapping/map_definition.h"
#include "engine/mapping/map_problem.h"
#include "events/ids.h"
#include "events/table_schema.h"

namespace dualwrite::engine {

// What is to be written of one row: `columns` of the target's table and their values go together.
struct target_row {
  std::vector<std::size_t> columns{};
  row_values values{};
};

// What becomes of the target's row when the source's row is gone.
enum class removal : std::uint8_t { remove, mark, ignore };

// Rows are rows of the whole table of their side, in its column order; a row that is shorter lacks
// its last columns.
//
// Guarantees: a value arrives exactly or not at all; nothing is rounded, cut or guessed. A row of
// the left and a row of the right table with the same integration key have the same key bytes,
// whatever the types of the columns. A column that is written both ways comes back as it was.
// Errors: `value_not_convertible`, `value_not_mapped`, `column_missing`, `expression_failed`, all
// with the column's name; `key_missing`.
// Threads: one at a time, because of the expressions.
class compiled_map {
 public:
  [[nodiscard]] map_definition const& definition() const { return definition_; }
  [[nodiscard]] std::string const& table(side which) const { return schema(which).table; }
  [[nodiscard]] table_schema const& schema(side which) const { return sides_[at(which)].schema; }

  [[nodiscard]] std::uint64_t fingerprint(side which) const {
    return sides_[at(which)].fingerprint;
  }

  // Whether any column is written this way.
  [[nodiscard]] bool writes(direction way) const { return ways_[at(way)].is_written; }
  // What is written this way, key columns first; columns of the target's table.
  [[nodiscard]] std::vector<std::size_t> const& columns_written(direction way) const {
    return ways_[at(way)].columns;
  }
  // Columns of the source's table, beside the key, that what is written this way follows from.
  [[nodiscard]] std::vector<std::size_t> const& columns_sent(direction way) const {
    return ways_[at(way)].sent;
  }
  // Whether it is a column of this side, beside the key, that one pair writes both ways: changes of
  // both sides clash in these only.
  [[nodiscard]] bool is_shared(side which, std::size_t column) const;
  // Every column of this side that the map looks at, in rising order: keys, sources, filters, and
  // what the map writes here, by which its own writes are known when they come back.
  [[nodiscard]] std::vector<std::size_t> const& reads(side which) const {
    return sides_[at(which)].reads;
  }

  // Whether the filter of this side lets the row through. A filter that answers NULL does not.
  [[nodiscard]] result<bool> eligible(side which, std::span<value const> row) const;
  // Whether the row counts as deleted by the mark in its soft-delete column.
  [[nodiscard]] bool is_marked_removed(side which, std::span<value const> row) const;

  // The columns written this way with their values; a value that the source did not send is
  // `unchanged`.
  [[nodiscard]] result<target_row> to_target(direction way, std::span<value const> row) const;
  [[nodiscard]] removal removal_in(side target) const;
  // What to write instead of removing a row, where removals are marked.
  [[nodiscard]] target_row removal_mark(side target) const;

  // The columns of the integration key on this side, in the order of the definition.
  [[nodiscard]] std::vector<std::size_t> const& key_columns(side which) const {
    return sides_[at(which)].key;
  }
  // Those of them that sort as their texts do, since the other side has texts.
  [[nodiscard]] std::set<std::size_t> key_columns_by_text(side which) const;
  // Whether the column of this side's table is one of key_columns().
  [[nodiscard]] bool is_key(side which, std::size_t column) const;
  // The integration key as bytes that are the same for both sides and sort as its values do.
  [[nodiscard]] result<std::string> key_of(side which, std::span<value const> row) const;
  // The values of key_columns() that such bytes stand for. Errors also: `value_malformed`.
  [[nodiscard]] result<row_values> key_values(side which, std::string_view key) const;
  // The values of the target's key columns for a row of the source.
  [[nodiscard]] result<row_values> target_key(direction way, std::span<value const> row) const;

 private:
  friend class map_compiler;

  // Where one written column gets its value.
  struct column_plan {
    std::size_t target = 0;
    std::optional<std::size_t> source;
    std::optional<expression> formula;
    std::map<value, value> value_map;
    std::optional<value> fallback;  // where the source has NULL or nothing
    bool both_ways = false;         // the value has to survive the way back
    std::string name;               // for people: "country -> country_code"
  };
  struct way_plan {
    bool is_written = false;
    std::vector<column_plan> plans;
    std::vector<std::size_t> columns;
    std::vector<std::size_t> sent;
  };
  struct side_plan {
    table_schema schema;
    std::uint64_t fingerprint = 0;  // of the schema
    std::optional<expression> filter;
    std::optional<std::size_t> soft_delete;
    std::vector<std::size_t> key;
    std::vector<std::size_t> shared;
    std::vector<std::size_t> reads;
  };

  compiled_map() = default;
  template <class Enum>
  static std::size_t at(Enum one) {
    return static_cast<std::size_t>(one);
  }
  bool is_passed_on(direction way, column_plan const& plan, std::span<value const> row) const;
  result<value> written_value(direction way,
                              column_plan const& plan,
                              std::span<value const> row) const;
  // Nothing where it has to be converted, or is not there.
  std::optional<row_values> key_as_it_is(side which, std::span<value const> row) const;
  result<value> converted(direction way, column_plan const& plan, value what) const;

  map_definition definition_;
  std::array<side_plan, 2> sides_;
  std::array<way_plan, 2> ways_;
  row_values::size_type key_size_ = 0;
  std::vector<column_schema> key_types_;  // the one form of the key that both sides are brought to
  bool keys_are_alike_ = true;            // each column of both sides takes it as it is
};

// Errors: `invalid_definition`, with all problems, one to a line.
[[nodiscard]] result<compiled_map> compile(map_definition const& definition,
                                           table_schema const& left,
                                           table_schema const& right);

// All problems at once; none where the map compiles.
[[nodiscard]] std::vector<map_problem> find_problems(map_definition const& definition,
                                                     table_schema const& left,
                                                     table_schema const& right);

}  // namespace dualwrite::engine
