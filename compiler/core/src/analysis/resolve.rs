//! Resolves the names of a program in its text: one walk over the syntax of each file, with the scopes of [`Walk`].
//!
//! Fields need to know of which struct a value is. That is found in the text where it can be (written types, inputs, literals, columns, results
//! of functions), and asked of the facts of elaboration otherwise.
//!
//! The same walk serves completion: a marker is put in the text in place of the name that is being written, and where the walk meets it, what is in
//! scope there is kept ([`Marked`]).

use super::index::{DefId, Definition, Form, Index, Kind, Reference};
use crate::elaborate::facts::Facts;
use crate::elaborate::modules::{ItemId, Modules};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast::{
    self, Expr, ExprKind, Extent, Generic, GenericKind, ItemKind, Name, Pattern, Stmt, StmtKind, Type, TypeArg,
    TypeKind, UseWhat,
};
use crate::syntax::walk::Walk;
use std::collections::BTreeMap;

/// What could stand in place of the marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A value or a function.
    Value,
    /// A field of that struct, or a function with the value as its first argument.
    Member(Option<DefId>),
    /// A type.
    Type,
    /// A role.
    Role,
    /// A field of that struct in its literal.
    FieldName(DefId),
    /// An item of that module.
    Import(usize),
    /// A module of the library.
    LibraryModule,
}

/// What was found where the marker stands.
#[derive(Clone, Debug)]
pub(super) struct Marked {
    /// What could stand there.
    pub(super) place: Place,
    /// Variables, parameters and generics in scope, outermost first.
    pub(super) scope: Vec<DefId>,
}

/// All names of a program.
pub(super) fn index(modules: &Modules, sources: &SourceMap, facts: &Facts) -> Index {
    resolve(modules, sources, facts, None).0
}

/// All names of a program, and what could stand where a name contains the marker.
pub(super) fn resolve(
    modules: &Modules,
    sources: &SourceMap,
    facts: &Facts,
    marker: Option<&str>,
) -> (Index, Option<Marked>) {
    let mut resolver = Resolver {
        modules,
        sources,
        facts,
        marker,
        index: Index::default(),
        items: BTreeMap::new(),
        module: 0,
        parent: None,
        names: Vec::new(),
        locals: Vec::new(),
        records: BTreeMap::new(),
        marked: None,
    };
    for module in 0..modules.len() {
        resolver.module = module;
        resolver.declare_items();
    }
    for module in 0..modules.len() {
        resolver.module = module;
        resolver.find_records();
    }
    for module in (0..modules.len()).filter(|module| !modules.get(*module).library) {
        resolver.module = module;
        modules.get(module).ast.items.iter().enumerate().for_each(|(at, item)| resolver.item(at, item));
    }
    (resolver.index, resolver.marked)
}

struct Resolver<'a> {
    modules: &'a Modules,
    sources: &'a SourceMap,
    facts: &'a Facts,
    marker: Option<&'a str>,
    index: Index,
    /// Definitions of items; one item may declare several names.
    items: BTreeMap<(ItemId, &'a str), DefId>,
    module: usize,
    /// The function that the walk is in.
    parent: Option<DefId>,
    /// Names in scope, and their definitions.
    names: Vec<String>,
    locals: Vec<DefId>,
    /// The structs of variables that a pattern is about to declare, by their place.
    records: BTreeMap<Span, DefId>,
    marked: Option<Marked>,
}

impl<'a> Resolver<'a> {
    // Items.

    fn define(&mut self, name: &Name, kind: Kind, (whole, header): (Span, Span), docs: Vec<String>) -> DefId {
        self.index.definitions.push(Definition {
            name: name.text.clone(),
            kind,
            span: name.span,
            whole,
            header,
            parent: None,
            docs,
            module: self.module,
            record: None,
            callable: kind == Kind::Function,
        });
        DefId(self.index.definitions.len() - 1)
    }

