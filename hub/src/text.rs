//! Numbers and tables for people to read on a terminal.

/// A count with thousands separated: `57,078`.
#[must_use]
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A ratio with four decimals, rounded towards zero short of 1: `0.9999` must not read as perfect.
#[must_use]
pub fn ratio(ratio: f64) -> String {
    if ratio < 1.0 && ratio > 0.999_9 { "0.9999".to_owned() } else { format!("{ratio:.4}") }
}

/// Rows in columns: the first column to the left, the others to the right, two spaces between, two in front.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &[String], column: usize| row.get(column).map_or(0, |cell| width(cell));
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| cell(row, column)).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (column, cell) in row.iter().enumerate() {
            let padding = " ".repeat(widths.get(column).copied().unwrap_or(0).saturating_sub(width(cell)));
            if column == 0 {
                line.push_str(cell);
                line.push_str(&padding);
            } else {
                line.push_str("  ");
                line.push_str(&padding);
                line.push_str(cell);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Columns that a text takes on a terminal: East Asian letters take two.
#[must_use]
pub fn width(text: &str) -> usize {
    let wide = |letter: char| matches!(letter, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}');
    text.chars().map(|letter| if wide(letter) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (count, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (57_078, "57,078"), (1_234_567, "1,234,567")]
        {
            assert_eq!(thousands(count), expected);
        }
        for (number, expected) in [(0.0, "0.0000"), (0.5, "0.5000"), (0.999_96, "0.9999"), (1.0, "1.0000")] {
            assert_eq!(ratio(number), expected);
        }
    }

    #[test]
    fn tables_line_up_with_wide_letters() {
        let rows = [["名", "n"], ["山田太郎", "12"], ["x", "3"]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(table(&rows), "  名         n\n  山田太郎  12\n  x          3\n");
    }
}
