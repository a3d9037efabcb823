//! Builds `matching-rules/normalize/readings.tsv` from lists of names with their readings.
//!
//! ```text
//! cargo run --release -p linkage --example build_readings -- ../shared/data/japan > matching-rules/normalize/readings.tsv
//! cargo run --release -p linkage --example build_readings -- ../shared/data/japan --held-out
//! ```
//!
//! Which kana belong to which kanji of a name is nowhere written down, so it is learned: every way to cut a reading into
//! one piece per kanji is weighed by how often these pieces occur elsewhere, and the weights are computed anew until they
//! settle (expectation-maximisation, without any dictionary). Names that cannot be cut go into the table whole.
//! With `--held-out` nothing is written: the table is built from nine tenths of the given names, and the share of the
//! last tenth that it can read is printed, beside the share of wrong readings that it lets pass.
#![expect(
    clippy::indexing_slicing,
    reason = "the tables of the cuts are indexed up to the lengths that they were made for"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs, process};

use linkage::compare::Readings;
use linkage::normalize::kana_key;

/// Rounds of expectation-maximisation; the table no longer changes after about ten.
const ROUNDS: usize = 20;
/// Kana that one kanji is read as, at most: ココロザシ.
const PIECE_KANA_MAX: usize = 5;
/// Names (expected number) that must show a reading of a kanji.
const SEEN_MIN: f64 = 2.0;
/// Share that a reading must have among all of its kanji.
const SHARE_MIN: f64 = 0.004;

/// Readings of the surname list that nobody of that name has (public knowledge, checked by hand where pieces fail).
const WRONG: &[(&str, &str)] = &[
    ("小栗", "ササグリ"),
    ("二瓶", "フタビン"),
    ("三瓶", "サンビン"),
    ("宗像", "シュウゾウ"),
    ("新居", "シンキョ"),
    ("前山", "サキヤマ"),
    ("三角", "サンカク"),
    ("白鳥", "ハクチョウ"),
    ("土方", "ドカタ"),
    ("具志堅", "グシカタ"),
    ("一色", "イッショク"),
    ("寺門", "ジモン"),
    ("原野", "ゲンヤ"),
    ("四方", "シホウ"),
    ("横川", "ヨガワ"),
    ("畑", "ハタケ"),
    ("水田", "スイデン"),
];

/// Usual readings of surnames that no list has (public knowledge).
const ADDED: &[(&str, &str)] = &[
    ("二瓶", "ニヘイ"),
    ("三瓶", "サンペイ"),
    ("三瓶", "ミカメ"),
    ("宗像", "ムナカタ"),
    ("新居", "アライ"),
    ("新居", "ニイ"),
    ("三角", "ミスミ"),
    ("白鳥", "シラトリ"),
    ("土方", "ヒジカタ"),
    ("具志堅", "グシケン"),
    ("一色", "イッシキ"),
    ("首藤", "シュトウ"),
    ("首藤", "ストウ"),
    ("四方", "シカタ"),
    ("四方", "ヨモ"),
    ("土肥", "ドイ"),
    ("神戸", "カンベ"),
    ("八幡", "ヤハタ"),
    ("八幡", "ヤワタ"),
    ("木幡", "コハタ"),
    ("木幡", "コワタ"),
    ("河野", "カワノ"),
    ("河内", "コウチ"),
    ("東", "ヒガシ"),
    ("東", "アズマ"),
    ("畑", "ハタ"),
    ("東海林", "トウカイリン"),
    ("猿渡", "サワタリ"),
    ("羽生", "ハブ"),
];

/// Names in kanji with a reading in katakana.
type Names = BTreeSet<(String, String)>;
/// Readings of a piece with their weight.
type Pieces = BTreeMap<char, BTreeMap<String, f64>>;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let held_out = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_] => false,
        [_, "--held-out"] => true,
        _ => fail("usage: build_readings JAPAN_DATA_FOLDER [--held-out]"),
    };
    let Some(folder) = arguments.first().map(Path::new) else { fail("no folder") };
    let surnames: Names = names(folder, "names/surnames.tsv")
        .filter(|(kanji, kana)| !WRONG.contains(&(kanji.as_str(), kana.as_str())))
        .chain(names(folder, "names/shimane_surnames.tsv"))
        .chain(ADDED.iter().map(|(kanji, kana)| ((*kanji).to_owned(), (*kana).to_owned())))
        .collect();
    let given: Names = names(folder, "names/given_male.tsv").chain(names(folder, "names/given_female.tsv")).collect();
    let folds = folds(folder);
    if held_out {
        report(&surnames, &given, &folds);
    } else {
        print(&table(&surnames, &given, &folds));
    }
}

