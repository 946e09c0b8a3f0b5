#include "events/store/memory_event_log.h"

#include <algorithm>
#include <mutex>

#include "events/assert.h"
#include "events/store/log_cursor.h"
#include "events/store/log_proof.h"
#include "events/store/log_search.h"
#include "events/store/log_verify.h"

namespace dualwrite {

class memory_event_log::walk_in_memory final : public block_walk {
 public:
  explicit walk_in_memory(memory_event_log const& log) : log_(log) {}

  result<std::optional<bytes_view>> block_at_or_before(sequence at) override {
    std::shared_lock const lock{log_.guard_};
    auto const after = log_.blocks_.upper_bound(at);
    if (after == log_.blocks_.begin()) return std::optional<bytes_view>{};
    return hold(std::prev(after)->second);
  }

  result<std::optional<bytes_view>> block_at_or_after(sequence at) override {
    std::shared_lock const lock{log_.guard_};
    auto const found = log_.blocks_.lower_bound(at);
    if (found == log_.blocks_.end()) return std::optional<bytes_view>{};
    return hold(found->second);
  }

  result<std::optional<posting>> posting_at_or_before(stream_id stream, sequence at) override {
    std::shared_lock const lock{log_.guard_};
    auto const after = log_.postings_.upper_bound({stream, at});
    if (after == log_.postings_.begin()) return std::optional<posting>{};
    return of_stream(stream, *std::prev(after));
  }

  result<std::optional<posting>> posting_at_or_after(stream_id stream, sequence at) override {
    std::shared_lock const lock{log_.guard_};
    auto const found = log_.postings_.lower_bound({stream, at});
    if (found == log_.postings_.end()) return std::optional<posting>{};
    return of_stream(stream, *found);
  }

  result<std::uint64_t> posting_count(sequence first, sequence last) override {
    std::shared_lock const lock{log_.guard_};
    return static_cast<std::uint64_t>(
        std::count_if(log_.postings_.begin(), log_.postings_.end(), [&](auto const& line) {
          return !(line.second < first) && !(line.second > last);
        }));
  }

 private:
  std::optional<bytes_view> hold(block_bytes const& block) {
    held_ = block;
    return bytes_view{*held_};
  }

  static std::optional<posting> of_stream(stream_id stream,
                                          std::pair<posting_key const, sequence> const& line) {
    if (line.first.stream != stream) return {};
    return posting{stream, line.first.first, line.second};
  }

  memory_event_log const& log_;
  block_bytes held_;
};

memory_event_log::memory_event_log(log_id log)
    : head_{log, {}, {}, {}},
      written_(head_),
      anchor_written_(anchor_of(head_)),
      anchor_synced_(anchor_written_) {}

result<opened<memory_event_log>> memory_event_log::reopen(memory_disk disk, memory_checks checks) {
  log_id id;
  if (disk.anchored) id = disk.anchored->log;
  if (!disk.blocks.empty()) {
    if (auto const block = block_view::open(*disk.blocks.front())) id = block->header().log;
  }
  opened<memory_event_log> result{std::make_unique<memory_event_log>(id), {}};
  auto& log = *result.log;
  for (auto& block : disk.blocks) {
    DW_TRY(bool const whole, log.adopt(std::move(block)));
    if (whole) continue;
    // As on disk, nothing behind the damage is taken; the anchor tells whether something is missing
    // then.
    result.trimmed = trimmed_tail{log.head_, {}};
    break;
  }
  if (checks.anchor) DW_CHECK(check_tail(disk.anchored, log));
  log.anchor_written_ = log.anchor_synced_ = anchor_of(log.head_);
  return result;
}

// Takes a block from the disk; false where it is damaged or does not follow.
result<bool> memory_event_log::adopt(block_bytes bytes) {
  auto const block = block_view::open(*bytes);
  if (!block) {
    if (block.error().code == error_code::log_newer_format) return block.error();
    return false;
  }
  auto const& header = block->header();
  block_header before;
  before.log = head_.log;
  before.last = head_.at;
  before.chain = head_.chain;
  before.recorded_at = head_.at ? head_.recorded_at : header.recorded_at;
  if (!check_order(before, *block)) return false;
  chunk_reader reader;
  DW_TRY(auto postings, postings_of(*block, reader));
  written_ = {header.log, header.last, header.chain, header.recorded_at};
  publish({std::move(bytes), written_, std::move(postings)});
  return true;
}

log_head memory_event_log::head() const {
  std::shared_lock const lock{guard_};
  return head_;
}

result<log_head> memory_event_log::append(std::span<encoded_event const> events,
                                          instant recorded_at,
                                          sequence expected,
                                          epoch /*writer*/) {
  DW_CHECK(begin_append(events, recorded_at, expected));
  return sync();
}

result<log_head> memory_event_log::begin_append(std::span<encoded_event const> events,
                                                instant recorded_at,
                                                sequence expected) {
  std::unique_lock const lock{guard_};
  if (failed_) return error{error_code::log_write_failed};
  if (next_failure_ == error_code::log_disk_reserve) {
    next_failure_ = error_code::ok;
    return error{error_code::log_disk_reserve};
  }
  if (expected != written_.at) return error{error_code::log_head_moved, {}, written_.at};
  DW_ASSERT(!(recorded_at < written_.recorded_at));
  auto const first = written_.at + 1;
  DW_TRY(auto block, encode_block({written_.log, first, written_.chain}, recorded_at, events));
  written_ = {block.header.log, block.header.last, block.header.chain, recorded_at};
  unsynced_.push_back({std::make_shared<std::vector<std::byte> const>(std::move(block.bytes)),
                       written_,
                       postings_of(first, events)});
  return written_;
}

result<log_head> memory_event_log::sync() {
  std::unique_lock const lock{guard_};
  return sync_blocks(unsynced_.size());
}

result<log_head> memory_event_log::sync_next() {
  std::unique_lock const lock{guard_};
  return sync_blocks(1);
}

result<log_head> memory_event_log::sync_blocks(std::size_t count) {
  if (next_failure_ == error_code::log_write_failed) failed_ = true;
  if (failed_) return error{error_code::log_write_failed};
  DW_ASSERT(count <= unsynced_.size());
  auto const end = unsynced_.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto block = unsynced_.begin(); block != end; ++block) publish(std::move(*block));
  unsynced_.erase(unsynced_.begin(), end);
  anchor_written_ = anchor_of(head_);
  return head_;
}

