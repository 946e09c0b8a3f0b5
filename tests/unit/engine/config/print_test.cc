// Printing a configuration and loading it again gives what it was.
#include "engine/config/config_print.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/config/load.h"

namespace dualwrite::engine {
namespace {

// Configurations of which every part varies, and whose texts are as awkward as they may be.
class config_maker {
 public:
  explicit config_maker(std::uint32_t seed) : random_(seed) {}

  server_config make() {
    server_config made;
    made.data_dir = "data/" + std::to_string(below(100));
    made.listen = one_in(2) ? listen_address{"::1", 0} : listen_address{"localhost", 9000};
    auto const links = below(3);
    made.apps.resize(2 * links + 1 + below(3));
    for (std::size_t at = 0; at < made.apps.size(); ++at) {
      made.apps[at].name = name(at);
      if (one_in(4)) made.apps[at].was = "was " + name(at);
      if (one_in(2)) {
        made.apps[at].settings = sqlite_settings{std::to_string(at) + ".db"};
      } else {
        std::string const url =
            one_in(2) ? "postgresql://ann@db/erp?a=b#c" : "host=db user='ann smith'";
        made.apps[at].settings = postgresql_settings{{url, url}};
      }
    }
    for (std::size_t at = 0; at < links; ++at) made.links.push_back(make_link(made, at));
    made.smtp = smtp_config{
        {"smtps://[::1]:465", "smtps://[::1]:465"}, "a+b@example.com", "", {}, one_in(2)};
    auto const secret = secret_text{"env:SMTP_PASSWORD", ""};
    auto const url = secret_text{"https://[::1]:8443/hook?a=b", "https://[::1]:8443/hook?a=b"};
    made.webhooks.push_back({"on-call", url, secret, one_in(2)});
    if (one_in(2))
      made.engine = {1 + below(9),
                     2,
                     4096 + below(9),
                     4,
                     12,
                     4,
                     5,
                     1000,
                     2,
                     duration(1000),
                     duration(1001),
                     duration(2001)};
    return made;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string text() {
    static std::vector<std::string> const parts{
        "a",  "é",  " ",    "'",    "\"",   "\\", "#",  ": ",  "- ",  "{", "}",
        "[",  "]",  ",",    "&",    "*",    "!",  "|",  ">",   "%",   "@", "`",
        "\n", "\t", "\x01", "true", "null", "~",  "12", "1e5", "日本"};
    std::string made;
    for (auto left = 1 + below(4); left > 0; --left) made += parts[below(parts.size())];
    return made;
  }
  std::string name(std::size_t number) {
    static std::vector<std::string> const heads{
        "erp", "Ü", "true", "12", "a: b", "#x", "'", "\"q\"", "[", "&a", "日本"};
    return heads[below(heads.size())] + " " + std::to_string(number);
  }
  std::string expression() {
    static std::vector<std::string> const all{
        "active", "a <> 'it''s # not'", "\"odd name\" = 1\n  and b", "'{' || x", "trim(note)"};
    return all[below(all.size())];
  }

  link_config make_link(server_config const& config, std::size_t number) {
    link_config made;
    made.name = "link " + name(number);
    made.left = config.apps[2 * number].name;
    made.right = config.apps[2 * number + 1].name;
    for (std::size_t at = 0; at < below(4); ++at) made.maps.push_back(make_map(at));
    for (std::size_t at = 0; at < below(3); ++at) {
      auto alert = make_alert(made);
      alert.terms.name = name(at) + made.name;
      made.alerts.push_back(std::move(alert));
    }
    for (std::size_t at = 0; at < below(3); ++at) {
      maintenance_config plan;
      plan.terms.name = name(at) + made.name;
      plan.terms.pause_at = instant{60'000'000 * static_cast<std::int64_t>(below(40'000'000))};
      plan.terms.resume_at = plan.terms.pause_at + std::chrono::minutes(1 + below(1'000));
      plan.terms.zone = one_in(2) ? "UTC" : "America/New_York";
      plan.terms.repeat = static_cast<repetition>(below(3));
      plan.maps = some_maps(made);
      plan.terms.announce_us = below(3) * 3'600'000'000;
      made.maintenance.push_back(std::move(plan));
    }
    return made;
  }
  std::vector<std::string> some_maps(link_config const& link) {
    std::vector<std::string> out;
    for (auto const& map : link.maps) {
      if (one_in(3)) out.push_back(map.definition.name);
    }
    return out;
  }
  alert_config make_alert(link_config const& link) {
    alert_config alert;
    auto& terms = alert.terms;
    terms.subject = static_cast<alert_subject>(below(6));
    if (terms.subject == alert_subject::errors)
      terms.classes = {fault_class::network, fault_class::mapping};
    bool const counts =
        terms.subject == alert_subject::errors || terms.subject == alert_subject::queue;
    if (counts) terms.count = 1 + static_cast<std::uint32_t>(below(9));
    if (terms.subject != alert_subject::queue) terms.within_us = 1'000'000 * (1 + below(9000));
    alert.maps = some_maps(link);
    terms.ways = static_cast<alert_ways>(below(3));
    terms.per_map = one_in(2);
    if (one_in(2)) terms.notify = "ops@example.com, ann@example.com";
    if (one_in(2)) terms.webhooks = "on-call";
    terms.action = static_cast<alert_action>(below(3));
    if (terms.action == alert_action::pause && one_in(2)) terms.resume_after_us = 60'000'000;
    terms.cooldown_us = below(3) * 60'000'000;
    terms.at_once = one_in(2);
    terms.disabled = one_in(3);
    return alert;
  }
  map_config make_map(std::size_t number) {
    map_config made;
    auto& definition = made.definition;
    definition.name = name(number);
    if (one_in(3)) made.was = "was " + definition.name;
    definition.left = {text(), one_in(2) ? expression() : "", one_in(2) ? text() : ""};
    definition.right = {text(), "", text()};
    definition.key = {{"id " + text(), "id " + text()}};
    for (std::size_t at = 0; at < below(5); ++at) definition.columns.push_back(make_column(at));
    definition.conflict = static_cast<conflict_policy>(below(3));
    definition.deletes = static_cast<delete_policy>(below(3));
    definition.errors_kept = duration(1'000'000 + static_cast<std::int64_t>(below(5)) * 1234567);
    definition.park_whole_transaction = one_in(2);
    definition.master = static_cast<side>(below(2));
    return made;
  }
  column_pair make_column(std::size_t number) {
    column_pair made;
    made.left = "l" + std::to_string(number) + text();
    made.right = "r" + std::to_string(number) + text();
    if (one_in(2)) made.value_map = {{"1" + text(), "1" + text()}, {"2" + text(), "2" + text()}};
    if (one_in(2)) return made;
    made.only = static_cast<direction>(below(2));
    if (one_in(2)) made.default_value = one_in(3) ? "" : text();
    if (one_in(2)) made.expression = expression();
    if (made.only == direction::left_to_right && !made.value_map.empty())
      made.value_map[1].second = made.value_map[0].second;
    if (made.only == direction::right_to_left && !made.value_map.empty())
      made.value_map[1].first = made.value_map[0].first;
    return made;
  }

  std::mt19937 random_;
};

TEST(PrintConfig, LoadsAgainAsItWas) {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    auto const config = config_maker(seed).make();
    auto const text = print_config(config);
    auto const loaded = load_config(text, "test.yaml", {});
    ASSERT_TRUE(loaded.config) << "seed " << seed << "\n"
                               << format_problems(loaded.problems, "test.yaml") << text;
    ASSERT_EQ(config, *loaded.config) << "seed " << seed << "\n" << text;
  }
}

TEST(PrintConfig, ShowsSecretsAsTheFileNamesThem) {
  server_config config;
  config.data_dir = "data";
  config.apps.push_back(
      {"erp", "", postgresql_settings{{"env:ERP_URL", "postgresql://ann:Pa55word@db/erp"}}});
  EXPECT_EQ(
      "version: 1\ndata_dir: data\nlisten: \"127.0.0.1:8470\"\napps:\n  erp: { connector: "
      "postgresql, url: \"env:ERP_URL\" }\n",
      print_config(config));
}

}  // namespace
}  // namespace dualwrite::engine
