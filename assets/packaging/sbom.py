"""Prints a CycloneDX 1.5 list of the crates that the program is built from, read from `cargo metadata`.

Only what the program links for this machine is listed: no tests, no benchmarks, no build scripts. The list has no time
and no random number, so the same Cargo.lock gives the same bytes.
"""

import json
import subprocess

HOST = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
HOST = next(line.removeprefix("host: ") for line in HOST.splitlines() if line.startswith("host: "))


def checksums():
    """The SHA-256 of each crate, as Cargo.lock has it."""
    import tomllib

    with open("Cargo.lock", "rb") as file:
        packages = tomllib.load(file)["package"]
    return {(each["name"], each["version"]): each.get("checksum") for each in packages}


def main():
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", HOST]
    metadata = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    packages = {each["id"]: each for each in metadata["packages"]}
    nodes = {each["id"]: each for each in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]

    def linked(node):
        return sorted(
            dependency["pkg"]
            for dependency in nodes[node]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        )

    found, todo = {root}, [root]
    while todo:
        for dependency in linked(todo.pop()):
            if dependency not in found:
                found.add(dependency)
                todo.append(dependency)

    sums = checksums()

    def reference(node):
        return f"pkg:cargo/{packages[node]['name']}@{packages[node]['version']}"

    def component(node):
        package = packages[node]
        entry = {
            "type": "application" if node == root else "library",
            "bom-ref": reference(node),
            "name": package["name"],
            "version": package["version"],
            "purl": reference(node),
        }
        if package["description"]:
            entry["description"] = " ".join(package["description"].split())
        if package["license"]:
            entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        checksum = sums.get((package["name"], package["version"]))
        if checksum:
            entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return entry

    listed = sorted(found - {root}, key=reference)
    print(json.dumps({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(root)},
        "components": [component(node) for node in listed],
        "dependencies": [
            {"ref": reference(node), "dependsOn": [reference(each) for each in linked(node) if each in found]}
            for node in [root, *listed]
        ],
    }, indent=1, ensure_ascii=False))


main()
