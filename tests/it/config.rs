//! The configuration: what it takes, what it refuses and where, and what stays when it is changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use repoint::config::{self, Config, ConfigError, Context, KeySource, Paths, Server};
use repoint::connect;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use url::Url;

fn paths(folder: &Path) -> Paths {
    Paths {
        program: PathBuf::from("/usr/bin/repoint"),
        config_file: folder.join("config.toml"),
        gateway_data: folder.join("gateway"),
        journal: folder.join("journal"),
        log_file: folder.join("repoint.log"),
    }
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, paths(Path::new("/c")))
}

const TWO: &str = r#"
# The one for trying things.
context = "sandbox"

[contexts.sandbox]
management_url = "https://gateway.example/"   # behind the VPN
key = { env = "SANDBOX_KEY" }

[contexts.production]
management_url = "https://api.baseten.co"
inference_url = "https://inference.baseten.co"
key = { command = ["pass", "show", "baseten"] }
org_prefixes = ["my-org"]
accent = "red"
"#;

#[test]
fn nothing_is_needed() {
    let config = parse("").unwrap();
    assert_eq!(config.contexts[0].server, Server::Local);
    assert_eq!(config.current, None);
}

#[test]
fn the_example_in_the_assets_is_read_with_and_without_its_comment_marks() {
    let text = include_str!("../../assets/config.toml");
    assert!(parse(text).is_ok());
    let live: String = text
        .lines()
        .map(|line| {
            line.strip_prefix("# ").filter(|rest| rest.starts_with('[') || rest.contains(" = ")).unwrap_or(line)
        })
        .filter(|line| !line.starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n");
    let config = parse(&live).unwrap();
    assert_eq!(config.current.as_deref(), Some("sandbox"));
    assert!(config.contexts[1].is_protected);
}

#[test]
fn contexts_come_in_the_order_of_the_file_and_hosted_ones_start_protected() {
    let config = parse(TWO).unwrap();
    let names: Vec<&str> = config.contexts.iter().map(|context| context.name.as_str()).collect();
    assert_eq!(names[..3], ["local", "sandbox", "production"]);
    assert!(!config.contexts[1].is_protected);
    assert!(config.contexts[2].is_protected);
    let unprotected = parse(&TWO.replace("accent = \"red\"", "protected = false")).unwrap();
    assert!(!unprotected.contexts[2].is_protected);
}

#[test]
fn every_mistake_is_named_with_its_line_and_what_was_meant() {
    let wrong = [
        ("[contexts.a]\nmanagement_url = \"https://a\"\nprotcted = true\nkey = { env = \"A\" }\n", 3, "protected"),
        ("contxt = \"a\"\n", 1, "context"),
        ("[dashboard]\ncolumns = [\"slug\", \"changd\"]\n", 2, "changed"),
        ("[contexts.a]\nmanagement_url = \"https://a\"\nkey = { env = \"A\" }\naccent = \"pink\"\n", 4, "magenta"),
        ("[contexts.a]\nmanagement_url = \"https://a\"\nkey = { env = \"A\", file = \"b\" }\n", 3, "env"),
        ("[contexts.a]\nmanagement_url = \"https://a\"\nkey = \"sk-inline\"\n", 3, ""),
        ("[contexts.a]\nmanagement_url = \"nowhere\"\nkey = { env = \"A\" }\n", 2, ""),
        ("[contexts.local]\nmanagement_url = \"https://a\"\nkey = { env = \"A\" }\n", 1, "another name"),
        ("[contexts.a]\nmanagement_url = \"https://a\"\nkey = { env = \"BASETEN_API_KEY\" }\n", 3, "REPOINT_API_KEY"),
        ("a = [\n", 1, ""),
    ];
    for (text, line, meant) in wrong {
        let error = parse(text).unwrap_err();
        assert!(error.message.starts_with(&format!("/c/config.toml:{line}: ")), "{text}: {}", error.message);
        assert!(error.hint.unwrap_or_default().contains(meant), "{text}: {}", error.message);
        assert!(!error.message.contains("sk-inline"), "{}", error.message);
    }
}

#[test]
fn a_saved_filter_that_cannot_be_understood_is_named_with_its_line() {
    let config = parse("[filters]\nfresh = \"age:<1h\"\n").unwrap();
    assert_eq!(repoint::cli::dashboard::filters(&config).unwrap()["fresh"], "age:<1h");
    for (line, said) in [
        ("old = \"age:>1 fortnight\"", "age:<90s"),
        ("all = \"@fresh\"", "names no other"),
        ("\"a b\" = \"x\"", "one word"),
    ] {
        let config = parse(&format!("[filters]\n{line}\n")).unwrap();
        let error = repoint::cli::dashboard::filters(&config).unwrap_err();
        assert!(error.message.starts_with("/c/config.toml:2: "), "{error}");
        assert!(error.hint.clone().unwrap_or_default().contains(said), "{error:?}");
    }
}

#[test]
fn a_misspelt_name_of_a_context_says_what_is_near() {
    let error = parse(TWO).unwrap().context("sandbx").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean sandbox?"));
}

#[test]
fn changes_keep_comments_and_order() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/config.toml");
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(&path, TWO).unwrap();
    let url = Url::parse("https://new.example/").unwrap();
    let added = Context { name: "new".to_owned(), ..Context::of_url(url, KeySource::Keyring("new".to_owned())) };
    config::add_context(&path, &added).unwrap();
    config::use_context(&path, "production").unwrap();
    config::remove_context(&path, "sandbox").unwrap();
    insta::assert_snapshot!(fs::read_to_string(&path).unwrap());
    assert!(config::add_context(&path, &added).unwrap_err().message.contains("already"));
    assert!(config::remove_context(&path, "sandbox").is_err());
}

