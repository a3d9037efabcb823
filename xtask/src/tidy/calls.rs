//! Calls and attributes that the house does without.
//!
//! The core crates are pure functions: what they would ask the machine for is a parameter. The linter knows some of
//! these by path; this check also sees them behind `use` groups and in crates that forgot the linter's table.

use super::Problem;
use super::arrows::CORE_CRATES;
use super::source::{Source, find_word};

/// What a core crate must not call, and what it does instead.
const EFFECTS: &[(&str, &str)] = &[
    ("std::time", "time is a parameter"),
    ("Instant::now", "time is a parameter"),
    ("SystemTime", "time is a parameter"),
    ("std::env", "configuration is a parameter"),
    ("std::fs", "texts and bytes are parameters; `hub` reads files"),
    ("File::open", "texts and bytes are parameters; `hub` reads files"),
    ("std::thread", "the caller brings the executor"),
    ("thread::spawn", "the caller brings the executor"),
    ("std::net", "only `hub` knows the network"),
    ("std::process", "only `hub` starts or ends a process"),
    ("rand::rng", "the seed is a parameter"),
    ("rand::random", "the seed is a parameter"),
    ("thread_rng", "the seed is a parameter"),
    ("getrandom", "the seed is a parameter"),
    ("tokio", "no async run-time; only `hub` has one"),
    ("async fn", "no async run-time; only `hub` has one"),
    ("println!", "the caller prints"),
    ("eprintln!", "the caller prints"),
];

/// Engines inside a core crate, which may use the files below the folder given to them and measure their own work.
const ENGINES: &[&str] = &["kv/src/rocks/"];

/// Modules of `std` that are effects, for `use std::{fs, …}`.
const EFFECT_MODULES: &[&str] = &["time", "env", "fs", "thread", "net", "process"];

