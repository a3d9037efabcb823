//! Words that must not be left in the tree, and the opening line that every Rust file must have.
//!
//! Names are split into their words first: `Metadata` holds no `Data`, `RowData` does.

use super::Problem;
use super::source::{Source, find_word, is_word};
use super::tree::Tree;

/// Paths of somebody's machine. Built from parts, so that this file passes its own check.
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// Hosts of package registries: mirrors differ, the tools know theirs.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("npmjs", ".com"),
    concat!("npmjs", ".org"),
    concat!("proxy.golang", ".org"),
    concat!("deb.debian", ".org"),
];

/// Words in the name of a type or module that say nothing about it.
const EMPTY_WORDS: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils"];

/// More such words in the name of a type. A module may be called `data` when it embeds some.
const EMPTY_WORDS_OF_TYPES: &[&str] = &["Data", "Info", "Service", "Impl"];

/// What stands before the name of a type that is being defined.
const DEFINES_TYPE: &[&str] = &["struct", "enum", "trait", "type", "union"];

/// Files that a tool writes.
const GENERATED: &[&str] = &["Cargo.lock", "fuzz/Cargo.lock", "consent-oracle/Cargo.lock"];

/// Checks all texts, and the names in all Rust files.
#[must_use]
pub fn check(tree: &Tree, sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &tree.files {
        let Some(text) = file.text.as_deref() else { continue };
        if !GENERATED.contains(&file.path.as_str()) {
            problems.extend(check_text(&file.path, text));
        }
    }
    for source in sources {
        problems.extend(check_opening(source));
        problems.extend(check_markers(source));
        problems.extend(check_names(source));
    }
    problems
}

fn check_text(path: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(found) = MACHINE_PATHS.iter().find(|word| is_start_of_path(line, word)) {
            let reason = format!("`{found}…` is a path of one machine: say it from the root of the repository");
            problems.push(Problem::new(path, index + 1, "machine-path", reason));
        }
        if let Some(found) = REGISTRY_HOSTS.iter().find(|host| line.contains(**host)) {
            let reason = format!("`{found}` is the host of a package registry: say what is meant without it");
            problems.push(Problem::new(path, index + 1, "registry-host", reason));
        }
        // Prose quotes the marker when it explains the rule; scripts and tables would mean it.
        if !path.ends_with(".rs") && !path.ends_with(".md") {
            problems.extend(check_marker(path, index + 1, line));
        }
    }
    problems
}

/// Whether the word stands where a path starts, and not inside an address or a longer path.
fn is_start_of_path(line: &str, word: &str) -> bool {
    let before = |at: usize| line.get(..at).and_then(|text| text.chars().next_back());
    line.match_indices(word)
        .any(|(at, _)| !before(at).is_some_and(|c| is_word(c) || matches!(c, '.' | '-' | '/' | '}')))
}

fn check_markers(source: &Source) -> Vec<Problem> {
    let numbered = source.comments.iter().enumerate();
    numbered.flat_map(|(index, line)| check_marker(&source.path, index + 1, line)).collect()
}

fn check_marker(path: &str, number: usize, line: &str) -> Option<Problem> {
    if !find_word(line, concat!("FIX", "ME")).is_empty() {
        let reason = "mend it, or open an issue and name it";
        return Some(Problem::new(path, number, "marker", reason));
    }
    let marker = concat!("TO", "DO");
    let names_issue = |at: &usize| {
        let rest = line.get(at + marker.len()..).unwrap_or_default().trim_start_matches([' ', '(', ':']);
        rest.strip_prefix('#').is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    let is_open = find_word(line, marker).iter().any(|at| !names_issue(at));
    is_open.then(|| Problem::new(path, number, "marker", format!("name the issue: `{marker}(#12)`")))
}

fn check_opening(source: &Source) -> Option<Problem> {
    let opens = source.lines.first().is_some_and(|line| line.starts_with("//! "));
    let reason = "the first line must be `//! …`: what the file is, then why it exists and what it leaves out";
    (!opens).then(|| Problem::new(&source.path, 1, "opening", reason))
}

fn check_names(source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, line) in source.code.iter().enumerate() {
        let mut words = line.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            let defines_type = DEFINES_TYPE.contains(&word);
            if !defines_type && word != "mod" {
                continue;
            }
            let Some(name) = words.next() else { break };
            let is_empty = |part: &String| {
                let of_types = defines_type && EMPTY_WORDS_OF_TYPES.contains(&part.as_str());
                of_types || EMPTY_WORDS.contains(&part.as_str())
            };
            if let Some(empty) = split_name(name).into_iter().find(is_empty) {
                let reason = format!("`{name}`: `{empty}` says nothing; name it after what it is or does");
                problems.push(Problem::new(&source.path, index + 1, "empty-name", reason));
            }
        }
    }
    problems
}

