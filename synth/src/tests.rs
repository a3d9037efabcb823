//! Tests of the whole run: determinism, truth, labels, counts, shares.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Columns, Error, Outputs, Profile, Rates, Settings, Summary, write, write_institutions};

/// The four files of a run.
struct Files {
    records: String,
    truth: String,
    errors: String,
    strata: String,
    summary: Summary,
}

fn run(settings: &Settings) -> Files {
    let mut files = [(); 4].map(|()| Vec::new());
    let [records, truth, errors, strata] = &mut files;
    let summary = write(settings, &mut Outputs { records, truth, errors, strata }, &mut |_| {}).unwrap();
    let [records, truth, errors, strata] = files.map(|file| String::from_utf8(file).unwrap());
    Files { records, truth, errors, strata, summary }
}

fn settings(people: u64, seed: u64, columns: Columns) -> Settings {
    Settings { columns, ..Settings::new(people, seed, Profile::Base) }
}

/// Rows as maps from column to value. No value of the generator holds a comma, so quoting cannot hide one.
fn table(text: &str) -> Vec<BTreeMap<&str, &str>> {
    assert!(!text.contains('"') && text.ends_with('\n'));
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &'_ str| line.split(',').count() == head.len();
    assert!(text.lines().all(row), "a row has the wrong number of cells");
    lines.map(|line| head.iter().copied().zip(line.split(',')).collect()).collect()
}

/// Records by id.
fn by_id<'a>(files: &'a Files, id: &str) -> BTreeMap<&'a str, BTreeMap<&'a str, &'a str>> {
    table(&files.records).into_iter().map(|row| (row[id], row)).collect()
}

/// Record ids by person.
fn by_person(files: &Files) -> BTreeMap<&str, Vec<&str>> {
    let mut people: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in table(&files.truth) {
        people.entry(row["person_id"]).or_default().push(row["record_id"]);
    }
    people
}

const BOTH: [Columns; 2] = [Columns::Person, Columns::Jp10k];

#[test]
fn same_seed_same_bytes_another_seed_others() {
    for columns in BOTH {
        let (first, again) = (run(&settings(2_000, 3, columns)), run(&settings(2_000, 3, columns)));
        assert!(first.records == again.records && first.truth == again.truth);
        assert!(first.errors == again.errors && first.strata == again.strata);
        assert_eq!(first.summary, again.summary);
        let other = run(&settings(2_000, 4, columns));
        let (ours, theirs) = (by_id(&first, id_of(columns)), by_id(&other, id_of(columns)));
        let equal = ours.iter().filter(|(id, row)| theirs.get(*id) == Some(row)).count();
        assert_eq!(equal, 0);
    }
}

fn id_of(columns: Columns) -> &'static str {
    if columns == Columns::Person { "record_id" } else { "unique_id" }
}

#[test]
fn headers_are_exact() {
    let head = |columns| run(&settings(30, 1, columns)).records.lines().next().unwrap().to_owned();
    assert_eq!(
        head(Columns::Person),
        "record_id,institution,local_id,registered_on,family_kanji,given_kanji,family_kana,given_kana,sex,birth_date,\
         postcode,address,phone,insurer_no,insured_symbol,insured_no,branch_no"
    );
    assert_eq!(
        head(Columns::Jp10k),
        "unique_id,family_kanji,given_kanji,family_kana,given_kana,sex,dob,postcode,phone,insurer_no,insured_symbol,\
         insured_no,branch_no"
    );
}

#[test]
fn adding_people_changes_nobody() {
    for columns in BOTH {
        let (few, many) = (run(&settings(1_000, 9, columns)), run(&settings(1_700, 9, columns)));
        let (ours, theirs) = (by_id(&few, id_of(columns)), by_id(&many, id_of(columns)));
        let moved: Vec<_> = ours.iter().filter(|(id, row)| theirs.get(*id) != Some(row)).collect();
        assert!(moved.is_empty(), "{} of {}: {:?}", moved.len(), ours.len(), moved.first());
    }
}

#[test]
fn truth_covers_every_record_once() {
    for columns in BOTH {
        let files = run(&settings(3_000, 11, columns));
        let rows = table(&files.records);
        let records: BTreeSet<&str> = rows.iter().map(|row| row[id_of(columns)]).collect();
        let truth: Vec<_> = table(&files.truth);
        let known: BTreeSet<&str> = truth.iter().map(|row| row["record_id"]).collect();
        assert_eq!(records, known);
        assert_eq!(truth.len(), rows.len());
        assert_eq!(records.len() as u64, files.summary.records);
        assert_eq!(by_person(&files).len() as u64, files.summary.people);
        assert_eq!(files.summary.people, 3_000);
    }
}

#[test]
fn order_of_rows_tells_nothing() {
    let files = run(&settings(3_000, 2, Columns::Person));
    let truth: BTreeMap<&str, &str> =
        table(&files.truth).into_iter().map(|row| (row["record_id"], row["person_id"])).collect();
    let people: Vec<&str> = table(&files.records).iter().map(|row| truth[row["record_id"]]).collect();
    let neighbours = people.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(neighbours < 15, "{neighbours} neighbouring rows of one person");
}

