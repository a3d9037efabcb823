//! What a configuration says, and how it is refused.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::testing::folder;

const DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000001";

fn read(text: &str) -> Result<Config, String> {
    let folder = folder("config");
    let path = folder.join("nayose.toml");
    std::fs::write(&path, text).unwrap();
    let config = Config::read(&path).map_err(|error| {
        error.to_string().replace(&folder.display().to_string(), "FOLDER").replace("FOLDER/nayose.toml", "FILE")
    });
    std::fs::remove_dir_all(&folder).unwrap();
    config
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    assert_eq!(read(text).unwrap_err(), expected);
}

#[test]
fn a_folder_is_enough() {
    let config = read("[store]\nfolder = \"data\"\n").unwrap();
    assert_eq!(config.limits, Limits::default());
    assert!(config.store.folder.unwrap().ends_with("data"));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    check_refused(
        "[store]\nfolder = \"data\"\nfoldr = \"x\"\n",
        "`FILE`, line 3: unknown field `foldr`, expected one of `engine`, `folder`, `cache_bytes`",
    );
    check_refused("listen = \"here\"\n[store]\nfolder = \"data\"\n", "`FILE`, line 1: invalid socket address syntax");
    check_refused("listen = \"127.0.0.1:1\"\n", "`FILE`, line 1: missing field `store`");
    check_refused("[store]\n", "`FILE`: `store.folder` is missing: name the folder that keeps everything");
    check_refused(
        "[store]\nengine = \"memory\"\n[limits]\nattempts_max = 0\n",
        "`FILE`: `limits.attempts_max` is 0, it must be from 1 to 100",
    );
    check_refused(
        "enterprise_id_prefix = \"n 1\"\n[store]\nengine = \"memory\"\n",
        "`FILE`: `enterprise_id_prefix` is `n 1`: 1 to 8 capital letters and digits are allowed",
    );
    check_refused(
        "keyring = \"data/keys.toml\"\n[store]\nfolder = \"data\"\n",
        "`FILE`: `keyring` lies in the data folder: keep it apart from the store and its backup",
    );
}

#[test]
fn without_tokens_only_this_machine_is_served() {
    let at = |address: &str| format!("listen = \"{address}\"\n[store]\nengine = \"memory\"\n");
    for address in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:80"] {
        read(&at(address)).unwrap();
    }
    for address in ["0.0.0.0:80", "192.0.2.1:80", "[::]:80"] {
        let error = read(&at(address)).unwrap_err();
        assert!(error.contains("without tokens the server listens on a loopback address only"), "{error}");
        let token = format!("[[tokens]]\nid = \"a\"\nrole = \"clerk\"\nblake3 = \"{DIGEST}\"\n");
        read(&format!("{}{token}", at(address))).unwrap();
    }
}

