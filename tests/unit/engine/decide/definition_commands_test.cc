// Commands that change, rename and delete definitions: given what is there, when a command comes,
// then what is there or why not.
#include <gtest/gtest.h>

#include "engine/decide/map_decider.h"
#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {
namespace {

class DefinitionCommands : public testing::Test {
 protected:
  DefinitionCommands() {
    map_definition definition;
    definition.name = "customers";
    definition.key = {{"id", "id"}};
    definition.left.table = definition.right.table = "customer";
    text = print_definition(definition);
    auto const left = app_id{given(register_app{"erp", "memory"}).value};
    auto const right = app_id{given(register_app{"crm", "memory"}).value};
    link = link_id{given(create_link{"erp-crm", left, right}).value};
    auto const shop = app_id{given(register_app{"shop", "memory"}).value};
    auto const mail = app_id{given(register_app{"mail", "memory"}).value};
    other = link_id{given(create_link{"other", shop, mail}).value};
    map = map_id{given(create_map{link, "customers", text}).value};
    rule = rule_id{given(create_alert_rule{link, terms("errors", 3)}).value};
  }

  static alert_terms terms(std::string name, std::uint32_t count) {
    alert_terms out;
    out.name = std::move(name);
    out.classes = {fault_class::mapping};
    out.count = count;
    out.within_us = 3'600'000'000;
    return out;
  }

  result<sequence> submit(command const& wish) {
    DW_TRY(auto const events, decide(state, wish, {}));
    auto const first = state.checkpoint + 1;
    for (auto const& event : events) happen(event);
    return first;
  }
  sequence given(command const& wish) {
    auto const made = submit(wish);
    EXPECT_TRUE(made);
    return made ? *made : sequence{};
  }
  void happen(encoded_event const& event) {
    auto const at = state.checkpoint + 1;
    auto const view = decode(stored_event{at, event.span, instant{1}, event.stream, event.bytes});
    ASSERT_TRUE(view);
    state.fold(*view);
  }
  void expect_refused(error_code code, command const& wish) {
    auto const made = submit(wish);
    ASSERT_FALSE(made);
    EXPECT_EQ(code, made.error().code) << to_string(made.error());
  }

