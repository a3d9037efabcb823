//! A stopwatch for the kernels: `cargo test --release -p linkage --lib compare -- --ignored --nocapture speed`.

use std::hint::black_box;
use std::time::Instant;

use super::*;

/// Columns of the name lists; the test is skipped, loudly, without them.
fn names(file: &str, column: usize) -> Option<Vec<String>> {
    let path = format!("../../shared/data/japan/names/{file}");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {path}");
        return None;
    };
    Some(text.lines().skip(1).take(1_000).map(|row| row.split('\t').nth(column).unwrap().to_owned()).collect())
}

/// Nanoseconds per pair of all pairs of the names: the sum over rows of the best of nine runs, so that a busy machine
/// disturbs little.
fn nanoseconds<R>(names: &[String], compare: impl Fn(&str, &str) -> R) -> f64 {
    let row = |left: &str| {
        let start = Instant::now();
        for right in names {
            black_box(compare(black_box(left), black_box(right)));
        }
        start.elapsed().as_nanos() as f64
    };
    let best = |left: &String| (0..9).map(|_| row(left)).fold(f64::INFINITY, f64::min);
    names.iter().map(best).sum::<f64>() / (names.len() * names.len()) as f64
}

#[test]
#[ignore = "a stopwatch, not a test"]
fn speed() {
    let (Some(kana), Some(kanji)) = (names("surnames.tsv", 1), names("surnames.tsv", 0)) else { return };
    let full: Vec<String> = kana.iter().zip(kana.iter().rev()).map(|(a, b)| format!("{a}{b}")).collect();
    let romaji: Vec<String> =
        full.iter().map(|name| name.chars().map(|c| ["ka", "shi", "o"][c as usize % 3]).collect()).collect();
    for (what, names) in
        [("kana surname", &kana), ("kanji surname", &kanji), ("kana full", &full), ("romaji full", &romaji)]
    {
        println!(
            "{what:14} jaro_winkler {:6.1} strsim {:6.1} | at least 0.92 {:6.1} | damerau {:6.1} strsim {:6.1} | at most 1 {:6.1} | kana {:6.1} at most 0.4 {:6.1} | soft {:6.1} ns",
            nanoseconds(names, jaro_winkler),
            nanoseconds(names, strsim::jaro_winkler),
            nanoseconds(names, |a, b| jaro_winkler_at_least(a, b, 0.92)),
            nanoseconds(names, damerau),
            nanoseconds(names, strsim::osa_distance),
            nanoseconds(names, |a, b| damerau_at_most(a, b, 1)),
            nanoseconds(names, kana::distance),
            nanoseconds(names, |a, b| kana::at_most(a, b, 0.4)),
            nanoseconds(names, kanji::soft_variant),
        );
    }
    let readings = shipped_readings();
    let pairs: Vec<(&String, &String)> = kanji.iter().zip(&kana).collect();
    let start = Instant::now();
    for (kanji, _) in &pairs {
        for (_, kana) in &pairs {
            black_box(readings.is_reading(black_box(kanji), black_box(kana)));
        }
    }
    println!("is_reading {:.0} ns", start.elapsed().as_nanos() as f64 / (pairs.len() * pairs.len()) as f64);
}
