//! The same call elsewhere: as `curl`, as Python, as a command. The key is a variable, never its value.

use serde_json::{Value, json};

use crate::api::Chat;
use crate::plan::command;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::copy::{Copy, Item};
use crate::tui::session::Shared;

/// The variable that holds the federated key in what is shown.
const KEY_VARIABLE: &str = "FEDERATED_KEY";

/// Opens the menu of what can be copied of the requests.
pub fn show(chats: &[Chat], shared: &mut Shared) {
    let address = shared.open_context().map(|context| context.inference_url.clone()).unwrap_or_default();
    let items = items(chats, &address);
    shared.opens = Some(Overlay::Copy(Copy::new("The same request elsewhere", items)));
}

fn items(chats: &[Chat], inference_url: &str) -> Vec<Item> {
    let each = |text: &dyn Fn(&Chat) -> String| chats.iter().map(text).collect::<Vec<_>>().join("\n");
    let python = chats.first().map(|chat| python(chat, inference_url)).unwrap_or_default();
    vec![
        Item::new("curl", &each(&|chat| curl(chat, inference_url))),
        Item::new("Python", &python),
        Item::new("command", &each(&repoint)),
    ]
}

/// The request as `curl`, which shows the answer as it comes.
#[must_use]
pub fn curl(chat: &Chat, inference_url: &str) -> String {
    let address = format!("{inference_url}/v1/chat/completions");
    let body = chat.body().to_string();
    let words = ["-sSN", &address, "-H", "Content-Type: application/json", "-d", &body];
    // Double quotes: the shell must put the variable's value in.
    format!("{} -H \"Authorization: Api-Key ${KEY_VARIABLE}\"", command::line("curl", &words))
}

fn repoint(chat: &Chat) -> String {
    command::line("repoint", &["call", chat.slug.as_str(), &chat.prompt, "--stream", "--key-env", KEY_VARIABLE])
}

/// The request with the `openai` package.
#[must_use]
pub fn python(chat: &Chat, inference_url: &str) -> String {
    let quoted = |text: &str| json!(text).to_string();
    let messages = chat.body().get("messages").cloned().unwrap_or(Value::Null);
    format!(
        "import os\n\
         from openai import OpenAI\n\n\
         key = os.environ[\"{KEY_VARIABLE}\"]\n\
         client = OpenAI(base_url={}, api_key=key, default_headers={{\"Authorization\": f\"Api-Key {{key}}\"}})\n\
         stream = client.chat.completions.create(model={}, messages={messages}, stream=True)\n\
         for chunk in stream:\n    \
             for choice in chunk.choices:\n        \
                 print(choice.delta.content or \"\", end=\"\", flush=True)\n\
         print()",
        quoted(&format!("{inference_url}/v1")),
        quoted(chat.slug.as_str()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Slug;

    fn chat() -> Chat {
        Chat { is_streamed: true, ..Chat::new(Slug::from_wire("my-org/glm"), "it's \"me\"") }
    }

    #[test]
    fn the_shell_gets_the_prompt_unharmed_and_the_key_stays_a_variable() {
        let text = curl(&chat(), "http://127.0.0.1:8788");
        assert!(text.contains(r#"it'\''s \"me\""#), "{text}");
        assert!(text.ends_with("-H \"Authorization: Api-Key $FEDERATED_KEY\""), "{text}");
        assert_eq!(repoint(&chat()), r#"repoint call my-org/glm 'it'\''s "me"' --stream --key-env FEDERATED_KEY"#);
    }

    #[test]
    fn python_gets_strings_that_it_reads_back() {
        let text = python(&chat(), "http://127.0.0.1:8788");
        assert!(text.contains(r#"messages=[{"role":"user","content":"it's \"me\""}]"#), "{text}");
        assert!(text.contains(r#"base_url="http://127.0.0.1:8788/v1""#) && text.contains("    for choice"), "{text}");
    }
}
