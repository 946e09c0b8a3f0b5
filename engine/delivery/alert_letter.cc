#include "engine/delivery/alert_letter.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "events/duration_text.h"
#include "events/utf8_text.h"

namespace dualwrite::engine {
namespace {

using projections::message_kind;

// A sample is a hint; the whole text is in the log.
constexpr std::size_t sample_bytes_max = 300;

std::string time_text(instant when) {
  auto const seconds = static_cast<std::time_t>(when.us / 1'000'000);
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(seconds));
}

// One line of what an app said.
std::string sample_of(std::string_view text) {
  auto length = std::min(text.size(), sample_bytes_max);
  while (length > 0 && length < text.size() && (text[length] & 0xc0) == 0x80) --length;
  auto out = utf8(text.substr(0, length));
  for (auto& c : out) c = static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  return length < text.size() ? out + "…" : out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (auto const c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out.push_back(c);
  }
  return out;
}

// The same words as text and as HTML.
class writer {
 public:
  void line(std::string const& words) {
    text_ += words + "\n";
    html_ += fmt::format("<p>{}</p>\n", escaped(words));
  }
  void title(std::string const& words) {
    text_ += "\n" + words + "\n";
    html_ += fmt::format("<h3>{}</h3>\n", escaped(words));
  }
  void command(std::string const& words) {
    text_ += "  " + words + "\n";
    html_ += fmt::format("<pre>{}</pre>\n", escaped(words));
  }
  void item(std::string const& words) {
    text_ += "- " + words + "\n";
    html_ += fmt::format("<p>&bull; {}</p>\n", escaped(words));
  }
  letter_text take(std::string subject) {
    return {std::move(subject),
            std::move(text_),
            fmt::format("<!DOCTYPE html>\n<html><body>\n{}</body></html>\n", html_)};
  }

 private:
  std::string text_, html_;
};

void write_groups(letter_facts const& facts, writer& to) {
  if (facts.groups.empty()) return;
  to.title("What went wrong");
  for (auto const& group : facts.groups) {
    auto const where = group.map.empty() ? std::string("the app") : "map " + group.map;
    to.item(fmt::format("{} × {}: {} {}: {} (event {})",
                        group.count,
                        where,
                        name_of(group.kind),
                        group.code,
                        sample_of(group.text),
                        group.sample.value));
  }
  if (facts.groups_left_out > 0)
    to.item(fmt::format("and {} other kinds of errors", facts.groups_left_out));
}

void write_action(letter_facts const& facts, writer& to) {
  to.title("What was done");
  bool const stops = facts.action == alert_action::stop;
  if (facts.action == alert_action::none) {
    to.line("Nothing: this rule only tells. The maps go on.");
    return;
  }
  if (facts.maps.empty()) {
    to.line("Nothing: no map of the rule was at work.");
    return;
  }
  for (auto const& map : facts.maps) {
    to.item(stops ? fmt::format("map {}: asked to stop; what it had queued is given up", map.name)
                  : fmt::format("map {}: asked to pause; {} records queued now, and every further "
                                "change waits there",
                                map.name,
                                map.queued));
  }
  to.title("What to do");
  to.line("Look at the errors, mend their cause, then go on:");
  for (auto const& map : facts.maps) {
    auto const name = facts.link + "/" + map.name;
    to.command("dualwrite error list --map " + name);
    to.command(fmt::format("dualwrite map {} {}", stops ? "run" : "resume", name));
  }
  if (facts.resumes_after > duration{})
    to.line(
        fmt::format("Or wait: {} from now the apps are asked whether they answer again, and "
                    "if they do, the maps are resumed.",
                    print_duration(facts.resumes_after)));
}

// What was counted or measured.
std::string seen_text(letter_facts const& facts) {
  switch (facts.subject) {
    case alert_subject::errors:
      return fmt::format("Seen: {} errors from {} to {}.",
                         facts.count,
                         time_text(facts.since),
                         time_text(facts.at));
    case alert_subject::queue:
      return fmt::format("Seen: {} records at {}.", facts.measured, time_text(facts.at));
    default:
      return fmt::format("Seen: since {}.", time_text(facts.since));
  }
}

letter_text fired(letter_facts const& facts) {
  writer out;
  out.line(fmt::format("The alert rule \"{}\" of the link {} has fired.", facts.topic, facts.link));
  out.title("Why");
  out.line(fmt::format("Rule: {}.", facts.condition));
  out.line(seen_text(facts));
  write_groups(facts, out);
  write_action(facts, out);
  return out.take(fmt::format("[dualwrite] {}: {}", facts.link, facts.topic));
}

letter_text resolved(letter_facts const& facts) {
  writer out;
  out.line(fmt::format("The alert rule \"{}\" of the link {} is clear again since {}.",
                       facts.topic,
                       facts.link,
                       time_text(facts.at)));
  out.line(fmt::format("It had fired at {}. Rule: {}.", time_text(facts.since), facts.condition));
  for (auto const& map : facts.maps)
    out.item(fmt::format("map {} runs; {} records queued", map.name, map.queued));
  return out.take(fmt::format("[dualwrite] Clear: {}: {}", facts.link, facts.topic));
}

letter_text test(letter_facts const& facts) {
  writer out;
  out.line(fmt::format(
      "This is a test of the alert rule \"{}\" of the link {}.", facts.topic, facts.link));
  out.line(fmt::format("Nothing has happened. Rule: {}.", facts.condition));
  return out.take(fmt::format("[dualwrite] Test: {}: {}", facts.link, facts.topic));
}

// Of the place, where it names one, and of the log.
std::string span_text(letter_facts const& facts) {
  return fmt::format("From {} to {} (times of the plan are of {}).",
                     time_text(facts.since),
                     time_text(facts.until),
                     facts.zone);
}

letter_text announced(letter_facts const& facts) {
  writer out;
  out.line(
      fmt::format("The maintenance \"{}\" of the link {} is coming.", facts.topic, facts.link));
  out.line(span_text(facts));
  out.line(
      "Its maps are paused for that time; every change waits in the queue until they are "
      "resumed.");
  return out.take(fmt::format("[dualwrite] Planned: {}: {}", facts.link, facts.topic));
}

letter_text begun(letter_facts const& facts) {
  writer out;
  out.line(fmt::format("The maintenance \"{}\" of the link {} begins.", facts.topic, facts.link));
  out.line(span_text(facts));
  if (facts.maps.empty()) out.line("No map was at work.");
  for (auto const& map : facts.maps) out.item(fmt::format("map {}: asked to pause", map.name));
  return out.take(fmt::format("[dualwrite] Begins: {}: {}", facts.link, facts.topic));
}

letter_text ended(letter_facts const& facts) {
  writer out;
  out.line(fmt::format("The maintenance \"{}\" of the link {} is over.", facts.topic, facts.link));
  for (auto const& map : facts.maps)
    out.item(fmt::format("map {}: asked to resume; {} records queued", map.name, map.queued));
  if (facts.maps.empty()) out.line("No map waited for it.");
  return out.take(fmt::format("[dualwrite] Over: {}: {}", facts.link, facts.topic));
}

}  // namespace

letter_text compose(letter_facts const& facts) {
  switch (facts.kind) {
    case message_kind::fired:
      return fired(facts);
    case message_kind::resolved:
      return resolved(facts);
    case message_kind::announced:
      return announced(facts);
    case message_kind::begun:
      return begun(facts);
    case message_kind::ended:
      return ended(facts);
    case message_kind::test:
      break;
  }
  return test(facts);
}

}  // namespace dualwrite::engine
