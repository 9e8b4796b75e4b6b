//! What was said at the bottom right: it goes by itself, and can be read again.

use std::collections::VecDeque;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::api::Time;
use crate::tui::load::Failure;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many past notices are kept.
pub const NOTICES_MAX: usize = 200;
/// How many are shown at once.
const SHOWN_MAX: usize = 3;
/// How long a notice is shown.
pub const NOTICE_TIME: Duration = Duration::from_secs(6);
/// How long a failure is shown.
pub const FAILURE_TIME: Duration = Duration::from_secs(15);
const COLUMNS_MAX: u16 = 56;

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something is as wanted.
    Good,
    /// Something to know.
    Plain,
    /// Something failed.
    Bad,
}

impl Tone {
    /// Its sign and its style.
    #[must_use]
    pub fn sign(self) -> (&'static str, Role) {
        match self {
            Self::Good => ("✓", Role::Ok),
            Self::Plain => ("·", Role::Accent),
            Self::Bad => ("✗", Role::Danger),
        }
    }
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Time,
    /// How it is meant.
    pub tone: Tone,
    /// One or two sentences.
    pub text: String,
    /// When it goes from the screen.
    pub until: Time,
}

/// Everything that was said, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    said: VecDeque<Notice>,
}

impl Notices {
    /// Says something.
    pub fn say(&mut self, now: Time, tone: Tone, text: impl Into<String>) {
        let shown = if tone == Tone::Bad { FAILURE_TIME } else { NOTICE_TIME };
        if self.said.len() == NOTICES_MAX {
            self.said.pop_front();
        }
        self.said.push_back(Notice { at: now, tone, text: text.into(), until: now.plus(shown) });
    }

    /// Says what failed, and what to do about it.
    pub fn fail(&mut self, now: Time, failure: &Failure) {
        let text = match &failure.hint {
            Some(hint) => format!("{}\nhint: {hint}", failure.message),
            None => failure.message.clone(),
        };
        self.say(now, Tone::Bad, text);
    }

    /// Everything that is kept, the oldest first.
    #[must_use]
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Notice> {
        self.said.iter()
    }

    /// What is on the screen now, the newest last.
    pub fn shown(&self, now: Time) -> impl Iterator<Item = &Notice> {
        let from = self.said.len().saturating_sub(SHOWN_MAX);
        self.said.iter().skip(from).filter(move |notice| notice.until > now)
    }

    /// How long until the next one goes from the screen.
    #[must_use]
    pub fn until_next_goes(&self, now: Time) -> Option<Duration> {
        self.shown(now).map(|notice| notice.until.since(now)).min()
    }

    /// Takes everything from the screen.
    pub fn hide(&mut self, now: Time) -> bool {
        let mut hidden = false;
        for notice in self.said.iter_mut().filter(|notice| notice.until > now) {
            notice.until = now;
            hidden = true;
        }
        hidden
    }

    /// Draws the newest in one line at the right of the area.
    pub fn draw_line(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let Some(notice) = self.shown(shared.now).last() else { return };
        let (sign, role) = notice.tone.sign();
        let first = notice.text.lines().next().unwrap_or_default();
        let said = text::cut(first, usize::from(area.width / 2)).into_owned();
        let line = Line::from(vec![shared.span(role, format!("{sign} ")), shared.span(Role::Text, said), " ".into()]);
        frame.render_widget(line.right_aligned(), area);
    }

    /// Draws what is shown at the bottom right of the area.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let columns = COLUMNS_MAX.min(area.width);
        let mut bottom = area.bottom();
        let notices: Vec<&Notice> = self.shown(shared.now).collect();
        for notice in notices.into_iter().rev() {
            let (sign, role) = notice.tone.sign();
            let wrapped = text::wrap(&notice.text, usize::from(columns.saturating_sub(6)));
            let widest = wrapped.iter().map(|line| text::width(line)).max().unwrap_or(0);
            let rows = u16::try_from(wrapped.len()).unwrap_or(u16::MAX).saturating_add(2);
            let wide = u16::try_from(widest + 6).unwrap_or(columns).min(columns);
            if bottom < area.y + rows {
                break;
            }
            bottom -= rows;
            let place = Rect::new(area.right() - wide, bottom, wide, rows);
            frame.render_widget(Clear, place);
            let block = Block::bordered().border_type(BorderType::Rounded).border_style(shared.theme.style(role));
            let inner = block.inner(place);
            frame.render_widget(block, place);
            let lines: Vec<Line<'_>> = wrapped
                .into_iter()
                .enumerate()
                .map(|(index, line)| {
                    let lead = if index == 0 { shared.span(role, format!(" {sign} ")) } else { "   ".into() };
                    let is_hint = line.starts_with("hint: ");
                    Line::from(vec![lead, shared.span(if is_hint { Role::Muted } else { Role::Text }, line)])
                })
                .collect();
            frame.render_widget(Paragraph::new(lines), inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_go_and_can_be_read_again() {
        let mut notices = Notices::default();
        notices.say(Time::EPOCH, Tone::Good, "written");
        assert_eq!(notices.shown(Time::EPOCH).count(), 1);
        let later = Time::EPOCH.plus(NOTICE_TIME);
        assert_eq!(notices.shown(later).count(), 0);
        assert_eq!(notices.until_next_goes(later), None);
        assert_eq!(notices.all().count(), 1);
    }

    #[test]
    fn so_many_are_kept_and_no_more() {
        let mut notices = Notices::default();
        for number in 0..NOTICES_MAX + 5 {
            notices.say(Time::EPOCH, Tone::Plain, number.to_string());
        }
        assert_eq!(notices.all().count(), NOTICES_MAX);
        assert_eq!(notices.shown(Time::EPOCH).count(), SHOWN_MAX);
    }
}
