//! What each operation does to dependencies and forms. One match without a wildcard: a new operation does not compile until somebody has said what it discloses.

use super::Means;
use super::form::{Form, Mode, Number, half, power, triangle, whole};
use super::lanes::{Block, LaneSet};
use super::value::{Deps, Lanes, MOST_ROWS, Use, Value};
use super::walk::{Unclear, Walk};
use crate::module::{Constant, Gate, Slot};
use crate::op::{Op, SiteId};
use crate::semantics::{self, Operand};
use crate::types::{Kind, RegType};
use num_traits::{One, Signed, Zero};
use std::borrow::Cow;
use std::rc::Rc;

/// Lanes of a run that are taken one by one where they have no short form together.
const MOST_LANES: u64 = 512;

/// Running totals that are followed one by one.
const MOST_TOTALS: u64 = 1 << 10;

/// Running totals of a longer column that are followed all the same: the first ones tell most of single rows.
const FIRST_TOTALS: u64 = 64;

impl<'m> Walk<'m> {
    #[allow(clippy::too_many_lines, reason = "one arm an operation")]
    pub(super) fn gate(&mut self, gate: &'m Gate) {
        let site = gate.site;
        let args: Vec<Lanes> = gate.args.iter().map(|view| self.read(view, site)).collect();
        let len = gate.dst.as_ref().and_then(crate::module::View::lanes).unwrap_or(0);
        let first = || args.first().cloned().unwrap_or_default();
        let ty = gate.dst.as_ref().map(|dst| self.module.slots[dst.slot.index()].ty);
        if let Some(known) = self.folded(gate, &args, len) {
            return self.finish(gate, known);
        }
        let result = match gate.op {
            Op::Const { constant } | Op::ConstRounded { constant } => self.constant(constant.index(), len),
            Op::Copy {} | Op::Relabel {} | Op::ProveRange {} => first(),
            Op::Open { .. } => {
                self.disclose(gate, &first());
                first().map(|_, value| Value {
                    deps: Rc::new(through(&value.deps, Means::OPENED)),
                    form: value.form.clone(),
                })
            }
            Op::Output { .. } | Op::Check { .. } => {
                self.disclose(gate, &first());
                return;
            }
            // The condition is public: nobody learns more than what it was computed from.
            Op::StopUnless { .. } => return,
            Op::Input { input, leaf } => self.input(input.index(), leaf as usize, len),
            Op::Random {} => Lanes::of(len, Value::new(Deps { random: true, ..Deps::default() }, None)),

            Op::Gather {} => self.gather(&args, len, site),
            Op::Scatter {} => return self.scatter(gate, &args),

            Op::Add {} => self.lanewise(gate, &args, [Means::SUM; 2], |v| plus(&v[0], &v[1], Mode::Number)),
            Op::Sub {} => self.lanewise(gate, &args, [Means::SUM; 2], |v| minus(&v[0], &v[1], Mode::Number)),
            Op::AddWrap {} => self.lanewise(gate, &args, [Means::WRAP; 2], |v| plus(&v[0], &v[1], Mode::Wrapped)),
            Op::SubWrap {} => self.lanewise(gate, &args, [Means::WRAP; 2], |v| minus(&v[0], &v[1], Mode::Wrapped)),
            Op::Neg {} => self.lanewise(gate, &args, [Means::SUM], |v| v[0].as_ref()?.times(&whole(-1))),
            Op::Mul {} => self.product(gate, &args, Means::PRODUCT),
            Op::MulWrap {} => self.product(gate, &args, Means::PRODUCT | Means::WRAP),
            Op::Dot { len } => {
                let products = self.product(gate, &args, Means::PRODUCT);
                self.summed(gate, &products, len)
            }
            Op::MatMul { rows, inner, cols } => self.matrix(gate, &args, rows, inner, cols),
            Op::Sum { len } => self.summed(gate, &first(), len),
            Op::PrefixSum { len } => self.totals(gate, &first(), len),

            Op::Trunc { bits: 0 } | Op::Round { bits: 0 } | Op::TruncStochastic { bits: 0 } => first(),
            Op::Trunc { bits } => self.scaled(gate, &args[..1], &power(bits).recip(), &Number::one()),
            Op::Round { bits } => self.scaled(gate, &args[..1], &power(bits).recip(), &half()),
            Op::TruncStochastic { bits } => {
                let found = self.scaled(gate, &args[..1], &power(bits).recip(), &Number::one());
                found.map(|_, value| {
                    let deps = Deps { stochastic: true, ..(*value.deps).clone() };
                    Value { deps: Rc::new(deps), form: value.form.clone() }
                })
            }
            Op::Div {} => self.quotient(gate, &args, &Number::one(), &Number::one()),
            Op::FixDiv { frac } => self.quotient(gate, &args, &power(frac), &half()),
            Op::Rem {} => self.lanewise(gate, &args, [Means::REMAINDER; 2], |_| None),
            Op::Sqrt { .. } => self.lanewise(gate, &args, [Means::ROOT], |_| None),

            Op::Lt {} | Op::Eq {} => self.lanewise(gate, &args, [Means::COMPARED; 2], |_| None),
            Op::Select {} => self.select(gate, &args),

            Op::Xor {} => {
                let bit = ty.is_some_and(is_bit);
                self.lanewise(gate, &args, [Means::XOR; 2], |v| {
                    let (a, b) = (v[0].as_ref()?, v[1].as_ref()?);
                    let flipped = |known: &Form, x: &Form| match known.integer(0).filter(|_| known.slope.is_zero()) {
                        Some(0) => Some(x.clone()),
                        Some(1) if bit => negated(x),
                        _ => None,
                    };
                    flipped(a, b).or_else(|| flipped(b, a)).or_else(|| a.xor(b))
                })
            }
            Op::And {} | Op::Or {} => {
                let (bit, and) = (ty.is_some_and(is_bit), matches!(gate.op, Op::And {}));
                self.lanewise(gate, &args, [Means::BITS; 2], |v| {
                    let (a, b) = (v[0].as_ref()?, v[1].as_ref()?);
                    let kept = |known: &Form, x: &Form| match known.integer(0).filter(|_| known.slope.is_zero()) {
                        Some(1) if bit && and => Some(x.clone()),
                        Some(0) if !and => Some(x.clone()),
                        _ => None,
                    };
                    kept(a, b).or_else(|| kept(b, a))
                })
            }
            Op::Not {} => {
                let bit = ty.is_some_and(is_bit);
                self.lanewise(gate, &args, [Means::BITS], |v| {
                    let a = v[0].as_ref()?;
                    if bit { negated(a) } else { a.as_word() }
                })
            }
            Op::Planes { from } => {
                let same = from == 0 && gate.args.first().map(|view| self.module.slots[view.slot.index()].ty) == ty;
                self.lanewise(gate, &args, [Means::BITS], |v| v[0].as_deref().filter(|_| same).cloned())
            }
            Op::Join {} if args.len() == 1 => first(),
            Op::Join {} => self.lanewise(gate, &args, vec![Means::BITS; args.len()], |_| None),
            Op::Netlist { .. } => self.lanewise(gate, &args, vec![Means::CIRCUIT; args.len()], |_| None),
            // A word spells the same number without a sign where the number has none.
            Op::A2b {} => {
                let unsigned =
                    gate.args.first().is_some_and(|view| self.module.slots[view.slot.index()].ty.range().0 >= 0);
                self.lanewise(gate, &args, [Means::NONE], |v| v[0].as_deref().filter(|_| unsigned).cloned())
            }
            Op::B2a { signed } => self.lanewise(gate, &args, [Means::NONE], |v| {
                v[0].as_deref().filter(|form| !signed && form.mode == Mode::Number).cloned()
            }),

            Op::Sort { columns } => self.sorted(gate, &args, columns),
        };
        self.finish(gate, result);
    }

