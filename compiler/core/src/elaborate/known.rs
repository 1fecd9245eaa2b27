//! Values that the compiler knows: exact integers and fractions, and vectors of them. Nothing here is rounded until a value becomes a register's
//! raw integer ([`raw`]), and that rounds once.

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use smpc_bytecode::interval::Interval;
use std::rc::Rc;

/// Most fractional bits of a `fix`.
pub(crate) const MAX_FRAC: u32 = 62;

/// A known scalar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Num {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A fraction, kept exactly.
    Fix(Rc<BigRational>),
    /// A word of bits.
    Bits(Rc<BigUint>),
}

impl Num {
    /// An exact fraction.
    pub(crate) fn fraction(value: BigRational) -> Self {
        Self::Fix(Rc::new(value))
    }

    /// A word of bits.
    pub(crate) fn word(value: BigUint) -> Self {
        Self::Bits(Rc::new(value))
    }

    /// digits · 10^−scale.
    pub(crate) fn decimal(digits: i128, scale: i32) -> Self {
        let power = BigInt::from(10).pow(scale.unsigned_abs());
        let digits = BigInt::from(digits);
        Self::fraction(if scale >= 0 {
            BigRational::new(digits, power)
        } else {
            BigRational::from_integer(digits * power)
        })
    }

    /// As a fraction; 0 and 1 for truth values.
    pub(crate) fn to_fraction(&self) -> BigRational {
        match self {
            Self::Bool(value) => BigRational::from_integer(BigInt::from(u8::from(*value))),
            Self::Int(value) => BigRational::from_integer(BigInt::from(*value)),
            Self::Fix(value) => (**value).clone(),
            Self::Bits(value) => BigRational::from_integer(BigInt::from((**value).clone())),
        }
    }

    /// As a word of bits: of a word, or of an integer that is not negative.
    pub(crate) fn as_word(&self) -> Option<BigUint> {
        match self {
            Self::Bits(value) => Some((**value).clone()),
            Self::Int(value) => u128::try_from(*value).ok().map(BigUint::from),
            Self::Bool(_) | Self::Fix(_) => None,
        }
    }

    /// As an integer, if it is one by type.
    pub(crate) const fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Bool(_) | Self::Fix(_) | Self::Bits(_) => None,
        }
    }

    /// `value · 2^frac` of an integer or a truth value, where 128 bits hold it: most numbers, without fractions.
    fn scaled(&self, frac: u32) -> Option<i128> {
        let value = match self {
            Self::Bool(value) => i128::from(*value),
            Self::Int(value) => *value,
            Self::Fix(_) | Self::Bits(_) => return None,
        };
        1_i128.checked_shl(frac).and_then(|one| value.checked_mul(one))
    }

    /// Whether it is 0.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Bool(value) => !value,
            Self::Int(value) => *value == 0,
            Self::Fix(value) => value.is_zero(),
            Self::Bits(value) => value.is_zero(),
        }
    }
}

/// Known lanes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Known {
    /// The same in so many lanes.
    Same(Num, u64),
    /// One by one.
    Each(Rc<[Num]>),
    /// `start, start + step, …`.
    Steps {
        /// First value.
        start: i128,
        /// Difference of neighbours.
        step: i128,
        /// Number of lanes.
        lanes: u64,
    },
}

/// Most lanes that are kept one by one; longer vectors are computed by the machine.
pub(crate) const MOST: u64 = 1 << 16;

impl Known {
    /// A single lane.
    pub(crate) const fn one(value: Num) -> Self {
        Self::Same(value, 1)
    }

    /// Lanes one by one, or the same in all where they are.
    pub(crate) fn each(values: Vec<Num>) -> Self {
        match values.first() {
            Some(first) if values.iter().all(|value| value == first) => Self::Same(first.clone(), values.len() as u64),
            _ => Self::Each(values.into()),
        }
    }

    /// Number of lanes.
    pub(crate) fn lanes(&self) -> u64 {
        match self {
            Self::Same(_, lanes) | Self::Steps { lanes, .. } => *lanes,
            Self::Each(values) => values.len() as u64,
        }
    }

