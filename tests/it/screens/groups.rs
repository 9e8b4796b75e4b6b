use std::collections::BTreeMap;
use std::time::Duration;

use repoint::api::{
    EffectiveModel, EffectiveRateLimit, EffectiveUsageLimit, ExplainedLimit, Group, GroupId, GroupMetadata, GroupModel,
    Hierarchy, KeyInfo, KeyPrefix, LimitEnforcement, LimitType, MintedKey, RateLimit, RateUnit, Slug, Unknown, Usage,
    UsageLimit, UsageOfLimit, UsageUnit,
};
use repoint::plan::{Change, Done, Outcome, PlanId, Record, Report};
use repoint::tui::effect::Effect;
use repoint::tui::load::{Failure, FailureKind};
use repoint::tui::message::Message;
use repoint::tui::wanted::{Found, GroupDetail, Wanted};

use super::stage::{SIZES, Stage, dozen, now, seconds_ago};

fn group(id: &str, name: &str, parent: Option<&str>, slugs: &[&str]) -> Group {
    let rate =
        |threshold| RateLimit { kind: LimitType::Request, unit: RateUnit::Minute, threshold, unknown: Unknown::new() };
    let models: Vec<GroupModel> = slugs
        .iter()
        .map(|slug| GroupModel {
            slug: Slug::from_wire(*slug),
            rate_limits: vec![rate(100)],
            usage_limits: vec![UsageLimit {
                kind: LimitType::Token,
                unit: UsageUnit::Day,
                threshold: 10_000_000,
                unknown: Unknown::new(),
            }],
            unknown: Unknown::new(),
        })
        .collect();
    let effective = models
        .iter()
        .map(|model| EffectiveModel {
            slug: model.slug.clone(),
            rate_limits: vec![
                EffectiveRateLimit {
                    kind: LimitType::Request,
                    unit: RateUnit::Minute,
                    threshold: 100,
                    source_group: Some(GroupId::new(id)),
                },
                EffectiveRateLimit {
                    kind: LimitType::ConcurrentRequest,
                    unit: RateUnit::Minute,
                    threshold: 8,
                    source_group: Some(GroupId::new(parent.unwrap_or(id))),
                },
            ],
            usage_limits: vec![EffectiveUsageLimit {
                kind: LimitType::Token,
                unit: UsageUnit::Day,
                threshold: 10_000_000,
                source_group: Some(GroupId::new(parent.unwrap_or(id))),
            }],
        })
        .collect();
    Group {
        id: GroupId::new(id),
        metadata: GroupMetadata {
            name: Some(name.to_owned()),
            external_entity_id: format!("cust_{id}"),
            unknown: Unknown::new(),
        },
        models,
        effective_models: effective,
        hierarchy: Hierarchy {
            limit_enforcement: LimitEnforcement::Independent,
            parent_group_id: parent.map(GroupId::from),
        },
        created_at: seconds_ago(30 * 86_400),
        unknown: Unknown::new(),
    }
}

pub(super) fn all() -> Vec<Group> {
    vec![
        group("g1", "Acme", None, &["my-org/glm-5.2", "my-org/claude"]),
        group("g2", "Acme prod", Some("g1"), &["my-org/glm-5.2"]),
        group("g3", "Acme dev", Some("g1"), &["my-org/glm-5.2-canary"]),
        group("g4", "日本モデル", None, &["my-org/gpt"]),
    ]
}

fn ticket_of(effects: &[Effect], is_it: impl Fn(&Wanted) -> bool) -> repoint::tui::load::Ticket {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Read { ticket, wanted } if is_it(wanted) => Some(*ticket),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("not asked for in {effects:?}"))
}

fn opened(size: (u16, u16)) -> Stage {
    let mut stage = Stage::with(size, dozen());
    stage.press("3");
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::Groups);
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::Groups(all()))) });
    stage
}

