//! What the suite feeds the gates: edge values first, then seeded ones.

use crate::lanes::Range;

/// Widths at which comparisons, conversions and truncations tend to break.
pub const WIDTHS: [u32; 8] = [1, 2, 31, 32, 33, 62, 63, 64];

/// Widths of words that no number holds.
pub const WIDE_WIDTHS: [u32; 5] = [65, 127, 128, 513, 1024];

/// Lane counts around the sizes of words and blocks.
pub const EDGE_LANES: [usize; 7] = [1, 63, 64, 65, 511, 512, 513];

/// Two's complement of so many bits.
#[must_use]
pub fn signed(width: u32) -> Option<Range> {
    let shift = 64_u32.checked_sub(width)?;
    Some(Range::new(i64::MIN >> shift, i64::MAX >> shift))
}

/// Unsigned words of so many bits; none for 64.
#[must_use]
pub fn unsigned(width: u32) -> Option<Range> {
    (width < 64).then(|| Range::new(0, i64::MAX >> (63 - width)))
}

/// Two vectors of operands.
#[derive(Clone, Debug)]
pub struct Data {
    /// First operands.
    pub a: Vec<i64>,
    /// Second operands.
    pub b: Vec<i64>,
    /// The range of the first.
    pub ra: Range,
    /// The range of the second.
    pub rb: Range,
}

/// A seeded sequence.
#[must_use]
pub fn mix(seed: u64) -> u64 {
    let x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A value of the range: ends, around 0, powers of two, or anything.
fn value(range: Range, seed: u64) -> i64 {
    let random = mix(seed);
    let edges = [range.lo, range.lo.saturating_add(1), -1, 0, 1, 2, range.hi.saturating_sub(1), range.hi];
    let power = 1_i64.wrapping_shl((random >> 8 & 63) as u32);
    let any = random.cast_signed() >> (mix(random) & 63);
    let choice = match random & 15 {
        n @ 0..8 => edges[usize::try_from(n).unwrap_or(0)],
        8 => power,
        9 => power.wrapping_neg(),
        10 => power.wrapping_sub(1),
        _ => any,
    };
    if (range.lo..=range.hi).contains(&choice) {
        return choice;
    }
    let span = i128::from(range.hi) - i128::from(range.lo) + 1;
    i64::try_from(i128::from(range.lo) + i128::from(random) % span).unwrap_or(range.lo)
}

impl Data {
    /// `lanes` pairs from two ranges.
    #[must_use]
    pub fn new(ra: Range, rb: Range, lanes: usize, seed: u64) -> Self {
        let draw = |range, which: u64| {
            (0..lanes as u64).map(|i| value(range, mix(seed).wrapping_add(2 * i + which))).collect::<Vec<i64>>()
        };
        let (a, mut b) = (draw(ra, 0), draw(rb, 1));
        // Equal pairs, now and then.
        for i in (0..lanes).step_by(5) {
            if (rb.lo..=rb.hi).contains(&a[i]) {
                b[i] = a[i];
            }
        }
        Self { a, b, ra, rb }
    }

    /// Replaces pairs for which the gate promises nothing by the first operand's bound nearest to 0 and 1.
    pub fn keep(&mut self, promised: impl Fn(i128, i128) -> bool) {
        let zero = 0_i64.clamp(self.ra.lo, self.ra.hi);
        for (a, b) in self.a.iter_mut().zip(&mut self.b) {
            if !promised(i128::from(*a), i128::from(*b)) {
                *a = zero;
            }
        }
    }

    /// Numbers of at most `bits` bits: those of a width with `above` bits less than 64 lose their lowest.
    #[must_use]
    pub fn shortened(&self, above: u32, bits: u32) -> Self {
        let shift = 64_u32.saturating_sub(above).saturating_sub(bits);
        let short = |values: &[i64]| values.iter().map(|x| x >> shift).collect::<Vec<i64>>();
        let range = |range: Range| Range::new(range.lo >> shift, range.hi >> shift);
        Self { a: short(&self.a), b: short(&self.b), ra: range(self.ra), rb: range(self.rb) }
    }

    /// The pairs as integers.
    pub fn pairs(&self) -> impl Iterator<Item = (i128, i128)> + '_ {
        self.a.iter().zip(&self.b).map(|(a, b)| (i128::from(*a), i128::from(*b)))
    }

    /// For messages.
    #[must_use]
    pub fn name(&self) -> String {
        format!("[{}..={}] [{}..={}] x {}", self.ra.lo, self.ra.hi, self.rb.lo, self.rb.hi, self.a.len())
    }
}
