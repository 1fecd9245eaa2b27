//! Sorting networks: which lanes are compared, for a number of lanes.

/// Layer (p, k) of Batcher's odd–even merge sort of n lanes compares lane i with lane i + k (Batcher, "Sorting networks and their applications",
/// 1968; Knuth volume 3, algorithm 5.2.2M): the runs of neighbours i, in ascending order. A whole sort is `p` = 1, 2, 4, … below n and for each
/// `k` = p, p/2, …, 1. Pairs do not meet: runs are at most k long and start at least 2·k apart, or lie in one such run.
#[must_use = "an iterator does nothing by itself"]
pub fn merge_runs(n: usize, p: usize, k: usize) -> impl Iterator<Item = core::ops::Range<usize>> {
    // Both lanes of a pair lie in one group of 2·p, in which two sorted halves are merged.
    let group = 2 * p.max(1);
    let ends = if p == 0 || k == 0 { 0 } else { n.saturating_sub(k) };
    let starts = (k % p.max(1)..ends).step_by(2 * k.max(1));
    starts.flat_map(move |start| {
        let end = (start + k).min(ends);
        (start / group..=(end - 1) / group).filter_map(move |at| {
            let run = start.max(at * group)..end.min((at * group + group).saturating_sub(k));
            (!run.is_empty()).then_some(run)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::merge_runs;

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
                        for i in merge_runs(n, p, k).flatten() {
                            if xs[i + k] < xs[i] {
                                xs.swap(i, i + k);
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

    #[test]
    fn no_lane_is_in_two_pairs() {
        for (n, p, k) in (0..40).flat_map(|n| (0..20).flat_map(move |p| (0..20).map(move |k| (n, p, k)))) {
            let mut lanes: Vec<usize> = merge_runs(n, p, k).flatten().flat_map(|i| [i, i + k]).collect();
            lanes.sort_unstable();
            assert!(lanes.iter().all(|lane| *lane < n) && lanes.is_sorted_by(|a, b| a < b), "{n} {p} {k}");
        }
    }
}
