// The worked example of docs/log-format.md is a block as this code writes and reads it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "events/block.h"
#include "events/codec.h"

namespace dualwrite {
namespace {

// The bytes of the first fenced block behind the heading "A worked example": hexadecimal, with an
// offset at the front of each line and words behind a semicolon.
std::vector<std::byte> documented() {
  std::ifstream file(DW_LOG_FORMAT_PAGE);
  std::string line;
  std::vector<std::byte> out;
  bool found = false;
  bool inside = false;
  while (std::getline(file, line)) {
    found = found || line.starts_with("## A worked example");
    if (found && line.starts_with("```")) {
      if (inside) return out;
      inside = true;
      continue;
    }
    if (!inside) continue;
    std::istringstream words(line.substr(line.find(' '), line.find(';') - line.find(' ')));
    unsigned byte = 0;
    while (words >> std::hex >> byte) out.push_back(static_cast<std::byte>(byte));
  }
  return out;
}

encoded_block example() {
  std::vector<encoded_event> events;
  events.push_back(draft({stream_kind::system, 0}, {}, EngineStarted{"0.1.0"}));
  events.push_back(
      draft({stream_kind::map, 8}, link_id{5}, MapResumed{map_id{8}, sequence{40}, {}, {}}));
  return std::move(
      *encode_block({log_id{7}, sequence{41}, {}}, instant{1'764'000'000'000'000}, events));
}

std::string printed(std::vector<std::byte> const& bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    out += fmt::format("{:04}", at);
    for (auto i = at; i < std::min(at + 16, bytes.size()); ++i) {
      out += fmt::format(" {:02x}", static_cast<unsigned>(bytes[i]));
    }
    out += "\n";
  }
  return out;
}

TEST(LogFormat, TheWorkedExampleIsWhatIsWritten) {
  EXPECT_EQ(example().bytes, documented()) << "it is\n" << printed(example().bytes);
}

TEST(LogFormat, TheWorkedExampleReadsAsThePageSays) {
  auto const block = block_view::open(documented());
  ASSERT_TRUE(block) << to_string(block.error());
  EXPECT_EQ(log_id{7}, block->header().log);
  EXPECT_EQ(sequence{41}, block->header().first);
  EXPECT_EQ(sequence{42}, block->header().last);
  EXPECT_EQ(instant{1'764'000'000'000'000}, block->header().recorded_at);
}

}  // namespace
}  // namespace dualwrite
