#include "engine/config/alert_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/config/scalars.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

// The places of the members of `when` that are states, with what each makes of its value.
constexpr std::pair<std::string_view, alert_subject> spans[] = {
    {"queue_age", alert_subject::queue_age},
    {"lag", alert_subject::lag},
    {"no_progress", alert_subject::no_progress},
    {"unreachable", alert_subject::unreachable},
};

std::uint64_t microseconds(std::optional<duration> span) {
  return static_cast<std::uint64_t>(span.value_or(duration{}).count());
}

void read_when(checked_object const& from, alert_terms& into) {
  auto const known = fault_choices();
  for (auto const* item : from.items("errors")) {
    auto const at = std::find(known.begin(), known.end(), item->text) - known.begin();
    into.classes.push_back(static_cast<fault_class>(at + 1));
  }
  std::sort(into.classes.begin(), into.classes.end());
  into.count = static_cast<std::uint32_t>(from.number("count").value_or(1));
  into.within_us = microseconds(from.span("within"));
  if (auto const records = from.number("queue")) {
    into.subject = alert_subject::queue;
    into.count = static_cast<std::uint32_t>(*records);
  }
  for (auto const& [key, subject] : spans) {
    auto const span = from.span(key);
    if (!span) continue;
    into.subject = subject;
    into.within_us = microseconds(span);
  }
}

std::vector<std::string> read_names(checked_object const& from, std::string_view key) {
  std::vector<std::string> out;
  for (auto const* item : from.items(key)) out.push_back(item->text);
  return out;
}

// One text, whichever way the file says it.
std::string read_mails(checked_object const& from) {
  auto const* notify = from.find("notify");
  if (notify == nullptr) return {};
  std::vector<std::string> out;
  for (auto const part : split_list(notify->text)) {
    if (part.length > 0) out.push_back(notify->text.substr(part.offset, part.length));
  }
  for (auto const& item : notify->items) out.push_back(item.text);
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string read_webhooks(checked_object const& from) {
  return fmt::format("{}", fmt::join(read_names(from, "webhooks"), ", "));
}

void check_names(checked_object const& from,
                 std::string_view key,
                 std::string_view what,
                 std::vector<std::string_view> const& known,
                 problem_list& problems) {
  for (auto const* item : from.items(key)) {
    if (std::find(known.begin(), known.end(), item->text) != known.end()) continue;
    auto const near = near_name(item->text, known);
    problems.error(config_code::invalid_value,
                   item->where,
                   fmt::format("There is no {} '{}'.", what, item->text),
                   near.empty() ? std::string() : fmt::format("did you mean '{}'?", near));
  }
}

// How often one runner can fail against an app within a span, waiting longer after each failure.
std::uint64_t attempts_within(duration span, flow_options const& engine) {
  std::uint64_t attempts = 1;
  auto wait = engine.backoff_first;
  for (auto left = span - wait; left.count() > 0; left -= wait) {
    ++attempts;
    if (wait >= engine.backoff_max)
      return attempts + static_cast<std::uint64_t>((left.count() - 1) / wait.count());
    wait = std::min(wait * 2, engine.backoff_max);
  }
  return attempts;
}

}  // namespace

alert_config read_alert(checked_object const& from) {
  alert_config alert;
  auto& terms = alert.terms;
  terms.name = from.text("name");
  alert.was = from.text("was");
  read_when(from.object("when"), terms);
  alert.maps = read_names(from, "maps");
  terms.ways = static_cast<alert_ways>(from.choice("direction", alert_way_choices()).value_or(0));
  terms.per_map = from.choice("per", scope_choices()).value_or(0) == 1;
  terms.notify = read_mails(from);
  terms.webhooks = read_webhooks(from);
  terms.action = static_cast<alert_action>(from.choice("then", action_choices()).value_or(0));
  terms.resume_after_us = microseconds(from.object("resume").span("after"));
  terms.cooldown_us = microseconds(from.span("cooldown"));
  terms.at_once = from.choice("apply", effect_choices()).value_or(0) == 1;
  terms.disabled = !from.flag("enabled").value_or(true);
  return alert;
}

