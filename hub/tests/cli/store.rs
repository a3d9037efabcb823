//! `nayose directory`, `import`, `verify`, `backup` and `restore` over a store on disk, with a small population.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::{Folder, names_in};

/// A network of an invented population, with its directory loaded.
fn network(people: u32) -> Folder {
    let folder = Folder::new();
    folder.run(&format!("synth --people {people} --seed 3 --institutions 12 --out pop")).ok();
    folder.run("keyring new keys.toml").ok();
    configure(&folder, "nayose.toml", "store");
    let loaded = folder.run("directory load pop").ok();
    assert!(loaded.contains("institution  12 stated, 0 ended"), "{loaded}");
    folder
}

fn configure(folder: &Folder, name: &str, store: &str) {
    let text = format!(
        "listen = \"127.0.0.1:0\"\nkeyring = \"keys.toml\"\nwitness = \"witness\"\n[store]\nfolder = \"{store}\"\n"
    );
    folder.write(name, text);
}

/// A number of a JSON report.
#[track_caller]
fn number(report: &str, name: &str) -> u64 {
    let (_, rest) = report.split_once(&format!("\"{name}\": ")).unwrap();
    rest.split([',', '\n', '.']).next().unwrap().parse().unwrap()
}

fn text<'r>(report: &'r str, name: &str) -> &'r str {
    report.split_once(&format!("\"{name}\": \"")).unwrap().1.split('"').next().unwrap()
}

#[test]
fn the_directory_is_loaded_once() {
    let folder = network(10);
    assert_eq!(folder.run("directory load pop/institutions.csv").ok(), "nothing has changed\n");
    folder
        .write("directory.toml", "[[institutions]]\nid = \"x\"\nname = \"x\"\nkind = \"castle\"\nregion = \"Izumo\"\n");
    folder.run("directory load directory.toml").fails(3, "institution 1 (`x`): kind");
    folder.write("directory.toml", "[[institution]]\n");
    folder.run("directory load directory.toml").fails(3, "`directory.toml`, line 1: unknown field");
    let good = "[[institutions]]\nid = \"x\"\nname = \"x\"\nkind = \"clinic\"\nregion = \"Izumo\"\n";
    folder.write("directory.toml", good);
    let changed = folder.run("directory load directory.toml").ok();
    assert!(
        changed.contains("institution  1 stated, 12 ended") && changed.contains("authority    0 stated"),
        "{changed}"
    );
}

#[test]
fn an_import_fills_an_empty_index_and_a_second_one_changes_nothing() {
    let folder = network(300);
    let first = folder.run("import pop/records.csv --json --persons persons.csv").ok();
    assert_eq!(text(&first, "way"), "bulk");
    let (rows, persons) = (number(&first, "rows"), number(&first, "persons"));
    assert!(rows > 900 && (290..400).contains(&persons), "{first}");
    assert_eq!(number(&first, "persons") + number(&first, "linked"), number(&first, "records"));
    let quality = folder.run("evaluate --clusters persons.csv --truth pop/truth.csv").ok();
    assert!(quality.contains("pairwise     0.99") || quality.contains("pairwise     1.0"), "{quality}");
    let sound = folder.run("verify --json").ok();
    assert_eq!(number(&sound, "persons"), persons);
    let second = folder.run("import pop/records.csv --json").ok();
    assert_eq!(text(&second, "way"), "arrivals");
    assert_eq!((number(&second, "records"), number(&second, "persons")), (0, 0), "{second}");
    assert_eq!(number(&second, "rows"), rows);
    assert_eq!(number(&folder.run("verify --json").ok(), "records"), number(&sound, "records"));
}

#[test]
fn an_import_that_was_stopped_goes_on() {
    let folder = network(200);
    let records = folder.read("pop/records.csv");
    let lines: Vec<&str> = records.lines().collect();
    let half = lines.len() / 2;
    folder.write("half.csv", lines[..half].join("\n") + "\n");
    folder.run("import half.csv").ok();
    let rest = folder.run("import pop/records.csv --json").ok();
    assert!(number(&rest, "unchanged") + 10 > half as u64, "{rest}");
    assert!(number(&rest, "records") > 0);
    folder.run("verify").ok();
}

#[test]
fn rows_that_cannot_be_taken_are_refused_with_line_column_and_reason() {
    let folder = network(10);
    let institutions = folder.read("pop/institutions.csv");
    let known = institutions.lines().nth(1).unwrap().split(',').next().unwrap();
    let head = "institution,local_id,registered_on,family_kanji,birth_date\n";
    let rows = format!(
        "{head}{known},1,2020-01-02,佐藤,1980-01-01\n9999999999,1,2020-01-02,佐藤,1980-01-01\n{known},,2020-01-02,佐藤,\n\
         {known},2,2.1.2020,佐藤,\n{known},3,2020-01-02,,\n"
    );
    folder.write("rows.csv", rows);
    let outcome = folder.run("import rows.csv --missing-columns --rejects rejects.csv --json");
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert_eq!((number(&outcome.out, "records"), number(&outcome.out, "rejected")), (1, 4));
    let rejects = folder.read("rejects.csv");
    for expected in [
        "3,column `institution`: the directory has no such institution",
        "4,column `local_id`",
        "5,column `registered_on`",
        "6,the row says nothing of a person",
    ] {
        assert!(rejects.lines().any(|line| line.replace('"', "").starts_with(expected)), "{expected} in {rejects}");
    }
    folder.run("import rows.csv").fails(3, "has no column `");
    folder.write("wide.csv", format!("mood,{head}"));
    folder
        .run("import wide.csv --missing-columns")
        .fails(3, "names the column `mood`, which the index has no place for");
    folder.write("lines.ndjson", format!(
        "{{\"institution\":\"{known}\",\"local_id\":\"7\",\"registered_on\":\"2020-01-02\",\"family_kanji\":\"鈴木\",\"sex\":null}}\n[]\n"
    ));
    let outcome = folder.run("import lines.ndjson --json");
    assert_eq!((number(&outcome.out, "records"), number(&outcome.out, "rejected")), (1, 1), "{}", outcome.err);
}

