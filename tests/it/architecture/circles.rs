//! Circles of imports: files that need each other can only be understood, moved and tested together.
//!
//! Reads the `use` lines. A name that a module only passes on (`pub use`) counts as taken from the file that has it,
//! and a `mod` line is no import: a room may list what is in it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::{code, sources};

/// Rooms with files that still need each other. Nothing is added here; what is mended is taken out.
const TIED: &[&str] = &["client", "gateway/store", "tui"];

/// A module as the segments of its path below the crate.
type Module = Vec<String>;

/// What the `use` lines of all files say.
struct House {
    files: BTreeMap<Module, String>,
    uses: HashMap<Module, Vec<Module>>,
    /// What a module passes on: its name there, and where it comes from.
    passed_on: HashMap<Module, HashMap<String, Module>>,
}

impl House {
    fn read(sources: &[(String, String)]) -> Self {
        let files = sources.iter().map(|(file, _)| (module_of(file), file.clone())).collect();
        let mut house = Self { files, uses: HashMap::new(), passed_on: HashMap::new() };
        for (file, text) in sources {
            let module = module_of(file);
            for (is_public, path) in statements(text).iter().flat_map(|line| expanded(line, &module)) {
                if is_public {
                    let Some(name) = path.last().cloned() else { continue };
                    house.passed_on.entry(module.clone()).or_default().insert(name, path);
                } else {
                    house.uses.entry(module.clone()).or_default().push(path);
                }
            }
        }
        house
    }

    /// The module whose file has what the path names.
    fn home(&self, path: &[String], hops: usize) -> Option<Module> {
        let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let elsewhere = rest.first().and_then(|name| self.passed_on.get(module)?.get(name));
        match elsewhere {
            Some(origin) if hops > 0 && origin != path => self.home(origin, hops - 1),
            _ => Some(module.to_vec()),
        }
    }

    fn arrows(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut arrows: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, paths) in &self.uses {
            for path in paths {
                if let Some(home) = self.home(path, 8).filter(|home| home != module) {
                    arrows.entry(module.clone()).or_default().insert(home);
                }
            }
        }
        arrows
    }

    /// One circle for each file that is in any: the shortest, from its first file on.
    fn circles(&self) -> BTreeSet<Vec<String>> {
        let arrows = self.arrows();
        arrows.keys().filter_map(|start| shortest_way_back(&arrows, start)).map(|way| self.named(way)).collect()
    }

    fn named(&self, mut way: Vec<Module>) -> Vec<String> {
        let first = way.iter().enumerate().min_by_key(|(_, module)| *module).map_or(0, |(at, _)| at);
        way.rotate_left(first);
        way.iter().filter_map(|module| self.files.get(module).cloned()).collect()
    }
}

fn module_of(file: &str) -> Module {
    let path = file.trim_end_matches(".rs");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The whole `use` statements of a file's code, each on one line.
fn statements(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for (_, line) in code(text) {
        let line = line.trim();
        let begins =
            ["use ", "pub use ", "pub(crate) use ", "pub(super) use "].iter().any(|word| line.starts_with(word));
        if let Some(statement) = &mut open {
            statement.push_str(line);
        } else if begins {
            open = Some(line.to_owned());
        }
        if open.as_ref().is_some_and(|statement| statement.ends_with(';')) {
            found.extend(open.take());
        }
    }
    found
}

/// Every path that a statement names, from the crate's root, and whether it is passed on.
fn expanded(statement: &str, module: &[String]) -> Vec<(bool, Module)> {
    let Some((head, tree)) = statement.trim_end_matches(';').split_once("use ") else { return Vec::new() };
    let mut paths = Vec::new();
    branches("", tree.trim(), &mut paths);
    let absolute = |path: String| -> Option<Module> {
        let mut segments: VecDeque<&str> =
            path.split("::").map(|part| part.split(" as ").next().unwrap_or(part)).collect();
        let mut base = match segments.front().copied()? {
            "crate" => Vec::new(),
            "super" | "self" => module.to_vec(),
            // In a room's own page the name of what is in it.
            name if path.contains("::") && starts_with_lowercase(name) => [module, &[name.to_owned()]].concat(),
            _ => return None,
        };
        while let Some("super" | "self" | "crate") = segments.front().copied() {
            if segments.pop_front() == Some("super") {
                base.pop();
            }
        }
        if starts_with_lowercase(segments.front().copied().unwrap_or_default())
            && base.last().map(String::as_str) == segments.front().copied()
            && base.len() > module.len()
        {
            segments.pop_front();
        }
        base.extend(segments.into_iter().filter(|part| *part != "self").map(str::to_owned));
        Some(base)
    };
    paths.into_iter().filter_map(absolute).map(|path| (head.starts_with("pub"), path)).collect()
}

fn starts_with_lowercase(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_lowercase)
}

/// The leaves of a tree of paths: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn branches(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let Some((head, rest)) = tree.split_once('{') else {
        paths.push(format!("{prefix}{tree}"));
        return;
    };
    let inner = rest.trim_end().trim_end_matches('}').trim_end_matches(',');
    let inner =
        if rest.matches('}').count() > 1 { rest.rsplit_once('}').map_or(inner, |(inner, _)| inner) } else { inner };
    let (mut depth, mut from) = (0, 0);
    for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inner[from..at].trim();
                if !part.is_empty() {
                    branches(&format!("{prefix}{head}"), part, paths);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// The tied room that a circle lies in whole.
fn room_of(circle: &[String]) -> Option<&'static str> {
    TIED.iter().copied().find(|room| circle.iter().all(|file| super::is_at(file, room)))
}

fn shortest_way_back(arrows: &BTreeMap<Module, BTreeSet<Module>>, start: &Module) -> Option<Vec<Module>> {
    let mut from: HashMap<&Module, &Module> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(module) = queue.pop_front() {
        for next in arrows.get(module).into_iter().flatten() {
            if next == start {
                let mut way = vec![module.clone()];
                while way.last() != Some(start) {
                    let before = *from.get(way.last()?)?;
                    way.push(before.clone());
                }
                way.reverse();
                return Some(way);
            }
            if !from.contains_key(next) {
                from.insert(next, module);
                queue.push_back(next);
            }
        }
    }
    None
}

#[test]
fn no_two_files_need_each_other() {
    let sources = sources();
    let house = House::read(&sources);
    let (tied, new): (Vec<_>, Vec<_>) = house.circles().into_iter().partition(|circle| room_of(circle).is_some());
    let ways: Vec<String> = new.iter().map(|circle| format!("{} → …", circle.join(" → "))).collect();
    assert!(ways.is_empty(), "{} circles:\n{}", ways.len(), ways.join("\n"));
    let is_tied = |room: &str| tied.iter().any(|circle| room_of(circle) == Some(room));
    let free: Vec<_> = TIED.iter().filter(|room| !is_tied(room)).collect();
    assert!(free.is_empty(), "no circle is left in {free:?}: take it out of TIED");
}

#[test]
fn a_circle_is_found_with_its_way_also_through_a_name_that_is_passed_on() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let sources = [
        file("lib.rs", "pub mod room;\npub mod other;\n"),
        file("room.rs", "mod leaf;\npub use leaf::{Leaf, Twig as Branch};\n"),
        file("room/leaf.rs", "use crate::other::{\n    self, Other,\n};\n"),
        file("other.rs", "use crate::room::Leaf;\nuse std::fmt;\n"),
    ];
    let circles = House::read(&sources).circles();
    assert_eq!(circles, BTreeSet::from([vec!["other.rs".to_owned(), "room/leaf.rs".to_owned()]]));
}