  projections::views state;
  std::string text;
  link_id link, other;
  map_id map;
  rule_id rule;
};

TEST_F(DefinitionCommands, AChangedMapHasANewVersionUnderItsOwnName) {
  map_definition changed;
  changed.name = "not its name";
  changed.key = {{"id", "number"}};
  changed.left.table = changed.right.table = "customer";
  given(change_map{map, print_definition(changed)});
  auto const& row = *state.status.find(map);
  EXPECT_EQ(2u, row.version);
  changed.name = "customers";
  EXPECT_EQ(print_definition(changed), row.definition);
}

TEST_F(DefinitionCommands, ADefinitionThatIsNoneIsRefused) {
  expect_refused(error_code::invalid_definition, change_map{map, "{}"});
  expect_refused(error_code::unknown_map, change_map{map_id{99}, text});
}

TEST_F(DefinitionCommands, AMapThatCatchesUpIsNotChanged) {
  happen(draft({stream_kind::map, map.value}, link, MapPaused{map, {}, {}}));
  happen(draft({stream_kind::map, map.value}, link, MapResumed{map, {}, {}, {}}));
  expect_refused(error_code::illegal_transition, change_map{map, text});
}

TEST_F(DefinitionCommands, ARenamedThingKeepsItsIdAndItsVersion) {
  given(rename_map{map, "clients"});
  EXPECT_EQ("clients", state.status.find(map)->name);
  EXPECT_EQ("clients", parse_definition(state.status.find(map)->definition)->name);
  EXPECT_EQ(1u, state.status.find(map)->version);
  given(rename_link{link, "sales"});
  EXPECT_EQ("sales", state.status.links.at(link).name);
  auto const app = state.status.links.at(link).left;
  given(rename_app{app, "sap"});
  EXPECT_EQ("sap", state.status.apps.at(app));
}

TEST_F(DefinitionCommands, ATakenNameIsRefusedAndAThingsOwnIsNot) {
  given(create_map{link, "orders", text});
  expect_refused(error_code::name_taken, rename_map{map, "orders"});
  expect_refused(error_code::name_taken, rename_link{link, "other"});
  expect_refused(error_code::name_taken, rename_app{state.status.links.at(link).left, "crm"});
  given(rename_map{map, "customers"});
  given(create_map{other, "customers", text});
}

TEST_F(DefinitionCommands, AnAppIsInOneLinkOnly) {
  auto const used = state.status.links.at(other);
  auto const fresh = app_id{given(register_app{"wiki", "memory"}).value};
  expect_refused(error_code::still_used, create_link{"third", used.left, fresh});
  expect_refused(error_code::still_used, create_link{"third", fresh, used.right});
  given(delete_link{other});
  given(create_link{"third", used.right, fresh});
}

TEST_F(DefinitionCommands, OnlyAMapThatOwesNothingIsDeleted) {
  happen(draft({stream_kind::map, map.value}, link, MapStarted{map, {}}));
  expect_refused(error_code::illegal_transition, delete_map{map});
  happen(draft({stream_kind::map, map.value}, link, MapStopped{map, {}, {}, 0, {}, {}, {}}));
  given(delete_map{map});
  EXPECT_EQ(nullptr, state.status.find(map));
  expect_refused(error_code::unknown_map, delete_map{map});
}

TEST_F(DefinitionCommands, ALinkGoesAfterItsMapsAndRules) {
  expect_refused(error_code::still_used, delete_link{link});
  given(delete_map{map});
  expect_refused(error_code::still_used, delete_link{link});
  given(delete_alert_rule{rule});
  given(delete_link{link});
  EXPECT_FALSE(state.status.links.contains(link));
  expect_refused(error_code::unknown_link, delete_link{link});
}

TEST_F(DefinitionCommands, ARuleThatCountsOtherwiseCountsAnew) {
  auto const fail = [&] {
    RecordParked parked;
    parked.map = map;
    parked.record = sequence{1};
    parked.kind = fault_class::mapping;
    happen(draft({stream_kind::map, map.value}, link, parked));
  };
  happen(draft({stream_kind::map, map.value}, link, MapResumed{map, {}}));
  fail();
  auto renamed = terms("renamed", 3);
  renamed.notify = "ops@example.com";
  given(change_alert_rule{rule, renamed});
  auto const& row = state.alerts.rules.at(rule);
  EXPECT_EQ("renamed", row.terms.name);
  EXPECT_EQ("ops@example.com", row.terms.notify);
  EXPECT_EQ(1u, row.version);
  EXPECT_EQ(1u, row.window(1, {})->errors.size());
  auto lower = terms("renamed", 2);
  lower.at_once = true;
  given(change_alert_rule{rule, lower});
  EXPECT_EQ(2u, row.version);
  EXPECT_TRUE(row.window(2, {})->errors.empty());
  EXPECT_EQ(nullptr, row.window(1, {})) << "no map is bound to it";
  expect_refused(error_code::unknown_rule, change_alert_rule{rule_id{99}, terms("x", 1)});
}

TEST_F(DefinitionCommands, ARuleThatCouldNotFireIsRefused) {
  auto wrong = terms("x", 0);
  expect_refused(error_code::invalid_definition, create_alert_rule{link, wrong});
  wrong = terms("x", 1);
  wrong.within_us = 0;
  expect_refused(error_code::invalid_definition, create_alert_rule{link, wrong});
  wrong = terms("x", 1);
  wrong.classes.clear();
  expect_refused(error_code::invalid_definition, create_alert_rule{link, wrong});
  wrong = terms("x", 1);
  wrong.resume_after_us = 1;
  expect_refused(error_code::invalid_definition, create_alert_rule{link, wrong});
  wrong = terms("x", 1);
  wrong.maps = {map_id{99}};
  expect_refused(error_code::unknown_map, create_alert_rule{link, wrong});
  wrong = terms("x", 1);
  wrong.notify.assign(5'000, 'a');
  expect_refused(error_code::invalid_definition, create_alert_rule{link, wrong});
  expect_refused(error_code::unknown_link, create_alert_rule{link_id{99}, terms("x", 1)});
}

TEST_F(DefinitionCommands, AnOwnerIsRememberedOfEachKind) {
  given(change_owner{link, {}, {}, {}, definition_owner::file});
  given(change_owner{{}, map, {}, {}, definition_owner::released});
  given(change_owner{{}, {}, rule, {}, definition_owner::file});
  EXPECT_EQ(definition_owner::file, state.status.links.at(link).owner);
  EXPECT_EQ(definition_owner::released, state.status.find(map)->owner);
  EXPECT_EQ(definition_owner::file, state.alerts.rules.at(rule).owner);
  expect_refused(error_code::unknown_link,
                 change_owner{link_id{99}, {}, {}, {}, definition_owner::file});
}

}  // namespace
}  // namespace dualwrite::engine
