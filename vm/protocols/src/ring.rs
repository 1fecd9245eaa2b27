//! Numbers modulo 2^k, as protocols over such a ring share them: what is the same for any number of components.

use crate::lanes::Range;

/// 2^bits − 1.
pub(crate) const fn low_bits(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// 1, 2, 4, …; the last one negative if `signed`.
pub(crate) fn weights(width: u32, signed: bool) -> Vec<u64> {
    let mut weights: Vec<u64> = (0..width).map(|j| 1_u64.checked_shl(j).unwrap_or(0)).collect();
    if let Some(top) = weights.last_mut().filter(|_| signed) {
        *top = top.wrapping_neg();
    }
    weights
}

/// What to add to x + half, for x in the range, so that the sum is in 0 .. 2^(width−1): a multiple of 2^m, if there is one.
pub(crate) fn lift(width: u32, m: u32, half: i128, range: Range) -> Option<u64> {
    let (lo, hi) = (i128::from(range.lo) + half, i128::from(range.hi) + half);
    let lift = if lo >= 0 { 0 } else { (-lo + i128::from(low_bits(m))) >> m << m };
    let fits = m < width && hi + lift < 1_i128 << (width - 1);
    fits.then(|| u64::try_from(lift).ok()).flatten()
}

/// ⌊a / 2^m⌋, or to nearest, from the bits of a number that the ring has no room above: the plane from which on they count, and by how much each does. The upper ones are a signed number;
/// for rounding the one below them counts too.
pub(crate) fn upper(width: u32, m: u32, nearest: bool) -> (u32, Vec<u64>) {
    let from = (m - u32::from(nearest)).min(width - 1);
    let mut coefficients = weights(width - m.min(width - 1), true);
    if nearest && m < width {
        coefficients.insert(0, 1);
    } else if nearest {
        // Below a half of 2^m in magnitude: 0.
        coefficients.fill(0);
    }
    coefficients.truncate((width - from) as usize);
    coefficients.iter_mut().for_each(|c| *c &= low_bits(width));
    (from, coefficients)
}
