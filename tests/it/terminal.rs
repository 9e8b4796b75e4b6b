//! The real program in a real terminal, on the real gateway: what a person does, from the first key to the disk.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use crate::support::pty::{PATIENCE, Terminal, kill};

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const TAB: &str = "\t";
const DOWN: &str = "\x1b[B";

/// A person's home: everything that the program keeps is in here.
fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// `--local` with a sync so short that a test can watch it, and its endpoints on the screen.
fn local(home: &Path) -> Terminal {
    let terminal = Terminal::start(120, 36, home, &["--local", "--sync-interval", "1s"]);
    terminal.until("14 endpoints");
    terminal.until("my-org/glm-5.2");
    terminal
}

/// The gateway's management address, as the header shows it.
fn address(terminal: &Terminal) -> SocketAddr {
    let header = terminal.line_with("127.0.0.1:");
    let text = header.split_whitespace().find(|word| word.starts_with("127.0.0.1:"));
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no address in {header:?}"))
}

/// A connection to the gateway. Reading from it ends when the gateway does: an event to wait for.
fn watch(gateway: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(gateway).expect("the gateway runs");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a time limit");
    stream
}

/// Waits until the gateway behind the connection is gone, and makes sure that nobody listens there any longer.
fn assert_gone(mut stream: TcpStream, gateway: SocketAddr) {
    let mut buffer = [0; 64];
    // A reset is an end too: the process went with the connection open.
    if let Err(error) = stream.read(&mut buffer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the gateway did not end");
    }
    // A killed process loses its sockets one after the other: a connection that is still taken ends with it.
    for _ in 0..100 {
        let Ok(mut late) = TcpStream::connect(gateway) else { return };
        // One that the end overtook may never be told of it.
        late.set_read_timeout(Some(std::time::Duration::from_millis(200))).expect("a socket takes a time limit");
        let _ = late.read(&mut buffer);
    }
    panic!("something still listens at {gateway}");
}

