//! Who knows a word. Words have no public registers, so whether everyone knows one is told by the compiler alone; here the program that it makes says what
//! secret inputs reach. Nothing that they reach is ever opened, and a word counts as secret where they reach it, and only there.

use crate::seeded::{Seeded, seeds};
use smpcc_core::diagnostics::{Code, render};
use smpcc_core::ir::{Block, Carried, Inst, Op, Program, Ref, ValueId};
use smpcc_core::passes::PIPELINE;
use smpcc_core::{Request, compile::to_ir};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What secret inputs reach in a program. Control is public, so they reach by operands alone.
struct Flow<'p> {
    program: &'p Program,
    reached: Vec<bool>,
    changed: bool,
    /// What was opened although they reach it; everyone knows it then.
    opens: BTreeSet<ValueId>,
    /// Outputs by number, and whether they reach them.
    outputs: BTreeMap<u32, bool>,
}

impl<'p> Flow<'p> {
    fn of(program: &'p Program) -> Self {
        let reached = vec![false; program.values.len()];
        let mut flow = Self { program, reached, changed: true, opens: BTreeSet::new(), outputs: BTreeMap::new() };
        while std::mem::take(&mut flow.changed) {
            flow.block(&program.body);
        }
        flow
    }

    fn add(&mut self, value: ValueId, reached: bool) {
        self.changed |= reached && !self.reached[value.index()];
        self.reached[value.index()] |= reached;
    }

    fn any<'r>(&self, refs: impl IntoIterator<Item = &'r Ref>) -> bool {
        let mut any = false;
        refs.into_iter().for_each(|arg| arg.each_use(&mut |value| any |= self.reached[value.index()]));
        any
    }

    fn pass(&mut self, carried: &[Carried]) {
        for c in carried {
            for (from, into) in [(c.init, c.param), (c.next, c.param), (c.param, c.result)] {
                self.add(into, self.reached[from.index()]);
            }
        }
    }

    fn block(&mut self, block: &Block) {
        for inst in block {
            match inst {
                Inst::Gate(gate) => {
                    let mut reached = self.any(&gate.args);
                    match gate.op {
                        Op::Input { input, .. } => reached |= self.program.manifest.inputs[input.index()].secret,
                        Op::Open { .. } => {
                            self.opens.extend(gate.result.filter(|_| reached));
                            reached = false;
                        }
                        Op::Output { output, .. } => {
                            *self.outputs.entry(output.0).or_default() |= reached;
                        }
                        _ => {}
                    }
                    gate.result.iter().for_each(|result| self.add(*result, reached));
                }
                Inst::Update(update) => {
                    let mut reached = self.any(&update.args) || self.reached[update.array.index()];
                    update.place.each_use(&mut |value| reached |= self.reached[value.index()]);
                    self.add(update.result, reached);
                }
                Inst::Concat(concat) => self.add(concat.result, self.any(&concat.parts)),
                Inst::Loop(l) => {
                    self.pass(&l.carried);
                    self.block(&l.body);
                    self.pass(&l.carried);
                }
                Inst::While(w) => {
                    self.pass(&w.carried);
                    self.block(&w.head);
                    self.block(&w.body);
                    self.pass(&w.carried);
                }
                Inst::If(i) => {
                    self.block(&i.then);
                    self.block(&i.otherwise);
                    for joined in &i.results {
                        let reached = self.reached[joined.then.index()] || self.reached[joined.otherwise.index()];
                        self.add(joined.result, reached);
                    }
                }
            }
        }
    }
}

const HEAD: &str = "party A, B;
input p: public bits<8> from A;
input q: public [bits<8>; 66] from A;
input n: public int in 0..=3 from A;
input s: secret bits<8> from B;
input t: secret [bits<8>; 66] from B;
input k: secret int in 0..=3 from B;
input c: secret bool from B;
struct Pair { a: bits<8>, b: int in 0..=255 }
fn first(xs: secret [bits<8>; 66], a: secret bits<8>, n: int in 0..=3) -> secret bits<8> {
    for i in 0..3 { if i == n { return a; } }
    for i in 0..4 { if i < n { return xs[i] ^ 1; } }
    xs[5]
}
";

