//! Laws of the registry, over random histories of three identities and four consents.

use super::model::{Act, Model};
use super::*;
use crate::tests::random::{Asked, asked, enter_names, root};
use crate::tests::world::snapshot;
use crate::*;
use directory::AsOf;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

const OWNERS: [u8; 3] = [1, 2, 3];
/// Minutes between two acts of a history; some come in the same instant.
const STEP: i64 = 20;
/// The first act, in minutes from the present of the tests.
const FIRST: i64 = -240;

fn act() -> impl Strategy<Value = Act> {
    let owner = || select(OWNERS.to_vec());
    let form = || 1_u8..=4;
    let from = || -3_i64..=3;
    prop_oneof![
        3 => (owner(), from()).prop_map(|(owner, from)| Act::Enrol { owner, from }),
        1 => (owner(), -3_i64..=0).prop_map(|(owner, from)| Act::Withdraw { owner, from }),
        1 => (owner(), proptest::bool::weighted(0.3), from())
            .prop_map(|(owner, is_deceased, from)| Act::Died { owner, is_deceased, from }),
        6 => (form(), proptest::bool::weighted(0.1), proptest::option::weighted(0.3, form()), root())
            .prop_map(|(consent, is_foreign, replaces, root)| {
                let owner = if is_foreign { 1 } else { owner_of(consent) };
                Act::Save { owner, consent, version: 0, replaces, root: Box::new(root) }
            }),
        6 => (form(), 0_u32..=1, proptest::collection::vec(owner(), 0..3), from())
            .prop_map(|(consent, version, linked, from)| Act::Activate { consent, version, linked, from }),
        2 => (form(), -3_i64..=0).prop_map(|(consent, from)| Act::WithdrawConsent { consent, from }),
        1 => (form(), 0_u32..=1).prop_map(|(consent, version)| Act::EnterInError { consent, version }),
        2 => (form(), 0_u32..=1, owner()).prop_map(|(consent, version, identity)| {
            Act::Reach { consent, version, identity }
        }),
    ]
}

/// Mostly each consent is of one identity; the first has two.
fn owner_of(consent: u8) -> u8 {
    if consent == 4 { 1 } else { consent }
}

fn acts() -> impl Strategy<Value = Vec<(bool, Act)>> {
    proptest::collection::vec((proptest::bool::weighted(0.2), act()), 1..24)
}

/// A history that was played into a registry: what was refused changed nothing.
struct Played {
    registry: Registry,
    model: Model,
    /// When each act was tried.
    instants: Vec<i64>,
}

impl Played {
    fn new(acts: &[(bool, Act)]) -> Self {
        let mut played = Self { registry: Registry::new(), model: Model::default(), instants: Vec::new() };
        let mut now = FIRST;
        for (is_at_once, act) in acts {
            now += if *is_at_once { 0 } else { STEP };
            played.instants.push(now);
            played.play(act, now);
        }
        played
    }

    /// Plays an act: small numbers become instants and versions of that moment.
    fn play(&mut self, act: &Act, now: i64) {
        let before: Vec<History> = self.histories();
        let act = self.resolved(act.clone(), now);
        let taken = self.try_act(&act, now);
        let after = self.histories();
        let is_written = before != after;
        match taken {
            Ok(Change::Changed) => self.model.acts.push((now, act)),
            Ok(Change::Unchanged) | Err(Error::Refused(_) | Error::Rejected(_)) => assert!(!is_written),
            Err(other) => panic!("{other:?}"),
        }
        // One act is one entry of one identity.
        let moved = before.iter().zip(&after).filter(|(before, after)| before != after);
        assert!(moved.clone().count() <= 1);
        for (before, after) in moved {
            assert_eq!(&after.entries()[..before.entries().len()], before.entries());
            assert_eq!(after.version(), before.version() + 1);
        }
    }

