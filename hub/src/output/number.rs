//! Numbers as the result files write them.
//!
//! Match weights have four decimals (finer than any comparison between them), probabilities six significant digits.
//! Neither uses an exponent, which some spreadsheets misread. The standard formatter gives the same texts and is the
//! oracle in the tests; this one is several times faster.

/// Appends a number with four decimals, rounded half away from zero; `-0.0000` is written `0.0000`.
pub fn push_fixed4(to: &mut Vec<u8>, number: f64) {
    let scaled = (number * 10_000.0).round();
    if !scaled.is_finite() || scaled.abs() > 1e15 {
        to.extend_from_slice(format!("{number:.4}").as_bytes());
        return;
    }
    if scaled < 0.0 {
        to.push(b'-');
    }
    let scaled = whole(scaled.abs());
    push_digits(to, scaled / 10_000, 1);
    to.push(b'.');
    push_digits(to, scaled % 10_000, 4);
}

/// Decimals of the smallest probability that is not written as 0.
const DECIMALS_MAX: usize = 30;

/// Appends a probability (0..=1) with six significant digits and without trailing zeros: `0.5`, `0.999998`,
/// `0.0000123457`. Anything else is brought into the range first; not-a-number is written as an empty field.
pub fn push_significant6(to: &mut Vec<u8>, probability: f64) {
    if probability.is_nan() {
        return;
    }
    let probability = probability.clamp(0.0, 1.0);
    let mut decimals = 6;
    let mut scaled = probability * 1e6;
    while scaled.round() < 100_000.0 && decimals < DECIMALS_MAX {
        scaled *= 10.0;
        decimals += 1;
    }
    let mut digits = whole(scaled.round());
    if digits == 0 {
        to.push(b'0');
        return;
    }
    while digits.is_multiple_of(10) {
        digits /= 10;
        decimals -= 1;
        if decimals == 0 {
            break;
        }
    }
    if decimals == 0 {
        push_digits(to, digits, 1);
        return;
    }
    to.extend_from_slice(b"0.");
    push_digits(to, digits, decimals);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers pass rounded numbers between 0 and 1e15"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// Appends a number with at least `width` digits, filled up with zeros.
pub(super) fn push_digits(to: &mut Vec<u8>, number: u64, width: usize) {
    let start = to.len();
    let mut rest = number;
    while rest > 0 || to.len() - start < width {
        to.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
    }
    if let Some(digits) = to.get_mut(start..) {
        digits.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(push: fn(&mut Vec<u8>, f64), number: f64) -> String {
        let mut bytes = Vec::new();
        push(&mut bytes, number);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn weights() {
        for (number, expected) in [
            (0.0, "0.0000"),
            (-0.00001, "0.0000"),
            (12.34567, "12.3457"),
            (-7.5, "-7.5000"),
            (-0.0123, "-0.0123"),
            (1e300, &*format!("{:.4}", 1e300)),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(text(push_fixed4, number), expected, "{number}");
        }
    }

    #[test]
    fn probabilities() {
        for (number, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (0.1, "0.1"),
            (0.999_999_9, "1"),
            (0.999_998_2, "0.999998"),
            (0.012_345_678, "0.0123457"),
            (0.000_012_345_678, "0.0000123457"),
            (0.099_999_99, "0.1"),
            (1e-20, "0.00000000000000000001"),
            (1e-40, "0"),
            (2.0, "1"),
            (-1.0, "0"),
            (f64::NAN, ""),
        ] {
            assert_eq!(text(push_significant6, number), expected, "{number}");
        }
    }

    proptest! {
        #[test]
        fn weights_read_back(number in -1e9_f64..1e9) {
            let read: f64 = text(push_fixed4, number).parse().unwrap();
            prop_assert!((read - number).abs() <= 0.000_050_1);
        }

        #[test]
        fn probabilities_read_back(exponent in -20.0_f64..0.0) {
            let number = 10_f64.powf(exponent);
            let read: f64 = text(push_significant6, number).parse().unwrap();
            prop_assert!((read / number - 1.0).abs() <= 0.000_005_1, "{number} {read}");
        }
    }
}
