#include <filesystem>

#include "engine/api/answers.h"
#include "engine/api/json_forms.h"
#include "engine/ports/blocking.h"
#include "events/codec.h"

namespace dualwrite::engine {
namespace {

result<std::string> folder_asked(api_request const& request) {
  DW_TRY(auto const body, request.json());
  auto const* folder = body.if_contains("folder");
  bool const named = folder != nullptr && folder->is_string();
  std::string path(named ? std::string_view(folder->as_string()) : std::string_view());
  if (std::filesystem::path(path).is_absolute()) return path;
  return error{error_code::request_invalid, "'folder' has to be a path from the root on."};
}

encoded_event taken_event(api_request const& request,
                          std::string const& folder,
                          backup_report const& report) {
  auto const& chain = report.head.chain;
  BackupTaken taken;
  taken.folder = folder;
  taken.head = report.head.at;
  taken.chain = blob{{reinterpret_cast<char const*>(chain.data()), chain.size()}};
  taken.bytes = report.bytes;
  origin const from{request.actor, {}, {}, request.command_id};
  return draft({}, {}, taken, from);
}

}  // namespace

async<api_reply> make_backup(api_context& context, api_request request) {
  DW_CO_TRY(auto const folder, folder_asked(request));
  auto work = [&context, folder] { return context.back_up(folder); };
  auto const pool = context.pool.get_executor();
  DW_CO_TRY(auto const report, co_await blocking<backup_report>(pool, std::move(work)));
  drafts events;
  events.push_back(taken_event(request, folder, report));
  DW_CO_TRY(auto const at, co_await context.core.log().append(std::move(events)));
  boost::json::object json;
  json["id"] = json_of(at);
  json["folder"] = utf8(folder);
  json["head"] = json_of(report.head.at);
  json["chain"] = to_hex(report.head.chain);
  json["bytes"] = json_of(report.bytes);
  co_return json_reply(json);
}

}  // namespace dualwrite::engine
