//! Search over the wire: what a clerk types, what comes back, and what stays hidden.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;

use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, open, record, send, text};
use super::persona::{Persona, World};
use crate::config::Role;
use crate::linking::Lookup;
use crate::serve::search::tests::wait_until;
use crate::serve::search::{Folder, Pace, Search};
use crate::testing::folder;

/// Like [`HANAKO`], but of another address and telephone: perhaps she moved.
const HANAKO_ELSEWHERE: &str = "石飛 花子 イシトビ ハナコ F 1957-04-06 島根県出雲市今市町4-5 0853-33-4444";

/// A server with a search index, and where that lies.
pub(super) struct Searching {
    pub(super) world: World,
    search: Search,
    folder: PathBuf,
}

impl Searching {
    pub(super) async fn new(name: &str) -> Self {
        Self::of(World::new(), name).await
    }

    pub(super) async fn of(world: World, name: &str) -> Self {
        let folder = folder(name);
        let tables = Arc::new(Lookup::built_in().unwrap().tables);
        let pace = Pace { idle: Duration::from_millis(2), commit: Duration::ZERO, ..Pace::default() };
        let search = Search::start(Arc::clone(&world.kv), tables, Folder::Kept(folder.clone()), pace).unwrap();
        world.app.open_search(search.clone());
        open(&world).await;
        let all = Self { world, search, folder };
        all.follow();
        all
    }

    /// Hanako of two institutions, and Kiichi of the first.
    async fn with_people(name: &str) -> Self {
        let all = Self::new(name).await;
        let world = &all.world;
        send(&world.source(), "13-0001", "H-001", HANAKO).await;
        send(&world.named("source-2"), "13-0002", "H-777", HANAKO).await;
        send(&world.source(), "13-0001", "K-001", KIICHI).await;
        all.follow();
        all
    }

    /// Until everything that was written can be found.
    pub(super) fn follow(&self) {
        let last = self.world.kv.health().seq.0;
        wait_until(|| self.search.applied() >= last);
    }