/// Compiles a body of `main`, and gives what its errors say; before and after the passes, nothing that secrets reach is opened but by a `reveal`.
fn told(body: &str) -> (Option<Program>, Vec<Code>, String) {
    let source = format!("{HEAD}fn main() {{\n{body}}}\n");
    let (sources, diagnostics, program) = to_ir(&Request::new("main.smpc", &source));
    let errors = diagnostics.iter().filter(|told| told.is_error()).map(|told| told.code).collect();
    let text = format!("{}\n{source}", render::text(&sources, &diagnostics));
    if let Some(program) = &program {
        let (mut after, reveals) = (program.clone(), body.matches("reveal(").count());
        assert!(Flow::of(&after).opens.len() <= reveals, "a secret is opened:\n{text}\n{after}");
        // Circuits that grow together hold public and secret words side by side, which is not seen here.
        for pass in PIPELINE.iter().take_while(|pass| pass.name != "netlists") {
            after = (pass.run)(after);
            assert!(
                Flow::of(&after).opens.len() <= reveals,
                "a secret is opened after {}:\n{text}\n{after}",
                pass.name
            );
        }
    }
    (program, errors, text)
}

/// Whether everyone knows `value` after the statements, for the compiler.
fn is_public(statements: &str, value: &str, ty: &str) -> bool {
    let (_, errors, text) = told(&format!("{statements}let d: public {ty} = {value};\noutput d to all;\n"));
    assert!(errors.iter().all(|code| *code == Code::SecretToPublic), "{text}");
    errors.is_empty()
}

#[track_caller]
fn public(statements: &str) {
    assert!(is_public(statements, "x", "bits<8>"), "counts as secret:\n{statements}");
}

#[track_caller]
fn secret(statements: &str) {
    assert!(!is_public(statements, "x", "bits<8>"), "counts as public:\n{statements}");
}

#[test]
fn public_words_stay_public() {
    // Carried by loops of all kinds.
    public("let mut x = p; for i in 0..4 { x = x + 1; }\n");
    public("let mut x: bits<8> = 0; for i in 0..n { x = rotl(x, 1) ^ q[i]; }\n");
    public("let mut x: bits<8> = 0; for y in q { x = x ^ y; }\n");
    public("let mut x = p; while x < 200 { x = x + 1; }\n");
    public("let mut x = p; for i in 0..9 { if x == 3 { break; } x = x + 1; }\n");
    public("let mut x = p; for i in 0..9 { if x == 3 { continue; } x = x + 1; }\n");
    public("let mut x = p; for i in 0..9 { for j in 0..n { x = x ^ q[j]; } }\n");
    public("let mut x = reveal(s); for i in 0..4 { x = x + 1; }\n");
    public("let x = first(q, p, n);\n");
    public("let x = fold(q, p, |a, b| a + b);\n");
    // Conditions that everyone knows.
    public("let mut x = p; if n == 2 { x = 7; }\n");
    public("let mut x = p; if p == 2 { x = q[3]; } else { x = x ^ 1; }\n");
    public("let mut x = p; match n { 0 => { x = 1; }, 1..=2 => { x = q[0]; }, _ => {} }\n");
    public("let mut x = p; for i in 0..4 { if i == n { x = q[i]; } }\n");
    // Parts of arrays, records and tuples.
    public("let mut xs = q; xs[3] = p; xs[n] = 9; let x = xs[4];\n");
    public("let mut xs = [0 as bits<8>; 66]; for i in 0..66 { xs[i] = q[i]; } let x = xs[n];\n");
    public("let mut xs = q; xs[n..n + 2] = q[0..2]; xs[[1, 2]] = q[3..5]; if n == 1 { xs[0] = p; } let x = xs[0];\n");
    public("let mut r = Pair { a: p, b: 3 }; for i in 0..4 { r.a = r.a ^ 1; r.b = k; } let x = r.a;\n");
    public("let mut r = (p, s); for i in 0..4 { r.0 = r.0 ^ 1; r.1 = r.1 + 1; } let x = r.0;\n");
    // Comprehensions, short and long, and what stands for them.
    public("let xs = [y ^ 1 for y in q]; let x = xs[0];\n");
    public("let xs = [((y as int + i) % 256) as bits<8> for (i, y) in enumerate(q[0..60])]; let x = xs[0];\n");
    public("let xs = map(q, |y| if y == 3 { p } else { y }); let x = xs[65];\n");
    public("let xs = scan(q, p, |a, b| a ^ b); let x = xs[65];\n");
    public("let x = reverse(q)[2];\n");
    // A secret of which nothing is kept, and one that is known to everyone then.
    public("let mut x = p; let mut y = s; for i in 0..4 { y = y ^ x; x = x + 1; }\n");
    public("let mut x = s; x = p;\n");
    public("let mut x = s; for i in 0..4 { x = p; x = x + 1; } x = q[0];\n");
    // What is known to everyone on a secret side, and does not leave it.
    public("let mut x = p; let mut y = s; if c { let mut z = p; for i in 0..3 { z = z + 1; } y = z; }\n");
}

