//! A network to compare in: 300 institutions, a policy of 11 rules, patients with 10 rules each, and questions.

use crate::random::Random;
use consent::document::{
    Choice, ConsentDocument, Grantor, GrantorKind, KindWord, Provision, Recipient, RecordDays, Signature,
};
use consent::{
    ActingAs, Category, Chart, ChartConsent, Codebook, CompiledConsent, ConsentId, Effect, Emergency, EmergencyKind,
    EmergencyReason, IdentityId, IdentityStanding, Known, Label, Labels, Name, NetworkPolicy, Number, Obligation,
    PolicyImage, Purpose, Purposes, RecordFacts, Relations, Request, Requester, SignerFacts, SubjectState, compile,
};
use directory::{AsOf, Date, Instant, InstitutionId, InstitutionKind, Offset, Period, PractitionerId, Role, Snapshot};
use kv::{BatchId, Draft, Kv, MemoryKv};
use std::collections::{BTreeMap, BTreeSet};

/// The policy: 11 rules.
pub const POLICY: &str = include_str!("policy.toml");
/// 2026-04-01T00:00:00+09:00
pub const NOW: Instant = Instant::from_micros(1_774_969_200 * 1_000_000);
/// Institutions of the network.
pub const INSTITUTIONS: usize = 300;
/// Practitioners, eight for every institution.
pub const PRACTITIONERS: usize = 2_400;
/// Rules of each patient.
pub const PATIENT_RULES: usize = 10;
const HOUR: i64 = 3_600 * 1_000_000;
const REGIONS: [&str; 5] = ["izumo", "matsue", "hamada", "masuda", "oki"];
const GROUPS: [&str; 8] = ["stroke", "heart", "cancer", "birth", "home", "kidney", "mind", "eye"];
const CATEGORIES: [&str; 8] =
    ["demographics", "diagnoses", "prescriptions", "tests", "images", "documents", "allergies", "checkups"];
const CODES: [&str; 6] = ["R", "V", "HIV", "PSY", "PSYTHPN", "NOPAT"];
/// The roles of the questions.
pub const ROLES: [Role; 6] =
    [Role::Physician, Role::Nurse, Role::Pharmacist, Role::Technician, Role::CareManager, Role::Clerk];
const PURPOSES: [Purpose; 5] = [Purpose::TREAT, Purpose::HRESCH, Purpose::PATADMIN, Purpose::HPAYMT, Purpose::PATRQT];

/// The network with its numbers.
pub struct Network {
    /// Who takes part.
    pub snapshot: Snapshot,
    /// The numbers.
    pub book: Codebook,
    /// The policy, compiled.
    pub image: PolicyImage,
    /// The policy, as it was read.
    pub policy: NetworkPolicy,
}

/// A question in names, for both engines.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which patient.
    pub patient: usize,
    /// The institution that asks.
    pub institution: usize,
    /// Who asks there.
    pub practitioner: usize,
    /// As what.
    pub role: Role,
    /// Whether there is a care relationship.
    pub has_relation: bool,
    /// Whose record.
    pub custodian: usize,
    /// Its category.
    pub category: Category,
    /// Its labels.
    pub codes: Vec<&'static str>,
    /// Its day, counted from the present.
    pub day: i64,
    /// Why.
    pub purpose: Purpose,
    /// Minutes from the present.
    pub minutes: i64,
    /// Whether the glass is broken.
    pub is_emergency: bool,
}

/// The id of an institution by its number.
#[must_use]
pub fn institution_id(number: usize) -> InstitutionId {
    InstitutionId::new(&format!("h{number}")).expect("a short plain name")
}

/// The id of a practitioner by its number.
#[must_use]
pub fn practitioner_id(number: usize) -> PractitionerId {
    PractitionerId::new(&format!("d{number}")).expect("a short plain name")
}

/// What an institution is.
#[must_use]
pub fn facts(number: usize) -> (InstitutionKind, &'static str, [&'static str; 2]) {
    let kind = InstitutionKind::ALL[number % 6];
    (kind, REGIONS[number % 5], [GROUPS[number % 8], GROUPS[(number / 8 + number + 1) % 8]])
}

impl Network {
    /// Makes the network.
    ///
    /// # Errors
    /// When the policy or the directory is refused.
    pub fn make() -> anyhow::Result<Self> {
        let snapshot = snapshot()?;
        let mut book = Codebook::new();
        let as_of = AsOf::known(NOW);
        book.enter_directory(&snapshot, as_of)?;
        for number in 0..PRACTITIONERS {
            book.enter(Name::Practitioner(practitioner_id(number)))?;
        }
        let policy = NetworkPolicy::parse("policy.toml", POLICY)?;
        let known = Known { directory: &snapshot, as_of };
        let image = PolicyImage::compile(&policy, 1, (Some(known), &[]), &mut book)?;
        Ok(Self { snapshot, book, image, policy })
    }

