// Turns the state of a view into bytes and back: what a snapshot holds, and what two rebuilds are
// compared by. The order of bytes is the order of fields and keys, so equal states give equal
// bytes. A snapshot is a cache: a view whose version moved on is rebuilt from the log, so this
// format needs no evolution.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"
#include "events/result.h"

namespace dualwrite::projections {

template <class T>
concept fielded = requires(T& t) {
  t.fields();
};

template <class T>
concept container = requires(T& t) {
  typename T::value_type;
  t.begin();
  t.size();
}
&&!std::is_same_v<T, std::string>;

class archive_writer {
 public:
  template <class T>
  void put(T const& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      number(value.size());
      bytes_.append(value);
    } else if constexpr (std::is_same_v<T, instant>) {
      number(static_cast<std::uint64_t>(value.us));
    } else if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_integral_v<T>) {
      number(static_cast<std::uint64_t>(value));
    } else if constexpr (fielded<T>) {
      std::apply([this](auto const&... member) { (put(member), ...); }, value.fields());
    } else if constexpr (container<T>) {
      number(value.size());
      for (auto const& item : value) put(item);
    } else if constexpr (requires { value.first; }) {
      put(value.first);
      put(value.second);
    } else if constexpr (requires { value.value; }) {
      number(value.value);
    } else {
      std::apply([this](auto const&... member) { (put(member), ...); }, value);
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  void number(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) bytes_.push_back(static_cast<char>(n | 0x80));
    bytes_.push_back(static_cast<char>(n));
  }

  std::string bytes_;
};

// Errors: `good()` is false once the bytes ended early; what was read since then is not to be used.
class archive_reader {
 public:
  explicit archive_reader(std::string_view bytes) : rest_(bytes) {}

  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

  template <class T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      auto const size = number();
      if (size > rest_.size()) return fail();
      value.assign(rest_.substr(0, size));
      rest_.remove_prefix(size);
    } else if constexpr (std::is_same_v<T, instant>) {
      value.us = static_cast<std::int64_t>(number());
    } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      value = static_cast<T>(number());
    } else if constexpr (fielded<T>) {
      std::apply([this](auto&... member) { (get(member), ...); }, value.fields());
    } else if constexpr (container<T>) {
      get_items(value);
    } else if constexpr (requires { value.first; }) {
      get(value.first);
      get(value.second);
    } else if constexpr (requires { value.value; }) {
      value.value = number();
    } else {
      std::apply([this](auto&... member) { (get(member), ...); }, value);
    }
  }

 private:
  template <class T>
  void get_items(T& items) {
    items.clear();
    for (auto left = number(); left > 0 && good_; --left) {
      if constexpr (requires { typename T::mapped_type; }) {
        std::pair<typename T::key_type, typename T::mapped_type> item;
        get(item);
        items.insert(std::move(item));
      } else {
        typename T::value_type item{};
        get(item);
        items.insert(items.end(), std::move(item));
      }
    }
  }

  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      auto const byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      n |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return n;
    }
    fail();
    return 0;
  }
  void fail() {
    good_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool good_ = true;
};

template <class View>
[[nodiscard]] std::string save(View const& view) {
  archive_writer out;
  out.put(view);
  return out.take();
}

// Errors: `event_malformed` where the bytes are not those of such a view.
template <class View>
[[nodiscard]] result<View> load(std::string_view bytes) {
  View view;
  archive_reader in(bytes);
  in.get(view);
  if (!in.good() || !in.at_end()) {
    return error{error_code::event_malformed, "a snapshot does not read back"};
  }
  return view;
}

}  // namespace dualwrite::projections
