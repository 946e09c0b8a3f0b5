#include "engine/connectors/postgresql/publication.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <set>

#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {

// A table that enters the publication is locked against writers for a moment: a transaction that
// wrote to it before would be captured in part.
result<void> publish(connection& on,
                     std::string const& name,
                     std::vector<table_facts> const& tables,
                     bool goes_on) {
  DW_TRY(auto all, transaction::begin(on));
  DW_TRY(auto const there,
         on.query("SELECT count(*) FROM pg_publication WHERE pubname = $1", {name}));
  DW_TRY(auto const members,
         on.query("SELECT prrelid FROM pg_publication_rel r JOIN pg_publication p ON p.oid = "
                  "r.prpubid WHERE p.pubname = $1",
                  {name}));
  std::set<std::uint64_t> known;
  for (int i = 0; i < members.count(); ++i)
    known.insert(static_cast<std::uint64_t>(members.integer(i, 0)));
  std::vector<std::string> names;
  std::vector<std::string> objects;
  for (auto const& table : tables) {
    names.push_back(table.schema.table);
    objects.push_back(std::to_string(table.object));
  }
  DW_TRY(auto const states,
         on.query("SELECT i.place, k.object IS NOT NULL, k.object = i.object, "
                  "  relreplident = 'n' OR relreplident = 'd' AND NOT EXISTS(SELECT FROM pg_index "
                  "  WHERE indrelid = c.oid AND indisprimary) "
                  "FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS i(name, object, place) "
                  "LEFT JOIN pg_class c ON c.oid = i.object::oid "
                  "LEFT JOIN dualwrite.captured k ON k.name = i.name AND k.publication = $3 "
                  "ORDER BY i.place",
                  {array_of(names), array_of(objects), name}));
  std::vector<std::string> all_tables;
  std::vector<std::string> added;
  std::set<std::uint64_t> wanted;
  for (int i = 0; i < states.count(); ++i) {
    auto const& table = tables[static_cast<std::size_t>(states.integer(i, 0)) - 1];
    bool const is_known = known.contains(table.object);
    bool const was_captured = states.is_true(i, 1);
    bool const is_other = was_captured && !states.is_true(i, 2);
    if (goes_on && was_captured && (is_other || !is_known))
      return error{error_code::source_rewound,
                   table.schema.table + " was made anew, or taken out of the publication"};
    if (states.is_true(i, 3))
      return error{error_code::invalid_definition,
                   fmt::format("{0} has no replica identity: ALTER TABLE {0} REPLICA IDENTITY FULL",
                               table.sql_name)};
    if (!is_known) added.push_back(table.sql_name);
    all_tables.push_back(table.sql_name);
    wanted.insert(table.object);
  }
  if (wanted == known && there.integer(0, 0) == 1) return {};
  if (!added.empty())
    DW_CHECK(on.execute(fmt::format("LOCK TABLE {} IN SHARE MODE", fmt::join(added, ", "))));
  bool const is_new = there.integer(0, 0) == 0;
  DW_CHECK(on.execute(fmt::format("{} PUBLICATION {} {} TABLE {}",
                                  is_new ? "CREATE" : "ALTER",
                                  quoted_name(name),
                                  is_new ? "FOR" : "SET",
                                  fmt::join(all_tables, ", "))));
  DW_CHECK(on.query("DELETE FROM dualwrite.captured WHERE publication = $1", {name}));
  DW_CHECK(
      on.query("INSERT INTO dualwrite.captured SELECT $1, i.name, i.object, r.oid "
               "FROM unnest($2::text[], $3::bigint[]) AS i(name, object) "
               "JOIN pg_publication p ON p.pubname = $1 "
               "JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = i.object::oid",
               {name, array_of(names), array_of(objects)}));
  return all.commit();
}

}  // namespace dualwrite::engine::postgresql
