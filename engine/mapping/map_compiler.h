// How a definition becomes a compiled map; only the two files that implement it include this.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/mapping/compiled_map.h"
#include "engine/mapping/map_problem.h"

namespace dualwrite::engine {

[[nodiscard]] std::string_view name_of_side(side which);

// Goes through a definition once and collects every problem on the way.
class map_compiler {
 public:
  map_compiler(map_definition const& definition,
               table_schema const& left,
               table_schema const& right);

  std::vector<map_problem> problems;

  compiled_map take() { return std::move(map_); }

 private:
  using column_plan = compiled_map::column_plan;

  void report(problem_code code, std::string place, std::string reason, std::string fix) {
    problems.push_back({code, std::move(place), std::move(reason), std::move(fix)});
  }
  void warn(problem_code code, std::string place, std::string reason, std::string fix) {
    report(code, std::move(place), std::move(reason), std::move(fix));
    problems.back().weight = severity::warning;
  }
  void check_null(column_pair const& pair,
                  column_schema const& from,
                  column_schema const& to,
                  std::string const& place);
  compiled_map::side_plan& plan_of(side which) {
    return map_.sides_[static_cast<std::size_t>(which)];
  }
  compiled_map::way_plan& plan_of(direction way) {
    return map_.ways_[static_cast<std::size_t>(way)];
  }
  column_schema const& column_of(side which, std::size_t index) {
    return plan_of(which).schema.columns[index];
  }
  std::optional<std::size_t> find(side which, std::string const& name, std::string const& place);
  std::optional<expression> prepare(side which, std::string const& text, std::string const& place);
  void compile_sides();
  void compile_soft_delete(side which, std::string const& name, std::string const& place);
  void compile_key();
  std::optional<std::size_t> find_key(side which,
                                      std::string const& name,
                                      std::string const& place);
  // One column pair, in each direction that it is written.
  void compile_column(std::size_t index);
  bool check_invertible(column_pair const& pair, std::string const& place);
  void compile_way(direction way,
                   column_pair const& pair,
                   std::string const& place,
                   std::array<std::optional<std::size_t>, 2> const& found);
  bool check_fit(column_schema const& from,
                 column_schema const& to,
                 std::string const& what,
                 std::string const& place);
  bool read_default(column_pair const& pair,
                    column_schema const& to,
                    column_plan& plan,
                    std::string const& place);
  bool read_value_map(direction way,
                      column_pair const& pair,
                      column_schema const& to,
                      column_plan& plan,
                      std::string const& place);
  void add(direction way, column_plan plan, std::string const& place);
  void finish(direction way);
  // A column that a pair names has its own problem if it has one; it is not missing besides.
  bool is_named(side which, std::string const& name) const;
  void finish(side which);

  std::shared_ptr<sql_sandbox> sandbox_;
  compiled_map map_;
};

}  // namespace dualwrite::engine
