#include "engine/flow/link_context.h"

#include <algorithm>

namespace dualwrite::engine {

result<std::shared_ptr<compiled_map const>> map_catalogue::get(projections::views const& views, map_id map) {
  auto const* row = views.status.find(map);
  if (row == nullptr) return error{error_code::unknown_map};
  auto& kept = entries_[map];
  DW_TRY(auto const definition, parse_definition(row->definition));
  auto const& link = views.status.links.at(row->link);
  auto const left = views.status.schema_of(link.left, definition.left.table);
  auto const right = views.status.schema_of(link.right, definition.right.table);
  if (!left || !right) return error{error_code::invalid_definition, "a table was not described yet"};
  if (kept.compiled && kept.version == row->version && kept.left == left && kept.right == right) {
    return kept.compiled;
  }
  DW_TRY(auto const left_schema, decode_schema(views.status.schemas.at(left).schema));
  DW_TRY(auto const right_schema, decode_schema(views.status.schemas.at(right).schema));
  DW_TRY(auto compiled, compile(definition, left_schema, right_schema));
  kept = {row->version, left, right, std::make_shared<compiled_map const>(std::move(compiled))};
  return kept.compiled;
}

bool link_context::is_mine(map_id map) const {
  auto const* row = log.views().status.find(map);
  return row != nullptr && row->link == link;
}

duration backoff(flow_options const& options, std::uint32_t failures) {
  auto pace = options.backoff_first;
  for (std::uint32_t i = 1; i < failures && pace < options.backoff_max; ++i) pace *= 2;
  return std::min(pace, options.backoff_max);
}

}  // namespace dualwrite::engine
