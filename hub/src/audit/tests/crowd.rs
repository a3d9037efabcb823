//! Many requests at once share syncs, and each has its event when it is told so.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::super::trail::{GROUP_EVENTS_MAX, serve};
use super::*;

#[tokio::test]
async fn events_that_wait_together_share_one_sync() {
    let mut place = Place::new("audit-crowd");
    place.options.seal_events = 1_000_000;
    let (writer, torn) = Writer::open(place.options.clone(), place.keys.clone()).unwrap();
    let (trail, requests) = Trail::waiting(&writer, torn);
    let trail = Arc::new(trail);
    let crowd = GROUP_EVENTS_MAX + 500;
    let mut appends = JoinSet::new();
    for _ in 0..crowd {
        let trail = Arc::clone(&trail);
        appends.spawn(async move { trail.append(&event(1, "N1")).await.unwrap() });
    }
    while requests.len() < crowd {
        tokio::task::yield_now().await;
    }
    let thread = std::thread::spawn(move || serve(writer, requests));
    let mut numbers = appends.join_all().await;
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(1..=crowd as u64), "every event has a number of its own");
    let counts = trail.counts();
    assert_eq!((counts.events, counts.syncs, counts.unsealed), (crowd as u64, 2, crowd as u64));
    assert_eq!(place.verify().writers[0].events, crowd as u64);
    drop(trail);
    thread.join().unwrap();
    assert_eq!((place.verify().unsealed(), place.findings().len()), (0, 0), "the end of a trail is sealed");
    place.remove();
}

#[tokio::test]
async fn an_event_is_on_the_disk_when_its_number_is_told() {
    let place = Place::new("audit-told");
    let trail = Trail::open(place.options.clone(), place.keys.clone()).unwrap();
    for number in 1..=4 {
        assert_eq!(trail.append(&event(number, "N1")).await.unwrap(), u64::try_from(number).unwrap());
        let events: u64 = place.verify().writers.iter().map(|writer| writer.events).sum();
        assert_eq!(events, u64::try_from(number).unwrap());
    }
    trail.tick(second(4 + 60)).await.unwrap();
    assert_eq!((trail.counts().seals, trail.counts().unsealed), (2, 0));
    trail.append(&event(70, "N1")).await.unwrap();
    trail.tick(second(71)).await.unwrap();
    assert_eq!((trail.counts().seals, trail.counts().unsealed), (2, 1));
    trail.seal(second(71)).await.unwrap();
    assert_eq!((trail.counts().seals, trail.counts().unsealed), (3, 0));
    assert_eq!(place.findings(), [""; 0]);
    place.remove();
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused_and_the_next_is_not() {
    let place = Place::new("audit-large");
    let trail = Trail::open(place.options.clone(), place.keys.clone()).unwrap();
    let mut large = event(1, "N1");
    large.persons = vec![large.persons[0].clone(); 10_000];
    let refused = trail.append(&large).await.unwrap_err();
    assert!(matches!(refused, AppendError::TooLarge { bytes } if bytes > EVENT_BYTES_MAX), "{refused}");
    assert_eq!(trail.append(&event(2, "N1")).await.unwrap(), 1);
    place.remove();
}

#[tokio::test]
async fn two_writers_share_a_folder() {
    let place = Place::new("audit-shared");
    let open = |name: &str| {
        let options = TrailOptions { writer: name.to_owned(), ..place.options.clone() };
        Trail::open(options, place.keys.clone()).unwrap()
    };
    let (a, b) = (open("a"), open("b"));
    for number in 0..10 {
        let event = event(number, "N1");
        let (first, second) = tokio::join!(a.append(&event), b.append(&event));
        assert_eq!(first.unwrap(), second.unwrap());
    }
    a.seal(second(20)).await.unwrap();
    let verified = place.verify();
    assert!(verified.is_sound(), "{:?}", verified.findings);
    let events: Vec<_> = verified.writers.iter().map(|w| (&*w.writer, w.events, w.unsealed)).collect();
    assert_eq!(events, [("a", 10, 0), ("b", 10, 1)]);
    drop((a, b));
    place.remove();
}
