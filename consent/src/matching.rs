//! Whether one rule matches one request.
//!
//! The conditions fall into three groups. Those of the *request* (who, why, whose data, in what emergency) and those of
//! *time* are the same for all records of one custodian; those of the *record* are not. A single decision tests all three;
//! a mask tests the first two once and keeps the third.

use crate::category::Category;
use crate::chart::ChartView;
use crate::codebook::{Codebook, Number};
use crate::emergency::{Authorised, EmergencyKinds};
use crate::policy::RuleIndex;
use crate::purpose::Purposes;
use crate::request::{RecordFacts, Request, Requester};
use crate::role::Roles;
use crate::rule::{Effect, Flags, InstitutionKinds, Rule, Second, Selected, Selector};
use directory::{Date, Instant, Offset};

const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;
/// The day of a record whose day is not known.
pub(crate) const NO_DAY: i32 = i32::MIN;

/// A request, worked out once for all rules.
pub(crate) struct Context<'a> {
    pub(crate) book: &'a Codebook,
    pub(crate) requester: &'a Requester,
    pub(crate) chart: ChartView<'a>,
    pub(crate) custodian: Number,
    pub(crate) now: Instant,
    second: Second,
    purpose: Purposes,
    role: Roles,
    kind: InstitutionKinds,
    emergency: EmergencyKinds,
    /// When the answer may change at the earliest, in seconds; finer boundaries stand in `until`.
    pub(crate) until_second: Second,
    pub(crate) until: Instant,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        book: &'a Codebook,
        chart: ChartView<'a>,
        request: &Request<'a>,
        authorised: Option<&Authorised>,
    ) -> Self {
        let requester = request.requester;
        Self {
            book,
            requester,
            chart,
            custodian: request.record.custodian,
            now: request.now,
            second: Second::of(request.now),
            purpose: request.purpose.set(),
            role: requester.role.set(),
            kind: requester.kind.into_iter().collect(),
            emergency: authorised.map_or(EmergencyKinds::NONE, |authorised| authorised.kind.set()),
            until_second: Second::FOREVER,
            until: requester.facts_until.min(chart.subject.facts_until),
        }
    }

    /// When the answer may change at the earliest.
    pub(crate) fn valid_until(&self) -> Instant {
        self.until.min(self.until_second.instant())
    }

    /// Whether the rule is for this request, whatever the record.
    #[inline]
    pub(crate) fn is_for_request(&mut self, rule: &Rule) -> bool {
        self.is_of_request_masks(rule) && self.is_of_people(rule)
    }

    /// Purpose, role, emergency, and whether the person has spoken: masks of the rule and nothing else. There is no branch
    /// in it, so that the rules of a patient are fetched from memory side by side and not one after the other.
    #[inline]
    fn is_of_request_masks(&self, rule: &Rule) -> bool {
        let emergencies = rule.flags.emergencies();
        rule.purposes.meets(self.purpose)
            & rule.roles.meets(self.role)
            & (emergencies.is_empty() | emergencies.meets(self.emergency))
            & !(rule.flags.has(Flags::IMPLICIT) & self.chart.subject.has_signed)
    }

    /// Which of some rules, at most 64, can match at all: one bit each, by masks alone. A rule whose window has ended is
    /// none of them; one whose window is still to come may be, so that the boundary is noted.
    #[inline]
    pub(crate) fn candidates(&self, rules: &[Rule], record: &RecordFacts<'_>) -> u64 {
        rules.iter().zip(0_u32..).fold(0, |bits, (rule, place)| {
            let is_candidate =
                self.is_of_request_masks(rule) & is_of_record_masks(rule, record) & (self.second < rule.until);
            bits | u64::from(is_candidate) << place
        })
    }

    /// The rules of the policy, at most 64 of them, that can match by category, purpose and role.
    #[inline]
    pub(crate) fn indexed(&self, index: &RuleIndex, part: usize, category: Category) -> u64 {
        index.candidates(part, (category, self.purpose, self.role))
    }

    /// What the index of a policy leaves to be tested of the masks.
    #[inline]
    pub(crate) fn is_of_other_masks(&self, rule: &Rule, record: &RecordFacts<'_>) -> bool {
        self.is_of_request_masks(rule) & is_of_record_masks(rule, record)
    }

    /// Whether the rule is for whoever asks, and about this custodian.
    #[inline]
    pub(crate) fn is_of_people(&mut self, rule: &Rule) -> bool {
        let is_deny = rule.flags.effect() == Effect::Deny;
        (rule.custodian.is_any() || self.is_custodian(rule.custodian))
            && (!rule.flags.has(Flags::REQUIRES_RELATION) || self.requester.relations.0 != 0)
            && (rule.recipient.is_any() || self.is_recipient(rule.recipient, is_deny))
    }

    /// Whether the rule holds at the moment; boundaries that are still to come are noted.
    #[inline]
    pub(crate) fn is_in_force(&mut self, rule: &Rule) -> bool {
        if self.second < rule.from {
            self.until_second = self.until_second.min(rule.from);
            return false;
        }
        if self.second >= rule.until {
            return false;
        }
        self.until_second = self.until_second.min(rule.until);
        true
    }

    /// Whether the rule is for this record.
    #[inline]
    pub(crate) fn is_for_record(&mut self, rule: &Rule, record: &RecordFacts<'_>, day: i32) -> bool {
        is_of_record_masks(rule, record) && self.is_of_details(rule, record, day)
    }

    /// Whether the rule is for the day, the identity and the name of this record.
    #[inline]
    pub(crate) fn is_of_details(&mut self, rule: &Rule, record: &RecordFacts<'_>, day: i32) -> bool {
        let is_deny = rule.flags.effect() == Effect::Deny;
        self.is_of_day(rule, day, is_deny)
            && (rule.data.is_any() || self.is_of_data(rule.data, record, is_deny))
            && (!rule.flags.has(Flags::NARROW_REACH) || self.is_in_reach(rule.source, record.identity))
    }

    #[inline]
    pub(crate) fn is_of_day(&mut self, rule: &Rule, day: i32, is_deny: bool) -> bool {
        if rule.data_from == i32::MIN && rule.data_until == i32::MAX {
            return true;
        }
        let from = self.data_from(rule);
        if day == NO_DAY { is_deny } else { from <= day && day < rule.data_until }
    }

    /// The first day of the data that a rule is about. What is counted back from today moves at midnight in Japan.
    pub(crate) fn data_from(&mut self, rule: &Rule) -> i32 {
        if !rule.flags.has(Flags::ROLLING) {
            return rule.data_from;
        }
        // Outside the calendar nothing is young enough.
        let Some(today) = self.now.date(Offset::TOKYO) else { return i32::MAX };
        let tomorrow = today.next().map_or(Instant::FOREVER, |day| day.start_instant(Offset::TOKYO));
        self.until = self.until.min(tomorrow);
        today.days().saturating_sub(rule.data_from)
    }

    pub(crate) fn is_custodian(&self, selector: Selector) -> bool {
        match selector.selected() {
            Selected::Any => true,
            Selected::Institution(number) => number == self.custodian,
            Selected::Institutions(set) => self.book.is_member(self.custodian, set),
            _ => false,
        }
    }

    pub(crate) fn is_recipient(&mut self, selector: Selector, is_deny: bool) -> bool {
        let requester = self.requester;
        match selector.selected() {
            Selected::Any => true,
            Selected::Institution(number) => number == requester.institution,
            Selected::Institutions(set) => self.book.is_member(requester.institution, set),
            Selected::Kinds(kinds) => kinds.0 & self.kind.0 != 0,
            Selected::Group(number) => requester.groups.contains(&number),
            Selected::Region(number) => number == requester.region,
            Selected::Department(number) if requester.department == Number::UNKNOWN => {
                is_deny && self.book.owner(number) == requester.institution
            }
            Selected::Department(number) => number == requester.department,
            Selected::Practitioner(_) | Selected::Practitioners(_) if requester.practitioner == Number::UNKNOWN => {
                is_deny
            }
            Selected::Practitioner(number) => number == requester.practitioner,
            Selected::Practitioners(set) => self.book.is_member(requester.practitioner, set),
            Selected::Relations(relations) => relations.0 & requester.relations.0 != 0,
            Selected::SeenWithinDays(days) => self.is_seen_within(days),
            Selected::Record(_) | Selected::Records(_) | Selected::Related(_) | Selected::Nobody => false,
        }
    }

    fn is_seen_within(&mut self, days: u32) -> bool {
        let Some(last) = self.requester.last_encounter else { return false };
        let ends = last.plus_micros(i64::from(days).saturating_mul(MICROS_PER_DAY));
        let is_seen = self.now < ends;
        if is_seen {
            self.until = self.until.min(ends);
        }
        is_seen
    }

    /// Whether the record is one of those that are named. What is not known matches a deny and no permit.
    pub(crate) fn is_of_data(&self, selector: Selector, record: &RecordFacts<'_>, is_deny: bool) -> bool {
        let known = |number: Number, test: &dyn Fn(Number) -> bool| {
            if number == Number::UNKNOWN { is_deny } else { test(number) }
        };
        match selector.selected() {
            Selected::Any => true,
            Selected::Department(number) if record.department == Number::UNKNOWN => {
                is_deny && self.book.owner(number) == record.custodian
            }
            Selected::Department(number) => number == record.department,
            Selected::Practitioner(number) => known(record.author, &|author| author == number),
            Selected::Practitioners(set) => known(record.author, &|author| self.book.is_member(author, set)),
            Selected::Record(number) => known(record.record, &|record| record == number),
            Selected::Records(set) => known(record.record, &|record| self.book.is_member(record, set)),
            Selected::Related(number) => record.related.map_or(is_deny, |related| related.contains(&number)),
            _ => false,
        }
    }

    pub(crate) fn is_in_reach(&self, source: u16, identity: u16) -> bool {
        let reach = usize::from(source).checked_sub(1).and_then(|place| self.chart.reaches.get(place));
        reach.is_some_and(|reach| reach.contains(identity))
    }
}

/// Category and labels: masks of the rule and nothing else.
#[inline]
fn is_of_record_masks(rule: &Rule, record: &RecordFacts<'_>) -> bool {
    rule.categories.meets(record.category.set())
        & (rule.labels_any.is_empty() | rule.labels_any.meets(record.labels))
        & !rule.labels_none.meets(record.labels)
}

/// The day of a record as rules count it.
pub(crate) fn day_of(date: Option<Date>) -> i32 {
    date.map_or(NO_DAY, Date::days)
}
