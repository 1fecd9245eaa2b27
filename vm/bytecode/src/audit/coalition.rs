//! Which coalitions of roles can work out whose input from what they are told, in the linear cases.
//!
//! Everything that is told and affine is an equation over lanes of inputs and over figures that one role's data alone give. A coalition has the equations that its
//! members, or all, are told, and knows its own lanes and figures. What it learns of a role that is no member is the part of the row space in which nobody else's
//! lanes occur: rational elimination gives it.
//!
//! Lanes stay few: those of one owner that occur in every equation alike are one unknown, their sum (`Class`). Where equations go through a column lane by lane
//! ([`Block::DIAGONAL`]), the system is the same under every permutation of the lanes, and two lanes stand for all: a lane follows from the equations for n ≥ 2 lanes
//! exactly if it does for two.
//!
//! Numbers have ranges, so that equations may say more than their linear algebra: 1000·x + y tells both where y is in 0..=999. Exact equations are split where
//! that is so, and small systems are searched; see `packed`.

use super::form::{Form, Mode, Number, Term, Var};
use super::lanes::Block;
use super::linear::{Bit, Field, eliminate};
use super::value::Lanes;
use super::walk::Figure;
use crate::module::Receivers;
use crate::op::RoleId;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::collections::{BTreeMap, BTreeSet};

/// Lanes of an equation that goes through columns in no common order, to be written out one by one.
const MOST_WRITTEN_OUT: i128 = 1 << 12;
/// Places where columns are cut.
const MOST_CUTS: usize = 1 << 12;
/// Equations and unknowns.
const MOST_ROWS: usize = 600;
/// Coalitions that are tried for each role.
const MOST_COALITIONS: u64 = 600;
/// Cells that may be computed in all.
const MOST_CELLS: u64 = 6_000_000;
/// What is found of one role.
const MOST_FOUND: usize = 400;
/// Combinations of differences that are searched for a second explanation.
const MOST_SEARCHED: u64 = 40_000;

/// Something that is told.
pub(super) struct Release<'a> {
    pub(super) to: Receivers,
    pub(super) lanes: &'a Lanes,
    /// The disclosure that tells it.
    pub(super) disclosure: usize,
}

/// Lanes of a column or figure that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) var: Var,
    pub(super) from: i128,
    pub(super) to: i128,
}

/// Something of a role that a coalition can work out: a sum of multiples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) owner: RoleId,
    pub(super) coalition: Coalition,
    /// With the factor of each.
    pub(super) parts: Vec<(Number, Unknown)>,
    pub(super) error: Number,
    pub(super) mode: Mode,
    /// Disclosures that it follows from.
    pub(super) from: Vec<usize>,
    /// All coalitions of fewer members than this were tried.
    pub(super) tried: usize,
}

/// Who works together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coalition {
    /// These; none is anyone who is told what goes to all.
    Roles(Vec<RoleId>),
    /// All that have a part but the owner, so many.
    Others(usize),
}

/// What is one unknown: lanes that occur alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unknown {
    pub(super) pieces: Vec<Piece>,
    /// It stands for each single lane of its piece, not for their sum.
    pub(super) each: bool,
}

/// What was found, and disclosures that were too large for it.
#[derive(Default)]
pub(super) struct Analysis {
    pub(super) found: Vec<Found>,
    pub(super) left_out: BTreeSet<usize>,
    /// Whether the search ended before its end.
    pub(super) cut_short: bool,
}

