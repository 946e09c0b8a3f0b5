#include "engine/flow/app_breaker.h"

namespace dualwrite::engine {
namespace {

side side_of(link_context const& context, app_id app) {
  return context.app(side::left) == app ? side::left : side::right;
}

bool may_be_away(error_code code) {
  return code == error_code::app_unreachable || code == error_code::app_reply_lost;
}

// What is said of an app, where that is still news when its turn comes.
template <class Event>
async<void> tell_if(link_context& context, Event event, bool is_away) {
  auto const link = context.link;
  decision what = [=](projections::views const& state) -> result<drafts> {
    drafts events;
    if (state.outages.away.contains(event.app) == is_away)
      events.push_back(draft({stream_kind::link, link.value}, link, event));
    return events;
  };
  auto const told = co_await context.log.decide(std::move(what));
  if (!told) co_return told.error();
  co_return result<void>{};
}

template <class Event>
Event filled(Event event, link_context const& context, error const& why) {
  event.link = context.link;
  event.kind = fault_of(why);
  event.code = name_of(why.code);
  event.text = why.detail;
  return event;
}

}  // namespace

async<void> tell_failed(link_context& context, AttemptFailed failed, error why) {
  drafts events;
  events.push_back(
      draft({stream_kind::link, context.link.value}, context.link, filled(failed, context, why)));
  DW_CO_CHECK(co_await context.log.append(std::move(events)));
  auto const of = side_of(context, failed.app);
  if (!may_be_away(why.code) || context.is_away(of)) co_return result<void>{};
  // It may only be this session that has ended.
  auto const answered = co_await context.source(of).check();
  if (answered) co_return result<void>{};
  auto const silence = answered.error();
  if (silence.code == error_code::stopped) co_return silence;
  if (!may_be_away(silence.code)) co_return result<void>{};
  AppUnreachable away;
  away.way = failed.way;
  away.lane = failed.lane;
  away.app = failed.app;
  away = filled(away, context, silence);
  co_return co_await tell_if(context, away, false);
}

async<void> wait_while_away(link_context& context, side of, bell& wake) {
  while (context.is_away(of)) DW_CO_CHECK(co_await wake.wait());
  co_return result<void>{};
}

async<void> rest_after(link_context& context,
                       AttemptFailed failed,
                       error why,
                       std::uint32_t failures) {
  DW_CO_CHECK(co_await tell_failed(context, failed, std::move(why)));
  if (context.is_away(side_of(context, failed.app))) co_return result<void>{};
  auto const until = context.time.now() + backoff(context.options, failures);
  co_return co_await context.time.sleep_until(until);
}

app_breaker::app_breaker(link_context& context, side of)
    : context_(context), side_(of), wake_(context.executor) {
  context_.log.add_listener(wake_);
}

app_breaker::~app_breaker() {
  context_.log.remove_listener(wake_);
}

// One that was away when the engine ended is asked at once.
async<void> app_breaker::run() {
  while (true) {
    while (!context_.is_away(side_)) {
      DW_CO_CHECK(co_await wake_.wait());
      silent_ = 1;
    }
    if (silent_ > 0) {
      auto const until = context_.time.now() + backoff(context_.options, silent_);
      DW_CO_CHECK(co_await context_.time.sleep_until(until));
    }
    if (context_.is_away(side_)) DW_CO_CHECK(co_await probe());
  }
}

async<void> app_breaker::probe() {
  auto const answered = co_await context_.source(side_).check();
  auto const app = context_.app(side_);
  if (answered) {
    AppRecovered const back{context_.link, app};
    co_return co_await tell_if(context_, back, true);
  }
  auto const why = answered.error();
  if (why.code == error_code::stopped) co_return why;
  ++silent_;
  auto const row = context_.views().outages.away.find(app);
  if (row == context_.views().outages.away.end()) co_return result<void>{};
  AttemptFailed failed;
  failed.way = row->second.way;
  failed.lane = row->second.lane;
  failed.app = app;
  co_return co_await tell_failed(context_, failed, why);
}

}  // namespace dualwrite::engine
