//! The gates for which nodes talk: operands out of the store, the protocol's gate, the result back. The store is never borrowed across a round.

use super::code::GateNode;
use super::dealt::Leaf;
use super::drive::Running;
use super::store::{Arg, size};
use super::{Cause, Engine, Fault, Stop};
use smpc_bytecode::module::{Gate, Receivers, View};
use smpc_bytecode::op::Op;
use smpc_bytecode::types::{Kind, RegType};
use smpc_protocols::{BinShares, Cx, Protocol, Shares as _};
use std::rc::Rc;

/// Runs a gate and stores its result. A product is a future of its own, as small as its protocol makes it, because loops of products are
/// what rounds are counted in. The futures of long gates lie in boxes of their own, so that the others do not carry their size.
pub(super) fn run<'a, P: Protocol>(engine: &'a Engine<'_, P>, node: &'a GateNode<'_>, cx: Cx<'a>) -> Running<'a> {
    let gate = node.gate;
    // A result that has no place stops the run before anything is computed or sent.
    if let Some(Err(fault)) = gate.dst.as_ref().map(|dst| engine.store.borrow().lanes(dst)) {
        return Box::pin(std::future::ready(Err(stop(gate, fault))));
    }
    if let Some(slot) = node.fresh {
        engine.store.borrow_mut().clear(slot);
    }
    let ended = |ended: Result<(), Fault>| ended.map_err(|fault| stop(gate, fault));
    match gate.op {
        Op::Mul {} => Box::pin(async move { ended(product(engine, gate, cx).await) }),
        Op::Input { .. } | Op::Open { .. } | Op::Output { .. } | Op::Check { .. } => {
            Box::pin(async move { ended(border(engine, node, cx).await) })
        }
        Op::ProveRange {} if engine.is_proven(node.id) => Box::pin(std::future::ready(ended(relabel(engine, gate)))),
        _ => Box::pin(async move { ended(compute(engine, gate, cx).await) }),
    }
}

fn stop(gate: &Gate, fault: Fault) -> Stop {
    let cause = match (fault, gate.op) {
        (Fault::Stopped, Op::Check { message }) => Cause::Message(message),
        (fault, _) => Cause::Fault(fault),
    };
    Stop { cause, site: gate.site }
}

fn arg(gate: &Gate, i: usize) -> Result<&View, Fault> {
    gate.args.get(i).ok_or(Fault::Malformed("an operand is missing"))
}

fn dst(gate: &Gate) -> Result<&View, Fault> {
    gate.dst.as_ref().ok_or(Fault::Malformed("no result"))
}

/// An input whose range was proven before the program began.
fn relabel<P: Protocol>(engine: &Engine<'_, P>, gate: &Gate) -> Result<(), Fault> {
    let mut store = engine.store.borrow_mut();
    let a = store.read_arith(arg(gate, 0)?)?;
    store.write_arith(dst(gate)?, a)
}

async fn product<P: Protocol>(engine: &Engine<'_, P>, gate: &Gate, cx: Cx<'_>) -> Result<(), Fault> {
    let (a, b) = {
        let mut store = engine.store.borrow_mut();
        (store.read_arith(arg(gate, 0)?)?, store.read_arith(arg(gate, 1)?)?)
    };
    let value = engine.protocol.mul(cx, &a, &b).await;
    engine.store.borrow_mut().write_arith(dst(gate)?, Rc::new(value))
}

async fn compute<P: Protocol>(engine: &Engine<'_, P>, gate: &Gate, cx: Cx<'_>) -> Result<(), Fault> {
    let to = dst(gate)?;
    let ty = engine.store.borrow().slot(to.slot).ty;
    match ty {
        RegType::Bin { width } => {
            let value = words(engine, gate, cx, width).await?;
            engine.store.borrow_mut().write_bin(to, Rc::new(value))
        }
        RegType::Arith { .. } => {
            let value = numbers(engine, gate, cx).await?;
            engine.store.borrow_mut().write_arith(to, Rc::new(value))
        }
        RegType::Pub { .. } => Err(Fault::Malformed("a public result of a gate on secrets")),
    }
}

