//! Tells the program which commit it was built from: `REPOINT_COMMIT` at compile time, such as `f6f50f7 2026-11-28`.
//!
//! The date is the commit's, so the same source gives the same binary. It comes from the variable of that name, from
//! `assets/packaging/COMMIT` where `git archive` wrote it (a tarball has no `.git`), or from git. Debug builds don't
//! ask: every commit would compile the whole program again.
#![allow(clippy::disallowed_methods, reason = "cargo speaks to a build script through the environment")]

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=REPOINT_COMMIT");
    println!("cargo:rerun-if-changed=assets/packaging/COMMIT");
    let commit = std::env::var("REPOINT_COMMIT").ok().filter(|text| !text.is_empty());
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let found = commit.or_else(archived).or_else(|| is_release.then(from_git).flatten());
    println!("cargo:rustc-env=REPOINT_COMMIT={}", found.unwrap_or_default());
}

/// What `git archive` put in place of its marks.
fn archived() -> Option<String> {
    let text = std::fs::read_to_string("assets/packaging/COMMIT").ok()?;
    let text = text.trim();
    (!text.starts_with('$')).then(|| text.to_owned())
}

fn from_git() -> Option<String> {
    let log = git(&["log", "-1", "--format=%h %cs", "--abbrev=9"])?;
    for path in ["HEAD", "logs/HEAD"] {
        println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--git-path", path])?);
    }
    Some(log)
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
