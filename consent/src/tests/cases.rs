//! Fixed cases: the shapes of §4 of the model, and what went wrong in other engines.

use super::world::*;
use crate::document::*;
use crate::*;
use directory::{InstitutionId, Period, PractitionerId, Role};

/// Asks as a physician of `institution` for a record of h1.
#[track_caller]
fn check(roots: &[Provision], (institution, purpose): (&str, Purpose), labels: &[&str], expected: Outcome) {
    let mut world = World::new();
    let chart = world.chart(roots);
    let requester = world.requester(institution, physician());
    let labels = Labels::of_record(labels.iter().copied());
    let record = RecordFacts { labels, ..RecordFacts::of(world.institution("h1"), Category::TESTS) };
    let request = request(&requester, record, purpose);
    let mut reasons = Reasons::new();
    let decision = world.decide_with(&chart, &request, &mut reasons);
    let why = explain(&world.engine(), &chart, (&decision, &reasons), Audience::Officer);
    assert_eq!(decision.outcome, expected, "{}", why.english);
}

use Outcome::{Deny, Permit};

fn treat() -> Provision {
    Provision { purposes: of(&[Purpose::TREAT]), ..Provision::permit() }
}

fn to(id: &str) -> Choice<Recipient> {
    of(&[Recipient::Institution(InstitutionId::new(id).unwrap())])
}

fn labelled(code: &str) -> Choice<Label> {
    of(&[code.parse().unwrap()])
}

#[test]
fn documents_mean_what_they_say() {
    let t = Purpose::TREAT;
    check(&[], ("h2", t), &[], Deny);
    check(&[treat()], ("h2", t), &[], Permit);
    check(&[treat()], ("h2", Purpose::HRESCH), &[], Deny);
    check(&[Provision::deny()], ("h2", t), &[], Deny);
    check(&[Provision::default()], ("h2", t), &[], Deny);
    let except = |exception| Provision { exceptions: vec![exception], ..treat() };
    let not_c1 = Provision { recipients: to("c1"), ..Provision::deny() };
    check(&[except(not_c1.clone())], ("c1", t), &[], Deny);
    check(&[except(not_c1)], ("h2", t), &[], Permit);
    let nobody_except =
        Provision { exceptions: vec![Provision { recipients: to("c1"), ..Provision::permit() }], ..Provision::deny() };
    check(std::slice::from_ref(&nobody_except), ("c1", t), &[], Permit);
    check(std::slice::from_ref(&nobody_except), ("h2", t), &[], Deny);
    // The base deny of one consent is not lifted by a permit of another.
    check(&[nobody_except, treat()], ("h2", t), &[], Deny);
}

#[test]
fn own_records_are_seen_and_watched() {
    check(&[Provision::deny()], ("h1", Purpose::TREAT), &[], Permit);
    check(&[], ("h1", Purpose::BTG), &[], Permit);
}

#[test]
fn nested_provisions_keep_their_own_effect() {
    // LEAP: a matching nested provision inverted the root. PCF: R for a named practitioner inside a permit of N.
    let named = of(&[Recipient::Practitioner(PractitionerId::new("d2").unwrap())]);
    let restricted = Provision { labels: labelled("R"), recipients: named, ..Provision::permit() };
    let root = Provision { labels: labelled("N"), exceptions: vec![restricted], ..treat() };
    for (institution, codes, expected) in [
        ("h2", &["N"][..], Permit),
        ("h2", &["R"], Permit),
        ("h2", &["V"], Deny),
        ("c1", &["N"], Permit),
        ("c1", &["R"], Deny),
        ("c1", &["L"], Permit),
    ] {
        check(std::slice::from_ref(&root), (institution, Purpose::TREAT), codes, expected);
    }
}

#[test]
fn labels_are_tested_once() {
    // SHARES: the label test was negated twice, so labelled data were kept and unlabelled dropped.
    let hiv = Provision { labels: labelled("HIV"), ..Provision::deny() };
    let root = Provision { exceptions: vec![hiv], ..treat() };
    check(std::slice::from_ref(&root), ("h2", Purpose::TREAT), &["HIV"], Deny);
    check(std::slice::from_ref(&root), ("h2", Purpose::TREAT), &[], Permit);
    check(std::slice::from_ref(&root), ("h2", Purpose::TREAT), &["PSY"], Permit);
    let only = Provision { labels: labelled("HIV"), ..treat() };
    check(std::slice::from_ref(&only), ("h2", Purpose::TREAT), &["HIV"], Permit);
    check(std::slice::from_ref(&only), ("h2", Purpose::TREAT), &[], Deny);
    let without = Provision { without_labels: labelled("HIV"), ..treat() };
    check(std::slice::from_ref(&without), ("h2", Purpose::TREAT), &["HIV"], Deny);
    check(std::slice::from_ref(&without), ("h2", Purpose::TREAT), &[], Permit);
}

