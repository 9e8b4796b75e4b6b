//! The keys as they are printed, documented and bound anew: all from the dashboard's own table.

use std::fs;
use std::path::{Path, PathBuf};

use repoint::cli::keymap;
use repoint::config::{Config, Paths};
use serde_json::Value;

fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

/// True where who runs the test wants the files written: `REPOINT_KEYS=write tests/run keymap`.
fn is_written() -> bool {
    repoint::config::variable("REPOINT_KEYS").is_some_and(|value| value == "write")
}

fn config(text: &str) -> Config {
    let at = |name: &str| PathBuf::from("/c").join(name);
    let paths = Paths {
        program: at("repoint"),
        config_file: at("config.toml"),
        gateway_data: at("gateway"),
        journal: at("journal"),
        log_file: at("log"),
    };
    Config::parse(text, paths).unwrap()
}

#[test]
fn the_page_of_keys_is_made_from_the_table() {
    if is_written() {
        fs::write(asset("KEYS.md"), keymap::page()).unwrap();
    }
    let kept = fs::read_to_string(asset("KEYS.md")).unwrap();
    assert!(kept == keymap::page(), "assets/KEYS.md is not what the table says: REPOINT_KEYS=write tests/run keymap");
}

#[test]
fn the_schema_of_keys_is_made_from_the_table() {
    let path = asset("config.schema.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    if is_written() {
        schema["properties"]["keys"] = keymap::schema();
        fs::write(&path, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
    }
    let kept = schema.pointer("/properties/keys");
    assert!(
        kept == Some(&keymap::schema()),
        "/properties/keys of assets/config.schema.json is not what the table says: REPOINT_KEYS=write tests/run keymap"
    );
}

#[test]
fn what_is_wrong_with_a_key_is_named_with_its_line() {
    let wrong = [
        ("[keys]\nre-piont = \"p\"\n", 2, "no action", "re-point"),
        ("[keys]\nre-point = \"p\"\n\n[keys.lst]\nnew = \"N\"\n", 5, "no place", "list"),
        ("[keys]\nre-point = [\n  \"p\",\n  \"hyper-p\",\n]\n", 4, "hyper-p", "alt-p"),
        ("[keys]\nhelp = \"Z\"\nre-point = \"n\"\n", 3, "n would be re-point and new in the list", "another"),
    ];
    for (text, line, said, hinted) in wrong {
        let error = keymap::of(&config(text)).unwrap_err();
        assert!(error.message.starts_with(&format!("/c/config.toml:{line}: ")), "{}", error.message);
        assert!(error.message.contains(said), "{}", error.message);
        assert!(error.hint.clone().unwrap_or_default().contains(hinted), "{error:?}");
    }
    let at = |name: &str| PathBuf::from("/c").join(name);
    let paths = Paths {
        program: at("repoint"),
        config_file: at("config.toml"),
        gateway_data: at("gateway"),
        journal: at("journal"),
        log_file: at("log"),
    };
    let error = Config::parse("[keys]\nhelp = 7\n", paths).unwrap_err();
    assert!(error.message.starts_with("/c/config.toml:2: help must be a key"), "{}", error.message);
}

#[test]
fn it_is_printed_as_it_is_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[keys]\nre-point = [\"p\", \"alt-r\"]\n[keys.board]\nre-point = \"z\"\n").unwrap();
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_repoint"))
            .args(arguments)
            .env("HOME", folder.path())
            .env("REPOINT_CONFIG", &path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let rows: Vec<Value> = serde_json::from_str(&run(&["keymap", "-o", "json"])).unwrap();
    let keys_in = |place: &str| {
        let row = rows.iter().find(|row| {
            row["action"] == "re-point" && row["places"].as_array().unwrap().iter().any(|name| name == place)
        });
        row.unwrap()["keys"].clone()
    };
    assert_eq!(keys_in("list"), serde_json::json!(["p", "alt-r"]));
    assert_eq!(keys_in("board"), serde_json::json!(["z"]));
    let table = run(&["keymap", "--place", "board"]);
    assert!(table.lines().any(|line| line.starts_with("re-point") && line.contains("  z  ")), "{table}");
    assert!(!table.contains("alt-r"), "{table}");
}
