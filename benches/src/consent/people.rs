//! The invented patients that are measured: forms as networks use them, with lists, exceptions, windows and withdrawals.

use super::network::{DAY, NOW, Network, PRACTITIONERS};
use super::random::Random;
use consent::document::{
    Choice, ConsentDocument, Grantor, GrantorKind, KindWord, Provision, Recipient, RecordDays, Signature,
};
use consent::{
    Category, Chart, ChartConsent, Codebook, CompiledConsent, ConsentId, Emergency, EmergencyKind, EmergencyReason,
    IdentityId, IdentityStanding, Label, Number, PolicyImage, Purpose, RecordFacts, Request, Requester, SignerFacts,
    SubjectState,
};
use directory::{Instant, InstitutionKind, Period, PractitionerId, Role};
use std::collections::{BTreeMap, BTreeSet};

/// Makes charts.
pub(crate) struct Forms<'a> {
    pub(crate) network: &'a Network,
    pub(crate) policy: &'a PolicyImage,
    pub(crate) book: &'a mut Codebook,
    pub(crate) random: Random,
}

const IDENTITY: IdentityId = IdentityId([1; 16]);

impl Forms<'_> {
    /// A patient as they come: most by one form for all, some by lists, by one form for each institution, by name, only in
    /// emergencies; some have said nothing, have withdrawn, or never joined.
    pub(crate) fn any(&mut self) -> anyhow::Result<Chart> {
        let mut state = SubjectState::Enrolled;
        let roots = match self.random.below(100) {
            0..40 => vec![self.everybody()],
            40..62 => vec![self.listed()],
            62..72 => (0..=self.random.below(6)).map(|_| self.one_institution()).collect(),
            72..74 => vec![self.practitioner()?],
            74..79 => vec![self.in_emergencies()],
            79..81 => vec![Provision::deny()],
            81..84 => vec![self.everybody(), self.in_emergencies()],
            84..97 => Vec::new(),
            97..99 => {
                state = SubjectState::Withdrawn;
                Vec::new()
            }
            _ => {
                state = SubjectState::NotEnrolled;
                Vec::new()
            }
        };
        self.chart(&roots, state)
    }

    /// A patient with ten rules.
    pub(crate) fn ten_rules(&mut self) -> anyhow::Result<Chart> {
        let category = |category| Choice::Of(vec![category]);
        let treat = || Choice::Of(vec![Purpose::TREAT]);
        let mut everybody = self.everybody();
        let period = Period::new(NOW.plus_micros(-30 * DAY), NOW.plus_micros(self.days(400)))?;
        everybody.exceptions = vec![
            Provision { recipients: self.institutions(1), ..Provision::deny() },
            Provision { labels: Choice::Of(vec![Label::PSY]), ..Provision::deny() },
            Provision { categories: category(Category::IMAGES), recipients: self.institutions(3), ..Provision::deny() },
            Provision {
                purposes: treat(),
                recipients: self.institutions(2),
                period: Some(period),
                ..Provision::permit()
            },
            Provision { purposes: Choice::Of(vec![Purpose::HRESCH]), ..Provision::deny() },
        ];
        // Most say whom else they permit; some say that nobody else may, which denies all others.
        let mut listed = if self.random.below(4) == 0 {
            self.listed()
        } else {
            let within =
                Provision { recipients: self.institutions(4), days: RecordDays::Within(365), ..everybody.clone() };
            Provision { exceptions: Vec::new(), ..within }
        };
        listed.exceptions.push(Provision {
            purposes: treat(),
            recipients: Choice::Of(vec![Recipient::Group("group-1".into())]),
            categories: category(Category::PRESCRIPTIONS),
            ..Provision::permit()
        });
        let mut emergency = self.in_emergencies();
        if listed.exceptions.len() == 1 {
            // As many rules as those with a base deny have.
            emergency.exceptions.push(Provision { recipients: self.institutions(1), ..Provision::deny() });
        }
        self.chart(&[everybody, listed, emergency], SubjectState::Enrolled)
    }

    /// 一括, now and then with exceptions and an end.
    fn everybody(&mut self) -> Provision {
        let mut root = Provision { purposes: Choice::Of(vec![Purpose::TREAT]), ..Provision::permit() };
        if self.random.below(4) == 0 {
            let count = 1 + self.random.below(2);
            root.exceptions.push(Provision { recipients: self.institutions(count), ..Provision::deny() });
        }
        if self.random.below(8) == 0 {
            root.exceptions.push(Provision { labels: Choice::Of(vec![Label::PSY]), ..Provision::deny() });
        }
        if self.random.below(8) == 0 {
            let kinds = Recipient::Kind(KindWord(InstitutionKind::CareFacility));
            root.exceptions.push(Provision { recipients: Choice::Of(vec![kinds]), ..Provision::deny() });
        }
        if self.random.below(5) == 0 {
            root.period = Period::new(NOW.plus_micros(-100 * DAY), NOW.plus_micros(self.days(1_000))).ok();
        }
        root
    }

    /// リスト
    fn listed(&mut self) -> Provision {
        let count = 1 + self.random.below(8);
        let permit = Provision {
            recipients: self.institutions(count),
            purposes: Choice::Of(vec![Purpose::TREAT]),
            ..Provision::permit()
        };
        Provision { exceptions: vec![permit], ..Provision::deny() }
    }

    /// 施設ごと
    fn one_institution(&mut self) -> Provision {
        let from = self.random.below(self.network.disclosing.len());
        let custodian = self.network.disclosing.get(from).and_then(|place| self.network.institutions.get(*place));
        Provision {
            recipients: self.institutions(1),
            custodians: Choice::Of(custodian.cloned().into_iter().collect()),
            purposes: Choice::Of(vec![Purpose::TREAT]),
            ..Provision::permit()
        }
    }

    /// 個人名
    fn practitioner(&mut self) -> anyhow::Result<Provision> {
        let id = PractitionerId::new(&format!("d{}", self.random.below(PRACTITIONERS)))?;
        let recipients = Choice::Of(vec![Recipient::Practitioner(id)]);
        Ok(Provision { recipients, purposes: Choice::Of(vec![Purpose::TREAT]), ..Provision::permit() })
    }

    /// 救急時のみ
    fn in_emergencies(&self) -> Provision {
        Provision {
            purposes: Choice::Of(vec![Purpose::ETREAT]),
            emergencies: Choice::Of(vec![EmergencyKind::Consented]),
            ..Provision::permit()
        }
    }

    fn institutions(&mut self, count: usize) -> Choice<Recipient> {
        let mut chosen: Vec<Recipient> = Vec::with_capacity(count);
        for _ in 0..count {
            let place = self.random.below(self.network.institutions.len());
            chosen.extend(self.network.institutions.get(place).cloned().map(Recipient::Institution));
        }
        Choice::Of(chosen)
    }

    /// Some whole days, from 1 on.
    fn days(&mut self, most: usize) -> i64 {
        (1 + i64::try_from(self.random.below(most)).unwrap_or(0)) * DAY
    }

    fn chart(&mut self, roots: &[Provision], state: SubjectState) -> anyhow::Result<Chart> {
        let mut compiled: Vec<CompiledConsent> = Vec::with_capacity(roots.len());
        for (number, root) in (1_u8..).zip(roots) {
            let document = ConsentDocument {
                consent: ConsentId([number; 16]),
                version: 1,
                identity: IDENTITY,
                grantor: Grantor { kind: GrantorKind::Subject, evidence: None, valid: None },
                signature: Signature::Own,
                signed: NOW,
                policy: 1,
                replaces: None,
                scan: None,
                root: root.clone(),
            };
            let known = (self.network.known(), SignerFacts::default());
            compiled.push(consent::compile(&document, known, self.policy, self.book)?);
        }
        let reach = BTreeSet::from([IDENTITY]);
        let consents: Vec<ChartConsent<'_>> =
            compiled.iter().map(|compiled| ChartConsent { compiled, reach: &reach }).collect();
        let standing = IdentityStanding { state, has_signed: !roots.is_empty(), ..IdentityStanding::default() };
        Ok(Chart::assemble(&BTreeMap::from([(IDENTITY, standing)]), &consents, Instant::FOREVER)?)
    }
}

