//! What a turn makes of a value that it takes from the turn before: the shapes that need not be computed turn by turn, because they are associative.
//!
//! | shape | a turn | all turns |
//! | --- | --- | --- |
//! | sum | x + w, x − w, also under conditions | one sum |
//! | product | x · w | a tree |
//! | extreme | the greater or lesser of x and w, also under conditions; with it whatever is chosen by the same comparison | a tree |
//! | logic | x & w, x \| w, x ^ w | a tree |
//! | last | w under conditions, else x | a tree |
//! | first | w under conditions that have not held before, else x | a tree |
//! | reset | w under conditions, else the greater or lesser of x and v | a tree |
//! | second | where w of the row above is the extreme of v; or the extreme of what an extreme of v leaves behind | with it, a tree |

use crate::ir::{Gate, Inst, Op, Ref, ValueId};
use std::collections::{BTreeMap, BTreeSet};

/// A condition, and whether it holds or fails.
pub(super) type Condition = (Ref, bool);

/// Something that a turn adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) value: Ref,
    pub(super) negative: bool,
    /// It counts where all of these hold.
    pub(super) conditions: Vec<Condition>,
}

/// What a turn makes of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Itself.
    Same,
    /// Itself and some terms.
    Sum(Vec<Term>),
    /// Its product with another one.
    Product(Ref),
    /// Itself or another one, by their order.
    Extreme {
        /// Whether the greater one is chosen.
        greatest: bool,
        /// Whether itself is chosen of two equal ones.
        first: bool,
        value: Ref,
        /// What else has to hold for the other one to be chosen.
        conditions: Vec<Condition>,
        /// All conditions under which the other one is chosen, the comparison among them.
        chosen: Vec<Condition>,
    },
    /// A gate on truth values or words.
    Logic(Op, Ref),
    /// Another one, under conditions.
    Last(Vec<Condition>, Ref),
    /// Another one, the first time that conditions hold.
    First(Vec<Condition>, Ref),
    /// Another one under a condition, and else what an extreme chooses.
    Reset {
        /// When it is replaced.
        when: Condition,
        /// By what.
        by: Ref,
        /// Whether the greater one is chosen else, and of what.
        greatest: bool,
        /// The one that it is compared with.
        value: Ref,
        /// What has to hold for that.
        conditions: Vec<Condition>,
    },
}

impl Shape {
    /// The shape where a condition is as it is said to be, and nothing else where it is not.
    fn under(self, condition: &Ref, holds: bool) -> Option<Self> {
        let with = |conditions: Vec<Condition>| {
            let mut all = vec![(condition.clone(), holds)];
            all.extend(conditions);
            all
        };
        Some(match self {
            Self::Same => Self::Same,
            Self::Sum(terms) => {
                Self::Sum(terms.into_iter().map(|term| Term { conditions: with(term.conditions), ..term }).collect())
            }
            Self::Extreme { greatest, first, value, conditions, chosen } => {
                Self::Extreme { greatest, first, value, conditions: with(conditions), chosen: with(chosen) }
            }
            Self::Last(conditions, value) => Self::Last(with(conditions), value),
            Self::Product(_) | Self::Logic(..) | Self::Reset { .. } | Self::First(..) => return None,
        })
    }
}

