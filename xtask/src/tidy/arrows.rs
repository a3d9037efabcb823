//! Which crate may depend on which: exactly the arrows drawn in `ARCHITECTURE.md`.
//!
//! An arrow that is drawn and not used yet is fine; an arrow that is used and not drawn is a decision that nobody took.
//! Dependencies on crates of other people are only checked for what the pure crates must never have.

use toml::Table;

use super::Problem;
use super::tree::Tree;

/// A crate of ours: its name, what it may depend on, what its tests may depend on as well.
type Arrow = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The arrows. A crate that is not listed here may not exist.
const ARROWS: &[Arrow] = &[
    ("linkage", &[], &[]),
    ("synth", &[], &[]),
    ("kv", &[], &[]),
    ("directory", &["kv"], &[]),
    ("mpi", &["linkage", "directory", "kv"], &["synth"]),
    ("consent", &["directory", "kv"], &["synth"]),
    ("hub", &["mpi", "consent", "directory", "linkage", "synth"], &[]),
    ("benches", &["linkage", "synth", "kv", "directory", "mpi", "consent", "hub"], &[]),
    ("xtask", &["linkage", "synth", "kv", "directory", "mpi", "consent", "hub"], &[]),
];

/// Folders that are workspaces of their own: what they bring is no part of the product.
const OWN_WORKSPACES: &[&str] = &["fuzz", "consent-oracle"];

/// The crates that call no clock, randomness, environment, network, thread or file.
pub const CORE_CRATES: &[&str] = &["linkage", "kv", "directory", "mpi", "consent"];

/// Crates of other people that would bring an effect into a core crate.
const NOT_IN_CORE: &[&str] =
    &["tokio", "async-std", "smol", "rand", "getrandom", "chrono", "reqwest", "hyper", "rayon"];

/// Names in a dependency section that a crate has, with the line on which each stands.
struct Dependency {
    name: String,
    is_for_tests: bool,
    line: usize,
}

/// Checks every manifest of the tree.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = check_members(tree);
    for (path, text) in tree.texts("/Cargo.toml") {
        let folder = path.trim_end_matches("/Cargo.toml");
        if folder.contains('/') || OWN_WORKSPACES.contains(&folder) {
            continue; // Reported as a member that is not flat, or a workspace of its own.
        }
        match text.parse::<Table>() {
            Ok(manifest) => problems.extend(check_manifest(path, folder, (&manifest, text))),
            Err(error) => problems.push(Problem::new(path, 0, "manifest", format!("cannot be read: {error}"))),
        }
    }
    problems
}

/// The members of the root manifest are flat, and each is in the table.
fn check_members(tree: &Tree) -> Vec<Problem> {
    let root: Option<Table> = tree.text("Cargo.toml").and_then(|text| text.parse().ok());
    let members = root.as_ref().and_then(|root| root.get("workspace")?.get("members")?.as_array());
    let Some(members) = members else {
        return vec![Problem::new("Cargo.toml", 0, "manifest", "`workspace.members` is missing")];
    };
    let names = members.iter().filter_map(|member| member.as_str());
    let unknown = names.filter(|name| !ARROWS.iter().any(|(known, _, _)| known == name));
    let reason = |name| format!("member `{name}` is not in the table of crate arrows (xtask/src/tidy/arrows.rs)");
    unknown.map(|name| Problem::new("Cargo.toml", 0, "crate-arrow", reason(name))).collect()
}

fn check_manifest(path: &str, folder: &str, (manifest, text): (&Table, &str)) -> Vec<Problem> {
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str()).unwrap_or_default();
    if name != folder {
        let reason = format!("the crate is called `{name}`; folder name = crate name");
        return vec![Problem::new(path, line_of(text, "name"), "crate-name", reason)];
    }
    let Some((_, allowed, in_tests)) = ARROWS.iter().find(|(known, _, _)| *known == name) else {
        let reason = format!("`{name}` is not in the table of crate arrows (xtask/src/tidy/arrows.rs)");
        return vec![Problem::new(path, 0, "crate-arrow", reason)];
    };
    let is_ours = |dependency: &str| ARROWS.iter().any(|(known, _, _)| *known == dependency);
    let mut problems = Vec::new();
    for Dependency { name: dependency, is_for_tests, line } in dependencies(manifest, text) {
        let is_drawn = allowed.contains(&dependency.as_str());
        let is_drawn_for_tests = is_for_tests && in_tests.contains(&dependency.as_str());
        if is_ours(&dependency) && !is_drawn && !is_drawn_for_tests {
            let reason = format!("`{name}` must not depend on `{dependency}`; a new arrow needs a written decision");
            problems.push(Problem::new(path, line, "crate-arrow", reason));
        }
        if CORE_CRATES.contains(&name) && !is_for_tests && NOT_IN_CORE.contains(&dependency.as_str()) {
            let reason = format!("`{name}` is pure: `{dependency}` belongs into `hub`, its effect is a parameter here");
            problems.push(Problem::new(path, line, "pure-core", reason));
        }
    }
    problems
}

