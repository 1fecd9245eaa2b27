//! Permutation networks: which rows are switched, for a number of rows, and how for an order.
//!
//! The network of Waksman ("A permutation network", JACM 1968) for any number of rows (Beauquier and Darrot, "On arbitrary size Waksman networks and
//! their vulnerability", Parallel Processing Letters 2002): pairs of neighbours are switched, the first ones go through a network of half as many rows and the others through another one, and the same pairs are
//! switched again, but for the last one. 2·⌈log2 n⌉ − 1 layers of at most n/2 switches each.

use zeroize::Zeroizing;

/// Rows of one level that go through networks of their own, one network after another.
struct Level {
    rows: Vec<u32>,
    sizes: Vec<usize>,
}

/// The network for a number of rows.
pub struct Network {
    levels: Vec<Level>,
}

/// Switches that a network of so many rows begins with and, where it has smaller ones in it, ends with.
const fn pairs(size: usize, ends: bool) -> usize {
    match (size, ends) {
        (0..=2, true) => 0,
        (_, true) => (size - 1) / 2,
        (_, false) => size / 2,
    }
}

/// The sizes of the two networks in one of more than two rows.
const fn halves(size: usize) -> [usize; 2] {
    [size / 2, size - size / 2]
}

/// How many switches each layer has, in order.
#[must_use]
pub fn widths(rows: usize) -> Vec<usize> {
    // At each level there are networks of a size and, perhaps, of one more row: how many of each.
    let mut level = vec![(rows, 1_usize)];
    let (mut begins, mut ends) = (Vec::new(), Vec::new());
    while level.iter().any(|(size, _)| *size > 1) {
        let all = |ends: bool| level.iter().map(|(size, count)| pairs(*size, ends) * count).sum();
        begins.push(all(false));
        ends.push(all(true));
        let mut next: Vec<(usize, usize)> = Vec::new();
        for (size, count) in level.iter().filter(|(size, _)| *size > 2) {
            for half in halves(*size) {
                match next.iter_mut().find(|(size, _)| *size == half) {
                    Some((_, many)) => *many += count,
                    None => next.push((half, *count)),
                }
            }
        }
        level = next;
    }
    begins.into_iter().chain(ends.into_iter().rev().skip(1)).collect()
}

impl Network {
    /// For fewer than 2^32 rows.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        let all = (0..u32::try_from(rows).unwrap_or(u32::MAX)).collect();
        let mut levels = Vec::new();
        let mut level = Level { rows: all, sizes: vec![rows] };
        while level.sizes.iter().any(|size| *size > 1) {
            let mut next = Level { rows: Vec::with_capacity(rows), sizes: Vec::new() };
            for (rows, size) in level.networks().filter(|(_, size)| *size > 2) {
                let (pairs, rest) = rows.as_chunks::<2>();
                next.rows.extend(pairs.iter().map(|pair| pair[0]));
                next.rows.extend(pairs.iter().map(|pair| pair[1]).chain(rest.iter().copied()));
                next.sizes.extend(halves(size));
            }
            levels.push(std::mem::replace(&mut level, next));
        }
        Self { levels }
    }

    /// The pairs of rows that layer k switches or not; none of layers that there are not.
    #[must_use]
    pub fn layer(&self, k: usize) -> Vec<[u32; 2]> {
        let ends = k >= self.levels.len();
        let level = if ends { (2 * self.levels.len()).saturating_sub(2).checked_sub(k) } else { Some(k) };
        let networks = level.and_then(|level| self.levels.get(level)).into_iter().flat_map(Level::networks);
        networks.flat_map(|(rows, size)| rows.as_chunks().0.iter().take(pairs(size, ends)).copied()).collect()
    }

    /// For an order, where row i of the result is row `order[i]`: of each layer's pairs, which are switched. Secret where the order is; wiped when dropped.
    #[must_use]
    pub fn switched(&self, order: &[u32]) -> Vec<Zeroizing<Vec<bool>>> {
        let mut order = Zeroizing::new(order.to_vec());
        let (mut begins, mut ends) = (Vec::new(), Vec::new());
        for level in &self.levels {
            let count = |ends: bool| level.sizes.iter().map(|size| pairs(*size, ends)).sum();
            let mut switches = [false, true].map(|ends| Zeroizing::new(Vec::with_capacity(count(ends))));
            let mut next = Zeroizing::new(Vec::with_capacity(order.len()));
            let mut first = 0;
            for size in &level.sizes {
                route(&order[first..first + size], &mut switches, &mut next);
                first += size;
            }
            let [begin, end] = switches;
            begins.push(begin);
            ends.push(end);
            order = next;
        }
        begins.into_iter().chain(ends.into_iter().rev().skip(1)).collect()
    }
}