/// The processes that a process started.
fn children(process_id: u32) -> Vec<u32> {
    let path = format!("/proc/{process_id}/task/{process_id}/children");
    let own = std::fs::read_to_string(path).expect("the program runs");
    let mut found: Vec<u32> = own.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // Threads have children of their own.
    for thread in std::fs::read_dir(format!("/proc/{process_id}/task")).expect("the program runs").flatten() {
        let text = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Filters the list down to one slug and keeps the filter.
fn find(terminal: &mut Terminal, slug: &str) {
    terminal.press("/");
    terminal.press(slug);
    terminal.until(&format!("/ {slug}"));
    terminal.press(ENTER);
    terminal.until_that("one row", |screen| screen.contains("1 of "));
}

#[test]
fn an_endpoint_is_created_re_pointed_renamed_and_deleted_and_nothing_is_left_behind() {
    let home = home();
    let mut terminal = local(home.path());
    let gateway = address(&terminal);
    let connection = watch(gateway);

    terminal.press("n");
    terminal.until("New endpoint");
    terminal.press("watched");
    terminal.press(&TAB.repeat(3));
    terminal.press("3kZ9xqd");
    terminal.until("3kZ9xqd");
    terminal.press(&ENTER.repeat(3));
    terminal.until("create my-org/watched");
    terminal.press(ENTER);
    terminal.until("15 endpoints");
    find(&mut terminal, "watched");
    terminal.until("✓ verified");

    terminal.press("r");
    terminal.until("Re-point my-org/watched");
    terminal.until("Affected");
    terminal.until("In effect");
    terminal.press("7qBv2Lm prod");
    terminal.until_that("only the one target", |screen| screen.contains("7qBv2Lm") && !screen.contains("q9Xr4Tn"));
    terminal.press(ENTER);
    terminal.press(ENTER);
    terminal.until("my-org/watched to BASETEN 7qBv2Lm");
    terminal.until_that("in effect", |screen| {
        screen
            .lines()
            .any(|line| line.contains("my-org/watched") && line.contains("7qBv2Lm") && line.contains("verified"))
    });

    terminal.press("e");
    terminal.until("Edit my-org/watched");
    terminal.press("-2");
    terminal.until("my-org/watched-2");
    terminal.press(&ENTER.repeat(5));
    terminal.until("rename my-org/watched");
    terminal.press(ENTER);
    terminal.until_that("renamed", |screen| {
        screen.lines().any(|line| line.contains("my-org/watched-2") && line.contains("verified"))
    });

    terminal.press("d");
    terminal.until("Delete my-org/watched-2");
    terminal.press(TAB);
    terminal.press(ENTER);
    terminal.until("14 endpoints");
    terminal.until("0 of 14");
    terminal.press(ESCAPE);
    // An escape and a letter in one read are Alt and that letter, so the letter waits.
    terminal.until("my-org/glm-5.2");

    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
    assert_gone(connection, gateway);
}

#[test]
fn the_selection_is_edited_in_the_persons_own_editor() {
    let home = home();
    let arguments = ["--local", "--sync-interval", "1s"];
    let editor = [("VISUAL", "sed -i s/my-org.glm-5.2-eu/my-org\\/glm-5.2-west/")];
    let mut terminal = Terminal::start_with(120, 36, home.path(), &arguments, &editor);
    terminal.until("14 endpoints");
    terminal.press("/glm-5.2");
    terminal.until("5 of 14");
    terminal.press(ENTER);
    terminal.press("*");
    terminal.until("5 marked");
    terminal.press("E");
    terminal.until("Edited: rename my-org/glm-5.2-eu to my-org/glm-5.2-west");
    terminal.press(ENTER);
    terminal.until_that("renamed", |screen| {
        screen.lines().any(|line| line.contains("my-org/glm-5.2-west") && line.contains("verified"))
    });
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn with_nothing_configured_one_key_leads_to_a_gateway_with_endpoints() {
    let home = home();
    let mut terminal = Terminal::start(80, 24, home.path(), &[]);
    terminal.until("Start a local gateway");
    terminal.press(ENTER);
    terminal.until("my-org/glm-5.2");
    let gateway = address(&terminal);
    let connection = watch(gateway);
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
    assert_gone(connection, gateway);
}

#[test]
fn what_was_written_is_there_at_the_next_start() {
    let home = home();
    let mut terminal = local(home.path());
    find(&mut terminal, "grok-5");
    terminal.press("d");
    terminal.until("Delete my-org/grok-5");
    terminal.press(TAB);
    terminal.press(ENTER);
    terminal.until("13 endpoints");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    let mut again = Terminal::start(120, 36, home.path(), &["--local", "--sync-interval", "1s"]);
    again.until("13 endpoints");
    // So is the way back.
    again.press("5");
    again.until("delete my-org/grok-5");
    again.press("u");
    again.until("Undo: delete my-org/grok-5");
    again.press(ENTER);
    again.until("14 endpoints");
    again.until_that("the undo in the history", |screen| screen.contains("undo: create my-org/grok-5"));
    again.press("1");
    again.until_that("the endpoint", |screen| screen.lines().any(|line| line.contains("my-org/grok-5")));
    again.press("q");
    assert_eq!(again.wait().exit_code(), 0);
}

/// Mints a key in the dashboard, as a person does, and takes it from the screen. The Groups tab is open afterwards.
fn minted(terminal: &mut Terminal) -> String {
    terminal.press("3");
    terminal.until("mint key");
    terminal.until("usage ");
    terminal.press("K");
    terminal.until("Mint a key");
    terminal.press("watcher");
    terminal.press(ENTER);
    terminal.until("shown this once, here");
    let line = terminal.line_with("sky_");
    let key = line.split_whitespace().find(|word| word.starts_with("sky_") && word.contains('.'));
    let key = key.unwrap_or_else(|| panic!("no key in {line:?}")).to_owned();
    terminal.press(ESCAPE);
    terminal.until_gone("shown this once, here");
    key
}

/// The gateway's inference address, as the Gateway tab shows it.
fn inference(terminal: &mut Terminal) -> String {
    terminal.press("6");
    terminal.until("Inference");
    let line = terminal.line_with("Inference");
    let address = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
    address.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned()
}

/// Calls a slug, and waits for the whole answer. Its status.
fn call(address: &str, key: &str, slug: &str) -> u16 {
    let body = format!(r#"{{"model":"{slug}","messages":[{{"role":"user","content":"hello"}}]}}"#);
    let mut stream = TcpStream::connect(address).expect("the gateway runs");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a time limit");
    let length = body.len();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nconnection: close";
    let request = format!(
        "{head}\r\nauthorization: Api-Key {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("the gateway takes it");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the gateway answers");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

#[test]
fn calls_are_seen_as_they_pass() {
    let home = home();
    let mut terminal = local(home.path());
    let key = minted(&mut terminal);
    let address = inference(&mut terminal);
    terminal.press("4");
    terminal.until("● live");
    terminal.until("No requests yet");
    assert_eq!(call(&address, &key, "my-org/glm-5.2"), 200);
    terminal.until("✓ 200");
    // To the endpoint that was called, and back.
    terminal.press("w");
    terminal.until_that("the endpoint", |screen| {
        screen.lines().any(|line| line.contains('▌') && line.contains("my-org/glm-5.2")) && screen.contains("Routes to")
    });
    terminal.press("[");
    terminal.until("✓ 200");
    terminal.until("● live");
    assert_eq!(call(&address, &key, "my-org/nobody"), 404);
    terminal.until("✗ 404");
    terminal.press("/status:4xx");
    terminal.until_gone("✓ 200");
    terminal.press(ENTER);
    terminal.press(ENTER);
    terminal.until("no such slug");
    terminal.press(ESCAPE);
    terminal.until_gone("no such slug");
    terminal.press(ESCAPE);
    terminal.until("✓ 200");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn a_fault_is_switched_on_felt_by_callers_and_switched_off() {
    let home = home();
    let mut terminal = local(home.path());
    let key = minted(&mut terminal);
    let address = inference(&mut terminal);
    terminal.until("Faults  none on");
    assert_eq!(call(&address, &key, "my-org/glm-5.2"), 200);
    // To the faults, and there to the third switch of every model.
    terminal.press("\tll ");
    terminal.until("Faults  1 on");
    terminal.until("5xx: answers are 503; every request");
    assert_eq!(call(&address, &key, "my-org/glm-5.2"), 503);
    terminal.until("has hit 1 request");
    terminal.press("0");
    terminal.until("Faults  none on");
    assert_eq!(call(&address, &key, "my-org/glm-5.2"), 200);
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn what_the_local_gateway_keeps_is_thrown_away_and_the_demo_comes_back() {
    let home = home();
    let mut terminal = local(home.path());
    terminal.press("6");
    terminal.until("14 endpoints, 7 groups");
    terminal.press("X");
    terminal.until("type reset to throw it away");
    // Tab chooses to have no endpoints after.
    terminal.press("\treset");
    terminal.until("models and secrets alone");
    terminal.press(ENTER);
    terminal.until("0 endpoints, 0 groups");
    terminal.until("● running, ends with this program");
    terminal.press("D");
    terminal.until("Bring the demo back");
    terminal.until("create my-org/glm-5.2");
    terminal.press(ENTER);
    terminal.until_gone("Bring the demo back");
    terminal.until("14 endpoints, 7 groups");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn a_wire_is_plugged_in_elsewhere_and_waits_for_its_sync() {
    let home = home();
    let mut terminal = local(home.path());
    terminal.press("2");
    terminal.until("Targets");
    terminal.until("unused");
    terminal.press("/slug:deepseek");
    terminal.until_gone("my-org/glm-5.2 ");
    terminal.press(ENTER);
    terminal.press("r");
    terminal.until("plug in here");
    terminal.press("j");
    terminal.press(ENTER);
    terminal.until("Re-point my-org/deepseek-v4");
    terminal.press(ENTER);
    terminal.until_gone("Re-point my-org/deepseek-v4");
    terminal.until("waiting for the gateway");
    terminal.press("2");
    // Its wire is dashed, with the time that is left.
    terminal.until_that("a dashed wire", |screen| {
        screen.lines().any(|line| line.contains("deepseek-v4") && line.contains(" s ") && line.contains(['╌', '╍']))
    });
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn a_killed_dashboard_leaves_no_gateway() {
    let home = home();
    let mut terminal = local(home.path());
    let gateway = address(&terminal);
    let connection = watch(gateway);
    terminal.kill_hard();
    assert_gone(connection, gateway);
}

#[test]
fn a_killed_gateway_is_shown_and_can_be_started_again() {
    let home = home();
    let mut terminal = local(home.path());
    let gateway = address(&terminal);
    let connection = watch(gateway);
    for child in children(terminal.process_id()) {
        kill("-KILL", child);
    }
    assert_gone(connection, gateway);
    terminal.until("the local gateway has ended");
    // The last data stays on the screen.
    terminal.until("my-org/glm-5.2");
    terminal.press("6");
    // Its last lines are there.
    terminal.until("INFO ready");
    terminal.until("start");
    terminal.press("s");
    terminal.until_that("it runs again", |screen| screen.matches("INFO ready").count() == 2);
    terminal.press("1");
    terminal.until_that("it is read again", |screen| screen.contains("14 endpoints") && !screen.contains("stale"));
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn a_second_dashboard_attaches_and_leaves_the_gateway_to_the_first() {
    let home = home();
    let mut first = local(home.path());
    let gateway = address(&first);
    let mut second = Terminal::start(120, 36, home.path(), &["--local"]);
    second.until("attached");
    second.until("14 endpoints");
    assert_eq!(address(&second), gateway);
    second.press("q");
    assert_eq!(second.wait().exit_code(), 0);
    drop(watch(gateway));
    first.press("q");
    assert_eq!(first.wait().exit_code(), 0);
}

#[test]
fn a_signal_ends_it_like_a_key() {
    for signal in ["-TERM", "-HUP"] {
        let home = home();
        let mut terminal = local(home.path());
        let gateway = address(&terminal);
        let connection = watch(gateway);
        terminal.signal(signal);
        terminal.wait();
        terminal.assert_restored();
        assert_gone(connection, gateway);
    }
}

#[test]
fn a_lost_terminal_ends_it() {
    let home = home();
    let status = Terminal::hang_up_at("my-org/glm-5.2", home.path(), &["--local"]);
    assert!(!status.success(), "{status:?}");
}

#[test]
fn a_slug_is_tried_and_its_answer_streams_in() {
    let home = home();
    let mut terminal = local(home.path());
    find(&mut terminal, "glm-5.2-air");
    terminal.press("t");
    terminal.until("Try my-org/glm-5.2-air");
    terminal.until("‹ a new key of");
    terminal.press(" Twice.");
    terminal.press(ENTER);
    terminal.until("in all");
    let screen = terminal.until_that("the answer", |screen| screen.contains("Twice.”") && screen.contains("simulated"));
    assert!(screen.contains("● 200  BASETEN 7qBv2Lm/production"), "{screen}");
    terminal.press("\x1bOQ");
    terminal.until("$FEDERATED_KEY");
    terminal.press(ESCAPE);
    terminal.until_gone("$FEDERATED_KEY");
    terminal.press(ESCAPE);
    terminal.until_gone("Try my-org/glm-5.2-air");
    terminal.press("5");
    terminal.until_that("the key came and went", |screen| screen.contains("mint key") && screen.contains("revoke key"));
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn pasted_text_never_acts() {
    let home = home();
    let mut terminal = local(home.path());
    terminal.paste("d\tq\r\r");
    // The next key is answered, so the paste was taken before it.
    terminal.press("?");
    terminal.until("type to find a key");
    terminal.press(ESCAPE);
    terminal.until_gone("type to find a key");
    terminal.until("14 endpoints");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn a_small_window_asks_for_room_and_a_larger_one_gets_the_screen_back() {
    let home = home();
    let mut terminal = local(home.path());
    terminal.resize(50, 10);
    terminal.until("60x16");
    terminal.resize(80, 24);
    terminal.until("my-org/glm-5.2");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn keys_are_those_of_the_configuration() {
    let home = home();
    let config = home.path().join("config.toml");
    std::fs::write(&config, "[keys]\nre-point = \"p\"\n").expect("a file");
    let config = config.to_str().expect("a path").to_owned();
    let environment = [("REPOINT_CONFIG", config.as_str())];
    let mut terminal = Terminal::start_with(120, 36, home.path(), &["--local"], &environment);
    terminal.until("p re-point");
    terminal.until("14 endpoints");
    terminal.press("p");
    terminal.until("Re-point my-org/");
    terminal.press(ESCAPE);
    terminal.until_gone("Re-point my-org/");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn the_terminal_tells_its_background_late_and_in_pieces_and_no_key_is_pressed_by_it() {
    let home = home();
    let mut terminal = local(home.path());
    terminal.press("\x1b]11;rgb:ff");
    terminal.press("ff/ffff/ff");
    terminal.press("ff\x1b\\");
    // The accent of `day`.
    terminal.until_colour(0x1f, 0x5f, 0xbf);
    terminal.until("14 endpoints");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn a_theme_of_ones_own_is_read_again_when_it_changes_and_its_mistakes_are_said() {
    let home = home();
    let theme = home.path().join("themes/mine.toml");
    std::fs::create_dir(home.path().join("themes")).expect("a folder");
    std::fs::write(&theme, "accent = \"#010203\"\n").expect("a file");
    let config = home.path().join("config.toml");
    std::fs::write(&config, "[dashboard]\ntheme = \"mine\"\n").expect("a file");
    let environment = [("REPOINT_CONFIG", config.to_str().expect("a path"))];
    let mut terminal = Terminal::start_with(120, 36, home.path(), &["--local"], &environment);
    terminal.until("14 endpoints");
    terminal.until_colour(1, 2, 3);
    std::fs::write(&theme, "# another length\naccent = \"#040506\"\n").expect("a file");
    terminal.until_colour(4, 5, 6);
    std::fs::write(&theme, "acent = \"#070809\"\n").expect("a file");
    terminal.until("mine.toml:1:");
    terminal.until("did you mean accent");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn in_a_locale_without_signs_only_ascii_is_drawn() {
    let home = home();
    let mut terminal = Terminal::start_with(120, 36, home.path(), &["--local"], &[("LANG", "C")]);
    terminal.until("14 endpoints");
    let text = terminal.until_that("the list", |screen| screen.contains("> my-org/"));
    assert!(text.is_ascii(), "{text}");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn a_crash_gives_the_terminal_back_and_leaves_a_report_without_keys() {
    for (who, said) in [("loop", "[struck out]"), ("task", "wished for, in a task")] {
        let home = home();
        let mut terminal = Terminal::start_with(120, 36, home.path(), &["--local"], &[("REPOINT_CRASH", who)]);
        terminal.until("14 endpoints");
        let gateway = address(&terminal);
        let connection = watch(gateway);
        terminal.press("\x1b[24~");
        assert_ne!(terminal.wait().exit_code(), 0);
        terminal.assert_restored();
        terminal.assert_said("the report is in");
        assert_gone(connection, gateway);
        let folder = home.path().join("xdg_state_home/repoint");
        let mut reports = std::fs::read_dir(folder).expect("a folder").flatten();
        let report = reports.find(|file| file.file_name().to_string_lossy().starts_with("crash-")).expect("a report");
        let text = std::fs::read_to_string(report.path()).expect("a text");
        assert!(text.contains(said) && text.contains("crash.rs") && !text.contains("sky_"), "{text}");
    }
}

#[test]
fn what_is_logged_is_what_was_asked_for() {
    let home = home();
    let log = home.path().join("my.log");
    let path = log.to_str().expect("a path").to_owned();
    let mut terminal = Terminal::start(120, 36, home.path(), &["--local", "--log", "debug", "--log-file", &path]);
    terminal.until("14 endpoints");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    let text = std::fs::read_to_string(&log).expect("a log");
    assert!(text.contains("DEBUG") && text.contains("/v1/"), "{text}");
    assert!(!text.contains("Authorization") && !text.contains("Api-Key"), "{text}");
}

#[test]
fn what_is_copied_goes_to_the_systems_clipboard() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    let folder = home.path().join("bin");
    let copied = home.path().join("copied");
    std::fs::create_dir(&folder).expect("a folder");
    let script = format!("#!/bin/sh\nexec cat > '{}'\n", copied.display());
    std::fs::write(folder.join("xclip"), script).expect("a file");
    std::fs::set_permissions(folder.join("xclip"), std::fs::Permissions::from_mode(0o755)).expect("a program");
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let environment = [("DISPLAY", ":0"), ("PATH", path.as_str())];
    let mut terminal = Terminal::start_with(120, 36, home.path(), &["--local"], &environment);
    terminal.until("14 endpoints");
    terminal.press("y");
    terminal.until("Copy my-org/");
    terminal.press(ENTER);
    terminal.until("copied: slug");
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
    let text = std::fs::read_to_string(copied).expect("the program was given the text");
    assert!(text.starts_with("my-org/"), "{text}");
}

#[test]
fn no_terminal_is_said_and_exits_2() {
    let home = home();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_repoint"))
        .env("HOME", home.path())
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("needs a terminal") && said.contains("hint:"), "{said}");
}

#[test]
fn moving_down_and_back_leaves_the_same_endpoint_selected() {
    let home = home();
    let mut terminal = local(home.path());
    terminal.press(DOWN);
    terminal.press("j");
    terminal.until_that("the third", |screen| {
        screen.lines().any(|line| line.contains('▌') && line.contains("my-org/embeddings"))
    });
    terminal.press("R");
    terminal.until_that("still the third", |screen| {
        screen.lines().any(|line| line.contains('▌') && line.contains("my-org/embeddings"))
    });
    terminal.press("q");
    assert_eq!(terminal.wait().exit_code(), 0);
}
