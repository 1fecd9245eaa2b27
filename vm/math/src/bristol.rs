//! Circuits as text in Bristol Fashion (Archer, Abril, Lu, Maene, Mertens, Sijacic and Smart, 2019), read and written.
//!
//! ```text
//! 2 4            gates, wires
//! 2 1 1          input words, and how wide each is
//! 1 2            output words, and how wide each is
//!
//! 2 1 0 1 2 XOR  how many wires it reads and makes, those that it reads, those that it makes, the gate
//! 2 1 0 1 3 AND
//! ```
//!
//! Wires count from the inputs, word after word; the outputs are the last wires, word after word. A line may number the wire that it makes as it likes, but reads
//! only wires that are inputs or made above it. The gates are XOR, AND, INV (complement), EQ (a constant: `1 1 0 7 EQ` makes wire 7 a 0) and EQW (a copy).
//!
//! **The order of bits.** Here the first wire of a word is its least significant bit. What the wires of a word mean is for its author to say, and the well-known
//! files differ: the adders and multipliers have the least significant bit first, AES-128 and SHA-256 the bits of their byte strings in an order of their
//! own. Nothing is turned round here; whoever calls such a circuit brings the bits into its order, which costs nothing (`planes` and `join`).
//!
//! What is read may come from anybody: errors say the line, and memory is in proportion to the text.

use crate::netlist::{Bit, Builder, Gate, Netlist};
use std::fmt::{self, Write};

/// Most wires of all input words together: circuits need not read their inputs, so that the text does not bound them.
pub const MAX_INPUTS: u64 = 1 << 20;

/// A circuit with the widths of its output words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// The circuit; its outputs are those words one after another.
    pub netlist: Netlist,
    /// Bits of each output word.
    pub outputs: Vec<u32>,
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BristolError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a circuit in text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A line of the head is missing.
    Head,
    /// Something that should be a number.
    Number(String),
    /// A line of the head has more or fewer numbers than it should.
    HeadNumbers {
        /// How many belong there.
        wanted: u64,
        /// How many are there.
        found: usize,
    },
    /// The head and the lines disagree about the number of gates.
    Gates {
        /// In the head.
        said: u64,
        /// Lines that there are.
        found: usize,
    },
    /// The head says another number of wires than inputs and gates make.
    Wires {
        /// In the head.
        said: u64,
        /// Inputs and gates.
        made: u64,
    },
    /// More wires than a netlist can have, or more inputs than [`MAX_INPUTS`].
    TooLarge,
    /// More output bits than wires.
    Outputs {
        /// Output bits.
        bits: u64,
        /// Wires.
        wires: u64,
    },
    /// A word that is no gate.
    Gate(String),
    /// Several ANDs in a line.
    Mand,
    /// A gate with other numbers of wires than it has.
    Arity {
        /// The gate.
        gate: &'static str,
        /// Wires that it reads; it makes one.
        reads: usize,
    },
    /// A wire that does not exist.
    Range {
        /// The wire.
        wire: u64,
        /// How many there are.
        wires: u64,
    },
    /// A wire that is read above the line that makes it.
    Early(u64),
    /// A wire that is made twice, or an input that is made.
    Twice(u64),
    /// A constant other than 0 and 1.
    Constant(u64),
}

impl fmt::Display for BristolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for BristolError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => {
                write!(f, "the text ends inside its head: gates and wires, input words, output words, a line each")
            }
            Self::Number(word) => write!(f, "`{word}` is no number"),
            Self::HeadNumbers { wanted, found } => {
                write!(
                    f,
                    "{found} numbers instead of {wanted}: the head is gates and wires, then input words and output words, each a count and so many \
                     widths (the older Bristol Format is not read)"
                )
            }
            Self::Gates { said, found } => write!(f, "the head says {said} gates, but {found} lines follow it"),
            Self::Wires { said, made } => {
                write!(f, "the head says {said} wires, but inputs and gates are {made} together")
            }
            Self::TooLarge => write!(f, "the circuit has 2^32 wires or more, or more than {MAX_INPUTS} inputs"),
            Self::Outputs { bits, wires } => write!(f, "{bits} output bits, but only {wires} wires"),
            Self::Gate(word) => write!(f, "`{word}` is no gate: XOR, AND, INV, EQ and EQW are"),
            Self::Mand => write!(f, "MAND is not read: write its ANDs one a line"),
            Self::Arity { gate, reads } => {
                write!(f, "a line of {gate} has {} words: {reads} 1, then {reads} + 1 numbers, then {gate}", reads + 4)
            }
            Self::Range { wire, wires } => write!(f, "wire {wire} does not exist: there are {wires}, from 0 on"),
            Self::Early(wire) => write!(f, "wire {wire} is read here, but no line above makes it"),
            Self::Twice(wire) => write!(f, "wire {wire} is made here, but is an input or made above"),
            Self::Constant(value) => write!(f, "EQ makes a wire 0 or 1, not {value}"),
        }
    }
}

