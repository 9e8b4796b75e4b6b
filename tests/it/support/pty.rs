//! A person at a terminal: runs the program in a pseudo-terminal, presses keys and reads the rendered screen.
//!
//! Nothing here sleeps. A reader thread feeds what the program writes to an emulated screen and rings a bell;
//! whoever waits looks at the screen each time it rings, and gives up with a picture of it after [`PATIENCE`].

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long a test waits for a screen before it fails. Long, since machines that run tests are slow and shared.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What every frame begins with.
const FRAME: &[u8] = b"\x1b[?2026h";

/// A terminal with the program in it.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Screen>,
    reader: Option<JoinHandle<()>>,
    modes_before: String,
}

struct Screen {
    state: Mutex<State>,
    bell: Condvar,
}

struct State {
    parser: vt100::Parser,
    bytes: u64,
    frames: u64,
    /// How much of a frame's beginning the last bytes were.
    of_frame: usize,
    first_byte: Option<Instant>,
    last_byte: Option<Instant>,
    ended: bool,
}

impl Terminal {
    /// Starts the program with these arguments and with `home` for everything that it keeps.
    pub(crate) fn start(columns: u16, rows: u16, home: &Path, arguments: &[&str]) -> Self {
        Self::start_with(columns, rows, home, arguments, &[])
    }

    /// The same, with more of the environment.
    pub(crate) fn start_with(
        columns: u16,
        rows: u16,
        home: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = command(home, arguments);
        for (name, value) in environment {
            command.env(name, value);
        }
        Self::run(columns, rows, command)
    }

