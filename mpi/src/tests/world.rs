//! A small world for tests: a store in memory, the rules of the network, a clock and ids that are counted.

use crate::{Actor, Arrival, Arrived, Attribute, Demographics, Error, Index, PersonId, Stamp, StandbyModel, arrive};
use directory::{AuthorityId, Identifier, Instant, InstitutionId, Offset, Snapshot, description};
use kv::{BatchId, Commit, Digester, Draft, Kv, MemoryKv};
use linkage::arrival::{FrozenFrequencies, FrozenModel};
use linkage::compare::Readings;
use linkage::exec::Serial;
use linkage::normalize::{TableSources, Tables};
use linkage::rules::RuleSet;
use linkage::table::TableBuilder;
use std::sync::OnceLock;

pub(super) struct World {
    pub(super) kv: MemoryKv,
    pub(super) digester: Digester,
    pub(super) directory: Snapshot,
    pub(super) now: i64,
    /// Whether the other model stands by, or, once it has taken over, the usual one.
    pub(super) has_standby: bool,
    /// Whether the other model decides.
    pub(super) is_switched: bool,
    drawn: u64,
}

/// An invented population: per record its columns, and the person that it is of.
pub(super) struct Population {
    pub(super) columns: Vec<String>,
    pub(super) records: Vec<Vec<String>>,
    pub(super) persons: Vec<String>,
}

impl Population {
    pub(super) fn of(people: u64, seed: u64) -> Self {
        let settings = synth::Settings::new(people, seed, synth::Profile::Base);
        let (mut records, mut truth, mut errors, mut strata) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut outputs =
            synth::Outputs { records: &mut records, truth: &mut truth, errors: &mut errors, strata: &mut strata };
        synth::write(&settings, &mut outputs, &mut |_| {}).unwrap();
        let rows = |bytes: Vec<u8>| -> Vec<Vec<String>> {
            let text = String::from_utf8(bytes).unwrap();
            text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
        };
        let mut records = rows(records);
        let columns = records.remove(0);
        let truth: std::collections::BTreeMap<String, String> =
            rows(truth).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        let persons = records.iter().map(|row| truth[&row[0]].clone()).collect();
        Self { columns, records, persons }
    }

    pub(super) fn text(&self, row: usize, column: &str) -> &str {
        let position = self.columns.iter().position(|known| known == column).unwrap();
        &self.records[row][position]
    }

    pub(super) fn arrival(&self, row: usize) -> Arrival {
        let mut demographics = Demographics::new();
        for attribute in Attribute::ALL {
            if self.columns.iter().any(|column| column == attribute.name()) {
                demographics.set(*attribute, self.text(row, attribute.name()));
            }
        }
        let institution = self.text(row, "institution");
        arrival(institution, self.text(row, "local_id"), demographics)
    }
}

pub(super) fn arrival(institution: &str, local_id: &str, demographics: Demographics) -> Arrival {
    let authority = AuthorityId::new(&format!("urn:test:{institution}")).unwrap();
    Arrival {
        identifier: Identifier::new(authority, local_id).unwrap(),
        institution: InstitutionId::new(institution).unwrap(),
        event_time: Instant::from_micros(0),
        demographics,
        life: crate::life::LifeStatus::default(),
    }
}

/// Demographics from a line: family and given name in kanji, then in kana, sex, birth date, then address and telephone.
pub(super) fn person(line: &str) -> Demographics {
    let attributes = [
        Attribute::FamilyKanji,
        Attribute::GivenKanji,
        Attribute::FamilyKana,
        Attribute::GivenKana,
        Attribute::Sex,
        Attribute::BirthDate,
        Attribute::Address,
        Attribute::Phone,
    ];
    let mut demographics = Demographics::new();
    attributes.iter().zip(line.split(' ')).for_each(|(attribute, text)| demographics.set(*attribute, text));
    demographics
}

/// The rules of the network with the frequencies of an invented population.
pub(super) fn model() -> &'static FrozenModel {
    static MODEL: OnceLock<FrozenModel> = OnceLock::new();
    MODEL.get_or_init(|| model_of(&|_| ()))
}

/// The same rules with the blocks in another order and one less: what is stored of a record differs.
pub(super) fn other_model() -> &'static FrozenModel {
    static MODEL: OnceLock<FrozenModel> = OnceLock::new();
    MODEL.get_or_init(|| {
        model_of(&|rules| {
            rules.blocks.reverse();
            rules.blocks.pop();
        })
    })
}

