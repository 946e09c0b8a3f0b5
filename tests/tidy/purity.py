#!/usr/bin/env python3
"""Finds what a pure library has no business with among the symbols that it takes from elsewhere.

  purity.py LIBRARY.a     prints each; exit 1 where there is one
"""
import re
import subprocess
import sys

IMPURE = {
    "a clock": r"(clock_gettime|gettimeofday|time|localtime_r|clock|std::chrono::\S*::now\(\))",
    "chance": r"(rand|random|rand_r|getrandom|arc4random|std::random_device::.*|RAND_bytes)",
    "a file": r"(open|open64|fopen|fopen64|fwrite|fread|unlink|rename|std::(basic_)?(o|i)?f(ile)?(stream|buf).*|std::filesystem::.*)",
    "a socket": r"(socket|connect|accept|recv|send|boost::asio::.*)",
    "the environment": r"(getenv|secure_getenv|setenv)",
    "a thread": r"(pthread_create|std::thread::.*|sleep|nanosleep|usleep)",
    "the store": r"rocksdb::.*",
}


def undefined(library):
    listing = subprocess.run(["nm", "-uC", library], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        found = re.match(r"\s+U (.*)", line)
        if found:
            yield found.group(1).split("@")[0]


def main():
    symbols = sorted(set(undefined(sys.argv[1])))
    assert symbols, "nm finds no symbol at all"
    found = [(symbol, what) for symbol in symbols for what, names in IMPURE.items() if re.fullmatch(names, symbol)]
    for symbol, what in found:
        print(f"{sys.argv[1]}: {symbol} is {what}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
