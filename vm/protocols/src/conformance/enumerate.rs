//! Gates of protocols of replicated shares, on one lane, with every tape: which bits of randomness a gate uses is found by flipping them, and then all values of those that a
//! party does not know are run, for each secret input and for all or many values of what the party does know (PROTOCOLS R23). Tests only.

use super::data::mix;
use super::slips::{Asked, Bit, Layout, Origin, Place, Slip, TestKeys};
use super::source::Drawn;
use super::views::{parts, seen};
use crate::bits::Row;
use crate::executor::Cx;
use crate::join::join_all;
use crate::keys::COMMON;
use crate::protocol::Protocol;
use crate::rep3;
#[cfg(debug_assertions)]
use crate::rep4;
use crate::ring::low_bits as low;
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

/// A protocol over Z_2^bits and Z_2 of which each secret is the sum of as many components as there are parties. Each party lacks one of them, and its key.
pub trait Replicated: Protocol<Arith: Send, Bin: Send> + Sized + 'static {
    /// Number of parties.
    const PARTIES: usize;
    /// Party `me` over Z_2^bits.
    fn small(me: usize, keys: Drawn, bits: u32) -> Self;
    /// The component that a party lacks.
    fn lacks(me: usize) -> usize;
    /// Party `me`'s share of a number with these components.
    fn number(me: usize, components: &[u64]) -> Self::Arith;
    /// Party `me`'s share of one word of `width` bits with these components.
    fn word(me: usize, width: u32, components: &[u64]) -> Self::Bin;
    /// The first component of a number that the party holds: at each party another one.
    fn first_of_number(x: &Self::Arith) -> u64;
    /// The same of a word.
    fn first_of_word(x: &Self::Bin) -> &[Row];

    /// The components that a party holds, first the one after that which it lacks.
    fn holds(me: usize) -> impl Iterator<Item = usize> {
        (1..Self::PARTIES).map(move |k| (Self::lacks(me) + k) % Self::PARTIES)
    }
}

/// The planes of one word of `width` bits.
fn rows(width: u32, word: u64) -> Vec<Row> {
    (0..width).map(|plane| [word >> plane & 1, 0, 0, 0, 0, 0, 0, 0]).collect()
}

impl Replicated for rep3::Rep3<Drawn> {
    const PARTIES: usize = 3;

    fn small(me: usize, keys: Drawn, bits: u32) -> Self {
        Self::over_small_ring(me, keys, bits)
    }
    fn lacks(me: usize) -> usize {
        (me + 2) % 3
    }
    fn number(me: usize, components: &[u64]) -> rep3::Arith {
        rep3::Arith::of_components([me, (me + 1) % 3].map(|k| vec![components[k]]))
    }
    fn word(me: usize, width: u32, components: &[u64]) -> rep3::Bin {
        rep3::Bin::of_components(width, 1, [me, (me + 1) % 3].map(|k| rows(width, components[k])))
    }
    fn first_of_number(x: &rep3::Arith) -> u64 {
        x.components()[0][0]
    }
    fn first_of_word(x: &rep3::Bin) -> &[Row] {
        x.components()[0]
    }
}

#[cfg(debug_assertions)]
impl Replicated for rep4::Rep4<Drawn> {
    const PARTIES: usize = rep4::PARTIES;

    fn small(me: usize, keys: Drawn, bits: u32) -> Self {
        Self::over_small_ring(me, keys, [0; 32], bits)
    }
    fn lacks(me: usize) -> usize {
        me
    }
    fn number(me: usize, components: &[u64]) -> rep4::Arith {
        rep4::Arith::of_components([1, 2, 3].map(|k| vec![components[(me + k) % 4]]))
    }
    fn word(me: usize, width: u32, components: &[u64]) -> rep4::Bin {
        rep4::Bin::of_components(width, 1, [1, 2, 3].map(|k| rows(width, components[(me + k) % 4])))
    }
    fn first_of_number(x: &rep4::Arith) -> u64 {
        x.components()[0][0]
    }
    fn first_of_word(x: &rep4::Bin) -> &[Row] {
        x.components()[0]
    }
}

