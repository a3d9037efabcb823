//! Keeps the results of a day: one JSON file for machines, one Markdown file for people, made from it.
//!
//! A newer measurement of the same kind replaces the older one of the day; each names its own machine and load.

use super::machine::Environment;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What was asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Bar {
    AtLeast(f64),
    Below(f64),
}

/// One figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) conditions: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) bar: Option<Bar>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Section {
    environment: Environment,
    figures: Vec<Figure>,
}

impl Figure {
    pub(crate) fn is_missed(&self) -> bool {
        match self.bar {
            None => false,
            Some(Bar::AtLeast(least)) => self.value < least,
            Some(Bar::Below(most)) => self.value >= most,
        }
    }

    fn row(&self) -> String {
        let bar = match self.bar {
            None => "not judged".to_owned(),
            Some(Bar::AtLeast(least)) => format!("≥ {least}"),
            Some(Bar::Below(most)) => format!("< {most}"),
        };
        let verdict = if self.is_missed() { "MISSED" } else { "met" };
        let verdict = if self.bar.is_none() { "" } else { verdict };
        let Self { name, conditions, value, unit, .. } = self;
        format!("| {name} | **{value:.3}** {unit} | {bar} | {verdict} | {conditions} |\n")
    }
}

/// Puts a measurement into the files of its day; gives its section as Markdown.
pub(crate) fn keep(
    folder: &Path,
    environment: Environment,
    (title, figures): (&str, Vec<Figure>),
) -> anyhow::Result<String> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let json = folder.join(format!("consent-{}.json", environment.date));
    let mut sections: BTreeMap<String, Section> = match fs::read_to_string(&json) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("cannot read `{}`", json.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", json.display())),
    };
    let date = environment.date.clone();
    let section = Section { environment, figures };
    let text = section_text(title, &section);
    sections.insert(title.to_owned(), section);
    let write =
        |path: &Path, text: String| fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()));
    write(&json, serde_json::to_string_pretty(&sections)? + "\n")?;
    let mut page = format!("# Consent, measured on {date}\n\nHow, and what is counted: `benches/README.md`.\n");
    for (title, section) in &sections {
        page += &section_text(title, section);
    }
    write(&folder.join(format!("consent-{date}.md")), page)?;
    Ok(text)
}

fn section_text(title: &str, section: &Section) -> String {
    let Environment { date, processor, cores, memory_gib, load_before, revision, .. } = &section.environment;
    let mut text = format!(
        "\n## {title}\n\n{date}, {processor}, {cores} cores, {memory_gib} GiB, load {load_before} before the start; \
         revision {revision}. One thread.\n\n| what | figure | bar | verdict | conditions |\n|---|---|---|---|---|\n"
    );
    section.figures.iter().for_each(|figure| {
        let _ = text.write_str(&figure.row());
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_bar() {
        let figure =
            |value, bar| Figure { name: "a".to_owned(), conditions: "b".to_owned(), value, unit: "ms".to_owned(), bar };
        assert!(figure(4.9, Some(Bar::AtLeast(5.0))).is_missed() && !figure(5.0, Some(Bar::AtLeast(5.0))).is_missed());
        assert!(figure(2.0, Some(Bar::Below(2.0))).is_missed() && !figure(1.9, Some(Bar::Below(2.0))).is_missed());
        assert_eq!(figure(1.0, None).row(), "| a | **1.000** ms | not judged |  | b |\n");
        assert_eq!(figure(1.0, Some(Bar::Below(2.0))).row(), "| a | **1.000** ms | < 2 | met | b |\n");
    }
}
