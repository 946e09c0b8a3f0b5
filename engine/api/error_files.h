// Errors in files, before they are purged: NDJSON, each line as an error is shown with its record.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>

#include "engine/api/api_context.h"
#include "engine/ports/error_archive.h"

namespace dualwrite::engine {

// A file is named by its map, the time and its first record. It is written under another name,
// synced, and renamed, so that a file of this name is whole.
class error_files final : public error_archive {
 public:
  // Folders that are not absolute lie in `base`.
  error_files(boost::asio::thread_pool& pool, std::filesystem::path base)
      : pool_(pool), base_(std::move(base)) {}
  // Has to be called before the engine starts.
  void tell_from(api_context const& context) { context_ = &context; }

  [[nodiscard]] async<std::string> keep(map_id map,
                                        std::string folder,
                                        std::vector<RecordNamed> records) override;

 private:
  boost::asio::thread_pool& pool_;
  std::filesystem::path base_;
  api_context const* context_ = nullptr;
};

}  // namespace dualwrite::engine
