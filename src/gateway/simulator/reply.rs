//! What a simulated model is asked, and its answer in the asker's protocol, in the pieces in which it goes out. Pure.

use serde_json::{Value, json};

use super::text::{answer, embedding, tokens};
use crate::gateway::routing::provider::Operation;

/// The numbers of an embedding where nobody asks for another count.
const DIMENSIONS: usize = 64;
/// The most numbers that are made.
const DIMENSIONS_MAX: u64 = 4_096;

/// A request as far as the simulator cares.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ask {
    pub(super) model: String,
    is_stream: bool,
    tells_usage: bool,
    /// Everything that counts as input.
    input: String,
    /// What the answer repeats: the last that the user said.
    prompt: String,
    inputs: Vec<String>,
    tokens_max: Option<u64>,
    dimensions: usize,
}

/// An answer in its pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) is_stream: bool,
    pub(super) pieces: Vec<String>,
}

/// What was said and how it ended.
struct Said<'a> {
    tokens: Vec<&'a str>,
    is_cut_short: bool,
    input_tokens: usize,
}

impl Ask {
    pub(super) fn read(operation: Operation, body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let model = body.get("model")?.as_str()?.to_owned();
        let asked = match operation {
            Operation::ChatCompletions | Operation::Messages | Operation::CountTokens => body.get("messages")?,
            Operation::Completions => body.get("prompt")?,
            Operation::Embeddings | Operation::Responses => body.get("input")?,
        };
        let mut input = String::new();
        for part in [body.get("system"), body.get("instructions"), Some(asked)].into_iter().flatten() {
            collect_text(part, &mut input);
        }
        let mut prompt = String::new();
        collect_text(last_of(asked), &mut prompt);
        let limits = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
        let can_stream = !matches!(operation, Operation::Embeddings | Operation::CountTokens);
        Some(Self {
            model,
            is_stream: can_stream && body.get("stream").and_then(Value::as_bool) == Some(true),
            tells_usage: body.pointer("/stream_options/include_usage").and_then(Value::as_bool) == Some(true),
            inputs: match asked {
                Value::Array(items) => items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect(),
                other => vec![other.as_str().unwrap_or_default().to_owned()],
            },
            tokens_max: limits.iter().find_map(|name| body.get(*name).and_then(Value::as_u64)),
            dimensions: body
                .get("dimensions")
                .and_then(Value::as_u64)
                .and_then(|count| usize::try_from(count.min(DIMENSIONS_MAX)).ok())
                .unwrap_or(DIMENSIONS),
            input,
            prompt,
        })
    }
}

/// The last message of a conversation, or the whole of anything else.
fn last_of(asked: &Value) -> &Value {
    asked.as_array().and_then(|items| items.last()).unwrap_or(asked)
}

/// All text in a message's content, whatever its shape.
fn collect_text(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(text);
        }
        Value::Array(items) => items.iter().for_each(|item| collect_text(item, out)),
        Value::Object(fields) => {
            for name in ["content", "text", "input_text"] {
                if let Some(inner) = fields.get(name) {
                    collect_text(inner, out);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The answer of the model with this title.
pub(super) fn script(operation: Operation, ask: &Ask, title: &str) -> Script {
    let text = answer(title, &ask.prompt);
    let mut said = Said { tokens: tokens(&text), is_cut_short: false, input_tokens: tokens(&ask.input).len() };
    if let Some(most) = ask.tokens_max.and_then(|most| usize::try_from(most).ok())
        && said.tokens.len() > most
    {
        said.tokens.truncate(most);
        said.is_cut_short = true;
    }
    let pieces = match (operation, ask.is_stream) {
        (Operation::Embeddings, _) => vec![embeddings(ask).to_string()],
        (Operation::ChatCompletions | Operation::Completions, false) => {
            vec![completion(operation, ask, &said).to_string()]
        }
        (Operation::ChatCompletions | Operation::Completions, true) => completion_stream(operation, ask, &said),
        (Operation::Responses, false) => vec![response(ask, &said, "completed", true).to_string()],
        (Operation::Responses, true) => response_stream(ask, &said),
        (Operation::CountTokens, _) => vec![json!({ "input_tokens": said.input_tokens }).to_string()],
        (Operation::Messages, false) => vec![message(ask, &said).to_string()],
        (Operation::Messages, true) => message_stream(ask, &said),
    };
    Script { is_stream: ask.is_stream, pieces }
}

impl Script {
    /// The same length of something that no client understands.
    pub(super) fn as_garbage(&self) -> Vec<String> {
        self.pieces.iter().map(|_| "\u{fffd}{]not json\n".to_owned()).collect()
    }
}

fn id(prefix: &str, ask: &Ask) -> String {
    let number = ask.input.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("{prefix}-simulated-{number:016x}")
}

fn usage(said: &Said<'_>) -> Value {
    let (input, output) = (said.input_tokens, said.tokens.len());
    json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": 0},
    })
}

fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn named_event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value.get("type").and_then(Value::as_str).unwrap_or_default())
}

