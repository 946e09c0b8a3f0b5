#include "engine/api/proof_json.h"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <charconv>

#include "engine/api/json_forms.h"

namespace dualwrite::engine {
namespace {

constexpr std::string_view head_format = "dualwrite-head-1";
constexpr std::string_view proof_format = "dualwrite-proof-1";

std::string hex(bytes_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (auto const byte : bytes) {
    fmt::format_to(std::back_inserter(text), "{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

std::string_view member(boost::json::value const& json, std::string_view name) {
  auto const* object = json.if_object();
  auto const* found = object == nullptr ? nullptr : object->if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view(found->as_string())
                                                : std::string_view();
}

template <class Number>
bool read_number(boost::json::value const& json, std::string_view name, Number& into) {
  auto const text = member(json, name);
  auto const end = text.data() + text.size();
  auto const [stopped_at, failed] = std::from_chars(text.data(), end, into);
  return failed == std::errc{} && stopped_at == end;
}

template <std::size_t Length>
bool read_hex(boost::json::value const& json,
              std::string_view name,
              std::array<std::byte, Length>& into) {
  auto const text = member(json, name);
  if (text.size() != 2 * Length) return false;
  for (std::size_t i = 0; i < Length; ++i) {
    unsigned byte = 0;
    auto const* from = text.data() + 2 * i;
    auto const [stopped_at, failed] = std::from_chars(from, from + 2, byte, 16);
    if (failed != std::errc{} || stopped_at != from + 2) return false;
    into[i] = static_cast<std::byte>(byte);
  }
  return true;
}

}  // namespace

boost::json::object signed_head_json(signed_head const& head) {
  boost::json::object json;
  json["format"] = head_format;
  json["log"] = json_of(head.log);
  json["sequence"] = json_of(head.at);
  json["recorded_at_us"] = std::to_string(head.recorded_at.us);
  json["chain"] = to_hex(head.chain);
  json["key"] = hex(head.key);
  json["signature"] = hex(head.signature);
  return json;
}

result<signed_head> parse_signed_head(boost::json::value const& json) {
  signed_head head;
  bool const read = member(json, "format") == head_format &&
                    read_number(json, "log", head.log.value) &&
                    read_number(json, "sequence", head.at.value) &&
                    read_number(json, "recorded_at_us", head.recorded_at.us) &&
                    read_hex(json, "chain", head.chain) && read_hex(json, "key", head.key) &&
                    read_hex(json, "signature", head.signature);
  if (!read) return error{error_code::head_malformed, "Its members are not those of one."};
  return head;
}

boost::json::object proof_json(event_proof const& proof, signed_head const& head) {
  boost::json::object json;
  json["format"] = proof_format;
  json["sequence"] = json_of(proof.at);
  json["block"] = hex(proof.chunk.fixed_fields);
  json["chunk"] = proof.chunk.chunk;
  json["table_row"] = hex(proof.chunk.table_row);
  json["stored"] = hex(proof.chunk.stored);
  boost::json::array path, links;
  for (auto const& digest : proof.chunk.path) path.push_back(boost::json::value(to_hex(digest)));
  for (auto const& link : proof.links) {
    links.push_back(boost::json::value(hex(link.fields) + to_hex(link.root)));
  }
  json["path"] = std::move(path);
  json["links"] = std::move(links);
  json["head"] = signed_head_json(head);
  return json;
}

}  // namespace dualwrite::engine
