//! Random numbers whose bits are shared too, to hide a number under.
//!
//! Each of t + 1 dealers draws a number of 66 + κ bits and shares it over the integers, and its low bits over bytes; R is the sum of all numbers. Whatever t parties know,
//! one number is uniform to them, so that a + R for |a| < 2^66 is as good as independent of a: its distance from R is at most 2^-κ for each number that is opened, where κ
//! is 55 to 58, as much as the field has room for (Catrina and de Hoogh, SCN 2010). The sum
//! of numbers whose bits are known is what an edaBit has in place of its bits (Escudero, Ghosh, Keller, Rachuri and Scholl, CRYPTO 2020); the carries are left to the circuit
//! that the bits go to.

use super::deal::Step;
use super::share::{Bin, Elements};
use super::{MASKED_BITS, Shamir, security};
use crate::executor::Cx;
use crate::join::join3;
use crate::keys::Source;
use smpc_math::field::{Field as _, Gf256, P127};
use smpc_math::prf::Domain;
use zeroize::Zeroizing;

/// Bits of a word.
const WORD: usize = 64;

/// Shares of a mask.
pub(crate) struct Mask {
    /// R.
    pub(crate) sum: Elements<P127>,
    /// For each dealer: the low bits of 2^width − 1 − its number, modulo 2^width.
    pub(crate) complements: Vec<Bin>,
    /// The sum of all ⌊number / 2^width⌋, where asked for.
    pub(crate) high: Elements<P127>,
}

/// Adds c to the planes, `lanes` long each, of the bits that are 1 in numbers: those of lanes `first ..`.
#[allow(clippy::cast_possible_truncation, reason = "the halves of the number")]
pub(crate) fn add_bits(planes: &mut [Gf256], (lanes, first): (usize, usize), c: Gf256, numbers: &[P127]) {
    for (n, numbers) in numbers.chunks(WORD).enumerate() {
        let mut halves = Zeroizing::new([[0_u64; WORD]; 2]);
        for (lane, number) in numbers.iter().enumerate() {
            let number = number.value();
            (halves[0][lane], halves[1][lane]) = (number as u64, (number >> 64) as u64);
        }
        for (bit, plane) in planes.chunks_exact_mut(lanes).enumerate() {
            let words = &halves[bit / WORD];
            let plane = &mut plane[first + n * WORD..][..numbers.len()];
            for (x, word) in plane.iter_mut().zip(words) {
                x.0 ^= c.0 & ((word >> (bit % WORD)) as u8 & 1).wrapping_neg();
            }
        }
    }
}

impl<S: Source> Shamir<S> {
    /// A mask for each lane. One round; 16 bytes, or 32 with `high`, and a byte a bit of `width` from each dealer to n − t − 1 parties.
    pub(crate) async fn mask(&self, cx: Cx<'_>, lanes: usize, width: u32, high: bool) -> Mask {
        let (own, dealers) = (cx.sub(0, 4), self.dealers());
        let deals = dealers.contains(&self.me) && !self.dry;
        let mut numbers: Elements<P127> = self.elements(if deals { lanes } else { 0 });
        let mut highs: Elements<P127> = self.elements(if deals && high { lanes } else { 0 });
        let mut bits: Elements<Gf256> = self.elements(if deals { lanes * width as usize } else { 0 });
        // The bits of what is drawn are those of the number.
        debug_assert!(width <= MASKED_BITS + security(self.threshold));
        if deals {
            bits.fill(Gf256::ONE);
            let below = (1_u128 << (MASKED_BITS + security(self.threshold))) - 1;
            self.draw::<P127>(self.me, self.me, Step::new(own.tape(), 0, Domain::Random), lanes, |first, drawn| {
                for (lane, drawn) in (first..).zip(drawn) {
                    let number = drawn.value() & below;
                    numbers[lane] = P127::from_u128(number);
                    if let Some(high) = highs.get_mut(lane) {
                        *high = P127::from_u128(number >> width);
                    }
                }
                add_bits(&mut bits, (lanes, first), Gf256::ONE, drawn);
            });
        }
        let at = |k: u64, domain| (cx.sub(k, 4), Step::new(cx.sub(k, 4).tape(), 0, domain));
        let one = P127::power_of_two(0);
        let ((cx_sum, at_sum), (cx_bits, at_bits), (cx_high, at_high)) =
            (at(1, Domain::Random), at(2, Domain::Bin), at(3, Domain::Random));
        let numbers_dealt = self.deal_sum(cx_sum, at_sum, &dealers, deals.then_some((&numbers[..], one)), lanes);
        let bits_dealt =
            self.deal(cx_bits, at_bits, &dealers, deals.then_some((&bits[..], Gf256(1))), lanes * width as usize);
        let highs_dealt = async {
            if high {
                self.deal_sum(cx_high, at_high, &dealers, deals.then_some((&highs[..], one)), lanes).await
            } else {
                Elements::default()
            }
        };
        let (sum, bits, high) = join3(numbers_dealt, bits_dealt, highs_dealt).await;
        let complements = bits.into_iter().map(|x| Bin { width, lanes, x }).collect();
        Mask { sum, complements, high }
    }
}
