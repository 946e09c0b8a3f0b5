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

// Of the tables that publish() was last given, or of these of them. One that was taken out of the
// publication for a moment is not what it was: what it got meanwhile is not told.
[[nodiscard]] result<std::vector<lost_table>> find_lost(
    connection& on, std::string const& name, std::vector<std::string> const* only = nullptr);

// One of them whose updates and deletes cannot be told: it has no replica identity.
[[nodiscard]] result<table_facts const*> find_without_identity(
    connection& on, std::vector<table_facts> const& tables);

// Makes these tables the publication's. Behind it a table that is new there is given whole when
// await_early_writers() has ended.
[[nodiscard]] result<void> publish(connection& on,
                                   std::string const& name,
                                   std::vector<table_facts> const& tables);

// Waits, shortly, for the transactions that wrote to tables of the publication before they were in
// it: the server tells what those write from then on, and nothing of what they wrote before. Nobody
// has to wait for us meanwhile.
//
// Errors: `app_busy` where one is not over yet; the next call asks for the same ones.
[[nodiscard]] result<void> await_early_writers(connection& on, std::string const& name);

// Where the last of them had ended: what was committed to a table before that is not told.
[[nodiscard]] result<void> find_beginnings(connection& on,
                                           std::string const& name,
                                           std::vector<table_facts>& tables);

}  // namespace dualwrite::engine::postgresql
