//! When the server is asked, and what its silence does.

use std::time::Duration;

use repoint::api::Target;
use repoint::tui::effect::{Effect, Timer};
use repoint::tui::load::{Failure, FailureKind};
use repoint::tui::message::{GatewayEvent, Message, Opened};

use super::setting::at;
use crate::screens::stage::{Stage, dozen, now};

fn unreachable() -> Failure {
    Failure::new(FailureKind::Unreachable, "127.0.0.1:8787 refused the connection")
}

impl Stage {
    /// Another look at the server finds these endpoints.
    pub(crate) fn press_somewhere_else_and_read(&mut self, endpoints: Vec<repoint::api::Endpoint>) {
        self.tell(Message::Resumed);
        self.answer_sync();
        self.answer_page(endpoints);
    }

    /// The sync report says what is stored and what is served.
    pub(crate) fn answer_sync_at(&mut self, revision: u64, applied_revision: u64) {
        let Some(ticket) = self.model.shared.sync.waiting else { panic!("no sync report was asked for") };
        let report = repoint::api::SyncReport {
            interval_seconds: 60.0,
            revision,
            applied_revision,
            last_sync_at: now().minus(Duration::from_secs(19)),
            next_sync_at: now().plus(Duration::from_secs(41)),
            in_flight: std::collections::BTreeMap::new(),
        };
        self.tell(Message::Sync { ticket, answer: Ok((Some(report), Some(now()))) });
    }

    fn fail_sync(&mut self) {
        let Some(ticket) = self.model.shared.sync.waiting else { panic!("no sync report was asked for") };
        self.tell(Message::Sync { ticket, answer: Err(unreachable()) });
    }

    fn delay(&self, wanted: Timer) -> Option<Duration> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::After { timer, delay } if *timer == wanted => Some(*delay),
            _ => None,
        })
    }
}

#[test]
fn what_somebody_else_changed_stands_out_for_a_moment() {
    let mut stage = at(120, 36);
    let mut changed = dozen();
    changed[0].targets = vec![Target::baseten("9aa1bcd", None)];
    stage.press_somewhere_else_and_read(changed);
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::After { timer: Timer::Marks, .. })));
    assert!(stage.text().contains("• my-org/glm-5.2 "), "{}", stage.text());
    let is_marked =
        |stage: &Stage| stage.styles().lines().any(|line| line.contains("underlined") && line.contains("9aa1bcd"));
    assert!(is_marked(&stage), "{}", stage.styles());
    stage.tell(Message::Due(Timer::Marks));
    assert!(!stage.text().contains("• my-org/glm-5.2 ") && !is_marked(&stage));
}

#[test]
fn an_unchanged_revision_does_not_read_the_list_again() {
    let mut stage = at(120, 36);
    stage.tell(Message::Due(Timer::Sync));
    stage.answer_sync();
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::ReadEndpoints { .. })));
    assert_eq!(stage.model.shared.read_at, Some(now()));
}

#[test]
fn a_moved_revision_reads_the_list() {
    let mut stage = at(120, 36);
    stage.tell(Message::Due(Timer::Sync));
    stage.answer_sync_at(9, 7);
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::ReadEndpoints { .. })));
}

#[test]
fn a_late_answer_is_dropped() {
    let mut stage = at(120, 36);
    stage.tell(Message::Due(Timer::Sync));
    let late = stage.model.shared.sync.waiting.expect("asked");
    stage.tell(Message::Due(Timer::Sync));
    stage.tell(Message::Sync { ticket: late, answer: Err(unreachable()) });
    assert_eq!(stage.model.shared.failure, None);
}

#[test]
fn a_server_that_is_away_keeps_its_data_on_the_screen_and_says_so() {
    let mut stage = at(120, 36);
    stage.tell(Message::Due(Timer::Sync));
    stage.fail_sync();
    let text = stage.text();
    assert!(text.contains("refused the connection") && text.contains("next try in"), "{text}");
    assert!(text.contains("my-org/claude") && text.contains("stale"), "{text}");
    let first = stage.delay(Timer::Sync).expect("it is tried again");
    for _ in 0..6 {
        stage.tell(Message::Due(Timer::Sync));
        stage.fail_sync();
    }
    let later = stage.delay(Timer::Sync).expect("it is tried again");
    assert!(later > first && later <= Duration::from_mins(1), "{first:?} then {later:?}");
    stage.tell(Message::Due(Timer::Sync));
    stage.answer_sync();
    assert!(!stage.text().contains("refused"));
}