maintenance_config read_maintenance(checked_object const& from, problem_list& problems) {
  maintenance_config plan;
  auto& terms = plan.terms;
  terms.name = from.text("name");
  plan.was = from.text("was");
  terms.pause_at = parse_moment(from.text("pause_at")).value_or(instant{});
  terms.resume_at = parse_moment(from.text("resume_at")).value_or(instant{});
  auto const zone = from.text("zone");
  terms.zone = zone.empty() ? "UTC" : zone;
  terms.repeat = static_cast<repetition>(from.choice("repeat", repetition_choices()).value_or(0));
  plan.maps = read_names(from, "maps");
  terms.notify = read_mails(from);
  terms.webhooks = read_webhooks(from);
  terms.announce_us = microseconds(from.span("announce"));
  auto const* end = from.find("resume_at");
  if (end == nullptr || from.find("pause_at") == nullptr) return plan;
  auto const lasts = terms.resume_at - terms.pause_at;
  auto const period = std::chrono::hours(terms.repeat == repetition::weekly ? 7 * 24 : 24);
  if (lasts <= duration{}) {
    problems.error(config_code::invalid_value, end->where, "It ends before it begins.");
  } else if (terms.repeat != repetition::once && lasts >= period) {
    problems.error(config_code::invalid_value, end->where, "It begins again before it has ended.");
  }
  return plan;
}

void check_recipients(checked_object const& rule,
                      checked_object const& file,
                      problem_list& problems) {
  std::vector<std::string_view> hooks;
  if (auto const* all = file.node().find("webhooks")) {
    for (auto const& member : all->members) hooks.push_back(member.key.text);
  }
  check_names(rule, "webhooks", "web hook", hooks, problems);
  auto const* notify = rule.find("notify");
  if (notify == nullptr || file.node().find("smtp") != nullptr) return;
  problems.warning(config_code::missing_key,
                   notify->where,
                   "Nobody gets a mail, since the file names no mail server.",
                   "add smtp: { url: smtp://HOST, from: ADDRESS }");
}

void check_maps(checked_object const& rule, link_config const& link, problem_list& problems) {
  std::vector<std::string_view> maps;
  for (auto const& map : link.maps) maps.push_back(map.definition.name);
  check_names(rule, "maps", "map of this link", maps, problems);
}

void check_resume(checked_object const& rule, problem_list& problems) {
  auto const* resume = rule.find("resume");
  if (resume == nullptr || rule.text("then") == "pause") return;
  problems.error(config_code::invalid_value,
                 resume->where,
                 "Only what the rule pauses can be resumed.",
                 "add then: pause");
}

// Errors that pass by themselves are as frequent as attempts are, and attempts are paced.
void check_pace(alert_terms const& terms,
                checked_object const& rule,
                flow_options const& engine,
                problem_list& problems) {
  auto const when = rule.object("when");
  bool const passing = std::all_of(terms.classes.begin(), terms.classes.end(), is_transient);
  auto const* count = when.find("count");
  if (!passing || terms.classes.empty() || count == nullptr || terms.within_us == 0) return;
  // Of each side a capture and a main lane may fail, and the lanes that catch up.
  auto const runners = 2 * (2 + std::uint64_t{engine.catch_up_lanes});
  auto const errors_max = runners * attempts_within(terms.within(), engine);
  if (terms.count <= errors_max) return;
  problems.warning(
      config_code::unreachable_rule,
      count->where,
      fmt::format(
          "This rule cannot fire: at the pace of retries there are at most {} such errors in {}.",
          errors_max,
          print_duration(terms.within())),
      "lower count, lengthen within, or shorten backoff_max in the engine section.");
}

}  // namespace dualwrite::engine
