//! Random programs as source text, beside their meaning in arbitrary precision: a program that compiles gives exactly that, on every input of its
//! ranges, their ends above all, and nothing in it wraps but between the parentheses of `wrapping`. Programs whose ranges the compiler cannot bound are refused; most are not.

use crate::language::{Refused, compiled};
use crate::seeded::{Seeded, seeds};
use std::fmt::Write as _;

/// Values: 128 bits are enough to see everything that exceeds 64.
type Word = i128;

/// The patterns of an arm: any of these intervals.
type Patterns = Vec<(Word, Word)>;

#[derive(Clone, Debug)]
enum Number {
    Literal(Word),
    /// A variable by number: inputs, mutable ones, loop counters.
    Variable(usize),
    Element(Box<Position>),
    /// `t[row].g[at]`
    Nested(Box<Position>, Box<Position>),
    Match(Box<Number>, Vec<(Patterns, Number)>, Box<Number>),
    Arith(char, Box<Number>, Box<Number>),
    Choice(Box<Truth>, Box<Number>, Box<Number>),
    Extreme(&'static str, Box<Number>, Box<Number>),
    /// Its `+` and `-` and `*` are modulo 2^64.
    Wrapping(Box<Number>),
    Abs(Box<Number>),
    Clamp(Box<Number>, Word, Word),
    Sum,
}

/// A place in an array.
#[derive(Clone, Debug)]
enum Position {
    Known(usize),
    /// A loop counter modulo nothing: loops that use it run as far as the array is long.
    Counter(usize),
    /// Outside, it reads 0 and writes nothing.
    Secret(Number),
}

#[derive(Clone, Debug)]
enum Truth {
    Compare(&'static str, Number, Number),
    Both(Box<Truth>, Box<Truth>),
    Either(Box<Truth>, Box<Truth>),
    Not(Box<Truth>),
}

#[derive(Clone, Debug)]
enum Step {
    Set(usize, Number),
    Add(usize, Number),
    Store(Position, Number),
    Raise(Position, Number),
    StoreNested(Position, Position, Number),
    RaiseNested(Position, Position, Number),
    If(Truth, Vec<Step>, Vec<Step>),
    Match(Number, Vec<(Patterns, Vec<Step>)>, Vec<Step>),
    /// Counter, turns, the condition behind `while`, body.
    Loop(usize, usize, Option<Truth>, Vec<Step>),
    /// `while` over a counter, which the body raises first.
    While(usize, usize, Truth, Vec<Step>),
    /// `break` or `continue` under a public condition.
    Exit(Truth, bool),
}

/// How steps end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Last,
    Break,
    Continue,
}

/// Length of the array.
const LENGTH: usize = 4;

/// Length of the arrays in the table `t`, which has [`LENGTH`] rows.
const NESTED: usize = 2;

/// Variables 0 and 1 are secret inputs, 2 and 3 mutable, 4 is a public input; counters follow.
const PUBLIC: usize = 4;
const FIRST_COUNTER: usize = 5;

struct Maker {
    rng: Seeded,
    /// Counters in scope, and whether the array may be indexed by each.
    counters: Vec<(usize, bool)>,
    next: usize,
    /// Whether the innermost loop may be left here: no secret condition stands between.
    leaves: bool,
    /// Whether no secret condition stands around.
    open: bool,
}

impl Maker {
    fn literal(&mut self) -> Word {
        const SOME: [Word; 8] = [0, 1, -1, 2, 3, 10, -7, 1000];
        SOME[self.rng.below(SOME.len() as u64) as usize]
    }

    /// A place in an array of that length; a counter goes as far as [`LENGTH`].
    fn position(&mut self, length: usize) -> Position {
        if self.rng.chance(20) {
            // Secret whatever the number is, not always inside, and not always outside.
            let secret = Truth::Compare("<", Number::Variable(0), Number::Variable(1));
            let number = Number::Choice(Box::new(secret), Box::new(self.number(1)), Box::new(Number::Literal(0)));
            return Position::Secret(Number::Clamp(Box::new(number), -1, length as Word));
        }
        let usable: Vec<usize> =
            self.counters.iter().filter(|(_, index)| *index).map(|(counter, _)| *counter).collect();
        match usable.last() {
            Some(counter) if length == LENGTH && self.rng.chance(70) => Position::Counter(*counter),
            _ => Position::Known(self.rng.below(length as u64) as usize),
        }
    }

