#include "engine/connectors/postgresql/postgresql_schema.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/row_sql.h"
#include "engine/mapping/column_limits.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr std::int64_t header_bytes = 4;  // that a type modifier counts in

// By the catalogue's number; a table may be named in two ways.
using by_object = std::multimap<std::uint64_t, table_facts*>;

template <class Take>
void for_tables(by_object const& tables, answer const& rows, int row, Take const& take) {
  auto const object = static_cast<std::uint64_t>(rows.integer(row, 0));
  auto const [first, last] = tables.equal_range(object);
  for (auto one = first; one != last; ++one) take(*one->second);
}

std::string objects_of(by_object const& tables) {
  std::vector<std::string> objects;
  for (auto const& [object, facts] : tables) objects.push_back(std::to_string(object));
  return array_of(objects);
}

// A point is a part of the name where there is such a table, else it stands behind the schema's.
result<by_object> find_tables(connection& on, std::vector<table_facts>& tables) {
  std::vector<std::string> plain;
  std::vector<std::string> parted;
  for (auto const& facts : tables) {
    auto const& name = facts.schema.table;
    auto const point = name.find('.');
    plain.push_back(quoted_name(name));
    parted.push_back(point == std::string::npos ? quoted_name(name)
                                                : quoted_name(name.substr(0, point)) + "." +
                                                      quoted_name(name.substr(point + 1)));
  }
  DW_TRY(
      auto const found,
      on.query("SELECT c.oid, n.nspname, c.relname, NOT row_security_active(c.oid), i.place, "
               "  EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgtype & 1 = 0) "
               "FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i(plain, parted, place) "
               "JOIN pg_class c ON c.oid = coalesce(to_regclass(plain), to_regclass(parted)) "
               "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')",
               {array_of(plain), array_of(parted)}));
  by_object out;
  for (int i = 0; i < found.count(); ++i) {
    auto& facts = tables[static_cast<std::size_t>(found.integer(i, 4)) - 1];
    facts.object = static_cast<std::uint64_t>(found.integer(i, 0));
    facts.own_name = found.text(i, 2);
    facts.sql_name = quoted_name(found.text(i, 1)) + "." + quoted_name(facts.own_name);
    facts.takes_copies = found.is_true(i, 3);
    facts.tells_statements = found.is_true(i, 5);
    out.emplace(facts.object, &facts);
  }
  for (auto const& facts : tables) {
    if (facts.object == 0) return error{error_code::table_missing, facts.schema.table};
  }
  return out;
}

// A time has its places as the modifier, an interval in its lower half; the upper half of that are
// the bits of its fields.
time_unit unit_of(std::string_view base, std::int64_t modifier) {
  constexpr std::int64_t places_max = 6;
  constexpr std::array<std::pair<std::int64_t, time_unit>, 6> fields{{{12, time_unit::second},
                                                                      {11, time_unit::minute},
                                                                      {10, time_unit::hour},
                                                                      {3, time_unit::day},
                                                                      {1, time_unit::month},
                                                                      {2, time_unit::year}}};
  auto places = modifier;
  if (base == "interval" && modifier >= 0) {
    auto const finest = std::find_if(fields.begin(), fields.end(), [&](auto const& field) {
      return (modifier >> 16 >> field.first & 1) != 0;
    });
    if (finest != fields.end() && finest->second != time_unit::second) return finest->second;
    places = modifier & 0xffff;
  }
  if (places < 0 || places > places_max) return time_unit::microsecond;
  return static_cast<time_unit>(static_cast<std::int64_t>(time_unit::second) - places);
}

// What PostgreSQL does to a value that its type does not hold, and does not tell.
void set_keeping(column_schema& column, std::string_view base, std::int64_t modifier) {
  constexpr std::uint32_t name_bytes = 63;
  if (is_timed(column.type)) {
    column.precision = static_cast<std::uint32_t>(unit_of(base, modifier));
  } else if (column.type == value_type::float64) {
    column.precision = base == "float4" ? float_single : float_double;
  } else if (column.type == value_type::json) {
    column.precision = base == "json" ? json_verbatim : json_normalized;
  } else if (base == "name" || base == "char") {
    column.precision = text_cut;
    column.length_max = base == "name" ? name_bytes : 1;
  } else if (base == "bpchar" && column.length_max > 0) {
    column.precision = text_padded;
  }
}

