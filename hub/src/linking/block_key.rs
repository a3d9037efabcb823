//! Says in words what the records of a block have in common.

use linkage::block::KeyPart;
use linkage::rules::{BlockRule, RuleSet};
use linkage::table::{RecordIndex, Table};

/// The parts of a key as one record has them: `prefix(family, 1) of 佐藤`.
pub(crate) fn parts_of(rules: &RuleSet, records: &Table, rule: &BlockRule, record: RecordIndex) -> Vec<String> {
    let part = |part: &KeyPart| {
        let mut values = Vec::new();
        part.for_each_field(&mut |field| {
            values.push(records.value(record, field).map_or("", |value| value.folded()).to_owned());
        });
        let values = values.join(" ");
        let shown = part.display(&rules.fields).to_string();
        if shown.contains('(') { format!("{shown} of {values}") } else { values }
    };
    rule.parts.iter().map(part).collect()
}
