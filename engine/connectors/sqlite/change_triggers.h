// The triggers that write changes of a table into _dualwrite_change, as SQL.
#pragma once

#include <map>
#include <string>

#include "engine/connectors/sqlite/sqlite_schema.h"

namespace dualwrite::engine::sqlite {

// Of _dualwrite_change.kind; never renumber.
enum change_kind : std::int64_t {
  inserted = 0,
  updated = 1,
  removed = 2,
  batch_begins = 3,
  batch_ends = 4,
  starts = 5
};

// The time of a change, as SQL: microseconds since 1970.
inline constexpr char const* now_us = "CAST((julianday('now')-2440587.5)*86400000000.0 AS INTEGER)";

// By name.
[[nodiscard]] std::map<std::string, std::string> triggers_of(table_facts const& facts);

}  // namespace dualwrite::engine::sqlite
