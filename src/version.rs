//! Which build this is.

use std::sync::LazyLock;

/// The version, as `Cargo.toml` has it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that the program was built from and its date, such as `f6f50f7ab 2026-11-28`; empty where the build did
/// not know (debug builds). `assets/packaging/build.rs` finds it.
pub const COMMIT: &str = env!("REPOINT_COMMIT");

/// Version and commit, such as `0.1.0 (f6f50f7ab 2026-11-28)`.
#[must_use]
pub fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| text(COMMIT, cfg!(debug_assertions)));
    &LONG
}

fn text(commit: &str, is_debug: bool) -> String {
    match (commit, is_debug) {
        ("", true) => format!("{VERSION} (debug build)"),
        ("", false) => VERSION.to_owned(),
        (commit, _) => format!("{VERSION} ({commit})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_told_where_it_is_known() {
        assert_eq!(text("f6f50f7ab 2026-11-28", false), format!("{VERSION} (f6f50f7ab 2026-11-28)"));
        assert_eq!(text("f6f50f7ab 2026-11-28", true), format!("{VERSION} (f6f50f7ab 2026-11-28)"));
        assert_eq!(text("", false), VERSION);
        assert_eq!(text("", true), format!("{VERSION} (debug build)"));
    }
}
