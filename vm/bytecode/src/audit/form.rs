//! Symbolic values: affine forms over the lanes of inputs, with exact coefficients.
//!
//! A form belongs to a lane i of a run of lanes: its constant is `at + i·slope`, and each of its terms a coefficient times the sum over the block's lanes at i. A
//! sum over a whole column is so a single term.

use super::lanes::Block;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Terms of a form before it is given up.
const MOST_TERMS: usize = 512;

/// Lanes over which a run is summed one by one where it has no shorter form.
const MOST_SUMMED: i128 = 64;

/// An exact number.
pub(super) type Number = BigRational;

/// A whole number, exactly.
pub(super) fn whole(value: i128) -> Number {
    Number::from_integer(value.into())
}

/// 2^bits.
pub(super) fn power(bits: u32) -> Number {
    Number::from_integer(num_bigint::BigInt::one() << bits)
}

/// 0 + 1 + … + (len − 1).
pub(super) fn triangle(len: i128) -> Number {
    whole(len) * whole(len - 1) * half()
}

/// Half.
pub(super) fn half() -> Number {
    Number::new(1.into(), 2.into())
}

/// What a form speaks of: a column of an input, or a figure that one role's data alone give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Var(pub(super) usize);

/// How a form is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// A number.
    Number,
    /// A number modulo 2^64.
    Wrapped,
    /// A word: the exclusive or of its terms, each of which has the coefficient 1, and of something known.
    Word,
}

/// A coefficient times the sum over the lanes of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) var: Var,
    pub(super) block: Block,
    pub(super) times: Number,
}

/// An affine form at each lane of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) mode: Mode,
    pub(super) at: Number,
    pub(super) slope: Number,
    /// In order, none of coefficient 0.
    pub(super) terms: Vec<Term>,
    /// How far rounding may have taken the value from the form.
    pub(super) error: Number,
}

impl Form {
    pub(super) fn constant(at: Number, slope: Number) -> Self {
        Self { mode: Mode::Number, at, slope, terms: Vec::new(), error: Number::zero() }
    }

    pub(super) fn variable(var: Var) -> Self {
        let term = Term { var, block: Block::DIAGONAL, times: Number::one() };
        Self { terms: vec![term], ..Self::constant(Number::zero(), Number::zero()) }
    }

    /// The number at every lane, if it is known.
    pub(super) fn known(&self) -> Option<&Number> {
        (self.is_known() && self.slope.is_zero()).then_some(&self.at)
    }

    /// Whether it speaks of nothing secret.
    pub(super) fn is_known(&self) -> bool {
        self.terms.is_empty() && self.mode == Mode::Number && self.error.is_zero()
    }

    /// The known integer at lane i.
    pub(super) fn integer(&self, i: i128) -> Option<i64> {
        let value = &self.at + &self.slope * whole(i);
        (self.is_known() && value.is_integer()).then(|| value.to_integer().to_i64()).flatten()
    }

    pub(super) fn at(&self, offset: i128, stride: i128, len: i128) -> Self {
        let moved = |term: &Term| Term { block: term.block.at(offset, stride, len), ..term.clone() };
        let slope = if len > 1 { &self.slope * whole(stride) } else { Number::zero() };
        let at = if self.slope.is_zero() { self.at.clone() } else { &self.at + &self.slope * whole(offset) };
        Self { at, slope, terms: self.terms.iter().map(moved).collect(), error: self.error.clone(), mode: self.mode }
    }

    /// The form of `len` lanes that are this one's and then `more` lanes of the other, where there is one.
    pub(super) fn extended(&self, len: i128, other: &Self, more: i128) -> Option<Self> {
        if self.mode != other.mode || self.error != other.error || self.terms.len() != other.terms.len() {
            return None;
        }
        let slope = if self.at == other.at && self.slope.is_zero() {
            Number::zero()
        } else {
            (&other.at - &self.at) / whole(len)
        };
        if len > 1 && slope != self.slope || more > 1 && slope != other.slope {
            return None;
        }
        let pairs = self.terms.iter().zip(&other.terms);
        let terms = pairs.map(|(a, b)| {
            let block = a.block.extended(len, b.block, more)?;
            (a.var == b.var && a.times == b.times).then(|| Term { block, ..a.clone() })
        });
        let terms = terms.collect::<Option<_>>()?;
        Some(Self { at: self.at.clone(), slope, terms, error: self.error.clone(), mode: self.mode })
    }

    /// a + b, of numbers.
    pub(super) fn plus(&self, other: &Self) -> Option<Self> {
        let mode = match (self.mode, other.mode) {
            (Mode::Word, _) | (_, Mode::Word) => return None,
            (a, b) => a.max(b),
        };
        let mut terms = self.terms.clone();
        terms.extend(other.terms.iter().cloned());
        let (at, slope) = (&self.at + &other.at, &self.slope + &other.slope);
        Self { mode, at, slope, terms, error: &self.error + &other.error }.tidied()
    }

    /// A multiple of a number.
    pub(super) fn times(&self, by: &Number) -> Option<Self> {
        if self.mode != Mode::Number && !(self.mode == Mode::Wrapped && by.abs().is_one()) {
            return None;
        }
        if by.is_zero() {
            return Some(Self::constant(Number::zero(), Number::zero()));
        }
        let scaled = |term: &Term| Term { times: &term.times * by, ..term.clone() };
        Some(Self {
            mode: self.mode,
            at: &self.at * by,
            slope: &self.slope * by,
            terms: self.terms.iter().map(scaled).collect(),
            error: &self.error * by.abs(),
        })
    }

