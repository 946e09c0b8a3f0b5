// A batch is what its writes are one by one, however a connector writes them together.
#include <map>

#include "tests/contract/connector_suite.h"
#include "tests/support/random_events.h"

namespace dualwrite::contract {
namespace {

using engine::write_effect;
using tests::dice;

// Texts that statements, arrays and copies have signs of their own for.
std::string some_name(dice& dice) {
  static std::string const names[] = {"Ann",
                                      "",
                                      "\\N",
                                      "NULL",
                                      "a\tb",
                                      "two\nlines",
                                      "\"quoted\", {so}",
                                      "back\\slash\r",
                                      "Zoë 漢",
                                      "\\."};
  return names[dice.below(std::size(names))];
}

// Of every kind, a tenth of them with something that the table or its code refuses.
target_write some_write(dice& dice) {
  auto const id = static_cast<std::int64_t>(dice.below(60)) + 1;
  if (dice.below(6) == 0) return take_out("customer", {number(id)});
  auto name = text(some_name(dice));
  auto email = value::null();
  auto amount = number(static_cast<std::int64_t>(dice.below(3)));
  switch (dice.below(40)) {
    case 0:
      name = value::null();
      break;
    case 1:
      amount = number(-1);
      break;
    case 2:
      name = text("bad");
      break;
    case 3:
      email = text("taken@y");
      break;
    default:
      break;
  }
  auto const kinds = {
      write_kind::upsert, write_kind::upsert, write_kind::insert_if_absent, write_kind::update};
  auto write = put("customer", customer(id, name, email, amount), kinds.begin()[dice.below(4)]);
  if (write.kind == write_kind::update && dice.below(2) == 0) {
    write.columns = {0, 3};
    write.values = {number(id), amount};
  }
  return write;
}

// Neighbours that are alike, as they come from one statement of the source.
std::vector<target_write> some_writes(dice& dice) {
  std::vector<target_write> out;
  while (out.size() < 150) {
    auto const first = some_write(dice);
    for (auto left = dice.below(40); left > 0; --left) {
      auto other = some_write(dice);
      if (other.kind == first.kind && other.columns == first.columns) out.push_back(other);
    }
    out.push_back(first);
  }
  return out;
}

enum class sent_as : std::uint8_t { batches, parts, single_writes };

TEST_P(Connector, ABatchIsWhatItsWritesAreOneByOne) {
  auto table = customers();
  table.check = forbidden_value{3, number(-1), "no debts"};
  table.trigger = forbidden_value{1, text("bad"), "no bad names"};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<std::string> told;
    std::vector<std::string> left;
    for (auto const how : {sent_as::batches, sent_as::parts, sent_as::single_writes}) {
      if (how == sent_as::parts && !subject->target().takes_parts()) continue;
      begin_anew();
      make({table});
      commit(inserted("customer", customer(1000, text("first"), text("taken@y"))));
      dice dice(seed);
      std::vector<write_result> results;
      auto const lane = how == sent_as::parts ? open(main_lane) : engine::lane_row{};
      for (int batch = 0; batch < 3; ++batch) {
        auto const writes = some_writes(dice);
        if (how == sent_as::single_writes) {
          for (auto const& one : writes) results.push_back(apply({one}).at(0));
          continue;
        }
        auto const done = how == sent_as::batches
                              ? result<std::vector<write_result>>(apply(writes))
                              : send(part_of(lane, writes, batch == 0, batch == 2));
        ASSERT_TRUE(done) << to_string(done.error());
        results.insert(results.end(), done->begin(), done->end());
      }
      auto& said = told.emplace_back();
      for (auto const& one : results) {
        said += effects({&one, 1});
        if (one.effect == write_effect::refused)
          said += " " + one.code + " " + one.column + " " + one.text;
        if (one.taken_by) said += " taken by " + shown({one.taken_by->values});
        said += "\n";
      }
      left.push_back(rows());
    }
    for (auto const& one : told) EXPECT_EQ(told.back(), one);
    for (auto const& one : left) EXPECT_EQ(left.back(), one);
    EXPECT_NE(std::string::npos, told[0].find("taken by (1000)"));
    EXPECT_NE(std::string::npos, told[0].find("no bad names"));
  }
}

// A source that holds e-mails unique after every single change: they wander from row to row.
struct wandering_emails {
  std::map<std::int64_t, std::int64_t> held{};  // by the row's id, zero for none

  target_write next(dice& dice) {
    auto const id = static_cast<std::int64_t>(dice.below(40)) + 1;
    if (held.contains(id) && dice.below(6) == 0) {
      held.erase(id);
      return take_out("customer", {number(id)});
    }
    auto email = static_cast<std::int64_t>(dice.below(30));
    for (auto const& [other, taken] : held) {
      if (other != id && taken == email) email = 0;
    }
    held[id] = email;
    auto const has = email == 0 ? value::null() : text(std::to_string(email) + "@y");
    return put("customer", customer(id, text("x"), has));
  }
  std::string shown() const {
    std::string out;
    for (auto const& [id, email] : held)
      out += "(" + std::to_string(id) + ",x" +
             (email == 0 ? std::string() : "," + std::to_string(email) + "@y") + ")";
    return out;
  }
};

TEST_P(Connector, WhatIsValidInItsOrderIsNotRefusedInABatch) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    begin_anew();
    make({customers()});
    dice dice(seed);
    wandering_emails source;
    for (int batch = 0; batch < 4; ++batch) {
      std::vector<target_write> writes;
      while (writes.size() < 120) writes.push_back(source.next(dice));
      for (auto const& one : apply(writes)) EXPECT_NE(write_effect::refused, one.effect);
      EXPECT_EQ(source.shown(), rows());
    }
  }
}

}  // namespace
}  // namespace dualwrite::contract
