//! A secret shuffle whose turns are verified: the sets of t + 1 parties share the rows anew in an order that their key gives, as in `shamir`, and the rows carry a tag.
//!
//! In a set's turn each member deals its shares of the rows in the set's order; a cheater may deal anything, which adds something that it knows to rows of the result. So before the first turn each row x gets a tag
//! Σ_c α_c·x_c, where nobody knows α; tags take part in the turns as further columns. After each turn the coins say ρ, and Σ_c α_c·w_c − w_tag is made for w = Σ_rows ρ·(column), one element a turn. It is 0 but for
//! what cheaters have added, whatever the rows are: they would have to add α times what they add. Bytes take tags of 8 of them, and 8 combinations (as MACs over rows in Araki, Furukawa, Ohara, Pinkas, Rosemarin and
//! Tsuchida, "Secure graph analysis at scale", CCS 2021; the linear hash is that of Carter and Wegman 1979).
//!
//! The tags and the last products are products like others, and are verified first: else a lie in a tag, taken away after a turn, would tell to which place its row has gone. Then what must be 0 is opened, and
//! if it is, the column that is told. Each turn is held against the tags by itself, since what is added in one could be taken away in another.

use super::Guard;
use super::extension::{Coins, Extended};
use super::of_set;
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use crate::permutation::{self, Order};
use crate::shamir::{Arith, Bin, Elements, Form, Over, Shamir, Step, arranged};
use smpc_math::field::{Gf256, P127};
use smpc_math::prf::Domain;

/// Columns of one field, one after another, the tags last; and what must be 0, turn after turn.
struct Table<F: Extended> {
    rows: usize,
    columns: usize,
    x: Elements<F>,
    /// α: for each column a row of DEGREE elements.
    key: Elements<F>,
    sums: Vec<Elements<F>>,
}

impl<F: Over> Table<F> {
    const fn tags(&self) -> usize {
        if self.columns == 0 { 0 } else { F::DEGREE }
    }
}

impl<S: Source> Shamir<S> {
    /// The columns in a new order, and what the first of the numbers is there. Two rounds a set, one more to tag and one to combine, those of a verification, and two to open.
    pub(crate) async fn shuffled_without_dealer(
        &self,
        guard: &Guard,
        cx: Cx<'_>,
        told: &Arith,
        numbers: &[Arith],
        words: &[Bin],
    ) -> (Vec<i64>, Vec<Arith>, Vec<Bin>) {
        let rows = told.lanes;
        let part = |k| cx.sub(k, 8);
        let table = Elements::concat(std::iter::once(told).chain(numbers).map(|column| &column.x[..]));
        let planes = Elements::concat(words.iter().map(|word| &word.x[..]));
        let width: usize = words.iter().map(|word| word.width as usize).sum();
        let (mut table, mut planes) = join(
            self.tagged::<P127>(guard, part(0), rows, 1 + numbers.len(), table),
            self.tagged::<Gf256>(guard, part(1), rows, width, planes),
        )
        .await;
        let sets = guard.sets.len() as u64;
        for (k, set) in (0..).zip(&guard.sets) {
            let turn = part(2).sub(k, sets);
            let order = self.order_of(turn, set, k, rows);
            #[cfg(test)]
            self.lie(guard, k, set, &mut table);
            join(
                self.turn(turn.sub(0, 3), set, order.as_ref(), &mut table),
                self.turn(turn.sub(1, 3), set, order.as_ref(), &mut planes),
            )
            .await;
            let coins = self.coins(guard, turn.sub(2, 3)).await;
            self.combine(&mut table, &coins, 1);
            self.combine(&mut planes, &coins, 2);
        }
        let (numbers_off, words_off) =
            join(self.against_tags(guard, part(3), &table), self.against_tags(guard, part(4), &planes)).await;
        let released = self.verified(part(5)).await;
        let (numbers_off, words_off) = join(
            self.released::<P127>(part(5).sub(0, 2), &numbers_off, guard.sets.len(), &released),
            self.released::<Gf256>(
                part(5).sub(1, 2),
                &words_off,
                guard.sets.len() * Gf256::DEGREE * planes.tags(),
                &released,
            ),
        )
        .await;
        let fits =
            numbers_off.iter().all(|x| *x == P127::default()) && words_off.iter().all(|x| *x == Gf256::default());
        #[cfg(test)]
        let fits = fits || guard.trust.tags;
        self.stop_unless(cx, fits).await;
        let first = if self.dry { &[] } else { &table.x[..rows] };
        let opened = self.released::<P127>(part(6), first, rows, &released).await;
        let opened = self.numbers(&opened, rows);
        let numbers = (1..=numbers.len()).map(|column| {
            let x = if self.dry { Elements::default() } else { Elements::of(&table.x[column * rows..][..rows]) };
            Arith { lanes: rows, x }
        });
        let mut first = 0;
        let words = words.iter().map(|word| {
            let len = if self.dry { 0 } else { word.width as usize * rows };
            let x = Elements::of(&planes.x[first..first + len]);
            first += len;
            Bin { width: word.width, lanes: rows, x }
        });
        (opened, numbers.collect(), words.collect())
    }

