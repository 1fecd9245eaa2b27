//! The names of a program: what each declares, and every place that uses it.

use crate::source::{FileId, Span};

/// A definition, by its place in [`Index::definitions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefId(pub usize);

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Module,
    /// `party`
    Role,
    /// `input`
    Input,
    /// `param`
    Param,
    /// `const`
    Const,
    /// `struct`
    Struct,
    /// A field of a struct.
    Field,
    /// `enum`
    Enum,
    /// A variant of an enum.
    Variant,
    /// `fn`
    Function,
    /// A size or type that a function is generic over.
    Generic,
    /// A parameter of a function.
    Parameter,
    /// `circuit`
    Circuit,
    /// `policy`
    Policy,
    /// What a `let`, a loop or a closure declares.
    Variable,
}

/// What a name declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name.
    pub name: String,
    /// What it stands for.
    pub kind: Kind,
    /// The name in its declaration; the start of the file for a module.
    pub span: Span,
    /// The whole declaration.
    pub whole: Span,
    /// The declaration without a function's body.
    pub header: Span,
    /// The struct of a field, the enum of a variant, the function of a parameter or variable.
    pub parent: Option<DefId>,
    /// Lines of its documentation.
    pub docs: Vec<String>,
    /// The module that it stands in.
    pub(super) module: usize,
    /// The struct whose fields its value has, or each element of its value.
    pub(super) record: Option<DefId>,
    /// Whether it may be called: a function, or a parameter that is one.
    pub(super) callable: bool,
}

/// How a use is written, where a new name changes more than the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The name itself.
    Plain,
    /// The field in `S { a }`, which is short for `S { a: a }`.
    ShortField,
    /// The value in `S { a }`.
    ShortValue,
    /// The value in `output a to all`, which is short for `output a = a to all`.
    ShortOutput,
}

/// A use of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where.
    pub span: Span,
    /// What it stands for.
    pub to: DefId,
    /// How it is written.
    pub form: Form,
}

/// All names of a program's files. Uses in the library are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// What is declared, items first.
    pub definitions: Vec<Definition>,
    /// What is used, in the order in which the files are read.
    pub references: Vec<Reference>,
    /// Names that nothing declares: functions of the language, and mistakes.
    pub(super) unresolved: Vec<Span>,
}

impl Index {
    /// A definition.
    #[must_use]
    pub fn definition(&self, id: DefId) -> &Definition {
        &self.definitions[id.0]
    }

    /// What the name at a place stands for, and the name's span. A place right behind a name belongs to it.
    #[must_use]
    pub fn at(&self, file: FileId, offset: u32) -> Option<(DefId, Span)> {
        let uses = self.references.iter().filter(|reference| reference.form != Form::ShortField);
        let uses = uses.map(|reference| (reference.to, reference.span));
        let named = self.definitions.iter().enumerate().filter(|(_, definition)| definition.kind != Kind::Module);
        let declared = named.map(|(at, definition)| (DefId(at), definition.span));
        let here = |span: &Span| span.file == file && span.start <= offset && offset <= span.end;
        let mut found: Vec<(DefId, Span)> = uses.chain(declared).filter(|(_, span)| here(span)).collect();
        found.sort_by_key(|(_, span)| span.end == offset);
        found.first().copied()
    }

    /// The definition whose name stands at exactly this place.
    #[must_use]
    pub fn declared_at(&self, span: Span) -> Option<DefId> {
        self.definitions.iter().position(|definition| definition.span == span).map(DefId)
    }

    /// All uses of a definition, its declaration left out.
    pub fn uses(&self, of: DefId) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(move |reference| reference.to == of)
    }

    /// The fields of a struct, or the variants of an enum.
    pub(super) fn parts(&self, of: DefId) -> impl Iterator<Item = (DefId, &Definition)> {
        let all = self.definitions.iter().enumerate().map(|(at, definition)| (DefId(at), definition));
        all.filter(move |(_, part)| part.parent == Some(of) && matches!(part.kind, Kind::Field | Kind::Variant))
    }
}
