#include "events/record.h"

namespace dualwrite {
namespace {

constexpr std::uint8_t operation_mask = 0x03;
constexpr std::uint8_t derived_bit = 0x04;

void put_varint(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<char>(number));
}

void put_bytes(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out.append(bytes);
}

bool take_varint(std::string_view& in, std::uint64_t& number) {
  number = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto const byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool take_bytes(std::string_view& in, std::string_view& bytes) {
  std::uint64_t length = 0;
  if (!take_varint(in, length) || length > in.size()) return false;
  bytes = in.substr(0, length);
  in.remove_prefix(length);
  return true;
}

}  // namespace

void record_packer::add(sync_record const& record) {
  auto head = static_cast<std::uint8_t>(record.op);
  if (record.cause) head |= derived_bit;
  bytes_.push_back(static_cast<char>(head));
  put_varint(bytes_, record.table);
  put_bytes(bytes_, record.before);
  put_bytes(bytes_, record.after);
  if (record.cause) put_varint(bytes_, record.cause.value);
  ++count_;
}

result<std::optional<sync_record>> record_reader::next() {
  if (rest_.empty()) return std::optional<sync_record>{};
  auto in = rest_;
  auto const head = static_cast<std::uint8_t>(in.front());
  in.remove_prefix(1);

  sync_record record;
  std::uint64_t table = 0;
  std::uint64_t cause = 0;
  bool const known = (head & ~(operation_mask | derived_bit)) == 0 && (head & operation_mask) <= 2;
  if (!known || !take_varint(in, table) || table > UINT32_MAX || !take_bytes(in, record.before) ||
      !take_bytes(in, record.after) || ((head & derived_bit) != 0 && !take_varint(in, cause))) {
    return error{error_code::event_malformed, "in a pack of sync records"};
  }
  record.index = index_++;
  record.table = static_cast<std::uint32_t>(table);
  record.op = static_cast<operation>(head & operation_mask);
  record.cause = sequence{cause};
  rest_ = in;
  return std::optional{record};
}

}  // namespace dualwrite
