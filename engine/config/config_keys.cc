#include "engine/config/config_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "engine/config/alert_keys.h"
#include "engine/config/link_keys.h"
#include "engine/config/scalars.h"

namespace dualwrite::engine {
namespace {

constexpr std::int64_t millisecond = 1000;
constexpr std::int64_t hour = 3600 * second_us;

constexpr std::array<std::string_view, 2> connectors{"sqlite", "postgresql"};

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
    key_rule{.name = "ca",
             .kind = key_kind::path,
             .fallback = "those that the machine trusts",
             .meaning = "A file of certificates (PEM) that the server's has to come from.",
             .example = "/etc/dualwrite/mail-ca.pem"},
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
             .fallback = "4000",
             .meaning = "Rows that an initial sync copies in one step: one transaction of the "
                        "target.",
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
        .max = 60 * second_us},
    key_rule{.name = "backoff_first",
             .kind = key_kind::duration,
             .fallback = "1s",
             .meaning = "The wait after the first failed attempt against an app; it doubles with "
                        "each further one.",
             .example = "200ms",
             .min = millisecond,
             .max = hour},
    key_rule{.name = "backoff_max",
             .kind = key_kind::duration,
             .fallback = "30s",
             .meaning = "The longest wait between two attempts.",
             .example = "1m",
             .min = millisecond,
             .max = hour},
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
    key_rule{
        .name = "webhooks",
        .kind = key_kind::object_map,
        .fallback = "none",
        .meaning = "Web hooks for alerts, by name.",
        .example = "{ on-call: { url: \"https://hooks.example.com/x\", secret: env:HOOK_SECRET } }",
        .members = &webhook_rule},
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
    case key_kind::name_list:
      return "a list of names";
    case key_kind::moment:
      return "a date with a time, as 2026-12-05 22:00";
    case key_kind::zone:
      return "a time zone, as Europe/Berlin";
    case key_kind::postgresql_url:
      return "env:NAME, file:PATH or a URL without a password";
    case key_kind::smtp_url:
    case key_kind::http_url:
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

}  // namespace dualwrite::engine
