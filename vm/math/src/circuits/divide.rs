//! Exact division and square root of unsigned words, one result bit a step: restoring division and its analogue for roots (as on paper).

use super::{add_carry, complement, constant, mux, resize};
use crate::netlist::{Bit, Builder};

/// x / y rounded down and x mod y of unsigned words; for y = 0 the quotient is all ones and the remainder x.
///
/// One subtraction of (bits of y) + 1 and a choice for each bit of x: depth n·(2 + ⌈log2 (m + 1)⌉).
pub fn divide(b: &mut Builder, x: &[Bit], y: &[Bit]) -> (Vec<Bit>, Vec<Bit>) {
    let width = y.len() + 1;
    let divisor = resize(y, width);
    let negated = complement(b, &divisor);
    let mut rest = constant(0, width);
    let mut quotient = vec![Bit::Const(false); x.len()];
    for i in (0..x.len()).rev() {
        // Never longer than y plus one bit: the rest was smaller than y.
        rest.insert(0, x[i]);
        rest.truncate(width);
        let (difference, fits) = add_carry(b, &rest, &negated, true);
        quotient[i] = fits;
        rest = mux(b, fits, &difference, &rest);
    }
    // With y = 0 every step "fits" and subtracts 0; the rest then is x as far as it is wide.
    (quotient, resize(&rest, y.len()))
}

/// ⌊√x⌋ of an unsigned word and whether x − ⌊√x⌋² > ⌊√x⌋, that is whether √x rounds up.
pub fn square_root(b: &mut Builder, x: &[Bit]) -> (Vec<Bit>, Bit) {
    let digits = x.len().div_ceil(2);
    let x = resize(x, 2 * digits);
    let mut root: Vec<Bit> = Vec::new();
    let mut rest: Vec<Bit> = Vec::new();
    for i in (0..digits).rev() {
        // rest := 4·rest + next two bits; try := 4·root + 1.
        rest.splice(0..0, [x[2 * i], x[2 * i + 1]]);
        let mut trial = vec![Bit::Const(true), Bit::Const(false)];
        trial.extend(&root);
        let width = rest.len().max(trial.len()) + 1;
        let (wide, trial) = (resize(&rest, width), resize(&trial, width));
        let negated = complement(b, &trial);
        let (difference, fits) = add_carry(b, &wide, &negated, true);
        rest = mux(b, fits, &difference, &wide);
        root.insert(0, fits);
        // The rest is at most 2·root.
        rest.truncate(root.len() + 1);
    }
    let width = rest.len().max(root.len());
    let (rest, own) = (resize(&rest, width), resize(&root, width));
    let up = super::less_unsigned(b, &own, &rest);
    (root, up)
}

#[cfg(test)]
mod tests {
    use super::super::netlist;
    use super::super::testing::{pairs, run, samples};
    use super::*;

    #[test]
    fn quotients_and_remainders() {
        for width in [1, 2, 5, 31, 32, 64, 80] {
            let circuit = netlist(&[width, width], |b, w| {
                let (mut quotient, rest) = divide(b, &w[0], &w[1]);
                quotient.extend(rest);
                quotient
            });
            let (x, y) = pairs(width);
            let keep: Vec<usize> = (0..x.len()).filter(|i| y[*i] != 0 && i % 7 == 0).collect();
            let (x, y): (Vec<u128>, Vec<u128>) = keep.iter().map(|i| (x[*i], y[*i])).unzip();
            if width > 64 {
                continue;
            }
            let found = run(&circuit, &[x.clone(), y.clone()]);
            for i in 0..x.len() {
                assert_eq!(found[i], (x[i] / y[i]) | ((x[i] % y[i]) << width), "{width}: {} / {}", x[i], y[i]);
            }
        }
    }

    #[test]
    fn roots() {
        for width in [1, 2, 3, 8, 31, 64, 80, 96] {
            let circuit = netlist(&[width], |b, w| {
                let (mut root, up) = square_root(b, &w[0]);
                root.push(up);
                root
            });
            let digits = width.div_ceil(2);
            let mut x = samples(width);
            x.extend(samples(digits).iter().map(|r| (r * r) & super::super::testing::mask(width)));
            let found = run(&circuit, &[x.clone()]);
            for (x, found) in x.iter().zip(found) {
                let root = x.isqrt();
                assert_eq!(found, root | u128::from(x - root * root > root) << digits, "{width}: {x}");
            }
        }
    }
}