#[test]
fn tokens_are_complete_and_distinct() {
    let with = |tokens: &str| format!("[store]\nengine = \"memory\"\n{tokens}");
    let token = |id: &str, role: &str, digest: &str| {
        format!("[[tokens]]\nid = \"{id}\"\nrole = \"{role}\"\nblake3 = \"{digest}\"\n")
    };
    let other = "2".repeat(64);
    let cases = [
        (token("a b", "clerk", DIGEST), "token 1: `id` is `a b`"),
        (token("a", "clerk", "12"), "token `a`: `blake3` must be 64 hexadecimal digits"),
        (token("a", "king", DIGEST), "line 5: unknown variant `king`, expected one of `service`, `clerk`"),
        (token("a", "source_system", DIGEST), "token `a`: a source system needs an `institution`"),
        (token("a", "clerk", DIGEST) + &token("a", "clerk", &other), "token `a`: the id is there twice"),
        (token("a", "clerk", DIGEST) + &token("b", "clerk", DIGEST), "token `b`: the same token as `a`"),
    ];
    for (tokens, expected) in cases {
        let error = read(&with(&tokens)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_effective_configuration_shows_no_digest_and_can_be_read_again() {
    let text = format!(
        "[store]\nengine = \"memory\"\n[[tokens]]\nid = \"a\"\nrole = \"source_system\"\ninstitution = \"13-0001\"\n\
         blake3 = \"{DIGEST}\"\n"
    );
    let shown = read(&text).unwrap().show();
    assert!(!shown.contains(DIGEST), "{shown}");
    insta::assert_snapshot!(shown);
    let again = read(&format!("{shown}blake3 = \"{DIGEST}\"\n")).unwrap();
    assert_eq!(again.show(), shown);
}

#[test]
fn an_audit_trail_is_kept_apart_and_can_be_read_again() {
    let with = |audit: &str| read(&format!("[store]\nfolder = \"data\"\n[audit]\n{audit}"));
    let shown = with("folder = \"trail\"\nwitness = \"seals\"\n").unwrap().audit.unwrap();
    assert_eq!(shown.numbers().map(|(_, value, ..)| value), [1_000, 60, 16 << 20, 10]);
    let absolute = "[store]\nengine = \"memory\"\n[audit]\nfolder = \"/srv/trail\"\nwitness = \"/mnt/seals\"\n";
    let shown = read(absolute).unwrap().show();
    insta::assert_snapshot!(shown);
    assert_eq!(read(&shown).unwrap().show(), shown);
    let refused = [
        ("folder = \"data/trail\"\nwitness = \"seals\"\n", "`audit.folder` lies in the data folder"),
        ("folder = \"trail\"\nwitness = \"data/seals\"\n", "`audit.witness` lies in the data folder"),
        ("folder = \"trail\"\nwitness = \"trail/seals\"\n", "lie in each other"),
        ("folder = \"trail\"\n", "missing field `witness`"),
        ("folder = \"trail\"\nwitness = \"seals\"\nwriter = \"A-1\"\n", "`audit.writer` is `A-1`"),
        (
            "folder = \"trail\"\nwitness = \"seals\"\nkeep_years = 4\n",
            "`audit.keep_years` is 4, it must be from 5 to 100",
        ),
        ("folder = \"trail\"\nwitness = \"seals\"\nkeep = 4\n", "unknown field `keep`"),
    ];
    for (audit, expected) in refused {
        let error = with(audit).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_keyring_is_made_once_and_read_by_its_owner_alone() {
    let folder = folder("keyring");
    let path = folder.join("keys.toml");
    let mut next = 0;
    let mut random = || {
        next += 1;
        Ok([next; KEY_BYTES])
    };
    Keyring::make(&path, &mut random).unwrap();
    let keyring = Keyring::read(&path).unwrap();
    for (number, purpose) in (1..).zip(Purpose::ALL) {
        assert_eq!(keyring.newest(purpose).unwrap().bytes(), &[number; KEY_BYTES]);
    }
    assert!(!format!("{keyring:?}").contains("1, 1"), "{keyring:?}");
    assert!(matches!(Keyring::make(&path, &mut random), Err(KeyringError::Make { .. })));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Keyring::read(&path).unwrap_err().to_string();
    assert!(error.ends_with("is open to others (mode 640): run `chmod 600` on it"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn rotation_uses_the_highest_id_and_keeps_the_others() {
    let entry = |id: u32, purpose: &str| format!("[[keys]]\nid = {id}\npurpose = \"{purpose}\"\nkey = \"{id:064}\"\n");
    let rest = entry(2, "digests") + &entry(3, "tokens") + &entry(4, "webhooks");
    let keyring = Keyring::parse(&(entry(1, "values") + &entry(9, "values") + &rest)).unwrap();
    let ids: Vec<u16> = keyring.of(Purpose::Values).map(|key| key.id).collect();
    assert_eq!(ids, [9, 1]);
    assert_eq!(keyring.of(Purpose::Audit).count(), 0, "only a trail needs a key of its own");
    let refused = |text: &str| Keyring::parse(text).unwrap_err();
    assert_eq!(refused(&rest), "there is no key of the purpose `values`");
    assert_eq!(refused(&(entry(2, "values") + &rest)), "key 2 is there twice");
    let bad = "[[keys]]\nid = 1\npurpose = \"values\"\nkey = \"secret\"\n";
    assert_eq!(refused(bad), "key 1 is not 64 hexadecimal digits");
    assert_eq!(refused("keys = \"topsecret\"\n"), "line 1 is not what a keyring holds");
}
