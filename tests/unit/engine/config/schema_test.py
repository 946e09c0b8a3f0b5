#!/usr/bin/env python3
"""Holds the JSON Schema of configuration files against the loader: schema_test.py PROBE FOLDER."""
import json
import pathlib
import subprocess
import sys

import jsonschema

# What the loader finds out by itself, since a schema cannot say it.
BEYOND_A_SCHEMA = {
    "alerts", "anchors", "app_in_two_links", "columns", "duplicate_key", "expressions", "key_twice", "links",
    "listen_port", "names", "nul", "renames", "secrets", "soft_delete", "value_maps",
}


def ask(probe, *words):
    return subprocess.run([probe, *words], capture_output=True, text=True, check=False)


def schema_keys(schema, path=""):
    """The path of every key that the schema knows."""
    found = set()
    for key, one in schema.get("properties", {}).items():
        found.add(f"{path}.{key}")
        found |= schema_keys(one, f"{path}.{key}")
    for one in schema.get("oneOf", []):
        found |= schema_keys(one, path)
    if isinstance(schema.get("items"), dict):
        found |= schema_keys(schema["items"], path + "[]")
    if isinstance(schema.get("additionalProperties"), dict):
        found |= schema_keys(schema["additionalProperties"], path + ".*")
    return found


# Names that the file's author gives: apps, web hooks, and the values of a value map.
def is_free(path):
    return path in (".apps", ".webhooks") or path.endswith(".value_map")


def file_keys(value, path=""):
    found = set()
    if isinstance(value, dict):
        for key, one in value.items():
            inner = f"{path}.*" if is_free(path) else f"{path}.{key}"
            if not is_free(path):
                found.add(inner)
            found |= file_keys(one, inner)
    if isinstance(value, list):
        for one in value:
            found |= file_keys(one, path + "[]")
    return found


def with_extra_key(value, path=""):
    """The value once for each object in it, that object with a key that nobody knows."""
    if isinstance(value, dict):
        if not is_free(path):
            yield {**value, "nobody_knows": 1}
        for key, one in value.items():
            inner = f"{path}.*" if is_free(path) else f"{path}.{key}"
            for changed in with_extra_key(one, inner):
                yield {**value, key: changed}
    if isinstance(value, list):
        for at, one in enumerate(value):
            for changed in with_extra_key(one, path + "[]"):
                yield [*value[:at], changed, *value[at + 1:]]


def main(probe, folder):
    faults = []
    schema = json.loads(ask(probe, "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    agreed = 0
    for path in sorted(pathlib.Path(folder).glob("*.yaml")):
        loads = ask(probe, "check", str(path)).returncode == 0
        told = ask(probe, "json", str(path))
        if told.returncode != 0:
            continue
        fits = validator.is_valid(json.loads(told.stdout))
        if loads and not fits:
            faults.append(f"{path.name}: the loader takes it, the schema does not")
        if fits and not loads and path.stem not in BEYOND_A_SCHEMA:
            faults.append(f"{path.name}: the schema takes it, the loader does not")
        agreed += fits == loads

    whole = json.loads(ask(probe, "json", str(pathlib.Path(folder) / "good_every_key.yaml")).stdout)
    in_schema, in_file = schema_keys(schema), file_keys(whole)
    faults += [f"{key}: in the schema, not in good_every_key.yaml" for key in sorted(in_schema - in_file)]
    faults += [f"{key}: in good_every_key.yaml, not in the schema" for key in sorted(in_file - in_schema)]

    changed = list(with_extra_key(whole))
    scratch = pathlib.Path("schema_test_scratch.yaml")
    for one in changed:
        if validator.is_valid(one):
            faults.append("the schema takes an unknown key")
        scratch.write_text(json.dumps(one, ensure_ascii=False))
        if "[unknown_key]" not in ask(probe, "check", str(scratch)).stdout:
            faults.append("the loader takes an unknown key: " + json.dumps(one))
    scratch.unlink(missing_ok=True)

    print(f"{agreed} files judged alike, {len(in_schema)} keys, {len(changed)} unknown keys refused")
    print("\n".join(faults))
    return 1 if faults or agreed < 20 or len(changed) < 20 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
