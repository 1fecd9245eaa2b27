//! Sets of lanes in a compact form, so that a column of a million rows costs as much as one of ten.
//!
//! A set belongs to a lane i of a run of lanes: the block `{base, step, stride, count}` is the lanes base + i·step + j·stride for j < count. A whole column is one
//! block of step 0; "lane i depends on row i" is a block of step 1 and count 1.

/// Blocks of a set before it is replaced by all lanes between its least and its greatest.
const MOST_BLOCKS: usize = 32;

/// Members that are counted one by one where blocks overlap.
const MOST_COUNTED: i128 = 1 << 12;

/// Lanes base + i·step + j·stride for j < count, of the lane i.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub(super) base: i128,
    pub(super) step: i128,
    /// Positive; 1 where `count` is 1.
    pub(super) stride: i128,
    /// Positive.
    pub(super) count: i128,
}

/// What is to know of the union of a block over a run of lanes.
pub(super) struct Over {
    pub(super) block: Block,
    /// Whether the block has no lane too many.
    pub(super) exact: bool,
    /// Whether each of its lanes was there once.
    pub(super) once: bool,
}

impl Block {
    /// Row i at lane i.
    pub(super) const DIAGONAL: Self = Self { base: 0, step: 1, stride: 1, count: 1 };

    /// All of so many lanes.
    pub(super) const fn whole(lanes: i128) -> Self {
        Self { base: 0, step: 0, stride: 1, count: lanes }
    }

    /// The block whose lane i is lane `offset + i·stride` of this one, for `len` lanes.
    pub(super) fn at(self, offset: i128, stride: i128, len: i128) -> Self {
        let step = if len > 1 { self.step * stride } else { 0 };
        Self { base: self.base + self.step * offset, step, ..self }
    }

    /// The block of `len` lanes that are this one's and then `more` lanes of the other, where there is one.
    pub(super) fn extended(self, len: i128, other: Self, more: i128) -> Option<Self> {
        let step = (other.base - self.base).checked_div(len).filter(|step| self.base + step * len == other.base)?;
        let alike = |block: Self, len: i128| len == 1 || block.step == step;
        let fits = self.stride == other.stride && self.count == other.count;
        (fits && alike(self, len) && alike(other, more)).then_some(Self { step, ..self })
    }

    /// The least and the greatest lane of lane i.
    const fn ends(self, i: i128) -> (i128, i128) {
        let low = self.base + self.step * i;
        (low, low + self.stride * (self.count - 1))
    }

    /// The least and the greatest of `len` lanes.
    pub(super) fn hull(self, len: i128) -> (i128, i128) {
        let ((a, b), (c, d)) = (self.ends(0), self.ends(len - 1));
        (a.min(c), b.max(d))
    }

    /// The union over `len` lanes, as a block of step 0.
    pub(super) fn over(self, len: i128) -> Over {
        let still = |block: Self, once| Over { block: Self { step: 0, ..block }, exact: true, once };
        if len <= 1 {
            return still(self, true);
        }
        if self.step == 0 {
            return still(self, false);
        }
        let (low, high) = self.hull(len);
        let (step, all) = (self.step.abs(), self.count * len);
        let base = low;
        if self.count == 1 {
            return still(Self { base, stride: step, count: len, ..self }, true);
        }
        if step == self.stride * self.count {
            return still(Self { base, count: all, ..self }, true);
        }
        if self.stride == step * len {
            return still(Self { base, stride: step, count: all, ..self }, true);
        }
        if step % self.stride == 0 && step < self.stride * self.count {
            return still(Self { base, count: self.count + step / self.stride * (len - 1), ..self }, false);
        }
        let block = Self { base, step: 0, stride: 1, count: high - low + 1 };
        Over { block, exact: false, once: false }
    }

    /// Whether it has all lanes of the other at each of `len` lanes, as far as that is easily seen.
    fn contains(self, other: Self, len: i128) -> bool {
        let inside = |i: i128| {
            let ((low, high), (from, to)) = (self.ends(i), other.ends(i));
            low <= from && to <= high
        };
        let aligned = if self.step == other.step || len == 1 {
            (other.base - self.base) % self.stride == 0 && other.stride % self.stride == 0
                || self.stride == 1
                || other.count == 1 && (other.base - self.base) % self.stride == 0
        } else {
            self.stride == 1
        };
        aligned && inside(0) && inside(len - 1)
    }

    /// One block for both, where they follow one another.
    pub(super) fn joined(self, next: Self) -> Option<Self> {
        if self.step != next.step {
            return None;
        }
        let stride = match (self.count, next.count) {
            (1, 1) => next.base - self.base,
            (1, _) => next.stride,
            (_, 1) => self.stride,
            _ if self.stride == next.stride => self.stride,
            _ => return None,
        };
        let follows = stride > 0 && self.base + stride * self.count == next.base;
        follows.then_some(Self { stride, count: self.count + next.count, ..self })
    }
}

/// A set of lanes for each lane of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LaneSet {
    pub(super) blocks: Vec<Block>,
    /// Whether it may have lanes too many.
    pub(super) at_most: bool,
}

impl LaneSet {
    pub(super) fn of(block: Block) -> Self {
        Self { blocks: vec![block], at_most: false }
    }

    pub(super) fn is_still(&self) -> bool {
        self.blocks.iter().all(|block| block.step == 0)
    }

    pub(super) fn at(&self, offset: i128, stride: i128, len: i128) -> Self {
        Self { blocks: self.blocks.iter().map(|block| block.at(offset, stride, len)).collect(), ..*self }
    }

