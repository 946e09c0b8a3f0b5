// Who may talk to the server.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/config/server_config.h"
#include "events/result.h"

namespace dualwrite::engine {

// The local admin's token: `folder`/admin.token, readable by its owner only, made at the first
// start.
// Errors: `folder_refused`.
[[nodiscard]] result<std::string> local_token(std::filesystem::path const& folder);

// Whether an Authorization header carries the token. Takes the same time for every wrong token of
// the same length.
[[nodiscard]] bool carries_token(std::string_view authorization, std::string_view token);

// A server that listens on this machine only answers to this machine's names: a page of another
// site, whose name was pointed here, is refused.
[[nodiscard]] bool answers_for(std::string_view host, listen_address const& listen);
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace dualwrite::engine
