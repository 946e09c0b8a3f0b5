#include "engine/api/event_wish.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "engine/api/find_named.h"
#include "events/calendar.h"
#include "events/duration_text.h"

namespace dualwrite::engine {
namespace {

result<stream_id> parse_stream(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, stream_kind>, 5> kinds{{
      {"system", stream_kind::system},
      {"access", stream_kind::access},
      {"link-", stream_kind::link},
      {"map-", stream_kind::map},
      {"rule-", stream_kind::rule},
  }};
  for (auto const& [name, kind] : kinds) {
    if (!text.starts_with(name)) continue;
    // There is one stream of the system and one of the refusals.
    if (text == name) return stream_id{kind, kind == stream_kind::access ? 1u : 0u};
    DW_TRY(auto const id, parse_number(text.substr(name.size())));
    return stream_id{kind, id};
  }
  return error{
      error_code::request_invalid,
      fmt::format("'{}' is no stream like map-8, link-5, rule-9, system or access.", text)};
}

result<void> choose_index(api_context const& context,
                          api_request const& request,
                          read_request& read) {
  if (auto const name = request.asked("map"); !name.empty()) {
    DW_TRY(auto const map, map_called(context.views(), name));
    read.stream = stream_id{stream_kind::map, map.value};
  }
  if (auto const name = request.asked("stream"); !name.empty()) {
    DW_TRY(read.stream, parse_stream(name));
  }
  DW_TRY(auto const correlation, request.number("correlation", 0, ~std::uint64_t{0}));
  if (correlation != 0) read.correlation = sequence{correlation};
  return {};
}

result<std::optional<instant>> moment(api_context const& context,
                                      api_request const& request,
                                      std::string const& name) {
  auto const text = request.asked(name);
  if (text.empty()) return std::optional<instant>{};
  DW_TRY(auto const when, parse_when(text, context.time.now()));
  return std::optional{when};
}

// Where time and page say that reading begins.
result<sequence> beginning(api_context const& context, event_wish const& wish, sequence asked) {
  bool const backward = wish.read.backward;
  if (wish.page.behind != 0)
    return sequence{backward ? wish.page.behind - 1 : wish.page.behind + 1};
  if (!backward && wish.since) {
    DW_TRY(auto const first, context.log.first_at(*wish.since));
    return std::max(asked, first);
  }
  if (backward && wish.until) {
    DW_TRY(auto const behind, context.log.first_at(*wish.until + duration{1}));
    return std::min(asked, behind - 1);
  }
  return asked;
}

}  // namespace

result<instant> parse_when(std::string_view text, instant now) {
  if (auto const ago = parse_duration(text)) return now - *ago;
  auto const when = parse_timestamp_tz(text);
  if (when && *when != time_infinity && *when != time_minus_infinity) return instant{*when};
  return error{
      error_code::request_invalid,
      fmt::format("'{}' is no time like 2026-11-23T09:24:47Z, and no span like 2h.", text)};
}

result<event_wish> event_wish::from(api_context const& context, api_request const& request) {
  event_wish wish;
  DW_TRY(wish.page, page_wish::from(request));
  wish.read.backward = request.flag("backward");
  wish.type = request.asked("type");
  wish.with_records = request.flag("records");
  auto const format = request.asked("format");
  wish.as_cloud_events = format == "cloudevents";
  if (!format.empty() && format != "json" && !wish.as_cloud_events) {
    return error{error_code::request_invalid, "'format' is json or cloudevents."};
  }
  DW_TRY(wish.since, moment(context, request, "since"));
  DW_TRY(wish.until, moment(context, request, "until"));
  DW_CHECK(choose_index(context, request, wish.read));
  auto const otherwise = wish.read.backward ? context.log.head().at.value : 1;
  DW_TRY(auto const asked, request.number("from", otherwise, ~std::uint64_t{0}));
  DW_TRY(wish.read.from, beginning(context, wish, sequence{asked}));
  return wish;
}

bool event_wish::ends_before(stored_event const& event) const {
  if (read.backward) return since && event.recorded_at < *since;
  return until && event.recorded_at > *until;
}

}  // namespace dualwrite::engine