impl Level {
    /// The rows of each network, and how many they are.
    fn networks(&self) -> impl Iterator<Item = (&[u32], usize)> {
        let mut rest = &self.rows[..];
        self.sizes.iter().map(move |size| {
            let (rows, after) = rest.split_at(*size);
            rest = after;
            (rows, *size)
        })
    }
}

/// Finds how the pairs of one network are switched for an order of its rows, at its begin and at its end, and the orders of the two networks in it.
fn route(order: &[u32], [begin, end]: &mut [Zeroizing<Vec<bool>>; 2], inner: &mut Vec<u32>) {
    let size = order.len();
    if size <= 2 {
        begin.extend((size == 2).then(|| order[0] == 1));
        return;
    }
    let from = |place: usize| order[place] as usize;
    let mut to = Zeroizing::new(vec![0; size]);
    order.iter().enumerate().for_each(|(place, row)| to[*row as usize] = place);
    // Rows that are neighbours go through different networks, and so do those that come to neighbouring places: from a place on one thing follows from another until it closes.
    // What has no neighbour goes through the second one, as the last place does in any case.
    let neighbour = |at: usize| Some(at ^ 1).filter(|other| *other < size);
    let mut second: Zeroizing<Vec<Option<bool>>> = Zeroizing::new(vec![None; size]);
    let mut second_of_row = Zeroizing::new(vec![false; size]);
    for start in (0..size).rev() {
        let side = start == size - 1;
        let mut next = Some(start).filter(|place| second[*place].is_none());
        while let Some(place) = next.filter(|place| second[*place].is_none()) {
            second[place] = Some(side);
            second_of_row[from(place)] = side;
            next = neighbour(from(place)).and_then(|row| {
                second[to[row]] = Some(!side);
                second_of_row[row] = !side;
                neighbour(to[row])
            });
        }
    }
    let is_second = |place: usize| second[place] == Some(true);
    begin.extend((0..pairs(size, false)).map(|pair| second_of_row[2 * pair]));
    end.extend((0..pairs(size, true)).map(|pair| is_second(2 * pair)));
    for side in [false, true] {
        let places = (0..size / 2).map(|pair| 2 * pair + usize::from(is_second(2 * pair) != side));
        let last = (size % 2 == 1 && side).then_some(size - 1);
        inner.extend(places.chain(last).map(|place| order[place] / 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows that come out for an order.
    fn through(order: &[u32]) -> Vec<u32> {
        let network = Network::new(order.len());
        let mut rows: Vec<u32> = (0..).take(order.len()).collect();
        let switched = network.switched(order);
        let layers: Vec<_> = (0..switched.len()).map(|k| network.layer(k)).collect();
        assert!(network.layer(layers.len()).is_empty());
        assert_eq!(layers.iter().map(Vec::len).collect::<Vec<_>>(), widths(order.len()));
        for (layer, switched) in layers.iter().zip(&switched) {
            assert_eq!(layer.len(), switched.len());
            for ([a, b], _) in layer.iter().zip(switched.iter()).filter(|(_, switched)| **switched) {
                rows.swap(*a as usize, *b as usize);
            }
        }
        rows
    }

    /// All orders of so many rows.
    fn orders(size: u32) -> Vec<Vec<u32>> {
        let Some(last) = size.checked_sub(1) else { return vec![Vec::new()] };
        let with = |order: Vec<u32>| {
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, last);
                order
            })
        };
        orders(last).into_iter().flat_map(with).collect()
    }

    #[test]
    fn every_order_of_few_rows() {
        for size in 0..=7 {
            for order in orders(size) {
                assert_eq!(through(&order), order);
            }
        }
    }

    #[test]
    fn orders_of_many_rows() {
        for size in [8, 9, 31, 33, 1000, 1023, 1025, 4096] {
            // Any order: rows sorted by a hash.
            let mut order: Vec<u32> = (0..size).collect();
            order.sort_by_key(|row| row.wrapping_mul(0x9e37_79b1) ^ row >> 3);
            assert_eq!(through(&order), order);
        }
    }

    /// ⌈log2 2⌉ + … + ⌈log2 n⌉ switches in 2·⌈log2 n⌉ − 1 layers.
    #[test]
    fn as_many_switches_as_there_have_to_be() {
        for size in 1..200_usize {
            let halvings = |size: usize| usize::BITS - (size - 1).leading_zeros();
            let widths = widths(size);
            assert_eq!(widths.iter().sum::<usize>(), (2..=size).map(|k| halvings(k) as usize).sum());
            assert_eq!(widths.len(), (2 * halvings(size) as usize).saturating_sub(1));
        }
    }
}
