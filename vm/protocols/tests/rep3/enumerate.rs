//! Gates on one lane with every tape: which bits of randomness a gate uses is found by flipping them, and then all values of those that a party does not
//! know are run, for each secret input and for all or many values of what the party does know.

use crate::keys::{Bit, Layout, Origin, Place, Slip, TestKeys};
use crate::parties::{number, three, word};
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::views::parts;
use smpc_protocols::keys::COMMON;
use smpc_protocols::rep3::{Arith, Bin, Rep3};
use smpc_protocols::{Cx, join_all};
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::Mutex;

pub(crate) type Party<'a> = Rep3<TestKeys<'a>>;
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Vec<Out>> + 'a>>;
pub(crate) type Run = for<'a> fn(&'a Party<'a>, Cx<'a>, &'a Given) -> Running<'a>;

/// Gates that run side by side, about.
const SIDE_BY_SIDE: usize = 4096;

/// What a gate is given at one party.
pub(crate) struct Given {
    /// Secret numbers, one lane each.
    pub(crate) numbers: Vec<Arith>,
    /// Secret words, one lane each.
    pub(crate) words: Vec<Bin>,
    /// All inputs in the clear, for a party that supplies one.
    pub(crate) clear: Vec<i64>,
}

/// What a gate yields at one party.
pub(crate) enum Out {
    Number(Arith),
    Word(Bin),
    Open(Option<Vec<i64>>),
}

/// A gate under test, over Z_2^bits.
pub(crate) struct Gate {
    pub(crate) name: &'static str,
    pub(crate) bits: u32,
    /// How many of the inputs are secret numbers. As many as `words` follow, secret words of these widths; any further inputs are not shared.
    pub(crate) numbers: usize,
    pub(crate) words: &'static [u32],
    /// All inputs.
    pub(crate) inputs: Vec<Vec<u64>>,
    /// What party i may learn of them.
    pub(crate) learns: fn(usize, &[u64]) -> u64,
    pub(crate) run: Run,
    /// Whether the values that it yields are right, modulo 2^bits.
    pub(crate) right: fn(&[u64], &[u64]) -> bool,
    /// Lanes that the gate works on, those beside the inputs' with 0.
    pub(crate) lanes: usize,
    /// Whether a word of a mask may matter: one of the inputs' lanes.
    pub(crate) counts: fn(usize) -> bool,
}

/// One run of a gate.
struct Instance<'g> {
    input: &'g [u64],
    /// Components of the shares of numbers and then of words.
    shares: Vec<[u64; 3]>,
}

/// What came of a batch of instances, side by side.
struct Batch {
    /// By party and instance: the bytes that the party received.
    views: Vec<Vec<Vec<u8>>>,
    /// By instance: the values.
    values: Vec<Vec<u64>>,
}

impl Gate {
    const fn shared(&self) -> usize {
        self.numbers + self.words.len()
    }

    /// Bits of the i-th shared input.
    fn width(&self, i: usize) -> u32 {
        if i < self.numbers { self.bits } else { self.words[i - self.numbers] }
    }

    /// The components of an input that has these two at party `me` and the one after.
    fn components(&self, i: usize, value: u64, me: usize, own: [u64; 2]) -> [u64; 3] {
        let missing = if i < self.numbers {
            value.wrapping_sub(own[0]).wrapping_sub(own[1]) & low(self.bits)
        } else {
            value ^ own[0] ^ own[1]
        };
        let mut all = [missing; 3];
        (all[me], all[(me + 1) % 3]) = (own[0], own[1]);
        all
    }

