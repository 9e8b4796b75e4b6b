//! The terminal, taken and given back.
//!
//! What was switched on is remembered in one place, so that [`restore`] undoes exactly that, once, whoever calls it
//! first: the end of the program, a panic of its loop, or a signal.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::background::QUESTION;

/// Presses, releases, the wheel, and motion while a button is down (1002), in the form without limits (1006). Motion
/// without a button (1003) floods, and is never asked for.
const MOUSE_ON: &str = "\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l";
/// The most that is put on the clipboard through the terminal; some drop the connection over more.
const CLIPBOARD_BYTES_MAX: usize = 74_994;

static IS_TAKEN: AtomicBool = AtomicBool::new(false);
/// True while the terminal may still answer a question.
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// What is drawn, until it is sent to the terminal in one write. The backend owns one clone, the screen the other.
#[derive(Debug, Default, Clone)]
struct Pending(Rc<RefCell<Vec<u8>>>);

impl Pending {
    fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    // A frame flushes several times; it is sent whole, by `Screen::draw`.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal while the dashboard has it.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Pending>>,
    pending: Pending,
    /// What a frame costs that changes nothing: such a frame is not sent.
    empty: Vec<u8>,
    has_mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Standard input or output is no terminal.
    pub(super) fn enter() -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "standard input and output must be a terminal"));
        }
        let (columns, rows) = crossterm::terminal::size()?;
        take()?;
        let pending = Pending::default();
        let terminal = terminal(&pending, columns, rows)?;
        let mut screen = Self { terminal, pending, empty: unchanged_frame(), has_mouse: true };
        screen.set_mouse(true)?;
        Ok(screen)
    }

    /// Columns and rows, as the system knows them; the terminal is not asked.
    pub(super) fn size() -> (u16, u16) {
        crossterm::terminal::size().unwrap_or((80, 24))
    }

    /// Draws a frame, and sends it in one write if anything differs.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let size = Self::size();
        let known = self.terminal.get_frame().area();
        if (known.width, known.height) != size {
            self.terminal.resize(Rect::new(0, 0, size.0, size.1))?;
        }
        self.terminal.draw(view)?;
        let bytes = self.pending.take();
        if bytes == self.empty {
            return Ok(());
        }
        let mut frame = Vec::with_capacity(bytes.len() + 16);
        queue!(frame, BeginSynchronizedUpdate)?;
        frame.extend_from_slice(&bytes);
        queue!(frame, EndSynchronizedUpdate)?;
        send(&frame)
    }

    /// Draws everything with the next frame, also what has not changed.
    pub(super) fn redraw(&mut self) -> io::Result<()> {
        let (columns, rows) = Self::size();
        // `Terminal::clear` would ask the terminal for its cursor and wait for the answer.
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }

    /// Asks the terminal for mouse events, or gives the mouse back.
    pub(super) fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.has_mouse = on;
        send(if on { MOUSE_ON } else { MOUSE_OFF }.as_bytes())
    }

    /// Puts a text on the clipboard through the terminal (OSC 52), which also works over SSH. False where
    /// it is too long for that.
    pub(super) fn copy(text: &str) -> io::Result<bool> {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        if encoded.len() > CLIPBOARD_BYTES_MAX {
            return Ok(false);
        }
        send(format!("\x1b]52;c;{encoded}\x07").as_bytes())?;
        Ok(true)
    }

    /// Gives the terminal to the shell until it continues the program, then takes it again.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        restore();
        stop_process()?;
        self.take_again()
    }

    /// Takes the terminal again after [`restore`].
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        take()?;
        self.set_mouse(self.has_mouse)?;
        self.redraw()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn terminal(pending: &Pending, columns: u16, rows: u16) -> io::Result<Terminal<CrosstermBackend<Pending>>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    Terminal::with_options(CrosstermBackend::new(pending.clone()), TerminalOptions { viewport })
}

/// The bytes of a frame in which nothing differs: resets and the hidden cursor.
fn unchanged_frame() -> Vec<u8> {
    let pending = Pending::default();
    let Ok(mut terminal) = terminal(&pending, 1, 1) else { return Vec::new() };
    for _ in 0..2 {
        pending.take();
        if terminal.draw(|_| ()).is_err() {
            return Vec::new();
        }
    }
    pending.take()
}

fn send(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Asks the terminal what its background is like. The answer comes among the keys, or never.
pub(super) fn ask_background() -> io::Result<()> {
    IS_ASKED.store(true, Ordering::SeqCst);
    send(QUESTION.as_bytes())
}

/// The terminal has answered.
pub(super) fn was_answered() {
    IS_ASKED.store(false, Ordering::SeqCst);
}

fn take() -> io::Result<()> {
    IS_TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, cursor::Hide, EnableBracketedPaste, EnableFocusChange)?;
    send(&bytes)
}

/// Gives the terminal back as it was. Does nothing where that was done already.
pub(super) fn restore() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut bytes = Vec::from(MOUSE_OFF.as_bytes());
    // Whatever of it fails, the rest is still tried: there is nothing better to do.
    let _ = queue!(
        bytes,
        EndSynchronizedUpdate,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = send(&bytes);
    if IS_ASKED.swap(false, Ordering::SeqCst) {
        forget_input();
    }
    let _ = disable_raw_mode();
}

/// Throws away what has come and was not read: an answer that comes late must not stand at the shell's prompt.
#[cfg(unix)]
fn forget_input() {
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
}

/// Throws away what has come and was not read. Only Unix lets a program's input stand at the shell's prompt.
#[cfg(not(unix))]
fn forget_input() {}

/// True where the terminal was closed, or the connection to it lost.
#[cfg(unix)]
pub(super) fn is_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let input = io::stdin();
    let mut polled = [PollFd::new(&input, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let is_known = poll(&mut polled, Some(&at_once)).is_ok();
    is_known && polled.iter().any(|input| input.revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL))
}

/// True where the terminal was closed. The system ends the program itself then.
#[cfg(not(unix))]
pub(super) fn is_gone() -> bool {
    false
}

#[cfg(unix)]
fn stop_process() -> io::Result<()> {
    let stopped = std::process::Command::new("kill").args(["-TSTP", &std::process::id().to_string()]).status()?;
    if stopped.success() { Ok(()) } else { Err(io::Error::other("the program could not be suspended")) }
}

#[cfg(not(unix))]
fn stop_process() -> io::Result<()> {
    Ok(())
}

/// The signals that ask the program to leave.
#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The signals that ask the program to leave.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Listens from now on.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for one of them.
    pub(super) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