// The lower eleven bits, which may stand for a negative number: numeric(5,-2) keeps hundreds.
std::uint32_t scale_in(std::uint32_t size) {
  constexpr std::uint32_t sign = 0x400;
  return (((size & 0x7ffU) ^ sign) - sign);
}

void set_limits(column_schema& column, std::string_view base, std::int64_t modifier) {
  if (modifier >= header_bytes) {
    auto const size = static_cast<std::uint32_t>(modifier - header_bytes);
    if (base == "numeric") {
      column.precision = size >> 16U;
      column.scale = scale_in(size);
    } else if (base == "varchar" || base == "bpchar") {
      column.length_max = size;
    }
  }
  set_keeping(column, base, modifier);
}

// Of columns by the type that they are of.
result<void> read_labels(connection& on,
                         std::multimap<std::string, column_schema*> const& enumerations) {
  std::vector<std::string> types;
  for (auto const& [type, column] : enumerations) types.push_back(type);
  if (types.empty()) return {};
  DW_TRY(auto const labels,
         on.query("SELECT enumtypid, enumlabel FROM pg_enum WHERE enumtypid = ANY($1::oid[]) "
                  "ORDER BY enumtypid, enumsortorder",
                  {array_of(types)}));
  for (int i = 0; i < labels.count(); ++i) {
    auto const [first, last] = enumerations.equal_range(std::string(labels.text(i, 0)));
    for (auto one = first; one != last; ++one) one->second->labels.emplace_back(labels.text(i, 1));
  }
  return {};
}

// Of arrays of elements that we know; a domain of them may refuse what its type takes.
void set_element(column_schema& column, answer const& rows, int row) {
  auto const kind = rows.text(row, 14);
  if (kind != "b" && kind != "e") return;
  column_schema element;
  auto const base = rows.text(row, 13);
  element.type = kind == "e" ? value_type::enumeration : type_of(base);
  if (element.type == value_type::opaque) return;
  set_limits(element, base, rows.integer(row, 5));
  column.type = value_type::array;
  column.element = element.type;
  column.precision = element.precision;
  column.scale = element.scale;
  column.length_max = element.length_max;
}

column_schema column_in(answer const& rows, int row) {
  column_schema column;
  column.name = rows.text(row, 1);
  auto const base = rows.text(row, 2);
  column.type = rows.text(row, 3) == "e" ? value_type::enumeration : type_of(base);
  column.type_name = rows.text(row, 9);
  set_limits(column, base, rows.integer(row, 5));
  set_element(column, rows, row);
  column.nullable = !rows.is_true(row, 6);
  column.generated = rows.is_true(row, 8);
  column.has_default = rows.is_true(row, 7);
  return column;
}

// Enumerations sort by the order of their labels, and texts by the rules of a language; neither is
// that of their bytes.
bool is_ordered(answer const& rows, int row) {
  auto const base = rows.text(row, 2);
  if (base == "text" || base == "varchar" || base == "bpchar") return rows.is_true(row, 12);
  switch (rows.text(row, 3) == "e" ? value_type::enumeration : type_of(base)) {
    case value_type::boolean:
    case value_type::int64:
    case value_type::float64:
    case value_type::decimal:
    case value_type::bytes:
    case value_type::date:
    case value_type::time:
    case value_type::timestamp:
    case value_type::timestamp_tz:
    case value_type::uuid:
    case value_type::interval:
    case value_type::array:
      return true;
    default:
      return false;
  }
}

