//! The documentation in `assets/docs`: the reference is what the program says, links lead somewhere, and the tutorial
//! works. `REPOINT_DOCS=write tests/run docs` makes the reference anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory as _;
use repoint::cli::keymap;
use repoint::gateway::records::metrics::{Metrics, Reading};

const FOLDER: &str = "assets/docs/src";
const MADE: &str = "<!-- Made from the program by `REPOINT_DOCS=write tests/run docs`. -->";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a page with what the program says; writes it where whoever runs the test wants that.
fn is_current(page: &str, title: &str, lead: &str, body: &str) {
    let path = root().join(FOLDER).join(page);
    let text = format!("{MADE}\n\n# {title}\n\n{lead}\n\n{}\n", body.trim_end());
    if repoint::config::variable("REPOINT_DOCS").is_some_and(|value| value == "write") {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{FOLDER}/{page} is not what the program says: REPOINT_DOCS=write tests/run docs");
}

fn commands(command: &clap::Command, level: usize, into: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let mut plain = command.clone().term_width(100).version("VERSION").long_version("VERSION");
    let help = plain.render_long_help().to_string();
    write!(into, "{} {name}\n\n```text\n{}\n```\n\n", "#".repeat(level.min(4)), help.trim_end()).unwrap();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        commands(sub, level + 1, into);
    }
}

#[test]
fn the_page_of_commands_is_the_help_of_the_program() {
    let mut command = repoint::cli::Cli::command();
    command.build();
    let mut text = String::new();
    commands(&command, 2, &mut text);
    is_current("reference/commands.md", "Commands", "`repoint COMMAND --help` prints the same.", &text);
}

#[test]
fn the_page_of_keys_is_the_table_of_the_program() {
    let page = keymap::page();
    // Its own title goes: this page has one.
    let body = page.split_once('\n').map_or(page.as_str(), |(_, rest)| rest).trim_start();
    is_current("reference/keys.md", "Keys", "`?` in the dashboard shows those that work where you are.", body);
}

#[test]
fn the_page_of_configuration_is_the_commented_file() {
    let file = fs::read_to_string(root().join("assets/config.toml")).unwrap();
    let lead = "`repoint doctor` checks your file and names the line of what is wrong. Editors that know JSON schemas \
                for TOML take `assets/config.schema.json`. This is the file with every setting.";
    is_current("reference/configuration.md", "Configuration", lead, &format!("```toml\n{}\n```", file.trim_end()));
}

/// What a call that registers a metric names: the metric and its help. Families without a series are not in
/// `/metrics`, so the sources are read.
fn registered(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(".register(").skip(1).filter_map(|rest| {
        let mut literals = rest.split('"').skip(1).step_by(2);
        Some((literals.next()?, literals.next()?))
    })
}

#[test]
fn the_page_of_metrics_has_every_family_that_the_gateway_tells() {
    let folder = root().join("src/gateway/records");
    let mut sources = vec![folder.join("metrics.rs")];
    sources.extend(fs::read_dir(folder.join("metrics")).unwrap().map(|entry| entry.unwrap().path()));
    sources.sort();
    let texts: Vec<String> = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let families: Vec<(&str, &str)> = texts.iter().flat_map(|text| registered(text)).collect();
    let told = Metrics::new(false).text(Reading::default());
    for line in told.lines().filter_map(|line| line.strip_prefix("# HELP repoint_")) {
        let name = line.split(' ').next().unwrap();
        assert!(families.iter().any(|(known, _)| *known == name), "{name} is not among {families:?}");
    }
    let mut rows = "| name | meaning |\n|---|---|\n".to_owned();
    for (name, help) in families {
        writeln!(rows, "| `repoint_{name}` | {help} |").unwrap();
    }
    let lead = "`GET /metrics` on the management address, without a key, in the OpenMetrics text format. Counters end in \
                `_total`, histograms in `_bucket`, `_sum`, and `_count`. Slugs are labels up to a limit, then `other`; \
                customers only with `--metrics-names`.";
    is_current("reference/metrics.md", "Metrics", lead, &rows);
}

/// Every page that people read, below the project's root.
fn pages() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "SECURITY.md", "assets/HACKING.md", "assets/KEYS.md", "findings/README.md"]
            .iter()
            .map(|page| root().join(page))
            .collect();
    let mut folders = vec![root().join(FOLDER)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text without what stands in fences: what looks like a link there is none.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|sign| sign.is_alphanumeric() || matches!(sign, '-' | '_')).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = prose(&fs::read_to_string(&page).unwrap());
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.starts_with("https://") || link.starts_with("http://") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let is_there = target.exists()
                && (heading.is_empty()
                    || prose(&fs::read_to_string(&target).unwrap())
                        .lines()
                        .filter(|line| line.starts_with('#'))
                        .any(|line| anchor(line.trim_start_matches('#')) == heading));
            if !is_there {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    let folder = root().join(FOLDER);
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).unwrap();
    let lost: Vec<String> = pages()
        .iter()
        .filter_map(|page| page.strip_prefix(&folder).ok())
        .map(|page| page.to_string_lossy().into_owned())
        .filter(|page| page != "SUMMARY.md" && !summary.contains(&format!("({page})")))
        .collect();
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn every_finding_is_in_its_table() {
    let folder = root().join("findings");
    let table = fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || table.contains(&format!("[{name}]({name})")), "{name} is not in the table");
    }
}

/// The commands of a page, in their order.
fn script(page: &str) -> String {
    let text = fs::read_to_string(root().join(FOLDER).join(page)).unwrap();
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    blocks.map(|(block, _)| block).collect()
}

#[test]
fn every_command_of_the_tutorial_works_in_its_order() {
    let home = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_repoint")).parent().unwrap();
    let path = format!("{}:{}", program.display(), repoint::config::variable("PATH").unwrap());
    // Whatever fails ends it, and the gateway with it.
    let script = format!(
        "set -eu\ntrap 'kill $! 2> /dev/null || true' EXIT\n{}",
        script("tutorial.md").replace("--sync-interval 1s", "--sync-interval 50ms")
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path)
        .output()
        .unwrap();
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{:?}\n{said}\n{told}", output.status);
    for word in ["my-org/glm-5.2", "7qBv2Lm", "in effect"] {
        assert!(said.contains(word) || told.contains(word), "{word} is not in\n{said}\n{told}");
    }
}

/// The routes of ours that the gateway's sources name.
fn routes(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routes(&path, into);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let found = text.split("\"/repoint/v1/").skip(1).filter_map(|rest| rest.split_once('"'));
        into.extend(found.map(|(route, _)| format!("/repoint/v1/{route}")).filter(|route| !route.contains('?')));
    }
}

#[test]
fn the_page_of_http_names_every_route_of_ours() {
    let page = fs::read_to_string(root().join(FOLDER).join("reference/http.md")).unwrap();
    let mut found = Vec::new();
    routes(&root().join("src/gateway"), &mut found);
    assert!(found.len() > 5, "{found:?}");
    let missing: Vec<&String> = found.iter().filter(|route| !page.contains(route.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
