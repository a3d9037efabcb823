use super::*;

#[test]
fn kinds_have_unique_names() {
    for &kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.name()), Some(kind));
    }
    assert_eq!(Kind::ALL.len(), 19);
}