    /// Some intervals, for a pattern.
    fn patterns(&mut self) -> Patterns {
        let count = if self.rng.chance(30) { 2 } else { 1 };
        let one = |maker: &mut Self| {
            let (a, b) = (maker.literal(), maker.literal());
            if maker.rng.chance(50) { (a, a) } else { (a.min(b), a.max(b)) }
        };
        (0..count).map(|_| one(self)).collect()
    }

    /// A number that everyone knows.
    fn public(&mut self) -> Number {
        match self.rng.below(3) {
            0 => Number::Literal(self.literal()),
            1 if !self.counters.is_empty() => {
                let at = self.rng.below(self.counters.len() as u64) as usize;
                Number::Variable(self.counters[at].0)
            }
            _ => Number::Variable(PUBLIC),
        }
    }

    /// A condition that everyone sees.
    fn public_truth(&mut self, depth: usize) -> Truth {
        let deeper = |maker: &mut Self| Box::new(maker.public_truth(depth - 1));
        match self.rng.below(6) {
            0 if depth > 0 => Truth::Both(deeper(self), deeper(self)),
            1 if depth > 0 => Truth::Either(deeper(self), deeper(self)),
            2 if depth > 0 => Truth::Not(deeper(self)),
            _ => {
                let op = ["<", "<=", ">", ">=", "==", "!="][self.rng.below(6) as usize];
                Truth::Compare(op, self.public(), self.public())
            }
        }
    }

    /// A secret condition stands around what is made.
    fn secretly<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        let before = (self.leaves, self.open);
        (self.leaves, self.open) = (false, false);
        let made = make(self);
        (self.leaves, self.open) = before;
        made
    }

    /// The body of a loop that counts.
    fn body(&mut self, counter: usize, whole_array: bool, depth: usize) -> Vec<Step> {
        let leaves = std::mem::replace(&mut self.leaves, true);
        self.counters.push((counter, whole_array));
        let body = self.steps(depth, 3);
        self.counters.pop();
        self.leaves = leaves;
        body
    }

    fn number(&mut self, depth: usize) -> Number {
        if depth == 0 || self.rng.chance(20) {
            return match self.rng.below(5) {
                0 => Number::Literal(self.literal()),
                1 if depth > 0 && self.rng.chance(40) => {
                    Number::Nested(Box::new(self.position(LENGTH)), Box::new(self.position(NESTED)))
                }
                1 if depth > 0 => Number::Element(Box::new(self.position(LENGTH))),
                1 => Number::Element(Box::new(Position::Known(self.rng.below(LENGTH as u64) as usize))),
                2 if !self.counters.is_empty() => {
                    let at = self.rng.below(self.counters.len() as u64) as usize;
                    Number::Variable(self.counters[at].0)
                }
                _ => Number::Variable(self.rng.below(FIRST_COUNTER as u64) as usize),
            };
        }
        let deeper = |maker: &mut Self| Box::new(maker.number(depth - 1));
        match self.rng.below(11) {
            10 => {
                let op = ['+', '-', '*'][self.rng.below(3) as usize];
                Number::Wrapping(Box::new(Number::Arith(op, deeper(self), deeper(self))))
            }
            9 => {
                let arms = (0..1 + self.rng.below(3)).map(|_| (self.patterns(), self.number(depth - 1))).collect();
                Number::Match(deeper(self), arms, Box::new(self.number(depth - 1)))
            }
            0..=2 => {
                let op = ['+', '-', '+'][self.rng.below(3) as usize];
                Number::Arith(op, deeper(self), deeper(self))
            }
            3 => Number::Arith('*', deeper(self), deeper(self)),
            4 => {
                let op = ['/', '%'][self.rng.below(2) as usize];
                Number::Arith(op, deeper(self), deeper(self))
            }
            5 => {
                let condition = Box::new(self.truth(depth - 1));
                Number::Choice(condition, deeper(self), deeper(self))
            }
            6 => Number::Extreme(["min", "max"][self.rng.below(2) as usize], deeper(self), deeper(self)),
            7 if self.rng.chance(50) => Number::Abs(deeper(self)),
            7 => Number::Sum,
            _ => {
                let (a, b) = (self.literal() * 5, self.literal() * 7);
                Number::Clamp(deeper(self), a.min(b), a.max(b))
            }
        }
    }

