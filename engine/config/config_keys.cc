#include "engine/config/config_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "engine/config/scalars.h"

namespace dualwrite::engine {
namespace {

constexpr std::int64_t millisecond = 1000;
constexpr std::int64_t second = 1000 * millisecond;
constexpr std::int64_t day = 24 * 3600 * second;

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
constexpr std::array<std::string_view, 2> connectors{"sqlite", "postgresql"};

constexpr key_rule was_of(std::string_view example) {
  return {.name = "was",
          .kind = key_kind::name,
          .meaning =
              "The name that it had before: what the log knows under that name is renamed, not "
              "made anew.",
          .example = example};
}

constexpr std::array app_keys{
    key_rule{.name = "connector",
             .kind = key_kind::choice,
             .required = true,
             .meaning = "How the app is reached.",
             .example = "sqlite",
             .choices = connectors},
    was_of("sales"),
};
constexpr std::array sqlite_keys{
    key_rule{.name = "path",
             .kind = key_kind::path,
             .required = true,
             .meaning = "The database file.",
             .example = "crm.db"},
};
constexpr std::array postgresql_keys{
    key_rule{.name = "url",
             .kind = key_kind::postgresql_url,
             .required = true,
             .meaning = "Where the database is and who asks: `postgresql://USER@HOST/DATABASE`, or "
                        "`env:` or `file:` where "
                        "there is a password in it.",
             .example = "env:ERP_URL"},
};
constexpr std::array app_variants{
    object_rule::variant{"sqlite", sqlite_keys},
    object_rule::variant{"postgresql", postgresql_keys},
};
constexpr object_rule app_rule{
    .called = "an app", .keys = app_keys, .tag = "connector", .variants = app_variants};

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
             .min = second,
             .max = 3650 * day},
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
             .min = second,
             .max = 31 * day},
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
constexpr object_rule link_rule{.called = "a link", .keys = link_keys};

constexpr std::array smtp_keys{
    key_rule{.name = "url",
             .kind = key_kind::smtp_url,
             .required = true,
             .meaning = "The mail server: `smtp://HOST[:PORT]`, or `smtps://` where it speaks TLS "
                        "from the start.",
             .example = "smtp://127.0.0.1:2525"},
    key_rule{.name = "from",
             .kind = key_kind::mail,
             .required = true,
             .meaning = "The sender of the mails.",
             .example = "dualwrite@example.com"},
    key_rule{.name = "user",
             .kind = key_kind::text,
             .fallback = "no login",
             .meaning = "Who logs in at the mail server.",
             .example = "dualwrite"},
    key_rule{.name = "password",
             .kind = key_kind::secret,
             .fallback = "no login",
             .meaning = "The password of `user`.",
             .example = "env:SMTP_PASSWORD"},
    key_rule{
        .name = "starttls",
        .kind = key_kind::boolean,
        .fallback = "false",
        .meaning = "Whether the connection has to be encrypted before anything is sent over it.",
        .example = "true"},
};
constexpr object_rule smtp_rule{.called = "the smtp section", .keys = smtp_keys};

