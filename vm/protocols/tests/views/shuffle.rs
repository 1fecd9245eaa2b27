//! The shuffle of `rep4`: three rows over Z_2, all permutations and masks of a column that a party does not know.
//!
//! Each party lacks one permutation, its own turn's, and in each of the three other turns a mask for every column. One column is looked at at a time: where it is not the one that is
//! told, the masks of that are drawn for all tables alike, and it holds the same in all of them. Numbers that are told are looked at from every party; words, which are told in the same
//! way, from the last one, and from every party with `SMPC_VIEWS=all`.

use crate::everything;
use smpc_math::prf::Domain;
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::slips::Place;
use smpc_protocols::conformance::views::{parts, seen};
use smpc_protocols::keys::Source;
use smpc_protocols::rep4::{Arith, Bin, PARTIES, Rep4};
use smpc_protocols::{Protocol, Tape, join_all};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

const ROWS: usize = 3;
/// Orders of three rows.
const ORDERS: u64 = 6;
/// Shuffles that run side by side, at most.
const SIDE_BY_SIDE: usize = 256;

/// Which column differs between tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// The one that everybody learns, of numbers.
    Told,
    /// One of words, which nobody learns; the column that is told is 0.
    Words,
}

impl Column {
    /// Its contents, a bit a row, of which nobody may learn which it is: of the column that is told, the same values in other orders.
    const fn contents(self) -> [u64; 2] {
        match self {
            Self::Told => [0b011, 0b101],
            Self::Words => [0b000, 0b011],
        }
    }

    /// Whether the test takes the time to look at it from this party.
    fn is_looked_at(self, me: usize) -> bool {
        self == Self::Told || me == PARTIES - 1 || everything()
    }
}

/// What one shuffle draws.
#[derive(Clone, Default)]
struct Draws {
    /// For each component the number of an order.
    orders: [u64; PARTIES],
    /// Bits of masks, three a place.
    masks: u128,
}

/// The masks of a shuffle: places, each with the turn that it belongs to and whether it is one of words.
type Masks = Vec<(Place, usize, bool)>;

/// Places and numbers of words.
type Asked = Arc<Mutex<BTreeSet<(Place, usize)>>>;

/// The words of a run.
struct Drawn {
    draws: Draws,
    masks: Arc<Masks>,
    /// A place whose mask is left out; of the permutations, one that is always the same.
    without: Option<Place>,
    /// Where to note what is asked for, and how many words at a time.
    asked: Option<Asked>,
}

impl Source for Drawn {
    fn fill(&self, component: usize, domain: Domain, _: Tape, step: u64, first: usize, out: &mut [u64]) {
        assert_eq!(first, 0, "few rows");
        out.fill(0);
        let place = (component, domain, step);
        if let Some(asked) = &self.asked {
            asked.lock().unwrap().insert((place, out.len()));
        }
        let missing = self.without == Some(place);
        if domain == Domain::Permutation {
            // The first of three rows, then of two, in the words' upper bits; away from where a draw is rejected.
            let order = if missing { 0 } else { self.draws.orders[component] };
            out[0] = (order % 3).wrapping_mul(u64::MAX / 3) + 9;
            out[1] = (order / 3) << 63 | 9;
        } else if let Some(at) = self.masks.iter().position(|(mask, ..)| *mask == place).filter(|_| !missing) {
            let bits = (self.draws.masks >> (ROWS * at)) as u64;
            if self.masks[at].2 {
                out[0] = bits & 7;
            } else {
                out.iter_mut().enumerate().for_each(|(row, out)| *out = bits >> row & 1);
            }
        }
    }
}

/// One shuffle: the components of the column, and what is drawn.
struct Instance {
    shares: [u64; PARTIES],
    draws: Draws,
}

/// What each party receives in each of the shuffles.
fn run(
    column: Column,
    instances: &[Instance],
    masks: &Arc<Masks>,
    without: Option<Place>,
    asked: Option<&Asked>,
) -> Vec<Vec<Vec<u8>>> {
    let seen = seen(PARTIES, |me, executor| {
        // A party for each shuffle, so that all have the same addresses: what is hashed with them is the same too.
        let party = |instance: &Instance| {
            let (draws, masks, asked) = (instance.draws.clone(), Arc::clone(masks), asked.cloned());
            let source: smpc_protocols::conformance::source::Drawn = Box::new(Drawn { draws, masks, without, asked });
            Rep4::over_small_ring(me, source, [0; 32], 1)
        };
        let all: Vec<_> = instances.iter().map(|instance| (party(instance), instance)).collect();
        let gates = all.iter().map(|(p, instance)| async move {
            let held = [1, 2, 3].map(|k| instance.shares[(me + k) % PARTIES]);
            let zero = p.share_public(&[0], ROWS);
            match column {
                Column::Told => {
                    let told = Arith::of_components(held.map(|bits| (0..ROWS).map(|row| bits >> row & 1).collect()));
                    p.shuffle(executor.gate(0), 0, &told, &[], &[]).await.0
                }
                Column::Words => {
                    let word = |bits: u64| vec![[bits, 0, 0, 0, 0, 0, 0, 0]];
                    let words = Bin::of_components(1, ROWS, held.map(word));
                    p.shuffle(executor.gate(0), 0, &zero, &[], &[words]).await.0
                }
            }
        });
        executor.run(join_all(gates))
    })
    .unwrap();
    for told in seen.iter().map(|seen| &seen.value) {
        for (told, instance) in told.iter().zip(instances) {
            let ones = told.iter().filter(|told| *told & 1 == 1).count() as u32;
            // Modulo 2 a sum is an exclusive or.
            let all = instance.shares.iter().fold(0, |all, share| all ^ share);
            assert_eq!(ones, if column == Column::Told { all.count_ones() } else { 0 }, "all learn the column");
        }
    }
    seen.into_iter().map(|seen| parts(&seen.received, instances.len())).collect()
}

