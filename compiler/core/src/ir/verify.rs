//! Says whether a program is well formed. What holds of one that passes:
//!
//! * each value is defined once, before it is read, and is read only where its definition is in scope;
//! * types say something (`lo <= hi`, planes within [`MAX_WIDTH`]), ids of tables exist, and there is a place for every instruction;
//! * operands and results of an operation are of the domains and lengths that the table and the operation ask for: a result is secret
//!   where an operand is, and public otherwise (a copy may make it secret);
//! * views have at most two dimensions and stay inside their values, apart from a run-time index, which is a public integer; the place of an update names
//!   no lane twice;
//! * what a loop carries and what an `if` joins has one length and types that fit; bounds, conditions and indices are public scalars;
//! * a secret number comes out of `input` with the full range (only `prove_range` narrows it).
//!
//! That the array of an update is dead behind it is a matter of `passes::in_place`, which puts copies in where it is not.

use super::{
    Block, Bound, Carried, Constant, Gate, Inst, Op, Place, Program, Ref, RegType, SiteId, Slot, ValueId, copies, fits,
};
use smpc_bytecode::types::MAX_WIDTH;

/// Why a program is not well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The place of the instruction at fault.
    pub site: Option<SiteId>,
    /// What is wrong with it.
    pub what: String,
}

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.site {
            Some(site) => write!(f, "at site {}: {}", site.0, self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for VerifyError {}

type Checked = Result<(), VerifyError>;

/// Checks a program.
///
/// # Errors
/// The first thing that is wrong, in program order.
pub fn verify(program: &Program) -> Checked {
    let mut verifier = Verifier { program, scope: vec![Scope::Undefined; program.values.len()], site: None };
    verifier.block(&program.body, &mut Vec::new())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Undefined,
    Known,
    Gone,
}

struct Verifier<'a> {
    program: &'a Program,
    scope: Vec<Scope>,
    site: Option<SiteId>,
}

impl Verifier<'_> {
    fn fail<T>(&self, what: impl Into<String>) -> Result<T, VerifyError> {
        Err(VerifyError { site: self.site, what: what.into() })
    }

    fn demand(&self, holds: bool, what: impl FnOnce() -> String) -> Checked {
        if holds { Ok(()) } else { self.fail(what()) }
    }

    // Scopes.

    /// Checks the block; what it defines is added to `defined`, for the caller to close once what the block hands on is checked.
    fn block(&mut self, block: &Block, defined: &mut Vec<ValueId>) -> Checked {
        block.iter().try_for_each(|inst| self.inst(inst, defined))
    }

    fn close(&mut self, defined: Vec<ValueId>) {
        defined.into_iter().for_each(|value| self.scope[value.index()] = Scope::Gone);
    }

    fn define(&mut self, value: ValueId, defined: &mut Vec<ValueId>) -> Checked {
        let known = self.scope.get(value.index()).copied();
        self.demand(known == Some(Scope::Undefined), || format!("%{} is defined twice, or not in the arena", value.0))?;
        let slot = self.program.slot(value);
        let sensible = match slot.ty {
            RegType::Pub { lo, hi, frac, .. } | RegType::Arith { lo, hi, frac } => lo <= hi && frac < 64,
            RegType::Bin { width } => (1..=MAX_WIDTH).contains(&width),
        };
        self.demand(sensible, || format!("%{} has a type without values", value.0))?;
        self.scope[value.index()] = Scope::Known;
        defined.push(value);
        Ok(())
    }

    fn known(&self, value: ValueId) -> Result<Slot, VerifyError> {
        match self.scope.get(value.index()) {
            Some(Scope::Known) => Ok(self.program.slot(value)),
            Some(Scope::Gone) => self.fail(format!("%{} is read outside of the block that defines it", value.0)),
            Some(Scope::Undefined) | None => self.fail(format!("%{} is read before it is defined", value.0)),
        }
    }

    fn scalar(&self, value: ValueId, condition: bool) -> Checked {
        let slot = self.known(value)?;
        let public = !slot.ty.is_secret() && slot.ty.frac() == 0;
        let range = !condition || { slot.ty.range().0 >= 0 && slot.ty.range().1 <= 1 };
        self.demand(public && range && slot.lanes == 1, || {
            format!("%{} has to be a public {} of one lane", value.0, if condition { "truth value" } else { "integer" })
        })
    }

    // Instructions.

    fn inst(&mut self, inst: &Inst, defined: &mut Vec<ValueId>) -> Checked {
        let site = inst.site();
        self.site = Some(site);
        let sites = self.program.sources.sites.len();
        self.demand(site.index() < sites, || "there is no such site".to_owned())?;
        match inst {
            Inst::Gate(gate) => self.gate(gate)?,
            Inst::Update(update) => {
                let array = self.known(update.array)?;
                self.place(&update.place, array.lanes)?;
                let twice = || "the place of an update names a lane twice, or may".to_owned();
                self.demand(distinct(&update.place), twice)?;
                self.demand(array == self.program.slot(update.result), || {
                    "array and result of an update differ in type or length".to_owned()
                })?;
                let whole = matches!(update.op, Op::Scatter {});
                self.demand(!whole || update.place.is_whole(array.lanes), || {
                    "a scatter changes the whole array".to_owned()
                })?;
                let mut args = Vec::new();
                for arg in &update.args {
                    args.push(self.view(arg)?);
                }
                let lanes = update.place.lanes().unwrap_or(0);
                self.operation(update.op, &args, Some(Slot { ty: array.ty, lanes }))?;
            }
            Inst::Concat(concat) => {
                let result = self.program.slot(concat.result);
                let mut lanes = 0_u64;
                for part in &concat.parts {
                    let slot = self.view(part)?;
                    lanes = lanes.saturating_add(slot.lanes);
                    self.demand(copies(slot.ty, result.ty), || "a part does not fit the concatenation".to_owned())?;
                }
                self.demand(lanes == result.lanes, || "the parts have another length than the whole".to_owned())?;
            }
            Inst::Loop(l) => {
                for bound in [l.from, l.to] {
                    if let Bound::Value(value) = bound {
                        self.scalar(value, false)?;
                    }
                }
                let mut inner = Vec::new();
                self.enter(&l.carried, &mut inner)?;
                self.define(l.counter, &mut inner)?;
                self.scalar(l.counter, false)?;
                self.block(&l.body, &mut inner)?;
                self.hand(&l.carried, site)?;
                self.close(inner);
            }
            Inst::While(w) => {
                let mut inner = Vec::new();
                self.enter(&w.carried, &mut inner)?;
                self.block(&w.head, &mut inner)?;
                self.site = Some(site);
                self.scalar(w.condition, true)?;
                self.block(&w.body, &mut inner)?;
                self.hand(&w.carried, site)?;
                self.close(inner);
            }
            Inst::If(i) => {
                self.scalar(i.condition, true)?;
                for (block, side) in [(&i.then, 0), (&i.otherwise, 1)] {
                    let mut inner = Vec::new();
                    self.block(block, &mut inner)?;
                    self.site = Some(site);
                    for joined in &i.results {
                        let from = self.known(if side == 0 { joined.then } else { joined.otherwise })?;
                        self.flows(from, self.program.slot(joined.result))?;
                    }
                    self.close(inner);
                }
            }
        }
        self.site = Some(site);
        let mut results = Vec::new();
        inst.each_result(&mut |value| results.push(value));
        results.into_iter().try_for_each(|value| self.define(value, defined))
    }

    fn enter(&mut self, carried: &[Carried], inner: &mut Vec<ValueId>) -> Checked {
        for c in carried {
            let init = self.known(c.init)?;
            self.define(c.param, inner)?;
            self.flows(init, self.program.slot(c.param))?;
            self.flows(self.program.slot(c.param), self.program.slot(c.result))?;
        }
        Ok(())
    }

    fn hand(&mut self, carried: &[Carried], site: SiteId) -> Checked {
        self.site = Some(site);
        for c in carried {
            self.flows(self.known(c.next)?, self.program.slot(c.param))?;
        }
        Ok(())
    }

    fn flows(&self, from: Slot, into: Slot) -> Checked {
        self.demand(from.lanes == into.lanes && fits(from.ty, into.ty), || {
            format!("a value of {} does not fit {}", super::text::ShownSlot(from), super::text::ShownSlot(into))
        })
    }

    fn gate(&mut self, gate: &Gate) -> Checked {
        let mut args = Vec::new();
        for arg in &gate.args {
            args.push(self.view(arg)?);
        }
        let misplaced = matches!(gate.op, Op::Scatter {});
        self.demand(!misplaced, || format!("{} has to stand in an update", gate.op.mnemonic()))?;
        self.operation(gate.op, &args, gate.result.map(|result| self.program.slot(result)))
    }

    // Views.

    fn view(&self, view: &Ref) -> Result<Slot, VerifyError> {
        let slot = self.known(view.value)?;
        self.place(&view.place, slot.lanes)?;
        Ok(Slot { ty: slot.ty, lanes: view.lanes() })
    }

    fn place(&self, place: &Place, lanes: u64) -> Checked {
        let named = place.lanes();
        self.demand(place.dims.len() <= 2 && named.is_some(), || "a view of more than two dimensions".to_owned())?;
        if let Some(index) = place.index {
            self.scalar(index.value, false)?;
        }
        let Some((least, greatest)) = place.extent() else {
            return self.demand(named == Some(0), || "a view of more than 2^64 lanes".to_owned());
        };
        // With an index only the distance counts.
        let (least, greatest) = if place.index.is_some() { (0, greatest - least) } else { (least, greatest) };
        self.demand(least >= 0 && greatest < i128::from(lanes), || {
            format!("a view reaches lanes {least}..={greatest} of {lanes}")
        })
    }

    // Operations.

    fn operation(&self, op: Op, args: &[Slot], result: Option<Slot>) -> Checked {
        self.domains(op, args, result)?;
        let fits = lengths(op, args, result);
        self.demand(fits, || format!("operands of {} have the wrong lengths", op.mnemonic()))?;
        let program = self.program;
        let exists = match op {
            Op::Const { constant } | Op::ConstRounded { constant } => match program.constants.get(constant.index()) {
                Some(Constant::Words(words)) => {
                    words.len() == 1 || result.is_some_and(|slot| words.len() as u64 == slot.lanes)
                }
                Some(Constant::Range { .. }) => true,
                None => false,
            },
            Op::Check { message } | Op::StopUnless { message } => message.index() < program.messages.len(),
            Op::Netlist { netlist } => program.netlists.get(netlist.index()).is_some_and(|netlist| {
                let widths: Vec<RegType> =
                    netlist.inputs().iter().map(|width| RegType::Bin { width: *width }).collect();
                args.iter().map(|arg| arg.ty).eq(widths)
                    && result.is_some_and(|slot| slot.ty == RegType::Bin { width: netlist.outputs().len() as u32 })
            }),
            Op::Join {} => {
                let width = |ty| if let RegType::Bin { width } = ty { width } else { 0 };
                let sum = args.iter().map(|arg| u64::from(width(arg.ty))).sum::<u64>();
                result.is_some_and(|slot| u64::from(width(slot.ty)) == sum)
            }
            Op::Input { input, .. } => input.index() < program.manifest.inputs.len(),
            Op::Output { output, .. } => output.index() < program.manifest.outputs.len(),
            _ => true,
        };
        self.demand(exists, || format!("{} names something that does not exist or does not fit", op.mnemonic()))?;
        if let (Op::Input { .. }, Some(Slot { ty: RegType::Arith { lo, hi, .. }, .. })) = (op, result) {
            let full = (lo, hi) == (i64::MIN, i64::MAX);
            return self.demand(full, || "a secret input has a range before it is proven".to_owned());
        }
        Ok(())
    }

    fn domains(&self, op: Op, args: &[Slot], result: Option<Slot>) -> Checked {
        let info = op.info();
        let letters: Vec<char> = info.operands.chars().filter(char::is_ascii_alphabetic).collect();
        let many = info.operands.contains("...");
        self.demand(many || letters.len() == args.len(), || {
            format!("{} takes {} operands, not {}", info.mnemonic, letters.len(), args.len())
        })?;
        for (arg, letter) in args.iter().zip(letters.iter().cycle()) {
            self.demand(of_domain(*letter, arg.ty), || {
                format!("an operand of {} is of a wrong domain", info.mnemonic)
            })?;
        }
        let Some(result) = result else {
            return self.demand(info.result == "-", || format!("the result of {} goes nowhere", info.mnemonic));
        };
        let letter = info.result.chars().next().unwrap_or('-');
        let secret = args.iter().any(|arg| arg.ty.is_secret());
        let sides = match op {
            Op::Copy {} => {
                return self
                    .demand(copies(args[0].ty, result.ty), || "a copy into a type that it does not fit".to_owned());
            }
            // Where the values come from outside, either is right.
            Op::Input { .. } => true,
            Op::Scatter {} => copies(args[0].ty, result.ty),
            _ => letter == 'p' || letter == 'b' || letter == 'a' || result.ty.is_secret() == secret,
        };
        self.demand(of_domain(letter, result.ty) && sides, || {
            format!("the result of {} is of a wrong domain", info.mnemonic)
        })
    }
}

