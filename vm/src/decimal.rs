//! Decimal numbers and fixed-point ones: reading is exact and rounds once, to nearest with ties up; printing gives the fewest digits that read back
//! to the same raw value. No floating point anywhere.

use std::fmt::Write as _;

/// Why a text is no fixed-point number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// It does not read as a decimal number.
    Malformed,
    /// Its raw value does not fit 64 bits.
    TooLarge,
}

/// Why a text is no whole number of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaledError {
    /// It does not read as a decimal number.
    Malformed,
    /// There are more parts than fit 64 bits.
    TooLarge,
    /// Something is left over.
    TooFine,
}

/// Longest text that is read as a number: enough for every exact decimal of a 64-bit container, and no work for hostile files.
const LONGEST: usize = 400;

/// A decimal number, taken apart: digits without the point, and how many of them stand behind it (negative: zeros to append).
struct Parts<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i32,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    if text.len() > LONGEST {
        return None;
    }
    let bytes = text.as_bytes();
    let (negative, bytes) = match bytes.first()? {
        b'-' => (true, &bytes[1..]),
        b'+' => (false, &bytes[1..]),
        _ => (false, bytes),
    };
    let (mantissa, exponent) = match bytes.iter().position(|b| matches!(b, b'e' | b'E')) {
        None => (bytes, 0),
        Some(at) => {
            let digits = std::str::from_utf8(&bytes[at + 1..]).ok()?;
            if !digits.bytes().last()?.is_ascii_digit() {
                return None;
            }
            (&bytes[..at], digits.parse::<i32>().ok().filter(|e| e.abs() <= 1000)?)
        }
    };
    let (whole, fraction) = match mantissa.iter().position(|b| *b == b'.') {
        None => (mantissa, &[][..]),
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
    };
    let digits = whole.iter().chain(fraction);
    let sound = digits.clone().all(u8::is_ascii_digit) && whole.len() + fraction.len() > 0;
    sound.then_some(Parts { negative, whole, fraction, exponent })
}

/// The raw value (value · 2^frac, to nearest, ties up) of a decimal number such as `-2.5`, `7` or `1.0e-3`. `frac` is at most 62.
///
/// # Errors
/// [`DecimalError`]: not a number, or beyond 64 bits.
pub fn read_fixed(text: &str, frac: u32) -> Result<i64, DecimalError> {
    let parts = parts(text).ok_or(DecimalError::Malformed)?;
    let raw = match short(&parts, frac) {
        Some(raw) => raw,
        None => long(&parts, frac).ok_or(DecimalError::TooLarge)?,
    };
    i64::try_from(raw).map_err(|_| DecimalError::TooLarge)
}

/// ⌊±numerator / denominator + ½⌋.
fn nearest(negative: bool, numerator: u128, denominator: u128) -> i128 {
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    // Of a negative number a tie goes up, toward zero.
    let up = if negative { rest > denominator - rest } else { rest >= denominator - rest };
    let magnitude = (quotient + u128::from(up)).cast_signed();
    if negative { -magnitude } else { magnitude }
}

/// Numbers of up to 18 digits, nearly all that there are: one division of 128 bits.
fn short(parts: &Parts<'_>, frac: u32) -> Option<i128> {
    if parts.exponent != 0 || parts.whole.len() + parts.fraction.len() > 18 {
        return None;
    }
    let digits = parts.whole.iter().chain(parts.fraction).fold(0_u128, |n, d| n * 10 + u128::from(d - b'0'));
    // Below 10^18 · 2^62 < 2^122.
    Some(nearest(parts.negative, digits << frac, 10_u128.pow(u32::try_from(parts.fraction.len()).ok()?)))
}

/// The part of a number before the point, which is `None` where it exceeds 64 bits, and the digits behind it.
fn apart(parts: &Parts<'_>) -> (Option<i128>, Vec<u8>) {
    let mut digits: Vec<u8> = parts.whole.iter().chain(parts.fraction).map(|d| d - b'0').collect();
    // The point stands before digit `point`; lengths and exponents are small.
    let point = i64::try_from(parts.whole.len()).unwrap_or(i64::MAX).saturating_add(parts.exponent.into());
    if point < 0 {
        digits.splice(0..0, std::iter::repeat_n(0, usize::try_from(-point).unwrap_or(0)));
    }
    let point = usize::try_from(point).unwrap_or(0);
    digits.resize(digits.len().max(point), 0);
    let fraction = digits.split_off(point);
    let whole = digits.iter().try_fold(0_i128, |whole, digit| {
        Some(whole * 10 + i128::from(*digit)).filter(|whole| *whole <= i128::from(u64::MAX))
    });
    (whole, fraction)
}

