//! Answers a query: looks the words up, keeps what is visible, ranks it.
//!
//! Every look-up is followed to its end, since stopping early would let hidden records decide what is found; the cost
//! grows with the records that fit. Counting and ranking see visible records only, and nothing of the score depends on
//! other records, so the answer is that of an index without the hidden ones.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::sync::Arc;

use levenshtein_automata::LevenshteinAutomatonBuilder;
use tantivy::columnar::{Column, StrColumn};
use tantivy::fastfield::AliveBitSet;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::termdict::TermDictionary;
use tantivy::{DocSet, IndexReader, InvertedIndexReader, SegmentReader, TERMINATED, Term};
use tantivy_fst::Automaton;

use super::automaton::{OneTypo, Shape};
use super::index::{Fields, HOME, INSTITUTION, RECORD_HIGH, RECORD_LOW};
use super::marks::{Mark, Marks, PAGE};
use super::query::{Class, Lookup, Pattern, Query, WORDS_MAX};
use super::terms::{END, Part};
use super::{RecordKey, SearchError};
use crate::Visible;

/// Most hits that an answer can hold, whatever is asked for: what a clerk can leaf through and a request can carry.
pub const HITS_MAX: usize = 1_000;

/// When fewer records than this fit the most words, those that fit one word less are shown below them: one wrong word
/// must not hide the person, and a thousand namesakes must not bury one.
const BEST_ENOUGH: u64 = 10;

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The record.
    pub record: RecordKey,
    /// Its home person when it was indexed.
    pub home: u64,
    /// Sum of the points of the matches. Compares hits that match equally many words of one query.
    pub score: u32,
    /// What each matched word was found in, in the order of the words.
    pub matches: Vec<WordMatch>,
}

/// What one word was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordMatch {
    /// Place of the word in [`Query::words`].
    pub word: usize,
    /// How well it fits.
    pub class: Class,
    /// Where.
    pub part: Part,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Best first: more words matched, then the score, then the record id.
    pub hits: Vec<Hit>,
    /// Visible records that fit, [`Answer::hits`] and those cut off.
    pub total: u64,
    /// Whether hits were cut off.
    pub is_truncated: bool,
}

/// The points of one match.
pub(super) fn points(class: Class, part: Part) -> u32 {
    Mark::new(class, part).points()
}

/// The reading side of the index. Clones share everything; searching needs no lock.
#[derive(Clone)]
pub struct SearchReader {
    reader: IndexReader,
    fields: Fields,
    typos: Arc<LevenshteinAutomatonBuilder>,
}

impl fmt::Debug for SearchReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SearchReader").finish_non_exhaustive()
    }
}

impl SearchReader {
    pub(super) fn new(reader: IndexReader, fields: Fields) -> Self {
        Self { reader, fields, typos: Arc::new(LevenshteinAutomatonBuilder::new(1, true)) }
    }

    /// Records in the index.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Finds the visible records that fit, `limit` of them at most ([`HITS_MAX`] is the most that is given).
    ///
    /// # Errors
    /// [`SearchError::Unusable`] and [`SearchError::Storage`] when a file of the index cannot be read.
    pub fn search(&self, query: &Query, visible: &Visible, limit: usize) -> Result<Answer, SearchError> {
        let mut ranking = Ranking::new(limit.min(HITS_MAX));
        let searcher = self.reader.searcher();
        for segment in searcher.segment_readers() {
            let failed = |error| SearchError::from_engine("read", error);
            let marks = self.mark(segment, query).map_err(failed)?;
            if marks.iter().all(|word| (0..word.pages()).all(|page| word.page(page).is_none())) {
                continue;
            }
            let columns = Columns::open(segment).map_err(failed)?;
            let filter = self.filter(segment, &columns, visible).map_err(failed)?;
            ranking.rank(&marks, &columns, &filter);
        }
        Ok(ranking.finish())
    }

    /// Looks every word up in one segment.
    fn mark(&self, segment: &SegmentReader, query: &Query) -> tantivy::Result<Vec<Marks>> {
        let mut all = Vec::with_capacity(query.words.len());
        for word in query.words.iter().take(WORDS_MAX) {
            let mut marks = Marks::new(segment.max_doc());
            for lookup in &word.lookups {
                let fields = std::iter::once(lookup.field).chain(lookup.field_of_full_names());
                for field in fields.filter_map(|field| self.fields.of(field)) {
                    let inverted = segment.inverted_index(field)?;
                    self.look_up(&inverted, lookup, &mut marks)?;
                }
            }
            all.push(marks);
        }
        Ok(all)
    }