    /// One lane; the last where there are fewer.
    pub(crate) fn lane(&self, at: u64) -> Num {
        match self {
            Self::Same(value, _) => value.clone(),
            Self::Each(values) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(values.len().saturating_sub(1));
                values.get(at).cloned().unwrap_or(Num::Int(0))
            }
            Self::Steps { start, step, .. } => Num::Int(start.saturating_add(step.saturating_mul(i128::from(at)))),
        }
    }

    /// The only lane.
    pub(crate) fn scalar(&self) -> Option<Num> {
        (self.lanes() == 1).then(|| self.lane(0))
    }

    /// The lanes that are named, if they are not too many to be kept.
    pub(crate) fn pick(&self, lanes: impl ExactSizeIterator<Item = u64>) -> Option<Self> {
        match self {
            Self::Same(value, _) => Some(Self::Same(value.clone(), lanes.len() as u64)),
            Self::Each(_) | Self::Steps { .. } => {
                (lanes.len() as u64 <= MOST).then(|| Self::each(lanes.map(|lane| self.lane(lane)).collect()))
            }
        }
    }

    /// Applies a function to all lanes; `None` where they are too many, or it gives none.
    pub(crate) fn map(&self, f: impl Fn(&Num) -> Option<Num>) -> Option<Self> {
        match self {
            Self::Same(value, lanes) => Some(Self::Same(f(value)?, *lanes)),
            Self::Each(values) => Some(Self::each(values.iter().map(f).collect::<Option<_>>()?)),
            Self::Steps { lanes, .. } if *lanes <= MOST => {
                Some(Self::each((0..*lanes).map(|lane| f(&self.lane(lane))).collect::<Option<_>>()?))
            }
            Self::Steps { .. } => None,
        }
    }

    /// Applies a function to pairs of lanes, a single lane to all.
    pub(crate) fn zip(&self, other: &Self, f: impl Fn(&Num, &Num) -> Option<Num>) -> Option<Self> {
        let lanes = self.lanes().max(other.lanes());
        if let (Self::Same(a, _), Self::Same(b, _)) = (self, other) {
            return Some(Self::Same(f(a, b)?, lanes));
        }
        if lanes > MOST {
            return None;
        }
        let at = |of: &Self, lane: u64| if of.lanes() == 1 { of.lane(0) } else { of.lane(lane) };
        let values = (0..lanes).map(|lane| f(&at(self, lane), &at(other, lane)));
        Some(Self::each(values.collect::<Option<_>>()?))
    }

    /// Least and greatest lane of integers and truth values; 0 for no lanes.
    pub(crate) fn range(&self) -> Interval {
        let of = |value: &Num| match value {
            Num::Bool(value) => i128::from(*value),
            Num::Int(value) => *value,
            Num::Fix(value) => value.floor().to_integer().to_i128().unwrap_or(0),
            Num::Bits(value) => value.to_i128().unwrap_or(i128::MAX),
        };
        match self {
            Self::Same(value, _) => Interval::of(of(value)),
            Self::Each(values) => {
                let all = values.iter().map(|value| Interval::of(of(value)));
                all.reduce(Interval::join).unwrap_or(Interval::of(0))
            }
            Self::Steps { lanes, .. } => {
                let ends = [self.lane(0), self.lane(lanes.saturating_sub(1))].map(|end| of(&end));
                Interval::new(ends[0].min(ends[1]), ends[0].max(ends[1]))
            }
        }
    }
}

/// Why a known value has no raw form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RawError {
    /// It exceeds 64 bits.
    TooLarge,
    /// It rounds to 0 or by more than 0.1 %; so many fractional bits would hold it.
    Rounds(Option<u32>),
}

/// The raw integer of a value in a register of `frac` fractional bits: value · 2^frac, to nearest, ties up.
///
/// # Errors
/// See [`RawError`].
pub(crate) fn raw(value: &Num, frac: u32) -> Result<i64, RawError> {
    if let Some(raw) = value.scaled(frac) {
        return i64::try_from(raw).map_err(|_| RawError::TooLarge);
    }
    let scaled = value.to_fraction() * BigRational::from_integer(BigInt::one() << frac);
    let rounded = (&scaled + BigRational::new(BigInt::one(), BigInt::from(2))).floor();
    if rounds_too_much(&scaled, &rounded) {
        let fits = (frac + 1..=MAX_FRAC).find(|frac| {
            let scaled = value.to_fraction() * BigRational::from_integer(BigInt::one() << *frac);
            let rounded = scaled.round();
            !rounds_too_much(&scaled, &rounded) && rounded.to_integer().to_i64().is_some()
        });
        return Err(RawError::Rounds(fits));
    }
    rounded.to_integer().to_i64().ok_or(RawError::TooLarge)
}

