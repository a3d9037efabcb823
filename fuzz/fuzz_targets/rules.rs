//! The parser of rule sets: any text is refused with a line and a reason, or gives a rule set that survives writing.
//!
//! A rule set that has been parsed is written and parsed again: the result must be the same rule set with the same
//! digest, because the digest of the written form is what names a rule version.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linkage::rules::RuleSet;

fuzz_target!(|text: &str| {
    match RuleSet::parse(text) {
        Ok(rules) => {
            let written = rules.to_toml();
            let again = RuleSet::parse(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
            assert_eq!(again, rules, "{written}");
            assert_eq!(again.digest(), rules.digest());
        }
        Err(error) => {
            assert!(error.line >= 1 && error.line <= text.lines().count() + 1, "{error}");
            assert!(!error.reason.is_empty());
        }
    }
});
