//! What the verbs take and refuse, one story at a time.

use super::*;
use crate::document::Choice;
use crate::tests::world::snapshot;
use crate::{ConsentState, Effect, Purpose, SubjectState};
use directory::{AsOf, Period};
use kv::Key;
use std::collections::BTreeMap;

fn permit() -> Provision {
    Provision { purposes: Choice::Of(vec![Purpose::TREAT]), ..Provision::permit() }
}

fn deny() -> Provision {
    Provision { effect: Some(Effect::Deny), ..Provision::default() }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, Error>, expected: &str) {
    match answer {
        Err(error @ (Error::Refused(_) | Error::Rejected(_))) => {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let text = format!("{error}: {source}");
            assert!(text.contains(expected), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

fn state_at(registry: &Registry, (owner, valid, recorded): (u8, i64, i64)) -> IdentityState {
    let as_of = AsOf { valid: minutes(valid), recorded: minutes(recorded) };
    registry.read(|draft| history(draft, identity(owner))).at(as_of)
}

fn states(registry: &Registry, (owner, valid, recorded): (u8, i64, i64)) -> Vec<ConsentState> {
    state_at(registry, (owner, valid, recorded)).consents.values().map(|kept| kept.state).collect()
}

#[test]
fn a_consent_lives_from_draft_to_its_end() {
    use ConsentState::{Active, Draft as Written, EnteredInError, Superseded, Withdrawn};
    let mut registry = Registry::new();
    registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
    registry.save(&form(1, 2, 1, permit()), minutes(10)).unwrap();
    let all = linked(&[1]);
    registry.run(|draft, _| activate(draft, (consent(1), 2), (&all, minutes(30)), &stamp(minutes(20)))).unwrap();
    registry.run(|draft, _| withdraw(draft, identity(1), minutes(40), &stamp(minutes(50)))).unwrap();
    let in_error = |draft: &mut Draft<'_>| enter_in_error(draft, (consent(1), 1), "no such form", &stamp(minutes(60)));
    registry.run(|draft, _| in_error(draft)).unwrap();
    // What was known at 20 about 25 and 30; at 50 about 35 and 40; at 60 about everything.
    assert_eq!(states(&registry, (1, 5, 5)), [Active]);
    assert_eq!(states(&registry, (1, 25, 20)), [Active, Written]);
    assert_eq!(states(&registry, (1, 30, 20)), [Superseded, Active]);
    assert_eq!(states(&registry, (1, 45, 49)), [Superseded, Active]);
    assert_eq!(states(&registry, (1, 39, 50)), [Superseded, Active]);
    assert_eq!(states(&registry, (1, 40, 50)), [Superseded, Withdrawn]);
    assert_eq!(states(&registry, (1, 45, 60)), [EnteredInError, Withdrawn]);
    // What is known to come is known to end the answer.
    assert_eq!(state_at(&registry, (1, 25, 20)).until, minutes(30));
    assert_eq!(registry.run(|draft, _| in_error(draft)).unwrap(), Change::Unchanged);
}

#[test]
fn what_does_not_fit_is_refused_and_writes_nothing() {
    let mut registry = Registry::new();
    registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
    let now = minutes(5);
    refused(registry.save(&form(1, 3, 1, permit()), now), "the next version of the consent is 2, not 3");
    refused(registry.save(&form(1, 1, 2, permit()), now), "signed under another identity");
    refused(registry.save(&form(1, 1, 2, permit()), now), "01010101");
    refused(registry.save(&form(2, 1, 1, permit()), minutes(-5)), "signed after the present");
    let unpublished = ConsentDocument { policy: 2, ..form(2, 1, 1, permit()) };
    refused(registry.save(&unpublished, now), "there is no version 2 of the policy");
    for (replaced, owner) in [(1, 2), (9, 1), (2, 1)] {
        let document = ConsentDocument { replaces: Some(consent(replaced)), ..form(2, 1, owner, permit()) };
        refused(registry.save(&document, now), "a consent replaces another that was signed under the same identity");
    }
    let empty = Provision { purposes: Choice::Of(Vec::new()), ..Provision::permit() };
    refused(registry.save(&form(2, 1, 1, empty), now), "the list of purposes is empty");
    let all = linked(&[1, 2]);
    let again = registry.run(|draft, _| activate(draft, (consent(1), 1), (&all, now), &stamp(now)));
    refused(again, "only a draft comes into force");
    registry.save(&form(3, 1, 3, permit()), now).unwrap();
    let not_there = registry.run(|draft, _| activate(draft, (consent(3), 1), (&linked(&[3]), now), &stamp(now)));
    refused(not_there, "does not take part");
    let later = registry.run(|draft, _| withdraw(draft, identity(1), minutes(6), &stamp(now)));
    refused(later, "holds at once");
    let foreign = registry
        .run(|draft, _| add_to_reach(draft, (consent(1), 1), (identity(3), &all, "the same person"), &stamp(now)));
    refused(foreign, "is not linked");
    let no_reason = registry.run(|draft, _| enter_in_error(draft, (consent(1), 1), " ", &stamp(now)));
    refused(no_reason, "the reason is empty");
    refused(registry.run(|draft, _| withdraw_consent(draft, consent(7), now, &stamp(now))), "there is no version");
    assert_eq!(states(&registry, (1, 5, 5)), [ConsentState::Active]);
}

#[test]
fn a_withdrawal_is_for_good_until_the_person_signs_again() {
    let mut registry = Registry::new();
    registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
    registry.save(&form(2, 1, 1, permit()), minutes(5)).unwrap();
    registry.run(|draft, _| withdraw(draft, identity(1), minutes(10), &stamp(minutes(10)))).unwrap();
    assert_eq!(
        registry.run(|draft, _| withdraw(draft, identity(1), minutes(11), &stamp(minutes(11)))).unwrap(),
        Change::Unchanged
    );
    let before = registry.run(|draft, _| enrol(draft, identity(1), minutes(9), &stamp(minutes(20))));
    refused(before, "before the withdrawal");
    registry.run(|draft, _| enrol(draft, identity(1), minutes(20), &stamp(minutes(20)))).unwrap();
    let all = linked(&[1]);
    let old = registry.run(|draft, _| activate(draft, (consent(2), 1), (&all, minutes(20)), &stamp(minutes(20))));
    refused(old, "before the person withdrew");
    assert_eq!(state_at(&registry, (1, 25, 25)).in_force().count(), 0);
    assert!(state_at(&registry, (1, 25, 25)).standing.has_signed);
    // A new paper may not be dated back behind the withdrawal either.
    registry.save(&form(3, 1, 1, permit()), minutes(21)).unwrap();
    let back = registry.run(|draft, _| activate(draft, (consent(3), 1), (&all, minutes(5)), &stamp(minutes(22))));
    refused(back, "before the person withdrew");
    registry.run(|draft, _| activate(draft, (consent(3), 1), (&all, minutes(22)), &stamp(minutes(22)))).unwrap();
    let state = state_at(&registry, (1, 25, 25));
    assert_eq!(state.standing.state, SubjectState::Enrolled);
    assert_eq!(state.in_force().map(|kept| kept.document.consent).collect::<Vec<_>>(), [consent(3)]);
}

/// Ends everything of a list again; what changed.
fn end_all(registry: &mut Registry, listed: &[(u8, Vec<Ending>)], at: i64) -> Vec<Change> {
    let mut changes = Vec::new();
    for (owner, ending) in listed.iter().flat_map(|(owner, all)| all.iter().map(|ending| (*owner, *ending))) {
        let end = |draft: &mut Draft<'_>| end_again(draft, identity(owner), ending, &stamp(minutes(at)));
        changes.push(registry.run(|draft, _| end(draft)).unwrap());
    }
    changes
}

#[test]
fn a_restored_registry_revives_nothing_that_had_ended() {
    use Change::{Changed, Unchanged};
    let backup = || {
        let mut registry = Registry::new();
        registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
        registry.sign(&form(2, 1, 2, permit()), &linked(&[2]), NOW);
        registry
    };
    // What happens after the backup: one person withdraws, the other replaces the permit by a deny.
    let mut after = backup();
    after.run(|draft, _| withdraw(draft, identity(1), minutes(5), &stamp(minutes(5)))).unwrap();
    after.sign(&form(2, 2, 2, deny()), &linked(&[2]), minutes(6));
    let of = |owner| (owner, endings(&after.read(|draft| history(draft, identity(owner)))));
    let listed = [of(1), of(2)];
    let ended = |number| Ending::Consent { consent: consent(number), version: 1 };
    assert_eq!(listed[0].1, [Ending::Person { from: minutes(5) }, ended(1)]);
    assert_eq!(listed[1].1, [ended(2)]);
    assert_eq!(end_all(&mut after, &listed, 8), [Unchanged; 3], "the store knows");
    let mut restored = backup();
    assert_eq!(end_all(&mut restored, &listed, 9), [Changed, Unchanged, Changed]);
    assert!([1, 2].iter().all(|owner| state_at(&restored, (*owner, 10, 10)).in_force().next().is_none()));
    assert_eq!(end_all(&mut restored, &listed, 11), [Unchanged; 3], "once");
    // Of persons whom the store never held it learns that they are out, and nothing else.
    assert_eq!(end_all(&mut Registry::new(), &listed, 12), [Changed, Unchanged, Unchanged]);

    // What denies as well cannot be taken back alone: the person is out.
    let mut mixed = Registry::new();
    let half = Provision { exceptions: vec![deny()], ..permit() };
    mixed.sign(&form(3, 1, 1, half), &linked(&[1]), NOW);
    assert_eq!(end_all(&mut mixed, &[(1, vec![ended(3)])], 2), [Changed]);
    assert_eq!(state_at(&mixed, (1, 3, 3)).standing.state, SubjectState::Withdrawn);
}

#[test]
fn what_replaces_another_ends_it_for_ever() {
    let mut registry = Registry::new();
    registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
    let ends = Period::new(NOW, minutes(30)).unwrap();
    let short = Provision { period: Some(ends), ..permit() };
    let newer = ConsentDocument { replaces: Some(consent(1)), ..form(2, 1, 1, short) };
    registry.sign(&newer, &linked(&[1]), minutes(10));
    assert_eq!(states(&registry, (1, 20, 20)), [ConsentState::Superseded, ConsentState::Active]);
    // It has run out, and the older one does not come back.
    let state = state_at(&registry, (1, 40, 40));
    assert_eq!(state.in_force().count(), 1);
    assert!(state.in_force().all(|kept| kept.is_expired(minutes(40)) && !kept.is_expired(minutes(29))));
    // It is withdrawn, and the older one does not come back.
    registry.run(|draft, _| withdraw_consent(draft, consent(2), minutes(50), &stamp(minutes(50)))).unwrap();
    assert_eq!(states(&registry, (1, 60, 60)), [ConsentState::Superseded, ConsentState::Withdrawn]);
}

#[test]
fn one_consent_that_denies_is_not_withdrawn_alone() {
    let mut registry = Registry::new();
    let deny = Provision { exceptions: vec![Provision::deny()], ..permit() };
    registry.sign(&form(1, 1, 1, deny), &linked(&[1]), NOW);
    let now = minutes(5);
    let alone = registry.run(|draft, _| withdraw_consent(draft, consent(1), now, &stamp(now)));
    refused(alone, "the consent denies something");
    registry.run(|draft, _| withdraw(draft, identity(1), now, &stamp(now))).unwrap();
    assert_eq!(states(&registry, (1, 5, 5)), [ConsentState::Withdrawn]);
}

#[test]
fn an_officers_review_adds_reach() {
    let mut registry = Registry::new();
    registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
    let all = linked(&[1, 2]);
    let gaps =
        |registry: &Registry| registry.read(|draft| effective(draft, &all, AsOf::known(minutes(20)))).reach_gaps();
    let gap = ReachGap { consent: consent(1), version: 1, beyond: linked(&[2]) };
    assert_eq!(gaps(&registry), [gap]);
    let review = |draft: &mut Draft<'_>| {
        let what = (identity(2), &all, "the same person, by the card");
        add_to_reach(draft, (consent(1), 1), what, &stamp_of("officer", minutes(10)))
    };
    assert_eq!(registry.run(|draft, _| review(draft)).unwrap(), Change::Changed);
    assert_eq!(registry.run(|draft, _| review(draft)).unwrap(), Change::Unchanged);
    assert_eq!(gaps(&registry), []);
    let reach = |valid| state_at(&registry, (1, valid, 20)).in_force().next().unwrap().reach.clone();
    assert_eq!((reach(9), reach(10)), (linked(&[1]), linked(&[1, 2])));
}

#[test]
fn two_at_once_do_not_both_commit() {
    let mut registry = Registry::new();
    let kv = std::mem::take(&mut registry.kv);
    let (mut first, mut second) = (Draft::new(&kv), Draft::new(&kv));
    enrol(&mut first, identity(1), NOW, &stamp(NOW)).unwrap();
    withdraw(&mut second, identity(1), NOW, &stamp(NOW)).unwrap();
    let mut other = Draft::new(&kv);
    enrol(&mut other, identity(2), NOW, &stamp(NOW)).unwrap();
    let (first, second, other) = (first.finish(), second.finish(), other.finish());
    registry.kv = kv;
    assert!(matches!(registry.commit(first), Commit::Committed(_)));
    assert!(matches!(registry.commit(second), Commit::Conflict(_)));
    assert!(matches!(registry.commit(other), Commit::Committed(_)));
}

#[test]
fn recorded_time_never_goes_back() {
    let mut registry = Registry::new();
    registry.run(|draft, _| enrol(draft, identity(1), NOW, &stamp(minutes(10)))).unwrap();
    registry.run(|draft, _| withdraw(draft, identity(1), NOW, &stamp(minutes(5)))).unwrap();
    let history = registry.read(|draft| history(draft, identity(1)));
    assert_eq!(history.entries().iter().map(|entry| entry.recorded).collect::<Vec<_>>(), [minutes(10); 2]);
    assert_eq!((history.version_at(minutes(9)), history.version_at(minutes(10))), (0, 2));
}

#[test]
fn every_change_is_announced_without_its_content() {
    let mut registry = Registry::new();
    registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
    let changes = registry.kv.changes(kv::Seq(0), 100).unwrap();
    let events: Vec<Event> =
        changes.iter().flat_map(|change| &change.entries).map(|entry| Event::decode(entry).unwrap()).collect();
    let of_identity = |version, from| Event::Identity { identity: identity(1), version, from };
    let of_policy = |state, from| Event::Policy { version: 1, state, from };
    let expected = [
        of_policy(PolicyState::Draft, Instant::MIN),
        of_policy(PolicyState::Reviewed, Instant::MIN),
        of_policy(PolicyState::Scheduled, BEGIN),
        of_identity(1, NOW),
        of_identity(2, Instant::MIN),
        of_identity(3, NOW),
    ];
    assert_eq!(events, expected);
}

#[test]
fn rows_that_nobody_wrote_are_an_error() {
    let mut registry = Registry::new();
    registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
    let partition = kv::Partition::new(IDENTITY, identity(1).0);
    let rows: BTreeMap<Key, Box<[u8]>> =
        registry.kv.export(IDENTITY, partition.bucket(), None, 100).unwrap().into_iter().collect();
    assert_eq!(rows.len(), 4);
    for (key, row) in &rows {
        let cut = row[..row.len() - 1].to_vec();
        for broken in [cut, [row, &[0][..]].concat(), [&[9], &row[1..]].concat()] {
            let mut plan = Plan::default();
            plan.rows.insert(key.clone(), Some(broken.into()));
            registry.commit(plan);
            let mut draft = Draft::new(&registry.kv);
            let answer = enrol(&mut draft, identity(1), minutes(-60), &stamp(minutes(60)));
            assert!(matches!(answer, Err(Error::Corrupt { .. })), "{key:?}");
            let mut plan = Plan::default();
            plan.rows.insert(key.clone(), Some(row.clone()));
            registry.commit(plan);
        }
    }
    // A row that is lost is noticed too.
    let lost = rows.keys().nth(1).unwrap();
    let mut plan = Plan::default();
    plan.rows.insert(lost.clone(), None);
    registry.commit(plan);
    let mut draft = Draft::new(&registry.kv);
    assert!(matches!(history(&mut draft, identity(1)), Err(Error::Corrupt { .. })));
}

#[test]
fn a_document_outlives_what_it_names() {
    // The chart is compiled at the moment of the directory at which the document was checked.
    let mut registry = Registry::new();
    registry.sign(&form(1, 1, 1, permit()), &linked(&[1]), NOW);
    let effective = registry.read(|draft| effective(draft, &linked(&[1]), AsOf::known(minutes(5))));
    let kept = effective.in_force().next().unwrap().1;
    assert_eq!(kept.checked, AsOf { valid: known().as_of.valid, recorded: NOW });
    let chart = effective.chart(snapshot(), &mut registry.world.book).unwrap();
    assert_eq!((chart.rules.len(), chart.identities.len()), (1, 1));
}
