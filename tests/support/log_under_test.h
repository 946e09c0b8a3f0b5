// A log of either kind that a test can close and open again.
#pragma once

#include <filesystem>
#include <memory>

#include <gtest/gtest.h>
#include <unistd.h>

#include "events/store/memory_event_log.h"
#include "events/store/rocks_event_log.h"

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

// A log that a test can fill and flush fast, and that asks for little room.
inline rocks_log_options small_log() {
  rocks_log_options options;
  options.create = test_log;
  options.reserve_bytes = 1024 * 1024;
  options.ballast_bytes = 1024 * 1024;
  options.sizes = {1024 * 1024, 1024 * 1024};
  return options;
}

class rocks_log_under_test final : public log_under_test {
 public:
  rocks_log_under_test() { open(); }
  event_log& log() override { return *log_; }
  void reopen() override {
    log_.reset();
    open();
  }

 private:
  void open() {
    auto opened = rocks_event_log::open(folder_.path(), small_log());
    ASSERT_TRUE(opened) << to_string(opened.error());
    ASSERT_FALSE(opened->trimmed);
    log_ = std::move(opened->log);
  }

  temporary_folder folder_;
  std::unique_ptr<rocks_event_log> log_;
};

}  // namespace dualwrite::tests