    fn finish(&mut self, gate: &'m Gate, result: Lanes) {
        if let Some(dst) = &gate.dst {
            self.write(dst, result, gate.site);
        }
    }

    /// Lane by lane; `how` each operand has a part in it, and its form from the operands' where it has one.
    fn lanewise(
        &mut self,
        gate: &Gate,
        args: &[Lanes],
        how: impl AsRef<[Means]>,
        form: impl Fn(&[Option<Rc<Form>>]) -> Option<Form>,
    ) -> Lanes {
        let mut pieces: Vec<(u64, Deps, Option<Form>)> = Vec::new();
        Lanes::cut(args, |len, values| {
            let forms: Vec<Option<Rc<Form>>> = values.iter().map(|value| value.form.clone()).collect();
            pieces.push((len, mixed(values, how.as_ref(), len), form(&forms)));
        });
        self.collected(gate, pieces)
    }

    fn collected(&mut self, gate: &Gate, pieces: Vec<(u64, Deps, Option<Form>)>) -> Lanes {
        let mut result = Lanes::default();
        for (len, deps, form) in pieces {
            self.steps += 1 + deps.uses.len() as u64 / 64;
            let value = self.value(deps, form, len, gate);
            result.push(len, value);
        }
        result
    }

    fn constant(&self, constant: usize, len: u64) -> Lanes {
        let number = |value: i64| whole(value.into());
        let mut found = Lanes::default();
        match self.module.constants.get(constant) {
            Some(Constant::Range { start, step }) => {
                let step = if len > 1 { number(*step) } else { Number::zero() };
                found.push(len, Value::known(Form::constant(number(*start), step)));
            }
            Some(Constant::Words(words)) => match words[..] {
                [one] => found.push(len, Value::known(Form::constant(number(one), Number::zero()))),
                _ => {
                    for word in words {
                        found.push(1, Value::known(Form::constant(number(*word), Number::zero())));
                        if found.runs.len() > super::value::MOST_RUNS {
                            // Known, but not kept.
                            return Lanes::of(len, Value::new(Deps::default(), None));
                        }
                    }
                }
            },
            None => {}
        }
        found
    }

