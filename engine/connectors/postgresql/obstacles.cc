#include "engine/connectors/postgresql/obstacles.h"

#include <fmt/format.h>
#include <set>

#include "engine/connectors/postgresql/postgresql_schema.h"

namespace dualwrite::engine::postgresql {
namespace {

struct obstacle_finder {
  connection& on;
  table_use const& use;
  std::string const& publication;
  table_facts facts{};
  std::vector<obstacle> found{};

  result<void> look() {
    // Where a provider does not give the attribute away, a role of its own stands for it.
    DW_TRY(
        auto const row,
        on.query("SELECT current_setting('wal_level'), r.rolsuper OR EXISTS(SELECT FROM pg_roles "
                 "m WHERE (rolreplication OR rolname LIKE '%replication%') AND "
                 "pg_has_role(r.oid, m.oid, 'MEMBER')), pg_has_role(relowner, 'USAGE') OR "
                 "EXISTS(SELECT FROM pg_publication_rel JOIN pg_publication p ON p.oid = "
                 "prpubid WHERE prrelid = c.oid AND pubname = $2), relowner::regrole, "
                 "r.rolname, relreplident, "
                 "has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT') "
                 "AND has_table_privilege(c.oid, 'UPDATE') "
                 "AND has_table_privilege(c.oid, 'DELETE') "
                 "FROM pg_class c, pg_roles r WHERE c.oid = $1::oid AND r.rolname = current_user",
                 {std::to_string(facts.object), publication}));
    auto const role = quoted_name(row.text(0, 4));
    if (!row.is_true(0, 6)) {
      found.push_back({fmt::format("{} may not read {}.", role, facts.sql_name),
                       fmt::format("GRANT SELECT ON {} TO {}", facts.sql_name, role)});
    }
    if (use.written && !row.is_true(0, 7)) {
      found.push_back(
          {fmt::format("{} may not write {}.", role, facts.sql_name),
           fmt::format("GRANT INSERT, UPDATE, DELETE ON {} TO {}", facts.sql_name, role)});
    }
    if (!use.captured) return {};
    if (row.text(0, 0) != "logical") {
      found.push_back({fmt::format("the server's wal_level is {}.", row.text(0, 0)),
                       "set wal_level = logical in postgresql.conf, and restart the server."});
    }
    if (!row.is_true(0, 1)) {
      found.push_back({fmt::format("{} may not replicate.", role),
                       fmt::format("ALTER ROLE {} REPLICATION", role)});
    }
    if (!row.is_true(0, 2)) {
      found.push_back({fmt::format("{} belongs to {}, and only its owner puts it into a "
                                   "publication.",
                                   facts.sql_name,
                                   row.text(0, 3)),
                       fmt::format("GRANT {} TO {}", row.text(0, 3), role)});
    }
    return look_at_identity(row.text(0, 5));
  }

  // Of a deleted row, and of one that gets another key, the server tells the replica identity.
  result<void> look_at_identity(std::string_view kind) {
    if (kind == "f") return {};
    DW_TRY(auto const columns,
           on.query("SELECT attname FROM pg_index i JOIN pg_attribute a ON attrelid = indrelid AND "
                    "attnum = ANY(indkey) WHERE indrelid = $1::oid AND CASE $2 WHEN 'd' THEN "
                    "indisprimary WHEN 'i' THEN indisreplident ELSE false END",
                    {std::to_string(facts.object), std::string(kind)}));
    std::set<std::string_view> told;
    for (int i = 0; i < columns.count(); ++i) told.insert(columns.text(i, 0));
    std::vector<std::string> untold;
    for (auto const& name : use.key) {
      if (!told.contains(name)) untold.push_back(name);
    }
    if (untold.empty()) return {};
    found.push_back({fmt::format("its replica identity lacks {}: of a deleted row nobody would "
                                 "know the key.",
                                 fmt::join(untold, ", ")),
                     fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL", facts.sql_name)});
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
