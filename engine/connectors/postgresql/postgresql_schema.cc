#include "engine/connectors/postgresql/postgresql_schema.h"

#include "engine/connectors/postgresql/postgresql_values.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr std::int64_t header_bytes = 4;  // that a type modifier counts in

// A point is a part of the name where there is such a table, else it stands behind the schema's.
result<void> find_table(connection& on, table_facts& facts) {
  auto const& name = facts.schema.table;
  auto const point = name.find('.');
  auto const in_schema = point == std::string::npos ? quoted_name(name)
                                                    : quoted_name(name.substr(0, point)) + "." +
                                                          quoted_name(name.substr(point + 1));
  DW_TRY(auto const found,
         on.query("SELECT c.oid, n.nspname, c.relname, NOT row_security_active(c.oid) FROM "
                  "pg_class c JOIN pg_namespace n ON "
                  "n.oid = c.relnamespace WHERE c.oid = coalesce(to_regclass($1), to_regclass($2)) "
                  "AND c.relkind IN ('r', 'p')",
                  {quoted_name(name), in_schema}));
  if (found.count() == 0) return error{error_code::table_missing, name};
  facts.object = static_cast<std::uint64_t>(found.integer(0, 0));
  facts.own_name = found.text(0, 2);
  facts.sql_name = quoted_name(found.text(0, 1)) + "." + quoted_name(facts.own_name);
  facts.takes_copies = found.is_true(0, 3);
  return {};
}

void set_limits(column_schema& column, std::string_view base, std::int64_t modifier) {
  if (modifier < header_bytes) return;
  auto const size = static_cast<std::uint32_t>(modifier - header_bytes);
  if (base == "numeric") {
    column.precision = size >> 16U;
    column.scale = size & 0x7ffU;
  } else if (base == "varchar" || base == "bpchar") {
    column.length_max = size;
  }
}

result<void> read_labels(connection& on, column_schema& column, std::string type) {
  DW_TRY(auto const labels,
         on.query("SELECT enumlabel FROM pg_enum WHERE enumtypid = $1::oid ORDER BY enumsortorder",
                  {std::move(type)}));
  for (int i = 0; i < labels.count(); ++i) column.labels.emplace_back(labels.text(i, 0));
  return {};
}

// A domain is read as the type that it is made of.
result<void> read_columns(connection& on, table_facts& facts) {
  DW_TRY(
      auto const rows,
      on.query("WITH RECURSIVE base(num, typ, mod) AS ("
               "  SELECT attnum, atttypid, atttypmod FROM pg_attribute"
               "  WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped"
               "  UNION ALL SELECT num, t.typbasetype, t.typtypmod FROM base"
               "  JOIN pg_type t ON t.oid = typ WHERE t.typtype = 'd') "
               "SELECT a.attname, t.typname, t.typtype, t.oid, b.mod, a.attnotnull, "
               "  a.atthasdef OR a.attidentity <> '', a.attgenerated <> '' OR a.attidentity = 'a', "
               "  format_type(a.atttypid, a.atttypmod), "
               "  quote_ident(n.nspname) || '.' || quote_ident(d.typname), "
               "  d.typarray <> 0 AND d.typcategory <> 'A' AND d.typdelim = ',' "
               "FROM pg_attribute a JOIN base b ON b.num = a.attnum "
               "JOIN pg_type t ON t.oid = b.typ AND t.typtype <> 'd' "
               "JOIN pg_type d ON d.oid = a.atttypid JOIN pg_namespace n ON n.oid = d.typnamespace "
               "WHERE a.attrelid = $1::oid ORDER BY a.attnum",
               {std::to_string(facts.object)}));
  for (int i = 0; i < rows.count(); ++i) {
    column_schema column;
    column.name = rows.text(i, 0);
    auto const base = rows.text(i, 1);
    bool const is_enumeration = rows.text(i, 2) == "e";
    column.type = is_enumeration ? value_type::enumeration : type_of(base);
    column.type_name = rows.text(i, 8);
    set_limits(column, base, rows.integer(i, 4));
    column.nullable = !rows.is_true(i, 5);
    column.generated = rows.is_true(i, 7);
    column.has_default = rows.is_true(i, 6) && !column.generated;
    if (is_enumeration) DW_CHECK(read_labels(on, column, std::string(rows.text(i, 3))));
    facts.schema.columns.push_back(std::move(column));
    facts.forms.push_back({std::string(rows.text(i, 9)), rows.is_true(i, 10)});
  }
  return {};
}

result<void> read_key(connection& on, table_facts& facts) {
  DW_TRY(auto const rows,
         on.query("SELECT a.attname FROM pg_index i "
                  "CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(num, place) "
                  "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num "
                  "WHERE i.indrelid = $1::oid AND i.indisprimary AND k.place <= i.indnkeyatts "
                  "ORDER BY k.place",
                  {std::to_string(facts.object)}));
  for (int i = 0; i < rows.count(); ++i) {
    if (auto const column = facts.schema.column_named(rows.text(i, 0)))
      facts.schema.key.push_back(*column);
  }
  return {};
}

result<void> read_references(connection& on, table_facts& facts) {
  DW_TRY(
      auto const rows,
      on.query("SELECT c.conname, CASE WHEN n.nspname = 'public' THEN r.relname::text "
               "  ELSE n.nspname || '.' || r.relname END, a.attname, b.attname "
               "FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid "
               "JOIN pg_namespace n ON n.oid = r.relnamespace "
               "CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY k(own, far, place) "
               "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own "
               "JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.far "
               "WHERE c.conrelid = $1::oid AND c.contype = 'f' ORDER BY c.conname, k.place",
               {std::to_string(facts.object)}));
  for (int i = 0; i < rows.count(); ++i) {
    auto const name = rows.text(i, 0);
    if (facts.references.empty() || facts.references.back().constraint != name)
      facts.references.push_back({std::string(name), std::string(rows.text(i, 1)), {}, {}});
    auto& key = facts.references.back();
    if (auto const column = facts.schema.column_named(rows.text(i, 2)))
      key.columns.push_back(*column);
    key.referred.emplace_back(rows.text(i, 3));
  }
  return {};
}

}  // namespace

result<table_facts> describe_table(connection& on, std::string const& table) {
  table_facts facts;
  facts.schema.table = table;
  DW_CHECK(find_table(on, facts));
  DW_CHECK(read_columns(on, facts));
  DW_CHECK(read_key(on, facts));
  DW_CHECK(read_references(on, facts));
  return facts;
}

}  // namespace dualwrite::engine::postgresql
