#!/usr/bin/env python3
"""Checks a proof that `dualwrite event prove` wrote. Shares no code with dualwrite and needs nothing but Python.

  check_proof.py PROOF [--head FILE] [--key HEX] [--event FILE]

PROOF is the file to check. --head: a signed head that you kept; the proof has to lead to just that one. --key: the
public key that the head has to be signed by. --event: where to put the event's own bytes, a FlatBuffers table `Event`.
Exit 0 and a line where the proof holds; exit 1 and the reason where it does not. docs/log-format.md has the formats.
"""
import argparse
import hashlib
import json
import struct
import sys

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


class Refused(Exception):
    pass


def need(holds, why):
    if not holds:
        raise Refused(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def add(a, b):  # points of the curve as (X, Y, Z, T), x = X/Z, y = Y/Z, xy = T/Z
    e, f = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    g, h = 2 * D * a[3] * b[3], 2 * a[2] * b[2]
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor, point):
    result = (0, 1, 1, 0)
    for bit in bin(factor)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y % 2**255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - square) % P == 0 and (x or not sign), "no point of the curve")
    x = P - x if x % 2 != sign else x
    return x, y, 1, x * y % P


def check_signature(key, text, signature):  # Ed25519, RFC 8032
    s = int.from_bytes(signature[32:], "little")
    need(len(key) == 32 and len(signature) == 64 and s < ORDER, "the signature has a wrong form")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % ORDER
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    left, right = times(s, base), add(point(signature[:32]), times(k, point(key)))
    same = all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))
    need(same, "the head's signature does not hold")


def lz4(stored, length):  # the LZ4 block format
    out, at = bytearray(), 0

    def count(nibble):
        nonlocal at
        more = nibble == 15
        while more:
            nibble, more, at = nibble + stored[at], stored[at] == 255, at + 1
        return nibble
    while at < len(stored):
        token, at = stored[at], at + 1
        literals = count(token >> 4)
        out += stored[at:at + literals]
        at += literals
        if at >= len(stored):
            break
        back, at = struct.unpack_from("<H", stored, at)[0], at + 2
        need(0 < back <= len(out), "the chunk does not decompress")
        for _ in range(count(token & 15) + 4):
            out.append(out[-back])
    need(len(out) == length, "the chunk does not decompress")
    return bytes(out)


def root_along(leaf, index, width, path):
    path = list(path)
    while width > 1:
        if index ^ 1 < width:
            need(path, "the path is too short")
            other = path.pop(0)
            leaf = sha256(b"\1", other, leaf) if index % 2 else sha256(b"\1", leaf, other)
        index, width = index // 2, (width + 1) // 2
    need(not path, "the path is too long")
    return leaf


def find_event(frames, first, wanted):
    at = 0
    while at < len(frames):
        length, span = struct.unpack_from("<II", frames, at)
        if first <= wanted < first + span:
            return frames[at + 24:at + 24 + length]
        first, at = first + span, at + 24 + (length + 7) // 8 * 8
    raise Refused("the chunk does not hold the event")


def check(proof):
    head, wanted = proof["head"], int(proof["sequence"])
    need((proof["format"], head["format"]) == ("dualwrite-proof-1", "dualwrite-head-1"), "its format is another one")
    block, row, stored = (bytes.fromhex(proof[name]) for name in ("block", "table_row", "stored"))
    need(len(block) == 152 and block[:10] == b"dwblock\n\1\0" and len(row) == 40, "no block of format 1")
    chunks, log, index = *struct.unpack_from("<IQ", block, 12), int(proof["chunk"])
    first, _, last, frames, length, _, codec = struct.unpack_from("<QQQIIIB", row)
    need(index < chunks and length == len(stored) and first <= wanted <= last, "the chunk is not the event's")
    root = root_along(sha256(b"\0", row, stored), index, chunks, map(bytes.fromhex, proof["path"]))
    chain = sha256(b"\2", block[56:88], root, block[:56])
    need(root == block[88:120] and chain == block[120:], "the chunk does not lead to its block")
    end, when = struct.unpack_from("<Qq", block, 32)
    for link in map(bytes.fromhex, proof["links"]):
        before = end
        log, begin, end, when = struct.unpack_from("<QQQq", link, 16)
        need(len(link) == 88 and begin == before + 1, "the blocks do not follow each other")
        chain = sha256(b"\2", chain, link[56:], link[:56])
    given = [head[name] for name in ("log", "sequence", "recorded_at_us", "chain")]
    need(given == [str(log), str(end), str(when), chain.hex()], "the proof does not lead to its head")
    text = "dualwrite-head-1\nlog {}\nsequence {}\nrecorded-at {}\nchain {}\n".format(*given)
    check_signature(bytes.fromhex(head["key"]), text.encode(), bytes.fromhex(head["signature"]))
    return find_event(lz4(stored, frames) if codec == 1 else stored, first, wanted)


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    for name in ("proof", "--head", "--key", "--event"):
        options.add_argument(name)
    options = options.parse_args()
    try:
        proof = json.load(open(options.proof, encoding="utf-8"))
        event = check(proof)
        head = proof["head"]
        if options.head:
            need(json.load(open(options.head, encoding="utf-8")) == head, "the proof leads to another head")
        need(options.key in (None, head["key"]), "the head is signed by another key")
    except (Refused, ArithmeticError, LookupError, TypeError, ValueError, struct.error) as why:
        sys.exit(f"The proof does not hold: {why}.")
    if options.event:
        open(options.event, "wb").write(event)
    print(f"Event {proof['sequence']} is under the head at {head['sequence']} of log {head['log']}, "
          f"signed by {head['key']}.")


if __name__ == "__main__":
    main()