#[test]
fn a_restored_store_is_equal_and_a_gap_keeps_the_server_closed() {
    let folder = network(100);
    folder.run("import pop/records.csv").ok();
    assert!(folder.run("backup --to copy").ok().starts_with("checkpoint at position"));
    assert!(folder.run("backup --to copy").ok().starts_with("nothing was written"));
    folder.run("restore --from copy --to early").ok();
    let known = folder.read("pop/institutions.csv").lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let row = format!("institution,local_id,registered_on,family_kanji\n{known},new,2024-01-02,中村\n");
    folder.write("row.csv", row);
    folder.run("import row.csv --missing-columns").ok();
    assert!(folder.run("backup --to copy").ok().starts_with("added positions"));
    let before = folder.run("verify --json").ok();
    folder.run("restore --from copy --to late").ok();
    folder.run("restore --from copy --to late").fails(2, "a store is never overwritten");
    configure(&folder, "late.toml", "late");
    assert_eq!(folder.run("verify --config late.toml --json").ok(), before);

    configure(&folder, "early.toml", "early");
    let held = number(&folder.run("verify --config early.toml --json").ok(), "position");
    folder
        .run("import row.csv --missing-columns --config early.toml")
        .fails(3, "stays closed until `nayose serve --accept-gap");
    folder.run("serve --config early.toml --accept-gap 1").fails(2, &format!("--accept-gap {held}"));
}

/// Starts the server and stops it once it listens; what it said.
fn serve_and_stop(folder: &Folder, arguments: &str) -> String {
    let mut server = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .arg("serve")
        .args(arguments.split_whitespace())
        .current_dir(&folder.path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("server listens") {
        assert_ne!(log.read_line(&mut said).unwrap(), 0, "the server has ended: {said}");
    }
    let kill = Command::new("sh").args(["-c", &format!("kill {}", server.id())]).status().unwrap();
    assert!(kill.success());
    log.read_to_string(&mut said).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0), "{said}");
    said
}

#[test]
fn a_server_backs_itself_up_and_begins_anew_where_its_store_went_on_from_an_older_state() {
    let folder = network(50);
    let backup = "[backup]\nfolder = \"backups\"\nkeep = 2\n";
    let configured = |name: &str, store: &str| {
        configure(&folder, name, store);
        folder.write(name, folder.read(name) + backup);
    };
    configured("nayose.toml", "store");
    let first = serve_and_stop(&folder, "");
    assert!(first.contains("began a backup") && first.contains("there was none"), "{first}");
    folder.run("import pop/records.csv").ok();
    let second = serve_and_stop(&folder, "");
    assert!(!second.contains("began a backup"), "{second}");
    let before = folder.run("verify --json").ok();
    folder.run("restore --from backups --to late").ok();
    configured("late.toml", "late");
    assert_eq!(folder.run("verify --config late.toml --json").ok(), before);

    // The checkpoint alone is an older state: who goes on from it must not add to what was backed up.
    let chains = names_in(&folder.path.join("backups"));
    let [chain] = chains.as_slice() else { panic!("{chains:?}") };
    folder.run(&format!("backup --to backups/{chain}")).ok();
    std::fs::create_dir(folder.path.join("old")).unwrap();
    for entry in std::fs::read_dir(folder.path.join("backups").join(chain).join("store")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path.join("old").join(entry.file_name())).unwrap();
    }
    std::fs::rename(folder.path.join("store.models"), folder.path.join("old.models")).unwrap();
    configured("old.toml", "old");
    let held = number(&folder.run("verify --config old.toml --json").ok(), "position");
    let third = serve_and_stop(&folder, &format!("--config old.toml --accept-gap {held}"));
    assert!(third.contains("the store went on from an older state"), "{third}");
    assert_eq!(names_in(&folder.path.join("backups")).len(), 2);
    folder.run(&format!("backup --config old.toml --to backups/{chain}")).fails(2, "has ended");
    folder.run("restore --from backups --to again").ok();
    configured("again.toml", "again");
    assert_eq!(number(&folder.run("verify --config again.toml --json").ok(), "position"), held);
}

#[test]
fn a_store_is_open_once() {
    let folder = network(10);
    let mut server = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(["serve", "--config", "nayose.toml"])
        .current_dir(&folder.path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stderr.as_mut().unwrap()), &mut line).unwrap();
    folder.run("import pop/records.csv").fails(4, "is open elsewhere: stop the server");
    server.kill().unwrap();
    server.wait().unwrap();
}
