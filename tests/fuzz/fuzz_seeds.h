// Valid inputs of the fuzz targets, the same at each call.
#pragma once

#include <string>
#include <vector>

namespace dualwrite::tests {

[[nodiscard]] std::vector<std::string> block_seeds();
[[nodiscard]] std::vector<std::string> chunk_seeds();
[[nodiscard]] std::vector<std::string> event_seeds();
[[nodiscard]] std::vector<std::string> row_seeds();
[[nodiscard]] std::vector<std::string> key_seeds();
[[nodiscard]] std::vector<std::string> schema_seeds();
[[nodiscard]] std::vector<std::string> outcome_seeds();
[[nodiscard]] std::vector<std::string> views_seeds();
[[nodiscard]] std::vector<std::string> time_seeds();
[[nodiscard]] std::vector<std::string> expression_seeds();
[[nodiscard]] std::vector<std::string> definition_seeds();

}  // namespace dualwrite::tests
