//! Functions of which there is no instance: their names are looked up all the same, so that one run tells every unknown one. What their values' types are
//! is found only where a function is called.

use super::modules::{ItemId, Modules};
use super::{builtins, declared};
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::source::SourceMap;
use crate::syntax::ast::{Expr, ExprKind, ItemKind, Name, Stmt, StmtKind, Type, TypeKind};
use crate::syntax::walk::Walk;
use std::collections::BTreeSet;

/// The first name that stands there for the second time.
pub(super) fn repeated<'a>(names: &[&'a Name]) -> Option<&'a Name> {
    let mut seen = BTreeSet::new();
    names.iter().find(|name| !seen.insert(&name.text)).copied()
}

/// Nothing of that name has a value; `scope` are the variables there.
pub(super) fn unknown_value<'a>(
    name: &Name,
    scope: impl Iterator<Item = &'a str>,
    modules: &'a Modules,
    module: usize,
) -> Diagnostic {
    let items = modules.get(module).names.keys().map(String::as_str);
    let help = match (name.text.as_str(), super::similar(&name.text, scope.chain(items))) {
        ("True" | "False", _) => "write `true` or `false`".to_owned(),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        (text, None) => format!("declare it before this line: `let {text} = …;`"),
    };
    Diagnostic::new(Code::UnknownName, name.span, format!("no `{}` is in scope", name.text)).help(help)
}

/// Nothing of that name can be called.
pub(super) fn unknown_function(name: &Name, modules: &Modules, module: usize, sources: &SourceMap) -> Diagnostic {
    let items = modules.get(module).names.keys().map(String::as_str);
    let near = super::similar(&name.text, items.chain(builtins::NAMES.iter().copied()));
    let library = crate::library::module_with(&name.text);
    let help = match (library, near) {
        _ if name.text.starts_with("__") => "names that start with `__` belong to the library".to_owned(),
        (Some(module), _) => format!("import it: `use std::{module}::{};`", name.text),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("declare it: `fn {}(…) {{ … }}`", name.text),
    };
    let message = format!("no function `{}`", name.text);
    let diagnostic = Diagnostic::new(Code::UnknownName, name.span, message).help(help);
    match library.map(|from| modules.import_edit(module, sources, from, &name.text)) {
        Some(edit) => diagnostic.suggest(edit.span, edit.replacement),
        None => diagnostic,
    }
}

/// Reports parameters of one name in any function, and unknown names in functions that nothing calls.
pub(super) fn check(modules: &Modules, called: &BTreeSet<ItemId>, sources: &SourceMap, sink: &mut Sink) {
    for module in 0..modules.len() {
        if modules.get(module).library {
            continue;
        }
        for (item, declared) in modules.get(module).ast.items.iter().enumerate() {
            let ItemKind::Fn(of) = &declared.kind else { continue };
            let generics = of.generics.iter().map(|generic| &generic.name);
            let params: Vec<&Name> = generics.chain(of.params.iter().map(|param| &param.name)).collect();
            if let Some(again) = repeated(&params) {
                let message = format!("`{}` has two parameters `{}`", of.name.text, again.text);
                let diagnostic = Diagnostic::new(Code::Duplicate, again.span, message);
                sink.push(diagnostic.help("give one of them another name"));
            }
            if !called.contains(&ItemId { module, item }) {
                let mut names = Names { modules, module, scope: Vec::new(), sources, sink };
                names.scope.extend(params.iter().map(|name| name.text.clone()));
                of.params.iter().map(|param| &param.ty).chain(&of.result).for_each(|ty| names.ty(ty));
                names.block(&of.body);
            }
        }
    }
}

/// Reports names that are not written as their kind is.
pub(super) fn style(modules: &Modules, sink: &mut Sink) {
    for module in (0..modules.len()).filter(|module| !modules.get(*module).library) {
        for item in &modules.get(module).ast.items {
            let mut wrong = |name: &Name, style: Style| {
                if !style.fits(&name.text) {
                    let message = format!("{} is written in {}: `{}`", style.what(), style.name(), name.text);
                    let diagnostic = Diagnostic::new(Code::Naming, name.span, message);
                    sink.push(diagnostic.help(format!("write `{}`", style.of(&name.text))));
                }
            };
            match &item.kind {
                ItemKind::Party(parties) => parties.iter().for_each(|party| wrong(&party.name, Style::Type)),
                ItemKind::Struct(of) => {
                    wrong(&of.name, Style::Type);
                    of.fields.iter().for_each(|field| wrong(&field.name, Style::Value));
                }
                ItemKind::Enum { name, variants } => {
                    wrong(name, Style::Type);
                    variants.iter().for_each(|variant| wrong(variant, Style::Type));
                }
                ItemKind::Param { name, .. } | ItemKind::Const { name, .. } => wrong(name, Style::Const),
                ItemKind::Input(input) => wrong(&input.name, Style::Value),
                ItemKind::Fn(of) => {
                    wrong(&of.name, Style::Value);
                    of.params.iter().for_each(|param| wrong(&param.name, Style::Value));
                }
                ItemKind::Circuit { name, .. } | ItemKind::Policy { name, .. } => wrong(name, Style::Value),
                ItemKind::Use(_) | ItemKind::Error => {}
            }
        }
    }
}