fn of_domain(letter: char, ty: RegType) -> bool {
    match letter {
        'v' => true,
        'p' => !ty.is_secret(),
        'n' => !matches!(ty, RegType::Bin { .. }),
        'l' => !matches!(ty, RegType::Arith { .. }),
        'a' => matches!(ty, RegType::Arith { .. }),
        'b' => matches!(ty, RegType::Bin { .. }),
        _ => false,
    }
}

/// Whether numbers of lanes are what the operation asks for.
fn lengths(op: Op, args: &[Slot], result: Option<Slot>) -> bool {
    let result = result.map(|slot| slot.lanes);
    let lanes = |at: usize| args.get(at).map_or(0, |arg| arg.lanes);
    let times = |n: u64| result.and_then(|lanes| lanes.checked_mul(n));
    let product = |a: u64, b: u64| a.checked_mul(b);
    match op {
        Op::Const { .. } | Op::ConstRounded { .. } | Op::Input { .. } | Op::Random {} => true,
        Op::Output { .. } => true,
        Op::Check { .. } | Op::StopUnless { .. } => true,
        Op::Gather {} => result == Some(lanes(1)),
        Op::Scatter {} => lanes(0) == lanes(1),
        Op::Dot { len } => times(len) == Some(lanes(0)) && lanes(0) == lanes(1),
        Op::MatMul { rows, inner, cols } => {
            product(rows, inner) == Some(lanes(0))
                && product(inner, cols) == Some(lanes(1))
                && product(rows, cols) == result
        }
        Op::Sum { len } => times(len) == Some(lanes(0)),
        Op::PrefixSum { len } => result == Some(lanes(0)) && (lanes(0) == 0 || len > 0 && lanes(0) % len == 0),
        Op::Sort { columns } => columns > 0 && lanes(0) % u64::from(columns) == 0 && result == Some(lanes(0)),
        _ => args.iter().all(|arg| result == Some(arg.lanes)),
    }
}

/// Whether a place surely names no lane twice.
pub(crate) fn distinct(place: &Place) -> bool {
    match *place.clone().simplified().dims.as_slice() {
        [] => true,
        [dim] => dim.stride != 0 || dim.len == 0,
        [a, b] => {
            let apart = |wide: super::Dim, narrow: super::Dim| {
                let reach = i128::from(narrow.stride.unsigned_abs()) * i128::from(narrow.len - 1);
                narrow.stride != 0 && i128::from(wide.stride.unsigned_abs()) > reach
            };
            apart(a, b) || apart(b, a)
        }
        _ => false,
    }
}