    fn look_up(&self, inverted: &InvertedIndexReader, lookup: &Lookup, marks: &mut Marks) -> tantivy::Result<()> {
        let terms = inverted.terms();
        let mut found: Vec<(TermInfo, Mark)> = Vec::new();
        let mut keep = |key: &[u8], term: &TermInfo| {
            if let Some(part) = key.last().copied().and_then(Part::from_byte) {
                found.push((term.clone(), Mark::new(lookup.class, part)));
            }
        };
        match &lookup.pattern {
            Pattern::Whole(text) => in_range(terms, (with(text, END), with(text, END + 1)), &mut keep)?,
            // No text holds the byte 255.
            Pattern::Beginning(text) => in_range(terms, (text.as_bytes().to_vec(), with(text, u8::MAX)), &mut keep)?,
            Pattern::OneTypo(text) => accepted(terms, OneTypo(self.typos.build_dfa(text)), &mut keep)?,
            Pattern::Shape(shape) => accepted(terms, Shape::new(shape), &mut keep)?,
        }
        for (term, mark) in found {
            let mut postings = inverted.read_postings_from_terminfo(&term, IndexRecordOption::Basic)?;
            let mut document = postings.doc();
            while document != TERMINATED {
                marks.raise(document, mark);
                document = postings.advance();
            }
        }
        Ok(())
    }

    fn filter<'a>(
        &self,
        segment: &'a SegmentReader,
        columns: &Columns,
        visible: &Visible,
    ) -> tantivy::Result<Filter<'a>> {
        let alive = segment.alive_bitset();
        let Visible::Some { custodians, records } = visible else { return Ok(Filter { alive, only: None }) };
        let mut ordinals =
            vec![false; columns.institution.as_ref().map_or(0, |column| column.dictionary().num_terms())];
        if let Some(column) = &columns.institution {
            for custodian in custodians {
                let ordinal = column.dictionary().term_ord(custodian.as_str().as_bytes())?;
                let place = ordinal.and_then(|ordinal| usize::try_from(ordinal).ok());
                if let Some(seen) = place.and_then(|place| ordinals.get_mut(place)) {
                    *seen = true;
                }
            }
        }
        let mut documents = Vec::new();
        let inverted = segment.inverted_index(self.fields.record)?;
        for record in records {
            let term = Term::from_field_bytes(self.fields.record, &record.0);
            let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            while postings.doc() != TERMINATED {
                documents.push(postings.doc());
                postings.advance();
            }
        }
        documents.sort_unstable();
        Ok(Filter { alive, only: Some((ordinals, documents)) })
    }
}

fn with(text: &str, end: u8) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(end);
    bytes
}

/// Hands over the terms from the first bound to below the second.
fn in_range(
    terms: &TermDictionary,
    (from, below): (Vec<u8>, Vec<u8>),
    keep: &mut impl FnMut(&[u8], &TermInfo),
) -> std::io::Result<()> {
    let mut stream = terms.range().ge(from).lt(below).into_stream()?;
    while stream.advance() {
        keep(stream.key(), stream.value());
    }
    Ok(())
}

/// Hands over the terms that an automaton accepts.
fn accepted<A>(terms: &TermDictionary, automaton: A, keep: &mut impl FnMut(&[u8], &TermInfo)) -> std::io::Result<()>
where
    A: Automaton,
    A::State: Clone,
{
    let mut stream = terms.search(automaton).into_stream()?;
    while stream.advance() {
        keep(stream.key(), stream.value());
    }
    Ok(())
}

/// What is stored with the documents of a segment.
struct Columns {
    high: Column<u64>,
    low: Column<u64>,
    home: Column<u64>,
    institution: Option<StrColumn>,
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        Ok(Self {
            high: fast.u64(RECORD_HIGH)?,
            low: fast.u64(RECORD_LOW)?,
            home: fast.u64(HOME)?,
            institution: fast.str(INSTITUTION)?,
        })
    }

    fn record(&self, document: u32) -> u128 {
        let half = |column: &Column<u64>| u128::from(column.first(document).unwrap_or_default());
        half(&self.high) << 64 | half(&self.low)
    }
}