#[test]
fn a_change_that_waits_is_looked_at_more_often() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.tell(Message::Due(Timer::Sync));
    stage.answer_sync();
    let waiting = stage.delay(Timer::Sync).expect("asked again");
    assert!(waiting <= Duration::from_secs(1), "{waiting:?}");
    let mut old = dozen();
    for endpoint in &mut old {
        endpoint.updated_at = now().minus(Duration::from_mins(150));
    }
    let mut stage = Stage::with((120, 36), old);
    stage.tell(Message::Due(Timer::Sync));
    stage.answer_sync();
    assert_eq!(stage.delay(Timer::Sync), Some(Duration::from_secs(5)));
    assert_eq!(stage.model.tick(), Some(Duration::from_secs(5)));
    stage.tell(Message::Focused(false));
    assert_eq!(stage.model.tick(), Some(Duration::from_secs(30)));
}

#[test]
fn nothing_is_asked_while_a_write_is_under_way() {
    let mut stage = at(120, 36);
    stage.press("r<enter><enter>");
    stage.tell(Message::Due(Timer::Sync));
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::ReadSync { .. })), "{:?}", stage.effects);
    assert!(stage.delay(Timer::Sync).is_some(), "but later");
}

fn ready(address: &str) -> Message {
    Message::Gateway(GatewayEvent::Ready {
        management_url: address.to_owned(),
        inference_url: "http://127.0.0.1:8788".to_owned(),
        pid: 4711,
        was_running: false,
    })
}

#[test]
fn a_gateway_that_is_ready_where_it_is_open_already_is_not_opened_again() {
    let mut stage = at(120, 36);
    let address = stage.model.shared.contexts[0].address.clone();
    stage.tell(ready(&address));
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Open { .. })), "{:?}", stage.effects);
}

#[test]
fn a_gateway_that_listens_elsewhere_is_opened_there_and_read_although_a_reading_was_under_way() {
    let mut stage = at(120, 36);
    stage.tell(Message::Due(Timer::Endpoints));
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::ReadEndpoints { .. })));
    stage.tell(ready("http://127.0.0.1:9999"));
    let Some(Effect::Open { ticket, .. }) = stage.effects.first().cloned() else { panic!("{:?}", stage.effects) };
    let info = stage.model.shared.contexts[0].clone();
    stage.tell(Message::Opened { ticket, answer: Ok(Opened { context: Some(0), info }) });
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::ReadEndpoints { .. })), "{:?}", stage.effects);
}

#[test]
fn a_list_that_fails_where_there_is_no_report_is_tried_again_more_and_more_slowly_and_stays_on_the_screen() {
    let mut stage = at(120, 36);
    stage.tell(Message::Due(Timer::Sync));
    let ticket = stage.model.shared.sync.waiting.expect("asked");
    stage.tell(Message::Sync { ticket, answer: Ok((None, None)) });
    let mut delays = Vec::new();
    for _ in 0..4 {
        stage.tell(Message::Due(Timer::Endpoints));
        let ticket = stage.model.endpoints.reading.expect("asked");
        stage.tell(Message::Page { ticket, answer: Err(unreachable()) });
        delays.extend(stage.delay(Timer::Endpoints));
        assert!(stage.model.shared.failure.is_some());
    }
    assert!(delays.is_sorted() && delays.len() == 4 && delays[0] < delays[3], "{delays:?}");
    // A late word that there is no report does not make the failure good.
    stage.tell(Message::Resumed);
    let ticket = stage.model.shared.sync.waiting.expect("asked");
    stage.tell(Message::Sync { ticket, answer: Ok((None, None)) });
    assert!(stage.model.shared.failure.is_some());
    stage.answer_page(dozen());
    assert_eq!(stage.model.shared.failure, None);
}
