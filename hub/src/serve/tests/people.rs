//! Institutions with domains, and people who go to them.

use directory::{Offset, description};
use serde_json::{Value, json};

use super::persona::{Persona, World};

/// 13-0001, 13-0002 and 13-0003, each with a domain of its own: `urn:test:13-0001` …
pub(super) async fn open(world: &World) {
    let mut described = description::Directory::default();
    for id in ["13-0001", "13-0002", "13-0003"] {
        let toml = format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"hospital\"\nregion = \"east\"");
        described.institutions.push(toml::from_str(&toml).unwrap());
        let toml = format!("id = \"urn:test:{id}\"\nname = \"{id}\"\nkind = \"patients\"\nowner = \"{id}\"");
        described.authorities.push(toml::from_str(&toml).unwrap());
    }
    let desired = described.check(Offset::TOKYO).unwrap();
    let begin = directory::Instant::from_micros(0);
    world.app.write(move |draft, now| directory::apply(draft, &desired, begin, now)).await.unwrap();
}

pub(super) const HANAKO: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222";
pub(super) const KIICHI: &str = "山崎 鬼一 ヤマサキ キイチ M 1990-01-02 東京都文京区1-1 03-1111-2222";

/// The demographics of a line.
pub(super) fn demographics(line: &str) -> Value {
    let names = ["family_kanji", "given_kanji", "family_kana", "given_kana", "sex", "birth_date", "address", "phone"];
    let texts = names.iter().zip(line.split(' ')).map(|(name, text)| ((*name).to_owned(), json!(text)));
    texts.collect::<serde_json::Map<_, _>>().into()
}

/// A record of an institution.
pub(super) fn record(institution: &str, local_id: &str, line: &str) -> Value {
    json!({
        "authority": format!("urn:test:{institution}"), "local_id": local_id, "institution": institution,
        "event_time": "2026-01-01T00:00:00Z", "demographics": demographics(line),
    })
}

/// Sends a record and returns what became of it.
pub(super) async fn send(caller: &Persona<'_>, institution: &str, local_id: &str, line: &str) -> Value {
    caller.post("/v1/records", &record(institution, local_id, line).to_string()).await.ok()
}

/// The path that resolves an identifier.
pub(super) fn resolve(institution: &str, local_id: &str) -> String {
    format!("/v1/resolve?authority=urn:test:{institution}&value={local_id}")
}

/// A text of an answer.
#[track_caller]
pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {value}"))
}
