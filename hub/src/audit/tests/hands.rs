//! Whoever can write the folder, and even the chain anew, is found.

use std::path::PathBuf;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::super::line::{self, Head};
use super::*;

const EVENTS: i64 = 14;

/// The files of a trail with five segments or so and an unsealed tail, made once.
struct Made {
    segments: Vec<(String, Vec<u8>)>,
    seals: Vec<u8>,
    sealed: u64,
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let place = Place::new("audit-made");
        fill(&mut place.open().unwrap(), 0..EVENTS);
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let segments: Vec<_> = place.segments().iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect();
        let sealed = place.verify().writers[0].sealed;
        let made = Made { segments, seals: std::fs::read(place.seals_file()).unwrap(), sealed };
        assert!(made.segments.len() >= 4 && made.sealed == 12, "{} segments", made.segments.len());
        place.remove();
        made
    })
}

impl Made {
    fn put(&self, place: &Place, segments: &[(String, Vec<u8>)], seals: &[u8]) {
        for path in [&place.options.folder, &place.options.witness] {
            std::fs::create_dir_all(path).unwrap();
        }
        for (name, bytes) in segments {
            std::fs::write(place.options.folder.join(name), bytes).unwrap();
        }
        std::fs::write(place.seals_file(), seals).unwrap();
    }

    /// All lines with the number of their segment.
    fn lines(&self) -> Vec<(usize, Vec<u8>)> {
        let of = |(segment, (_, bytes)): (usize, &(String, Vec<u8>))| {
            files::lines(bytes).map(|line| (segment, line.to_vec())).collect::<Vec<_>>()
        };
        self.segments.iter().enumerate().flat_map(of).collect()
    }

