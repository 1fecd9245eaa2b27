//! R23 for the shuffle: three rows over Z_2, all permutations and masks that a party does not know, in each of the three parts that it can have. And how orders
//! are distributed.

use crate::parties::{number, three, word};
use smpc_math::prf::Domain;
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::slips::Place;
use smpc_protocols::conformance::threads::rep3_threads;
use smpc_protocols::conformance::views::parts;
use smpc_protocols::keys::Source;
use smpc_protocols::rep3::{Arith, Bin};
use smpc_protocols::{Lanes, Protocol, Shares, Tape, join_all};
use std::collections::BTreeSet;

const ROWS: usize = 3;
/// Shuffles that run side by side, at most.
const SIDE_BY_SIDE: usize = 512;
/// Orders of three rows.
const ORDERS: u64 = 6;

/// What a shuffle draws: for each instance and component the number of an order, and bits of masks by step and row.
#[derive(Clone, Copy)]
struct Drawn<'a> {
    all: &'a [[(u64, u64); 3]],
    /// A place whose mask is left out; of the permutations, one that is always the same.
    without: Option<Place>,
}

impl Source for Drawn<'_> {
    fn fill(&self, component: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        out.fill(0);
        let (order, masks) = self.all[usize::try_from(tape.instance()).unwrap()][component];
        let missing = self.without == Some((component, domain, step));
        match domain {
            // The first of three rows, then of two, in the words' upper bits; away from where a draw is rejected.
            Domain::Permutation => {
                assert_eq!((step, first), (0, 0));
                let order = if missing { 0 } else { order };
                out[0] = (order % 3).wrapping_mul(u64::MAX / 3) + 9;
                out[1] = (order / 3) << 63 | 9;
            }
            _ if missing => {}
            _ => {
                let bits = (first..first + out.len()).zip(out).take_while(|(row, _)| *row < ROWS);
                bits.for_each(|(row, out)| *out = masks >> (step * ROWS as u64 + row as u64) & 1);
            }
        }
    }
}

/// A column that everybody learns and one that nobody does, of numbers or words, in the clear: a bit a row.
type Table = (u64, u64);

/// Tables whose first columns hold the same values.
const TABLES: [Table; 3] = [(0b011, 0b000), (0b101, 0b110), (0b110, 0b101)];

/// The places of the masks of a shuffle whose first part is party `lead`'s: those of the column that is told, then those of the other; then the permutations.
fn places(lead: usize) -> Vec<Place> {
    let at = |i: usize, step: u64| ((lead + i) % 3, Domain::Arith, step);
    let masks = [at(1, 0), at(0, 1), at(2, 0), at(1, 3), at(0, 4), at(0, 5), at(1, 5)];
    masks.into_iter().chain((0..3).map(|component| (component, Domain::Permutation, 0))).collect()
}

/// What a party receives for each of the instances, all of which are as it knows.
fn run(words: bool, lead: usize, shares: &[[[u64; 3]; 2]], drawn: Drawn<'_>) -> Vec<Vec<Vec<u8>>> {
    let seen = three(
        1,
        |_| drawn,
        |p, executor| {
            let bits = |column: [u64; 3]| (0..ROWS).map(move |row| column.map(|bits| bits >> row & 1));
            let gates = shares.iter().enumerate().map(|(i, [told, other])| {
                let told = bits(*told).map(|row| number(p.me(), row)).collect::<Vec<Arith>>();
                let numbers = bits(*other).map(|row| number(p.me(), row)).collect::<Vec<Arith>>();
                let flags = bits(*other).map(|row| word(p.me(), 1, row)).collect::<Vec<Bin>>();
                async move {
                    let mut all = [p.share_public(&[0], ROWS), p.share_public(&[0], ROWS)];
                    let mut flag = p.share_public_bin(&[0], 1, ROWS);
                    for row in 0..ROWS {
                        all[0].write(&Lanes::one(row), &told[row]);
                        all[1].write(&Lanes::one(row), &numbers[row]);
                        flag.write(&Lanes::one(row), &flags[row]);
                    }
                    let [told, other] = all;
                    let (numbers, words) = if words { (vec![], vec![flag]) } else { (vec![other], vec![]) };
                    p.shuffle(executor.gate(i as u64), lead, &told, &numbers, &words).await.0
                }
            });
            executor.run(join_all(gates))
        },
    );
    let told = seen.iter().map(|seen| &seen.value).collect::<Vec<_>>();
    assert!(told.iter().all(|other| *other == told[0]), "all learn the same");
    seen.into_iter().map(|seen| parts(&seen.received, shares.len())).collect()
}

