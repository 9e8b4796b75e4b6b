//! The files of a release, made from one table: `REPOINT_RELEASE=write tests/run packaging` makes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use repoint::version::VERSION;
use serde::Deserialize;

const NEVER_RUN: &str = "Never run: written for a public host, and nobody has tried it there.";
const MADE: &str = "Made from assets/packaging/targets.toml by `REPOINT_RELEASE=write tests/run packaging`.";
/// Where the archives of a release lie; whoever hosts the project puts in its address.
const BASE: &str = "https://example.com/repoint/releases/download";

#[derive(Deserialize)]
struct Table {
    target: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    triple: String,
    runner: String,
    npm: Option<String>,
    homebrew: Option<String>,
    winget: Option<String>,
    tried: bool,
}

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/packaging")
}

fn table() -> Vec<Target> {
    let text = fs::read_to_string(packaging().join("targets.toml")).unwrap();
    toml::from_str::<Table>(&text).unwrap().target
}

fn archive(target: &Target) -> String {
    let end = if target.winget.is_some() { "zip" } else { "tar.gz" };
    format!("repoint-{VERSION}-{}.{end}", target.triple)
}

fn workflow(targets: &[Target]) -> String {
    let mut rows = String::new();
    for target in targets {
        let Target { triple, runner, .. } = target;
        writeln!(rows, "          - {{ triple: {triple}, runner: {runner}, archive: {} }}", archive(target)).unwrap();
    }
    format!(
        "# {NEVER_RUN}\n# {MADE}\n# Copy it to .github/workflows/release.yml.\nname: release\non:\n  push:\n    tags: \
         ['v*']\npermissions:\n  contents: write\njobs:\n  build:\n    strategy:\n      matrix:\n        include:\n{rows}\
         \x20   runs-on: ${{{{ matrix.runner }}}}\n    steps:\n      - uses: actions/checkout@v4\n      - run: rustup \
         target add ${{{{ matrix.triple }}}}\n      - if: endsWith(matrix.triple, 'musl')\n        run: sudo apt-get \
         install --yes musl-tools\n      - run: cargo build --release --locked --target ${{{{ matrix.triple \
         }}}}\n      - if: matrix.triple == 'x86_64-unknown-linux-gnu'\n        run: |\n          sudo apt-get install \
         --yes umoci minisign\n          REPOINT_BINARY=target/${{{{ matrix.triple }}}}/release/repoint \
         assets/packaging/pack\n          sudo assets/packaging/try\n      - shell: bash\n        run: \
         assets/packaging/archive ${{{{ matrix.triple }}}} ${{{{ matrix.archive }}}}\n      - uses: \
         actions/upload-artifact@v4\n        with:\n          name: ${{{{ matrix.triple }}}}\n          path: |\n            \
         ${{{{ matrix.archive }}}}\n            target/packages/*\n"
    )
}

fn homebrew(targets: &[Target]) -> String {
    let mut cases = String::new();
    for (target, cpu) in targets.iter().filter_map(|target| Some((target, target.homebrew.as_ref()?))) {
        write!(
            cases,
            "  on_{cpu} do\n    url \"{BASE}/v{VERSION}/{}\"\n    sha256 \"REPLACED BY THE RELEASE\"\n  end\n",
            archive(target)
        )
        .unwrap();
    }
    format!(
        "# {NEVER_RUN}\n# {MADE}\nclass Repoint < Formula\n  desc \"Dashboard and gateway for language-model \
         endpoints\"\n  version \"{VERSION}\"\n  license \"Apache-2.0\"\n{cases}\n  def install\n    bin.install \
         \"repoint\"\n    generate_completions_from_executable(bin/\"repoint\", \"completions\")\n  end\n\n  test do\n    \
         assert_match version.to_s, shell_output(\"#{{bin}}/repoint --version\")\n  end\nend\n"
    )
}

fn winget(targets: &[Target]) -> String {
    let mut installers = String::new();
    for (target, cpu) in targets.iter().filter_map(|target| Some((target, target.winget.as_ref()?))) {
        write!(
            installers,
            "  - Architecture: {cpu}\n    InstallerUrl: {BASE}/v{VERSION}/{}\n    InstallerSha256: REPLACED BY THE \
             RELEASE\n",
            archive(target)
        )
        .unwrap();
    }
    format!(
        "# {NEVER_RUN}\n# {MADE}\nPackageIdentifier: Repoint.Repoint\nPackageVersion: {VERSION}\nInstallerType: \
         zip\nNestedInstallerType: portable\nNestedInstallerFiles:\n  - RelativeFilePath: repoint.exe\n    \
         PortableCommandAlias: repoint\nInstallers:\n{installers}ManifestType: installer\nManifestVersion: 1.6.0\n"
    )
}

fn nix(targets: &[Target]) -> String {
    let systems = targets.iter().filter(|target| target.triple.ends_with("-gnu") || target.homebrew.is_some());
    let systems: Vec<String> = systems
        .filter_map(|target| {
            let (cpu, rest) = target.triple.split_once('-')?;
            Some(format!("\"{cpu}-{}\"", if rest.ends_with("darwin") { "darwin" } else { "linux" }))
        })
        .collect();
    format!(
        "# {NEVER_RUN}\n# {MADE}\n{{\n  inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-unstable\";\n  outputs = {{ \
         self, nixpkgs }}: let\n    systems = [ {} ];\n    each = nixpkgs.lib.genAttrs systems;\n  in {{\n    packages = \
         each (system: {{\n      default = nixpkgs.legacyPackages.${{system}}.rustPlatform.buildRustPackage {{\n        \
         pname = \"repoint\";\n        version = \"{VERSION}\";\n        src = self;\n        cargoLock.lockFile = \
         ./Cargo.lock;\n        doCheck = false;\n        REPOINT_COMMIT = self.shortRev or \"\";\n      }};\n    \
         }});\n  }};\n}}\n",
        systems.join(" ")
    )
}

#[test]
fn the_files_of_a_release_are_made_from_the_table() {
    let targets = table();
    let files = [
        ("release.yml", workflow(&targets)),
        ("repoint.rb", homebrew(&targets)),
        ("winget.yaml", winget(&targets)),
        ("flake.nix", nix(&targets)),
    ];
    for (name, text) in files {
        let path = packaging().join("release").join(name);
        if repoint::config::variable("REPOINT_RELEASE").is_some_and(|value| value == "write") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "{name} is not what the table says: REPOINT_RELEASE=write tests/run packaging");
    }
}

#[test]
fn the_main_npm_package_asks_for_the_platforms_of_the_table() {
    let text = fs::read_to_string(packaging().join("npm/package.json")).unwrap();
    let package: serde_json::Value = serde_json::from_str(&text).unwrap();
    let asked: Vec<&String> = package["optionalDependencies"].as_object().unwrap().keys().collect();
    let mut known: Vec<String> = table().into_iter().filter_map(|target| target.npm).collect();
    known.sort();
    let mut asked: Vec<String> = asked.into_iter().cloned().collect();
    asked.sort();
    assert_eq!(asked, known);
}

#[test]
fn only_what_was_tried_is_called_tried() {
    let tried: Vec<String> = table().into_iter().filter(|target| target.tried).map(|target| target.triple).collect();
    assert_eq!(tried, ["x86_64-unknown-linux-gnu"], "assets/packaging/try ran only there");
}
