#include "projections/view_set.h"

#include <fmt/format.h>
#include <algorithm>

#include "events/assert.h"
#include "projections/archive.h"

namespace dualwrite::projections {
namespace {

template <std::size_t Place>
auto& view_at(views& of) {
  return std::get<Place>(of.fields());
}

// Calls `step` with each place of the set, as a type.
template <class Step>
void each_place(view_set which, Step const& step) {
  auto const all = [&]<std::size_t... Place>(std::index_sequence<Place...>) {
    ((which[Place] ? step(std::integral_constant<std::size_t, Place>{}) : void()), ...);
  };
  all(std::make_index_sequence<view_set{}.size()>());
}

std::vector<std::string_view> all_names() {
  std::vector<std::string_view> names;
  for (auto rest = views::field_names; names.size() < view_set{}.size();) {
    auto const end = rest.find(',');
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(rest.find_first_not_of(", ", end));
  }
  return names;
}

}  // namespace

std::vector<std::string_view> names_in(view_set which) {
  std::vector<std::string_view> names;
  auto const all = all_names();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (which[i]) names.push_back(all[i]);
  return names;
}

result<view_set> views_called(std::span<std::string const> names) {
  auto const all = all_names();
  view_set which;
  for (auto const& name : names) {
    auto const found = std::find(all.begin(), all.end(), name);
    if (found == all.end()) {
      return error{error_code::request_invalid,
                   fmt::format("There is no view '{}'. There are {}.", name, fmt::join(all, ", "))};
    }
    which.set(static_cast<std::size_t>(found - all.begin()));
  }
  return which;
}

void fold_only(view_set which, views& into, event_view const& event) {
  each_place(which, [&](auto place) { view_at<place>(into).fold(event); });
  into.checkpoint = event.last();
}

view_set replace_views(view_set which, views& into, views fresh) {
  DW_ASSERT(into.checkpoint == fresh.checkpoint);
  view_set differed;
  each_place(which, [&](auto place) {
    auto& view = view_at<place>(into);
    auto& with = view_at<place>(fresh);
    differed[place] = save(view) != save(with);
    view = std::move(with);
  });
  return differed;
}

}  // namespace dualwrite::projections
