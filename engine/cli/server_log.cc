#include "engine/cli/server_log.h"

#include <fmt/format.h>

namespace dualwrite::engine {

result<opened<rocks_event_log>> open_server_log(server_config const& config,
                                                rocks_log_options const& options) {
  auto opened = rocks_event_log::open(config.data_dir, options);
  bool const is_unnamed = !opened && (opened.error().code == error_code::log_locked ||
                                      opened.error().code == error_code::log_missing);
  if (!is_unnamed) return opened;
  return error{opened.error().code, fmt::format("The folder is {}.", config.data_dir)};
}

std::string text_of(trimmed_tail const& trimmed) {
  return fmt::format("ends at {}, torn files in {}", trimmed.head.at.value, trimmed.set_aside);
}

}  // namespace dualwrite::engine