// A domain is read as the type that it is made of.
result<void> read_columns(connection& on, by_object const& tables) {
  DW_TRY(auto const rows,
         on.query(
             "WITH RECURSIVE base(rel, num, typ, mod) AS ("
             "  SELECT attrelid, attnum, atttypid, atttypmod FROM pg_attribute"
             "  WHERE attrelid = ANY($1::oid[]) AND attnum > 0 AND NOT attisdropped"
             "  UNION ALL SELECT rel, num, t.typbasetype, t.typtypmod FROM base"
             "  JOIN pg_type t ON t.oid = typ WHERE t.typtype = 'd') "
             "SELECT a.attrelid, a.attname, t.typname, t.typtype, t.oid, b.mod, a.attnotnull, "
             "  a.atthasdef AND a.attgenerated = '' OR a.attidentity <> '', "
             "  a.attgenerated <> '' OR a.attidentity = 'a', "
             "  format_type(a.atttypid, a.atttypmod), "
             "  quote_ident(n.nspname) || '.' || quote_ident(d.typname), "
             "  d.typarray <> 0 AND d.typcategory <> 'A' AND d.typdelim = ',', "
             "  CASE WHEN o.oid IS NULL THEN NULL WHEN o.collprovider = 'd' THEN "
             "  (SELECT datcollate IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8') AND "
             "     coalesce(to_jsonb(s)->>'datlocprovider', 'c') = 'c' FROM pg_database s "
             "   WHERE datname = current_database()) "
             "  ELSE o.collprovider = 'c' AND o.collcollate IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8') "
             "  END, e.typname, e.typtype FROM base b JOIN pg_attribute a ON a.attrelid = b.rel "
             "AND a.attnum = b.num "
             "JOIN pg_type t ON t.oid = b.typ AND t.typtype <> 'd' "
             "JOIN pg_type d ON d.oid = a.atttypid JOIN pg_namespace n ON n.oid = d.typnamespace "
             "LEFT JOIN pg_collation o ON o.oid = a.attcollation "
             "LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid "
             "ORDER BY a.attrelid, a.attnum",
             {objects_of(tables)}));
  for (int i = 0; i < rows.count(); ++i) {
    for_tables(tables, rows, i, [&](table_facts& facts) {
      facts.schema.columns.push_back(column_in(rows, i));
      facts.forms.push_back(
          {std::string(rows.text(i, 10)), rows.is_true(i, 11), is_ordered(rows, i)});
    });
  }
  std::multimap<std::string, column_schema*> enumerations;
  for (int i = 0; i < rows.count(); ++i) {
    if (rows.text(i, 3) != "e") continue;
    for_tables(tables, rows, i, [&](table_facts& facts) {
      facts.enumerations.emplace_back(rows.text(i, 4));
      auto const at = facts.schema.column_named(rows.text(i, 1));
      enumerations.emplace(rows.text(i, 4), &facts.schema.columns[*at]);
    });
  }
  return read_labels(on, enumerations);
}

result<void> read_keys(connection& on, by_object const& tables) {
  DW_TRY(auto const rows,
         on.query("SELECT i.indrelid, a.attname FROM pg_index i "
                  "CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(num, place) "
                  "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num "
                  "WHERE i.indrelid = ANY($1::oid[]) AND i.indisprimary "
                  "  AND k.place <= i.indnkeyatts ORDER BY i.indrelid, k.place",
                  {objects_of(tables)}));
  for (int i = 0; i < rows.count(); ++i) {
    for_tables(tables, rows, i, [&](table_facts& facts) {
      if (auto const column = facts.schema.column_named(rows.text(i, 1)))
        facts.schema.key.push_back(*column);
    });
  }
  return {};
}

// What inserts are for is told by bits of the catalogue: 1 for each row, 2 before, 4 an insert.
result<void> read_refusing_keys(connection& on, by_object const& tables) {
  DW_TRY(auto const rows,
         on.query("SELECT k.conrelid, k.oid, a.attname FROM pg_constraint k "
                  "JOIN pg_class c ON c.oid = k.conrelid AND c.relkind = 'r' "
                  "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(k.conkey) "
                  "WHERE k.conrelid = ANY($1::oid[]) AND k.contype IN ('p', 'u') "
                  "  AND NOT k.condeferrable AND NOT c.relhassubclass "
                  "  AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid "
                  "    AND g.tgtype & 7 = 7) ORDER BY k.conrelid, k.oid",
                  {objects_of(tables)}));
  for (int i = 0; i < rows.count(); ++i) {
    bool const is_next = i == 0 || rows.text(i, 1) != rows.text(i - 1, 1);
    for_tables(tables, rows, i, [&](table_facts& facts) {
      if (is_next) facts.refusing_keys.emplace_back();
      // One that is gone since then is in no key of a write.
      auto const column = facts.schema.column_named(rows.text(i, 2));
      facts.refusing_keys.back().push_back(column.value_or(facts.schema.columns.size()));
    });
  }
  return {};
}

