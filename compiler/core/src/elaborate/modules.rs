//! Modules and the names of their items: loads what `use` asks for, and says what a name means in a module. Looks into no item.

use crate::diagnostics::{Code, Diagnostic, Sink, Suggestion};
use crate::library;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast::{self, ItemKind, UseWhat};
use std::cell::Cell;
use std::collections::BTreeMap;

/// The text of a user's module: `use my_helpers::*` asks for `my_helpers`. `None` where there is no such file.
pub type Loader<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An item of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ItemId {
    /// The module.
    pub(crate) module: usize,
    /// Its place among the module's items.
    pub(crate) item: usize,
}

/// What a name of a module means.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The item.
    pub(crate) id: ItemId,
    /// Where the name is declared or imported here.
    pub(crate) span: Span,
    /// Whether it comes from another module.
    pub(crate) imported: bool,
    /// Whether anything reads it.
    pub(crate) used: Cell<bool>,
}

/// A source file with its names.
#[derive(Debug)]
pub(crate) struct Module {
    /// The file.
    pub(crate) file: FileId,
    /// What stands in it.
    pub(crate) ast: ast::Module,
    /// What its names mean.
    pub(crate) names: BTreeMap<String, Named>,
    /// Names that it imports from where they are not.
    not_found: Vec<String>,
    /// Whether it belongs to the library, and may use the machine's own functions.
    pub(crate) library: bool,
}

/// All modules of a compilation, the main one first.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    modules: Vec<Module>,
    by_path: BTreeMap<String, usize>,
    circuits: BTreeMap<String, String>,
}

impl Modules {
    /// Loads the main file, which is the first of `sources`, and everything that it imports.
    pub(crate) fn load(sources: &mut SourceMap, loader: Loader<'_>, circuits: Loader<'_>, sink: &mut Sink) -> Self {
        let mut all = Self::default();
        let main = sources.files().first().map_or_else(String::new, |file| file.path.clone());
        all.add(main, FileId(0), false, sources, sink);
        all.imports(0, &mut Vec::new(), sources, loader, sink);
        let files = all.modules.iter().flat_map(|module| &module.ast.items).filter_map(|item| match &item.kind {
            ItemKind::Circuit { file, .. } => Some(file.clone()),
            _ => None,
        });
        all.circuits = files.filter_map(|file| circuits(&file).map(|text| (file, text))).collect();
        all
    }

    /// The text of a circuit's file; `None` where there is none.
    pub(crate) fn circuit(&self, file: &str) -> Option<&str> {
        self.circuits.get(file).map(String::as_str)
    }

    /// The module with that number.
    pub(crate) fn get(&self, module: usize) -> &Module {
        &self.modules[module]
    }

    /// The attributes of the item around a place.
    pub(crate) fn attributes_at(&self, at: Span) -> impl Iterator<Item = &ast::Attribute> {
        let items =
            self.modules.iter().filter(move |module| module.file == at.file).flat_map(|module| &module.ast.items);
        let around = items.filter(move |item| item.span.start <= at.start && at.end <= item.span.end);
        around.flat_map(|item| &item.attributes)
    }

    /// Number of modules.
    pub(crate) const fn len(&self) -> usize {
        self.modules.len()
    }

    /// The item.
    pub(crate) fn item(&self, id: ItemId) -> &ast::Item {
        &self.modules[id.module].ast.items[id.item]
    }

    /// What a name means in a module; marks it as read.
    pub(crate) fn find(&self, module: usize, name: &str) -> Option<ItemId> {
        let named = self.modules[module].names.get(name)?;
        named.used.set(true);
        Some(named.id)
    }

