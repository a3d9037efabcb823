//! Requests as bytes, made before the clock runs: records that arrive, identifiers to resolve, descriptions to match.
//!
//! Arrivals are mixed as a network sees them: 60 % updates of known records, 25 % new records of known persons, 15 % new
//! persons, in random order. An update has one small change: a new telephone number, a move, another insurance.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::population::{Population, Row};
use super::random::Random;
use super::tokens::Tokens;

/// Columns of a record that say who it is of and when it was taken, and nothing about the person.
const FRAME: [&str; 4] = ["record_id", "institution", "local_id", "registered_on"];
/// What an update changes, and how often in 100: the columns that come from another record.
const CHANGES: [(usize, &[&str]); 3] = [
    (50, &["phone"]),
    (25, &["postcode", "address"]),
    (25, &["insurer_no", "insured_symbol", "insured_no", "branch_no"]),
];

/// Decisions in one request of the workload of batches.
pub(crate) const BATCH: usize = 100;
/// Kinds of data that are asked about.
const CATEGORIES: [&str; 5] = ["prescriptions", "tests", "images", "documents", "allergies"];

/// What a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Update,
    NewRecord,
    NewPerson,
}

/// Makes requests of a population for a server.
#[derive(Debug)]
pub(crate) struct Maker<'p> {
    pub(crate) population: &'p Population,
    pub(crate) tokens: &'p Tokens,
    pub(crate) random: Random,
    /// Ids of all institutions.
    pub(crate) institutions: Vec<String>,
}

