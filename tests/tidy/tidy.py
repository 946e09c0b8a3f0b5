#!/usr/bin/env python3
"""Checks what a compiler does not: which folder includes which, and how long lines, functions and files are.

  tidy.py [ROOT]      prints every finding as file:line: what; exit 1 where there is one
"""
import pathlib
import re
import sys

# A folder and what it may include beside itself; the longest name that fits counts.
FLOORS = {
    "events": [],
    "events/store": ["events"],
    "projections": ["events"],
    "replay": ["events", "events/store", "projections"],
    "engine/mapping": ["events", "projections"],
    "engine/ports": ["events", "events/store", "engine/mapping"],
    "engine/decide": ["events", "projections", "engine/mapping", "engine/ports"],
    "engine/connectors/memory": ["events", "engine/mapping", "engine/ports"],
    "engine/connectors/sqlite": ["events", "engine/mapping", "engine/ports"],
    "engine/flow": ["events", "events/store", "projections", "replay", "engine/mapping", "engine/ports", "engine/decide"],
    "engine/config": ["events", "projections", "engine/mapping", "engine/decide", "engine/ports", "engine/flow"],
    "engine/runtime": ["events", "events/store", "engine/ports"],
    "engine/api": ["events", "events/store", "projections", "replay", *(f"engine/{one}" for one in (
        "mapping", "ports", "decide", "flow", "runtime", "config"))],
    "engine/cli": ["*"],
    "engine": ["*"],
    "tests": ["*"],
    "bench": ["*"],
}
# Libraries that stay out of everything but these folders.
KEPT_IN = {"rocksdb/": ["events/store", "tests", "bench"], "sqlite3.h": ["engine/mapping", "engine/connectors/sqlite", "tests", "bench"]}
NOT_IN_HEADERS = ["rocksdb/", "flatbuffers/", "boost/beast", "sqlite3.h", "libfyaml.h"]

# Headers of one implementation, which no other folder includes.
PRIVATE_HEADERS = {"engine/api/http_session.h", "engine/mapping/sql_sandbox.h"}

LINE_MAX = 100
FUNCTION_MAX = 70
FILE_MAX = {".h": 250, ".cc": 400}
# Longer than they should be; to be split.
LONG_FILES = {
    "events/catalogue.h",
    "engine/mapping/expression_parser.cc",
    "engine/mapping/expression_types.cc",
    "engine/mapping/map_compiler.cc",
    "tests/unit/engine/connectors/sqlite_app_test.cc",
}


def folder_of(path, names):
    return max((name for name in names if path == name or path.startswith(name + "/")), key=len, default=None)


def check_includes(path, lines):
    home = folder_of(path, FLOORS)
    for number, line in enumerate(lines, 1):
        found = re.match(r'#include ([<"])([^>"]+)[>"]', line)
        if not found:
            continue
        kind, name = found.groups()
        if kind == '"':
            target = folder_of(name, FLOORS)
            if target not in (None, home) and target not in FLOORS[home] and "*" not in FLOORS[home]:
                yield number, f"{home} may not include {name}"
        for library, folders in KEPT_IN.items():
            if kind == "<" and name.startswith(library) and folder_of(path, folders) is None:
                yield number, f"<{name}> is kept in {folders[0]}"
        outside = any(name.startswith(one) for one in NOT_IN_HEADERS)
        if kind == "<" and path.endswith(".h") and outside and path not in PRIVATE_HEADERS:
            yield number, f"<{name}> stays out of headers"


def check_length(path, lines):
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            yield number, f"the line has {len(line)} columns; at most {LINE_MAX}"
    limit = FILE_MAX[pathlib.Path(path).suffix]
    if len(lines) > limit and path not in LONG_FILES:
        yield 1, f"the file has {len(lines)} lines; at most {limit}"
    if len(lines) <= limit and path in LONG_FILES:
        yield 1, "the file is short enough now: take it from the list of long ones"


def check_functions(lines):
    """A function begins at a line that ends in an opening brace and is not indented, or is indented as a member is."""
    begun = None
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        opens = line.rstrip().endswith("{") and ")" in line and indent <= 2
        if begun is None and opens and not re.match(r"\s*(if|for|while|switch|namespace|struct|class)\b", line):
            begun = (number, indent)
        elif begun is not None and line.startswith(" " * begun[1] + "}"):
            if number - begun[0] > FUNCTION_MAX:
                yield begun[0], f"the function has {number - begun[0]} lines; at most {FUNCTION_MAX}"
            begun = None


def check_file(path, text):
    lines = text.splitlines()
    yield from check_includes(path, lines)
    yield from check_length(path, lines)
    yield from check_functions(lines)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    findings = 0
    for top in ("events", "projections", "replay", "engine", "tests", "bench"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in FILE_MAX:
                continue
            path = file.relative_to(root).as_posix()
            for number, what in check_file(path, file.read_text(encoding="utf-8")):
                print(f"{path}:{number}: {what}")
                findings += 1
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