    fn resolved(&self, mut act: Act, now: i64) -> Act {
        let last = |of: u8| {
            let all = self.model.versions_of(owner_of(of)).into_iter().chain(self.model.versions_of(1));
            all.filter(|(consent, _)| *consent == of).map(|(_, version)| version).max().unwrap_or(0)
        };
        match &mut act {
            Act::Enrol { from, .. }
            | Act::Withdraw { from, .. }
            | Act::Died { from, .. }
            | Act::WithdrawConsent { from, .. } => *from = now + *from * STEP / 2,
            Act::Save { consent, version, .. } => *version = last(*consent) + 1,
            Act::Activate { consent, version, linked, from } => {
                *from = now + *from * STEP / 2;
                *version = last(*consent).saturating_sub(*version);
                linked.push(owner_of(*consent));
            }
            Act::EnterInError { consent, version } | Act::Reach { consent, version, .. } => {
                *version = last(*consent).saturating_sub(*version);
            }
        }
        act
    }

    fn try_act(&mut self, act: &Act, now: i64) -> Result<Change, Error> {
        let stamp = stamp(minutes(now));
        match act.clone() {
            Act::Save { owner, consent: number, version, replaces, root } => {
                let signed = minutes(now - STEP);
                let replaces = replaces.map(consent);
                let document = ConsentDocument { signed, replaces, ..form(number, version, owner, *root) };
                self.registry.save(&document, minutes(now))
            }
            act => self.registry.run(|draft, _| match act {
                Act::Enrol { owner, from } => enrol(draft, identity(owner), minutes(from), &stamp),
                Act::Withdraw { owner, from } => withdraw(draft, identity(owner), minutes(from), &stamp),
                Act::Died { owner, is_deceased, from } => {
                    state_death(draft, (identity(owner), is_deceased), minutes(from), &stamp)
                }
                Act::Activate { consent: number, version, linked: all, from } => {
                    activate(draft, (consent(number), version), (&linked(&all), minutes(from)), &stamp)
                }
                Act::WithdrawConsent { consent: number, from } => {
                    withdraw_consent(draft, consent(number), minutes(from), &stamp)
                }
                Act::EnterInError { consent: number, version } => {
                    enter_in_error(draft, (consent(number), version), "another person's form", &stamp)
                }
                Act::Reach { consent: number, version, identity: more } => {
                    let all = linked(&OWNERS);
                    let what = (identity(more), &all, "the same person");
                    add_to_reach(draft, (consent(number), version), what, &stamp)
                }
                Act::Save { .. } => unreachable!("saved above"),
            }),
        }
    }

    fn histories(&self) -> Vec<History> {
        OWNERS.iter().map(|owner| self.registry.read(|draft| history(draft, identity(*owner)))).collect()
    }

    fn last_instant(&self) -> i64 {
        self.instants.last().copied().unwrap_or(FIRST)
    }

    fn effective(&self, numbers: &[u8], as_of: AsOf) -> Effective {
        self.registry.read(|draft| effective(draft, &linked(numbers), as_of))
    }

    fn chart(&mut self, effective: &Effective) -> Chart {
        enter_names(&mut self.registry.world);
        effective.chart(snapshot(), &mut self.registry.world.book).unwrap()
    }

