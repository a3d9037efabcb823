//! `nayose evaluate`.

use crate::Folder;

/// Twelve records of five persons, with clusters, pairs, errors and strata.
fn small() -> Folder {
    let folder = Folder::new();
    folder.write(
        "truth.csv",
        "record_id,person_id\nr1,p1\nr2,p1\nr3,p1\nr4,p2\nr5,p2\nr6,p3\nr7,p3\nr8,p3\nr9,p4\nr10,p4\nr11,p5\nr12,p5\n",
    );
    folder.write(
        "clusters.csv",
        "record_id,cluster_id\nr1,a\nr2,a\nr3,b\nr4,c\nr5,c\nr6,d\nr7,d\nr8,d\nr9,d\nr10,e\nr11,f\nzz,f\n",
    );
    folder.write(
        "pairs.csv",
        "left_id,right_id,match_weight,match_probability\nr1,r2,12.5,0.9998\nr1,r3,-1.25,0.296\nr4,r5,20,0.999999\n\
         r6,r7,8.0001,0.996\nr8,r6,8.0001,0.996\nr8,r9,7.5,0.994\nr9,r10,0.5,0.585\nr2,r11,-3,0.111\nr1,zz,30,1\n",
    );
    folder.write(
        "errors.csv",
        "record_id,field,kind,before,after\nr3,family_kana,typing,x,y\nr3,dob,era_slip,x,y\nr10,dob,era_slip,x,y\n",
    );
    folder.write(
        "strata.csv",
        "stratum,case,person_id\ntwins,1,p3\ntwins,1,p4\ntwins,2,p1\ntwins,2,p2\nspouses,1,p4\nspouses,1,p5\n",
    );
    folder.write(
        "records.csv",
        "site,record_id,name\nA,r1,x\nB,r2,x\nA,r3,x\nA,r4,x\nA,r5,x\nA,r6,x\nB,r7,x\nB,r8,x\nA,r9,x\nB,r10,x\nA,r11,x\nB,r12,x\n",
    );
    folder
}

const ALL: &str = "--truth truth.csv --clusters clusters.csv --pairs pairs.csv --errors errors.csv --strata strata.csv";

#[test]
fn the_text() {
    insta::assert_snapshot!(small().run(&format!("evaluate {ALL} --threshold 0")).ok());
}

#[test]
fn the_document() {
    insta::assert_snapshot!(small().run(&format!("evaluate {ALL} --threshold 0 --json")).ok());
}

#[test]
fn pairs_across_sources_only() {
    let folder = small();
    let line = "evaluate --truth truth.csv --clusters clusters.csv --records records.csv --source site";
    insta::assert_snapshot!(folder.run(line).ok());
    let line = "evaluate --truth truth.csv --pairs pairs.csv --records records.csv --source site --json";
    let document: serde_json::Value = serde_json::from_str(&folder.run(line).ok()).unwrap();
    assert_eq!(document["true_pairs"], 6);
    assert_eq!(document["pairs"]["scored"], 6);
}

#[test]
fn files_of_other_engines() {
    let folder = small();
    folder.write("t.csv", "unique_id,cluster_id\na,1\nb,1\nc,2\n");
    folder.write("p.csv", "unique_id_l,unique_id_r,score\na,b,0.9\nb,a,0.7\nb,c,0.4\n");
    let document: serde_json::Value =
        serde_json::from_str(&folder.run("evaluate --truth t.csv --pairs p.csv --json").ok()).unwrap();
    assert_eq!(document["pairs"]["scored"], 2);
    assert_eq!(document["pairs"]["best_f1"]["f1"], 1.0);
    assert_eq!(document["pairs"]["best_f1"]["threshold"], 0.9);
}

#[test]
fn wrong_files() {
    let folder = small();
    folder.write("one_column.csv", "record_id\nr1\n");
    folder.write("only_header.csv", "record_id,person_id\n");
    folder.write("sjis.csv", b"record_id,\x8e\x96\x96\xbc\n1,\x8eR\x93c\n");
    for (line, message) in [
        (
            "--truth one_column.csv --clusters clusters.csv",
            "`one_column.csv` has no column `person_id`; its columns are `record_id`",
        ),
        ("--truth only_header.csv --clusters clusters.csv", "`only_header.csv` names no record"),
        ("--truth sjis.csv --clusters clusters.csv", "it looks like Shift_JIS"),
        ("--truth truth.csv --clusters clusters.csv --strata pairs.csv", "`pairs.csv` has no column `stratum`"),
        ("--truth truth.csv --clusters clusters.csv --records records.csv --source place", "no column `place`"),
    ] {
        folder.run(&format!("evaluate {line}")).fails(3, message);
    }
}

#[test]
fn refused_rows_are_told_and_the_rest_counts() {
    let folder = small();
    folder.write("t.csv", b"record_id,person_id\r\nr1,p1\r\nr2\r\nr3,p1\r\nr1,p9\r\nr4,\xff\r\n");
    let outcome = folder.run("evaluate --truth t.csv --clusters clusters.csv --json");
    outcome.fails(0, "warning: 3 rows were refused in `t.csv`\n  line 3: has 1 fields where the header has 2\n");
    assert!(outcome.err.contains("  line 5: the record is named by an earlier row\n"), "{}", outcome.err);
    let document: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(document["records"], 2);
}
