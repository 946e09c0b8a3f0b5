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
result<projections::alert_row> tried_rule(projections::alert_row rule,
                                          boost::json::object const& body) {
  DW_TRY(auto const count, number_in(body, "count", count_max));
  DW_TRY(auto const within, number_in(body, "within_seconds", within_seconds_max));
  if (count) rule.count = static_cast<std::uint32_t>(*count);
  if (within) rule.within_us = static_cast<std::uint64_t>(*within) * 1'000'000;
  return rule;
}

result<alert_backtest> test_on(event_log const& log, projections::alert_row rule) {
  alert_backtest test(std::move(rule));
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
  DW_CO_TRY(auto rule, tried_rule(context.views().alerts.rules.at(id), wanted));
  auto const condition = condition_text(rule);
  auto test = [&log = context.log, rule = std::move(rule)]() { return test_on(log, rule); };
  auto const pool = context.pool.get_executor();
  DW_CO_TRY(auto const tested, co_await blocking<alert_backtest>(pool, std::move(test)));
  boost::json::array firings;
  for (auto const& one : tested.firings()) {
    if (firings.size() == firings_shown_max) break;
    boost::json::object json;
    json["sequence"] = json_of(one.at);
    json["at"] = json_of(one.when);
    json["count"] = one.count;
    firings.push_back(std::move(json));
  }
  boost::json::object body;
  body["rule"] = context.views().alerts.rules.at(id).name;
  body["condition"] = condition;
  body["errors"] = json_of(tested.errors());
  body["fired"] = json_of(std::uint64_t{tested.firings().size()});
  body["firings"] = std::move(firings);
  co_return json_reply(body);
}

}  // namespace dualwrite::engine
