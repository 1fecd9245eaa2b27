//! Addition: carries by a parallel prefix over (propagate, generate) pairs.

use super::complement;
use crate::netlist::{Bit, Builder};

/// A group of positions: whether it passes a carry on, and whether it makes one. The group that holds bit 0 never passes one on.
#[derive(Clone, Copy)]
struct Group {
    propagate: Option<Bit>,
    generate: Bit,
}

/// The positions of a + b + carry, one group each. With the propagate bits as they are for the sum.
fn groups(b: &mut Builder, x: &[Bit], y: &[Bit], carry: bool) -> (Vec<Bit>, Vec<Group>) {
    let sums: Vec<Bit> = x.iter().zip(y).map(|(x, y)| b.xor(*x, *y)).collect();
    let groups = (0..sums.len())
        .map(|i| {
            let generate = if i == 0 && carry { b.or(x[i], y[i]) } else { b.and(x[i], y[i]) };
            Group { propagate: (i > 0).then_some(sums[i]), generate }
        })
        .collect();
    (sums, groups)
}

/// Groups of one position each, from whether positions pass a carry on (x ⊕ y) and whether they make one (x ∧ y). No carry comes in.
fn positions(propagate: &[Bit], generate: &[Bit]) -> Vec<Group> {
    let group = |(i, (p, g)): (usize, (&Bit, &Bit))| Group { propagate: (i > 0).then_some(*p), generate: *g };
    propagate.iter().zip(generate).enumerate().map(group).collect()
}

/// The carry out of a sum of which every position's x ⊕ y and x ∧ y are known; depth ⌈log2 n⌉.
pub fn carry_out_of(b: &mut Builder, propagate: &[Bit], generate: &[Bit]) -> Bit {
    tree(b, positions(propagate, generate)).unwrap_or(Bit::Const(false))
}

/// A sum modulo 2^n of which every position's x ⊕ y and, but for the top one, x ∧ y are known; depth ⌈log2 (n − 1)⌉.
pub fn sum_of_positions(b: &mut Builder, propagate: &[Bit], generate: &[Bit]) -> Vec<Bit> {
    let carries = prefix(b, positions(propagate, generate));
    let carried = |(i, p): (usize, &Bit)| if i == 0 { *p } else { b.xor(*p, carries[i - 1]) };
    propagate.iter().enumerate().map(carried).collect()
}

/// The group of `high` on top of `low`: two ANDs, one where `low` holds bit 0.
fn join(b: &mut Builder, high: Group, low: Group) -> Group {
    let Some(passes) = high.propagate else { return high };
    let passed = b.and(passes, low.generate);
    Group { propagate: low.propagate.map(|low| b.and(passes, low)), generate: b.xor(high.generate, passed) }
}

/// The carry out of x + y + carry: n ANDs and a tree; depth 1 + ⌈log2 n⌉. 181 ANDs for 63 bits.
pub fn carry_out(b: &mut Builder, x: &[Bit], y: &[Bit], carry: bool) -> Bit {
    let (_, row) = groups(b, x, y, carry);
    tree(b, row).unwrap_or(Bit::Const(carry))
}

/// Whether all positions together make a carry; `None` of no positions.
fn tree(b: &mut Builder, mut row: Vec<Group>) -> Option<Bit> {
    while row.len() > 1 {
        row = row.chunks(2).map(|pair| if let [low, high] = *pair { join(b, high, low) } else { pair[0] }).collect();
    }
    row.first().map(|group| group.generate)
}

/// All carries of x + y + carry, that of bit i out of position i (Sklansky, 1960): depth 1 + ⌈log2 n⌉.
pub fn carries(b: &mut Builder, x: &[Bit], y: &[Bit], carry: bool) -> Vec<Bit> {
    let (_, row) = groups(b, x, y, carry);
    prefix(b, row)
}

