//! Operand views: which lanes of a value an instruction reads or writes. Pure index arithmetic.
//!
//! A view names lane `offset + index·index.stride + i·dims[0].stride + j·dims[1].stride` for each (i, j), outer first: as the bytecode's
//! `View`, over values instead of registers. Views of views fold into one wherever two dimensions can say it.

use super::{Dim, ValueId};

/// A part of an offset that is known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index {
    /// A public integer of one lane.
    pub value: ValueId,
    /// Lanes a unit of the value.
    pub stride: i64,
}

/// Lanes of some array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// First lane.
    pub offset: u64,
    /// Run-time part of the first lane; out of bounds it stops the run.
    pub index: Option<Index>,
    /// Up to two strides and lengths, outer first; none is a single lane.
    pub dims: Vec<Dim>,
}

/// Lanes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// The value.
    pub value: ValueId,
    /// Which of its lanes.
    pub place: Place,
}

impl Place {
    /// The lanes 0 .. `lanes`.
    #[must_use]
    pub fn whole(lanes: u64) -> Self {
        Self::span(0, lanes)
    }

    /// The lanes `start .. start + len`.
    #[must_use]
    pub fn span(start: u64, len: u64) -> Self {
        Self { offset: start, index: None, dims: vec![Dim { stride: 1, len }] }
    }

    /// One lane.
    #[must_use]
    pub fn lane(lane: u64) -> Self {
        Self { offset: lane, index: None, dims: Vec::new() }
    }

    /// `len` lanes from `start`, `stride` apart; stride 0 repeats a lane, a negative one goes down.
    #[must_use]
    pub fn strided(start: u64, stride: i64, len: u64) -> Self {
        Self { offset: start, index: None, dims: vec![Dim { stride, len }] }
    }

    /// A grid: for each of `outer.len` rows, `inner.len` lanes.
    #[must_use]
    pub fn grid(start: u64, outer: Dim, inner: Dim) -> Self {
        Self { offset: start, index: None, dims: vec![outer, inner] }
    }

    /// This place moved by a run-time amount; a place that has an index already must not get another one.
    #[must_use]
    pub fn indexed(mut self, value: ValueId, stride: i64) -> Self {
        debug_assert!(self.index.is_none());
        self.index = Some(Index { value, stride });
        self
    }

    /// Number of lanes named, or `None` where it exceeds 64 bits.
    #[must_use]
    pub fn lanes(&self) -> Option<u64> {
        self.dims.iter().try_fold(1_u64, |n, dim| n.checked_mul(dim.len))
    }

    /// The lanes that it names, one after another, where its index, if it has one, is `index`; `None` where one of them is not among the `lanes` of the
    /// array.
    #[must_use]
    pub fn named(&self, index: i64, lanes: u64) -> Option<Vec<usize>> {
        let moved = self.index.map_or(0, |part| i128::from(index) * i128::from(part.stride));
        let mut all = vec![i128::from(self.offset) + moved];
        for dim in &self.dims {
            let row = |at: i128| (0..i128::from(dim.len)).map(move |i| at + i * i128::from(dim.stride));
            all = all.into_iter().flat_map(row).collect();
        }
        all.into_iter().map(|at| usize::try_from(at).ok().filter(|_| at < i128::from(lanes))).collect()
    }

    /// Whether it names the lanes 0 .. `lanes` in order.
    #[must_use]
    pub fn is_whole(&self, lanes: u64) -> bool {
        let canonical = self.clone().simplified();
        canonical.offset == 0
            && canonical.index.is_none()
            && match canonical.dims.as_slice() {
                [] => lanes == 1,
                [dim] => dim.stride == 1 && dim.len == lanes,
                _ => false,
            }
    }

    /// Least and greatest lane named apart from the index, or `None` where nothing is named or a number exceeds 64 bits.
    #[must_use]
    pub fn extent(&self) -> Option<(i128, i128)> {
        let (mut least, mut greatest) = (i128::from(self.offset), i128::from(self.offset));
        for dim in &self.dims {
            let reach = i128::from(dim.stride).checked_mul(i128::from(dim.len.checked_sub(1)?))?;
            if reach < 0 {
                least = least.checked_add(reach)?;
            } else {
                greatest = greatest.checked_add(reach)?;
            }
        }
        Some((least, greatest))
    }

    /// The same lanes in the same order with as few dimensions as possible: no dimension of length 1, adjacent ones joined.
    #[must_use]
    pub fn simplified(mut self) -> Self {
        if self.dims.iter().any(|dim| dim.len == 0) {
            return Self { offset: 0, index: None, dims: vec![Dim { stride: 1, len: 0 }] };
        }
        self.dims.retain(|dim| dim.len != 1);
        let mut joined: Vec<Dim> = Vec::with_capacity(self.dims.len());
        for inner in self.dims {
            if let Some(outer) = joined.last_mut()
                && let Some(stride) = i64::try_from(inner.len).ok().and_then(|len| inner.stride.checked_mul(len))
                && let Some(len) = outer.len.checked_mul(inner.len)
                && stride == outer.stride
            {
                *outer = Dim { stride: inner.stride, len };
            } else {
                joined.push(inner);
            }
        }
        self.dims = joined;
        self
    }

