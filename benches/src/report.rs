//! Keeps the results of a day: one JSON file for machines, one Markdown file for people, made from it.
//!
//! Each measurement replaces its own section and leaves the others, so they can be taken one by one. Every section
//! names its own machine and revision.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::datasets::Row;
use crate::machine::Environment;
use crate::nanoseconds::Nanoseconds;
use crate::process::Figure;
use crate::quality::Quality;
use crate::speed::{Speed, peak_gib};

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Measured {
    /// The public datasets.
    Quality(Vec<Row>),
    /// In turn with the peer.
    Speed(Box<Speed>),
    /// The price of a pair.
    Nanoseconds(Nanoseconds),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Section {
    environment: Environment,
    measured: Measured,
}

impl Measured {
    /// What was asked and not reached.
    pub(crate) fn missed(&self) -> Vec<String> {
        match self {
            Self::Quality(rows) => {
                rows.iter().flat_map(|row| row.missed.iter().map(|what| format!("{}: {what}", row.dataset))).collect()
            }
            Self::Speed(speed) => speed.missed.clone(),
            Self::Nanoseconds(_) => Vec::new(),
        }
    }

    /// The title, by which a newer measurement replaces an older one of the day.
    fn title(&self) -> String {
        match self {
            Self::Quality(_) => "Quality on public datasets".to_owned(),
            Self::Speed(speed) => {
                let (records, blocking) = (grouped(speed.summary.records), speed.blocking.name());
                let alone = if speed.peer.is_empty() { ", without the peer" } else { "" };
                format!("Speed: {records} records, {blocking} blocking{alone}")
            }
            Self::Nanoseconds(price) => format!("One scored pair: {} records", grouped(price.records)),
        }
    }

    fn to_markdown(&self) -> String {
        match self {
            Self::Quality(rows) => quality(rows),
            Self::Speed(speed) => speed_text(speed),
            Self::Nanoseconds(price) => nanoseconds(price),
        }
    }
}

/// Puts a measurement into the files of its day; gives its section as Markdown.
pub(crate) fn keep(folder: &Path, environment: Environment, measured: Measured) -> anyhow::Result<String> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let json = folder.join(format!("linkage-{}.json", environment.date));
    let mut sections: BTreeMap<String, Section> = match fs::read_to_string(&json) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("cannot read `{}`", json.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", json.display())),
    };
    let title = measured.title();
    let date = environment.date.clone();
    let section = Section { environment, measured };
    let text = section_text(&title, &section);
    sections.insert(title, section);
    let write =
        |path: &Path, text: String| fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()));
    write(&json, serde_json::to_string_pretty(&sections)? + "\n")?;
    let mut page = format!("# Record linkage, measured on {date}\n\nHow, and what is counted: `benches/README.md`.\n");
    for (title, section) in &sections {
        page += &section_text(title, section);
    }
    write(&folder.join(format!("linkage-{date}.md")), page)?;
    Ok(text)
}

fn section_text(title: &str, section: &Section) -> String {
    let Environment { date, processor, cores, memory_gib, load_before, revision, nayose } = &section.environment;
    format!(
        "\n## {title}\n\n{date}, {processor}, {cores} cores, {memory_gib} GiB, load {load_before} before the start; \
         {nayose}, revision {revision}.\n\n{}",
        section.measured.to_markdown()
    )
}

fn quality(rows: &[Row]) -> String {
    let mut out = "Trained without labels. F1 over all true pairs, also those that blocking lost.\n\n\
        | dataset | pairs, best threshold (asked; peer) | at weight | pairs, default threshold | clusters (asked; peer) \
        | clusters B³ | CPU s | peer | verdict |\n|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for row in rows {
        let quality = &row.quality;
        let verdict =
            if row.missed.is_empty() { "met".to_owned() } else { format!("MISSED: {}", row.missed.join(", ")) };
        let _ = writeln!(
            out,
            "| {} | **{:.5}** ({}; {}) | {:+.1} | {:.5} | **{:.5}** ({}; {}) | {:.5} | {:.1} | {} | {verdict} |",
            row.dataset,
            quality.best.f1,
            row.pairs_asked,
            row.pairs_peer,
            quality.best.threshold,
            quality.default.f1,
            quality.clusters_f1,
            row.clusters_asked,
            row.clusters_peer,
            quality.clusters_bcubed,
            row.cost.cpu_seconds,
            row.peer,
        );
    }
    out
}