/// Every dependency of a manifest, under its real name, those for one target included.
fn dependencies(manifest: &Table, text: &str) -> Vec<Dependency> {
    let mut scopes = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        scopes.extend(targets.values().filter_map(toml::Value::as_table));
    }
    let mut found = Vec::new();
    for scope in scopes {
        for (section, is_for_tests) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let Some(entries) = scope.get(section).and_then(toml::Value::as_table) else { continue };
            for (key, entry) in entries {
                let renamed = entry.get("package").and_then(toml::Value::as_str);
                let name = renamed.unwrap_or(key).to_owned();
                found.push(Dependency { name, is_for_tests, line: line_of(text, key) });
            }
        }
    }
    found
}

/// The first line that starts with this key, 0 when there is none.
fn line_of(text: &str, key: &str) -> usize {
    let starts = |line: &str| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with([' ', '=', '.']))
    };
    text.lines().position(starts).map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace]\nmembers = [\"linkage\", \"synth\", \"hub\"]\n";

    #[track_caller]
    fn check_one(path: &str, text: &str, expected: &[&str]) {
        let tree = Tree::from_texts(&[("Cargo.toml", ROOT), (path, text)]);
        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found} does not start with {expected}");
        }
    }

    #[test]
    fn drawn_arrows_pass() {
        let text =
            "[package]\nname = \"hub\"\n[dependencies]\nlinkage.workspace = true\nsynth = { path = \"../synth\" }\n";
        check_one("hub/Cargo.toml", text, &[]);
    }

    #[test]
    fn arrows_that_are_not_drawn_fail() {
        let linkage = |section| format!("[package]\nname = \"linkage\"\n[{section}]\nsynth.workspace = true\n");
        let expected = ["linkage/Cargo.toml:4: crate-arrow: `linkage` must not depend on `synth`"];
        check_one("linkage/Cargo.toml", &linkage("dependencies"), &expected);
        check_one("linkage/Cargo.toml", &linkage("dev-dependencies"), &expected);
        check_one("linkage/Cargo.toml", &linkage("target.'cfg(unix)'.dependencies"), &expected);
        let renamed =
            "[package]\nname = \"synth\"\n[dependencies]\nx = { package = \"linkage\", path = \"../linkage\" }\n";
        check_one("synth/Cargo.toml", renamed, &["synth/Cargo.toml:4: crate-arrow"]);
        let on_benches = "[package]\nname = \"hub\"\n[dependencies]\nbenches = { path = \"../benches\" }\n";
        check_one("hub/Cargo.toml", on_benches, &["hub/Cargo.toml:4: crate-arrow"]);
    }

    #[test]
    fn effects_stay_out_of_core_crates() {
        let text = "[package]\nname = \"linkage\"\n[dependencies]\ntokio = \"1\"\n";
        check_one("linkage/Cargo.toml", text, &["linkage/Cargo.toml:4: pure-core"]);
        let for_tests = "[package]\nname = \"linkage\"\n[dev-dependencies]\nrand = \"1\"\n";
        check_one("linkage/Cargo.toml", for_tests, &[]);
    }

    #[test]
    fn names_and_members_are_known() {
        check_one("hub/Cargo.toml", "[package]\nname = \"nayose\"\n", &["hub/Cargo.toml:2: crate-name"]);
        check_one("extra/Cargo.toml", "[package]\nname = \"extra\"\n", &["extra/Cargo.toml: crate-arrow"]);
        check_one("hub/Cargo.toml", "[package", &["hub/Cargo.toml: manifest"]);
        let tree = Tree::from_texts(&[("Cargo.toml", "[workspace]\nmembers = [\"linkage\", \"crates/new\"]\n")]);
        assert_eq!(check(&tree).len(), 1);
    }
}
