"""Makes a Python wheel whose only content is the program: `pip install repoint` puts it on the PATH.

usage: wheel.py STAGE VERSION OUT

maturin would build the program itself; this takes the binary that every other package has. The platform tag is the
oldest manylinux that the binary's own glibc symbols allow (PEP 600). The list of libraries goes where PEP 770 wants it.
"""

import base64
import hashlib
import os
import platform
import re
import subprocess
import sys
import time
import zipfile

stage, version, out = sys.argv[1:]
SUMMARY = "See, re-point and try the endpoints of a language-model gateway from the terminal"


def platform_tag(binary):
    symbols = subprocess.run(["objdump", "-T", binary], capture_output=True, text=True).stdout
    versions = [tuple(map(int, found)) for found in re.findall(r"GLIBC_(\d+)\.(\d+)", symbols)]
    machine = platform.machine()
    if not versions:
        return f"musllinux_1_1_{machine}.manylinux2014_{machine}"
    major, minor = max(versions)
    return f"manylinux_{major}_{minor}_{machine}"


def digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def read(path):
    with open(path, "rb") as file:
        return file.read()


tag = f"py3-none-{platform_tag(f'{stage}/repoint')}"
info = f"repoint-{version}.dist-info"
files = {
    f"repoint-{version}.data/scripts/repoint": (read(f"{stage}/repoint"), 0o755),
    f"repoint-{version}.data/data/share/bash-completion/completions/repoint": (read(f"{stage}/completions/bash"), 0o644),
    f"repoint-{version}.data/data/share/zsh/site-functions/_repoint": (read(f"{stage}/completions/zsh"), 0o644),
    f"repoint-{version}.data/data/share/fish/vendor_completions.d/repoint.fish": (read(f"{stage}/completions/fish"), 0o644),
    **{f"repoint-{version}.data/data/share/man/man1/{name}": (read(f"{stage}/man/{name}"), 0o644)
       for name in sorted(os.listdir(f"{stage}/man"))},
    f"{info}/METADATA": (
        f"Metadata-Version: 2.4\nName: repoint\nVersion: {version}\nSummary: {SUMMARY}\nLicense-Expression: Apache-2.0\n"
        f"License-File: LICENSE\nRequires-Python: >=3.8\nDescription-Content-Type: text/markdown\n\n".encode()
        + read("README.md"), 0o644),
    f"{info}/WHEEL": (
        "Wheel-Version: 1.0\nGenerator: repoint\nRoot-Is-Purelib: false\n".encode()
        + "".join(f"Tag: py3-none-{each}\n" for each in tag.removeprefix("py3-none-").split(".")).encode(), 0o644),
    f"{info}/licenses/LICENSE": (read("LICENSE"), 0o644),
    f"{info}/sboms/repoint.cdx.json": (read(f"{stage}/repoint.cdx.json"), 0o644),
}
record = "".join(f"{name},{digest(data)},{len(data)}\n" for name, (data, _) in files.items())
files[f"{info}/RECORD"] = ((record + f"{info}/RECORD,,\n").encode(), 0o644)

when = time.gmtime(max(int(os.environ["SOURCE_DATE_EPOCH"]), 315532800))[:6]
with zipfile.ZipFile(f"{out}/repoint-{version}-{tag}.whl", "w", zipfile.ZIP_DEFLATED, compresslevel=int(os.environ.get("PACK_LEVEL", "9"))) as wheel:
    for name, (data, mode) in files.items():
        entry = zipfile.ZipInfo(name, when)
        entry.external_attr = (0o100000 | mode) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        wheel.writestr(entry, data)