fn prefix(b: &mut Builder, mut row: Vec<Group>) -> Vec<Bit> {
    let mut span = 1;
    while span < row.len() {
        for i in 0..row.len() {
            if i & span != 0 {
                row[i] = join(b, row[i], row[(i & !(span - 1)) - 1]);
            }
        }
        span *= 2;
    }
    row.iter().map(|group| group.generate).collect()
}

/// x + y + carry modulo 2^n, and the carry out; both words have n bits.
pub fn add_carry(b: &mut Builder, x: &[Bit], y: &[Bit], carry: bool) -> (Vec<Bit>, Bit) {
    let (sums, row) = groups(b, x, y, carry);
    let carries = prefix(b, row);
    let sum = (0..sums.len())
        .map(|i| if i == 0 { b.xor(sums[0], Bit::Const(carry)) } else { b.xor(sums[i], carries[i - 1]) })
        .collect();
    (sum, carries.last().copied().unwrap_or(Bit::Const(carry)))
}

/// x + y modulo 2^n. The top carry is never computed.
pub fn add(b: &mut Builder, x: &[Bit], y: &[Bit]) -> Vec<Bit> {
    sum_of(b, x, y, false)
}

/// x − y modulo 2^n.
pub fn subtract(b: &mut Builder, x: &[Bit], y: &[Bit]) -> Vec<Bit> {
    let y = complement(b, y);
    sum_of(b, x, &y, true)
}

fn sum_of(b: &mut Builder, x: &[Bit], y: &[Bit], carry: bool) -> Vec<Bit> {
    let top = x.len().saturating_sub(1);
    let below = carries(b, &x[..top], &y[..top], carry);
    (0..x.len())
        .map(|i| {
            let sum = b.xor(x[i], y[i]);
            b.xor(sum, if i == 0 { Bit::Const(carry) } else { below[i - 1] })
        })
        .collect()
}

/// x + y + z as two words (sum, carry) with x + y + z = sum + carry modulo 2^n: one AND a bit, depth 1.
pub fn carry_save(b: &mut Builder, x: &[Bit], y: &[Bit], z: &[Bit]) -> (Vec<Bit>, Vec<Bit>) {
    let mut sum = Vec::with_capacity(x.len());
    let mut carry = vec![Bit::Const(false)];
    for i in 0..x.len() {
        let xz = b.xor(x[i], z[i]);
        let yz = b.xor(y[i], z[i]);
        sum.push(b.xor(xz, y[i]));
        if i + 1 < x.len() {
            let both = b.and(xz, yz);
            carry.push(b.xor(both, z[i]));
        }
    }
    (sum, carry)
}

