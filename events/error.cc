#include "events/error.h"

#include <fmt/format.h>

namespace dualwrite {
namespace {

struct entry {
  error_code code;
  error_class kind;
  std::string_view name;
  std::string_view sentence;
};

constexpr entry entries[] = {
#define DW_ERROR(number, name, kind, sentence) \
  {error_code::name, error_class::kind, #name, sentence},
#include "events/errors.def"
#undef DW_ERROR
};

constexpr entry none{error_code::ok, error_class::none, "ok", "No error."};

entry const& find(error_code code) {
  for (auto const& candidate : entries) {
    if (candidate.code == code) return candidate;
  }
  return none;
}

}  // namespace

error_class class_of(error_code code) {
  return find(code).kind;
}
std::string_view name_of(error_code code) {
  return find(code).name;
}
std::string_view sentence_of(error_code code) {
  return find(code).sentence;
}

std::string to_string(error const& what) {
  auto const& known = find(what.code);
  auto text = fmt::format("{} ({}): {}", known.name, static_cast<int>(what.code), known.sentence);
  if (!what.detail.empty()) text += " " + what.detail;
  return text;
}

}  // namespace dualwrite
