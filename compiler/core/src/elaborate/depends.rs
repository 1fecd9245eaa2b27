//! Which roles the outputs depend on: an output that others learn and that depends on the inputs of one role alone is probably not what was meant.

use super::Elaborator;
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Block, Carried, Inst, Op, Program, Ref, ValueId};
use crate::syntax::ast::{Stmt, StmtKind};
use smpc_bytecode::module::Receivers;
use std::collections::{BTreeMap, BTreeSet};

/// The secret inputs' roles that each value depends on.
struct Roles<'p> {
    program: &'p Program,
    of: Vec<BTreeSet<u32>>,
    outputs: BTreeMap<u32, BTreeSet<u32>>,
    changed: bool,
}

impl Roles<'_> {
    fn add(&mut self, value: ValueId, roles: &BTreeSet<u32>) {
        let own = &mut self.of[value.index()];
        let before = own.len();
        own.extend(roles);
        self.changed |= own.len() > before;
    }

    fn of_refs<'r>(&self, refs: impl IntoIterator<Item = &'r Ref>) -> BTreeSet<u32> {
        refs.into_iter().flat_map(|arg| &self.of[arg.value.index()]).copied().collect()
    }

    fn pass(&mut self, carried: &[Carried]) {
        for c in carried {
            for (from, into) in [(c.init, c.param), (c.next, c.param), (c.param, c.result)] {
                let roles = self.of[from.index()].clone();
                self.add(into, &roles);
            }
        }
    }

    fn block(&mut self, block: &Block) {
        for inst in block {
            match inst {
                Inst::Gate(gate) => {
                    let mut roles = self.of_refs(&gate.args);
                    match (gate.op, gate.result) {
                        (Op::Input { input, .. }, Some(result)) => {
                            let input = &self.program.manifest.inputs[input.index()];
                            if input.secret {
                                roles.insert(input.role.0);
                            }
                            self.add(result, &roles);
                        }
                        (Op::Output { output, .. }, _) => {
                            let known = self.outputs.entry(output.0).or_default();
                            known.extend(&roles);
                        }
                        (_, Some(result)) => self.add(result, &roles),
                        (_, None) => {}
                    }
                }
                Inst::Update(update) => {
                    let mut roles = self.of_refs(&update.args);
                    roles.extend(&self.of[update.array.index()]);
                    self.add(update.result, &roles);
                }
                Inst::Concat(concat) => {
                    let roles = self.of_refs(&concat.parts);
                    self.add(concat.result, &roles);
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
                        let mut roles = self.of[joined.then.index()].clone();
                        roles.extend(&self.of[joined.otherwise.index()]);
                        roles.extend(&self.of[i.condition.index()]);
                        self.add(joined.result, &roles);
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
        let none = vec![BTreeSet::new(); program.values.len()];
        let mut roles = Roles { program, of: none, outputs: BTreeMap::new(), changed: true };
        while roles.changed {
            roles.changed = false;
            roles.block(&block);
        }
        let modules = self.modules;
        for (output, roles) in roles.outputs {
            let output = &manifest.outputs[output as usize];
            let [role] = roles.iter().copied().collect::<Vec<_>>()[..] else { continue };
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
