#include "engine/connectors/postgresql/obstacles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {
namespace {

struct obstacle_finder {
  connection& on;
  table_use const& use;
  std::string const& publication;
  table_facts facts{};
  std::vector<obstacle> found{};
  std::string role{};  // quoted

  void add(std::string reason, std::string fix) {
    found.push_back({std::move(reason), std::move(fix)});
  }
  std::string object() const { return std::to_string(facts.object); }

  result<void> look() {
    DW_TRY(auto const row, on.query("SELECT quote_ident(current_user)"));
    role = row.text(0, 0);
    DW_CHECK(look_at_kind());
    DW_CHECK(look_at_key());
    DW_CHECK(look_at_rights());
    DW_CHECK(look_at_schema());
    if (!use.captured) return {};
    DW_CHECK(look_at_server());
    DW_CHECK(look_at_publication());
    DW_CHECK(look_at_columns());
    return look_at_identity();
  }

  result<void> look_at_kind() {
    DW_TRY(auto const row,
           on.query("SELECT relpersistence, relkind = 'r' AND EXISTS(SELECT FROM pg_inherits "
                    "WHERE inhparent = c.oid) FROM pg_class c WHERE oid = $1::oid",
                    {object()}));
    auto const persistence = row.text(0, 0);
    if (use.captured && persistence == "u") {
      add(fmt::format("{} is unlogged: the server says nothing of its changes.", facts.sql_name),
          fmt::format("ALTER TABLE {} SET LOGGED", facts.sql_name));
    }
    if (persistence == "t") {
      add(fmt::format("{} is a temporary table: only the session that made it has it.",
                      facts.sql_name),
          "make it a permanent one.");
    }
    if (row.is_true(0, 1)) {
      add(fmt::format("other tables inherit from {}: their rows are read as its own, and their "
                      "changes are not told as its own.",
                      facts.sql_name),
          "make it a partitioned table, or map each of the tables and leave this one without "
          "heirs.");
    }
    return {};
  }

  // Two rows of the same key would be taken for one, and one row of two keys for two.
  result<void> look_at_key() {
    DW_TRY(auto const folded,
           on.query("SELECT quote_ident(attname) FROM pg_attribute a JOIN pg_type t ON t.oid = "
                    "atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype LEFT JOIN pg_collation "
                    "o ON o.oid = attcollation WHERE attrelid = $1::oid AND attname = "
                    "ANY($2::text[]) AND ('citext' IN (t.typname, b.typname) OR NOT "
                    "coalesce(collisdeterministic, true)) ORDER BY attnum",
                    {object(), array_of(use.key)}));
    for (int i = 0; i < folded.count(); ++i) {
      add(fmt::format("{} takes texts that differ for equal, as in upper and lower case: the other "
                      "side would take them for two rows.",
                      folded.text(i, 0)),
          "give the map another key, or the column a type and a collation that tell them apart.");
    }
    DW_TRY(auto const row,
           on.query("SELECT EXISTS(SELECT FROM pg_index i WHERE indrelid = $1::oid AND indisunique "
                    "AND indisvalid AND indpred IS NULL AND indexprs IS NULL AND NOT EXISTS("
                    "SELECT FROM generate_series(0, indnkeyatts - 1) n JOIN pg_attribute a ON "
                    "attrelid = indrelid AND attnum = indkey[n] WHERE attname <> ALL($2::text[])))",
                    {object(), array_of(use.key)}));
    if (row.is_true(0, 0)) return {};
    std::vector<std::string> columns;
    for (auto const& name : use.key) columns.push_back(quoted_name(name));
    auto const list = fmt::format("{}", fmt::join(columns, ", "));
    add(fmt::format("nothing says that ({}) is unique in {}: rows with the same key would be taken "
                    "for one.",
                    list,
                    facts.sql_name),
        fmt::format("CREATE UNIQUE INDEX ON {} ({})", facts.sql_name, list));
    return {};
  }

  result<void> look_at_rights() {
    DW_TRY(auto const row,
           on.query("SELECT has_table_privilege(c, 'SELECT'), has_table_privilege(c, 'INSERT') AND "
                    "has_table_privilege(c, 'UPDATE') AND has_table_privilege(c, 'DELETE'), "
                    "has_table_privilege(c, 'UPDATE, DELETE, TRUNCATE'), row_security_active(c) "
                    "FROM (SELECT $1::oid AS c) x",
                    {object()}));
    if (!row.is_true(0, 0)) {
      add(fmt::format("{} may not read {}.", role, facts.sql_name),
          fmt::format("GRANT SELECT ON {} TO {}", facts.sql_name, role));
    }
    bool const may_write = row.is_true(0, 1);
    if (use.written && !may_write) {
      add(fmt::format("{} may not write {}.", role, facts.sql_name),
          fmt::format("GRANT INSERT, UPDATE, DELETE ON {} TO {}", facts.sql_name, role));
    }
    if (use.captured && !use.written && !row.is_true(0, 2)) {
      add(fmt::format(
              "{} may not lock {} for the moment in which a copy begins.", role, facts.sql_name),
          fmt::format("GRANT UPDATE ON {} TO {}", facts.sql_name, role));
    }
    if (row.is_true(0, 3)) {
      add(fmt::format("row-level security of {} hides rows from {}.", facts.sql_name, role),
          fmt::format("ALTER ROLE {} BYPASSRLS", role));
    }
    return {};
  }