    fn truth(&mut self, depth: usize) -> Truth {
        let deeper = |maker: &mut Self| Box::new(maker.truth(depth - 1));
        match self.rng.below(6) {
            0 if depth > 0 => Truth::Both(deeper(self), deeper(self)),
            1 if depth > 0 => Truth::Either(deeper(self), deeper(self)),
            2 if depth > 0 => Truth::Not(deeper(self)),
            _ => {
                let op = ["<", "<=", ">", ">=", "==", "!="][self.rng.below(6) as usize];
                let depth = depth.min(1);
                Truth::Compare(op, self.number(depth), self.number(depth))
            }
        }
    }

    fn steps(&mut self, depth: usize, count: u64) -> Vec<Step> {
        (0..1 + self.rng.below(count)).map(|_| self.step(depth)).collect()
    }

    fn step(&mut self, depth: usize) -> Step {
        let variable = 2 + self.rng.below(2) as usize;
        // A loop's variable has to come back into a range, or move by what does not depend on it.
        let number = if self.counters.is_empty() || self.rng.chance(30) {
            self.number(2)
        } else {
            let (a, b) = (self.literal() * 9, self.literal() * 9 + 5);
            Number::Clamp(Box::new(self.number(2)), a.min(b), a.max(b))
        };
        match self.rng.below(14) {
            0 | 1 => Step::Set(variable, number),
            2 | 3 => Step::Add(variable, number),
            4 => Step::Store(self.position(LENGTH), number),
            5 => Step::Raise(self.position(LENGTH), number),
            6 => Step::StoreNested(self.position(LENGTH), self.position(NESTED), number),
            7 => Step::RaiseNested(self.position(LENGTH), self.position(NESTED), number),
            8 | 9 if depth > 0 => {
                let public = self.rng.chance(40);
                let condition = if public { self.public_truth(1) } else { self.truth(1) };
                let sides = |maker: &mut Self| {
                    let then = maker.steps(depth - 1, 3);
                    let otherwise = if maker.rng.chance(50) { maker.steps(depth - 1, 2) } else { Vec::new() };
                    (then, otherwise)
                };
                let (then, otherwise) = if public { sides(self) } else { self.secretly(sides) };
                Step::If(condition, then, otherwise)
            }
            10 if depth > 0 => {
                let public = self.rng.chance(40);
                let of = if public { self.public() } else { self.number(1) };
                let arms = |maker: &mut Self| {
                    let arms = (0..1 + maker.rng.below(3)).map(|_| (maker.patterns(), maker.steps(depth - 1, 2)));
                    (arms.collect(), maker.steps(depth - 1, 2))
                };
                let (arms, rest) = if public { arms(self) } else { self.secretly(arms) };
                Step::Match(of, arms, rest)
            }
            11 if depth > 0 => {
                let counter = self.next;
                self.next += 1;
                let whole_array = self.rng.chance(50);
                let turns = if whole_array { LENGTH } else { 1 + self.rng.below(64) as usize };
                if !self.rng.chance(40) {
                    return Step::Loop(counter, turns, None, self.body(counter, whole_array, depth - 1));
                }
                self.counters.push((counter, whole_array));
                let public = self.rng.chance(40);
                let condition = if public { self.public_truth(1) } else { self.truth(1) };
                self.counters.pop();
                let body = |maker: &mut Self| {
                    let body = maker.body(counter, whole_array, depth - 1);
                    // A secret condition stands between the loop and its body.
                    if public { body } else { body.into_iter().map(without_exits).collect() }
                };
                let body = if public { body(self) } else { self.secretly(body) };
                Step::Loop(counter, turns, Some(condition), body)
            }
            12 if depth > 0 && self.open => {
                let counter = self.next;
                self.next += 1;
                let turns = 1 + self.rng.below(20) as usize;
                self.counters.push((counter, false));
                let condition = self.public_truth(1);
                self.counters.pop();
                Step::While(counter, turns, condition, self.body(counter, false, depth - 1))
            }
            13 if self.leaves => Step::Exit(self.public_truth(1), self.rng.chance(50)),
            _ => Step::Add(variable, number),
        }
    }
}

