use repoint::tui::app::Tab;
use repoint::tui::message::Message;
use repoint::tui::wanted::Found;

use super::groups;
use super::stage::{Stage, dozen};

fn selected(stage: &Stage) -> String {
    stage.model.endpoints.list.selected.as_ref().unwrap().to_string()
}

/// Answers the reading of the groups that a key has asked for.
fn answer_groups(stage: &mut Stage) {
    let ticket = stage.model.groups.all.waiting.unwrap();
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::Groups(groups::all()))) });
}

#[test]
fn the_way_back_leads_through_the_tabs_to_what_was_selected() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("jjj");
    let endpoint = selected(&stage);
    stage.press("2");
    stage.press("5");
    stage.press("[");
    assert_eq!(stage.model.tab, Tab::Board);
    stage.press("[");
    assert_eq!((stage.model.tab, selected(&stage)), (Tab::Endpoints, endpoint.clone()));
    stage.press("[");
    assert!(stage.text().contains("there is nothing to go back to"), "{}", stage.text());
    stage.press("]]");
    assert_eq!(stage.model.tab, Tab::History);
    // Another way ends the way forward.
    stage.press("[1");
    stage.press("]");
    assert_eq!(stage.model.tab, Tab::Endpoints);
    stage.press("[[");
    assert_eq!((stage.model.tab, selected(&stage)), (Tab::Endpoints, endpoint));
}

#[test]
fn one_key_leads_from_an_endpoint_to_what_belongs_to_it() {
    let mut stage = Stage::with((120, 36), dozen());
    let slug = "my-org/glm-5.2";
    stage.press("/slug:glm-5.2<enter>");
    let row = stage.model.endpoints.list.row(&stage.model.endpoints.rows).unwrap();
    assert_eq!(row.slug.as_str(), slug);
    stage.press("T");
    assert_eq!((stage.model.tab, stage.model.traffic.filter.text()), (Tab::Traffic, "slug:my-org/glm-5.2"));
    stage.press("[H");
    assert_eq!((stage.model.tab, stage.model.history.filter.text()), (Tab::History, slug));
    stage.press("[w");
    answer_groups(&mut stage);
    assert_eq!((stage.model.tab, stage.model.groups.filter.text()), (Tab::Groups, "slug:my-org/glm-5.2"));
    stage.press("T");
    assert_eq!((stage.model.tab, stage.model.traffic.filter.text()), (Tab::Traffic, "group:cust_g1"));
    stage.press("[");
    assert_eq!(stage.model.groups.group().unwrap().id.as_str(), "g1");
    stage.press("w");
    assert_eq!((stage.model.tab, selected(&stage)), (Tab::Endpoints, "id-glm-5.2".to_owned()));
    assert!(stage.text().contains("the group may call my-org/glm-5.2, my-org/claude"), "{}", stage.text());
}
