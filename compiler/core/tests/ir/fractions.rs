//! Random programs with loops over `fix` numbers, against exact fractions: after every pass each output lies within the bound that the program had
//! before all of them, and within its own. What decides is exact, so that both worlds take the same turns.

use crate::seeded::{self, Seeded};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{FromPrimitive, Signed, Zero};
use smpc_bytecode::rounding::{Bound, outputs};
use smpcc_core::compile::{Request, to_ir};
use smpcc_core::emit::emit;
use smpcc_core::ir::{Program, interp, verify};
use smpcc_core::passes::PIPELINE;
use std::fmt::Write as _;

type Exact = BigRational;

/// Elements of each array.
const LEN: usize = 12;

/// Fractional bits.
const FRAC: u32 = 16;

/// Steps after which a run counts as endless.
const STEPS: u64 = 1_000_000;

/// A place of an array: a counter's turn times a factor, plus a number; no counter where the factor is 0.
#[derive(Clone, Copy, Debug)]
struct Index {
    counter: usize,
    factor: usize,
    offset: usize,
}

#[derive(Clone, Debug)]
enum Number {
    /// An input or an array of the program.
    Element(usize, Index),
    /// A variable of the program.
    Variable(usize),
    /// In quarters, which are exact, or in tenths.
    Quarters(i64),
    Tenths(i64),
    Count(usize),
    Operator(char, Box<Number>, Box<Number>),
    Extreme(&'static str, Box<Number>, Box<Number>),
    Abs(Box<Number>),
    /// Between −n and n.
    Within(i64, Box<Number>),
    Choice(Decision, Box<Number>, Box<Number>),
}

/// A comparison of inputs.
#[derive(Clone, Copy, Debug)]
struct Decision(usize, Index, &'static str, usize, Index);

#[derive(Clone, Debug)]
enum Statement {
    /// variable = number
    Set(usize, Number),
    /// array[index] = number
    Put(usize, Index, Number),
    When(Decision, Vec<Statement>),
    /// A counter from 0 on, and its turns.
    Turns(usize, usize, Vec<Statement>),
}

const INPUTS: [&str; 3] = ["xs", "ys", "zs"];
/// Arrays of the program; they come behind the inputs.
const ARRAYS: [&str; 5] = ["xs", "ys", "zs", "t", "u"];
const VARIABLES: [&str; 4] = ["s", "r", "m", "p"];
const COUNTERS: [&str; 3] = ["i", "j", "k"];

struct Writer {
    rng: Seeded,
    /// The turns of each counter in scope.
    turns: Vec<usize>,
}

impl Writer {
    fn index(&mut self) -> Index {
        let fixed = |offset| Index { counter: 0, factor: 0, offset };
        if self.turns.is_empty() || self.rng.chance(15) {
            return fixed(self.rng.below(LEN));
        }
        let counter = self.rng.below(self.turns.len());
        let factor = 1 + self.rng.below(2_usize);
        let reach = factor * (self.turns[counter] - 1);
        if reach >= LEN { fixed(0) } else { Index { counter, factor, offset: self.rng.below((LEN - reach).min(3)) } }
    }

    fn decision(&mut self) -> Decision {
        let (a, b) = (self.rng.below(3_usize), self.rng.below(3_usize));
        Decision(a, self.index(), self.rng.pick(&["<", "<=", "==", ">"]), b, self.index())
    }

    fn number(&mut self, depth: usize) -> Number {
        if depth == 0 || self.rng.chance(20) {
            return match self.rng.below(10) {
                0 => Number::Quarters(self.rng.below(20_i64) - 8),
                1 => Number::Tenths(self.rng.below(40_i64) - 16),
                2 => Number::Variable(self.rng.below(VARIABLES.len())),
                3 if !self.turns.is_empty() => Number::Count(self.rng.below(self.turns.len())),
                4 | 5 => Number::Element(3 + self.rng.below(2_usize), self.index()),
                _ => Number::Element(self.rng.below(3_usize), self.index()),
            };
        }
        let deeper = |w: &mut Self| Box::new(w.number(depth - 1));
        match self.rng.below(12) {
            0..=2 => Number::Operator('+', deeper(self), deeper(self)),
            3 | 4 => Number::Operator('-', deeper(self), deeper(self)),
            5..=7 => Number::Operator('*', deeper(self), deeper(self)),
            // The third input is never near 0.
            8 => Number::Operator('/', deeper(self), Box::new(Number::Element(2, self.index()))),
            9 => Number::Extreme(self.rng.pick(&["min", "max"]), deeper(self), deeper(self)),
            10 => Number::Abs(deeper(self)),
            _ => Number::Choice(self.decision(), deeper(self), deeper(self)),
        }
    }

    /// A number that what is handed on may be added to without growing from turn to turn by more than a constant.
    fn bounded(&mut self, depth: usize) -> Number {
        let number = self.number(depth);
        if steady(&number) { number } else { Number::Within(5, Box::new(number)) }
    }

    fn statement(&mut self, depth: usize) -> Statement {
        let variable = self.rng.below(VARIABLES.len());
        let own = |n| Box::new(Number::Variable(n));
        match self.rng.below(if depth == 0 { 9 } else { 12 }) {
            // Sums, running ones where something reads them.
            0..=2 => {
                let term = Box::new(self.bounded(2));
                Statement::Set(variable, Number::Operator(self.rng.pick(&['+', '-']), own(variable), term))
            }
            3 => {
                let other = Box::new(self.bounded(1));
                Statement::Set(variable, Number::Extreme(self.rng.pick(&["min", "max"]), own(variable), other))
            }
            4 => Statement::Set(variable, self.bounded(2)),
            5 => {
                // A recurrence that no tree stands for.
                let (half, term) = (Box::new(Number::Quarters(2)), Box::new(self.bounded(1)));
                let scaled = Number::Operator('*', own(variable), half);
                let next = Number::Operator('+', Box::new(scaled), term);
                Statement::Set(variable, Number::Within(30, Box::new(next)))
            }
            6 | 7 => Statement::Put(3 + self.rng.below(2_usize), self.index(), self.bounded(2)),
            8 => {
                let (array, index) = (3 + self.rng.below(2_usize), self.index());
                let term = Box::new(self.bounded(1));
                let sum = Number::Operator('+', Box::new(Number::Element(array, index)), term);
                Statement::Put(array, index, Number::Within(20, Box::new(sum)))
            }
            9 => Statement::When(self.decision(), vec![self.statement(depth - 1)]),
            _ if self.turns.len() < COUNTERS.len() => self.nest(depth - 1),
            _ => Statement::Set(variable, self.bounded(1)),
        }
    }

    fn nest(&mut self, depth: usize) -> Statement {
        let (counter, turns) = (self.turns.len(), 2 + self.rng.below(4_usize));
        self.turns.push(turns);
        let body = (0..1 + self.rng.below(3)).map(|_| self.statement(depth)).collect();
        self.turns.pop();
        Statement::Turns(counter, turns, body)
    }
}

/// Whether a number is made of inputs alone.
fn steady(of: &Number) -> bool {
    match of {
        Number::Element(array, _) => *array < INPUTS.len(),
        Number::Variable(_) => false,
        Number::Quarters(_) | Number::Tenths(_) | Number::Count(_) | Number::Within(..) => true,
        Number::Operator(_, a, b) | Number::Extreme(_, a, b) | Number::Choice(_, a, b) => steady(a) && steady(b),
        Number::Abs(a) => steady(a),
    }
}

// As text.

fn place(index: Index) -> String {
    match (index.factor, index.offset) {
        (0, offset) => offset.to_string(),
        (1, 0) => COUNTERS[index.counter].to_owned(),
        (factor, offset) => format!("{factor} * {} + {offset}", COUNTERS[index.counter]),
    }
}

fn number(of: &Number) -> String {
    let decimal = |negative: bool, text: String| format!("({}{text})", if negative { "-" } else { "" });
    match of {
        Number::Element(array, index) => format!("{}[{}]", ARRAYS[*array], place(*index)),
        Number::Variable(variable) => VARIABLES[*variable].to_owned(),
        Number::Quarters(n) => decimal(*n < 0, format!("{:.2}", n.abs() as f64 / 4.0)),
        Number::Tenths(n) => decimal(*n < 0, format!("{:.1}", n.abs() as f64 / 10.0)),
        Number::Count(counter) => COUNTERS[*counter].to_owned(),
        Number::Operator(op, a, b) => format!("({} {op} {})", number(a), number(b)),
        Number::Extreme(f, a, b) => format!("{f}({}, {})", number(a), number(b)),
        Number::Abs(a) => format!("abs({})", number(a)),
        Number::Within(n, a) => format!("clamp({}, -{n}.0, {n}.0)", number(a)),
        Number::Choice(decision, a, b) => {
            format!("(if {} {{ {} }} else {{ {} }})", test(*decision), number(a), number(b))
        }
    }
}

fn test(Decision(a, i, order, b, j): Decision) -> String {
    format!("{}[{}] {order} {}[{}]", INPUTS[a], place(i), INPUTS[b], place(j))
}

fn statements(of: &[Statement], depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth);
    for statement in of {
        // Writing to a string does not fail.
        let _ = match statement {
            Statement::Set(variable, value) => {
                writeln!(out, "{indent}{} = {};", VARIABLES[*variable], number(value))
            }
            Statement::Put(array, index, value) => {
                writeln!(out, "{indent}{}[{}] = {};", ARRAYS[*array], place(*index), number(value))
            }
            Statement::When(decision, body) => {
                let _ = writeln!(out, "{indent}if {} {{", test(*decision));
                statements(body, depth + 1, out);
                writeln!(out, "{indent}}}")
            }
            Statement::Turns(counter, turns, body) => {
                let _ = writeln!(out, "{indent}for {} in 0..{turns} {{", COUNTERS[*counter]);
                statements(body, depth + 1, out);
                writeln!(out, "{indent}}}")
            }
        };
    }
}

fn source(of: &[Statement]) -> String {
    let mut out = format!(
        "party A;\ninput xs: secret [fix in -3.0..=3.0; {LEN}] from A;\ninput ys: secret [fix in -1.0..=5.0; {LEN}] from A;\n\
         input zs: secret [fix in 0.5..=4.0; {LEN}] from A;\nfn main() {{\n    let mut s: secret fix = 0.0;\n    let mut r: secret fix = 1.5;\n\
         \x20   let mut m: secret fix = xs[0];\n    let mut p: secret fix = 0.1;\n    let mut t: secret [fix; {LEN}] = xs;\n\
         \x20   let mut u: secret [fix; {LEN}] = [0.25; {LEN}];\n"
    );
    statements(of, 1, &mut out);
    out.push_str("    output numbers = [s, r, m, p] to all;\n    output t to all;\n    output u to all;\n}\n");
    out
}

// In exact fractions.

fn fraction(numerator: i64, denominator: i64) -> Exact {
    Exact::new(BigInt::from(numerator), BigInt::from(denominator))
}

/// The numbers of a run.
struct World {
    arrays: [Vec<Exact>; 5],
    variables: [Exact; 4],
    turns: [usize; 3],
}

impl World {
    fn of(inputs: &[Vec<i64>; 3]) -> Self {
        let [xs, ys, zs] =
            inputs.each_ref().map(|raw| raw.iter().map(|raw| fraction(*raw, 1 << FRAC)).collect::<Vec<_>>());
        let variables = [Exact::zero(), fraction(3, 2), xs[0].clone(), fraction(1, 10)];
        Self { arrays: [xs.clone(), ys, zs, xs, vec![fraction(1, 4); LEN]], variables, turns: [0; 3] }
    }

