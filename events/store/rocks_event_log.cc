#include "events/store/rocks_event_log.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "events/assert.h"
#include "events/store/log_cursor.h"
#include "events/store/log_proof.h"
#include "events/store/log_search.h"
#include "events/store/log_verify.h"
#include "events/store/rocks_opening.h"

namespace dualwrite {
namespace {

unsigned core_count() {
  return std::max(1u, std::thread::hardware_concurrency());
}

log_head end_of(encoded_block const& block) {
  auto const& header = block.header;
  return {header.log, header.last, header.chain, header.recorded_at};
}

// The anchor to open with. A new log has an anchor before it has a log, so that a missing one is
// never excused.
result<anchor> find_anchor(log_folder const& folder, std::optional<log_id> create) {
  DW_TRY(auto const found, anchor_file::read(folder.anchor()));
  if (found) {
    if (found->at && !folder.has_log()) {
      return error{error_code::log_behind_anchor, "The log's files are not there at all."};
    }
    return *found;
  }
  if (folder.has_log()) {
    return error{
        error_code::log_anchor_missing,
        "Put the anchor back from the backup that the log is from, or use `restore --fork`."};
  }
  if (!create) return error{error_code::log_missing};
  anchor const first{*create, {}, {}};
  DW_CHECK(anchor_file::create(folder.anchor(), first));
  return first;
}

}  // namespace

result<opened<rocks_event_log>> rocks_event_log::open(std::filesystem::path const& path,
                                                      rocks_log_options const& options) {
  DW_TRY(auto folder, log_folder::lock(path));
  DW_TRY(auto const written, find_anchor(folder, options.create));
  DW_CHECK(folder.release_ballast());
  auto result = open_or_recover(folder, written, options.sizes);
  DW_CHECK(folder.take_ballast(options.ballast_bytes));
  if (!result) return result.error();
  DW_CHECK(result->log->database_->complete_index());
  DW_CHECK(result->log->adopt(std::move(folder), options));
  return result;
}

result<std::unique_ptr<rocks_event_log>> rocks_event_log::inspect(
    std::unique_ptr<rocks_database> database, log_id log) {
  DW_TRY(auto const last, database->last_head());
  auto const head = last.value_or(log_head{log, {}, {}, {}});
  return std::unique_ptr<rocks_event_log>{new rocks_event_log{std::move(database), head}};
}

rocks_event_log::rocks_event_log(std::unique_ptr<rocks_database> database, log_head head)
    : database_(std::move(database)), begun_(head), head_(head), durable_(head.at.value) {}

result<void> rocks_event_log::adopt(log_folder folder, rocks_log_options const& options) {
  DW_TRY(anchor_, anchor_file::open(folder.anchor(), options.anchor_sync_delay));
  if (!anchor_->write(anchor_of(head_))) return system_refused("Cannot write the anchor");
  reserve_bytes_ = options.reserve_bytes;
  pool_ = std::make_unique<work_pool>(core_count() - 1);
  folder_.emplace(std::move(folder));
  return {};
}

log_head rocks_event_log::head() const {
  std::scoped_lock const lock{guard_};
  return head_;
}

sequence rocks_event_log::durable_head() const {
  return sequence{durable_};
}

result<void> rocks_event_log::check_room(std::span<encoded_event const> events) const {
  std::uint64_t bytes = 0;
  for (auto const& event : events) bytes += event.bytes.size();
  DW_TRY(auto const free, folder_->free_bytes());
  if (free >= reserve_bytes_ + bytes) return {};
  return error{error_code::log_disk_reserve,
               fmt::format("{} bytes are free, {} are kept in reserve.", free, reserve_bytes_)};
}

result<log_head> rocks_event_log::append(std::span<encoded_event const> events,
                                         instant recorded_at,
                                         sequence expected,
                                         epoch /*writer*/) {
  DW_TRY(auto const block, begin_append(events, recorded_at, expected));
  return finish_append(block);
}

result<indexed_block> rocks_event_log::begin_append(std::span<encoded_event const> events,
                                                    instant recorded_at,
                                                    sequence expected) {
  DW_ASSERT(folder_);
  if (failed_) return error{error_code::log_write_failed, "An earlier write failed."};
  if (expected != begun_.at) return error{error_code::log_head_moved, {}, begun_.at};
  DW_ASSERT(!(recorded_at < begun_.recorded_at));
  DW_CHECK(check_room(events));
  auto const first = begun_.at + 1;
  auto const run = [this](std::size_t count, std::function<void(std::size_t)> const& task) {
    pool_->run(count, task);
  };
  indexed_block begun;
  DW_TRY(begun.block, encode_block({begun_.log, first, begun_.chain}, recorded_at, events, run));
  begun.postings = postings_of(first, events);
  begun_ = end_of(begun.block);
  return begun;
}

result<log_head> rocks_event_log::finish_append(indexed_block const& begun) {
  DW_ASSERT(anchor_);
  if (failed_) return error{error_code::log_write_failed, "An earlier write failed."};
  auto const after = end_of(begun.block);
  std::scoped_lock const no_checkpoint{writing_};
  if (auto const written = database_->write(begun); !written) {
    failed_ = true;
    return written.error();
  }
  std::scoped_lock const lock{guard_};
  if (!anchor_->write(anchor_of(after))) {
    failed_ = true;
    return error{error_code::log_write_failed, "The anchor could not be written."};
  }
  head_ = after;
  durable_ = after.at.value;
  return after;
}

result<log_head> rocks_event_log::fork(log_id into,
                                       instant recorded_at,
                                       std::span<encoded_event const> events) {
  DW_ASSERT(!folder_);
  auto const first = head_.at + 1;
  auto const when = std::max(recorded_at, head_.recorded_at);
  indexed_block begun;
  DW_TRY(begun.block, encode_block({into, first, head_.chain}, when, events));
  begun.postings = postings_of(first, events);
  DW_CHECK(database_->write(begun));
  head_ = begun_ = end_of(begun.block);
  durable_ = head_.at.value;
  return head_;
}

std::unique_ptr<event_cursor> rocks_event_log::read(read_request request) const {
  block_source const& blocks = *this;
  return std::make_unique<log_cursor>(blocks, request);
}

result<sequence> rocks_event_log::first_at(instant when) const {
  return find_first_at(*this, when);
}

result<log_head> rocks_event_log::head_at(sequence at) const {
  return find_head_at(*this, at);
}

result<event_proof> rocks_event_log::prove(sequence at, sequence to) const {
  return prove_event(*this, at, to);
}

verify_report rocks_event_log::verify(sequence from) const {
  std::unique_lock lock{guard_};
  auto const end = head_;
  result<std::optional<anchor>> on_disk = std::optional{anchor_of(end)};
  if (folder_) on_disk = anchor_file::read(folder_->anchor());
  lock.unlock();

  auto report = verify_blocks(*this, end, from, core_count());
  result<void> anchored;
  if (!on_disk) {
    anchored = on_disk.error();
  } else if (*on_disk != anchor_of(end)) {
    anchored =
        error{error_code::log_anchor_missing, "The anchor's file was changed by someone else."};
  }
  note_anchor(report, anchored);
  return report;
}

result<backup_report> rocks_event_log::backup(std::filesystem::path const& folder) const {
  DW_ASSERT(folder_);
  std::unique_lock const alone{backing_up_, std::try_to_lock};
  if (!alone) return error{error_code::backup_failed, "Another one is being made."};
  DW_CHECK(check_vacant(folder));
  DW_CHECK(folder_->clear_scratch());
  auto const scratch = folder_->backing_up();
  backup_report report;
  DW_CHECK(database_->flush());
  {
    std::scoped_lock const no_write{writing_};
    DW_CHECK(database_->checkpoint(scratch / "log"));
    report.head = head();
  }
  DW_CHECK(anchor_file::create(scratch / "anchor", anchor_of(report.head)));
  report.bytes = bytes_in(scratch);
  DW_CHECK(move_durably(scratch, folder));
  return report;
}

std::unique_ptr<block_walk> rocks_event_log::walk(scan_kind kind) const {
  return database_->walk(kind);
}

}  // namespace dualwrite
