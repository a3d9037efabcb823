//! Rule sets: what is refused and with what reason, what is written back, and the golden pairs of every rule file.

use super::golden::GoldenPairs;
use super::*;
use crate::compare::Readings;
use crate::normalize::{TableSources, Tables};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// A small rule set that is right, and trained.
const RIGHT: &str = r#"name = "small"
title = "a small rule set"

[match]
prior = 0.01
upper = 4.0
lower = 0.0

[fields]
surname = { column = "surname", kind = "latin_name" }
birth_date = { column = "dob", kind = "date" }
phone = { columns = ["phone"], kind = "phone" }

[[relation]]
name = "household"
rate = 0.001

[[comparison]]
name = "surname"
levels = [
  { name = "missing", when = "null(surname)", null = true },
  { name = "equal", when = "exact(surname)", m = 0.9, u = 0.01, household = 0.8, frequency = "surname" },
  { name = "similar", when = "jaro_winkler(surname) >= 0.9", m = 0.08, u = 0.02, household = 0.1 },
  { name = "different", m = 0.02, u = 0.97, household = 0.1 },
]

[[comparison]] # birth date
name = "birth date"
levels = [
  { name = "missing", when = "null(birth_date)", null = true },
  { name = "equal", when = "exact(birth_date)", m = 0.95, u = 0.001 },
  { name = "different", m = 0.05, u = 0.999 },
]

[[guard]]
name = "phone"
reason = "another telephone"
when = "not exact(phone)"
cap = "possible match"

[[block]]
key = ["surname"]
[[block]]
key = ["birth_date", "prefix(surname, 1)"]

[training]
deterministic = [["surname", "birth_date"]]
blocks = [["birth_date"], ["surname"]]
"#;

fn lookup() -> (Tables, Readings) {
    let tables = Tables::parse(&TableSources {
        kanji_fold: include_str!("../../../matching-rules/normalize/kanji_fold.tsv"),
        municipalities: include_str!("../../../matching-rules/normalize/municipalities.tsv"),
    });
    let readings = Readings::parse(include_str!("../../../matching-rules/normalize/readings.tsv"));
    (tables.unwrap(), readings.unwrap())
}

/// Every rule set of the repository; golden files, and rules for other things than linkage, left out.
fn rule_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../matching-rules");
    let mut files = Vec::new();
    for folder in [folder.clone(), folder.join("public")] {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.extend(entries.filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.ends_with(".toml") && !name.ends_with(".tests.toml") && name != "survivorship.toml"
        }));
    }
    files.sort();
    files
}

/// Replaces `from` in the right rule set by `to`, and expects the refusal: a part of its reason, on the line that holds
/// `at`.
#[track_caller]
fn refused(from: &str, to: &str, at: &str, reason: &str) {
    assert!(RIGHT.contains(from), "the rule set has no `{from}`");
    let text = RIGHT.replacen(from, to, 1);
    let error = RuleSet::parse(&text).expect_err(&format!("`{to}` was taken"));
    assert!(error.reason.contains(reason), "`{to}`: {error}");
    let line = 1 + text.lines().position(|line| line.contains(at)).expect("the line is in the text");
    assert_eq!(error.line, line, "`{to}`: {error}");
}

#[test]
fn the_right_rule_set_is_taken() {
    let rules = RuleSet::parse(RIGHT).unwrap();
    assert!(rules.is_trained());
    assert_eq!(rules.warnings(), []);
}

#[test]
fn probabilities_lie_strictly_between_0_and_1() {
    for wrong in ["0.0", "1.0", "1.5", "-0.1", "nan", "inf"] {
        refused("m = 0.9,", &format!("m = {wrong},"), "\"equal\", when = \"exact(surname)\"", "`m` is a probability");
        refused("u = 0.02", &format!("u = {wrong}"), "\"similar\"", "`u` is a probability");
        refused("prior = 0.01", &format!("prior = {wrong}"), "[match]", "`prior` is a probability");
        refused("rate = 0.001", &format!("rate = {wrong}"), "[[relation]]", "`rate` is a probability");
        refused("household = 0.8", &format!("household = {wrong}"), "exact(surname)", "`household` is a probability");
    }
}

