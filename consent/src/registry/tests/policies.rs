//! Versions of the policy, who may publish them, and vetoes of custodians.

use super::*;
use crate::PolicyError;
use directory::{AsOf, InstitutionId};

const REVIEW: Review = Review { simulation: [7; 32], does_widen: false, is_widening_confirmed: false };

#[track_caller]
fn refused(answer: Result<Change, Error>, expected: &str) {
    match answer {
        Err(Error::Refused(refusal)) => assert!(refusal.to_string().contains(expected), "{refusal}"),
        other => panic!("{other:?}"),
    }
}

fn write(registry: &mut Registry, text: &str, now: i64) -> u32 {
    registry.run(|draft, _| save_policy(draft, text, &stamp_of("author", minutes(now)))).unwrap()
}

fn reviewed(registry: &mut Registry, version: u32, (by, now): (&str, i64)) -> Result<Change, Error> {
    registry.run(|draft, _| review_policy(draft, version, &REVIEW, &stamp_of(by, minutes(now))))
}

fn scheduled(registry: &mut Registry, version: u32, (from, now): (i64, i64)) -> Result<Change, Error> {
    let stamp = stamp_of("author", minutes(now));
    registry.run(|draft, _| schedule_policy(draft, version, minutes(from), &stamp))
}

fn states(registry: &Registry, (valid, recorded): (i64, i64)) -> Vec<PolicyState> {
    let as_of = AsOf { valid: minutes(valid), recorded: minutes(recorded) };
    registry.read(|draft| policy_states(draft, as_of)).into_iter().map(|(_, state)| state).collect()
}

fn version_in_force(registry: &Registry, (valid, recorded): (i64, i64)) -> Option<u32> {
    let as_of = AsOf { valid: minutes(valid), recorded: minutes(recorded) };
    registry.read(|draft| in_force(draft, as_of)).map(|published| published.version)
}

#[test]
fn two_persons_publish_a_policy() {
    use PolicyState::{Active, Draft as Written, Retired, Reviewed, Scheduled};
    let mut registry = Registry::empty();
    assert_eq!(version_in_force(&registry, (0, 0)), None);
    assert_eq!(write(&mut registry, DEFAULT_POLICY, 0), 1);
    refused(scheduled(&mut registry, 1, (10, 1)), "only a version that was reviewed is published");
    refused(reviewed(&mut registry, 1, ("author", 1)), "whoever wrote a policy does not review it");
    refused(reviewed(&mut registry, 2, ("reviewer", 1)), "there is no version 2 of the policy");
    reviewed(&mut registry, 1, ("reviewer", 2)).unwrap();
    refused(reviewed(&mut registry, 1, ("reviewer", 2)), "only a draft is reviewed");
    refused(scheduled(&mut registry, 1, (2, 3)), "does not act on the past");
    scheduled(&mut registry, 1, (10, 3)).unwrap();
    assert_eq!(write(&mut registry, &DEFAULT_POLICY.replace("cache_for_seconds = 0", "cache_for_seconds = 5"), 4), 2);
    reviewed(&mut registry, 2, ("reviewer", 5)).unwrap();
    refused(scheduled(&mut registry, 2, (10, 6)), "another version is scheduled for then or later");
    scheduled(&mut registry, 2, (20, 6)).unwrap();
    assert_eq!(states(&registry, (0, 0)), [Written]);
    assert_eq!(states(&registry, (9, 2)), [Reviewed]);
    assert_eq!(states(&registry, (9, 6)), [Scheduled, Scheduled]);
    assert_eq!(states(&registry, (10, 6)), [Active, Scheduled]);
    assert_eq!(states(&registry, (20, 6)), [Retired, Active]);
    // Before it was known, nobody decided with it.
    assert_eq!(version_in_force(&registry, (20, 5)), Some(1));
    assert_eq!(version_in_force(&registry, (20, 2)), None);
    assert_eq!((version_in_force(&registry, (19, 6)), version_in_force(&registry, (20, 6))), (Some(1), Some(2)));
    refused(registry.run(|draft, _| cancel_policy(draft, 1, &stamp(minutes(12)))), "in force or was");
    registry.run(|draft, _| cancel_policy(draft, 2, &stamp(minutes(12)))).unwrap();
    assert_eq!(states(&registry, (30, 12)), [Active, Retired]);
    assert_eq!(version_in_force(&registry, (30, 11)), Some(2));
    refused(scheduled(&mut registry, 2, (40, 13)), "only a version that was reviewed is published");
}

#[test]
fn widening_is_confirmed_by_the_second_person() {
    let mut registry = Registry::empty();
    write(&mut registry, DEFAULT_POLICY, 0);
    let widening = Review { does_widen: true, ..REVIEW };
    let blind = registry.run(|draft, _| review_policy(draft, 1, &widening, &stamp_of("reviewer", minutes(1))));
    refused(blind, "somebody would see more than today");
    let confirmed = Review { is_widening_confirmed: true, ..widening };
    registry.run(|draft, _| review_policy(draft, 1, &confirmed, &stamp_of("reviewer", minutes(1)))).unwrap();
}

