//! Comparison and choice.

use super::{carry_out, complement};
use crate::netlist::{Bit, Builder};

/// Whether all bits are 1: n − 1 ANDs, depth ⌈log2 n⌉. True of no bits.
pub fn all(b: &mut Builder, bits: &[Bit]) -> Bit {
    let mut row = bits.to_vec();
    while row.len() > 1 {
        row = row.chunks(2).map(|pair| if let [x, y] = *pair { b.and(x, y) } else { pair[0] }).collect();
    }
    row.first().copied().unwrap_or(Bit::Const(true))
}

/// Whether any bit is 1; as [`all`].
pub fn any(b: &mut Builder, bits: &[Bit]) -> Bit {
    let none = is_zero(b, bits);
    b.not(none)
}

/// Whether all bits are 0; as [`all`].
pub fn is_zero(b: &mut Builder, bits: &[Bit]) -> Bit {
    let flipped = complement(b, bits);
    all(b, &flipped)
}

/// x = y: n − 1 ANDs, depth ⌈log2 n⌉.
pub fn equal(b: &mut Builder, x: &[Bit], y: &[Bit]) -> Bit {
    let differ: Vec<Bit> = x.iter().zip(y).map(|(x, y)| b.xor(*x, *y)).collect();
    is_zero(b, &differ)
}

/// x < y of unsigned words: the borrow of x − y; as [`carry_out`].
pub fn less_unsigned(b: &mut Builder, x: &[Bit], y: &[Bit]) -> Bit {
    let flipped = complement(b, y);
    let at_least = carry_out(b, x, &flipped, true);
    b.not(at_least)
}

/// x < y of words in two's complement.
pub fn less_signed(b: &mut Builder, x: &[Bit], y: &[Bit]) -> Bit {
    let (mut x, mut y) = (x.to_vec(), y.to_vec());
    for word in [&mut x, &mut y] {
        if let Some(sign) = word.last_mut() {
            *sign = b.not(*sign);
        }
    }
    less_unsigned(b, &x, &y)
}

/// x where `condition` holds, else y: one AND a bit, depth 1.
pub fn mux(b: &mut Builder, condition: Bit, x: &[Bit], y: &[Bit]) -> Vec<Bit> {
    x.iter().zip(y).map(|(x, y)| b.mux(condition, *x, *y)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pairs, run};
    use super::super::{constant, netlist};
    use super::*;

    #[test]
    fn orders_and_equality() {
        for width in [1, 2, 31, 32, 33, 63, 64, 80] {
            let (x, y) = pairs(width);
            let circuit = netlist(&[width, width], |b, w| {
                let differ = equal(b, &w[0], &w[1]);
                vec![less_unsigned(b, &w[0], &w[1]), less_signed(b, &w[0], &w[1]), differ]
            });
            let found = run(&circuit, &[x.clone(), y.clone()]);
            let signed = |v: u128| (v << (128 - width)).cast_signed();
            for i in 0..x.len() {
                let expected = u128::from(x[i] < y[i])
                    | u128::from(signed(x[i]) < signed(y[i])) << 1
                    | u128::from(x[i] == y[i]) << 2;
                assert_eq!(found[i], expected, "{width}: {} and {}", x[i], y[i]);
            }
        }
        assert_eq!(netlist(&[64, 64], |b, w| vec![equal(b, &w[0], &w[1])]).ands(), 63);
    }

    #[test]
    fn constants_fold() {
        let circuit = netlist(&[8], |b, w| vec![less_unsigned(b, &w[0], &constant(256 - 1, 8))]);
        assert!(circuit.ands() < 8, "{}", circuit.ands());
        let found = run(&circuit, &[vec![0, 254, 255]]);
        assert_eq!(found, [1, 1, 0]);
    }
}