/// The circuit of a text. Constants and copies become part of the gates that read them.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn parse(text: &str) -> Result<Netlist, BristolError> {
    parse_circuit(text).map(|circuit| circuit.netlist)
}

/// As [`parse`], with the widths of the output words.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn parse_circuit(text: &str) -> Result<Circuit, BristolError> {
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let count = lines.clone().count();
    let mut line = || lines.next().ok_or(BristolError { line: text.lines().count().max(1), problem: Problem::Head });
    let first = line()?;
    let (gates, wires) = match numbers(first)?[..] {
        [gates, wires] => (gates, wires),
        ref other => return fail(first, Problem::HeadNumbers { wanted: 2, found: other.len() }),
    };
    let second = line()?;
    let inputs = widths(second)?;
    let third = line()?;
    let outputs = widths(third)?;
    if gates != (count - 3) as u64 {
        return fail(first, Problem::Gates { said: gates, found: count - 3 });
    }
    let input_bits = inputs.iter().map(|width| u64::from(*width)).sum::<u64>();
    let output_bits = outputs.iter().map(|width| u64::from(*width)).sum::<u64>();
    if input_bits > MAX_INPUTS {
        return fail(second, Problem::TooLarge);
    }
    if wires != input_bits + gates {
        return fail(first, Problem::Wires { said: wires, made: input_bits + gates });
    }
    if wires >= u64::from(u32::MAX) {
        return fail(first, Problem::TooLarge);
    }
    if output_bits > wires {
        return fail(third, Problem::Outputs { bits: output_bits, wires });
    }
    let (builder, words) = Builder::new(&inputs);
    let known = words.into_iter().flatten().map(Some);
    let mut reader = Reader { builder, known: known.chain((0..gates).map(|_| None)).collect() };
    lines.try_for_each(|line| reader.gate(line))?;
    // As many lines as wires that are no inputs, and none of these made twice: all are made.
    let first_output = reader.known.len() - usize::try_from(output_bits).unwrap_or(0);
    let bits: Vec<Bit> = reader.known[first_output..].iter().flatten().copied().collect();
    match reader.builder.finish(&bits) {
        Ok(netlist) => Ok(Circuit { netlist, outputs }),
        Err(_) => fail(first, Problem::TooLarge),
    }
}

type Line<'a> = (&'a str, usize);

fn fail<T>(line: Line<'_>, problem: Problem) -> Result<T, BristolError> {
    Err(BristolError { line: line.1, problem })
}

/// The start of a word of the text, so that it shows as itself in a message.
fn shown(word: &str) -> String {
    word.chars().take(24).flat_map(char::escape_debug).collect()
}

fn number(line: Line<'_>, word: &str) -> Result<u64, BristolError> {
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    match word.parse() {
        Ok(number) if digits => Ok(number),
        _ => fail(line, Problem::Number(shown(word))),
    }
}

fn numbers(line: Line<'_>) -> Result<Vec<u64>, BristolError> {
    line.0.split_whitespace().map(|word| number(line, word)).collect()
}

/// A count, then as many widths.
fn widths(line: Line<'_>) -> Result<Vec<u32>, BristolError> {
    let numbers = numbers(line)?;
    let (count, widths) = numbers.split_first().map_or((0, &[][..]), |(count, widths)| (*count, widths));
    if count != widths.len() as u64 {
        return fail(line, Problem::HeadNumbers { wanted: count.saturating_add(1), found: numbers.len() });
    }
    let narrow = |width: &u64| u32::try_from(*width).or_else(|_| fail(line, Problem::TooLarge));
    widths.iter().map(narrow).collect()
}