    /// Whether a name stands in a piece of the module that did not parse, and may be declared there, or in a `use` that found nothing.
    pub(crate) fn may_be_lost(&self, module: usize, name: &str, sources: &SourceMap) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if self.modules[module].not_found.iter().any(|missing| missing == name) {
            return true;
        }
        let lost = &self.modules[module].ast.lost;
        lost.iter().any(|piece| sources.text(*piece).split(|c| !is_word(c)).any(|word| word == name))
    }

    fn add(&mut self, path: String, file: FileId, library: bool, sources: &SourceMap, sink: &mut Sink) -> usize {
        let ast = crate::syntax::parse(sources, file, sink);
        let number = self.modules.len();
        let mut names = BTreeMap::new();
        for (item, declared) in ast.items.iter().enumerate() {
            for name in item_names(&declared.kind) {
                let id = ItemId { module: number, item };
                let named = Named { id, span: name.span, imported: false, used: Cell::new(false) };
                declare(&mut names, name, named, sink);
            }
        }
        self.modules.push(Module { file, ast, names, not_found: Vec::new(), library });
        self.by_path.insert(path, number);
        number
    }

    fn imports(
        &mut self,
        module: usize,
        open: &mut Vec<usize>,
        sources: &mut SourceMap,
        loader: Loader<'_>,
        sink: &mut Sink,
    ) {
        open.push(module);
        let uses: Vec<ast::Use> = self.modules[module]
            .ast
            .items
            .iter()
            .filter_map(|item| if let ItemKind::Use(what) = &item.kind { Some(what.clone()) } else { None })
            .collect();
        for what in uses {
            match self.imported_module(&what, open, sources, loader, sink) {
                Some(from) => self.import(module, from, &what, sink),
                None => {
                    if let UseWhat::Names(names) = &what.what {
                        self.modules[module].not_found.extend(names.iter().map(|name| name.text.clone()));
                    }
                }
            }
        }
        open.pop();
    }

    fn imported_module(
        &mut self,
        what: &ast::Use,
        open: &mut Vec<usize>,
        sources: &mut SourceMap,
        loader: Loader<'_>,
        sink: &mut Sink,
    ) -> Option<usize> {
        let words: Vec<&str> = what.path.iter().map(|name| name.text.as_str()).collect();
        let (first, last) = (what.path.first()?, what.path.last()?);
        let at = first.span.to(last.span);
        let (path, text) = match words[..] {
            ["std"] => {
                let known: Vec<String> = library::MODULES.iter().map(|(name, _)| format!("std::{name}")).collect();
                let message = "`std` is a folder of modules";
                sink.push(
                    Diagnostic::new(Code::UnknownName, at, message).help(format!("import from {}", known.join(", "))),
                );
                return None;
            }
            ["std", name] => (format!("std/{name}.smpc"), library::module(name).map(str::to_owned)),
            [name] => (format!("{name}.smpc"), None),
            _ => (format!("{}.smpc", words.join("/")), None),
        };
        if let Some(&known) = self.by_path.get(&path) {
            if open.contains(&known) {
                let message = "modules that import each other";
                sink.push(
                    Diagnostic::new(Code::ImportCycle, at, message)
                        .here(format!("`{path}` is being read already"))
                        .help("move what both need into a third module"),
                );
                return None;
            }
            return Some(known);
        }
        let is_library = words.first() == Some(&"std");
        let text = if is_library { text } else { loader(&words.join("/")) };
        let Some(text) = text else {
            let help = if is_library {
                let known: Vec<&str> = library::MODULES.iter().map(|(name, _)| *name).collect();
                format!("the library has {}", known.join(", "))
            } else {
                format!("it is read from `{path}` in the folder of the main file")
            };
            sink.push(Diagnostic::new(Code::UnknownName, at, format!("no module `{}`", words.join("::"))).help(help));
            return None;
        };
        let file = sources.add(path.clone(), text);
        let number = self.add(path, file, is_library, sources, sink);
        self.imports(number, open, sources, loader, sink);
        Some(number)
    }

    fn import(&mut self, into: usize, from: usize, what: &ast::Use, sink: &mut Sink) {
        let mut found: Vec<(ast::Name, ItemId)> = Vec::new();
        match &what.what {
            UseWhat::All(span) => {
                let own = self.modules[from].names.iter().filter(|(text, named)| !named.imported && !is_private(text));
                found.extend(own.map(|(text, named)| (ast::Name { text: text.clone(), span: *span }, named.id)));
            }
            UseWhat::Names(names) => {
                for name in names {
                    if is_private(&name.text) {
                        let message = format!("`{}` belongs to its module", name.text);
                        let help = "names that start with `_` cannot be imported: give the function another name";
                        sink.push(Diagnostic::new(Code::UnknownName, name.span, message).help(help));
                        self.modules[into].not_found.push(name.text.clone());
                        continue;
                    }
                    match self.modules[from].names.get(&name.text).filter(|named| !named.imported) {
                        Some(named) => found.push((name.clone(), named.id)),
                        None => {
                            let module: Vec<&str> = what.path.iter().map(|name| name.text.as_str()).collect();
                            let message = format!("`{}` has no `{}`", module.join("::"), name.text);
                            let own: Vec<&str> = self.modules[from]
                                .names
                                .iter()
                                .filter(|(name, n)| !n.imported && !is_private(name))
                                .map(|(n, _)| &**n)
                                .collect();
                            let help = super::similar(&name.text, own.iter().copied()).map_or_else(
                                || format!("it has {}", own.join(", ")),
                                |near| format!("did you mean `{near}`?"),
                            );
                            sink.push(Diagnostic::new(Code::UnknownName, name.span, message).help(help));
                            self.modules[into].not_found.push(name.text.clone());
                        }
                    }
                }
            }
        }
        let all = matches!(what.what, UseWhat::All(_));
        for (name, id) in found {
            // A whole module is not unused because one of its names is.
            let named = Named { id, span: name.span, imported: true, used: Cell::new(all) };
            declare(&mut self.modules[into].names, &name, named, sink);
        }
    }
}