/// −x where `condition` holds, else x, modulo 2^n: the carries of (x ⊕ c) + c.
pub fn negate_if(b: &mut Builder, condition: Bit, x: &[Bit]) -> Vec<Bit> {
    let flipped: Vec<Bit> = x.iter().map(|bit| b.xor(*bit, condition)).collect();
    // The carry into bit i is c ∧ flipped_0 ∧ … ∧ flipped_{i−1}: prefix products.
    let mut products = vec![condition];
    products.extend(flipped.iter().take(x.len().saturating_sub(1)));
    let mut span = 1;
    while span < products.len() {
        for i in 0..products.len() {
            if i & span != 0 {
                products[i] = b.and(products[i], products[(i & !(span - 1)) - 1]);
            }
        }
        span *= 2;
    }
    flipped.iter().zip(products).map(|(bit, carry)| b.xor(*bit, carry)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::netlist;
    use super::super::testing::{mask, pairs, run, samples};
    use super::*;

    #[test]
    fn counts_of_the_literature() {
        for (n, ands) in [(15, 39), (31, 86), (63, 181), (64, 184)] {
            let circuit = netlist(&[n, n], |b, w| vec![carry_out(b, &w[0], &w[1], false)]);
            assert_eq!(circuit.ands(), ands, "{n}");
            assert_eq!(circuit.depth(), 1 + n.next_power_of_two().ilog2() as usize);
        }
        let save = netlist(&[63, 63, 63], |b, w| {
            let (sum, carry) = carry_save(b, &w[0], &w[1], &w[2]);
            vec![carry_out(b, &sum, &carry, false)]
        });
        assert!(save.ands() <= 244 && save.depth() <= 8, "{} {}", save.ands(), save.depth());
        let all = netlist(&[64, 64], |b, w| carries(b, &w[0], &w[1], false));
        assert_eq!(all.ands() - 64, 321);
    }

    #[test]
    fn sums_and_differences() {
        for width in [1, 2, 3, 31, 32, 33, 63, 64, 65, 80, 127] {
            let (x, y) = pairs(width);
            let m = mask(width);
            for carry in [false, true] {
                let circuit = netlist(&[width, width], |b, w| {
                    let (mut sum, carry) = add_carry(b, &w[0], &w[1], carry);
                    sum.push(carry);
                    sum
                });
                let out = netlist(&[width, width], |b, w| vec![carry_out(b, &w[0], &w[1], carry)]);
                let found = run(&circuit, &[x.clone(), y.clone()]);
                let tops = run(&out, &[x.clone(), y.clone()]);
                for i in 0..x.len() {
                    let sum = x[i] + y[i] + u128::from(carry);
                    assert_eq!(found[i], sum & (m << 1 | 1), "{width}: {} + {}", x[i], y[i]);
                    assert_eq!(tops[i], sum >> width, "{width}: {} + {}", x[i], y[i]);
                }
            }
            let plus = run(&netlist(&[width, width], |b, w| add(b, &w[0], &w[1])), &[x.clone(), y.clone()]);
            let minus = run(&netlist(&[width, width], |b, w| subtract(b, &w[0], &w[1])), &[x.clone(), y.clone()]);
            for i in 0..x.len() {
                assert_eq!(plus[i], x[i].wrapping_add(y[i]) & m);
                assert_eq!(minus[i], x[i].wrapping_sub(y[i]) & m);
            }
        }
    }

    #[test]
    fn sums_from_positions() {
        for width in [1, 2, 3, 31, 64] {
            let (x, y) = pairs(width);
            let circuit = netlist(&[width, width], |b, w| {
                let both: Vec<Bit> = (0..width as usize).map(|i| b.and(w[0][i], w[1][i])).collect();
                let differ: Vec<Bit> = (0..width as usize).map(|i| b.xor(w[0][i], w[1][i])).collect();
                let mut sum = sum_of_positions(b, &differ, &both[..width as usize - 1]);
                sum.push(carry_out_of(b, &differ, &both));
                sum
            });
            let found = run(&circuit, &[x.clone(), y.clone()]);
            assert!((0..x.len()).all(|i| found[i] == x[i] + y[i]), "{width}");
        }
    }

    #[test]
    fn negation_on_condition() {
        for width in [1, 2, 31, 64] {
            let circuit = netlist(&[1, width], |b, w| negate_if(b, w[0][0], &w[1]));
            for (c, x) in [0, 1].into_iter().flat_map(|c| samples(width).into_iter().map(move |x| (c, x))) {
                let expected = if c == 1 { x.wrapping_neg() & mask(width) } else { x };
                assert_eq!(run(&circuit, &[vec![c], vec![x]]), [expected]);
            }
        }
    }

    #[test]
    fn carry_save_keeps_the_sum() {
        let circuit = netlist(&[8, 8, 8], |b, w| {
            let (sum, carry) = carry_save(b, &w[0], &w[1], &w[2]);
            add(b, &sum, &carry)
        });
        let (x, y) = pairs(8);
        let z: Vec<u128> = x.iter().map(|x| (x * 7) & 255).collect();
        let found = run(&circuit, &[x.clone(), y.clone(), z.clone()]);
        assert!((0..x.len()).all(|i| found[i] == (x[i] + y[i] + z[i]) & 255));
    }
}
