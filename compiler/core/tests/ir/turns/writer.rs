//! The writer of random programs that are full of loops.

use super::LEN;
use crate::seeded::Seeded;
use std::fmt::Write as _;

struct Writer {
    rng: Seeded,
    text: String,
    depth: usize,
    /// Counters in scope, each with its greatest value.
    counters: Vec<(String, u64)>,
    names: u32,
}

/// Variables of the program: sums, extremes and their companions, truth values, arrays, and a public number.
const NUMBERS: [&str; 6] = ["s0", "s1", "e0", "e1", "w0", "w1"];

/// A program, the same one for a seed.
pub(super) fn program(seed: u64) -> String {
    let mut w = Writer { rng: Seeded::new(seed), text: String::new(), depth: 1, counters: Vec::new(), names: 0 };
    w.text.push_str(
        "party A;\ninput xs: secret [int in -9..=9; 24] from A;\ninput ys: secret [int in 0..=9; 24] from A;\n\
         input p: public [int in 0..=3; 24] from A;\ninput g: secret [int in 0..=60; 6, 6] from A;\ninput k: secret int in -5..=5 from A;\n\
         input h: public [bits<8>; 24] from A;\n\
         fn pick(a: secret int, b: secret int) -> secret int { if a < b { a * 2 % 10 } else { b } }\n\
         fn main() {\n    let mut s0 = 0;\n    let mut s1 = k;\n    let mut e0 = xs[0];\n    let mut e1 = 0;\n    let mut w0 = 0;\n    let mut w1 = k;\n\
         \x20   let mut b0 = false;\n    let mut b1 = xs[1] < k;\n    let mut n = 0;\n\
         \x20   let mut c0: int in 0..=9 = 5;\n    let mut c1: int in -9..=9 = k;\n    let mut q = 1;\n    let mut y: bits<8> = 5;\n    let v: [bits<8>; 24] = [5 + i % 3 * 4 for i in 0..24];\n\
         \x20   let mut t: [int in -99..=99; 24] = xs;\n    let mut u: [int in -99..=99; 24] = [0; 24];\n\
         \x20   let mut m: [int in 0..=99; 6, 6] = g;\n",
    );
    for _ in 0..1 + w.rng.below(3) {
        match w.rng.below(16) {
            0 => w.table(),
            1 => w.closure(),
            2 => w.rows(),
            3 => w.ranks(),
            4 => w.first(),
            5 => w.counts(),
            6 => w.apart(),
            7 => w.slide(),
            8 => w.border(),
            9 | 10 => w.ranges(),
            _ => w.nest(3),
        }
    }
    w.text.push_str(
        "    output numbers = [s0, s1, e0, e1, w0, w1, c0, c1, q] to all;\n    output truths = [b0, b1] to all;\n",
    );
    w.text.push_str(
        "    output arrays = t ++ u to all;\n    output m to all;\n    output n to all;\n    output y to all;\n}\n",
    );
    w.text
}

impl Writer {
    fn line(&mut self, text: &str) {
        let indent = "    ".repeat(self.depth);
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{indent}{text}");
    }