    fn at(&self, index: Index) -> usize {
        index.factor * self.turns[index.counter] + index.offset
    }

    fn holds(&self, Decision(a, i, order, b, j): Decision) -> bool {
        let (a, b) = (&self.arrays[a][self.at(i)], &self.arrays[b][self.at(j)]);
        match order {
            "<" => a < b,
            "<=" => a <= b,
            "==" => a == b,
            _ => a > b,
        }
    }

    fn value(&self, of: &Number) -> Exact {
        match of {
            Number::Element(array, index) => self.arrays[*array][self.at(*index)].clone(),
            Number::Variable(variable) => self.variables[*variable].clone(),
            Number::Quarters(n) => fraction(*n, 4),
            Number::Tenths(n) => fraction(*n, 10),
            Number::Count(counter) => fraction(self.turns[*counter] as i64, 1),
            Number::Operator(op, a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                match op {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ => a / b,
                }
            }
            Number::Extreme("min", a, b) => self.value(a).min(self.value(b)),
            Number::Extreme(_, a, b) => self.value(a).max(self.value(b)),
            Number::Abs(a) => self.value(a).abs(),
            Number::Within(n, a) => self.value(a).min(fraction(*n, 1)).max(fraction(-n, 1)),
            Number::Choice(decision, a, b) => self.value(if self.holds(*decision) { a } else { b }),
        }
    }

