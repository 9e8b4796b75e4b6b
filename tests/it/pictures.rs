//! The pictures of README.md, made by the program itself on its own gateway, and the same bytes each time.
//!
//! `REPOINT_PICTURES=write tests/run pictures` takes them again into `assets/pictures`; without the variable the same
//! run compares what it sees with what is there. The program's clock stands, so that no age differs.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::pty::Terminal;
use crate::support::svg;

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
/// The film's name.
const FILM: &str = "animation";
/// The address stands on every picture.
const ADDRESS: &str = "127.0.0.1:8787";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/pictures")
}

/// The picture that is kept.
fn kept(name: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{name}.svg"))).unwrap_or_default()
}

/// Writes the picture, or compares it with the one that is kept.
fn keep(name: &str, picture: &str) {
    assert!(picture.matches("<text").count() > 20, "{name} is nearly empty");
    let path = folder().join(format!("{name}.svg"));
    if should_write() {
        std::fs::create_dir_all(folder()).expect("the folder can be made");
        std::fs::write(path, picture).expect("the picture can be written");
        return;
    }
    let kept = kept(name);
    let differing = kept.lines().zip(picture.lines()).find(|(kept, taken)| kept != taken);
    assert!(
        kept == picture,
        "{} shows something else than the program. If the program is right: REPOINT_PICTURES=write tests/run pictures\n\
         {differing:#?}",
        path.display()
    );
}

#[allow(clippy::disallowed_methods, reason = "the program itself never reads this variable")]
fn should_write() -> bool {
    std::env::var_os("REPOINT_PICTURES").is_some_and(|value| value == "write")
}

/// What is filmed and photographed.
struct Session {
    terminal: Terminal,
    film: svg::Film,
}

impl Session {
    fn take(&self, name: &str, title: &str) {
        let kept = kept(name);
        self.settle();
        let picture = self.terminal.picture(|screen| svg::picture(screen, title), |it| should_write() || *it == kept);
        keep(name, &picture);
    }

    /// One more picture of the film, to be looked at so long.
    fn film(&mut self, seconds: f64) {
        let kept = svg::frame_of(&kept(FILM), self.film.len()).map(str::to_owned);
        self.settle();
        let frame = self.terminal.picture(svg::cells, |it| should_write() || Some(it.drawn()) == kept.as_deref());
        self.film.add(frame, seconds);
    }

    /// What is written anew is not yet known, so it must have come to rest.
    fn settle(&self) {
        if should_write() {
            self.terminal.rest(Duration::from_millis(700));
        }
    }

    fn until(&self, text: &str) {
        self.terminal.until(text);
    }

    fn until_gone(&self, text: &str) {
        self.terminal.until_gone(text);
    }
}

#[test]
fn the_pictures_of_the_readme_show_what_the_program_shows() {
    let home = tempfile::tempdir().expect("a folder");
    let clock = [("REPOINT_CLOCK", "2026-11-22T13:30:00Z")];
    let arguments = ["--local", "--sync-interval", "60s"];
    let terminal = Terminal::start_with(120, 30, home.path(), &arguments, &clock);
    let mut session = Session { terminal, film: svg::Film::default() };
    session.until("14 endpoints");
    let address = session.terminal.text();
    assert!(
        address.contains(ADDRESS),
        "another program has {ADDRESS}; it is on the pictures, so end that first\n{address}"
    );
    session.terminal.press("jjjj");
    session.terminal.until_that("glm-5.2 is selected", |it| it.lines().any(|line| line.contains("▌ my-org/glm-5.2 ")));
    session.until("nobody called");
    session.take("endpoints", "Repoint: the list of endpoints with the detail of my-org/glm-5.2");
    session.film(2.0);
    session.terminal.press("r");
    session.until("Re-point my-org/glm-5.2");
    session.until("deepseek-v4-flash");
    session.film(1.2);
    for typed in ["s", "st", "sta", "stag"] {
        session.terminal.press(&typed[typed.len() - 1..]);
        session.until(&format!("Target ▸ {typed}"));
        session.film(0.3);
    }
    session.take("re-point", "Repoint: choosing another target for my-org/glm-5.2");
    session.terminal.press(ENTER);
    session.until("groups,");
    session.film(2.0);
    session.terminal.press(ENTER);
    session.until("waiting for the gateway");
    session.until_gone("Re-point my-org/glm-5.2");
    session.until("nobody called");
    session.take("waiting", "Repoint: the change is written and waits for the gateway's next sync");
    session.film(2.0);
    session.terminal.press("2");
    session.until("Targets");
    session.take("board", "Repoint: the board, slugs on the left, targets on the right, wires between");
    session.terminal.press("?");
    session.until("type to find a key");
    session.take("keys", "Repoint: the keys, made from the table that handles them");
    session.terminal.press(ESCAPE);
    session.until_gone("type to find a key");
    session.terminal.press("6");
    session.until("Serves");
    session.terminal.press("n1");
    session.terminal.until_that("it is in effect", |screen| screen.contains("✓ verified"));
    session.until("nobody called");
    session.film(3.0);
    keep(FILM, &session.film.picture("Repoint: re-pointing an endpoint, from the list to the change in effect"));
    session.terminal.press("q");
    session.terminal.wait();
}