    fn block(&mut self, head: &str, inside: impl FnOnce(&mut Self)) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.line("}");
    }

    fn nest(&mut self, most: u64) {
        let counter = ["i", "j", "l"][self.counters.len().min(2)].to_owned();
        let long = self.counters.is_empty() && self.rng.chance(20);
        let (from, turns) = (self.rng.below(3_u64), 1 + self.rng.below(if long { 20_u64 } else { 5 }));
        // A loop that counts by itself.
        let step = if self.rng.chance(15) { Some(self.rng.pick(&["C += 1;", "C += 2;", "C -= 1;"])) } else { None };
        let head = match self.rng.below(8) {
            _ if let Some(step) = step => {
                let down = step.contains('-');
                let (start, end) = if down { (from + turns - 1, "> 0") } else { (from, "< TO") };
                self.line(&format!("let mut {counter} = {start};"));
                self.counters.push((counter.clone(), from + turns - 1));
                format!("while {counter} {}", end.replace("TO", &(from + turns).to_string()))
            }
            0 if !self.counters.is_empty() => {
                let (outer, greatest) = self.counters[self.counters.len() - 1].clone();
                self.counters.push((counter.clone(), greatest + 2));
                format!("for {counter} in {outer}..{}", greatest + 3)
            }
            _ => {
                self.counters.push((counter.clone(), from + turns - 1));
                format!("for {counter} in {from}..{}", from + turns)
            }
        };
        self.block(&head, |w| {
            for _ in 0..1 + w.rng.below(most) {
                w.statement();
            }
            if w.counters.len() < 3 && w.rng.chance(45) {
                w.nest(2);
                if w.rng.chance(40) {
                    w.statement();
                }
            }
            if let Some(step) = step {
                w.line(&step.replace('C', &counter));
            }
        });
        self.counters.pop();
    }

    /// A table whose places are made of their neighbours.
    fn table(&mut self) {
        let (rows, cols) = (2 + self.rng.below(4), 2 + self.rng.below(4));
        let far = self.rng.chance(30);
        let back = |w: &mut Self| {
            let (i, j) = if far { (w.rng.below(3), w.rng.below(3)) } else { (w.rng.below(2), w.rng.below(2)) };
            format!("m[i - 1 + {i}, j - 1 + {j}]")
        };
        // What stood in the table before the inner loop, or in another place of it.
        let earlier = self.rng.chance(30).then(|| self.rng.pick(&["m[i, 0]", "m[i, 1] + m[i - 1, 0]", "m[0, i]"]));
        let (a, b) = (back(self), back(self));
        let c = if earlier.is_some() { "z".to_owned() } else { back(self) };
        let value = match self.rng.below(4) {
            0 => format!("min({a}, {b}) + xs[i] + 9"),
            1 => format!("{a} + {b} + {c} + ys[i + j]"),
            2 => format!("max({a} + ys[i], {b}) + (if xs[i] < ys[j] {{ 1 }} else {{ {c} }})"),
            _ => format!("{a} + g[i, j]"),
        };
        self.block(&format!("for i in 1..{}", rows.min(5)), |w| {
            if let Some(earlier) = earlier {
                w.line(&format!("let z = {earlier};"));
            }
            w.block(&format!("for j in 1..{}", cols.min(5)), |w| w.line(&format!("m[i, j] = ({value}) % 40;")));
        });
    }

    /// A table of which two rows are kept.
    fn rows(&mut self) {
        let (rows, cols) = (2 + self.rng.below(4), 2 + self.rng.below(5));
        let far = self.rng.chance(20);
        let places = if far {
            ["above[j - 1]", "above[j]", "row[j - 1]", "above[0]"]
        } else {
            ["above[j - 1]", "above[j]", "row[j - 1]", "xs[i]"]
        };
        let [a, b, c] = [(); 3].map(|()| self.rng.pick(&places));
        let value = match self.rng.below(4) {
            0 => format!("min({a}, {b}) + ys[j]"),
            1 => format!("min(min({a}, {b} + 1), {c}) + (if xs[i] == xs[j] {{ 0 }} else {{ 2 }})"),
            2 => format!("max({a} + ys[i], {c}) - {b}"),
            _ => format!("{a} + {b} - i * j"),
        };
        let start = self.rng.pick(&[
            "row[0] = i;",
            "row[0] = ys[i];",
            "row[0] = above[0] + 1;",
            "s0 += above[1];",
            "row[j0] = i;",
        ]);
        let last = self.rng.pick(&["s0 += 1;", "s1 += above[0];", "u[i] = row[1];", "w0 = row[0];"]);
        let init = self.rng.pick(&["[0; 6]", "[r for r in 0..6]", "[ys[r] for r in 0..6]"]);
        self.line(&format!("let mut above: [int in -999..=999; 6] = {init};"));
        self.line("let j0 = 1;");
        self.block(&format!("for i in 1..{}", rows + 1), |w| {
            w.line("let mut row: [int in -999..=999; 6] = [3; 6];");
            w.line(&start.replace("above[0] + 1", "(above[0] + 1) % 50"));
            w.block(&format!("for j in 1..{cols}"), |w| w.line(&format!("row[j] = ({value}) % 90;")));
            if w.rng.chance(30) {
                w.line(&last.replace("row[1];", "row[1] % 50;"));
            }
            w.line("above = row;");
        });
        self.line("s1 += sum(above);");
    }

    /// The first turn of its kind, or what looks like it.
    fn first(&mut self) {
        self.names += 1;
        let (flag, taken) = (format!("f{}", self.names), format!("a{}", self.names));
        let start = self.rng.pick(&["false", "false", "false", "true", "xs[3] < k"]);
        let from = self.rng.pick(&["7", "-1", "k"]);
        self.line(&format!("let mut {flag} = {start};"));
        self.line(&format!("let mut {taken}: int in -30..=99 = {from};"));
        let value = self.rng.pick(&["r", "r + 2", "xs[r]", "ys[r + 1] - 3", "5 - r"]);
        let other = self.rng.pick(&["", "", "w1 = 3;", "w0 = r;"]);
        let (a, b) =
            (self.rng.pick(&["xs[r] < k", "ys[r] == 4", "p[r] < 2"]), self.rng.pick(&["ys[r] < 5", "xs[r] == xs[2]"]));
        let turns = 1 + self.rng.below(7_u64);
        let form = self.rng.below(6);
        self.block(&format!("for r in 0..{turns}"), |w| {
            let take = |w: &mut Self| {
                w.line(&format!("{taken} = {value};"));
                w.line(other);
            };
            let both = |w: &mut Self| {
                take(w);
                w.line(&format!("{flag} = true;"));
            };
            match form {
                0 => w.block(&format!("if !{flag} && {a}"), both),
                1 => w.block(&format!("if {a} && {b} && !{flag}"), both),
                2 => w.block(&format!("if !{flag}"), |w| w.block(&format!("if {a}"), both)),
                3 => w.block(&format!("if !({flag} || {a})"), both),
                4 => {
                    w.line(&format!("let z = {a};"));
                    w.block(&format!("if z && !{flag}"), take);
                    w.line(&format!("{flag} = {flag} || z;"));
                }
                _ => {
                    w.block(&format!("if {a} && {flag} == false"), take);
                    w.block(&format!("if {b}"), |w| w.line(&format!("{flag} = true;")));
                }
            }
            if w.rng.chance(20) {
                w.line(&format!("s1 += {taken};"));
            }
        });
        self.line(&format!("s0 += {taken};"));
        self.line(&format!("b0 = b0 ^ {flag};"));
    }

    /// What is read at a secret index, changed and written back.
    fn counts(&mut self) {
        self.names += 1;
        let (name, turns) = (format!("d{}", self.names), 1 + self.rng.below(6_u64));
        let start = self.rng.pick(&["[0; 10]", "[k; 10]", "[ys[i] for i in 0..10]"]);
        self.line(&format!("let mut {name}: [int in -999..=999; 10] = {start};"));
        let (read, write) = self.rng.pick(&[
            ("ys[r]", "ys[r]"),
            ("ys[r]", "ys[r]"),
            ("ys[r]", "ys[r + 1]"),
            ("xs[r] + 9", "xs[r] + 9"),
        ]);
        let change = self.rng.pick(&["z + 1", "ys[r + 1] + z", "z - xs[r]", "2 - z", "z", "z + z % 2", "z + k"]);
        let condition =
            if self.rng.chance(40) { Some(self.rng.pick(&["xs[r] < k", "p[r] == 1", "z < 4"])) } else { None };
        self.block(&format!("for r in 0..{turns}"), |w| {
            w.line(&format!("let z = {name}[{read}];"));
            if w.rng.chance(15) {
                let place = w.rng.pick(&["ys[r]", "r", "ys[r + 2]"]);
                w.line(&format!("{name}[{place}] = 5;"));
            }
            let line = format!("{name}[{write}] = clamp({change}, -999, 999);");
            let line =
                if w.rng.chance(70) { line.replace("clamp(", "(").replace(", -999, 999)", ") % 500") } else { line };
            let line = if w.rng.chance(60) { format!("{name}[{write}] = {change};") } else { line };
            match condition {
                Some(condition) => w.block(&format!("if {condition}"), |w| w.line(&line)),
                None => w.line(&line),
            }
            if w.rng.chance(15) {
                w.line("s1 += z;");
            }
        });
        self.line(&format!("s0 += sum({name}) + 3 * {name}[2];"));
    }

    /// A sum of products that begins with one of them.
    fn apart(&mut self) {
        let turns = 2 + self.rng.below(5_u64);
        let (a, b) = (self.rng.pick(&["xs", "ys", "t"]), self.rng.pick(&["xs", "ys"]));
        let (first, rest) = self.rng.pick(&[("0", "r"), ("0", "r"), ("7", "7 - r"), ("3", "r + 3"), ("1", "r")]);
        let other = self.rng.pick(&[first, "0", "7"]);
        self.line(
            "let mut z = AX[FIRST] * BX[OTHER];"
                .replace("AX", a)
                .replace("BX", b)
                .replace("FIRST", first)
                .replace("OTHER", other)
                .as_str(),
        );
        let with = self.rng.pick(&["r", "7 - r", "0", rest]);
        self.block(&format!("for r in 1..{turns}"), |w| {
            w.line(&format!("z = z + {a}[{rest}] * {b}[{with}];"));
        });
        self.line("s0 += z;");
    }

    /// Numbers whose ranges follow from what so many turns can add, or from what the places were before.
    fn ranges(&mut self) {
        self.names += 1;
        let z = format!("z{}", self.names);
        let (from, turns) = (self.rng.below(3_u64), 1 + self.rng.below(9_u64));
        let write = self.rng.pick(&["Z[r]", "Z[r + 1]", "Z[r]", "Z[r - 1]"]);
        let read = self.rng.pick(&["Z[r - 1]", "Z[r]", "Z[r + 1]", "ys[r]", "Z[9 - r]", "Z[r + 2]"]);
        let turn = match self.rng.below(9) {
            0 => format!("{write} += {read};"),
            1 => format!("{write} = {read} + {write};"),
            2 => format!("{write} += {read}; {write} += ys[r];"),
            3 => format!("if xs[r] < k {{ {write} += {read}; }}"),
            4 => format!("let here = {write}; {write} = here + carried; carried += here;"),
            5 => format!("{write} -= {read}; Z[r] += here;").replace("here", "ys[r + 1]"),
            6 => format!("{read} += ys[r]; {write} += 1;").replace("ys[r] += ys[r]; ", ""),
            7 => format!("{write} += {read}; {write} += {write};"),
            _ => format!("{write} = max({write} + {read}, ys[r]);"),
        };
        let bound = i64::try_from(turns).unwrap_or(0) * 9 - i64::from(self.rng.chance(20));
        let (of, turn) = match self.rng.below(6) {
            0 => (format!(": int in -9..={} = 0", bound + 9), "Z += ys[r];".to_owned()),
            1 => (format!(": int in {}..=9 = 0", -bound), self.rng.pick(&["Z -= ys[r];", "Z = xs[r] - Z;"]).to_owned()),
            2 => (" = k".to_owned(), self.rng.pick(&["Z *= ys[r];", "Z = Z * Z - r;", "Z += Z;"]).to_owned()),
            3 => (format!(": [int in 0..={}; 24] = [0; 24]", 9 + bound.min(27)), turn),
            _ => (" = SOME".replace("SOME", self.rng.pick(&["xs", "ys", "t"])), turn),
        };
        self.line(&format!("let mut {z}{of};"));
        self.line("let mut carried = 0;");
        let turn = turn.replace('Z', &z);
        let rows = self.rng.chance(25);
        let inside = |w: &mut Self| match w.rng.below(4) {
            0 => {
                w.line(&format!("let mut r = {from};"));
                let (first, last) = if w.rng.chance(60) { ("", "r += 1;") } else { ("r += 1;", "") };
                w.block(&format!("while r < {}", from + turns), |w| w.line(&format!("{first} {turn} {last}")));
            }
            1 => {
                w.line(&format!("let mut r = {};", from + turns));
                let (first, last) = if w.rng.chance(60) { ("r -= 1;", "") } else { ("", "r = r - 1;") };
                w.block(&format!("while r > {from}"), |w| w.line(&format!("{first} {turn} {last}")));
            }
            _ => w.block(&format!("for r in {from}..{}", from + turns), |w| w.line(&turn)),
        };
        if rows {
            self.block("for again in 0..3", inside);
        } else {
            inside(self);
        }
        let told = if turn.contains(&format!("{z}[")) { format!("sum({z})") } else { z.clone() };
        self.line(&format!("s0 += {told} % 1000 + carried % 10;"));
        if self.rng.chance(40) {
            let place = self.rng.pick(&["i, j", "j, i"]);
            let other = self.rng.pick(&["i - 1, j", "i, j - 1", "i - 1, j - 1", "j, i - 1", "i, j", "i + 1, j"]);
            self.line(&format!("let mut {z}m = g;"));
            self.block("for i in 1..5", |w| {
                w.block("for j in 1..6", |w| w.line(&format!("{z}m[{place}] += {z}m[{other}];")));
            });
            self.line(&format!("s1 += {z}m[4, 5] + {z}m[1, 1] % 100;"));
        }
    }

    /// Turns at the border, which have fewer neighbours than the others.
    fn border(&mut self) {
        let (reach, turns) = (1 + self.rng.below(3_u64), 2 + self.rng.below(7_u64));
        let first = self.rng.pick(&[
            "r > LOW",
            "r >= LOW",
            "LOW <= r",
            "!(r < LOW)",
            "r != 0 && r >= LOW",
            "2 * r > 2 * LOW - 1",
        ]);
        let last = self.rng.pick(&["", "", " && r < LAST", " && r + 1 <= LAST", " && xs[r] < k"]);
        let head = format!("if {first}{last}")
            .replace("LOW", &reach.to_string())
            .replace("LAST", &turns.saturating_sub(2).to_string());
        let inside = self.rng.pick(&[
            "u[r] = xs[r - LOW] - ys[r];",
            "s0 += xs[r - LOW] * ys[r + 1];",
            "e0 = max(e0, xs[r - LOW]);",
            "if xs[r - LOW] < k { w1 = r; }",
        ]);
        let other = self.rng.pick(&["", "u[r] = 7;", "s1 += ys[r];", "e0 = xs[r];"]);
        if self.rng.chance(30) {
            let value = self.rng.pick(&[
                "m[i, j] = g[i - 1, j] % 9;",
                "m[i, j] = min(m[i - 1, j], m[i, j - 1]);",
                "s0 += g[i - 1, j - 1];",
                "u[i] = g[i - 1, j] % 50;",
            ]);
            let head = self.rng.pick(&[
                "if i > 0 && j > 0",
                "if i > 0 && j > 0 && j < 5",
                "if i >= 1 && j >= 1 && xs[i] < ys[j]",
            ]);
            let both = self.rng.chance(50);
            self.block("for i in 0..6", |w| {
                w.block("for j in 0..6", |w| {
                    w.block(head, |w| w.line(value));
                    if both {
                        w.block("else", |w| w.line("m[i, j] = i + j;"));
                    }
                });
            });
            return;
        }
        self.block(&format!("for r in 0..{turns}"), |w| {
            w.block(&head, |w| w.line(&inside.replace("LOW", &reach.to_string())));
            if !other.is_empty() {
                w.block("else", |w| w.line(other));
            }
        });
    }

    /// A window that slides over an array, or what looks like one.
    fn slide(&mut self) {
        let (of, other) = (self.rng.pick(&["xs", "ys", "t"]), self.rng.pick(&["xs", "ys"]));
        let (wide, turns) = (self.rng.below(5_u64), 1 + self.rng.below(7_u64));
        let ahead = self.rng.below(4_u64);
        let start = self.rng.pick(&["0", "k", "xs[0]"]);
        self.line(&format!("let mut z = {start};"));
        if self.rng.chance(70) {
            self.block(&format!("for r in {ahead}..{}", ahead + wide), |w| w.line(&format!("z += {of}[r];")));
        }
        let back = self.rng.chance(30);
        let place = |shift: u64| if back { format!("{} - r", 12 - shift) } else { format!("r + {shift}") };
        let (enters, leaves) = (place(ahead + wide), place(ahead));
        let leaver = if self.rng.chance(85) { of } else { other };
        let turn = match self.rng.below(4) {
            0 => format!("z = z + {of}[{enters}] - {leaver}[{leaves}];"),
            1 => format!("z = z - {leaver}[{leaves}] + {of}[{enters}];"),
            2 => format!("z += {of}[{enters}] - {leaver}[{leaves}];"),
            _ => format!("z -= {of}[{enters}]; z += {leaver}[{leaves}];"),
        };
        let late = self.rng.chance(30);
        let taken = self.rng.pick(&["z % 50", "z / 4 % 50", "clamp(z, -99, 99)"]);
        self.block(&format!("for r in 0..{turns}"), |w| {
            let keep = format!("u[r] = {taken};");
            for line in if late { [&keep, &turn] } else { [&turn, &keep] } {
                w.line(line);
            }
        });
        self.line("s0 += z;");
    }

    /// The two greatest, or what looks like them: choices within choices, by the order of what the loop keeps.
    fn ranks(&mut self) {
        self.names += 1;
        let (low, high) = (format!("low{}", self.names), format!("high{}", self.names));
        let starts =
            self.rng.pick(&[("0", "0"), ("0", "9"), ("9", "0"), ("0", "xs[0]"), ("xs[0]", "xs[0]"), ("-20", "k")]);
        self.line(&format!("let mut {low}: int in -30..=30 = {};", starts.0));
        self.line(&format!("let mut {high}: int in -30..=30 = {};", starts.1));
        let of = self.rng.pick(&["xs", "ys"]);
        let turns = 2 + self.rng.below(6_u64);
        if self.rng.chance(30) {
            // The second of both comes last or first, by a function or by a comparison.
            let (best, least) = self.rng.pick(&[("max", "min"), ("min", "max")]);
            let order = self.rng.pick(&["<", "<=", ">", ">="]);
            let second = self
                .rng
                .pick(&["LOW = BEST(LOW, LEAST(x, HIGH));", "LOW = BEST(LOW, if x ORDER HIGH { x } else { HIGH });"]);
            let first = self.rng.pick(&["HIGH = BEST(HIGH, x);", "if x ORDER HIGH { HIGH = x; w1 = r; }"]);
            let late = self.rng.chance(20);
            self.block(&format!("for r in 0..{turns}"), |w| {
                w.line(&format!("let x = {of}[r];"));
                for line in if late { [first, second] } else { [second, first] } {
                    let line = line.replace("BEST", best).replace("LEAST", least).replace("ORDER", order);
                    w.line(&line.replace("LOW", &low).replace("HIGH", &high));
                }
            });
            self.line(&format!("s0 += {low} - 3 * {high};"));
            return;
        }
        self.block(&format!("for r in 0..{turns}"), |w| {
            let x = format!("{of}[r]");
            let order = w.rng.pick(&["<", "<="]);
            let (mut first, mut second) = (low.clone(), high.clone());
            if w.rng.chance(30) {
                std::mem::swap(&mut first, &mut second);
            }
            w.block(&format!("if {first} {order} {x}"), |w| {
                w.block(&format!("if {second} < {x}"), |w| w.ranked(&low, &high, &x));
                if w.rng.chance(70) {
                    w.block("else", |w| w.ranked(&low, &high, &x));
                }
            });
            if w.rng.chance(30) {
                w.block(&format!("else if {x} < {second}"), |w| w.ranked(&low, &high, &x));
            }
        });
        self.line(&format!("s0 += {low};"));
        self.line(&format!("s1 += {high};"));
    }

    fn ranked(&mut self, low: &str, high: &str, x: &str) {
        match self.rng.below(5) {
            0 => self.line(&format!("{high} = {x};")),
            1 => self.line(&format!("{low} = {x};")),
            2 => self.line(&format!("{low} = {high};")),
            _ => {
                // What goes with the best may be what goes with another one, or the second.
                let before = self.rng.pick(&["", "w1 = LOW;", "w0 = w1;", "w0 = w1 % 50 + LOW;"]);
                self.line(&before.replace("LOW", low));
                self.line(&format!("{low} = {high};"));
                self.line(&format!("{high} = {x};"));
                let with = self.rng.pick(&["w0 = r;", "w1 = r;"]);
                self.line(with);
            }
        }
    }

    /// All places of a table by way of one of them, as in shortest paths; some with a law of the lattice, and some without.
    fn closure(&mut self) {
        let through = match self.rng.below(7) {
            5 => "min(m[i, k1] + m[k1, j], 60)",
            6 => "min(min(99, m[k1, j] + m[i, k1]), m[k1, j] + 4)",
            0 | 1 => "m[i, k1] + m[k1, j]",
            2 => "max(m[i, k1], m[k1, j])",
            3 => "m[i, k1] + m[k1, j] - 5",
            _ => "m[k1, j] + ys[j]",
        };
        let value = match self.rng.below(4) {
            0 => format!("min({through}, m[i, j])"),
            1 => "max(m[i, j], min(m[i, k1], m[k1, j]))".to_owned(),
            _ => format!("max(min(m[i, j], {through}), 0)"),
        };
        self.block("for k1 in 0..6", |w| {
            w.block("for i in 0..6", |w| w.block("for j in 0..6", |w| w.line(&format!("m[i, j] = {value};"))));
        });
    }

    fn index(&mut self) -> String {
        let counters = self.counters.clone();
        let (i, greatest) = self
            .rng
            .any(&(0..counters.len()).collect::<Vec<_>>())
            .map_or(("0".to_owned(), 0), |at| counters[at].clone());
        let shift = self.rng.below(3_u64);
        match self.rng.below(9) {
            0 => format!("{}", self.rng.below(LEN)),
            1 if 2 * greatest + shift < LEN => format!("2 * {i} + {shift}"),
            2 => format!("{} - {i}", greatest + shift),
            3 => format!("p[{i}]"),
            4 if counters.len() > 1 => {
                let (j, other) = &counters[counters.len() - 1];
                let (outer, most) = &counters[0];
                if 3 * most + other < LEN { format!("3 * {outer} + {j}") } else { i }
            }
            5 if greatest + 1 < LEN => format!("{i} + 1"),
            _ => i,
        }
    }

    fn atom(&mut self) -> String {
        let index = self.index();
        match self.rng.below(12) {
            0 | 1 => format!("xs[{index}]"),
            2 | 3 => format!("ys[{index}]"),
            4 => format!("t[{index}]"),
            5 => format!("u[{index}]"),
            6 => "k".to_owned(),
            7 => format!("{}", self.rng.below(9)),
            8 => self.counters.last().map_or("2".to_owned(), |(counter, _)| counter.clone()),
            9 => format!("{} % 7", self.rng.pick(&NUMBERS)),
            10 => format!("p[{index}]"),
            _ => format!("xs[{index}]"),
        }
    }

    fn value(&mut self) -> String {
        let (a, b) = (self.atom(), self.atom());
        match self.rng.below(9) {
            0 => format!("({a} + {b})"),
            1 => format!("({a} - {b})"),
            2 | 3 => format!("({a} * {b})"),
            4 => format!("min({a}, {b})"),
            5 => format!("pick({a}, {b})"),
            6 => format!("(if {a} < {b} {{ {a} }} else {{ 3 }})"),
            _ => a,
        }
    }

    fn condition(&mut self) -> String {
        let (a, b) = (self.atom(), self.atom());
        match self.rng.below(4) {
            0 => format!("{a} == {b}"),
            1 => format!("{a} <= {b}"),
            _ => format!("{a} < {b}"),
        }
    }

    /// The least or the greatest of some values, one comparison after the other.
    fn chain(&mut self) {
        self.names += 1;
        let (name, order) = (format!("g{}", self.names), self.rng.pick(&["<", ">"]));
        let first = self.value();
        self.line(&format!("let mut {name} = {first};"));
        for _ in 0..2 + self.rng.below(3) {
            let (value, other) = (self.value(), self.atom());
            match self.rng.below(6) {
                0 => self.line(&format!("{name} = {}({value}, {name});", if order == "<" { "min" } else { "max" })),
                1 => self.line(&format!("{name} = {}({name}, {value});", if order == "<" { "max" } else { "min" })),
                2 => self.block(&format!("if {value} {order} {name}"), |w| {
                    w.line(&format!("{name} = {value};"));
                    w.line(&format!("w1 = {other};"));
                }),
                _ => self.block(&format!("if {value} {order} {name}"), |w| w.line(&format!("{name} = {value};"))),
            }
        }
        let index = self.index();
        let end = self.rng.pick(&["s0 += NAME;", "u[AT] = NAME % 50;", "t[AT] = NAME % 50;"]);
        self.line(&end.replace("NAME", &name).replace("AT", &index));
    }

    /// A running extreme that starts outside of what it meets, and that its turn builds on.
    fn sentinel(&mut self) {
        self.names += 1;
        let name = format!("h{}", self.names);
        let value = self.rng.pick(&["xs", "ys"]);
        let (of, start) = self.rng.pick(&[("max", -100), ("min", 1000)]);
        let end = self.rng.pick(&["NAME % 50", "(NAME + 1) % 50", "min(7, NAME)", "NAME * 2 % 50", "max(NAME, -3)"]);
        self.line(&format!("let mut {name} = {start};"));
        self.block("for r in 0..6", |w| {
            w.line(&format!("{name} = {of}({name}, {value}[r]);"));
            w.line(&format!("u[r] = clamp({}, -99, 99);", end.replace("NAME", &name)));
        });
    }

    /// Looks back from each place of an array.
    fn window(&mut self) {
        let (wide, turns) = (1 + self.rng.below(4_u64), 2 + self.rng.below(4_u64));
        let (array, factor) = (self.rng.pick(&["xs", "ys", "t"]), self.atom());
        self.block(&format!("for r in {wide}..{}", wide + turns), |w| {
            w.line("let mut z = xs[r];");
            w.block(&format!("for q in 1..{}", wide + 1), |w| w.line(&format!("z = z + {array}[r - q] * {factor};")));
            w.line("u[r] = z % 50;");
        });
    }

    fn statement(&mut self) {
        let value = self.value();
        match self.rng.below(26) {
            24 | 25 => self.sentinel(),
            21 | 22 => self.chain(),
            23 => self.window(),
            20 => {
                let (index, op) = (self.index(), self.rng.pick(&["^", "&", "|"]));
                let words = self.rng.pick(&["h", "v"]);
                self.line(&format!("y = y {op} {words}[{index}];"));
            }
            17 => {
                let (a, b) = (self.index(), self.index());
                // What is compared has more of a range than what is kept.
                self.line(&format!("c0 = min(c0, ys[{a}] * ys[{b}]);"));
            }
            18 => {
                let (a, b) = (self.index(), self.index());
                self.line(&format!("c1 = max(c1, 9 - ys[{a}] * ys[{b}]);"));
            }
            19 => {
                let index = self.index();
                let (name, op) = self.rng.pick(&[("q", "*"), ("c1", "-")]);
                match op {
                    "*" => self.line(&format!("{name} = {name} * (if xs[{index}] < 0 {{ -1 }} else {{ 1 }});")),
                    _ => self.line(&format!("u[{index}] = c0 - {name};")),
                }
            }
            0 | 1 => {
                let (name, sign) = (self.rng.pick(&["s0", "s1"]), self.rng.pick(&["+", "-"]));
                self.line(&format!("{name} {sign}= {value};"));
            }
            2 => {
                let (name, condition) = (self.rng.pick(&["s0", "s1"]), self.condition());
                self.block(&format!("if {condition}"), |w| w.line(&format!("{name} += {value};")));
            }
            3..=5 => {
                let at = self.rng.below(2_u64);
                let order = self.rng.pick(&["<", ">", "<=", ">="]);
                let valid = if self.rng.chance(25) { format!("{} && ", self.condition()) } else { String::new() };
                let key = self.atom();
                let with = self.rng.chance(70);
                let companion = self.atom();
                self.block(&format!("if {valid}{key} {order} e{at}"), |w| {
                    w.line(&format!("e{at} = {key};"));
                    if with {
                        w.line(&format!("w{at} = {companion};"));
                    }
                });
            }
            6 => self.line(&format!(
                "e{} = {}(e0 % 50, {value});",
                self.names % 2,
                ["min", "max"][(self.names % 2) as usize]
            )),
            7 => {
                let (name, op, condition) =
                    (self.rng.pick(&["b0", "b1"]), self.rng.pick(&["||", "&&"]), self.condition());
                self.line(&format!("{name} = {name} {op} {condition};"));
            }
            8 => {
                let condition = self.condition();
                self.block(&format!("if {condition}"), |w| w.line(&format!("w1 = {value};")));
            }
            9 | 10 => {
                let (array, index) = (self.rng.pick(&["t", "u"]), self.index());
                self.line(&format!("{array}[{index}] = {value} % 50;"));
            }
            11 => {
                let (array, index, back) = (self.rng.pick(&["t", "u"]), self.index(), self.index());
                self.line(&format!("{array}[{index}] = ({array}[{back}] + {value}) % 50;"));
            }
            12 => {
                let (array, index, name) = (self.rng.pick(&["t", "u"]), self.index(), self.rng.pick(&NUMBERS));
                self.line(&format!("{array}[{index}] = {name} % 50;"));
            }
            13 => self.line("n += 2;"),
            14 => {
                let (i, _) = self.counters.last().cloned().unwrap_or_default();
                let both = self.rng.chance(50);
                let head = self.rng.pick(&["% 2 == 0", "> 1", "== 1"]);
                self.block(&format!("if {i} {head}"), Self::statement);
                if both {
                    self.block("else", Self::statement);
                }
            }
            15 => {
                self.names += 1;
                let name = format!("v{}", self.names);
                self.line(&format!("let {name} = {value};"));
                let (array, index) = (self.rng.pick(&["t", "u"]), self.index());
                self.line(&format!("{array}[{index}] = ({name} * {name}) % 50;"));
                self.line(&format!("s0 += {name};"));
            }
            _ => {
                let (first, second) = (self.atom(), self.value());
                self.block(&format!("if {first} > e1"), |w| {
                    w.line("e0 = e1;");
                    w.line(&format!("e1 = {first};"));
                });
                self.block(&format!("else if {first} > e0"), |w| w.line(&format!("e0 = {first};")));
                self.line(&format!("s1 += {second};"));
            }
        }
    }
}
