#include "engine/connectors/postgresql/publication.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdint>
#include <set>

#include "engine/connectors/postgresql/replication_slot.h"
#include "engine/connectors/postgresql/row_sql.h"
#include "engine/connectors/postgresql/table_writers.h"

namespace dualwrite::engine::postgresql {
namespace {

// Partitions are told as such: a publication by their root says nothing of one that is truncated.
constexpr char const* is_whole =
    "p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND NOT p.pubviaroot";
constexpr char const* all_of_it =
    "(publish = 'insert, update, delete, truncate', publish_via_partition_root = false)";

constexpr std::chrono::milliseconds early_wait_max{200};

struct members {
  bool is_there = false;  // the publication
  bool is_whole = false;
  std::set<std::uint64_t> objects;
};

result<members> members_of(connection& on, std::string const& name) {
  DW_TRY(auto const rows,
         on.query(fmt::format("SELECT prrelid, {} FROM pg_publication p LEFT JOIN "
                              "pg_publication_rel r ON r.prpubid = p.oid WHERE p.pubname = $1",
                              is_whole),
                  {name}));
  members out;
  out.is_there = rows.count() > 0;
  for (int i = 0; i < rows.count(); ++i) {
    out.is_whole = rows.is_true(i, 1);
    if (!rows.is_null(i, 0)) out.objects.insert(static_cast<std::uint64_t>(rows.integer(i, 0)));
  }
  return out;
}

result<void> note_captured(connection& on,
                           std::string const& name,
                           std::vector<table_facts> const& tables) {
  std::vector<std::string> names;
  std::vector<std::string> objects;
  for (auto const& table : tables) {
    names.push_back(table.schema.table);
    objects.push_back(std::to_string(table.object));
  }
  parameters const with{name, array_of(names), array_of(objects)};
  std::string const now =
      "WITH now AS (SELECT i.name, i.object, r.oid AS member "
      "FROM unnest($2::text[], $3::bigint[]) AS i(name, object) "
      "JOIN pg_publication p ON p.pubname = $1 "
      "JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = i.object::oid) ";
  DW_CHECK(on.query(now + "DELETE FROM dualwrite.captured k WHERE publication = $1 AND NOT EXISTS("
                          "SELECT FROM now n WHERE n.name = k.name AND n.object = k.object "
                          "AND n.member = k.member)",
                    with));
  DW_CHECK(on.query(now + "INSERT INTO dualwrite.captured(publication, name, object, member) "
                          "SELECT $1, name, object, member FROM now ON CONFLICT DO NOTHING",
                    with));
  return {};
}

}  // namespace

result<table_facts const*> find_without_identity(connection& on,
                                                 std::vector<table_facts> const& tables) {
  std::vector<std::string> objects;
  for (auto const& table : tables) objects.push_back(std::to_string(table.object));
  DW_TRY(auto const without,
         on.query("SELECT i.place FROM unnest($1::oid[]) WITH ORDINALITY AS i(object, place) "
                  "JOIN pg_class c ON c.oid = i.object WHERE relreplident = 'n' OR relreplident = "
                  "'d' AND NOT EXISTS(SELECT FROM pg_index WHERE indrelid = c.oid AND "
                  "indisprimary) ORDER BY i.place",
                  {array_of(objects)}));
  table_facts const* const none = nullptr;
  if (without.count() == 0) return none;
  return &tables[static_cast<std::size_t>(without.integer(0, 0)) - 1];
}

result<std::vector<std::uint64_t>> whole_of(connection& on, std::uint64_t part) {
  DW_TRY(auto const found,
         on.query("SELECT relid::oid FROM pg_partition_ancestors($1::oid) WHERE relid <> $1::oid",
                  {std::to_string(part)}));
  std::vector<std::uint64_t> out;
  for (int i = 0; i < found.count(); ++i)
    out.push_back(static_cast<std::uint64_t>(found.integer(i, 0)));
  return out;
}

// Names are looked up as describe_table() does.
result<std::vector<lost_table>> find_lost(connection& on,
                                          std::string const& name,
                                          std::vector<std::string> const* only) {
  auto const names = only == nullptr ? std::nullopt : std::optional(array_of(*only));
  DW_TRY(auto const rows,
         on.query(fmt::format(
                      "SELECT k.name, c.oid IS NULL AND o.oid IS NOT NULL AND m.oid IS NOT NULL "
                      "FROM dualwrite.captured k "
                      "LEFT JOIN pg_publication p ON p.pubname = k.publication AND {} "
                      "LEFT JOIN pg_publication_rel m ON m.oid = k.member::oid AND m.prpubid = "
                      "p.oid AND m.prrelid = k.object::oid AND to_jsonb(m)->>'prqual' IS NULL "
                      "AND to_jsonb(m)->>'prattrs' IS NULL "
                      "LEFT JOIN pg_class o ON o.oid = k.object::oid "
                      "LEFT JOIN pg_class c ON c.oid = coalesce(to_regclass(quote_ident(k.name)), "
                      "  CASE WHEN strpos(k.name, '.') > 0 THEN to_regclass(quote_ident(left("
                      "  k.name, strpos(k.name, '.') - 1)) || '.' || quote_ident(substr(k.name, "
                      "  strpos(k.name, '.') + 1))) END) "
                      "WHERE k.publication = $1 AND ($2::text[] IS NULL OR k.name = ANY($2)) AND "
                      "(m.oid IS NULL OR c.oid IS DISTINCT FROM k.object::oid) ORDER BY k.name",
                      is_whole),
                  {name, names}));
  std::vector<lost_table> out;
  for (int i = 0; i < rows.count(); ++i)
    out.push_back({std::string(rows.text(i, 0)), rows.is_true(i, 1)});
  return out;
}

result<void> publish(connection& on,
                     std::string const& name,
                     std::vector<table_facts> const& tables) {
  DW_TRY(auto all, transaction::begin(on));
  // An automatic VACUUM makes room after a second; others are captured by this session meanwhile.
  DW_CHECK(on.execute("SET LOCAL lock_timeout = '1500ms'"));
  DW_TRY(auto const known, members_of(on, name));
  std::set<std::uint64_t> wanted;
  std::set<std::string> all_tables;
  for (auto const& table : tables) {
    all_tables.insert(table.sql_name);
    wanted.insert(table.object);
  }
  auto const publication = quoted_name(name);
  if (!known.is_there) {
    DW_CHECK(on.execute(fmt::format("CREATE PUBLICATION {} FOR TABLE {} WITH {}",
                                    publication,
                                    fmt::join(all_tables, ", "),
                                    all_of_it)));
  } else {
    if (!known.is_whole)
      DW_CHECK(on.execute(fmt::format("ALTER PUBLICATION {} SET {}", publication, all_of_it)));
    if (wanted != known.objects) {
      DW_CHECK(on.execute(fmt::format(
          "ALTER PUBLICATION {} SET TABLE {}", publication, fmt::join(all_tables, ", "))));
    }
  }
  DW_CHECK(note_captured(on, name, tables));
  return all.commit();
}

// Servers of before 2025-05 forget, while they read what an early writer did, that the table is
// published, until they are told again.
result<void> await_early_writers(connection& on, std::string const& name) {
  DW_CHECK(on.query(fmt::format("UPDATE dualwrite.captured k SET writers = ARRAY({}) WHERE "
                                "publication = $1 AND writers IS NULL",
                                writers_sql("k.object")),
                    {name}));
  DW_TRY(auto const found,
         on.query("SELECT unnest(writers) FROM dualwrite.captured WHERE publication = $1", {name}));
  if (found.count() == 0) return {};
  std::vector<std::string> early;
  for (int i = 0; i < found.count(); ++i) early.emplace_back(found.text(i, 0));
  DW_TRY(auto const left, await_end(on, early, early_wait_max));
  if (left)
    return error{error_code::app_busy,
                 *left + " wrote to a table that is to be captured, and has to end before that"};
  DW_CHECK(on.execute(fmt::format("ALTER PUBLICATION {} SET {}", quoted_name(name), all_of_it)));
  DW_CHECK(on.query(fmt::format("UPDATE dualwrite.captured SET begin = {}, writers = '{{}}' WHERE "
                                "publication = $1 AND writers <> '{{}}'",
                                place_sql("pg_current_wal_insert_lsn()")),
                    {name}));
  return {};
}

result<void> find_beginnings(connection& on,
                             std::string const& name,
                             std::vector<table_facts>& tables) {
  DW_TRY(auto const rows,
         on.query("SELECT name, begin FROM dualwrite.captured WHERE publication = $1", {name}));
  for (int i = 0; i < rows.count(); ++i) {
    for (auto& table : tables) {
      if (table.schema.table == rows.text(i, 0))
        table.begin = static_cast<std::uint64_t>(rows.integer(i, 1));
    }
  }
  return {};
}

}  // namespace dualwrite::engine::postgresql