#[test]
fn words_that_a_secret_reaches_are_secret() {
    // In a later turn.
    secret("let mut x = p; let mut y = p; for i in 0..4 { x = y; y = s; }\n");
    secret("let mut x: bits<8> = 0; let mut y = p; let mut z = p; for i in 0..4 { x = y; y = z; z = s; }\n");
    secret("let mut x = p; for i in 0..4 { if i == 3 { x = s; } }\n");
    secret("let mut x = p; for i in 0..4 { if i == n { break; } x = x ^ t[i]; }\n");
    secret("let mut x = p; let mut i = 0; while i < n { x = s; i += 1; }\n");
    secret("let mut x = p; let mut y = p; for i in 0..4 { for j in 0..n { x = y; } y = s; }\n");
    secret("let mut x: bits<8> = 0; let mut xs = q; for i in 0..4 { x = xs[0]; xs[i] = s; }\n");
    secret("let mut xs = q; for i in 0..4 { xs[i] = xs[i + 1]; xs[i + 1] = s; } let x = xs[60];\n");
    // By a secret condition, from the first turn or a later one.
    secret("let mut x = p; if c { x = q[0]; }\n");
    secret("let mut x = p; if c { x = 1; } else { x = 2; }\n");
    secret("let mut x = p; for i in 0..4 { if c { x = x + 1; } }\n");
    secret("let mut x = p; let mut y = p; for i in 0..4 { if y == 1 { x = q[i]; } y = s; }\n");
    secret("let mut x = p; let mut b = false; for i in 0..4 { if b { x = q[i]; } b = c; }\n");
    secret("let mut x = p; for i in 0..4 while c { x = x + 1; }\n");
    secret("let mut x = p; let mut y = p; for i in 0..4 while y == 3 { x = x + 1; y = s; }\n");
    secret("let mut x = p; if c { for i in 0..4 { x = x + 1; } }\n");
    secret("let mut x = p; if c { if n == 1 { x = q[0]; } }\n");
    secret("let mut x = p; if n == 1 { if c { x = q[0]; } }\n");
    secret("let mut x = p; match k { 0 => { x = 1; }, 1..=2 => { x = q[0]; }, _ => {} }\n");
    secret("let mut x = p; let b = c && { x = 3; true };\n");
    secret("let x = select(c, p, q[0]);\n");
    secret("let x = if c { p } else { q[0] };\n");
    secret("let x = match k { 0 => p, _ => q[0] };\n");
    // By a secret index, read or written.
    secret("let x = q[k];\n");
    secret("let mut xs = q; xs[k] = p; let x = xs[60];\n");
    secret("let mut xs = q; xs[k] = p; let x = xs[0];\n");
    secret("let mut xs = q; for i in 0..4 { xs[k + i] = p; } let x = xs[0];\n");
    secret("let mut xs = q; if c { xs[0] = p; } let x = xs[60];\n");
    secret("let mut xs = q; if c { xs[n] = p; } let x = xs[60];\n");
    secret("let mut xs = q; if c { xs[0..2] = q[1..3]; } let x = xs[60];\n");
    secret("let mut r = Pair { a: p, b: 3 }; for i in 0..4 { if c { r.a = r.a ^ 1; } } let x = r.a;\n");
    secret("let mut r = (p, s); for i in 0..4 { let y = r.0; r.0 = r.1; r.1 = y; } let x = r.0;\n");
    // Comprehensions, functions and joins.
    secret("let xs = [y ^ s for y in q]; let x = xs[0];\n");
    secret("let xs = [if c { y } else { p } for y in q]; let x = xs[0];\n");
    secret("let xs = [if y == s { p } else { y } for y in q]; let x = xs[0];\n");
    secret("let xs = scan(q, p, |a, b| if c { a } else { b }); let x = xs[65];\n");
    secret("let x = fold(t, p, |a, b| a + b);\n");
    secret("let x = first(q, s, n);\n");
    secret("let x = first(t, p, n);\n");
    secret("let x = if n == 1 { p } else { s };\n");
    secret("let xs = [p, p, s]; let x = xs[0];\n");
    secret("let x = secret(p);\n");
    secret("let mut x = p; for i in 0..4 { x = secret(x) ^ x; }\n");
    // What was revealed is public; what is computed from the rest is not.
    secret("let mut x = reveal(s); for i in 0..4 { x = x ^ s; }\n");
    secret("let mut xs = [reveal(s), p]; for i in 0..2 { xs[i] = xs[1 - i]; xs[1] = s; } let x = xs[0];\n");
}

