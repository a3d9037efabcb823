//! Who can see this patient: institution × role × category, for one purpose at one moment.
//!
//! A cell says how many of the disclosing custodians would show an ordinary record of the category: none, some or all, and
//! why. Two more counts stand beside it: of how many a *sensitive* record may be seen, and how many open in an emergency
//! that is declared as the policy asks. An institution's own records are no disclosure and are not counted.
//!
//! An ordinary record is what the caller says that it is. Its category and, for the second count, its sensitivity are
//! replaced; rules about single records, authors and days are asked about it as it stands.

use super::classes::{
    Classes, Selectors, Signature, VetoLists, context_of, in_role, record_signature, requester_signature,
};
use super::sweep::{CellReason, Sweep};
use crate::category::{Categories, Category};
use crate::chart::ChartView;
use crate::codebook::Number;
use crate::decide::Engine;
use crate::decision::{Decision, Reasons};
use crate::emergency::{Emergency, EmergencyKind, EmergencyReason};
use crate::label::{Label, Labels};
use crate::purpose::Purpose;
use crate::request::{RecordFacts, Request, Requester};
use crate::role::ActingAs;
use crate::rule::Rule;
use directory::Instant;

/// What a matrix is about.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// Policy and numbers.
    pub engine: Engine<'a>,
    /// The patient.
    pub chart: ChartView<'a>,
    /// An ordinary person at each institution, with the care relationships; the role is replaced.
    pub requesters: &'a [Requester],
    /// The roles, each a column.
    pub roles: &'a [ActingAs],
    /// An ordinary record of each disclosing custodian.
    pub records: &'a [RecordFacts<'a>],
    /// Why.
    pub purpose: Purpose,
    /// When.
    pub now: Instant,
}

/// How many custodians.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// None.
    None,
    /// Some.
    Some,
    /// All.
    All,
}

/// What an institution sees in a role of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The records that are not the institution's own.
    pub records: u32,
    /// Of these, how many may be seen.
    pub plain: u32,
    /// Of these, how many may be seen also, or only, when they carry some label that the policy calls sensitive.
    pub sensitive: u32,
    /// Of these, how many may be seen in some emergency, properly declared just now.
    pub in_emergency: u32,
    /// What `plain` rests on: for the first custodian that opens, or if none does, for the first; none without records.
    pub reason: Option<CellReason>,
}

/// The matrix of one patient.
#[derive(Debug)]
pub struct Matrix<'a> {
    sight: Sight<'a>,
    requesters: Classes,
    /// By class of requesters, role and bit of the category.
    cells: Vec<Cell>,
}

/// What is asked beside the plain question.
#[derive(Clone, Copy)]
struct Probe {
    labels: Option<Labels>,
    emergency: Option<(Purpose, Emergency)>,
}

/// A group of records that no rule tells apart.
struct RecordClass {
    members: Vec<usize>,
}

/// Columns of one row of the matrix: defined categories, and one for all that are not.
const CATEGORIES: usize = Categories::ALL.0.count_ones() as usize + 1;

