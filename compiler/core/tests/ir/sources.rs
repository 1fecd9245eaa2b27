//! Random programs as source text, beside their meaning in arbitrary precision: a program that compiles gives exactly that, on every input of its
//! ranges, their ends above all, and nothing in it wraps. Programs whose ranges the compiler cannot bound are refused; most are not.

use crate::language::{Refused, try_run};
use crate::random::Seeded;
use std::fmt::Write as _;

/// Values: 128 bits are enough to see everything that exceeds 64.
type Word = i128;

#[derive(Clone, Debug)]
enum Number {
    Literal(Word),
    /// A variable by number: inputs, mutable ones, loop counters.
    Variable(usize),
    Element(Box<Position>),
    Arith(char, Box<Number>, Box<Number>),
    Choice(Box<Truth>, Box<Number>, Box<Number>),
    Extreme(&'static str, Box<Number>, Box<Number>),
    Abs(Box<Number>),
    Clamp(Box<Number>, Word, Word),
    Sum,
}

/// A place in the array.
#[derive(Clone, Debug)]
enum Position {
    Known(usize),
    /// A loop counter modulo nothing: loops that use it run as far as the array is long.
    Counter(usize),
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
    If(Truth, Vec<Step>, Vec<Step>),
    Loop(usize, usize, Vec<Step>),
}

/// Length of the array.
const LENGTH: usize = 4;

/// Variables 0 and 1 are inputs, 2 and 3 mutable; counters follow.
const FIRST_COUNTER: usize = 4;

struct Maker {
    rng: Seeded,
    /// Counters in scope, and whether the array may be indexed by each.
    counters: Vec<(usize, bool)>,
    next: usize,
}

impl Maker {
    fn literal(&mut self) -> Word {
        const SOME: [Word; 8] = [0, 1, -1, 2, 3, 10, -7, 1000];
        SOME[self.rng.below(SOME.len() as u64) as usize]
    }

    fn position(&mut self) -> Position {
        let usable: Vec<usize> =
            self.counters.iter().filter(|(_, index)| *index).map(|(counter, _)| *counter).collect();
        match usable.last() {
            Some(counter) if self.rng.chance(70) => Position::Counter(*counter),
            _ => Position::Known(self.rng.below(LENGTH as u64) as usize),
        }
    }

