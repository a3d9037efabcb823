//! The trail against hands, crashes and crowds. What the tests share stands here.

mod accesses;
mod crash;
mod crowd;
mod hands;
mod retention;

use std::path::PathBuf;

use directory::Instant;

use super::writer::{Payload, Writer};
use super::*;
use crate::testing::folder;

/// A trail in a folder of its own; it goes when the test passes.
pub(super) struct Place {
    root: PathBuf,
    pub(super) options: TrailOptions,
    pub(super) keys: SealKeys,
}

impl Place {
    /// Short segments and frequent seals, so that few events make many files.
    pub(super) fn new(name: &str) -> Self {
        let root = folder(name);
        let options = TrailOptions {
            folder: root.join("trail"),
            witness: root.join("witness"),
            writer: "hub".to_owned(),
            seal_events: 3,
            seal_seconds: 60,
            segment_bytes: 1_000,
        };
        Self { root, options, keys: SealKeys::from_roots([(7, [7; 32])]) }
    }

    pub(super) fn open(&self) -> Result<Writer, OpenError> {
        Writer::open(self.options.clone(), self.keys.clone()).map(|(writer, _)| writer)
    }

    pub(super) fn writer_named(&self, name: &str) -> Writer {
        let options = TrailOptions { writer: name.to_owned(), ..self.options.clone() };
        Writer::open(options, self.keys.clone()).unwrap().0
    }

    pub(super) fn verify(&self) -> Verified {
        verify(&self.options.folder, &self.options.witness, &self.keys).unwrap()
    }

    /// What is wrong, without the names of folders.
    pub(super) fn findings(&self) -> Vec<String> {
        let root = format!("{}/", self.root.display());
        self.verify().findings.iter().map(|finding| finding.to_string().replace(&root, "")).collect()
    }

    pub(super) fn segments(&self) -> Vec<PathBuf> {
        let layout = super::files::Layout::read(&self.options.folder, None).unwrap();
        layout.writers.into_values().flat_map(|files| files.segments.into_values()).collect()
    }

    pub(super) fn seals_file(&self) -> PathBuf {
        super::files::seals(&self.options.witness, &self.options.writer)
    }

    pub(super) fn remove(self) {
        std::fs::remove_dir_all(&self.root).unwrap();
    }
}

pub(super) fn second(second: i64) -> Instant {
    Instant::from_micros((1_790_000_000 + second) * 1_000_000)
}

/// An event about a person, a second after the one with the number before.
pub(super) fn event(number: i64, person: &str) -> Event {
    let answer = Answer {
        action: "view".into(),
        category: "medication".into(),
        purpose: "TREAT".into(),
        outcome: "permit".into(),
        basis: "permitted".into(),
        reasons: vec!["network:treatment".into()],
        decision: Some(format!("D{number}").into()),
        policy: Some("3".into()),
        rules: None,
        question: None,
    };
    Event {
        at: second(number),
        route: "decide".into(),
        caller: Caller { client: "chart".into(), institution: Some("13-0001".into()), user: None },
        persons: vec![Subject { person: person.into(), answers: vec![answer] }],
        requesters: Vec::new(),
    }
}

pub(super) fn payload(event: &Event) -> Payload {
    Payload { at: event.at, bytes: serde_json::to_vec(event).unwrap() }
}

/// Writes events one by one, with the seals that are due.
pub(super) fn fill(writer: &mut Writer, numbers: std::ops::Range<i64>) {
    for number in numbers {
        writer.commit(&[payload(&event(number, &format!("N{}", number % 4)))]).unwrap();
        writer.seal_if_due(None).unwrap();
    }
}

#[test]
fn a_line_is_one_event_that_an_officer_can_read() {
    let place = Place::new("audit-line");
    let mut writer = place.open().unwrap();
    fill(&mut writer, 1..2);
    writer.seal_rest(Some(second(5))).unwrap();
    let seals = std::fs::read_to_string(place.seals_file()).unwrap();
    insta::assert_snapshot!(std::fs::read_to_string(&place.segments()[0]).unwrap() + &seals);
    place.remove();
}

#[test]
fn events_read_back_as_they_were() {
    let event = event(1, "N1");
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    assert!(event.is_about(&["N2", "N1"]) && !event.is_about(&["N2"]));
}

#[test]
fn a_seal_is_due_after_events_or_seconds_and_never_without_events() {
    let place = Place::new("audit-due");
    let mut writer = place.open().unwrap();
    let seals = || place.verify().writers.first().map_or(0, |writer| writer.seals);
    writer.seal_if_due(Some(second(1_000))).unwrap();
    assert_eq!(seals(), 0, "nothing to seal");
    fill(&mut writer, 1..3);
    writer.seal_if_due(Some(second(60))).unwrap();
    assert_eq!((seals(), place.verify().unsealed()), (0, 2), "59 seconds after the first event");
    writer.seal_if_due(Some(second(61))).unwrap();
    assert_eq!((seals(), place.verify().unsealed()), (1, 0), "60 seconds after the first event");
    fill(&mut writer, 70..73);
    assert_eq!((seals(), place.verify().unsealed()), (2, 0), "three events");
    drop(writer);
    let mut writer = place.open().unwrap();
    fill(&mut writer, 80..81);
    writer.seal_rest(None).unwrap();
    assert_eq!((seals(), place.verify().writers[0].events), (3, 6), "seals go on after a stop");
    place.remove();
}

#[test]
fn keys_rotate_and_a_missing_key_is_named() {
    let mut place = Place::new("audit-keys");
    fill(&mut place.open().unwrap(), 1..4);
    place.keys = SealKeys::from_roots([(7, [7; 32]), (9, [9; 32])]);
    fill(&mut place.open().unwrap(), 4..7);
    assert_eq!(place.findings(), [""; 0]);
    place.keys = SealKeys::from_roots([(7, [7; 32])]);
    let flaw = "`witness/hub.seals`, line 2: a seal cannot be trusted: it is signed with key 9, which the keyring does not hold";
    assert_eq!(place.findings(), [flaw]);
    place.keys = SealKeys::from_roots([(7, [8; 32]), (9, [9; 32])]);
    assert_eq!(place.findings(), ["`witness/hub.seals`, line 1: a seal cannot be trusted: its signature is wrong"]);
    place.remove();
}
