//! New names for old ones. A rename is applied to the texts, and the names are resolved anew: it is refused where any name of the program would mean
//! something else than before.

use super::index::{DefId, Form, Index, Kind};
use super::{Analysis, outline};
use crate::compile::Request;
use crate::diagnostics::Code;
use crate::source::{FileId, Span};
use std::collections::{BTreeMap, BTreeSet};

/// A piece of text that is replaced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What stands there then.
    pub text: String,
}

/// Why something cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenameError {
    /// There is no name at the place, or none that the program declares.
    NoName,
    /// What is declared in the library, or a module, keeps its name.
    Fixed(String),
    /// The new name is no name.
    BadName(String),
    /// Another name would mean something else then, or the new one is taken.
    Collides(String),
}

impl RenameError {
    /// The reason in words.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NoName => "there is no name to change here".to_owned(),
            Self::Fixed(name) => format!("`{name}` cannot be renamed: it belongs to the language or the library"),
            Self::BadName(name) => format!("`{name}` is no name: letters, digits and `_`, and no word of the language"),
            Self::Collides(name) => format!("`{name}` means something else where the name is used"),
        }
    }
}

impl Analysis {
    /// The name at a place that can be given another one.
    ///
    /// # Errors
    /// There is none.
    pub fn renameable(&self, file: FileId, offset: u32) -> Result<(DefId, Span), RenameError> {
        let Some((def, span)) = self.index().at(file, offset) else {
            let token = self.token_at(file, offset).filter(|token| self.index().unresolved.contains(token));
            return Err(
                token.map_or(RenameError::NoName, |token| RenameError::Fixed(self.sources.text(token).to_owned()))
            );
        };
        let definition = self.index().definition(def);
        let fixed = self.is_library(definition.span.file)
            || definition.kind == Kind::Module
            || definition.kind == Kind::Function && definition.name == "main";
        if fixed { Err(RenameError::Fixed(definition.name.clone())) } else { Ok((def, span)) }
    }

    /// The edits that give a definition a new name, in all files of the program.
    ///
    /// # Errors
    /// The name is no name, or the program would mean something else with it.
    pub fn rename(&self, def: DefId, name: &str) -> Result<Vec<Edit>, RenameError> {
        if !crate::syntax::is_name(name) || name == "main" {
            return Err(RenameError::BadName(name.to_owned()));
        }
        let definition = self.index().definition(def);
        let function = definition.kind == Kind::Function && crate::elaborate::FUNCTIONS.contains(&name);
        let ty = matches!(definition.kind, Kind::Struct | Kind::Enum | Kind::Generic);
        if function || ty && crate::elaborate::is_type_name(name) {
            return Err(RenameError::Collides(name.to_owned()));
        }
        let edits = self.edits(def, name);
        if self.means_the_same(&edits) { Ok(edits) } else { Err(RenameError::Collides(name.to_owned())) }
    }

    fn edits(&self, def: DefId, name: &str) -> Vec<Edit> {
        let definition = self.index().definition(def);
        let old = &definition.name;
        let mut edits = vec![Edit { span: definition.span, text: name.to_owned() }];
        for reference in self.index().uses(def) {
            let text = match reference.form {
                Form::Plain => name.to_owned(),
                Form::ShortField => format!("{name}: {old}"),
                Form::ShortValue => format!("{old}: {name}"),
                Form::ShortOutput => format!("{old} = {name}"),
            };
            edits.push(Edit { span: reference.span, text });
        }
        edits.sort();
        edits.dedup();
        edits
    }

    /// Whether every name still stands for the same definition once the edits are made.
    fn means_the_same(&self, edits: &[Edit]) -> bool {
        // Both are looked at without facts, so that the same is known of both.
        let (before, after) = (self.outline_with(&[]), self.outline_with(edits));
        same_structure(before.index(), after.index()) && before.repetitions() == after.repetitions()
    }

    /// The names of the program once edits are made.
    fn outline_with(&self, edits: &[Edit]) -> Self {
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        for (file, id) in self.sources.files().iter().zip(0..) {
            let mut text = file.text.clone();
            for edit in edits.iter().rev().filter(|edit| edit.span.file == FileId(id)) {
                text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
            }
            texts.insert(&file.path, text);
        }
        let main = self.sources.files().first().map_or("", |file| file.path.as_str());
        let text = texts.get(main).map_or("", String::as_str);
        let loader = |name: &str| texts.get(format!("{name}.smpc").as_str()).cloned();
        outline(&Request { loader: &loader, ..Request::new(main, text) })
    }

    /// How many names are declared twice where they may not be.
    fn repetitions(&self) -> usize {
        let imported = self.diagnostics.iter().filter(|diagnostic| diagnostic.code == Code::Duplicate).count();
        let mut seen = BTreeSet::new();
        let parts = self.index().definitions.iter().filter(|definition| {
            matches!(definition.kind, Kind::Field | Kind::Variant | Kind::Parameter | Kind::Generic)
        });
        imported + parts.filter(|part| !seen.insert((part.parent, &part.name))).count()
    }
}

/// Whether two texts declare and use the same in the same order, by whatever names.
fn same_structure(before: &Index, after: &Index) -> bool {
    let uses = |index: &Index| -> Vec<DefId> { index.references.iter().map(|reference| reference.to).collect() };
    let kinds = |index: &Index| -> Vec<Kind> { index.definitions.iter().map(|definition| definition.kind).collect() };
    uses(before) == uses(after) && kinds(before) == kinds(after) && before.unresolved.len() == after.unresolved.len()
}