/// A step whose exits lead out of no loop around it.
fn without_exits(step: Step) -> Step {
    let all = |steps: Vec<Step>| steps.into_iter().map(without_exits).collect::<Vec<_>>();
    match step {
        Step::Exit(..) => Step::Add(2, Number::Literal(0)),
        Step::If(condition, then, otherwise) => Step::If(condition, all(then), all(otherwise)),
        Step::Match(of, arms, rest) => {
            Step::Match(of, arms.into_iter().map(|(patterns, arm)| (patterns, all(arm))).collect(), all(rest))
        }
        other => other,
    }
}

// As text.

fn name(variable: usize) -> String {
    match variable {
        0 => "a".to_owned(),
        1 => "b".to_owned(),
        2 | 3 => format!("m{variable}"),
        PUBLIC => "p".to_owned(),
        counter => format!("i{counter}"),
    }
}

fn show_position(position: &Position) -> String {
    match position {
        Position::Known(at) => at.to_string(),
        Position::Counter(counter) => name(*counter),
        Position::Secret(number) => show(number),
    }
}

fn show_patterns(patterns: &[(Word, Word)]) -> String {
    let all = patterns.iter().map(|(lo, hi)| if lo == hi { lo.to_string() } else { format!("{lo}..={hi}") });
    all.collect::<Vec<_>>().join(" | ")
}

fn show(number: &Number) -> String {
    match number {
        Number::Literal(value) if *value < 0 => format!("({value})"),
        Number::Literal(value) => value.to_string(),
        Number::Variable(variable) => name(*variable),
        Number::Element(position) => format!("xs[{}]", show_position(position)),
        Number::Nested(row, at) => format!("t[{}].g[{}]", show_position(row), show_position(at)),
        Number::Match(of, arms, rest) => {
            let mut text = format!("(match {} {{ ", show(of));
            for (patterns, arm) in arms {
                let _ = write!(text, "{} => {}, ", show_patterns(patterns), show(arm));
            }
            text + &format!("_ => {} }})", show(rest))
        }
        Number::Arith(op, a, b) => format!("({} {op} {})", show(a), show(b)),
        Number::Choice(c, a, b) => format!("(if {} {{ {} }} else {{ {} }})", show_truth(c), show(a), show(b)),
        Number::Extreme(f, a, b) => format!("{f}({}, {})", show(a), show(b)),
        Number::Wrapping(a) => format!("wrapping({})", show(a)),
        Number::Abs(a) => format!("abs({})", show(a)),
        Number::Clamp(a, lo, hi) => format!("clamp({}, {lo}, {hi})", show(a)),
        Number::Sum => "sum(xs)".to_owned(),
    }
}

fn show_truth(truth: &Truth) -> String {
    match truth {
        Truth::Compare(op, a, b) => format!("({} {op} {})", show(a), show(b)),
        Truth::Both(a, b) => format!("({} && {})", show_truth(a), show_truth(b)),
        Truth::Either(a, b) => format!("({} || {})", show_truth(a), show_truth(b)),
        Truth::Not(a) => format!("!{}", show_truth(a)),
    }
}