    fn input(&self, input: usize, leaf: usize, len: u64) -> Lanes {
        let column = self.columns.get(input).map_or(0, |first| first + leaf);
        let lanes = Rc::new(LaneSet::of(Block::DIAGONAL.at(0, 1, len.into())));
        let deps = Deps { uses: vec![Use { column, how: Means::NONE, lanes }], ..Deps::default() };
        Lanes::of(len, Value::new(deps, Some(Form::variable(super::form::Var(column)).at(0, 1, len.into()))))
    }

    /// The result where all operands are known, lane by lane for a few.
    fn folded(&self, gate: &Gate, args: &[Lanes], len: u64) -> Option<Lanes> {
        let dst = gate.dst.as_ref()?;
        let slot = self.module.slots.get(dst.slot.index())?;
        let lanewise = match gate.op {
            Op::Add {}
            | Op::Sub {}
            | Op::Neg {}
            | Op::Mul {}
            | Op::AddWrap {}
            | Op::SubWrap {}
            | Op::MulWrap {}
            | Op::Trunc { .. }
            | Op::Round { .. }
            | Op::Div {}
            | Op::Rem {}
            | Op::FixDiv { .. }
            | Op::Sqrt { .. }
            | Op::Lt {}
            | Op::Eq {}
            | Op::Select {}
            | Op::Xor {}
            | Op::And {}
            | Op::Or {}
            | Op::Not {} => true,
            Op::Const { .. }
            | Op::ConstRounded { .. }
            | Op::Copy {}
            | Op::Gather {}
            | Op::Scatter {}
            | Op::Relabel {}
            | Op::Dot { .. }
            | Op::MatMul { .. }
            | Op::Sum { .. }
            | Op::PrefixSum { .. }
            | Op::TruncStochastic { .. }
            | Op::Planes { .. }
            | Op::Netlist { .. }
            | Op::Join {}
            | Op::A2b {}
            | Op::B2a { .. }
            | Op::Input { .. }
            | Op::ProveRange {}
            | Op::Open { .. }
            | Op::Output { .. }
            | Op::Check { .. }
            | Op::StopUnless { .. }
            | Op::Random {}
            | Op::Sort { .. } => false,
        };
        let is_known = |lanes: &Lanes| {
            lanes
                .runs
                .iter()
                .all(|run| run.value.deps.is_empty() && run.value.form.as_ref().is_some_and(|form| form.is_known()))
        };
        if !lanewise || slot.ty.is_secret() || args.is_empty() || !args.iter().all(is_known) {
            return None;
        }
        let types: Vec<RegType> = gate.args.iter().map(|view| self.module.slots[view.slot.index()].ty).collect();
        let mut result = Lanes::default();
        let mut whole_lanes = true;
        Lanes::cut(args, |run, values| {
            let forms: Vec<&Form> = values.iter().filter_map(|value| value.form.as_deref()).collect();
            let still = forms.iter().all(|form| form.slope.is_zero());
            if !still && run > MOST_LANES {
                whole_lanes = false;
                return;
            }
            for lane in 0..(if still { 1 } else { run }) {
                let operands: Option<Vec<Operand<'_>>> = forms
                    .iter()
                    .zip(&types)
                    .map(|(form, ty)| Some(Operand { ty: *ty, lanes: Cow::Owned(vec![form.integer(lane.into())?]) }))
                    .collect();
                let one = Slot { ty: slot.ty, lanes: 1 };
                let value = operands.and_then(|operands| semantics::eval(gate.op, &one, &operands, None).ok());
                let form =
                    value.and_then(|value| Some(Form::constant(whole((*value.first()?).into()), Number::zero())));
                result.push(if still { run } else { 1 }, Value::new(Deps::default(), form));
            }
        });
        (whole_lanes && result.len() == len).then_some(result)
    }

