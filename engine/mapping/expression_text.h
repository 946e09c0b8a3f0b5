// What expressions do with text: by characters of UTF-8, without a locale, the same everywhere.
// Bytes that are not UTF-8 count as characters of their own and stay as they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dualwrite::engine {

enum class trim_end : std::uint8_t { front, back, both };

// Takes off whatever is one of the characters of `which`.
[[nodiscard]] std::string trim_text(std::string_view text, std::string_view which, trim_end from);

// Latin, Greek and Cyrillic letters that have one capital for one small letter; all else stays.
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] std::string to_lower(std::string_view text);

// From the character `start`, counted from 1, or from the end where negative; at most `length`
// characters.
[[nodiscard]] std::string_view substring(std::string_view text,
                                         std::int64_t start,
                                         std::int64_t length);

// Every `part`, from the left; an empty one is nowhere.
[[nodiscard]] std::string replace_all(std::string_view text,
                                      std::string_view part,
                                      std::string_view by);

// The character that `part` begins at, from 1; 0 where it is not in the text.
[[nodiscard]] std::int64_t find_character(std::string_view text, std::string_view part);

// % is any number of characters, _ is one, all else itself, capitals and small letters apart; after
// `escape` (one character or nothing) all is itself.
[[nodiscard]] bool matches_like(std::string_view text,
                                std::string_view pattern,
                                std::string_view escape);

}  // namespace dualwrite::engine