#[expect(clippy::print_stdout, reason = "the table is the output of this program")]
fn print(text: &str) {
    print!("{text}");
}

fn fail(reason: &str) -> ! {
    eprintln!("{reason}");
    process::exit(1)
}

/// Kanji and reading of the rows of a list; the first line names the columns.
fn names(folder: &Path, file: &str) -> impl Iterator<Item = (String, String)> {
    let text =
        fs::read_to_string(folder.join(file)).unwrap_or_else(|error| fail(&format!("cannot read `{file}`: {error}")));
    let rows: Vec<_> = text
        .lines()
        .skip(1)
        .filter_map(|row| {
            let mut cells = row.split('\t');
            Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
        })
        .collect();
    rows.into_iter()
}

/// The representative that folding chooses for a character.
fn folds(folder: &Path) -> BTreeMap<char, char> {
    let file = "variants/kanji_fold_safe.tsv";
    let text =
        fs::read_to_string(folder.join(file)).unwrap_or_else(|error| fail(&format!("cannot read `{file}`: {error}")));
    let single = |cell: Option<&str>| cell.and_then(|cell| cell.chars().next());
    text.lines()
        .filter(|row| !row.starts_with('#'))
        .filter_map(|row| {
            let mut cells = row.split('\t');
            Some((single(cells.next())?, single(cells.next())?))
        })
        .collect()
}

/// The whole file.
fn table(surnames: &Names, given: &Names, folds: &BTreeMap<char, char>) -> String {
    let pieces = pieces(surnames, given, folds);
    let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (kanji, readings) in &pieces {
        rows.entry(kanji.to_string()).or_default().extend(readings.keys().cloned());
    }
    let single = Readings::parse(&written(&rows)).unwrap_or_else(|error| fail(&error.to_string()));
    // Names that cannot be cut: all surnames, and given names of two kanji or more.
    for (kanji, kana) in surnames.iter().chain(given).filter(|(kanji, _)| kanji.chars().count() > 1) {
        if !single.is_reading(kanji, kana) {
            rows.entry(kanji.clone()).or_default().insert(kana.clone());
        }
    }
    // Surnames of one kanji are whole names too, however rare the reading is elsewhere.
    for (kanji, kana) in surnames.iter().filter(|(kanji, _)| kanji.chars().count() == 1) {
        rows.entry(kanji.clone()).or_default().insert(kana.clone());
    }
    let head = "# What names and the kanji of names can be read as: see READINGS.md. Made by linkage/examples/build_readings.rs.\n\
                # licence: MIT (japanese-personal-name-dataset and gimei, texts in LICENSES/); local surnames are our own work.\n";
    format!("{head}{}", written(&rows))
}