fn show_steps(steps: &[Step], indent: usize, out: &mut String) {
    for step in steps {
        let _ = write!(out, "{:indent$}", "");
        let _ = match step {
            Step::Set(variable, number) => writeln!(out, "{} = {};", name(*variable), show(number)),
            Step::Add(variable, number) => writeln!(out, "{} += {};", name(*variable), show(number)),
            Step::Store(position, number) => writeln!(out, "xs[{}] = {};", show_position(position), show(number)),
            Step::Raise(position, number) => writeln!(out, "xs[{}] += {};", show_position(position), show(number)),
            Step::StoreNested(row, at, number) => {
                writeln!(out, "t[{}].g[{}] = {};", show_position(row), show_position(at), show(number))
            }
            Step::RaiseNested(row, at, number) => {
                writeln!(out, "t[{}].g[{}] += {};", show_position(row), show_position(at), show(number))
            }
            Step::Exit(condition, ends) => {
                let word = if *ends { "break" } else { "continue" };
                writeln!(out, "if {} {{ {word}; }}", show_truth(condition))
            }
            Step::Match(of, arms, rest) => {
                let _ = writeln!(out, "match {} {{", show(of));
                for (patterns, arm) in arms {
                    let _ = writeln!(out, "{:indent$}    {} => {{", "", show_patterns(patterns));
                    show_steps(arm, indent + 8, out);
                    let _ = writeln!(out, "{:indent$}    }},", "");
                }
                let _ = writeln!(out, "{:indent$}    _ => {{", "");
                show_steps(rest, indent + 8, out);
                writeln!(out, "{:indent$}    }},\n{:indent$}}}", "", "")
            }
            Step::While(counter, turns, condition, body) => {
                let name = name(*counter);
                let _ = writeln!(out, "let mut {name} = 0;");
                let condition = show_truth(condition);
                let _ = writeln!(out, "{:indent$}while {name} < {turns} && {condition} {{", "");
                let _ = writeln!(out, "{:indent$}    {name} += 1;", "");
                show_steps(body, indent + 4, out);
                writeln!(out, "{:indent$}}}", "")
            }
            Step::If(condition, then, otherwise) => {
                let _ = writeln!(out, "if {} {{", show_truth(condition));
                show_steps(then, indent + 4, out);
                let _ = write!(out, "{:indent$}}}", "");
                if !otherwise.is_empty() {
                    let _ = writeln!(out, " else {{");
                    show_steps(otherwise, indent + 4, out);
                    let _ = write!(out, "{:indent$}}}", "");
                }
                writeln!(out)
            }
            Step::Loop(counter, turns, condition, body) => {
                let condition = condition.as_ref().map_or(String::new(), |c| format!(" while {}", show_truth(c)));
                let _ = writeln!(out, "for {} in 0..{turns}{condition} {{", name(*counter));
                show_steps(body, indent + 4, out);
                writeln!(out, "{:indent$}}}", "")
            }
        };
    }
}

// As numbers.

struct State {
    variables: Vec<Word>,
    array: Vec<Word>,
    nested: Vec<Word>,
    /// The greatest magnitude that anything had.
    greatest: Word,
    /// Whether `wrapping` stands around.
    wrapping: bool,
}

impl State {
    /// The place, if it is inside an array of that length.
    fn at(&mut self, position: &Position, length: usize) -> Option<usize> {
        let at = match position {
            Position::Known(at) => *at as Word,
            Position::Counter(counter) => self.variables[*counter],
            Position::Secret(number) => self.number(number),
        };
        usize::try_from(at).ok().filter(|at| *at < length)
    }

    fn nested(&mut self, row: &Position, at: &Position) -> Option<usize> {
        let (row, at) = (self.at(row, LENGTH), self.at(at, NESTED));
        Some(row? * NESTED + at?)
    }

    /// Which arm takes the value.
    fn arm<'a, T>(value: Word, arms: &'a [(Patterns, T)], rest: &'a T) -> &'a T {
        let takes = |patterns: &[(Word, Word)]| patterns.iter().any(|(lo, hi)| (*lo..=*hi).contains(&value));
        arms.iter().find(|(patterns, _)| takes(patterns)).map_or(rest, |(_, arm)| arm)
    }

    fn number(&mut self, number: &Number) -> Word {
        let value = match number {
            Number::Literal(value) => *value,
            Number::Variable(variable) => self.variables[*variable],
            Number::Element(position) => self.at(position, LENGTH).map_or(0, |at| self.array[at]),
            Number::Nested(row, at) => self.nested(row, at).map_or(0, |at| self.nested[at]),
            Number::Match(of, arms, rest) => {
                let of = self.number(of);
                let arm = Self::arm(of, arms, rest);
                self.number(arm)
            }
            Number::Arith(op, a, b) => {
                let (a, b) = (self.number(a), self.number(b));
                match op {
                    '+' if self.wrapping => Word::from((a as i64).wrapping_add(b as i64)),
                    '-' if self.wrapping => Word::from((a as i64).wrapping_sub(b as i64)),
                    '*' if self.wrapping => Word::from((a as i64).wrapping_mul(b as i64)),
                    '+' => a.saturating_add(b),
                    '-' => a.saturating_sub(b),
                    '*' => a.saturating_mul(b),
                    '/' => a.checked_div(b).unwrap_or(0),
                    _ => a.checked_rem(b).unwrap_or(a),
                }
            }
            Number::Choice(c, a, b) => {
                if self.truth(c) {
                    self.number(a)
                } else {
                    self.number(b)
                }
            }
            Number::Extreme(f, a, b) => {
                let (a, b) = (self.number(a), self.number(b));
                if *f == "min" { a.min(b) } else { a.max(b) }
            }
            Number::Wrapping(a) => {
                let around = std::mem::replace(&mut self.wrapping, true);
                let value = self.number(a);
                self.wrapping = around;
                value
            }
            Number::Abs(a) => self.number(a).saturating_abs(),
            Number::Clamp(a, lo, hi) => self.number(a).clamp(*lo, *hi),
            Number::Sum => self.array.iter().fold(0, |sum: Word, x| sum.saturating_add(*x)),
        };
        self.greatest = self.greatest.max(value.saturating_abs());
        value
    }