/// Gates with a result of secret numbers.
async fn numbers<P: Protocol>(engine: &Engine<'_, P>, gate: &Gate, cx: Cx<'_>) -> Result<P::Arith, Fault> {
    let p = engine.protocol;
    let arith = |i: usize| -> Result<Rc<P::Arith>, Fault> { engine.store.borrow_mut().read_arith(arg(gate, i)?) };
    // Numbers that may be public.
    let secret = |i: usize| -> Result<Rc<P::Arith>, Fault> {
        match engine.store.borrow_mut().read(arg(gate, i)?)? {
            Arg::Arith(a) => Ok(a),
            Arg::Pub(values) => Ok(Rc::new(p.share_public(&values, values.len()))),
            Arg::Bin(_) => Err(Fault::Malformed("a word where a number is due")),
        }
    };
    let range = |i: usize| arg(gate, i).map(|view| engine.store.borrow().range(view));
    Ok(match gate.op {
        Op::AddWrap {} => p.add_wrap(cx, &*secret(0)?, &*secret(1)?).await,
        Op::SubWrap {} => p.sub_wrap(cx, &*secret(0)?, &*secret(1)?).await,
        Op::MulWrap {} => p.mul_wrap(cx, &*secret(0)?, &*secret(1)?).await,
        Op::Dot { len } => p.dot(cx, &*arith(0)?, &*arith(1)?, size(len)).await,
        Op::MatMul { rows, inner, cols } => {
            p.matmul(cx, &*arith(0)?, &*arith(1)?, size(rows), size(inner), size(cols)).await
        }
        Op::Trunc { bits } => p.trunc(cx, &*arith(0)?, bits, range(0)?).await,
        Op::Round { bits } => p.round(cx, &*arith(0)?, bits, range(0)?).await,
        Op::TruncStochastic { bits } => p.trunc_stochastic(cx, &*arith(0)?, bits, range(0)?).await,
        Op::Div {} => divide(engine, gate, cx).await?.0,
        Op::Rem {} => divide(engine, gate, cx).await?.1,
        Op::FixDiv { frac } => {
            let (a, b) = (arith(0)?, divisor(engine, gate)?);
            match b {
                Divisor::Public(b) => Box::pin(p.fix_div_public(cx, &a, &b, range(0)?, frac)).await,
                Divisor::Secret(b) => Box::pin(p.fix_div(cx, &a, &b, range(0)?, range(1)?, frac)).await,
            }
        }
        Op::Sqrt { frac } => p.sqrt(cx, &*arith(0)?, range(0)?, frac).await,
        Op::Select {} => {
            let condition = engine.store.borrow_mut().read_bin(arg(gate, 0)?, 1)?;
            p.select(cx, &condition, &*arith(1)?, &*arith(2)?).await
        }
        Op::B2a { signed } => {
            let word = engine.store.borrow_mut().read_bin(arg(gate, 0)?, 1)?;
            p.b2a(cx, &word, signed).await
        }
        Op::ProveRange {} => {
            let (a, declared) = (arith(0)?, engine.store.borrow().range(dst(gate)?));
            if !p.relabels() {
                let within = p.within(cx.sub(0, 2), &a, declared).await;
                if !p.check(cx.sub(1, 2), &within).await && !cx.is_dry() {
                    return Err(Fault::Input { role: None });
                }
            }
            P::Arith::clone(&a)
        }
        Op::Sort { columns } => Box::pin(p.sort(cx, &*arith(0)?, columns as usize, range(0)?)).await,
        _ => return Err(Fault::Malformed("an operation without numbers for a result")),
    })
}

/// What is divided by.
enum Divisor<P: Protocol> {
    /// Known to all, and not 0.
    Public(Vec<i64>),
    Secret(Rc<P::Arith>),
}

/// A public divisor of 0 stops the run; a dry run does not know public values that a real one opens.
fn divisor<P: Protocol>(engine: &Engine<'_, P>, gate: &Gate) -> Result<Divisor<P>, Fault> {
    match engine.store.borrow_mut().read(arg(gate, 1)?)? {
        Arg::Pub(b) if b.contains(&0) && !engine.executor.is_dry() => Err(Fault::ZeroDivisor),
        Arg::Pub(b) => Ok(Divisor::Public(b.iter().map(|b| if *b == 0 { 1 } else { *b }).collect())),
        Arg::Arith(b) => Ok(Divisor::Secret(b)),
        Arg::Bin(_) => Err(Fault::Malformed("a word where a number is due")),
    }
}

async fn divide<P: Protocol>(engine: &Engine<'_, P>, gate: &Gate, cx: Cx<'_>) -> Result<(P::Arith, P::Arith), Fault> {
    let p = engine.protocol;
    let (a, ra, rb) = {
        let mut store = engine.store.borrow_mut();
        let (va, vb) = (arg(gate, 0)?, arg(gate, 1)?);
        (store.read_arith(va)?, store.range(va), store.range(vb))
    };
    match divisor(engine, gate)? {
        Divisor::Public(b) => Ok(Box::pin(p.div_rem_public(cx, &a, &b, ra)).await),
        Divisor::Secret(b) => Ok(Box::pin(p.div_rem(cx, &a, &b, ra, rb)).await),
    }
}

