//! Finds Rust files that no crate compiles.
//!
//! The compiler never complains about a file that nothing names: it rots. This follows `mod` lines from the roots of
//! every crate. Files that a macro would name are not known here; the house has none.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::Problem;
use super::source::{Source, find_word, is_test_path};
use super::tree::Tree;

/// What following the modules found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Files that are compiled for tests only.
    pub test_files: BTreeSet<String>,
    /// Files that are not compiled at all.
    pub problems: Vec<Problem>,
}

/// A module file to visit.
struct Visit {
    path: String,
    is_test: bool,
    is_root: bool,
}

/// Follows the modules of every crate in the tree.
#[must_use]
pub fn follow(tree: &Tree) -> Reached {
    let mut reached = Reached::default();
    for (manifest, text) in tree.texts("Cargo.toml") {
        let folder = manifest.trim_end_matches("Cargo.toml");
        if folder.is_empty() || folder.ends_with('/') {
            follow_crate(tree, (folder, text), &mut reached);
        }
    }
    reached.problems.sort();
    reached
}

fn follow_crate(tree: &Tree, (folder, manifest): (&str, &str), reached: &mut Reached) {
    let mut seen = BTreeSet::new();
    let mut pending = roots(tree, folder, manifest);
    while let Some(visit) = pending.pop() {
        let Some(text) = tree.text(&visit.path) else { continue };
        if !seen.insert(visit.path.clone()) {
            continue;
        }
        if visit.is_test {
            reached.test_files.insert(visit.path.clone());
        }
        pending.extend(named_files(tree, &visit, &Source::parse(&visit.path, text, visit.is_test)));
    }
    for (path, _) in tree.texts(".rs") {
        let is_ours = path.starts_with(folder) && owner(tree, path) == folder;
        if is_ours && !seen.contains(path) {
            let reason = "no `mod` line names this file, so it is never compiled: name it or remove it";
            reached.problems.push(Problem::new(path, 0, "dead-file", reason));
        }
    }
}

/// The folder of the nearest manifest above a file, with `/` at its end; empty for the root.
fn owner<'p>(tree: &Tree, path: &'p str) -> &'p str {
    let mut folder = path;
    while let Some((above, _)) = folder.trim_end_matches('/').rsplit_once('/') {
        folder = path.get(..=above.len()).unwrap_or_default();
        if tree.text(&format!("{folder}Cargo.toml")).is_some() {
            return folder;
        }
    }
    ""
}

/// The files at which compilation starts: by convention, and by `path` keys in the manifest.
fn roots(tree: &Tree, folder: &str, manifest: &str) -> Vec<Visit> {
    let mut roots = Vec::new();
    for (path, _) in tree.texts(".rs") {
        let Some(inside) = path.strip_prefix(folder) else { continue };
        let is_direct = |below: &str| {
            let rest = inside.strip_prefix(below);
            rest.is_some_and(|rest| {
                !rest.contains('/') || (rest.ends_with("/main.rs") && rest.matches('/').count() == 1)
            })
        };
        let is_test = is_direct("tests/") || is_direct("benches/");
        let is_root = matches!(inside, "src/lib.rs" | "src/main.rs" | "build.rs");
        if is_root || is_test || is_direct("src/bin/") || is_direct("examples/") {
            roots.push(Visit { path: path.to_owned(), is_test, is_root: true });
        }
    }
    let Ok(manifest) = manifest.parse::<Table>() else { return roots };
    for section in ["lib", "bin", "test", "bench", "example"] {
        let targets = match manifest.get(section) {
            Some(Value::Array(targets)) => targets.as_slice(),
            Some(target) => std::slice::from_ref(target),
            None => &[],
        };
        for path in targets.iter().filter_map(|target| target.get("path")?.as_str()) {
            let is_test = matches!(section, "test" | "bench");
            roots.push(Visit { path: format!("{folder}{path}"), is_test, is_root: true });
        }
    }
    roots
}