fn written(rows: &BTreeMap<String, BTreeSet<String>>) -> String {
    let row = |(kanji, readings): (&String, &BTreeSet<String>)| {
        format!("{kanji}\t{}\n", readings.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    };
    rows.iter().map(row).collect()
}

/// What single kanji are read as, learned from whole names.
fn pieces(surnames: &Names, given: &Names, folds: &BTreeMap<char, char>) -> Pieces {
    let names: Vec<(Vec<char>, Vec<char>)> = surnames
        .iter()
        .chain(given)
        .map(|(kanji, kana)| (spelled_out(kanji), kana.chars().collect::<Vec<char>>()))
        .filter(|(kanji, kana)| kanji.len() <= kana.len())
        .collect();
    let mut weights = Pieces::new();
    for _ in 0..ROUNDS {
        let mut counts = Pieces::new();
        for (kanji, kana) in &names {
            count(kanji, kana, &weights, &mut counts);
        }
        weights = counts;
        for readings in weights.values_mut() {
            let total: f64 = readings.values().sum();
            readings.values_mut().for_each(|weight| *weight /= total);
        }
    }
    let mut counts = Pieces::new();
    for (kanji, kana) in &names {
        count(kanji, kana, &weights, &mut counts);
    }
    let mut kept = Pieces::new();
    for (kanji, readings) in counts {
        let total: f64 = readings.values().sum();
        for (kana, seen) in readings {
            if seen >= SEEN_MIN && seen / total >= SHARE_MIN {
                // A variant's readings are those of the character that it folds to as well.
                for form in [Some(&kanji), folds.get(&kanji)].into_iter().flatten() {
                    kept.entry(*form).or_default().insert(kana.clone(), seen);
                }
            }
        }
    }
    kept
}

fn spelled_out(kanji: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::new();
    for character in kanji.chars() {
        out.push(if character == '々' { out.last().copied().unwrap_or(character) } else { character });
    }
    out
}

/// Adds the expected number of each piece of one name: all ways to cut it, weighed by the product of their pieces.
fn count(kanji: &[char], kana: &[char], weights: &Pieces, counts: &mut Pieces) {
    let (m, n) = (kanji.len(), kana.len());
    let weight = |at: usize, from: usize, until: usize| -> f64 {
        let (Some(piece), Some(character)) = (kana.get(from..until), kanji.get(at)) else { return 0.0 };
        if piece.first().is_none_or(|first| "ャュョァィゥェォッンー".contains(*first)) || splits_sound(kana, until)
        {
            return 0.0;
        }
        if weights.is_empty() {
            return 1.0;
        }
        let piece: String = piece.iter().collect();
        weights.get(character).and_then(|readings| readings.get(&piece)).copied().unwrap_or(0.0)
    };
    // ahead[i][k]: all ways to read the first i kanji as the first k kana; behind: the rest as the rest.
    let mut ahead = vec![vec![0.0; n + 1]; m + 1];
    let mut behind = vec![vec![0.0; n + 1]; m + 1];
    ahead[0][0] = 1.0;
    behind[m][n] = 1.0;
    for i in 0..m {
        for from in 0..n {
            for until in from + 1..=n.min(from + PIECE_KANA_MAX) {
                ahead[i + 1][until] += ahead[i][from] * weight(i, from, until);
            }
        }
    }
    for i in (0..m).rev() {
        for from in 0..n {
            for until in from + 1..=n.min(from + PIECE_KANA_MAX) {
                behind[i][from] += behind[i + 1][until] * weight(i, from, until);
            }
        }
    }
    let all = ahead[m][n];
    if all <= 0.0 {
        return;
    }
    for (i, character) in kanji.iter().enumerate() {
        for from in 0..n {
            for until in from + 1..=n.min(from + PIECE_KANA_MAX) {
                let share = ahead[i][from] * weight(i, from, until) * behind[i + 1][until] / all;
                if share > 1e-6 {
                    *counts.entry(*character).or_default().entry(kana[from..until].iter().collect()).or_default() +=
                        share;
                }
            }
        }
    }
}

/// Whether a cut here would part a small kana from the one it belongs to.
fn splits_sound(kana: &[char], at: usize) -> bool {
    kana.get(at).is_some_and(|next| "ャュョァィゥェォー".contains(*next))
}

/// Prints how well a table of nine tenths of the given names reads the last tenth, and wrong readings.
#[expect(clippy::print_stdout, reason = "the report is the output of this program")]
fn report(surnames: &Names, given: &Names, folds: &BTreeMap<char, char>) {
    let (last, most): (Vec<_>, Vec<_>) = given.iter().cloned().enumerate().partition(|(at, _)| at % 10 == 0);
    let most: Names = most.into_iter().map(|(_, name)| name).collect();
    let last: Vec<(String, String)> = last.into_iter().map(|(_, name)| name).collect();
    let text = table(surnames, &most, folds);
    let readings = Readings::parse(&text).unwrap_or_else(|error| fail(&error.to_string()));
    let read = |names: &mut dyn Iterator<Item = (&str, &str)>| {
        let (mut all, mut can) = (0_u32, 0_u32);
        for (kanji, kana) in names {
            all += 1;
            can += u32::from(readings.is_reading(kanji, &kana_key(kana)));
        }
        (f64::from(can) / f64::from(all), all)
    };
    let true_pairs: BTreeSet<_> = given.iter().map(|(kanji, kana)| (kanji.as_str(), kana.as_str())).collect();
    let own = |(kanji, kana): &(&str, &str)| !true_pairs.contains(&(*kanji, *kana));
    // Another person's reading, a fixed number of rows further on, in lists sorted by kanji and by kana.
    let mut by_kana = last.clone();
    by_kana.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    let right = read(&mut last.iter().map(|(kanji, kana)| (kanji.as_str(), kana.as_str())));
    let wrong = read(
        &mut (1..50)
            .flat_map(|step| last.iter().zip(by_kana.iter().cycle().skip(step * 97)))
            .map(|((kanji, _), (_, kana))| (kanji.as_str(), kana.as_str()))
            .filter(own),
    );
    let near = read(
        &mut (1..5)
            .flat_map(|step| last.iter().zip(last.iter().skip(step)))
            .map(|((kanji, _), (_, kana))| (kanji.as_str(), kana.as_str()))
            .filter(own),
    );
    println!("table of nine tenths: {} bytes, {} lines", text.len(), text.lines().count());
    println!("held-out true readings read: {:.4} of {}", right.0, right.1);
    println!("readings of random other names let pass: {:.5} of {}", wrong.0, wrong.1);
    println!("readings of neighbours in the list (first kanji often shared) let pass: {:.4} of {}", near.0, near.1);
}
