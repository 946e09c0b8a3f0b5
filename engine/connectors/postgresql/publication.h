// The publication of a database: which tables its slot gives.
#pragma once

#include <string>
#include <vector>

#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/postgresql_schema.h"

namespace dualwrite::engine::postgresql {

// Makes these tables the publication's. `goes_on` where they were captured before, and nothing of
// them may be missing in between.
//
// Errors: `source_rewound` where a captured table was made anew or taken out of the publication;
// `invalid_definition` where one has no replica identity.
[[nodiscard]] result<void> publish(connection& on,
                                   std::string const& name,
                                   std::vector<table_facts> const& tables,
                                   bool goes_on);

}  // namespace dualwrite::engine::postgresql
