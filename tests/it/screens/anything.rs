//! Anybody presses anything, at any size: nothing panics, nothing is written that was not confirmed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use repoint::tui::effect::{Effect, Timer};
use repoint::tui::load::{Failure, FailureKind};
use repoint::tui::message::Message;
use repoint::tui::wanted::{Found, Past, Wanted};

use super::stage::{Stage, dozen};

#[derive(Debug, Clone)]
enum Act {
    Key(KeyCode, KeyModifiers),
    Paste(String),
    Mouse(MouseEventKind, u16, u16),
    Size(u16, u16),
    Focus(bool),
    Due(Timer),
    /// Whatever was asked for and is still waited for is answered with a failure, or with nothing.
    Answer(bool),
}

fn acts() -> impl Strategy<Value = Act> {
    let letter = prop::sample::select("abcdefghijklmnopqrstuvwxyzEGKPSU123456?:/@!*[] -".chars().collect::<Vec<_>>());
    let named = prop::sample::select(vec![
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageDown,
        KeyCode::PageUp,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
        KeyCode::F(2),
    ]);
    let kind = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
    ]);
    let timer = prop::sample::select(vec![
        Timer::Sync,
        Timer::Endpoints,
        Timer::GroupDetail,
        Timer::History,
        Timer::Notice,
        Timer::Marks,
        Timer::Step,
    ]);
    let control = prop::sample::select("udlwaeck".chars().collect::<Vec<_>>());
    prop_oneof![
        8 => letter.prop_map(|letter| Act::Key(KeyCode::Char(letter), KeyModifiers::NONE)),
        6 => named.prop_map(|code| Act::Key(code, KeyModifiers::NONE)),
        1 => control.prop_map(|letter| Act::Key(KeyCode::Char(letter), KeyModifiers::CONTROL)),
        1 => "\\PC{0,12}".prop_map(Act::Paste),
        2 => (kind, 0_u16..210, 0_u16..60).prop_map(|(kind, column, row)| Act::Mouse(kind, column, row)),
        2 => (1_u16..210, 1_u16..60).prop_map(|(columns, rows)| Act::Size(columns, rows)),
        1 => any::<bool>().prop_map(Act::Focus),
        1 => timer.prop_map(Act::Due),
        2 => any::<bool>().prop_map(Act::Answer),
    ]
}

fn messages(act: Act, asked: &mut Vec<Effect>) -> Vec<Message> {
    match act {
        Act::Key(code, modifiers) => vec![Message::Key(KeyEvent::new(code, modifiers))],
        Act::Paste(text) => vec![Message::Paste(text)],
        Act::Mouse(kind, column, row) => {
            vec![Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })]
        }
        Act::Size(columns, rows) => vec![Message::Resized(columns, rows)],
        Act::Focus(has_focus) => vec![Message::Focused(has_focus)],
        Act::Due(timer) => vec![Message::Due(timer)],
        Act::Answer(is_good) => asked.drain(..).filter_map(|effect| answer(effect, is_good)).collect(),
    }
}

fn answer(effect: Effect, is_good: bool) -> Option<Message> {
    let failed = || Failure::new(FailureKind::Server, "the server answered 500: it broke").hint("try again");
    Some(match effect {
        Effect::Read { ticket, wanted } => {
            let found = match (wanted, is_good) {
                (_, false) => Err(failed()),
                (Wanted::Groups, true) => Ok(Found::Groups(Vec::new())),
                (Wanted::History, true) => {
                    Ok(Found::History(Past { entries: Vec::new(), unreadable: 1, audit: Err(failed()) }))
                }
                (_, true) => Ok(Found::KeyCount(3)),
            };
            Message::Found { ticket, found: Box::new(found) }
        }
        Effect::Run { ticket, .. } => Message::Report { ticket, answer: Box::new(Err(failed())) },
        Effect::ReadSync { ticket } | Effect::SyncNow { ticket } => Message::Sync { ticket, answer: Err(failed()) },
        Effect::ReadImpact { ticket, .. } => Message::Impact { ticket, answer: Err(failed()) },
        Effect::EditText { ticket, text } => {
            let text = if is_good { text.replace("slug", "slag") } else { String::new() };
            Message::Edited { ticket, answer: Ok(text) }
        }
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_pressed_breaks_it(acts in prop::collection::vec(acts(), 1..90)) {
        let mut stage = Stage::with((120, 36), dozen());
        let mut asked: Vec<Effect> = stage.effects.clone();
        for act in acts {
            let is_enter = matches!(act, Act::Key(KeyCode::Enter | KeyCode::Char(_), _) | Act::Mouse(..) | Act::Answer(_));
            for message in messages(act, &mut asked) {
                stage.tell(message);
                let runs = stage.effects.iter().any(|effect| matches!(effect, Effect::Run { .. }));
                // A write begins with a key that confirms, never with a size, a timer, a paste.
                prop_assert!(!runs || is_enter);
                asked.extend(stage.effects.iter().cloned());
            }
            drop(stage.buffer());
        }
    }
}
