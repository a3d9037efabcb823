//! The numbers of an address: 丁目, 番地, 番 and 号, in any of their forms, as a list of numbers.
//!
//! Whether a number is a house number or part of a name is told by what follows it; no list of towns is asked. Every
//! look ahead is bounded, so that a hostile text costs no more than its length.

/// No address has more numbers; the rest is taken for the building.
pub(super) const NUMBERS_MAX: usize = 8;

/// A number of more digits, ASCII or kanji, is no house number. It bounds the work on hostile input, too.
const DIGITS_MAX: usize = 9;

/// The numbers and what follows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) numbers: Vec<u32>,
    pub(super) rest: &'a str,
}

/// Splits a text into the town, its numbers, and what follows. Numbers that belong to a name stay in the town:
/// `北1条西`, `一番町`, `八軒屋町`.
pub(super) fn split(text: &str) -> (&str, Block<'_>) {
    let last_digit = text.rfind(|c: char| c.is_ascii_digit());
    let mut skip_until = 0;
    for (at, c) in text.char_indices() {
        if at < skip_until {
            continue;
        }
        let Some((town, rest)) = text.split_at_checked(at) else { break };
        if let Some((_, tail)) = digits(rest) {
            if is_part_of_name(tail) {
                skip_until = text.len() - tail.len();
                continue;
            }
            return (town, block(rest));
        }
        if let Some((_, tail)) = kanji_numeral(rest) {
            if opens_block(tail) {
                return (town, block(rest));
            }
            skip_until = text.len() - tail.len();
        } else if c == ' ' && !town.is_empty() && last_digit.is_none_or(|last| last < at) {
            // Without any number, a space is all that parts a town from a building.
            return (town, Block { numbers: Vec::new(), rest });
        }
    }
    (text, Block::default())
}

/// Whether digits before this text are part of a town's name.
fn is_part_of_name(tail: &str) -> bool {
    tail.starts_with(['条', '線', '軒', '町']) || tail.starts_with("番町") || tail.starts_with("番丁")
}

/// Whether a kanji number before this text opens the numbers; kanji numbers are part of many names.
fn opens_block(tail: &str) -> bool {
    if tail.starts_with("丁目") || tail.starts_with("番地") {
        return true;
    }
    let after_hyphen = tail.strip_prefix(['-', 'ノ']);
    match tail.strip_prefix(['番', '号']) {
        Some(rest) => rest.is_empty() || rest.starts_with([' ', '-']) || starts_with_number(rest),
        None => after_hyphen.is_some_and(starts_with_number),
    }
}

/// Reads numbers and their units as long as they follow each other.
fn block(text: &str) -> Block<'_> {
    let mut numbers = Vec::new();
    let mut rest = text;
    while numbers.len() < NUMBERS_MAX {
        let Some((number, tail)) = digits(rest.trim_start()).or_else(|| kanji_numeral(rest.trim_start())) else {
            break;
        };
        let tail_text = tail.trim_start();
        // A number with a unit of buildings is no house number: 3階, 2号棟, 201号室.
        let is_of_building = tail_text.starts_with(['階', '棟', '室', 'F', '館'])
            || tail_text.starts_with("号棟")
            || tail_text.starts_with("号室")
            || tail_text.starts_with("号館");
        if is_of_building && !numbers.is_empty() {
            break;
        }
        numbers.push(number);
        rest = tail_text;
        let (after_unit, may_go_on) = unit(tail);
        rest = after_unit.unwrap_or(rest);
        if !may_go_on {
            break;
        }
    }
    Block { numbers, rest: rest.trim_start() }
}

/// What follows a number: the text behind its unit, and whether another number may follow.
fn unit(tail: &str) -> (Option<&str>, bool) {
    const UNITS: [&str; 6] = ["丁目", "番地", "丁", "番", "号", "地"];
    let spaced = tail.trim_start();
    let after_unit = UNITS.iter().find_map(|unit| spaced.strip_prefix(unit));
    let after = after_unit.unwrap_or(tail);
    let joined = after.trim_start().strip_prefix(['-', 'の', 'ノ', '之', '、']).map(str::trim_start);
    match (after_unit, joined) {
        (_, Some(next)) if starts_with_number(next) => (Some(next), true),
        // Behind a unit a number may follow at once, 2番3; without a unit only a joint carries on.
        (Some(after), _) if starts_with_number(after) => (Some(after), true),
        // Across a space only a number with a unit of its own does: 1丁目 2番 3号.
        (Some(after), _) => (Some(after), has_unit(after.trim_start())),
        (None, _) => (None, false),
    }
}

/// Whether the text starts with a number that has a unit of house numbers, or a joint to the next number.
fn has_unit(text: &str) -> bool {
    let Some((_, tail)) = digits(text).or_else(|| kanji_numeral(text)) else { return false };
    tail.starts_with(['番', '-']) || tail.starts_with("丁目") || tail == "号" || tail.starts_with("号 ")
}

/// Whether the text starts with a number that cannot be part of a name.
fn starts_with_number(text: &str) -> bool {
    let ends_there =
        |tail: &str| tail.is_empty() || tail.starts_with([' ', '-', 'ノ', '番', '号']) || tail.starts_with("丁目");
    digits(text).is_some() || kanji_numeral(text).is_some_and(|(_, tail)| ends_there(tail))
}

/// A number in ASCII digits at the start of the text, and what follows; a longer run is no house number.
fn digits(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().take(DIGITS_MAX + 1).take_while(u8::is_ascii_digit).count();
    let (run, tail) = text.split_at_checked(end)?;
    (1..=DIGITS_MAX).contains(&end).then(|| run.parse().ok())?.map(|number| (number, tail))
}

/// A number in kanji at the start of the text, positional (`一〇六〇`) or with units (`千六十`), and what follows.
pub(super) fn kanji_numeral(text: &str) -> Option<(u32, &str)> {
    let (mut total, mut current, mut seen, mut rest) = (0_u32, 0_u32, 0_usize, text);
    while let Some(c) = rest.chars().next() {
        if let Some(digit) = kanji_digit(c) {
            current = current.checked_mul(10)?.checked_add(digit)?;
        } else if let Some(unit) = kanji_unit(c) {
            total = total.checked_add(unit.checked_mul(current.max(1))?)?;
            current = 0;
        } else {
            break;
        }
        seen += 1;
        if seen > DIGITS_MAX {
            return None;
        }
        rest = rest.get(c.len_utf8()..)?;
    }
    if seen == 0 {
        return None;
    }
    Some((total.checked_add(current)?, rest))
}

/// Whether the character is part of a kanji number.
pub(super) fn is_kanji_number(c: char) -> bool {
    kanji_digit(c).is_some() || kanji_unit(c).is_some()
}

fn kanji_digit(c: char) -> Option<u32> {
    Some(match c {
        '〇' => 0,
        '一' => 1,
        '二' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

fn kanji_unit(c: char) -> Option<u32> {
    Some(match c {
        '十' => 10,
        '百' => 100,
        '千' => 1000,
        _ => return None,
    })
}