fn answer_detail(stage: &mut Stage) {
    stage.tell(Message::Due(repoint::tui::effect::Timer::GroupDetail));
    let ticket = ticket_of(&stage.effects, |wanted| matches!(wanted, Wanted::GroupDetail(..)));
    let id = stage.model.groups.selected.clone().unwrap();
    let used = UsageOfLimit {
        kind: LimitType::Token,
        unit: UsageUnit::Day,
        threshold: 10_000_000,
        current_usage: Some(8_231_899),
        reset_at: Some(now().plus(Duration::from_secs(37_779))),
    };
    let usage = Usage {
        customer_id: "cust".to_owned(),
        usage: BTreeMap::from([(Slug::from_wire("my-org/glm-5.2"), vec![used])]),
    };
    let key =
        |prefix: &str, name: Option<&str>| KeyInfo { prefix: KeyPrefix::new(prefix), name: name.map(str::to_owned) };
    let keys = vec![key("sky_sCqhBwEy4kPd", Some("billing service")), key("sky_7hQpLm2xWz9a", None)];
    let detail = GroupDetail { keys, usage: Some(usage), now: BTreeMap::new() };
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::GroupDetail(id, detail))) });
}

fn whole(size: (u16, u16)) -> Stage {
    let mut stage = opened(size);
    answer_detail(&mut stage);
    stage
}

fn plan_of(effects: &[Effect]) -> (repoint::tui::load::Ticket, Change) {
    let run = effects.iter().find_map(|effect| match effect {
        Effect::Run { ticket, plan, .. } => Some((*ticket, plan.changes()[0].clone())),
        _ => None,
    });
    run.unwrap_or_else(|| panic!("nothing runs in {effects:?}"))
}

fn deletions(effects: &[Effect]) -> Vec<&str> {
    let changes = effects.iter().find_map(|effect| match effect {
        Effect::Run { plan, .. } => Some(plan.changes()),
        _ => None,
    });
    let each = changes.unwrap_or_default().iter();
    each.filter_map(|change| match change {
        Change::DeleteGroup { before } => Some(before.id.as_str()),
        _ => None,
    })
    .collect()
}

fn report(outcome: Outcome, keys: Vec<(usize, MintedKey)>) -> Report {
    Report {
        id: PlanId::new("p1"),
        outcomes: vec![outcome],
        cancelled: false,
        keys,
        journal_failure: None,
        rolled_back: false,
    }
}

fn done() -> Outcome {
    Outcome::Done(Done { after: Record::Gone, at: now(), revision: Some(8), settled_by_reading: false })
}

#[test]
fn limits_usage_and_keys_are_shown_at_every_size() {
    for (columns, rows) in SIZES {
        let mut stage = whole((columns, rows));
        insta::assert_snapshot!(format!("groups_{columns}x{rows}"), stage.text());
        stage.press("<enter>");
        insta::assert_snapshot!(format!("group_keys_{columns}x{rows}"), stage.text());
    }
}

#[test]
fn a_limit_that_is_close_stands_out() {
    insta::assert_snapshot!(whole((120, 36)).styles());
}

#[test]
fn reading_failed_empty_and_stale_are_different_screens() {
    let mut stage = Stage::with((80, 24), dozen());
    stage.press("3");
    assert!(stage.text().contains("reading the groups"), "{}", stage.text());
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::Groups);
    let failure =
        Failure::new(FailureKind::Forbidden, "the key may not read groups").hint("use one with management scope");
    stage.tell(Message::Found { ticket, found: Box::new(Err(failure)) });
    insta::assert_snapshot!("groups_failed", stage.text());
    stage.press("R");
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::Groups);
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::Groups(Vec::new()))) });
    insta::assert_snapshot!("groups_empty", stage.text());
    let mut stage = whole((120, 36));
    stage.press("R");
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::Groups);
    let failure = Failure::new(FailureKind::Unreachable, "nobody answers");
    stage.tell(Message::Found { ticket, found: Box::new(Err(failure)) });
    assert!(stage.text().contains("stale, read now") && stage.text().contains("Acme prod"), "{}", stage.text());
}

#[test]
fn a_minted_key_is_shown_once_and_copied_with_one_key() {
    let mut stage = whole((120, 36));
    stage.press("Kbilling<enter>");
    let (ticket, change) = plan_of(&stage.effects);
    assert_eq!(change, Change::MintKey { group: GroupId::new("g1"), name: Some("billing".to_owned()) });
    let minted = MintedKey {
        api_key: "sky_aaaabbbbcccc.0123456789abcdef0123456789abcdef0123456789a".to_owned(),
        prefix: KeyPrefix::new("sky_aaaabbbbcccc"),
        name: Some("billing".to_owned()),
    };
    stage.tell(Message::Report { ticket, answer: Box::new(Ok(report(done(), vec![(0, minted.clone())]))) });
    insta::assert_snapshot!(stage.text());
    assert!(!format!("{:?}", stage.model.groups.work).contains("0123456789abcdef"), "Debug shows the key");
    stage.press("<enter>");
    assert!(stage.text().contains(&minted.api_key), "the Enter that made it must not close it");
    stage.press("y");
    assert!(stage.effects.contains(&Effect::Copy(minted.api_key.clone())));
    stage.press("<esc>");
    assert!(!stage.text().contains("0123456789abcdef"));
}