    /// The consent of a patient as rules.
    ///
    /// # Errors
    /// When the document is refused.
    pub fn compile(&mut self, root: &Provision) -> anyhow::Result<CompiledConsent> {
        let known = Known { directory: &self.snapshot, as_of: AsOf::known(NOW) };
        let document = document(root.clone());
        Ok(compile(&document, (known, SignerFacts::default()), &self.image, &mut self.book)?)
    }

    /// Who asks.
    #[must_use]
    pub fn requester(&self, asked: &Asked) -> Requester {
        let (kind, region, groups) = facts(asked.institution);
        let number = |name| self.book.number(&name);
        Requester {
            institution: number(Name::Institution(institution_id(asked.institution))),
            kind: Some(kind),
            region: number(Name::Region(region.into())),
            groups: groups.iter().map(|group| number(Name::Group((*group).into()))).collect(),
            department: Number::UNKNOWN,
            practitioner: number(Name::Practitioner(practitioner_id(asked.practitioner))),
            role: ActingAs::Profession(asked.role),
            licensed: Purposes::ALL,
            is_participant: true,
            is_suspended: false,
            may_break_glass: true,
            relations: Relations(u32::from(asked.has_relation)),
            last_encounter: None,
            facts_until: Instant::FOREVER,
        }
    }

    /// The question to our engine.
    #[must_use]
    pub fn request<'a>(&self, asked: &Asked, requester: &'a Requester) -> Request<'a> {
        let now = NOW.plus_micros(asked.minutes * HOUR / 60);
        let custodian = self.book.number(&Name::Institution(institution_id(asked.custodian)));
        let record = RecordFacts {
            labels: Labels::of_record(asked.codes.iter().copied()),
            date: Some(date(asked.day)),
            related: Some(&[]),
            ..RecordFacts::of(custodian, asked.category)
        };
        let emergency = asked.is_emergency.then_some(Emergency {
            kind: EmergencyKind::BreakGlass,
            reason: Some(EmergencyReason::Unconscious),
            opened: now.plus_micros(-HOUR),
            is_reauthenticated: true,
        });
        let purpose = if asked.is_emergency { Purpose::BTG } else { asked.purpose };
        Request { requester, record, purpose, now, emergency, has_legal_basis: false, is_stale: false }
    }
}

/// The chart of a person with one consent.
///
/// # Errors
/// None in these worlds.
pub fn chart(compiled: &CompiledConsent) -> anyhow::Result<Chart> {
    let identity = IdentityId([1; 16]);
    let reach = BTreeSet::from([identity]);
    let standing = IdentityStanding { state: SubjectState::Enrolled, has_signed: true, ..IdentityStanding::default() };
    let consents = [ChartConsent { compiled, reach: &reach }];
    Ok(Chart::assemble(&BTreeMap::from([(identity, standing)]), &consents, Instant::FOREVER)?)
}

/// A root permit and nine exceptions: ten rules.
pub fn consent(random: &mut Random) -> Provision {
    let root = Provision {
        purposes: Choice::Of(vec![Purpose::TREAT]),
        recipients: if random.happens(50) { Choice::Any } else { Choice::Of(vec![recipient(random)]) },
        labels: if random.happens(20) { Choice::Of(vec!["R".parse().expect("a level")]) } else { Choice::Any },
        obligations: if random.happens(30) { vec![Obligation::NoPrint] } else { Vec::new() },
        ..Provision::permit()
    };
    let exceptions = (1..PATIENT_RULES).map(|number| exception(random, number % 2 == 0)).collect();
    Provision { exceptions, ..root }
}