/// Works out who can see a patient.
#[must_use]
pub fn who_can_see(sight: Sight<'_>) -> Matrix<'_> {
    let records = record_classes(&sight);
    let requesters = requester_classes(&sight, &records);
    let probes = probes(&sight);
    let mut cells = Vec::with_capacity(requesters.members.len() * sight.roles.len() * CATEGORIES);
    let mut sweep = Sweep::default();
    for members in &requesters.members {
        let Some(requester) = members.first().and_then(|member| sight.requesters.get(*member)) else { continue };
        for role in sight.roles {
            let requester = in_role(requester, *role);
            cells.extend(row(&sight, (&requester, &records), &probes, &mut sweep));
        }
    }
    Matrix { sight, requesters, cells }
}

/// All cells of one requester in one role.
fn row(
    sight: &Sight<'_>,
    (requester, classes): (&Requester, &[RecordClass]),
    probes: &[Probe],
    sweep: &mut Sweep,
) -> [Cell; CATEGORIES] {
    let mut cells = [Cell { records: 0, plain: 0, sensitive: 0, in_emergency: 0, reason: None }; CATEGORIES];
    for class in classes {
        let others = || class.members.iter().filter_map(|place| sight.records.get(*place));
        let mut others = others().filter(|record| record.custodian != requester.institution).peekable();
        let Some(record) = others.peek().copied().copied() else { continue };
        let count = u32::try_from(others.count()).unwrap_or(u32::MAX);
        sweep.ask(&sight.engine, sight.chart, &sight.request(requester, record));
        let plain = sweep.open();
        for (cell, category) in cells.iter_mut().zip(columns()) {
            let is_open = plain.meets(category.set());
            let had_none = cell.plain == 0;
            cell.records += count;
            cell.plain += if is_open { count } else { 0 };
            if cell.reason.is_none() || (is_open && had_none) {
                cell.reason = Some(sweep.reason(category));
            }
        }
        let (mut sensitive, mut in_emergency) = (Categories::NONE, Categories::NONE);
        for probe in probes {
            sweep.ask(&sight.engine, sight.chart, &sight.probe(requester, record, probe));
            let into = if probe.emergency.is_some() { &mut in_emergency } else { &mut sensitive };
            *into = into.with(sweep.open());
        }
        for (cell, category) in cells.iter_mut().zip(columns()) {
            cell.sensitive += if sensitive.meets(category.set()) { count } else { 0 };
            cell.in_emergency += if in_emergency.meets(category.set()) { count } else { 0 };
        }
    }
    cells
}

/// The defined categories, and one that is not.
fn columns() -> impl Iterator<Item = Category> {
    Category::all().chain(std::iter::once(Category::from_bit(u8::MAX)))
}

/// The sensitive labels that rules tell apart, one of each, and every emergency that can be declared.
fn probes(sight: &Sight<'_>) -> Vec<Probe> {
    let policy = sight.engine.policy;
    let rules = || policy.rules().iter().chain(policy.custodian_rules()).chain(sight.chart.rules);
    let mut masks: Vec<u64> = rules().flat_map(|rule| [rule.labels_any.0, rule.labels_none.0]).collect();
    masks.sort_unstable();
    masks.dedup();
    let labels: Vec<Labels> = sensitive_labels(policy.sensitive()).collect();
    let classes =
        Classes::group(labels.iter().map(|one| masks.iter().map(|mask| mask & one.0 != 0).collect::<Vec<bool>>()));
    let firsts = classes.members.iter().filter_map(|members| labels.get(*members.first()?));
    let of_labels = firsts.map(|labels| Probe { labels: Some(*labels), emergency: None });
    of_labels.chain(declared(sight)).collect()
}

/// What a record carries that is sensitive in one way: a label at the normal level, or a level.
pub(super) fn sensitive_labels(sensitive: Labels) -> impl Iterator<Item = Labels> {
    sensitive.iter().map(|label| if label.is_level() { label.set() } else { label.set().with(Label::NORMAL.set()) })
}

/// Each kind of emergency that the policy offers, declared just now with each purpose that fits.
fn declared(sight: &Sight<'_>) -> impl Iterator<Item = Probe> {
    let (policy, now) = (sight.engine.policy.emergency(), sight.now);
    EmergencyKind::ALL.into_iter().flat_map(move |kind| {
        let reason = policy
            .terms(kind)
            .and_then(|terms| EmergencyReason::ALL.into_iter().find(|reason| terms.reasons & reason.bit() != 0));
        let emergency = reason.map(|_| Emergency { kind, reason, opened: now, is_reauthenticated: true });
        emergency.into_iter().flat_map(move |emergency| {
            let probe = move |purpose| Probe { labels: None, emergency: Some((purpose, emergency)) };
            kind.purposes().iter().map(probe)
        })
    })
}

fn record_classes(sight: &Sight<'_>) -> Vec<RecordClass> {
    let Some(anybody) = sight.requesters.first() else { return Vec::new() };
    let policy = sight.engine.policy;
    let rules = || policy.rules().iter().chain(sight.chart.rules);
    let custodians = Selectors::of(rules(), |rule| rule.custodian);
    let data = Selectors::of(rules().chain(policy.custodian_rules()), |rule| rule.data);
    let mut vetoes = VetoLists::default();
    let signatures = sight.records.iter().map(|record| {
        let request = sight.request(anybody, *record);
        let mut context = context_of(&sight.engine, &request, sight.chart);
        let mut signature = record_signature(&mut context, record, (&custodians, &data));
        signature.push(vetoes.number(&sight.engine, record.custodian));
        signature
    });
    Classes::group(signatures).members.into_iter().map(|members| RecordClass { members }).collect()
}

fn requester_classes(sight: &Sight<'_>, records: &[RecordClass]) -> Classes {
    let Some(record) = sight.records.first() else {
        return Classes::group(sight.requesters.iter().map(|_| ()));
    };
    let policy = sight.engine.policy;
    let rules = || policy.rules().iter().chain(policy.custodian_rules()).chain(sight.chart.rules);
    let recipients = Selectors::of(rules(), |rule: &Rule| rule.recipient);
    let signatures = sight.requesters.iter().map(|requester| {
        let request = sight.request(requester, *record);
        let mut context = context_of(&sight.engine, &request, sight.chart);
        let mut signature = requester_signature(&mut context, &sight.engine, &recipients);
        signature.extend(own_records(sight, records, requester.institution));
        signature
    });
    Classes::group(signatures)
}

/// Which classes hold records of the institution itself, and how many.
fn own_records(sight: &Sight<'_>, records: &[RecordClass], institution: Number) -> Signature {
    let is_own = |place: &&usize| sight.records.get(**place).is_some_and(|record| record.custodian == institution);
    let counts = records.iter().map(|class| class.members.iter().filter(is_own).count() as u64);
    (0_u64..).zip(counts).filter(|(_, count)| *count > 0).flat_map(|(class, count)| [class, count]).collect()
}

impl<'a> Sight<'a> {
    fn request<'r>(&self, requester: &'r Requester, record: RecordFacts<'r>) -> Request<'r>
    where
        'a: 'r,
    {
        Request {
            requester,
            record,
            purpose: self.purpose,
            now: self.now,
            emergency: None,
            has_legal_basis: false,
            is_stale: false,
        }
    }

    fn probe<'r>(&self, requester: &'r Requester, record: RecordFacts<'r>, probe: &Probe) -> Request<'r>
    where
        'a: 'r,
    {
        let record = RecordFacts { labels: probe.labels.unwrap_or(record.labels), ..record };
        let (purpose, emergency) = probe.emergency.map_or((self.purpose, None), |(purpose, it)| (purpose, Some(it)));
        Request { purpose, emergency, ..self.request(requester, record) }
    }
}

impl Matrix<'_> {
    /// The cell of an institution, by its place among the requesters, a role, by its place among the roles, and a
    /// category; none when there is no such place.
    #[must_use]
    pub fn cell(&self, requester: usize, role: usize, category: Category) -> Option<Cell> {
        if role >= self.sight.roles.len() {
            return None;
        }
        let class = *self.requesters.of.get(requester)?;
        let column = usize::from(category.bit()).min(CATEGORIES - 1);
        self.cells.get((class * self.sight.roles.len() + role) * CATEGORIES + column).copied()
    }

    /// How many groups of institutions the rules can tell apart.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.requesters.members.len()
    }

    /// The decision behind a cell for every custodian, each with the rules that it rests on: what a click on the cell
    /// shows. Own records are left out, as they are not counted.
    #[must_use]
    pub fn drill_down(&self, requester: usize, role: usize, category: Category) -> Vec<(Number, Decision, Reasons)> {
        let sight = &self.sight;
        let (Some(requester), Some(role)) = (sight.requesters.get(requester), sight.roles.get(role)) else {
            return Vec::new();
        };
        let requester = in_role(requester, *role);
        let others = sight.records.iter().filter(|record| record.custodian != requester.institution);
        let decided = others.map(|record| {
            let request = sight.request(&requester, RecordFacts { category, ..*record });
            let mut reasons = Reasons::new();
            let decision = sight.decide(&request, &mut reasons);
            (record.custodian, decision, reasons)
        });
        decided.collect()
    }
}

impl Sight<'_> {
    fn decide(&self, request: &Request<'_>, reasons: &mut Reasons) -> Decision {
        let engine: Engine<'_> = self.engine;
        engine.decide(self.chart, &Request { ..*request }, reasons)
    }
}

impl Cell {
    /// How many of the custodians open.
    #[must_use]
    pub fn extent(&self) -> Extent {
        Self::extent_of(self.plain, self.records)
    }

    /// Whether it opens in an emergency only.
    #[must_use]
    pub fn needs_emergency(&self) -> bool {
        self.plain == 0 && self.in_emergency > 0
    }

    /// Whether only sensitive records may be seen.
    #[must_use]
    pub fn is_sensitive_only(&self) -> bool {
        self.plain == 0 && self.sensitive > 0
    }

    fn extent_of(open: u32, records: u32) -> Extent {
        match open {
            0 => Extent::None,
            _ if open < records => Extent::Some,
            _ => Extent::All,
        }
    }
}
