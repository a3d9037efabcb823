//! Japanese addresses.

use crate::normalize::{Kind, Tables, markers, width};
use crate::value::{AddressParts, Parts, Value};

/// Normalises an address.
pub(super) fn address(raw: &str, tables: &Tables) -> Option<Value> {
    let exact = width::clean(raw);
    if markers::is_null(Kind::Address, &exact) {
        return None;
    }
    let _ = tables.municipalities();
    let folded: String = exact.chars().filter(|&c| c != ' ').collect();
    Some(Value::new(exact, folded).with_parts(Parts::Address(Box::new(AddressParts::default()))))
}