    fn run(&mut self, of: &[Statement]) {
        for statement in of {
            match statement {
                Statement::Set(variable, value) => self.variables[*variable] = self.value(value),
                Statement::Put(array, index, value) => {
                    let at = self.at(*index);
                    self.arrays[*array][at] = self.value(value);
                }
                Statement::When(decision, body) => {
                    if self.holds(*decision) {
                        self.run(body);
                    }
                }
                Statement::Turns(counter, turns, body) => {
                    for turn in 0..*turns {
                        self.turns[*counter] = turn;
                        self.run(body);
                    }
                }
            }
        }
    }
}

/// Raw inputs: the ends of their ranges, and anything between.
fn inputs(rng: &mut Seeded) -> [Vec<i64>; 3] {
    [(-3_i64, 3_i64), (-1, 5), (1, 8)].map(|(lo, hi)| {
        // The third is in halves.
        let (lo, hi) = if lo == 1 { (1 << FRAC >> 1, 4 << FRAC) } else { (lo << FRAC, hi << FRAC) };
        (0..LEN)
            .map(|_| match rng.below(5) {
                0 => lo,
                1 => hi,
                _ => lo + rng.below((hi - lo + 1).cast_unsigned()).cast_signed(),
            })
            .collect()
    })
}

/// The bound of each output, in units of its last place; none where there is none.
fn bounds(program: &Program) -> Vec<Option<f64>> {
    let bound = |bound| match bound {
        Bound::Units(units) => Some(units),
        _ => None,
    };
    outputs(&emit(program.clone())).into_iter().map(|output| bound(output.rounding.bound)).collect()
}

#[test]
fn passes_keep_fractions_within_their_bounds() {
    let (mut compiled, mut bounded, mut worst) = (0_usize, 0_usize, 0.0_f64);
    let seeds = seeded::seeds(200);
    for seed in &seeds {
        let mut writer = Writer { rng: Seeded::new(*seed), turns: Vec::new() };
        let body: Vec<Statement> = (0..1 + writer.rng.below(3)).map(|_| writer.nest(2)).collect();
        let source = source(&body);
        let (sources, diagnostics, ir) = to_ir(&Request::new("main.smpc", &source));
        let Some(mut ir) = ir else {
            // Ranges that grow too far are refused, and nothing else.
            let text = smpcc_core::diagnostics::render::text(&sources, &diagnostics);
            assert!(text.contains("error[E04"), "seed {seed}\n{text}\n{source}");
            continue;
        };
        compiled += 1;
        let raw = inputs(&mut writer.rng);
        let mut world = World::of(&raw);
        world.run(&body);
        let exact: [Vec<Exact>; 3] = [world.variables.to_vec(), world.arrays[3].clone(), world.arrays[4].clone()];
        let given = |input: u32, _: u32| raw[input as usize].clone();
        let allowed = bounds(&ir);
        for (at, name) in std::iter::once("the front end").chain(PIPELINE.iter().map(|pass| pass.name)).enumerate() {
            let before = ir.to_string();
            if at > 0 {
                ir = (PIPELINE[at - 1].run)(ir);
            }
            let told = || format!("seed {seed}, {name}\n{source}\nbefore:\n{before}\nafter:\n{ir}");
            verify::verify(&ir).unwrap_or_else(|error| panic!("{error}, {}", told()));
            let found = interp::run(&ir, &given, STEPS);
            assert_eq!(found.fault, None, "{}", told());
            let now = bounds(&ir);
            for (output, exact) in exact.iter().enumerate() {
                // The bound before all passes stays one of what they make, and each program has one of its own.
                let both = [now[output], allowed[output]].into_iter().flatten();
                let Some(units) = both.reduce(f64::min) else { continue };
                bounded += 1;
                let units = Exact::from_f64(units).expect("a number");
                let held = &found.outputs[&(output as u32, 0)];
                for (held, exact) in held.iter().zip(exact) {
                    let apart = (fraction(*held, 1) - exact * fraction(1 << FRAC, 1)).abs();
                    assert!(apart <= units, "output {output} lies {apart} from {exact}, {}", told());
                    if !units.is_zero() {
                        let share = num_traits::ToPrimitive::to_f64(&(apart / &units)).unwrap_or(0.0);
                        worst = worst.max(share);
                    }
                }
            }
        }
    }
    eprintln!("{compiled} of {} programs, {bounded} bounds held, at most {worst:.3} of a bound used", seeds.len());
    assert!(seeds.len() == 1 || compiled * 2 > seeds.len() && bounded > compiled && worst > 0.1);
}
