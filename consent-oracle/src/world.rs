//! Random consents and questions over a small network, in names.

use crate::random::Random;
use consent::document::{Choice, ConsentDocument, Grantor, GrantorKind, KindWord, Provision, Recipient, Signature};
use consent::{
    ActingAs, Category, Chart, ChartConsent, Claimed, Codebook, CompiledConsent, ConsentId, Effect, Engine, IdentityId,
    IdentityStanding, Known, Label, Labels, Name, NetworkPolicy, PolicyImage, Purpose, RecordFacts, Relation, Request,
    Requester, SignerFacts, SubjectState,
};
use directory::{AsOf, ClientId, Instant, InstitutionId, InstitutionKind, Offset, Period, Role, Snapshot, description};
use kv::{BatchId, Draft, Kv as _, MemoryKv};
use std::collections::{BTreeMap, BTreeSet};

/// The default policy, with the names of its ceilings and rules.
pub const POLICY: &str = include_str!("../../consent/policies/default.toml");

/// 2026-04-01T00:00:00Z
pub const NOW: Instant = Instant::from_micros(1_775_001_600 * 1_000_000);
const HOUR: i64 = 3_600 * 1_000_000;

/// Id, kind, region, group of every institution.
pub const INSTITUTIONS: [(&str, InstitutionKind, &str, &str); 8] = [
    ("h1", InstitutionKind::Hospital, "izumo", "stroke"),
    ("h2", InstitutionKind::Hospital, "matsue", "birth"),
    ("c1", InstitutionKind::Clinic, "izumo", "stroke"),
    ("c2", InstitutionKind::Clinic, "oda", "birth"),
    ("p1", InstitutionKind::Pharmacy, "izumo", "stroke"),
    ("v1", InstitutionKind::VisitingNurse, "matsue", "birth"),
    ("k1", InstitutionKind::CareFacility, "oda", "home"),
    ("g1", InstitutionKind::Government, "matsue", "home"),
];

/// Purposes that need no emergency.
pub const PURPOSES: [Purpose; 8] = [
    Purpose::TREAT,
    Purpose::TREAT,
    Purpose::from_bit(1),
    Purpose::from_bit(2),
    Purpose::PATADMIN,
    Purpose::HRESCH,
    Purpose::PATRQT,
    Purpose::from_bit(16),
];
const CODES: [&str; 8] = ["PSY", "PSYTHPN", "MH", "HIV", "NOPAT", "ETHUD", "R", "V"];

/// A patient: consents in force, and how he or she stands.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The roots of the consents.
    pub roots: Vec<Provision>,
    /// Whether the person takes part.
    pub state: SubjectState,
}

/// A question in names.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The place of the institution.
    pub institution: usize,
    /// As what.
    pub role: ActingAs,
    /// In which relationship.
    pub relation: Option<Relation>,
    /// Why.
    pub purpose: Purpose,
    /// The place of the custodian.
    pub custodian: usize,
    /// Which data.
    pub category: Category,
    /// With which labels.
    pub codes: Vec<&'static str>,
    /// When.
    pub now: Instant,
}

/// Policy, directory and numbers.
pub struct World {
    /// As it is written.
    pub policy: NetworkPolicy,
    directory: Snapshot,
    book: Codebook,
    image: PolicyImage,
}

impl World {
    /// The network with a policy.
    ///
    /// # Panics
    /// When the network cannot be made.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut described = description::Directory::default();
        for (id, kind, region, group) in INSTITUTIONS {
            described.institutions.push(description::Institution {
                id: id.to_owned(),
                name: id.to_owned(),
                kind: kind.word().to_owned(),
                region: region.to_owned(),
                groups: vec![group.to_owned()],
                disclosing: true,
                code: None,
                participant: true,
                joined: None,
                left: None,
            });
        }
        described.clients.push(description::ClientEntry {
            id: "hub".to_owned(),
            name: "hub".to_owned(),
            institution: "h1".to_owned(),
            purposes: Purpose::all().map(|purpose| purpose.code().to_owned()).collect(),
            roles: Role::ALL.map(|role| role.word().to_owned()).into(),
        });
        let desired = described.check(Offset::TOKYO).expect("a directory");
        let kv = MemoryKv::new();
        let mut draft = Draft::new(&kv);
        let begin = Instant::from_micros(0);
        directory::apply(&mut draft, &desired, begin, begin).expect("a plan");
        kv.commit(&draft.finish().into_batch(BatchId([0; 16]))).expect("a commit");
        let directory = Snapshot::load(&mut Draft::new(&kv)).expect("a snapshot");
        let policy = NetworkPolicy::parse("policy", text).expect("a policy");
        let mut book = Codebook::new();
        book.enter_directory(&directory, AsOf::known(NOW)).expect("room");
        let known = Known { directory: &directory, as_of: AsOf::known(NOW) };
        let image = PolicyImage::compile(&policy, 1, (Some(known), &[]), &mut book).expect("an image");
        Self { policy, directory, book, image }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine<'_> {
        Engine { policy: &self.image, book: &self.book }
    }

    /// The chart of a patient; none when a consent cannot be meant.
    pub fn chart(&mut self, patient: &Patient) -> Option<Chart> {
        let identity = IdentityId([1; 16]);
        let mut compiled: Vec<CompiledConsent> = Vec::new();
        for (number, root) in (1_u8..).zip(&patient.roots) {
            let document = ConsentDocument {
                consent: ConsentId([number; 16]),
                version: 1,
                identity,
                grantor: Grantor { kind: GrantorKind::Subject, evidence: None, valid: None },
                signature: Signature::Own,
                signed: NOW,
                policy: 1,
                replaces: None,
                scan: None,
                root: root.clone(),
            };
            let known = Known { directory: &self.directory, as_of: AsOf::known(NOW) };
            let signer = (known, SignerFacts::default());
            compiled.push(consent::compile(&document, signer, &self.image, &mut self.book).ok()?);
        }
        let reach = BTreeSet::from([identity]);
        let consents: Vec<ChartConsent<'_>> =
            compiled.iter().map(|compiled| ChartConsent { compiled, reach: &reach }).collect();
        let has_signed = !patient.roots.is_empty();
        let standing = IdentityStanding { state: patient.state, has_signed, ..IdentityStanding::default() };
        Chart::assemble(&BTreeMap::from([(identity, standing)]), &consents, Instant::FOREVER).ok()
    }

    /// Who asks.
    ///
    /// # Panics
    /// Never: the ids are valid.
    #[must_use]
    pub fn requester(&self, asked: &Asked) -> Requester {
        let claimed = Claimed {
            institution: id(asked.institution),
            department: None,
            practitioner: None,
            role: asked.role,
            client: ClientId::new("hub").expect("an id"),
        };
        let requester = Requester::look_up(&claimed, (&self.directory, AsOf::known(NOW)), &self.book);
        Requester { relations: asked.relation.into_iter().collect(), ..requester }
    }

    /// The question in numbers.
    #[must_use]
    pub fn request<'r>(&self, asked: &Asked, requester: &'r Requester) -> Request<'r> {
        let custodian = self.book.number(&Name::Institution(id(asked.custodian)));
        let labels = Labels::of_record(asked.codes.iter().copied());
        Request {
            requester,
            record: RecordFacts { labels, ..RecordFacts::of(custodian, asked.category) },
            purpose: asked.purpose,
            now: asked.now,
            emergency: None,
            has_legal_basis: false,
            is_stale: false,
        }
    }
}

