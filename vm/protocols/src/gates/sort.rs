//! Sorting of whole rows by one column, by a network or by radix.
//!
//! Both take a number of rounds and bytes that depends on the shape and the range of keys alone. Which one is decided by the same: see [`method`].

use super::radix::{digits, place_rows};
use crate::executor::Cx;
use crate::lanes::{Lanes, Range};
use crate::protocol::{BinShares as _, Protocol, Shares};

/// Most rows that a shuffle takes.
const MOST_ROWS: usize = (1 << 31) - 1;

/// How rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// They are in order already: at most one, or all keys are the same.
    Nothing,
    /// Batcher's odd–even merge sort.
    Network,
    /// By the digits of the keys, each time by a secret shuffle.
    Radix,
}

/// How so many rows are sorted by keys of a range: the way that takes fewer rounds, as `rep3` counts them, but for those of a shuffle. Where a shuffle takes the same few rounds whatever it is
/// of, as many of both are those of some dozen rows, so that bytes do not matter; with more rows a network needs more rounds and, a row, more bytes, and a radix sort
/// does not. Where it takes more for more rows (`shamir` with a threshold above 4) it is a network for most. On one machine, where a round is cheapest, both take as long for 64 rows of 64-bit keys: 9 ms; the rule changes over between 32 and 33.
#[must_use]
pub fn method(rows: usize, keys: Range, shuffle: u64) -> Method {
    let width = key_bits(keys);
    if rows < 2 || width == 0 {
        return Method::Nothing;
    }
    let halvings = |bits: u32| u64::from(bits.next_power_of_two().trailing_zeros());
    // A comparison of numbers whose difference has a bit more, or may be any, and a selection.
    let network = layers(rows).count() as u64 * (4 + halvings(width) + u64::from(width == 64));
    // Bits; for each digit its values, a conversion, a sum of products and a shuffle; then a conversion and two shuffles.
    let bits = 2 + halvings(width - 1);
    let radix = bits + digits(width).map(|digit| u64::from(digit) + 2 + shuffle).sum::<u64>() + 2 + 2 * shuffle;
    if rows > MOST_ROWS || network <= radix { Method::Network } else { Method::Radix }
}

/// Bits of a key's distance from the least one.
fn key_bits(keys: Range) -> u32 {
    let span = (i128::from(keys.hi) - i128::from(keys.lo)).max(0).unsigned_abs();
    u128::BITS - span.leading_zeros()
}

/// The layers of a network for so many rows.
fn layers(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let widths = std::iter::successors(Some(1_usize), |p| p.checked_mul(2)).take_while(move |p| *p < rows);
    widths.flat_map(|p| std::iter::successors(Some(p), |k| (*k > 1).then_some(k / 2)).map(move |k| (p, k)))
}

/// The rows of a table in ascending order of its first column, whose range is `keys`; equal ones stay in their order.
pub async fn sort<P: Protocol>(p: &P, cx: Cx<'_>, table: &P::Arith, columns: usize, keys: Range) -> P::Arith {
    let rows = table.lanes().checked_div(columns).unwrap_or(0);
    let shuffle = p.shuffle_rounds(rows);
    if method(rows, keys, shuffle) == Method::Nothing {
        return table.clone();
    }
    // A network does not keep equal rows in their order, which shows where they have other columns: there the number of a row counts too.
    let alone = columns == 1 || rows > MOST_ROWS;
    let by = if alone { Some(keys) } else { numbered(rows, keys) };
    match by.filter(|by| method(rows, *by, shuffle) == Method::Network) {
        None => radix(p, cx, table, columns, keys).await,
        Some(keys) if alone => network(p, cx, table, columns, keys).await,
        Some(both) => by_number(p, cx, table, columns, (keys, both)).await,
    }
}

/// How far the key of each row is from the least one: but for a multiple of 2^64, the same for all, over integers.
fn distances<P: Protocol>(p: &P, table: &P::Arith, rows: usize, keys: Range) -> P::Arith {
    p.add_public(&table.read(&Lanes::run(0, rows)), &[keys.lo.wrapping_neg()])
}

/// The numbers of the rows; one where nobody reads them.
fn row_numbers(cx: Cx<'_>, rows: usize) -> Vec<i64> {
    if cx.is_dry() { vec![0] } else { (0..rows as i64).collect() }
}

/// Bits of the number of a row.
fn number_bits(rows: usize) -> u32 {
    usize::BITS - rows.saturating_sub(1).leading_zeros()
}

/// The range of keys with the number of the row behind them, if that is not too long.
fn numbered(rows: usize, keys: Range) -> Option<Range> {
    let width = key_bits(keys) + number_bits(rows);
    (width < 63).then(|| Range { lo: 0, hi: (1 << width) - 1 })
}

/// A table through a network, by keys with the number of the row behind them.
async fn by_number<P: Protocol>(
    p: &P,
    cx: Cx<'_>,
    table: &P::Arith,
    columns: usize,
    (keys, both): (Range, Range),
) -> P::Arith {
    let rows = table.lanes().checked_div(columns).unwrap_or(0);
    let moved_up = p.mul_public(&distances(p, table, rows, keys), &[1 << number_bits(rows)]);
    let key = p.add_public(&moved_up, &row_numbers(cx, rows));
    let mut wide = p.share_public(&[0], table.lanes() + rows);
    wide.write(&Lanes::run(0, rows), &key);
    wide.write(&Lanes::run(rows, table.lanes()), table);
    network(p, cx, &wide, columns + 1, both).await.read(&Lanes::run(rows, table.lanes()))
}

/// Layer after layer: ⌈log2 rows⌉·(⌈log2 rows⌉ + 1)/2 times the rounds of a comparison and a selection.
pub async fn network<P: Protocol>(p: &P, cx: Cx<'_>, table: &P::Arith, columns: usize, keys: Range) -> P::Arith {
    let rows = table.lanes().checked_div(columns).unwrap_or(0);
    let mut table = table.clone();
    for (step, (at, k)) in (0..).zip(layers(rows)) {
        p.merge_layer(cx.sub(step, 1 << 12), &mut table, columns, at, k, keys).await;
    }
    table
}

/// The bits of the keys and the number of each row are sorted by digits; then rows know where they go, and all columns go there at once.
pub async fn radix<P: Protocol>(p: &P, cx: Cx<'_>, table: &P::Arith, columns: usize, keys: Range) -> P::Arith {
    let rows = table.lanes().checked_div(columns).unwrap_or(0);
    let (width, part) = (key_bits(keys), |k| cx.sub(k, 8));
    let column = |c: usize| table.read(&Lanes::run(c * rows, rows));
    let bits = p.a2b(part(0), &distances(p, table, rows, keys), width).await;
    let numbers = row_numbers(cx, rows);
    let words = P::Bin::stack(&[&bits, &p.share_public_bin(&numbers, number_bits(rows), rows)]);
    // The number of the row that comes first, second, …
    let order = p.radix_sort(part(1), words, width).await;
    let order = p.b2a(part(2), &order, false).await;
    // Where the first row goes, the second, …
    let numbers = [p.share_public(&numbers, rows)];
    let (places, _) = place_rows(p, part(3), 0, &order, &numbers, &[]).await;
    let Some(places) = places.first() else { return table.clone() };
    let unsorted: Vec<P::Arith> = (0..columns).map(column).collect();
    let (sorted, _) = place_rows(p, part(4), 1, places, &unsorted, &[]).await;
    let mut result = p.share_public(&[0], table.lanes());
    for (c, column) in sorted.iter().enumerate() {
        result.write(&Lanes::run(c * rows, rows), column);
    }
    result
}