/// What the coalitions learn from the releases.
pub(super) fn analyse(figures: &[Figure], releases: &[Release<'_>]) -> Analysis {
    let mut analysis = Analysis::default();
    let forms =
        || releases.iter().flat_map(|release| release.lanes.runs.iter().filter_map(|run| run.value.form.as_deref()));
    let with_words = forms().any(|form| form.mode == Mode::Word);
    for words in [false, true] {
        if words && !with_words {
            continue;
        }
        let mut families = Vec::new();
        for release in releases {
            for (_, len, value) in release.lanes.each() {
                let Some(form) = value.form.as_deref() else { continue };
                let form =
                    if words { form.as_word() } else { Some(form.clone()).filter(|form| form.mode != Mode::Word) };
                families.extend(form.and_then(|form| Family::new(figures, release, len.into(), form)));
            }
        }
        if let Some(system) = System::new(figures, families, &mut analysis) {
            if words {
                let odd = |times: &Number| Bit(times.to_integer().bit(0));
                system.search::<Bit>(&mut analysis, odd, |_| Number::one());
            } else {
                system.search::<Number>(&mut analysis, Number::clone, Number::clone);
            }
        }
    }
    // What is no sum of words was found as a number already.
    let mut kept: Vec<Found> = Vec::new();
    for found in analysis.found.drain(..) {
        let same = |other: &Found| {
            (other.owner, &other.coalition, &other.parts) == (found.owner, &found.coalition, &found.parts)
        };
        if !kept.iter().any(same) {
            kept.push(found);
        }
    }
    analysis.found = kept;
    analysis
}

/// Equations of one form, one a lane.
#[derive(Clone)]
struct Family {
    to: Receivers,
    disclosure: usize,
    len: i128,
    terms: Vec<Term>,
    error: Number,
    mode: Mode,
}

impl Family {
    fn new(figures: &[Figure], release: &Release<'_>, len: i128, form: Form) -> Option<Self> {
        // Public inputs are known, and so is what can have one value only.
        let is_secret = |term: &Term| {
            let figure = &figures[term.var.0];
            figure.owner.is_some() && figure.range.0 < figure.range.1
        };
        let terms: Vec<Term> = form.terms.into_iter().filter(is_secret).collect();
        let Release { to, disclosure, .. } = release;
        (!terms.is_empty()).then(|| Self {
            to: to.clone(),
            disclosure: *disclosure,
            len,
            terms,
            error: form.error,
            mode: form.mode,
        })
    }

    fn goes_through(term: &Term) -> bool {
        term.block.step != 0
    }

    /// Whether its terms are whole runs of columns, or go through columns lane by lane, each through another.
    fn is_regular(&self) -> bool {
        let mut through = BTreeSet::new();
        self.terms.iter().all(|term| {
            let Block { step, stride, count, .. } = term.block;
            if Self::goes_through(term) { step == 1 && count == 1 && through.insert(term.var) } else { stride == 1 }
        })
    }

    /// Each equation for itself, and each lane where there are gaps between them.
    fn written_out(&self) -> Option<Vec<Self>> {
        let pieces = |block: &Block| if block.stride == 1 { 1 } else { block.count };
        let lanes: i128 = self.terms.iter().map(|term| pieces(&term.block)).sum();
        if lanes.saturating_mul(self.len) > MOST_WRITTEN_OUT {
            return None;
        }
        let single = |i: i128| {
            let terms = self.terms.iter().flat_map(|term| {
                let block = term.block.at(i, 0, 1);
                (0..pieces(&block)).map(move |j| {
                    let base = block.base + j * block.stride;
                    let count = if block.stride == 1 { block.count } else { 1 };
                    Term { block: Block { base, step: 0, stride: 1, count }, ..term.clone() }
                })
            });
            Self { len: 1, terms: terms.collect(), ..self.clone() }
        };
        Some((0..self.len).map(single).collect())
    }
}

/// An equation: multiples of unknowns.
struct Equation {
    to: Receivers,
    cells: BTreeMap<usize, Number>,
    error: Number,
    mode: Mode,
    disclosures: BTreeSet<usize>,
}

struct Class {
    owner: RoleId,
    what: Unknown,
    /// Difference of its greatest and its least value.
    width: i128,
    /// Another one stands for it.
    twin: bool,
}

struct System {
    equations: Vec<Equation>,
    classes: Vec<Class>,
}

impl System {
    fn new(figures: &[Figure], families: Vec<Family>, analysis: &mut Analysis) -> Option<Self> {
        let mut regular = Vec::new();
        for family in families {
            if family.is_regular() {
                regular.push(family);
                continue;
            }
            match family.written_out() {
                Some(all) => regular.extend(all),
                None => {
                    analysis.left_out.insert(family.disclosure);
                }
            }
        }
        if regular.len() > MOST_ROWS {
            analysis.left_out.extend(regular.iter().map(|family| family.disclosure));
            return None;
        }
        let cuts = match cuts(&regular) {
            Some(cuts) => cuts,
            None => {
                // Columns that are gone through at several offsets are cut everywhere: what goes through them is left out.
                let (kept, out): (Vec<_>, Vec<_>) =
                    regular.into_iter().partition(|family| !family.terms.iter().any(Family::goes_through));
                analysis.left_out.extend(out.iter().map(|family| family.disclosure));
                regular = kept;
                cuts(&regular)?
            }
        };
        let mut columns: BTreeMap<(Var, i128, u8), BTreeMap<usize, Number>> = BTreeMap::new();
        let mut equations: Vec<Equation> = Vec::new();
        for family in &regular {
            for (lane, copies) in representatives(family, &cuts) {
                for copy in copies {
                    let row = equations.len();
                    for term in &family.terms {
                        let through = Family::goes_through(term);
                        let (from, to) = if through {
                            (term.block.base + lane, term.block.base + lane + 1)
                        } else {
                            term.block.hull(1)
                        };
                        let to = if through { to } else { to + 1 };
                        let cuts = &cuts[&term.var];
                        let pieces = cuts.range(from..to).copied();
                        for piece in pieces {
                            let long = length(cuts, piece) > 1;
                            let reps: &[u8] = match (through, long) {
                                (true, _) => &[copy][..],
                                (false, true) => &[0, 1],
                                (false, false) => &[0],
                            };
                            for rep in reps {
                                let cell = columns.entry((term.var, piece, *rep)).or_default().entry(row).or_default();
                                *cell += &term.times;
                            }
                        }
                    }
                    let Family { to, error, mode, disclosure, .. } = family.clone();
                    let disclosures = BTreeSet::from([disclosure]);
                    equations.push(Equation { to, cells: BTreeMap::new(), error, mode, disclosures });
                    if equations.len() > MOST_ROWS {
                        analysis.left_out.extend(regular.iter().map(|family| family.disclosure));
                        return None;
                    }
                }
            }
        }
        let mut classes: Vec<Class> = Vec::new();
        let mut alike: BTreeMap<(RoleId, Vec<(usize, Number)>), usize> = BTreeMap::new();
        for ((var, from, rep), mut cells) in columns {
            cells.retain(|_, times| !times.is_zero());
            let figure = &figures[var.0];
            let (Some(owner), false) = (figure.owner, cells.is_empty()) else { continue };
            let length = length(&cuts[&var], from);
            let (low, high) = figure.range;
            let range = i128::from(high) - i128::from(low);
            let piece = Piece { var, from, to: from + length };
            let key = (owner, cells.clone().into_iter().collect::<Vec<_>>());
            let place = *alike.entry(key).or_insert(classes.len());
            if let Some(class) = classes.get_mut(place) {
                // The second of two lanes stands for all but the first.
                let lanes = if class.what.pieces.last() == Some(&piece) {
                    class.what.each = false;
                    length - 1
                } else {
                    class.what.pieces.push(piece);
                    1
                };
                class.width = class.width.saturating_add(range.saturating_mul(lanes));
                continue;
            }
            let what = Unknown { pieces: vec![piece], each: length > 1 };
            classes.push(Class { owner, what, width: range, twin: rep == 1 });
            for (row, times) in cells {
                equations[row].cells.insert(place, times);
            }
        }
        // Pieces of one lane each are no "each".
        for class in &mut classes {
            class.what.each &= class.what.pieces.iter().all(|piece| piece.to - piece.from > 1);
        }
        if classes.len() > MOST_ROWS {
            analysis.left_out.extend(regular.iter().map(|family| family.disclosure));
            return None;
        }
        Some(Self { equations: merged(equations), classes })
    }

    /// Tries the coalitions, smallest first.
    fn search<F: Field>(&self, analysis: &mut Analysis, field: impl Fn(&Number) -> F, number: impl Fn(&F) -> Number) {
        let owners: BTreeSet<RoleId> = self.classes.iter().map(|class| class.owner).collect();
        let mut roles = owners.clone();
        for equation in &self.equations {
            if let Receivers::Roles(to) = &equation.to {
                roles.extend(to);
            }
        }
        let mut budget = MOST_CELLS;
        // For many roles only the smallest groups are tried, and all others together.
        let a_try = self.equations.len() * (self.classes.len() + self.equations.len()) * owners.len();
        let tries = (MOST_CELLS / 2 / a_try.max(1) as u64).min(MOST_COALITIONS);
        for owner in owners {
            let others: Vec<RoleId> = roles.iter().copied().filter(|role| *role != owner).collect();
            let mut learn = |coalition: &[RoleId]| self.learns(owner, coalition, &field, &number, &mut budget);
            let Some(all) = learn(&others) else {
                analysis.cut_short = true;
                continue;
            };
            let mut known: Vec<(Vec<RoleId>, Learnt)> = Vec::new();
            let mut add =
                |known: &mut Vec<(Vec<RoleId>, Learnt)>, coalition: &[RoleId], learnt: Vec<Learnt>, size: usize| {
                    for one in learnt {
                        let old = known.iter().any(|(smaller, other)| {
                            other.cells == one.cells
                                && other.error <= one.error
                                && smaller.iter().all(|role| coalition.contains(role))
                        });
                        if old {
                            continue;
                        }
                        if known.len() == MOST_FOUND {
                            analysis.cut_short = true;
                            return;
                        }
                        let whole = coalition.len() == others.len() && coalition.len() > 8;
                        let who =
                            if whole { Coalition::Others(others.len()) } else { Coalition::Roles(coalition.to_vec()) };
                        analysis.found.extend(self.told(owner, who, &one, size));
                        known.push((coalition.to_vec(), one));
                    }
                };
            let mut left = tries;
            let mut size = 0;
            let mut cut = false;
            // Whoever learns something, all learn it.
            while size < others.len() && !all.is_empty() {
                let subsets = choose(others.len(), size);
                if subsets > left {
                    break;
                }
                left -= subsets;
                let learnt = Subsets::new(others.len(), size).map(|subset| {
                    let coalition: Vec<RoleId> = subset.iter().map(|i| others[*i]).collect();
                    let learnt = learn(&coalition);
                    (coalition, learnt)
                });
                for (coalition, learnt) in learnt.collect::<Vec<_>>() {
                    match learnt {
                        Some(learnt) => add(&mut known, &coalition, learnt, size),
                        None => cut = true,
                    }
                }
                if cut {
                    break;
                }
                size += 1;
            }
            add(&mut known, &others, all, size);
            analysis.cut_short |= cut;
        }
    }

    fn told(&self, owner: RoleId, coalition: Coalition, learnt: &Learnt, tried: usize) -> Option<Found> {
        // One of the two that stand for all is enough.
        if learnt.cells.iter().all(|(class, _)| self.classes[*class].twin) {
            return None;
        }
        let parts =
            learnt.cells.iter().map(|(class, times)| (times.clone(), self.classes[*class].what.clone())).collect();
        let Learnt { error, mode, .. } = learnt;
        let from = learnt.from.iter().copied().collect();
        Some(Found { owner, coalition, parts, error: error.clone(), mode: *mode, from, tried })
    }

    /// What a coalition learns of an owner; `None` where that takes too long.
    fn learns<F: Field>(
        &self,
        owner: RoleId,
        coalition: &[RoleId],
        field: &impl Fn(&Number) -> F,
        number: &impl Fn(&F) -> Number,
        budget: &mut u64,
    ) -> Option<Vec<Learnt>> {
        let visible: Vec<&Equation> = self
            .equations
            .iter()
            .filter(|equation| match &equation.to {
                Receivers::All => true,
                Receivers::Roles(to) => to.iter().any(|role| coalition.contains(role)),
            })
            .collect();
        let unknown = |class: &usize| !coalition.contains(&self.classes[*class].owner);
        let (own, others): (Vec<usize>, Vec<usize>) =
            (0..self.classes.len()).filter(unknown).partition(|class| self.classes[*class].owner == owner);
        if own.is_empty() || visible.is_empty() {
            return Some(Vec::new());
        }
        let order: Vec<usize> = others.iter().chain(&own).copied().collect();
        let solve = |rows: &[(BTreeMap<usize, Number>, &Equation)], budget: &mut u64| {
            let cells = |cells: &BTreeMap<usize, Number>| {
                let mut row = vec![F::none(); self.classes.len()];
                for (class, times) in cells.iter().filter(|(class, _)| unknown(class)) {
                    row[*class] = field(times);
                }
                row
            };
            let matrix: Vec<Vec<F>> = rows.iter().map(|(own, _)| cells(own)).collect();
            let done = eliminate(&matrix, &order, budget)?;
            let learnt = done.into_iter().filter(|(pivot, _)| own.contains(pivot)).map(|(_, row)| {
                let parts = row.cells.iter().enumerate().filter(|(_, cell)| !cell.vanishes());
                let parts: Vec<(usize, Number)> = parts.map(|(class, cell)| (class, number(cell))).collect();
                let used = row.made_of.iter().zip(rows).filter(|(times, _)| !times.vanishes());
                let mut learnt =
                    Learnt { cells: parts, error: Number::zero(), mode: Mode::Number, from: BTreeSet::new() };
                for (times, (_, equation)) in used {
                    learnt.error += &equation.error * number(times).abs();
                    learnt.mode = learnt.mode.max(equation.mode);
                    learnt.from.extend(&equation.disclosures);
                }
                learnt
            });
            Some(learnt.collect::<Vec<Learnt>>())
        };
        let plain: Vec<(BTreeMap<usize, Number>, &Equation)> =
            visible.iter().map(|equation| (equation.cells.clone(), *equation)).collect();
        let mut learnt = solve(&plain, budget)?;
        let exact = |equation: &&&Equation| equation.mode == Mode::Number && equation.error.is_zero();
        let exact: Vec<&Equation> = visible.iter().filter(exact).copied().collect();
        let split = self.split(&exact, &unknown);
        if !split.is_empty() {
            let mut rows = split;
            rows.extend(plain);
            learnt = solve(&rows, budget)?;
        }
        let missing: Vec<usize> = own
            .iter()
            .copied()
            .filter(|class| !learnt.iter().any(|one| matches!(&one.cells[..], [(only, _)] if only == class)))
            .collect();
        for class in missing {
            if self.has_no_other(class, &exact, &unknown) {
                learnt.retain(|one| one.cells.first().is_none_or(|(first, _)| *first != class));
                let from = exact.iter().filter(|equation| equation.cells.contains_key(&class));
                let from = from.flat_map(|equation| equation.disclosures.iter().copied()).collect();
                let cells = vec![(class, Number::one())];
                learnt.push(Learnt { cells, error: Number::zero(), mode: Mode::Number, from });
            }
        }
        Some(learnt)
    }

    /// Equations that say two things at once because of the ranges of what is in them: Σ small + Σ large, where the large ones are multiples of a number that
    /// the small ones together do not reach.
    fn split<'e>(
        &self,
        equations: &[&'e Equation],
        unknown: &impl Fn(&usize) -> bool,
    ) -> Vec<(BTreeMap<usize, Number>, &'e Equation)> {
        let mut found = Vec::new();
        let mut todo: Vec<(BTreeMap<usize, Number>, &Equation)> = equations
            .iter()
            .map(|equation| {
                let cells = equation.cells.iter().filter(|(class, _)| unknown(class));
                (cells.map(|(class, times)| (*class, times.clone())).collect(), *equation)
            })
            .collect();
        while let Some((cells, equation)) = todo.pop() {
            let Some(whole_cells) = integers(&cells).filter(|cells| cells.len() > 1) else { continue };
            let mut order: Vec<(usize, i128)> = whole_cells.into_iter().collect();
            order.sort_by_key(|(_, times)| times.abs());
            // From the largest on: what all larger ones are multiples of.
            let mut steps: Vec<i128> = Vec::with_capacity(order.len());
            for (_, times) in order.iter().rev() {
                steps.push(gcd(steps.last().copied().unwrap_or(0), times.abs()));
            }
            steps.reverse();
            let mut reach = 0_i128;
            let cut = order.iter().zip(&steps[1..]).position(|((class, times), step)| {
                reach = reach.saturating_add(times.abs().saturating_mul(self.classes[*class].width));
                reach < *step
            });
            let cut = cut.map(|place| place + 1);
            if let Some(cut) = cut {
                for part in [&order[..cut], &order[cut..]] {
                    let part: BTreeMap<usize, Number> =
                        part.iter().map(|(class, _)| (*class, cells[class].clone())).collect();
                    found.push((part.clone(), equation));
                    todo.push((part, equation));
                }
            }
        }
        found
    }

    /// Whether no two values of a class explain the same exact equations, for whatever values of the other unknowns; only for systems that are small enough
    /// to search.
    fn has_no_other(&self, class: usize, equations: &[&Equation], unknown: &impl Fn(&usize) -> bool) -> bool {
        let mut order: Vec<usize> = vec![class];
        for equation in equations {
            for other in equation.cells.keys().filter(|other| unknown(other)) {
                if !order.contains(other) {
                    order.push(*other);
                }
            }
        }
        let widths: Vec<i128> = order.iter().map(|class| self.classes[*class].width).collect();
        let all = widths.iter().fold(1_u64, |all, width| {
            u64::try_from(*width)
                .map_or(u64::MAX, |width| all.saturating_mul(width.saturating_mul(2).saturating_add(1)))
        });
        if all > MOST_SEARCHED || !equations.iter().any(|equation| equation.cells.contains_key(&class)) {
            return false;
        }
        let rows: Option<Vec<Vec<i128>>> = equations
            .iter()
            .map(|equation| {
                let cells = integers(&equation.cells)?;
                Some(order.iter().map(|class| cells.get(class).copied().unwrap_or(0)).collect())
            })
            .collect();
        let Some(rows) = rows else { return false };
        !differs(&rows, &widths, &mut vec![0; rows.len()], 0)
    }
}

/// Whether some difference explains the same: not zero in the first place, within the widths, and zero in each row.
fn differs(rows: &[Vec<i128>], widths: &[i128], sums: &mut Vec<i128>, place: usize) -> bool {
    let Some(width) = widths.get(place) else { return sums.iter().all(|sum| *sum == 0) };
    let open = |row: &[i128]| -> i128 {
        row.iter()
            .zip(widths)
            .skip(place)
            .fold(0, |sum: i128, (times, width)| sum.saturating_add(times.abs().saturating_mul(*width)))
    };
    if sums.iter().zip(rows).any(|(sum, row)| sum.abs() > open(row)) {
        return false;
    }
    // A difference and its opposite are both or none.
    let from = if place == 0 { 1 } else { -*width };
    (from..=*width).any(|by| {
        let shift = |sums: &mut Vec<i128>, by: i128| {
            sums.iter_mut().zip(rows).for_each(|(sum, row)| *sum = sum.saturating_add(row[place].saturating_mul(by)));
        };
        shift(sums, by);
        let found = differs(rows, widths, sums, place + 1);
        shift(sums, -by);
        found
    })
}

/// Something that a coalition learns.
#[derive(Clone)]
struct Learnt {
    cells: Vec<(usize, Number)>,
    error: Number,
    mode: Mode,
    from: BTreeSet<usize>,
}

/// Where columns are cut, so that every equation has whole pieces; the last cut is the end. `None` where there are too many.
fn cuts(families: &[Family]) -> Option<BTreeMap<Var, BTreeSet<i128>>> {
    let mut cuts: BTreeMap<Var, BTreeSet<i128>> = BTreeMap::new();
    for family in families {
        for term in &family.terms {
            let (low, high) = term.block.hull(family.len);
            cuts.entry(term.var).or_default().extend([low, high + 1]);
        }
    }
    loop {
        let before: usize = cuts.values().map(BTreeSet::len).sum();
        if before > MOST_CUTS {
            return None;
        }
        for family in families {
            let through = || family.terms.iter().filter(|term| Family::goes_through(term));
            let mut lanes: BTreeSet<i128> = BTreeSet::new();
            for term in through() {
                let base = term.block.base;
                let all = cuts[&term.var].range(base..base + family.len);
                lanes.extend(all.map(|cut| cut - base));
            }
            for term in through() {
                cuts.entry(term.var).or_default().extend(lanes.iter().map(|lane| lane + term.block.base));
            }
        }
        if cuts.values().map(BTreeSet::len).sum::<usize>() == before {
            return Some(cuts);
        }
    }
}

/// Lanes of the piece that starts there.
fn length(cuts: &BTreeSet<i128>, from: i128) -> i128 {
    cuts.range(from + 1..).next().map_or(1, |to| to - from)
}

/// The lanes of a family that stand for all: the first of each piece, once or, for two of many, twice.
fn representatives(family: &Family, cuts: &BTreeMap<Var, BTreeSet<i128>>) -> Vec<(i128, Vec<u8>)> {
    let Some(term) = family.terms.iter().find(|term| Family::goes_through(term)) else { return vec![(0, vec![0])] };
    let own = &cuts[&term.var];
    let base = term.block.base;
    let pieces = own.range(base..base + family.len);
    pieces.map(|from| (from - base, if length(own, *from) > 1 { vec![0, 1] } else { vec![0] })).collect()
}

/// Equal equations as one, the most precise first.
fn merged(equations: Vec<Equation>) -> Vec<Equation> {
    let mut kept: Vec<Equation> = Vec::new();
    for equation in equations {
        if equation.cells.is_empty() {
            continue;
        }
        let same = |other: &&mut Equation| {
            other.to == equation.to
                && other.cells == equation.cells
                && other.mode == equation.mode
                && other.error == equation.error
        };
        match kept.iter_mut().find(same) {
            Some(other) => other.disclosures.extend(equation.disclosures),
            None => kept.push(equation),
        }
    }
    kept.sort_by(|a, b| (a.mode, &a.error).cmp(&(b.mode, &b.error)));
    kept
}

/// A multiple of the cells that is whole, if it is not too large.
fn integers(cells: &BTreeMap<usize, Number>) -> Option<BTreeMap<usize, i128>> {
    let mut all = num_bigint::BigInt::one();
    for times in cells.values() {
        let gcd = gcd(all.to_i128()?, times.denom().to_i128()?);
        all = all * times.denom() / gcd;
    }
    let by = Number::from_integer(all);
    cells.iter().map(|(class, times)| Some((*class, (times * &by).to_integer().to_i128()?))).collect()
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// n over k, at most.
fn choose(n: usize, k: usize) -> u64 {
    (0..k).fold(1_u64, |all, i| all.saturating_mul((n - i) as u64) / (i as u64 + 1))
}

/// The subsets of 0..n of one size, in order.
struct Subsets {
    n: usize,
    next: Option<Vec<usize>>,
}

impl Subsets {
    fn new(n: usize, size: usize) -> Self {
        Self { n, next: (size <= n).then(|| (0..size).collect()) }
    }
}

impl Iterator for Subsets {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let now = self.next.take()?;
        let size = now.len();
        if let Some(place) = (0..size).rev().find(|place| now[*place] < self.n - size + place) {
            let mut after = now.clone();
            after[place] += 1;
            for i in place + 1..size {
                after[i] = after[i - 1] + 1;
            }
            self.next = Some(after);
        }
        Some(now)
    }
}
