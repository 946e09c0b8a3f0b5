// Copies of a log that are made while it is written to, and logs that are made from them.
//
// A backup is a folder with `log/` and `anchor` as in a data folder (events/store/log_folder.h),
// nothing else: no secrets, no views. The anchor names its last event, so a backup that lost its
// end is refused like a log that did.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "events/store/event_log.h"

namespace dualwrite {

struct backup_report {
  log_head head;  // the last event in it
  std::uint64_t bytes = 0;
};

// Takes everything in `from` to `to`, which is not there yet, and makes it durable; files on the
// same file system are moved. A crash leaves `to` whole or not at all, and perhaps `to`.partial.
// Errors: `backup_failed`.
[[nodiscard]] result<void> move_durably(std::filesystem::path const& from,
                                        std::filesystem::path const& to);

// Whether a backup or a log may be put there: an empty folder counts as none.
// Errors: `backup_failed`.
[[nodiscard]] result<void> check_vacant(std::filesystem::path const& folder);

[[nodiscard]] std::uint64_t bytes_in(std::filesystem::path const& folder);

// Makes a data folder from a backup. The log in it is opened and verified before the folder gets
// its name: where the report is not ok there is no folder.
// Errors: `backup_failed`; those of opening a log.
[[nodiscard]] result<verify_report> restore_log(std::filesystem::path const& backup,
                                                std::filesystem::path const& folder);

// What the first block of a fork holds, LogForked first, when the log ends as `former` does.
using fork_decision = std::function<result<std::vector<encoded_event>>(event_log const& former)>;

// Makes a data folder from a backup or a data folder whose log is damaged, lost its end or its
// anchor: everything from the first event on, as far as it is sound, and from there on a log of its
// own. `from` is left as it is.
// Errors: `backup_failed`; `log_corrupt` where nothing can be read; those of `decide`.
[[nodiscard]] result<verify_report> fork_log(std::filesystem::path const& from,
                                             std::filesystem::path const& folder,
                                             log_id id,
                                             instant now,
                                             fork_decision const& decide);

}  // namespace dualwrite