/// Which documents of a segment are there and visible.
struct Filter<'a> {
    alive: Option<&'a AliveBitSet>,
    /// Whether each institution is visible, by its number in the segment; single documents, sorted. `None` is all.
    only: Option<(Vec<bool>, Vec<u32>)>,
}

impl Filter<'_> {
    fn lets_pass(&self, document: u32, columns: &Columns) -> bool {
        if self.alive.is_some_and(|alive| !alive.is_alive(document)) {
            return false;
        }
        let Some((institutions, documents)) = &self.only else { return true };
        let place =
            columns.institution.as_ref().and_then(|column| usize::try_from(column.ords().first(document)?).ok());
        place.and_then(|place| institutions.get(place).copied()).unwrap_or(false)
            || documents.binary_search(&document).is_ok()
    }
}

/// Words matched, points, record id: the greater key is the better hit.
type RankKey = (usize, u32, Reverse<u128>);

/// A hit with the key that it is ranked by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    key: RankKey,
    home: u64,
    marks: [Mark; WORDS_MAX],
}

/// The best hits so far, and how many records matched each number of words.
struct Ranking {
    limit: usize,
    best: BinaryHeap<Reverse<Ranked>>,
    records_by_words: [u64; WORDS_MAX + 1],
}

impl Ranking {
    fn new(limit: usize) -> Self {
        Self { limit, best: BinaryHeap::with_capacity(limit + 1), records_by_words: [0; WORDS_MAX + 1] }
    }

    fn rank(&mut self, words: &[Marks], columns: &Columns, filter: &Filter<'_>) {
        let pages = words.iter().map(Marks::pages).max().unwrap_or(0);
        for page in 0..pages {
            let touched: Vec<(usize, &[Mark; PAGE])> =
                words.iter().enumerate().filter_map(|(at, word)| Some((at, word.page(page)?))).collect();
            if touched.is_empty() {
                continue;
            }
            for place in 0..PAGE {
                let mut marks = [Mark::default(); WORDS_MAX];
                let mut matched = 0;
                for (at, page) in &touched {
                    if let (Some(mark), Some(slot)) = (page.get(place), marks.get_mut(*at)) {
                        *slot = *mark;
                        matched += usize::from(mark.is_match());
                    }
                }
                if matched > 0
                    && let Ok(document) = u32::try_from(page * PAGE + place)
                    && filter.lets_pass(document, columns)
                {
                    self.offer(document, (matched, marks), columns);
                }
            }
        }
    }

    fn offer(&mut self, document: u32, (matched, marks): (usize, [Mark; WORDS_MAX]), columns: &Columns) {
        if let Some(count) = self.records_by_words.get_mut(matched) {
            *count += 1;
        }
        let points = marks.iter().map(|mark| mark.points()).sum();
        let is_full = self.best.len() >= self.limit;
        if is_full && self.best.peek().is_none_or(|Reverse(worst)| (matched, points) < (worst.key.0, worst.key.1)) {
            return;
        }
        let key = (matched, points, Reverse(columns.record(document)));
        if is_full && self.best.peek().is_some_and(|Reverse(worst)| key < worst.key) {
            return;
        }
        self.best.push(Reverse(Ranked { key, home: columns.home.first(document).unwrap_or_default(), marks }));
        if self.best.len() > self.limit {
            self.best.pop();
        }
    }

    fn finish(self) -> Answer {
        let count = |words: usize| self.records_by_words.get(words).copied().unwrap_or(0);
        let most = (1..=WORDS_MAX).rev().find(|&words| count(words) > 0).unwrap_or(0);
        let fewest = if most > 1 && count(most) < BEST_ENOUGH { most - 1 } else { most };
        let total = (fewest.max(1)..=most).map(count).sum();
        let ranked = self.best.into_sorted_vec();
        let hits: Vec<Hit> = ranked
            .into_iter()
            .filter(|Reverse(ranked)| ranked.key.0 >= fewest)
            .map(|Reverse(ranked)| hit(&ranked))
            .collect();
        let is_truncated = hits.len() as u64 != total;
        Answer { hits, total, is_truncated }
    }
}

fn hit(ranked: &Ranked) -> Hit {
    let (_, score, Reverse(record)) = ranked.key;
    let read = |(word, mark): (usize, &Mark)| mark.read().map(|(class, part)| WordMatch { word, class, part });
    let matches = ranked.marks.iter().enumerate().filter_map(read).collect();
    Hit { record: record.to_be_bytes(), home: ranked.home, score, matches }
}
