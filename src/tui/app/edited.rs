//! Editing as text: the selection goes to `$VISUAL` or `$EDITOR` as YAML, and comes back as a plan.
//!
//! Nothing changed: nothing happens. Something wrong in it: it comes back with the error on top, so that nothing that
//! was typed is lost. Somebody else changed an endpoint meanwhile: the plan is made on what was read before, so the
//! guard stops there and shows three versions.

use super::Model;
use crate::api::Endpoint;
use crate::plan::Plan;
use crate::plan::desired::{self, Server};
use crate::plan::document::Document;
use crate::tui::effect::Effect;
use crate::tui::load::{Failure, Ticket};
use crate::tui::overlays::notices::Tone;
use crate::tui::screens::endpoints::rows::Row;
use crate::tui::text;

const HEAD: &str = "# Change this, save it and leave the editor. What would change is shown before anything is written.\n\
                    # Nothing changed: nothing happens. An endpoint that you take out stays as it is; one that you add\n\
                    # is created.\n";
const ERROR: &str = "# ✗ ";

/// A text that an editor has.
#[derive(Debug, Clone, PartialEq)]
pub struct Editing {
    ticket: Ticket,
    /// What was selected, as it was then.
    before: Vec<Endpoint>,
    /// What the editor was given.
    text: String,
}

/// Opens the editor on what is marked, else on what is selected.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let before = model.endpoints.subjects();
    if before.is_empty() {
        return Vec::new();
    }
    match Document::edit(&before).to_yaml() {
        Ok(yaml) => {
            let plain = without(&yaml, "#");
            start(model, before, format!("{HEAD}{plain}"))
        }
        Err(error) => {
            model.shared.notices.say(model.shared.now, Tone::Bad, error.to_string());
            Vec::new()
        }
    }
}

/// The text from its first line that does not begin so.
fn without<'a>(text: &'a str, lead: &str) -> &'a str {
    let mut rest = text;
    while rest.starts_with(lead) {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

fn start(model: &mut Model, before: Vec<Endpoint>, text: String) -> Vec<Effect> {
    let ticket = model.shared.ticket();
    model.editing = Some(Editing { ticket, before, text: text.clone() });
    vec![Effect::EditText { ticket, text }]
}

/// The editor was left.
pub(super) fn done(model: &mut Model, ticket: Ticket, answer: Result<String, Failure>) -> Vec<Effect> {
    let Some(editing) = model.editing.take_if(|editing| editing.ticket == ticket) else { return Vec::new() };
    let now = model.shared.now;
    let text = match answer {
        Ok(text) => text,
        Err(failure) => {
            model.shared.notices.fail(now, &failure);
            return Vec::new();
        }
    };
    if text.trim().is_empty() || text == editing.text {
        let was_wrong = editing.text.starts_with(ERROR);
        let said = if was_wrong { "left as it was: the text still has the error" } else { "nothing was changed" };
        model.shared.notices.say(now, Tone::Plain, said);
        return Vec::new();
    }
    let edited = without(&text, ERROR);
    match plan(model, &editing.before, edited) {
        Ok(plan) => {
            let title = format!("Edited: {}", plan.title());
            model.endpoints.propose(title, plan, &mut model.shared)
        }
        Err(error) => {
            let error: Vec<String> = error.lines().map(|line| format!("{ERROR}{}", text::clean(line))).collect();
            start(model, editing.before, format!("{}\n{edited}", error.join("\n")))
        }
    }
}

fn plan(model: &Model, before: &[Endpoint], text: &str) -> Result<Plan, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    if document.groups.is_some() {
        return Err("groups are not edited here; repoint export and repoint apply do that".to_owned());
    }
    // Made on what was given to the editor, not on what was read since: the guard has to see the difference.
    let is_other = |row: &&Row| before.iter().all(|own| own.id != row.id);
    let others = model.endpoints.rows.all().iter().filter(is_other).map(Row::endpoint);
    let endpoints: Vec<Endpoint> = before.iter().cloned().chain(others).collect();
    let server = Server { endpoints: &endpoints, groups: None };
    desired::plan(&document, &server, false).map_err(|problems| problems.to_string())
}
