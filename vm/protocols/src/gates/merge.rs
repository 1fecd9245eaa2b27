//! Sorting layers: which pairs an odd–even merge compares, and one layer of it in place.

use crate::executor::Cx;
use crate::lanes::{Lanes, Range};
use crate::protocol::{BinShares, Protocol, Shares};

/// One layer in place: gathers the pairs, compares their keys, and puts lo + c·(hi − lo) and its counterpart back; every column moves with its key. The
/// rounds of one comparison and one selection.
pub async fn merge_layer<P: Protocol>(
    p: &P,
    cx: Cx<'_>,
    table: &mut P::Arith,
    columns: usize,
    at: usize,
    k: usize,
    keys: Range,
) {
    let rows = table.lanes().checked_div(columns).unwrap_or(0);
    let pairs = merge_pairs(rows, at, k);
    let column =
        |rows_of: fn(&(usize, usize)) -> usize, c: usize| pairs.iter().map(move |pair| c * rows + rows_of(pair));
    let lower: Vec<usize> = (0..columns).flat_map(|c| column(|pair| pair.0, c)).collect();
    let upper: Vec<usize> = (0..columns).flat_map(|c| column(|pair| pair.1, c)).collect();
    let (first, second) = (table.gather(&lower), table.gather(&upper));
    let key = Lanes::run(0, pairs.len());
    let swap = p.lt(cx.sub(0, 2), &second.read(&key), &first.read(&key), keys, keys).await;
    // One bit a pair moves all columns.
    let repeat: Vec<usize> = (0..columns).flat_map(|_| 0..pairs.len()).collect();
    let swap = if columns == 1 { swap } else { swap.gather(&repeat) };
    debug_assert_eq!(swap.width(), 1);
    let low = p.select(cx.sub(1, 2), &swap, &second, &first).await;
    let high = p.sub(&p.add(&first, &second), &low);
    table.scatter(&lower, &low);
    table.scatter(&upper, &high);
}

/// The pairs of lanes that layer (p, k) of Batcher's odd–even merge sort of n lanes compares (Batcher, "Sorting networks and their applications",
/// 1968; Knuth volume 3, algorithm 5.2.2M), in ascending order. A whole sort is `p` = 1, 2, 4, … below n and for each `k` = p, p/2, …, 1.
#[must_use]
pub fn merge_pairs(n: usize, p: usize, k: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    if p == 0 || k == 0 {
        return pairs;
    }
    let mut j = k % p;
    while j + k < n {
        for i in j..(j + k).min(n - k) {
            if i / (2 * p) == (i + k) / (2 * p) {
                pairs.push((i, i + k));
            }
        }
        j += 2 * k;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::merge_pairs;

    #[test]
    fn layers_sort_every_zero_one_sequence() {
        // A network that sorts all sequences of zeros and ones sorts everything (Knuth).
        for n in 0..=11_usize {
            for bits in 0..1_u32 << n {
                let mut xs: Vec<u32> = (0..n).map(|i| bits >> i & 1).collect();
                let mut p = 1;
                while p < n {
                    let mut k = p;
                    while k > 0 {
                        for (i, j) in merge_pairs(n, p, k) {
                            if xs[j] < xs[i] {
                                xs.swap(i, j);
                            }
                        }
                        k /= 2;
                    }
                    p *= 2;
                }
                assert!(xs.is_sorted(), "{n} lanes, {bits:b}");
            }
        }
    }
}