/// The names that an item declares.
fn item_names(kind: &ItemKind) -> Vec<&ast::Name> {
    match kind {
        ItemKind::Party(parties) => parties.iter().map(|party| &party.name).collect(),
        ItemKind::Input(input) => vec![&input.name],
        ItemKind::Fn(of) => vec![&of.name],
        ItemKind::Struct(of) => vec![&of.name],
        ItemKind::Param { name, .. }
        | ItemKind::Const { name, .. }
        | ItemKind::Enum { name, .. }
        | ItemKind::Circuit { name, .. }
        | ItemKind::Policy { name, .. } => vec![name],
        ItemKind::Use(_) | ItemKind::Error => Vec::new(),
    }
}

fn declare(names: &mut BTreeMap<String, Named>, name: &ast::Name, named: Named, sink: &mut Sink) {
    if let Some(before) = names.get(&name.text) {
        if before.id == named.id && (before.imported || named.imported) {
            return;
        }
        let message = format!("`{}` is declared twice", name.text);
        sink.push(
            Diagnostic::new(Code::Duplicate, name.span, message)
                .label(before.span, "the first one is here")
                .help("give one of them another name"),
        );
        return;
    }
    names.insert(name.text.clone(), named);
}

/// Whether a name belongs to its module alone.
fn is_private(name: &str) -> bool {
    name.starts_with('_')
}

impl Modules {
    /// The names that an item declares, with their places.
    pub(crate) fn declared_names(&self, id: ItemId) -> Vec<(&str, Span)> {
        item_names(&self.item(id).kind).into_iter().map(|name| (name.text.as_str(), name.span)).collect()
    }

    /// The edit that imports a function of a library module.
    pub(crate) fn import_edit(&self, into: usize, sources: &SourceMap, from: &str, name: &str) -> Suggestion {
        let module = self.get(into);
        let text = &sources.file(module.file).text;
        crate::syntax::imports::import(module.file, text, &module.ast, &["std", from], name)
    }

    /// Whether a file belongs to the library.
    pub(crate) fn is_library(&self, file: FileId) -> bool {
        self.modules.iter().any(|module| module.file == file && module.library)
    }

    /// Imports and inputs of the user's modules that nothing reads: name, place, whether it is an import.
    pub(crate) fn unread(&self) -> impl Iterator<Item = (&str, Span, bool)> {
        self.modules.iter().filter(|module| !module.library).flat_map(move |module| {
            module.names.iter().filter_map(move |(name, named)| {
                let input = matches!(self.item(named.id).kind, ItemKind::Input(_));
                let told = !named.used.get() && (named.imported || input) && !name.starts_with('_');
                told.then_some((name.as_str(), named.span, named.imported))
            })
        })
    }
}
