// A log of either kind that a test can close and open again.
#pragma once

#include <filesystem>
#include <memory>

#include <gtest/gtest.h>
#include <unistd.h>

#include "events/store/memory_event_log.h"

namespace dualwrite::tests {

class temporary_folder {
 public:
  temporary_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "dualwrite-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;
  ~temporary_folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path const& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline constexpr log_id test_log{77};

class log_under_test {
 public:
  virtual ~log_under_test() = default;
  virtual event_log& log() = 0;
  // Closes it and opens it again, cleanly.
  virtual void reopen() = 0;
};

class memory_log_under_test final : public log_under_test {
 public:
  event_log& log() override { return *log_; }
  void reopen() override {
    auto again = memory_event_log::reopen(log_->crash({}));
    ASSERT_TRUE(again) << to_string(again.error());
    log_ = std::move(again->log);
  }

 private:
  std::unique_ptr<memory_event_log> log_ = std::make_unique<memory_event_log>(test_log);
};

}  // namespace dualwrite::tests