fn embeddings(ask: &Ask) -> Value {
    let data: Vec<Value> = ask
        .inputs
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": embedding(text, ask.dimensions)}))
        .collect();
    let count: usize = ask.inputs.iter().map(|text| tokens(text).len()).sum();
    json!({
        "object": "list", "model": ask.model, "data": data,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    })
}

fn completion(operation: Operation, ask: &Ask, said: &Said<'_>) -> Value {
    let finish = if said.is_cut_short { "length" } else { "stop" };
    let text = said.tokens.concat();
    let (object, choice) = if operation == Operation::ChatCompletions {
        let message = json!({"role": "assistant", "content": text});
        ("chat.completion", json!({"index": 0, "message": message, "finish_reason": finish}))
    } else {
        ("text_completion", json!({"index": 0, "text": text, "finish_reason": finish}))
    };
    json!({
        "id": id("chatcmpl", ask), "object": object, "created": 0, "model": ask.model, "choices": [choice],
        "usage": usage(said),
    })
}

fn completion_stream(operation: Operation, ask: &Ask, said: &Said<'_>) -> Vec<String> {
    let is_chat = operation == Operation::ChatCompletions;
    let object = if is_chat { "chat.completion.chunk" } else { "text_completion" };
    let chunk = |choices: Value, usage: Option<Value>| {
        let mut value =
            json!({"id": id("chatcmpl", ask), "object": object, "created": 0, "model": ask.model, "choices": choices});
        if let Some(fields) = value.as_object_mut().filter(|_| ask.tells_usage) {
            fields.insert("usage".to_owned(), usage.unwrap_or_default());
        }
        event(&value)
    };
    let piece = |token: &str| {
        if is_chat {
            json!([{"index": 0, "delta": {"content": token}, "finish_reason": null}])
        } else {
            json!([{"index": 0, "text": token, "finish_reason": null}])
        }
    };
    let finish = if said.is_cut_short { "length" } else { "stop" };
    let last = if is_chat {
        json!([{"index": 0, "delta": {}, "finish_reason": finish}])
    } else {
        json!([{"index": 0, "text": "", "finish_reason": finish}])
    };
    let mut pieces: Vec<String> = said.tokens.iter().map(|token| chunk(piece(token), None)).collect();
    pieces.push(chunk(last, None));
    if ask.tells_usage {
        pieces.push(chunk(json!([]), Some(usage(said))));
    }
    pieces.push("data: [DONE]\n\n".to_owned());
    pieces
}

fn response(ask: &Ask, said: &Said<'_>, status: &str, is_done: bool) -> Value {
    let text = said.tokens.concat();
    let content = json!([{"type": "output_text", "text": text, "annotations": []}]);
    let item =
        json!({"id": id("msg", ask), "type": "message", "status": status, "role": "assistant", "content": content});
    let (input, output) = (said.input_tokens, said.tokens.len());
    json!({
        "id": id("resp", ask), "object": "response", "created_at": 0, "status": status, "model": ask.model,
        "output": if is_done { json!([item]) } else { json!([]) },
        "usage": if is_done {
            json!({
                "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
                "input_tokens_details": {"cached_tokens": 0},
            })
        } else {
            Value::Null
        },
    })
}