#[test]
fn every_level_can_be_reached() {
    let similar = "jaro_winkler(surname) >= 0.9\", m";
    for dead in
        ["exact(surname)", "exact(surname) and exact(phone)", "null(surname)", "null(surname) or exact(surname)"]
    {
        refused(similar, &format!("{dead}\", m"), "\"similar\"", "can never be reached");
    }
    refused("when = \"exact(birth_date)\", ", "", "\"equal\", m = 0.95", "no later level can be reached");
    refused(
        "{ name = \"different\", m = 0.05",
        "{ name = \"different\", when = \"exact(phone)\", m = 0.05",
        "m = 0.05",
        "catch-all",
    );
    // A wider bound after a narrower one is no dead level.
    let text = RIGHT.replacen("{ name = \"different\", m = 0.02", "{ name = \"near\", when = \"jaro_winkler(surname) >= 0.8\", m = 0.1, u = 0.1 },\n  { name = \"different\", m = 0.02", 1);
    assert!(RuleSet::parse(&text).is_ok());
    refused(
        "{ name = \"different\", m = 0.02",
        "{ name = \"nearer\", when = \"jaro_winkler(surname) >= 0.95\", m = 0.1, u = 0.1 },\n  { name = \"different\", m = 0.02",
        "\"nearer\"",
        "can never be reached",
    );
}

#[test]
fn every_comparison_has_a_null_level() {
    refused(
        ", null = true },\n  { name = \"equal\", when = \"exact(birth",
        " },\n  { name = \"equal\", when = \"exact(birth",
        "# birth date",
        "no null level",
    );
}

#[test]
fn every_name_is_known() {
    refused("\"null(surname)\"", "\"null(surnam)\"", "null(surnam)", "unknown field `surnam`");
    refused("not exact(phone)", "not exact(fone)", "fone", "unknown field `fone`");
    refused("not exact(phone)", "not equals(phone)", "equals", "unknown measure `equals`");
    refused("frequency = \"surname\"", "frequency = \"name\"", "frequency = \"name\"", "unknown field `name`");
    refused("kind = \"date\"", "kind = \"day\"", "\"day\"", "unknown kind `day`");
    refused("household = 0.8", "houshold = 0.8", "houshold", "unknown key `houshold`");
    refused("cap = \"possible match\"", "cap = \"maybe\"", "maybe", "unknown cap `maybe`");
    refused("key = [\"surname\"]", "key = [\"soundx(surname)\"]", "soundx", "unknown key function `soundx`");
    refused("key = [\"surname\"]", "key = [\"town\"]", "town", "unknown field `town`");
    refused("[\"surname\", \"birth_date\"]", "[\"surname\", \"born\"]", "born", "unknown field `born`");
    refused("title =", "titel =", "titel", "unknown field `titel`");
    refused("[training]", "[cluster]\nmethod = \"fast\"\n[training]", "fast", "unknown method `fast`");
}

#[test]
fn conditions_are_well_formed() {
    for (condition, reason) in [
        ("jaro_winkler(phone)", "needs `>= bound`"),
        ("damerau(phone) >= 1", "needs `<= bound`"),
        ("exact(phone) >= 1", "takes no bound"),
        ("damerau(phone) <= many", "`many` is not a bound"),
        ("damerau(phone) <= -1", "`-1` is not a bound"),
        ("swapped(phone)", "takes 2 field(s)"),
        ("exact(phone, surname)", "takes 1 field(s)"),
        ("null(phone, surname)", "`null` takes one field"),
        ("exact(phone", "expected `)`"),
        ("(exact(phone)", "expected `)`"),
        ("exact(phone) exact(phone)", "after a complete condition"),
        ("exact(phone) and", "a measure was expected"),
        ("", "a measure was expected"),
        ("exact(phone) ; exact(surname)", "unexpected character `;`"),
    ] {
        refused("not exact(phone)", condition, &format!("when = \"{condition}\""), reason);
    }
}

