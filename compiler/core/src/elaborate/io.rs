//! Inputs and outputs: what the manifest says of them, and the gates that take and give them.

use super::branch::register;
use super::declared::{Bare, Declared};
use super::items::Role;
use super::known::{Known, Num};
use super::modules::ItemId;
use super::types::{LeafType, Type};
use super::value::{Data, Leaf, Origin, Value};
use super::{Elaborator, Outcome};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{InputId, Op, OutputId, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind, Secrecy};
use smpc_bytecode::interval::Interval;
use smpc_bytecode::module;
use smpc_bytecode::op::RoleId;
use std::rc::Rc;

impl Elaborator<'_> {
    /// Reads all inputs, in order of declaration.
    pub(super) fn read_inputs(&mut self) {
        let modules = self.modules;
        for (item, declared) in modules.get(0).ast.items.iter().enumerate() {
            if let ItemKind::Input(input) = &declared.kind {
                let value = self.input(input);
                self.items.inputs.insert(ItemId { module: 0, item }, value);
            }
        }
    }

    fn input(&mut self, input: &ast::Input) -> Outcome<Value> {
        let declared = self.declared_type(&input.ty, Bare::Data);
        let role = self.role(&input.role.name)?;
        let declared = declared?;
        if declared.ty.has_rows_inside() {
            let message = "a table of at most so many rows inside another type";
            let help = "make it an input of its own: `input rows: secret [T; ..=ROWS] from …;`";
            return self.error(Code::TypeMismatch, input.ty.span, message, help);
        }
        let Some((secrecy, _)) = input.secrecy else {
            let message = format!("is `{}` secret?", input.name.text);
            return self.error(Code::Syntax, input.ty.span, message, "write `secret` or `public` in front of the type");
        };
        let origin = Rc::new(Origin { span: input.name.span, name: input.name.text.clone() });
        let secret = secrecy == Secrecy::Secret;
        if !input.each {
            let member = self.role_member(&input.role)?;
            return self.input_of(input, &declared, member, None, (secret, &origin));
        }
        let Role { count: Some(count), first, .. } = role else {
            let message = format!("`{}` is a single role", role.name);
            return self.error(Code::BadRole, input.role.span, message, format!("write `from {}`", role.name));
        };
        self.check_size(&declared.ty.clone().array(count), input.ty.span)?;
        let mut members = Vec::new();
        for member in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            let value = self.input_of(input, &declared, RoleId(first + member), Some(member), (secret, &origin))?;
            members.push((value, input.name.span));
        }
        self.array_of(members, input.name.span)
    }

    fn input_of(
        &mut self,
        input: &ast::Input,
        declared: &Declared,
        role: RoleId,
        member: Option<u32>,
        (secret, origin): (bool, &Rc<Origin>),
    ) -> Outcome<Value> {
        let types = declared.ty.leaves();
        let bounds: Vec<(i64, i64)> = declared.ranges.iter().map(|range| bounds(*range)).collect();
        let ty = declared.ty.data_type(&mut bounds.iter().copied());
        let inputs = &mut self.builder.manifest_mut().inputs;
        let id = InputId(u32::try_from(inputs.len()).unwrap_or(u32::MAX));
        inputs.push(module::Input { name: input.name.text.clone(), member, role, secret, ty });
        self.at(input.name.span);
        let mut leaves = Vec::with_capacity(types.len());
        for (n, (of, (lo, hi))) in types.iter().zip(bounds).enumerate() {
            let leaf = u32::try_from(n).unwrap_or(u32::MAX);
            let leaf = self.input_leaf(id, leaf, of, (lo, hi), secret);
            leaves.push(leaf.from(Some(Rc::clone(origin))).public(of.scalar, !secret));
        }
        let value = Value { ty: declared.ty.clone(), leaves };
        Ok(self.named(value, &input.name.text))
    }

    /// A leaf of an input; a secret number has no range until it is proven.
    fn input_leaf(&mut self, input: InputId, leaf: u32, of: &LeafType, (lo, hi): (i64, i64), secret: bool) -> Leaf {
        let lanes = of.lanes();
        if lanes == 0 {
            return Leaf::known(Known::Same(Num::Int(0), 0));
        }
        let ty = register(of.scalar, secret, Interval::new(lo.into(), hi.into()));
        let op = Op::Input { input, leaf };
        let value = match ty {
            RegType::Arith { frac, .. } => {
                let full = RegType::Arith { lo: i64::MIN, hi: i64::MAX, frac };
                let raw = self.builder.gate(op, Vec::new(), full, lanes);
                self.builder.gate(Op::ProveRange {}, vec![Ref::whole(raw, lanes)], ty, lanes)
            }
            RegType::Pub { .. } | RegType::Bin { .. } => self.builder.gate(op, Vec::new(), ty, lanes),
        };
        Leaf::of(Ref::whole(value, lanes))
    }

    /// `output name = value to …;`
    pub(super) fn output(&mut self, output: &ast::Output, span: Span) -> Outcome<()> {
        let value = match &output.value {
            Some(value) => self.expression(value),
            None => {
                let path = ast::ExprKind::Path { path: vec![output.name.clone()], args: Vec::new() };
                self.expression(&ast::Expr { kind: path, span: output.name.span })
            }
        };
        self.effect("`output`", span, "choose the value inside and give it out after the `if`")?;
        let in_main = self.frames.len() == 1;
        if !self.frame().top {
            let message = if in_main { "an output inside a block" } else { "an output inside a function" };
            let help = "outputs stand at the top level of `main`, so that what a program gives can be read off it";
            return self.error(Code::BadOutput, span, message, help);
        }
        if self.conditional > 0 {
            let message = "an output that may not be given";
            let diagnostic = Diagnostic::new(Code::BadOutput, span, message)
                .here("a `return` above may end the program before")
                .help("choose the value with `if … { … } else { … }`: each output is given in every run");
            return Err(self.report(diagnostic));
        }
        let already = self.builder.program().manifest.outputs.iter().any(|known| known.name == output.name.text);
        if already {
            let message = format!("the output `{}` is given twice", output.name.text);
            return self.error(Code::Duplicate, output.name.span, message, "give one of them another name");
        }
        if let Some((policy, _)) = &output.policy {
            return self.unsupported(policy.span, "policies are", "take `under …` out");
        }
        let value_span = output.value.as_ref().map_or(output.name.span, |value| value.span);
        match &output.to {
            ast::Receivers::All => {
                let value = value?;
                self.output_to(output, &value, value_span, (module::Receivers::All, None))
            }
            ast::Receivers::Roles(roles) => {
                let members: Vec<Outcome<RoleId>> = roles.iter().map(|role| self.role_member(role)).collect();
                let members: Vec<RoleId> = members.into_iter().collect::<Outcome<_>>()?;
                if let Some(at) = (1..members.len()).find(|at| members[..*at].contains(&members[*at])) {
                    let message = "one role receives the output twice";
                    return self.error(Code::Duplicate, roles[at].span, message, "name it once");
                }
                let value = value?;
                self.output_to(output, &value, value_span, (module::Receivers::Roles(members), None))
            }
            ast::Receivers::Each(name) => {
                let role = self.role(name)?;
                let value = value?;
                self.output_to_each(output, &value, value_span, &role, name.span)
            }
        }
    }

    fn output_to_each(
        &mut self,
        output: &ast::Output,
        value: &Value,
        value_span: Span,
        role: &Role,
        role_span: Span,
    ) -> Outcome<()> {
        let Some(count) = role.count else {
            let message = format!("`{}` is a single role", role.name);
            return self.error(Code::BadRole, role_span, message, format!("write `to {}`", role.name));
        };
        if value.ty.extents().first() != Some(&count) {
            let message = format!("`each {}` needs one element a member", role.name);
            let diagnostic = Diagnostic::new(Code::ShapeMismatch, value_span, message)
                .here(format!("this is `{}`", value.ty))
                .label(role_span, format!("{count} members"))
                .help(format!("give an array of {count} elements"));
            return Err(self.report(diagnostic));
        }
        for member in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            let own = self.known_row(value, u64::from(member), value_span)?;
            let to = module::Receivers::Roles(vec![RoleId(role.first + member)]);
            self.output_to(output, &own, value_span, (to, Some(member)))?;
        }
        Ok(())
    }

    fn output_to(
        &mut self,
        output: &ast::Output,
        value: &Value,
        span: Span,
        (to, member): (module::Receivers, Option<u32>),
    ) -> Outcome<()> {
        if value.ty.is_unit() {
            return self.error(Code::TypeMismatch, span, "an output without a value", "give it a value");
        }
        let value = self.without_absent(value, span)?;
        let types = value.ty.leaves();
        let mut views = Vec::with_capacity(types.len());
        let mut bounds = Vec::with_capacity(types.len());
        for (leaf, of) in value.leaves.iter().zip(&types) {
            let view = self.output_lanes(leaf, of, span)?;
            bounds.push(view.as_ref().map_or((0, 0), |view| self.builder.ty(view.value).range()));
            views.push(view);
        }
        let ty = self.output_type(&value.ty, &bounds);
        let outputs = &mut self.builder.manifest_mut().outputs;
        let id = OutputId(u32::try_from(outputs.len()).unwrap_or(u32::MAX));
        outputs.push(module::Output { name: output.name.text.clone(), member, to, ty });
        self.at(output.name.span);
        for (n, view) in views.into_iter().enumerate() {
            let leaf = u32::try_from(n).unwrap_or(u32::MAX);
            if let Some(view) = view {
                self.builder.effect(Op::Output { output: id, leaf }, vec![view]);
            }
        }
        Ok(())
    }

    fn output_type(&self, ty: &Type, bounds: &[(i64, i64)]) -> smpc_bytecode::types::DataType {
        ty.data_type(&mut bounds.iter().copied())
    }

    fn output_lanes(&mut self, leaf: &Leaf, of: &LeafType, span: Span) -> Outcome<Option<Ref>> {
        if of.lanes() == 0 {
            return self.error(Code::TooLarge, span, "an output without elements", "give out something");
        }
        match &leaf.data {
            Data::Lanes(view) => Ok(Some(view.clone())),
            Data::Known(_) => self.lanes(leaf, of.scalar, of.lanes(), span).map(Some),
        }
    }
}

/// The raw range of a declared leaf, or all of 64 bits.
fn bounds(range: Option<Interval>) -> (i64, i64) {
    range.and_then(super::lanes::narrow).unwrap_or((i64::MIN, i64::MAX))
}
