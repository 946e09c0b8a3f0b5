#include "engine/api/access.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

namespace dualwrite::engine {
namespace {

TEST(Access, TokenIsMadeOnceAndReadableByItsOwnerOnly) {
  char name[] = "/tmp/dualwrite-access-XXXXXX";
  std::filesystem::path const folder = ::mkdtemp(name);
  auto const first = local_token(folder);
  ASSERT_TRUE(first);
  EXPECT_EQ(64u, first->size());
  EXPECT_EQ(*first, *local_token(folder));
  struct stat about {};
  ASSERT_EQ(0, ::stat((folder / "admin.token").c_str(), &about));
  EXPECT_EQ(0600u, about.st_mode & 0777u);
  std::filesystem::remove_all(folder);
}

TEST(Access, OnlyTheWholeTokenIsLetIn) {
  EXPECT_TRUE(carries_token("Bearer abc", "abc"));
  for (auto const* wrong :
       {"", "abc", "Bearer", "Bearer ", "Bearer ab", "Bearer abcd", "Bearer abd", "bearer abc"}) {
    EXPECT_FALSE(carries_token(wrong, "abc")) << wrong;
  }
}

TEST(Access, ALoopbackServerAnswersToLoopbackNamesOnly) {
  listen_address const local;
  for (auto const* host : {"localhost", "localhost:8470", "127.0.0.1:8470", "[::1]:8470"}) {
    EXPECT_TRUE(answers_for(host, local)) << host;
  }
  for (auto const* host : {"", "evil.example", "evil.example:8470", "localhost.evil.example"}) {
    EXPECT_FALSE(answers_for(host, local)) << host;
  }
  EXPECT_FALSE(answers_for("127.0.0.1.evil.example", local));
  listen_address wide;
  wide.host = "0.0.0.0";
  EXPECT_TRUE(answers_for("sync.example.com", wide));
}

}  // namespace
}  // namespace dualwrite::engine