impl Maker<'_> {
    /// Arrivals; fewer than asked for when the population has no more to give.
    pub(crate) fn arrivals(&mut self, count: usize) -> Vec<Vec<u8>> {
        let population = self.population;
        let mut updates = population.sample.iter();
        let mut new_records = population.held_back.iter();
        let mut new_persons = population.new_persons.iter();
        let mut requests = Vec::with_capacity(count);
        while requests.len() < count {
            let kind = match self.random.below(100) {
                0..60 => Kind::Update,
                60..85 => Kind::NewRecord,
                _ => Kind::NewPerson,
            };
            let row = match kind {
                Kind::Update => updates.next(),
                Kind::NewRecord => new_records.next(),
                Kind::NewPerson => new_persons.next(),
            };
            let Some(row) = row else { break };
            let row = if kind == Kind::Update { self.changed(row) } else { row.clone() };
            requests.push(self.arrival(&row, requests.len()));
        }
        requests
    }

    /// Questions for the person behind an identifier.
    pub(crate) fn resolves(&mut self, count: usize) -> Vec<Vec<u8>> {
        let rows = &self.population.sample;
        let token = self.tokens.of_network();
        (0..count)
            .filter_map(|_| {
                let row = self.random.one_of(rows)?;
                let authority = self.population.authorities.get(value(row, "institution"))?;
                let (authority, number) = (escaped(authority), escaped(value(row, "local_id")));
                Some(get(&format!("/v1/resolve?authority={authority}&value={number}"), token))
            })
            .collect()
    }

    /// Questions for the persons that are like a description.
    pub(crate) fn matches(&mut self, count: usize) -> Vec<Vec<u8>> {
        let rows = &self.population.sample;
        let token = self.tokens.of_network();
        (0..count)
            .filter_map(|_| {
                let row = self.random.one_of(rows)?;
                Some(post("/v1/match", token, &json!({ "demographics": demographics(row) })))
            })
            .collect()
    }

    /// Questions for the person behind an identifier, with the eyes of a physician of another institution.
    pub(crate) fn views(&mut self, count: usize) -> Vec<Vec<u8>> {
        let resolves = self.resolves(count);
        resolves.into_iter().map(|request| self.seen_by_physician(&request)).collect()
    }

    /// Questions for the persons that are like a description, with the eyes of a physician of another institution.
    pub(crate) fn viewed_matches(&mut self, count: usize) -> Vec<Vec<u8>> {
        let matches = self.matches(count);
        matches.into_iter().map(|request| self.seen_by_physician(&request)).collect()
    }

    /// Decisions about data of the patients who have joined, asked by physicians who treat them elsewhere.
    pub(crate) fn decisions(&mut self, count: usize) -> Vec<Vec<u8>> {
        let token = self.tokens.of_network();
        (0..count).filter_map(|_| Some(post("/v1/decisions", token, &self.question(None)?))).collect()
    }

    /// Many decisions about one patient in one request.
    pub(crate) fn batches(&mut self, count: usize) -> Vec<Vec<u8>> {
        let token = self.tokens.of_network();
        (0..count)
            .filter_map(|_| {
                let row = self.random.one_of(&self.population.sample)?.clone();
                let questions: Vec<Value> = (0..BATCH).filter_map(|_| self.question(Some(&row))).collect();
                Some(post("/v1/decisions/batch", token, &json!({ "questions": questions })))
            })
            .collect()
    }

    /// A question about a patient, or about one of the sample.
    fn question(&mut self, row: Option<&Row>) -> Option<Value> {
        let row = row.or_else(|| self.random.one_of(&self.population.sample))?;
        let custodian = value(row, "institution");
        let authority = self.population.authorities.get(custodian)?;
        let institution = self.random.one_of(&self.institutions)?;
        let category = self.random.one_of(&CATEGORIES)?;
        Some(json!({
            "patient": {"authority": authority, "value": value(row, "local_id")},
            "requester": {"institution": institution, "role": "physician", "relations": ["open_encounter"]},
            "purpose": "TREAT", "custodian": custodian, "category": category,
        }))
    }

    /// The same request with a purpose declared, for a random institution.
    fn seen_by_physician(&mut self, request: &[u8]) -> Vec<u8> {
        let institution = self.random.one_of(&self.institutions).map_or("", String::as_str);
        let headers = format!(
            "Host: bench\r\nNayose-Purpose: TREAT\r\nNayose-Role: physician\r\nNayose-Relations: open_encounter\r\n\
             Nayose-Institution: {institution}\r\n"
        );
        String::from_utf8_lossy(request).replacen("Host: bench\r\n", &headers, 1).into_bytes()
    }

    /// The row with a small change, whose values come from another record.
    fn changed(&mut self, row: &Row) -> Row {
        let mut row = row.clone();
        let mut dice = self.random.below(100);
        let other = self.random.one_of(&self.population.sample);
        for (share, columns) in CHANGES {
            if dice < share {
                for column in columns {
                    let new = other.map(|other| value(other, column).to_owned()).unwrap_or_default();
                    row.insert((*column).to_owned(), new);
                }
                break;
            }
            dice -= share;
        }
        row
    }

    fn arrival(&self, row: &Row, number: usize) -> Vec<u8> {
        let institution = value(row, "institution");
        let authority = self.population.authorities.get(institution).map_or("", String::as_str);
        let body = json!({
            "authority": authority,
            "local_id": value(row, "local_id"),
            "event_time": instant(number),
            "demographics": demographics(row),
        });
        post("/v1/records", &self.tokens.of_institution(institution), &body)
    }
}

/// An event after all registrations: one millisecond after the other.
fn instant(number: usize) -> String {
    let millis = number % 86_400_000;
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    format!("2026-11-20T{hours:02}:{minutes:02}:{:02}.{:03}Z", millis / 1_000 % 60, millis % 1_000)
}

fn demographics(row: &Row) -> Map<String, Value> {
    let is_said = |(name, value): &(&String, &String)| !FRAME.contains(&name.as_str()) && !value.is_empty();
    row.iter().filter(is_said).map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

pub(crate) fn value<'r>(row: &'r Row, column: &str) -> &'r str {
    row.get(column).map_or("", String::as_str)
}

/// A text as part of a query.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A request without a body.
pub(crate) fn get(target: &str, token: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
}

/// A request with a JSON body.
pub(crate) fn post(target: &str, token: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_instants() {
        assert_eq!(escaped("urn:oid:1.2 ア"), "urn%3Aoid%3A1.2%20%E3%82%A2");
        assert_eq!(instant(0), "2026-11-20T00:00:00.000Z");
        assert_eq!(instant(3_723_004), "2026-11-20T01:02:03.004Z");
    }

    #[test]
    fn changes_are_small_and_complete() {
        assert_eq!(CHANGES.iter().map(|(share, _)| share).sum::<usize>(), 100);
        let row: Row = [("record_id", "r"), ("phone", "1"), ("address", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(Value::from(demographics(&row)), json!({ "phone": "1" }));
    }
}
