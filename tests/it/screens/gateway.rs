use repoint::tui::effect::Effect;
use repoint::tui::message::{GatewayEvent, Message};

use super::stage::{Stage, dozen};

#[test]
fn what_calls_the_gateway_is_copied_without_any_key() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("6y");
    assert!(stage.text().contains("the local gateway does not run"), "{}", stage.text());
    stage.tell(Message::Gateway(GatewayEvent::Ready {
        management_url: "http://127.0.0.1:8787".to_owned(),
        inference_url: "http://127.0.0.1:8788".to_owned(),
        pid: 4711,
        was_running: false,
    }));
    stage.press("y");
    let wanted = "export OPENAI_BASE_URL=http://127.0.0.1:8788/v1\nexport OPENAI_API_KEY=key-of-a-group\n\
        export ANTHROPIC_BASE_URL=http://127.0.0.1:8788\nexport ANTHROPIC_AUTH_TOKEN=key-of-a-group\n";
    let copied = stage.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(copied, Some(wanted));
    assert!(stage.text().contains("put in a key of a group"), "{}", stage.text());
}
