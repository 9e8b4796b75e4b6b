//! The terminal and the loop. The only file that sees the terminal.
//!
//! First the terminal is taken and a frame is drawn, then everything else is set up. The loop waits for keys, answers
//! and the clock, drains what is ready, and draws once, if a frame would differ. A frame is one write between the marks
//! of a synchronized update. Nothing is ever asked of the terminal.

mod background;
mod crash;
mod editor;
mod terminal;

use std::future::poll_fn;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use self::background::{Ear, Heard};
use self::terminal::Screen;
use super::app::{self, Model};
use super::effect::Effect;
use super::load::{Failure, FailureKind, Ticket};
use super::message::Message;
use super::overlays::notices::Tone;
use super::perform::{Open, Performer, Start};
use super::session::Shared;
use super::theme::Theme;
use super::theme::signs::Signs;
use super::view;
use crate::clock;

/// How many messages are taken at once before a frame is drawn.
const BATCH_MAX: usize = 64;

/// Runs the dashboard until the person leaves. Blocks; makes its own async runtime.
///
/// # Errors
/// Standard input or output is no terminal, or the terminal went away.
pub fn run(start: Start) -> io::Result<ExitCode> {
    crash::watch(start.crashes.clone());
    let mut screen = Screen::enter()?;
    let size = Screen::size();
    let mut shared = shared(&start, size);
    shared.contexts = start.contexts.iter().map(|context| context.info.clone()).collect();
    if let Some(notice) = start.notice.clone() {
        shared.notices.say(shared.now, Tone::Plain, notice);
    }
    let mut model = Model::new(shared);
    model.endpoints.list.sort = start.look.sort.sort();
    if !start.takes_mouse {
        screen.set_mouse(false)?;
        model.is_mouse_released = true;
    }
    let effects = match start.open {
        Open::Context(context) => app::open(&mut model, context),
        Open::Welcome => Vec::new(),
    };
    screen.draw(|frame| view::draw(&model, frame))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (sender, receiver) = unbounded_channel();
    let outcome = runtime.block_on(async {
        let editor = start.editor.clone();
        let mut ear = Ear::default();
        if start.look.asks_background {
            ear.listen();
            terminal::ask_background()?;
        }
        let performer = Performer::new(start, sender);
        let keys = Some(EventStream::new());
        let signals = terminal::Signals::new()?;
        let mut dashboard = Dashboard { screen, ear, model, performer, receiver, keys, signals, editor };
        let outcome = dashboard.run(effects).await;
        // Its thread spins on a terminal that has gone away, until the stream is dropped.
        dashboard.keys = None;
        terminal::restore();
        dashboard.performer.shut_down().await;
        outcome
    });
    runtime.shutdown_timeout(Duration::from_millis(200));
    crash::speak();
    outcome
}

/// What every screen reads, as it is set at the start.
fn shared(start: &Start, size: (u16, u16)) -> Shared {
    let look = &start.look;
    let theme = Theme { signs: look.signs, ..Theme::new(look.depth).with_palette(look.palette) };
    let mut shared = Shared::new(clock::now(), (look.signs.columns(size.0), size.1), theme);
    shared.keymap = start.keymap.clone();
    shared.keymap.is_in_words = look.signs != Signs::All;
    shared.is_calm = look.is_calm;
    shared.columns.clone_from(&look.columns);
    shared.saved_filters = Arc::new(start.filters.clone());
    shared
}

struct Dashboard {
    screen: Screen,
    ear: Ear,
    model: Model,
    performer: Performer,
    receiver: UnboundedReceiver<Message>,
    keys: Option<EventStream>,
    signals: terminal::Signals,
    editor: String,
}

/// What the loop woke up for.
enum Woken {
    Terminal(Option<io::Result<Event>>),
    Told(Option<Message>),
    Tick,
    Signal,
    Crash,
}

impl Dashboard {
    async fn run(&mut self, effects: Vec<Effect>) -> io::Result<ExitCode> {
        if let Some(code) = self.perform(effects).await? {
            return Ok(code);
        }
        loop {
            let tick = self.model.tick();
            let woken = tokio::select! {
                biased;
                event = next_event(&mut self.keys) => Woken::Terminal(event),
                () = self.signals.next() => Woken::Signal,
                message = self.receiver.recv() => Woken::Told(message),
                () = crash::of_a_task() => Woken::Crash,
                () = sleep(tick) => Woken::Tick,
            };
            let mut batch = vec![Message::Now(clock::now())];
            match woken {
                Woken::Terminal(Some(Ok(event))) => self.hear(event, &mut batch),
                // The terminal is gone, so nobody is left to talk to; or a part of the program is, so what is shown
                // could be wrong from now on.
                Woken::Terminal(Some(Err(_)) | None) | Woken::Crash => return Ok(ExitCode::FAILURE),
                Woken::Told(told) => batch.extend(told),
                Woken::Tick => {}
                Woken::Signal => batch.push(Message::Terminated),
            }
            self.drain(&mut batch).await;
            for message in batch {
                let is_page = matches!(message, Message::Page { answer: Ok(_), .. });
                let effects = app::update(&mut self.model, message);
                if is_page {
                    self.performer.page_was_laid();
                }
                if let Some(code) = self.perform(effects).await? {
                    return Ok(code);
                }
            }
            let model = &self.model;
            self.screen.draw(|frame| view::draw(model, frame))?;
        }
    }

