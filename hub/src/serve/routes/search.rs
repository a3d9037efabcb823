//! Search: persons of whom somebody knows half a name, a date, the end of a number.
//!
//! Words are looked up in the search index among the visible records only; what is shown comes from the store as it stands
//! now. A person whose records are all hidden is not counted, not ranked and not shown.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use directory::{AuthorityId, Identifier, Instant};
use mpi::kv::Draft;
use mpi::read::PersonView;
use mpi::search::{
    Answer as Found, Class, FoundPerson, HITS_MAX, Part, Query as Words, Question, WordMatch, group_by_person, parse,
    root_of,
};
use mpi::{Attribute, PersonId, Visible};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::Scope;
use crate::serve::extract::Query;
use crate::serve::page::PageQuery;
use crate::serve::permission::Patient;
use crate::serve::problem::Problem;
use crate::serve::search::Search;
use crate::serve::viewer::{DEMOGRAPHICS, Viewer};
use crate::serve::views::record::WHEREABOUTS;

/// Records that are looked at for one question, the best first: more persons than anybody leafs through.
const HITS: usize = 500;

/// Values that a list of persons shows; everything else stands at the person.
const SHOWN: [Attribute; 9] = [
    Attribute::FamilyKanji,
    Attribute::GivenKanji,
    Attribute::FamilyKana,
    Attribute::GivenKana,
    Attribute::NameRomaji,
    Attribute::BirthDate,
    Attribute::Sex,
    Attribute::Address,
    Attribute::Phone,
];

/// What to search for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct SearchQuery {
    /// Words in any order: names in kanji, kana of any width or Latin letters, whole, begun or with one typing error; a
    /// birth date in western or era years; the end of a telephone number; a local id; an enterprise id, also an old one;
    /// `authority|local id` for exactly one record.
    #[param(example = "ワタナベ S32.4.5")]
    q: String,
    /// The most persons to give. The server may give fewer.
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    page: Option<String>,
}

/// Persons that were found.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct SearchPage {
    /// The persons, best first.
    persons: Vec<FoundPersonView>,
    /// How many persons were found; the least number when `is_truncated`.
    total: usize,
    /// Whether more records fit than were looked at: say more.
    is_truncated: bool,
    /// Whether a part of `q` was left out, because it has too many words or characters.
    is_cut: bool,
    /// The position of the log up to which the search index holds; compare it with the `Nayose-Sequence` of a write.
    applied: u64,
    /// The token of the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A person that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundPerson)]
pub(in crate::serve) struct FoundPersonView {
    /// The enterprise id.
    #[schema(example = "SM-1234-5678-9018")]
    person: String,
    /// Name, birth date, sex, address and telephone as they are best known from the visible records, by attribute.
    values: BTreeMap<&'static str, String>,
    /// Visible records of the person.
    records: usize,
    /// What fits.
    matches: Vec<MatchView>,
}

/// A word that fits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WordMatch)]
pub(in crate::serve) struct MatchView {
    /// The word as it was read.
    word: String,
    /// Where it was found: `full_name`, `family_name`, `given_name`, `former_name`, `birth_date`, `phone`, `local_id`,
    /// `other_identifier`, `enterprise_id`.
    found_in: &'static str,
    /// How well it fits: `exact`, `equal` (a variant or an equal reading), `near` (sounds or looks the same), `prefix` (a
    /// part of it), `typo` (one typing error).
    how: &'static str,
}

/// Searches for persons.
#[utoipa::path(get, path = "/v1/search", operation_id = "search_persons", tag = "persons", params(SearchQuery),
    responses((status = 200, body = SearchPage)))]
pub(in crate::serve) async fn find(
    State(app): State<App>,
    viewer: Viewer,
    Query(query): Query<SearchQuery>,
) -> Result<Answer, Problem> {
    viewer.caller.require(Scope::SearchPersons)?;
    let search = app.search()?.clone();
    let paging = PageQuery { limit: query.limit, page: query.page };
    let pages = app.pages(&viewer.caller, &format!("search {} for {}", query.q, viewer.binding()), &paging);
    let limit = usize::try_from(pages.limit()?).unwrap_or(usize::MAX);
    let start = pages.position()?.map_or(0, |position| start_of(&position));
    let asked = Asked { search, app: app.clone(), viewer: viewer.clone(), now: app.now(), text: query.q };
    let ((mut page, end), rules) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            Ok((asked.answer(operating, draft, (start, limit))?, operating.model.version().to_owned()))
        })
        .await?;
    let shown = page.persons.iter().map(|person| person.person.clone());
    app.audit_view(&viewer, "search", viewer.subjects(shown, &rules)).await?;
    page.next = (end < page.total).then(|| pages.token(&u32::try_from(end).unwrap_or(u32::MAX).to_be_bytes()));
    Answer::ok(&page)
}