/// A gate's results, once it has run.
pub type Running<'a, P> = Pin<Box<dyn Future<Output = Vec<Out<P>>> + 'a>>;
/// Runs a gate.
pub type Run<P> = for<'a> fn(&'a P, Cx<'a>, &'a Given<P>) -> Running<'a, P>;

/// Gates that run side by side, at most: few enough that their buffers stay in the cache.
const SIDE_BY_SIDE: usize = 256;

/// What a gate is given at one party.
pub struct Given<P: Protocol> {
    /// Secret numbers, one lane each.
    pub numbers: Vec<P::Arith>,
    /// Secret words, one lane each.
    pub words: Vec<P::Bin>,
    /// All inputs in the clear, for a party that supplies one.
    pub clear: Vec<i64>,
}

/// What a gate yields at one party.
pub enum Out<P: Protocol> {
    /// A secret number.
    Number(P::Arith),
    /// A secret word.
    Word(P::Bin),
    /// What was opened, at those who learn it.
    Open(Option<Vec<i64>>),
}

/// A gate under test, over Z_2^bits.
pub struct Gate<P: Protocol> {
    /// Its name, for messages.
    pub name: &'static str,
    /// The width of the ring.
    pub bits: u32,
    /// How many of the inputs are secret numbers. As many as `words` follow, secret words of these widths; any further inputs are not shared.
    pub numbers: usize,
    /// The widths of those words.
    pub words: &'static [u32],
    /// All inputs.
    pub inputs: Vec<Vec<u64>>,
    /// What party i may learn of them.
    pub learns: fn(usize, &[u64]) -> u64,
    /// The gate.
    pub run: Run<P>,
    /// Whether the values that it yields are right, modulo 2^bits.
    pub right: fn(&[u64], &[u64]) -> bool,
    /// Lanes that the gate works on, those beside the inputs' with 0.
    pub lanes: usize,
    /// Whether a word of a mask may matter: one of the inputs' lanes.
    pub counts: fn(usize) -> bool,
}

/// One run of a gate.
struct Instance<'g> {
    input: &'g [u64],
    /// Components of the shares of numbers and then of words.
    shares: Vec<Vec<u64>>,
}

/// What came of a batch of instances, side by side.
struct Batch {
    /// By party and instance: the bytes that the party received.
    views: Vec<Vec<Vec<u8>>>,
    /// By instance: the values.
    values: Vec<Vec<u64>>,
}

impl<P: Replicated> Gate<P> {
    const fn shared(&self) -> usize {
        self.numbers + self.words.len()
    }

    /// Bits of the i-th shared input.
    fn width(&self, i: usize) -> u32 {
        if i < self.numbers { self.bits } else { self.words[i - self.numbers] }
    }

    /// The components of an input of which party `me` holds these.
    fn components(&self, i: usize, value: u64, me: usize, own: &[u64]) -> Vec<u64> {
        let missing = if i < self.numbers {
            own.iter().fold(value, |rest, x| rest.wrapping_sub(*x)) & low(self.bits)
        } else {
            own.iter().fold(value, |rest, x| rest ^ x)
        };
        let mut all = vec![missing; P::PARTIES];
        P::holds(me).zip(own).for_each(|(component, x)| all[component] = *x);
        all
    }