/// Checks every file.
#[must_use]
pub fn check(sources: &[Source]) -> Vec<Problem> {
    sources.iter().flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<Problem> {
    let mut problems = check_attributes(source);
    problems.extend(check_unwrap(source));
    problems.extend(check_hash_order(source));
    // Examples of a core crate are programs around it: they read the files that the library is not to read.
    let is_library = source.path.split('/').nth(1) == Some("src");
    let is_engine = ENGINES.iter().any(|folder| source.path.starts_with(folder));
    if is_library && !is_engine && CORE_CRATES.contains(&source.crate_name()) {
        problems.extend(check_effects(source));
        problems.extend(check_use_groups(source));
    }
    problems
}

fn check_attributes(source: &Source) -> Vec<Problem> {
    let has_allow = |line: &str| {
        let squeezed: String = line.chars().filter(|character| !character.is_whitespace()).collect();
        squeezed.contains("#[allow(") || squeezed.contains("#![allow(")
    };
    let numbered = source.code.iter().enumerate().filter(|(_, line)| has_allow(line));
    let reason = "use `#[expect(…, reason = \"…\")]`: it says why and goes away when it is not needed";
    numbered.map(|(index, _)| Problem::new(&source.path, index + 1, "allow-attribute", reason)).collect()
}

fn check_unwrap(source: &Source) -> Vec<Problem> {
    let found = source.production().filter(|(_, line)| line.contains(".unwrap()"));
    let reason = "no panics outside tests: return an error, or `#[expect]` the linter with the proof as reason";
    found.map(|(line, _)| Problem::new(&source.path, line, "unwrap", reason)).collect()
}

/// The order of a hash table differs from run to run: its user says why that cannot be seen.
fn check_hash_order(source: &Source) -> Option<Problem> {
    let (line, _) = source.production().find(|(_, line)| line.contains("hashbrown"))?;
    let says_why = source.comments.iter().any(|comment| comment.to_lowercase().contains("order"));
    let reason = "a comment must say why the order of the hash table cannot reach the output";
    (!says_why).then(|| Problem::new(&source.path, line, "hash-order", reason))
}

fn check_effects(source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (line, code) in source.production() {
        for (call, instead) in EFFECTS {
            if !find_word(code, call).is_empty() {
                let reason = format!("`{call}` in a core crate: {instead}");
                problems.push(Problem::new(&source.path, line, "pure-core", reason));
            }
        }
    }
    problems
}

/// `use std::{fs, io}` reaches the same modules by another spelling.
fn check_use_groups(source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut is_open = false;
    for (line, code) in source.production() {
        let group = match code.split_once("std::{") {
            Some((_, rest)) => rest,
            None if is_open => code,
            None => continue,
        };
        let inside = group.split('}').next().unwrap_or_default();
        is_open = !group.contains('}');
        for module in inside.split(',').map(|item| item.trim().split("::").next().unwrap_or_default()) {
            if EFFECT_MODULES.contains(&module) {
                let reason = format!("`std::{module}` in a core crate: its effect is a parameter");
                problems.push(Problem::new(&source.path, line, "pure-core", reason));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source::is_test_path;

    #[track_caller]
    fn check_text(path: &str, text: &str, expected: &[(usize, &str)]) {
        let found = check(&[Source::parse(path, text, is_test_path(path))]);
        let places: Vec<(usize, &str)> = found.iter().map(|problem| (problem.line, problem.rule)).collect();
        assert_eq!(places, expected, "{found:#?}");
    }

    #[test]
    fn effects_fail_in_core_crates_only() {
        for call in EFFECTS.iter().map(|(call, _)| call) {
            let text = format!("fn a() {{}}\n{call} b\n");
            check_text("linkage/src/lib.rs", &text, &[(2, "pure-core")]);
            check_text("consent/src/a/b.rs", &text, &[(2, "pure-core")]);
            check_text("hub/src/main.rs", &text, &[]);
            check_text("kv/src/rocks/mod.rs", &text, &[]);
            check_text("kv/src/sealed.rs", &text, &[(2, "pure-core")]);
            check_text("linkage/tests/laws.rs", &text, &[]);
            check_text("linkage/examples/make_table.rs", &text, &[]);
            check_text("linkage/src/lib.rs", &format!("// {call}\nlet a = \"{call}\";\n"), &[]);
            check_text("linkage/src/lib.rs", &format!("#[cfg(test)]\nmod tests {{\n{call}\n}}\n"), &[]);
        }
        check_text("linkage/src/lib.rs", "use my_std::environment;\n", &[]);
    }

    #[test]
    fn use_groups_are_opened() {
        check_text("mpi/src/lib.rs", "use std::{fmt, fs};\n", &[(1, "pure-core")]);
        check_text("mpi/src/lib.rs", "use std::{\n    fmt,\n    thread::Builder,\n};\n", &[(3, "pure-core")]);
        check_text("mpi/src/lib.rs", "use std::{fmt, io};\nuse crate::{fs, env};\n", &[]);
    }

    #[test]
    fn allow_and_unwrap_fail() {
        check_text("hub/src/main.rs", "#[allow(dead_code)]\n", &[(1, "allow-attribute")]);
        check_text("hub/tests/a.rs", "#! [ allow (dead_code)]\n", &[(1, "allow-attribute")]);
        check_text("hub/src/main.rs", "#[expect(dead_code, reason = \"a\")]\n", &[]);
        check_text("hub/src/main.rs", "let a = b.unwrap();\n", &[(1, "unwrap")]);
        check_text("hub/src/main.rs", "let a = b.unwrap_or(c);\n#[test]\nfn d() {\n    b.unwrap();\n}\n", &[]);
    }

    #[test]
    fn hash_tables_say_why() {
        check_text("hub/src/main.rs", "use hashbrown::HashMap;\n", &[(1, "hash-order")]);
        check_text("hub/src/main.rs", "// Only looked up: its order is never seen.\nuse hashbrown::HashMap;\n", &[]);
    }
}
