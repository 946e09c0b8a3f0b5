#include "events/store/log_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace dualwrite {
namespace {

namespace fs = std::filesystem;

class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

result<void> sync_path(fs::path const& path, int flags) {
  descriptor const file{::open(path.c_str(), flags | O_CLOEXEC)};
  if (!file || ::fsync(file.number()) != 0) return system_refused("Cannot sync " + path.string());
  return {};
}

error refused(std::string const& what, std::error_code const& why) {
  return error{error_code::folder_refused, fmt::format("{}: {}", what, why.message())};
}

bool is_write_ahead_log(fs::path const& path) {
  return path.extension() == ".log";
}

}  // namespace

error system_refused(std::string const& what) {
  return error{error_code::folder_refused, fmt::format("{}: {}", what, std::strerror(errno))};
}

result<void> sync_folder(fs::path const& folder) {
  return sync_path(folder, O_RDONLY | O_DIRECTORY);
}

result<log_folder> log_folder::lock(fs::path const& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return refused("Cannot make " + folder.string(), failed);
  auto const name = folder / "lock";
  int const file = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return system_refused("Cannot open " + name.string());
  log_folder locked{folder, file};
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return locked;
  if (errno == EWOULDBLOCK) return error{error_code::log_locked, folder.string()};
  return system_refused("Cannot lock " + name.string());
}

log_folder::log_folder(log_folder&& from) noexcept
    : path_(std::move(from.path_)), lock_(std::exchange(from.lock_, -1)) {}

log_folder::~log_folder() {
  if (lock_ >= 0) ::close(lock_);
}

bool log_folder::has_log() const {
  std::error_code failed;
  return fs::exists(log(), failed) && !fs::is_empty(log(), failed);
}

result<std::uint64_t> log_folder::free_bytes() const {
  struct statvfs about {};
  if (::statvfs(path_.c_str(), &about) != 0)
    return system_refused("Cannot ask for the room in " + path_.string());
  return std::uint64_t{about.f_bavail} * about.f_frsize;
}

result<void> log_folder::release_ballast() const {
  std::error_code failed;
  fs::remove(path_ / "ballast", failed);
  if (failed) return refused("Cannot remove the ballast", failed);
  return {};
}

result<void> log_folder::take_ballast(std::uint64_t bytes) const {
  DW_TRY(auto const free, free_bytes());
  // On a full disk there is only what the ballast was, less what the opening wrote.
  auto const length = static_cast<off_t>(std::min(bytes, free / 4 * 3));
  if (length == 0) return {};
  auto const name = path_ / "ballast";
  descriptor const file{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!file) return system_refused("Cannot make " + name.string());
  // Another program may take the room meanwhile; the log then runs without ballast.
  if (::posix_fallocate(file.number(), 0, length) != 0) return release_ballast();
  return {};
}

result<void> log_folder::copy_log() const {
  DW_CHECK(drop_copy());
  std::error_code failed;
  fs::create_directory(recovering(), failed);
  for (fs::directory_iterator file{log(), failed}, end; !failed && file != end;
       file.increment(failed)) {
    auto const to = recovering() / file->path().filename();
    if (file->path().extension() == ".sst") {
      fs::create_hard_link(file->path(), to, failed);
    } else {
      fs::copy_file(file->path(), to, failed);
    }
    if (failed) break;
  }
  if (failed) return refused("Cannot copy the log to try its recovery", failed);
  return {};
}

result<void> log_folder::drop_copy() const {
  std::error_code failed;
  fs::remove_all(recovering(), failed);
  if (failed) return refused("Cannot remove " + recovering().string(), failed);
  return {};
}

result<void> log_folder::clear_scratch() const {
  std::error_code failed;
  fs::remove_all(backing_up(), failed);
  if (!failed) fs::create_directory(backing_up(), failed);
  if (failed) return refused("Cannot make " + backing_up().string(), failed);
  return {};
}

result<fs::path> log_folder::set_aside(sequence head) const {
  auto const parent = path_ / "set-aside";
  auto const name = fmt::format("after-{}", head.value);
  auto to = parent / name;
  for (int n = 2; fs::exists(to); ++n) to = parent / fmt::format("{}-{}", name, n);
  auto const partial = parent / "partial";

  std::error_code failed;
  fs::remove_all(partial, failed);
  fs::create_directories(partial, failed);
  for (fs::directory_iterator file{log(), failed}, end; !failed && file != end;
       file.increment(failed)) {
    if (!is_write_ahead_log(file->path())) continue;
    auto const copy = partial / file->path().filename();
    fs::copy_file(file->path(), copy, failed);
    if (failed) break;
    DW_CHECK(sync_path(copy, O_RDONLY));
  }
  if (failed) return refused("Cannot set the torn log aside", failed);
  DW_CHECK(sync_folder(partial));
  fs::rename(partial, to, failed);
  if (failed) return refused("Cannot set the torn log aside", failed);
  DW_CHECK(sync_folder(parent));
  return to;
}

std::optional<fs::path> log_folder::set_aside_at(sequence head) const {
  std::error_code failed;
  auto const path = path_ / "set-aside" / fmt::format("after-{}", head.value);
  if (!fs::exists(path, failed)) return {};
  return path;
}

}  // namespace dualwrite
