//! The power cut: what `unsynced.c` has noted, and what of a folder would have been left without it.
//!
//! A file keeps the length that it had when it was last synced; a name that changed after the last sync of its folder
//! changes back. That is harsher than most file systems and no harsher than what they promise. Files that the journal does
//! not know stay as they are: they were there before.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// One process's journal, and where names that vanished are kept.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    lines: PathBuf,
    graves: PathBuf,
}

/// What a power cut took away.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Bytes that were not synced.
    pub(crate) bytes: u64,
    /// Names whose change was not synced.
    pub(crate) names: usize,
}

/// A line of the journal.
#[derive(Debug)]
enum Line {
    /// A file was made: nothing of it is durable, nor its name.
    New(u64, PathBuf),
    /// A file was opened that was there before: all of it is durable.
    Old(u64, u64),
    /// So much of a file is durable.
    Sync(u64, u64),
    /// The names in a folder are durable.
    Dir(PathBuf),
    /// A file got another name; what had that name before lies in a grave.
    Move(Option<String>, PathBuf, PathBuf),
    /// A file lost its name.
    Gone(Option<String>, PathBuf),
}

impl Journal {
    /// A journal of what happens below a folder; it is empty, and lies beside the folder.
    pub(crate) fn begin(folder: &Path) -> Self {
        let (lines, graves) = (folder.with_extension("journal"), folder.with_extension("graves"));
        drop(fs::remove_file(&lines));
        drop(fs::remove_dir_all(&graves));
        fs::create_dir_all(folder).unwrap();
        fs::create_dir(&graves).unwrap();
        Self { folder: folder.canonicalize().unwrap(), lines, graves: graves.canonicalize().unwrap() }
    }

    /// Lets a process keep the journal; with `space`, its disk is full after so many bytes.
    pub(crate) fn watch(&self, command: &mut Command, space: Option<u64>) {
        command.env("LD_PRELOAD", library());
        command.env("UNSYNCED_FOLDER", &self.folder).env("UNSYNCED_GRAVES", &self.graves);
        command.env("UNSYNCED_JOURNAL", &self.lines);
        if let Some(space) = space {
            command.env("UNSYNCED_SPACE", space.to_string());
        }
    }

    /// Takes away what was not durable when the process died.
    pub(crate) fn cut(&self) -> Lost {
        let text = fs::read_to_string(&self.lines).unwrap();
        let mut durable: BTreeMap<u64, u64> = BTreeMap::new();
        let mut names: Vec<Line> = Vec::new();
        for line in text.lines().map(parse) {
            match line {
                Line::Old(file, bytes) | Line::Sync(file, bytes) => drop(durable.insert(file, bytes)),
                Line::Dir(folder) => names.retain(|name| name.folder() != folder),
                name => {
                    if let Line::New(file, _) = &name {
                        durable.insert(*file, 0);
                    }
                    names.push(name);
                }
            }
        }
        let mut lost = Lost { bytes: 0, names: names.len() };
        for name in names.iter().rev() {
            self.undo(name);
        }
        shorten(&self.folder, &durable, &mut lost);
        lost
    }

    fn undo(&self, line: &Line) {
        let raise = |grave: &Option<String>, path: &Path| {
            if let Some(grave) = grave {
                fs::rename(self.graves.join(grave), path).unwrap();
            }
        };
        match line {
            Line::New(_, path) => drop(fs::remove_file(path)),
            Line::Move(grave, from, to) => {
                fs::rename(to, from).unwrap();
                raise(grave, to);
            }
            Line::Gone(grave, path) => raise(grave, path),
            Line::Old(..) | Line::Sync(..) | Line::Dir(_) => {}
        }
    }
}

impl Line {
    /// The folder whose sync makes a change of names durable.
    fn folder(&self) -> &Path {
        let path = match self {
            Self::New(_, path) | Self::Gone(_, path) | Self::Move(_, _, path) | Self::Dir(path) => path,
            Self::Old(..) | Self::Sync(..) => return Path::new(""),
        };
        path.parent().unwrap_or(Path::new(""))
    }
}

#[track_caller]
fn parse(line: &str) -> Line {
    let (word, rest) = line.split_once(' ').unwrap();
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    let grave = || Some(first.to_owned()).filter(|grave| grave != "-");
    match word {
        "new" => Line::New(first.parse().unwrap(), second.into()),
        "old" => Line::Old(first.parse().unwrap(), second.parse().unwrap()),
        "sync" => Line::Sync(first.parse().unwrap(), second.parse().unwrap()),
        "dir" => Line::Dir(rest.into()),
        "move" => {
            let (from, to) = second.split_once('\t').unwrap();
            Line::Move(grave(), from.into(), to.into())
        }
        "gone" => Line::Gone(grave(), second.into()),
        _ => panic!("synced bytes of a file were changed, which this model does not know: {line}"),
    }
}

fn shorten(folder: &Path, durable: &BTreeMap<u64, u64>, lost: &mut Lost) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            shorten(&path, durable, lost);
        } else if let Some(bytes) = durable.get(&metadata.ino())
            && *bytes < metadata.len()
        {
            lost.bytes += metadata.len() - bytes;
            fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(*bytes).unwrap();
        }
    }
}

/// The preloaded library, made once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/unsynced.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("unsynced-{}.so", std::process::id()));
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .args([library.as_path(), source.as_path()])
            .args(["-ldl", "-lpthread"])
            .status()
            .unwrap();
        assert!(compiled.success(), "cc cannot compile `{}`", source.display());
        library
    })
}

/// The model of a disk, tried out on a shell that syncs some files and not others.
#[test]
fn what_was_not_synced_is_taken_away() {
    let site = crate::server::Folder::new();
    let folder = site.path.join("data");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("before"), "before").unwrap();
    fs::write(folder.join("replaced"), "old").unwrap();
    let journal = Journal::begin(&folder);
    let mut command = Command::new("sh");
    let script = "cd data
        printf 12345 > half; sync half; sync .; printf 678 >> half
        printf x > unnamed; sync unnamed
        printf more >> before
        printf new > fresh; sync fresh; mv fresh replaced
        rm before";
    command.args(["-c", script]).current_dir(&site.path);
    journal.watch(&mut command, None);
    assert!(command.status().unwrap().success());
    let lost = journal.cut();
    let mut names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["before", "half", "replaced"]);
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!((text("before"), text("half"), text("replaced")), ("before".into(), "12345".into(), "old".into()));
    assert_eq!(lost, Lost { bytes: 7, names: 4 });
}
