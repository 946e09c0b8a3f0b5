// Filters drawn by chance: each as a client says it, and what it means in plain code beside it.
#pragma once

#include <algorithm>
#include <boost/json/object.hpp>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "engine/api/api_request.h"
#include "projections/parked.h"

namespace dualwrite::engine {

using projections::map_way;

inline constexpr std::int64_t rows_in_all = 98'000;
inline constexpr std::string_view tables[] = {"orders", "invoices", "tickets"};
inline constexpr std::string_view texts[] = {"no e-mail address", "too long", "100 % wrong"};
inline constexpr std::string_view columns[] = {"", "code", "text"};
inline constexpr std::size_t codes = 40;

// A record as a list would show it, told from the views without any of the API's code.
struct shown {
  map_way of{};
  sequence record{};
  projections::parked_row const* row = nullptr;
  bool has_ended = false;
  std::string_view map{}, link{}, state{};
  std::int64_t id = 0;
};

struct wish {
  boost::json::object said{};
  std::vector<std::function<bool(shown const&)>> terms{};
  bool says_state = false, says_waiting = false, says_ended = false;

  bool holds(shown const& one) const {
    bool const only_waits = one.state == "waiting";
    if (one.has_ended && !says_ended && !says_state) return false;
    if (only_waits && !says_waiting && !says_state) return false;
    return std::all_of(terms.begin(), terms.end(), [&](auto const& term) { return term(one); });
  }
  template <class Term>
  void add(std::string_view name, std::string_view value, Term term) {
    said[name] = value;
    terms.emplace_back(std::move(term));
  }
  std::string query() const {
    std::string out;
    for (auto const& [name, value] : said)
      out += "&" + std::string(name) + "=" + escape(std::string_view(value.as_string()));
    return out;
  }
};

class random_wishes {
 public:
  wish next() {
    wish out;
    add_names(out);
    add_error(out);
    add_scope(out);
    // By a code or a part of the log, so that a list stays short enough for a test.
    if (is_one_in(4)) {
      add_part_of_the_log(out);
    } else {
      add_code(out);
      if (is_one_in(2)) add_sql(out);
    }
    return out;
  }

 private:
  std::uint64_t draw(std::uint64_t many) { return chance_() % many; }
  bool is_one_in(std::uint64_t many) { return draw(many) == 0; }

  void add_names(wish& out) {
    if (is_one_in(3)) {
      auto const name = tables[draw(3)];
      out.add("map", name, [=](shown const& one) { return one.map == name; });
    }
    if (is_one_in(4)) {
      out.add("link", "erp-crm", [](shown const& one) { return one.link == "erp-crm"; });
    }
    if (is_one_in(3)) {
      auto const way = static_cast<direction>(draw(2));
      auto const* name = way == direction::left_to_right ? "left_to_right" : "right_to_left";
      out.add("direction", name, [=](shown const& one) { return one.of.second == way; });
    }
  }
  void add_code(wish& out) {
    auto const code = "E" + std::to_string(draw(codes));
    out.add("code", code, [=](shown const& one) { return one.row->code == code; });
  }
  void add_part_of_the_log(wish& out) {
    auto const first = draw(rows_in_all), last = first + 4'000;
    out.add(
        "filter",
        "id between " + std::to_string(first) + " and " + std::to_string(last),
        [=](shown const& one) { return one.record.value >= first && one.record.value <= last; });
  }
  void add_error(wish& out) {
    if (is_one_in(4)) {
      out.add("class", "application", [](shown const& one) {
        return one.row->kind == fault_class::application;
      });
    }
    if (is_one_in(4)) {
      auto const part = texts[draw(3)].substr(0, 3);
      out.add("text", part, [=](shown const& one) {
        return one.row->text.find(part) != std::string::npos;
      });
    }
    if (is_one_in(6)) {
      auto const name = columns[1 + draw(2)];
      out.add("column", name, [=](shown const& one) { return one.row->column == name; });
    }
  }
  void add_scope(wish& out) {
    if (is_one_in(5)) {
      constexpr std::string_view states[] = {"failed", "waiting", "completed"};
      auto const state = states[draw(3)];
      out.says_state = true;
      out.add("state", state, [=](shown const& one) { return one.state == state; });
    }
    out.says_waiting = is_one_in(3);
    if (out.says_waiting) out.said["waiting"] = "1";
    out.says_ended = is_one_in(3);
    if (out.says_ended) out.said["ended"] = "true";
  }
  void add_sql(wish& out) {
    auto const from = static_cast<std::int64_t>(draw(rows_in_all));
    auto const code = "E" + std::to_string(draw(codes));
    switch (draw(4)) {
      case 0:
        return out.add("filter", "attempts = 1 or text like '%e-mail%'", [](shown const& one) {
          return one.row->attempts == 1 || one.row->text == texts[0];
        });
      case 1:
        return out.add("filter",
                       "not (code in ('" + code + "', 'E1') or \"column\" = 'text')",
                       [=](shown const& one) {
                         return one.row->code != code && one.row->code != "E1" &&
                                one.row->column != "text";
                       });
      case 2:
        return out.add("filter",
                       "id >= " + std::to_string(from) + " and state <> 'completed'",
                       [=](shown const& one) {
                         return one.record.value >= static_cast<std::uint64_t>(from) &&
                                one.state != "completed";
                       });
      default:
        return out.add(
            "filter",
            "\"key\" = '" + std::to_string(from) + "' or map = 'orders' and attempts < 3",
            [=](shown const& one) {
              return one.id == from || (one.map == "orders" && one.row->attempts < 3);
            });
    }
  }

  std::mt19937_64 chance_{20'261'127};
};

}  // namespace dualwrite::engine