    fn truth(&mut self, truth: &Truth) -> bool {
        match truth {
            Truth::Compare(op, a, b) => {
                let (a, b) = (self.number(a), self.number(b));
                match *op {
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    ">=" => a >= b,
                    "==" => a == b,
                    _ => a != b,
                }
            }
            Truth::Both(a, b) => self.truth(a) & self.truth(b),
            Truth::Either(a, b) => self.truth(a) | self.truth(b),
            Truth::Not(a) => !self.truth(a),
        }
    }

    fn raise(&mut self, of: fn(&mut Self) -> &mut Vec<Word>, at: Option<usize>, more: Word) {
        let Some(at) = at else { return };
        let sum = of(self)[at].saturating_add(more);
        of(self)[at] = sum;
        self.greatest = self.greatest.max(sum.saturating_abs());
    }

    fn steps(&mut self, steps: &[Step]) -> End {
        for step in steps {
            let end = self.step(step);
            if end != End::Last {
                return end;
            }
        }
        End::Last
    }

    fn step(&mut self, step: &Step) -> End {
        match step {
            Step::Set(variable, number) => self.variables[*variable] = self.number(number),
            Step::Add(variable, number) => {
                let more = self.number(number);
                self.raise(|state| &mut state.variables, Some(*variable), more);
            }
            Step::Store(position, number) => {
                let value = self.number(number);
                if let Some(at) = self.at(position, LENGTH) {
                    self.array[at] = value;
                }
            }
            Step::Raise(position, number) => {
                let more = self.number(number);
                let at = self.at(position, LENGTH);
                self.raise(|state| &mut state.array, at, more);
            }
            Step::StoreNested(row, at, number) => {
                let value = self.number(number);
                if let Some(at) = self.nested(row, at) {
                    self.nested[at] = value;
                }
            }
            Step::RaiseNested(row, at, number) => {
                let more = self.number(number);
                let at = self.nested(row, at);
                self.raise(|state| &mut state.nested, at, more);
            }
            Step::Exit(condition, ends) => {
                if self.truth(condition) {
                    return if *ends { End::Break } else { End::Continue };
                }
            }
            Step::If(condition, then, otherwise) => {
                let taken = if self.truth(condition) { then } else { otherwise };
                return self.steps(taken);
            }
            Step::Match(of, arms, rest) => {
                let of = self.number(of);
                let arm = Self::arm(of, arms, rest);
                return self.steps(arm);
            }
            Step::Loop(counter, turns, condition, body) => {
                for turn in 0..*turns {
                    self.variables[*counter] = turn as Word;
                    if condition.as_ref().is_some_and(|condition| !self.truth(condition))
                        || self.steps(body) == End::Break
                    {
                        break;
                    }
                }
            }
            Step::While(counter, turns, condition, body) => {
                self.variables[*counter] = 0;
                while self.variables[*counter] < *turns as Word && self.truth(condition) {
                    self.variables[*counter] += 1;
                    if self.steps(body) == End::Break {
                        break;
                    }
                }
            }
        }
        End::Last
    }
}

const RANGES: [(i64, i64); 6] =
    [(0, 1), (-1, 1), (-100, 100), (0, 2_000_000), (i64::MIN, i64::MAX), (-(1 << 40), (1 << 40) - 1)];

