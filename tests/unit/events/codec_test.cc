// The structs of the catalogue, the schema, and the bytes between them.
#include "events/codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace dualwrite {
namespace {

std::string read_schema() {
  std::ifstream file(DW_SCHEMA_PATH);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The fields of a table as the schema lists them, "a, b, c".
std::string fields_of(std::string const& schema, std::string const& table) {
  auto const begin = schema.find("table " + table + " {");
  if (begin == std::string::npos) return "no such table";
  std::istringstream lines(schema.substr(begin, schema.find("}\n", begin) - begin));
  std::string line;
  std::string out;
  std::getline(lines, line);
  for (int id = 0; std::getline(lines, line); ++id) {
    auto const name = line.substr(2, line.find(':') - 2);
    EXPECT_NE(std::string::npos, line.find("(id: " + std::to_string(id) + ")"))
        << table << ": " << line;
    out += (id == 0 ? "" : ", ") + name;
  }
  return out;
}

TEST(Catalogue, EveryEventHasTheFieldsOfItsTableInTheOrderOfTheirIds) {
  auto const schema = read_schema();
#define DW_EVENT(number, name)                                                  \
  EXPECT_EQ(std::string(name::field_names), fields_of(schema, #name)) << #name; \
  EXPECT_NE(std::string::npos, schema.find("  " #name " = " #number ",\n")) << #name;
#include "events/catalogue.def"
#undef DW_EVENT
}

stored_event store(encoded_event const& event) {
  return {sequence{9}, event.span, instant{5}, event.stream, event.bytes};
}

TEST(Codec, AnEventReadsBackAsItWasWritten) {
  RecordsApplied applied;
  applied.link = link_id{4};
  applied.way = direction::right_to_left;
  applied.batch = batch_number{17};
  applied.maps = {{map_id{6}, 2, 10, 20, 30, 40, 50}};
  applied.places = {{map_id{6}, direction::right_to_left, lane_id{1}, sequence{77}}};
  origin const from{"ann", sequence{3}, sequence{2}, "c-1"};
  auto const event = draft({stream_kind::link, 4}, link_id{4}, applied, from);
  auto const view = decode(store(event));
  ASSERT_TRUE(view);
  auto const* read = view->as<RecordsApplied>();
  ASSERT_NE(nullptr, read);
  EXPECT_EQ(direction::right_to_left, read->way);
  EXPECT_EQ(batch_number{17}, read->batch);
  ASSERT_EQ(1u, read->maps.size());
  EXPECT_EQ(50u, read->maps[0].filtered);
  EXPECT_EQ(sequence{77}, read->places.at(0).position);
  EXPECT_EQ("ann", view->from.actor);
  EXPECT_EQ("c-1", view->from.command);
  EXPECT_EQ(sequence{2}, view->from.cause);
}

TEST(Codec, ACauseInTheSameSubmissionIsSettledWhenItIsKnown) {
  origin const from{{}, first_of_submission, first_of_submission, {}};
  auto event = draft({}, {}, EngineStarted{"1"}, from);
  settle_cause(event, sequence{42});
  auto const view = decode(store(event));
  ASSERT_TRUE(view);
  EXPECT_EQ(sequence{42}, view->from.cause);
  EXPECT_EQ(sequence{42}, view->from.correlation);
}

TEST(Codec, DamagedBytesAreRefusedOrHarmless) {
  auto const event = draft({}, {}, EngineStarted{"a version"});
  for (std::size_t at = 0; at < event.bytes.size(); ++at) {
    auto damaged = event;
    damaged.bytes[at] ^= std::byte{0x40};
    (void)decode(store(damaged));
    damaged.bytes.resize(at);
    auto const cut = decode(store(damaged));
    EXPECT_FALSE(cut && cut->as<EngineStarted>() != nullptr && at < 8);
  }
}

}  // namespace
}  // namespace dualwrite