    /// Products lane by lane: of a known number a multiple.
    fn product(&mut self, gate: &Gate, args: &[Lanes], how: Means) -> Lanes {
        let mut pieces: Vec<(u64, Deps, Option<Form>)> = Vec::new();
        Lanes::cut(args, |len, values| {
            let [a, b] = values else { return };
            let known = |value: &Value| value.form.as_ref().is_some_and(|form| form.is_known());
            let (number, other) = match (known(a), known(b)) {
                (true, _) => (a, b),
                (false, true) => (b, a),
                (false, false) => return pieces.push((len, mixed(values, &[how; 2], len), None)),
            };
            let Some(by) = number.form.as_deref() else { return };
            let mut scale = |len: u64, by: &Number, other: &Value, number: &Value| {
                if by.is_zero() {
                    return pieces.push((
                        len,
                        (*number.deps).clone(),
                        Some(Form::constant(Number::zero(), Number::zero())),
                    ));
                }
                let scaled = if by.abs().is_one() { Means::NONE } else { Means::SCALED };
                let deps = mixed(&[number.clone(), other.clone()], &[Means::NONE, scaled], len);
                pieces.push((len, deps, other.form.as_ref().and_then(|form| form.times(by))));
            };
            if by.slope.is_zero() {
                scale(len, &by.at, other, number);
            } else if len <= MOST_LANES {
                for lane in 0..len {
                    let at = |value: &Value| value.at(lane.into(), 0, 1);
                    scale(1, &by.at(lane.into(), 0, 1).at, &at(other), &at(number));
                }
            } else {
                pieces.push((len, mixed(values, &[Means::SCALED; 2], len), None));
            }
        });
        self.collected(gate, pieces)
    }

    /// A known fraction, rounded by at most `error`.
    fn scaled(&mut self, gate: &Gate, args: &[Lanes], by: &Number, error: &Number) -> Lanes {
        self.lanewise(gate, args, [Means::ROUNDED], |v| v[0].as_ref()?.times(by)?.rounded(error.clone()))
    }