/// How names of a kind are written.
#[derive(Clone, Copy)]
enum Style {
    Value,
    Type,
    Const,
}

impl Style {
    const fn what(self) -> &'static str {
        match self {
            Self::Value => "the name of a value, field or function",
            Self::Type => "the name of a type or role",
            Self::Const => "the name of a constant",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Value => "snake_case",
            Self::Type => "CamelCase",
            Self::Const => "UPPER_CASE",
        }
    }

    fn fits(self, name: &str) -> bool {
        let name = name.trim_start_matches('_');
        match self {
            Self::Value => !name.contains(char::is_uppercase),
            Self::Type => name.starts_with(char::is_uppercase) && !name.contains('_'),
            Self::Const => !name.contains(char::is_lowercase),
        }
    }

    /// The name as it would be written.
    fn of(self, name: &str) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut lower = false;
        for c in name.chars() {
            match words.last_mut() {
                Some(word) if c != '_' && !(c.is_uppercase() && lower) => word.push(c),
                _ if c == '_' => words.push(String::new()),
                _ => words.push(c.to_string()),
            }
            lower = c.is_lowercase() || c.is_numeric();
        }
        words.retain(|word| !word.is_empty());
        match self {
            Self::Value => words.join("_").to_lowercase(),
            Self::Const => words.join("_").to_uppercase(),
            Self::Type => {
                let capital = |word: &String| {
                    let mut chars = word.chars();
                    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
                };
                words.iter().map(capital).collect()
            }
        }
    }
}

struct Names<'a> {
    modules: &'a Modules,
    module: usize,
    scope: Vec<String>,
    sources: &'a SourceMap,
    sink: &'a mut Sink,
}

impl Names<'_> {
    fn known(&self, name: &Name) -> bool {
        self.scope.contains(&name.text) || self.modules.find(self.module, &name.text).is_some()
    }

    fn value(&mut self, name: &Name) {
        if !self.known(name) {
            let scope = self.scope.iter().map(String::as_str);
            let diagnostic = unknown_value(name, scope, self.modules, self.module);
            self.unknown(name, diagnostic);
        }
    }

    fn function(&mut self, name: &Name) {
        let built_in = builtins::NAMES.contains(&name.text.as_str());
        if self.known(name) || built_in {
            return;
        }
        self.unknown(name, unknown_function(name, self.modules, self.module, self.sources));
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Named { name, .. } => {
                if !self.known(name)
                    && !declared::is_built_in(&name.text)
                    && !self.modules.may_be_lost(self.module, &name.text, self.sources)
                {
                    self.sink.push(declared::unknown_type(name, name.span, self.modules, self.module));
                }
            }
            TypeKind::Array { element, .. } => self.ty(element),
            TypeKind::Tuple(parts) => parts.iter().for_each(|part| self.ty(part)),
            TypeKind::Maybe(inner) | TypeKind::With(_, inner) => self.ty(inner),
            TypeKind::Fn(params, result) => {
                params.iter().for_each(|param| self.ty(param));
                self.ty(result);
            }
        }
    }

    fn unknown(&mut self, name: &Name, diagnostic: Diagnostic) {
        if !self.modules.may_be_lost(self.module, &name.text, self.sources) {
            self.sink.push(diagnostic);
        }
    }
}

impl Walk for Names<'_> {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.scope
    }

    fn statement(&mut self, statement: &Stmt) {
        // An output has no place in a function: that is what would be said of it.
        if !matches!(statement.kind, StmtKind::Output(_)) {
            self.parts_of(statement);
        }
    }

    fn expression(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Path { path, .. } => {
                if let [name] = path.as_slice() {
                    self.value(name);
                }
            }
            ExprKind::Call { callee, args } => {
                if let ExprKind::Path { path, .. } = &callee.kind
                    && let [name] = path.as_slice()
                {
                    self.function(name);
                }
                self.all(args);
            }
            ExprKind::Method { name, .. } => {
                self.function(name);
                self.parts(e);
            }
            ExprKind::Struct { fields, .. } => {
                // A bare field is a value of that name.
                fields.iter().filter(|(_, value)| value.is_none()).for_each(|(name, _)| self.value(name));
                self.parts(e);
            }
            _ => self.parts(e),
        }
    }
}