/// The masks of a shuffle, and its permutations, each with the turn that it belongs to.
fn places(column: Column) -> (Masks, Vec<Place>) {
    let asked = Asked::default();
    let instance = Instance { shares: [0; PARTIES], draws: Draws::default() };
    run(column, &[instance], &Arc::default(), None, Some(&asked));
    let asked = asked.lock().unwrap().clone();
    let (orders, masks): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(place, _)| place.1 == Domain::Permutation);
    let steps: BTreeSet<u64> = masks.iter().map(|(place, _)| place.2).collect();
    // A step a mask; in each turn three masks a column, none of which is of the component whose turn it is.
    let a_turn = steps.len() / PARTIES;
    let masks: Masks = masks
        .into_iter()
        .map(|(place, words)| (place, steps.range(..place.2).count() / a_turn, words == ROW_WORDS))
        .collect();
    assert_eq!(masks.len(), if column == Column::Told { 12 } else { 24 });
    assert!(masks.iter().all(|(place, turn, _)| place.0 != *turn), "{masks:?}");
    let orders: Vec<Place> = orders.into_iter().map(|(place, _)| place).collect();
    assert_eq!(orders.iter().map(|place| place.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    (masks, orders)
}

/// Words of 512 lanes of bits.
const ROW_WORDS: usize = 8;

/// Whether what party `me` receives has the same distribution whatever is in the column, over all that it does not know, for a sample of what it knows.
fn reveals_nothing(column: Column, me: usize, masks: &Arc<Masks>, without: Option<Place>, sample: u64) -> bool {
    let own = |i: u64| mix(mix(sample) ^ i) ^ mix(i);
    // The masks of this column that the party does not know, and its permutation, but for what is left out.
    let hidden: Vec<usize> =
        (0..masks.len()).filter(|at| masks[*at].0.0 == me && masks[*at].2 == (column == Column::Words)).collect();
    let missing = |place: Place| without == Some(place);
    let fixed = without.is_some_and(|place| place.1 == Domain::Permutation);
    assert_eq!(hidden.len(), 3);
    let hidden: Vec<usize> = hidden.into_iter().filter(|at| !missing(masks[*at].0)).collect();
    let orders = if fixed { 1 } else { ORDERS };
    let mut instances = Vec::new();
    for contents in column.contents() {
        let mut shares: [u64; PARTIES] = std::array::from_fn(|component| own(10 + component as u64) & 7);
        shares[me] = 0;
        shares[me] = shares.iter().fold(contents, |rest, share| rest ^ share);
        for choice in 0..orders << (ROWS * hidden.len()) {
            let mut all: [u64; PARTIES] = std::array::from_fn(|component| own(component as u64) % ORDERS);
            all[me] = choice % orders;
            let drawn = u128::from(own(20)) << 64 | u128::from(own(21));
            let bits = hidden.iter().enumerate().fold(drawn, |bits, (i, at)| {
                let chosen = u128::from(((choice / orders) >> (ROWS * i)) & 7);
                bits & !(7 << (ROWS * at)) | chosen << (ROWS * at)
            });
            instances.push(Instance { shares, draws: Draws { orders: all, masks: bits } });
        }
    }
    let mut views: Vec<Vec<u8>> = instances
        .chunks(SIDE_BY_SIDE)
        .flat_map(|instances| run(column, instances, masks, without, None).swap_remove(me))
        .collect();
    let (one, other) = views.split_at_mut(instances.len() / 2);
    one.sort_unstable();
    other.sort_unstable();
    one == other
}

#[test]
fn a_shuffle_of_rep4_tells_its_first_column_alone() {
    for column in [Column::Told, Column::Words] {
        let masks = Arc::new(places(column).0);
        for me in (0..PARTIES).filter(|me| column.is_looked_at(*me)) {
            assert!(reveals_nothing(column, me, &masks, None, 1), "{column:?} at party {me}");
        }
    }
}

/// Every permutation is needed, and every mask: of the column that is told, those before the turn in which the party that lacks them stays away. From then on their rows are in an
/// order that it does not know, and all will learn what is in them.
#[test]
fn a_shuffle_of_rep4_without_a_mask_or_a_permutation_tells() {
    for column in [Column::Told, Column::Words] {
        let (masks, orders) = places(column);
        let masks = Arc::new(masks);
        let tells = |place: Place, samples: u64| {
            !(0..samples).all(|sample| reveals_nothing(column, place.0, &masks, Some(place), sample))
        };
        let own = masks.iter().filter(|(.., words)| *words == (column == Column::Words));
        for (place, turn, _) in own.filter(|(place, ..)| column.is_looked_at(place.0)) {
            let needed = column == Column::Words || *turn < place.0;
            let samples = if needed { 4 } else { 1 };
            assert_eq!(tells(*place, samples), needed, "{column:?} without {place:?} in turn {turn}");
        }
        for place in orders.into_iter().filter(|_| column == Column::Told) {
            assert!(tells(place, 4), "always the same order of {place:?}");
        }
    }
}