    /// The answer to a question about a record of one identity.
    fn decide(&self, chart: &Chart, (asked, owner): (&Asked, u8), reasons: &mut Reasons) -> Decision {
        let world = &self.registry.world;
        let (requester, related) = (asked.requester(world), asked.related_numbers(world));
        let place = chart.identity(identity(owner)).unwrap();
        let record = RecordFacts { identity: place, ..asked.record(world, related.as_deref()) };
        world.decide_with(chart, &asked.request(&requester, record), reasons)
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_registry_and_its_second_telling_agree(acts in acts()) {
        let played = Played::new(&acts);
        let histories = played.histories();
        let valid: Vec<i64> = (FIRST / 10 - 4..=played.last_instant() / 10 + 4).map(|ten| ten * 10).collect();
        for (owner, history) in OWNERS.into_iter().zip(&histories) {
            for recorded in &played.instants {
                valid.iter().for_each(|valid| played.model.check(history, owner, (*valid, *recorded)));
            }
        }
    }

    #[test]
    fn p6_what_has_ended_never_comes_back(acts in acts()) {
        let played = Played::new(&acts);
        let valid: Vec<i64> = (FIRST / 10 - 4..=played.last_instant() / 10 + 4).map(|ten| ten * 10).collect();
        for history in played.histories() {
            // For each version: whether it had ended at an earlier or equal moment, in both times.
            let mut ended: BTreeMap<(ConsentId, u32), Vec<bool>> = BTreeMap::new();
            for recorded in &played.instants {
                for (place, valid) in valid.iter().enumerate() {
                    let state = history.at(AsOf { valid: minutes(*valid), recorded: minutes(*recorded) });
                    for (of, kept) in state.consents {
                        let ended = ended.entry(of).or_insert_with(|| vec![false; 1_000]);
                        let is_end = !matches!(kept.state, ConsentState::Draft | ConsentState::Active);
                        let had_ended = ended[place] || (place > 0 && ended[place - 1]);
                        prop_assert!(!had_ended || !kept.state.is_in_force(), "{:?} at {}, {}", of, valid, recorded);
                        ended[place] = had_ended || is_end;
                    }
                }
            }
        }
    }

    #[test]
    fn p5_a_withdrawal_closes_every_linked_record_and_every_consent(
        acts in acts(), asked in asked(), owner in select(OWNERS.to_vec()), other in select(OWNERS.to_vec()),
    ) {
        let mut played = Played::new(&acts);
        let now = played.last_instant().max(300);
        let from = asked.minutes.min(now);
        let acted = played.try_act(&Act::Withdraw { owner, from }, now);
        prop_assert!(acted.is_ok());
        let as_of = AsOf::known(minutes(asked.minutes));
        let effective = played.effective(&OWNERS, as_of);
        let of_owner = &effective.identities[&identity(owner)];
        prop_assert_eq!(of_owner.in_force().count(), 0);
        prop_assert_eq!(of_owner.standing.state, SubjectState::Withdrawn);
        let chart = played.chart(&effective);
        let decision = played.decide(&chart, (&asked, other), &mut Reasons::new());
        let [_, has_legal_basis, ..] = asked.flags;
        prop_assert!(asked.institution == asked.custodian || has_legal_basis || !decision.is_permit());
        // Whoever joins again begins with nothing.
        if played.try_act(&Act::Enrol { owner, from: now + 1 }, now).is_ok() {
            let later = played.effective(&[owner], AsOf::known(minutes(now + 1)));
            prop_assert_eq!(later.in_force().count(), 0);
        }
    }

    #[test]
    fn withdrawing_one_consent_opens_nothing(acts in acts(), asked in asked(), number in 1_u8..=4) {
        let mut played = Played::new(&acts);
        let as_of = AsOf::known(minutes(asked.minutes));
        let before = played.effective(&OWNERS, as_of);
        let chart = played.chart(&before);
        let was: Vec<Decision> =
            OWNERS.iter().map(|owner| played.decide(&chart, (&asked, *owner), &mut Reasons::new())).collect();
        let now = played.last_instant().max(asked.minutes);
        let acted = played.try_act(&Act::WithdrawConsent { consent: number, from: asked.minutes }, now);
        if acted.is_err() {
            return Ok(());
        }
        let after = played.effective(&OWNERS, as_of);
        prop_assert!(after.in_force().all(|(_, kept)| kept.document.consent != consent(number)));
        let chart = played.chart(&after);
        for (owner, was) in OWNERS.into_iter().zip(was) {
            let is = played.decide(&chart, (&asked, owner), &mut Reasons::new());
            prop_assert!(was.is_permit() || !is.is_permit());
        }
    }

    #[test]
    fn p17_a_link_opens_nothing_beyond_the_reach(acts in acts(), asked in asked(), owner in select(OWNERS.to_vec())) {
        let mut played = Played::new(&acts);
        let effective = played.effective(&OWNERS, AsOf::known(minutes(asked.minutes)));
        let chart = played.chart(&effective);
        let mut reasons = Reasons::new();
        let decision = played.decide(&chart, (&asked, owner), &mut reasons);
        for at in reasons.deciding(Outcome::Permit).filter(|_| decision.is_permit()) {
            let RuleRef::Chart(place) = at else { continue };
            let origin = chart.origins[place as usize];
            let number = origin.consent.0[0];
            let moment = (asked.minutes, i64::MAX);
            let told = played.model.version((number, origin.version), moment).unwrap();
            prop_assert_eq!(told.state, ConsentState::Active);
            prop_assert!(told.reach.contains(&identity(owner)), "{:?}", origin);
        }
        // Where permits do not reach, an officer is asked to look.
        let gaps = effective.reach_gaps();
        for (rule, origin) in chart.rules.iter().zip(&chart.origins) {
            let has_gap = gaps.iter().any(|gap| (gap.consent, gap.version) == (origin.consent, origin.version));
            prop_assert!(rule.flags.effect() != Effect::Permit || rule.flags.has(Flags::NARROW_REACH) == has_gap);
        }
    }

    #[test]
    fn p18_merging_writes_nothing_and_unmerging_restores(acts in acts(), more in acts(), minute in -300_i64..300) {
        let mut played = Played::new(&acts);
        let as_of = AsOf::known(minutes(minute));
        let apart: Vec<Effective> = OWNERS.iter().map(|owner| played.effective(&[*owner], as_of)).collect();
        // Linked, and looked at: every identity is in the whole as it was alone. `read` asserts that nothing is planned.
        let together = played.effective(&OWNERS, as_of);
        for (owner, alone) in OWNERS.iter().zip(&apart) {
            prop_assert_eq!(&together.identities[&identity(*owner)], &alone.identities[&identity(*owner)]);
        }
        // Acts under one identity while they are linked leave the others as they were.
        let now = played.last_instant();
        for (_, act) in more {
            let is_of_first = match &act {
                Act::Enrol { owner, .. } | Act::Withdraw { owner, .. } | Act::Died { owner, .. } => *owner == 1,
                Act::Save { consent, owner, .. } => owner_of(*consent) == 1 && *owner == 1,
                Act::Activate { consent, .. } | Act::WithdrawConsent { consent, .. }
                | Act::EnterInError { consent, .. } | Act::Reach { consent, .. } => owner_of(*consent) == 1,
            };
            if is_of_first {
                played.play(&act, now);
            }
        }
        for (owner, alone) in OWNERS.iter().zip(&apart).skip(1) {
            prop_assert_eq!(&played.effective(&[*owner], as_of), alone);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(30) })]

