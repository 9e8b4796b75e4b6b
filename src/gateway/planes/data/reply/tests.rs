use proptest::prelude::*;

use super::*;
use crate::gateway::usage::Estimate;

fn rewrite(text: &str, usage_is_hidden: bool) -> (String, Facts) {
    let (mut facts, mut out) = (Facts::default(), Vec::new());
    Rewrite { slug: b"\"my-org/glm\"".to_vec(), usage_is_hidden }.apply(text.as_bytes(), &mut facts, &mut out);
    (String::from_utf8(out).unwrap(), facts)
}

fn tokens(facts: &Facts) -> (u64, u64, u64) {
    let tokens = facts.usage.charge(Estimate::default()).tokens;
    (tokens.input_tokens, tokens.output_tokens, tokens.cached_input_tokens)
}

#[test]
fn the_slug_is_put_back_and_nothing_else_changes() {
    let text = r#"{ "id":1.0,"model" : "glm","choices":[{"model":"x"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}} }"#;
    let (out, seen) = rewrite(text, false);
    assert_eq!(out, text.replace("\"glm\"", "\"my-org/glm\""));
    assert_eq!(tokens(&seen), (3, 4, 2));
    assert!(seen.is_piece && !seen.choices_are_none(text.as_bytes()));
}

#[test]
fn nested_models_of_events_are_put_back() {
    let start = r#"{"type":"message_start","message":{"model":"claude","usage":{"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":1}}}"#;
    let (out, seen) = rewrite(start, false);
    assert_eq!(out, start.replace("claude", "my-org/glm"));
    assert_eq!(tokens(&seen), (12, 1, 7));
    let last =
        r#"{"type":"response.completed","response":{"model":"gpt","usage":{"input_tokens":5,"output_tokens":6}}}"#;
    let (out, seen) = rewrite(last, false);
    assert_eq!(out, last.replace("gpt", "my-org/glm"));
    assert!(seen.is_last && tokens(&seen) == (5, 6, 0));
}

#[test]
fn hidden_usage_leaves_no_trace() {
    for (text, hidden) in [
        (r#"{"choices":[1],"usage":null}"#, r#"{"choices":[1]}"#),
        (r#"{"usage":null,"choices":[1]}"#, r#"{"choices":[1]}"#),
        (r#"{"choices":[1], "usage": {"prompt_tokens":1} , "z":2}"#, r#"{"choices":[1], "z":2}"#),
        (r#"{"usage":null}"#, "{}"),
    ] {
        assert_eq!(rewrite(text, true).0, hidden);
        assert_eq!(rewrite(text, false).0, text);
    }
}

proptest! {
    /// Members that mean nothing to the gateway, before, between and behind those that do.
    #[test]
    fn whatever_else_an_answer_holds_passes_byte_by_byte(
        others in prop::collection::vec(
            r#"[ \n\t]{0,2}"[a-l]{1,3}"[ ]{0,2}:[ ]{0,2}(1\.50|-0|1E\+5|1e400|null|"m\\"o\\u00e9"|"é,}"|\[1 , \{"model":"x"\}\]|\{"usage":\{\},"model" : 1\})[ \r]{0,2}"#,
            0..6,
        ),
        model_at in any::<prop::sample::Index>(),
        usage_at in any::<prop::sample::Index>(),
    ) {
        let answer = |model: &str| {
            let mut members = others.clone();
            members.insert(usage_at.index(members.len() + 1), r#""usage": {"prompt_tokens":1,"x":2.0}"#.to_owned());
            members.insert(model_at.index(members.len() + 1), format!("\"model\" :{model}"));
            format!(" {{{}}}\n", members.join(","))
        };
        let (out, seen) = rewrite(&answer("\"gl\\u006d\""), false);
        prop_assert_eq!(out, answer("\"my-org/glm\""));
        prop_assert_eq!(tokens(&seen), (1, 0, 0));
    }
}

#[test]
fn what_is_no_object_passes() {
    for text in ["", "[DONE]", "{\"model\":\"x\"", "\u{0}garbage"] {
        let (out, facts) = rewrite(text, true);
        assert!(out == text && facts.usage.is_silent() && !facts.is_piece, "{text}");
    }
}

#[test]
fn a_byte_order_mark_hides_nothing() {
    let text = "\u{feff}{\"model\":\"x\",\"usage\":{\"prompt_tokens\":1}}";
    let (out, facts) = rewrite(text, false);
    assert_eq!(out, text.replace("\"x\"", "\"my-org/glm\""));
    assert_eq!(tokens(&facts), (1, 0, 0));
}

#[test]
fn usage_is_found_wherever_a_dialect_puts_it() {
    for (text, wanted) in [
        (r#"{"x_groq":{"id":"r","usage":{"prompt_tokens":5,"completion_tokens":6}},"choices":[]}"#, (5, 6, 0)),
        (r#"{"choices":[],"timings":{"cache_n":4,"prompt_n":1,"predicted_n":6}}"#, (5, 6, 4)),
        (r#"{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":6}}"#, (5, 6, 0)),
        (
            r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":6}}"#,
            (5, 6, 0),
        ),
        (r#"{"usage":{"prompt_tokens":5},"usage":{"completion_tokens":6}}"#, (5, 6, 0)),
    ] {
        assert_eq!(tokens(&rewrite(text, false).1), wanted, "{text}");
    }
}

#[test]
fn errors_within_an_answer_are_seen() {
    for (text, has_failed) in [
        (r#"{"error":{"message":"too long"}}"#, true),
        (r#"{"error":"too long"}"#, true),
        (r#"{"choices":[{}],"error":null}"#, false),
        (r#"{"type":"error","error":{"type":"overloaded_error"}}"#, true),
        (r#"{"type":"response.failed","response":{"error":{"code":"server_error"}}}"#, true),
        (r#"{"type":"response.completed","response":{"error":null}}"#, false),
        (r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}"#, false),
        (r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}"#, false),
        (r#"{"type":"response.incomplete","response":{"incomplete_details":null}}"#, false),
        (r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"server_error"}}}"#, true),
        (r#"{"type":"response.incomplete","response":{"error":{"code":"x"}}}"#, true),
        (r#"{"choices":[{"delta":{"content":"error"},"finish_reason":"stop"}]}"#, false),
    ] {
        let facts = rewrite(text, false).1;
        assert_eq!(facts.has_failed || facts.answer.has_failed(), has_failed, "{text}");
    }
    assert!(rewrite(r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#, false).1.answer.has_failed());
}

#[test]
fn a_choice_that_says_nothing_is_told_from_one_that_does() {
    for (text, says_nothing) in [
        (r#"{"choices":[{"index":0,"delta":{}}]}"#, true),
        (r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#, true),
        (r#"{"choices":[{"delta":{"content":null,"tool_calls":[]}}]}"#, true),
        (r#"{"choices":[{"index":0,"delta":{"content":"x"}}]}"#, false),
        (r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#, false),
        (r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#, false),
        (r#"{"choices":[{"delta":{}},{"delta":{"audio":{"data":1}}}]}"#, false),
        (r#"{"id":"x"}"#, false),
    ] {
        assert_eq!(rewrite(text, true).1.choices_say_nothing(text.as_bytes()), says_nothing, "{text}");
    }
}
