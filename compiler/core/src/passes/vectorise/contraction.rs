//! Sums of products over many places: one dot product a lane, or a product of matrices where lanes share factors.
//!
//! Result lane (i, j, …) is Σ_k a[i·p + j·q + … + k·s] · b[i·u + j·v + … + k·w]. Where each of i, j, … moves only one of the factors, that is a product of
//! matrices, whose operands need not be copied once a lane.

use super::widen::Turned;
use crate::ir::{Dim, Op, Place, Ref};

/// A dimension of the result: its length, and how far a step in it moves each factor.
#[derive(Clone, Copy, Debug)]
struct Moves {
    len: u64,
    a: i64,
    b: i64,
}

pub(in crate::passes) struct Contraction {
    a: Ref,
    b: Ref,
    /// Dimensions of the result, outer first.
    lanes: Vec<Moves>,
    /// What is summed over.
    sum: Moves,
    /// The sum as one operation, where its dimensions could not be told apart.
    plain: Option<(Op, Vec<Ref>)>,
}

/// The operation that computes a contraction.
pub(in crate::passes) struct Product {
    pub(in crate::passes) op: Op,
    pub(in crate::passes) args: Vec<Ref>,
    /// Where the lanes lie in its result, where that is not one after another.
    pub(in crate::passes) lanes: Option<Place>,
}

impl Product {
    const fn plain(op: Op, args: Vec<Ref>) -> Self {
        Self { op, args, lanes: None }
    }
}

impl Contraction {
    /// A dot or matrix product of each of so many turns; `None` where that is no single sum of products.
    pub(super) fn of_turns(op: Op, a: &Turned, b: &Turned, count: u64) -> Option<Self> {
        let turn = Moves { len: count, a: a.step, b: b.step };
        let start =
            |turned: &Turned| Ref { value: turned.value, place: Place { dims: Vec::new(), ..turned.place.clone() } };
        let (x, y) = (a.place.clone().simplified().dims, b.place.clone().simplified().dims);
        let known = match op {
            Op::Dot { len } => inner(&x, len).zip(inner(&y, len)).and_then(|((x, ka), (y, kb))| {
                let mut lanes = vec![turn];
                lanes.extend(aligned(&x, &y)?);
                Some((lanes, Moves { len, a: ka, b: kb }))
            }),
            Op::MatMul { inner: len, .. } => inner(&x, len).zip(outer(&y, len)).map(|((rows, ka), (kb, cols))| {
                let mut lanes = vec![turn];
                lanes.extend(rows.iter().map(|dim| Moves { len: dim.len, a: dim.stride, b: 0 }));
                lanes.extend(cols.iter().map(|dim| Moves { len: dim.len, a: 0, b: dim.stride }));
                (lanes, Moves { len, a: ka, b: kb })
            }),
            _ => return None,
        };
        match (known, op) {
            (Some((lanes, sum)), _) => Some(Self { a: start(a), b: start(b), lanes, sum, plain: None }),
            (None, Op::Dot { .. }) => {
                let over = |turned: &Turned| {
                    let mut dims = vec![Dim { stride: turned.step, len: count }];
                    dims.extend(&turned.place.dims);
                    Ref { value: turned.value, place: Place { dims, ..turned.place.clone() } }
                };
                let plain = Some((op, vec![over(a), over(b)]));
                Some(Self { a: start(a), b: start(b), lanes: Vec::new(), sum: turn, plain })
            }
            (None, _) => None,
        }
    }

    /// The sum over so many turns of a product, lane by lane.
    pub(super) fn over_turns(a: &Turned, b: &Turned, count: u64) -> Option<Self> {
        let start =
            |turned: &Turned| Ref { value: turned.value, place: Place { dims: Vec::new(), ..turned.place.clone() } };
        let (x, y) = (a.place.clone().simplified().dims, b.place.clone().simplified().dims);
        let sum = Moves { len: count, a: a.step, b: b.step };
        Some(Self { a: start(a), b: start(b), lanes: aligned(&x, &y)?, sum, plain: None })
    }

    /// Dot products of so many pairs of lanes each.
    pub(in crate::passes) fn of_dots(len: u64, a: &Ref, b: &Ref) -> Option<Self> {
        let start = |view: &Ref| Ref { value: view.value, place: Place { dims: Vec::new(), ..view.place.clone() } };
        let (x, y) = (a.place.clone().simplified().dims, b.place.clone().simplified().dims);
        let ((x, ka), (y, kb)) = inner(&x, len).zip(inner(&y, len))?;
        let sum = Moves { len, a: ka, b: kb };
        Some(Self { a: start(a), b: start(b), lanes: aligned(&x, &y)?, sum, plain: None })
    }