// Without its columns.
foreign_key named_key(answer const& rows, int row) {
  foreign_key out;
  out.constraint = rows.text(row, 1);
  out.table = rows.text(row, 2);
  if (rows.is_null(row, 3)) return out;
  out.also_named = std::exchange(out.table, rows.text(row, 3));
  return out;
}

result<void> read_references(connection& on, by_object const& tables) {
  DW_TRY(
      auto const rows,
      on.query("SELECT c.conrelid, c.conname, n.nspname || '.' || r.relname, "
               "  CASE WHEN pg_table_is_visible(r.oid) THEN r.relname END, a.attname, b.attname "
               "FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid "
               "JOIN pg_namespace n ON n.oid = r.relnamespace "
               "CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY k(own, far, place) "
               "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own "
               "JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.far "
               "WHERE c.conrelid = ANY($1::oid[]) AND c.contype = 'f' "
               "ORDER BY c.conrelid, c.conname, k.place",
               {objects_of(tables)}));
  for (int i = 0; i < rows.count(); ++i) {
    for_tables(tables, rows, i, [&](table_facts& facts) {
      auto const name = rows.text(i, 1);
      if (facts.references.empty() || facts.references.back().constraint != name)
        facts.references.push_back(named_key(rows, i));
      auto& key = facts.references.back();
      if (auto const column = facts.schema.column_named(rows.text(i, 4)))
        key.columns.push_back(*column);
      key.referred.emplace_back(rows.text(i, 5));
    });
  }
  return {};
}

}  // namespace

result<table_facts> describe_table(connection& on, std::string const& table) {
  std::vector<std::string> const names{table};
  DW_TRY(auto facts, describe_tables(on, names));
  return std::move(facts.front());
}

result<std::vector<table_facts>> describe_tables(connection& on,
                                                 std::vector<std::string> const& tables) {
  std::vector<table_facts> out(tables.size());
  for (std::size_t i = 0; i < tables.size(); ++i) out[i].schema.table = tables[i];
  DW_TRY(auto const found, find_tables(on, out));
  DW_CHECK(read_columns(on, found));
  DW_CHECK(read_keys(on, found));
  DW_CHECK(read_refusing_keys(on, found));
  DW_CHECK(read_references(on, found));
  return out;
}

result<std::string> shape_of(connection& on, table_facts const& table) {
  auto const asked = shape_question(table);
  DW_TRY(auto const rows, on.query(asked.sql, asked.with));
  return shape_in(rows);
}

statement shape_question(table_facts const& table) {
  return {
      "SELECT concat_ws(' ', c.relnamespace, c.relname, (SELECT string_agg(concat_ws("
      "' ', attnum, attname, atttypid, format_type(atttypid, atttypmod), attnotnull, atthasdef, "
      "attidentity, attgenerated), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid "
      "AND "
      "attnum > 0 AND NOT attisdropped), (SELECT string_agg(enumtypid || ' ' || "
      "enumlabel, ',' ORDER BY enumtypid, enumsortorder) FROM pg_enum WHERE enumtypid = "
      "ANY($2::oid[])), (SELECT string_agg(k.oid::text, ',' ORDER BY k.oid) FROM pg_constraint k "
      "WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u')), c.relhassubclass, (SELECT "
      "string_agg(g.oid || ' ' || g.tgtype, ',' ORDER BY g.oid) FROM pg_trigger g WHERE g.tgrelid "
      "= c.oid AND "
      "NOT g.tgisinternal)) FROM pg_class c WHERE c.oid = $1::oid",
      {std::to_string(table.object), array_of(table.enumerations)}};
}

std::string shape_in(answer const& rows) {
  return rows.count() == 0 ? std::string() : std::string(rows.text(0, 0));
}

}  // namespace dualwrite::engine::postgresql
