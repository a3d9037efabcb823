//! An explanation as people read it on a terminal.

use std::fmt::Write as _;

use super::document::{Bar, Block, Document, Field, FlipEntry};
use crate::text::{thousands, width};

/// Columns of the drawn bars.
const BAR_COLUMNS: usize = 24;
/// Columns after which a value is cut; the JSON document has it whole.
const VALUE_COLUMNS_MAX: usize = 32;
/// Flips that are printed; the JSON document has all.
const FLIPS_MAX: usize = 6;

/// The text of an explanation.
pub(crate) fn text(document: &Document) -> String {
    let mut out = String::new();
    let source = |side: usize| {
        let sources = document.sources.as_ref().and_then(|sources| sources.get(side));
        sources.map_or_else(String::new, |source| format!(" ({source})"))
    };
    let _ = writeln!(
        out,
        "{}{} and {}{}: {}",
        document.left,
        source(0),
        document.right,
        source(1),
        document.decision.to_uppercase()
    );
    let _ = writeln!(
        out,
        "match weight {:+.2} bits, match probability {}; thresholds: match from {:+.2}, possible match from {:+.2}",
        document.match_weight,
        probability(document.match_probability),
        document.upper,
        document.lower
    );
    for guard in &document.guards {
        let effect = if guard.is_capping { "capped at" } else { "would be capped at" };
        let below = guard.below.map_or_else(String::new, |below| format!(" under {below:+.2} bits"));
        let _ = writeln!(out, "{effect} {}{below} by guard `{}`: {}", guard.cap, guard.guard, guard.reason);
    }
    push_waterfall(&mut out, document);
    push_blocks(&mut out, document);
    push_flips(&mut out, document);
    let _ = writeln!(out, "\nrules {} ({})", document.rules, document.rules_digest);
    out
}

/// One line of the waterfall: where its bar starts and ends, and what stands beside it.
struct Step {
    name: String,
    weight: f64,
    from: f64,
    to: f64,
    note: String,
    /// Value lines below it.
    values: Vec<String>,
}

fn push_waterfall(out: &mut String, document: &Document) {
    let mut at = 0.0;
    let mut steps: Vec<Step> = Vec::new();
    let mut step = |name: &str, weight: f64, note: String, values: Vec<String>| {
        steps.push(Step { name: name.to_owned(), weight, from: at, to: at + weight, note, values });
        at += weight;
    };
    step("prior", document.prior, "two random records".to_owned(), Vec::new());
    for bar in &document.comparisons {
        step(&bar.comparison, bar.weight, level_note(bar), bar.fields.iter().filter_map(values).collect());
    }
    for relation in &document.relations {
        let note =
            if relation.weight < -0.005 { "could explain the agreement as well" } else { "explains nothing here" };
        step(&format!("relation {}", relation.relation), relation.weight, note.to_owned(), Vec::new());
    }
    let total = Step {
        name: "match weight".to_owned(),
        weight: document.match_weight,
        from: 0.0,
        to: document.match_weight,
        note: document.decision_by_weight.to_owned(),
        values: Vec::new(),
    };
    steps.push(total);
    let low = steps.iter().map(|step| step.to).fold(0.0, f64::min);
    let high = steps.iter().map(|step| step.to).fold(0.0, f64::max);
    let names = steps.iter().map(|step| width(&step.name)).max().unwrap_or(0);
    out.push('\n');
    for step in &steps {
        let drawn = draw(step.from, step.to, (low, high));
        let _ = writeln!(out, "  {} {:>8.2}  {drawn}  {}", padded(&step.name, names), step.weight, step.note);
        for line in &step.values {
            let _ = writeln!(out, "  {}  {line}", " ".repeat(names + 9 + 2 + BAR_COLUMNS));
        }
    }
}

fn level_note(bar: &Bar) -> String {
    let mut note = bar.level.clone();
    if bar.frequency_weight.abs() >= 0.005 {
        let word = if bar.frequency_weight > 0.0 { "rare" } else { "common" };
        let _ = write!(note, " ({:+.2}, {word} value {:+.2})", bar.level_weight, bar.frequency_weight);
    }
    note
}

/// The two values of a field, raw; the comparison keys are added where they say more.
fn values(field: &Field) -> Option<String> {
    if field.left.is_none() && field.right.is_none() {
        return None;
    }
    let sign = if field.left.is_some() && field.left == field.right { "=" } else { "≠" };
    let shown = |raw: &str, key: Option<&String>| match key {
        None => "–".to_owned(),
        Some(key) if raw.is_empty() || raw == key => cut(key),
        Some(key) => format!("{} → {}", cut(raw), cut(key)),
    };
    let left = shown(&field.left_raw, field.left.as_ref());
    let right = shown(&field.right_raw, field.right.as_ref());
    Some(format!("{}: {left} {sign} {right}", field.field))
}

fn push_blocks(out: &mut String, document: &Document) {
    if !document.is_comparable {
        out.push_str("\nNever compared: both records are of one source, and links are made across sources only\n");
    } else if document.is_candidate {
        let shared: Vec<&str> =
            document.blocks.iter().filter(|block| block.is_shared).map(|block| block.block.as_str()).collect();
        let _ = writeln!(out, "\nBrought together by {}", shared.join("; "));
        return;
    } else {
        out.push_str("\nNot compared: no blocking rule brings the two together (other records still may)\n");
    }
    let names = document.blocks.iter().map(|block| width(&block.block)).max().unwrap_or(0);
    for (position, block) in document.blocks.iter().enumerate() {
        let closest = if document.closest_block == Some(position) { " ← closest" } else { "" };
        let _ = writeln!(out, "  {}  {}{closest}", padded(&block.block, names), block_note(block));
    }
    let closest = document.closest_block.and_then(|position| document.blocks.get(position));
    let parts = closest.into_iter().flat_map(|block| &block.parts).filter(|part| part.agreement != "agree");
    for field in parts.flat_map(|part| &part.fields) {
        let line = values(field).unwrap_or_else(|| format!("{}: missing in both", field.field));
        let _ = writeln!(out, "    {line}");
    }
}