    /// The segments with other lines in them.
    fn with(&self, lines: &[(usize, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
        let content =
            |segment: usize| lines.iter().filter(move |line| line.0 == segment).flat_map(|line| line.1.clone());
        self.segments.iter().enumerate().map(|(at, (name, _))| (name.clone(), content(at).collect())).collect()
    }
}

/// What a hand does to the trail.
#[derive(Clone, Debug)]
enum Hand {
    /// Other bits in one byte.
    Flip(usize, u8),
    Cut(usize, usize),
    Insert(usize, Vec<u8>),
    RemoveLine(usize),
    SwapLines(usize, usize),
    CopyLine(usize, usize),
    RemoveSegment(usize),
    SwapSegments(usize, usize),
    /// Ends the last segments early, as if they had never been longer.
    EndAt(usize),
    /// Another word in an event, and the chain from there on written anew.
    Rewrite(usize),
    /// One event less, and the chain from there on written anew.
    RewriteWithout(usize),
}

fn hands() -> impl Strategy<Value = Hand> {
    let at = 0..usize::MAX;
    prop_oneof![
        (at.clone(), 1..=u8::MAX).prop_map(|(at, bits)| Hand::Flip(at, bits)),
        (at.clone(), 1..300_usize).prop_map(|(at, count)| Hand::Cut(at, count)),
        (at.clone(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Hand::Insert(at, bytes)),
        at.clone().prop_map(Hand::RemoveLine),
        (at.clone(), at.clone()).prop_map(|(a, b)| Hand::SwapLines(a, b)),
        (at.clone(), at.clone()).prop_map(|(a, b)| Hand::CopyLine(a, b)),
        at.clone().prop_map(Hand::RemoveSegment),
        (at.clone(), at.clone()).prop_map(|(a, b)| Hand::SwapSegments(a, b)),
        at.clone().prop_map(Hand::EndAt),
        at.clone().prop_map(Hand::Rewrite),
        at.prop_map(Hand::RewriteWithout),
    ]
}

/// The segments after the hand was at them; every place lies before the last seal.
fn handled(made: &Made, hand: &Hand) -> Vec<(String, Vec<u8>)> {
    let mut lines = made.lines();
    let sealed = usize::try_from(made.sealed).unwrap();
    let bytes: usize = lines[..sealed].iter().map(|(_, line)| line.len()).sum();
    // The segment and the place in it of a byte of the whole.
    let place = |at: usize| {
        let mut at = at % bytes;
        let holds = |content: &Vec<u8>| {
            content.len() > at || {
                at -= content.len();
                false
            }
        };
        let segment = made.segments.iter().map(|(_, content)| content).position(holds);
        (segment.unwrap(), at)
    };
    let mut segments = made.segments.clone();
    let count = segments.len();
    match hand {
        Hand::Flip(at, bits) => {
            let (segment, at) = place(*at);
            segments[segment].1[at] ^= bits;
        }
        Hand::Cut(at, count) => {
            let (segment, at) = place(*at);
            let end = segments[segment].1.len().min(at + count);
            segments[segment].1.drain(at..end);
        }
        Hand::Insert(at, bytes) => {
            let (segment, at) = place(*at);
            segments[segment].1.splice(at..at, bytes.iter().copied());
        }
        Hand::RemoveLine(at) => drop(lines.remove(at % sealed)),
        Hand::SwapLines(a, b) => {
            let (a, b) = (a % sealed, b % lines.len());
            let swapped = (lines[a].1.clone(), lines[b].1.clone());
            (lines[b].1, lines[a].1) = swapped;
        }
        Hand::CopyLine(from, to) => {
            let (from, to) = (from % lines.len(), to % sealed);
            let line = (lines[to].0, lines[from].1.clone());
            lines.insert(to, line);
        }
        // The last one holds the unsealed tail, and may hold nothing else.
        Hand::RemoveSegment(at) => drop(segments.remove(at % (count - 1))),
        Hand::SwapSegments(a, b) => {
            let (a, b) = (a % (count - 1), b % count);
            let swapped = (segments[a].1.clone(), segments[b].1.clone());
            (segments[b].1, segments[a].1) = swapped;
        }
        Hand::EndAt(at) => {
            let (segment, at) = place(*at);
            segments.truncate(segment + 1);
            segments[segment].1.truncate(at);
        }
        Hand::Rewrite(at) => rewrite(&mut lines, at % sealed, false),
        Hand::RewriteWithout(at) => rewrite(&mut lines, at % sealed, true),
    }
    let is_by_line = !matches!(
        hand,
        Hand::Flip(..)
            | Hand::Cut(..)
            | Hand::Insert(..)
            | Hand::RemoveSegment(_)
            | Hand::SwapSegments(..)
            | Hand::EndAt(_)
    );
    if is_by_line { made.with(&lines) } else { segments }
}

/// Writes the chain anew, as anybody can who knows how it is made.
fn rewrite(lines: &mut Vec<(usize, Vec<u8>)>, at: usize, is_removed: bool) {
    let mut head = Head::start("hub");
    let mut anew = Vec::new();
    for (number, (segment, old)) in lines.iter().enumerate() {
        let payload = line::parse(old).unwrap().payload;
        let mut payload = String::from_utf8(payload.to_vec()).unwrap();
        if number == at {
            if is_removed {
                continue;
            }
            payload = payload.replace("permit", "deny");
        }
        let mut text = Vec::new();
        line::write(&mut text, &mut head, payload.as_bytes());
        anew.push((*segment, text));
    }
    *lines = anew;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nothing_before_the_last_seal_changes_unseen(hand in hands()) {
        let made = made();
        let segments = handled(made, &hand);
        prop_assume!(segments != made.segments);
        let place = Place::new("audit-hands");
        made.put(&place, &segments, &made.seals);
        prop_assert!(!place.verify().is_sound(), "{hand:?}");
        place.remove();
    }

    #[test]
    fn no_seal_is_forged_moved_or_left_out(at in 0..usize::MAX, bits in 1..=u8::MAX, kind in 0..4) {
        let made = made();
        let mut lines: Vec<Vec<u8>> = files::lines(&made.seals).map(<[u8]>::to_vec).collect();
        // The last one may be missing: a witness can only be asked for what it holds.
        let line = at % (lines.len() - 1);
        match kind {
            0 => {
                let byte = at / lines.len() % lines[line].len();
                lines[line][byte] ^= bits;
            }
            1 => drop(lines.remove(line)),
            2 => lines.swap(line, line + 1),
            _ => lines.insert(line, lines[line].clone()),
        }
        let place = Place::new("audit-seals");
        made.put(&place, &made.segments, &lines.concat());
        prop_assert!(!place.verify().is_sound());
        place.remove();
    }
}

#[test]
fn the_untouched_trail_is_sound_and_its_tail_is_named() {
    let (made, place) = (made(), Place::new("audit-untouched"));
    made.put(&place, &made.segments, &made.seals);
    let verified = place.verify();
    assert!(verified.is_sound(), "{:?}", verified.findings);
    let Standing { events, sealed, unsealed, seals, torn_bytes, .. } = verified.writers[0].clone();
    assert_eq!((events, sealed, unsealed, seals, torn_bytes), (14, 12, 2, 4, 0));
    place.remove();
}

#[test]
fn findings_say_where_and_what() {
    let made = made();
    let found = |hand: &Hand| {
        let place = Place::new("audit-found");
        made.put(&place, &handled(made, hand), &made.seals);
        let findings = place.findings().join("\n");
        place.remove();
        findings
    };
    let hands = [
        Hand::Flip(150, 1),
        Hand::RemoveLine(4),
        Hand::RemoveSegment(1),
        Hand::SwapSegments(0, 1),
        Hand::EndAt(1_500),
        Hand::Rewrite(4),
    ];
    insta::assert_snapshot!(hands.map(|hand| format!("{hand:?}\n  {}", found(&hand))).join("\n"));
}

#[test]
fn a_whole_trail_that_is_gone_is_missed_and_a_stranger_is_told() {
    let (made, place) = (made(), Place::new("audit-gone"));
    made.put(&place, &[], &made.seals);
    assert_eq!(place.findings(), ["`trail`: 12 events before the last seal are missing at the end"]);
    std::fs::write(place.options.folder.join("notes.txt"), "x").unwrap();
    assert_eq!(place.findings()[0], "`trail/notes.txt`: this file does not belong here");
    place.remove();
}

#[test]
fn chains_of_two_writers_do_not_change_places() {
    let place = Place::new("audit-two");
    let (mut a, mut b) = (place.writer_named("a"), place.writer_named("b"));
    for number in 0..4 {
        fill(&mut a, number..number + 1);
        fill(&mut b, number..number + 1);
    }
    drop((a, b));
    assert_eq!(place.findings(), [""; 0]);
    let segments = place.segments();
    let [a, b] = [0, segments.len() / 2].map(|at| segments[at].clone());
    let content = [&a, &b].map(|path| std::fs::read(path).unwrap());
    std::fs::write(&a, &content[1]).unwrap();
    std::fs::write(&b, &content[0]).unwrap();
    assert_eq!(place.findings().len(), 2);
    place.remove();
}