#[test]
fn programs_that_compile_mean_what_arbitrary_precision_says() {
    let (mut ran, mut refused) = (0, 0);
    for seed in seeds(150) {
        let rng = Seeded::new(seed);
        let mut maker = Maker { rng, counters: Vec::new(), next: FIRST_COUNTER, leaves: false, open: true };
        let ranges = [maker.rng.below(6), maker.rng.below(6), maker.rng.below(4)].map(|at| RANGES[at as usize]);
        let steps = maker.steps(3, 5);
        let mut source = format!("party A, B;\nstruct Row {{ f: bool, g: [int in -100..=100; {NESTED}] }}\n");
        for (name, (lo, hi)) in ["a", "b"].iter().zip(ranges) {
            let low = if lo == i64::MIN { "(-9_223_372_036_854_775_807 - 1)".to_owned() } else { lo.to_string() };
            let _ = writeln!(source, "input {name}: secret int in {low}..={hi} from A;");
        }
        let (lo, hi) = ranges[2];
        let _ = writeln!(source, "input given: secret [int in {lo}..={hi}; {LENGTH}] from B;");
        let _ = writeln!(source, "input p: public int in -2..=12 from A;");
        let _ = writeln!(source, "input table: secret [Row; {LENGTH}] from B;");
        source.push_str(
            "fn main() {\n    let mut xs = given;\n    let mut m2 = 0;\n    let mut m3 = a;\n    let mut t = table;\n",
        );
        show_steps(&steps, 4, &mut source);
        source.push_str(
            "    output m2 to all;\n    output m3 to all;\n    output xs to all;\n    output nested = t.g to all;\n}\n",
        );

        let stages = match compiled(&source) {
            Ok(stages) => stages,
            Err(Refused) => {
                refused += 1;
                continue;
            }
        };
        for trial in 0..4 {
            // The ends of the ranges first, then anything.
            let mut pick = |(lo, hi): (i64, i64)| match (trial, maker.rng.below(3)) {
                (0, _) => lo,
                (1, _) => hi,
                (_, 0) => lo,
                (_, 1) => hi,
                _ => {
                    let span = i128::from(hi) - i128::from(lo) + 1;
                    let step = i128::from(maker.rng.below(u64::MAX >> 1)) % span;
                    i64::try_from(i128::from(lo) + step).expect("in the range")
                }
            };
            let (a, b) = (pick(ranges[0]), pick(ranges[1]));
            let xs: Vec<i64> = (0..LENGTH).map(|_| pick(ranges[2])).collect();
            let (p, flags) = (pick((-2, 12)), vec![1; LENGTH]);
            let nested: Vec<i64> = (0..LENGTH * NESTED).map(|_| pick((-100, 100))).collect();
            let given = match stages.run(&[&[a], &[b], &xs, &[p], &flags, &nested]) {
                // Public divisors, such as counters, stop the run where they are 0.
                Err(stop) if stop.contains("division by zero") => continue,
                given => {
                    given.unwrap_or_else(|stop| panic!("seed {seed}: {stop}\n{source}\n{a} {b} {xs:?} {p} {nested:?}"))
                }
            };
            ran += 1;
            let variables =
                [a, b, 0, a, p].into_iter().map(Word::from).chain(std::iter::repeat_n(0, maker.next)).collect();
            let array = xs.iter().map(|x| Word::from(*x)).collect();
            let table = nested.iter().map(|x| Word::from(*x)).collect();
            let mut state = State { variables, array, nested: table, greatest: 0, wrapping: false };
            state.steps(&steps);
            let expected = |value: Word| i64::try_from(value).expect("a program that compiles does not exceed 64 bits");
            let told = format!("seed {seed}, {a} {b} {xs:?} {p} {nested:?}\n{source}");
            assert!(state.greatest <= 1 << 63, "{told}");
            assert_eq!(given["m2"], [expected(state.variables[2])], "{told}");
            assert_eq!(given["m3"], [expected(state.variables[3])], "{told}");
            assert_eq!(given["xs"], state.array.iter().map(|x| expected(*x)).collect::<Vec<_>>(), "{told}");
            assert_eq!(given["nested"], state.nested.iter().map(|x| expected(*x)).collect::<Vec<_>>(), "{told}");
        }
    }
    // Both happen, or the test tests nothing.
    assert!(ran > 150 && refused > 5, "{ran} runs, {refused} refused");
}