fn model_of(change: &dyn Fn(&mut RuleSet)) -> FrozenModel {
    let mut rules = RuleSet::parse(include_str!("../../../matching-rules/person.toml")).unwrap();
    change(&mut rules);
    let tables = Tables::parse(&TableSources {
        kanji_fold: include_str!("../../../matching-rules/normalize/kanji_fold.tsv"),
        municipalities: include_str!("../../../matching-rules/normalize/municipalities.tsv"),
    })
    .unwrap();
    let readings = Readings::parse(include_str!("../../../matching-rules/normalize/readings.tsv")).unwrap();
    let population = Population::of(2_000, 5);
    let mut builder = TableBuilder::new(&rules);
    let columns: Vec<String> = builder.columns().to_vec();
    for row in 0..population.records.len() {
        let texts: Vec<&str> = columns.iter().map(|column| population.text(row, column)).collect();
        builder.push(population.text(row, "record_id"), 0, &texts).unwrap();
    }
    let (table, _) = builder.finish(&rules, &tables, false, &Serial);
    let frequencies = FrozenFrequencies::freeze(&rules, &table);
    FrozenModel::new(rules, frequencies, tables, readings).unwrap()
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(["3210000011", "3210000022", "3210000033"])
    }

    /// A world with these institutions, each with a domain of its own.
    pub(super) fn with<'i>(institutions: impl IntoIterator<Item = &'i str>) -> Self {
        let mut described = description::Directory::default();
        for id in institutions.into_iter().collect::<std::collections::BTreeSet<_>>() {
            let toml = format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"hospital\"\nregion = \"Izumo\"");
            described.institutions.push(toml::from_str(&toml).unwrap());
            let toml = format!("id = \"urn:test:{id}\"\nname = \"{id}\"\nkind = \"patients\"\nowner = \"{id}\"");
            described.authorities.push(toml::from_str(&toml).unwrap());
        }
        let kv = MemoryKv::new();
        let mut draft = Draft::new(&kv);
        let begin = Instant::from_micros(0);
        directory::apply(&mut draft, &described.check(Offset::TOKYO).unwrap(), begin, begin).unwrap();
        kv.commit(&draft.finish().into_batch(BatchId([0; 16]))).unwrap();
        let directory = Snapshot::load(&mut Draft::new(&kv)).unwrap();
        let digester = Digester::new(&[7; 32]);
        Self { kv, digester, directory, now: 0, has_standby: false, is_switched: false, drawn: 0 }
    }

    pub(super) fn index(&self) -> Index<'_> {
        self.index_of(self.is_switched)
    }

    /// The index with the usual model, or with the other.
    pub(super) fn index_of(&self, is_switched: bool) -> Index<'_> {
        let of = |is_other: bool| match is_other {
            true => StandbyModel { model: other_model(), generation: 1 },
            false => StandbyModel { model: model(), generation: 0 },
        };
        let (decides, standby) = (of(is_switched), self.has_standby.then(|| of(!is_switched)));
        let (directory, digester) = (&self.directory, &self.digester);
        Index { model: decides.model, generation: decides.generation, standby, directory, digester }
    }

    pub(super) fn stamp(&mut self) -> Stamp {
        self.now += 1;
        Stamp { now: Instant::from_micros(self.now), actor: Actor { id: "test".into(), institution: None } }
    }

    pub(super) fn fresh(&mut self) -> PersonId {
        self.drawn += 1;
        PersonId::new(self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Runs a verb and commits what it planned.
    pub(super) fn write<T>(
        &self,
        verb: impl FnOnce(&Index<'_>, &mut Draft<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut draft = Draft::new(&self.kv);
        let answer = verb(&self.index(), &mut draft)?;
        let plan = draft.finish();
        if !plan.is_empty() {
            let id = self.digester.digest("batch", &[&self.now.to_be_bytes(), &self.kv.health().seq.0.to_be_bytes()]);
            assert!(matches!(self.kv.commit(&plan.into_batch(BatchId(id))).unwrap(), Commit::Committed(_)));
        }
        Ok(answer)
    }

    pub(super) fn arrive(&mut self, arrival: &Arrival) -> Arrived {
        let (fresh, stamp) = (self.fresh(), self.stamp());
        self.write(|index, draft| arrive(index, draft, arrival, fresh, &stamp)).unwrap()
    }
}