    /// Runs all instances, the first of which has tape number `first`.
    fn run(&self, instances: &[Instance<'_>], first: usize, keys: &TestKeys) -> Batch {
        let seen = seen(P::PARTIES, |me, executor| {
            // A party for each run, so that all runs have the same addresses: what is hashed with them is the same too.
            let party = |run: usize| P::small(me, keys.of_run(first + run).drawn(), self.bits);
            let parties: Vec<P> = (0..instances.len()).map(party).collect();
            let given = |instance: &Instance<'_>| {
                let (numbers, words) = instance.shares.split_at(self.numbers);
                Given {
                    numbers: numbers.iter().map(|x| P::number(me, x)).collect(),
                    words: self.words.iter().zip(words).map(|(width, x)| P::word(me, *width, x)).collect(),
                    clear: instance.input.iter().map(|x| x.cast_signed()).collect(),
                }
            };
            let givens: Vec<Given<P>> = instances.iter().map(given).collect();
            let gates = parties.iter().zip(&givens).map(|(party, given)| (self.run)(party, executor.gate(0), given));
            executor.run(join_all(gates))
        });
        // As a test asserts that its gate runs: parties in one process have no link that ends.
        let seen = seen.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut values = vec![Vec::new(); instances.len()];
        for (i, values) in values.iter_mut().enumerate() {
            for k in 0..seen[0].value[i].len() {
                let outs: Vec<&Out<P>> = seen.iter().map(|seen| &seen.value[i][k]).collect();
                values.push(reconstruct(&outs, self.bits));
            }
        }
        let views = seen.iter().map(|seen| parts(&seen.received, instances.len())).collect();
        Batch { views, values }
    }