    /// Starts the program in a terminal, waits until it shows this text, and takes the terminal away from it.
    pub(crate) fn hang_up_at(text: &str, home: &Path, arguments: &[&str]) -> ExitStatus {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal opens");
        let mut child = pair.slave.spawn_command(command(home, arguments)).expect("the program starts");
        drop(pair.slave);
        // Read right here: a thread would hold the terminal open.
        let mut source = pair.master.try_clone_reader().expect("the terminal can be read from");
        let mut parser = vt100::Parser::new(cells(24), cells(80), 0);
        let mut buffer = vec![0; 65536];
        while !parser.screen().contents().contains(text) {
            let count = source.read(&mut buffer).expect("the program writes");
            parser.process(&buffer[..count]);
        }
        drop(source);
        drop(pair.master);
        let (sender, ended) = std::sync::mpsc::channel();
        let mut killer = child.clone_killer();
        std::thread::spawn(move || sender.send(child.wait()));
        ended
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| {
                let _ = killer.kill();
                panic!("the program goes on without its terminal")
            })
            .expect("the program can be waited for")
    }

    fn run(columns: u16, rows: u16, command: CommandBuilder) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal opens");
        let modes_before = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let writer = pair.master.take_writer().expect("the terminal can be written to");
        let source = pair.master.try_clone_reader().expect("the terminal can be read from");
        let screen = Arc::new(Screen {
            state: Mutex::new(State {
                parser: vt100::Parser::new(cells(rows), cells(columns), 0),
                bytes: 0,
                frames: 0,
                of_frame: 0,
                first_byte: None,
                last_byte: None,
                ended: false,
            }),
            bell: Condvar::new(),
        });
        let shared = Arc::clone(&screen);
        let reader = std::thread::spawn(move || shared.read(source));
        Self { master: pair.master, writer, child, screen, reader: Some(reader), modes_before }
    }

    /// Sends bytes as a keyboard does.
    pub(crate) fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.writer.flush().expect("the terminal takes keys");
    }

    /// Pastes, as a terminal with bracketed paste does.
    pub(crate) fn paste(&mut self, text: &str) {
        self.press(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Changes the terminal's size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.lock().parser.screen_mut().set_size(cells(rows), cells(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("the terminal can be resized");
    }

    /// Waits until the screen shows this text.
    pub(crate) fn until(&self, text: &str) {
        self.until_that(text, |screen| screen.contains(text));
    }

    /// Waits until the screen no longer shows this text.
    pub(crate) fn until_gone(&self, text: &str) {
        self.until_that(&format!("{text} gone"), |screen| !screen.contains(text));
    }

    /// Waits until the screen's text is as wanted, and gives the text.
    pub(crate) fn until_that(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Self::deadline();
        let mut state = self.screen.lock();
        loop {
            let text = state.parser.screen().contents();
            if wanted(&text) {
                return text;
            }
            assert!(!state.ended, "the program ended while the test waited for {what:?}; its screen:\n{text}");
            let left = deadline.saturating_duration_since(now());
            assert!(!left.is_zero(), "the test gave up waiting for {what:?}; the screen:\n{text}");
            state = self.screen.wait(state, left);
        }
    }

    /// The line of the screen that holds this text.
    pub(crate) fn line_with(&self, text: &str) -> String {
        let screen = self.text();
        screen
            .lines()
            .find(|line| line.contains(text))
            .map_or_else(|| panic!("no line has {text:?}; the screen:\n{screen}"), str::to_owned)
    }

    /// What the screen shows now.
    pub(crate) fn text(&self) -> String {
        self.screen.lock().parser.screen().contents()
    }

    /// Makes something of the screen, again with each change until it is as wanted; gives the last where it never is.
    pub(crate) fn picture<T>(&self, make: impl Fn(&vt100::Screen) -> T, wanted: impl Fn(&T) -> bool) -> T {
        let deadline = Self::deadline();
        let mut state = self.screen.lock();
        loop {
            let picture = make(state.parser.screen());
            let left = deadline.saturating_duration_since(now());
            if wanted(&picture) || state.ended || left.is_zero() {
                return picture;
            }
            state = self.screen.wait(state, left);
        }
    }

    /// Waits until the program has written nothing for so long. For pictures that nothing is known of yet.
    pub(crate) fn rest(&self, quiet: Duration) {
        let mut state = self.screen.lock();
        loop {
            let (bytes, since) = (state.bytes, now());
            while state.bytes == bytes && since.elapsed() < quiet {
                state = self.screen.wait(state, quiet);
            }
            if state.bytes == bytes {
                return;
            }
        }
    }

    /// The process that runs in the terminal.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.process_id().expect("the program has a process")
    }

    /// Kills the program so that it cannot clean up.
    pub(crate) fn kill_hard(&mut self) {
        kill("-KILL", self.process_id());
        self.wait();
    }

    /// Waits until something on the screen is drawn in this colour.
    pub(crate) fn until_colour(&self, red: u8, green: u8, blue: u8) {
        let wanted = vt100::Color::Rgb(red, green, blue);
        let has_colour = |screen: &vt100::Screen| {
            let (rows, columns) = screen.size();
            let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
            cells.filter_map(|(row, column)| screen.cell(row, column)).any(|cell| cell.fgcolor() == wanted)
        };
        assert!(self.picture(has_colour, |has| *has), "nothing is drawn in {wanted:?}\n{}", self.text());
    }

    /// Sends a signal by name, such as `-TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        kill(signal, self.process_id());
    }

    /// Fails unless this stands on the screen that the program has left behind.
    pub(crate) fn assert_said(&self, text: &str) {
        let screen = self.text();
        assert!(screen.contains(text), "{text:?} was not said; the screen:\n{screen}");
    }

    /// Waits for the program to end and for its last byte.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Self::deadline();
        let mut state = self.screen.lock();
        while !state.ended {
            let left = deadline.saturating_duration_since(now());
            let text = state.parser.screen().contents();
            assert!(!left.is_zero(), "the program did not end; its screen:\n{text}");
            state = self.screen.wait(state, left);
        }
        drop(state);
        let status = self.child.wait().expect("the program can be waited for");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends");
        }
        status
    }

    /// Fails unless the terminal is as it was: main screen, cursor shown, no mouse, no paste mode, line editing on.
    pub(crate) fn assert_restored(&self) {
        let state = self.screen.lock();
        let screen = state.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is still on");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is still captured");
        assert_eq!(modes(self.master.as_ref()), self.modes_before, "the line discipline is not restored");
    }

    /// Looks on for so long, whatever happens, and tells how many bytes the program wrote meanwhile.
    pub(crate) fn watch(&self, duration: Duration) -> u64 {
        let until = now() + duration;
        let mut state = self.screen.lock();
        let before = state.bytes;
        loop {
            let left = until.saturating_duration_since(now());
            if left.is_zero() || state.ended {
                return state.bytes - before;
            }
            state = self.screen.wait(state, left);
        }
    }

    /// How many frames the program has drawn so far.
    pub(crate) fn frames(&self) -> u64 {
        self.screen.lock().frames
    }

    /// How many bytes the program has written so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.screen.lock().bytes
    }

    /// When the program wrote its first byte.
    pub(crate) fn first_byte(&self) -> Option<Instant> {
        self.screen.lock().first_byte
    }

    /// Presses keys and tells how long it took until the program wrote something.
    pub(crate) fn latency_of(&mut self, keys: &str) -> Duration {
        let before = self.bytes();
        let start = now();
        self.press(keys);
        let deadline = Self::deadline();
        let mut state = self.screen.lock();
        while state.bytes == before {
            let left = deadline.saturating_duration_since(now());
            assert!(!left.is_zero(), "no answer to {keys:?}; the screen:\n{}", state.parser.screen().contents());
            state = self.screen.wait(state, left);
        }
        state.last_byte.unwrap_or(start).saturating_duration_since(start)
    }

    fn deadline() -> Instant {
        now() + PATIENCE
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed half-way must not leave the program running.
        if self.reader.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Screen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, most: Duration) -> MutexGuard<'a, State> {
        self.bell.wait_timeout(state, most).unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn read(&self, mut source: Box<dyn Read + Send>) {
        let mut buffer = vec![0; 65536];
        loop {
            // The read fails, rather than returning 0, when the last process on the terminal ends.
            let count = source.read(&mut buffer).unwrap_or(0);
            let mut state = self.lock();
            if count == 0 {
                state.ended = true;
                self.bell.notify_all();
                return;
            }
            let at = now();
            state.first_byte.get_or_insert(at);
            state.last_byte = Some(at);
            state.bytes += count as u64;
            state.count_frames(&buffer[..count]);
            state.parser.process(&buffer[..count]);
            self.bell.notify_all();
        }
    }
}

