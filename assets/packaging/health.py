"""Writes Docker's health check into an OCI image's configuration, which has no field of its own for it.

usage: health.py LAYOUT TAG
"""

import hashlib
import json
import os
import sys

layout, tag = sys.argv[1:]
SECOND = 1_000_000_000


def path(digest):
    return f"{layout}/blobs/sha256/{digest.removeprefix('sha256:')}"


def load(name):
    with open(name) as file:
        return json.load(file)


def store(value):
    data = json.dumps(value, separators=(",", ":")).encode()
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    with open(path(digest), "wb") as file:
        file.write(data)
    return {"digest": digest, "size": len(data)}


index = load(f"{layout}/index.json")
entry = next(each for each in index["manifests"] if each["annotations"]["org.opencontainers.image.ref.name"] == tag)
manifest = load(path(entry["digest"]))
config = load(path(manifest["config"]["digest"]))
config["config"]["Healthcheck"] = {
    "Test": ["CMD", "/usr/bin/repoint", "gateway", "health"],
    "Interval": 10 * SECOND,
    "Timeout": 3 * SECOND,
    "StartPeriod": 5 * SECOND,
    "Retries": 3,
}
manifest["config"].update(store(config))
entry.update(store(manifest))
with open(f"{layout}/index.json", "w") as file:
    json.dump(index, file, separators=(",", ":"))
# What the tag no longer leads to.
kept = {entry["digest"], manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
for name in os.listdir(f"{layout}/blobs/sha256"):
    if f"sha256:{name}" not in kept:
        os.remove(f"{layout}/blobs/sha256/{name}")
