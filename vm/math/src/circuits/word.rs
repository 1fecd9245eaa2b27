//! Arithmetic of words modulo 2^n beyond a single sum: many summands, products, negatives.
//!
//! Bits of equal weight are columns. A full adder turns three bits of a column into one of it and one of the next, for one AND; its sum is an exclusive or, so that
//! a column adds up all its bits within one level and only the carries come a level later. With the heights that Dadda (1965) chose for his multiplier, but for this
//! measure, k bits a column become two in ⌈log2 (k − 1)⌉ levels: the heights are 2, 3, 5, 9, 17, … A prefix adder sums these.
//!
//! | 32 bits | ANDs | depth | | 64 bits | ANDs | depth |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | `add`, `subtract` | 151 | 6 | | `add`, `subtract` | 373 | 7 |
//! | `negate` | 79 | 5 | | `negate` | 191 | 6 |
//! | `multiply` | 1112 | 11 | | `multiply` | 4342 | 13 |
//! | `sum` of 3, 4, 5, 6 | 182, 213, 243, 274 | 6, 7, 7, 8 | | | | |
//! | `less_unsigned`, `equal` | 89, 31 | 6, 5 | | | | |

use super::{add, negate_if};
use crate::netlist::{Bit, Builder};

/// −x modulo 2^n; depth ⌈log2 (n − 1)⌉.
pub fn negate(b: &mut Builder, x: &[Bit]) -> Vec<Bit> {
    negate_if(b, Bit::Const(true), x)
}

/// The sum modulo 2^n of words of n bits; 0 of none. Of k words depth ⌈log2 (k − 1)⌉ and one AND a bit for each beyond the second, then [`add`].
pub fn sum(b: &mut Builder, words: &[Vec<Bit>]) -> Vec<Bit> {
    let width = words.iter().map(Vec::len).max().unwrap_or(0);
    let mut columns = vec![Vec::new(); width];
    for word in words {
        columns.iter_mut().zip(word).for_each(|(column, bit)| column.push(*bit));
    }
    sum_columns(b, columns)
}

/// x · y modulo 2^n of words of n bits: n (n + 1) / 2 ANDs for the products of bits, then their sum.
pub fn multiply(b: &mut Builder, x: &[Bit], y: &[Bit]) -> Vec<Bit> {
    let width = x.len();
    let mut columns = vec![Vec::new(); width];
    for (i, y) in y.iter().enumerate().take(width) {
        for (j, x) in x[..width - i].iter().enumerate() {
            columns[i + j].push(b.and(*x, *y));
        }
    }
    sum_columns(b, columns)
}

/// The sum of columns of bits, least significant first, modulo 2^columns.
fn sum_columns(b: &mut Builder, mut columns: Vec<Vec<Bit>>) -> Vec<Bit> {
    let zero = Bit::Const(false);
    for column in &mut columns {
        column.retain(|bit| *bit != zero);
    }
    // Nothing is carried out of the top column.
    let below = columns.len().saturating_sub(1);
    let tallest = |columns: &[Vec<Bit>]| columns[..below].iter().map(Vec::len).max().unwrap_or(0);
    while tallest(&columns) > 2 {
        // The tallest of 2, 3, 5, 9, … below the height.
        let height = tallest(&columns);
        let target =
            std::iter::successors(Some(2), |t| Some(2 * t - 1)).take_while(|t| *t < height).last().unwrap_or(2);
        let mut carried = Vec::new();
        for column in &mut columns[..below] {
            let carries = reduce(b, column, target.saturating_sub(carried.len()));
            column.append(&mut carried);
            carried = carries;
        }
        if let Some(top) = columns.last_mut() {
            top.append(&mut carried);
        }
    }
    if let Some(top) = columns.last_mut() {
        let parity = top.drain(..).fold(zero, |sum, bit| b.xor(sum, bit));
        top.push(parity);
    }
    let row = |at: usize| columns.iter().map(|column| column.get(at).copied().unwrap_or(zero)).collect::<Vec<_>>();
    let (first, second) = (row(0), row(1));
    add(b, &first, &second)
}

/// Brings a column down to `target` bits, all at once; returns what it carries.
fn reduce(b: &mut Builder, column: &mut Vec<Bit>, target: usize) -> Vec<Bit> {
    let mut carries = Vec::new();
    let mut left = column.len();
    let mut bits = std::mem::take(column).into_iter();
    let mut sum = None;
    while left > target.max(1) {
        let (Some(x), Some(y)) = (sum.take().or_else(|| bits.next()), bits.next()) else { break };
        let third = if left > target + 1 { bits.next() } else { None };
        let (total, carry) = match third {
            Some(z) => full_adder(b, x, y, z),
            None => (b.xor(x, y), b.and(x, y)),
        };
        left -= 1 + usize::from(third.is_some());
        sum = Some(total);
        if carry != Bit::Const(false) {
            carries.push(carry);
        }
    }
    column.extend(sum);
    column.extend(bits);
    carries
}