fn block_note(block: &Block) -> String {
    if block.is_skipped {
        let most = thousands(u64::from(block.records_max));
        return format!("all parts agree, but the block was skipped: it has more than {most} records");
    }
    let parts = block.parts.iter().map(|part| match part.agreement {
        "agree" => format!("✓ {}", part.part),
        "differ" => format!("✗ {}", part.part),
        _ => format!("– {} missing", part.part),
    });
    parts.collect::<Vec<_>>().join("  ")
}

fn push_flips(out: &mut String, document: &Document) {
    if document.flips.is_empty() {
        out.push_str("\nNo single change would flip the decision\n");
        return;
    }
    out.push_str("\nThe decision would flip if\n");
    for flip in document.flips.iter().take(FLIPS_MAX) {
        let _ = writeln!(out, "  {} → {:+.2}, {}", condition(flip), flip.match_weight, flip.decision);
    }
    if let Some(rest) = document.flips.len().checked_sub(FLIPS_MAX).filter(|rest| *rest > 0) {
        let _ = writeln!(out, "  and {rest} more changes");
    }
}

fn condition(flip: &FlipEntry) -> String {
    match (&flip.comparison, &flip.from, &flip.to, &flip.guard) {
        (Some(comparison), Some(from), Some(to), _) => format!("{comparison} were `{to}` instead of `{from}`"),
        (_, _, _, Some(guard)) => format!("guard `{guard}` did not hold"),
        _ => String::new(),
    }
}

/// A bar from one weight to another on a scale that holds them all, in eighths of a column.
fn draw(from: f64, to: f64, (low, high): (f64, f64)) -> String {
    let scale = BAR_COLUMNS as f64 / (high - low).max(1e-9);
    let place = |weight: f64| (weight - low) * scale;
    let (start, end) = (place(from.min(to)), place(from.max(to)));
    let zero = place(0.0);
    // `+` and `-` tell the direction where colour is missing.
    let filled = if to >= from { '█' } else { '▒' };
    let columns = (0..BAR_COLUMNS).map(|column| {
        let (left, right) = (column as f64, column as f64 + 1.0);
        let middle = left + 0.5;
        if start <= middle && middle < end {
            filled
        } else if end - start < 1.0 && end > start && left <= start && start < right {
            if to >= from { '▌' } else { '▏' }
        } else if left <= zero && (zero < right || (column + 1 == BAR_COLUMNS && zero <= right)) {
            '│'
        } else {
            ' '
        }
    });
    columns.collect()
}

fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// A value in at most [`VALUE_COLUMNS_MAX`] columns.
fn cut(text: &str) -> String {
    if width(text) <= VALUE_COLUMNS_MAX {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if width(&kept) + 3 > VALUE_COLUMNS_MAX {
            break;
        }
        kept.push(letter);
    }
    kept + "…"
}

/// Enough digits to tell a probability near 0 or 1 from 0 or 1.
fn probability(probability: f64) -> String {
    let distance = probability.min(1.0 - probability);
    if distance >= 0.001 || distance <= 0.0 { format!("{probability:.4}") } else { format!("{probability:.9}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_start_where_the_last_one_ended() {
        let check = |from: f64, to: f64, expected: &str| {
            assert_eq!(draw(from, to, (-12.0, 12.0)), expected, "{from} {to}");
        };
        check(0.0, -12.0, "▒▒▒▒▒▒▒▒▒▒▒▒│           ");
        check(-12.0, 0.0, "████████████│           ");
        check(-12.0, 12.0, "████████████████████████");
        check(4.0, 4.2, "            │   ▌       ");
        check(3.0, 3.0, "            │           ");
        check(12.0, 12.0, "            │           ");
    }

    #[test]
    fn values_are_cut_by_columns_and_not_by_characters() {
        assert_eq!(cut("短い"), "短い");
        let cut = cut("長い住所がここに書かれていて一行には入らない");
        assert!(width(&cut) <= VALUE_COLUMNS_MAX && cut.ends_with('…'), "{cut}");
    }

    #[test]
    fn values_show_the_key_where_it_differs_from_the_text() {
        let field = |left_raw: &str, right_raw: &str, left: Option<&str>, right: Option<&str>| {
            let (left_raw, right_raw) = (left_raw.to_owned(), right_raw.to_owned());
            let (left, right) = (left.map(ToOwned::to_owned), right.map(ToOwned::to_owned));
            values(&Field { field: "family".to_owned(), left_raw, right_raw, left, right })
        };
        assert_eq!(field("渡邉", "渡辺", Some("渡辺"), Some("渡辺")).unwrap(), "family: 渡邉 → 渡辺 = 渡辺");
        assert_eq!(field("渡辺", "", Some("渡辺"), None).unwrap(), "family: 渡辺 ≠ –");
        assert_eq!(field("不明", "", None, None), None);
    }
}
