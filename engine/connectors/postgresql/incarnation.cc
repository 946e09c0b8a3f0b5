#include "engine/connectors/postgresql/incarnation.h"

#include "engine/connectors/postgresql/replication_slot.h"
#include "events/row_image.h"

namespace dualwrite::engine::postgresql {

result<std::uint64_t> incarnation_of(connection& on) {
  DW_TRY(auto const rows,
         on.query("SELECT s.system_identifier || '/' || current_database() || '/' || i.nonce "
                  "FROM pg_control_system() s, dualwrite.identity i"));
  if (rows.count() != 1)
    return error{error_code::source_rewound, "the database has lost its identity"};
  return hash_key(rows.text(0, 0));
}

result<source_position> head_of(connection& on) {
  source_position out;
  DW_TRY(out.incarnation, incarnation_of(on));
  DW_TRY(auto const rows, on.query("SELECT " + place_sql("pg_current_wal_insert_lsn()")));
  out.commit = static_cast<std::uint64_t>(rows.integer(0, 0));
  return out;
}

}  // namespace dualwrite::engine::postgresql