#[track_caller]
fn check_rejected(root: Provision, expected: &str) {
    let found = World::new().compile(&document(1, root)).unwrap_err().to_string();
    assert_eq!(found, expected);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    // InterSystems: an "except" rule without a group was inverted; a policy for somebody who did not exist was kept.
    let except_nobody =
        Provision { exceptions: vec![Provision { recipients: of(&[]), ..Provision::deny() }], ..treat() };
    check_rejected(except_nobody, "exception 1: the list of recipients is empty; leave it out to mean any");
    let stranger = Provision { recipients: to("h9"), ..treat() };
    check_rejected(stranger, "the root provision: the institution `h9` is not in the directory");
    let doctor = of(&[Recipient::Practitioner(PractitionerId::new("d9").unwrap())]);
    let stranger = Provision { recipients: doctor, ..treat() };
    check_rejected(stranger, "the root provision: the practitioner `d9` is not in the directory");
    let group = Provision { recipients: of(&[Recipient::Group("heart".into())]), ..treat() };
    check_rejected(group, "the root provision: no institution belongs to the group `heart`");
    let region = Provision { recipients: of(&[Recipient::Region("kyoto".into())]), ..treat() };
    check_rejected(region, "the root provision: no institution lies in the region `kyoto`");
    let list = Recipient::Participants { list: 7, with_future: true, with_networks: false };
    check_rejected(
        Provision { recipients: of(&[list]), ..treat() },
        "the root provision: there is no version 7 of the list of participants",
    );
    let silent = Provision { exceptions: vec![Provision::default()], ..treat() };
    check_rejected(silent, "exception 1: an exception says whether it permits or denies");
    let deep = Provision { exceptions: vec![Provision::deny()], ..Provision::permit() };
    let deep = Provision { exceptions: vec![deep], ..treat() };
    check_rejected(deep, "exception 1: exceptions are one level deep");
    let period = Period::new(NOW, NOW.plus_micros(1)).unwrap();
    let half = Provision { period: Some(period), ..treat() };
    check_rejected(half, "the root provision: a period is of whole seconds between 1970 and 2106");
    let never = Provision { never_overridden: true, ..Provision::deny() };
    check_rejected(never, "the root provision: the policy does not offer a refusal of this kind of emergency");
    let date = |text: &str| text.parse().unwrap();
    let days = RecordDays::Between(Some(date("2026-02-01")), Some(date("2026-01-31")));
    check_rejected(Provision { days, ..treat() }, "the root provision: the last day of the data is before the first");
    let obliged = Provision { obligations: vec![Obligation::NoPrint], ..Provision::deny() };
    check_rejected(obliged, "the root provision: a deny has no obligations");
    let limit = Provision { effect: Some(Effect::Limit), ..Provision::default() };
    check_rejected(limit, "the root provision: a consent permits or denies; only a policy limits");
}

#[test]
fn the_override_flag_is_one_of_each_rule() {
    // InterSystems: "allow override" of one level was applied to both.
    let policy = DEFAULT_POLICY
        .replace("refusable = []", "refusable = [\"break_glass\", \"ambulance\", \"disaster\", \"consented\"]");
    let mut world = World::with(&policy, &[]);
    let categories = |category| of(&[category]);
    let soft = Provision { categories: categories(Category::TESTS), ..Provision::deny() };
    let hard = Provision { categories: categories(Category::IMAGES), never_overridden: true, ..Provision::deny() };
    let chart = world.chart(&[soft, hard]);
    let requester = Requester { may_break_glass: true, ..world.requester("h2", physician()) };
    for (category, expected) in [(Category::TESTS, Permit), (Category::IMAGES, Deny)] {
        let record = RecordFacts::of(world.institution("h1"), category);
        let request = Request { emergency: Some(break_glass()), ..request(&requester, record, Purpose::BTG) };
        let decision = world.decide(&chart, &request);
        assert_eq!(decision.outcome, expected, "{category:?}");
        assert_eq!(decision.obligations.has(Obligation::Notify(Notified::Patient)), expected == Permit);
    }
}

fn break_glass() -> Emergency {
    Emergency {
        kind: EmergencyKind::BreakGlass,
        reason: Some(EmergencyReason::Unconscious),
        opened: NOW,
        is_reauthenticated: true,
    }
}

#[test]
fn an_emergency_needs_all_its_terms() {
    let mut world = World::new();
    let chart = world.chart(&[Provision::deny()]);
    let named = Requester { may_break_glass: true, ..world.requester("h2", physician()) };
    let clerk = Requester { may_break_glass: true, ..world.requester("h2", ActingAs::Profession(Role::Clerk)) };
    let ask = |requester: &Requester, emergency: Option<Emergency>, purpose, after| {
        let record = RecordFacts::of(world.institution("h1"), Category::TESTS);
        let now = NOW.plus_micros(after);
        let request = Request { emergency, now, ..request(requester, record, purpose) };
        world.decide(&chart, &request).outcome
    };
    let declared = break_glass();
    assert_eq!(ask(&named, Some(declared), Purpose::BTG, 0), Permit);
    assert_eq!(ask(&named, None, Purpose::BTG, 0), Deny);
    assert_eq!(ask(&named, Some(declared), Purpose::TREAT, 0), Deny);
    assert_eq!(ask(&clerk, Some(declared), Purpose::BTG, 0), Deny);
    assert_eq!(ask(&world.requester("h2", physician()), Some(declared), Purpose::BTG, 0), Deny);
    assert_eq!(ask(&named, Some(Emergency { reason: None, ..declared }), Purpose::BTG, 0), Deny);
    assert_eq!(ask(&named, Some(Emergency { is_reauthenticated: false, ..declared }), Purpose::BTG, 0), Deny);
    assert_eq!(ask(&named, Some(declared), Purpose::BTG, 24 * HOUR - 1), Permit);
    assert_eq!(ask(&named, Some(declared), Purpose::BTG, 24 * HOUR), Deny);
    assert_eq!(ask(&named, Some(declared), Purpose::BTG, -1), Deny);
}