fn speed_text(speed: &Speed) -> String {
    let (people, seed, threads, runs) = (grouped(speed.people), speed.seed, speed.threads, speed.ours.len());
    let peer = speed.peer.first().map_or_else(
        || "The peer was skipped.".to_owned(),
        |run| {
            let versions = &run.versions;
            format!("The peer ({versions}): from reading to clusters, without starting Python and without writing.")
        },
    );
    let mut out = format!(
        "{people} people, seed {seed}, {threads} threads, runs in turn: {runs}. Ours: the whole process, with reading and \
         writing. {peer}\n\n"
    );
    out +=
        "| | Nayose, per round | peer, per round | peer / Nayose: median (min–max) | asked |\n|---|---|---|---|---|\n";
    let rows: [(&str, Figure, Option<f64>); 3] = [
        ("CPU s", |cost| cost.cpu_seconds, speed.ratio_asked()),
        ("wall s", |cost| cost.wall_seconds, speed.ratio_asked()),
        ("peak GiB", peak_gib, speed.ratio_asked().map(|_| 3.0)),
    ];
    for (name, spent, asked) in rows {
        let ratio = speed.ratio(spent).map_or_else(
            || "–".to_owned(),
            |ratio| format!("**{:.1}** ({:.1}–{:.1})", ratio.median, ratio.min, ratio.max),
        );
        let asked = asked.map_or_else(|| "not judged".to_owned(), |asked| format!("≥ {asked}"));
        let ours = list(speed.ours.iter().map(spent));
        let peer = list(speed.peer.iter().map(|run| spent(&run.cost)));
        let _ = writeln!(out, "| {name} | {ours} | {peer} | {ratio} | {asked} |");
    }
    out += &stages(speed);
    out += &quality_of_both(&speed.our_quality, speed.peer_quality.as_ref());
    out += &pair_counts(speed);
    let verdict = match (speed.ratio_asked(), speed.missed.is_empty()) {
        (None, _) => "too few records to judge".to_owned(),
        (_, true) => "met".to_owned(),
        (_, false) => format!("MISSED: {}", speed.missed.join("; ")),
    };
    let _ = writeln!(out, "\nVerdict: {verdict}.");
    out
}

fn stages(speed: &Speed) -> String {
    let Some(first) = speed.peer.first() else { return String::new() };
    let seconds = |value: &serde_json::Value| value.get(0).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    let stages: Vec<String> =
        first.stages.iter().map(|(name, value)| format!("{name} {:.1}", seconds(value))).collect();
    format!("\nCPU seconds of the peer by stage, first round: {}.\n", stages.join(", "))
}

fn quality_of_both(ours: &Quality, peer: Option<&Quality>) -> String {
    let mut out =
        "\n| quality | best F1 (at weight) | precision | recall | F1 at the default | clusters F1 | clusters B³ |\n\
        |---|---|---|---|---|---|---|\n"
            .to_owned();
    for (name, quality) in [("Nayose", Some(ours)), ("peer", peer)] {
        let Some(Quality { best, default, clusters_f1, clusters_bcubed }) = quality else { continue };
        let _ = writeln!(
            out,
            "| {name} | {:.5} ({:+.1}) | {:.5} | {:.5} | {:.5} | {clusters_f1:.5} | {clusters_bcubed:.5} |",
            best.f1, best.threshold, best.precision, best.recall, default.f1
        );
    }
    out
}