/// Gates with a result of secret words.
async fn words<P: Protocol>(engine: &Engine<'_, P>, gate: &Gate, cx: Cx<'_>, width: u32) -> Result<P::Bin, Fault> {
    let p = engine.protocol;
    let arith = |i: usize| -> Result<Rc<P::Arith>, Fault> { engine.store.borrow_mut().read_arith(arg(gate, i)?) };
    let bin = |i: usize, width: u32| -> Result<Rc<P::Bin>, Fault> {
        engine.store.borrow_mut().read_bin(arg(gate, i)?, width)
    };
    let range = |i: usize| arg(gate, i).map(|view| engine.store.borrow().range(view));
    Ok(match gate.op {
        Op::Lt {} => p.lt(cx, &*arith(0)?, &*arith(1)?, range(0)?, range(1)?).await,
        Op::Eq {} => match word_width(engine, gate) {
            Some(width) => p.eq_bin(cx, &*bin(0, width)?, &*bin(1, width)?).await,
            None => p.eq(cx, &*arith(0)?, &*arith(1)?, range(0)?, range(1)?).await,
        },
        Op::Select {} => p.select_bin(cx, &*bin(0, 1)?, &*bin(1, width)?, &*bin(2, width)?).await,
        Op::And {} => p.and(cx, &*bin(0, width)?, &*bin(1, width)?).await,
        Op::Or {} => {
            let (a, b) = (bin(0, width)?, bin(1, width)?);
            let both = p.and(cx, &a, &b).await;
            p.xor(&p.xor(&a, &b), &both)
        }
        Op::Netlist { netlist } => {
            let circuit = engine.program.circuit(netlist);
            let width = |i: usize| circuit.inputs.get(i).copied().unwrap_or(1);
            let mut inputs = (0..gate.args.len())
                .map(|i| engine.store.borrow_mut().read_word(arg(gate, i)?, width(i)))
                .collect::<Result<Vec<Rc<P::Bin>>, Fault>>()?;
            // Where every word stands for all lanes, one of them says how many these are.
            let lanes = size(dst(gate)?.lanes().unwrap_or(0));
            if inputs.iter().all(|word| word.lanes() < lanes) {
                inputs[0] = bin(0, width(0))?;
            }
            let parts: Vec<&P::Bin> = inputs.iter().map(Rc::as_ref).collect();
            p.netlist(cx, circuit, &parts).await
        }
        Op::A2b {} => p.a2b(cx, &*arith(0)?, width).await,
        Op::Random {} => p.random_bin(cx, width, size(dst(gate)?.lanes().unwrap_or(0))).await,
        _ => return Err(Fault::Malformed("an operation without words for a result")),
    })
}

/// Bits of the operands that are secret words.
fn word_width<P: Protocol>(engine: &Engine<'_, P>, gate: &Gate) -> Option<u32> {
    let store = engine.store.borrow();
    gate.args.iter().find_map(|view| match store.slot(view.slot).ty {
        RegType::Bin { width } => Some(width),
        RegType::Pub { .. } | RegType::Arith { .. } => None,
    })
}

/// Inputs, openings, outputs and checks.
async fn border<P: Protocol>(engine: &Engine<'_, P>, node: &GateNode<'_>, cx: Cx<'_>) -> Result<(), Fault> {
    let (p, gate) = (engine.protocol, node.gate);
    match gate.op {
        Op::Input { input, leaf: number } => {
            let (to, leaf) = (dst(gate)?, (input.0, number));
            let value = if engine.deals_first() {
                engine.take(leaf, node.last)?
            } else {
                let ty = engine.store.borrow().slot(to.slot).ty;
                self::input(engine, leaf, (ty, size(to.lanes().unwrap_or(0))), node.last, cx).await?
            };
            match value {
                Arg::Arith(value) => engine.store.borrow_mut().write_arith(to, value),
                Arg::Bin(value) => engine.store.borrow_mut().write_bin(to, value),
                Arg::Pub(values) => public(engine, node, to, Rc::unwrap_or_clone(values)),
            }
        }
        Op::Open { .. } => {
            let a = engine.store.borrow_mut().read(arg(gate, 0)?)?;
            let value = match a {
                Arg::Arith(a) => p.open(cx, &a).await,
                Arg::Bin(a) => p.open_bin(cx, &a).await,
                Arg::Pub(a) => a.to_vec(),
            };
            public(engine, node, dst(gate)?, value)
        }
        Op::Output { output, leaf } => {
            let receivers = receivers(engine, &engine.module.manifest.outputs[output.index()].to);
            let a = engine.store.borrow_mut().read(arg(gate, 0)?)?;
            let value = match (a, receivers) {
                (Arg::Arith(a), None) => Some(p.open(cx, &a).await),
                (Arg::Arith(a), Some(nodes)) => p.open_to(cx, &a, &nodes).await,
                (Arg::Bin(a), None) => Some(p.open_bin(cx, &a).await),
                (Arg::Bin(a), Some(nodes)) => p.open_bin_to(cx, &a, &nodes).await,
                (Arg::Pub(a), _) => Some(a.to_vec()),
            };
            if let (Some(value), Some(leaves)) = (value, &mut engine.results.borrow_mut()[output.index()]) {
                leaves[leaf as usize] = value;
            }
            Ok(())
        }
        Op::Check { .. } => {
            let a = engine.store.borrow_mut().read(arg(gate, 0)?)?;
            let holds = match a {
                Arg::Bin(a) => p.check(cx, &a).await,
                Arg::Pub(a) => a.iter().all(|lane| *lane != 0),
                Arg::Arith(_) => return Err(Fault::Malformed("a number where a truth value is due")),
            };
            if holds || cx.is_dry() { Ok(()) } else { Err(Fault::Stopped) }
        }
        _ => Err(Fault::Malformed("no gate of the border")),
    }
}

