//! A function of words as a netlist: the program that the function is, run on wires instead of words. Loops are written out, public values are computed.

use crate::compile::{Compiled, Entry, Request, to_ir};
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::ir::{Block, Bound, Carried, Gate, Inst, Op, Place, Program, Ref, RegType, SiteId, Slot, Update, ValueId};
use crate::ir::{eval, wires};
use crate::passes;
use crate::source::SourceMap;
use smpc_math::netlist::{Bit, Builder, Netlist};

/// Most gates of an exported circuit.
const MAX_GATES: usize = 50_000_000;

/// What came of an export.
#[derive(Debug)]
pub struct Exported {
    /// All texts that were read, and what there is to say.
    pub compiled: Compiled,
    /// The circuit: an input word for each parameter (for each element of an array), the result's bits as one word; `None` where a message is an error.
    pub netlist: Option<Netlist>,
}

/// The circuit of a function whose parameters and result are words, truth values and arrays of them.
#[must_use]
pub fn export(request: &Request<'_>, function: &str) -> Exported {
    let (defines, lints) = (request.defines.clone(), request.lints.clone());
    let request = Request { entry: Entry::Circuit(function), defines, lints, ..*request };
    let (sources, mut diagnostics, program) = to_ir(&request);
    let netlist = program.and_then(|program| {
        let program = passes::optimise(program);
        match circuit(&program) {
            Ok(netlist) => Some(netlist),
            Err(failure) => {
                diagnostics.extend(told(&failure, &program, &sources));
                None
            }
        }
    });
    Exported { compiled: Compiled { sources, diagnostics, module: None, mistake: None }, netlist }
}

/// What has no circuit.
#[derive(Clone, Copy)]
struct Failure {
    site: SiteId,
    what: &'static str,
}

fn told(failure: &Failure, program: &Program, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut sink = Sink::default();
    let site = program.sources.sites.get(failure.site.index());
    let path = site.and_then(|site| program.sources.files.get(site.file.index()));
    let place = site.zip(path).and_then(|(site, path)| sources.span_of(path, site.line, site.column));
    if let Some(at) = place.or_else(|| sources.files().first().and_then(|file| sources.span_of(&file.path, 1, 1))) {
        let diagnostic = Diagnostic::new(Code::BadCircuit, at, failure.what);
        sink.push(diagnostic.help("a circuit has words of bits and truth values alone: write `x as bits<32>`"));
    }
    sink.finish()
}

/// What a value is while the program is written out.
#[derive(Clone)]
enum Lanes {
    /// Known.
    Public(Vec<i64>),
    /// The bits of each lane, least significant first.
    Words(Vec<Vec<Bit>>),
}

struct Run<'p> {
    program: &'p Program,
    builder: Builder,
    inputs: Vec<Vec<Bit>>,
    values: Vec<Option<Lanes>>,
    outputs: Vec<Bit>,
}

fn circuit(program: &Program) -> Result<Netlist, Failure> {
    let none = SiteId(0);
    let mut widths = Vec::new();
    for input in &program.manifest.inputs {
        for leaf in input.ty.leaves() {
            let width = crate::emit::word_width(&leaf.scalar)
                .ok_or(Failure { site: none, what: "a parameter that is no word" })?;
            let lanes = usize::try_from(leaf.lanes.unwrap_or(0)).unwrap_or(0);
            widths.extend(std::iter::repeat_n(width, lanes));
        }
    }
    let (builder, inputs) = Builder::new(&widths);
    let mut run = Run { program, builder, inputs, values: vec![None; program.values.len()], outputs: Vec::new() };
    run.block(&program.body)?;
    let Run { builder, outputs, .. } = run;
    builder.finish(&outputs).map_err(|_| Failure { site: none, what: "a circuit with too many gates" })
}