    /// Declares the module and the names of its items, with their fields and variants.
    fn declare_items(&mut self) {
        let module = self.modules.get(self.module);
        let start = Span { file: module.file, start: 0, end: 0 };
        let file = self.sources.file(module.file);
        let path = file.path.trim_end_matches(".smpc").replace('/', "::");
        let docs =
            file.text.lines().map_while(|line| line.trim().strip_prefix("//!")).map(|line| line.trim().to_owned());
        self.define(&Name { text: path, span: start }, Kind::Module, (start, start), docs.collect());
        for (at, item) in module.ast.items.iter().enumerate() {
            let id = ItemId { module: self.module, item: at };
            let named = |resolver: &mut Self, name: &'a Name, kind: Kind| {
                let from = item.attributes.last().map_or(item.span.start, |attribute| attribute.span.end);
                let text = resolver.sources.text(Span { start: from, ..item.span });
                let from = from + u32::try_from(text.len() - text.trim_start().len()).unwrap_or(0);
                let end = if let ItemKind::Fn(of) = &item.kind { of.body.span.start } else { item.span.end };
                let header = Span { start: from, end, ..item.span };
                let def = resolver.define(name, kind, (item.span, header), item.docs.clone());
                resolver.items.entry((id, name.text.as_str())).or_insert(def);
                def
            };
            match &item.kind {
                ItemKind::Party(parties) => {
                    for party in parties {
                        named(self, &party.name, Kind::Role);
                    }
                }
                ItemKind::Input(input) => {
                    named(self, &input.name, Kind::Input);
                }
                ItemKind::Param { name, .. } => {
                    named(self, name, Kind::Param);
                }
                ItemKind::Const { name, .. } => {
                    named(self, name, Kind::Const);
                }
                ItemKind::Fn(of) => {
                    named(self, &of.name, Kind::Function);
                }
                ItemKind::Circuit { name, .. } => {
                    let def = named(self, name, Kind::Circuit);
                    self.index.definitions[def.0].callable = true;
                }
                ItemKind::Policy { name, .. } => {
                    named(self, name, Kind::Policy);
                }
                ItemKind::Struct(of) => {
                    let parent = named(self, &of.name, Kind::Struct);
                    for field in &of.fields {
                        let whole = field.name.span.to(field.ty.span);
                        let docs = self.docs_above(whole);
                        let def = self.define(&field.name, Kind::Field, (whole, whole), docs);
                        self.index.definitions[def.0].parent = Some(parent);
                    }
                }
                ItemKind::Enum { name, variants } => {
                    let parent = named(self, name, Kind::Enum);
                    for variant in variants {
                        let docs = self.docs_above(variant.span);
                        let def = self.define(variant, Kind::Variant, (variant.span, variant.span), docs);
                        self.index.definitions[def.0].parent = Some(parent);
                    }
                }
                ItemKind::Use(_) | ItemKind::Error => {}
            }
        }
    }

    /// The lines of `///` above the line of a field.
    fn docs_above(&self, span: Span) -> Vec<String> {
        let text = &self.sources.file(span.file).text;
        let above = text.get(..span.start as usize).unwrap_or_default();
        let above = above.rfind('\n').map_or("", |at| &above[..at]);
        let mut docs: Vec<String> = above
            .lines()
            .rev()
            .map_while(|line| line.trim().strip_prefix("///"))
            .map(|line| line.trim().to_owned())
            .collect();
        docs.reverse();
        docs
    }

    /// Finds the structs of inputs, fields and results, which later lines may need.
    fn find_records(&mut self) {
        let modules = self.modules;
        for (at, item) in modules.get(self.module).ast.items.iter().enumerate() {
            let id = ItemId { module: self.module, item: at };
            match &item.kind {
                ItemKind::Input(input) => {
                    self.set_record(self.items.get(&(id, input.name.text.as_str())).copied(), &input.ty)
                }
                ItemKind::Const { name, ty: Some(ty), .. } => {
                    self.set_record(self.items.get(&(id, name.text.as_str())).copied(), ty);
                }
                ItemKind::Fn(of) => {
                    if let Some(result) = &of.result {
                        self.set_record(self.items.get(&(id, of.name.text.as_str())).copied(), result);
                    }
                }
                ItemKind::Struct(of) => {
                    for field in &of.fields {
                        self.set_record(self.index.declared_at(field.name.span), &field.ty);
                    }
                }
                _ => {}
            }
        }
    }

    fn set_record(&mut self, def: Option<DefId>, ty: &Type) {
        if let Some(def) = def {
            self.index.definitions[def.0].record = self.record_of_type(ty);
        }
    }

    /// The struct that a written type is, or an array of which it is.
    fn record_of_type(&self, ty: &Type) -> Option<DefId> {
        match &ty.kind {
            TypeKind::Named { name, .. } => self.global(&name.text).filter(|def| self.is(*def, Kind::Struct)),
            TypeKind::Array { element: inner, .. } | TypeKind::With(_, inner) => self.record_of_type(inner),
            TypeKind::Maybe(_) | TypeKind::Tuple(_) | TypeKind::Fn(..) => None,
        }
    }

    fn is(&self, def: DefId, kind: Kind) -> bool {
        self.index.definitions[def.0].kind == kind
    }

    /// The item of that name that the module declares or imports.
    fn global(&self, name: &str) -> Option<DefId> {
        let named = self.modules.get(self.module).names.get(name)?;
        self.items.get(&(named.id, name)).copied()
    }

    fn item(&mut self, at: usize, item: &'a ast::Item) {
        self.parent = None;
        match &item.kind {
            ItemKind::Party(parties) => parties.iter().for_each(|party| self.all(&party.count)),
            ItemKind::Input(input) => {
                self.ty(&input.ty);
                self.role(&input.role);
            }
            ItemKind::Param { ty, value, .. } => {
                self.ty(ty);
                self.expression(value);
            }
            ItemKind::Const { ty, value, name } => {
                ty.iter().for_each(|ty| self.ty(ty));
                self.expression(value);
                if let (Some(def), Some(record)) = (self.global(&name.text), self.record(value)) {
                    self.index.definitions[def.0].record.get_or_insert(record);
                }
            }
            ItemKind::Struct(of) => self.scoped(|resolver| {
                resolver.generics(&of.generics);
                of.fields.iter().for_each(|field| resolver.ty(&field.ty));
            }),
            ItemKind::Fn(of) => self.function(at, of),
            ItemKind::Use(of) => self.import(of),
            ItemKind::Circuit { params, result, .. } => {
                params.iter().for_each(|param| self.ty(param));
                self.ty(result);
            }
            ItemKind::Policy { settings, .. } => settings.iter().for_each(|(_, value)| self.expression(value)),
            ItemKind::Enum { .. } | ItemKind::Error => {}
        }
    }

    fn function(&mut self, at: usize, of: &'a ast::Fn) {
        let id = ItemId { module: self.module, item: at };
        self.parent = self.items.get(&(id, of.name.text.as_str())).copied();
        self.scoped(|resolver| {
            resolver.generics(&of.generics);
            of.params.iter().for_each(|param| resolver.ty(&param.ty));
            of.result.iter().for_each(|result| resolver.ty(result));
            for param in &of.params {
                let whole = param.name.span.to(param.ty.span);
                let def = resolver.local(&param.name, Kind::Parameter, whole);
                let record = resolver.record_of_type(&param.ty);
                let definition = &mut resolver.index.definitions[def.0];
                definition.record = record;
                definition.callable = matches!(param.ty.kind, TypeKind::Fn(..));
            }
            resolver.block(&of.body);
        });
    }

    fn generics(&mut self, generics: &[Generic]) {
        for generic in generics {
            let whole = match &generic.kind {
                GenericKind::Type(Some(bound)) => generic.name.span.to(bound.span),
                GenericKind::Const | GenericKind::Type(None) => generic.name.span,
            };
            self.local(&generic.name, Kind::Generic, whole);
        }
    }

    /// Declares a name that is in scope from here on.
    fn local(&mut self, name: &Name, kind: Kind, whole: Span) -> DefId {
        let def = self.define(name, kind, (whole, whole), Vec::new());
        self.index.definitions[def.0].parent = self.parent;
        self.names.push(name.text.clone());
        self.locals.push(def);
        def
    }

    fn import(&mut self, of: &ast::Use) {
        let words: Vec<&str> = of.path.iter().map(|name| name.text.as_str()).collect();
        let path = format!("{}.smpc", words.join("/"));
        let file = self.sources.files().iter().position(|file| file.path == path);
        let file = file.and_then(|at| u32::try_from(at).ok()).map(FileId);
        let module =
            file.and_then(|file| (0..self.modules.len()).find(|module| self.modules.get(*module).file == file));
        if let (Some(file), Some(last)) = (file, of.path.last())
            && let Some(def) = self.index.declared_at(Span { file, start: 0, end: 0 })
        {
            self.refer(last.span, def, Form::Plain);
        }
        let UseWhat::Names(names) = &of.what else { return };
        for name in names {
            match module {
                Some(module) => self.mark(name, &Place::Import(module)),
                None if words == ["std"] => self.mark(name, &Place::LibraryModule),
                None => {}
            }
            let declared = module.and_then(|module| self.modules.get(module).names.get(&name.text));
            let def = declared.and_then(|named| self.items.get(&(named.id, name.text.as_str())).copied());
            self.found(name, def);
        }
    }

    // Uses.

    fn refer(&mut self, span: Span, to: DefId, form: Form) {
        self.index.references.push(Reference { span, to, form });
    }

    fn found(&mut self, name: &Name, def: Option<DefId>) {
        match def {
            Some(def) => self.refer(name.span, def, Form::Plain),
            None => self.index.unresolved.push(name.span),
        }
    }

    /// Keeps what is in scope, if the marker stands here.
    fn mark(&mut self, name: &Name, place: &Place) {
        if self.marked.is_none() && self.marker.is_some_and(|marker| name.text.contains(marker)) {
            self.marked = Some(Marked { place: place.clone(), scope: self.locals.clone() });
        }
    }

    /// The variable, parameter or generic of that name that is in scope.
    fn in_scope(&self, name: &str) -> Option<DefId> {
        let at = self.names.iter().rposition(|known| known == name)?;
        self.locals.get(at).copied()
    }

    fn value_named(&self, name: &str) -> Option<DefId> {
        self.in_scope(name).or_else(|| self.global(name))
    }

    fn callee_named(&self, name: &str) -> Option<DefId> {
        let local = self.in_scope(name).filter(|def| self.index.definitions[def.0].callable);
        local.or_else(|| self.global(name))
    }

    fn value(&mut self, name: &Name, form: Form) {
        self.mark(name, &Place::Value);
        match self.value_named(&name.text) {
            Some(def) => self.refer(name.span, def, form),
            None => self.index.unresolved.push(name.span),
        }
    }

    fn callee(&mut self, name: &Name) {
        self.mark(name, &Place::Value);
        let def = self.callee_named(&name.text);
        self.found(name, def);
    }

    /// `a`, `Enum::Variant`
    fn path(&mut self, path: &[Name]) {
        match path {
            [name] if name.text == "_" => {}
            [name] => self.value(name, Form::Plain),
            [of, variant, ..] => {
                let def = self.global(&of.text);
                self.found(of, def);
                let variant_def = def.and_then(|def| {
                    self.index.parts(def).find(|(_, part)| part.name == variant.text).map(|(id, _)| id)
                });
                self.found(variant, variant_def);
            }
            [] => {}
        }
    }

    fn field(&mut self, record: Option<DefId>, name: &Name, form: Form) {
        let field = record.and_then(|record| self.field_of(record, &name.text));
        match field {
            Some(field) => self.refer(name.span, field, form),
            None => self.index.unresolved.push(name.span),
        }
    }

    fn field_of(&self, record: DefId, name: &str) -> Option<DefId> {
        self.index.parts(record).find(|(_, part)| part.name == name).map(|(id, _)| id)
    }

    fn role(&mut self, role: &ast::RoleRef) {
        self.role_name(&role.name);
        self.all(&role.index);
    }

    fn role_name(&mut self, name: &Name) {
        self.mark(name, &Place::Role);
        let def = self.global(&name.text).filter(|def| self.is(*def, Kind::Role));
        self.found(name, def);
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Named { name, args, range } => {
                self.mark(name, &Place::Type);
                if !crate::elaborate::is_type_name(&name.text) {
                    let def = self.value_named(&name.text);
                    self.found(name, def);
                }
                self.type_args(args);
                if let Some(range) = range {
                    self.all([&range.lo, &range.hi]);
                }
            }
            TypeKind::Array { element, extents } => {
                self.ty(element);
                let lengths = extents.iter().map(|extent| match extent {
                    Extent::Exact(length) | Extent::AtMost(length) => length,
                });
                self.all(lengths);
            }
            TypeKind::Tuple(parts) => parts.iter().for_each(|part| self.ty(part)),
            TypeKind::Maybe(inner) | TypeKind::With(_, inner) => self.ty(inner),
            TypeKind::Fn(params, result) => {
                params.iter().for_each(|param| self.ty(param));
                self.ty(result);
            }
        }
    }

    fn type_args(&mut self, args: &[TypeArg]) {
        for arg in args {
            match arg {
                TypeArg::Type(ty) => self.ty(ty),
                TypeArg::Const(value) => self.expression(value),
            }
        }
    }

    // Structs of values.

    /// The struct that a value is, or of which its elements are.
    fn record(&self, e: &Expr) -> Option<DefId> {
        self.record_in_text(e).or_else(|| self.record_of_fact(e.span))
    }

    fn record_in_text(&self, e: &Expr) -> Option<DefId> {
        match &e.kind {
            ExprKind::Path { path, .. } => match path.as_slice() {
                [name] => self.index.definitions[self.value_named(&name.text)?.0].record,
                _ => None,
            },
            ExprKind::Index(of, _) => self.record(of),
            ExprKind::Field(of, name) => {
                let field = self.field_of(self.record(of)?, &name.text)?;
                self.index.definitions[field.0].record
            }
            ExprKind::Binary { op: ast::BinaryOp::Concat, left, right, .. } => {
                self.record(left).or_else(|| self.record(right))
            }
            ExprKind::Array(items) => self.record(items.first()?),
            ExprKind::Repeat(element, _) => self.record(element),
            ExprKind::Struct { name, .. } => self.global(&name.text).filter(|def| self.is(*def, Kind::Struct)),
            ExprKind::Call { callee, args } => {
                let ExprKind::Path { path, .. } = &callee.kind else { return None };
                let [name] = path.as_slice() else { return None };
                self.record_of_call(name, args.first(), args.get(1))
            }
            ExprKind::Method { receiver, name, args } => self.record_of_call(name, Some(receiver), args.first()),
            _ => None,
        }
    }

    fn record_of_call(&self, name: &Name, first: Option<&Expr>, second: Option<&Expr>) -> Option<DefId> {
        match self.callee_named(&name.text) {
            Some(def) => self.index.definitions[def.0].record,
            None => match name.text.as_str() {
                "reverse" | "reveal" | "secret" => self.record(first?),
                "select" => self.record(second?),
                _ => None,
            },
        }
    }

    fn record_of_fact(&self, span: Span) -> Option<DefId> {
        let name = self.facts.record_at(span)?;
        let visible = self.global(name).filter(|def| self.is(*def, Kind::Struct));
        visible.or_else(|| {
            let mut all = self.index.definitions.iter();
            all.position(|definition| definition.kind == Kind::Struct && definition.name == name).map(DefId)
        })
    }

    /// Says of which structs the variables of a pattern are that takes a value, or the elements of one.
    fn expect(&mut self, pattern: &Pattern, value: &Expr) {
        let args: Vec<&Expr> = match &value.kind {
            ExprKind::Call { callee, args } => match &callee.kind {
                ExprKind::Path { path, .. } if path.len() == 1 && path[0].text == "zip" => args.iter().collect(),
                ExprKind::Path { path, .. } if path.len() == 1 && path[0].text == "enumerate" => {
                    args.iter().chain(args).collect()
                }
                _ => Vec::new(),
            },
            ExprKind::Tuple(parts) => parts.iter().collect(),
            _ => Vec::new(),
        };
        match pattern {
            Pattern::Name(name) => {
                if let Some(record) = self.record(value) {
                    self.records.insert(name.span, record);
                }
            }
            Pattern::Tuple(parts, _) if parts.len() == args.len() => {
                parts.iter().zip(args).for_each(|(part, value)| self.expect(part, value));
            }
            Pattern::Tuple(..) | Pattern::Wild(_) => {}
        }
    }
}

