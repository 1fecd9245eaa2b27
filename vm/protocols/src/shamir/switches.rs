//! A secret shuffle by networks: each of t + 1 dealers permutes the rows, by switches that it sets and shares (Keller and Scholl, "Efficient, oblivious data structures for
//! MPC", ASIACRYPT 2014).
//!
//! One of the dealers is not among any t parties, and its order is uniformly random. A switch is a bit b that is shared in both domains; of the rows x and y
//! that meet there come x + b(y − x) and y − b(y − x), for a product each column. The bits of a layer are dealt while the switches of the one before are applied. For r
//! rows there are 2·⌈log2 r⌉ − 1 layers a dealer, of at most r/2 switches (`smpc_math::permuting`).

use super::Shamir;
use super::deal::{Over, Step};
use super::product::Form;
use super::share::Elements;
use super::shuffle::{Columns, SEED, order};
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::permuting::{self, Network};
use smpc_math::prf::Domain;

/// Shares of the bits of a layer.
#[derive(Default)]
struct Switches {
    numbers: Elements<P127>,
    words: Elements<Gf256>,
}

impl<S: Source> Shamir<S> {
    /// Those of [`Shamir::switched`] at most.
    pub(super) fn rounds_of_switches(&self, rows: usize) -> u64 {
        let layers = permuting::widths(rows).len() as u64 * (self.threshold as u64 + 1);
        // Dealt first, and then a product, or two rounds where kings make it.
        if layers == 0 { 0 } else { 1 + 2 * layers }
    }

    /// The rows in the orders of all dealers, one after another. A round to deal, and those of a product a layer.
    pub(super) async fn switched(&self, cx: Cx<'_>, mut of: Columns) -> Columns {
        let widths = permuting::widths(of.rows);
        let network = (!self.dry).then(|| Network::new(of.rows));
        let own = match network.as_ref().filter(|_| self.dealers().contains(&self.me)) {
            Some(network) => network.switched(&order(&self.own_seed(cx.sub(0, 3), 0), of.rows)),
            None => Vec::new(),
        };
        cx.count_blocks(SEED as u64 / 2);
        // Each layer of each dealer.
        let dealers = self.dealers();
        let steps: Vec<(usize, usize)> =
            dealers.iter().flat_map(|dealer| (0..widths.len()).map(move |layer| (*dealer, layer))).collect();
        let part = |k: u64, step: usize| cx.sub(k, 3).sub(step as u64, steps.len() as u64);
        let deal = async |step: usize| match steps.get(step) {
            Some((dealer, layer)) => {
                let own = (*dealer == self.me).then(|| own.get(*layer)).flatten();
                self.dealt_switches(part(1, step), *dealer, own.map(|own| &own[..]), widths[*layer], of.words.1).await
            }
            None => Switches::default(),
        };
        let mut switches = deal(0).await;
        for (step, (_, layer)) in steps.iter().enumerate() {
            let pairs = network.as_ref().map_or_else(Vec::new, |network| network.layer(*layer));
            let applied_cx = part(2, step);
            let (numbers_cx, words_cx) = (applied_cx.sub(0, 2), applied_cx.sub(1, 2));
            let numbers = self.applied(
                numbers_cx,
                Step::new(numbers_cx.tape(), 0, Domain::Arith),
                (&switches.numbers, &pairs, widths[*layer]),
                &of.numbers,
            );
            let words = self.applied(
                words_cx,
                Step::new(words_cx.tape(), 0, Domain::Bin),
                (&switches.words, &pairs, widths[*layer]),
                &of.words,
            );
            let (changes, next) = join(join(numbers, words), deal(step + 1)).await;
            change(&mut of.numbers.0, &pairs, of.rows, &changes.0);
            change(&mut of.words.0, &pairs, of.rows, &changes.1);
            switches = next;
        }
        of
    }

    /// The bits of a layer, `len` of them, that a dealer shares: as numbers and, where there are `planes`, as bytes. One round.
    async fn dealt_switches(
        &self,
        cx: Cx<'_>,
        dealer: usize,
        own: Option<&[bool]>,
        len: usize,
        planes: usize,
    ) -> Switches {
        let bytes = if planes == 0 { 0 } else { len };
        let own_numbers = own.map(known::<P127>);
        let own_bytes = own.map(|own| known::<Gf256>(&own[..bytes]));
        let at = |k: u64, domain| (cx.sub(k, 2), Step::new(cx.sub(k, 2).tape(), 0, domain));
        let ((cx_numbers, at_numbers), (cx_words, at_words)) = (at(0, Domain::Arith), at(1, Domain::Bin));
        let numbers = own_numbers.as_ref().map(|own| (&own[..], P127::ONE));
        let words = own_bytes.as_ref().map(|own| (&own[..], Gf256::ONE));
        let (numbers, words) = join(
            self.deal_sum(cx_numbers, at_numbers, &[dealer], numbers, len),
            self.deal_sum(cx_words, at_words, &[dealer], words, bytes),
        )
        .await;
        Switches { numbers, words }
    }

    /// b(y − x) for the bit and the rows of each pair, column by column.
    async fn applied<F: Over>(
        &self,
        cx: Cx<'_>,
        at: Step,
        (bits, pairs, len): (&[F], &[[u32; 2]], usize),
        (columns, count): &(Elements<F>, usize),
    ) -> Elements<F> {
        let mut all_bits = self.elements(len * count);
        let mut differences = self.elements(len * count);
        if !self.dry && len > 0 {
            let rows = columns.len().checked_div(*count).unwrap_or(1);
            for ((column, differences), all_bits) in
                columns.chunks_exact(rows).zip(differences.chunks_exact_mut(len)).zip(all_bits.chunks_exact_mut(len))
            {
                all_bits.copy_from_slice(bits);
                for (difference, [x, y]) in differences.iter_mut().zip(pairs) {
                    *difference = column[*y as usize].sub(column[*x as usize]);
                }
            }
        }
        self.multiplied(cx, at, Form::Lanes, [&all_bits, &differences], len * count).await
    }
}

/// Bits as elements.
fn known<F: Over>(bits: &[bool]) -> Elements<F> {
    let mut elements = Elements::zeros(bits.len());
    elements.iter_mut().zip(bits).for_each(|(element, bit)| *element = if *bit { F::ONE } else { F::default() });
    elements
}

/// Adds to the first row of each pair what the switch has made of them, and takes it from the second.
fn change<F: Over>(columns: &mut [F], pairs: &[[u32; 2]], rows: usize, changes: &[F]) {
    for (column, changes) in columns.chunks_exact_mut(rows.max(1)).zip(changes.chunks_exact(pairs.len().max(1))) {
        for ([x, y], change) in pairs.iter().zip(changes) {
            let (x, y) = (*x as usize, *y as usize);
            column[x] = column[x].add(*change);
            column[y] = column[y].sub(*change);
        }
    }
}