fn rounds_too_much(exact: &BigRational, rounded: &BigRational) -> bool {
    let off = (exact - rounded).abs() * BigRational::from_integer(BigInt::from(1000));
    !exact.is_zero() && (rounded.is_zero() || off > exact.abs())
}

/// The greatest raw integer not above the value, or the least not below it, cut to 64 bits and a bit more on either side.
pub(crate) fn raw_bound(value: &Num, frac: u32, up: bool) -> i128 {
    if let Some(raw) = value.scaled(frac) {
        return raw;
    }
    let scaled = value.to_fraction() * BigRational::from_integer(BigInt::one() << frac);
    let bound = if up { scaled.ceil() } else { scaled.floor() };
    bound.to_integer().to_i128().unwrap_or(if bound.is_negative() { i128::MIN >> 32 } else { i128::MAX >> 32 })
}

/// Whether the value is a multiple of 2^−frac.
pub(crate) fn is_exact(value: &Num, frac: u32) -> bool {
    (value.to_fraction() * BigRational::from_integer(BigInt::one() << frac)).is_integer()
}

/// A raw integer in decimal, as short as it can be without loss of digits that matter to a reader.
pub(crate) fn show_raw(raw: i128, frac: u32) -> String {
    if frac == 0 {
        return show_int(raw);
    }
    let negative = raw < 0;
    let whole = raw.unsigned_abs() >> frac;
    let part = raw.unsigned_abs() & ((1 << frac) - 1);
    // Six digits show any bound well enough.
    let digits = (part * 1_000_000) >> frac;
    let text = format!("{digits:06}");
    let text = text.trim_end_matches('0');
    let whole = show_int(i128::try_from(whole).unwrap_or(i128::MAX));
    format!("{}{whole}.{}", if negative { "-" } else { "" }, if text.is_empty() { "0" } else { text })
}

/// An integer with underscores between groups of three digits.
pub(crate) fn show_int(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    if value < 0 {
        out.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_round_once_and_loudly() {
        assert_eq!(raw(&Num::decimal(25, 1), 16), Ok(5 << 15));
        assert_eq!(raw(&Num::decimal(-25, 1), 16), Ok(-(5 << 15)));
        assert_eq!(raw(&Num::Int(3), 16), Ok(3 << 16));
        // 0.001 in 16 bits is 66/65536, off by 0.7 %.
        assert_eq!(raw(&Num::decimal(1, 3), 16), Err(RawError::Rounds(Some(17))));
        assert_eq!(raw(&Num::decimal(1, 9), 16), Err(RawError::Rounds(Some(38))));
        assert_eq!(raw(&Num::decimal(1, -30), 16), Err(RawError::TooLarge));
        assert_eq!(raw_bound(&Num::decimal(1, 1), 4, true), 2);
        assert_eq!(raw_bound(&Num::decimal(1, 1), 4, false), 1);
    }

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!(show_int(1_234_567), "1_234_567");
        assert_eq!(show_int(-1234), "-1234");
        assert_eq!(show_raw(3 << 15, 16), "1.5");
        assert_eq!(show_raw(-(1 << 16), 16), "-1.0");
    }

    #[test]
    fn lanes_pick_and_zip() {
        let steps = Known::Steps { start: 3, step: 2, lanes: 4 };
        assert_eq!(steps.range(), Interval::new(3, 9));
        assert_eq!(steps.pick([3, 0].into_iter()), Some(Known::each(vec![Num::Int(9), Num::Int(3)])));
        let sum = steps.zip(&Known::one(Num::Int(1)), |a, b| Some(Num::Int(a.as_int()? + b.as_int()?)));
        assert_eq!(sum.map(|sum| sum.lane(1)), Some(Num::Int(6)));
    }
}
