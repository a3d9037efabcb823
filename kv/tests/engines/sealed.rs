//! The sealing engine keeps the contract, hides what it keeps, and notices every change.

use crate::contract::{Engine, commit, every_promise, get, id, partition, writes};
use crate::model;
use kv::{Batch, Error, Freshness, Key, KeyId, Keyring, Kv, MemoryKv, Plan, Purpose, Read, RingKey, Sealed, Seq};

pub(crate) fn keyring(active: u16) -> Keyring {
    let key = |id: u16, purpose| {
        let mut secret = [7; 32];
        secret[..2].copy_from_slice(&id.to_be_bytes());
        RingKey { id: KeyId(id), purpose, secret }
    };
    let values = (1..=active).map(|id| key(id, Purpose::Values));
    let keys: Vec<RingKey> = values.chain([key(1000, Purpose::Digests)]).collect();
    Keyring::from_keys(&keys, KeyId(active)).unwrap()
}

fn engine() -> Engine {
    Engine::new(Box::new(Sealed::new(MemoryKv::new(), keyring(1))), Box::new(|kv| kv))
}

every_promise!(engine);

#[test]
fn agrees_with_the_model() {
    model::check(&engine, 128);
}

/// A sealed store with two rows and two entries.
fn store() -> Sealed<MemoryKv> {
    let kv = Sealed::new(MemoryKv::new(), keyring(1));
    let (a, b) = (partition(b"a"), partition(b"b"));
    let batch = writes().put(a.key(*b"k"), b"a secret").put(a.key(*b"l"), b"a secret").put(b.key(*b"k"), b"a secret");
    commit(&kv, &batch.log(b"an event").log(b"an event").batch(1));
    kv
}

/// What lies in the engine inside.
fn raw(kv: &Sealed<MemoryKv>, key: &Key) -> Vec<u8> {
    get(kv.engine(), key).unwrap()
}

/// Writes past the seal.
fn forge(kv: &Sealed<MemoryKv>, key: &Key, value: &[u8], number: u64) {
    commit(kv.engine(), &writes().put(key.clone(), value).batch(number));
}

#[track_caller]
fn check_corrupt<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    match outcome {
        Err(Error::Corrupt { place, .. }) => assert!(!place.contains("secret")),
        other => panic!("{other:?}"),
    }
}

fn read(kv: &Sealed<MemoryKv>, key: &Key) -> Result<Vec<kv::Rows>, Error> {
    kv.read(&[Read::Get(key.clone())], Freshness::Latest)
}

#[test]
fn what_is_kept_is_hidden_and_equal_values_differ() {
    let kv = store();
    let keys = [partition(b"a").key(*b"k"), partition(b"a").key(*b"l"), partition(b"b").key(*b"k")];
    let sealed = keys.each_ref().map(|key| raw(&kv, key));
    assert!(sealed.iter().all(|bytes| !bytes.windows(6).any(|window| window == b"secret")));
    assert!(sealed[0] != sealed[1] && sealed[0] != sealed[2] && sealed[1] != sealed[2]);
    let entries = &kv.engine().changes(Seq(0), 1).unwrap()[0].entries;
    assert!(entries[0] != entries[1] && !entries[0].windows(5).any(|window| window == b"event"));
    // Written again by another batch, the same value looks different; by the same batch, it looks the same.
    let again = |number| {
        let kv = Sealed::new(MemoryKv::new(), keyring(1));
        commit(&kv, &writes().put(keys[0].clone(), b"a secret").batch(number));
        raw(&kv, &keys[0])
    };
    assert_eq!(again(1), sealed[0]);
    assert_ne!(again(2), sealed[0]);
}

#[test]
fn every_changed_byte_is_noticed() {
    let (kv, key) = (store(), partition(b"a").key(*b"k"));
    let sealed = raw(&kv, &key);
    let mut number = 10;
    for position in 0..sealed.len() {
        for flip in [1, 128] {
            let mut forged = sealed.clone();
            forged[position] ^= flip;
            forge(&kv, &key, &forged, number);
            check_corrupt(read(&kv, &key));
            check_corrupt(kv.export(key.partition.space, key.partition.bucket(), None, 9));
            number += 1;
        }
        forge(&kv, &key, &sealed[..position], number);
        check_corrupt(read(&kv, &key));
        number += 1;
    }
    forge(&kv, &key, &[&sealed[..], &[0]].concat(), number);
    check_corrupt(read(&kv, &key));
    forge(&kv, &key, &sealed, number + 1);
    assert_eq!(get(&kv, &key).unwrap(), b"a secret");
}

