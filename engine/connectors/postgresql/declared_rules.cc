#include "engine/connectors/postgresql/declared_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {
namespace {

using conditions = std::vector<std::string>;

// The names of an array of them, all of which have to be given.
std::string given(std::vector<std::size_t> const& columns, table_facts const& of) {
  std::vector<std::string> names;
  for (auto const column : columns) names.push_back(quoted_text(of.schema.columns[column].name));
  return fmt::format("ARRAY[{}]::name[]", fmt::join(names, ", "));
}

result<void> add_checks(conditions& to,
                        connection& on,
                        table_facts const& of,
                        std::string const& names) {
  DW_TRY(
      auto const rows,
      on.query(fmt::format("SELECT pg_get_expr(c.conbin, c.conrelid) FROM pg_constraint c "
                           "WHERE c.conrelid = $1::oid AND c.contype = 'c' AND {} @> (SELECT "
                           "array_agg(attname) FROM pg_attribute WHERE attrelid = c.conrelid AND "
                           "attnum = ANY(c.conkey))",
                           names),
               {std::to_string(of.object)}));
  for (int i = 0; i < rows.count(); ++i)
    to.push_back(fmt::format("({}) IS FALSE", rows.text(i, 0)));
  return {};
}

result<void> add_references(conditions& to,
                            connection& on,
                            table_facts const& of,
                            std::string const& names) {
  DW_TRY(
      auto const rows,
      on.query(fmt::format("SELECT string_agg(format('r.%I IS NOT NULL', a.attname), ' AND '), "
                           "  c.confrelid::regclass, "
                           "  string_agg(format('p.%I = r.%I', b.attname, a.attname), ' AND ') "
                           "FROM pg_constraint c "
                           "CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k(own, far) "
                           "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own "
                           "JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.far "
                           "WHERE c.conrelid = $1::oid AND c.contype = 'f' "
                           "  AND c.confrelid <> c.conrelid AND NOT c.condeferrable "
                           "GROUP BY c.oid, c.confrelid HAVING {} @> array_agg(a.attname)",
                           names),
               {std::to_string(of.object)}));
  for (int i = 0; i < rows.count(); ++i) {
    to.push_back(fmt::format("({} AND NOT EXISTS (SELECT FROM {} p WHERE {}))",
                             rows.text(i, 0),
                             rows.text(i, 1),
                             rows.text(i, 2)));
  }
  return {};
}

// The row itself has them already where it is there.
result<void> add_unique_values(conditions& to,
                               connection& on,
                               table_facts const& of,
                               std::string const& names,
                               std::vector<std::size_t> const& key) {
  DW_TRY(auto const rows,
         on.query(
             fmt::format("SELECT string_agg(format('t.%1$I = r.%1$I', a.attname), ' AND ') "
                         "FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH "
                         "ORDINALITY k(number, place) JOIN pg_attribute a ON "
                         "a.attrelid = i.indrelid AND a.attnum = k.number "
                         "WHERE i.indrelid = $1::oid AND i.indisunique AND i.indpred IS NULL "
                         "  AND i.indexprs IS NULL AND i.indimmediate AND k.place <= i.indnkeyatts "
                         "GROUP BY i.indexrelid HAVING {0} @> array_agg(a.attname) "
                         "  AND NOT array_agg(a.attname) <@ {1}",
                         names,
                         given(key, of)),
             {std::to_string(of.object)}));
  std::vector<std::string> own;
  for (auto const column : key)
    own.push_back(fmt::format("t.{0} = r.{0}", name_of(of.schema, column)));
  for (int i = 0; i < rows.count(); ++i) {
    to.push_back(fmt::format("EXISTS (SELECT FROM {} t WHERE {} AND NOT ({}))",
                             of.sql_name,
                             rows.text(i, 0),
                             fmt::join(own, " AND ")));
  }
  return {};
}

}  // namespace

bool breaks_column_rules(column_schema const& column, std::optional<std::string> const& text) {
  if (!text) return !column.nullable;
  if (column.length_max == 0 || column.type != value_type::text) return false;
  // Blanks at the end are cut off, and not refused.
  auto const end = text->find_last_not_of(' ') + 1;
  auto const is_first = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
  };
  auto const last = text->begin() + static_cast<std::ptrdiff_t>(end);
  return std::count_if(text->begin(), last, is_first) >
         static_cast<std::ptrdiff_t>(column.length_max);
}

result<std::string> breaks_declared_rules(connection& on,
                                          table_facts const& of,
                                          std::vector<std::size_t> const& columns,
                                          std::vector<std::size_t> const& key) {
  conditions all;
  auto const names = given(columns, of);
  DW_CHECK(add_checks(all, on, of, names));
  DW_CHECK(add_references(all, on, of, names));
  DW_CHECK(add_unique_values(all, on, of, names, key));
  return fmt::format("{}", fmt::join(all, " OR "));
}

}  // namespace dualwrite::engine::postgresql