#[test]
fn a_deletion_tells_what_goes_with_it_and_cancel_has_the_focus() {
    let mut stage = whole((120, 36));
    stage.press("d");
    let ticket = ticket_of(&stage.effects, |wanted| matches!(wanted, Wanted::CountKeys(ids) if ids.len() == 3));
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::KeyCount(7))) });
    insta::assert_snapshot!(stage.text());
    stage.press("<enter>");
    assert!(stage.effects.iter().all(|effect| !matches!(effect, Effect::Run { .. })), "Enter deletes unasked");
    stage.press("d<tab><enter>");
    // Each below it is a change of its own, so that an undo brings all of them back.
    let deleted: Vec<&str> = deletions(&stage.effects);
    assert_eq!(deleted.last(), Some(&"g1"), "what is below goes first: {deleted:?}");
    assert_eq!(deleted.len(), 3, "{deleted:?}");
}

#[test]
fn revoking_a_key_tells_what_stops() {
    let mut stage = whole((120, 36));
    stage.press("<enter><down>x");
    assert!(stage.text().contains("sky_7hQpLm2xWz9a are answered 403"), "{}", stage.text());
    stage.press("<right><enter>");
    let (_, change) = plan_of(&stage.effects);
    assert!(matches!(change, Change::RevokeKey { key, .. } if key.prefix.as_str() == "sky_7hQpLm2xWz9a"));
}

#[test]
fn a_protected_context_asks_for_the_name() {
    let mut stage = whole((120, 36));
    stage.model.shared.contexts[0].is_protected = true;
    stage.press("d<enter>");
    assert!(stage.effects.iter().all(|effect| !matches!(effect, Effect::Run { .. })));
    stage.press("Acme<enter>");
    assert!(matches!(plan_of(&stage.effects).1, Change::DeleteGroup { .. }));
}

#[test]
fn an_untouched_group_stays_as_it_was_but_for_what_was_typed() {
    let mut stage = whole((120, 36));
    stage.press("e two<enter>");
    insta::assert_snapshot!("group_edit", stage.text());
    stage.press("<down><down><enter>");
    let (_, change) = plan_of(&stage.effects);
    let Change::UpdateGroup { before, after } = change else { panic!("{change:?}") };
    assert_eq!(after.name.as_deref(), Some("Acme two"));
    assert_eq!(after.models, before.models);
}

#[test]
fn a_line_that_is_wrong_is_said_and_nothing_is_written() {
    let mut stage = whole((80, 24));
    stage.press("ncust_9<enter>New<enter><enter>my-org/gpt speed/minute=5<enter><enter>");
    assert!(stage.effects.is_empty(), "{:?}", stage.effects);
    insta::assert_snapshot!("group_new_wrong", stage.text());
}

#[test]
fn a_write_that_fails_keeps_what_was_typed() {
    let mut stage = whole((120, 36));
    stage.press("e two<enter><down><down><enter>");
    let (ticket, _) = plan_of(&stage.effects);
    let failure = repoint::plan::Failure { message: "Child group exceeds parent group limit.".to_owned(), hint: None };
    stage.tell(Message::Report { ticket, answer: Box::new(Ok(report(Outcome::Failed(failure), Vec::new()))) });
    let text = stage.text();
    assert!(text.contains("exceeds parent") && text.contains("Acme two"), "{text}");
    assert!(!stage.model.shared.is_writing);
}

#[test]
fn scrolling_asks_for_nothing_until_the_cursor_rests() {
    let mut stage = whole((120, 36));
    stage.press("<down>");
    assert!(stage.effects.iter().all(|effect| !matches!(effect, Effect::Read { .. })), "{:?}", stage.effects);
    assert!(stage.text().contains("◌ reading"), "{}", stage.text());
}

