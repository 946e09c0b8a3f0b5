// The publication of a database: which tables its slot gives.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/postgresql_schema.h"

namespace dualwrite::engine::postgresql {

// The tables that one is a partition of. Of one that is not there any more nobody knows, and its
// rows are in none of them.
[[nodiscard]] result<std::vector<std::uint64_t>> whole_of(connection& on, std::uint64_t part);

// A table that was captured, and is not any more what it was.
struct lost_table {
  std::string name;
  bool is_renamed = false;  // it is there, under another name, and no other has this one
};

// Of the tables that publish() was last given. One that was taken out of the publication for a
// moment is not what it was: what it got meanwhile is not told.
[[nodiscard]] result<std::vector<lost_table>> find_lost(connection& on, std::string const& name);

// Makes these tables the publication's.
//
// Errors: `invalid_definition` where one has no replica identity.
[[nodiscard]] result<void> publish(connection& on,
                                   std::string const& name,
                                   std::vector<table_facts> const& tables);

}  // namespace dualwrite::engine::postgresql
