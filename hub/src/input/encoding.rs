//! Says what a file that is not UTF-8 text looks like.
//!
//! A person who exports from a spreadsheet or a hospital system gets `Shift_JIS`, UTF-16 or a zip file under the name
//! `.csv`. Nothing is converted here: a guess that is silently wrong would spoil names. The error says what the file
//! looks like and which command converts it.

/// What a file starts with when it is no text at all.
pub(super) fn not_text(start: &[u8]) -> Option<&'static str> {
    let magic: [(&[u8], &str); 6] = [
        (b"\xff\xfe", "UTF-16; convert it first: `iconv -f UTF-16 -t UTF-8`"),
        (b"\xfe\xff", "UTF-16; convert it first: `iconv -f UTF-16 -t UTF-8`"),
        (b"PK\x03\x04", "a zip or Excel file; save it as CSV (UTF-8) or unpack it first"),
        (b"\xd0\xcf\x11\xe0", "an old Excel file; save it as CSV (UTF-8) first"),
        (b"\x1f\x8b", "gzip; unpack it first"),
        (b"\x28\xb5\x2f\xfd", "zstd; unpack it first"),
    ];
    let known = magic.iter().find(|(bytes, _)| start.starts_with(bytes)).map(|(_, name)| *name);
    known.or_else(|| utf16_without_mark(start))
}

/// Every second byte of ASCII text in UTF-16 is NUL.
fn utf16_without_mark(start: &[u8]) -> Option<&'static str> {
    let sample = start.get(..64.min(start.len() / 2 * 2))?;
    let nul_in = |first: usize| sample.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let pairs = sample.len() / 2;
    let looks = pairs >= 4 && [(0, 1), (1, 0)].iter().any(|(nul, text)| nul_in(*nul) == pairs && nul_in(*text) == 0);
    looks.then_some("UTF-16 without a byte-order mark; convert it first: `iconv -f UTF-16LE -t UTF-8`")
}

/// Text that is valid UTF-8 only because its encoding is made of ASCII bytes and escapes.
pub(super) fn escapes(bytes: &[u8]) -> Option<&'static str> {
    let found = bytes.contains(&0x1b) && bytes.windows(2).any(|pair| pair == b"\x1b$");
    found.then_some("ISO-2022-JP; convert it first: `iconv -f ISO-2022-JP -t UTF-8`")
}

/// What text that is no UTF-8 looks like. EUC-JP is asked first: most of its pairs are valid in `Shift_JIS` as well.
pub(super) fn japanese(bytes: &[u8]) -> Option<&'static str> {
    if all_pairs(bytes, euc_pair) {
        return Some("EUC-JP; convert it first: `iconv -f EUC-JP -t UTF-8`");
    }
    all_pairs(bytes, shift_jis_pair).then_some("Shift_JIS; convert it first: `iconv -f CP932 -t UTF-8`")
}

/// Whether every byte over 0x7F begins a character of `length_at` bytes. A character cut at the end is forgiven.
fn all_pairs(bytes: &[u8], length_at: fn(u8, u8) -> usize) -> bool {
    let mut rest = bytes;
    let mut seen = false;
    while let Some((first, tail)) = rest.split_first() {
        if first.is_ascii() {
            rest = tail;
            continue;
        }
        let Some(second) = tail.first() else { return seen };
        let length = length_at(*first, *second);
        if length == 0 {
            return false;
        }
        seen = true;
        rest = rest.get(length..).unwrap_or_default();
    }
    seen
}

fn euc_pair(first: u8, second: u8) -> usize {
    match (first, second) {
        (0xa1..=0xfe, 0xa1..=0xfe) | (0x8e, 0xa1..=0xdf) => 2,
        (0x8f, 0xa1..=0xfe) => 3,
        _ => 0,
    }
}

fn shift_jis_pair(first: u8, second: u8) -> usize {
    match (first, second) {
        (0xa1..=0xdf, _) => 1,
        (0x81..=0x9f | 0xe0..=0xfc, 0x40..=0x7e | 0x80..=0xfc) => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let guess = not_text(bytes).or_else(|| escapes(bytes)).or_else(|| japanese(bytes)).unwrap_or("nothing known");
        assert!(guess.starts_with(expected), "{guess}");
    }

    #[test]
    fn guesses() {
        check(b"\xff\xfei\0d\0", "UTF-16;");
        check(b"\xfe\xff\0i\0d", "UTF-16;");
        check(b"i\0d\0,\0n\0a\0m\0e\0", "UTF-16 without");
        check(b"\0i\0d\0,\0n\0a\0m\0e", "UTF-16 without");
        check(b"PK\x03\x04rest", "a zip");
        check(b"\x1f\x8b\x08", "gzip");
        check(b"id,name\n1,\x8e\x52\x93\x63\n", "Shift_JIS");
        check(b"id,name\n1,\xb1\xb2\xb3\n", "Shift_JIS");
        check(b"id,name\n1,\xbb\xb3\xc5\xc4\n", "EUC-JP");
        check(b"id,name\n1,\x1b$B;3ED\x1b(B\n", "ISO-2022-JP");
        check(b"id,name\n1,caf\xe9\n", "nothing");
        check(b"id\n\0\0\0\0\0\0\0\0", "nothing");
        check(b"", "nothing");
    }
}
