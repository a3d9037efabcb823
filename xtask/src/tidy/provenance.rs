//! Data that we ship says where it comes from and under which licence; and no large binary slips in.
//!
//! A data file answers for itself with a header line, or a `README.md` or `LICENSES.md` in its folder (or in one above,
//! inside the same top folder) names the file and a licence.

use super::Problem;
use super::tree::{File, Tree};

/// Larger binary files do not belong into the history of the repository.
pub const BINARY_BYTES_MAX: u64 = 1 << 20;

/// How many lines of a file may be its header.
const HEADER_LINES: usize = 20;

/// Folders whose files are data from elsewhere; beside these every folder called `data`.
const DATA_FOLDERS: &[&str] = &["matching-rules/normalize"];

/// The documents that may speak for the files beside them.
const DOCUMENTS: &[&str] = &["README.md", "LICENSES.md"];

/// Checks every file of the tree.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Problem> {
    tree.files.iter().flat_map(|file| [check_licence(tree, file), check_size(file)]).flatten().collect()
}

fn check_size(file: &File) -> Option<Problem> {
    let is_large = file.text.is_none() && file.bytes > BINARY_BYTES_MAX;
    let reason = format!("binary of {} bytes, at most {BINARY_BYTES_MAX}: make it when it is needed", file.bytes);
    is_large.then(|| Problem::new(&file.path, 0, "large-binary", reason))
}

fn check_licence(tree: &Tree, file: &File) -> Option<Problem> {
    let (folder, name) = file.path.rsplit_once('/')?;
    let is_program = [".rs", ".toml.orig", "Cargo.toml"].iter().any(|ending| name.ends_with(ending));
    let is_document = name.ends_with(".md") || folder.ends_with("/LICENSES");
    if !is_data_folder(folder) || is_program || is_document {
        return None;
    }
    if file.text.as_deref().is_some_and(has_header) || has_document(tree, folder, name) {
        return None;
    }
    let reason =
        "data without a licence: add a `# licence: …` header, or name the file and its licence in README.md beside it";
    Some(Problem::new(&file.path, 1, "data-licence", reason))
}

fn is_data_folder(folder: &str) -> bool {
    let is_below = |top: &str| folder.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    DATA_FOLDERS.iter().any(|top| is_below(top)) || folder.split('/').any(|part| part == "data")
}

fn has_header(text: &str) -> bool {
    text.lines().take(HEADER_LINES).any(|line| {
        let line = line.trim_start_matches(['#', '/', '-', '!', ' ', '"', '|']).to_lowercase();
        ["licence", "license", "spdx-license-identifier"].iter().any(|word| {
            let rest = line.strip_prefix(word).map(str::trim_start);
            rest.and_then(|rest| rest.strip_prefix([':', '='])).is_some_and(|licence| !licence.trim().is_empty())
        })
    })
}

fn has_document(tree: &Tree, folder: &str, name: &str) -> bool {
    let mut folder = Some(folder);
    while let Some(here) = folder {
        for document in DOCUMENTS {
            let speaks = tree.text(&format!("{here}/{document}")).is_some_and(|text| speaks_for(text, name));
            if speaks {
                return true;
            }
        }
        folder = here.rsplit_once('/').map(|(above, _)| above);
    }
    false
}

fn speaks_for(document: &str, name: &str) -> bool {
    let lower = document.to_lowercase();
    document.contains(name) && (lower.contains("licence") || lower.contains("license"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_texts(texts: &[(&str, &str)], expected: &[&str]) {
        let found: Vec<String> = check(&Tree::from_texts(texts)).into_iter().map(|problem| problem.path).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn data_needs_a_licence() {
        let fold = "matching-rules/normalize/fold.tsv";
        check_texts(&[(fold, "a\tb\n")], &[fold]);
        check_texts(&[(fold, "# licence:\na\tb\n")], &[fold]);
        check_texts(&[(fold, "# Licence: CC0-1.0\na\tb\n")], &[]);
        check_texts(&[(fold, "licence = \"CC0-1.0\"\n")], &[]);
        check_texts(&[(fold, "# SPDX-License-Identifier: CC0-1.0\n")], &[]);
        let names = "synth/data/jp/names.tsv";
        check_texts(&[(names, "a\n")], &[names]);
        check_texts(&[(names, "a\n"), ("synth/data/README.md", "names.tsv: licence CC0")], &[]);
        check_texts(&[(names, "a\n"), ("synth/data/README.md", "others.tsv: licence CC0")], &[names]);
        check_texts(&[(names, "a\n"), ("synth/data/README.md", "names.tsv is ours")], &[names]);
        check_texts(&[("synth/data/LICENSES/names-MIT.txt", "a\n")], &[]);
        check_texts(&[("matching-rules/person.toml", "a = 1\n"), ("synth/data/table.rs", "//! A.\n")], &[]);
    }

    #[test]
    fn large_binaries_fail() {
        let file = |bytes, text| File { path: "docs/a.png".to_owned(), bytes, text };
        assert!(check_size(&file(BINARY_BYTES_MAX, None)).is_none());
        assert!(check_size(&file(BINARY_BYTES_MAX + 1, None)).is_some());
        assert!(check_size(&file(BINARY_BYTES_MAX + 1, Some(String::new()))).is_none());
    }
}