    /// Takes an event of the terminal. What it answers is told from keys.
    fn hear(&mut self, event: Event, batch: &mut Vec<Message>) {
        let Event::Key(key) = event else {
            batch.extend(message(event));
            return;
        };
        if key.kind == KeyEventKind::Release {
            return;
        }
        #[cfg(debug_assertions)]
        crash::where_wished(&key);
        match self.ear.hear(key) {
            Heard::Keys(keys) => batch.extend(keys.into_iter().map(Message::Key)),
            Heard::Background(background) => {
                terminal::was_answered();
                batch.push(Message::Background(background));
            }
        }
    }

    /// Takes whatever else is ready, so that a burst costs one frame.
    async fn drain(&mut self, batch: &mut Vec<Message>) {
        while batch.len() < BATCH_MAX {
            // Polled with our own waker: the stream remembers only the first one that finds it empty, and one that
            // does nothing (`now_or_never`) would leave us asleep over the next key.
            match poll_fn(|context| Poll::Ready(poll_event(&mut self.keys, context))).await {
                Poll::Ready(Some(Ok(event))) => self.hear(event, batch),
                Poll::Ready(Some(Err(_)) | None) | Poll::Pending => break,
            }
        }
        // One answer at a time: laying a page costs time that a key must not wait for.
        if batch.len() == 1 {
            batch.extend(self.receiver.try_recv().ok());
        }
    }

    async fn perform(&mut self, effects: Vec<Effect>) -> io::Result<Option<ExitCode>> {
        for effect in effects {
            match effect {
                // The signal may be here before the terminal's end is seen: it is the same end.
                Effect::Quit if terminal::is_gone() => return Ok(Some(ExitCode::FAILURE)),
                Effect::Quit => return Ok(Some(ExitCode::SUCCESS)),
                Effect::Mouse(on) => self.screen.set_mouse(on)?,
                Effect::Redraw => self.screen.redraw()?,
                Effect::Suspend => self.suspend().await?,
                Effect::EditText { ticket, text } => self.edit(ticket, text).await?,
                Effect::CopyThroughTerminal(text) => self.copy_through_terminal(&text)?,
                Effect::Copy(text) => {
                    if self.performer.copies_through_terminal() {
                        self.copy_through_terminal(&text)?;
                    }
                    self.performer.perform(Effect::Copy(text));
                }
                other => self.performer.perform(other),
            }
        }
        Ok(None)
    }

    async fn edit(&mut self, ticket: Ticket, text: String) -> io::Result<()> {
        self.keys = None;
        terminal::restore();
        let editor = self.editor.clone();
        let answer =
            tokio::task::spawn_blocking(move || editor::edit(&editor, &text)).await.map_err(io::Error::other)?;
        self.screen.take_again()?;
        // Ctrl-C in the editor was meant for the editor.
        self.signals = terminal::Signals::new()?;
        self.keys = Some(EventStream::new());
        self.performer.tell(Message::Edited { ticket, answer });
        self.return_to_screen().await
    }

    fn copy_through_terminal(&mut self, text: &str) -> io::Result<()> {
        if !Screen::copy(text)? {
            let failure = Failure::new(FailureKind::Other, "it is too long to be copied through the terminal");
            app::update(&mut self.model, Message::Copied(Err(failure)));
        }
        Ok(())
    }

    async fn suspend(&mut self) -> io::Result<()> {
        // The stream keeps a thread on standard input until it is dropped.
        self.keys = None;
        self.screen.suspend()?;
        self.keys = Some(EventStream::new());
        self.return_to_screen().await
    }

    /// The terminal is ours again: its size, the time and the server may have moved on.
    async fn return_to_screen(&mut self) -> io::Result<()> {
        let size = Screen::size();
        app::update(&mut self.model, Message::Now(clock::now()));
        app::update(&mut self.model, Message::Resized(size.0, size.1));
        let effects = app::update(&mut self.model, Message::Resumed);
        for effect in effects {
            self.performer.perform(effect);
        }
        tokio::task::yield_now().await;
        Ok(())
    }
}

async fn next_event(keys: &mut Option<EventStream>) -> Option<io::Result<Event>> {
    poll_fn(|context| poll_event(keys, context)).await
}

/// The next event of the terminal; the end of them where the terminal has gone.
///
/// crossterm reads a terminal that was hung up for ever and never comes back, so it is looked at before each read.
fn poll_event(keys: &mut Option<EventStream>, context: &mut TaskContext<'_>) -> Poll<Option<io::Result<Event>>> {
    match keys {
        Some(_) if terminal::is_gone() => Poll::Ready(None),
        Some(keys) => keys.poll_next_unpin(context),
        None => Poll::Pending,
    }
}

async fn sleep(delay: Option<Duration>) {
    match delay {
        Some(delay) => tokio::time::sleep(delay).await,
        None => std::future::pending().await,
    }
}

/// What an event of the terminal means. Keys are heard by [`Ear`].
fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(_) => None,
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Mouse(mouse) => Some(Message::Mouse(mouse)),
        Event::Resize(columns, rows) => Some(Message::Resized(columns, rows)),
        Event::FocusGained => Some(Message::Focused(true)),
        Event::FocusLost => Some(Message::Focused(false)),
    }
}