#[test]
fn the_shape_is_right() {
    refused("lower = 0.0", "lower = 5.0", "[match]", "`lower` must not be above `upper`");
    refused("upper = 4.0", "upper = nan", "[match]", "must be finite");
    refused("key = [\"surname\"]", "key = []", "[[block]]", "has an empty key");
    refused("column = \"dob\", ", "", "birth_date = {", "either `column` or a list of `columns`");
    refused("columns = [\"phone\"]", "columns = []", "phone = {", "either `column` or a list of `columns`");
    refused("prefix(surname, 1)", "prefix(surname, 0)", "prefix", "not a length");
    refused("prefix(surname, 1)", "prefix(surname)", "prefix", "takes two arguments");
    refused(
        "frequency = \"surname\"",
        "frequency = \"surname\", frequency_weight = 2.0",
        "frequency_weight",
        "lies between 0 and 1",
    );
    refused(
        "blocks = [[\"birth_date\"]",
        "recall = 0.0\nblocks = [[\"birth_date\"]",
        "[training]",
        "`recall` lies above 0",
    );
    refused("upper = 4.0", "upper = \"high\"", "upper", "invalid type");
    refused("upper = 4.0", "upper = ", "upper", "");
    let levels: String = (0..16).map(|n| format!("  {{ name = \"l{n}\", when = \"exact(phone)\" }},\n")).collect();
    let text = format!("levels = [\n{levels}  {{ name = \"missing\", when = \"null(birth_date)\"");
    refused("levels = [\n  { name = \"missing\", when = \"null(birth_date)\"", &text, "# birth date", "2 to 16 levels");
}

#[test]
fn odd_rule_sets_get_warnings() {
    let check = |from: &str, to: &str, place: &str, reason: &str| {
        assert!(RIGHT.contains(from), "the rule set has no `{from}`");
        let rules = RuleSet::parse(&RIGHT.replacen(from, to, 1)).unwrap();
        let warnings = rules.warnings();
        let found = warnings.iter().any(|warning| warning.place == place && warning.reason.contains(reason));
        assert!(found, "{to}: {warnings:?}");
    };
    check("key = [\"surname\"]", "key = [\"phone\"]", "block `phone`", "`phone`, which no comparison reads");
    check(
        "blocks = [[\"birth_date\"], [\"surname\"]]",
        "blocks = [[\"surname\"]]",
        "comparison `surname`",
        "learned in none",
    );
    check("m = 0.9, ", "", "weights", "level `equal` of comparison `surname` has no m");
    check(
        "\n[[guard]]",
        "\n[[relation]]\nname = \"twins\"\nrate = 0.1\n[[guard]]",
        "relation `twins`",
        "changes nothing",
    );
    check("when = \"not exact(phone)\"", "when = \"null(surname)\"", "field `phone`", "read by nothing");
    check(
        "key = [\"birth_date\", \"prefix(surname, 1)\"]",
        "key = [\"birth_date\", \"prefix(surname, 1)\"]\nstrong = true",
        "block `birth_date + prefix(surname, 1)`",
        "is strong, but texts that differ can agree on `prefix(surname, 1)`",
    );
}

#[test]
fn every_rule_file_is_written_back_as_it_is() {
    let files = rule_files();
    assert!(files.len() >= 6, "{files:?}");
    for path in files {
        let rules = RuleSet::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let written = rules.to_toml();
        let again = RuleSet::parse(&written).unwrap_or_else(|error| panic!("{}: {error}\n{written}", path.display()));
        assert_eq!(again, rules, "{}", path.display());
        assert_eq!(again.digest(), rules.digest());
    }
    // Probabilities that six digits would round to 0 or 1 stay between them.
    for text in [RIGHT, &RIGHT.replace("u = 0.999 }", "u = 0.9999999 }"), &RIGHT.replace("u = 0.001 }", "u = 1e-300 }")]
    {
        let rules = RuleSet::parse(text).unwrap();
        assert_eq!(RuleSet::parse(&rules.to_toml()).unwrap(), rules);
    }
}

