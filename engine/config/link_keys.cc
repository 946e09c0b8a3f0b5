#include "engine/config/link_keys.h"

#include <array>

namespace dualwrite::engine {
namespace {

constexpr std::array<std::string_view, 3> conflicts{"left_wins", "right_wins", "newest_wins"};
constexpr std::array<std::string_view, 3> deletes{"propagate", "ignore", "soft_delete"};
constexpr std::array<std::string_view, 2> units{"record", "transaction"};
constexpr std::array<std::string_view, 2> sides{"left", "right"};
constexpr std::array<std::string_view, 3> ways{"left_to_right", "right_to_left", "both"};
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
constexpr std::array side_keys{
    key_rule{.name = "table",
             .kind = key_kind::text,
             .required = true,
             .meaning = "The table, as the app calls it.",
             .example = "public.customer"},
    key_rule{.name = "filter",
             .kind = key_kind::expression,
             .fallback = "every row",
             .meaning = "Only rows of this side for which it is true are kept in step.",
             .example = "\"active and country <> 'XX'\""},
    key_rule{.name = "soft_delete",
             .kind = key_kind::text,
             .fallback = "none",
             .meaning = "The column that is true in rows which count as deleted.",
             .example = "is_deleted"},
};
constexpr object_rule side_rule{.called = "a side of a map", .keys = side_keys};

constexpr std::array pair_keys{
    key_rule{.name = "left",
             .kind = key_kind::text,
             .required = true,
             .meaning = "A column of the left table.",
             .example = "account"},
    key_rule{.name = "right",
             .kind = key_kind::text,
             .required = true,
             .meaning = "The column of the right table that holds the same.",
             .example = "accountnumber"},
};
constexpr object_rule pair_rule{.called = "a part of the key", .keys = pair_keys};

constexpr std::array column_keys{
    key_rule{
        .name = "left",
        .kind = key_kind::text,
        .meaning =
            "The column of the left table; needed unless an expression or a default stands for it.",
        .example = "country"},
    key_rule{.name = "right",
             .kind = key_kind::text,
             .meaning = "The column of the right table; needed unless an expression or a default "
                        "stands for it.",
             .example = "country_code"},
    key_rule{.name = "direction",
             .kind = key_kind::choice,
             .fallback = "both",
             .meaning = "Which way the column is written.",
             .example = "left_to_right",
             .choices = ways},
    key_rule{.name = "value_map",
             .kind = key_kind::value_map,
             .fallback = "values stay as they are",
             .meaning = "Values of the left side with those of the right side; both ways it has to "
                        "be one to one. A list of "
                        "`[left, right]` pairs says the same where a left value stands twice.",
             .example = "{ Germany: DE, France: FR }"},
    key_rule{.name = "default",
             .kind = key_kind::literal,
             .fallback = "none",
             .meaning = "What the target gets where the source has NULL or nothing; one way only.",
             .example = "unknown"},
    key_rule{.name = "expression",
             .kind = key_kind::expression,
             .fallback = "the source column",
             .meaning = "What the target gets, from the columns of the source; one way only.",
             .example = "\"trim(note)\""},
};
constexpr object_rule column_rule{.called = "a column pair", .keys = column_keys};

constexpr std::array error_keys{
    key_rule{.name = "keep",
             .kind = key_kind::duration,
             .fallback = "1d",
             .meaning = "How long a parked record waits for an admin before it is purged.",
             .example = "7d",
             .min = second_us,
             .max = 3650 * day_us},
    key_rule{
        .name = "unit",
        .kind = key_kind::choice,
        .fallback = "record",
        .meaning =
            "What is parked when a record fails: it alone, or its whole transaction of the source.",
        .example = "transaction",
        .choices = units},
};
constexpr object_rule error_rule{.called = "the errors section of a map", .keys = error_keys};

constexpr std::array map_keys{
    key_rule{.name = "name",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The map's name; unique in its link.",
             .example = "customers"},
    was_of("clients"),
    key_rule{.name = "left",
             .kind = key_kind::object,
             .required = true,
             .meaning = "The table of the left app.",
             .example = "{ table: public.customer, filter: \"active\" }",
             .members = &side_rule},
    key_rule{.name = "right",
             .kind = key_kind::object,
             .required = true,
             .meaning = "The table of the right app.",
             .example = "{ table: account }",
             .members = &side_rule},
    key_rule{
        .name = "key",
        .kind = key_kind::object_list,
        .required = true,
        .meaning = "The integration key: the columns by which rows of both tables are the same.",
        .example = "[ { left: account, right: accountnumber } ]",
        .members = &pair_rule},
    key_rule{.name = "columns",
             .kind = key_kind::object_list,
             .fallback = "the key alone",
             .meaning = "The columns that are kept in step.",
             .example = "[ { left: name, right: fullname } ]",
             .members = &column_rule},
    key_rule{.name = "conflict",
             .kind = key_kind::choice,
             .fallback = "newest_wins",
             .meaning = "Whose value stays where both sides changed a row without having seen each "
                        "other's change.",
             .example = "left_wins",
             .choices = conflicts},
    key_rule{.name = "deletes",
             .kind = key_kind::choice,
             .fallback = "propagate",
             .meaning = "What becomes of a row that the other side deleted.",
             .example = "soft_delete",
             .choices = deletes},
    key_rule{.name = "errors",
             .kind = key_kind::object,
             .fallback = "as its keys say",
             .meaning = "What becomes of records that the target refuses.",
             .example = "{ keep: 1d, unit: record }",
             .members = &error_rule},
    key_rule{.name = "master",
             .kind = key_kind::choice,
             .fallback = "left",
             .meaning = "The side that wins where an initial sync finds both rows and they differ.",
             .example = "right",
             .choices = sides},
};
constexpr object_rule map_rule{.called = "a map", .keys = map_keys};

constexpr std::array when_keys{
    key_rule{.name = "errors",
             .kind = key_kind::choice_list,
             .required = true,
             .meaning = "The classes of errors that count.",
             .example = "[application, mapping]",
             .choices = faults},
    key_rule{.name = "count",
             .kind = key_kind::whole_number,
             .required = true,
             .meaning = "How many of them make the rule fire.",
             .example = "10",
             .min = 1,
             .max = 10'000},
    key_rule{.name = "within",
             .kind = key_kind::duration,
             .required = true,
             .meaning = "The span of time in which they have to happen.",
             .example = "15m",
             .min = second_us,
             .max = 31 * day_us},
};
constexpr object_rule when_rule{.called = "the condition of an alert rule", .keys = when_keys};

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
             .meaning = "What makes the rule fire: so many errors of these classes in the link "
                        "within so much time.",
             .example = "{ errors: [application], count: 10, within: 15m }",
             .members = &when_rule},
    key_rule{.name = "notify",
             .kind = key_kind::mail_list,
             .fallback = "nobody",
             .meaning = "Who gets a mail.",
             .example = "\"ops@example.com, erp-team@example.com\""},
    key_rule{.name = "then",
             .kind = key_kind::choice,
             .fallback = "none",
             .meaning = "What is done to the maps of the link that are at work.",
             .example = "pause",
             .choices = actions},
    key_rule{.name = "cooldown",
             .kind = key_kind::duration,
             .fallback = "0s",
             .meaning = "For so long after a mail that the rule has fired no other such mail is "
                        "sent; it acts as before.",
             .example = "1h",
             .min = 0,
             .max = 31 * day_us},
    key_rule{.name = "enabled",
             .kind = key_kind::boolean,
             .fallback = "true",
             .meaning = "Whether the rule counts at all.",
             .example = "false"},
};
constexpr object_rule alert_rule{.called = "an alert rule", .keys = alert_keys};

constexpr std::array link_keys{
    key_rule{.name = "name",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The link's name; unique.",
             .example = "erp-crm"},
    was_of("erp-sales"),
    key_rule{.name = "left",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The app of the left side, as it is called under `apps`.",
             .example = "erp"},
    key_rule{.name = "right",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The app of the right side.",
             .example = "crm"},
    key_rule{.name = "maps",
             .kind = key_kind::object_list,
             .fallback = "none",
             .meaning = "The table maps of the link.",
             .example = "see below",
             .members = &map_rule},
    key_rule{.name = "alerts",
             .kind = key_kind::object_list,
             .fallback = "none",
             .meaning = "The alert rules of the link.",
             .example = "see below",
             .members = &alert_rule},
};
}  // namespace

constinit object_rule const link_rule{.called = "a link", .keys = link_keys};

std::span<std::string_view const> conflict_choices() {
  return conflicts;
}
std::span<std::string_view const> delete_choices() {
  return deletes;
}
std::span<std::string_view const> unit_choices() {
  return units;
}
std::span<std::string_view const> side_choices() {
  return sides;
}
std::span<std::string_view const> way_choices() {
  return ways;
}
std::span<std::string_view const> action_choices() {
  return actions;
}
std::span<std::string_view const> fault_choices() {
  return faults;
}

}  // namespace dualwrite::engine
