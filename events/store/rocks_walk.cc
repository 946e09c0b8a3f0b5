#include "events/store/rocks_walk.h"

#include <rocksdb/db.h>

#include "events/block_layout.h"
#include "events/store/rocks_database.h"

namespace dualwrite {
namespace {

constexpr std::size_t readahead_bytes = 4 * 1024 * 1024;

class rocks_walk final : public block_walk {
 public:
  rocks_walk(rocksdb::DB& database,
             rocksdb::ColumnFamilyHandle& blocks,
             rocksdb::ColumnFamilyHandle& streams,
             scan_kind kind)
      : database_(database), blocks_family_(blocks), streams_family_(streams) {
    if (kind == scan_kind::sequential) {
      options_.readahead_size = readahead_bytes;
      options_.fill_cache = false;
    }
  }

  result<std::optional<bytes_view>> block_at_or_before(sequence at) override {
    DW_CHECK(freshen(blocks_, blocks_family_));
    blocks_->SeekForPrev(text(block_key(at)));
    return present_block();
  }

  result<std::optional<bytes_view>> block_at_or_after(sequence at) override {
    auto const key = block_key(at);
    if (blocks_ && blocks_->Valid()) {
      blocks_->Next();
      if (blocks_->Valid() && blocks_->key() == rocksdb::Slice{text(key)}) return present_block();
    }
    DW_CHECK(freshen(blocks_, blocks_family_));
    blocks_->Seek(text(key));
    return present_block();
  }

  result<std::optional<posting>> posting_at_or_before(stream_id stream, sequence at) override {
    DW_CHECK(freshen(streams_, streams_family_));
    streams_->SeekForPrev(text(posting_key(stream, at)));
    return present_posting(stream);
  }

  result<std::optional<posting>> posting_at_or_after(stream_id stream, sequence at) override {
    DW_CHECK(freshen(streams_, streams_family_));
    streams_->Seek(text(posting_key(stream, at)));
    return present_posting(stream);
  }

  result<std::uint64_t> posting_count(sequence first, sequence last) override {
    DW_CHECK(freshen(streams_, streams_family_));
    std::uint64_t count = 0;
    for (streams_->SeekToFirst(); streams_->Valid(); streams_->Next()) {
      if (streams_->value().size() != 8) return damaged_posting();
      sequence const block{load_big(streams_->value().data())};
      if (!(block < first) && !(block > last)) ++count;
    }
    if (!streams_->status().ok()) return rocks_error(streams_->status());
    return count;
  }

 private:
  // An iterator sees the database as it was when made; a refreshed one sees what was written since.
  result<void> freshen(std::unique_ptr<rocksdb::Iterator>& iterator,
                       rocksdb::ColumnFamilyHandle& family) {
    if (!iterator) {
      iterator.reset(database_.NewIterator(options_, &family));
    } else if (auto const status = iterator->Refresh(); !status.ok()) {
      return rocks_error(status);
    }
    return {};
  }

  result<std::optional<bytes_view>> present_block() {
    if (!blocks_->Valid()) {
      if (!blocks_->status().ok()) return rocks_error(blocks_->status());
      return std::optional<bytes_view>{};
    }
    auto const key = blocks_->key();
    auto const value = blocks_->value();
    bytes_view const bytes{reinterpret_cast<std::byte const*>(value.data()), value.size()};
    // A block under the key of another would pass its own digests.
    bool const named =
        key.size() == 8 && bytes.size() >= block_layout::fixed_bytes &&
        load_big(key.data()) == load_little<std::uint64_t>(bytes.data() + block_layout::at_first);
    if (!named) return error{error_code::log_corrupt, "A block is not the one that its key names."};
    return std::optional{bytes};
  }

  result<std::optional<posting>> present_posting(stream_id stream) {
    if (!streams_->Valid()) {
      if (!streams_->status().ok()) return rocks_error(streams_->status());
      return std::optional<posting>{};
    }
    auto const key = streams_->key();
    if (key.size() != 17 || streams_->value().size() != 8) return damaged_posting();
    stream_id const found{static_cast<stream_kind>(key[0]), load_big(key.data() + 1)};
    if (found != stream) return std::optional<posting>{};
    return std::optional{posting{
        stream, sequence{load_big(key.data() + 9)}, sequence{load_big(streams_->value().data())}}};
  }

  static error damaged_posting() {
    return error{error_code::log_corrupt, "A line of the stream index has the wrong length."};
  }

  rocksdb::DB& database_;
  rocksdb::ColumnFamilyHandle& blocks_family_;
  rocksdb::ColumnFamilyHandle& streams_family_;
  rocksdb::ReadOptions options_;
  std::unique_ptr<rocksdb::Iterator> blocks_;
  std::unique_ptr<rocksdb::Iterator> streams_;
};

}  // namespace

std::unique_ptr<block_walk> make_rocks_walk(rocksdb::DB& database,
                                            rocksdb::ColumnFamilyHandle& blocks,
                                            rocksdb::ColumnFamilyHandle& streams,
                                            scan_kind kind) {
  return std::make_unique<rocks_walk>(database, blocks, streams, kind);
}

}  // namespace dualwrite
