// Two small applications for the demonstration, each one SQLite file with names and rules of its
// own: an ERP with countries, subdivisions and currencies as iso-codes lists them, and with made-up
// customers and orders; a CRM that has only a hundred leads.
#pragma once

#include <filesystem>

#include "events/result.h"

namespace dualwrite::engine::demo {

// Makes erp.db, crm.db and dualwrite.yaml. Nothing is done where the folder holds them already.
// Errors: `folder_refused`: it cannot be made, holds something else, or iso-codes is missing.
[[nodiscard]] result<void> make_apps(std::filesystem::path const& folder);

}  // namespace dualwrite::engine::demo
