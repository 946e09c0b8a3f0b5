// The grammar of expressions: text to tree.
//
//   or          = and { OR and }
//   and         = not { AND not }
//   not         = NOT not | comparison
//   comparison  = sum [ (= <> != < <= > >=) sum | IS [NOT] NULL | [NOT] IN ( or {, or} )
//                     | [NOT] BETWEEN sum AND sum | [NOT] LIKE sum [ESCAPE sum] ]
//   sum         = product { (+ - ||) product }
//   product     = sign { (* / %) sign }
//   sign        = (- +) sign | primary
//   primary     = number | 'text' | TRUE | FALSE | NULL | type 'text' | name | "name" | name ( [or
//   {, or}] )
//               | CAST ( or AS type [( number [, number] )] ) | CASE [or] { WHEN or THEN or } [ELSE
//               or] END | ( or )
//   type before a text: DATE TIME TIMESTAMP TIMESTAMP_TZ UUID INTERVAL; after AS: also BOOLEAN
//   INT64 FLOAT64 DECIMAL TEXT and the usual other names of these
#pragma once

#include <optional>
#include <string_view>

#include "engine/mapping/expression_syntax.h"

namespace dualwrite::engine {

struct parsed_expression {
  node_ptr tree;  // nothing where there is a fault
  std::optional<expression_fault> fault;
};

// Bounds: 16 KiB of text, 500 nodes, 60 levels; a fault beyond.
[[nodiscard]] parsed_expression parse_expression(std::string_view text);

}  // namespace dualwrite::engine