#[test]
fn nothing_is_read_once_the_tab_is_left() {
    let mut stage = whole((120, 36));
    stage.press("1");
    stage.tell(Message::Due(repoint::tui::effect::Timer::GroupDetail));
    assert!(stage.effects.iter().all(|effect| !matches!(effect, Effect::Read { .. })), "{:?}", stage.effects);
}

#[test]
fn a_filter_shows_what_matches_and_what_is_above() {
    let mut stage = whole((120, 36));
    stage.press("/slug:my-org/glm-5.2-canary<enter>");
    let text = stage.text();
    assert!(text.contains("2 of 4") && text.contains("╰─ Acme dev"), "{text}");
}

/// The form of a key that the customer made, filled in.
fn registering(size: (u16, u16)) -> Stage {
    let mut stage = whole(size);
    stage.press("i/keys/acme.key<tab>/keys/workspace.pk8<tab>billing");
    stage
}

fn registration(effects: &[Effect]) -> (repoint::tui::load::Ticket, GroupId, repoint::tui::effect::KeyFiles) {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::RegisterKey { ticket, group, files, is_confirmed: false } => {
            Some((*ticket, group.clone(), files.clone()))
        }
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing is registered in {effects:?}"))
}

#[test]
fn a_customers_own_key_is_registered_from_files() {
    let mut stage = registering((120, 36));
    insta::assert_snapshot!("register_key", stage.text());
    stage.press("<enter>");
    let (ticket, group, files) = registration(&stage.effects);
    assert_eq!(group, GroupId::new("g1"));
    assert_eq!(files.key_file, std::path::Path::new("/keys/acme.key"));
    assert_eq!(files.sign_with, std::path::Path::new("/keys/workspace.pk8"));
    assert_eq!(files.name.as_deref(), Some("billing"));
    let prefix = KeyPrefix::new("acme_0123456789a");
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::Registered(prefix))) });
    assert!(stage.model.groups.work.is_none());
    assert!(stage.text().contains("the key acme_0123456789a… of Acme was registered"), "{}", stage.text());
    ticket_of(&stage.effects, |wanted| matches!(wanted, Wanted::GroupDetail(..)));
}

#[test]
fn a_registration_that_fails_keeps_what_was_typed_and_a_file_must_be_named() {
    let mut stage = registering((80, 24));
    stage.press("<enter>");
    let (ticket, ..) = registration(&stage.effects);
    let failure = Failure::new(FailureKind::Invalid, "cannot read /keys/acme.key: no such file");
    stage.tell(Message::Found { ticket, found: Box::new(Err(failure)) });
    let text = stage.text();
    assert!(text.contains("cannot read /keys/acme.key") && text.contains("/keys/workspace.pk8"), "{text}");

    let mut stage = whole((80, 24));
    stage.press("i<enter><enter><enter>");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::RegisterKey { .. })));
    assert!(!stage.model.groups.work.is_none());
}

#[test]
fn a_gateway_of_ours_tells_how_close_the_limits_of_a_minute_are() {
    let mut stage = opened((120, 36));
    stage.tell(Message::Due(repoint::tui::effect::Timer::GroupDetail));
    let ticket = ticket_of(
        &stage.effects,
        |wanted| matches!(wanted, Wanted::GroupDetail(id, slugs) if id.as_str() == "g1" && slugs.len() == 2),
    );
    let limit = |kind, unit: &str, threshold, used, resets| ExplainedLimit {
        kind,
        unit: unit.to_owned(),
        source_group: GroupId::new("g1"),
        threshold,
        used,
        left: threshold - used,
        admits: true,
        fits: true,
        admits_in_seconds: None,
        resets_in_seconds: resets,
    };
    let now = vec![
        limit(LimitType::Request, "MINUTE", 100, 88, Some(41.3)),
        limit(LimitType::ConcurrentRequest, "SECOND", 8, 3, None),
        limit(LimitType::Token, "DAY", 10_000_000, 1, Some(9.0)),
    ];
    let detail =
        GroupDetail { keys: Vec::new(), usage: None, now: BTreeMap::from([(Slug::from_wire("my-org/glm-5.2"), now)]) };
    let found = Found::GroupDetail(GroupId::new("g1"), detail);
    stage.tell(Message::Found { ticket, found: Box::new(Ok(found)) });
    insta::assert_snapshot!("groups_headroom", stage.text());
}