impl Walk for Resolver<'_> {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.names
    }

    fn pattern(&mut self, pattern: &Pattern) {
        for name in pattern.names() {
            let def = self.local(name, Kind::Variable, name.span);
            let record = self.records.remove(&name.span).or_else(|| self.record_of_fact(name.span));
            self.index.definitions[def.0].record = record;
        }
    }

    fn scoped(&mut self, run: impl FnOnce(&mut Self)) {
        let before = self.names.len();
        run(self);
        self.names.truncate(before);
        self.locals.truncate(before);
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Let { pattern, ty, value, .. } => {
                ty.iter().for_each(|ty| self.ty(ty));
                let written = ty.as_ref().and_then(|ty| self.record_of_type(ty));
                match (pattern, written) {
                    (Pattern::Name(name), Some(record)) => {
                        self.records.insert(name.span, record);
                    }
                    _ => self.expect(pattern, value),
                }
            }
            StmtKind::For { pattern, source, .. } => self.expect(pattern, source),
            StmtKind::Output(output) if output.value.is_none() => self.value(&output.name, Form::ShortOutput),
            _ => {}
        }
        self.parts_of(statement);
        if let StmtKind::Output(output) = &statement.kind {
            if let Some((policy, of)) = &output.policy {
                let def = self.global(&policy.text);
                self.found(policy, def);
                self.expression(of);
            }
            match &output.to {
                ast::Receivers::All => {}
                ast::Receivers::Each(role) => self.role_name(role),
                ast::Receivers::Roles(roles) => roles.iter().for_each(|role| self.role(role)),
            }
        }
    }

    fn expression(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Path { path, args } => {
                self.path(path);
                self.type_args(args);
            }
            ExprKind::Call { callee, args } => {
                match &callee.kind {
                    ExprKind::Path { path, args } if path.len() == 1 => {
                        self.callee(&path[0]);
                        self.type_args(args);
                    }
                    _ => self.expression(callee),
                }
                self.all(args);
            }
            ExprKind::Method { receiver, name, args } => {
                self.expression(receiver);
                if self.marker.is_some() {
                    let record = self.record(receiver);
                    self.mark(name, &Place::Member(record));
                }
                let def = self.callee_named(&name.text);
                self.found(name, def);
                self.all(args);
            }
            ExprKind::Field(of, name) => {
                self.expression(of);
                let record = self.record(of);
                self.mark(name, &Place::Member(record));
                self.field(record, name, Form::Plain);
            }
            ExprKind::Struct { name, fields, base } => {
                self.mark(name, &Place::Value);
                let def = self.global(&name.text);
                self.found(name, def);
                for (field, value) in fields {
                    if let Some(def) = def {
                        self.mark(field, &Place::FieldName(def));
                    }
                    match value {
                        Some(value) => {
                            self.field(def, field, Form::Plain);
                            self.expression(value);
                        }
                        None => {
                            self.field(def, field, Form::ShortField);
                            self.value(field, Form::ShortValue);
                        }
                    }
                }
                self.all(base.as_deref());
            }
            ExprKind::As(of, ty) => {
                self.expression(of);
                self.ty(ty);
            }
            ExprKind::Match(of, arms) => {
                self.expression(of);
                for arm in arms {
                    self.all(&arm.patterns);
                    self.expression(&arm.value);
                }
            }
            ExprKind::Comprehension { pattern, source, .. } => {
                self.expect(pattern, source);
                self.parts(e);
            }
            _ => self.parts(e),
        }
    }
}
