#include "engine/config/link_keys.h"

#include <array>

#include "engine/config/alert_keys.h"

namespace dualwrite::engine {
namespace {

constexpr std::array<std::string_view, 4> conflicts{
    "left_wins", "right_wins", "newest_wins", "manual"};
constexpr std::array<std::string_view, 3> deletes{"propagate", "ignore", "soft_delete"};
constexpr std::array<std::string_view, 2> units{"record", "transaction"};
constexpr std::array<std::string_view, 2> limit_effects{"keep", "detach"};
constexpr std::int64_t queue_max = std::int64_t{1} << 53;  // what JSON's readers still take whole
constexpr std::array<std::string_view, 2> sides{"left", "right"};
constexpr std::array<std::string_view, 3> ways{"left_to_right", "right_to_left", "both"};
constexpr std::array side_keys{
    key_rule{.name = "table",
             .kind = key_kind::text,
             .required = true,
             .meaning = "The table, as the app calls it.",
             .example = "public.customer"},
    key_rule{.name = "filter",
             .kind = key_kind::expression,
             .fallback = "every row",
             .meaning = "Only rows of this side for which it is true are kept in step.",
             .example = "\"active and country <> 'XX'\""},
    key_rule{.name = "soft_delete",
             .kind = key_kind::text,
             .fallback = "none",
             .meaning = "The column that is true in rows which count as deleted.",
             .example = "is_deleted"},
};
constexpr object_rule side_rule{.called = "a side of a map", .keys = side_keys};

constexpr std::array pair_keys{
    key_rule{.name = "left",
             .kind = key_kind::text,
             .required = true,
             .meaning = "A column of the left table.",
             .example = "account"},
    key_rule{.name = "right",
             .kind = key_kind::text,
             .required = true,
             .meaning = "The column of the right table that holds the same.",
             .example = "accountnumber"},
};
constexpr object_rule pair_rule{.called = "a part of the key", .keys = pair_keys};

constexpr std::array column_keys{
    key_rule{
        .name = "left",
        .kind = key_kind::text,
        .meaning =
            "The column of the left table; needed unless an expression or a default stands for it.",
        .example = "country"},
    key_rule{.name = "right",
             .kind = key_kind::text,
             .meaning = "The column of the right table; needed unless an expression or a default "
                        "stands for it.",
             .example = "country_code"},
    key_rule{.name = "direction",
             .kind = key_kind::choice,
             .fallback = "both",
             .meaning = "Which way the column is written.",
             .example = "left_to_right",
             .choices = ways},
    key_rule{.name = "value_map",
             .kind = key_kind::value_map,
             .fallback = "values stay as they are",
             .meaning = "Values of the left side with those of the right side; both ways it has to "
                        "be one to one. A list of "
                        "`[left, right]` pairs says the same where a left value stands twice.",
             .example = "{ Germany: DE, France: FR }"},
    key_rule{.name = "default",
             .kind = key_kind::literal,
             .fallback = "none",
             .meaning = "What the target gets where the source has NULL or nothing; one way only.",
             .example = "unknown"},
    key_rule{.name = "expression",
             .kind = key_kind::expression,
             .fallback = "the source column",
             .meaning = "What the target gets, from the columns of the source; one way only.",
             .example = "\"trim(note)\""},
    key_rule{.name = "conflict",
             .kind = key_kind::choice,
             .fallback = "the map's",
             .meaning = "Whose value of this column stays where both sides changed the row; for "
                        "columns that are written both ways.",
             .example = "left_wins",
             .choices = conflicts},
};
constexpr object_rule column_rule{.called = "a column pair", .keys = column_keys};

constexpr std::array error_keys{
    key_rule{.name = "keep",
             .kind = key_kind::duration,
             .fallback = "1d",
             .meaning = "How long a parked record waits for an admin before it is purged.",
             .example = "7d",
             .min = second_us,
             .max = 3650 * day_us},
    key_rule{
        .name = "unit",
        .kind = key_kind::choice,
        .fallback = "record",
        .meaning =
            "What is parked when a record fails: it alone, or its whole transaction of the source.",
        .example = "transaction",
        .choices = units},
    key_rule{.name = "export",
             .kind = key_kind::path,
             .fallback = "they are purged without",
             .meaning = "A folder: errors are written to a file in it before they are purged.",
             .example = "purged-errors"},
};
constexpr object_rule error_rule{.called = "the errors section of a map", .keys = error_keys};

constexpr std::array queue_keys{
    key_rule{.name = "records",
             .kind = key_kind::whole_number,
             .fallback = "any number",
             .meaning = "How many records may wait.",
             .example = "1000000",
             .min = 1,
             .max = queue_max},
    key_rule{.name = "bytes",
             .kind = key_kind::whole_number,
             .fallback = "any number",
             .meaning = "How large they may be together, as they were captured.",
             .example = "1073741824",
             .min = 1,
             .max = queue_max},
    key_rule{.name = "age",
             .kind = key_kind::duration,
             .fallback = "any age",
             .meaning = "How long the oldest of them may wait.",
             .example = "3d",
             .min = second_us,
             .max = 3650 * day_us},
    key_rule{.name = "on_limit",
             .kind = key_kind::choice,
             .fallback = "keep",
             .meaning = "What happens at a limit: records are kept all the same, or the map is "
                        "stopped, gives up its queue and needs an initial sync.",
             .example = "detach",
             .choices = limit_effects},
};
constexpr object_rule queue_rule{.called = "the queue section of a map", .keys = queue_keys};

constexpr std::array guard_keys{
    key_rule{.name = "rows",
             .kind = key_kind::whole_number,
             .fallback = "100, or any number where a share is named",
             .meaning = "How many rows may be deleted.",
             .example = "1000",
             .min = 1,
             .max = queue_max},
    key_rule{.name = "share",
             .kind = key_kind::whole_number,
             .fallback = "any share",
             .meaning = "How much of the table may be deleted, in percent.",
             .example = "5",
             .min = 1,
             .max = 100},
    key_rule{.name = "within",
             .kind = key_kind::duration,
             .fallback = "1m",
             .meaning = "Within how long.",
             .example = "10m",
             .min = 10 * second_us,
             .max = 3600 * second_us},
};
constexpr object_rule guard_rule{.called = "the delete_guard section of a map", .keys = guard_keys};

constexpr std::array map_keys{
    key_rule{.name = "name",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The map's name; unique in its link.",
             .example = "customers"},
    was_of("clients"),
    key_rule{.name = "left",
             .kind = key_kind::object,
             .required = true,
             .meaning = "The table of the left app.",
             .example = "{ table: public.customer, filter: \"active\" }",
             .members = &side_rule},
    key_rule{.name = "right",
             .kind = key_kind::object,
             .required = true,
             .meaning = "The table of the right app.",
             .example = "{ table: account }",
             .members = &side_rule},
    key_rule{
        .name = "key",
        .kind = key_kind::object_list,
        .required = true,
        .meaning = "The integration key: the columns by which rows of both tables are the same.",
        .example = "[ { left: account, right: accountnumber } ]",
        .members = &pair_rule},
    key_rule{.name = "columns",
             .kind = key_kind::object_list,
             .fallback = "the key alone",
             .meaning = "The columns that are kept in step.",
             .example = "[ { left: name, right: fullname } ]",
             .members = &column_rule},
    key_rule{.name = "conflict",
             .kind = key_kind::choice,
             .fallback = "newest_wins",
             .meaning = "Whose value stays where both sides changed a row without having seen each "
                        "other's change; with `manual` the row is held until somebody decides.",
             .example = "left_wins",
             .choices = conflicts},
    key_rule{.name = "deletes",
             .kind = key_kind::choice,
             .fallback = "propagate",
             .meaning = "What becomes of a row that the other side deleted.",
             .example = "soft_delete",
             .choices = deletes},
    key_rule{.name = "delete_guard",
             .kind = key_kind::object,
             .fallback = "any number of rows may be deleted",
             .meaning = "When the map is paused, before more rows of a side are deleted, to ask "
                        "somebody first.",
             .example = "{ rows: 1000, within: 10m }",
             .members = &guard_rule},
    key_rule{.name = "errors",
             .kind = key_kind::object,
             .fallback = "as its keys say",
             .meaning = "What becomes of records that the target refuses.",
             .example = "{ keep: 1d, unit: record }",
             .members = &error_rule},
    key_rule{.name = "queue",
             .kind = key_kind::object,
             .fallback = "no limits",
             .meaning = "How much may wait for the map. The log says so at 50, 80, 95 and 100 %.",
             .example = "{ records: 1000000, age: 3d }",
             .members = &queue_rule},
    key_rule{.name = "master",
             .kind = key_kind::choice,
             .fallback = "left",
             .meaning = "The side that wins where an initial sync finds both rows and they differ.",
             .example = "right",
             .choices = sides},
};
constexpr object_rule map_rule{.called = "a map", .keys = map_keys};

constexpr std::array link_keys{
    key_rule{.name = "name",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The link's name; unique.",
             .example = "erp-crm"},
    was_of("erp-sales"),
    key_rule{.name = "left",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The app of the left side, as it is called under `apps`.",
             .example = "erp"},
    key_rule{.name = "right",
             .kind = key_kind::name,
             .required = true,
             .meaning = "The app of the right side.",
             .example = "crm"},
    key_rule{.name = "maps",
             .kind = key_kind::object_list,
             .fallback = "none",
             .meaning = "The table maps of the link.",
             .example = "see below",
             .members = &map_rule},
    key_rule{.name = "alerts",
             .kind = key_kind::object_list,
             .fallback = "none",
             .meaning = "The alert rules of the link.",
             .example = "see below",
             .members = &alert_rule},
    key_rule{.name = "maintenance",
             .kind = key_kind::object_list,
             .fallback = "none",
             .meaning = "Planned times in which maps of the link rest.",
             .example = "see below",
             .members = &maintenance_rule},
};
}  // namespace

constinit object_rule const link_rule{.called = "a link", .keys = link_keys};

std::span<std::string_view const> conflict_choices() {
  return conflicts;
}
std::span<std::string_view const> delete_choices() {
  return deletes;
}
std::span<std::string_view const> unit_choices() {
  return units;
}
std::span<std::string_view const> limit_choices() {
  return limit_effects;
}
std::span<std::string_view const> side_choices() {
  return sides;
}
std::span<std::string_view const> way_choices() {
  return ways;
}

}  // namespace dualwrite::engine