  // What we put there is made once.
  result<void> look_at_schema() {
    DW_TRY(auto const row,
           on.query("SELECT quote_ident(current_database()), has_database_privilege("
                    "current_database(), 'CREATE'), n.oid IS NOT NULL, pg_has_role(n.nspowner, "
                    "'USAGE'), n.nspowner::regrole, EXISTS(SELECT FROM pg_publication WHERE "
                    "pubname = $1) FROM (SELECT) x LEFT JOIN pg_namespace n ON nspname = "
                    "'dualwrite'",
                    {publication}));
    bool const has_schema = row.is_true(0, 2);
    bool const makes_something = !has_schema || (use.captured && !row.is_true(0, 5));
    if (makes_something && !row.is_true(0, 1)) {
      add(fmt::format("{} may not make the schema dualwrite and a publication.", role),
          fmt::format("GRANT CREATE ON DATABASE {} TO {}", row.text(0, 0), role));
    }
    if (has_schema && !row.is_true(0, 3)) {
      add(fmt::format("the schema dualwrite belongs to {}.", row.text(0, 4)),
          fmt::format("GRANT {} TO {}", row.text(0, 4), role));
    }
    return {};
  }

  result<void> look_at_server() {
    // Where a provider does not give the attribute away, a role of its own stands for it.
    DW_TRY(auto const row,
           on.query("SELECT current_setting('wal_level'), r.rolsuper OR EXISTS(SELECT FROM "
                    "pg_roles m WHERE (rolreplication OR rolname LIKE '%replication%') AND "
                    "pg_has_role(r.oid, m.oid, 'MEMBER')), (SELECT count(*) >= current_setting("
                    "'max_replication_slots')::int AND count(*) FILTER (WHERE slot_name = $1 || "
                    "'_' || d.oid) = 0 FROM pg_replication_slots) "
                    "FROM pg_roles r, pg_database d "
                    "WHERE r.rolname = current_user AND d.datname = current_database()",
                    {publication}));
    if (row.text(0, 0) != "logical") {
      add(fmt::format("the server's wal_level is {}.", row.text(0, 0)),
          "set wal_level = logical in postgresql.conf, and restart the server.");
    }
    if (!row.is_true(0, 1)) {
      add(fmt::format("{} may not replicate.", role),
          fmt::format("ALTER ROLE {} REPLICATION", role));
    }
    if (row.is_true(0, 2)) {
      add("the server has no replication slot left.",
          "raise max_replication_slots in postgresql.conf and restart the server, or drop a slot "
          "that nobody needs.");
    }
    return {};
  }

  result<void> look_at_publication() {
    DW_TRY(auto const row,
           on.query("SELECT pg_has_role(relowner, 'USAGE') OR EXISTS(SELECT FROM "
                    "pg_publication_rel JOIN pg_publication p ON p.oid = prpubid WHERE prrelid = "
                    "c.oid AND pubname = $2), relowner::regrole FROM pg_class c WHERE oid = "
                    "$1::oid",
                    {object(), publication}));
    if (row.is_true(0, 0)) return {};
    add(fmt::format("{} belongs to {}, and only its owner puts it into a publication.",
                    facts.sql_name,
                    row.text(0, 1)),
        fmt::format("GRANT {} TO {}", row.text(0, 1), role));
    return {};
  }

  // Of these a change that they follow from says nothing.
  result<void> look_at_columns() {
    DW_TRY(auto const rows,
           on.query("SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::oid AND "
                    "attgenerated <> '' AND attname = ANY($2::text[]) ORDER BY attnum",
                    {object(), array_of(use.read)}));
    for (int i = 0; i < rows.count(); ++i) {
      add(fmt::format("{} is generated: the server does not tell its values.", rows.text(i, 0)),
          "map the columns that it is made of instead, with an expression.");
    }
    return {};
  }

  // Of a deleted row, and of one that gets another key, the server tells the replica identity: of a
  // partition its own.
  result<void> look_at_identity() {
    std::set<std::string> needed(use.known_before.begin(), use.known_before.end());
    needed.insert(use.key.begin(), use.key.end());
    DW_TRY(auto const rows,
           on.query("SELECT format('%I.%I', nspname, relname), array_to_string(ARRAY(SELECT k FROM "
                    "unnest($2::text[]) WITH ORDINALITY u(k, place) WHERE NOT EXISTS(SELECT FROM "
                    "pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) "
                    "WHERE indrelid = c.oid AND attname = k AND CASE relreplident WHEN 'd' THEN "
                    "indisprimary WHEN 'i' THEN indisreplident ELSE false END) ORDER BY place), "
                    "', ') FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE "
                    "(c.oid = $1::oid OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid) "
                    "WHERE isleaf)) AND relreplident <> 'f' ORDER BY c.oid <> $1::oid, c.oid",
                    {object(), array_of({needed.begin(), needed.end()})}));
    for (int i = 0; i < rows.count(); ++i) {
      if (rows.text(i, 1).empty()) continue;
      add(fmt::format("the replica identity of {} lacks {}: of a row that is changed or deleted "
                      "nobody would know what was there.",
                      rows.text(i, 0),
                      rows.text(i, 1)),
          fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL", rows.text(i, 0)));
    }
    return {};
  }
};

}  // namespace

result<std::vector<obstacle>> obstacles_of(connection& on,
                                           table_use const& use,
                                           std::string const& publication) {
  DW_TRY(auto facts, describe_table(on, use.table));
  obstacle_finder finder{on, use, publication, std::move(facts)};
  DW_CHECK(finder.look());
  return std::move(finder.found);
}

}  // namespace dualwrite::engine::postgresql
