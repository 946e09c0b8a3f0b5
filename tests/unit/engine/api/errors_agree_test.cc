// One filter, one set of records: what is listed, counted, grouped, retried and deleted under it is
// the same, and is what a plain reading of the filter gives.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <set>

#include "events/row_image.h"
#include "tests/unit/engine/api/asked_routes.h"
#include "tests/unit/engine/api/error_wishes.h"

namespace dualwrite::engine {
namespace {

using record_set = std::set<sequence>;

constexpr std::int64_t rows_twice = 2'000;  // changed again: these records wait behind their row's
constexpr std::int64_t rows_a_transaction = 1'000;
constexpr std::uint64_t rounds = 10;

// Its rows say themselves how their target refuses them.
table_schema refused_table(std::string_view name) {
  table_schema schema;
  schema.table = name;
  for (auto const* column : {"id", "code", "text", "column", "note"}) {
    schema.columns.emplace_back();
    schema.columns.back().name = column;
  }
  schema.columns[0].type = value_type::int64;
  schema.columns[0].nullable = false;
  schema.key = {0};
  return schema;
}

class ErrorsAgree : public testing::Test, protected asked_routes {
 protected:
  void SetUp() override {
    define(conflict_policy::newest_wins);
    for (auto const name : tables) add_map(name);
    for (std::int64_t id = 0; id < rows_in_all; id += rows_a_transaction) change(id, 1);
    for (std::int64_t id = 0; id < rows_twice; id += rows_a_transaction) change(id, 2);
    ASSERT_TRUE(here.run_until([&] { return parked_in_all() == rows_in_all + rows_twice; }))
        << parked_in_all() << " " << to_string(here.failure());
  }

  void add_map(std::string_view name) {
    for (auto* app : {&here.left, &here.right}) {
      app->add_table(refused_table(name)).large = {4};
      app->table(std::string(name)).rule = [this](row_values const& row) -> std::optional<refusal> {
        if (is_users_ || mended_.contains(row[0].as_int64())) return std::nullopt;
        return refusal{row[1].as_string(), row[2].as_string(), row[3].as_string()};
      };
    }
    auto made = simulation::customer_map(conflict_policy::newest_wins);
    made.name = made.left.table = made.right.table = name;
    made.errors_kept = std::chrono::hours(24 * 365);
    made.columns.clear();
    for (auto const* column : {"code", "text", "column", "note"}) {
      made.columns.emplace_back();
      made.columns.back().left = made.columns.back().right = column;
    }
    submit(create_map{link, made.name, print_definition(made)});
    ASSERT_EQ(200u, ask("POST", "/api/v1/maps/" + made.name + "/run?wait=1").status);
  }