/// x + y + z as sum and carry: one AND.
fn full_adder(b: &mut Builder, x: Bit, y: Bit, z: Bit) -> (Bit, Bit) {
    let (xz, yz) = (b.xor(x, z), b.xor(y, z));
    let both = b.and(xz, yz);
    (b.xor(xz, y), b.xor(both, z))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mask, pairs, run, samples};
    use super::super::{all, equal, less_unsigned, netlist, subtract};
    use super::*;
    use crate::netlist::Netlist;

    fn widths() -> impl Iterator<Item = u32> {
        (1..=70).chain([128])
    }

    fn of_two(width: u32, circuit: impl Fn(&mut Builder, &[Bit], &[Bit]) -> Vec<Bit>) -> Netlist {
        netlist(&[width, width], |b, w| circuit(b, &w[0], &w[1]))
    }

    #[test]
    fn products_sums_and_order_of_all_widths() {
        for width in widths() {
            let (x, y) = pairs(width);
            let m = mask(width);
            type Definition = fn(u128, u128) -> u128;
            let cases: [(Netlist, Definition); 6] = [
                (of_two(width, multiply), u128::wrapping_mul),
                (of_two(width, add), u128::wrapping_add),
                (of_two(width, subtract), u128::wrapping_sub),
                (of_two(width, |b, x, _| negate(b, x)), |x, _| x.wrapping_neg()),
                (of_two(width, |b, x, y| vec![less_unsigned(b, x, y)]), |x, y| u128::from(x < y)),
                (of_two(width, |b, x, y| vec![equal(b, x, y)]), |x, y| u128::from(x == y)),
            ];
            for (which, (circuit, definition)) in cases.iter().enumerate() {
                let found = run(circuit, &[x.clone(), y.clone()]);
                for (found, (x, y)) in found.iter().zip(x.iter().zip(&y)) {
                    assert_eq!(*found, definition(*x, *y) & m, "case {which}, {width} bits: {x} and {y}");
                }
            }
        }
    }

    #[test]
    fn sums_of_many() {
        for width in widths() {
            for count in [0, 1, 2, 3, 4, 5, 6, 9, 10, 17] {
                let words: Vec<Vec<u128>> = (0..count)
                    .map(|n| {
                        let mut lanes = samples(width);
                        let by = n * 7 % lanes.len();
                        lanes.rotate_left(by);
                        lanes
                    })
                    .collect();
                let circuit = netlist(&vec![width; count.max(1)], |b, w| {
                    let total = sum(b, &w[..count]);
                    if count == 0 { vec![all(b, &[]); width as usize] } else { total }
                });
                let lanes = if count == 0 { vec![samples(width)] } else { words.clone() };
                let found = run(&circuit, &lanes);
                for (lane, found) in found.iter().enumerate() {
                    let total = words.iter().fold(0_u128, |total, word| total.wrapping_add(word[lane]));
                    let expected = if count == 0 { mask(width) } else { total & mask(width) };
                    assert_eq!(*found, expected, "{count} words of {width} bits");
                }
            }
        }
        assert_eq!(sum(&mut Builder::default(), &[]), []);
    }

    /// A constant among the summands costs no more than a word.
    #[test]
    fn constants_among_the_summands() {
        let constant = super::super::constant(0xdead_beef, 32);
        let circuit = netlist(&[32, 32], |b, w| sum(b, &[w[0].clone(), constant.clone(), w[1].clone()]));
        let (x, y) = pairs(32);
        let found = run(&circuit, &[x.clone(), y.clone()]);
        assert!(found.iter().zip(x.iter().zip(&y)).all(|(found, (x, y))| *found == (x + y + 0xdead_beef) & mask(32)));
        let three = netlist(&[32, 32, 32], sum);
        assert!(circuit.ands() <= three.ands() && circuit.depth() <= three.depth());
    }

    /// ANDs and depth: what an operation on words costs.
    #[test]
    fn costs() {
        let cost = |circuit: Netlist| (circuit.ands(), circuit.depth());
        let of = |width: u32, circuit: fn(&mut Builder, &[Bit], &[Bit]) -> Vec<Bit>| cost(of_two(width, circuit));
        let sum_of = |count: usize| cost(netlist(&vec![32; count], sum));
        assert_eq!([of(8, add), of(32, add), of(64, add), of(128, add)], [(19, 4), (151, 6), (373, 7), (883, 8)]);
        assert_eq!([of(32, subtract), of(64, subtract)], [(151, 6), (373, 7)]);
        assert_eq!([of(32, |b, x, _| negate(b, x)), of(64, |b, x, _| negate(b, x))], [(79, 5), (191, 6)]);
        assert_eq!([of(8, multiply), of(32, multiply), of(64, multiply)], [(68, 6), (1112, 11), (4342, 13)]);
        assert_eq!(of(32, |b, x, y| vec![less_unsigned(b, x, y)]), (89, 6));
        assert_eq!(of(32, |b, x, y| vec![equal(b, x, y)]), (31, 5));
        let sums = [(151, 6), (182, 6), (213, 7), (243, 7), (274, 8), (304, 8), (335, 8), (364, 8), (395, 9)];
        assert_eq!((2..=10).map(sum_of).collect::<Vec<_>>(), sums);
    }
}
