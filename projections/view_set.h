// Some of the views, by their names: what is folded apart from the others.
#pragma once

#include <bitset>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "projections/views.h"

namespace dualwrite::projections {

// A bit for each member of `views`, in their order, but for the checkpoint.
using view_set = std::bitset<std::tuple_size_v<decltype(views{}.fields())> - 1>;

[[nodiscard]] std::vector<std::string_view> names_in(view_set which);
// Errors: `request_invalid`, with the names that there are.
[[nodiscard]] result<view_set> views_called(std::span<std::string const> names);

// One step forward of these views; what `into` has of others stays as it is.
void fold_only(view_set which, views& into, event_view const& event);

// Puts these views of `fresh` in the place of those of `into`, which is as of the same event. Says
// which of them were in another state.
view_set replace_views(view_set which, views& into, views fresh);

}  // namespace dualwrite::projections
