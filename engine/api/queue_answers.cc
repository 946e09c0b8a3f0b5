#include <algorithm>
#include <boost/json/array.hpp>
#include <iterator>

#include "engine/api/answers.h"
#include "engine/api/captured_record.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/map_json.h"
#include "engine/api/page.h"
#include "engine/decide/queue_decider.h"

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};
// How many events are looked at for one page; a page that ends early says where to go on.
constexpr std::size_t events_max = 20'000;

// Walks what was captured for one map and is neither settled nor parked, transaction by
// transaction: parts of one that is not complete are held back, and are void where the capture
// began anew.
class queue_reader {
 public:
  queue_reader(api_context const& context, map_id map, map_definition const& definition)
      : context_(context), map_(map), definition_(definition) {}

  struct page {
    boost::json::array items{};
    sequence next{};  // zero where the queue ends here
  };
  result<page> read(sequence behind, std::size_t limit, std::string const& key) {
    auto const link = context_.views().status.find(map_)->link;
    if (!is_captured()) return page{};
    auto const from = std::max(behind, first());
    auto const cursor =
        context_.log.read({from + 1, false, stream_id{stream_kind::link, link.value}});
    page out;
    auto reached = from;
    // A page ends where no transaction is open, so that the next one repeats and misses nothing.
    for (std::size_t looked_at = 0;
         looked_at < events_max && (out.items.size() < limit || holds_parts());) {
      DW_TRY(auto const stored, cursor->next());
      if (!stored) return out;
      ++looked_at;
      DW_TRY(auto const event, decode(*stored));
      if (auto const* started = event.as<CaptureStarted>()) held(started->of).clear();
      if (auto const* captured = event.as<RecordsCaptured>())
        DW_CHECK(take(event, *captured, key, out));
      if (!holds_parts()) reached = event.last();
    }
    if (reached > from) out.next = reached;
    return out;
  }

 private:
  bool is_captured() const {
    auto const& places = context_.views().delivery.places;
    return std::any_of(std::begin(both_ways), std::end(both_ways), [&](direction way) {
      return places.contains({map_, way});
    });
  }
  // Up to here all of it is settled, parked or waiting, in both directions.
  sequence first() const {
    sequence first{~std::uint64_t{0}};
    for (auto const way : both_ways) {
      if (!context_.views().delivery.places.contains({map_, way})) continue;
      first = std::min(first, context_.views().delivery.position(map_, way));
    }
    return first;
  }
  bool holds_parts() { return !held(side::left).empty() || !held(side::right).empty(); }
  boost::json::array& held(side of) { return held_[static_cast<std::size_t>(of)]; }

  bool concerns(RecordsCaptured const& captured, schema_id schema) const {
    if (captured.map) return captured.map == map_ && captured.kind != capture_kind::initial;
    auto const seen = context_.views().status.schemas.find(schema);
    return seen != context_.views().status.schemas.end() &&
           seen->second.table == definition_.of(captured.of).table &&
           definition_.writes(direction_from(captured.of));
  }
  result<void> take(event_view const& event,
                    RecordsCaptured const& captured,
                    std::string const& key,
                    page& out) {
    auto const way = direction_from(captured.of);
    auto const& state = context_.views();
    auto const position = state.delivery.position(map_, way);
    record_reader records(captured.records.bytes);
    while (true) {
      DW_TRY(auto const record, records.next());
      if (!record) break;
      auto const at = event.at + record->index;
      bool const waits = at > position && state.parked.find({map_, way}, at) == nullptr &&
                         record->table < captured.tables.size() &&
                         concerns(captured, captured.tables[record->table].schema);
      if (!waits) continue;
      auto json = record_of_json(state, event, captured, *record);
      json["direction"] = name_of(way);
      json["captured_at"] = json_of(event.recorded_at);
      json["bytes"] = json_of(std::uint64_t{record->before.size() + record->after.size()});
      auto const of_key = key_in(json, captured.of);
      json["key"] = of_key;
      if (key.empty() || holds(of_key, key)) held(captured.of).push_back(std::move(json));
    }
    if (!captured.last) return {};
    for (auto& one : held(captured.of)) {
      out.items.push_back(std::move(one));
    }
    held(captured.of).clear();
    return {};
  }
  boost::json::object key_in(boost::json::object const& record, side of) const {
    auto const& after = record.at("after").as_object();
    auto const& image = after.empty() ? record.at("before").as_object() : after;
    boost::json::object key;
    for (auto const& pair : definition_.key) {
      auto const& column = of == side::left ? pair.left : pair.right;
      if (auto const* part = image.if_contains(column)) key[column] = *part;
    }
    return key;
  }
  static bool holds(boost::json::object const& key, std::string const& wanted) {
    return std::any_of(key.begin(), key.end(), [&](auto const& part) {
      return part.value().is_string() && std::string_view(part.value().as_string()) == wanted;
    });
  }

  api_context const& context_;
  map_id map_;
  map_definition const& definition_;
  boost::json::array held_[2];
};

}  // namespace

async<api_reply> list_queue(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  auto const& state = context.views();
  DW_CO_TRY(auto const map, map_called(state, request.parts["map"]));
  DW_CO_TRY(auto const definition, parse_definition(state.status.find(map)->definition));
  queue_reader reader(context, map, definition);
  auto const key = std::string(request.asked("key"));
  DW_CO_TRY(auto found, reader.read(sequence{page.behind}, page.limit, key));
  boost::json::object body;
  auto const whole = queue_of(state, map, context.time.now());
  body["queued"] = json_of(whole.records);
  body["bytes"] = json_of(whole.bytes);
  body["oldest"] = whole.oldest ? json_of(*whole.oldest) : boost::json::value(nullptr);
  body["items"] = std::move(found.items);
  body["next_cursor"] =
      found.next ? boost::json::value(print_cursor(found.next.value)) : boost::json::value(nullptr);
  co_return json_reply(body);
}

}  // namespace dualwrite::engine