/// A question of the decision measurement, without the lifetimes of a request.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) patient: usize,
    requester: Requester,
    record: RecordFacts<'static>,
    purpose: Purpose,
    emergency: Option<Emergency>,
}

/// Distinct random questions: mostly for care, some in emergencies, some for research.
pub(crate) fn questions(
    count: usize,
    patients: usize,
    (seats, records): (&[Requester], &[RecordFacts<'static>]),
    random: &mut Random,
) -> Vec<Question> {
    let roles = [Role::Physician, Role::Physician, Role::Nurse, Role::Pharmacist, Role::CareManager, Role::Ambulance];
    let labels = consent::simulate::every_label();
    let categories = super::network::categories();
    let mut questions = Vec::with_capacity(count);
    while questions.len() < count {
        let (Some(seat), Some(record)) = (random.one_of(seats).cloned(), random.one_of(records).copied()) else {
            break;
        };
        let role = random.one_of(&roles).copied().unwrap_or(Role::Physician);
        let purpose = match random.below(20) {
            0..15 => Purpose::TREAT,
            15 => Purpose::BTG,
            16 => Purpose::ETREAT,
            17 => Purpose::DISASTER,
            18 => Purpose::HRESCH,
            _ => Purpose::PATADMIN,
        };
        let declared = |kind, reason| Emergency { kind, reason: Some(reason), opened: NOW, is_reauthenticated: true };
        let emergency = match purpose {
            Purpose::BTG => Some(declared(EmergencyKind::BreakGlass, EmergencyReason::Unconscious)),
            Purpose::ETREAT => Some(declared(EmergencyKind::Consented, EmergencyReason::Unconscious)),
            Purpose::DISASTER => Some(declared(EmergencyKind::Disaster, EmergencyReason::Disaster)),
            _ => None,
        };
        let is_plain = random.below(4) > 0;
        let labels = if is_plain { record.labels } else { random.one_of(&labels).copied().unwrap_or(record.labels) };
        let category = random.one_of(&categories).copied().unwrap_or(Category::TESTS);
        questions.push(Question {
            patient: random.below(patients),
            requester: Requester { role: role.into(), may_break_glass: true, ..seat },
            record: RecordFacts { category, labels, author: Number::OTHER, ..record },
            purpose,
            emergency,
        });
    }
    questions
}

impl Question {
    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            requester: &self.requester,
            record: self.record,
            purpose: self.purpose,
            now: NOW,
            emergency: self.emergency,
            has_legal_basis: false,
            is_stale: false,
        }
    }
}