/// Numbers of any length, digit by digit; `None` where the result exceeds 64 bits.
fn long(parts: &Parts<'_>, frac: u32) -> Option<i128> {
    let (whole, mut fraction) = apart(parts);
    let (mut raw, fraction) = (whole?, &mut fraction[..]);
    // One bit of the fraction each time it is doubled, and what carries out.
    for _ in 0..frac {
        raw = raw * 2 + i128::from(double(fraction));
        if raw > i128::from(u64::MAX) {
            return None;
        }
    }
    let half = double(fraction);
    let beyond = fraction.iter().any(|digit| *digit != 0);
    let up = if parts.negative { half && beyond } else { half };
    raw += i128::from(up);
    Some(if parts.negative { -raw } else { raw })
}

/// Doubles a decimal fraction and returns the carry into the units.
fn double(fraction: &mut [u8]) -> bool {
    let mut carry = 0;
    for digit in fraction.iter_mut().rev() {
        let twice = *digit * 2 + carry;
        (*digit, carry) = (twice % 10, twice / 10);
    }
    carry == 1
}

/// `scale` times a decimal number such as `12.34`, where that is a whole number. `scale` is at most 10^18.
///
/// # Errors
/// [`ScaledError`]: not a number, beyond 64 bits, or no whole number.
pub fn read_scaled(text: &str, scale: u64) -> Result<i64, ScaledError> {
    let parts = parts(text).ok_or(ScaledError::Malformed)?;
    let (whole, mut fraction) = apart(&parts);
    // Below 2^64 · 10^18 < 2^127.
    let whole = whole.ok_or(ScaledError::TooLarge)? * i128::from(scale);
    let mut carry = 0_u128;
    for digit in fraction.iter_mut().rev() {
        let product = u128::from(*digit) * u128::from(scale) + carry;
        *digit = u8::try_from(product % 10).unwrap_or(0);
        carry = product / 10;
    }
    if fraction.iter().any(|digit| *digit != 0) {
        return Err(ScaledError::TooFine);
    }
    let magnitude = whole + i128::try_from(carry).unwrap_or(0);
    let signed = if parts.negative { -magnitude } else { magnitude };
    i64::try_from(signed).map_err(|_| ScaledError::TooLarge)
}

