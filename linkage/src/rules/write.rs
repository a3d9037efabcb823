//! Writes a rule set back as TOML, one form only.
//!
//! Used for trained rule sets and for the rule digest, so the order and the number format never depend on where the
//! rule set came from. Comments of a hand-written file are not kept.

use super::{BLOCK_RECORDS_MAX, Cap, ClusterMethod, Comparison, RuleSet};
use crate::block::KeyPart;
use std::fmt::Write as _;

impl RuleSet {
    /// The rule set as TOML text; parsing it gives the same rule set.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "name = {}\ntitle = {}", quoted(&self.name), quoted(&self.title))?;
        if !self.split_joined.is_empty() {
            let pairs: Vec<String> =
                self.split_joined.iter().map(|(a, b)| format!("[{}, {}]", quoted(a), quoted(b))).collect();
            writeln!(out, "split_joined = [{}]", pairs.join(", "))?;
        }
        writeln!(out, "\n[match]")?;
        if let Some(prior) = self.prior {
            writeln!(out, "prior = {}", number(prior))?;
        }
        writeln!(out, "upper = {:?}\nlower = {:?}\n\n[fields]", self.upper, self.lower)?;
        for field in &self.fields {
            let columns = match field.columns.as_slice() {
                [column] => format!("column = {}", quoted(column)),
                columns => format!("columns = [{}]", list(columns.iter().map(|column| quoted(column)))),
            };
            writeln!(out, "{} = {{ {columns}, kind = \"{}\" }}", field.name, field.kind.name())?;
        }
        for relation in &self.relations {
            writeln!(out, "\n[[relation]]\nname = {}", quoted(&relation.name))?;
            if relation.is_fixed {
                writeln!(out, "fixed = true")?;
            }
            if let Some(rate) = relation.rate {
                writeln!(out, "rate = {}", number(rate))?;
            }
        }
        for comparison in &self.comparisons {
            self.write_comparison(out, comparison)?;
        }
        for guard in &self.guards {
            let cap = match guard.cap {
                Cap::PossibleMatch => "possible match",
                Cap::NonMatch => "non-match",
            };
            writeln!(out, "\n[[guard]]\nname = {}\nreason = {}", quoted(&guard.name), quoted(&guard.reason))?;
            writeln!(out, "when = \"{}\"\ncap = \"{cap}\"", guard.when.display(&self.fields))?;
            if let Some(below) = guard.below {
                writeln!(out, "below = {below:?}")?;
            }
        }
        for block in &self.blocks {
            writeln!(out, "\n[[block]]\nname = {}\nkey = {}", quoted(&block.name), self.key(&block.parts))?;
            if block.records_max != BLOCK_RECORDS_MAX {
                writeln!(out, "records_max = {}", block.records_max)?;
            }
            if block.is_strong {
                writeln!(out, "strong = true")?;
            }
        }
        self.write_tail(out)
    }

    fn write_comparison(&self, out: &mut String, comparison: &Comparison) -> std::fmt::Result {
        writeln!(out, "\n[[comparison]]\nname = {}\nlevels = [", quoted(&comparison.name))?;
        for level in &comparison.levels {
            write!(out, "  {{ name = {}", quoted(&level.name))?;
            if let Some(when) = &level.when {
                write!(out, ", when = \"{}\"", when.display(&self.fields))?;
            }
            if level.is_null {
                write!(out, ", null = true")?;
            }
            for (name, value) in [("m", level.m), ("u", level.u)] {
                if let Some(value) = value {
                    write!(out, ", {name} = {}", number(value))?;
                }
            }
            for (relation, value) in self.relations.iter().zip(&level.relations) {
                if let Some(value) = value {
                    write!(out, ", {} = {}", relation.name, number(*value))?;
                }
            }
            if let Some((field, weight)) = level.frequency {
                write!(out, ", frequency = {}", quoted(self.fields.get(field.index()).map_or("?", |f| &f.name)))?;
                if weight < 1.0 {
                    write!(out, ", frequency_weight = {weight:?}")?;
                }
            }
            writeln!(out, " }},")?;
        }
        writeln!(out, "]")
    }

    fn write_tail(&self, out: &mut String) -> std::fmt::Result {
        let training = &self.training;
        let keys = |keys: &[Vec<KeyPart>]| list(keys.iter().map(|key| self.key(key)));
        writeln!(out, "\n[training]\ndeterministic = [{}]", keys(&training.deterministic))?;
        writeln!(out, "recall = {:?}\nblocks = [{}]", training.recall, keys(&training.blocks))?;
        writeln!(out, "union = [{}]\nrounds = {}", keys(&training.union), training.rounds)?;
        writeln!(out, "random_pairs = {}", training.random_pairs)?;
        let method = match self.clustering.method {
            ClusterMethod::Connected => "connected",
            ClusterMethod::Safe => "safe",
        };
        writeln!(out, "\n[cluster]\nmethod = \"{method}\"\none_per_source = {}", self.clustering.one_per_source)
    }

    fn key(&self, parts: &[KeyPart]) -> String {
        format!("[{}]", list(parts.iter().map(|part| quoted(&part.display(&self.fields).to_string()))))
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// Six significant digits: more would suggest a precision that no estimate has. A probability that they would round
/// to 1 is written in full, or the rule set could not be read again.
fn number(value: f64) -> String {
    let rounded = format!("{value:.5e}").parse::<f64>().ok().filter(|rounded| *rounded < 1.0);
    format!("{:?}", rounded.unwrap_or(value))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
