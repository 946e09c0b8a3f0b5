#include "engine/delivery/notifier.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/delivery/alert_report.h"
#include "events/row_image.h"

namespace dualwrite::engine {

notifier::notifier(boost::asio::any_io_executor executor,
                   sequencer& log,
                   clock& time,
                   mail_port& port,
                   notifier_settings settings)
    : log_(log),
      time_(time),
      port_(port),
      settings_(std::move(settings)),
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
    if (!first || row.next_at < first->second) first = {to, row.next_at};
  }
  return first;
}

async<void> notifier::send(address to) {
  auto const row = log_.views().notifications.due.at(to);
  auto const attempt = row.attempts + 1;
  auto made = letter(to, row);
  auto sent = made ? result<std::string>(std::string()) : result<std::string>(made.error());
  if (made) sent = co_await port_.send(*made);
  if (!sent && sent.error().code == error_code::stopped) co_return sent.error();
  stream_id const stream{stream_kind::rule, row.rule.value};
  origin const from{{}, to.first, to.first, {}};
  drafts events;
  if (sent) {
    NotificationSent const told{row.rule, to.first, to.second, attempt, *sent};
    events.push_back(draft(stream, row.link, told, from));
  } else {
    auto const why = sent.error();
    bool const is_over = class_of(why.code) != error_class::transient ||
                         time_.now() - row.owed_at >= settings_.age_max;
    auto const next = is_over ? instant{} : time_.now() + backoff(to, attempt);
    auto const code = name_of(why.code);
    NotificationFailed const told{
        row.rule, to.first, to.second, attempt, is_over, code, why.detail, next};
    events.push_back(draft(stream, row.link, told, from));
  }
  DW_CO_CHECK(co_await log_.append(std::move(events)));
  co_return result<void>{};
}

result<mail> notifier::letter(address const& to, projections::message_row const& row) const {
  DW_TRY(auto const facts, report_on(log_.log(), log_.views(), to.first, row));
  auto words = compose(facts);
  mail out;
  out.id = id_of(to.first, to.second);
  if (row.thread) out.reply_to = id_of(row.thread, to.second);
  out.to = to.second;
  out.subject = std::move(words.subject);
  out.text = std::move(words.text);
  out.html = std::move(words.html);
  out.written_at = facts.at == instant{} ? time_.now() : facts.at;
  return out;
}

// Of what it says and to whom, so that a server or reader that gets it twice can tell.
std::string notifier::id_of(sequence about, std::string const& recipient) const {
  return fmt::format("<{:x}.{}.{:x}@{}>",
                     log_.log().head().log.value,
                     about.value,
                     hash_key(recipient),
                     settings_.domain);
}

// Doubles up to its cap; a part of it is by chance, so that many messages do not come at once. The
// chance is the message's own: the same history gives the same times.
duration notifier::backoff(address const& to, std::uint32_t attempt) const {
  auto const doublings = std::min<std::uint32_t>(attempt - 1, 20);
  auto const whole = std::min(settings_.backoff_min * (1 << doublings), settings_.backoff_max);
  auto const part = hash_key(fmt::format("{} {} {}", to.first.value, to.second, attempt)) % 1'000;
  return whole / 2 + whole * static_cast<duration::rep>(part) / 2'000;
}

}  // namespace dualwrite::engine