#[test]
fn labels_chain_to_what_the_record_holds() {
    for columns in BOTH {
        let mut settings = settings(2_500, 5, columns);
        settings.rates = Rates::of(Profile::Stress);
        let files = run(&settings);
        let records = by_id(&files, id_of(columns));
        let mut last: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        let mut total = 0;
        for label in table(&files.errors) {
            assert_ne!(label["before"], label["after"]);
            if let Some(after) = last.insert((label["record_id"], label["field"]), label["after"]) {
                assert_eq!(after, label["before"], "{label:?}");
            }
            total += 1;
        }
        assert!(total > 1_000, "{total}");
        assert_eq!(files.summary.errors_by_kind.values().sum::<u64>(), total);
        for ((id, field), after) in last {
            assert_eq!(records[id][field], after, "{id} {field}");
        }
    }
}

#[test]
fn no_number_looks_like_my_number() {
    for columns in BOTH {
        for row in table(&run(&settings(5_000, 21, columns)).records) {
            for value in row.values() {
                let longest =
                    value.split(|character: char| !character.is_numeric()).map(|run| run.chars().count()).max();
                assert!(longest < Some(12), "{value}");
            }
        }
    }
}

#[test]
fn patient_numbers_are_unique_but_for_the_ones_used_again() {
    let files = run(&settings(20_000, 6, Columns::Person));
    let mut seen: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in table(&files.records) {
        *seen.entry((row["institution"], row["local_id"])).or_default() += 1;
    }
    assert_eq!(seen.values().filter(|count| **count > 1).count(), 100);
    assert!(seen.values().all(|count| *count <= 2));
}

#[test]
fn strata_are_complete() {
    let files = run(&settings(20_000, 8, Columns::Person));
    assert_eq!(files.summary.strata.len(), 20);
    let people = by_person(&files);
    let mut cases: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in table(&files.strata) {
        cases.entry(row["stratum"]).or_default().insert(row["case"]);
        let records = people[row["person_id"]].len();
        let alone = row["stratum"] == "newborn_placeholder";
        assert!(records >= if alone { 1 } else { 3 }, "{row:?}: {records}");
    }
    for (stratum, count) in &files.summary.strata {
        assert_eq!(cases[stratum].len() as u64, *count);
        let guard = stratum.starts_with("twins") || stratum.contains("spouses") || stratum.contains("newborn");
        assert!(if guard { *count == 1_000 } else { (50..=200).contains(count) }, "{stratum} {count}");
    }
}

/// The share of ordinary records for which a label of one of these kinds exists, per million.
fn labelled(files: &Files, field: &str, kinds: &[&str]) -> u64 {
    let labels = table(&files.errors);
    let hit: BTreeSet<&str> = labels
        .iter()
        .filter(|row| row["field"] == field && kinds.contains(&row["kind"]))
        .map(|row| row["record_id"])
        .collect();
    hit.len() as u64 * 1_000_000 / files.summary.records
}

#[test]
fn errors_are_as_frequent_as_configured() {
    let mut settings = settings(30_000, 12, Columns::Person);
    for profile in [Profile::Base, Profile::Stress] {
        settings.rates = Rates::of(profile);
        let rates = &settings.rates.errors;
        let files = run(&settings);
        let near = |measured: u64, rate: u32, what: &str| {
            let rate = u64::from(rate);
            assert!((rate * 8 / 10..=rate * 12 / 10 + 300).contains(&measured), "{what}: {measured} of {rate}");
        };
        let dates = ["era_slip", "digit_slip", "day_month", "default_date", "transposed"];
        near(labelled(&files, "birth_date", &dates), rates.birth_date, "birth date");
        near(labelled(&files, "sex", &["sex_flipped", "sex_unknown"]), rates.sex, "sex");
        near(labelled(&files, "phone", &["missing"]), rates.phone_missing, "phone");
        near(labelled(&files, "postcode", &["missing"]), rates.address_missing, "address");
        let kanji = ["variant_to_standard", "standard_to_variant", "homophone", "look_alike", "typing"];
        near(labelled(&files, "given_kanji", &kanji), rates.given_kanji, "given name");
        let kana = ["reading_guessed", "kana_spelling", "voicing", "long_vowel", "typing"];
        let both = labelled(&files, "given_kana", &kana) + labelled(&files, "family_kana", &kana);
        near(both, rates.kana, "kana");
    }
}

#[test]
fn scaled_errors_scale() {
    let mut quiet = settings(4_000, 3, Columns::Person);
    quiet.rates = quiet.rates.scaled(0);
    let none = run(&quiet);
    // What remains is staleness, habits of institutions, and what the strata prescribe.
    assert!(labelled(&none, "sex", &["sex_flipped", "sex_unknown"]) < 2_000);
    assert_eq!(labelled(&none, "given_kana", &["typing", "voicing", "long_vowel"]), 0);
    assert!(none.summary.errors_by_kind["stale"] > 1_000);
    quiet.rates = Rates::of(Profile::Base).scaled(300);
    assert!(labelled(&run(&quiet), "given_kana", &["typing"]) > 1_000);
}

