// What a file becomes, where it is right.
#include "engine/config/load.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "engine/config/scalars.h"
#include "tests/unit/engine/config/test_secrets.h"

namespace dualwrite::engine {
namespace {

std::string read_golden(std::string const& name) {
  std::ifstream file(std::string(DW_GOLDEN_CONFIG) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

server_config load(std::string const& text, std::string const& name = "test.yaml") {
  auto const loaded = load_config(text, name, test_secrets());
  EXPECT_TRUE(loaded.config) << format_problems(loaded.problems, name);
  return loaded.config.value_or(server_config{});
}

TEST(LoadConfig, TheExampleBecomesWhatItSays) {
  auto const config = load(read_golden("good_example.yaml"));
  EXPECT_EQ("data", config.data_dir);
  EXPECT_EQ((listen_address{"127.0.0.1", 8470}), config.listen);
  ASSERT_EQ(2u, config.apps.size());
  EXPECT_EQ("erp", config.apps[0].name);
  EXPECT_EQ("postgresql", config.apps[0].connector());
  auto const& url = std::get<postgresql_settings>(config.apps[0].settings).url;
  EXPECT_EQ("env:ERP_URL", url.written);
  EXPECT_EQ("postgresql://dw:Pa55word@db.example.com/erp", url.value);
  EXPECT_EQ("crm.db", std::get<sqlite_settings>(config.find_app("crm")->settings).path);
  ASSERT_EQ(1u, config.links.size());
  auto const& link = config.links[0];
  EXPECT_EQ("erp-crm", link.name);
  EXPECT_EQ("erp", link.left);
  EXPECT_EQ("crm", link.right);
  ASSERT_EQ(1u, link.maps.size());
  map_definition expected;
  expected.name = "customers";
  expected.left = {"public.customer", "active", ""};
  expected.right = {"account", "", ""};
  expected.key = {{"account", "accountnumber"}};
  expected.columns.resize(3);
  expected.columns[0].left = "name";
  expected.columns[0].right = "fullname";
  expected.columns[1].left = "country";
  expected.columns[1].right = "country_code";
  expected.columns[1].value_map = {{"Germany", "DE"}, {"France", "FR"}};
  expected.columns[2].left = "note";
  expected.columns[2].right = "description";
  expected.columns[2].only = direction::left_to_right;
  expected.columns[2].expression = "trim(note)";
  EXPECT_EQ(print_definition(expected), print_definition(link.maps[0].definition));
  ASSERT_EQ(1u, link.alerts.size());
  alert_config alert;
  alert.terms.name = "too many application errors";
  alert.terms.classes = {fault_class::application};
  alert.terms.count = 10;
  alert.terms.within_us = 15 * 60'000'000;
  alert.terms.notify = "ops@example.com, erp-team@example.com";
  alert.terms.action = alert_action::pause;
  EXPECT_EQ(alert, link.alerts[0]);
  ASSERT_TRUE(config.smtp);
  EXPECT_EQ("smtp://127.0.0.1:2525", config.smtp->url.value);
  EXPECT_EQ("dualwrite@example.com", config.smtp->from);
  EXPECT_EQ(flow_options{}, config.engine);
}

TEST(LoadConfig, EveryKeyArrives) {
  auto const config = load(read_golden("good_every_key.yaml"));
  EXPECT_EQ((listen_address{"::1", 0}), config.listen);
  EXPECT_EQ("sales", config.apps[0].was);
  auto const& definition = config.links[0].maps[0].definition;
  EXPECT_EQ("orders", config.links[0].maps[0].was);
  EXPECT_EQ("state <> 'draft' and total > 0", definition.left.filter);
  EXPECT_EQ("is_deleted", definition.left.soft_delete);
  using pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ((pairs{{"open", "1"}, {"closed", "2"}, {"true", "3.50"}}),
            definition.columns[0].value_map);
  EXPECT_EQ((pairs{{"order", "o"}, {"offer", "o"}}), definition.columns[1].value_map);
  EXPECT_EQ("0", definition.columns[1].default_value);
  EXPECT_EQ(direction::right_to_left, definition.columns[3].only);
  EXPECT_EQ(conflict_policy::left_wins, definition.conflict);
  EXPECT_EQ(delete_policy::soft_delete, definition.deletes);
  EXPECT_EQ(std::chrono::hours(14 * 24), definition.errors_kept);
  EXPECT_TRUE(definition.park_whole_transaction);
  EXPECT_EQ(side::right, definition.master);
  EXPECT_EQ((std::vector{fault_class::network, fault_class::unavailable}),
            config.links[0].alerts[0].terms.classes);
  auto const& lag = config.links[0].alerts[1];
  EXPECT_EQ(alert_subject::lag, lag.terms.subject);
  EXPECT_EQ(5u * 60'000'000, lag.terms.within_us);
  EXPECT_EQ(std::vector<std::string>{"only the key"}, lag.maps);
  EXPECT_EQ(alert_ways::left_to_right, lag.terms.ways);
  EXPECT_TRUE(lag.terms.per_map);
  EXPECT_TRUE(lag.terms.at_once);
  EXPECT_EQ("on-call", lag.terms.webhooks);
  EXPECT_EQ(600u * 1'000'000, lag.terms.resume_after_us);
  auto const& plan = config.links[0].maintenance[0];
  EXPECT_EQ("Europe/Berlin", plan.terms.zone);
  EXPECT_EQ(repetition::weekly, plan.terms.repeat);
  EXPECT_EQ(4 * 3600, (plan.terms.resume_at - plan.terms.pause_at).count() / 1'000'000);
  EXPECT_EQ(24ULL * 3600 * 1'000'000, plan.terms.announce_us);
  EXPECT_EQ("Pa55word", config.webhooks[0].secret.value);
  EXPECT_TRUE(config.webhooks[0].allow_private);
  EXPECT_EQ("Pa55word", config.smtp->password.value);
  EXPECT_TRUE(config.smtp->starttls);
  EXPECT_EQ(500u, config.engine.batch_records_max);
  EXPECT_EQ(64u, config.engine.capture_transactions_max);
  EXPECT_EQ(1048576u, config.engine.capture_bytes_max);
  EXPECT_EQ(5000u, config.engine.chunk_rows);
  EXPECT_EQ(50u, config.engine.retry_records_max);
  EXPECT_EQ(50000u, config.engine.ledger_writes_max);
  EXPECT_EQ(1u, config.engine.catch_up_lanes);
  EXPECT_EQ(std::chrono::milliseconds(100), config.engine.capture_patience);
  EXPECT_EQ(std::chrono::milliseconds(200), config.engine.backoff_first);
  EXPECT_EQ(std::chrono::minutes(1), config.engine.backoff_max);
}

TEST(LoadConfig, PathsBeginAtTheFileAndNotWhereTheProgramWasStarted) {
  auto const config =
      load("version: 1\ndata_dir: data\napps: { a: { connector: sqlite, path: ../a.db } }\n",
           "/etc/dualwrite/dw.yaml");
  EXPECT_EQ("/etc/dualwrite/data", config.data_dir);
  EXPECT_EQ("/etc/a.db", std::get<sqlite_settings>(config.apps[0].settings).path);
}

TEST(LoadConfig, ASecretMayLieInAFileBesideIt) {
  auto const config =
      load("version: 1\napps: { a: { connector: postgresql, url: file:./erp.url } }\n");
  EXPECT_EQ("postgresql://dw:Pa55word@db.example.com/erp",
            std::get<postgresql_settings>(config.apps[0].settings).url.value);
}

TEST(LoadConfig, WithoutALookupSecretsStayUnread) {
  auto const loaded = load_config(
      "version: 1\napps: { a: { connector: postgresql, url: env:NOT_SET } }\n", "test.yaml", {});
  ASSERT_TRUE(loaded.config);
  auto const& url = std::get<postgresql_settings>(loaded.config->apps[0].settings).url;
  EXPECT_EQ("env:NOT_SET", url.written);
  EXPECT_EQ("", url.value);
}

TEST(LoadConfig, LinesOfWindowsAreLines) {
  auto text = read_golden("good_every_key.yaml");
  auto const expected = load(text);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.insert(at, "\r");
  EXPECT_EQ(expected, load(text));
}

TEST(LoadConfigFile, AFileThatIsNotThereIsNamed) {
  std::string warnings;
  auto const loaded = load_config_file("/nowhere/dualwrite.yaml", {}, warnings);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(error_code::config_unreadable, loaded.error().code);
  EXPECT_EQ("/nowhere/dualwrite.yaml", loaded.error().detail);
}

TEST(LoadConfigFile, ProblemsAreInTheDetailAndWarningsAreApart) {
  std::string warnings;
  std::string const folder = DW_GOLDEN_CONFIG;
  auto const bad = load_config_file(folder + "/version_2.yaml", test_secrets(), warnings);
  ASSERT_FALSE(bad);
  EXPECT_EQ(error_code::config_invalid, bad.error().code);
  EXPECT_NE(std::string::npos,
            bad.error().detail.find("version_2.yaml:1:10: error: 'version' needs 1"));
  EXPECT_EQ("", warnings);
  EXPECT_TRUE(
      load_config_file(folder + "/good_notify_without_smtp.yaml", test_secrets(), warnings));
  EXPECT_NE(std::string::npos, warnings.find("warning: Nobody gets a mail"));
}

// Whatever is done to a file, it is loaded or refused with a place that is in it.
TEST(LoadConfig, DamagedFilesAreRefusedWithAPlace) {
  std::mt19937 random(7);
  auto const whole = read_golden("good_every_key.yaml");
  std::string const spice = "{}[]:,&*!|>'\"%@`#-? \n\t\\\xC3\x80";
  for (int round = 0; round < 3000; ++round) {
    auto text = whole;
    if (round < 1500) {
      text.resize(random() % text.size());
    } else {
      for (int change = 0; change < 3; ++change) {
        auto const at = random() % text.size();
        if (random() % 2 == 0)
          text[at] = spice[random() % spice.size()];
        else
          text.insert(at, 1, spice[random() % spice.size()]);
      }
    }
    auto const loaded = load_config(text, "test.yaml", test_secrets());
    auto const lines = 1 + std::count(text.begin(), text.end(), '\n');
    EXPECT_TRUE(loaded.config || !loaded.problems.empty()) << text;
    for (auto const& one : loaded.problems) EXPECT_LE(one.line, lines) << text;
  }
}

TEST(Duration, IsANumberAndAUnit) {
  EXPECT_EQ(std::chrono::hours(24), parse_duration("1d"));
  EXPECT_EQ(std::chrono::minutes(15), parse_duration("15m"));
  EXPECT_EQ(std::chrono::milliseconds(500), parse_duration("500ms"));
  for (auto const* bad : {"",
                          "1",
                          "d",
                          "1 d",
                          "-1d",
                          "1.5h",
                          "1D",
                          "1d2h",
                          "99999999999999999999d",
                          "9223372036854775807w"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Duration, ReadsBackAsItWasPrinted) {
  std::mt19937_64 random(3);
  std::int64_t const units[] = {1, 1000, 1'000'000, 60'000'000, 3'600'000'000, 86'400'000'000};
  for (int round = 0; round < 1000; ++round) {
    duration const span(static_cast<std::int64_t>(random() % 3000) * units[random() % 6]);
    EXPECT_EQ(span, parse_duration(print_duration(span))) << print_duration(span);
  }
}

TEST(Address, HasAHostAndAPort) {
  EXPECT_EQ((listen_address{"::1", 80}), parse_address("[::1]:80"));
  EXPECT_EQ((listen_address{"localhost", 0}), parse_address("localhost:0"));
  for (auto const* bad : {"",
                          ":80",
                          "a",
                          "a:",
                          "a:x",
                          "a:65536",
                          "::1:80",
                          "[]:1",
                          "a b:1",
                          "http://a:1",
                          "[a",
                          "[x]:1"}) {
    EXPECT_FALSE(parse_address(bad)) << bad;
  }
}

TEST(MailAddress, HasOneAtAndADomain) {
  for (auto const* good : {"a@b", "ops+erp@mail.example.com", "o'neil@x.org"})
    EXPECT_TRUE(is_mail_address(good)) << good;
  for (auto const* bad :
       {"", "@", "a@", "@b", "a@@b", "a b@c", "a@b c", ".a@b", "a..b@c", "a@b.", "a@-b", "<a@b>"}) {
    EXPECT_FALSE(is_mail_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace dualwrite::engine
