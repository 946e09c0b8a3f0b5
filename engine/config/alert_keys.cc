#include "engine/config/alert_keys.h"

#include <array>

#include "engine/config/link_keys.h"

namespace dualwrite::engine {
namespace {

constexpr std::array<std::string_view, 3> actions{"none", "pause", "stop"};
constexpr std::array<std::string_view, 9> faults{"network",
                                                 "throttled",
                                                 "unavailable",
                                                 "unauthorized",
                                                 "bad_request",
                                                 "application",
                                                 "conflict",
                                                 "mapping",
                                                 "schema"};
constexpr std::array<std::string_view, 2> scopes{"link", "map"};
constexpr std::array<std::string_view, 2> effects{"restart", "now"};
constexpr std::array<std::string_view, 3> repetitions{"once", "daily", "weekly"};
constexpr std::array<std::string_view, 3> alert_ways{"both", "left_to_right", "right_to_left"};

constexpr std::array when_keys{
    key_rule{.name = "errors",
             .kind = key_kind::choice_list,
             .meaning = "The classes of errors that count.",
             .example = "[application, mapping]",
             .choices = faults},
    key_rule{.name = "count",
             .kind = key_kind::whole_number,
             .meaning = "How many of them make the rule fire.",
             .example = "10",
             .min = 1,
             .max = 10'000},
    key_rule{.name = "within",
             .kind = key_kind::duration,
             .meaning = "The span of time in which they have to happen.",
             .example = "15m",
             .min = second_us,
             .max = 31 * day_us},
    key_rule{.name = "queue",
             .kind = key_kind::whole_number,
             .meaning = "So many records are queued.",
             .example = "100000",
             .min = 1,
             .max = 4'000'000'000},
    key_rule{.name = "queue_age",
             .kind = key_kind::duration,
             .meaning = "A record is queued for so long, also while its map is paused.",
             .example = "4h",
             .min = second_us,
             .max = 31 * day_us},
    key_rule{.name = "lag",
             .kind = key_kind::duration,
             .meaning = "A record of a running map waits for so long.",
             .example = "5m",
             .min = second_us,
             .max = 31 * day_us},
    key_rule{.name = "no_progress",
             .kind = key_kind::duration,
             .meaning = "A map that has something to copy or to deliver has done nothing for so "
                        "long.",
             .example = "10m",
             .min = second_us,
             .max = 31 * day_us},
    key_rule{.name = "unreachable",
             .kind = key_kind::duration,
             .meaning = "An app of the link has not answered for so long.",
             .example = "2m",
             .min = second_us,
             .max = 31 * day_us},
};
constexpr std::array<std::string_view, 2> error_companions{"count", "within"};
constexpr std::array conditions{
    object_rule::alternative{"errors", error_companions},
    object_rule::alternative{"queue", {}},
    object_rule::alternative{"queue_age", {}},
    object_rule::alternative{"lag", {}},
    object_rule::alternative{"no_progress", {}},
    object_rule::alternative{"unreachable", {}},
};
constexpr object_rule when_rule{
    .called = "the condition of an alert rule", .keys = when_keys, .alternatives = conditions};

constexpr std::array resume_keys{
    key_rule{.name = "after",
             .kind = key_kind::duration,
             .required = true,
             .meaning = "How long after the pause the apps are asked whether they answer again; "
                        "longer each time that the maps had to be paused again soon after.",
             .example = "10m",
             .min = second_us,
             .max = 31 * day_us},
};
constexpr object_rule resume_rule{.called = "the resume section of a rule", .keys = resume_keys};

constexpr key_rule maps_of_scope{.name = "maps",
                                 .kind = key_kind::name_list,
                                 .fallback = "all of the link",
                                 .meaning = "The maps that it is about.",
                                 .example = "[customers, orders]"};
constexpr key_rule notify_key{.name = "notify",
                              .kind = key_kind::mail_list,
                              .fallback = "nobody",
                              .meaning = "Who gets a mail.",
                              .example = "\"ops@example.com, erp-team@example.com\""};
constexpr key_rule webhooks_key{.name = "webhooks",
                                .kind = key_kind::name_list,
                                .fallback = "none",
                                .meaning = "Web hooks of the file that are told as well.",
                                .example = "[on-call]"};

constexpr std::array alert_keys{
    key_rule{.name = "name",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The rule's name; unique in the file.",
             .example = "too many application errors"},
    was_of("too many errors"),
    key_rule{.name = "when",
             .kind = key_kind::object,
             .required = true,
             .meaning = "What makes the rule fire: so many errors of these classes within so much "
                        "time, or one of the states.",
             .example = "{ errors: [application], count: 10, within: 15m }",
             .members = &when_rule},
    maps_of_scope,
    key_rule{.name = "direction",
             .kind = key_kind::choice,
             .fallback = "both",
             .meaning = "Which way records have to go for it to look at them.",
             .example = "left_to_right",
             .choices = alert_ways},
    key_rule{.name = "per",
             .kind = key_kind::choice,
             .fallback = "link",
             .meaning = "Whether all maps count together, or each counts, and is acted on, for "
                        "itself.",
             .example = "map",
             .choices = scopes},
    notify_key,
    webhooks_key,
    key_rule{.name = "then",
             .kind = key_kind::choice,
             .fallback = "none",
             .meaning = "What is done to its maps that are at work.",
             .example = "pause",
             .choices = actions},
    key_rule{.name = "resume",
             .kind = key_kind::object,
             .fallback = "people resume",
             .meaning = "Resumes by itself what it paused, when the apps answer again.",
             .example = "{ after: 10m }",
             .members = &resume_rule},
    key_rule{.name = "cooldown",
             .kind = key_kind::duration,
             .fallback = "0s",
             .meaning = "For so long after a mail that the rule has fired no other such mail is "
                        "sent; it acts as before.",
             .example = "1h",
             .min = 0,
             .max = 31 * day_us},
    key_rule{.name = "apply",
             .kind = key_kind::choice,
             .fallback = "restart",
             .meaning = "When the rule, or a change of it, takes effect for a map that is at work: "
                        "when it is run or resumed the next time, or now.",
             .example = "now",
             .choices = effects},
    key_rule{.name = "enabled",
             .kind = key_kind::boolean,
             .fallback = "true",
             .meaning = "Whether the rule counts at all.",
             .example = "false"},
};

constexpr std::array link_of_single{
    key_rule{.name = "link",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The link that the rule belongs to.",
             .example = "erp-crm"},
};
template <std::size_t A, std::size_t B>
constexpr std::array<key_rule, A + B> joined(std::array<key_rule, A> const& one,
                                             std::array<key_rule, B> const& other) {
  std::array<key_rule, A + B> out{};
  for (std::size_t i = 0; i < A; ++i) out[i] = one[i];
  for (std::size_t i = 0; i < B; ++i) out[A + i] = other[i];
  return out;
}
constexpr auto single_alert_keys = joined(link_of_single, alert_keys);

constexpr std::array maintenance_keys{
    key_rule{.name = "name",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The plan's name; unique in the file.",
             .example = "monthly ERP update"},
    was_of("ERP update"),
    key_rule{.name = "pause_at",
             .kind = key_kind::moment,
             .required = true,
             .meaning = "When its maps are paused, as the clocks of the zone show it.",
             .example = "2026-12-05 22:00"},
    key_rule{.name = "resume_at",
             .kind = key_kind::moment,
             .required = true,
             .meaning = "When they are resumed.",
             .example = "2026-12-06 02:00"},
    key_rule{.name = "zone",
             .kind = key_kind::zone,
             .fallback = "UTC",
             .meaning = "The time zone of both, by its name in the time zone database.",
             .example = "Europe/Berlin"},
    key_rule{.name = "repeat",
             .kind = key_kind::choice,
             .fallback = "once",
             .meaning = "Whether it comes again.",
             .example = "weekly",
             .choices = repetitions},
    maps_of_scope,
    notify_key,
    webhooks_key,
    key_rule{.name = "announce",
             .kind = key_kind::duration,
             .fallback = "0s",
             .meaning = "How long before it begins people are told that it will.",
             .example = "1d",
             .min = 0,
             .max = 31 * day_us},
};

constexpr std::array webhook_keys{
    key_rule{.name = "url",
             .kind = key_kind::http_url,
             .required = true,
             .meaning = "Where messages are posted to: `https://HOST/PATH`, or `env:` or `file:` "
                        "where the address is a secret.",
             .example = "https://hooks.example.com/dualwrite"},
    key_rule{.name = "secret",
             .kind = key_kind::secret,
             .required = true,
             .meaning = "What messages are signed with.",
             .example = "env:HOOK_SECRET"},
    key_rule{.name = "allow_private",
             .kind = key_kind::boolean,
             .fallback = "false",
             .meaning = "Whether it may lie at a private or local address.",
             .example = "true"},
};
}  // namespace

constinit object_rule const alert_rule{.called = "an alert rule", .keys = alert_keys};
constinit object_rule const single_alert_rule{.called = "an alert rule", .keys = single_alert_keys};
constinit object_rule const maintenance_rule{.called = "a maintenance plan",
                                             .keys = maintenance_keys};
constinit object_rule const webhook_rule{.called = "a web hook", .keys = webhook_keys};

std::span<std::string_view const> action_choices() {
  return actions;
}
std::span<std::string_view const> fault_choices() {
  return faults;
}
std::span<std::string_view const> scope_choices() {
  return scopes;
}
std::span<std::string_view const> effect_choices() {
  return effects;
}
std::span<std::string_view const> repetition_choices() {
  return repetitions;
}
std::span<std::string_view const> alert_way_choices() {
  return alert_ways;
}

}  // namespace dualwrite::engine