constexpr std::array engine_keys{
    key_rule{.name = "batch_records_max",
             .kind = key_kind::whole_number,
             .fallback = "1000",
             .meaning = "Records that are written to a target in one transaction, where the "
                        "source's transactions are smaller.",
             .example = "500",
             .min = 1,
             .max = 100'000},
    key_rule{.name = "capture_transactions_max",
             .kind = key_kind::whole_number,
             .fallback = "256",
             .meaning = "Transactions of a source that are read at once.",
             .example = "64",
             .min = 1,
             .max = 100'000},
    key_rule{.name = "capture_bytes_max",
             .kind = key_kind::whole_number,
             .fallback = "262144",
             .meaning = "Bytes of changes that are read at once from a source.",
             .example = "1048576",
             .min = 4096,
             .max = 64 << 20},
    key_rule{.name = "chunk_rows",
             .kind = key_kind::whole_number,
             .fallback = "1000",
             .meaning = "Rows that an initial sync copies in one step.",
             .example = "5000",
             .min = 1,
             .max = 100'000},
    key_rule{.name = "retry_records_max",
             .kind = key_kind::whole_number,
             .fallback = "100",
             .meaning = "Parked records that are tried again in one transaction.",
             .example = "50",
             .min = 1,
             .max = 10'000},
    key_rule{.name = "ledger_writes_max",
             .kind = key_kind::whole_number,
             .fallback = "100000",
             .meaning = "Writes to a target that may wait for their echo; a lane waits beyond.",
             .example = "50000",
             .min = 1000,
             .max = 10'000'000},
    key_rule{.name = "catch_up_lanes",
             .kind = key_kind::whole_number,
             .fallback = "3",
             .meaning = "Maps of one direction that catch up or retry at the same time.",
             .example = "1",
             .min = 1,
             .max = 3},
    key_rule{
        .name = "capture_patience",
        .kind = key_kind::duration,
        .fallback = "500ms",
        .meaning =
            "How long a source is asked to wait for a change before it answers that there is none.",
        .example = "100ms",
        .min = millisecond,
        .max = 60 * second},
    key_rule{.name = "backoff_first",
             .kind = key_kind::duration,
             .fallback = "1s",
             .meaning = "The wait after the first failed attempt against an app; it doubles with "
                        "each further one.",
             .example = "200ms",
             .min = millisecond,
             .max = 3600 * second},
    key_rule{.name = "backoff_max",
             .kind = key_kind::duration,
             .fallback = "30s",
             .meaning = "The longest wait between two attempts.",
             .example = "1m",
             .min = millisecond,
             .max = 3600 * second},
};
constexpr object_rule engine_rule{.called = "the engine section", .keys = engine_keys};

constexpr std::array file_keys{
    key_rule{.name = "version",
             .kind = key_kind::whole_number,
             .required = true,
             .meaning = "The version of the file's own format.",
             .example = "1",
             .min = 1,
             .max = 1},
    key_rule{.name = "data_dir",
             .kind = key_kind::path,
             .fallback = "./data",
             .meaning = "The folder of the log, its views and the admin token.",
             .example = "/var/lib/dualwrite"},
    key_rule{.name = "listen",
             .kind = key_kind::address,
             .fallback = "127.0.0.1:8470",
             .meaning = "Where the server answers; port 0 takes a free one.",
             .example = "\"[::1]:8470\""},
    key_rule{.name = "apps",
             .kind = key_kind::object_map,
             .fallback = "none",
             .meaning = "The applications, by name.",
             .example = "{ crm: { connector: sqlite, path: crm.db } }",
             .members = &app_rule},
    key_rule{.name = "links",
             .kind = key_kind::object_list,
             .fallback = "none",
             .meaning = "Pairs of apps, with their table maps and alert rules.",
             .example = "see below",
             .members = &link_rule},
    key_rule{.name = "smtp",
             .kind = key_kind::object,
             .fallback = "no mails",
             .meaning = "The mail server for alerts.",
             .example = "{ url: smtp://127.0.0.1:2525, from: dualwrite@example.com }",
             .members = &smtp_rule},
    key_rule{.name = "engine",
             .kind = key_kind::object,
             .fallback = "as its keys say",
             .meaning = "Limits and paces of the engine; the defaults are good ones.",
             .example = "{ batch_records_max: 500 }",
             .members = &engine_rule},
};
constexpr object_rule whole_file{.called = "the file", .keys = file_keys};

}  // namespace

std::vector<key_rule const*> object_rule::keys_of(std::string_view value) const {
  std::vector<key_rule const*> all;
  for (auto const& key : keys) all.push_back(&key);
  for (auto const& one : variants) {
    if (one.value != value) continue;
    for (auto const& key : one.keys) all.push_back(&key);
  }
  return all;
}

object_rule const& file_rule() {
  return whole_file;
}

std::string describe(key_rule const& rule) {
  switch (rule.kind) {
    case key_kind::text:
      return "a text";
    case key_kind::name:
      return "a name";
    case key_kind::path:
      return "a path";
    case key_kind::whole_number:
      return rule.min == rule.max ? fmt::format("{}", rule.min)
                                  : fmt::format("a whole number from {} to {}", rule.min, rule.max);
    case key_kind::boolean:
      return "true or false";
    case key_kind::duration:
      return fmt::format("a duration from {} to {}",
                         print_duration(duration(rule.min)),
                         print_duration(duration(rule.max)));
    case key_kind::choice:
      return fmt::format("one of {}", fmt::join(rule.choices, ", "));
    case key_kind::choice_list:
      return fmt::format("a list of {}", fmt::join(rule.choices, ", "));
    case key_kind::address:
      return "HOST:PORT";
    case key_kind::mail:
      return "a mail address";
    case key_kind::mail_list:
      return "mail addresses with commas between them, or a list of them";
    case key_kind::postgresql_url:
      return "env:NAME, file:PATH or a URL without a password";
    case key_kind::smtp_url:
      return "env:NAME, file:PATH or a URL without a password";
    case key_kind::secret:
      return "env:NAME or file:PATH";
    case key_kind::expression:
      return "an SQL expression";
    case key_kind::literal:
      return "a text, a number, true or false";
    case key_kind::value_map:
      return "values of the left side with those of the right side";
    case key_kind::object:
      return "keys with values";
    case key_kind::object_list:
      return "a list";
    case key_kind::object_map:
      return "names, each with keys and values";
  }
  return "";
}

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
