// From a file to the log's definitions: given what the log has and a file, which steps, and what
// the log has after them.
#include "engine/config/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/config/load.h"
#include "tests/unit/engine/config/test_secrets.h"

namespace dualwrite::engine {
namespace {

constexpr std::string_view apps = R"(version: 1
apps:
  erp: { connector: sqlite, path: erp.db }
  crm: { connector: sqlite, path: crm.db }
)";

// A file with one link; `rest` is what stands below its name and apps.
std::string with_link(std::string const& rest, std::string const& name = "{ name: erp-crm") {
  return std::string(apps) + "links:\n  - " + name + ", left: erp, right: crm" + rest + " }\n";
}
std::string map_text(std::string const& name, std::string const& more = "") {
  return "{ name: " + name +
         ", left: { table: a }, right: { table: b }, key: [{ left: id, right: id }]" + more + " }";
}
std::string rule_text(std::string const& name, std::string const& more = "") {
  return "{ name: " + name + ", when: { errors: [mapping], count: 3, within: 1h }" + more + " }";
}

class Reconcile : public testing::Test {
 protected:
  projections::views state;

  static server_config load(std::string const& text) {
    auto const loaded = load_config(text, "test.yaml", test_secrets());
    EXPECT_TRUE(loaded.config) << format_problems(loaded.problems, "test.yaml");
    return loaded.config.value_or(server_config{});
  }
  void append(drafts const& events) {
    for (auto const& event : events) {
      auto const at = state.checkpoint + 1;
      auto stream = event.stream;
      if (stream.kind != stream_kind::system && stream.id == 0) stream.id = at.value;
      stored_event const stored{
          at, event.span, instant{static_cast<std::int64_t>(at.value)}, stream, event.bytes};
      auto const view = decode(stored);
      ASSERT_TRUE(view);
      state.fold(*view);
    }
  }
  template <class Event>
  void happen(Event const& event) {
    drafts one;
    one.push_back(draft({stream_kind::map, 1}, {}, event));
    append(one);
  }
  // Plans, does what it planned, and gives what was planned.
  std::string apply(std::string const& text, reconcile_wish wish = {}) {
    auto const config = load(text);
    auto const plan = reconcile(state, config, wish);
    for (auto const& step : plan) {
      auto const events = decide_step(state, config, step, {});
      EXPECT_TRUE(events) << step.name << ": " << (events ? "" : to_string(events.error()));
      if (events) append(*events);
    }
    return format_plan(plan);
  }
  map_id map_named(std::string_view name) const {
    for (auto const& [id, row] : state.status.maps) {
      if (row.name == name) return id;
    }
    return {};
  }
  projections::map_row const& row_of(std::string_view name) const {
    return state.status.maps.at(map_named(name));
  }
};

TEST_F(Reconcile, EverythingIsMadeAtTheFirstStartAndNothingAtTheSecond) {
  auto const file = with_link(", maps: [" + map_text("m") + "], alerts: [" + rule_text("r") + "]");
  EXPECT_EQ(
      "create    app  erp\n"
      "create    app  crm\n"
      "create    link erp-crm\n"
      "create    map  erp-crm/m\n"
      "create    rule r\n"
      "5 to do.\n",
      apply(file));
  EXPECT_EQ(definition_owner::file, row_of("m").owner);
  EXPECT_EQ("Nothing to do.\n", apply(file));
}

TEST_F(Reconcile, TheDefinitionOfAMapThatDoesNotRunChanges) {
  (void)apply(with_link(", maps: [" + map_text("m") + "]"));
  EXPECT_EQ("change    map  erp-crm/m: left.filter, conflict\n1 to do.\n",
            apply(with_link(
                ", maps: [{ name: m, left: { table: a, filter: 'x = 1' }, right: { table: b }, "
                "key: [{ left: id, right: id }], conflict: left_wins }]")));
  EXPECT_EQ(2u, row_of("m").version);
  EXPECT_EQ("x = 1", parse_definition(row_of("m").definition)->left.filter);
}

TEST_F(Reconcile, AMapAtWorkKeepsItsDefinitionUntilItIsApplied) {
  (void)apply(with_link(", maps: [" + map_text("m") + "]"));
  happen(MapStarted{map_named("m"), {}});
  auto const file = with_link(", maps: [" + map_text("m", ", master: right") + "]");
  EXPECT_EQ(
      "differs   map  erp-crm/m: master; the map is running and keeps its definition until `config "
      "apply`.\n"
      "Nothing to do, 1 left as it is.\n",
      apply(file));
  EXPECT_EQ(1u, row_of("m").version);
  EXPECT_EQ("change    map  erp-crm/m: master\n1 to do.\n", apply(file, {.apply = true}));
  EXPECT_EQ(2u, row_of("m").version);
}

TEST_F(Reconcile, AMapThatCatchesUpCannotBeChangedEvenByApply) {
  (void)apply(with_link(", maps: [" + map_text("m") + "]"));
  happen(MapPaused{map_named("m"), {}, {}});
  happen(MapResumed{map_named("m"), {}, {}, {}});
  EXPECT_EQ(
      "refused   map  erp-crm/m: master; the map is resuming and cannot be changed just now.\n"
      "Nothing to do, 1 refused.\n",
      apply(with_link(", maps: [" + map_text("m", ", master: right") + "]"), {.apply = true}));
}

TEST_F(Reconcile, WhatWasCalledOtherwiseIsRenamedAndKeepsItsId) {
  (void)apply(with_link(", maps: [" + map_text("m") + "], alerts: [" + rule_text("r") + "]"));
  auto const id = map_named("m");
  auto const file = with_link(", maps: [" + map_text("n", ", was: m, master: right") +
                                  "], alerts: [" + rule_text("s", ", was: r") + "]",
                              "{ name: sales, was: erp-crm");
  EXPECT_EQ(
      "rename    link erp-crm to sales\n"
      "rename    map  sales/m to n\n"
      "change    map  sales/n: master\n"
      "rename    rule r to s\n"
      "4 to do.\n",
      apply(file));
  EXPECT_EQ(id, map_named("n"));
  EXPECT_EQ("n", parse_definition(row_of("n").definition)->name);
  EXPECT_EQ("Nothing to do.\n", apply(file)) << "`was` may stay in the file";
}

TEST_F(Reconcile, AnAppIsRenamedUnderItsLink) {
  (void)apply(with_link(""));
  auto const file = std::string(R"(version: 1
apps:
  sales: { connector: sqlite, path: erp.db, was: erp }
  crm: { connector: sqlite, path: crm.db }
links: [{ name: erp-crm, left: sales, right: crm }]
)");
  EXPECT_EQ("rename    app  erp to sales\n1 to do.\n", apply(file));
  EXPECT_EQ("Nothing to do.\n", apply(file));
}

TEST_F(Reconcile, WhatTheFileNamesNoMoreIsReleasedAndNotDeleted) {
  (void)apply(with_link(", maps: [" + map_text("m") + "], alerts: [" + rule_text("r") + "]"));
  EXPECT_EQ("release   map  erp-crm/m\nrelease   rule r\n2 to do.\n", apply(with_link("")));
  EXPECT_EQ(definition_owner::released, row_of("m").owner);
  EXPECT_EQ(
      "unmanaged map  erp-crm/m: the file named it once\n"
      "unmanaged rule r: the file named it once\n"
      "Nothing to do.\n",
      apply(with_link("")));
}

TEST_F(Reconcile, PruneDeletesWhatAFileMadeAndNothingThatWasMadeByHand) {
  (void)apply(with_link(", maps: [" + map_text("m") + "], alerts: [" + rule_text("r") + "]"));
  auto const link = state.status.links.begin()->first;
  happen(MapCreated{link, "by hand", "{}", definition_owner::hand});
  EXPECT_EQ(
      "delete    map  erp-crm/m\n"
      "unmanaged map  erp-crm/by hand: made by hand\n"
      "delete    rule r\n"
      "refused   link erp-crm: it still has maps or rules.\n"
      "2 to do, 1 refused.\n",
      apply(std::string(apps), {.apply = true, .prune = true}));
  EXPECT_FALSE(map_named("m"));
  EXPECT_TRUE(map_named("by hand"));
}

TEST_F(Reconcile, PruneDeletesALinkWithAllThatItHas) {
  (void)apply(with_link(", maps: [" + map_text("m") + "], alerts: [" + rule_text("r") + "]"));
  EXPECT_EQ("delete    map  erp-crm/m\ndelete    rule r\ndelete    link erp-crm\n3 to do.\n",
            apply(std::string(apps), {.apply = true, .prune = true}));
  EXPECT_TRUE(state.status.links.empty());
  EXPECT_TRUE(state.alerts.rules.empty());
}

TEST_F(Reconcile, PruneLeavesAMapThatRuns) {
  (void)apply(with_link(", maps: [" + map_text("m") + "]"));
  happen(MapStarted{map_named("m"), {}});
  EXPECT_EQ(
      "refused   map  erp-crm/m: it cannot be deleted while it is running: stop it first.\nNothing "
      "to do, 1 refused.\n",
      apply(with_link(""), {.apply = true, .prune = true}));
}

TEST_F(Reconcile, WhatWasMadeByHandIsAdopted) {
  (void)apply(with_link(""));
  auto const link = state.status.links.begin()->first;
  map_definition definition =
      load(with_link(", maps: [" + map_text("m") + "]")).links[0].maps[0].definition;
  happen(MapCreated{link, "m", print_definition(definition), definition_owner::hand});
  EXPECT_EQ("adopt     map  erp-crm/m\n1 to do.\n",
            apply(with_link(", maps: [" + map_text("m") + "]")));
  EXPECT_EQ(definition_owner::file, row_of("m").owner);
}

TEST_F(Reconcile, AChangedRuleTakesEffectAtOnceAndCountsAnew) {
  (void)apply(with_link(", alerts: [" + rule_text("r") + "]"));
  auto const file = with_link(
      ", alerts: [{ name: r, when: { errors: [mapping, application], count: 3, within: 1h }, then: "
      "pause }]");
  EXPECT_EQ("change    rule r: when.errors, then\n1 to do.\n", apply(file));
  auto const& rule = state.alerts.rules.begin()->second;
  EXPECT_EQ(alert_action::pause, rule.terms.action);
  EXPECT_EQ((std::vector{fault_class::application, fault_class::mapping}), rule.terms.classes);
}

TEST_F(Reconcile, AppsOfALinkAndConnectorsOfAppsStay) {
  (void)apply(with_link(""));
  auto const file = std::string(R"(version: 1
apps:
  erp: { connector: postgresql, url: env:ERP_URL }
  crm: { connector: sqlite, path: crm.db }
links: [{ name: erp-crm, left: crm, right: erp }]
)");
  EXPECT_EQ(
      "refused   app  erp: its connector is sqlite, and an app keeps its connector: give it "
      "another name.\n"
      "refused   link erp-crm: it ties erp and crm, and a link keeps its apps: give it another "
      "name.\n"
      "Nothing to do, 2 refused.\n",
      apply(file));
}

TEST_F(Reconcile, AnAppOfAReleasedLinkEntersNoOther) {
  (void)apply(with_link(", maps: [" + map_text("m") + "]"));
  auto const file = std::string(apps) + "links:\n  - { name: other, left: crm, right: erp }\n";
  EXPECT_THAT(apply(file),
              testing::HasSubstr("refused   link other: the link erp-crm has one of its apps, and "
                                 "an app is in one link only"));
  EXPECT_EQ(1u, state.status.links.size());
}

TEST_F(Reconcile, ARuleOfAnotherLinkKeepsItsName) {
  (void)apply(with_link(", alerts: [" + rule_text("r") + "]"));
  auto const file = std::string(apps) +
                    "  shop: { connector: sqlite, path: shop.db }\n"
                    "  mail: { connector: sqlite, path: mail.db }\n"
                    "links:\n  - { name: erp-crm, left: erp, right: crm }\n"
                    "  - { name: other, left: shop, right: mail, alerts: [" +
                    rule_text("r") + "] }\n";
  EXPECT_EQ(
      "create    app  shop\n"
      "create    app  mail\n"
      "create    link other\n"
      "refused   rule r: a rule of this name belongs to another link: give it another name.\n"
      "3 to do, 1 refused.\n",
      apply(file));
}

}  // namespace
}  // namespace dualwrite::engine
