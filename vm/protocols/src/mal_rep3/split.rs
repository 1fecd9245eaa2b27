//! From numbers to bits: the three-summand split.
//!
//! Each component of x = x_0 + x_1 + x_2 is known to two parties, so its bits are a sharing already, with nothing sent and nothing to verify (Mohassel and Rindal, ABY3, CCS 2018). The sum
//! of the three words takes a carry-save adder and then what a sum of two takes. Two summands, one of which a single party would deal, are not for a protocol in which that party
//! may lie (PROTOCOLS section 2.6).

use super::MalRep3;
use super::share::Arith;
use crate::bits::to_planes;
use crate::executor::Cx;
use crate::gates::circuit;
use crate::keys::Source;
use crate::rep3::Bin;
use smpc_math::circuits::{add, all, carry_out, carry_save, netlist};

impl<S: Source> MalRep3<S> {
    /// Three words of `width` bits, component by component: `words(component, held, limb, lane, out)` says 64 bits of each lane from a lane on, of a component that this party holds as
    /// its `held`-th.
    pub(crate) fn summands(
        &self,
        width: u32,
        lanes: usize,
        words: impl Fn(usize, usize, usize, usize, &mut [u64]) + Sync,
    ) -> [Bin; 3] {
        let mut all: [Bin; 3] = std::array::from_fn(|_| self.rep3.bin(width, lanes));
        for (component, bin) in all.iter_mut().enumerate().filter(|_| !self.dry) {
            let Some(held) = self.slot(component) else { continue };
            let rows = if held == 0 { &mut bin.a } else { &mut bin.b };
            for (limb, first) in (0..width as usize).step_by(64).enumerate() {
                let count = (width as usize - first).min(64);
                to_planes(rows, width as usize, (first, count), 0..lanes, |lane, out| {
                    words(component, held, limb, lane, out);
                });
            }
        }
        all
    }

    /// The low bits of x + plus as three words.
    pub(crate) fn words_of(&self, x: &Arith, plus: u64, width: u32) -> [Bin; 3] {
        self.summands(width, x.lanes, |component, held, _, lane, out| {
            let plus = if component == 0 { plus } else { 0 };
            out.iter_mut().zip(&x.value[held][lane..]).for_each(|(out, x)| *out = x[0].wrapping_add(plus));
        })
    }

    /// Whether x < 0, for |x| < 2^(width − 1). 2 + ⌈log2 (width − 1)⌉ rounds; 244 ANDs at 64 bits.
    pub(crate) async fn sign(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        let top = circuit("top bit of a sum of three", [width, 0, 0, 0], || {
            netlist(&[width; 3], |b, words| {
                let (s, t) = carry_save(b, &words[0], &words[1], &words[2]);
                let last = s.len() - 1;
                let carry = carry_out(b, &s[..last], &t[..last], false);
                let sum = b.xor(s[last], t[last]);
                vec![b.xor(sum, carry)]
            })
        });
        self.run_circuit(cx, &top, &self.words_of(x, 0, width).each_ref()).await
    }

    /// Whether x = 0 modulo 2^width. x − 1 is −1 if the sum and the carries of a carry-save adder are each other's complements. 1 + ⌈log2 width⌉ rounds, and less than two ANDs a bit.
    pub(crate) async fn is_zero(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        self.is_minus_one(cx, &self.words_of(x, u64::MAX, width), true).await
    }

    /// Whether three words are −1 together; `verify` as for [`Self::evaluate`].
    pub(crate) async fn is_minus_one(&self, cx: Cx<'_>, words: &[Bin; 3], verify: bool) -> Bin {
        let width = words[0].width;
        let fits = circuit("sum of three is -1", [width, 0, 0, 0], || {
            netlist(&[width; 3], |b, words| {
                let (sum, carries) = carry_save(b, &words[0], &words[1], &words[2]);
                let differ: Vec<_> = sum.iter().zip(&carries).map(|(s, c)| b.xor(*s, *c)).collect();
                vec![all(b, &differ)]
            })
        });
        let evaluate = async |first: usize, state: &mut Bin| self.evaluate(cx, &fits, first, state, verify).await;
        self.rep3.in_waves(&fits, &words.each_ref(), evaluate).await
    }

    /// The low `width` bits of x + plus. 2 + ⌈log2 (width − 1)⌉ rounds.
    pub(crate) async fn bits_of(&self, cx: Cx<'_>, x: &Arith, plus: u64, width: u32) -> Bin {
        let sum = circuit("sum of three", [width, 0, 0, 0], || {
            netlist(&[width; 3], |b, words| {
                let (s, t) = carry_save(b, &words[0], &words[1], &words[2]);
                add(b, &s, &t)
            })
        });
        self.run_circuit(cx, &sum, &self.words_of(x, plus, width).each_ref()).await
    }
}
