//! Sorting layers: which pairs an odd–even merge compares, and one layer of it in place.

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
