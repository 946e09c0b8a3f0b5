#include "engine/api/error_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

constexpr searched_field searched[] = {
    {"id", value_type::int64},
    {"map", value_type::text},
    {"link", value_type::text},
    {"direction", value_type::text},
    {"key", value_type::text},
    {"state", value_type::text},
    {"class", value_type::text},
    {"code", value_type::text},
    {"text", value_type::text},
    {"column", value_type::text},
    {"attempts", value_type::int64},
    {"initial_sync", value_type::boolean},
    {"first_failed", value_type::timestamp_tz},
    {"last_failed", value_type::timestamp_tz},
};

// The parts of a key, with commas between them.
std::string key_text(std::string_view key) {
  auto const values = decode_key(key);
  std::string text;
  if (!values) return text;
  for (auto const& part : *values) {
    if (!text.empty()) text.push_back(',');
    text += to_string(part);
  }
  return text;
}

row_values searched_row(projections::views const& state, listed_error const& one) {
  auto const& row = one.row();
  auto const* map = state.status.find(one.name.map);
  auto const text = [](std::string_view chars) { return value::of_text(std::string(chars)); };
  return {value::of_int64(static_cast<std::int64_t>(one.name.record.value)),
          text(map == nullptr ? std::string_view() : map->name),
          text(map == nullptr ? std::string() : link_name(state, map->link)),
          text(name_of(one.name.way)),
          text(key_text(row.key)),
          text(one.state()),
          text(dualwrite::name_of(row.kind)),
          text(row.code),
          text(row.text),
          text(row.column),
          value::of_int64(row.attempts),
          value::of_boolean(row.copied),
          value::of_timestamp_tz(row.first_failed.us),
          value::of_timestamp_tz(row.last_failed.us)};
}

bool is_said(std::string const& text) {
  return text == "1" || text == "true" || text == "yes";
}

}  // namespace

std::string_view state_name(park_state state) {
  switch (state) {
    case park_state::failed:
      return "failed";
    case park_state::pending:
      return "retrying";
    case park_state::due:
      return "due";
    case park_state::waiting:
      return "waiting";
    case park_state::dependency:
      return "dependency";
    case park_state::reread:
      return "reread";
    case park_state::conflict:
      return "conflict";
  }
  return "unknown";
}

std::string_view state_name(projections::parked_end how) {
  switch (how) {
    case projections::parked_end::completed:
      return "completed";
    case projections::parked_end::superseded:
      return "superseded";
    case projections::parked_end::conflict_lost:
      return "conflict_lost";
    case projections::parked_end::discarded:
      return "discarded";
  }
  return "unknown";
}

std::string_view listed_error::state() const {
  return ended == nullptr ? state_name(parked->state) : state_name(ended->how);
}

std::string_view listed_state(projections::views const& state, parked_name const& of) {
  auto const found = find_listed(state, of.record, of.map);
  return found ? found->state() : "settled";
}

result<error_filter> error_filter::from(projections::views const& state, said const& ask) {
  error_filter out;
  out.kind_ = ask("class");
  out.code_ = ask("code");
  out.text_ = ask("text");
  out.column_ = ask("column");
  out.state_ = ask("state");
  out.waiting_ = is_said(ask("waiting"));
  out.ended_ = is_said(ask("ended"));
  if (auto const name = ask("map"); !name.empty()) {
    DW_TRY(out.map, map_called(state, name));
  }
  if (auto const name = ask("link"); !name.empty()) {
    DW_TRY(out.link_, link_called(state, name));
  }
  if (auto const name = ask("direction"); !name.empty()) {
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      if (name == name_of(way)) out.way_ = way;
    }
    if (!out.way_) {
      return error{error_code::request_invalid,
                   "'direction' has to be left_to_right or right_to_left."};
    }
  }
  if (auto const sql = ask("filter"); !sql.empty()) {
    DW_TRY(out.search_, row_search::prepare(sql, searched));
  }
  return out;
}

bool error_filter::passes(projections::views const& state, listed_error const& one) const {
  auto const& row = one.row();
  auto const* status = state.status.find(one.name.map);
  if (link_ && (status == nullptr || status->link != link_)) return false;
  if (way_ && one.name.way != *way_) return false;
  bool const only_waits = one.parked != nullptr && row.kind == fault_class::none &&
                          row.state != park_state::failed && row.state != park_state::pending;
  if (only_waits && !waiting_ && state_.empty()) return false;
  if (!state_.empty() && state_ != one.state()) return false;
  if (!kind_.empty() && kind_ != dualwrite::name_of(row.kind)) return false;
  if (!code_.empty() && code_ != row.code) return false;
  if (!column_.empty() && column_ != row.column) return false;
  return text_.empty() || row.text.find(text_) != std::string::npos;
}

result<std::vector<listed_error>> error_filter::matching(projections::views const& state) const {
  std::vector<listed_error> found;
  auto const take = [&](listed_error one) -> result<void> {
    if (!passes(state, one)) return {};
    if (search_ != nullptr) {
      DW_TRY(bool const holds, search_->holds(searched_row(state, one)));
      if (!holds) return {};
    }
    found.push_back(one);
    return {};
  };
  for (auto const& [of, rows] : state.parked.rows) {
    if (map && of.first != map) continue;
    for (auto const& [record, row] : rows)
      DW_CHECK(take({{of.first, of.second, record}, &row, nullptr}));
  }
  bool const wants_ended = ended_ || !state_.empty();
  for (auto const& [of, rows] : state.parked.ended) {
    if (!wants_ended || (map && of.first != map)) continue;
    for (auto const& [record, row] : rows)
      DW_CHECK(take({{of.first, of.second, record}, nullptr, &row}));
  }
  std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) {
    return std::tie(a.name.record, a.name.map, a.name.way) <
           std::tie(b.name.record, b.name.map, b.name.way);
  });
  return found;
}

result<listed_error> find_listed(projections::views const& state, sequence record, map_id map) {
  for (auto const& [of, rows] : state.parked.rows) {
    if (map && of.first != map) continue;
    auto const row = rows.find(record);
    if (row != rows.end())
      return listed_error{{of.first, of.second, record}, &row->second, nullptr};
  }
  for (auto const& [of, rows] : state.parked.ended) {
    if (map && of.first != map) continue;
    auto const row = rows.find(record);
    if (row != rows.end())
      return listed_error{{of.first, of.second, record}, nullptr, &row->second};
  }
  return error{error_code::unknown_record, std::to_string(record.value), record};
}

}  // namespace dualwrite::engine
