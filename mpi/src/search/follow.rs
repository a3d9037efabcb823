//! What the log means for the index: which records an event touches, and how a record of the store is found.
//!
//! An event names a record, never a value. The record is read as it stands now, not as it stood at the event: events that
//! are repeated, come late or come after a rebuild then lead to the same index. Merges touch nothing here, since the
//! index knows home persons and readers follow the pointers of the store.

use std::collections::BTreeSet;

use kv::{Change, Draft};
use linkage::normalize::{Kind, Tables, clean, normalize};

use super::{SearchName, SearchRecord, SearchUpdate};
use crate::store::{person, record};
use crate::{Attribute, Demographics, Error, Event, PersonId, RecordId, RecordState, Standing, review};

/// The records that a part of the log touches, each once.
///
/// # Errors
/// Those of the store; [`Error::Corrupt`] for an event that cannot be read.
pub fn touched(draft: &mut Draft<'_>, changes: &[Change]) -> Result<BTreeSet<RecordId>, Error> {
    let mut records = BTreeSet::new();
    for entry in changes.iter().flat_map(|change| &change.entries) {
        match Event::decode(entry)? {
            Some(
                Event::RecordStored { record, .. } | Event::RecordMoved { record, .. } | Event::Erased { record, .. },
            ) => {
                records.insert(record);
            }
            // A version that has waited for the decision may hold now.
            Some(Event::TaskChanged { task }) => {
                let task = review::stored(draft, task)?.filter(|task| task.version.is_some());
                records.extend(task.into_iter().flat_map(|task| task.records));
            }
            Some(
                Event::PersonCreated { .. }
                | Event::Merged { .. }
                | Event::Unmerged { .. }
                | Event::TaskOpened { .. }
                | Event::Constrained { .. }
                | Event::RulesActivated { .. }
                | Event::Related { .. }
                | Event::ByRun { .. }
                | Event::KeptApart { .. }
                | Event::Reconciled { .. },
            )
            | None => {}
        }
    }
    Ok(records)
}

/// How a record is to be found from now on: by its current version and its earlier names; not at all after erasure.
///
/// # Errors
/// Those of the store.
pub fn update_of(draft: &mut Draft<'_>, id: RecordId, tables: &Tables) -> Result<SearchUpdate, Error> {
    let head = record::head(draft, id)?.filter(|head| head.state != RecordState::Erased);
    let Some(head) = head else { return Ok(SearchUpdate::Delete(id.0)) };
    let versions = record::versions(draft, id)?;
    let current = versions.iter().find(|(number, _)| *number == head.current);
    let (_, current) = current.ok_or(Error::Corrupt { what: "the current version of a record" })?;
    let nothing = Demographics::new();
    let stated = current.demographics.as_ref().unwrap_or(&nothing);
    let mut found = search_record(stated, tables);
    found.record = id.0;
    found.home = head.home.number();
    found.institution = head.institution.as_str().to_owned();
    found.local_id = head.identifier.value().to_owned();
    // What waits for a decision may be another person's name.
    let earlier =
        versions.iter().filter(|(number, row)| *number != head.current && row.standing != Standing::Quarantined);
    for (_, row) in earlier {
        let said = row.demographics.as_ref().unwrap_or(&nothing);
        for name in [family(said), given(said)] {
            if name != found.family && name != found.given {
                add_name(&mut found.former_names, name);
            }
        }
    }
    Ok(SearchUpdate::Put(Box::new(found)))
}

/// The person that a home belongs to now, merges followed; none when there is no such person.
///
/// # Errors
/// Those of the store.
pub fn root_of(draft: &mut Draft<'_>, home: u64) -> Result<Option<PersonId>, Error> {
    Ok(person::root(draft, PersonId::new(home))?.map(|(root, _)| root))
}

fn search_record(stated: &Demographics, tables: &Tables) -> SearchRecord {
    let text = |attribute| stated.get(attribute);
    let birth_date = normalize(Kind::Date, text(Attribute::BirthDate), tables).and_then(|value| value.date());
    let mut former_names = Vec::new();
    for attribute in [Attribute::FormerFamily, Attribute::CommonName] {
        for name in parted(text(attribute)) {
            add_name(&mut former_names, name_in_any_script(name));
        }
    }
    let others = [Attribute::CardId, Attribute::InsuredNumber].map(text);
    SearchRecord {
        family: family(stated),
        given: given(stated),
        former_names,
        birth_date,
        phones: parted(text(Attribute::Phone)).map(str::to_owned).collect(),
        other_ids: others.into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        ..SearchRecord::default()
    }
}

/// The family name. Latin letters come as one text, whose words are found one by one, so all of it stands here.
fn family(stated: &Demographics) -> SearchName {
    SearchName {
        kanji: stated.get(Attribute::FamilyKanji).to_owned(),
        kana: stated.get(Attribute::FamilyKana).to_owned(),
        romaji: stated.get(Attribute::NameRomaji).to_owned(),
    }
}

fn given(stated: &Demographics) -> SearchName {
    SearchName {
        kanji: stated.get(Attribute::GivenKanji).to_owned(),
        kana: stated.get(Attribute::GivenKana).to_owned(),
        romaji: String::new(),
    }
}

/// The members of a text that may hold several.
fn parted(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '；', '|', '、']).map(str::trim).filter(|member| !member.is_empty())
}

/// A name of which only the text is known: its script says what it is. Kana may be a registered spelling as well.
fn name_in_any_script(text: &str) -> SearchName {
    let is_latin = text.chars().all(|c| c.is_ascii() || matches!(c, '\u{C0}'..='\u{24F}'));
    let is_kana = clean(text).chars().all(|c| matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ー' | ' '));
    SearchName {
        kanji: if is_latin { String::new() } else { text.to_owned() },
        kana: if is_kana { text.to_owned() } else { String::new() },
        romaji: if is_latin { text.to_owned() } else { String::new() },
    }
}

fn add_name(names: &mut Vec<SearchName>, name: SearchName) {
    if name != SearchName::default() && !names.contains(&name) {
        names.push(name);
    }
}
