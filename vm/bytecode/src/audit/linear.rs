//! Elimination over a field, for the question which figures follow from which.

use super::form::Number;
use num_traits::{One, Zero};

/// A field: the rationals for numbers, single bits for words.
pub(super) trait Field: Clone {
    /// 0.
    fn none() -> Self;
    /// 1.
    fn unit() -> Self;
    /// Whether it is 0.
    fn vanishes(&self) -> bool;
    /// self − by · other.
    fn less(&self, by: &Self, other: &Self) -> Self;
    /// self / by, which is not zero.
    fn over(&self, by: &Self) -> Self;
}

impl Field for Number {
    fn none() -> Self {
        Zero::zero()
    }
    fn unit() -> Self {
        One::one()
    }
    fn vanishes(&self) -> bool {
        Zero::is_zero(self)
    }
    fn less(&self, by: &Self, other: &Self) -> Self {
        self - by * other
    }
    fn over(&self, by: &Self) -> Self {
        self / by
    }
}

/// The field of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bit(pub(super) bool);

impl Field for Bit {
    fn none() -> Self {
        Self(false)
    }
    fn unit() -> Self {
        Self(true)
    }
    fn vanishes(&self) -> bool {
        !self.0
    }
    fn less(&self, by: &Self, other: &Self) -> Self {
        Self(self.0 ^ (by.0 && other.0))
    }
    fn over(&self, _: &Self) -> Self {
        *self
    }
}

/// A row, with what it was made of: so many times each row that was given.
#[derive(Clone, Debug)]
pub(super) struct Row<F> {
    pub(super) cells: Vec<F>,
    pub(super) made_of: Vec<F>,
}

/// The reduced echelon form of some rows, column by column in this order; each row with its pivot. `budget` is the number of cells that may still be computed.
///
/// Earlier rows are preferred as pivots.
pub(super) fn eliminate<F: Field>(
    rows: &[Vec<F>],
    columns: &[usize],
    budget: &mut u64,
) -> Option<Vec<(usize, Row<F>)>> {
    let unit = |i: usize| (0..rows.len()).map(|j| if i == j { F::unit() } else { F::none() }).collect();
    let mut left: Vec<Row<F>> =
        rows.iter().enumerate().map(|(i, cells)| Row { cells: cells.clone(), made_of: unit(i) }).collect();
    let mut done: Vec<(usize, Row<F>)> = Vec::new();
    for column in columns {
        let Some(found) = left.iter().position(|row| !row.cells[*column].vanishes()) else { continue };
        let mut pivot = left.remove(found);
        let by = pivot.cells[*column].clone();
        for cell in pivot.cells.iter_mut().chain(&mut pivot.made_of).filter(|cell| !cell.vanishes()) {
            *cell = cell.over(&by);
        }
        for row in left.iter_mut().chain(done.iter_mut().map(|(_, row)| row)) {
            let times = row.cells[*column].clone();
            if times.vanishes() {
                continue;
            }
            *budget = budget.checked_sub((columns.len() + rows.len()) as u64)?;
            let pairs = row.cells.iter_mut().zip(&pivot.cells).chain(row.made_of.iter_mut().zip(&pivot.made_of));
            for (cell, other) in pairs.filter(|(_, other)| !other.vanishes()) {
                *cell = cell.less(&times, other);
            }
        }
        done.push((*column, pivot));
    }
    Some(done)
}

#[cfg(test)]
mod tests {
    use super::super::form::whole;
    use super::*;

    #[test]
    fn rows_say_what_they_are_made_of() {
        let given: Vec<Vec<Number>> =
            [[1, 1, 1], [1, 1, 0], [2, 2, 1]].iter().map(|row| row.iter().map(|x| whole(*x)).collect()).collect();
        let found = eliminate(&given, &[0, 1, 2], &mut 1000).expect("small");
        assert_eq!(found.iter().map(|(pivot, _)| *pivot).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(found[1].1.cells, [whole(0), whole(0), whole(1)]);
        assert_eq!(found[1].1.made_of, [whole(1), whole(-1), whole(0)]);
        assert!(eliminate(&given, &[0, 1, 2], &mut 5).is_none());
    }

    #[test]
    fn bits_cancel() {
        let given = vec![vec![Bit(true), Bit(true)], vec![Bit(false), Bit(true)]];
        let found = eliminate(&given, &[1, 0], &mut 1000).expect("small");
        assert_eq!(found[1].1.cells, [Bit(true), Bit(false)]);
    }
}
