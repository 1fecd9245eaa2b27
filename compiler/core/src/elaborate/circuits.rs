//! `circuit` items: netlists in Bristol Fashion, called as functions, lane by lane over arrays. And functions that are exported as such.

use super::declared::Bare;
use super::lanes::Operand;
use super::modules::ItemId;
use super::types::{Scalar, Type};
use super::value::{Leaf, Value};
use super::{Elaborator, Frame, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{InputId, Op, OutputId, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind};
use smpc_bytecode::module;
use smpc_bytecode::op::RoleId;
use smpc_bytecode::types::MAX_WIDTH;
use smpc_math::bristol;
use smpc_math::netlist::Netlist;
use std::rc::Rc;

/// A declared circuit.
#[derive(Debug)]
pub(super) struct Circuit {
    netlist: Netlist,
    /// Words that it takes.
    params: Vec<Scalar>,
    /// Word that it gives, or a tuple of them, the lowest bits first.
    result: Type,
}

/// Bits of a word or truth value.
const fn width(scalar: Scalar) -> Option<u32> {
    match scalar {
        Scalar::Bool => Some(1),
        Scalar::Bits(width) => Some(width),
        Scalar::Int | Scalar::Fix(_) => None,
    }
}

impl Elaborator<'_> {
    /// What a `circuit` item declares.
    pub(super) fn circuit_item(
        &mut self,
        id: ItemId,
        name: &ast::Name,
        file: &str,
        params: &[ast::Type],
        result: &ast::Type,
    ) -> Outcome<Rc<Circuit>> {
        if let Some(known) = self.items.circuits.get(&id) {
            return known.clone();
        }
        self.frames.push(Frame { first: self.variables.len(), ..Frame::of(id.module) });
        let circuit = self.read_circuit(name, file, params, result).map(Rc::new);
        self.frames.pop();
        self.items.circuits.insert(id, circuit.clone());
        circuit
    }

    fn read_circuit(
        &mut self,
        name: &ast::Name,
        file: &str,
        params: &[ast::Type],
        result: &ast::Type,
    ) -> Outcome<Circuit> {
        let mut words = Vec::with_capacity(params.len());
        for param in params {
            let declared = self.declared_type(param, Bare::Open)?;
            match declared.ty {
                Type::Scalar(scalar) if width(scalar).is_some() => words.push(scalar),
                other => return self.no_word(&other, param.span),
            }
        }
        let declared = self.declared_type(result, Bare::Open)?;
        let leaves = declared.ty.leaves();
        if !leaves.iter().all(|leaf| leaf.extents.is_empty() && width(leaf.scalar).is_some()) {
            return self.no_word(&declared.ty, result.span);
        }
        let bits: u32 = leaves.iter().filter_map(|leaf| width(leaf.scalar)).fold(0, u32::saturating_add);
        if bits > MAX_WIDTH {
            let message = format!("a circuit that gives {bits} bits");
            return self.error(Code::TooLarge, result.span, message, format!("it gives at most {MAX_WIDTH}"));
        }
        let modules = self.modules;
        let Some(text) = modules.circuit(file) else {
            let message = format!("no file `{file}` for the circuit `{}`", name.text);
            return self.error(Code::BadCircuit, name.span, message, "its path is relative to the program\'s folder");
        };
        let netlist = match bristol::parse(text) {
            Ok(netlist) => netlist,
            Err(error) => {
                let message = format!("`{file}` is no netlist in Bristol Fashion");
                let diagnostic = Diagnostic::new(Code::BadCircuit, name.span, message)
                    .note(format!("{file}: {error}"))
                    .help("get the file again, or correct it at that line");
                return Err(self.report(diagnostic));
            }
        };
        let given: Vec<u32> = words.iter().filter_map(|scalar| width(*scalar)).collect();
        let gives: u32 = leaves.iter().filter_map(|leaf| width(leaf.scalar)).sum();
        let has = u32::try_from(netlist.outputs().len()).unwrap_or(u32::MAX);
        if netlist.inputs() != given.as_slice() || has != gives {
            let shown = |widths: &[u32]| widths.iter().map(|w| format!("bits<{w}>")).collect::<Vec<_>>().join(", ");
            let message = format!("`{file}` has other words than `{}` declares", name.text);
            let diagnostic = Diagnostic::new(Code::BadCircuit, name.span, message)
                .note(format!("the file has ({}) -> bits<{has}>", shown(netlist.inputs())))
                .note(format!("declared is ({}) -> bits<{gives}>", shown(&given)))
                .help("declare the words that the file has");
            return Err(self.report(diagnostic));
        }
        Ok(Circuit { netlist, params: words, result: declared.ty })
    }

    fn no_word<T>(&mut self, ty: &Type, span: Span) -> Outcome<T> {
        let message = format!("a circuit works on words and truth values, and this is `{ty}`");
        self.error(Code::BadCircuit, span, message, "write `bits<32>` or `bool`")
    }

    /// A call of a circuit.
    pub(super) fn call_circuit(
        &mut self,
        name: &ast::Name,
        circuit: &Circuit,
        args: Vec<(Value, Span)>,
        span: Span,
    ) -> Outcome<Value> {
        if args.len() != circuit.params.len() {
            let message = format!(
                "`{}` takes {}, not {}",
                name.text,
                super::call::count(circuit.params.len(), "word"),
                args.len()
            );
            let diagnostic = Diagnostic::new(Code::Arity, span, message).label(name.span, "declared here");
            return Err(self.report(diagnostic.help("give it as many as it declares")));
        }
        let mut operands: Vec<Operand> = Vec::with_capacity(args.len());
        for ((value, at), scalar) in args.into_iter().zip(&circuit.params) {
            let ty = Type::lanes_of(*scalar, value.ty.extents());
            let value = self.as_type(value, &ty, at)?;
            operands.push(Self::operand(&value, at).ok_or(Reported)?);
        }
        let extents = operands.iter().map(|operand| operand.extents.clone()).max_by_key(Vec::len).unwrap_or_default();
        if let Some(other) = operands.iter().find(|operand| !operand.extents.is_empty() && operand.extents != extents) {
            let message = format!("`{}` works lane by lane on arrays of one shape", name.text);
            let at = other.span;
            return self.error(Code::ShapeMismatch, at, message, "give single words, or arrays of one length");
        }
        let lanes: u64 = extents.iter().product();
        let mut views = Vec::with_capacity(operands.len());
        for operand in &operands {
            let view = self.lanes(&operand.leaf, operand.scalar, lanes, operand.span)?;
            let ty = RegType::Bin { width: width(operand.scalar).unwrap_or(1) };
            // A truth value that everyone knows has a public register.
            let shared = self.builder.ty(view.value).is_secret();
            views.push(if shared { view } else { Ref::whole(self.builder.copy(&view, ty), lanes) });
        }
        self.at(span);
        let netlist = self.builder.netlist(circuit.netlist.clone());
        let bits = u32::try_from(circuit.netlist.outputs().len()).unwrap_or(u32::MAX);
        let whole = self.builder.gate(Op::Netlist { netlist }, views, RegType::Bin { width: bits }, lanes);
        let origin = self.origin_of(&operands.iter().map(|operand| &operand.leaf).collect::<Vec<_>>());
        let public = !operands.iter().any(|operand| self.is_secret(&operand.leaf));
        let (mut leaves, mut from) = (Vec::new(), 0);
        for leaf in circuit.result.leaves() {
            let own = width(leaf.scalar).unwrap_or(1);
            let part = if own == bits {
                whole
            } else {
                self.builder.gate(
                    Op::Planes { from },
                    vec![Ref::whole(whole, lanes)],
                    RegType::Bin { width: own },
                    lanes,
                )
            };
            from += own;
            leaves.push(Leaf::of(Ref::whole(part, lanes)).from(origin.clone()).public(leaf.scalar, public));
        }
        Ok(Value { ty: circuit.result.clone().arrays(&extents), leaves })
    }

    /// A function as a program of its own whose inputs are its parameters, for its circuit.
    pub(super) fn run_circuit(&mut self, name: &str) {
        // What fails has been reported.
        let _ = self.circuit_program(name);
    }

    fn circuit_program(&mut self, name: &str) -> Outcome<()> {
        let modules = self.modules;
        let function = modules.get(0).ast.items.iter().enumerate().find_map(|(item, declared)| match &declared.kind {
            ItemKind::Fn(of) if of.name.text == name => Some((ItemId { module: 0, item }, of)),
            _ => None,
        });
        let file = modules.get(0).file;
        let Some((id, of)) = function else {
            let names = modules.get(0).ast.items.iter().filter_map(|item| match &item.kind {
                ItemKind::Fn(of) => Some(of.name.text.as_str()),
                _ => None,
            });
            let near = super::similar(name, names).map(|near| format!("did you mean `{near}`?"));
            let at = Span { file, start: 0, end: 0 };
            let help = near.unwrap_or_else(|| "name a function of this file".to_owned());
            return self.error(Code::UnknownName, at, format!("no function `{name}`"), help);
        };
        if let Some(generic) = of.generics.first() {
            let message = format!("the circuit of `{name}` depends on `{}`", generic.name.text);
            return self.error(
                Code::BadCircuit,
                generic.name.span,
                message,
                "write a function that calls it with words of one width",
            );
        }
        self.builder.manifest_mut().roles.push("Caller".to_owned());
        let mut args = Vec::with_capacity(of.params.len());
        for param in &of.params {
            let declared = self.declared_type(&param.ty, Bare::Open)?;
            if !declared.ty.leaves().iter().all(|leaf| width(leaf.scalar).is_some()) {
                return self.no_word(&declared.ty, param.ty.span);
            }
            let inputs = &mut self.builder.manifest_mut().inputs;
            let input = InputId(u32::try_from(inputs.len()).unwrap_or(u32::MAX));
            let ty = declared.ty.data_type(&mut std::iter::empty());
            inputs.push(module::Input {
                name: param.name.text.clone(),
                member: None,
                role: RoleId(0),
                secret: true,
                ty,
            });
            let mut leaves = Vec::new();
            for (n, leaf) in declared.ty.leaves().iter().enumerate() {
                let ty = RegType::Bin { width: width(leaf.scalar).unwrap_or(1) };
                let op = Op::Input { input, leaf: u32::try_from(n).unwrap_or(u32::MAX) };
                let lanes = leaf.lanes();
                leaves.push(Leaf::of(Ref::whole(self.builder.gate(op, Vec::new(), ty, lanes), lanes)));
            }
            args.push((Value { ty: declared.ty, leaves }, param.name.span));
        }
        let value = self.call_item(id, args, of.name.span)?;
        if value.ty.is_unit() || !value.ty.leaves().iter().all(|leaf| width(leaf.scalar).is_some()) {
            return self.no_word(&value.ty, of.result.as_ref().map_or(of.name.span, |result| result.span));
        }
        let types = value.ty.leaves();
        let ty = value.ty.data_type(&mut std::iter::empty());
        let outputs = &mut self.builder.manifest_mut().outputs;
        outputs.push(module::Output { name: name.to_owned(), member: None, to: module::Receivers::All, ty });
        for (n, (leaf, of)) in value.leaves.iter().zip(&types).enumerate() {
            let view = self.lanes(leaf, of.scalar, of.lanes(), Span { file, start: 0, end: 0 })?;
            let ty = RegType::Bin { width: width(of.scalar).unwrap_or(1) };
            let shared = self.builder.ty(view.value).is_secret();
            let view = if shared { view } else { Ref::whole(self.builder.copy(&view, ty), of.lanes()) };
            self.builder
                .effect(Op::Output { output: OutputId(0), leaf: u32::try_from(n).unwrap_or(u32::MAX) }, vec![view]);
        }
        Ok(())
    }
}
