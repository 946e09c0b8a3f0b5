// What can be done with a map in which status, as the design's table has it.
#include <gtest/gtest.h>

#include "engine/decide/map_transitions.h"

namespace dualwrite::engine {
namespace {

using projections::map_row;
using projections::map_state;

std::string allowed_in(map_state state, event_type pending = event_type::none) {
  map_row row;
  row.state = state;
  row.pending_kind = pending;
  if (pending != event_type::none) row.pending = sequence{9};
  std::string out;
  for (auto const action : allowed_actions(row)) {
    EXPECT_TRUE(is_allowed(row, action));
    out += (out.empty() ? "" : " ") + std::string(name_of(action));
  }
  return out;
}

TEST(Transitions, AreThoseOfTheTable) {
  EXPECT_EQ("run edit", allowed_in(map_state::idle));
  EXPECT_EQ("run rerun stop edit retry delete", allowed_in(map_state::holding));
  EXPECT_EQ("pause stop delete", allowed_in(map_state::initializing));
  EXPECT_EQ("pause stop edit retry delete", allowed_in(map_state::running));
  EXPECT_EQ("resume stop edit delete", allowed_in(map_state::paused));
  EXPECT_EQ("pause stop retry delete", allowed_in(map_state::resuming));
}

TEST(Transitions, WhileAnActionIsAtWorkOnlyAStopOvertakesIt) {
  EXPECT_EQ("stop retry delete", allowed_in(map_state::running, event_type::PauseRequested));
  EXPECT_EQ("retry delete", allowed_in(map_state::running, event_type::StopRequested));
  EXPECT_EQ("", allowed_in(map_state::idle, event_type::RunRequested));
  EXPECT_EQ("stop delete", allowed_in(map_state::paused, event_type::ResumeRequested));
}

TEST(Transitions, APauseInterruptsARunThatWorks) {
  EXPECT_EQ("pause stop delete", allowed_in(map_state::initializing, event_type::RunRequested));
}

}  // namespace
}  // namespace dualwrite::engine
