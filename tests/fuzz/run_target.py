#!/usr/bin/env python3
"""Runs one decoder under libFuzzer, from its valid inputs and from its corpus: one input a line, in hexadecimal.

  run_target.py PROGRAM SEEDS CORPUS SECONDS [--keep]

SEEDS is a folder. With --keep the corpus grows by what reaches code that nothing else in it reaches. Where an input
fails the exit code is not 0, and the input lies in the working directory.
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile

LIMITS = ["-max_len=4096", "-timeout=10", "-verbosity=0"]


def unpack(corpus, folder):
    for line in corpus.read_text().split() if corpus.exists() else []:
        content = bytes.fromhex(line)
        (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)


def pack(corpus, folder):
    lines = sorted(file.read_bytes().hex() for file in folder.iterdir())
    corpus.write_text("".join(line + "\n" for line in lines if line))
    print(f"{corpus.stem}: {len(lines)} inputs kept", file=sys.stderr)


def main():
    program, seeds, corpus, seconds = sys.argv[1:5]
    corpus = pathlib.Path(corpus)
    with tempfile.TemporaryDirectory() as scratch:
        found, kept = pathlib.Path(scratch) / "found", pathlib.Path(scratch) / "kept"
        found.mkdir()
        kept.mkdir()
        unpack(corpus, found)
        unpack(corpus, kept)
        run = [program, *LIMITS, f"-max_total_time={seconds}", "-print_final_stats=1", f"-artifact_prefix={corpus.stem}-"]
        subprocess.run([*run, found, seeds], check=True)
        if "--keep" in sys.argv:
            merge = [program, *LIMITS, "-merge=1", "-use_counters=0"]
            subprocess.run([*merge, kept, found], check=True, stderr=subprocess.DEVNULL)
            pack(corpus, kept)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