/// A word that is declared as public may change in a loop, and may not become secret.
#[test]
fn what_is_declared_as_public_stays_public() {
    for (statements, expected) in [
        ("let mut x: public bits<8> = p; for i in 0..4 { x = x + 1; }\n", &[][..]),
        ("let mut x: public bits<8> = p; let mut y = p; for i in 0..4 { x = y; y = q[i]; }\n", &[]),
        ("let mut x: public bits<8> = p; let mut y = p; for i in 0..4 { x = y; y = s; }\n", &[Code::SecretToPublic]),
        ("let mut x: public bits<8> = p; if c { x = 3; }\n", &[Code::SecretToPublic]),
        ("let mut x: public [bits<8>; 66] = q; for i in 0..4 { x[i] = p; }\n", &[]),
        ("let mut x: public [bits<8>; 66] = q; for i in 0..4 { x[k] = p; }\n", &[Code::SecretToPublic]),
        (
            "let mut x: public [bits<8>; 66] = q; let mut y = p; for i in 0..4 { x[i] = y; y = s; }\n",
            &[Code::SecretToPublic],
        ),
        ("let mut x = p; let mut i = 0; while x != 3 { x = x + 1; i += 1; }\n", &[]),
        ("let mut x = p; let mut y = p; while x != 3 { x = y; y = s; }\n", &[Code::SecretWhile]),
        ("let mut x = p; for i in 0..4 { if x == 3 { break; } x = s; }\n", &[Code::SecretEffect]),
        ("let mut x = p; let mut a = 0; for i in 0..4 { a = q[x as int]; x = t[i]; }\n", &[Code::TypeMismatch]),
    ] {
        let (_, errors, text) = told(statements);
        assert_eq!(errors, expected, "{text}");
    }
}

/// Random statements over words.
struct Words {
    random: Seeded,
    text: String,
    /// Counters of the loops around.
    counters: usize,
    /// Whether exits may stand here: in a loop, under conditions that everyone knows.
    exits: bool,
}

impl Words {
    fn index(&mut self) -> String {
        match self.random.below(6) {
            0 => "k".to_owned(),
            1 => "n".to_owned(),
            2 if self.counters > 0 => format!("i{}", self.random.below(self.counters)),
            _ => self.random.below(66).to_string(),
        }
    }

    /// One that everyone knows.
    fn plain(&mut self) -> String {
        match self.random.below(3) {
            0 => format!("n == {}", self.random.below(4)),
            1 if self.counters > 0 => format!("i{} < {}", self.random.below(self.counters), self.random.below(4)),
            _ => format!("p < {}", self.random.below(256)),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        match self.random.below(7) {
            0 => "c".to_owned(),
            1 => format!("k < {}", 1 + self.random.below(3)),
            2 => format!("bit({}, 3)", self.word(depth)),
            3 | 4 => self.plain(),
            _ => {
                let op = self.random.pick(&["==", "<", "!="]);
                format!("({} {op} {})", self.word(depth), self.word(depth))
            }
        }
    }

    fn word(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.random.below(9) {
                0 => "p".to_owned(),
                1 => format!("({} as bits<8>)", self.random.below(256)),
                2 => format!("q[{}]", self.index()),
                3 if self.random.chance(30) => "s".to_owned(),
                4 => format!("y{}[{}]", self.random.below(2), self.index()),
                _ => format!("x{}", self.random.below(3)),
            };
        }
        let shallow = self.random.below(depth);
        let (a, b) = (self.word(depth - 1), self.word(shallow));
        match self.random.below(10) {
            0 => format!("({a} ^ {b})"),
            1 => format!("({a} + {b})"),
            2 => format!("rotl({a}, 3)"),
            3 => format!("!{a}"),
            4 => format!("((({a} as int) % 256) as bits<8>)"),
            5 => format!("select({}, {a}, {b})", self.truth(depth - 1)),
            6 => format!("(if {} {{ {a} }} else {{ {b} }})", self.truth(depth - 1)),
            7 => format!("(match {} {{ 0 => {a}, _ => {b} }})", self.random.pick(&["n", "k"])),
            8 => format!("first(y{}, {a}, n)", self.random.below(2)),
            _ => a,
        }
    }