    /// Quotients: by a known number a fraction.
    fn quotient(&mut self, gate: &Gate, args: &[Lanes], times: &Number, error: &Number) -> Lanes {
        let mut pieces: Vec<(u64, Deps, Option<Form>)> = Vec::new();
        Lanes::cut(args, |len, values| {
            let [a, b] = values else { return };
            let known = b.form.as_deref().and_then(Form::known).filter(|by| !by.is_zero());
            match known {
                Some(by) => {
                    let form = a.form.as_ref().and_then(|form| form.times(&(times / by))?.rounded(error.clone()));
                    pieces.push((len, mixed(values, &[Means::SCALED | Means::ROUNDED, Means::NONE], len), form));
                }
                None => pieces.push((len, mixed(values, &[Means::DIVIDED; 2], len), None)),
            }
        });
        self.collected(gate, pieces)
    }

    fn select(&mut self, gate: &Gate, args: &[Lanes]) -> Lanes {
        let mut pieces: Vec<(u64, Deps, Option<Form>)> = Vec::new();
        Lanes::cut(args, |len, values| {
            let [c, a, b] = values else { return };
            let known = c.form.as_deref().and_then(|form| form.integer(0).filter(|_| form.slope.is_zero()));
            if let Some(chosen) = known.filter(|_| c.deps.is_empty()) {
                let value = if chosen == 0 { b } else { a };
                return pieces.push((len, (*value.deps).clone(), value.form.as_deref().cloned()));
            }
            let same = a.form.clone().filter(|_| a.form == b.form);
            let how = [Means::DECIDES, Means::SELECTED, Means::SELECTED];
            pieces.push((len, mixed(values, &how, len), same.as_deref().cloned()));
        });
        self.collected(gate, pieces)
    }

    /// Sums of groups of `len` lanes.
    fn summed(&mut self, gate: &Gate, lanes: &Lanes, len: u64) -> Lanes {
        let mut pieces: Vec<(u64, Deps, Option<Form>)> = Vec::new();
        let mut lane = 0;
        while lane < lanes.len() {
            let group = lanes.part(lane, len);
            let run = lanes.runs.partition_point(|run| run.end <= lane);
            let groups = lanes.runs.get(run).map_or(0, |run| (run.end - lane) / len);
            let all = lanes.part(lane, groups * len);
            match &all.runs[..] {
                [run] if groups > 1 => {
                    if let Some((deps, form)) = windows(&run.value, len) {
                        pieces.push((groups, deps, form));
                        lane += groups * len;
                        continue;
                    }
                    if groups > MOST_ROWS {
                        self.unclear.insert((gate.site, Unclear::View));
                        pieces.push((
                            groups,
                            through(&run.value.over((groups * len).into()), Means::SUM).at_most(),
                            None,
                        ));
                        lane += groups * len;
                        continue;
                    }
                }
                _ => {}
            }
            pieces.push((1, if len > 1 { through(&group.all(), Means::SUM) } else { group.all() }, total(&group)));
            lane += len;
        }
        self.collected(gate, pieces)
    }

    /// Running totals within groups.
    fn totals(&mut self, gate: &Gate, lanes: &Lanes, len: u64) -> Lanes {
        let all = lanes.len();
        let followed = if all <= MOST_TOTALS { all } else { FIRST_TOTALS.min(len) };
        let mut pieces: Vec<(u64, Deps, Option<Form>)> = Vec::new();
        let mut so_far: Option<(Deps, Option<Form>)> = None;
        for lane in 0..followed {
            let next = lanes.part(lane, 1);
            let form = total(&next);
            let (deps, form) = match so_far.take().filter(|_| !lane.is_multiple_of(len)) {
                None => (next.all(), form),
                Some((deps, sum)) => {
                    let sum = sum.zip(form).and_then(|(sum, more)| sum.plus(&more));
                    (through(&deps.union(&next.all(), 1), Means::SUM), sum)
                }
            };
            so_far = Some((deps.clone(), form.clone()));
            pieces.push((1, deps, form));
        }
        if followed < all {
            self.unclear.insert((gate.site, Unclear::Totals));
            pieces.push((all - followed, through(&lanes.all(), Means::SUM).at_most(), None));
        }
        self.collected(gate, pieces)
    }

