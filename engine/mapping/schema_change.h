// How a table differs from what it was, for people.
#pragma once

#include <string>
#include <vector>

#include "events/table_schema.h"

namespace dualwrite::engine {

struct schema_change {
  std::string column{};  // empty where it is about the table's key
  std::string what{};    // "is gone", "was int64, is text"

  friend bool operator==(schema_change const&, schema_change const&) = default;
};

// In the order of the columns that were there, and then of those that came.
[[nodiscard]] std::vector<schema_change> changes_between(table_schema const& was,
                                                         table_schema const& is);

}  // namespace dualwrite::engine
