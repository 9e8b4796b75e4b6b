//! The published schema of the configuration says what the program reads, no more and no less.

use std::collections::BTreeSet;

use repoint::config::{Config, Paths};
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../assets/config.schema.json")).unwrap()
}

fn paths() -> Paths {
    let at = |name: &str| std::path::PathBuf::from("/nowhere").join(name);
    Paths {
        program: at("repoint"),
        config_file: at("config.toml"),
        gateway_data: at("gateway"),
        journal: at("journal"),
        log_file: at("log"),
    }
}

fn properties(schema: &Value, pointer: &str) -> BTreeSet<String> {
    schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect()
}

/// What the program says that it knows, where it is given something that it does not.
fn known(text: &str) -> BTreeSet<String> {
    #[derive(Debug)]
    struct Message(String);
    let message = Message(Config::parse(text, paths()).unwrap_err().to_string());
    let words: Vec<&str> = message.0.split('`').skip(1).step_by(2).collect();
    assert_eq!(words[0], "nonsense", "{message:?}");
    words[1..].iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn it_names_every_setting_and_nothing_else() {
    let schema = schema();
    assert_eq!(known("nonsense = 1"), properties(&schema, "/properties"));
    assert_eq!(known("[dashboard]\nnonsense = 1"), properties(&schema, "/properties/dashboard/properties"));
    assert_eq!(known("[contexts.a]\nnonsense = 1"), properties(&schema, "/$defs/context/properties"));
    let key = "[contexts.a]\nmanagement_url = \"https://a.example\"\nkey = { nonsense = 1 }";
    assert_eq!(known(key), properties(&schema, "/$defs/key/properties"));
}

#[test]
fn what_it_requires_is_required() {
    let whole = "[contexts.a]\nmanagement_url = \"https://a.example\"\nkey = { env = \"A\" }\n";
    Config::parse(whole, paths()).unwrap();
    for name in schema()["$defs"]["context"]["required"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        let kept: Vec<&str> = whole.lines().filter(|line| !line.starts_with(name)).collect();
        let without = kept.join("\n");
        let error = Config::parse(&without, paths()).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    assert!(Config::parse(&whole.replace("env = \"A\"", "env = \"A\", file = \"b\""), paths()).is_err());
}

#[test]
fn the_commented_default_names_only_settings_that_there_are() {
    let text = include_str!("../../../assets/config.toml");
    Config::parse(text, paths()).unwrap();
    let schema = schema();
    let mut known = properties(&schema, "/properties");
    known.extend(properties(&schema, "/properties/dashboard/properties"));
    known.extend(properties(&schema, "/$defs/context/properties"));
    known.extend(properties(&schema, "/properties/keys/properties"));
    known.extend(["fresh".to_owned()]);
    let named = |line: &str| {
        let (name, _) = line.strip_prefix("# ")?.split_once(" = ")?;
        (!name.contains(' ')).then(|| name.to_owned())
    };
    let named: BTreeSet<String> = text.lines().filter_map(named).collect();
    assert!(named.len() > 8, "{named:?}");
    assert_eq!(named.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
}