/// The gates that lead from a value at the start of a turn to the one at its end.
pub(super) struct Chain<'a> {
    param: ValueId,
    lanes: u64,
    /// Gates of the body, by result.
    gates: &'a BTreeMap<ValueId, &'a Gate>,
    /// Values that depend on the param.
    depends: BTreeSet<ValueId>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(param: ValueId, lanes: u64, body: &[Inst], gates: &'a BTreeMap<ValueId, &'a Gate>) -> Self {
        let mut depends = BTreeSet::from([param]);
        for inst in body {
            let mut reads = false;
            inst.each_use(&mut |value| reads |= depends.contains(&value));
            if reads {
                inst.each_result(&mut |value| {
                    depends.insert(value);
                });
            }
        }
        Self { param, lanes, gates, depends }
    }

    /// Whether a value builds on the one that the turn takes.
    pub(super) fn depends(&self, value: ValueId) -> bool {
        self.depends.contains(&value)
    }

    /// What the turn makes of it; `None` where that is no shape known here.
    pub(super) fn shape(&self, next: ValueId) -> Option<Shape> {
        self.value(next)
    }

    fn builds(&self, view: &Ref) -> bool {
        let mut builds = false;
        view.each_use(&mut |value| builds |= self.depends.contains(&value));
        builds
    }

    /// The value of which the view is the whole.
    fn whole(&self, view: &Ref) -> Option<ValueId> {
        view.place.is_whole(self.lanes).then_some(view.value)
    }

    fn view(&self, view: &Ref) -> Option<Shape> {
        self.value(self.whole(view)?)
    }

    fn value(&self, value: ValueId) -> Option<Shape> {
        if value == self.param {
            return Some(Shape::Same);
        }
        let gate = self.gates.get(&value)?;
        match (gate.op, gate.args.as_slice()) {
            (Op::Copy {} | Op::Relabel {}, [of]) => self.view(of),
            (Op::Add {}, [a, b]) => match (self.builds(a), self.builds(b)) {
                (true, false) => self.plus(a, b, false),
                (false, true) => self.plus(b, a, false),
                _ => None,
            },
            (Op::Sub {}, [a, b]) if self.builds(a) && !self.builds(b) => self.plus(a, b, true),
            (Op::Mul {}, [a, b]) => match (self.builds(a), self.builds(b)) {
                (true, false) if self.view(a)? == Shape::Same => Some(Shape::Product(b.clone())),
                (false, true) if self.view(b)? == Shape::Same => Some(Shape::Product(a.clone())),
                _ => None,
            },
            (op @ (Op::And {} | Op::Or {} | Op::Xor {}), [a, b]) => match (self.builds(a), self.builds(b)) {
                (true, false) if self.view(a)? == Shape::Same => Some(Shape::Logic(op, b.clone())),
                (false, true) if self.view(b)? == Shape::Same => Some(Shape::Logic(op, a.clone())),
                _ => None,
            },
            (Op::Select {}, [condition, x, y]) => self.select(condition, x, y),
            _ => None,
        }
    }

    fn plus(&self, of: &Ref, term: &Ref, negative: bool) -> Option<Shape> {
        let one = |value: &Ref, negative: bool| Term { value: value.clone(), negative, conditions: Vec::new() };
        let own = match self.ends(term) {
            Some([enters, leaves]) => vec![one(enters, negative), one(leaves, !negative)],
            None => vec![one(term, negative)],
        };
        match self.view(of)? {
            Shape::Same => Some(Shape::Sum(own)),
            Shape::Sum(mut terms) => {
                terms.extend(own);
                Some(Shape::Sum(terms))
            }
            _ => None,
        }
    }

    /// Two places of an array of which a term is the difference, as what enters a window and what leaves it.
    fn ends(&self, term: &Ref) -> Option<[&'a Ref; 2]> {
        let gate = self.gates.get(&self.whole(term)?)?;
        match (gate.op, gate.args.as_slice()) {
            (Op::Sub {}, [a, b]) if a.value == b.value => Some([a, b]),
            _ => None,
        }
    }

    fn select(&self, condition: &Ref, x: &Ref, y: &Ref) -> Option<Shape> {
        if self.builds(condition) {
            return self.extreme(condition, x, y);
        }
        let under = |holds: bool| (condition.clone(), holds);
        match (self.builds(x), self.builds(y)) {
            (true, true) => Self::joined(condition, self.view(x)?, self.view(y)?),
            (true, false) => Self::replaced(under(false), self.view(x)?, y),
            (false, true) => Self::replaced(under(true), self.view(y)?, x),
            (false, false) => None,
        }
    }

    /// Another value under a condition, and a shape else.
    fn replaced(when: Condition, shape: Shape, by: &Ref) -> Option<Shape> {
        match shape {
            Shape::Same => Some(Shape::Last(vec![when], by.clone())),
            Shape::Extreme { greatest, value, conditions, .. } => {
                Some(Shape::Reset { when, by: by.clone(), greatest, value, conditions })
            }
            _ => None,
        }
    }

    /// One shape where a condition holds, and another where it fails.
    fn joined(condition: &Ref, then: Shape, otherwise: Shape) -> Option<Shape> {
        match (then, otherwise) {
            (Shape::Sum(a), Shape::Sum(b)) => {
                let (Shape::Sum(mut all), Shape::Sum(more)) =
                    (Shape::Sum(a).under(condition, true)?, Shape::Sum(b).under(condition, false)?)
                else {
                    return None;
                };
                all.extend(more);
                Some(Shape::Sum(all))
            }
            (shape, Shape::Same) => shape.under(condition, true),
            (Shape::Same, shape) => shape.under(condition, false),
            _ => None,
        }
    }

    /// The gate behind a truth value, without complements.
    fn decided(&self, condition: &Ref, holds: bool) -> Option<(&'a Gate, bool)> {
        let gate = self.gates.get(&self.whole(condition)?)?;
        match (gate.op, gate.args.as_slice()) {
            (Op::Not {}, [of]) => self.decided(of, !holds),
            _ => Some((gate, holds)),
        }
    }

    /// Whether another value, of that shape, is the second of what this one, of shape `best`, is the best of: it is reset to the best that another one beats, or it is
    /// the best of those that are beaten.
    pub(super) fn is_second(&self, best: &Shape, other: &Shape) -> bool {
        let Shape::Extreme { greatest, value, conditions, chosen, .. } = best else { return false };
        let own = |view: &Ref| self.whole(view) == Some(self.param);
        match other {
            Shape::Reset { when, by, greatest: of, value: what, conditions: none } => {
                let plain = conditions.is_empty() && none.is_empty() && chosen.as_slice() == std::slice::from_ref(when);
                plain && own(by) && greatest == of && value == what
            }
            Shape::Extreme { greatest: of, value: beaten, conditions: none, .. } => {
                let Some((x, y, greater)) = self.of_two(beaten) else { return false };
                let both = own(x) && y == value || own(y) && x == value;
                conditions.is_empty() && none.is_empty() && greatest == of && *greatest != greater && both
            }
            _ => false,
        }
    }

    /// The two of which a value is the lesser or, if so it is said, the greater one.
    fn of_two(&self, value: &Ref) -> Option<(&'a Ref, &'a Ref, bool)> {
        let gate = self.gates.get(&self.whole(value)?)?;
        let (Op::Select {}, [condition, x, y]) = (gate.op, gate.args.as_slice()) else { return None };
        let (order, holds) = self.decided(condition, true)?;
        let (Op::Lt {}, [a, b]) = (order.op, order.args.as_slice()) else { return None };
        let (x, y) = if holds { (x, y) } else { (y, x) };
        match (x == a && y == b, x == b && y == a) {
            (true, false) => Some((x, y, false)),
            (false, true) => Some((x, y, true)),
            _ => None,
        }
    }

    /// One of two by a comparison of them.
    fn extreme(&self, condition: &Ref, x: &Ref, y: &Ref) -> Option<Shape> {
        let (gate, holds) = self.decided(condition, true)?;
        if let (Op::And {}, [a, b], true) = (gate.op, gate.args.as_slice(), holds) {
            // Also under a condition of its own.
            let (own, other) = if self.builds(b) { (b, a) } else { (a, b) };
            if self.builds(other) || self.view(y)? != Shape::Same {
                return None;
            }
            let Shape::Extreme { greatest, first, value, mut conditions, .. } = self.extreme(own, x, y)? else {
                return None;
            };
            conditions.insert(0, (other.clone(), true));
            let chosen = vec![(condition.clone(), true)];
            return Some(Shape::Extreme { greatest, first, value, conditions, chosen });
        }
        let (Op::Lt {}, [a, b]) = (gate.op, gate.args.as_slice()) else { return None };
        let (x, y) = if holds { (x, y) } else { (y, x) };
        let own = |view: &Ref| self.whole(view) == Some(self.param);
        let other = match (own(a), own(b)) {
            (true, false) => b,
            (false, true) => a,
            _ => return None,
        };
        let same = |of: &Ref| of.simplified() == other.simplified();
        if self.builds(other) || !(own(y) && same(x) || own(x) && same(y)) {
            return None;
        }
        // Of equal ones the comparison fails, and y is chosen.
        let first = own(y);
        let greatest = own(a) == first;
        let chosen = vec![(condition.clone(), first == holds)];
        Some(Shape::Extreme { greatest, first, value: other.clone(), conditions: Vec::new(), chosen })
    }
}
