#include "engine/connectors/postgresql/value_taker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {
namespace {

// Nothing where it is not on columns alone.
result<std::optional<std::vector<std::size_t>>> columns_of(connection& on,
                                                           table_facts const& of,
                                                           std::string const& index) {
  std::optional<std::vector<std::size_t>> out;
  DW_TRY(auto const rows,
         on.query("SELECT a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                  "CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place) "
                  "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
                  "AND a.attnum > 0 "
                  "WHERE i.indrelid = $1::oid AND c.relname = $2 AND k.place <= i.indnkeyatts "
                  "ORDER BY k.place",
                  {std::to_string(of.object), index}));
  std::vector<std::size_t> columns;
  for (int i = 0; i < rows.count(); ++i) {
    if (rows.is_null(i, 0)) return out;
    auto const column = of.schema.column_named(rows.text(i, 0));
    if (!column) return out;
    columns.push_back(*column);
  }
  if (!columns.empty()) out = std::move(columns);
  return out;
}

}  // namespace

result<std::optional<referenced_row>> taker_of(connection& on,
                                               target_write const& wish,
                                               table_facts const& of,
                                               std::string const& index) {
  std::optional<referenced_row> out;
  DW_TRY(auto const columns, columns_of(on, of, index));
  if (!columns) return out;
  row_values wanted;
  for (auto const column : *columns) {
    auto const given = std::find(wish.columns.begin(), wish.columns.end(), column);
    if (given == wish.columns.end()) return out;
    wanted.push_back(wish.values[static_cast<std::size_t>(given - wish.columns.begin())]);
  }
  std::vector<std::string> names;
  for (auto const column : wish.key_columns) names.push_back(name_of(of.schema, column));
  parameters with;
  DW_CHECK(add_values(with, wanted));
  DW_CHECK(add_values(with, wish.old_key ? *wish.old_key : wish.key));
  DW_TRY(auto const rows,
         on.query(fmt::format("SELECT {} FROM {} WHERE {} AND NOT ({}) LIMIT 1",
                              fmt::join(names, ", "),
                              of.sql_name,
                              key_condition(of.schema, *columns, 1),
                              key_condition(of.schema, wish.key_columns, columns->size() + 1)),
                  with));
  if (rows.count() == 0) return out;
  referenced_row taker{wish.table, wish.key_columns, {}};
  for (std::size_t i = 0; i < wish.key_columns.size(); ++i) {
    auto const at = static_cast<int>(i);
    if (rows.is_null(0, at)) return out;
    taker.values.push_back(read_value(rows.text(0, at), of.schema.columns[wish.key_columns[i]]));
  }
  out = std::move(taker);
  return out;
}

}  // namespace dualwrite::engine::postgresql
