//! The files of the repository, in memory.
//!
//! Reads the work tree and not the index of the version control system: a file that was forgotten to be added is
//! checked as well, and a tree unpacked from an archive can be checked too.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Folders that hold no source: build output, the version control system, local data.
const SKIPPED: &[&str] = &["target", ".git", "demo-data", "node_modules"];

/// What the fuzzer leaves behind; ignored by the version control system as well.
const SKIPPED_PATHS: &[&str] = &["fuzz/corpus", "fuzz/artifacts", "fuzz/coverage"];

/// Larger files are not read; nothing that people write comes near.
const READ_BYTES_MAX: u64 = 16 << 20;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The text, `None` for a binary file (a NUL byte, or not UTF-8).
    pub text: Option<String>,
}

/// All files, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The files.
    pub files: Vec<File>,
}

impl Tree {
    /// A tree from paths and texts, for the tests of the checks.
    #[must_use]
    pub fn from_texts(texts: &[(&str, &str)]) -> Self {
        let mut files: Vec<File> = texts
            .iter()
            .map(|(path, text)| File {
                path: (*path).to_owned(),
                bytes: text.len() as u64,
                text: Some((*text).to_owned()),
            })
            .collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Self { files }
    }

    /// Every file below `root` that is not in a skipped folder. Links are not followed.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let path = root.join(&folder);
            let entries = fs::read_dir(&path).with_context(|| format!("cannot list `{}`", path.display()))?;
            for entry in entries {
                let entry = entry.with_context(|| format!("cannot list `{}`", path.display()))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let inside = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                let kind = entry.file_type().with_context(|| format!("cannot look at `{inside}`"))?;
                let is_skipped = SKIPPED.contains(&name.as_str()) || SKIPPED_PATHS.contains(&inside.as_str());
                if kind.is_dir() && !is_skipped {
                    folders.push(inside);
                } else if kind.is_file() && name != ".git" {
                    files.push(read_file(root, inside)?);
                }
            }
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self { files })
    }

    /// The text of the file at `path`, if it exists and is text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path)?.text.as_deref()
    }

    /// Every text file whose path ends so, with its text.
    pub fn texts<'t>(&'t self, ending: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
        let found = self.files.iter().filter(move |file| file.path.ends_with(ending));
        found.filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }
}

fn read_file(root: &Path, path: String) -> anyhow::Result<File> {
    let full = root.join(&path);
    let bytes = fs::metadata(&full).with_context(|| format!("cannot look at `{path}`"))?.len();
    if bytes > READ_BYTES_MAX {
        return Ok(File { path, bytes, text: None });
    }
    let content = fs::read(&full).with_context(|| format!("cannot read `{path}`"))?;
    let text = if content.contains(&0) { None } else { String::from_utf8(content).ok() };
    Ok(File { path, bytes, text })
}