void memory_event_log::publish(stored_block block) {
  auto const first = block.postings.front().block;
  for (auto const& line : block.postings) postings_[{line.stream, line.first}] = first;
  blocks_[first] = std::move(block.bytes);
  head_ = block.end;
}

void memory_event_log::sync_anchor() {
  std::unique_lock const lock{guard_};
  anchor_synced_ = anchor_written_;
}

void memory_event_log::fail_next(error_code code) {
  DW_ASSERT(code == error_code::log_disk_reserve || code == error_code::log_write_failed);
  std::unique_lock const lock{guard_};
  next_failure_ = code;
}

std::size_t memory_event_log::unsynced_bytes() const {
  std::shared_lock const lock{guard_};
  std::size_t bytes = 0;
  for (auto const& block : unsynced_) bytes += block.bytes->size();
  return bytes;
}

memory_disk memory_event_log::crash(crash_point at) const {
  std::shared_lock const lock{guard_};
  memory_disk disk;
  for (auto const& [first, bytes] : blocks_) disk.blocks.push_back(bytes);
  auto rest = at.unsynced_bytes_kept;
  for (auto const& block : unsynced_) {
    auto const kept = std::min(rest, block.bytes->size());
    rest -= kept;
    if (kept == block.bytes->size()) {
      disk.blocks.push_back(block.bytes);
    } else if (kept > 0) {
      auto const cut = block.bytes->begin() + static_cast<std::ptrdiff_t>(kept);
      disk.blocks.push_back(
          std::make_shared<std::vector<std::byte> const>(block.bytes->begin(), cut));
    }
  }
  disk.anchored = at.power_lost ? anchor_synced_ : anchor_written_;
  return disk;
}

std::unique_ptr<event_cursor> memory_event_log::read(read_request request) const {
  block_source const& blocks = *this;
  return std::make_unique<log_cursor>(blocks, request);
}

result<sequence> memory_event_log::first_at(instant when) const {
  return find_first_at(*this, when);
}

result<log_head> memory_event_log::head_at(sequence at) const {
  return find_head_at(*this, at);
}

result<event_proof> memory_event_log::prove(sequence at, sequence to) const {
  return prove_event(*this, at, to);
}

verify_report memory_event_log::verify(sequence from) const {
  std::shared_lock lock{guard_};
  auto const end = head_;
  auto const written = anchor_written_;
  lock.unlock();
  auto report = verify_blocks(*this, end, from, 1);
  note_anchor(report, check_anchor(written, *this));
  return report;
}

std::unique_ptr<block_walk> memory_event_log::walk(scan_kind /*kind*/) const {
  return std::make_unique<walk_in_memory>(*this);
}

sequence memory_event_log::durable_head() const {
  return head().at;
}

}  // namespace dualwrite