impl Run<'_> {
    fn block(&mut self, block: &Block) -> Result<(), Failure> {
        block.iter().try_for_each(|inst| self.inst(inst))
    }

    fn inst(&mut self, inst: &Inst) -> Result<(), Failure> {
        match inst {
            Inst::Gate(gate) => self.gate(gate),
            Inst::Update(update) => self.update(update),
            Inst::Concat(concat) => {
                let ty = self.program.ty(concat.result);
                let mut parts = Vec::with_capacity(concat.parts.len());
                for part in &concat.parts {
                    let read = self.read(part, concat.site)?;
                    parts.push(self.copied(read, ty, concat.site)?);
                }
                let joined = if ty.is_secret() {
                    Lanes::Words(parts.into_iter().flat_map(words).collect())
                } else {
                    Lanes::Public(parts.into_iter().flat_map(public).collect())
                };
                self.set(concat.result, joined);
                Ok(())
            }
            Inst::Loop(l) => {
                let (from, to) = (self.bound(l.from, l.site)?, self.bound(l.to, l.site)?);
                self.pass(&l.carried, |c| (c.init, c.param), l.site)?;
                for counter in from..to {
                    self.set(l.counter, Lanes::Public(vec![counter]));
                    self.block(&l.body)?;
                    self.pass(&l.carried, |c| (c.next, c.param), l.site)?;
                }
                self.pass(&l.carried, |c| (c.param, c.result), l.site)
            }
            Inst::While(w) => {
                self.pass(&w.carried, |c| (c.init, c.param), w.site)?;
                loop {
                    self.block(&w.head)?;
                    if self.scalar(w.condition, w.site)? == 0 {
                        break;
                    }
                    self.block(&w.body)?;
                    self.pass(&w.carried, |c| (c.next, c.param), w.site)?;
                }
                self.pass(&w.carried, |c| (c.param, c.result), w.site)
            }
            Inst::If(i) => {
                let holds = self.scalar(i.condition, i.site)? != 0;
                self.block(if holds { &i.then } else { &i.otherwise })?;
                for joined in &i.results {
                    let lanes = self.lanes(if holds { joined.then } else { joined.otherwise }, i.site)?.clone();
                    let lanes = self.copied(lanes, self.program.ty(joined.result), i.site)?;
                    self.set(joined.result, lanes);
                }
                Ok(())
            }
        }
    }

    fn gate(&mut self, gate: &Gate) -> Result<(), Failure> {
        let site = gate.site;
        match (gate.op, gate.result) {
            (Op::Input { input, leaf }, Some(result)) => {
                let before =
                    self.program.manifest.inputs.iter().take(input.index()).flat_map(|input| input.ty.leaves());
                let own = self.program.manifest.inputs[input.index()].ty.leaves();
                let before = before.chain(own.into_iter().take(leaf as usize));
                let first: u64 = before.map(|leaf| leaf.lanes.unwrap_or(0)).sum();
                let first = usize::try_from(first).unwrap_or(0);
                let lanes = usize::try_from(self.program.lanes(result)).unwrap_or(0);
                let words = self.inputs[first..first + lanes].to_vec();
                self.set(result, Lanes::Words(words));
                Ok(())
            }
            (Op::Output { .. }, _) => {
                let arg = self.read(&gate.args[0], site)?;
                let ty = self.program.ty(gate.args[0].value);
                let ty =
                    if ty.is_secret() { ty } else { return Err(Failure { site, what: "a result that is no word" }) };
                let words = words(self.copied(arg, ty, site)?);
                self.outputs.extend(words.into_iter().flatten());
                Ok(())
            }
            (op, Some(result)) => {
                let slot = self.program.slot(result);
                let lanes = self.eval(op, &gate.args, slot, None, site)?;
                self.set(result, lanes);
                Ok(())
            }
            (_, None) => Err(Failure { site, what: "a circuit that checks something" }),
        }
    }

    fn update(&mut self, update: &Update) -> Result<(), Failure> {
        let site = update.site;
        let Slot { ty, lanes } = self.program.slot(update.array);
        let mut array = self.lanes(update.array, site)?.clone();
        if let Op::Scatter {} = update.op {
            let array = self.eval(Op::Scatter {}, &update.args, Slot { ty, lanes }, Some(array), site)?;
            self.set(update.result, array);
            return Ok(());
        }
        let count = update.place.lanes().unwrap_or(0);
        let written = self.eval(update.op, &update.args, Slot { ty, lanes: count }, None, site)?;
        let places = self.places(&update.place, lanes, site)?;
        match (&mut array, written) {
            (Lanes::Public(array), Lanes::Public(written)) => {
                places.into_iter().zip(written).for_each(|(at, word)| array[at] = word);
            }
            (Lanes::Words(array), Lanes::Words(written)) => {
                places.into_iter().zip(written).for_each(|(at, word)| array[at] = word);
            }
            _ => return Err(Failure { site, what: "a circuit that computes with numbers" }),
        }
        self.set(update.result, array);
        Ok(())
    }

    /// The lanes of a gate's result; `array` is what a scatter changes.
    fn eval(
        &mut self,
        op: Op,
        refs: &[Ref],
        result: Slot,
        array: Option<Lanes>,
        site: SiteId,
    ) -> Result<Lanes, Failure> {
        let numbers = Failure { site, what: "a circuit that computes with numbers" };
        let mut args = Vec::with_capacity(refs.len() + 1);
        for arg in refs {
            args.push(self.read(arg, site)?);
        }
        if matches!(result.ty, RegType::Arith { .. }) {
            return Err(numbers);
        }
        if !result.ty.is_secret() {
            let types: Vec<RegType> = refs.iter().map(|arg| self.program.ty(arg.value)).collect();
            if types.iter().any(RegType::is_secret) {
                return Err(Failure { site, what: "a circuit that reveals something" });
            }
            let (mut lanes, mut all) = (Vec::new(), Vec::new());
            if let Some(array) = array {
                lanes.push(public(array));
                all.push(result.ty);
            }
            lanes.extend(args.into_iter().map(public));
            all.extend(types);
            let found = eval::eval(self.program, op, &lanes, &all, result);
            return found.map(Lanes::Public).map_err(|_| Failure { site, what: "a circuit that always stops" });
        }
        let RegType::Bin { width } = result.ty else { return Err(numbers) };
        let width = width as usize;
        if self.builder.gates() > MAX_GATES {
            return Err(Failure { site, what: "a circuit with too many gates" });
        }
        let lanes = usize::try_from(result.lanes).unwrap_or(0);
        Ok(Lanes::Words(match op {
            Op::Copy {} => words(self.copied(args.remove(0), result.ty, site)?),
            Op::Gather {} => {
                let (from, at) = (words(args.remove(0)), public(args.remove(0)));
                let lane = |at: &i64| usize::try_from(*at).ok().and_then(|at| from.get(at)).cloned();
                at.iter().map(lane).collect::<Option<_>>().ok_or(Failure { site, what: "an index outside an array" })?
            }
            Op::Scatter {} => {
                let mut array = array.map(words).ok_or(numbers)?;
                let (written, at) = (words(self.copied(args.remove(0), result.ty, site)?), public(args.remove(0)));
                for (at, word) in at.into_iter().zip(written) {
                    let place = usize::try_from(at).ok().and_then(|at| array.get_mut(at));
                    *place.ok_or(Failure { site, what: "an index outside an array" })? = word;
                }
                array
            }
            _ => {
                let types = refs.iter().map(|arg| self.program.ty(arg.value));
                let wide = types.filter_map(|ty| match ty {
                    RegType::Bin { width } => Some(width as usize),
                    RegType::Pub { .. } | RegType::Arith { .. } => None,
                });
                let wide = wide.max().ok_or(numbers)?;
                let args: Vec<Vec<Vec<Bit>>> = args.into_iter().map(|arg| spelled(arg, wide)).collect();
                let mut out = Vec::with_capacity(lanes);
                for lane in 0..lanes {
                    let args: Vec<&[Bit]> = args.iter().map(|arg| arg[lane].as_slice()).collect();
                    let word = wires::word(self.program, &mut self.builder, op, &args, width);
                    out.push(word.ok_or(numbers)?);
                }
                out
            }
        }))
    }

    /// Lanes as a register of that type holds them.
    fn copied(&self, lanes: Lanes, ty: RegType, site: SiteId) -> Result<Lanes, Failure> {
        match ty {
            RegType::Bin { width } => Ok(Lanes::Words(spelled(lanes, width as usize))),
            RegType::Pub { .. } => Ok(lanes),
            RegType::Arith { .. } => Err(Failure { site, what: "a circuit that computes with numbers" }),
        }
    }

    // Values.

    fn set(&mut self, value: ValueId, lanes: Lanes) {
        self.values[value.index()] = Some(lanes);
    }

    fn lanes(&self, value: ValueId, site: SiteId) -> Result<&Lanes, Failure> {
        self.values[value.index()].as_ref().ok_or(Failure { site, what: "a value that is not there" })
    }

    fn scalar(&self, value: ValueId, site: SiteId) -> Result<i64, Failure> {
        match self.lanes(value, site)? {
            Lanes::Public(lanes) => Ok(lanes.first().copied().unwrap_or(0)),
            Lanes::Words(_) => Err(Failure { site, what: "a circuit that a secret steers" }),
        }
    }

    fn bound(&self, bound: Bound, site: SiteId) -> Result<i64, Failure> {
        match bound {
            Bound::Const(value) => Ok(value),
            Bound::Value(value) => self.scalar(value, site),
        }
    }

    fn pass(
        &mut self,
        carried: &[Carried],
        way: impl Fn(&Carried) -> (ValueId, ValueId),
        site: SiteId,
    ) -> Result<(), Failure> {
        let mut all = Vec::with_capacity(carried.len());
        for c in carried {
            let (from, into) = way(c);
            let lanes = self.lanes(from, site)?.clone();
            all.push((into, self.copied(lanes, self.program.ty(into), site)?));
        }
        all.into_iter().for_each(|(value, lanes)| self.set(value, lanes));
        Ok(())
    }

    fn read(&self, arg: &Ref, site: SiteId) -> Result<Lanes, Failure> {
        let places = self.places(&arg.place, self.program.lanes(arg.value), site)?;
        Ok(match self.lanes(arg.value, site)? {
            Lanes::Public(lanes) => Lanes::Public(places.into_iter().map(|at| lanes[at]).collect()),
            Lanes::Words(lanes) => Lanes::Words(places.into_iter().map(|at| lanes[at].clone()).collect()),
        })
    }

    /// The lanes that a view names, one after another.
    fn places(&self, place: &Place, lanes: u64, site: SiteId) -> Result<Vec<usize>, Failure> {
        let index = place.index.map_or(Ok(0), |index| self.scalar(index.value, site))?;
        place.named(index, lanes).ok_or(Failure { site, what: "an index outside an array" })
    }
}

fn public(lanes: Lanes) -> Vec<i64> {
    match lanes {
        Lanes::Public(lanes) => lanes,
        Lanes::Words(_) => Vec::new(),
    }
}

fn words(lanes: Lanes) -> Vec<Vec<Bit>> {
    match lanes {
        Lanes::Words(lanes) => lanes,
        Lanes::Public(_) => Vec::new(),
    }
}

/// Lanes as words of so many bits; a public integer that is not negative spells one.
fn spelled(lanes: Lanes, width: usize) -> Vec<Vec<Bit>> {
    match lanes {
        Lanes::Words(lanes) => lanes,
        Lanes::Public(lanes) => lanes.into_iter().map(|word| wires::spelled(word, width)).collect(),
    }
}