    fn matrix(&mut self, gate: &Gate, args: &[Lanes], rows: u64, inner: u64, cols: u64) -> Lanes {
        let [a, b] = args else { return Lanes::default() };
        let strided = |lanes: &Lanes, start: u64, stride: u64, len: u64| {
            let mut found = Lanes::default();
            found.take(lanes, start, i64::try_from(stride).unwrap_or(i64::MAX), len);
            found
        };
        if rows > MOST_LANES && cols == 1 && inner <= MOST_LANES {
            // Column by column of the first matrix, all rows at once.
            let mut sum: Option<Lanes> = None;
            for k in 0..inner {
                let column = strided(a, k, inner, rows);
                let product = self.product(gate, &[column, strided(b, k, 0, rows)], Means::PRODUCT);
                sum = Some(match sum {
                    None => product,
                    Some(sum) => {
                        self.lanewise(gate, &[sum, product], [Means::SUM; 2], |v| plus(&v[0], &v[1], Mode::Number))
                    }
                });
            }
            return sum.unwrap_or_default();
        }
        if rows.saturating_mul(cols) > MOST_LANES {
            self.unclear.insert((gate.site, Unclear::Matrix));
            let deps = through(&a.all().union(&b.all(), 1), Means::PRODUCT | Means::SUM).at_most();
            return Lanes::of(rows.saturating_mul(cols), Value::new(deps, None));
        }
        let mut result = Lanes::default();
        for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
            let pair = [a.part(row * inner, inner), strided(b, col, cols, inner)];
            let products = self.product(gate, &pair, Means::PRODUCT);
            for (_, len, value) in self.summed(gate, &products, inner).each() {
                result.push(len, value.clone());
            }
        }
        result
    }

    fn gather(&mut self, args: &[Lanes], len: u64, site: SiteId) -> Lanes {
        let [from, index] = args else { return Lanes::default() };
        let mut found = Lanes::default();
        for (_, run, value) in index.each() {
            let ends = value.form.as_ref().filter(|form| form.is_known()).map(|form| {
                let second = if run > 1 { form.integer(1) } else { form.integer(0) };
                (form.integer(0), second)
            });
            match ends {
                Some((Some(first), Some(second))) if value.deps.is_empty() => {
                    let before = found.len();
                    if let Ok(first) = u64::try_from(first) {
                        found.take(from, first, second.saturating_sub(i64::try_from(first).unwrap_or(i64::MAX)), run);
                    }
                    // An index out of bounds stops the run.
                    let missing = run - (found.len() - before);
                    found.push(missing, Value::new(Deps::default(), None));
                }
                _ => {
                    self.unclear.insert((site, Unclear::Index));
                    let by = through(&value.over(run.into()), Means::INDEX);
                    found.push(run, Value::new(from.all().at_most().union(&by, 1), None));
                }
            }
        }
        if found.len() == len { found } else { Lanes::of(len, Value::new(from.all().at_most(), None)) }
    }

    fn scatter(&mut self, gate: &Gate, args: &[Lanes]) {
        let ([values, index], Some(dst)) = (args, &gate.dst) else { return };
        let all = self.module.slots[dst.slot.index()].lanes;
        for (start, run, value) in index.each() {
            let known = value.form.as_ref().filter(|form| form.is_known() && value.deps.is_empty());
            match known {
                Some(form) if run <= MOST_ROWS => {
                    for lane in 0..run {
                        let place = form.integer(lane.into()).and_then(|place| u64::try_from(place).ok());
                        if let Some(place) = place {
                            let view = crate::module::View::lane(dst.slot, place);
                            self.write(&view, values.part(start + lane, 1), gate.site);
                        }
                    }
                }
                _ => {
                    self.unclear.insert((gate.site, Unclear::Index));
                    let by = through(&value.over(run.into()), Means::INDEX);
                    let deps = values.part(start, run).all().union(&by, 1);
                    self.weakly(dst.slot.index(), 0, all.saturating_sub(1), &deps);
                }
            }
        }
    }

    /// A layer of a sort: each row may have become any, by the first column.
    fn sorted(&mut self, gate: &Gate, args: &[Lanes], columns: u32) -> Lanes {
        let [table] = args else { return Lanes::default() };
        let rows = table.len() / u64::from(columns.max(1));
        if rows < 2 {
            return table.clone();
        }
        let by = through(&table.part(0, rows).all(), Means::ORDER);
        let mut pieces = Vec::new();
        for column in 0..u64::from(columns) {
            let deps = through(&table.part(column * rows, rows).all(), Means::ORDER).union(&by, 1).at_most();
            pieces.push((rows, deps, None));
        }
        self.collected(gate, pieces)
    }
}

