//! A JSON value as YAML: block style, two blanks a level, strings quoted where a reader could take them for something
//! else. Every YAML 1.2 and 1.1 reader reads back the same value.

use serde_json::Value;

/// What some reader takes for something else than a string.
const WORDS: [&str; 13] =
    ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity", "undefined"];

/// The document, with a line break at its end.
#[must_use]
pub fn yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => block(value, 0, &mut text),
        Value::Array(items) if !items.is_empty() => block(value, 0, &mut text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            text.push_str(&scalar(value));
            text.push('\n');
        }
    }
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) => {
            for (place, (name, value)) in fields.iter().enumerate() {
                // The first field of a list's item stands behind its dash.
                if place > 0 || !text.ends_with("- ") {
                    indent(depth, text);
                }
                text.push_str(&string(name));
                text.push(':');
                child(value, depth + 1, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                indent(depth, text);
                text.push('-');
                match item {
                    Value::Object(fields) if !fields.is_empty() => {
                        text.push(' ');
                        block(item, depth + 1, text);
                    }
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_) => child(item, depth + 1, text),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => child(value, depth, text),
    }
}

fn child(value: &Value, depth: usize, text: &mut String) {
    let is_nested = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if is_nested {
        text.push('\n');
        block(value, depth, text);
    } else {
        text.push(' ');
        text.push_str(&scalar(value));
        text.push('\n');
    }
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        // JSON's own spelling is YAML's too; `{}` and `[]` are among it.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Bare where that can only be this string, else quoted as JSON does, which YAML reads alike.
fn string(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let quoted = Value::from(text).to_string();
    // YAML takes these for line breaks, or forbids them, where JSON does not.
    quoted
        .chars()
        .map(|c| match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => format!("\\u{:04x}", u32::from(c)),
            other => other.to_string(),
        })
        .collect()
}

fn is_plain(text: &str) -> bool {
    let starts_well = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let is_harmless = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./+@~".contains(c) || c == ' ')
        && !text.ends_with(' ')
        && !text.contains("  ");
    starts_well && is_harmless && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nested_value_is_written_in_blocks() {
        let value = json!({
            "endpoints": [
                {"slug": "my-org/glm-5.2", "targets": [{"provider": "BASETEN", "n": 1.5}], "none": null},
                {"slug": "yes", "targets": [], "empty": {}},
            ],
            "matrix": [[1, 2], []],
            "12": "12",
        });
        insta::assert_snapshot!(yaml(&value), @r#"
        endpoints:
          - slug: my-org/glm-5.2
            targets:
              - provider: BASETEN
                "n": 1.5
            none: null
          - slug: "yes"
            targets: []
            empty: {}
        matrix:
          -
            - 1
            - 2
          - []
        "12": "12"
        "#);
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_quoted() {
        for text in
            ["", "no", "Null", "1", "0x1f", "1e3", "- a", "a: b", "a #b", " a", "a ", "é\u{2028}", "~", "2026-01-01"]
        {
            assert!(string(text).starts_with('"'), "{text:?}");
        }
        for text in ["my-org/glm-5.2", "claude sonnet", "a@b.example", "_x"] {
            assert_eq!(string(text), text);
        }
    }
}
