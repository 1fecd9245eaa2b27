//! Which lanes of a vector a gate reads or writes, and the ranges that its operands are known to lie in. Public facts only.

/// A resolved view: lane (i, j) is lane `start + i·dims[0].0 + j·dims[1].0` of the vector, for i below `dims[0].1` and j below `dims[1].1`.
/// The caller has checked that every lane exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// Lane (0, 0).
    pub start: usize,
    /// Stride and length, outer first. A missing dimension is `(0, 1)`.
    pub dims: [(isize, usize); 2],
}

impl Lanes {
    /// The first `len` lanes.
    #[must_use]
    pub const fn whole(len: usize) -> Self {
        Self { start: 0, dims: [(0, 1), (1, len)] }
    }

    /// One lane.
    #[must_use]
    pub const fn one(lane: usize) -> Self {
        Self { start: lane, dims: [(0, 1), (1, 1)] }
    }

    /// `len` neighbours from `start`.
    #[must_use]
    pub const fn run(start: usize, len: usize) -> Self {
        Self { start, dims: [(0, 1), (1, len)] }
    }

    /// Number of lanes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.dims[0].1 * self.dims[1].1
    }

    /// Whether the view names no lane.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Start and length, where the view is a run of neighbours.
    #[must_use]
    pub fn contiguous(&self) -> Option<(usize, usize)> {
        let [(outer, rows), (inner, cols)] = self.dims;
        let inner_ok = inner == 1 || cols <= 1;
        let outer_ok = rows <= 1 || usize::try_from(outer) == Ok(cols) || (cols == 1 && outer == 1);
        (inner_ok && outer_ok).then_some((self.start, rows * cols))
    }

    /// The first lane of each row.
    pub fn rows(&self) -> impl Iterator<Item = usize> + use<> {
        let Self { start, dims: [(outer, rows), _] } = *self;
        (0..rows).map(move |i| start.wrapping_add_signed(outer.wrapping_mul(i.cast_signed())))
    }

    /// The lanes, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        let (inner, cols) = self.dims[1];
        self.rows()
            .flat_map(move |row| (0..cols).map(move |j| row.wrapping_add_signed(inner.wrapping_mul(j.cast_signed()))))
    }
}

/// An inclusive range of raw integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Least value.
    pub lo: i64,
    /// Greatest value.
    pub hi: i64,
}

impl Range {
    /// All of 64-bit two's complement.
    pub const FULL: Self = Self { lo: i64::MIN, hi: i64::MAX };

    /// `lo..=hi`.
    #[must_use]
    pub const fn new(lo: i64, hi: i64) -> Self {
        Self { lo, hi }
    }

    /// Bits of the shortest two's complement that holds the range.
    #[must_use]
    pub const fn width(self) -> u32 {
        signed_width(self.lo as i128, self.hi as i128)
    }

    /// The range of a − b, in integers.
    #[must_use]
    pub const fn minus(self, b: Self) -> (i128, i128) {
        (self.lo as i128 - b.hi as i128, self.hi as i128 - b.lo as i128)
    }

    /// Greatest absolute value.
    #[must_use]
    pub const fn magnitude(self) -> u64 {
        let (a, b) = (self.lo.unsigned_abs(), self.hi.unsigned_abs());
        if a > b { a } else { b }
    }

    /// Whether every value has |value| < 2^62, the precondition of exact truncation on the ring (R15: beyond it a quarter of the results would
    /// be wrong).
    #[must_use]
    pub const fn fits_62(self) -> bool {
        self.lo > -(1 << 62) && self.hi < 1 << 62
    }
}

/// Bits of the shortest two's complement that holds `lo..=hi`; at least 1.
#[must_use]
pub const fn signed_width(lo: i128, hi: i128) -> u32 {
    let a = 128 - (if lo < 0 { !lo } else { lo }).leading_zeros();
    let b = 128 - (if hi < 0 { !hi } else { hi }).leading_zeros();
    (if a > b { a } else { b }) + 1
}
