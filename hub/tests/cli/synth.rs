//! `nayose synth`.

use crate::{Folder, names_in};

#[test]
fn a_population_is_five_files_and_repeats() {
    let folder = Folder::new();
    let summary = folder.run("synth --people 300 --seed 5 --out one").ok();
    assert!(summary.contains("records of 300 people in `one`"), "{summary}");
    folder.run("synth --people 300 --seed 5 --out two").ok();
    folder.run("synth --people 300 --seed 6 --out three").ok();
    let names = ["errors.csv", "institutions.csv", "records.csv", "strata.csv", "truth.csv"];
    assert_eq!(names_in(&folder.path.join("one")), names);
    for name in names {
        assert_eq!(folder.read(&format!("one/{name}")), folder.read(&format!("two/{name}")), "{name}");
    }
    assert_ne!(folder.read("one/records.csv"), folder.read("three/records.csv"));
    assert!(folder.read("one/truth.csv").starts_with("record_id,person_id\n"));
    let institutions = folder.read("one/institutions.csv");
    assert!(institutions.starts_with("institution_id,name,kind,region,disclosing,code,authority\n"));
    assert_eq!(institutions.lines().count(), 1 + 861);
}

#[test]
fn the_columns_of_the_public_dataset() {
    let folder = Folder::new();
    let summary = folder.run("synth --people 200 --columns jp_10k --out p --json").ok();
    let header = "unique_id,family_kanji,given_kanji,family_kana,given_kana,sex,dob,postcode,phone,insurer_no,\
                  insured_symbol,insured_no,branch_no\n";
    assert!(folder.read("p/records.csv").starts_with(header));
    assert_eq!(names_in(&folder.path.join("p")), ["errors.csv", "records.csv", "strata.csv", "truth.csv"]);
    assert!(summary.contains("\"people\": 200"), "{summary}");
}

#[test]
fn the_error_scale_turns_errors_off_and_up() {
    let folder = Folder::new();
    let errors = |scale: u32| {
        folder.run(&format!("synth --people 2000 --error-scale {scale} --out e{scale}")).ok();
        let errors = folder.read(&format!("e{scale}/errors.csv"));
        errors.lines().filter(|line| line.contains(",typing,") || line.contains(",homophone,")).count()
    };
    let (none, some, many) = (errors(0), errors(100), errors(300));
    assert!(none < some && some < many, "{none} {some} {many}");
}

#[test]
fn a_folder_that_cannot_be_made() {
    let folder = Folder::new();
    folder.write("taken", "");
    folder.run("synth --people 10 --out taken").fails(4, "cannot write `taken`");
    assert_eq!(folder.names(), ["taken"]);
}