    pub(super) fn extended(&self, len: i128, other: &Self, more: i128) -> Option<Self> {
        if self.blocks.len() != other.blocks.len() || self.at_most != other.at_most {
            return None;
        }
        let pairs = self.blocks.iter().zip(&other.blocks);
        let blocks = pairs.map(|(a, b)| a.extended(len, *b, more)).collect::<Option<_>>()?;
        Some(Self { blocks, ..*self })
    }

    /// Both, at each of `len` lanes.
    pub(super) fn union(&self, other: &Self, len: i128) -> Self {
        if self == other {
            return self.clone();
        }
        let mut all = self.blocks.clone();
        all.extend(&other.blocks);
        Self { blocks: all, at_most: self.at_most || other.at_most }.tidied(len)
    }

    /// The union over `len` lanes.
    pub(super) fn over(&self, len: i128) -> Self {
        if self.is_still() {
            return self.clone();
        }
        let mut at_most = self.at_most;
        let blocks = self
            .blocks
            .iter()
            .map(|block| {
                let over = block.over(len);
                at_most |= !over.exact;
                over.block
            })
            .collect();
        Self { blocks, at_most }.tidied(1)
    }

    fn tidied(mut self, len: i128) -> Self {
        self.blocks.sort_unstable();
        self.blocks.dedup();
        let mut kept: Vec<Block> = Vec::with_capacity(self.blocks.len());
        for block in self.blocks {
            if kept.iter().any(|other| other.contains(block, len)) {
                continue;
            }
            kept.retain(|other| !block.contains(*other, len));
            match kept.iter_mut().find_map(|other| other.joined(block).map(|both| (other, both))) {
                Some((other, both)) => *other = both,
                None => kept.push(block),
            }
        }
        if kept.len() > MOST_BLOCKS {
            let ends = kept.iter().map(|block| block.hull(len));
            let (low, high) = ends.fold((i128::MAX, i128::MIN), |(a, b), (c, d)| (a.min(c), b.max(d)));
            kept = vec![Block { base: low, step: 0, stride: 1, count: high - low + 1 }];
            self.at_most = true;
        }
        Self { blocks: kept, at_most: self.at_most }
    }

    /// How many lanes it has at lane i, and whether that may be too many.
    pub(super) fn size(&self, i: i128) -> (i128, bool) {
        let sum: i128 = self.blocks.iter().map(|block| block.count).sum();
        if self.blocks.len() == 1 {
            return (sum, self.at_most);
        }
        let mut ends: Vec<_> = self.blocks.iter().map(|block| block.ends(i)).collect();
        ends.sort_unstable();
        if ends.windows(2).all(|pair| pair[0].1 < pair[1].0) {
            return (sum, self.at_most);
        }
        if sum <= MOST_COUNTED {
            let lanes = |block: &Block| {
                let (from, _) = block.ends(i);
                let stride = block.stride;
                (0..block.count).map(move |j| from + j * stride)
            };
            let mut all: Vec<i128> = self.blocks.iter().flat_map(lanes).collect();
            all.sort_unstable();
            all.dedup();
            return (i128::try_from(all.len()).unwrap_or(sum), self.at_most);
        }
        (sum, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn lanes(block: Block, i: i128) -> BTreeSet<i128> {
        (0..block.count).map(|j| block.base + i * block.step + j * block.stride).collect()
    }

    fn all(set: &LaneSet, i: i128) -> BTreeSet<i128> {
        set.blocks.iter().flat_map(|block| lanes(*block, i)).collect()
    }

    fn small() -> Vec<Block> {
        let mut found = Vec::new();
        for (base, step, stride, count) in itertools4(&[0, 2, 5], &[-2, -1, 0, 1, 2, 3], &[1, 2, 3], &[1, 2, 3]) {
            found.push(Block { base, step, stride: if count == 1 { 1 } else { stride }, count });
        }
        found
    }

    fn itertools4(a: &[i128], b: &[i128], c: &[i128], d: &[i128]) -> Vec<(i128, i128, i128, i128)> {
        let mut found = Vec::new();
        for w in a {
            for x in b {
                for y in c {
                    for z in d {
                        found.push((*w, *x, *y, *z));
                    }
                }
            }
        }
        found
    }

    /// Unions have every lane, and no other where they say so.
    #[test]
    fn unions_are_those_of_the_sets() {
        for a in small() {
            for len in 1..=4 {
                let over = a.over(len);
                let expected: BTreeSet<i128> = (0..len).flat_map(|i| lanes(a, i)).collect();
                let found = lanes(over.block, 0);
                assert!(found.is_superset(&expected), "{a:?} over {len}");
                assert!(!over.exact || found == expected, "{a:?} over {len}");
                let copies = (0..len).map(|i| lanes(a, i).len()).sum::<usize>();
                assert!(!over.once || copies == expected.len(), "{a:?} over {len}");
            }
            for b in small() {
                for len in [1, 3] {
                    let (x, y) = (LaneSet::of(a.at(0, 1, len)), LaneSet::of(b.at(0, 1, len)));
                    let both = x.union(&y, len);
                    for i in 0..len {
                        let expected: BTreeSet<i128> = all(&x, i).union(&all(&y, i)).copied().collect();
                        assert_eq!(all(&both, i), expected, "{a:?} {b:?} at {i} of {len}");
                        assert_eq!(both.size(i), (expected.len() as i128, false), "{a:?} {b:?}");
                    }
                    if let Some(longer) = x.extended(len, &y, len) {
                        for i in 0..len {
                            assert_eq!(all(&longer, i), all(&x, i));
                            assert_eq!(all(&longer, len + i), all(&y, i), "{a:?} {b:?}");
                        }
                    }
                }
            }
        }
    }
}