/// What stands around the text, each event with its number: clients build the answer of it piece by piece.
fn response_stream(ask: &Ask, said: &Said<'_>) -> Vec<String> {
    let (item_id, text) = (id("msg", ask), said.tokens.concat());
    let place = json!({"item_id": item_id, "output_index": 0, "content_index": 0});
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let item = |status: &str, content: Value| json!({"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content});
    let whole = |status: &str, is_done: bool| json!({"response": response(ask, said, status, is_done)});
    let mut number = 0_u64;
    let mut event = |kind: &str, fields: &[&Value]| {
        let mut event = serde_json::Map::new();
        event.insert("type".to_owned(), json!(kind));
        event.insert("sequence_number".to_owned(), json!(number));
        number += 1;
        for field in fields.iter().filter_map(|fields| fields.as_object()) {
            event.extend(field.clone());
        }
        named_event(&Value::Object(event))
    };
    let before = [
        event("response.created", &[&whole("in_progress", false)]),
        event("response.in_progress", &[&whole("in_progress", false)]),
        event("response.output_item.added", &[&json!({"output_index": 0, "item": item("in_progress", json!([]))})]),
        event("response.content_part.added", &[&place, &json!({"part": part("")})]),
    ];
    let mut pieces = vec![before.concat()];
    for token in &said.tokens {
        pieces.push(event("response.output_text.delta", &[&place, &json!({"delta": token, "logprobs": []})]));
    }
    let after = [
        event("response.output_text.done", &[&place, &json!({"text": text, "logprobs": []})]),
        event("response.content_part.done", &[&place, &json!({"part": part(&text)})]),
        event(
            "response.output_item.done",
            &[&json!({"output_index": 0, "item": item("completed", json!([part(&text)]))})],
        ),
    ];
    pieces.push(after.concat());
    pieces.push(event("response.completed", &[&whole("completed", true)]));
    pieces
}

fn stop_reason(said: &Said<'_>) -> &'static str {
    if said.is_cut_short { "max_tokens" } else { "end_turn" }
}

fn message(ask: &Ask, said: &Said<'_>) -> Value {
    json!({
        "id": id("msg", ask), "type": "message", "role": "assistant", "model": ask.model,
        "content": [{"type": "text", "text": said.tokens.concat()}],
        "stop_reason": stop_reason(said), "stop_sequence": null,
        "usage": {"input_tokens": said.input_tokens, "output_tokens": said.tokens.len()},
    })
}

fn message_stream(ask: &Ask, said: &Said<'_>) -> Vec<String> {
    let empty = json!({
        "id": id("msg", ask), "type": "message", "role": "assistant", "model": ask.model, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": said.input_tokens, "output_tokens": 1},
    });
    let mut pieces = vec![
        named_event(&json!({"type": "message_start", "message": empty})),
        named_event(&json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
    ];
    pieces.extend(said.tokens.iter().map(|token| {
        let delta = json!({"type": "text_delta", "text": token});
        named_event(&json!({"type": "content_block_delta", "index": 0, "delta": delta}))
    }));
    pieces.push(named_event(&json!({"type": "content_block_stop", "index": 0})));
    let delta = json!({"stop_reason": stop_reason(said), "stop_sequence": null});
    let usage = json!({"output_tokens": said.tokens.len()});
    pieces.push(named_event(&json!({"type": "message_delta", "delta": delta, "usage": usage})));
    pieces.push(named_event(&json!({"type": "message_stop"})));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(operation: Operation, body: &Value) -> Script {
        let ask = Ask::read(operation, body.to_string().as_bytes()).unwrap();
        script(operation, &ask, "GLM")
    }

    fn value(script: &Script) -> Value {
        serde_json::from_str(&script.pieces.concat()).unwrap()
    }

    #[test]
    fn a_chat_completion_names_the_model_and_counts() {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hello there"}]});
        let answer = value(&asked(Operation::ChatCompletions, &body));
        let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(text.contains("GLM") && text.contains("hello there"));
        assert_eq!(answer["usage"]["prompt_tokens"], 2);
        assert_eq!(answer["usage"]["completion_tokens"], tokens(text).len());
    }

    #[test]
    fn a_stream_says_the_same_as_the_whole() {
        let mut body =
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]});
        let whole = value(&asked(Operation::ChatCompletions, &body));
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
        let stream = asked(Operation::ChatCompletions, &body);
        let chunks: Vec<Value> = stream
            .pieces
            .iter()
            .filter_map(|piece| serde_json::from_str(piece.trim().strip_prefix("data: ")?).ok())
            .collect();
        let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, whole["choices"][0]["message"]["content"]);
        assert_eq!(chunks.last().unwrap()["usage"], whole["usage"]);
        assert_eq!(stream.pieces.last().unwrap(), "data: [DONE]\n\n");
    }

    #[test]
    fn a_limit_on_tokens_cuts_short_and_says_so() {
        let body = json!({"model": "m", "max_tokens": 3, "messages": [{"role": "user", "content": "hi"}]});
        let answer = value(&asked(Operation::ChatCompletions, &body));
        assert_eq!(
            (&answer["usage"]["completion_tokens"], &answer["choices"][0]["finish_reason"]),
            (&json!(3), &json!("length"))
        );
        let message = value(&asked(Operation::Messages, &body));
        assert_eq!((&message["usage"]["output_tokens"], &message["stop_reason"]), (&json!(3), &json!("max_tokens")));
    }

    #[test]
    fn each_route_answers_in_its_shape() {
        let embeddings =
            value(&asked(Operation::Embeddings, &json!({"model": "m", "input": ["a", "b"], "dimensions": 3})));
        assert_eq!(embeddings["data"].as_array().unwrap().len(), 2);
        assert_eq!(embeddings["data"][1]["embedding"].as_array().unwrap().len(), 3);
        let completion = value(&asked(Operation::Completions, &json!({"model": "m", "prompt": "x"})));
        assert_eq!(completion["object"], "text_completion");
        let response = asked(Operation::Responses, &json!({"model": "m", "input": "x", "stream": true}));
        assert!(response.pieces.last().unwrap().starts_with("event: response.completed\n"));
        let text = response.pieces.concat();
        let kinds: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: response.")).collect();
        let (before, after) = (&kinds[..4], &kinds[kinds.len() - 4..]);
        assert_eq!(before, ["created", "in_progress", "output_item.added", "content_part.added"]);
        assert_eq!(after, ["output_text.done", "content_part.done", "output_item.done", "completed"]);
        assert!(text.contains(&format!("\"sequence_number\":{}", kinds.len() - 1)));
        assert_eq!(Ask::read(Operation::Embeddings, b"{\"model\":\"m\"}"), None);
    }
}
