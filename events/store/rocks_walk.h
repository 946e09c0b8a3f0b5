// Keys of the log in RocksDB, and the walk over them.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "events/endian.h"
#include "events/store/blocks.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace dualwrite {

inline std::array<char, 8> block_key(sequence first) {
  std::array<char, 8> key;
  store_big(key.data(), first.value);
  return key;
}

inline std::array<char, 17> posting_key(stream_id stream, sequence first) {
  std::array<char, 17> key;
  key[0] = static_cast<char>(stream.kind);
  store_big(key.data() + 1, stream.id);
  store_big(key.data() + 9, first.value);
  return key;
}

template <std::size_t Length>
std::string_view text(std::array<char, Length> const& key) {
  return {key.data(), key.size()};
}

[[nodiscard]] std::unique_ptr<block_walk> make_rocks_walk(rocksdb::DB& database,
                                                          rocksdb::ColumnFamilyHandle& blocks,
                                                          rocksdb::ColumnFamilyHandle& streams,
                                                          scan_kind kind);

}  // namespace dualwrite
