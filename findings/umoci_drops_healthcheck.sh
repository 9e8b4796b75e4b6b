#!/usr/bin/env bash
# umoci forgets an image's Healthcheck at the next change of anything else.
#
# The OCI image format has no health check; Docker keeps its own in config.Healthcheck, which the format allows as a
# further property. umoci has no flag for it, and where it is written into the configuration by hand, setting a label
# removes it: properties that umoci doesn't know are not carried over, and nothing is said.
#
# Guessed before: what it does not know stays. Seen with: umoci 0.4.7 (Debian 12: 0.4.7+ds-3+b7).
# Repoint: its image script writes the health check last, after every use of umoci.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get download -qq umoci=0.4.7+ds-3+b7 2> apt.log
dpkg -x umoci_*.deb root
umoci=root/usr/bin/umoci
$umoci init --layout image
$umoci new --image image:v1
cat > health.py <<'PY'
import hashlib, json, sys
def blob(digest): return f"image/blobs/sha256/{digest.removeprefix('sha256:')}"
def put(value):
    data = json.dumps(value).encode()
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    open(blob(digest), "wb").write(data)
    return {"digest": digest, "size": len(data)}
index = json.load(open("image/index.json"))
manifest = json.load(open(blob(index["manifests"][0]["digest"])))
config = json.load(open(blob(manifest["config"]["digest"])))
if sys.argv[1] == "set":
    config["config"]["Healthcheck"] = {"Test": ["CMD", "true"]}
    manifest["config"].update(put(config))
    index["manifests"][0].update(put(manifest))
    json.dump(index, open("image/index.json", "w"))
print(sys.argv[2], "Healthcheck" in config["config"], config["config"].get("Labels"))
PY
{
  python3 health.py set written
  $umoci config --image image:v1 --config.label a=b --no-history
  python3 health.py show labelled
} > seen
cat > expected <<'END'
written True None
labelled False {'a': 'b'}
END
diff -u expected seen && echo "as described"