/// How many persons the pages before have shown.
fn start_of(position: &[u8]) -> usize {
    let count = <[u8; 4]>::try_from(position).map_or(0, u32::from_be_bytes);
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A question of a caller.
struct Asked {
    search: Search,
    app: App,
    viewer: Viewer,
    now: Instant,
    text: String,
}

impl Asked {
    /// A page, and the place after it.
    fn answer(
        &self,
        operating: &Operating,
        draft: &mut Draft<'_>,
        (start, limit): (usize, usize),
    ) -> Result<(SearchPage, usize), Problem> {
        // Read before the question is answered: what it names is then in the answer.
        let applied = self.search.applied();
        let mut page =
            SearchPage { persons: Vec::new(), total: 0, is_truncated: false, is_cut: false, applied, next: None };
        if let Some(one) = self.exactly_one(operating, draft)? {
            page.persons.extend(one);
            page.total = page.persons.len();
            return Ok((page, usize::MAX));
        }
        let Question::Words(query) = parse(&self.text, self.search.tables(), |_| false) else {
            return Ok((page, usize::MAX));
        };
        let (found, visible) = self.found(operating, &query)?;
        let mut failed = None;
        let persons = group_by_person(found.hits, |home| match root_of(draft, home) {
            Ok(root) => root.map_or(home, PersonId::number),
            Err(error) => {
                failed = Some(error);
                home
            }
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        (page.total, page.is_truncated, page.is_cut) = (persons.len(), found.is_truncated, query.is_cut);
        let words: Vec<&str> = query.words().collect();
        for person in persons.iter().skip(start).take(limit) {
            let Some(home) = person.hits.first().map(|hit| PersonId::new(hit.home)) else { continue };
            // The store may have moved on since the record was indexed.
            if let Some(view) = mpi::read::person(&operating.index(), draft, home, &visible)? {
                page.persons.push(self.view(operating, &view, matches(person, &words)));
            }
        }
        Ok((page, start.saturating_add(limit)))
    }

    /// The records that fit and may be shown, and what may be shown.
    ///
    /// Consent is asked for the persons of the best records of the whole index, as many as the index gives.
    fn found(&self, operating: &Operating, query: &Words) -> Result<(Found, Visible), Problem> {
        let reader = self.search.reader()?;
        let look = |visible: &Visible, limit| reader.search(query, visible, limit).map_err(Problem::internal);
        let patients: BTreeSet<u64> = if self.viewer.is_by_consent() {
            look(&Visible::All, HITS_MAX)?.hits.iter().map(|hit| hit.home).collect()
        } else {
            BTreeSet::new()
        };
        let patients: Vec<Patient> = patients.into_iter().map(|home| Patient::Person(PersonId::new(home))).collect();
        let visible = self.visible(operating, &patients)?;
        Ok((look(&visible, HITS)?, visible))
    }

    fn visible(&self, operating: &Operating, patients: &[Patient]) -> Result<Visible, Problem> {
        self.viewer.visible((&self.app, operating), (patients, &DEMOGRAPHICS))
    }

    /// The only person that can be meant, when the text is an enterprise id or names one record; none inside when there is
    /// none or it is hidden.
    fn exactly_one(
        &self,
        operating: &Operating,
        draft: &mut Draft<'_>,
    ) -> Result<Option<Option<FoundPersonView>>, Problem> {
        let text = linkage::normalize::clean(&self.text);
        let index = operating.index();
        let (found, found_in) = if let Some(id) = enterprise_id(&text, &self.search, &operating.prefix) {
            let visible = self.visible(operating, &[Patient::Person(id)])?;
            (mpi::read::person(&index, draft, id, &visible)?, "enterprise_id")
        } else if let Some(identifier) = identifier(&self.text) {
            let visible = self.visible(operating, &[Patient::Identifier(identifier.clone())])?;
            (mpi::read::resolve(&index, draft, &identifier, &visible)?, "local_id")
        } else {
            return Ok(None);
        };
        let matches = |word: String| vec![MatchView { word, found_in, how: "exact" }];
        Ok(Some(found.map(|view| self.view(operating, &view, matches(text)))))
    }

    fn view(&self, operating: &Operating, view: &PersonView, matches: Vec<MatchView>) -> FoundPersonView {
        let golden = view.golden(&operating.index(), &operating.survivorship, self.now);
        let is_protected = view.records.iter().any(|record| record.life.protection.is_some());
        let is_shown = |attribute: &Attribute| !(is_protected && WHEREABOUTS.contains(attribute));
        let value = |attribute: Attribute| Some((attribute.name(), golden.get(attribute)?.text.to_string()));
        FoundPersonView {
            person: view.person.enterprise_id(&operating.prefix),
            values: SHOWN.into_iter().filter(is_shown).filter_map(value).collect(),
            records: view.records.len(),
            matches,
        }
    }
}

/// The enterprise id that the text is, or that stands among its words.
fn enterprise_id(text: &str, search: &Search, prefix: &str) -> Option<PersonId> {
    let read = |text: &str| PersonId::parse(text, prefix).ok();
    read(text).or_else(|| match parse(text, search.tables(), |word| read(word).is_some()) {
        Question::EnterpriseId(word) => read(&word),
        Question::Words(_) => None,
    })
}

/// `authority|local id`.
fn identifier(text: &str) -> Option<Identifier> {
    let (authority, value) = text.trim().split_once('|')?;
    Identifier::new(AuthorityId::new(authority).ok()?, value).ok()
}

fn matches(person: &FoundPerson, words: &[&str]) -> Vec<MatchView> {
    let view = |found: &WordMatch| {
        let word = words.get(found.word).copied().unwrap_or_default().to_owned();
        MatchView { word, found_in: part(found.part), how: class(found.class) }
    };
    person.matches.iter().map(view).collect()
}

fn part(part: Part) -> &'static str {
    match part {
        Part::OtherIdentifier => "other_identifier",
        Part::FormerName => "former_name",
        Part::Phone => "phone",
        Part::BirthDate => "birth_date",
        Part::LocalId => "local_id",
        Part::GivenName => "given_name",
        Part::FamilyName => "family_name",
        Part::FullName => "full_name",
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Typo => "typo",
        Class::Prefix => "prefix",
        Class::Near => "near",
        Class::Equal => "equal",
        Class::Exact => "exact",
    }
}
