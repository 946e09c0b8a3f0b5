#include "events/store/rocks_opening.h"

#include <fmt/format.h>

#include "events/store/wal_order.h"

namespace dualwrite {
namespace {

constexpr char way_out[] =
    "Nothing was changed. Restore a backup of the whole folder, or go on without what is missing "
    "by `restore --fork`.";

error with_way_out(error refused) {
  if (class_of(refused.code) == error_class::corrupt) refused.detail += fmt::format(" {}", way_out);
  return refused;
}

result<std::unique_ptr<rocks_event_log>> open_log(std::filesystem::path const& folder,
                                                  anchor const& written,
                                                  rocks_sizes sizes,
                                                  rocks_recovery recovery) {
  DW_CHECK(check_wal_order(folder));
  DW_TRY(auto database, rocks_database::open(folder, sizes, recovery, !written.at));
  DW_TRY(auto log, rocks_event_log::inspect(std::move(database), written.log));
  DW_CHECK(check_tail(written, *log));
  return log;
}

// Where a recovery up to the damage would lead, found out on a copy.
result<log_head> rehearse(log_folder const& folder, anchor const& written, rocks_sizes sizes) {
  DW_CHECK(folder.copy_log());
  result<log_head> head = error{};
  if (auto const log =
          open_log(folder.recovering(), written, sizes, rocks_recovery::up_to_damage)) {
    head = (*log)->head();
  } else {
    head = log.error();
  }
  DW_CHECK(folder.drop_copy());
  return head;
}

}  // namespace

result<opened<rocks_event_log>> open_or_recover(log_folder const& folder,
                                                anchor const& written,
                                                rocks_sizes sizes) {
  auto strict = open_log(folder.log(), written, sizes, rocks_recovery::strict);
  if (strict) {
    opened<rocks_event_log> whole{std::move(*strict), {}};
    auto const head = whole.log->head();
    // Trimmed by an opening that ended before the caller could append the event that says so.
    if (auto const path = folder.set_aside_at(head.at))
      whole.trimmed = trimmed_tail{head, path->string()};
    return whole;
  }
  if (strict.error().code != error_code::log_corrupt) return with_way_out(strict.error());

  auto const rehearsed = rehearse(folder, written, sizes);
  if (!rehearsed) {
    auto refused = rehearsed.error();
    refused.detail += fmt::format(" (The strict opening said: {})", strict.error().detail);
    return with_way_out(refused);
  }
  DW_TRY(auto const path, folder.set_aside(rehearsed->at));
  DW_TRY(auto log, open_log(folder.log(), written, sizes, rocks_recovery::up_to_damage));
  trimmed_tail const trimmed{log->head(), path.string()};
  return opened<rocks_event_log>{std::move(log), trimmed};
}

}  // namespace dualwrite
