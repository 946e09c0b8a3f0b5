// Rows as bytes: images to store, keys to order and to compare.
//
// Row image: varint count of values, then the values in column order. A value is a byte with the
// number of its type (see value.h), and
//   null, unchanged            nothing
//   boolean                    one byte, 0 or 1
//   int64, date, time,
//   timestamp, timestamp_tz    zigzag varint
//   float64                    8 bytes, IEEE 754, little-endian
//   decimal                    a byte: bits 0-1 kind (0 finite, 1 infinity, 2 -infinity, 3 NaN),
//   bit 2 negative; if finite
//                              varint scale, varint count of digits, the digits in pairs, high four
//                              bits first, an odd last digit followed by the four bits 1111
//   uuid                       16 bytes
//   interval                   zigzag varints: months, days, microseconds
//   array                      varint count, the elements as values; at most 16 arrays deep
//   all others                 varint length, bytes
// Varints are LEB128 (varint.h). Example: the row (5, 'Oslo') is 02 02 0A 05 04 4F 73 6C 6F.
//
// Key: the values one after the other, each so that comparing the bytes compares the values in the
// order of value::compare.
//   a byte 1 + number of the type, where all numbers have that of int64; unchanged 0xFE; then
//   null, unchanged            nothing
//   boolean                    one byte, 0 or 1
//   date, time, timestamps     8 bytes big-endian, the sign bit turned over
//   numbers                    a byte: 1 -infinity, 2 negative, 3 zero, 4 positive, 5 infinity, 6
//   NaN. Of 2 and 4 follow the
//                              exponent (0.DIGITS times ten to it) as one byte 0x80 + exponent
//                              within -100 to 100, else 0x01 (below) or 0xFE (above) and 4 bytes
//                              big-endian, the sign bit turned over; the digits without trailing
//                              zeros in pairs, 1 + pair each, an odd last one as if a zero
//                              followed; 0x00. Of 2 all these bytes are inverted. Last the number
//                              of the type, which sorts equal numbers.
//   uuid                       16 bytes
//   interval                   length in days of 24 hours and months of 30 days and the
//   microseconds left (8 bytes each),
//                              months and days (4 bytes each): big-endian, the sign bit turned over
//   array                      the elements as keys, 0x00
//   all others                 the bytes, where 00 is written as 00 FF; then 00 01
// A reader refuses whatever a writer of this release would not have written, so equal values are
// equal bytes; but an image keeps the scale of a decimal and the sign of a float's zero, a key does
// not.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "events/result.h"
#include "events/value.h"

namespace dualwrite {

inline constexpr int array_depth_max = 16;

[[nodiscard]] std::string encode_row(std::span<value const> row);
// Errors: `value_malformed`, with the place of the byte.
[[nodiscard]] result<row_values> decode_row(std::string_view image);

[[nodiscard]] std::string encode_key(std::span<value const> key);
// Errors: `value_malformed`.
[[nodiscard]] result<row_values> decode_key(std::string_view key);

// The same for the same bytes on every machine and in every release, for it is stored: FNV-1a of 64
// bits (offset basis 0xCBF29CE484222325, prime 0x100000001B3), then mixed so that every bit depends
// on all: h ^= h >> 33, h *= 0xFF51AFD7ED558CCD, h ^= h >> 33, h *= 0xC4CEB9FE1A85EC53, h ^= h
// >> 33. Not for secrets.
[[nodiscard]] std::uint64_t hash_key(std::string_view bytes);

}  // namespace dualwrite
