"""The check itself: each of its rules finds what it is there for, and nothing in what is right."""
import unittest

import tidy


def findings(path, text):
    return [what for _, what in tidy.check_file(path, text)]


class Tidy(unittest.TestCase):
    def test_what_is_right_is_left_alone(self):
        text = '#include "events/ids.h"\n\nint twice(int what) {\n  return what * 2;\n}\n'
        self.assertEqual([], findings("projections/parked.cc", text))

    def test_a_folder_includes_only_what_is_below_it(self):
        self.assertEqual(1, len(findings("events/ids.h", '#include "projections/views.h"\n')))
        self.assertEqual(1, len(findings("projections/parked.cc", '#include "events/store/event_log.h"\n')))
        self.assertEqual(1, len(findings("engine/flow/a.cc", '#include "engine/connectors/sqlite/a.h"\n')))
        self.assertEqual(1, len(findings("engine/connectors/sqlite/a.cc", '#include "engine/flow/engine.h"\n')))
        self.assertEqual([], findings("engine/cli/serve.cc", '#include "engine/connectors/sqlite/a.h"\n'))

    def test_libraries_stay_in_their_folders_and_out_of_headers(self):
        self.assertEqual(1, len(findings("engine/flow/a.cc", "#include <rocksdb/db.h>\n")))
        self.assertEqual([], findings("events/store/a.cc", "#include <rocksdb/db.h>\n"))
        self.assertEqual(1, len(findings("events/store/a.h", "#include <rocksdb/db.h>\n")))

    def test_lines_functions_and_files_are_short(self):
        self.assertEqual(1, len(findings("events/a.cc", "// " + "x" * 100 + "\n")))
        body = "void long_one() {\n" + "  step();\n" * 71 + "}\n"
        self.assertEqual(1, len(findings("events/a.cc", body)))
        self.assertEqual([], findings("events/a.cc", "void short_one() {\n" + "  step();\n" * 60 + "}\n"))
        self.assertEqual(1, len(findings("events/a.h", "// x\n" * 251)))

    def test_names_say_something(self):
        self.assertEqual(1, len(findings("events/text_util.cc", "")))
        self.assertEqual(1, len(findings("events/a.cc", "struct row_info {\n")))
        self.assertEqual([], findings("events/database.cc", "class database {\n"))

    def test_arguments_are_named_before_the_await(self):
        for line in ("co_await f({1, 2});", "co_await f(a, [&] { g(); });", "auto x = y ? co_await f() : co_await g();"):
            self.assertEqual(1, len(findings("engine/flow/a.cc", "  " + line + "\n")), line)
        self.assertEqual([], findings("engine/flow/a.cc", "  co_await f(std::move(what), of);\n"))

    def test_banned_words_name_what_to_do_instead(self):
        self.assertEqual(1, len(findings("engine/flow/a.cc", "  co_spawn(io, run, asio::detached);\n")))
        self.assertEqual([], findings("tests/unit/a.cc", "  co_spawn(io, run, asio::detached);\n"))

    def test_a_page_has_one_title(self):
        self.assertEqual([], list(tidy.check_markdown("# a\n```\n# b\n```\n## c\n")))
        self.assertEqual(1, len(list(tidy.check_markdown("# a\n# b\n"))))


if __name__ == "__main__":
    unittest.main()
