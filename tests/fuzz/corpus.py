#!/usr/bin/env python3
"""Turns a corpus, one input a line in hexadecimal, into the folder of files that libFuzzer works on, and back.

  corpus.py unpack CORPUS FOLDER      corpus.py pack CORPUS FOLDER
"""

import hashlib
import pathlib
import sys


def unpack(corpus, folder):
    for line in corpus.read_text().split() if corpus.exists() else []:
        content = bytes.fromhex(line)
        (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)


def pack(corpus, folder):
    lines = sorted(file.read_bytes().hex() for file in folder.iterdir())
    corpus.write_text("".join(line + "\n" for line in lines if line))
    print(f"{corpus.stem}: {len(lines)} inputs kept", file=sys.stderr)


if __name__ == "__main__":
    action, corpus, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    {"unpack": unpack, "pack": pack}[action](corpus, folder)