    fn run(&self, instances: &[Instance<'_>], keys: TestKeys<'_>) -> Batch {
        let seen = three(
            self.bits,
            |_| keys,
            |party: &Party<'_>, executor| {
                let me = smpc_protocols::Protocol::me(party);
                let given = |instance: &Instance<'_>| Given {
                    numbers: instance.shares[..self.numbers].iter().map(|x| number(me, *x)).collect(),
                    words: self
                        .words
                        .iter()
                        .zip(&instance.shares[self.numbers..])
                        .map(|(w, x)| word(me, *w, *x))
                        .collect(),
                    clear: instance.input.iter().map(|x| x.cast_signed()).collect(),
                };
                let givens: Vec<Given> = instances.iter().map(given).collect();
                let gates =
                    givens.iter().enumerate().map(|(i, given)| (self.run)(party, executor.gate(i as u64), given));
                executor.run(join_all(gates))
            },
        );
        let mut values = vec![Vec::new(); instances.len()];
        for (i, values) in values.iter_mut().enumerate() {
            for k in 0..seen[0].value[i].len() {
                let outs: Vec<&Out> = seen.iter().map(|seen| &seen.value[i][k]).collect();
                values.push(reconstruct(&outs, self.bits));
            }
        }
        let views = seen.iter().map(|seen| parts(&seen.received, instances.len())).collect();
        Batch { views, values }
    }

    /// The bits of randomness that change what anybody receives or holds in the end.
    fn tape(&self, slip: Slip) -> Vec<Bit> {
        let asked = Mutex::new(BTreeSet::new());
        let probe = |input: &'_ [u64], seed: u64| -> Vec<[u64; 3]> {
            let own = |i: usize, n: u64| mix(seed ^ mix(i as u64 * 2 + n)) & low(self.width(i));
            (0..self.shared()).map(|i| self.components(i, input[i], 0, [own(i, 0), own(i, 1)])).collect()
        };
        let first = Instance { input: &self.inputs[0], shares: probe(&self.inputs[0], 0) };
        self.run(&[first], TestKeys { origin: Origin::Noting(&asked), slip });
        let candidates: Vec<Bit> = asked
            .into_inner()
            .unwrap()
            .into_iter()
            .filter(|(_, word)| (self.counts)(*word))
            .flat_map(|(place, word)| (0..self.bits).map(move |bit| Bit { place, word, bit }))
            .collect();
        let layout = Layout::new(&candidates);
        // From each of some starting points, every bit is flipped once.
        let mut needed = vec![false; candidates.len()];
        for round in 0..6 {
            let input = &self.inputs[usize::try_from(mix(round)).unwrap_or(usize::MAX) % self.inputs.len()];
            let start: Vec<u64> =
                (0..layout.stride as u64).map(|w| if round == 0 { 0 } else { mix(round ^ w << 8) }).collect();
            let mut tapes = start.clone();
            for flipped in 0..candidates.len() {
                let at = tapes.len();
                tapes.extend(&start);
                tapes[at + flipped / 64] ^= 1 << (flipped % 64);
            }
            let instances: Vec<Instance<'_>> =
                (0..=candidates.len()).map(|_| Instance { input, shares: probe(input, round) }).collect();
            let batch = self.run(&instances, TestKeys { origin: Origin::Tapes(&layout, &tapes), slip });
            for (flipped, needed) in needed.iter_mut().enumerate() {
                let differ = |views: &Vec<Vec<u8>>| views[0] != views[flipped + 1];
                *needed |= batch.views.iter().any(differ) || batch.values[0] != batch.values[flipped + 1];
            }
        }
        candidates.into_iter().zip(needed).filter(|(_, needed)| *needed).map(|(bit, _)| bit).collect()
    }

    /// The places of the gate's masks.
    pub(crate) fn places(&self) -> Vec<Place> {
        let places: BTreeSet<Place> = self.tape(Slip::None).into_iter().map(|bit| bit.place).collect();
        places.into_iter().filter(|place| place.0 != COMMON).collect()
    }

    /// Whether each party's view has the same distribution for all inputs of which it may learn the same. Exact over all that the party does not know; over
    /// what it knows exact where that fits `budget` runs, else for a sample.
    ///
    /// # Errors
    /// Says for which party and inputs it differs.
    pub(crate) fn reveals_nothing(&self, slip: Slip, budget: usize) -> Result<(), String> {
        let tape = self.tape(slip);
        assert!(tape.len() <= 64, "{}: {} bits of randomness", self.name, tape.len());
        let layout = Layout::new(&tape);
        for me in 0..3 {
            let (hidden, known): (Vec<usize>, Vec<usize>) =
                (0..tape.len()).partition(|i| tape[*i].place.0 == (me + 2) % 3);
            assert!(hidden.len() <= 12, "{}: {} unknown bits", self.name, hidden.len());
            let runs = self.inputs.len() << hidden.len();
            let own_bits = known.len() as u32 + (0..self.shared()).map(|i| 2 * self.width(i)).sum::<u32>();
            let wanted = (budget / runs).max(8) as u64;
            let all = own_bits < 63 && 1 << own_bits <= wanted;
            let samples: Vec<u128> = (0..if all { 1 << own_bits } else { wanted })
                .map(|n| if all { n.into() } else { u128::from(mix(n)) << 64 | u128::from(mix(!n)) })
                .collect();
            for samples in samples.chunks((SIDE_BY_SIDE / runs / self.lanes).max(1)) {
                self.same_for_all_inputs(me, samples, &layout, (&known, &hidden), slip)?;
            }
        }
        Ok(())
    }

    /// For each of some states of party `me`'s knowledge: the distribution of what it receives, over all that is hidden from it.
    fn same_for_all_inputs(
        &self,
        me: usize,
        samples: &[u128],
        layout: &Layout,
        (known, hidden): (&[usize], &[usize]),
        slip: Slip,
    ) -> Result<(), String> {
        let mut instances = Vec::new();
        let mut tapes: Vec<u64> = Vec::new();
        for own in samples {
            let mut own = *own;
            let mut draw = |bits: u32| {
                #[allow(clippy::cast_possible_truncation, reason = "few bits")]
                let drawn = own as u64 & low(bits);
                own >>= bits;
                drawn
            };
            let shares: Vec<[u64; 2]> =
                (0..self.shared()).map(|i| [draw(self.width(i)), draw(self.width(i))]).collect();
            let base = known.iter().fold(0, |tape, bit| tape | draw(1) << bit);
            for input in &self.inputs {
                for choice in 0..1_u64 << hidden.len() {
                    let shares = (0..self.shared()).map(|i| self.components(i, input[i], me, shares[i])).collect();
                    instances.push(Instance { input, shares });
                    if layout.stride > 0 {
                        let set = |tape, (i, bit): (usize, &usize)| tape | (choice >> i & 1) << bit;
                        tapes.push(hidden.iter().enumerate().fold(base, set));
                    }
                }
            }
        }
        let batch = self.run(&instances, TestKeys { origin: Origin::Tapes(layout, &tapes), slip });
        for (instance, values) in instances.iter().zip(&batch.values) {
            assert!((self.right)(instance.input, values), "{}: {values:?} of {:?}", self.name, instance.input);
        }
        let distributions: Vec<Vec<u64>> = batch.views[me]
            .chunks_exact(1 << hidden.len())
            .map(|views| {
                let mut hashes: Vec<u64> = views.iter().map(|view| hash(view)).collect();
                hashes.sort_unstable();
                hashes
            })
            .collect();
        for views in distributions.chunks_exact(self.inputs.len()) {
            for (i, input) in self.inputs.iter().enumerate() {
                let same = |j: &usize| (self.learns)(me, &self.inputs[*j]) == (self.learns)(me, input);
                if let Some(j) = (0..i).find(same)
                    && views[i] != views[j]
                {
                    return Err(format!("{}: party {me} can tell {:?} from {input:?}", self.name, self.inputs[j]));
                }
            }
        }
        Ok(())
    }
}

/// The value that three parties' results stand for.
fn reconstruct(outs: &[&Out], bits: u32) -> u64 {
    let mut value = 0_u64;
    for out in outs {
        match out {
            Out::Number(x) => value = value.wrapping_add(x.components()[0][0]) & low(bits),
            Out::Word(x) => {
                let planes = x.components()[0].iter().enumerate();
                value ^= planes.map(|(plane, row)| (row[0] & 1) << plane).sum::<u64>();
            }
            Out::Open(Some(opened)) => value = opened[0].cast_unsigned() & low(bits.max(2)),
            Out::Open(None) => {}
        }
    }
    value
}

pub(crate) const fn low(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

fn hash(view: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    view.hash(&mut hasher);
    hasher.finish()
}
