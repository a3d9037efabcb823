//! `nayose rules` and `nayose explain`, as a user runs them.

use super::Folder;

/// Records with enough repeats to learn from, and a rule set that needs training.
fn folder() -> Folder {
    let folder = Folder::new();
    let mut records = String::from("record_id,surname,given,dob\n");
    let mut truth = String::from("record_id,person_id\n");
    for person in 0..60 {
        for copy in 0..2 {
            let (surname, given) = (name(person), name(person * 7 + 3));
            let slip = if copy == 1 && person % 5 == 0 { "x" } else { "" };
            let day = 1 + person % 28;
            records += &format!("r{person}-{copy},{surname}{slip},{given},19{:02}-03-{day:02}\n", 30 + person);
            truth += &format!("r{person}-{copy},p{person}\n");
        }
    }
    folder.write("records.csv", records);
    folder.write("truth.csv", truth);
    folder.write("r.toml", RULES);
    folder
}

fn name(number: usize) -> String {
    let syllable = |n: usize| ["ka", "mi", "to", "ru", "se", "no", "ha", "yu"].get(n % 8).copied().unwrap_or_default();
    [number, number / 8, number / 3 + 1].map(syllable).concat()
}

const RULES: &str = r#"name = "r"
[match]
upper = 0.0
lower = -4.0
[fields]
surname = { column = "surname", kind = "latin_name" }
given = { column = "given", kind = "latin_name" }
dob = { column = "dob", kind = "date" }
[[comparison]]
name = "surname"
levels = [
  { name = "missing", when = "null(surname)", null = true },
  { name = "equal", when = "exact(surname)" },
  { name = "similar", when = "jaro_winkler(surname) >= 0.9" },
  { name = "different" },
]
[[comparison]]
name = "given name"
levels = [
  { name = "missing", when = "null(given)", null = true },
  { name = "equal", when = "exact(given)" },
  { name = "different" },
]
[[comparison]]
name = "birth date"
levels = [
  { name = "missing", when = "null(dob)", null = true },
  { name = "equal", when = "exact(dob)" },
  { name = "different" },
]
[[block]]
key = ["surname"]
[[block]]
key = ["given", "dob"]
[training]
deterministic = [["surname", "dob"]]
blocks = [["surname"], ["dob"]]
"#;

const PAIR: &str = "[[pair]]\nname = \"a slip\"\nleft = { surname = \"kamito\" }\nright = { surname = \"kamitox\" }\n";

#[test]
fn a_wrong_rule_set_is_refused_with_file_line_and_reason() {
    let folder = folder();
    folder.write("wrong.toml", RULES.replace("exact(dob)", "exact(day)"));
    let outcome = folder.run("rules check r.toml wrong.toml");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.out.contains("wrong.toml:28: unknown field `day`"), "{}", outcome.out);
    assert!(outcome.out.contains("r.toml: ok: 3 fields, 3 comparisons with 10 levels"), "{}", outcome.out);
    assert_eq!(folder.run("rules check r.toml").code, 0);
}

#[test]
fn golden_pairs_fail_with_what_was_found() {
    let folder = folder();
    folder.write("r.tests.toml", format!("{PAIR}levels = {{ surname = \"similar\" }}\n"));
    let outcome = folder.run("rules test r.toml r.tests.toml");
    assert_eq!((outcome.code, outcome.out.lines().count()), (0, 1), "{outcome:?}");
    folder.write("r.tests.toml", format!("{PAIR}levels = {{ surname = \"equal\" }}\n"));
    let outcome = folder.run("rules test r.toml");
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.out.contains("r.tests.toml:1: FAILED a slip\n  surname: expected `equal`, found `similar`"));
    folder.write("r.tests.toml", format!("{PAIR}decision = \"match\"\n"));
    let outcome = folder.run("rules test r.toml");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.err.contains("r.tests.toml:5: a decision needs weights"), "{}", outcome.err);
}

#[test]
fn a_trained_rule_set_is_written_and_explains_pairs() {
    let folder = folder();
    for truth in ["", "--truth truth.csv"] {
        let outcome = folder.run(&format!("rules train r.toml records.csv --out trained.toml {truth}"));
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let outcome = folder.run("rules check trained.toml");
        assert!(outcome.out.contains(" trained ("), "{outcome:?}");
    }
    let outcome = folder.run("explain --rules trained.toml records.csv r1-0 r1-1");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.out.starts_with("r1-0 and r1-1: MATCH\n"), "{}", outcome.out);
    assert!(outcome.out.contains("Brought together by surname; given + dob"), "{}", outcome.out);
    let outcome = folder.run("explain --rules trained.toml records.csv r1-0 r2-0 --json");
    let document: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(document["decision"], "non-match");
    assert_eq!(document["is_candidate"], false);
    let bars = document["comparisons"].as_array().unwrap();
    let sum: f64 = bars.iter().map(|bar| bar["weight"].as_f64().unwrap()).sum();
    let total = document["match_weight"].as_f64().unwrap();
    assert!((document["prior"].as_f64().unwrap() + sum - total).abs() < 1e-9);
}

#[test]
fn unknown_records_and_untrained_rules_are_told() {
    let folder = folder();
    let outcome = folder.run("explain --rules r.toml records.csv r1-0 r99-0 --train");
    assert_eq!(outcome.code, 3);
    assert!(outcome.err.contains("no record of `records.csv` has `record_id` `r99-0`"), "{}", outcome.err);
    let outcome = folder.run("explain --rules r.toml records.csv r1-0 r1-1");
    assert_eq!(outcome.code, 3);
    assert!(outcome.err.contains("--train"), "{}", outcome.err);
    assert_eq!(folder.run("explain --rules r.toml records.csv r1-0 r1-0 --train").code, 2);
}

#[test]
fn blocks_are_counted_before_anything_runs() {
    let folder = folder();
    let outcome = folder.run("rules blocks r.toml records.csv --json");
    let document: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(document["records"], 120);
    assert_eq!(document["pairs_possible"], 120 * 119 / 2);
    let blocks = document["blocks"].as_array().unwrap();
    let new: u64 = blocks.iter().map(|block| block["pairs_new"].as_u64().unwrap()).sum();
    assert_eq!(document["pairs"], new);
    assert_eq!(blocks[1]["pairs"], 60);
    assert_eq!(blocks[1]["pairs_new"], 12, "the misspelled surnames");
    assert_eq!(folder.run("rules blocks r.toml records.csv").code, 0);
}
