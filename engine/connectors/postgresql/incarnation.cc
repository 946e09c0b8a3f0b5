#include "engine/connectors/postgresql/incarnation.h"

#include "engine/connectors/postgresql/replication_slot.h"
#include "events/row_image.h"

namespace dualwrite::engine::postgresql {

// Of the first timeline nothing is said.
result<source_position> head_of(connection& on) {
  DW_TRY(auto const life,
         on.query("SELECT s.system_identifier || '/' || current_database() || '/' || i.nonce || "
                  "coalesce('/' || nullif(left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), "
                  "'00000001'), '') FROM pg_control_system() s, dualwrite.identity i"));
  if (life.count() != 1)
    return error{error_code::source_rewound, "the database has lost its identity"};
  DW_TRY(auto const rows, on.query("SELECT " + place_sql("pg_current_wal_insert_lsn()")));
  return source_position{hash_key(life.text(0, 0)), static_cast<std::uint64_t>(rows.integer(0, 0))};
}

}  // namespace dualwrite::engine::postgresql