/// What has been read.
struct Reader {
    builder: Builder,
    /// By wire of the text.
    known: Vec<Option<Bit>>,
}

impl Reader {
    fn gate(&mut self, line: Line<'_>) -> Result<(), BristolError> {
        let mut words = line.0.split_whitespace();
        let name = words.next_back().unwrap_or_default();
        let bit = match name {
            "XOR" => {
                let ([a, b], to) = self.wires(line, "XOR", words)?;
                (self.read(line, a)?, self.read(line, b)?, to, Builder::xor as fn(&mut Builder, Bit, Bit) -> Bit)
            }
            "AND" => {
                let ([a, b], to) = self.wires(line, "AND", words)?;
                (self.read(line, a)?, self.read(line, b)?, to, Builder::and as _)
            }
            "INV" => {
                let ([a], to) = self.wires(line, "INV", words)?;
                (self.read(line, a)?, Bit::Const(true), to, Builder::xor as _)
            }
            "EQW" => {
                let ([a], to) = self.wires(line, "EQW", words)?;
                (self.read(line, a)?, Bit::Const(false), to, Builder::xor as _)
            }
            "EQ" => {
                let ([value], to) = self.wires(line, "EQ", words)?;
                if value > 1 {
                    return fail(line, Problem::Constant(value));
                }
                (Bit::Const(value == 1), Bit::Const(false), to, Builder::xor as _)
            }
            "MAND" => return fail(line, Problem::Mand),
            other => return fail(line, Problem::Gate(shown(other))),
        };
        let (a, b, to, gate) = bit;
        let value = gate(&mut self.builder, a, b);
        let wires = self.known.len() as u64;
        match usize::try_from(to).ok().and_then(|at| self.known.get_mut(at)) {
            Some(wire @ None) => *wire = Some(value),
            Some(Some(_)) => return fail(line, Problem::Twice(to)),
            None => return fail(line, Problem::Range { wire: to, wires }),
        }
        Ok(())
    }

    /// The numbers of a line for a gate that reads `N` wires and makes one: those, and that one.
    fn wires<'t, const N: usize>(
        &self,
        line: Line<'_>,
        gate: &'static str,
        mut words: impl Iterator<Item = &'t str>,
    ) -> Result<([u64; N], u64), BristolError> {
        let mut next = || match words.next() {
            Some(word) => number(line, word),
            None => fail(line, Problem::Arity { gate, reads: N }),
        };
        let counts = (next()?, next()?);
        let mut reads = [0; N];
        for read in &mut reads {
            *read = next()?;
        }
        let makes = next()?;
        if counts != (N as u64, 1) || words.next().is_some() {
            return fail(line, Problem::Arity { gate, reads: N });
        }
        Ok((reads, makes))
    }

    fn read(&self, line: Line<'_>, wire: u64) -> Result<Bit, BristolError> {
        match usize::try_from(wire).ok().and_then(|at| self.known.get(at)) {
            Some(Some(bit)) => Ok(*bit),
            Some(None) => fail(line, Problem::Early(wire)),
            None => fail(line, Problem::Range { wire, wires: self.known.len() as u64 }),
        }
    }
}