/// The same, through an operation.
pub(super) fn through(deps: &Deps, how: Means) -> Deps {
    let mut deps = deps.clone();
    deps.uses.iter_mut().for_each(|one| one.how |= how);
    deps
}

/// What depends on all of these, on each of them in its way.
fn mixed(values: &[Value], how: &[Means], len: u64) -> Deps {
    let mut all = Deps::default();
    for (value, how) in values.iter().zip(how) {
        all = all.union(&through(&value.deps, *how), len.into());
    }
    all
}

fn plus(a: &Option<Rc<Form>>, b: &Option<Rc<Form>>, mode: Mode) -> Option<Form> {
    let sum = a.as_ref()?.plus(b.as_ref()?)?;
    Some(Form { mode: mode.max(sum.mode), ..sum })
}

fn minus(a: &Option<Rc<Form>>, b: &Option<Rc<Form>>, mode: Mode) -> Option<Form> {
    plus(a, &Some(Rc::new(b.as_ref()?.times(&whole(-1))?)), mode)
}

/// 1 − x of a bit.
fn negated(x: &Form) -> Option<Form> {
    if x.mode == Mode::Word {
        return Some(x.clone());
    }
    Form::constant(Number::one(), Number::zero()).plus(&x.times(&whole(-1))?)
}

fn is_bit(ty: RegType) -> bool {
    matches!(ty, RegType::Bin { width: 1 } | RegType::Pub { kind: Kind::Bool, .. })
}

/// The form of the sum of all lanes.
fn total(lanes: &Lanes) -> Option<Form> {
    let mut sum: Option<Form> = None;
    for (_, len, value) in lanes.each() {
        let more = value.form.as_ref()?.summed(len.into())?;
        sum = Some(match sum {
            None => more,
            Some(sum) => sum.plus(&more)?,
        });
    }
    sum
}

/// The sum of each group of `len` lanes of a run, where all have one form.
fn windows(value: &Value, len: u64) -> Option<(Deps, Option<Form>)> {
    let len = i128::from(len);
    let window = |block: &Block| match (block.count, block.step) {
        (_, 0) => Some(*block),
        (1, step) => {
            let base = block.base + (step * (len - 1)).min(0);
            let stride = if len > 1 { step.abs() } else { 1 };
            Some(Block { base, step: step * len, stride, count: len })
        }
        _ => None,
    };
    let mut deps = through(&value.deps, if len > 1 { Means::SUM } else { Means::NONE });
    for one in &mut deps.uses {
        let blocks = one.lanes.blocks.iter().map(window).collect::<Option<_>>()?;
        one.lanes = Rc::new(LaneSet { blocks, ..*one.lanes });
    }
    let form = value.form.as_deref().filter(|form| form.mode == Mode::Number).and_then(|form| {
        let n = || whole(len);
        let terms = form.terms.iter().map(|term| {
            let times = if term.block.step == 0 { &term.times * n() } else { term.times.clone() };
            Some(super::form::Term { block: window(&term.block)?, times, ..term.clone() })
        });
        let terms = terms.collect::<Option<_>>()?;
        let at = &form.at * n() + &form.slope * triangle(len);
        let slope = &form.slope * n() * n();
        Some(Form { at, slope, terms, error: &form.error * n(), mode: form.mode })
    });
    // Without a form it is summed group by group, while these are few.
    (form.is_some() || value.form.is_none()).then_some((deps, form))
}
