// The tables that the maps of a link want to have captured on one side.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/flow/link_context.h"

namespace dualwrite::engine {

struct wanted_table {
  std::vector<map_id> maps;
  std::set<std::size_t> read;
  bool reads_all = false;           // of its columns
  std::set<std::size_t> only_read;  // those that no map writes
  schema_id schema;
  std::vector<std::size_t> key;
};
using wanted_tables = std::map<std::string, wanted_table>;

// What a source is asked to capture: of a row that is changed or removed the integration keys have
// to be known.
[[nodiscard]] std::vector<captured_table> to_capture(link_context const& context,
                                                     side of,
                                                     wanted_tables const& wanted);

// Of every map that captures, or is about to: its tables were looked at.
[[nodiscard]] wanted_tables find_wanted(link_context const& context, side of);

// Those of them with these names; of no names: all.
[[nodiscard]] wanted_tables only(wanted_tables const& all, std::vector<std::string> const& names);

// Those of them that were captured before; where none was: all.
[[nodiscard]] wanted_tables captured_ones(link_context const& context,
                                          side of,
                                          wanted_tables const& all);

// From a CaptureStarted that names it until it is stopped a map has its place in the delivery.
[[nodiscard]] bool is_captured(link_context const& context, side of, map_id map);

// Whether what is captured is what is wanted; and whether it is all wanted still, perhaps with more
// beside it.
[[nodiscard]] bool is_all(link_context const& context,
                          side of,
                          wanted_tables const& captured,
                          wanted_tables const& wanted);
[[nodiscard]] bool is_part(link_context const& context,
                           side of,
                           wanted_tables const& captured,
                           wanted_tables const& wanted);

}  // namespace dualwrite::engine