/// The text of a circuit, with one output word. A wire that is several output bits, or an input as well, is copied (EQW).
#[must_use]
pub fn write(netlist: &Netlist) -> String {
    let (inputs, gates, outputs) = (netlist.input_bits(), netlist.gates(), netlist.outputs());
    let mut number: Vec<Option<usize>> = (0..inputs).map(Some).chain(gates.iter().map(|_| None)).collect();
    // Of each output that is a gate's, the first bit is that gate's wire; the others are copies.
    let mut copies = Vec::new();
    for (bit, wire) in outputs.iter().enumerate() {
        match &mut number[*wire as usize] {
            unset @ None => *unset = Some(bit),
            Some(_) => copies.push((*wire as usize, bit)),
        }
    }
    let first_output = inputs + gates.len() + copies.len() - outputs.len();
    let mut next = inputs;
    for of in number.iter_mut().skip(inputs) {
        match of {
            Some(bit) => *bit += first_output,
            None => {
                *of = Some(next);
                next += 1;
            }
        }
    }
    let number: Vec<usize> = number.into_iter().flatten().collect();
    let of = |wire: u32| number[wire as usize];
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(text, "{} {}\n{}", gates.len() + copies.len(), first_output + outputs.len(), netlist.inputs().len());
    for width in netlist.inputs() {
        let _ = write!(text, " {width}");
    }
    let _ = write!(text, "\n1 {}\n\n", outputs.len());
    for (gate, to) in gates.iter().zip(&number[inputs..]) {
        let _ = match *gate {
            Gate::Xor(a, b) => writeln!(text, "2 1 {} {} {to} XOR", of(a), of(b)),
            Gate::And(a, b) => writeln!(text, "2 1 {} {} {to} AND", of(a), of(b)),
            Gate::Not(a) => writeln!(text, "1 1 {} {to} INV", of(a)),
            Gate::Zero => writeln!(text, "1 1 0 {to} EQ"),
        };
    }
    for (wire, bit) in copies {
        let _ = writeln!(text, "1 1 {} {} EQW", number[wire], first_output + bit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuits::{add, netlist};
    use proptest::prelude::*;

    const HALF_ADDER: &str = "2 4\n2 1 1\n1 2\n\n2 1 0 1 2 XOR\n2 1 0 1 3 AND\n";

    #[test]
    fn reads_and_writes() {
        let half = netlist(&[1, 1], |b, w| vec![b.xor(w[0][0], w[1][0]), b.and(w[0][0], w[1][0])]);
        assert_eq!(parse(HALF_ADDER), Ok(half.clone()));
        assert_eq!(write(&half), HALF_ADDER);
        // Two output words, wires in an order of their own, constants, copies, blank lines and other line ends.
        let text =
            "5 8\r\n1 3\r\n2 1 2\r\n1 1 1 4 EQ\r\n2 1 0 4 3 AND\r\n\r\n2 1 3 1 5 XOR\r\n1 1 2 6 EQW\r\n1 1 5 7 INV\r\n";
        let circuit = parse_circuit(text).expect("a circuit");
        assert_eq!(circuit.outputs, [1, 2]);
        assert_eq!((circuit.netlist.ands(), circuit.netlist.depth()), (0, 0));
        for bits in 0..8 {
            let [a, b, c] = [0, 1, 2].map(|i| bits >> i & 1 == 1);
            assert_eq!(circuit.netlist.evaluate_bits(&[a, b, c]), [a ^ b, c, !(a ^ b)]);
        }
        let sum = netlist(&[64, 64], |b, w| add(b, &w[0], &w[1]));
        let again = parse(&write(&sum)).expect("a circuit");
        assert_eq!((again.gates().len(), again.ands(), again.depth()), (sum.gates().len(), sum.ands(), sum.depth()));
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let refuses = |text: &str, line: usize, what: &str| {
            let error = parse(text).expect_err(what);
            assert!(error.line == line && error.to_string().contains(what), "`{what}` in line {line}: {error}");
        };
        let change = |from: &str, to: &str| HALF_ADDER.replace(from, to);
        refuses("", 1, "inside its head");
        refuses("2 4\n2 1 1\n\n", 3, "inside its head");
        refuses(&change("2 4\n", "2 4 1\n"), 1, "3 numbers instead of 2");
        refuses(&change("2 4\n", "2 x\u{1b}[2J\n"), 1, "`x\\u{1b}[2J` is no number");
        refuses(&change("2 4\n", "+2 4\n"), 1, "`+2` is no number");
        refuses(&change("2 1 1\n", "3 1 1\n"), 2, "3 numbers instead of 4");
        refuses(&change("\n1 2\n", "\n0 2\n"), 3, "2 numbers instead of 1");
        refuses(&change("2 4\n", "3 4\n"), 1, "says 3 gates, but 2 lines");
        refuses(&change("2 4\n", "99999999999 4\n"), 1, "says 99999999999 gates");
        refuses(&change("2 4\n", "2 5\n"), 1, "says 5 wires, but inputs and gates are 4");
        refuses(&change("2 1 1\n", "2 1 4294967295\n"), 2, "2^32 wires");
        refuses(&change("2 1 1\n", "2 1 99999999999\n"), 2, "2^32 wires");
        refuses(&change("\n1 2\n", "\n1 5\n"), 3, "5 output bits");
        refuses(&change("1 2 XOR", "1 2 OR"), 5, "`OR` is no gate");
        refuses(&change("1 2 XOR", "1 2 MAND"), 5, "one a line");
        refuses(&change("1 2 XOR", "1 2 3 XOR"), 5, "6 words");
        refuses(&change("2 1 0 1 2 XOR", "1 1 0 2 XOR"), 5, "6 words");
        refuses(&change("2 1 0 1 2 XOR", "XOR"), 5, "6 words");
        refuses(&change("2 1 0 1 2 XOR", "2 1 0 1 2 INV"), 5, "5 words");
        refuses(&change("2 1 0 1 2 XOR", "1 1 2 2 EQ"), 5, "not 2");
        refuses(&change("0 1 2 XOR", "0 3 2 XOR"), 5, "wire 3 is read here");
        refuses(&change("0 1 2 XOR", "0 2 2 XOR"), 5, "wire 2 is read here");
        refuses(&change("0 1 2 XOR", "0 4 2 XOR"), 5, "wire 4 does not exist");
        refuses(&change("0 1 2 XOR", "0 1 99999999999999999999 XOR"), 5, "no number");
        refuses(&change("0 1 3 AND", "0 1 2 AND"), 6, "wire 2 is made here");
        refuses(&change("0 1 3 AND", "0 1 1 AND"), 6, "wire 1 is made here");
        refuses(&change("0 1 3 AND", "0 1 4 AND"), 6, "wire 4 does not exist");
    }

    /// Any circuit, with outputs that repeat, are inputs, or are constants.
    fn any_netlist() -> impl Strategy<Value = Netlist> {
        let gate = (0..4_u8, any::<u32>(), any::<u32>());
        let parts = (
            prop::collection::vec(0..6_u32, 0..4),
            prop::collection::vec(gate, 0..60),
            prop::collection::vec(any::<u32>(), 0..12),
        );
        parts.prop_map(|(inputs, kinds, outputs)| {
            let mut wires = inputs.iter().sum::<u32>();
            let mut gates = Vec::new();
            for (kind, a, b) in kinds {
                let (a, b) = (a.checked_rem(wires).unwrap_or(0), b.checked_rem(wires).unwrap_or(0));
                gates.push(match kind {
                    _ if wires == 0 => Gate::Zero,
                    0 => Gate::Xor(a, b),
                    1 => Gate::And(a, b),
                    2 => Gate::Not(a),
                    _ => Gate::Zero,
                });
                wires += 1;
            }
            let outputs = outputs.into_iter().filter_map(|wire| wire.checked_rem(wires)).collect();
            Netlist::new(inputs, gates, outputs).expect("earlier wires")
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(circuit in any_netlist(), seed in any::<u64>()) {
            let text = write(&circuit);
            let again = parse_circuit(&text).expect("a circuit");
            prop_assert_eq!(&again.outputs, &[u32::try_from(circuit.outputs().len()).expect("few")]);
            prop_assert_eq!(again.netlist.inputs(), circuit.inputs());
            prop_assert!(again.netlist.ands() <= circuit.ands() && again.netlist.depth() <= circuit.depth());
            for turn in 0..20_u64 {
                let word = (seed ^ turn).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let bits: Vec<bool> = (0..circuit.input_bits()).map(|i| word >> (i * 3 % 64) & 1 == 1).collect();
                prop_assert_eq!(again.netlist.evaluate_bits(&bits), circuit.evaluate_bits(&bits));
            }
        }

        /// Whatever stands in a file, reading it ends with a circuit or an error.
        #[test]
        fn nothing_panics(circuit in any_netlist(), at in any::<prop::sample::Index>(), with in "[0-9 \nXORANDINVEQW\u{80}-\u{ffff}]{0,8}") {
            let text = write(&circuit);
            let places: Vec<usize> = (0..text.len()).filter(|at| text.is_char_boundary(*at)).collect();
            let at = places[at.index(places.len())];
            let _ = parse(&format!("{}{with}{}", &text[..at], &text[at..]));
            let _ = parse(&format!("{}{with}", &text[..at]));
            let _ = parse(&with);
        }
    }
}
