#!/usr/bin/env python3
"""Checks what a compiler does not: which folder includes which, names, banned words, and how long things are.

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
    "engine/connectors/postgresql": ["events", "engine/mapping", "engine/ports"],
    "engine/connectors/sqlite": ["events", "engine/mapping", "engine/ports"],
    "engine/flow": ["events", "events/store", "projections", "replay", "engine/mapping", "engine/ports", "engine/decide"],
    "engine/delivery": ["events", "events/store", "projections", "engine/decide", "engine/ports", "engine/flow"],
    "engine/config": ["events", "projections", *(f"engine/{one}" for one in (
        "mapping", "decide", "ports", "flow", "runtime"))],
    "engine/runtime": ["events", "events/store", "engine/ports"],
    "engine/api": ["events", "events/store", "projections", "replay", *(f"engine/{one}" for one in (
        "mapping", "ports", "decide", "flow", "runtime", "config"))],
    "engine/cli": ["*"],
    "engine": ["*"],
    "tests": ["*"],
    "bench": ["*"],
}
# Libraries that stay out of everything but these folders.
KEPT_IN = {
    "rocksdb/": ["events/store", "tests", "bench"],
    "sqlite3.h": ["engine/mapping", "engine/connectors/sqlite", "tests", "bench"],
    "libpq-fe.h": ["engine/connectors/postgresql", "tests", "bench"],
    "curl/": ["engine/delivery"],
    "date/": ["engine/runtime"],
}
NOT_IN_HEADERS = ["rocksdb/", "flatbuffers/", "boost/beast", "sqlite3.h", "libfyaml.h"]

# Headers of one implementation, which no other folder includes.
PRIVATE_HEADERS = {"engine/api/http_session.h", "engine/mapping/sql_sandbox.h"}

# Words that say nothing, in the names of files and types.
EMPTY_WORDS = {"manager", "helper", "util", "utils", "common", "misc", "data", "info", "process", "handle", "impl"}
# What is not written, and what instead. Tests and bench are left alone.
BANNED = [
    (re.compile(r"\basio::detached\b"), "asio::detached: give the coroutine a nursery"),
    (re.compile(r"\bco_await\b.*?(\(\{|, \{|[(,] ?\[[&=a-z\]])"), "an aggregate or lambda beside co_await: name it first, then await"),
    (re.compile(r"\?[^:]*\bco_await\b[^:]*:[^:]*\bco_await\b"), "co_await in both arms of ?:, name them first"),
    (re.compile(r"\b(std::rand|srand|std::time)\b"), "take a clock or a seed from the ports"),
    (re.compile(r"\b(TO" r"DO|FIX" r"ME)\b"), "do it, or file it"),
]

LINE_MAX = 100
FUNCTION_MAX = 70
FILE_MAX = {".h": 250, ".cc": 400}


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
    if len(lines) > limit:
        yield 1, f"the file has {len(lines)} lines; at most {limit}"


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


def check_names(path, lines):
    for word in pathlib.Path(path).stem.split("_"):
        if word in EMPTY_WORDS:
            yield 1, f"the file's name says '{word}': name what it holds"
    for number, line in enumerate(lines, 1):
        named = re.match(r"\s*(?:class|struct|enum class) (\w+)", line)
        for word in named.group(1).split("_") if named else []:
            if word in EMPTY_WORDS:
                yield number, f"the type's name says '{word}': name what it is"


def check_banned(path, lines):
    if path.startswith(("tests/", "bench/")):
        return
    for number, line in enumerate(lines, 1):
        for pattern, what in BANNED:
            if pattern.search(line):
                yield number, what


def check_file(path, text):
    lines = text.splitlines()
    yield from check_names(path, lines)
    yield from check_banned(path, lines)
    yield from check_includes(path, lines)
    yield from check_length(path, lines)
    yield from check_functions(lines)


def check_markdown(text):
    """One title, and no other heading of its rank outside blocks of code."""
    fenced, titles = False, 0
    for number, line in enumerate(text.splitlines(), 1):
        fenced = fenced != line.startswith("```")
        titles += line.startswith("# ") and not fenced
        if line.startswith("# ") and not fenced and titles > 1:
            yield number, "a second title: use ##"


def check_targets(root):
    """Every source is named by a CMakeLists.txt of its folder or of one above it."""
    shared = list((root / "cmake").glob("*.cmake"))
    for top in ("events", "projections", "replay", "engine", "tests", "bench"):
        for file in sorted((root / top).rglob("*.cc")):
            folders = [one for one in file.parents if one.is_relative_to(root)]
            lists = [one / "CMakeLists.txt" for one in folders if (one / "CMakeLists.txt").exists()] + shared
            named = re.compile(rf"\b{re.escape(file.stem)}\b")
            if not any(named.search(one.read_text(encoding="utf-8")) for one in lists):
                yield file.relative_to(root).as_posix(), "no target names this file"


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
    for file in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        for number, what in check_markdown(file.read_text(encoding="utf-8")):
            print(f"{file.relative_to(root)}:{number}: {what}")
            findings += 1
    for path, what in check_targets(root):
        print(f"{path}:1: {what}")
        findings += 1
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
