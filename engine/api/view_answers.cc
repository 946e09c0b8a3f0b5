#include "engine/api/answers.h"
#include "engine/api/json_forms.h"

namespace dualwrite::engine {
namespace {

// All of them where the body names none.
result<projections::view_set> views_asked(api_request const& request) {
  DW_TRY(auto const body, request.json());
  auto const* const named = body.if_contains("views");
  if (named == nullptr) return projections::view_set().set();
  error const malformed{error_code::request_invalid, "'views' has to be a list of names of views."};
  auto const* const list = named->if_array();
  if (list == nullptr || list->empty()) return malformed;
  std::vector<std::string> names;
  for (auto const& name : *list) {
    if (!name.is_string()) return malformed;
    names.emplace_back(name.as_string());
  }
  return projections::views_called(names);
}

}  // namespace

async<api_reply> rebuild_views(api_context& context, api_request request) {
  DW_CO_TRY(auto const which, views_asked(request));
  DW_CO_TRY(auto const differed, co_await context.rebuild(which));
  boost::json::array views;
  for (auto const name : projections::names_in(which)) {
    std::string const called(name);
    bool const was_other = (differed & *projections::views_called({&called, 1})).any();
    views.push_back({{"view", name}, {"differed", was_other}});
  }
  boost::json::object const json{{"items", std::move(views)}};
  co_return json_reply(json);
}

}  // namespace dualwrite::engine