  // A transaction of one user: of the left app where its number is even.
  void change(std::int64_t first, std::int64_t revision) {
    auto const number = first / rows_a_transaction;
    std::vector<row_change> changes;
    for (auto id = first; id < first + rows_a_transaction; ++id) {
      auto const at = static_cast<std::size_t>(id * 7919 % 120'000);
      row_values row{value::of_int64(id),
                     value::of_text("E" + std::to_string(at % codes)),
                     value::of_text(std::string(texts[at / codes % 3])),
                     value::of_text(std::string(columns[at / codes / 3 % 3])),
                     value::of_text("a note that only its first record carries")};
      if (revision > 1) row[1] = value::of_text("E0");
      changes.push_back({std::string(tables[number % 3]), operation::update, std::move(row)});
    }
    is_users_ = true;
    ASSERT_TRUE((number % 2 == 0 ? here.left : here.right).commit(changes));
    is_users_ = false;
  }

  std::int64_t parked_in_all() const {
    std::size_t sum = 0;
    for (auto const& [of, rows] : here.views().parked.rows) sum += rows.size();
    return static_cast<std::int64_t>(sum);
  }
  std::vector<shown> all_shown() const {
    std::vector<shown> out;
    auto const& state = here.views();
    auto const add = [&](map_way of, sequence record, projections::parked_row const& row) {
      auto const& status = *state.status.find(of.first);
      auto const& link_row = state.status.links.at(status.link);
      out.push_back({of, record, &row, false, status.name, link_row.name});
      auto const parts = decode_key(row.key);
      out.back().id = parts && !parts->empty() ? parts->front().as_int64() : -1;
    };
    for (auto const& [of, rows] : state.parked.rows) {
      for (auto const& [record, row] : rows) {
        add(of, record, row);
        out.back().state = row.state == park_state::failed ? "failed" : "waiting";
      }
    }
    for (auto const& [of, rows] : state.parked.ended) {
      for (auto const& [record, row] : rows) {
        add(of, record, row.was);
        out.back().has_ended = true;
        out.back().state =
            row.how == projections::parked_end::completed ? "completed" : "superseded";
      }
    }
    return out;
  }

  // What a person who pages through a list of the API gets.
  template <class Take>
  void each_item(std::string const& target, std::string const& query, Take take) {
    std::string cursor;
    do {
      auto const page = json("GET", target + "?limit=997" + query + cursor);
      for (auto const& one : page.at("items").as_array()) take(one);
      auto const& next = page.at("next_cursor");
      cursor = next.is_null() ? "" : "&cursor=" + std::string(next.as_string());
    } while (!cursor.empty());
  }
  record_set listed(std::string const& target, std::string const& query) {
    record_set out;
    each_item(target, query, [&](boost::json::value const& one) {
      auto const [at, is_new] = out.insert(sequence{std::stoull(text(one, "id"))});
      EXPECT_TRUE(is_new) << "twice in the pages of " << target << query;
    });
    return out;
  }
  std::uint64_t sum_of_groups(std::string const& query) {
    std::uint64_t sum = 0;
    each_item("/api/v1/errors/groups", query, [&](boost::json::value const& one) {
      sum += std::stoull(text(one, "count"));
    });
    return sum;
  }
  boost::json::value act(std::string const& what,
                         boost::json::object body,
                         std::string const& id = {}) {
    body["all"] = true;
    auto const reply = ask("POST", "/api/v1/errors/" + what, boost::json::serialize(body), id);
    EXPECT_LT(reply.status, 300u) << reply.body;
    return boost::json::parse(reply.body);
  }
  std::uint64_t counted(std::string const& what, boost::json::object body) {
    body["dry_run"] = true;
    return std::stoull(text(act(what, std::move(body)), "matched"));
  }
  record_set records_of_operations(boost::json::value const& done) {
    record_set out;
    for (auto const& id : done.at("operations").as_array())
      out.merge(listed("/api/v1/operations/" + std::string(id.as_string()) + "/records", ""));
    return out;
  }
  // Also what waited behind a record that is gone has been tried.
  bool comes_to_rest() {
    return here.run_until([&] {
      auto const& parked = here.views().parked;
      return std::all_of(parked.rows.begin(), parked.rows.end(), [&](auto const& one) {
        return parked.due(one.first).empty() && parked.to_reread(one.first).empty();
      });
    });
  }

  // What each record was before something was done, for the comparison afterwards.
  struct standing {
    std::uint32_t attempts = 0;
    std::string_view state{};
    std::pair<map_id, std::string> key{};
  };
  std::map<sequence, standing> standings() const {
    std::map<sequence, standing> out;
    for (auto const& one : all_shown())
      out[one.record] = {one.row->attempts, one.state, {one.of.first, one.row->key}};
    return out;
  }

  void expect_retried(wish const& asked, record_set const& expected, std::string const& id) {
    auto const before = standings();
    auto const done = act("retry", asked.said, id);
    EXPECT_EQ(expected, records_of_operations(done));
    ASSERT_TRUE(comes_to_rest()) << to_string(here.failure());
    EXPECT_EQ(done.at("operations"), act("retry", asked.said, id).at("operations"));
    std::set<std::pair<map_id, std::string>> tried;
    for (auto const record : expected) tried.insert(before.at(record).key);
    auto const after = standings();
    EXPECT_EQ(before.size(), after.size());
    for (auto const& [record, was] : before) {
      auto const& is = after.at(record);
      if (expected.contains(record)) {
        EXPECT_TRUE(is.attempts == was.attempts + 1 || is.state == "completed") << record.value;
      } else if (!tried.contains(was.key)) {
        EXPECT_TRUE(is.attempts == was.attempts && is.state == was.state) << record.value;
      }
    }
  }
  void expect_deleted(wish const& asked, record_set const& expected) {
    auto const before = standings();
    auto const done = act("delete", asked.said);
    EXPECT_EQ(expected, records_of_operations(done));
    auto const after = standings();
    record_set gone;
    for (auto const& [record, was] : before) {
      if (!after.contains(record)) gone.insert(record);
    }
    EXPECT_EQ(expected, gone);
    ASSERT_TRUE(comes_to_rest()) << to_string(here.failure());
  }

  std::set<std::int64_t> mended_;
  bool is_users_ = false;
};

TEST_F(ErrorsAgree, ListsCountsGroupsAndActionsMeanTheSameRecords) {
  random_wishes wishes;
  std::size_t seen = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    auto const asked = wishes.next();
    SCOPED_TRACE(boost::json::serialize(asked.said));
    record_set expected, failed, parked;
    for (auto const& one : all_shown()) {
      if (!asked.holds(one)) continue;
      expected.insert(one.record);
      if (!one.has_ended) parked.insert(one.record);
      if (one.state == "failed") failed.insert(one.record);
      if (one.id % 5 == 0) mended_.insert(one.id);
    }
    seen += expected.size();
    EXPECT_EQ(expected, listed("/api/v1/errors", asked.query()));
    EXPECT_EQ(expected.size(), sum_of_groups(asked.query()));
    EXPECT_EQ(failed.size(), counted("retry", asked.said));
    EXPECT_EQ(parked.size(), counted("delete", asked.said));
    if (round % 3 == 2) {
      expect_deleted(asked, parked);
    } else {
      expect_retried(asked, failed, "retry " + std::to_string(round));
    }
  }
  EXPECT_GT(seen, rounds * 100) << "filters that find nothing show nothing";
  auto const rest = counted("delete", {});
  EXPECT_EQ(rest, std::stoull(text(act("delete", {}), "matched")));
  EXPECT_EQ(0u, counted("delete", {}));
}

}  // namespace
}  // namespace dualwrite::engine