/// A leaf of an input, from its owner: lanes of a register of that type. `last` where nothing else reads it.
pub(super) async fn input<P: Protocol>(
    engine: &Engine<'_, P>,
    (input, leaf): Leaf,
    (ty, lanes): (RegType, usize),
    last: bool,
    cx: Cx<'_>,
) -> Result<Arg<P>, Fault> {
    let (p, declared) = (engine.protocol, &engine.module.manifest.inputs[input as usize]);
    let owner = engine.plan.nodes[declared.role.index()];
    let values = match owner == p.me() {
        true => engine.supplied(input as usize, leaf as usize, last),
        false => None,
    };
    if owner == p.me() && !cx.is_dry() && values.as_ref().map(Vec::len) != Some(lanes * ty.limbs()) {
        return Err(Fault::Malformed("an input of another length"));
    }
    let values = values.as_deref();
    Ok(match ty {
        RegType::Arith { .. } => Arg::Arith(Rc::new(p.input(cx, owner, values, lanes).await)),
        RegType::Bin { width } if !declared.secret => {
            let told = p.broadcast(cx, owner, values, lanes * ty.limbs()).await;
            Arg::Bin(Rc::new(known(p, &told, width, lanes)))
        }
        RegType::Bin { width } => Arg::Bin(Rc::new(p.input_bin(cx, owner, values, width, lanes).await)),
        RegType::Pub { .. } => Arg::Pub(Rc::new(p.broadcast(cx, owner, values, lanes).await)),
    })
}

/// Words that every node knows, each as many values long as its bits fill.
fn known<P: Protocol>(p: &P, words: &[i64], width: u32, lanes: usize) -> P::Bin {
    let limbs = RegType::Bin { width }.limbs();
    let parts: Vec<P::Bin> = (0..width)
        .step_by(64)
        .enumerate()
        .map(|(limb, from)| {
            let values: Vec<i64> = words.iter().skip(limb).step_by(limbs).copied().collect();
            p.share_public_bin(&values, (width - from).min(64), lanes)
        })
        .collect();
    P::Bin::stack(&parts.iter().collect::<Vec<_>>())
}

/// Stores what a peer told or all opened: it must lie in the register's range.
fn public<P: Protocol>(engine: &Engine<'_, P>, node: &GateNode<'_>, to: &View, values: Vec<i64>) -> Result<(), Fault> {
    let mut values = if node.steers { engine.counting.reveal(node.id, values) } else { values };
    let ty = engine.store.borrow().slot(to.slot).ty;
    let (lo, hi) = ty.range();
    if engine.executor.is_dry() {
        values.iter_mut().for_each(|value| *value = (*value).clamp(lo, hi));
    }
    if let RegType::Pub { kind: Kind::Bool, .. } = ty {
        values.iter_mut().for_each(|value| *value &= 1);
    }
    if let Some(value) = values.iter().find(|value| !(lo..=hi).contains(value)) {
        return Err(Fault::Range { value: (*value).into(), range: (lo, hi) });
    }
    engine.store.borrow_mut().write_pub(to, Rc::new(values))
}

/// The nodes that learn an output; `None` for all.
fn receivers<P: Protocol>(engine: &Engine<'_, P>, to: &Receivers) -> Option<Vec<usize>> {
    match to {
        Receivers::All => None,
        Receivers::Roles(roles) => {
            let mut nodes: Vec<usize> = roles.iter().map(|role| engine.plan.nodes[role.index()]).collect();
            nodes.sort_unstable();
            nodes.dedup();
            Some(nodes)
        }
    }
}