    /// The bits of randomness that change what anybody receives or holds in the end.
    ///
    /// # Panics
    /// For a gate that does not run.
    #[must_use]
    pub fn tape(&self) -> Vec<Bit> {
        let slip = Slip::None;
        let asked = Asked::default();
        let probe = |input: &'_ [u64], seed: u64| -> Vec<Vec<u64>> {
            let own = |i: usize| -> Vec<u64> {
                let of = |n: u64| mix(seed ^ mix(i as u64 * P::PARTIES as u64 + n)) & low(self.width(i));
                (1..P::PARTIES as u64).map(of).collect()
            };
            (0..self.shared()).map(|i| self.components(i, input[i], 0, &own(i))).collect()
        };
        let first = Instance { input: &self.inputs[0], shares: probe(&self.inputs[0], 0) };
        self.run(&[first], 0, &TestKeys { origin: Origin::Noting(asked.clone()), slip });
        let asked = std::mem::take(&mut *asked.lock().unwrap_or_else(PoisonError::into_inner));
        let candidates: Vec<Bit> = asked
            .into_iter()
            .filter(|(_, word)| (self.counts)(*word))
            .flat_map(|(place, word)| (0..self.bits).map(move |bit| Bit { place, word, bit }))
            .collect();
        let layout = Arc::new(Layout::new(&candidates));
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
            let origin = Origin::Tapes(Arc::clone(&layout), tapes.into(), 0);
            let batch = self.run(&instances, 0, &TestKeys { origin, slip });
            for (flipped, needed) in needed.iter_mut().enumerate() {
                let differ = |views: &Vec<Vec<u8>>| views[0] != views[flipped + 1];
                *needed |= batch.views.iter().any(differ) || batch.values[0] != batch.values[flipped + 1];
            }
        }
        candidates.into_iter().zip(needed).filter(|(_, needed)| *needed).map(|(bit, _)| bit).collect()
    }

    /// Whether each party's view has the same distribution for all inputs of which it may learn the same. Exact over all that the party does not know; over
    /// what it knows exact where that fits `budget` runs, else for a sample. `tape` is [`Self::tape`].
    ///
    /// # Errors
    /// Says for which party and inputs it differs.
    ///
    /// # Panics
    /// For a gate that does not run, has wrong results, or has more randomness than can be enumerated.
    pub fn reveals_nothing(&self, tape: &[Bit], slip: Slip, budget: usize) -> Result<(), String> {
        // Nobody asks for the bits of a mask that is left out or replaced.
        let asked = |bit: &&Bit| !matches!(slip, Slip::Unmasked(at) | Slip::Reused(at, _) if at == bit.place);
        let tape: Vec<Bit> = tape.iter().filter(asked).copied().collect();
        assert!(tape.len() <= 64, "{}: {} bits of randomness", self.name, tape.len());
        let layout = Arc::new(Layout::new(&tape));
        // First, who would see a slip: that is soon done.
        let sees = |me: &usize| matches!(slip, Slip::Unmasked(at) | Slip::Reused(at, _) if at.0 == P::lacks(*me));
        let (first, others): (Vec<usize>, Vec<usize>) = (0..P::PARTIES).partition(sees);
        for me in first.into_iter().chain(others) {
            let (hidden, known): (Vec<usize>, Vec<usize>) =
                (0..tape.len()).partition(|i| tape[*i].place.0 == P::lacks(me));
            assert!(hidden.len() <= 12, "{}: {} unknown bits", self.name, hidden.len());
            let runs = self.inputs.len() << hidden.len();
            let own_bits =
                known.len() as u32 + (0..self.shared()).map(|i| (P::PARTIES as u32 - 1) * self.width(i)).sum::<u32>();
            let wanted = (budget / runs).max(2) as u64;
            let all = own_bits < 63 && 1 << own_bits <= wanted;
            let samples: Vec<u128> = (0..if all { 1 << own_bits } else { wanted })
                .map(|n| if all { n.into() } else { u128::from(mix(n)) << 64 | u128::from(mix(!n)) })
                .collect();
            // Few at first: most slips are soon seen.
            let most = (SIDE_BY_SIDE / runs / self.lanes).max(1);
            let (mut rest, mut count) = (&samples[..], most.min(2));
            while !rest.is_empty() {
                let (some, others) = rest.split_at(count.min(rest.len()));
                self.same_for_all_inputs(me, some, &layout, (&known, &hidden), slip)?;
                (rest, count) = (others, (2 * count).min(most));
            }
        }
        Ok(())
    }

    /// For each of some states of party `me`'s knowledge: the distribution of what it receives, over all that is hidden from it.
    fn same_for_all_inputs(
        &self,
        me: usize,
        samples: &[u128],
        layout: &Arc<Layout>,
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
            let shares: Vec<Vec<u64>> =
                (0..self.shared()).map(|i| (1..P::PARTIES).map(|_| draw(self.width(i))).collect()).collect();
            let base = known.iter().fold(0, |tape, bit| tape | draw(1) << bit);
            for input in &self.inputs {
                for choice in 0..1_u64 << hidden.len() {
                    let shares = (0..self.shared()).map(|i| self.components(i, input[i], me, &shares[i])).collect();
                    instances.push(Instance { input, shares });
                    if layout.stride > 0 {
                        let set = |tape, (i, bit): (usize, &usize)| tape | (choice >> i & 1) << bit;
                        tapes.push(hidden.iter().enumerate().fold(base, set));
                    }
                }
            }
        }
        let keys = TestKeys { origin: Origin::Tapes(Arc::clone(layout), tapes.into(), 0), slip };
        let mut hashes: Vec<u64> = Vec::new();
        for (n, instances) in instances.chunks(SIDE_BY_SIDE).enumerate() {
            let batch = self.run(instances, n * SIDE_BY_SIDE, &keys);
            for (instance, values) in instances.iter().zip(&batch.values) {
                assert!((self.right)(instance.input, values), "{}: {values:?} of {:?}", self.name, instance.input);
            }
            hashes.extend(batch.views[me].iter().map(|view| hash(view)));
        }
        let mut distributions: Vec<&mut [u64]> = hashes.chunks_exact_mut(1 << hidden.len()).collect();
        for views in &mut distributions {
            views.sort_unstable();
        }
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

/// The value that all parties' results stand for.
fn reconstruct<P: Replicated>(outs: &[&Out<P>], bits: u32) -> u64 {
    let mut value = 0_u64;
    for out in outs {
        match out {
            Out::Number(x) => value = value.wrapping_add(P::first_of_number(x)) & low(bits),
            Out::Word(x) => {
                let planes = P::first_of_word(x).iter().enumerate();
                value ^= planes.map(|(plane, row)| (row[0] & 1) << plane).sum::<u64>();
            }
            Out::Open(Some(opened)) => value = opened[0].cast_unsigned() & low(bits.max(2)),
            Out::Open(None) => {}
        }
    }
    value
}

fn hash(view: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    view.hash(&mut hasher);
    hasher.finish()
}

/// The places of a gate's masks.
#[must_use]
pub fn places(tape: &[Bit]) -> Vec<Place> {
    let places: BTreeSet<Place> = tape.iter().map(|bit| bit.place).collect();
    places.into_iter().filter(|place| place.0 != COMMON).collect()
}
