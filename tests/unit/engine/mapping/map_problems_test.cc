// Each thing that can be wrong with a definition is found, named and placed; and documented.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <set>

#include "engine/mapping/compiled_map.h"
#include "engine/mapping/schema_change.h"

namespace dualwrite::engine {
namespace {

column_schema column(std::string name, value_type type, bool nullable = true) {
  column_schema out;
  out.name = std::move(name);
  out.type = type;
  out.nullable = nullable;
  return out;
}

// A map without faults.
struct sample {
  table_schema left{"customer",
                    {column("id", value_type::int64, false),
                     column("name", value_type::text),
                     column("city", value_type::text),
                     column("gone", value_type::text)},
                    {0}};
  table_schema right{"account",
                     {column("number", value_type::int64, false),
                      column("fullname", value_type::text),
                      column("town", value_type::text),
                      column("gone", value_type::text)},
                     {0}};
  map_definition definition{};

  sample() {
    definition.name = "customers";
    definition.left.table = "customer";
    definition.right.table = "account";
    definition.key = {{"id", "number"}};
    for (auto const& [one, other] : {std::pair{"name", "fullname"}, {"city", "town"}}) {
      column_pair pair;
      pair.left = one;
      pair.right = other;
      definition.columns.push_back(pair);
    }
  }
  column_pair& name() { return definition.columns[0]; }
  column_schema& left_name() { return left.columns[1]; }
  column_schema& right_name() { return right.columns[1]; }
  std::vector<map_problem> problems() const { return find_problems(definition, left, right); }
};

struct fault {
  problem_code code;
  std::string place;
  std::function<void(sample&)> make;
};

constexpr auto forward = direction::left_to_right;

std::vector<fault> faults() {
  using code = problem_code;
  return {
      {code::no_key, "key", [](sample& s) { s.definition.key.clear(); }},
      {code::unknown_column, "columns[0].left", [](sample& s) { s.name().left = "nam"; }},
      {code::key_nullable, "key[0].left", [](sample& s) { s.left.columns[0].nullable = true; }},
      {code::key_type_unsuitable,
       "key[0].right",
       [](sample& s) { s.right.columns[0].type = value_type::float64; }},
      {code::key_types_incompatible,
       "key[0]",
       [](sample& s) { s.right.columns[0].type = value_type::uuid; }},
      {code::column_side_missing,
       "columns[0]",
       [](sample& s) {
         s.name().only = forward;
         s.name().left.clear();
       }},
      {code::types_incompatible,
       "columns[0]",
       [](sample& s) {
         s.left_name().type = value_type::uuid;
         s.right_name().type = value_type::date;
       }},
      {code::conversion_loses,
       "columns[0]",
       [](sample& s) {
         s.left_name().type = value_type::float64;
         s.right_name().type = value_type::decimal;
       }},
      {code::not_invertible, "columns[0]", [](sample& s) { s.name().expression = "trim(name)"; }},
      {code::value_map_ambiguous,
       "columns[0].value_map[1]",
       [](sample& s) {
         s.name().value_map = {{"Germany", "DE"}, {"Germany", "D"}};
       }},
      {code::value_map_unreadable,
       "columns[0].value_map[0]",
       [](sample& s) {
         s.right_name().type = value_type::int64;
         s.name().value_map = {{"Germany", "DE"}};
       }},
      {code::default_unreadable,
       "columns[0].default",
       [](sample& s) {
         s.left_name().type = s.right_name().type = value_type::int64;
         s.name().only = forward;
         s.name().default_value = "none";
       }},
      {code::filter_not_boolean, "left.filter", [](sample& s) { s.definition.left.filter = "id"; }},
      {code::expression_invalid,
       "right.filter",
       [](sample& s) { s.definition.right.filter = "number ="; }},
      {code::target_column_missing,
       "right",
       [](sample& s) { s.right.columns.push_back(column("rating", value_type::int64, false)); }},
      {code::target_column_twice,
       "columns[2]",
       [](sample& s) {
         s.name().only = forward;
         s.definition.columns.push_back(s.name());
       }},
      {code::target_read_only, "columns[0]", [](sample& s) { s.right_name().generated = true; }},
      {code::soft_delete_unsuitable,
       "right.soft_delete",
       [](sample& s) { s.definition.right.soft_delete = "gone"; }},
      {code::target_needs_value, "columns[0]", [](sample& s) { s.right_name().nullable = false; }},
  };
}

// With a key of its own choice a row can be made; no other column can be written so.
TEST(MapProblems, AnIdentityThatIsTheKeyIsNone) {
  sample one;
  auto& key = one.right.columns[one.right.key.front()];
  key.generated = true;
  EXPECT_FALSE(one.problems().empty());
  key.has_default = true;
  EXPECT_TRUE(one.problems().empty());
  one.right_name().generated = one.right_name().has_default = true;
  EXPECT_EQ(problem_code::target_read_only, one.problems().front().code);
}

TEST(MapProblems, EachIsFoundAtItsPlace) {
  ASSERT_TRUE(sample().problems().empty());
  for (auto const& one : faults()) {
    sample with;
    one.make(with);
    auto const found = with.problems();
    ASSERT_FALSE(found.empty()) << name_of(one.code);
    EXPECT_EQ(one.code, found[0].code) << name_of(one.code) << ": " << found[0].reason;
    EXPECT_EQ(one.place, found[0].place) << name_of(one.code);
    EXPECT_FALSE(found[0].reason.empty());
    bool const is_warning = one.code == problem_code::target_needs_value;
    EXPECT_EQ(is_warning, found[0].weight == severity::warning) << name_of(one.code);
    EXPECT_EQ(is_warning, bool(compile(with.definition, with.left, with.right)));
  }
}

TEST(MapProblems, AllAreToldAtOnce) {
  sample with;
  with.definition.left.filter = "id";
  with.name().left = "nam";
  with.right.columns.push_back(column("rating", value_type::int64, false));
  std::set<problem_code> found;
  for (auto const& one : with.problems()) found.insert(one.code);
  EXPECT_EQ((std::set{problem_code::filter_not_boolean,
                      problem_code::unknown_column,
                      problem_code::target_column_missing}),
            found);
}

TEST(MapProblems, ANullThatADefaultStandsForIsNoProblem) {
  sample with;
  with.right_name().nullable = false;
  with.name().only = direction::left_to_right;
  with.name().default_value = "unknown";
  EXPECT_TRUE(with.problems().empty());
}

TEST(MapProblems, EveryCodeIsInTheDocumentAndNoOther) {
  std::ifstream file(DW_VALIDATION_DOCS);
  std::set<std::string> documented, known;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) documented.insert(line.substr(3, line.find('`', 3) - 3));
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(problem_code::problem_count); ++i)
    known.emplace(name_of(static_cast<problem_code>(i)));
  EXPECT_EQ(known, documented);
}

TEST(SchemaChange, NamesWhatIsGoneNewAndOtherwise) {
  sample was, is;
  EXPECT_TRUE(changes_between(was.left, is.left).empty());
  is.left.columns.erase(is.left.columns.begin() + 2);
  is.left_name().type = value_type::int64;
  is.left_name().nullable = false;
  is.left.columns.push_back(column("country", value_type::text));
  std::vector<schema_change> const wanted{
      {"name", "was text, is int64; may not be NULL any more"},
      {"city", "is gone"},
      {"country", "is new: text"},
  };
  EXPECT_EQ(wanted, changes_between(was.left, is.left));
  is = was;
  is.left.key = {1};
  EXPECT_EQ((std::vector<schema_change>{{"", "the key was (id), is (name)"}}),
            changes_between(was.left, is.left));
}

}  // namespace
}  // namespace dualwrite::engine
