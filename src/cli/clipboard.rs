//! Which way leads to the clipboard of the person who sits there.

use crate::config::variable;
use crate::tui::Clipboard;

/// The ways that the environment tells of.
#[must_use]
pub fn of_environment() -> Clipboard {
    of(|name| variable(name).is_some())
}

fn of(is_set: impl Fn(&str) -> bool) -> Clipboard {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    if is_set("TMUX") {
        // tmux may keep the terminal's sequence for itself; asked by its own command, it hands the text on.
        return Clipboard { programs: vec![words("tmux load-buffer -w -")], asks_terminal: true };
    }
    // The programs of another machine have no way back to this one's clipboard.
    if is_set("SSH_TTY") || is_set("SSH_CONNECTION") {
        return Clipboard::default();
    }
    let mut programs = Vec::new();
    if cfg!(target_os = "macos") {
        programs.push(words("pbcopy"));
    }
    if cfg!(windows) || is_set("WSL_DISTRO_NAME") {
        programs.push(words("clip.exe"));
    }
    if is_set("WAYLAND_DISPLAY") {
        programs.push(words("wl-copy"));
    }
    if is_set("DISPLAY") {
        programs.extend([words("xclip -selection clipboard"), words("xsel --clipboard --input")]);
    }
    Clipboard { programs, asks_terminal: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(set: &[&str]) -> Vec<String> {
        let first = |program: Vec<String>| program.into_iter().next().unwrap_or_default();
        of(|name| set.contains(&name)).programs.into_iter().map(first).collect()
    }

    #[test]
    fn the_way_is_that_of_the_person_who_sits_there() {
        assert_eq!(programs(&["TMUX", "SSH_TTY", "DISPLAY"]), ["tmux"]);
        assert!(of(|name| name == "TMUX").uses_terminal());
        assert!(of(|name| matches!(name, "SSH_TTY" | "DISPLAY")).programs.is_empty());
        if cfg!(target_os = "linux") {
            assert_eq!(programs(&["WAYLAND_DISPLAY", "DISPLAY"]), ["wl-copy", "xclip", "xsel"]);
            assert_eq!(programs(&["WSL_DISTRO_NAME"]), ["clip.exe"]);
            assert!(of(|_| false).uses_terminal());
        }
    }
}
