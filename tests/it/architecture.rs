//! Who may use whom. The sources are read as text: a test that fails is cheaper than a house that sags.

mod circles;

use std::fs;
use std::path::{Path, PathBuf};

/// A place in `src/` and what its files must not name.
struct Wall {
    place: &'static str,
    except: &'static [&'static str],
    forbidden: &'static [&'static str],
    reason: &'static str,
}

const WALLS: &[Wall] = &[
    Wall {
        place: "api",
        except: &[],
        forbidden: &[
            "crate::client",
            "crate::plan",
            "crate::tui",
            "crate::gateway",
            "crate::cli",
            "tokio",
            "reqwest",
            "std::fs",
        ],
        reason: "the vocabulary uses nothing of ours and does no I/O",
    },
    Wall {
        place: "gateway",
        except: &[],
        forbidden: &["crate::tui", "crate::client", "crate::plan", "crate::cli", "crate::supervisor"],
        reason: "the gateway meets the dashboard only over HTTP",
    },
    Wall {
        place: "tui",
        except: &[],
        forbidden: &["crate::gateway"],
        reason: "the dashboard meets the gateway only over HTTP",
    },
    Wall {
        place: "tui",
        except: &["tui/perform", "tui/runtime"],
        forbidden: &["tokio", "reqwest", "std::fs", "crate::client", "crate::supervisor", "crate::clock", "std::env::"],
        reason: "only perform and runtime see the world; the rest is a function of values",
    },
    Wall {
        place: "gateway/planes/management",
        except: &[],
        forbidden: &["planes::data", "super::super::data"],
        reason: "the planes meet in the snapshot",
    },
    Wall {
        place: "gateway/planes/data",
        except: &[],
        forbidden: &["planes::management", "gateway::store"],
        reason: "the planes meet in the snapshot; there is no database on the request path",
    },
    Wall {
        place: "gateway/simulator",
        except: &[],
        forbidden: &["gateway::planes", "gateway::store"],
        reason: "the simulated models are an upstream like any other",
    },
    Wall {
        place: "gateway/rules",
        except: &[],
        forbidden: &["tokio", "std::fs", "crate::clock", "gateway::planes", "gateway::store", "gateway::records"],
        reason: "who may call what is a pure question",
    },
    Wall { place: "", except: &["gateway/store"], forbidden: &["rusqlite"], reason: "SQL stands only in the store" },
    Wall {
        place: "",
        except: &["tui/runtime"],
        forbidden: &["crossterm::terminal::", "EventStream"],
        reason: "only the runtime sees the terminal",
    },
    Wall {
        place: "gateway/usage",
        except: &[],
        forbidden: &["tokio", "http::", "crate::clock", "gateway::planes", "gateway::records", "gateway::store"],
        reason: "what usage means is a pure question, whoever asks it",
    },
    Wall {
        place: "sync",
        except: &[],
        forbidden: &["tokio", "reqwest", "std::fs", "crate::client", "crate::clock"],
        reason: "whether a change has taken effect is a pure question",
    },
    Wall {
        place: "plan",
        except: &["plan/run", "plan/follow", "plan/journal", "plan/survey"],
        forbidden: &["tokio", "reqwest", "std::fs", "crate::client", "crate::clock", "crate::supervisor"],
        reason: "what a change is, and what it would do, are pure questions",
    },
    Wall {
        place: "plan",
        except: &[],
        forbidden: &["crate::tui", "crate::cli::", "crate::gateway", "crate::config"],
        reason: "the dashboard and the command line use the engine, never the reverse",
    },
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src is readable") {
            let path: PathBuf = entry.expect("entry is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
                files.push((name, fs::read_to_string(&path).expect("source is readable")));
            }
        }
    }
    files.sort();
    assert!(files.len() > 10, "the walk found only {} files", files.len());
    files
}

fn is_at(file: &str, place: &str) -> bool {
    place.is_empty() || file == format!("{place}.rs") || file.starts_with(&format!("{place}/"))
}

/// The code of a file: no comments, nothing after its test module begins.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

#[test]
fn no_module_reaches_through_a_wall() {
    let mut breaches = Vec::new();
    for (file, text) in sources() {
        for wall in WALLS {
            if !is_at(&file, wall.place) || wall.except.iter().any(|place| is_at(&file, place)) {
                continue;
            }
            for (line, content) in code(&text) {
                for word in wall.forbidden.iter().filter(|word| content.contains(**word)) {
                    breaches.push(format!("{file}:{line} names {word}: {}", wall.reason));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_page_for_who_changes_it_names_files_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("assets/HACKING.md")).expect("the page is there");
    let paths = page.split('`').skip(1).step_by(2).filter(|word| {
        ["src/", "tests/", "assets/"].iter().any(|folder| word.starts_with(folder)) && !word.contains(' ')
    });
    let missing: Vec<&str> = paths.filter(|path| !root.join(path).exists()).collect();
    assert_eq!(missing, Vec::<&str>::new());
    let readme = fs::read_to_string(root.join("README.md")).expect("the README is there");
    assert!(readme.contains("(assets/HACKING.md)"), "the README links to it");
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let odd: Vec<_> = sources()
        .into_iter()
        .map(|(file, _)| file)
        .filter(|file| {
            let name = file.rsplit('/').next().unwrap_or(file);
            matches!(name, "mod.rs" | "utils.rs" | "util.rs" | "common.rs" | "helpers.rs" | "manager.rs" | "misc.rs")
        })
        .collect();
    assert_eq!(odd, Vec::<String>::new());
}