    pub(super) fn finish(self) {
        self.search.stop();
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

async fn ask(caller: &Persona<'_>, q: &str) -> Value {
    caller.get(&address(q)).await.ok()
}

pub(super) fn address(q: &str) -> String {
    let encoded: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/v1/search?q={encoded}")
}

/// The family names of the persons found, in order.
fn families(page: &Value) -> Vec<&str> {
    page["persons"].as_array().unwrap().iter().map(|it| text(&it["values"], "family_kanji")).collect()
}

#[tokio::test]
async fn half_a_name_in_any_script_a_date_or_a_number_is_enough() {
    let all = Searching::with_people("search-scripts").await;
    let clerk = all.world.clerk();
    for (q, expected) in [
        ("石飛", vec!["石飛"]),
        ("石", vec!["石飛"]),
        ("いしとび", vec!["石飛"]),
        ("ｲｼﾄﾋﾞ ﾊﾅｺ", vec!["石飛"]),
        ("イシトミ", vec!["石飛"]),
        ("ishitobi", vec!["石飛"]),
        ("isitob", vec!["石飛"]),
        ("石飛花子", vec!["石飛"]),
        ("山﨑 kiichi", vec!["山崎"]),
        ("S32.4.5", vec!["石飛"]),
        ("昭和32年4月5日 花子", vec!["石飛"]),
        ("1990", vec!["山崎"]),
        ("2222 鬼一", vec!["山崎", "石飛"]),
        ("H777", vec!["石飛"]),
        ("urn:test:13-0002|H-777", vec!["石飛"]),
        ("田中", vec![]),
        ("urn:test:13-0002|H-778", vec![]),
    ] {
        let page = ask(&clerk, q).await;
        assert_eq!(families(&page), expected, "{q}");
        assert_eq!(page["total"], expected.len(), "{q}");
        assert_eq!((&page["is_truncated"], &page["is_cut"]), (&json!(false), &json!(false)), "{q}");
    }
    all.finish();
}

#[tokio::test]
async fn an_answer_says_who_it_is_and_why() {
    let all = Searching::with_people("search-why").await;
    let page = ask(&all.world.clerk(), "いしとび S32.4 2222").await;
    let found = &page["persons"][0];
    assert!(text(found, "person").starts_with("N-"));
    let expected = json!({
        "family_kanji": "石飛", "given_kanji": "花子", "family_kana": "イシトビ", "given_kana": "ハナコ",
        "birth_date": "1957-04-05", "sex": "F", "address": "島根県松江市西川津町1-2-3", "phone": "0852-11-2222",
    });
    assert_eq!((&found["values"], &found["records"]), (&expected, &json!(2)));
    let expected = json!([
        { "word": "いしとび", "found_in": "family_name", "how": "exact" },
        { "word": "s32.4", "found_in": "birth_date", "how": "prefix" },
        { "word": "2222", "found_in": "phone", "how": "prefix" },
    ]);
    let lower = |value: &Value| value.to_string().to_lowercase();
    assert_eq!(lower(&found["matches"]), lower(&expected));
    assert_eq!(page["applied"], all.world.kv.health().seq.0);
    all.finish();
}

#[tokio::test]
async fn hidden_is_absent() {
    let all = Searching::with_people("search-hidden").await;
    let (first, second) = (all.world.named("clerk-1"), all.world.named("clerk-2"));
    for q in ["山崎", "K-001", "yamasaki 1990", "urn:test:13-0001|K-001"] {
        assert_eq!(families(&ask(&first, q).await), ["山崎"], "{q}");
        let mut hidden = ask(&second, q).await;
        let mut nothing = ask(&second, "nobody 0000").await;
        for page in [&mut hidden, &mut nothing] {
            page["applied"].take();
        }
        assert_eq!(hidden, nothing, "{q}");
    }
    // Each sees its own records of a person whom both know.
    for clerk in [&first, &second] {
        assert_eq!(ask(clerk, "石飛").await["persons"][0]["records"], 1);
    }
    assert_eq!(families(&ask(&second, "H-001").await), [""; 0]);
    let id = ask(&first, "山崎").await["persons"][0]["person"].as_str().unwrap().to_owned();
    assert_eq!(families(&ask(&first, &id).await), ["山崎"]);
    assert_eq!(families(&ask(&second, &id).await), [""; 0]);
    all.finish();
}

#[tokio::test]
async fn enterprise_ids_resolve_for_ever() {
    let all = Searching::new("search-merged").await;
    let world = &all.world;
    let one = send(&world.source(), "13-0001", "1", HANAKO).await;
    let other = send(&world.named("source-2"), "13-0002", "2", KIICHI).await;
    let ids = [&one, &other].map(|it| mpi::PersonId::parse(text(it, "person"), "N").unwrap());
    let reason: Box<str> = "one person".into();
    let app = world.app.clone();
    let write = move |draft: &mut mpi::kv::Draft<'_>, now| {
        let stamp = mpi::Stamp { now, actor: mpi::Actor { id: "clerk".into(), institution: None } };
        let operating = app.operating().unwrap();
        mpi::merge(&operating.index(), draft, (ids[0], ids[1]), &reason, &stamp).map(drop)
    };
    world.app.write(write).await.unwrap();
    all.follow();
    let clerk = world.clerk();
    let mut found = Vec::new();
    for q in [text(&one, "person"), text(&other, "person"), "石飛", "山崎"] {
        let page = ask(&clerk, q).await;
        assert_eq!((&page["total"], &page["persons"][0]["records"]), (&json!(1), &json!(2)), "{q}");
        found.push(page["persons"][0]["person"].clone());
    }
    assert!(found.iter().all(|id| *id == found[0]), "{found:?}");
    let spoken = text(&one, "person").replace('-', " ");
    assert_eq!(ask(&clerk, &spoken).await["persons"][0]["person"], found[0]);
    all.finish();
}

#[tokio::test]
async fn the_index_follows_what_happens() {
    let all = Searching::with_people("search-follows").await;
    let (world, clerk) = (&all.world, all.world.clerk());
    let mut married = record("13-0001", "K-001", KIICHI);
    married["demographics"]["family_kanji"] = json!("渡邉");
    married["demographics"]["family_kana"] = json!("ワタナベ");
    married["event_time"] = json!("2026-01-05T00:00:00Z");
    world.source().post("/v1/records", &married.to_string()).await.ok();
    all.follow();
    assert_eq!(families(&ask(&clerk, "渡辺").await), ["渡邉"]);
    let former = ask(&clerk, "ヤマサキ").await;
    assert_eq!(families(&former), ["渡邉"]);
    assert_eq!(former["persons"][0]["matches"][0]["found_in"], "former_name");
    all.finish();
}

#[tokio::test]
async fn persons_come_in_pages() {
    let all = Searching::with_people("search-pages").await;
    send(&all.world.named("source-2"), "13-0002", "x", HANAKO_ELSEWHERE).await;
    all.follow();
    let clerk = all.world.clerk();
    let whole = ask(&clerk, "1957 1990").await;
    let total = whole["total"].as_u64().unwrap();
    assert!(total >= 2 && whole["next"].is_null(), "{whole}");
    let (mut path, mut seen) = (format!("{}&limit=1", address("1957 1990")), Vec::new());
    loop {
        let page = clerk.get(&path).await.ok();
        seen.extend(page["persons"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{}&limit=1&page={next}", address("1957 1990"));
        let other = format!("{}&limit=1&page={next}", address("1957"));
        assert_eq!(clerk.get(&other).await.code(), "bad_page_token");
    }
    assert_eq!(Value::Array(seen), whole["persons"]);
    all.finish();
}

#[tokio::test]
async fn who_may_search_and_what_is_refused() {
    let world = World::new();
    assert_eq!(world.service().get(&address("石飛")).await.code(), "not_allowed");
    assert_eq!(world.with_role(Role::SourceSystem).get(&address("石飛")).await.code(), "not_allowed");
    let without = world.clerk().get(&address("石飛")).await;
    assert_eq!((without.status, without.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "not_ready"));
    let all = Searching::new("search-refused").await;
    let clerk = all.world.clerk();
    assert_eq!(clerk.get("/v1/search").await.code(), "bad_request");
    assert_eq!(clerk.get("/v1/search?q=x&limit=0").await.json()["errors"][0]["field"], "limit");
    assert_eq!(clerk.get("/v1/search?q=x&page=00").await.code(), "bad_page_token");
    assert_eq!(ask(&clerk, "").await["total"], 0);
    assert_eq!(ask(&clerk, "一 二 三 四 五 六 七 八 九").await["is_cut"], true);
    all.finish();
}
