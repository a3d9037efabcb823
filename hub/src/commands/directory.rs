//! `nayose directory`: institutions and domains from a file into the store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use directory::description::{Authority, Directory, Institution};
use directory::{Entity, Event, Offset, Outcome};
use mpi::kv::{Draft, Plan};

use crate::cli::print_result;
use crate::failure::{Exit, Failure};
use crate::import::commit::commit_alone;
use crate::input::{self, InputError, RejectLog, RejectReason, RowSink, column_position};
use crate::opening;
use crate::serve::clock::Clock;
use crate::serve::store::wind_clock;
use crate::text::thousands;

/// Load the directory of the network.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the directory equal to a description, from now on. What the description does not name is not there any more.
    #[command(after_help = "\
The description is `institutions.csv` (institution_id, name, kind, region, disclosing, code, authority), as
`nayose synth` writes it, or `directory.toml` with everything that a network registers. The server must not run at the
same time. Loading the same description again changes nothing.

Example:
  nayose directory load --config nayose.toml institutions.csv")]
    Load {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = "nayose.toml")]
        config: PathBuf,
        /// The description, or a folder with `directory.toml` or `institutions.csv` in it.
        #[arg(value_name = "DESCRIPTION")]
        description: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    let Command::Load { config, description } = command;
    let path = file(description);
    let described = read(&path)?;
    let desired = described.check(Offset::TOKYO).map_err(|problems| {
        let lines: Vec<String> =
            problems.iter().map(|problem| format!("{}: {}", problem.entry, problem.reason)).collect();
        let count = lines.len();
        Failure::bad_input(anyhow::anyhow!("{}", lines.join("\n")).context(format!(
            "`{}` has {count} {}",
            path.display(),
            if count == 1 { "error" } else { "errors" }
        )))
    })?;
    let (config, keyring) = opening::read(config)?;
    let opened = opening::open_whole(&config, keyring.as_ref())?;
    let clock = Clock::of_machine();
    wind_clock(&*opened.kv, &clock).map_err(Failure::internal)?;
    let mut draft = Draft::new(&*opened.kv);
    let now = clock.now();
    let text = match directory::apply(&mut draft, &desired, now, now).map_err(Failure::bad_input)? {
        Outcome::Unchanged => "nothing has changed\n".to_owned(),
        Outcome::Changed(version) => {
            let plan = draft.finish();
            let text = format!("{}version      {}\n", changes(&plan), version.0);
            commit_alone(&*opened.kv, &clock, plan)?;
            text
        }
    };
    opened.witness(&config)?;
    print_result(&text)?;
    Ok(Exit::Ok)
}

/// What a plan states, in counts.
fn changes(plan: &Plan) -> String {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for entry in &plan.log {
        if let Some(Event::Stated { entity, is_there, .. }) = Event::decode(entry) {
            let (there, gone) = counts.entry(word(&entity)).or_default();
            *if is_there { there } else { gone } += 1;
        }
    }
    let line = |(word, (there, gone)): (&str, (u64, u64))| {
        format!("{word:<13}{} stated, {} ended\n", thousands(there), thousands(gone))
    };
    counts.into_iter().map(line).collect()
}

fn word(entity: &Entity) -> &'static str {
    match entity {
        Entity::Institution(_) => "institution",
        Entity::Authority(_) => "authority",
        Entity::Practitioner(_) => "practitioner",
        Entity::Post(..) => "post",
        Entity::Client(_) => "client",
        Entity::Participation(_) => "participant",
    }
}

/// The file that is meant.
fn file(path: &Path) -> PathBuf {
    let toml = path.join("directory.toml");
    match (path.is_dir(), toml.is_file()) {
        (true, true) => toml,
        (true, false) => path.join("institutions.csv"),
        (false, _) => path.to_path_buf(),
    }
}

fn read(path: &Path) -> Result<Directory, Failure> {
    if path.extension().is_some_and(|extension| extension == "toml") {
        return read_toml(path);
    }
    let mut sink = Institutions { path, columns: [0; 7], directory: Directory::default() };
    let mut rejects = RejectLog::new();
    input::read(path, &mut sink, &mut rejects, &mut |_| ())?;
    // A directory with a hole in it is none: unlike records, institutions are few and all of them are meant.
    match rejects.kept().first() {
        Some(reject) => {
            Err(Failure::bad_input(anyhow::anyhow!("`{}`, line {}: {}", path.display(), reject.line, reject.reason)))
        }
        None => Ok(sink.directory),
    }
}

fn read_toml(path: &Path) -> Result<Directory, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::bad_input(anyhow::Error::new(error).context(format!("cannot read `{shown}`"))))?;
    toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Failure::bad_input(anyhow::anyhow!("`{shown}`, line {line}: {}", error.message()))
    })
}

const COLUMNS: [&str; 7] = ["institution_id", "name", "kind", "region", "disclosing", "code", "authority"];

/// Takes the rows of `institutions.csv`.
struct Institutions<'a> {
    path: &'a Path,
    columns: [usize; 7],
    directory: Directory,
}

impl RowSink for Institutions<'_> {
    fn header(&mut self, names: &[String]) -> Result<(), InputError> {
        for (slot, column) in self.columns.iter_mut().zip(COLUMNS) {
            *slot = column_position(self.path, names, column)?;
        }
        Ok(())
    }

    fn row(&mut self, _line: u64, fields: &[&str]) -> Result<(), RejectReason> {
        let texts = self.columns.map(|column| fields.get(column).copied().unwrap_or_default().trim());
        let [id, name, kind, region, disclosing, code, authority] = texts.map(str::to_owned);
        let disclosing = match disclosing.as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(RejectReason::Other("column `disclosing`: neither `true` nor `false`".to_owned())),
        };
        if !authority.is_empty() {
            self.directory.authorities.push(Authority {
                id: authority,
                name: name.clone(),
                kind: "patients".to_owned(),
                owner: id.clone(),
                namespace: None,
                grants: Vec::new(),
            });
        }
        self.directory.institutions.push(Institution {
            id,
            name,
            kind,
            region,
            groups: Vec::new(),
            disclosing,
            code: (!code.is_empty()).then_some(code),
            participant: true,
            joined: None,
            left: None,
        });
        Ok(())
    }
}
