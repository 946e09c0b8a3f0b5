#include "engine/delivery/notifier.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/delivery/alert_report.h"
#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

stream_id stream_of(projections::message_row const& row) {
  return row.plan ? stream_id{stream_kind::plan, row.plan.value}
                  : stream_id{stream_kind::rule, row.rule.value};
}

}  // namespace

notifier::notifier(boost::asio::any_io_executor executor,
                   sequencer& log,
                   clock& time,
                   message_channel channel,
                   message_port& port,
                   notifier_settings settings)
    : log_(log),
      time_(time),
      channel_(channel),
      port_(port),
      settings_(settings),
      wake_(std::move(executor)) {
  log_.add_listener(wake_);
}

notifier::~notifier() {
  log_.remove_listener(wake_);
}

async<void> notifier::run() {
  while (true) {
    auto const next = next_due();
    if (!next) {
      DW_CO_CHECK(co_await wake_.wait());
    } else if (next->second > time_.now()) {
      DW_CO_CHECK(co_await wake_.wait_until(time_, next->second));
    } else {
      DW_CO_CHECK(co_await send(next->first));
    }
  }
}

std::optional<std::pair<notifier::address, instant>> notifier::next_due() const {
  std::optional<std::pair<address, instant>> first;
  for (auto const& [to, row] : log_.views().notifications.due) {
    if (to.channel != channel_) continue;
    if (!first || row.next_at < first->second) first = {to, row.next_at};
  }
  return first;
}

async<void> notifier::send(address to) {
  auto const row = log_.views().notifications.due.at(to);
  auto made = compose_for(to, row);
  auto reply = made ? result<std::string>(std::string()) : result<std::string>(made.error());
  if (made) reply = co_await port_.send(*made);
  if (!reply && reply.error().code == error_code::stopped) co_return reply.error();
  auto events = reply ? sent(to, row, *reply) : failed(to, row, reply.error());
  DW_CO_CHECK(co_await log_.append(std::move(events)));
  co_return result<void>{};
}

drafts notifier::sent(address const& to,
                      projections::message_row const& row,
                      std::string_view reply) const {
  drafts out;
  origin const from{{}, to.about, to.about, {}};
  NotificationSent const told{
      row.rule, to.about, to.recipient, row.attempts + 1, reply, to.channel};
  out.push_back(draft(stream_of(row), row.link, told, from));
  auto const name = projections::channel_of(to.channel, to.recipient);
  auto const& channels = log_.views().notifications.channels;
  auto const channel = channels.find(name);
  if (channel != channels.end() && channel->second.failed)
    out.push_back(draft({}, {}, ChannelRecovered{to.channel, name.second}));
  return out;
}

drafts notifier::failed(address const& to,
                        projections::message_row const& row,
                        error const& why) const {
  drafts out;
  auto const now = time_.now();
  auto const attempt = row.attempts + 1;
  bool const is_over =
      class_of(why.code) != error_class::transient || now - row.owed_at >= settings_.age_max;
  auto const next = is_over ? instant{} : now + backoff(to, attempt);
  auto const code = name_of(why.code);
  NotificationFailed told;
  told.rule = row.rule;
  told.about = to.about;
  told.recipient = to.recipient;
  told.attempt = attempt;
  told.given_up = is_over;
  told.code = code;
  told.reply = why.detail;
  told.next_at = next;
  told.channel = to.channel;
  origin const from{{}, to.about, to.about, {}};
  out.push_back(draft(stream_of(row), row.link, told, from));
  auto const name = projections::channel_of(to.channel, to.recipient);
  auto const& channels = log_.views().notifications.channels;
  auto const channel = channels.find(name);
  bool const is_dead = channel != channels.end() && !channel->second.failed &&
                       now - channel->second.failing_since >= settings_.silence_max;
  if (is_dead) {
    ChannelFailed const dead{
        to.channel, name.second, channel->second.failing_since, code, why.detail};
    out.push_back(draft({}, {}, dead));
  }
  return out;
}

result<message> notifier::compose_for(address const& to,
                                      projections::message_row const& row) const {
  message out;
  DW_TRY(out.facts, report_on(log_.log(), log_.views(), to.about, row));
  out.id = id_of(to.about, to.recipient);
  if (row.thread) out.follows = id_of(row.thread, to.recipient);
  out.to = to.recipient;
  out.written_at = out.facts.at == instant{} ? time_.now() : out.facts.at;
  return out;
}

// Of what it says and to whom, so that a receiver that gets it twice can tell.
std::string notifier::id_of(sequence about, std::string const& recipient) const {
  return fmt::format("{:x}.{}.{:x}", log_.log().head().log.value, about.value, hash_key(recipient));
}

// Doubles up to its cap; a part of it is by chance, so that many messages do not come at once. The
// chance is the message's own: the same history gives the same times.
duration notifier::backoff(address const& to, std::uint32_t attempt) const {
  auto const doublings = std::min<std::uint32_t>(attempt - 1, 20);
  auto const whole = std::min(settings_.backoff_min * (1 << doublings), settings_.backoff_max);
  auto const part =
      hash_key(fmt::format("{} {} {}", to.about.value, to.recipient, attempt)) % 1'000;
  return whole / 2 + whole * static_cast<duration::rep>(part) / 2'000;
}

}  // namespace dualwrite::engine