    /// The operation that computes it, on views of any number of dimensions.
    pub(in crate::passes) fn best(self) -> Product {
        if let Some((op, args)) = self.plain {
            return Product::plain(op, args);
        }
        let (sum, lanes) = (self.sum, self.lanes);
        let dim = |moves: &Moves, a: bool| Dim { stride: if a { moves.a } else { moves.b }, len: moves.len };
        let long: Vec<Moves> = lanes.iter().copied().filter(|moves| moves.len != 1).collect();
        let with = |of: &Ref, dims: Vec<Dim>| Ref { value: of.value, place: Place { dims, ..of.place.clone() } };
        let shares = long.iter().all(|moves| moves.a == 0 || moves.b == 0);
        let of_a = |moves: &&Moves| moves.a != 0;
        let turns = long.windows(2).filter(|pair| (pair[0].a != 0) != (pair[1].a != 0)).count();
        if shares && !long.is_empty() && turns <= 1 {
            let rows_first = long[0].a != 0;
            let first: Vec<&Moves> = long.iter().filter(|moves| of_a(moves) == rows_first).collect();
            let second: Vec<&Moves> = long.iter().filter(|moves| of_a(moves) != rows_first).collect();
            let size = |of: &[&Moves]| of.iter().map(|moves| moves.len).product();
            if second.is_empty() {
                // A matrix and a vector: as rows or as columns, whichever way the matrix lies in memory.
                let mut columns = vec![dim(&sum, rows_first)];
                columns.extend(first.iter().map(|moves| dim(moves, rows_first)));
                let (matrix, vector) = if rows_first { (&self.a, &self.b) } else { (&self.b, &self.a) };
                let place = Place { dims: columns.clone(), ..matrix.place.clone() };
                if place.simplified().dims.len() <= 1 {
                    let op = Op::MatMul { rows: 1, inner: sum.len, cols: size(&first) };
                    return Product::plain(op, vec![with(vector, vec![dim(&sum, !rows_first)]), with(matrix, columns)]);
                }
            }
            let mut left: Vec<Dim> = first.iter().map(|moves| dim(moves, rows_first)).collect();
            left.push(dim(&sum, rows_first));
            let mut right = vec![dim(&sum, !rows_first)];
            right.extend(second.iter().map(|moves| dim(moves, !rows_first)));
            let (rows, inner, cols) = (size(&first), sum.len, size(&second));
            let (a, b) = if rows_first { (&self.a, &self.b) } else { (&self.b, &self.a) };
            let (left, right) = (with(a, left), with(b, right));
            if let (Some(l), Some(r), Ok(step)) = (turned(&left), turned(&right), i64::try_from(rows)) {
                // Both lie in memory as the other product has them, whose result lies the other way.
                let lanes = Place::grid(0, Dim { stride: 1, len: rows }, Dim { stride: step, len: cols });
                return Product {
                    op: Op::MatMul { rows: cols, inner, cols: rows },
                    args: vec![r, l],
                    lanes: Some(lanes),
                };
            }
            return Product::plain(Op::MatMul { rows, inner, cols }, vec![left, right]);
        }
        let all = |a: bool| lanes.iter().chain([&sum]).map(|moves| dim(moves, a)).collect();
        Product::plain(Op::Dot { len: sum.len }, vec![with(&self.a, all(true)), with(&self.b, all(false))])
    }
}

/// The transpose of a matrix whose columns lie in memory as rows.
fn turned(matrix: &Ref) -> Option<Ref> {
    let [rows, cols] = matrix.place.dims.as_slice() else { return None };
    let lies = rows.stride != 0 && rows.stride.unsigned_abs() < cols.stride.unsigned_abs();
    lies.then(|| Ref { value: matrix.value, place: Place { dims: vec![*cols, *rows], ..matrix.place.clone() } })
}

/// The dimensions before the last `len` lanes, and the stride of those; `None` where they have more than one.
fn inner(dims: &[Dim], len: u64) -> Option<(Vec<Dim>, i64)> {
    let (last, before) = dims.split_last()?;
    let mut before = before.to_vec();
    if last.len != len {
        let stride = last.stride.checked_mul(i64::try_from(len).ok()?)?;
        before.push(Dim { stride, len: last.len.checked_div(len).filter(|_| last.len % len == 0)? });
    }
    Some((before, last.stride))
}

/// The stride of the first `len` rows, and the dimensions of each.
fn outer(dims: &[Dim], len: u64) -> Option<(i64, Vec<Dim>)> {
    let (first, rest) = dims.split_first()?;
    let mut rest = rest.to_vec();
    if first.len == len {
        return Some((first.stride, rest));
    }
    let row = first.len.checked_div(len).filter(|_| first.len % len == 0)?;
    rest.insert(0, Dim { stride: first.stride, len: row });
    Some((first.stride.checked_mul(i64::try_from(row).ok()?)?, rest))
}

/// Both lists of dimensions, cut at the same lengths.
fn aligned(a: &[Dim], b: &[Dim]) -> Option<Vec<Moves>> {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    let mut moves = Vec::new();
    loop {
        match (a.pop(), b.pop()) {
            (None, None) => break,
            (Some(x), Some(y)) => {
                let len = x.len.min(y.len);
                for (rest, dim) in [(&mut a, x), (&mut b, y)] {
                    if dim.len != len {
                        let outer = dim.len.checked_div(len).filter(|_| dim.len % len == 0)?;
                        rest.push(Dim { stride: dim.stride.checked_mul(i64::try_from(len).ok()?)?, len: outer });
                    }
                }
                moves.push(Moves { len, a: x.stride, b: y.stride });
            }
            _ => return None,
        }
    }
    moves.reverse();
    Some(moves)
}