#[test]
fn a_text_that_is_no_policy_is_refused_with_its_line() {
    let mut registry = Registry::empty();
    let broken = DEFAULT_POLICY.replace("minimum_age", "minimum_aeg");
    let answer = registry.run(|draft, _| save_policy(draft, &broken, &stamp(NOW)));
    let Err(Error::PolicyText(error)) = answer else { panic!("{answer:?}") };
    assert_eq!(error.file, "version 1 of the policy");
    assert_eq!(states(&registry, (0, 0)), []);
}

#[test]
fn vetoes_hold_from_an_instant_and_end() {
    let mut registry = Registry::new();
    let h1 = InstitutionId::new("h1").unwrap();
    let mut state = |provision: Option<&Provision>, from: i64, now: i64| {
        let stamp = stamp(minutes(now));
        registry.run(|draft, _| state_veto(draft, (&h1, "産科", provision), (minutes(from), known()), &stamp))
    };
    let permitting = state(Some(&Provision::permit()), 0, 0);
    assert!(matches!(permitting, Err(Error::Policy(PolicyError::PermittingVeto { .. }))), "{permitting:?}");
    state(Some(&Provision::deny()), 10, 0).unwrap();
    state(None, 20, 15).unwrap();
    let held = |valid, recorded| {
        let as_of = AsOf { valid: minutes(valid), recorded: minutes(recorded) };
        let (version, vetoes) = registry.read(|draft| vetoes(draft, as_of));
        assert_eq!(registry.read(|draft| vetoes_again(draft, version, minutes(valid))), vetoes);
        (version.0, vetoes.len())
    };
    let found = [held(9, 0), held(10, 0), held(20, 0), held(19, 15), held(20, 15)];
    assert_eq!(found, [(1, 0), (1, 1), (1, 1), (2, 1), (2, 0)]);
}

#[test]
fn scenarios_are_kept_in_versions_and_taken_out_with_a_reason() {
    const PACK: &str = include_str!("../../../policies/default.scenarios.toml");
    let mut registry = Registry::empty();
    let save = |registry: &mut Registry, (name, text, now): (&str, &str, i64)| {
        registry.run(|draft, _| save_scenarios(draft, name, text, &stamp_of("officer", minutes(now))))
    };
    assert_eq!(save(&mut registry, ("薬剤師", PACK, 1)).unwrap(), 1);
    assert_eq!(save(&mut registry, ("薬剤師", PACK, 2)).unwrap(), 1, "nothing has changed");
    let longer = format!("{PACK}\n# Looked at once more.\n");
    assert_eq!(save(&mut registry, ("薬剤師", &longer, 3)).unwrap(), 2);
    let kept = registry.read(scenarios);
    assert_eq!(kept.len(), 1);
    assert_eq!((&*kept[0].text, kept[0].version, kept[0].saved), (longer.as_str(), 2, minutes(3)));

    let wrong = save(&mut registry, ("other", "now = 3", 4)).unwrap_err();
    assert!(matches!(&wrong, Error::ScenarioText(text) if text.starts_with("other: ")), "{wrong}");
    assert!(matches!(save(&mut registry, ("", PACK, 4)), Err(Error::Refused(Refusal::Text { .. }))));
    let remove = |registry: &mut Registry, (name, reason): (&str, &str)| {
        registry.run(|draft, _| remove_scenarios(draft, name, reason, &stamp_of("officer", minutes(5))))
    };
    assert!(matches!(remove(&mut registry, ("other", "old")), Err(Error::Refused(Refusal::NoScenarios(_)))));
    assert!(matches!(remove(&mut registry, ("薬剤師", " ")), Err(Error::Refused(Refusal::Text { .. }))));
    assert_eq!(remove(&mut registry, ("薬剤師", "part of another pack")).unwrap(), Change::Changed);
    assert!(registry.read(scenarios).is_empty());
    assert_eq!(save(&mut registry, ("薬剤師", PACK, 6)).unwrap(), 4, "its history goes on");
}

#[test]
fn a_policy_that_breaks_a_kept_scenario_is_not_reviewed() {
    const PACK: &str = include_str!("../../../policies/default.scenarios.toml");
    let mut registry = Registry::empty();
    let stamp = stamp_of("officer", minutes(0));
    registry.run(|draft, _| save_scenarios(draft, "default", PACK, &stamp)).unwrap();
    let wider = DEFAULT_POLICY.replace("needs_relation = true\n", "");
    assert_eq!((write(&mut registry, DEFAULT_POLICY, 1), write(&mut registry, &wider, 1)), (1, 2));
    let outcomes = registry.read(|draft| try_scenarios(draft, 2));
    assert!(outcomes[0].asked >= 20 && !outcomes[0].failures.is_empty(), "{outcomes:#?}");
    refused(
        reviewed(&mut registry, 2, ("reviewer", 2)),
        "kept scenarios come out differently; the first is in default",
    );
    assert_eq!(states(&registry, (3, 3)), [PolicyState::Draft; 2]);
    reviewed(&mut registry, 1, ("reviewer", 2)).unwrap();
    registry.run(|draft, _| remove_scenarios(draft, "default", "the network has decided so", &stamp)).unwrap();
    reviewed(&mut registry, 2, ("reviewer", 3)).unwrap();
}