fn pair_counts(speed: &Speed) -> String {
    let summary = &speed.summary;
    let peer = speed.peer_blocks();
    let mut out =
        "\n| pairs that no earlier rule had | Nayose | peer | blocks skipped |\n|---|---|---|---|\n".to_owned();
    let mut line = |name: &str, ours: u64, theirs: Option<u64>, skipped: u64| {
        let theirs = theirs.map_or_else(|| "–".to_owned(), grouped);
        let _ = writeln!(out, "| {name} | {} | {theirs} | {skipped} |", grouped(ours));
    };
    for block in &summary.blocks {
        let theirs = peer.iter().find(|other| other.name == block.name).map(|other| other.pairs);
        line(&block.name, block.pairs, theirs, block.blocks_skipped);
    }
    line("second hop", summary.second_hop_pairs, None, 0);
    let skipped = summary.blocks.iter().map(|block| block.blocks_skipped).sum();
    let total = (!peer.is_empty()).then(|| peer.iter().map(|block| block.pairs).sum());
    line("**all**", summary.pairs_compared, total, skipped);
    out + "\nBoth have the same rules. Nayose folds before it blocks (width, small kana, the spelling of long vowels, variants \
        of kanji, forms of dates and numbers), so spellings of one value share a block, and a word for a missing value is \
        none; the peer blocks on the texts as they stand. A pair counts under the first rule that has it, so lines differ \
        more than the sum. The second hop compares records that two other pairs brought together.\n"
}

fn nanoseconds(price: &Nanoseconds) -> String {
    format!(
        "| | narrow | wide | difference |\n|---|---|---|---|\n| pairs | {} | {} | {} |\n| CPU s (median) | {:.2} | {:.2} \
         | {:.2} |\n\n**{:.0} ns of CPU per pair**: blocked, compared, weighed, without what both runs share.\n",
        grouped(price.narrow_pairs),
        grouped(price.wide_pairs),
        grouped(price.wide_pairs.saturating_sub(price.narrow_pairs)),
        price.narrow_cpu_seconds,
        price.wide_cpu_seconds,
        price.wide_cpu_seconds - price.narrow_cpu_seconds,
        price.per_pair,
    )
}

fn list(numbers: impl Iterator<Item = f64>) -> String {
    let texts: Vec<String> = numbers.map(|number| format!("{number:.2}")).collect();
    if texts.is_empty() { "–".to_owned() } else { texts.join(", ") }
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use crate::speed::tests::example;

    #[test]
    fn keeps_sections_side_by_side() {
        let scratch = Scratch::create("report").unwrap();
        let folder = scratch.path("results");
        let environment = || Environment { date: "2026-01-02".to_owned(), ..Environment::default() };
        let small = || Measured::Speed(Box::new(example(1_234_567, &[1.0], &[20.0])));
        keep(&folder, environment(), small()).unwrap();
        let rows = vec![Row { dataset: "febrl9".to_owned(), missed: vec!["clusters".to_owned()], ..Row::default() }];
        let text = keep(&folder, environment(), Measured::Quality(rows)).unwrap();
        assert!(text.contains("| febrl9 |") && text.contains("MISSED: clusters"), "{text}");
        keep(&folder, environment(), small()).unwrap();
        let page = fs::read_to_string(folder.join("linkage-2026-01-02.md")).unwrap();
        assert_eq!(page.matches("\n## ").count(), 2, "{page}");
        assert!(page.contains("## Speed: 1,234,567 records, narrow blocking"), "{page}");
        assert!(page.contains("| CPU s | 1.00 | 20.00 | **20.0** (20.0–20.0) | ≥ 10 |"), "{page}");
        assert!(page.contains("| phone | 50 | 40 | 1 |"), "{page}");
        assert!(page.contains("Verdict: met."), "{page}");
    }

    #[test]
    fn groups_thousands() {
        let texts: Vec<String> = [0, 999, 1000, 21_070_937].map(grouped).into();
        assert_eq!(texts, ["0", "999", "1,000", "21,070,937"]);
    }
}
