#include "engine/flow/link_context.h"

#include <algorithm>

namespace dualwrite::engine {

result<std::shared_ptr<compiled_map const>> map_catalogue::get(projections::views const& views,
                                                               map_id map) {
  auto const* row = views.status.find(map);
  if (row == nullptr) return error{error_code::unknown_map};
  auto& kept = entries_[map];
  auto const& link = views.status.links.at(row->link);
  if (kept.compiled && kept.version == row->version &&
      kept.left == views.status.schema_of(link.left, kept.compiled->table(side::left)) &&
      kept.right == views.status.schema_of(link.right, kept.compiled->table(side::right))) {
    return kept.compiled;
  }
  DW_TRY(auto const definition, parse_definition(row->definition));
  auto const left = views.status.schema_of(link.left, definition.left.table);
  auto const right = views.status.schema_of(link.right, definition.right.table);
  if (!left || !right)
    return error{error_code::invalid_definition, "a table was not described yet"};
  DW_TRY(auto const left_schema, decode_schema(views.status.schemas.at(left).schema));
  DW_TRY(auto const right_schema, decode_schema(views.status.schemas.at(right).schema));
  auto compiled = compile(definition, left_schema, right_schema);
  if (compiled) {
    kept = {row->version, left, right, std::make_shared<compiled_map const>(std::move(*compiled))};
    return kept.compiled;
  }
  if (!kept.compiled || kept.version != row->version) return std::move(compiled).error();
  kept.left = left;
  kept.right = right;
  return kept.compiled;
}

bool link_context::is_mine(map_id map) const {
  auto const* row = log.views().status.find(map);
  return row != nullptr && row->link == link;
}

bool link_context::may_hand(direction way) const {
  auto const max = options.ledger_writes_max;
  if (ledger.load_of(way).not_back >= max) return false;
  return ledger.load_of(way).awaited < max || ledger.load_of(opposite(way)).awaited >= max;
}

bool link_context::comes_back(direction way) const {
  auto const capture = log.views().delivery.captures.find({link, target_of(way)});
  return capture != log.views().delivery.captures.end() && !capture->second.maps.empty();
}

duration backoff(flow_options const& options, std::uint32_t failures) {
  auto pace = options.backoff_first;
  for (std::uint32_t i = 1; i < failures && pace < options.backoff_max; ++i) pace *= 2;
  return std::min(pace, options.backoff_max);
}

bool is_drift(error_code code) {
  return code == error_code::table_missing || code == error_code::table_changed;
}

fault_class fault_of(error const& why) {
  if (why.code == error_code::app_busy) return fault_class::throttled;
  if (why.code == error_code::app_unreachable || why.code == error_code::app_reply_lost)
    return fault_class::network;
  return fault_class::unavailable;
}

}  // namespace dualwrite::engine
