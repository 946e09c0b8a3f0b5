// The writer as a child process of a test.
#pragma once

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crash/writer_report.h"

namespace dualwrite::tests {

struct writer_arguments {
  std::filesystem::path folder;
  std::uint64_t seed = 0;
  std::size_t group_bytes = 200'000;
  std::uint64_t asked = 0;
  std::uint64_t reserve_bytes = 1024 * 1024;
};

class writer_child {
 public:
  explicit writer_child(writer_arguments const& with) {
    std::string words[] = {DW_LOG_WRITER,
                           with.folder.string(),
                           std::to_string(with.seed),
                           std::to_string(with.group_bytes),
                           std::to_string(with.asked),
                           std::to_string(with.reserve_bytes)};
    char* arguments[] = {words[0].data(),
                         words[1].data(),
                         words[2].data(),
                         words[3].data(),
                         words[4].data(),
                         words[5].data(),
                         nullptr};
    int pipe[2];
    if (::pipe(pipe) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::close(pipe[0]);
      ::close(pipe[1]);
      ::execv(arguments[0], arguments);
      ::_exit(127);
    }
    ::close(pipe[1]);
    reports_ = pipe[0];
  }
  writer_child(writer_child const&) = delete;
  writer_child& operator=(writer_child const&) = delete;
  ~writer_child() {
    end(SIGKILL);
    ::close(reports_);
  }

  // The next report; nothing once the writer is gone and all was read.
  std::optional<writer_report> next() {
    writer_report report;
    std::size_t got = 0;
    while (got < sizeof report) {
      auto const more =
          ::read(reports_, reinterpret_cast<char*>(&report) + got, sizeof report - got);
      if (more <= 0) return {};
      got += static_cast<std::size_t>(more);
    }
    return report;
  }

  // Sends the signal and waits for the end; a signal of zero only waits.
  void end(int signal) {
    if (child_ <= 0) return;
    if (signal != 0) ::kill(child_, signal);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

 private:
  pid_t child_ = -1;
  int reports_ = -1;
};

// Whether a writer's first report says that the log opened and holds all that the one before it was
// told is durable, under the same digest.
inline void expect_goes_on(std::optional<writer_report> const& first, writer_report const& told) {
  ASSERT_TRUE(first) << "the writer died at its start";
  ASSERT_TRUE(first->kind == report_kind::opened || first->kind == report_kind::trimmed)
      << "refused with " << first->at;
  ASSERT_GE(first->at, told.at) << "acknowledged events are missing";
  ASSERT_EQ(first->chain, told.chain) << "acknowledged events are others";
}

}  // namespace dualwrite::tests
