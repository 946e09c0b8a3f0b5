#include "engine/flow/link_context.h"

#include <algorithm>

namespace dualwrite::engine {

result<std::shared_ptr<compiled_map const>> map_catalogue::get(projections::views const& views,
                                                               map_id map) {
  auto const* row = views.status.find(map);
  if (row == nullptr) return error{error_code::unknown_map};
  auto& kept = entries_[map];
  auto const& link = views.status.links.at(row->link);
  auto const newest = [&](app_id app, std::string const& table) {
    return views.status.schema_of(app, table);
  };
  bool const is_known = kept.left && kept.version == row->version &&
                        kept.left == newest(link.left, kept.left_table) &&
                        kept.right == newest(link.right, kept.right_table);
  if (!is_known) DW_CHECK(look(views, *row, kept));
  if (kept.compiled) return kept.compiled;
  return *kept.misfit;
}

result<void> map_catalogue::look(projections::views const& views,
                                 projections::map_row const& row,
                                 entry& kept) {
  auto const& link = views.status.links.at(row.link);
  DW_TRY(auto const definition, parse_definition(row.definition));
  auto const left = views.status.schema_of(link.left, definition.left.table);
  auto const right = views.status.schema_of(link.right, definition.right.table);
  if (!left || !right)
    return error{error_code::invalid_definition, "a table was not described yet"};
  DW_TRY(auto const left_schema, decode_schema(views.status.schemas.at(left).schema));
  DW_TRY(auto const right_schema, decode_schema(views.status.schemas.at(right).schema));
  auto compiled = compile(definition, left_schema, right_schema);
  auto former = kept.version == row.version ? kept.compiled : nullptr;
  kept = {row.version, left, right, definition.left.table, definition.right.table, former, {}};
  if (compiled) {
    kept.compiled = std::make_shared<compiled_map const>(std::move(*compiled));
  } else {
    kept.misfit = compiled.error();
  }
  return {};
}

std::shared_ptr<compiled_map const> map_catalogue::fitting(projections::views const& views,
                                                           map_id map) {
  auto const compiled = get(views, map);
  return compiled && !entries_[map].misfit ? *compiled : nullptr;
}

link_context::link_context(link_id id,
                           projections::link_row const& row,
                           sequencer& to,
                           clock& clock,
                           boost::asio::any_io_executor strand,
                           flow_options settings,
                           flow_faults mutations)
    : link(id),
      apps{row.left, row.right},
      log(to),
      time(clock),
      executor(std::move(strand)),
      options(settings),
      faults(mutations),
      written_([](map_definition const& definition) {
        return std::optional(ways_written{{definition.writes(direction::left_to_right),
                                           definition.writes(direction::right_to_left)}});
      }) {}

sequence link_context::position(map_id map, direction way) const {
  auto const& delivery = views().delivery;
  auto const told = delivery.position(map, way);
  auto const place = delivery.places.find({map, way});
  bool const is_in_main =
      place != delivery.places.end() && place->second.lane == projections::main_lane;
  return is_in_main ? std::max(told, main_read[static_cast<std::size_t>(way)]) : told;
}

bool link_context::is_mine(map_id map) const {
  auto const* row = log.views().status.find(map);
  return row != nullptr && row->link == link;
}

bool link_context::may_hand(direction way) const {
  // Large rows are few, and must not fill the memory either.
  constexpr std::size_t bytes_max = std::size_t{256} << 20;
  auto const max = options.ledger_writes_max;
  auto const& load = ledger.load_of(way);
  if (load.not_back >= max || load.bytes_not_back >= bytes_max) return false;
  return load.awaited < max || ledger.load_of(opposite(way)).awaited >= max;
}

bool link_context::comes_back(direction way) const {
  auto const capture = log.views().delivery.captures.find({link, target_of(way)});
  return capture != log.views().delivery.captures.end() && !capture->second.maps.empty();
}

bool link_context::may_come_back(direction way) const {
  if (comes_back(way)) return true;
  auto const& status = views().status;
  auto const& written = written_.of(status);
  return std::any_of(status.maps.begin(), status.maps.end(), [&](auto const& row) {
    auto const ways = written.find(row.first);
    // Of a definition that cannot be read nothing is known.
    return row.second.link == link &&
           (ways == written.end() || ways->second.ways[static_cast<std::size_t>(opposite(way))]);
  });
}

duration backoff(flow_options const& options, std::uint32_t failures) {
  auto pace = options.backoff_first;
  for (std::uint32_t i = 1; i < failures && pace < options.backoff_max; ++i) pace *= 2;
  return std::min(pace, options.backoff_max);
}

bool is_drift(error_code code) {
  return code == error_code::table_missing || code == error_code::table_changed ||
         code == error_code::not_authorized;
}

bool ends_engine(error_code code) {
  auto const kind = class_of(code);
  return kind == error_class::corrupt || (kind == error_class::refused && !is_drift(code));
}

bool is_loss(error_code code) {
  return code == error_code::source_rewound || code == error_code::slot_lost;
}

fault_class fault_of(error const& why) {
  if (why.code == error_code::app_busy) return fault_class::throttled;
  if (why.code == error_code::app_unreachable || why.code == error_code::app_reply_lost)
    return fault_class::network;
  if (why.code == error_code::not_authorized) return fault_class::unauthorized;
  return fault_class::unavailable;
}

}  // namespace dualwrite::engine