    fn block(&mut self, depth: usize) {
        for _ in 0..1 + self.random.below(3) {
            self.statement(depth);
        }
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A block under a condition; exits stand in it where everyone knows that.
    fn under(&mut self, head: &str, depth: usize, exits: bool) {
        let before = self.exits;
        self.exits &= exits;
        let _ = writeln!(self.text, "{head} {{");
        self.block(depth);
        self.put("}\n");
        self.exits = before;
    }

    fn turns(&mut self, head: &str, depth: usize, exits: bool) {
        let before = std::mem::replace(&mut self.exits, exits);
        self.counters += 1;
        let _ = writeln!(self.text, "{head} {{");
        self.block(depth);
        self.put("}\n");
        self.counters -= 1;
        self.exits = before;
    }

    fn statement(&mut self, depth: usize) {
        let whole = self.random.below(3);
        let (part, i) = (self.random.below(2), self.counters);
        match self.random.below(if depth == 0 { 5 } else { 13 }) {
            0 | 1 => {
                let word = self.word(2);
                let _ = writeln!(self.text, "x{whole} = {word};");
            }
            2 => {
                let word = self.word(1);
                let _ = writeln!(self.text, "x{whole} ^= {word};");
            }
            3 => {
                let (at, word) = (self.index(), self.word(1));
                let _ = writeln!(self.text, "y{part}[{at}] = {word};");
            }
            4 if self.exits => {
                let (plain, exit) = (self.plain(), self.random.pick(&["break", "continue"]));
                let _ = writeln!(self.text, "if {plain} {{ {exit}; }}");
            }
            4 => {}
            5 => {
                let truth = self.truth(1);
                self.under(&format!("if {truth}"), depth - 1, false);
            }
            6 => {
                let plain = self.plain();
                self.under(&format!("if {plain}"), depth - 1, true);
                self.under("else", depth - 1, true);
            }
            7 => {
                let turns = 2 + self.random.below(3);
                self.turns(&format!("for i{i} in 0..{turns}"), depth - 1, true);
            }
            8 => self.turns(&format!("for i{i} in 0..n"), depth - 1, true),
            9 => {
                let truth = self.truth(1);
                self.turns(&format!("for i{i} in 0..3 while {truth}"), depth - 1, false);
            }
            10 => {
                let of = self.random.pick(&["n", "k"]);
                let _ = writeln!(self.text, "match {of} {{ 0 => {{");
                let before = std::mem::replace(&mut self.exits, false);
                self.block(depth - 1);
                self.put("}, 1..=2 => {\n");
                self.block(depth - 1);
                self.put("}, _ => {} }\n");
                self.exits = before;
            }
            11 => {
                let (from, word) = (self.random.below(2), self.word(1));
                let _ = writeln!(self.text, "y{part} = [{word} ^ e for e in y{from}];");
            }
            _ => {
                let (truth, word) = (self.truth(1), self.word(1));
                let _ = writeln!(self.text, "y{part} = map(y{part}, |e| if {truth} {{ e }} else {{ {word} }});");
            }
        }
    }
}

#[test]
fn a_word_is_secret_where_secrets_reach_it() {
    let (mut known, mut hidden) = (0, 0);
    for seed in seeds(150) {
        let mut words = Words { random: Seeded::new(seed), text: String::new(), counters: 0, exits: false };
        words.put("let mut x0 = p; let mut x1: bits<8> = 0; let mut x2 = q[1];\n");
        words.put("let mut y0 = q; let mut y1 = [0 as bits<8>; 66];\n");
        words.block(3);
        let statements = words.text;
        let names =
            [("x0", "bits<8>"), ("x1", "bits<8>"), ("x2", "bits<8>"), ("y0", "[bits<8>; 66]"), ("y1", "[bits<8>; 66]")];
        let outputs: Vec<String> = names.iter().map(|(name, _)| format!("output {name} to all;\n")).collect();
        let (program, errors, text) = told(&format!("{statements}{}", outputs.concat()));
        let program = program.unwrap_or_else(|| panic!("seed {seed}: {errors:?}\n{text}"));
        let flow = Flow::of(&program);
        for (at, (name, ty)) in names.iter().enumerate() {
            let reached = flow.outputs[&u32::try_from(at).unwrap()];
            assert_eq!(is_public(&statements, name, ty), !reached, "seed {seed}: {name}\n{statements}\n{program}");
            known += usize::from(!reached);
            hidden += usize::from(reached);
        }
    }
    assert!(known > 100 && hidden > 100, "{known} {hidden}");
}
