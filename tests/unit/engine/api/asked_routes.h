// The routes of the API over an engine between two applications in memory, asked without sockets.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/api/route_table.h"
#include "tests/simulation/customers.h"
#include "tests/support/log_under_test.h"

namespace dualwrite::engine {

struct asked_routes : simulation::customers {
  explicit asked_routes(engine_settings settings = {}) : customers(settings) {}

  api_reply ask(std::string method,
                std::string target,
                std::string body = {},
                std::string id = {}) {
    api_request request;
    request.method = std::move(method);
    request.body = std::move(body);
    request.command_id = std::move(id);
    request.actor = "ann";
    auto const taken = take_target(target, request);
    if (!taken) return problem_reply(taken.error());
    auto const found = find_route(request);
    if (!found) return problem_reply(found.error());
    auto reply = std::make_shared<std::optional<api_reply>>();
    auto work = [this, route = *found, request, reply]() -> boost::asio::awaitable<void> {
      auto mine = request;
      auto given = co_await route->reply(context, std::move(mine));
      *reply = given ? *given : problem_reply(given.error());
    };
    boost::asio::co_spawn(here.io(), work, boost::asio::detached);
    here.run_until([&] { return reply->has_value(); });
    return reply->value_or(api_reply{0, {}, {}});
  }
  boost::json::value json(std::string method, std::string target, std::string body = {}) {
    return boost::json::parse(ask(std::move(method), std::move(target), std::move(body)).body);
  }
  std::string text(boost::json::value const& from, std::string_view name) {
    return std::string(from.at(name).as_string());
  }

  tests::temporary_folder folder;
  std::unique_ptr<head_key> key = std::move(*head_key::in(folder.path()));
  boost::asio::thread_pool pool{1};
  api_context context{here.core(), here.log(), here.time, here.zones, pool, *key, {}, {}, {}};
};

}  // namespace dualwrite::engine