    #[test]
    fn p20_every_past_decision_is_made_again(acts in acts(), asked in asked(), owner in select(OWNERS.to_vec())) {
        let mut played = Played::new(&[]);
        enter_names(&mut played.registry.world);
        let moment = AsOf::known(NOW);
        let mut log: Vec<(DecisionBasis, Effective, Decision, Asked)> = Vec::new();
        for (place, (_, act)) in (0..).zip(&acts) {
            let now = FIRST + place * STEP;
            played.instants.push(now);
            played.play(act, now);
            let asked = Asked { minutes: now, ..asked.clone() };
            let question = (minutes(now), moment);
            let (basis, effective) = played.registry.read(|draft| basis(draft, &linked(&OWNERS), question));
            let chart = played.chart(&effective);
            let decision = played.decide(&chart, (&asked, owner), &mut Reasons::new());
            log.push((basis, effective, decision, asked));
        }
        // All that came later has been written; another process reads the store.
        for (kept, effective, decision, asked) in log {
            let again = played.registry.read(|draft| effective_again(draft, &kept.identities, kept.valid));
            prop_assert_eq!(&again, &effective);
            let mut book = Codebook::new();
            let (image, chart) = played.registry.read(|draft| rebuild(draft, &kept, snapshot(), &mut book));
            let mut world = World { book, policy: image };
            enter_names(&mut world);
            let (requester, related) = (asked.requester(&world), asked.related_numbers(&world));
            let place = chart.identity(identity(owner)).unwrap();
            let record = RecordFacts { identity: place, ..asked.record(&world, related.as_deref()) };
            prop_assert_eq!(world.decide(&chart, &asked.request(&requester, record)), decision);
        }
    }
}
