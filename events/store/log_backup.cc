#include "events/store/log_backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "events/store/log_folder.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite {
namespace {

namespace fs = std::filesystem;

error failed_with(std::string const& what, std::error_code const& why) {
  return error{error_code::backup_failed, fmt::format("{}: {}", what, why.message())};
}

// Every file and folder in `folder`, and itself, on stable storage.
result<void> sync_all(fs::path const& folder) {
  std::error_code failed;
  for (fs::recursive_directory_iterator at{folder, failed}, end; !failed && at != end;
       at.increment(failed)) {
    int const file = ::open(at->path().c_str(), O_RDONLY | O_CLOEXEC);
    bool const synced = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!synced) return system_refused("Cannot sync " + at->path().string());
  }
  if (failed) return failed_with("Cannot read " + folder.string(), failed);
  return sync_folder(folder);
}

result<void> copy_durably(fs::path const& from, fs::path const& to) {
  auto partial = to;
  partial += ".partial";
  std::error_code failed;
  fs::remove_all(partial, failed);
  if (!failed) fs::copy(from, partial, fs::copy_options::recursive, failed);
  if (failed) return failed_with("Cannot copy to " + partial.string(), failed);
  DW_CHECK(sync_all(partial));
  fs::rename(partial, to, failed);
  if (failed) return failed_with("Cannot make " + to.string(), failed);
  return sync_folder(to.parent_path());
}

result<void> copy_tree(fs::path const& from, fs::path const& to) {
  std::error_code failed;
  fs::copy(from, to, fs::copy_options::recursive, failed);
  if (failed) return failed_with("Cannot copy to " + to.string(), failed);
  return {};
}

// A data folder in the making, beside its place; gone at the end where it did not get its name.
class trial_folder {
 public:
  explicit trial_folder(fs::path const& place) : place_(fs::absolute(place).lexically_normal()) {
    path_ = place_;
    path_ += ".restoring";
  }
  trial_folder(trial_folder const&) = delete;
  trial_folder& operator=(trial_folder const&) = delete;
  ~trial_folder() {
    std::error_code failed;
    fs::remove_all(path_, failed);
  }

  fs::path const& path() const { return path_; }

  result<void> make() const {
    DW_CHECK(check_vacant(place_));
    std::error_code failed;
    fs::remove_all(path_, failed);
    fs::create_directories(path_, failed);
    if (failed) return failed_with("Cannot make " + path_.string(), failed);
    return {};
  }

  // Opens the log as a server would, but without the room that only a server keeps, checks all of
  // it, and gives the folder its name.
  result<verify_report> finish() const {
    rocks_log_options options;
    options.ballast_bytes = 0;
    DW_TRY(auto opened, rocks_event_log::open(path_, options));
    auto report = opened.log->verify();
    opened.log.reset();
    if (report.ok) DW_CHECK(move_durably(path_, place_));
    return report;
  }

 private:
  fs::path place_;
  fs::path path_;
};

}  // namespace

result<void> check_vacant(fs::path const& folder) {
  std::error_code failed;
  if (!fs::exists(folder, failed)) return {};
  if (fs::is_directory(folder, failed) && fs::is_empty(folder, failed)) return {};
  return error{error_code::backup_failed, folder.string() + " is there already."};
}

std::uint64_t bytes_in(fs::path const& folder) {
  std::uint64_t bytes = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator at{folder, failed}, end; !failed && at != end;
       at.increment(failed)) {
    if (at->is_regular_file(failed)) bytes += at->file_size(failed);
  }
  return bytes;
}

result<void> move_durably(fs::path const& from, fs::path const& where) {
  auto const to = fs::absolute(where).lexically_normal();
  DW_CHECK(check_vacant(to));
  DW_CHECK(sync_all(from));
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  fs::rename(from, to, failed);
  if (!failed) return sync_folder(to.parent_path());
  if (failed != std::errc::cross_device_link)
    return failed_with("Cannot make " + to.string(), failed);
  DW_CHECK(copy_durably(from, to));
  fs::remove_all(from, failed);
  return {};
}

result<verify_report> restore_log(fs::path const& backup, fs::path const& folder) {
  std::error_code failed;
  if (!fs::exists(backup / "log", failed) || !fs::exists(backup / "anchor", failed)) {
    return error{error_code::backup_failed, backup.string() + " holds no backup."};
  }
  trial_folder const trial{folder};
  DW_CHECK(trial.make());
  for (auto const* part : {"log", "anchor"})
    DW_CHECK(copy_tree(backup / part, trial.path() / part));
  return trial.finish();
}

result<verify_report> fork_log(fs::path const& from,
                               fs::path const& folder,
                               log_id id,
                               instant now,
                               fork_decision const& decide) {
  trial_folder const trial{folder};
  DW_CHECK(trial.make());
  // Opening a database may change it; `from` stays as it is.
  auto const copy = trial.path() / "former";
  DW_CHECK(copy_tree(from / "log", copy));
  DW_TRY(auto former, rocks_database::open(copy, {}, rocks_recovery::up_to_damage, false));
  DW_TRY(auto taken, rocks_database::open(trial.path() / "log", {}, rocks_recovery::strict, true));
  DW_CHECK(taken->take_sound_blocks(*former));
  former.reset();
  DW_TRY(auto log, rocks_event_log::inspect(std::move(taken), {}));
  if (!log->head().at) return error{error_code::log_corrupt, "Not even its first block is sound."};
  DW_TRY(auto const events, decide(*log));
  DW_TRY(auto const head, log->fork(id, now, events));
  log.reset();
  DW_CHECK(anchor_file::create(trial.path() / "anchor", anchor_of(head)));
  std::error_code failed;
  fs::remove_all(copy, failed);
  return trial.finish();
}

}  // namespace dualwrite
