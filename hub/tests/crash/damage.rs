//! A full disk and damaged files: a clear error, never a shorter history in silence.

use std::fs;
use std::path::Path;

use crate::power::Journal;
use crate::server::{Program, Site, last_file};

/// Records written before the damage.
const WRITES: usize = 60;

/// A store with some records; gives what a caller asks to see each again.
fn filled() -> (Site, Vec<String>) {
    let site = Site::new(3);
    let server = site.start(Program::Nayose, None).expect("a server that starts");
    let mut caller = server.caller();
    let targets = (0..WRITES).map(|number| {
        let body = site.write(number);
        assert_eq!(caller.post("/v1/records", &body).unwrap().0, 200);
        resolve(&body)
    });
    let targets = targets.collect();
    drop(server);
    (site, targets)
}

fn resolve(body: &serde_json::Value) -> String {
    let text = |name: &str| body[name].as_str().unwrap().replace(':', "%3A");
    format!("/v1/resolve?authority={}&value={}", text("authority"), text("local_id"))
}

fn change_middle(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_full_disk_is_told_and_nothing_acknowledged_is_lost() {
    let site = Site::new(2);
    let journal = Journal::begin(&site.data());
    let server = site.start(Program::Nayose, Some((&journal, Some(600_000)))).expect("a server that starts");
    let mut caller = server.caller();
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for number in 0..2_000 {
        let body = site.write(number);
        let (status, answer) = caller.post("/v1/records", &body).unwrap();
        if status == 200 {
            assert!(refused.is_empty(), "a write after the disk was full");
            acknowledged.push(resolve(&body));
        } else {
            refused.push((status, answer["code"].as_str().unwrap_or_default().to_owned()));
        }
        if refused.len() == 3 {
            break;
        }
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    // The write that met the full disk may or may not have happened; those after it have not.
    let codes: Vec<&str> = refused.iter().map(|(_, code)| code.as_str()).collect();
    assert!(refused.iter().all(|(status, _)| *status == 503 || *status == 507 || *status == 500), "{refused:?}");
    assert!(codes.iter().all(|code| !code.is_empty() && *code != "internal"), "{codes:?}");
    // Reading goes on, and whoever watches the server sees it.
    assert_eq!(caller.get(&acknowledged[0]).unwrap().0, 200);
    drop(server);

    let server = site.start(Program::Nayose, None).expect("a server that starts with space");
    let mut caller = server.caller();
    for target in &acknowledged {
        assert_eq!(caller.get(target).unwrap().0, 200, "{target}");
    }
    assert_eq!(caller.post("/v1/records", &site.write(1_999)).unwrap().0, 200);
    server.stop();
    site.run("verify").ok();
}

#[test]
fn a_server_does_not_start_on_a_damaged_log() {
    let (site, _) = filled();
    change_middle(&last_file(&site.store(), "log"));
    let ended = site.start(Program::Nayose, None).expect_err("a server on a damaged log");
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert!(ended.text.contains("corrupt"), "{}", ended.text);
    assert!(!ended.text.contains("panicked"), "{}", ended.text);
    let verified = site.run("verify");
    assert!(verified.code.is_some_and(|code| code != 0) && verified.text.contains("corrupt"), "{verified:?}");
}

#[test]
fn a_damaged_table_is_told_to_whoever_meets_it() {
    let (site, targets) = filled();
    // Opening replays the log into tables.
    site.run("verify").ok();
    let tables = fs::read_dir(site.store()).unwrap().map(|file| file.unwrap().path());
    let tables = tables.filter(|file| file.extension().is_some_and(|ending| ending == "sst"));
    change_middle(&tables.max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap());
    let verified = site.run("verify");
    assert!(verified.code.is_some_and(|code| code != 0) && verified.text.contains("corrupt"), "{verified:?}");
    match site.start(Program::Nayose, None) {
        Err(ended) => assert!(ended.text.contains("corrupt"), "{}", ended.text),
        Ok(server) => {
            let mut caller = server.caller();
            let answers: Vec<(u16, serde_json::Value)> =
                targets.iter().map(|target| caller.get(target).unwrap()).collect();
            // What cannot be read is an error: never an answer that somebody is not known.
            let is_told = |(status, body): &(u16, serde_json::Value)| {
                *status == 200 || (*status >= 500 && body["code"] == "store_corrupt")
            };
            assert!(answers.iter().all(is_told), "{answers:?}");
        }
    }
}
