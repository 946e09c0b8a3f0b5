// Tables as the database declares them.
#pragma once

#include "engine/connectors/sqlite/database.h"
#include "events/table_schema.h"

namespace dualwrite::engine::sqlite {

struct foreign_key {
  std::string table;                  // that is referred to, as the key writes it
  std::string also_named;             // as it was made, where that is in other letters, else empty
  std::vector<std::size_t> columns;   // of the table that refers
  std::vector<std::string> referred;  // by name; empty: its primary key
};

// A row stands in the way of NEW where all of these hold. An index on a part of the rows is taken
// for one on all.
struct unique_index {
  std::vector<std::string> clashes;  // in SQL
};

struct table_facts {
  table_schema schema;
  std::vector<foreign_key> references;
  std::vector<unique_index> unique;  // other than the primary key
  bool has_rowid = true;
};

// Errors: `table_missing`; those of database.
[[nodiscard]] result<table_facts> describe_table(database& on, std::string const& table);

}  // namespace dualwrite::engine::sqlite