fn exception(random: &mut Random, is_permit: bool) -> Provision {
    let categories: Vec<Category> = CATEGORIES.iter().map(|word| word.parse().expect("a category")).collect();
    let labels: Vec<Label> = CODES.iter().map(|code| code.parse().expect("a label")).collect();
    let mut maybe = |percent| random.happens(percent);
    let (has_categories, has_labels, has_roles) = (maybe(70), maybe(25), maybe(40));
    let (has_custodian, has_days, has_period, has_obligation) = (maybe(30), maybe(20), maybe(30), maybe(30));
    let (needs_relation, has_purpose) = (maybe(10), maybe(60));
    Provision {
        effect: Some(if is_permit { Effect::Permit } else { Effect::Deny }),
        recipients: Choice::Of(vec![recipient(random)]),
        roles: if has_roles { Choice::Of(random.some(&ROLES.map(ActingAs::Profession), 3)) } else { Choice::Any },
        categories: if has_categories { Choice::Of(random.some(&categories, 4)) } else { Choice::Any },
        labels: if has_labels { Choice::Of(random.some(&labels, 2)) } else { Choice::Any },
        custodians: if has_custodian {
            Choice::Of((0..30).map(|_| institution_id(random.below(INSTITUTIONS))).collect())
        } else {
            Choice::Any
        },
        purposes: if has_purpose { Choice::Of(random.some(&PURPOSES, 2)) } else { Choice::Any },
        days: if has_days {
            RecordDays::Between(Some(date(-400 + random.below(300) as i64)), Some(date(random.below(30) as i64)))
        } else {
            RecordDays::Any
        },
        period: has_period.then(|| period(random)),
        needs_relation,
        obligations: if is_permit && has_obligation { vec![Obligation::NoDownload] } else { Vec::new() },
        ..Provision::default()
    }
}

fn recipient(random: &mut Random) -> Recipient {
    match random.below(6) {
        0 => Recipient::Institution(institution_id(random.below(INSTITUTIONS))),
        1 => Recipient::Kind(KindWord(InstitutionKind::ALL[random.below(6)])),
        2 => Recipient::Group(random.pick(&GROUPS).into()),
        3 => Recipient::Region(random.pick(&REGIONS).into()),
        4 => Recipient::Practitioner(practitioner_id(random.below(PRACTITIONERS))),
        _ => Recipient::Kind(KindWord(InstitutionKind::ALL[random.below(2)])),
    }
}

fn period(random: &mut Random) -> Period {
    let from = NOW.plus_micros((random.below(96) as i64 - 48) * HOUR);
    let until = from.plus_micros((1 + random.below(96) as i64) * HOUR);
    Period::new(from, until).unwrap_or(Period::ALWAYS)
}

/// A day so many days from the present.
#[must_use]
pub fn date(offset: i64) -> Date {
    let moment = NOW.plus_micros(offset * 24 * HOUR);
    moment.date(Offset::TOKYO).expect("a day of this century")
}

/// A question about one of some patients; in emergencies `emergency_percent` times of a hundred.
pub fn ask(random: &mut Random, patients: usize, emergency_percent: usize) -> Asked {
    let institution = random.below(INSTITUTIONS);
    let codes = if random.happens(25) { random.some(&CODES, 2) } else { Vec::new() };
    Asked {
        patient: random.below(patients),
        institution,
        practitioner: institution * 8 + random.below(8),
        role: random.pick(&ROLES),
        has_relation: random.happens(50),
        custodian: random.below(INSTITUTIONS),
        category: random.pick(&CATEGORIES).parse().expect("a category"),
        codes,
        day: random.below(500) as i64 - 450,
        purpose: if random.happens(75) { Purpose::TREAT } else { random.pick(&PURPOSES) },
        minutes: random.below(5_760) as i64 - 2_880,
        is_emergency: random.happens(emergency_percent),
    }
}

fn document(root: Provision) -> ConsentDocument {
    ConsentDocument {
        consent: ConsentId([1; 16]),
        version: 1,
        identity: IdentityId([1; 16]),
        grantor: Grantor { kind: GrantorKind::Subject, evidence: None, valid: None },
        signature: Signature::Own,
        signed: NOW,
        policy: 1,
        replaces: None,
        scan: None,
        root,
    }
}

fn snapshot() -> anyhow::Result<Snapshot> {
    let mut described = directory::description::Directory::default();
    for number in 0..INSTITUTIONS {
        let (kind, region, groups) = facts(number);
        let text = format!(
            "id = \"h{number}\"\nname = \"h{number}\"\nkind = \"{}\"\nregion = \"{region}\"\ngroups = {groups:?}",
            kind.word()
        );
        described.institutions.push(toml::from_str(&text)?);
    }
    let kv = MemoryKv::new();
    let begin = Instant::from_micros(0);
    for number in 0..PRACTITIONERS {
        described.practitioners.push(toml::from_str(&format!("id = \"d{number}\"\nname = \"d{number}\""))?);
    }
    let mut draft = Draft::new(&kv);
    let desired = described.check(Offset::TOKYO).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    directory::apply(&mut draft, &desired, begin, begin)?;
    kv.commit(&draft.finish().into_batch(BatchId([0; 16])))?;
    Ok(Snapshot::load(&mut Draft::new(&kv))?)
}