    fn number(&mut self, depth: usize) -> Number {
        if depth == 0 || self.rng.chance(20) {
            return match self.rng.below(5) {
                0 => Number::Literal(self.literal()),
                1 => Number::Element(Box::new(self.position())),
                2 if !self.counters.is_empty() => {
                    let at = self.rng.below(self.counters.len() as u64) as usize;
                    Number::Variable(self.counters[at].0)
                }
                _ => Number::Variable(self.rng.below(FIRST_COUNTER as u64) as usize),
            };
        }
        let deeper = |maker: &mut Self| Box::new(maker.number(depth - 1));
        match self.rng.below(9) {
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
        match self.rng.below(9) {
            0 | 1 => Step::Set(variable, number),
            2 | 3 => Step::Add(variable, number),
            4 => Step::Store(self.position(), number),
            5 => Step::Raise(self.position(), number),
            6 | 7 if depth > 0 => {
                let condition = self.truth(1);
                let then = self.steps(depth - 1, 3);
                let otherwise = if self.rng.chance(50) { self.steps(depth - 1, 2) } else { Vec::new() };
                Step::If(condition, then, otherwise)
            }
            8 if depth > 0 => {
                let counter = self.next;
                self.next += 1;
                let whole_array = self.rng.chance(50);
                let turns = if whole_array { LENGTH } else { 1 + self.rng.below(64) as usize };
                self.counters.push((counter, whole_array));
                let body = self.steps(depth - 1, 3);
                self.counters.pop();
                Step::Loop(counter, turns, body)
            }
            _ => Step::Add(variable, number),
        }
    }
}

// As text.

fn name(variable: usize) -> String {
    match variable {
        0 => "a".to_owned(),
        1 => "b".to_owned(),
        2 | 3 => format!("m{variable}"),
        counter => format!("i{counter}"),
    }
}

fn show_position(position: &Position) -> String {
    match position {
        Position::Known(at) => at.to_string(),
        Position::Counter(counter) => name(*counter),
    }
}

fn show(number: &Number) -> String {
    match number {
        Number::Literal(value) if *value < 0 => format!("({value})"),
        Number::Literal(value) => value.to_string(),
        Number::Variable(variable) => name(*variable),
        Number::Element(position) => format!("xs[{}]", show_position(position)),
        Number::Arith(op, a, b) => format!("({} {op} {})", show(a), show(b)),
        Number::Choice(c, a, b) => format!("(if {} {{ {} }} else {{ {} }})", show_truth(c), show(a), show(b)),
        Number::Extreme(f, a, b) => format!("{f}({}, {})", show(a), show(b)),
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
            Step::Loop(counter, turns, body) => {
                let _ = writeln!(out, "for {} in 0..{turns} {{", name(*counter));
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
    /// The greatest magnitude that anything had.
    greatest: Word,
}

impl State {
    fn at(&self, position: &Position) -> usize {
        match position {
            Position::Known(at) => *at,
            Position::Counter(counter) => self.variables[*counter] as usize,
        }
    }

    fn number(&mut self, number: &Number) -> Word {
        let value = match number {
            Number::Literal(value) => *value,
            Number::Variable(variable) => self.variables[*variable],
            Number::Element(position) => self.array[self.at(position)],
            Number::Arith(op, a, b) => {
                let (a, b) = (self.number(a), self.number(b));
                match op {
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

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Set(variable, number) => self.variables[*variable] = self.number(number),
                Step::Add(variable, number) => {
                    let more = self.number(number);
                    self.variables[*variable] = self.variables[*variable].saturating_add(more);
                    self.greatest = self.greatest.max(self.variables[*variable].saturating_abs());
                }
                Step::Store(position, number) => {
                    let value = self.number(number);
                    let at = self.at(position);
                    self.array[at] = value;
                }
                Step::Raise(position, number) => {
                    let more = self.number(number);
                    let at = self.at(position);
                    self.array[at] = self.array[at].saturating_add(more);
                    self.greatest = self.greatest.max(self.array[at].saturating_abs());
                }
                Step::If(condition, then, otherwise) => {
                    if self.truth(condition) {
                        self.steps(then);
                    } else {
                        self.steps(otherwise);
                    }
                }
                Step::Loop(counter, turns, body) => {
                    for turn in 0..*turns {
                        self.variables[*counter] = turn as Word;
                        self.steps(body);
                    }
                }
            }
        }
    }
}

const RANGES: [(i64, i64); 6] =
    [(0, 1), (-1, 1), (-100, 100), (0, 2_000_000), (i64::MIN, i64::MAX), (-(1 << 40), (1 << 40) - 1)];

#[test]
fn programs_that_compile_mean_what_arbitrary_precision_says() {
    let (mut compiled, mut refused) = (0, 0);
    for seed in 0..150 {
        let mut maker = Maker { rng: Seeded::new(seed), counters: Vec::new(), next: FIRST_COUNTER };
        let ranges = [maker.rng.below(6), maker.rng.below(6), maker.rng.below(4)].map(|at| RANGES[at as usize]);
        let steps = maker.steps(3, 5);
        let mut source = String::from("party A, B;\n");
        for (name, (lo, hi)) in ["a", "b"].iter().zip(ranges) {
            let low = if lo == i64::MIN { "(-9_223_372_036_854_775_807 - 1)".to_owned() } else { lo.to_string() };
            let _ = writeln!(source, "input {name}: secret int in {low}..={hi} from A;");
        }
        let (lo, hi) = ranges[2];
        let _ = writeln!(source, "input given: secret [int in {lo}..={hi}; {LENGTH}] from B;");
        source.push_str("fn main() {\n    let mut xs = given;\n    let mut m2 = 0;\n    let mut m3 = a;\n");
        show_steps(&steps, 4, &mut source);
        source.push_str("    output m2 to all;\n    output m3 to all;\n    output xs to all;\n}\n");

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
            let given = match try_run(&source, &[&[a], &[b], &xs]) {
                Err(Refused) => {
                    refused += 1;
                    break;
                }
                // Public divisors, such as counters, stop the run where they are 0.
                Ok(Err(stop)) if stop.contains("division by zero") => continue,
                Ok(given) => given.unwrap_or_else(|stop| panic!("seed {seed}: {stop}\n{source}\n{a} {b} {xs:?}")),
            };
            compiled += 1;
            let variables =
                [a, b, 0, a].into_iter().map(Word::from).chain(std::iter::repeat_n(0, maker.next)).collect();
            let array = xs.iter().map(|x| Word::from(*x)).collect();
            let mut state = State { variables, array, greatest: 0 };
            state.steps(&steps);
            let expected = |value: Word| i64::try_from(value).expect("a program that compiles does not exceed 64 bits");
            let told = format!("seed {seed}, {a} {b} {xs:?}\n{source}");
            assert!(state.greatest <= 1 << 63, "{told}");
            assert_eq!(given["m2"], [expected(state.variables[2])], "{told}");
            assert_eq!(given["m3"], [expected(state.variables[3])], "{told}");
            assert_eq!(given["xs"], state.array.iter().map(|x| expected(*x)).collect::<Vec<_>>(), "{told}");
        }
    }
    // Both happen, or the test tests nothing.
    assert!(compiled > 150 && refused > 5, "{compiled} runs, {refused} refused");
}
