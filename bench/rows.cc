#include "bench/rows.h"

#include <fmt/format.h>

namespace dualwrite::bench {
namespace {

constexpr char const* first_names[] = {"Anna",  "Bjorn",  "Carla",  "David",  "Elena", "Frank",
                                       "Greta", "Henrik", "Ingrid", "Jonas",  "Karin", "Lars",
                                       "Maria", "Nils",   "Olga",   "Pedro",  "Rosa",  "Sven",
                                       "Tove",  "Ulrich", "Vera",   "Willem", "Yara",  "Zoe"};
constexpr char const* last_names[] = {
    "Andersen", "Bianchi", "Castillo", "Dubois",   "Eriksen", "Fischer", "Garcia",    "Hansen",
    "Ivanov",   "Jansson", "Keller",   "Lindgren", "Moreau",  "Nielsen", "Olsen",     "Petrov",
    "Rossi",    "Schmidt", "Tanaka",   "Virtanen", "Weber",   "Young",   "Zimmermann"};
constexpr char const* trades[] = {
    "Trading", "Logistics", "Foods", "Consulting", "Instruments", "Shipping"};
constexpr char const* kinds[] = {"AS", "GmbH", "SpA", "SL", "SARL", "Oy", "Ltd"};
constexpr char const* streets[] = {
    "Harbour Street", "Mill Lane", "Church Road", "Station Square", "Market Place", "Park Avenue"};
constexpr char const* places[] = {"0150 Oslo|NO",
                                  "5003 Bergen|NO",
                                  "20121 Milano|IT",
                                  "41001 Sevilla|ES",
                                  "69001 Lyon|FR",
                                  "10115 Berlin|DE",
                                  "1011 Amsterdam|NL",
                                  "00100 Helsinki|FI"};
constexpr char const* states[] = {"active", "inactive", "prospect", "on hold"};

}  // namespace

std::string row_maker::next() {
  ++id_;
  auto const* const first = one_of(first_names);
  auto const* const last = one_of(last_names);
  auto const company = fmt::format("{} {}", one_of(last_names), one_of(trades));
  return fmt::format(
      "{}|C-{:08}|{} {}|{} {}|{}.{}@{}.example.com|+47{:08}|{} {}|{}|{}|{}000.00|{}.{:02}|EUR"
      "|2026-{:02}-{:02}|2026-{:02}-{:02}T{:02}:{:02}:{:02}Z",
      id_,
      id_,
      first,
      last,
      company,
      one_of(kinds),
      first,
      last,
      company.substr(0, company.find(' ')),
      random_() % 100'000'000,
      one_of(streets),
      random_() % 200,
      one_of(places),
      one_of(states),
      random_() % 100,
      random_() % 100'000,
      random_() % 100,
      1 + random_() % 12,
      1 + random_() % 28,
      1 + random_() % 12,
      1 + random_() % 28,
      random_() % 24,
      random_() % 60,
      random_() % 60);
}

record_packer row_maker::pack(std::uint32_t rows) {
  record_packer pack;
  for (std::uint32_t i = 0; i < rows; ++i) {
    auto const row = next();
    sync_record record;
    record.after = row;
    pack.add(record);
  }
  return pack;
}

}  // namespace dualwrite::bench
