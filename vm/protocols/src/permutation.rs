//! Secret permutations out of a stream of random words.

use zeroize::Zeroizing;

/// Where the rows of a table come from: row i of the new one is row `order[i]` of the old one. Wiped when dropped.
pub(crate) type Order = Zeroizing<Vec<u32>>;

/// Words that are drawn at a time.
const BLOCK: usize = 256;

/// A uniformly random order of fewer than 2^32 rows: Fisher and Yates, in the form of Durstenfeld (1964), with draws that are rejected where the range does not divide
/// 2^64 (Lemire, "Fast random integer generation in an interval", 2019). `draw(redraw, first, out)` gives words `first ..` of the stream of first draws or, of
/// its own, that of those drawn again.
pub(crate) fn uniform(rows: usize, mut draw: impl FnMut(bool, usize, &mut [u64])) -> Order {
    let mut order: Order = Zeroizing::new((0..u32::try_from(rows).unwrap_or(u32::MAX)).collect());
    let mut redraws = 0;
    let mut words = Zeroizing::new([0; BLOCK]);
    for first in (0..order.len()).step_by(BLOCK) {
        draw(false, first, &mut *words);
        for (n, word) in words.iter().enumerate().take(order.len() - first) {
            // Which of the rows from here on comes next.
            let count = (order.len() - first - n) as u64;
            let (mut place, mut low) = scaled(*word, count);
            while low < count && low < count.wrapping_neg() % count {
                let mut drawn = Zeroizing::new([0; 2]);
                draw(true, redraws * 2, &mut *drawn);
                (place, low) = scaled(drawn[0], count);
                redraws += 1;
            }
            order.swap(first + n, first + n + place);
        }
    }
    order
}

/// The halves of a product: a number below `count`, and what decides whether it counts.
#[allow(clippy::cast_possible_truncation, reason = "the halves of the product")]
fn scaled(word: u64, count: u64) -> (usize, u64) {
    let product = u128::from(word) * u128::from(count);
    ((product >> 64) as usize, product as u64)
}