    /// Lane k of the result is lane `inner`(k) of this place: a view of a view. `None` where two dimensions cannot say it, or both have
    /// an index.
    #[must_use]
    pub fn view(&self, inner: &Self) -> Option<Self> {
        let own = self.clone().simplified();
        let inner = inner.clone().simplified();
        if inner.lanes() == Some(0) {
            return Some(inner);
        }
        if own.lanes().is_some_and(|lanes| inner.is_whole(lanes)) {
            return Some(own);
        }
        let (offset, index, dims) = match *own.dims.as_slice() {
            [] => {
                // Every lane of the inner view must be lane 0: repeats.
                let repeats =
                    inner.offset == 0 && inner.index.is_none() && inner.dims.iter().all(|dim| dim.stride == 0);
                return repeats.then_some(Self { dims: inner.dims, ..own });
            }
            [dim] => {
                let scale = |stride: i64| stride.checked_mul(dim.stride);
                let dims = inner
                    .dims
                    .iter()
                    .map(|d| Some(Dim { stride: scale(d.stride)?, len: d.len }))
                    .collect::<Option<Vec<_>>>()?;
                let index = match inner.index {
                    Some(index) => Some(Index { value: index.value, stride: scale(index.stride)? }),
                    None => None,
                };
                (i128::from(inner.offset).checked_mul(i128::from(dim.stride))?, index, dims)
            }
            [outer, row] => Self::view_grid(outer, row, &inner)?,
            _ => return None,
        };
        let index = match (own.index, index) {
            (Some(_), Some(_)) => return None,
            (a, b) => a.or(b),
        };
        let offset = u64::try_from(i128::from(own.offset).checked_add(offset)?).ok()?;
        Some(Self { offset, index, dims }.simplified())
    }

    /// [`Self::view`] of a grid: each stride of the inner view is so many rows and so many columns, and no column may carry.
    fn view_grid(outer: Dim, row: Dim, inner: &Self) -> Option<(i128, Option<Index>, Vec<Dim>)> {
        let columns = i64::try_from(row.len).ok()?;
        let apply = |rows: i128, cols: i128| {
            rows.checked_mul(i128::from(outer.stride))?.checked_add(cols.checked_mul(i128::from(row.stride))?)
        };
        let start = i64::try_from(inner.offset).ok()?;
        let (first_row, first_col) = (start / columns, start % columns);
        let (mut least, mut greatest) = (i128::from(first_col), i128::from(first_col));
        let mut dims = Vec::new();
        for dim in &inner.dims {
            let (mut rows, mut cols) = (dim.stride.div_euclid(columns), dim.stride.rem_euclid(columns));
            // −1 is one column back, not a row back and all but one column on.
            if cols != 0 && i128::from(cols) * i128::from(dim.len - 1) >= i128::from(columns) {
                rows += 1;
                cols -= columns;
            }
            let reach = i128::from(cols) * i128::from(dim.len - 1);
            if reach < 0 {
                least = least.saturating_add(reach);
            } else {
                greatest = greatest.saturating_add(reach);
            }
            dims.push(Dim { stride: i64::try_from(apply(rows.into(), cols.into())?).ok()?, len: dim.len });
        }
        if least < 0 || greatest >= i128::from(columns) {
            return None;
        }
        let index = match inner.index {
            None => None,
            // An index may step over whole rows only: its number is not known here.
            Some(index) if index.stride % columns == 0 => {
                let stride = apply(i128::from(index.stride / columns), 0)?;
                Some(Index { value: index.value, stride: i64::try_from(stride).ok()? })
            }
            Some(_) => return None,
        };
        Some((apply(first_row.into(), first_col.into())?, index, dims))
    }
}

impl Ref {
    /// All lanes of a value of so many.
    #[must_use]
    pub fn whole(value: ValueId, lanes: u64) -> Self {
        Self { value, place: Place::whole(lanes) }
    }

    /// One lane of a value.
    #[must_use]
    pub fn lane(value: ValueId, lane: u64) -> Self {
        Self { value, place: Place::lane(lane) }
    }

    /// Lane k of the result is lane `place`(k) of this view; `None` where the builder has to copy first.
    #[must_use]
    pub fn view(&self, place: &Place) -> Option<Self> {
        Some(Self { value: self.value, place: self.place.view(place)? })
    }

    /// The view in the form in which two of the same lanes are equal.
    #[must_use]
    pub fn simplified(&self) -> Self {
        Self { value: self.value, place: self.place.clone().simplified() }
    }

    /// Number of lanes; views whose number exceeds 64 bits do not verify and count as 0 here.
    #[must_use]
    pub fn lanes(&self) -> u64 {
        self.place.lanes().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_by_name() {
        let (outer, inner) = (Dim { stride: 4, len: 2 }, Dim { stride: -1, len: 3 });
        assert_eq!(Place::grid(2, outer, inner).named(0, 7), Some(vec![2, 1, 0, 6, 5, 4]));
        assert_eq!(Place::grid(2, outer, inner).named(0, 6), None);
        assert_eq!(Place::lane(1).named(9, 2), Some(vec![1]));
        let moved = Place::span(1, 2).indexed(ValueId(0), 3);
        assert_eq!(moved.named(2, 9), Some(vec![7, 8]));
        assert_eq!(moved.named(2, 8), None);
        assert_eq!(moved.named(-1, 9), None);
        assert_eq!(moved.named(i64::MIN, 9), None);
    }
}
