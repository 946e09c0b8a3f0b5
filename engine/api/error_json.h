// Catch-up errors: parked records, told so that a person knows what to do.
#pragma once

#include <boost/json/object.hpp>
#include <vector>

#include "engine/api/api_context.h"

namespace dualwrite::engine {

// Names one catch-up error: a record may be parked for several maps.
struct parked_name {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;

  friend constexpr auto operator<=>(parked_name const&, parked_name const&) = default;
};

// What a list is narrowed by; what is not said lets everything through.
struct parked_filter {
  map_id map{};
  std::string kind{};    // name of the class
  std::string code{};    // the app's own
  std::string text{};    // part of the text
  bool waiting = false;  // also those that only wait behind another
};

// In the order of the records.
[[nodiscard]] std::vector<parked_name> parked_matching(projections::views const& state,
                                                       parked_filter const& filter);
// Errors: `unknown_record`.
[[nodiscard]] result<parked_name> find_parked(projections::views const& state,
                                              sequence record,
                                              map_id map);

[[nodiscard]] boost::json::object error_json(api_context const& context, parked_name const& name);
// With both images as the app sent them.
[[nodiscard]] boost::json::object error_detail_json(api_context const& context,
                                                    parked_name const& name);

}  // namespace dualwrite::engine