impl State {
    /// A frame begins with synchronized output, wherever the bytes are cut.
    fn count_frames(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.of_frame = match FRAME.get(self.of_frame) {
                Some(next) if next == byte => self.of_frame + 1,
                _ => usize::from(FRAME.first() == Some(byte)),
            };
            if self.of_frame == FRAME.len() {
                self.frames += 1;
                self.of_frame = 0;
            }
        }
    }
}

/// The program with these arguments, `home` for everything that it keeps, and nothing else of the environment.
fn command(home: &Path, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_repoint"));
    command.args(arguments);
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    command.env("LANG", "C.UTF-8");
    command.env("PATH", "/usr/bin:/bin");
    command.env("HOME", home);
    for folder in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
        command.env(folder, home.join(folder.to_ascii_lowercase()));
    }
    command
}

/// Sends a signal with the system's own program, since the crate forbids unsafe code.
pub(crate) fn kill(signal: &str, process_id: u32) {
    let status = std::process::Command::new("kill").arg(signal).arg(process_id.to_string()).status();
    assert!(status.is_ok_and(|status| status.success()), "kill {signal} {process_id} failed");
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has at least one cell")
}

fn modes(master: &(dyn MasterPty + Send)) -> String {
    let termios = master.get_termios().expect("a pseudo-terminal has modes");
    format!("{:?} {:?} {:?}", termios.input_flags, termios.output_flags, termios.local_flags)
}

#[allow(clippy::disallowed_methods, reason = "a deadline for what a test waits for, never a measure of success")]
fn now() -> Instant {
    Instant::now()
}