#[test]
fn a_new_file_begins_with_the_example_and_never_holds_a_key() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("made/config.toml");
    let url = Url::parse("https://api.baseten.co/").unwrap();
    let typed = Context::of_url(url.clone(), KeySource::Given(SecretString::from("sk-typed")));
    assert!(config::add_context(&path, &typed).unwrap_err().message.contains("never written"));
    assert!(!path.exists());
    let named = Context { name: "prod".to_owned(), ..Context::of_url(url, KeySource::Variable("K".to_owned())) };
    config::add_context(&path, &named).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(include_str!("../../assets/config.toml").lines().next().unwrap()));
    assert!(Config::load(Paths { config_file: path, ..paths(folder.path()) }).unwrap().contexts[1].is_protected);
}

#[test]
fn a_file_that_is_wrong_is_not_changed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "context = 7\n").unwrap();
    assert!(config::use_context(&path, "a").is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "context = 7\n");
}

#[tokio::test]
async fn a_key_is_read_from_a_file_that_only_its_owner_reads() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "  sk-in-a-file\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let source = KeySource::File(path.clone());
    let error = source.read().await.unwrap_err();
    assert!(error.message.contains("others can read"), "{error}");
    assert!(error.hint.unwrap().starts_with("chmod 600"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(source.read().await.unwrap().expose_secret(), "sk-in-a-file");
}

#[tokio::test]
async fn a_key_is_what_a_command_prints() {
    let words = |words: &[&str]| KeySource::Command(words.iter().map(|word| (*word).to_owned()).collect());
    assert_eq!(words(&["printf", "sk-printed\n"]).read().await.unwrap().expose_secret(), "sk-printed");
    let failed = words(&["false", "sk-argument"]).read().await.unwrap_err();
    assert!(failed.message.contains("failed") && !failed.message.contains("sk-argument"), "{failed}");
    assert!(words(&["/nowhere/pass"]).read().await.unwrap_err().message.contains("cannot be run"));
    assert!(words(&["true"]).read().await.unwrap_err().message.contains("holds no key"));
}

#[tokio::test]
async fn the_hosted_key_goes_to_the_hosted_api_alone() {
    let key = KeySource::Variable(config::BASETEN_KEY.to_owned());
    for url in [
        "https://evil.example",
        "https://api.baseten.co.evil.example",
        "https://api.baseten.co:8443",
        "http://127.0.0.1:1",
    ] {
        let context = Context::of_url(Url::parse(url).unwrap(), key.clone());
        let error = connect::options(&context).await.unwrap_err();
        assert!(error.message.contains("goes only to https://api.baseten.co"), "{url}: {error}");
    }
    assert!(key.may_go_to(&Url::parse("https://api.baseten.co/v1").unwrap()).is_ok());
}

#[tokio::test]
async fn what_a_context_forbids_the_client_forbids() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "sk-in-a-file").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut context = Context::of_url(Url::parse("https://api.baseten.co").unwrap(), KeySource::File(path));
    let access = |context: Context| async move { connect::remote(&context, None).await.unwrap().client.access() };
    assert_eq!(access(context.clone()).await, repoint::client::Access::Protected);
    context.is_read_only = true;
    assert_eq!(access(context).await, repoint::client::Access::ReadOnly);
}