    /// What rounding makes of it: no further than `by` from it, and exact where every value is whole.
    pub(super) fn rounded(mut self, by: Number) -> Option<Self> {
        if self.mode != Mode::Number {
            return None;
        }
        let exact = self.error.is_zero()
            && self.terms.iter().map(|term| &term.times).chain([&self.at, &self.slope]).all(Number::is_integer);
        if !exact {
            if self.terms.is_empty() {
                // Known, but not by this form.
                return None;
            }
            self.error += by;
        }
        Some(self)
    }

    /// The same read as a word, where it is a known word or one of a single lane's value.
    pub(super) fn as_word(&self) -> Option<Self> {
        match self.mode {
            Mode::Word => Some(self.clone()),
            Mode::Wrapped => None,
            Mode::Number => {
                let single = match &self.terms[..] {
                    [] => true,
                    [term] => term.block.count == 1 && term.times.is_one() && self.at.is_zero() && self.slope.is_zero(),
                    _ => false,
                };
                let zero = Number::zero;
                (single && self.error.is_zero()).then(|| Self {
                    mode: Mode::Word,
                    at: zero(),
                    slope: zero(),
                    ..self.clone()
                })
            }
        }
    }

    /// a ⊕ b, of words.
    pub(super) fn xor(&self, other: &Self) -> Option<Self> {
        let (mut a, b) = (self.as_word()?, other.as_word()?);
        a.terms.extend(b.terms);
        a.tidied()
    }

    /// The sum over `len` lanes.
    pub(super) fn summed(&self, len: i128) -> Option<Self> {
        let numbers = self.mode == Mode::Number;
        if len == 1 {
            return Some(self.clone());
        }
        if !numbers && len > MOST_SUMMED {
            return None;
        }
        let mut terms = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            if term.block.step == 0 && numbers {
                terms.push(Term { times: &term.times * whole(len), ..term.clone() });
                continue;
            }
            let over = term.block.over(len);
            if over.exact && over.once {
                terms.push(Term { block: over.block, ..term.clone() });
            } else if len <= MOST_SUMMED {
                terms.extend((0..len).map(|i| Term { block: term.block.at(i, 0, 1), ..term.clone() }));
            } else {
                return None;
            }
        }
        let at = &self.at * whole(len) + &self.slope * triangle(len);
        Self { mode: self.mode, at, slope: Number::zero(), terms, error: &self.error * whole(len) }.tidied()
    }

    /// Like terms together, neighbours joined, in order.
    fn tidied(mut self) -> Option<Self> {
        let word = self.mode == Mode::Word;
        self.terms.sort_by_key(|term| (term.var, term.block));
        let mut kept: Vec<Term> = Vec::with_capacity(self.terms.len());
        for term in self.terms {
            match kept.last_mut() {
                Some(last) if last.var == term.var && last.block == term.block => {
                    last.times += &term.times;
                    if last.times.is_zero() || word {
                        kept.pop();
                    }
                }
                _ => kept.push(term),
            }
        }
        let mut joined: Vec<Term> = Vec::with_capacity(kept.len());
        for term in kept {
            let fits = joined.iter_mut().rev().take(4).find_map(|last| {
                let alike = last.var == term.var && last.times == term.times;
                let block = last.block.joined(term.block).filter(|_| alike)?;
                Some((last, block))
            });
            match fits {
                Some((last, block)) => last.block = block,
                None => joined.push(term),
            }
        }
        self.terms = joined;
        (self.terms.len() <= MOST_TERMS).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(var: usize, lane: i128) -> Form {
        Form::variable(Var(var)).at(lane, 0, 1)
    }

    #[test]
    fn sums_over_columns_are_single_terms() {
        let column = Form::variable(Var(0));
        let sum = column.summed(1_000_000).expect("a sum");
        assert_eq!(sum.terms.len(), 1);
        assert_eq!(sum.terms[0].block, Block::whole(1_000_000));
        let mut total = Form::constant(Number::zero(), Number::zero());
        for i in 0..100 {
            total = total.plus(&lane(0, i)).expect("short");
        }
        assert_eq!(total, column.summed(100).expect("a sum"));
        assert_eq!(sum.plus(&sum.times(&whole(-1)).expect("a number")).map(|none| none.terms), Some(Vec::new()));
    }

    #[test]
    fn runs_of_lanes_continue() {
        let column = Form::variable(Var(3));
        let (a, b) = (column.at(0, 1, 5), column.at(5, 1, 2));
        assert_eq!(a.extended(5, &b, 2), Some(column.at(0, 1, 7)));
        assert_eq!(a.extended(5, &column.at(6, 1, 2), 2), None);
        let known = |at: i128| Form::constant(whole(at), Number::zero());
        let line = known(3).extended(1, &known(7), 1).expect("a line");
        assert_eq!(line.integer(1), Some(7));
        assert_eq!(line.extended(2, &known(11), 1).and_then(|line| line.integer(2)), Some(11));
    }

    #[test]
    fn rounding_of_whole_multiples_is_exact() {
        let x = lane(0, 0);
        let up = x.times(&power(16)).expect("a number");
        let down = |form: &Form| form.times(&power(16).recip()).and_then(|form| form.rounded(half()));
        assert_eq!(down(&up), Some(x.clone()));
        assert_eq!(down(&x).map(|form| form.error), Some(half()));
    }

    #[test]
    fn words_cancel() {
        let (a, b) = (lane(0, 0), lane(1, 0));
        let both = a.xor(&b).expect("words");
        assert_eq!(both.xor(&b), a.as_word());
        assert_eq!(both.plus(&a), None);
    }
}
