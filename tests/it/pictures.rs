//! The pictures of README.md, made by the program itself on its own gateway.
//!
//! `REPOINT_PICTURES=write cargo test --test it pictures` writes them to `assets/pictures`; without the variable the
//! same run only checks that each screen comes up and can be drawn.

use std::path::Path;

use crate::support::pty::Terminal;
use crate::support::svg;

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";

fn take(terminal: &Terminal, name: &str, title: &str) {
    let picture = terminal.picture(|screen| svg::picture(screen, title));
    assert!(picture.contains("<title>") && picture.matches("<text").count() > 20, "{name} is nearly empty");
    if should_write() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures");
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        std::fs::write(folder.join(format!("{name}.svg")), picture).expect("the picture can be written");
    }
}

#[allow(clippy::disallowed_methods, reason = "the program itself never reads this variable")]
fn should_write() -> bool {
    std::env::var_os("REPOINT_PICTURES").is_some_and(|value| value == "write")
}

#[test]
fn the_pictures_of_the_readme_can_be_taken() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(120, 30, home.path(), &["--local", "--sync-interval", "60s"]);
    terminal.until("14 endpoints");
    terminal.press("jjjj");
    terminal.until_that("glm-5.2 is selected", |screen| screen.lines().any(|line| line.contains("▌ my-org/glm-5.2 ")));
    take(&terminal, "endpoints", "Repoint: the list of endpoints with the detail of my-org/glm-5.2");
    terminal.press("r");
    terminal.until("Re-point my-org/glm-5.2");
    terminal.until("deepseek-v4-flash");
    terminal.press("stag");
    terminal.until("▌");
    take(&terminal, "re-point", "Repoint: choosing another target for my-org/glm-5.2");
    terminal.press(ENTER);
    terminal.press(ENTER);
    terminal.until("waiting for the gateway");
    take(&terminal, "waiting", "Repoint: the change is written and waits for the gateway's next sync");
    terminal.press("2");
    terminal.until("Targets");
    take(&terminal, "board", "Repoint: the board, slugs on the left, targets on the right, wires between");
    terminal.press("?");
    terminal.until("type to find a key");
    take(&terminal, "keys", "Repoint: the keys, made from the table that handles them");
    terminal.press(ESCAPE);
    terminal.until_gone("type to find a key");
    terminal.press("q");
    terminal.wait();
}
