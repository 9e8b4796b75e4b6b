//! What every change shows before it is made, and how far it is: affected, in effect, before, after, warnings.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::api::Slug;
use crate::plan::preflight::Finding;
use crate::plan::{Change, Impact, Step};
use crate::tui::effect::{After, Effect};
use crate::tui::form::Field;
use crate::tui::load::{Failure, FailureKind, Load, Ticket};
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

const LABEL: usize = 12;

/// How far a change is.
#[derive(Debug, Clone, Default)]
pub enum Stage {
    /// It is being made up.
    #[default]
    Editing,
    /// It is shown whole; the next confirmation makes it.
    Confirming,
    /// It is being written.
    Writing {
        /// The plan's request.
        ticket: Ticket,
        /// Where it stands.
        step: Option<Step>,
    },
}

/// The review of a change.
#[derive(Debug, Clone, Default)]
pub struct Review {
    /// How far it is.
    pub stage: Stage,
    /// Who is affected.
    pub impact: Load<Impact>,
    /// Why the last try failed.
    pub failure: Option<Failure>,
    /// What happens once it is written.
    pub after: After,
    /// What was typed to confirm, where the context asks for it.
    pub typed: Field,
}

impl Review {
    /// A review that counts who calls the slugs.
    pub fn new(slugs: Vec<Slug>, shared: &mut Shared) -> (Self, Vec<Effect>) {
        let mut review = Self::default();
        if slugs.is_empty() {
            return (review, Vec::new());
        }
        let ticket = shared.ticket();
        review.impact.ask(ticket);
        (review, vec![Effect::ReadImpact { ticket, slugs }])
    }

    /// True while the change can still be edited.
    #[must_use]
    pub fn is_editing(&self) -> bool {
        matches!(self.stage, Stage::Editing)
    }

    /// True while it is being written.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        matches!(self.stage, Stage::Writing { .. })
    }

    /// True where the question is open.
    #[must_use]
    pub fn is_confirming(&self) -> bool {
        matches!(self.stage, Stage::Confirming)
    }

    /// Starts writing.
    pub fn write(&mut self, change: Change, shared: &mut Shared) -> Vec<Effect> {
        let ticket = shared.ticket();
        self.stage = Stage::Writing { ticket, step: None };
        self.failure = None;
        shared.is_writing = true;
        vec![Effect::Run {
            ticket,
            plan: change.into(),
            is_confirmed: shared.is_protected(),
            undoes: None,
            after: self.after,
        }]
    }

    /// The rows of the review, for so many columns.
    #[must_use]
    pub fn lines(&self, shared: &Shared, findings: &[Finding], columns: usize) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        let mut say = |label: &str, role: Role, said: &str| {
            for (index, line) in text::wrap(said, columns.saturating_sub(LABEL)).into_iter().enumerate() {
                let label = if index == 0 { label } else { "" };
                lines
                    .push(Line::from(vec![shared.span(Role::Muted, text::fit(label, LABEL)), shared.span(role, line)]));
            }
        };
        let (role, said) = self.affected();
        say("Affected", role, &said);
        let interval = text::seconds(shared.sync_interval());
        say("In effect", Role::Text, &format!("within {interval} of the write"));
        say("Before", Role::Text, "read again; stops if somebody changed it");
        if shared.can_probe() {
            let [first, second] = after_lines(self.after);
            say("After", Role::Text, first);
            say("", if self.after == After::Wait { Role::Muted } else { Role::Text }, second);
        } else if shared.sync_report().is_some() {
            say("After", Role::Text, "followed until the gateway serves it");
        } else {
            say("After", Role::Text, "counts as live once the interval has passed");
        }
        for finding in findings {
            say("! Warning", Role::Waiting, &finding.to_string());
        }
        if let Some(failure) = &self.failure {
            say("✗ Failed", Role::Danger, &failure.message);
            if let Some(hint) = &failure.hint {
                say("", Role::Muted, &format!("hint: {hint}"));
            }
        }
        lines
    }

    /// Chooses what happens afterwards, where there is a choice.
    pub fn choose_after(&mut self, shared: &Shared) {
        if shared.can_probe() {
            self.after = self.after.next();
        }
    }

    fn affected(&self) -> (Role, String) {
        match (&self.impact.value, &self.impact.failure) {
            (Some((impact, _)), _) => (Role::Text, impact.summary()),
            (None, Some(failure)) if failure.kind == FailureKind::NotFound => {
                (Role::Muted, "not known: this server lists no groups".to_owned())
            }
            (None, Some(failure)) => (Role::Muted, format!("not known: {}", failure.message)),
            (None, None) if self.impact.waiting.is_some() => (Role::Waiting, "◌ counting …".to_owned()),
            (None, None) => (Role::Muted, "nobody may call it yet".to_owned()),
        }
    }

    /// The line at the end: what the next key does, or how far the write is.
    pub fn draw_verdict(&self, shared: &Shared, verb: &str, slug: &str, area: Rect, frame: &mut Frame<'_>) {
        let columns = usize::from(area.width);
        match &self.stage {
            Stage::Editing => {}
            Stage::Confirming if shared.is_protected() => {
                let ask = format!(" type {} to {verb} ▸ ", text::cut(slug, columns / 2));
                let width = u16::try_from(text::width(&ask)).unwrap_or(area.width).min(area.width);
                frame.render_widget(shared.span(Role::Alarm, ask), area);
                let field = Rect { x: area.x + width + 1, width: area.width.saturating_sub(width + 1), ..area };
                self.typed.draw(shared, field, true, "", frame);
            }
            Stage::Confirming => {
                let line = Line::from(vec![
                    shared.span(Role::Button, format!(" ↵ {verb} ")),
                    Span::raw("  "),
                    shared.span(Role::Muted, "Esc back"),
                ]);
                frame.render_widget(line, area);
            }
            Stage::Writing { step, .. } => {
                let said = match step {
                    None | Some(Step::Checking) => "◌ reading it again, right before the write …".to_owned(),
                    Some(Step::Writing) => "◌ writing …".to_owned(),
                    Some(Step::Waiting(wait)) => format!("◌ the server asks to wait {} …", text::span(*wait)),
                    Some(Step::Settling) => "◌ the answer was lost; reading whether it was written …".to_owned(),
                    Some(Step::Finished(_)) => "◌ done …".to_owned(),
                };
                frame.render_widget(shared.span(Role::Waiting, text::cut(&said, columns).into_owned()), area);
            }
        }
    }

    /// True where everything that was asked for was typed.
    #[must_use]
    pub fn is_confirmed(&self, shared: &Shared, slug: &str) -> bool {
        !shared.is_protected() || self.typed.trimmed() == slug
    }
}

/// What happens once it is written, as two boxes.
#[must_use]
pub fn after_lines(after: After) -> [&'static str; 2] {
    match after {
        After::Probe => {
            ["[x] probe until the new target answers", "[ ] put the old target back if it does not   Tab changes"]
        }
        After::ProbeOrPutBack => {
            ["[x] probe until the new target answers", "[x] put the old target back if it does not   Tab changes"]
        }
        After::Wait => {
            ["[ ] probe until the new target answers", "[ ] put the old target back if it does not   Tab changes"]
        }
    }
}