#[test]
fn rows_that_change_places_are_noticed() {
    let kv = store();
    let keys = [partition(b"a").key(*b"k"), partition(b"a").key(*b"l"), partition(b"b").key(*b"k")];
    let sealed = keys.each_ref().map(|key| raw(&kv, key));
    let mut number = 10;
    for (from, sealed) in sealed.iter().enumerate() {
        for (to, key) in keys.iter().enumerate() {
            forge(&kv, key, sealed, number);
            number += 1;
            if from == to {
                assert_eq!(get(&kv, key).unwrap(), b"a secret");
            } else {
                check_corrupt(read(&kv, key));
            }
        }
    }
}

#[test]
fn entries_that_change_places_are_noticed() {
    let kv = store();
    commit(&kv, &writes().log(b"another").log(b"event").batch(2));
    let changes = kv.engine().changes(Seq(0), 9).unwrap();
    let [first, second] = [&changes[0].entries, &changes[1].entries];
    let forged = |entries: Vec<Box<[u8]>>| {
        let inside = MemoryKv::new();
        inside.commit(&Plan { log: entries, ..Plan::default() }.into_batch(id(1))).unwrap();
        Sealed::new(inside, keyring(1)).changes(Seq(0), 9)
    };
    assert_eq!(forged(first.clone()).unwrap()[0].entries, [(*b"an event").into(), (*b"an event").into()]);
    check_corrupt(forged(vec![first[1].clone(), first[0].clone()]));
    check_corrupt(forged(vec![first[0].clone()]));
    check_corrupt(forged(vec![first[0].clone(), second[1].clone()]));
    check_corrupt(forged(vec![first[0].clone(), first[1].clone(), second[0].clone()]));
    for position in 0..first[0].len() {
        let mut changed = first[0].clone();
        changed[position] ^= 1;
        check_corrupt(forged(vec![changed, first[1].clone()]));
    }
}

#[test]
fn keys_rotate() {
    let key = |name: &[u8]| partition(name).key(*b"k");
    let old = store();
    let new = Sealed::new(old.into_engine(), keyring(2));
    commit(&new, &writes().put(key(b"new"), b"a secret").log(b"later").batch(2));
    assert_eq!(get(&new, &key(b"a")).unwrap(), b"a secret", "old values stay readable");
    assert_eq!(new.changes(Seq(0), 9).unwrap().len(), 2);
    let ids = [&b"a"[..], b"new"].map(|name| raw(&new, &key(name))[1..3].to_vec());
    assert_eq!(ids, [[0, 1], [0, 2]], "new values are under the active key");
    // Without the new key its values cannot be read, and the error names the key.
    let without = Sealed::new(new.into_engine(), keyring(1));
    assert_eq!(get(&without, &key(b"a")).unwrap(), b"a secret");
    let error = read(&without, &key(b"new")).unwrap_err();
    assert!(matches!(&error, Error::Corrupt { source, .. } if source.to_string().contains("key `2`")), "{error:?}");
}

#[test]
fn another_secret_opens_nothing() {
    let (sealed, key) = (store(), partition(b"a").key(*b"k"));
    let other = RingKey { id: KeyId(1), purpose: Purpose::Values, secret: std::array::from_fn(|n| n.to_le_bytes()[0]) };
    let digests = RingKey { id: KeyId(2), purpose: Purpose::Digests, ..other.clone() };
    let other = Sealed::new(sealed.into_engine(), Keyring::from_keys(&[other, digests], KeyId(1)).unwrap());
    check_corrupt(read(&other, &key));
}

#[test]
fn what_is_sealed_twice_for_one_batch_is_the_same() {
    // A repetition after an unknown outcome must be the same batch for the engine as well.
    let batch = writes().put(partition(b"a").key(*b"k"), b"1").log(b"entry").batch(1);
    let [one, two] = [(); 2].map(|()| {
        let kv = Sealed::new(MemoryKv::new(), keyring(1));
        commit(&kv, &Batch { id: batch.id, plan: batch.plan.clone() });
        model::dump(kv.engine())
    });
    assert_eq!(one, two);
}