/// Whether what each party receives has the same distribution for all tables, over all that it does not know and for samples of what it knows.
fn reveals_nothing(words: bool, lead: usize, without: Option<Place>, samples: u64) -> Result<(), String> {
    for me in 0..3 {
        let hidden = (me + 2) % 3;
        let steps: BTreeSet<u64> =
            places(lead).iter().filter(|p| p.0 == hidden && p.1 == Domain::Arith).map(|p| p.2).collect();
        let spread = |choice: u64| {
            steps.iter().enumerate().fold(0, |all, (i, step)| all | (choice >> (3 * i) & 7) << (3 * step))
        };
        for sample in 0..samples {
            let own = |i: u64| mix(mix(sample) ^ i) ^ mix(i);
            let (mut shares, mut drawn) = (Vec::new(), Vec::new());
            for (told, other) in TABLES {
                for choice in 0..ORDERS << (3 * steps.len()) {
                    let mut components = [(0, 0); 3];
                    for (component, drawn) in components.iter_mut().enumerate() {
                        let seed = own(component as u64);
                        *drawn = (seed % ORDERS, seed >> 20);
                    }
                    components[hidden] = (choice % ORDERS, spread(choice / ORDERS));
                    drawn.push(components);
                    let split = |value: u64, seed: u64| {
                        let mut parts = [0; 3];
                        (parts[me], parts[(me + 1) % 3]) = (own(seed) & 7, own(seed + 1) & 7);
                        parts[hidden] = value ^ parts[me] ^ parts[(me + 1) % 3];
                        parts
                    };
                    // Modulo 2 a sum is an exclusive or.
                    shares.push([split(told, 10), split(other, 20)]);
                }
            }
            let batches = shares.chunks(SIDE_BY_SIDE).zip(drawn.chunks(SIDE_BY_SIDE));
            let views: Vec<Vec<u8>> = batches
                .flat_map(|(shares, drawn)| run(words, lead, shares, Drawn { all: drawn, without }).swap_remove(me))
                .collect();
            let sorted: Vec<Vec<&Vec<u8>>> = views
                .chunks(views.len() / TABLES.len())
                .map(|views| {
                    let mut views: Vec<&Vec<u8>> = views.iter().collect();
                    views.sort_unstable();
                    views
                })
                .collect();
            if let Some(at) = sorted.iter().position(|views| *views != sorted[0]) {
                return Err(format!("party {me} can tell {:?} from {:?}", TABLES[0], TABLES[at]));
            }
        }
    }
    Ok(())
}

#[test]
fn a_shuffle_tells_its_first_column_alone() {
    for lead in 0..3 {
        for words in [false, true] {
            reveals_nothing(words, lead, None, 2).unwrap();
        }
    }
}

/// Every mask is needed, and every permutation.
#[test]
fn a_shuffle_without_a_mask_or_a_permutation_tells() {
    for (i, place) in places(1).into_iter().enumerate() {
        // Of a column of words, its own masks; the others are those of the column that is told.
        for words in [false, true].into_iter().filter(|words| !words || (3..7).contains(&i)) {
            assert!(reveals_nothing(words, 1, Some(place), 8).is_err(), "without {place:?}, words {words}");
        }
    }
}

/// All orders of four rows are as likely: χ² with 23 degrees of freedom stays below the value that one in 10^6 exceeds.
#[test]
fn orders_are_uniform() {
    const SHUFFLES: usize = 24_000;
    let opened = rep3_threads(29, |p, e| {
        let told = p.share_public(&[0, 1, 2, 3], 4);
        let shuffles = (0..SHUFFLES).map(|i| {
            let told = &told;
            async move { p.shuffle(e.gate(i as u64), i, told, &[], &[]).await.0 }
        });
        e.run(join_all(shuffles))
    })
    .unwrap();
    let mut counts = std::collections::BTreeMap::new();
    opened[0].iter().for_each(|order| *counts.entry(order.clone()).or_insert(0_u32) += 1);
    assert_eq!(counts.len(), 24, "{counts:?}");
    let expected = SHUFFLES as f64 / 24.0;
    let chi: f64 = counts.values().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    assert!(chi < 72.0, "{chi}: {counts:?}");
}

/// Of many rows each place is as likely to be taken by each: 600 rows, so that draws come from several blocks.
#[test]
fn places_of_many_rows_are_uniform() {
    const ROWS: usize = 600;
    const SHUFFLES: usize = 400;
    let opened = rep3_threads(31, |p, e| {
        let told = p.share_public(&(0..ROWS as i64).collect::<Vec<_>>(), ROWS);
        let run = async || {
            let mut all = Vec::new();
            for i in 0..SHUFFLES {
                all.push(p.shuffle(e.gate(i as u64), i, &told, &[], &[]).await.0);
            }
            all
        };
        e.run(run())
    })
    .unwrap();
    // By tenths of the rows and of the places.
    let mut counts = [[0_u32; 10]; 10];
    for order in &opened[0] {
        for (place, row) in order.iter().enumerate() {
            counts[usize::try_from(*row).unwrap() * 10 / ROWS][place * 10 / ROWS] += 1;
        }
    }
    let expected = (SHUFFLES * ROWS) as f64 / 100.0;
    let chi: f64 = counts.as_flattened().iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    // 81 degrees of freedom; one in 10^6.
    assert!(chi < 155.0, "{chi}: {counts:?}");
}
