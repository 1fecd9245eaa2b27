//! A secret shuffle: for each party in turn, the three others put the rows in an order that they know and it does not.
//!
//! Let the holders of K_j draw a permutation from it. Component j is known to all of them, so they just order it. Of any other component c two of them know it, order it and
//! tell it in a joint message whose mask is component c of the new sharing and whose rest is component j. So P_j has part in nothing but its own masks, and
//! each party lacks one of four permutations: the rows come out in an order that nobody knows (resharing by sets, Laur, Willemson and Zhang, "Round-efficient
//! oblivious database manipulation", ISC 2011, with joint messages against a cheater). Four rounds, three elements a row and round in all; a fifth one opens the
//! column that is told.

use super::joint::{Message, Route};
use super::share::{Arith, Bin, HELD};
use super::{PARTIES, Rep4};
use crate::bits::{Rows, Words};
use crate::executor::Cx;
use crate::join::{join, join_all};
use crate::keys::{Source, Step};
use crate::layout::Layout;
use crate::message::Shape;
use crate::permutation::{self, Order};
use crate::protocol::Shares;
use smpc_math::prf::Domain;

/// Rounds of a shuffle.
pub(crate) const ROUNDS: u64 = PARTIES as u64 + 1;
const ALL: [usize; PARTIES] = [0, 1, 2, 3];

impl<S: Source> Rep4<S> {
    /// The rows of all columns in a new order; `told` in that order, which everybody learns.
    pub(crate) async fn shuffled(
        &self,
        cx: Cx<'_>,
        told: &Arith,
        numbers: &[Arith],
        words: &[Bin],
    ) -> (Vec<i64>, Vec<Arith>, Vec<Bin>) {
        let lanes = told.lanes;
        let mut numbers: Vec<Arith> = std::iter::once(told).chain(numbers).cloned().collect();
        let mut words = words.to_vec();
        for away in ALL {
            let cx = cx.sub(away as u64, 8);
            let order = (away != self.me && !self.dry).then(|| self.order(away, cx, lanes));
            let index: Option<Vec<usize>> = order.map(|order| order.iter().map(|row| *row as usize).collect());
            let columns = numbers.len() as u64 + words.len() as u64;
            let part = |n: u64| cx.sub(1, 2).sub(n, columns);
            let arranged_numbers = join_all((0..).zip(&numbers).map(|(n, x)| {
                let layout = self.numbers_of(lanes);
                let x = index.as_ref().map(|index| x.gather(index));
                async move {
                    let rows = x.as_ref().map(|x| x.x.each_ref().map(|words| &**words));
                    Arith { lanes, x: self.retold(part(n), away, layout, rows).await }
                }
            }));
            let first = numbers.len() as u64;
            let arranged_words = join_all((first..).zip(&words).map(|(n, x)| {
                let (width, layout) = (x.width, Layout::Bits(Shape::new(x.width as usize, lanes)));
                let x = index.as_ref().map(|index| x.gather(index));
                async move {
                    let rows = x.as_ref().map(|x| x.x.each_ref().map(|rows| rows.as_flattened()));
                    Bin { width, lanes, x: self.retold(part(n), away, layout, rows).await.map(Rows::from) }
                }
            }));
            (numbers, words) = join(arranged_numbers, arranged_words).await;
        }
        let told = numbers.remove(0);
        let opened = self.reveal(cx.sub(4, 8), &told, &ALL).await.unwrap_or_default();
        (opened, numbers, words)
    }

    /// A fresh sharing of rows that all but party `away` have put in order.
    async fn retold(&self, cx: Cx<'_>, away: usize, layout: Layout, rows: Option<[&[u64]; HELD]>) -> [Words; HELD] {
        let others = [1, 2, 3].map(|k| (away + k) % PARTIES);
        let values: Vec<_> = others
            .iter()
            .map(|component| {
                let slot = self.slot(*component);
                move |first: usize, out: &mut [u64]| {
                    if let Some(rows) = rows.and_then(|rows| rows.get(slot).copied()) {
                        out.copy_from_slice(&rows[first..first + out.len()]);
                    }
                }
            })
            .collect();
        let messages: Vec<Message<'_>> = values
            .iter()
            .enumerate()
            .map(|(n, value)| {
                // The two others that hold the component.
                let (sender, backup) = (others[(n + 1) % 3], others[(n + 2) % 3]);
                let route = Route::new(sender, backup, others[n], away);
                Message { route, at: Step::new(cx.tape(), n as u64, Domain::Arith), before: 0, value }
            })
            .collect();
        let mut z = self.joint(cx, layout, &messages).await;
        if let Some(rows) = rows {
            let slot = self.slot(away);
            layout.add(&mut z[slot], rows[slot]);
        }
        z
    }

    /// A uniformly random order of so many rows, which the holders of a component's key know.
    fn order(&self, component: usize, cx: Cx<'_>, lanes: usize) -> Order {
        let tape = cx.sub(0, 2).tape();
        let (at, again) = (Step::new(tape, 0, Domain::Permutation), Step::new(tape, 1, Domain::Permutation));
        permutation::uniform(lanes, |redraw, first, out| {
            (if redraw { again } else { at }).words(&self.source, component, first, out);
        })
    }
}
