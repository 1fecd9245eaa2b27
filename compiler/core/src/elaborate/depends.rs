//! Which roles the outputs depend on: an output that others learn and that depends on the inputs of one role alone is probably not what was meant.

use super::Elaborator;
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Block, Carried, Inst, Op, Program, Ref, ValueId};
use crate::syntax::ast::{Stmt, StmtKind};
use smpc_bytecode::module::Receivers;
use std::collections::{BTreeMap, BTreeSet};

/// Whose secret inputs a value depends on, as far as it is asked here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Roles {
    #[default]
    None,
    One(u32),
    Several,
}

impl Roles {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, roles) | (roles, Self::None) => roles,
            (Self::One(own), Self::One(role)) if own == role => self,
            _ => Self::Several,
        }
    }
}

/// The roles that each value and each output depends on.
struct Dependence<'p> {
    program: &'p Program,
    of: Vec<Roles>,
    outputs: BTreeMap<u32, Roles>,
    changed: bool,
}

impl Dependence<'_> {
    fn add(&mut self, value: ValueId, roles: Roles) {
        let own = &mut self.of[value.index()];
        let all = own.and(roles);
        self.changed |= all != *own;
        *own = all;
    }

    fn of_value(&self, value: ValueId) -> Roles {
        self.of[value.index()]
    }

    fn of_refs<'r>(&self, refs: impl IntoIterator<Item = &'r Ref>) -> Roles {
        refs.into_iter().fold(Roles::None, |roles, arg| roles.and(self.of_value(arg.value)))
    }

    fn pass(&mut self, carried: &[Carried]) {
        for c in carried {
            for (from, into) in [(c.init, c.param), (c.next, c.param), (c.param, c.result)] {
                self.add(into, self.of_value(from));
            }
        }
    }

    fn block(&mut self, block: &Block) {
        for inst in block {
            match inst {
                Inst::Gate(gate) => {
                    let roles = self.of_refs(&gate.args);
                    match (gate.op, gate.result) {
                        (Op::Input { input, .. }, Some(result)) => {
                            let input = &self.program.manifest.inputs[input.index()];
                            let own = if input.secret { Roles::One(input.role.0) } else { Roles::None };
                            self.add(result, roles.and(own));
                        }
                        (Op::Output { output, .. }, _) => {
                            let known = self.outputs.entry(output.0).or_default();
                            *known = known.and(roles);
                        }
                        (_, Some(result)) => self.add(result, roles),
                        (_, None) => {}
                    }
                }
                Inst::Update(update) => {
                    let roles = self.of_refs(&update.args);
                    self.add(update.result, roles.and(self.of_value(update.array)));
                }
                Inst::Concat(concat) => {
                    self.add(concat.result, self.of_refs(&concat.parts));
                }
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
                        let branches = self.of_value(joined.then).and(self.of_value(joined.otherwise));
                        self.add(joined.result, branches.and(self.of_value(i.condition)));
                    }
                }
            }
        }
    }
}

impl Elaborator<'_> {
    /// Lints outputs that tell others about one role alone.
    pub(super) fn lint_dependence(&mut self) {
        let (manifest, block) = (self.builder.program().manifest.clone(), self.builder.block().clone());
        // With one role there is nobody to mix with.
        if manifest.inputs.iter().filter(|input| input.secret).map(|input| input.role).collect::<BTreeSet<_>>().len()
            < 2
        {
            return;
        }
        let program = self.builder.program();
        let none = vec![Roles::None; program.values.len()];
        let mut dependence = Dependence { program, of: none, outputs: BTreeMap::new(), changed: true };
        while dependence.changed {
            dependence.changed = false;
            dependence.block(&block);
        }
        let modules = self.modules;
        for (output, roles) in dependence.outputs {
            let output = &manifest.outputs[output as usize];
            let Roles::One(role) = roles else { continue };
            let own = matches!(&output.to, Receivers::Roles(to) if to.iter().all(|to| to.0 == role));
            let main = modules.get(0).ast.items.iter().filter_map(|item| match &item.kind {
                crate::syntax::ast::ItemKind::Fn(of) if of.name.text == "main" => Some(&of.body.statements),
                _ => None,
            });
            let named =
                |statement: &&Stmt| matches!(&statement.kind, StmtKind::Output(of) if of.name.text == output.name);
            let Some(statement) = main.flatten().find(named).filter(|_| !own) else { continue };
            let StmtKind::Output(of) = &statement.kind else { continue };
            let name = manifest.roles.get(role as usize).map_or("", String::as_str);
            let message = format!("the output `{}` depends on the data of `{name}` alone", output.name);
            let diagnostic = Diagnostic::new(Code::OneRoleOutput, of.name.span, message)
                .help(format!("`{name}` could tell this without the others; is another input missing?"));
            self.report(diagnostic);
        }
    }
}