#[test]
fn households_share_what_families_share() {
    let files = run(&settings(6_000, 4, Columns::Jp10k));
    let records = by_id(&files, "unique_id");
    let mut households: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    let people = by_person(&files);
    for person in people.keys() {
        let number: u64 = person.trim_start_matches('p').parse().unwrap();
        households.entry(number / 16).or_default().push(*person);
    }
    let first = |person: &str| &records[people[person][0]];
    let (mut pairs, mut surname, mut postcode, mut insured, mut branch) = (0, 0, 0, 0, 0);
    for members in households.values() {
        for (at, left) in members.iter().enumerate() {
            for right in &members[at + 1..] {
                let (left, right) = (first(left), first(right));
                let same = |field: &str| u64::from(left[field] == right[field] && !left[field].is_empty());
                pairs += 1;
                surname += same("family_kanji");
                postcode += same("postcode");
                insured += same("insured_no");
                branch += same("insured_no") * same("branch_no");
            }
        }
    }
    assert!(pairs > 3_000, "{pairs}");
    let percent = |count: u64| count * 100 / pairs;
    assert!((75..95).contains(&percent(surname)), "{}", percent(surname));
    assert!((50..90).contains(&percent(postcode)), "{}", percent(postcode));
    assert!((20..60).contains(&percent(insured)), "{}", percent(insured));
    assert!(percent(branch) < 3, "{}", percent(branch));
}

#[test]
fn records_per_person_are_as_the_columns_promise() {
    let hundredths = |columns| {
        let summary = run(&settings(30_000, 14, columns)).summary;
        summary.records * 100 / summary.people
    };
    assert!((380..=420).contains(&hundredths(Columns::Person)));
    assert!((160..=172).contains(&hundredths(Columns::Jp10k)));
}

#[test]
fn every_number_of_people_is_met() {
    for people in [1, 2, 3, 7, 50, 199] {
        for columns in BOTH {
            assert_eq!(by_person(&run(&settings(people, 1, columns))).len() as u64, people);
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |settings: &Settings| {
        let mut files = [(); 4].map(|()| Vec::new());
        let [records, truth, errors, strata] = &mut files;
        write(settings, &mut Outputs { records, truth, errors, strata }, &mut |_| {}).unwrap_err()
    };
    assert!(matches!(refused(&settings(0, 1, Columns::Person)), Error::People { people: 0 }));
    let none = Settings { institutions: 0, ..settings(10, 1, Columns::Person) };
    assert_eq!(refused(&none).to_string(), "cannot make `0` institutions: 1 to 100000 are possible");
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (mut records, mut truth, mut strata) = (Vec::new(), Vec::new(), Vec::new());
    let mut outputs = Outputs { records: &mut records, truth: &mut truth, errors: &mut Full, strata: &mut strata };
    let error = write(&settings(100, 1, Columns::Person), &mut outputs, &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "cannot write the errors");
}

/// The institutions of a run.
fn institutions(settings: &Settings) -> String {
    let mut file = Vec::new();
    let count = write_institutions(settings, &mut file).unwrap();
    let text = String::from_utf8(file).unwrap();
    assert_eq!(text.lines().count() as u64, count + 1);
    text
}

#[test]
fn every_record_names_an_institution() {
    let settings = settings(2_000, 5, Columns::Person);
    let (text, files) = (institutions(&settings), run(&settings));
    let rows = table(&text);
    assert_eq!(rows.len(), 861);
    let ids: BTreeSet<&str> = rows.iter().map(|row| row["institution_id"]).collect();
    assert!(table(&files.records).iter().all(|row| ids.contains(row["institution"])));
    for unique in ["institution_id", "name", "authority"] {
        let values: BTreeSet<&str> = rows.iter().map(|row| row[unique]).collect();
        assert_eq!(values.len(), 861, "{unique}");
    }
    assert!(rows.iter().all(|row| !row["region"].is_empty() && row["name"].starts_with(row["region"])));
    assert_eq!(rows.iter().filter(|row| row["disclosing"] == "true").count(), 34 + 107 + 77);
    assert_eq!(rows.iter().filter(|row| row["code"] == row["institution_id"]).count(), 41 + 274);
    assert!(rows[..41].iter().all(|row| row["kind"] == "hospital"), "the largest are hospitals");
}

#[test]
fn institutions_are_the_same_for_the_same_seed() {
    let of = |seed, people| institutions(&settings(people, seed, Columns::Person));
    assert_eq!(of(3, 10), of(3, 1_000), "people do not matter");
    assert_ne!(of(3, 10), of(4, 10));
    let largest = "3210000000,出雲市第1病院,hospital,出雲市,true,3210000000,urn:oid:1.2.392.100495.20.3.51.13210000000";
    assert_eq!(of(1, 10).lines().nth(1), Some(largest));
}

#[test]
fn impossible_numbers_of_institutions_are_refused() {
    let settings = Settings { institutions: 0, ..settings(10, 1, Columns::Person) };
    let error = write_institutions(&settings, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "cannot make `0` institutions: 1 to 100000 are possible");
}
