use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read(usage: &str) -> Usage {
    Usage::read(usage.as_bytes())
}

/// What is charged where nothing is estimated: prompt, answer, cached.
fn told(usage: &str) -> (u64, u64, u64) {
    charged(&read(usage), Estimate::default())
}

fn charged(usage: &Usage, estimate: Estimate) -> (u64, u64, u64) {
    let tokens = usage.charge(estimate).tokens;
    (tokens.input_tokens, tokens.output_tokens, tokens.cached_input_tokens)
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table: a row a dialect")]
fn every_dialect_is_read() {
    for (who, usage, wanted) in [
        (
            "OpenAI chat",
            r#"{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":120}}"#,
            (2006, 300, 1920),
        ),
        (
            "OpenAI responses",
            r#"{"input_tokens":36,"input_tokens_details":{"cached_tokens":20,"cache_write_tokens":4},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":80},"total_tokens":123}"#,
            (36, 87, 20),
        ),
        ("embeddings", r#"{"prompt_tokens":8,"total_tokens":8}"#, (8, 0, 0)),
        (
            "Anthropic",
            r#"{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":100,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":5}"#,
            (132, 5, 100),
        ),
        (
            "Anthropic, the parts alone",
            r#"{"input_tokens":25,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":5}"#,
            (32, 5, 0),
        ),
        (
            "DeepSeek",
            r#"{"prompt_tokens":112,"prompt_cache_hit_tokens":100,"prompt_cache_miss_tokens":12,"completion_tokens":5,"total_tokens":117}"#,
            (112, 5, 100),
        ),
        (
            "DeepSeek, the parts alone",
            r#"{"prompt_cache_hit_tokens":100,"prompt_cache_miss_tokens":12,"completion_tokens":5}"#,
            (112, 5, 100),
        ),
        (
            "Moonshot",
            r#"{"prompt_tokens":19,"completion_tokens":21,"total_tokens":40,"cached_tokens":10}"#,
            (19, 21, 10),
        ),
        (
            "Mistral",
            r#"{"prompt_tokens":19,"completion_tokens":21,"total_tokens":40,"num_cached_tokens":16}"#,
            (19, 21, 16),
        ),
        (
            "Gemini",
            r#"{"promptTokenCount":7477,"candidatesTokenCount":2060,"thoughtsTokenCount":1939,"cachedContentTokenCount":7000,"totalTokenCount":11476}"#,
            (7477, 3999, 7000),
        ),
        (
            "Gemini with tools",
            r#"{"promptTokenCount":10,"toolUsePromptTokenCount":90,"candidatesTokenCount":5,"totalTokenCount":105}"#,
            (100, 5, 0),
        ),
        (
            "Gemini as OpenAI, thoughts in the sum alone",
            r#"{"prompt_tokens":20,"completion_tokens":424,"total_tokens":1016}"#,
            (20, 996, 0),
        ),
        (
            "Gemini as OpenAI, thoughts alone",
            r#"{"completion_tokens":0,"total_tokens":81,"prompt_tokens":21,"completion_tokens_details":{"reasoning_tokens":60}}"#,
            (21, 60, 0),
        ),
        (
            "xAI",
            r#"{"prompt_tokens":40,"completion_tokens":11,"total_tokens":121,"completion_tokens_details":{"reasoning_tokens":70}}"#,
            (40, 81, 0),
        ),
        (
            "Bedrock",
            r#"{"inputTokens":25,"outputTokens":5,"totalTokens":130,"cacheReadInputTokens":100,"cacheWriteInputTokens":0}"#,
            (125, 5, 100),
        ),
        (
            "Bedrock, invocation metrics",
            r#"{"inputTokenCount":3,"outputTokenCount":13,"cacheReadInputTokenCount":0,"cacheWriteInputTokenCount":25037}"#,
            (25040, 13, 0),
        ),
        (
            "Cohere",
            r#"{"billed_units":{"input_tokens":5,"output_tokens":418},"tokens":{"input_tokens":71,"output_tokens":418},"cached_tokens":64}"#,
            (71, 418, 64),
        ),
        (
            "llama.cpp",
            r#"{"cache_n":236,"prompt_n":1,"prompt_ms":30.958,"predicted_n":35,"predicted_ms":661.064}"#,
            (237, 35, 236),
        ),
        (
            "LiteLLM",
            r#"{"completion_tokens":5,"prompt_tokens":112,"total_tokens":117,"prompt_tokens_details":{"cached_tokens":100},"cache_read_input_tokens":100,"cache_creation_input_tokens":7}"#,
            (112, 5, 100),
        ),
        (
            "LiteLLM without a sum",
            r#"{"completion_tokens":5,"prompt_tokens":112,"cache_read_input_tokens":100,"cache_creation_input_tokens":7}"#,
            (112, 5, 100),
        ),
    ] {
        assert_eq!(told(usage), wanted, "{who}");
    }
}

#[test]
fn headers_are_read_too() {
    let told = |prompt: &'static str, cached: &'static str| {
        let usage = Usage::of_headers(|name| match name {
            "fireworks-prompt-tokens" => Some(prompt.as_bytes()),
            "fireworks-cached-prompt-tokens" => Some(cached.as_bytes()),
            _ => None,
        });
        charged(&usage, Estimate::default())
    };
    assert_eq!(told("8000", "7500"), (8000, 0, 7500));
    assert_eq!(told("8000", "many"), (8000, 0, 0));
}

#[test]
fn members_agree_with_a_sum_that_was_told() {
    for (usage, wanted) in [
        // The cache within the input, though its name says beside.
        (r#"{"input_tokens":125,"output_tokens":5,"cache_read_input_tokens":100,"total_tokens":130}"#, (125, 5, 100)),
        (r#"{"input_tokens":125,"output_tokens":5,"cache_read_input_tokens":100,"total_tokens":230}"#, (225, 5, 100)),
        // A sum that leaves the cache out does not make it fit into less.
        (r#"{"input_tokens":25,"output_tokens":5,"cache_read_input_tokens":100,"total_tokens":30}"#, (125, 5, 100)),
        // The cache beside the prompt, though its name says within.
        (
            r#"{"prompt_tokens":112,"completion_tokens":5,"cache_read_input_tokens":100,"total_tokens":217}"#,
            (212, 5, 100),
        ),
        (r#"{"prompt_tokens":12,"completion_tokens":5,"cache_read_input_tokens":100}"#, (112, 5, 100)),
        // A sum that is too small is none.
        (r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":3}"#, (10, 5, 0)),
        (r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":0}"#, (10, 5, 0)),
        // One of three is what the others leave.
        (r#"{"prompt_tokens":10,"total_tokens":15}"#, (10, 5, 0)),
        (r#"{"completion_tokens":5,"total_tokens":15}"#, (10, 5, 0)),
        (r#"{"total_tokens":15}"#, (15, 0, 0)),
    ] {
        assert_eq!(told(usage), wanted, "{usage}");
    }
    let divided = read(r#"{"total_tokens":15}"#).charge(Estimate { input: 4, output: 90 });
    assert!(divided.is_estimated);
    assert_eq!((divided.tokens.input_tokens, divided.tokens.output_tokens), (4, 11));
}

#[test]
fn numbers_may_be_split_over_two_spellings() {
    assert_eq!(told(r#"{"prompt_tokens":10,"output_tokens":5}"#), (10, 5, 0));
    assert_eq!(told(r#"{"input_tokens":10,"completion_tokens":5,"completion_tokens":0}"#), (10, 5, 0));
    assert_eq!(told(r#"{"prompt_tokens":0,"completion_tokens":0,"input_tokens":10,"output_tokens":5}"#), (10, 5, 0));
    assert_eq!(
        told(r#"{"prompt_tokens":112,"input_tokens":112,"cache_read_input_tokens":100,"output_tokens":5}"#),
        (112, 5, 100)
    );
}

#[test]
fn an_odd_member_costs_itself_alone() {
    for (details, cached) in [
        (r#""prompt_tokens_details":[]"#, 0),
        (r#""prompt_tokens_details":null"#, 0),
        (r#""prompt_tokens_details":"3""#, 0),
        (r#""prompt_tokens_details":{"cached_tokens":"3"}"#, 3),
        (r#""prompt_tokens_details":{"cached_tokens":3.0}"#, 3),
        (r#""prompt_tokens_details":{"cached_tokens":-1}"#, 0),
        (r#""prompt_tokens_details":{"cached_tokens":1e30}"#, 0),
        (r#""prompt_tokens_details":{"cached_tokens":2,"cached_tokens":3,"cached_tokens":1}"#, 3),
        (r#""prompt_tokens_details":{"cached_tokens":[3]}"#, 0),
        (r#""prompt_tokens_details":{},"prompt_tokens":4"#, 0),
        (r#""total_tokens":"many""#, 0),
        // More than there is cannot have been cached.
        (r#""prompt_tokens_details":{"cached_tokens":300}"#, 25),
    ] {
        for usage in [
            format!(r#"{{{details},"prompt_tokens":25,"completion_tokens":5}}"#),
            format!(r#"{{"prompt_tokens":25,"completion_tokens":5,{details}}}"#),
        ] {
            assert_eq!(told(&usage), (25, 5, cached), "{usage}");
        }
    }
    for nothing in ["", "null", "[]", "7", "\"x\"", "{}", "{\"prompt_tokens\":}"] {
        assert!(read(nothing).is_silent(), "{nothing}");
    }
}

#[test]
fn what_a_stream_tells_later_takes_nothing_back() {
    let start = r#"{"input_tokens":25,"cache_read_input_tokens":100,"output_tokens":1}"#;
    for (delta, wanted) in [
        (r#"{"input_tokens":0,"output_tokens":9}"#, (125, 9, 100)),
        (r#"{"input_tokens":25,"output_tokens":9}"#, (125, 9, 100)),
        (r#"{"input_tokens":25,"cache_read_input_tokens":0,"output_tokens":9}"#, (125, 9, 100)),
        (
            r#"{"input_tokens":40,"cache_read_input_tokens":100,"cache_creation_input_tokens":2,"output_tokens":9}"#,
            (142, 9, 100),
        ),
        ("null", (125, 1, 100)),
    ] {
        let mut usage = read(start);
        usage.merge(&read(delta));
        assert_eq!(charged(&usage, Estimate::default()), wanted, "{delta}");
    }
}

#[test]
fn zeros_beside_something_are_estimated_and_marked() {
    let estimate = Estimate { input: 30, output: 7 };
    for (usage, wanted, is_estimated) in [
        ("null", (30, 7, 0), true),
        (r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#, (30, 7, 0), true),
        (r#"{"prompt_tokens":12,"completion_tokens":0,"total_tokens":12}"#, (12, 7, 0), true),
        (r#"{"prompt_tokens":0,"completion_tokens":9}"#, (30, 9, 0), true),
        (r#"{"prompt_tokens":12,"completion_tokens":9}"#, (12, 9, 0), false),
        (r#"{"input_tokens":0,"cache_read_input_tokens":80,"output_tokens":9}"#, (80, 9, 80), false),
    ] {
        let charge = read(usage).charge(estimate);
        assert_eq!((charged(&read(usage), estimate), charge.is_estimated), (wanted, is_estimated), "{usage}");
    }
    // Nothing was there to be counted.
    let empty = read(r#"{"prompt_tokens":12,"total_tokens":12}"#).charge(Estimate { input: 30, output: 0 });
    assert!(!empty.is_estimated && empty.tokens.output_tokens == 0);
}

#[test]
fn an_answer_that_broke_off_is_charged_what_passed_of_it() {
    let begun = read(r#"{"input_tokens":25,"output_tokens":1}"#);
    let charge = begun.charge_so_far(Estimate { input: 99, output: 40 });
    assert_eq!((charge.tokens.input_tokens, charge.tokens.output_tokens, charge.is_estimated), (25, 40, true));
    let told = read(r#"{"input_tokens":25,"output_tokens":50}"#);
    assert!(!told.charge_so_far(Estimate { input: 99, output: 40 }).is_estimated);
}

fn prompt(body: &Value) -> u64 {
    let text = body.to_string();
    let mut watch = PromptWatch::default();
    json::members_watched(text.as_bytes(), &mut watch, |_| ()).unwrap();
    watch.tokens()
}

#[test]
fn a_prompt_is_estimated_by_its_letters() {
    let base64 = "iVBORw0KGgo".repeat(100_000);
    let image = format!("data:image/png;base64,{base64}");
    for (body, tokens) in [
        (json!({"model": "m", "messages": [{"role": "user", "content": "x".repeat(400)}]}), 101),
        (json!({"messages": [{"content": [{"type": "text", "text": "x".repeat(400)}]}], "user": "y".repeat(999)}), 100),
        (json!({"prompt": ["x".repeat(200), "x".repeat(200)], "suffix": "x".repeat(40)}), 110),
        (json!({"prompt": [1, 2, 3]}), 3),
        (json!({"input": [[1, 2, 3], [4]]}), 4),
        (json!({"input": "x".repeat(40), "instructions": "x".repeat(40)}), 20),
        (json!({"system": [{"type": "text", "text": "x".repeat(40)}], "max_tokens": 5}), 10),
        (json!({"tools": [{"function": {"name": "abcd", "parameters": {"efgh": "ijkl"}}}]}), 9),
        (json!({"messages": [{"tool_call_id": "call_1", "content": "x".repeat(80)}]}), 20),
        (json!({"messages": [{"content": [{"type": "tool_result", "content": "x".repeat(80)}]}]}), 20),
        (json!({"messages": [{"content": "\u{4e2d}\u{6587}\u{4e2d}\u{6587}"}]}), 3),
        // What is attached costs the same whatever its size and its dialect.
        (
            json!({"messages": [{"content": [{"type": "image_url", "image_url": {"url": image, "detail": "low"}}]}]}),
            1_000,
        ),
        (
            json!({"messages": [{"content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]}),
            1_000,
        ),
        (
            json!({"messages": [{"content": [{"type": "input_audio", "input_audio": {"data": base64, "format": "wav"}}]}]}),
            1_000,
        ),
        (
            json!({"messages": [{"content": [{"type": "file", "file": {"file_data": image, "filename": "a.pdf"}}]}]}),
            1_000,
        ),
        (
            json!({"messages": [{"content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64}}]}]}),
            1_000,
        ),
        (
            json!({"messages": [{"content": [{"type": "image", "source": {"type": "url", "url": "https://example.com/a"}}]}]}),
            1_000,
        ),
        (
            json!({"messages": [{"content": [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ab c".repeat(100)}}]}]}),
            100,
        ),
        (
            json!({"input": [{"content": [{"type": "input_image", "image_url": image}, {"type": "input_file", "file_id": "f"}]}]}),
            2_000,
        ),
        (json!({"messages": [{"content": image}]}), 1_000),
        (json!({"model": "m", "metadata": {"content": "x".repeat(400)}}), 0),
    ] {
        assert_eq!(prompt(&body), tokens, "{}", body.to_string().chars().take(200).collect::<String>());
    }
    let escaped = r#"{"messages":[{"content":"\u4e2d\u6587\u4e2d\u6587\n\"x\""}]}"#;
    let mut watch = PromptWatch::default();
    json::members_watched(escaped.as_bytes(), &mut watch, |_| ()).unwrap();
    assert_eq!(watch.tokens(), 4);
}

#[test]
fn an_answer_is_estimated_by_what_it_says() {
    let letters = |text: &str| {
        let mut watch = AnswerWatch::default();
        json::members_watched(text.as_bytes(), &mut watch, |_| ()).unwrap();
        (watch.letters(), watch.finishes())
    };
    for (text, wanted) in [
        (
            r#"{"id":"long-id","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}"#,
            (5, 1),
        ),
        (
            r#"{"choices":[{"delta":{"content":"he"},"finish_reason":null},{"delta":{"reasoning_content":"llo"}}]}"#,
            (5, 0),
        ),
        (
            r#"{"choices":[{"text":"hello","logprobs":{"tokens":["hel","lo"],"top_logprobs":[{"hel":-1}]},"finish_reason":"length"}]}"#,
            (5, 1),
        ),
        (
            r#"{"choices":[{"delta":{"content":"x"},"logprobs":{"content":[{"token":"x","bytes":[120],"top_logprobs":[{"token":"y"}]}]}}]}"#,
            (1, 0),
        ),
        (
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}"#,
            (3, 0),
        ),
        (r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}"#, (5, 0)),
        (r#"{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"RXJy"}}"#, (0, 0)),
        (r#"{"type":"response.output_text.delta","item_id":"msg_1","delta":"hello"}"#, (5, 0)),
        (r#"{"type":"response.output_text.done","text":"hello"}"#, (0, 0)),
        (
            r#"{"content":[{"type":"text","text":"hello"},{"type":"tool_use","id":"t","name":"f","input":{"city":"Rom"}}]}"#,
            (9, 0),
        ),
        (
            r#"{"object":"response","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}"#,
            (5, 0),
        ),
        (r#"{"object":"list","data":[{"object":"embedding","embedding":"AAAA"}]}"#, (0, 0)),
    ] {
        assert_eq!(letters(text), wanted, "{text}");
    }
}

/// A member's value: a count, or what no upstream should send.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..5_000_u64).prop_map(|tokens| tokens.to_string()),
        prop::sample::select(vec![
            "null",
            "[]",
            "{}",
            "-1",
            "1e30",
            "1.5",
            "true",
            "\"\"",
            "\"x\"",
            "\"3\"",
            "3.0",
            "[1,{\"prompt_tokens\":9}]",
            "{\"cached_tokens\":[]}",
            "{\"cached_tokens\":-7}",
        ])
        .prop_map(str::to_owned),
    ]
}

fn any_member() -> impl Strategy<Value = (usize, String)> {
    (0..SPELLINGS.len(), any_value())
}

fn object(members: &[(usize, String)]) -> String {
    let members = members.iter().map(|(at, value)| {
        let Spelling { place, name, .. } = SPELLINGS[*at];
        if place.is_empty() { format!("\"{name}\":{value}") } else { format!("\"{place}\":{{\"{name}\":{value}}}") }
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

proptest! {
    /// However odd the members are: each spelling that holds a count is kept, and nothing else.
    #[test]
    fn odd_members_cost_no_others(members in prop::collection::vec(any_member(), 0..12)) {
        let usage = read(&object(&members));
        let mut wanted = Usage::default();
        for (at, value) in &members {
            if let Some(tokens) = count::read(value.as_bytes()) {
                wanted.tell(SPELLINGS[*at].count, tokens);
            }
        }
        prop_assert_eq!(usage, wanted);
    }

    /// The order in which events tell does not matter, nor does telling twice.
    #[test]
    fn merging_is_a_maximum(one in prop::collection::vec(any_member(), 0..8), two in prop::collection::vec(any_member(), 0..8)) {
        let (one, two) = (read(&object(&one)), read(&object(&two)));
        let (mut forth, mut back) = (one, two);
        forth.merge(&two);
        back.merge(&one);
        prop_assert_eq!(forth, back);
        let mut again = forth;
        again.merge(&one);
        again.merge(&two);
        prop_assert_eq!(again, forth);
    }

    /// No reading makes less of a prompt or an answer than was told, nor more cached than there is.
    #[test]
    fn no_count_is_read_as_less(members in prop::collection::vec(any_member(), 0..12), input in 0..100_u64, output in 0..100_u64) {
        let usage = read(&object(&members));
        let charge = usage.charge(Estimate { input, output });
        let of = |count| usage.get(count).unwrap_or(0);
        prop_assert!(charge.tokens.input_tokens >= of(Count::Prompt).max(of(Count::Input)));
        prop_assert!(charge.tokens.output_tokens >= of(Count::Output).max(of(Count::Thoughts)));
        prop_assert!(charge.tokens.cached_input_tokens <= charge.tokens.input_tokens);
        prop_assert!(charge.is_estimated || usage.charge(Estimate::default()) == charge);
    }

    /// Where a sum agrees with the members in one of their readings, the charge adds up to it.
    #[test]
    fn a_sum_that_can_be_met_is_met(prompt in 1..1_000_u64, read_tokens in 0..1_000_u64, output in 1..1_000_u64, reasoning in 0..1_000_u64, inside: bool, is_thought_inside: bool) {
        let beside = if inside && read_tokens <= prompt { 0 } else { read_tokens };
        let thought = if is_thought_inside && reasoning <= output { 0 } else { reasoning };
        let total = prompt + beside + output + thought;
        let text = json!({"input_tokens": prompt, "cache_read_input_tokens": read_tokens, "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": reasoning}, "total_tokens": total}).to_string();
        let tokens = read(&text).charge(Estimate::default()).tokens;
        prop_assert_eq!(tokens.input_tokens + tokens.output_tokens, total);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\ u1-e.tn\xff".to_vec()), 0..60)) {
        let _ = Usage::read(&bytes).charge(Estimate::default());
    }
}