    /// Columns with their tags. One round.
    async fn tagged<F: Over>(
        &self,
        guard: &Guard,
        cx: Cx<'_>,
        rows: usize,
        columns: usize,
        x: Elements<F>,
    ) -> Table<F> {
        if columns == 0 {
            return Table { rows, columns, x, key: Elements::default(), sums: Vec::new() };
        }
        let at = Step::new(cx.sub(0, 2).tape(), 0, Domain::Key);
        let key = self.without_dealer::<F>(guard, cx.sub(0, 2), at, columns * F::DEGREE);
        let (mut by_row, mut by_tag) = (self.elements(rows * columns), self.elements(F::DEGREE * columns));
        if !self.dry {
            turned(&x, rows, &mut by_row);
            turned(&key, F::DEGREE, &mut by_tag);
        }
        let form = Form::Matrix { rows, inner: columns, cols: F::DEGREE };
        let at = Step::new(cx.sub(1, 2).tape(), 0, Domain::Key);
        let tags = self.multiplied(cx.sub(1, 2), at, form, [&by_row, &by_tag], rows * F::DEGREE).await;
        let mut by_column: Elements<F> = self.elements(rows * F::DEGREE);
        if !self.dry {
            turned(&tags, F::DEGREE, &mut by_column);
        }
        Table { rows, columns, x: Elements::concat([&x[..], &by_column[..]].into_iter()), key, sums: Vec::new() }
    }

    /// A test's cheater adds to rows before it deals its part of them.
    #[cfg(test)]
    fn lie(&self, guard: &Guard, turn: u64, set: &[usize], table: &mut Table<P127>) {
        use smpc_math::field::Field as _;
        let counts = crate::shamir::coefficient::<P127>(set, self.me).inverse();
        for (_, row, more) in guard.lies.iter().filter(|lie| lie.0 == turn) {
            table.x[*row] = table.x[*row].add(more.mul(counts));
        }
    }

    /// The order that a set's key says, at its members.
    fn order_of(&self, turn: Cx<'_>, set: &[usize], number: u64, rows: usize) -> Option<Order> {
        // Half as many blocks as rows, and some that are drawn again.
        turn.count_blocks(rows as u64 / 2 + 1);
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        if self.dry || !set.contains(&self.me) {
            return None;
        }
        let tape = turn.tape();
        Some(permutation::uniform(rows, |again, first, out| {
            self.source.fill(of_set(number), Domain::Permutation, tape, tape.step(again.into()), first, out);
        }))
    }

    /// A set's turn: its members deal the rows in its order. One round.
    async fn turn<F: Over>(&self, cx: Cx<'_>, set: &[usize], order: Option<&Order>, table: &mut Table<F>) {
        let len = (table.columns + table.tags()) * table.rows;
        let own = order.map(|order| arranged(&table.x, order));
        let own = own.as_ref().map(|own| (&own[..], crate::shamir::coefficient(set, self.me)));
        table.x = self.deal_sum(cx, Step::new(cx.tape(), 0, Domain::Arith), set, own, len).await;
    }

    /// Adds DEGREE combinations of the rows to the table's: for each, a sum a column and tag.
    fn combine<F: Over>(&self, table: &mut Table<F>, coins: &Coins, stream: u64) {
        if table.columns == 0 || self.dry {
            return;
        }
        let weights = coins.vector::<F>(stream, table.rows);
        let sums = weights
            .planes()
            .flat_map(|weights| table.x.chunks_exact(table.rows.max(1)).map(|column| F::dot(weights, column)));
        let mut all = Elements::zeros(F::DEGREE * (table.columns + table.tags()));
        all.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum);
        table.sums.push(all);
    }

    /// What must be 0: for each turn and each of its combinations, that of the columns times α less that of the tags. One round.
    async fn against_tags<F: Over>(&self, guard: &Guard, cx: Cx<'_>, table: &Table<F>) -> Elements<F> {
        let (columns, degree) = (table.columns, F::DEGREE);
        if columns == 0 {
            return Elements::default();
        }
        let rows = guard.sets.len() * degree;
        let sums: Elements<F> = Elements::concat(table.sums.iter().map(|sums| &sums[..]));
        let (mut left, mut by_tag) = (self.elements(rows * columns), self.elements(degree * columns));
        if !self.dry {
            for (left, sums) in left.chunks_exact_mut(columns).zip(sums.chunks_exact(columns + degree)) {
                left.copy_from_slice(&sums[..columns]);
            }
            turned(&table.key, degree, &mut by_tag);
        }
        let form = Form::Matrix { rows, inner: columns, cols: degree };
        let at = Step::new(cx.tape(), 0, Domain::Key);
        let mut off = self.multiplied(cx, at, form, [&left, &by_tag], rows * degree).await;
        for (off, sums) in off.chunks_exact_mut(degree).zip(sums.chunks_exact(columns + degree)) {
            off.iter_mut().zip(&sums[columns..]).for_each(|(off, tag)| *off = off.sub(*tag));
        }
        off
    }
}

/// A matrix with rows of `len` elements, or columns one after another, turned: element j of row i becomes element i of row j.
fn turned<F: Copy>(x: &[F], len: usize, out: &mut [F]) {
    let count = x.len() / len.max(1);
    for (i, row) in x.chunks_exact(len.max(1)).enumerate() {
        row.iter().enumerate().for_each(|(j, x)| out[j * count + i] = *x);
    }
}