/// The files that the `mod` lines of one file name.
fn named_files(tree: &Tree, visit: &Visit, source: &Source) -> Vec<Visit> {
    let (folder, name) = visit.path.rsplit_once('/').unwrap_or(("", &visit.path));
    let own = if visit.is_root || name == "mod.rs" {
        folder.to_owned()
    } else {
        format!("{folder}/{}", name.trim_end_matches(".rs"))
    };
    let mut found = Vec::new();
    let mut inline: Vec<(usize, String)> = Vec::new();
    let mut depth = 0_usize;
    let mut explicit: Option<String> = None;
    for (index, code) in source.code.iter().enumerate() {
        explicit = path_attribute(source, index).or(explicit);
        if let Some((module, is_file)) = module_of(code) {
            let is_test = visit.is_test || source.is_test.get(index).copied().unwrap_or(false);
            if is_file {
                let inside: String = inline.iter().map(|(_, name)| format!("{name}/")).collect();
                let candidates = match explicit.take() {
                    Some(path) => vec![normal(&format!("{folder}/{path}"))],
                    None => vec![format!("{own}/{inside}{module}.rs"), format!("{own}/{inside}{module}/mod.rs")],
                };
                let existing = candidates.into_iter().filter(|path| tree.text(path).is_some());
                found.extend(existing.map(|path| Visit {
                    is_test: is_test || is_test_path(&path),
                    path,
                    is_root: false,
                }));
            } else {
                inline.push((depth, module));
            }
        }
        depth = (depth + code.matches('{').count()).saturating_sub(code.matches('}').count());
        while inline.last().is_some_and(|(level, _)| depth <= *level) {
            inline.pop();
        }
    }
    found
}

/// `mod name;` (true) or `mod name {` (false) on a line.
fn module_of(code: &str) -> Option<(String, bool)> {
    let at = find_word(code, "mod").first().copied()?;
    let rest = code.get(at + 3..)?.trim_start();
    let name: String = rest.chars().take_while(|c| super::source::is_word(*c)).collect();
    let after = rest.get(name.len()..)?.trim_start();
    match after.chars().next() {
        Some(';') => Some((name, true)),
        Some('{') => Some((name, false)),
        _ => None,
    }
}

/// The text of `#[path = "…"]` on a line; the code view has lost the text, so the line as written is read.
fn path_attribute(source: &Source, index: usize) -> Option<String> {
    source.code.get(index).filter(|code| code.contains("#[path"))?;
    let (_, rest) = source.lines.get(index)?.split_once("#[path")?;
    rest.split('"').nth(1).map(str::to_owned)
}

/// Removes `x/..` and `.` from a path.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[(&str, &str)], dead: &[&str], test_files: &[&str]) {
        let reached = follow(&Tree::from_texts(texts));
        let found: Vec<&str> = reached.problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(found, dead);
        assert_eq!(reached.test_files.iter().map(String::as_str).collect::<Vec<_>>(), test_files);
    }

    #[test]
    fn files_without_a_mod_line_are_dead() {
        let crate_of =
            |lib: &'static str| [("a/Cargo.toml", ""), ("a/src/lib.rs", lib), ("a/src/b.rs", ""), ("a/src/b/c.rs", "")];
        check(&crate_of("pub mod b;"), &["a/src/b/c.rs"], &[]);
        check(&crate_of("// mod b;\nlet a = \"mod b;\";"), &["a/src/b.rs", "a/src/b/c.rs"], &[]);
        let texts =
            [("a/Cargo.toml", ""), ("a/src/lib.rs", "mod b;"), ("a/src/b/mod.rs", "mod c;"), ("a/src/b/c.rs", "")];
        check(&texts, &[], &[]);
    }

    #[test]
    fn inline_modules_and_paths_are_followed() {
        let texts = [
            ("a/Cargo.toml", ""),
            ("a/src/lib.rs", "mod b {\n    mod c;\n}\nmod d;\n"),
            ("a/src/b/c.rs", ""),
            ("a/src/d.rs", ""),
        ];
        check(&texts, &[], &[]);
        let texts = [("a/Cargo.toml", ""), ("a/src/lib.rs", "#[path = \"../x/y.rs\"]\nmod c;\n"), ("a/x/y.rs", "")];
        check(&texts, &[], &[]);
    }

    #[test]
    fn targets_are_roots_and_tests_are_told_apart() {
        let texts = [
            ("a/Cargo.toml", "[[bin]]\nname = \"z\"\npath = \"z/go.rs\"\n"),
            ("a/src/bin/x.rs", ""),
            ("a/src/lib.rs", "#[cfg(test)]\nmod cases;\n"),
            ("a/src/cases.rs", ""),
            ("a/tests/laws.rs", "mod common;"),
            ("a/tests/common/mod.rs", ""),
            ("a/tests/common/lost.rs", ""),
            ("a/z/go.rs", ""),
        ];
        check(&texts, &["a/tests/common/lost.rs"], &["a/src/cases.rs", "a/tests/common/mod.rs", "a/tests/laws.rs"]);
    }

    #[test]
    fn a_workspace_inside_has_its_own_files() {
        let texts = [("Cargo.toml", ""), ("a/Cargo.toml", ""), ("a/src/lib.rs", ""), ("b/lost.rs", "")];
        check(&texts, &["b/lost.rs"], &[]);
    }
}