#[test]
fn every_rule_file_passes_its_golden_pairs() {
    let (tables, readings) = lookup();
    let mut failures = String::new();
    for path in rule_files() {
        let rules = RuleSet::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let tests = path.with_extension("tests.toml");
        let text = std::fs::read_to_string(&tests).unwrap_or_else(|error| panic!("{}: {error}", tests.display()));
        let pairs = GoldenPairs::parse(&text, &rules).unwrap_or_else(|error| panic!("{}: {error}", tests.display()));
        assert!(pairs.pairs.len() >= 8, "{} has few pairs", tests.display());
        for outcome in pairs.run(&rules, &tables, &readings) {
            for finding in outcome.findings {
                failures += &format!("{}:{}: {}: {finding:?}\n", tests.display(), outcome.line, outcome.name);
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Every level that is no catch-all is shown by a pair: a golden file that never shows a level does not hold it.
#[test]
fn the_golden_pairs_of_public_rule_sets_show_every_level() {
    let (tables, readings) = lookup();
    for path in rule_files().into_iter().filter(|path| path.parent().unwrap().ends_with("public")) {
        let rules = RuleSet::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let text = std::fs::read_to_string(path.with_extension("tests.toml")).unwrap();
        let pairs = GoldenPairs::parse(&text, &rules).unwrap();
        let shown: Vec<(String, String)> =
            pairs.run(&rules, &tables, &readings).into_iter().flat_map(|outcome| outcome.levels).collect();
        for comparison in &rules.comparisons {
            for level in &comparison.levels {
                let wanted = (comparison.name.clone(), level.name.clone());
                assert!(shown.contains(&wanted), "{}: no pair shows {wanted:?}", path.display());
            }
        }
    }
}

/// Parses golden pairs for the right rule set, without weights if asked, and expects a refusal.
#[track_caller]
fn golden_refused(pairs: &str, line: usize, reason: &str) {
    let rules =
        RuleSet::parse(&RIGHT.replacen("prior = 0.01", "", usize::from(pairs.contains("# untrained")))).unwrap();
    let error = GoldenPairs::parse(pairs, &rules).expect_err("was taken");
    assert!(error.reason.contains(reason), "{error}");
    assert_eq!(error.line, line, "{error}");
}

#[test]
fn wrong_golden_pairs_are_refused() {
    let pair = |rest: &str| {
        format!("[[pair]]\nname = \"a\"\nleft = {{ surname = \"x\" }}\nright = {{ dob = \"\" }}\n{rest}\n")
    };
    golden_refused(&pair("levels = { surnam = \"equal\" }"), 5, "unknown comparison `surnam`");
    golden_refused(&pair("levels = { surname = \"same\" }"), 5, "has no level `same`");
    golden_refused(&pair("decision = \"yes\""), 5, "unknown decision `yes`");
    golden_refused(&pair("guards = [\"twins\"]"), 5, "unknown guard `twins`");
    golden_refused(&pair(""), 1, "expects nothing");
    golden_refused(&pair("level = {}"), 5, "unknown field `level`");
    golden_refused(&pair("levels = { surname = \"equal\" }").replace("dob =", "born ="), 4, "column `born`");
    golden_refused(&pair("decision = \"match\" # untrained"), 5, "a decision needs weights");
}

#[test]
fn golden_pairs_say_what_came_out_otherwise() {
    let rules = RuleSet::parse(RIGHT).unwrap();
    let check = |expected: &str, found: &[(&str, &str, &str)]| {
        let record = "surname = \"Kestrel\", dob = \"1970-01-02\"";
        let text = format!(
            "[[pair]]\nname = \"a\"\nleft = {{ {record}, phone = \"0852111111\" }}\nright = {{ {record}, phone = \"0852222222\" }}\n{expected}\n"
        );
        let outcomes = GoldenPairs::parse(&text, &rules).unwrap().run(&rules, &Tables::empty(), &Readings::empty());
        let findings: Vec<(&str, &str, &str)> = outcomes[0]
            .findings
            .iter()
            .map(|finding| (finding.place.as_str(), finding.expected.as_str(), finding.found.as_str()))
            .collect();
        assert_eq!(findings, found, "{expected}");
    };
    check("levels = { surname = \"equal\" }\nguards = [\"phone\"]\ndecision = \"possible match\"", &[]);
    check("levels = { surname = \"similar\" }", &[("surname", "similar", "equal")]);
    check("guards = []", &[("guards", "none", "phone")]);
    let two = "[[guard]]\nname = \"other\"\nreason = \"\"\nwhen = \"null(surname)\"\ncap = \"non-match\"\n";
    let rules = RuleSet::parse(&format!("{RIGHT}{two}")).unwrap();
    let text = "[[pair]]\nname = \"a\"\nleft = {}\nright = {}\nguards = [\"other\"]\n";
    let run = |text: &str| {
        GoldenPairs::parse(text, &rules).unwrap().run(&rules, &Tables::empty(), &Readings::empty()).remove(0).findings
    };
    assert_eq!(run(text), [], "`phone` holds beside it");
    assert_eq!(
        run(&text.replace("left = {}\nright = {}", "left = { surname = \"a\" }\nright = { surname = \"b\" }")).len(),
        1
    );
    check("decision = \"match\"", &[("decision", "match", "possible match")]);
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC{0,200}") {
        let _ = RuleSet::parse(&text);
    }

    /// A rule set with a piece cut out or doubled: nearly right text reaches further than random text does.
    #[test]
    fn parsing_a_damaged_rule_set_never_panics(from in 0..RIGHT.len(), len in 0_usize..80, doubled: bool, insert in "[\\[\\]{}\",=a-z0-9.() ]{0,12}") {
        let to = (from + len).min(RIGHT.len());
        let piece = |range: std::ops::Range<usize>| RIGHT.get(range).unwrap_or_default();
        let middle = if doubled { piece(from..to).repeat(2) } else { insert };
        let text = format!("{}{middle}{}", piece(0..from), piece(to..RIGHT.len()));
        if let Ok(rules) = RuleSet::parse(&text) {
            let written = rules.to_toml();
            let again = RuleSet::parse(&written);
            prop_assert!(again.is_ok(), "{:?}\n{written}", again);
            prop_assert_eq!(again.unwrap().to_toml(), written);
        }
        let _ = GoldenPairs::parse(&text, &RuleSet::parse(RIGHT).unwrap());
    }

    #[test]
    fn conditions_are_read_back_as_they_are_written(condition in condition()) {
        let rules = RuleSet::parse(RIGHT).unwrap();
        let written = condition.display(&rules.fields).to_string();
        let again = expr::parse(&written, &|name| rules.field(name));
        prop_assert_eq!(again, Ok(condition), "{}", written);
    }
}

/// Conditions over the fields of the right rule set.
fn condition() -> impl Strategy<Value = Expr> {
    use crate::compare::{Measure, Threshold};
    let atom =
        (prop::sample::select(Measure::ALL), 0_u16..3, 0_u16..3, 0.0..100.0_f64).prop_map(|(measure, a, b, bound)| {
            let threshold = match measure.scale() {
                crate::compare::Scale::Flag => Threshold::Flag,
                crate::compare::Scale::Similarity => Threshold::AtLeast(bound / 100.0),
                crate::compare::Scale::Distance => Threshold::AtMost(bound),
            };
            Expr::Atom(Atom {
                measure,
                first: FieldId(a),
                second: (measure.fields() == 2).then_some(FieldId(b)),
                threshold,
            })
        });
    let leaf = prop_oneof![atom, (0_u16..3).prop_map(|field| Expr::Null(FieldId(field)))];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Expr::And),
            several.prop_map(Expr::Or),
            inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}