fn id(place: usize) -> InstitutionId {
    InstitutionId::new(INSTITUTIONS[place].0).expect("an id")
}

/// A random patient.
pub fn patient(random: &mut Random) -> Patient {
    let count = random.below(4);
    let roots = (0..count).map(|_| root(random)).collect();
    let state = if random.once_in(12) { SubjectState::Withdrawn } else { SubjectState::Enrolled };
    Patient { roots, state }
}

fn root(random: &mut Random) -> Provision {
    let effect = if random.once_in(3) { Effect::Deny } else { Effect::Permit };
    let mut root = provision(random, effect);
    for _ in 0..random.below(3) {
        let effect = if random.once_in(2) { Effect::Deny } else { Effect::Permit };
        root.exceptions.push(Provision { period: None, ..provision(random, effect) });
    }
    root
}

fn provision(random: &mut Random, effect: Effect) -> Provision {
    let mut made = Provision { effect: Some(effect), ..Provision::default() };
    if random.once_in(2) {
        made.recipients = Choice::Of((0..=random.below(2)).map(|_| recipient(random)).collect());
    }
    if random.once_in(4) {
        made.roles = Choice::Of(random.some_of(&ActingAs::ALL));
    }
    if random.once_in(3) {
        made.categories = Choice::Of(random.some_of(&Category::all().collect::<Vec<_>>()));
    }
    let labels: Vec<Label> = CODES.iter().filter_map(|code| code.parse().ok()).collect();
    if random.once_in(4) {
        made.labels = Choice::Of(random.some_of(&labels));
    } else if random.once_in(5) {
        made.without_labels = Choice::Of(random.some_of(&labels));
    }
    if random.once_in(4) {
        made.custodians = Choice::Of((0..=random.below(2)).map(|_| id(random.below(INSTITUTIONS.len()))).collect());
    }
    if random.once_in(2) {
        made.purposes = Choice::Of(random.some_of(&PURPOSES));
    }
    if random.once_in(4) {
        let from = i64::try_from(random.below(12)).unwrap_or(0) - 6;
        let long = 1 + i64::try_from(random.below(8)).unwrap_or(0);
        made.period = Period::new(NOW.plus_micros(from * HOUR), NOW.plus_micros((from + long) * HOUR)).ok();
    }
    made.needs_relation = random.once_in(8);
    made
}

fn recipient(random: &mut Random) -> Recipient {
    let (_, kind, region, group) = random.one_of(&INSTITUTIONS);
    match random.below(5) {
        0 => Recipient::Kind(KindWord(kind)),
        1 => Recipient::Region(region.into()),
        2 => Recipient::Group(group.into()),
        3 => Recipient::InRelation(vec![random.one_of(&Relation::ALL)]),
        _ => Recipient::Institution(id(random.below(INSTITUTIONS.len()))),
    }
}

/// A random question.
pub fn asked(random: &mut Random) -> Asked {
    let minutes = i64::try_from(random.below(12 * 60)).unwrap_or(0) - 6 * 60;
    let some_codes = random.some_of(&CODES);
    Asked {
        institution: random.below(INSTITUTIONS.len()),
        role: random.one_of(&ActingAs::ALL),
        relation: if random.once_in(2) { Some(random.one_of(&Relation::ALL)) } else { None },
        purpose: random.one_of(&PURPOSES),
        custodian: random.below(INSTITUTIONS.len()),
        category: random.one_of(&Category::all().collect::<Vec<_>>()),
        codes: if random.once_in(2) { some_codes } else { Vec::new() },
        now: NOW.plus_micros(minutes * 60 * 1_000_000),
    }
}