/// What [`read_scaled`] reads as `raw`, for a scale that is 10 to the power of `decimals`: with exactly so many decimals.
#[must_use]
pub fn print_scaled(raw: i64, decimals: u32) -> String {
    let magnitude = raw.unsigned_abs().to_string();
    let (sign, width) = (if raw < 0 { "-" } else { "" }, decimals as usize);
    let padded = format!("{magnitude:0>width$}", width = width + 1);
    let (whole, rest) = padded.split_at(padded.len() - width);
    if width == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// The shortest decimal that [`read_fixed`] reads back to `raw`; of several the nearest. It has digits on both sides of its point.
#[must_use]
pub fn print_fixed(raw: i64, frac: u32) -> String {
    let mut out = String::new();
    write_fixed(raw, frac, &mut out);
    out
}

/// As [`print_fixed`], appended to a text.
pub fn write_fixed(raw: i64, frac: u32, out: &mut String) {
    let magnitude = raw.unsigned_abs();
    let frac = frac.min(62);
    let (whole, rest) = (magnitude >> frac, u128::from(magnitude & ((1 << frac) - 1)));
    // Decimals of k digits lie 10^-k apart, so that 19 digits tell 2^-62 apart.
    for digits in 1..=19_u32 {
        let unit = 10_u128.pow(digits);
        let scaled = rest * unit;
        let below = scaled >> frac;
        let nearer_above = scaled - (below << frac) > ((below + 1) << frac) - scaled;
        let candidates = if nearer_above { [below + 1, below] } else { [below, below + 1] };
        for decimal in candidates {
            let (whole, decimal) = (u128::from(whole) + decimal / unit, decimal % unit);
            let before = out.len();
            if raw < 0 {
                out.push('-');
            }
            let width = digits as usize;
            let _ = write!(out, "{whole}.{decimal:0width$}");
            if read_fixed(&out[before..], frac) == Ok(raw) {
                return;
            }
            out.truncate(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_round_once_to_nearest_with_ties_up() {
        let ok = |text, frac, raw| assert_eq!(read_fixed(text, frac), Ok(raw), "{text}");
        ok("2.5", 16, 5 << 15);
        ok("-2.5", 16, -(5 << 15));
        ok("7", 16, 7 << 16);
        ok("+.5", 1, 1);
        ok("5.", 1, 10);
        ok("1.0e-3", 16, 66);
        ok("12e2", 0, 1200);
        ok("0.25", 1, 1);
        ok("-0.25", 1, 0);
        ok("0.75", 1, 2);
        ok("-0.75", 1, -1);
        ok("0.2499999999999999999999999999999999999999", 1, 0);
        ok("0.2500000000000000000000000000000000000000", 1, 1);
        ok("-0.2500000000000000000000000000000000000001", 1, -1);
        ok("-0.2500000000000000000000000000000000000000", 1, 0);
        ok("-0", 16, 0);
        ok("000000000000000000000000000000000000000000001.5", 1, 3);
        ok("140737488355327.9999", 16, i64::MAX - 6);
        ok("-140737488355328", 16, i64::MIN);
        ok("0.00000000000000000000000000000000000000000000000000000000000000000000001e71", 16, 1 << 16);
    }

    #[test]
    fn what_is_no_decimal() {
        for text in
            ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "1,5", "NaN", "inf", "0x10", "1_000", "--1", "1e1001", "½"]
        {
            assert_eq!(read_fixed(text, 16), Err(DecimalError::Malformed), "{text}");
        }
        assert_eq!(read_fixed(&"1".repeat(401), 16), Err(DecimalError::Malformed));
        for text in ["140737488355328", "-140737488355328.1", "1e300", "99999999999999999999999999999999999999999"] {
            assert_eq!(read_fixed(text, 16), Err(DecimalError::TooLarge), "{text}");
        }
    }

    #[test]
    fn printed_with_as_few_digits_as_tell_it_apart() {
        let prints = |raw, frac, text: &str| assert_eq!(print_fixed(raw, frac), text);
        prints(5 << 15, 16, "2.5");
        prints(64109 << 16, 16, "64109.0");
        prints(-1, 16, "-0.00002");
        prints(1, 1, "0.5");
        prints(0, 16, "0.0");
        prints(i64::MIN, 16, "-140737488355328.0");
        prints(i64::MIN, 62, "-2.0");
        prints(i64::MAX, 0, "9223372036854775807.0");
        prints(65535, 16, "0.99998");
    }

    #[test]
    fn scaled_numbers_are_whole_or_refused() {
        let ok = |text, scale, raw| assert_eq!(read_scaled(text, scale), Ok(raw), "{text}");
        ok("12.34", 100, 1234);
        ok("-12.3", 100, -1230);
        ok("12", 100, 1200);
        ok("12.340000000000000000000000000000000000000000000000", 100, 1234);
        ok("1.234e1", 100, 1234);
        ok("0.05e-1", 1000, 5);
        ok("-0.00", 100, 0);
        ok("1.75", 4, 7);
        ok("7", 1, 7);
        ok("9.223372036854775807", 1_000_000_000_000_000_000, i64::MAX);
        ok("-9.223372036854775808", 1_000_000_000_000_000_000, i64::MIN);
        let fails = |text, scale, error| assert_eq!(read_scaled(text, scale), Err(error), "{text}");
        fails("12.345", 100, ScaledError::TooFine);
        fails("0.000000000000000000000000000000000000000000001", 100, ScaledError::TooFine);
        fails("1.1", 4, ScaledError::TooFine);
        fails("92233720368547758.08", 100, ScaledError::TooLarge);
        fails("1e300", 100, ScaledError::TooLarge);
        fails("18446744073709551615", 1_000_000_000_000_000_000, ScaledError::TooLarge);
        fails("12,34", 100, ScaledError::Malformed);
        fails("", 100, ScaledError::Malformed);
        for (raw, decimals, text) in
            [(1234, 2, "12.34"), (-5, 2, "-0.05"), (0, 2, "0.00"), (7, 0, "7"), (i64::MIN, 18, "-9.223372036854775808")]
        {
            assert_eq!(print_scaled(raw, decimals), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_to_scale_reads_back(raw: i64, decimals in 0_u32..=18) {
            prop_assert_eq!(read_scaled(&print_scaled(raw, decimals), 10_u64.pow(decimals)), Ok(raw));
        }

        #[test]
        fn what_is_printed_reads_back(raw: i64, frac in 0_u32..=62) {
            let text = print_fixed(raw, frac);
            prop_assert_eq!(read_fixed(&text, frac), Ok(raw), "{}", text);
        }

        /// Both readers agree where both apply.
        #[test]
        fn short_numbers_read_the_same_the_long_way(whole in 0_u64..1_000_000_000, fraction in "[0-9]{0,9}", negative: bool, frac in 0_u32..=34) {
            let text = format!("{}{whole}.{fraction}", if negative { "-" } else { "" });
            let parts = parts(&text).expect("a number");
            prop_assert_eq!(short(&parts, frac), long(&parts, frac));
        }

        /// One digit less would read as another number.
        #[test]
        fn no_shorter_decimal_will_do(raw in -1_000_000_000_000_i64..1_000_000_000_000, frac in 4_u32..=20) {
            let text = print_fixed(raw, frac);
            let decimals = text.len() - text.find('.').expect("a point") - 1;
            if decimals > 1 {
                let scale = 10_i128.pow(u32::try_from(decimals).expect("few") - 1);
                let near = (i128::from(raw) * scale).div_euclid(1 << frac);
                for candidate in [near, near + 1] {
                    let sign = if candidate < 0 { "-" } else { "" };
                    let (whole, part) = (candidate.abs() / scale, candidate.abs() % scale);
                    let width = decimals - 1;
                    prop_assert_ne!(read_fixed(&format!("{sign}{whole}.{part:0width$}"), frac), Ok(raw));
                }
            }
        }
    }
}
