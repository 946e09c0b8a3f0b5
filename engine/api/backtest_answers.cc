#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/decide/alert_backtest.h"
#include "engine/decide/alert_decider.h"
#include "engine/ports/blocking.h"

namespace dualwrite::engine {
namespace {

constexpr std::int64_t count_max = 10'000;
constexpr std::int64_t within_seconds_max = 31 * 86'400;
constexpr std::size_t firings_shown_max = 1'000;

result<std::optional<std::int64_t>> number_in(boost::json::object const& body,
                                              std::string_view name,
                                              std::int64_t most) {
  auto const* said = body.if_contains(name);
  if (said == nullptr) return std::optional<std::int64_t>();
  auto const number = said->is_int64() ? said->as_int64() : 0;
  if (number < 1 || number > most) {
    return error{error_code::request_invalid,
                 fmt::format("'{}' has to be a number from 1 to {}.", name, most)};
  }
  return std::optional(number);
}

// The rule as it is, with what the body says otherwise: {"count": 20, "within_seconds": 3600}.
result<alert_terms> tried_terms(alert_terms terms, boost::json::object const& body) {
  if (terms.subject != alert_subject::errors)
    return error{error_code::request_invalid,
                 "Only rules on errors can be tested on the log: states are not in it."};
  DW_TRY(auto const count, number_in(body, "count", count_max));
  DW_TRY(auto const within, number_in(body, "within_seconds", within_seconds_max));
  if (count) terms.count = static_cast<std::uint32_t>(*count);
  if (within) terms.within_us = static_cast<std::uint64_t>(*within) * 1'000'000;
  return terms;
}

result<alert_backtest> test_on(event_log const& log, link_id link, alert_terms terms) {
  alert_backtest test(link, std::move(terms));
  auto const cursor = log.read({sequence{1}, false, std::nullopt});
  while (true) {
    DW_TRY(auto const stored, cursor->next());
    if (!stored) break;
    DW_TRY(auto const event, decode(*stored));
    test.fold(event);
  }
  test.end();
  return test;
}

}  // namespace

// When the rule would have fired on what is in the log, all of which is read.
async<api_reply> backtest_alert(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, rule_called(context.views(), request.parts["rule"]));
  DW_CO_TRY(auto const wanted, request.json());
  auto const& rule = context.views().alerts.rules.at(id);
  auto const link = rule.link;
  DW_CO_TRY(auto terms, tried_terms(rule.terms, wanted));
  auto const condition = condition_text(terms);
  auto test = [&log = context.log, link, terms = std::move(terms)]() {
    return test_on(log, link, terms);
  };
  auto const pool = context.pool.get_executor();
  DW_CO_TRY(auto const tested, co_await blocking<alert_backtest>(pool, std::move(test)));
  boost::json::array firings;
  for (auto const& one : tested.firings()) {
    if (firings.size() == firings_shown_max) break;
    boost::json::object json;
    json["sequence"] = json_of(one.at);
    json["at"] = json_of(one.when);
    if (auto const* map = context.views().status.find(one.map)) json["map"] = map->name;
    json["count"] = one.count;
    firings.push_back(std::move(json));
  }
  boost::json::object body;
  body["rule"] = context.views().alerts.rules.at(id).terms.name;
  body["condition"] = condition;
  body["errors"] = json_of(tested.errors());
  body["fired"] = json_of(std::uint64_t{tested.firings().size()});
  body["firings"] = std::move(firings);
  co_return json_reply(body);
}

}  // namespace dualwrite::engine
