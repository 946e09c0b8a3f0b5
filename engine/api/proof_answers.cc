#include <optional>

#include "engine/api/answers.h"
#include "engine/api/event_json.h"
#include "engine/api/proof_json.h"
#include "engine/ports/blocking.h"

namespace dualwrite::engine {
namespace {

using proven = std::pair<event_proof, log_head>;

}  // namespace

async<api_reply> verify_log(api_context& context, api_request request) {
  DW_CO_TRY(auto const from, request.number("from", 1, ~std::uint64_t{0}));
  DW_CO_TRY(auto const body, request.json());
  std::optional<signed_head> given;
  if (auto const* head = body.if_contains("head")) {
    DW_CO_TRY(given, parse_signed_head(*head));
  }
  auto check = [&log = context.log, from, given]() -> result<verify_report> {
    if (given) return verify_with_head(log, sequence{from}, *given);
    return log.verify(sequence{from});
  };
  auto const pool = context.pool.get_executor();
  DW_CO_TRY(auto const report, co_await blocking<verify_report>(pool, std::move(check)));
  co_return json_reply(verify_json(report));
}

async<api_reply> show_head(api_context& context, api_request) {
  co_return json_reply(signed_head_json(context.signing.sign(context.log.head())));
}

async<api_reply> show_proof(api_context& context, api_request request) {
  DW_CO_TRY(auto const at, parse_number(request.parts["sequence"]));
  auto const newest = context.log.head().at;
  DW_CO_TRY(auto const to, request.number("to", newest.value, ~std::uint64_t{0}));
  if (to < at) co_return error{error_code::request_invalid, "'to' lies before the event."};
  auto work = [&log = context.log, at, to]() -> result<proven> {
    DW_TRY(auto proof, log.prove(sequence{at}, sequence{to}));
    DW_TRY(auto const head, log.head_at(sequence{to}));
    return proven{std::move(proof), head};
  };
  auto const pool = context.pool.get_executor();
  DW_CO_TRY(auto const found, co_await blocking<proven>(pool, std::move(work)));
  co_return json_reply(proof_json(found.first, context.signing.sign(found.second)));
}

}  // namespace dualwrite::engine