/// The words of a name, each with a capital first letter: `RowData` and `row_data` are both `Row`, `Data`.
fn split_name(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut starts = true;
    for character in name.chars() {
        if character == '_' {
            starts = true;
            continue;
        }
        if starts || character.is_uppercase() {
            words.push(character.to_uppercase().collect());
        } else if let Some(word) = words.last_mut() {
            word.push(character);
        }
        starts = false;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_file(path: &str, text: &str, expected: &[(usize, &str)]) {
        let tree = Tree::from_texts(&[(path, text)]);
        let sources = super::super::source::parse_all(&tree, &Default::default());
        let found = check(&tree, &sources);
        let places: Vec<(usize, &str)> = found.iter().map(|problem| (problem.line, problem.rule)).collect();
        assert_eq!(places, expected, "{found:#?}");
    }

    #[test]
    fn machine_paths_fail() {
        for path in MACHINE_PATHS {
            check_file("a.md", &format!("first\nsee `{path}x`\n"), &[(2, "machine-path")]);
            check_file("a.sh", &format!("https://example.org{path}x ..{path} a-{path} ${{A}}{path}\n"), &[]);
        }
    }

    #[test]
    fn registry_hosts_fail() {
        for host in REGISTRY_HOSTS {
            check_file("deny.toml", &format!("a = \"https://{host}/x\"\n"), &[(1, "registry-host")]);
            check_file("Cargo.lock", &format!("a = \"https://{host}/x\"\n"), &[]);
        }
    }

    #[test]
    fn markers_fail_without_an_issue() {
        let (fix, todo) = (concat!("FIX", "ME"), concat!("TO", "DO"));
        check_file("a/src/lib.rs", &format!("//! A.\n// {fix} soon.\n"), &[(2, "marker")]);
        check_file("a/src/lib.rs", &format!("//! A.\n// {todo}: later.\n"), &[(2, "marker")]);
        check_file("a/src/lib.rs", &format!("//! A.\n// {todo}(#12): later. {todo} #3\n"), &[]);
        check_file("a/src/lib.rs", &format!("//! A.\nlet a = \"{todo}\";\n"), &[]);
        check_file("a.toml", &format!("# {todo}\n"), &[(1, "marker")]);
        check_file("a.md", &format!("`{fix}` is refused.\n"), &[]);
    }

    #[test]
    fn files_open_with_what_they_are() {
        check_file("a/src/lib.rs", "use a;\n", &[(1, "opening")]);
        check_file("a/src/lib.rs", "\n//! A.\n", &[(1, "opening")]);
        check_file("a/src/lib.rs", "", &[(1, "opening")]);
        check_file("a/src/lib.rs", "//! A.\n", &[]);
    }

    #[test]
    fn names_say_something() {
        for name in
            ["struct RuleManager;", "pub enum DateHelper {", "mod utils;", "type RowData = u8;", "trait AImpl {}"]
        {
            check_file("a/src/lib.rs", &format!("//! A.\n{name}\n"), &[(2, "empty-name")]);
        }
        for name in
            ["struct Metadata;", "enum Database {", "mod utility_pole;", "mod data;", "struct Rule<T>(PhantomData<T>);"]
        {
            check_file("a/src/lib.rs", &format!("//! A.\n{name}\n"), &[]);
        }
    }
}
