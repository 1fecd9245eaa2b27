//! Levels of lints: what the command line says of all files, and `#[allow(lint)]`, `#[warn(lint)]` and `#[deny(lint)]` of an item.

use crate::diagnostics::{Code, Diagnostic, Level};
use crate::elaborate::modules::Modules;
use crate::source::Span;

/// What the command line says of lints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lints {
    /// Lints that are not told.
    pub allow: Vec<Code>,
    /// Lints that count as errors.
    pub deny: Vec<Code>,
}

/// What is done about a lint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    Warn,
    Deny(&'static str),
}

impl Lints {
    /// Drops the messages that are allowed, and says whether one is left that counts as an error.
    pub(crate) fn apply(&self, diagnostics: Vec<Diagnostic>, modules: &Modules) -> (Vec<Diagnostic>, bool) {
        let (mut kept, mut denied) = (Vec::with_capacity(diagnostics.len()), false);
        for mut diagnostic in diagnostics {
            if diagnostic.code.level() == Level::Warning {
                match self.action(diagnostic.code, diagnostic.primary.0, modules) {
                    Action::Allow => continue,
                    Action::Warn => {}
                    Action::Deny(by) => {
                        denied = true;
                        diagnostic.notes.push(format!("this lint counts as an error here ({by})"));
                    }
                }
            }
            kept.push(diagnostic);
        }
        (kept, denied)
    }

    /// What an item says of the lint counts before what the command line says, except that nothing takes back `--deny`.
    fn action(&self, code: Code, at: Span, modules: &Modules) -> Action {
        if self.deny.contains(&code) {
            return Action::Deny("`--deny`");
        }
        let of_item = modules.attributes_at(at).filter_map(|attribute| {
            let names = attribute.arguments.iter().filter_map(|(name, _)| lint(&name.text));
            let action = match attribute.name.text.as_str() {
                "allow" => Action::Allow,
                "warn" => Action::Warn,
                "deny" => Action::Deny("`#[deny]`"),
                _ => return None,
            };
            names.into_iter().any(|name| name == code).then_some(action)
        });
        of_item.last().unwrap_or(if self.allow.contains(&code) { Action::Allow } else { Action::Warn })
    }
}

/// The lint of that name, with `_` or `-` between its words.
pub(crate) fn lint(name: &str) -> Option<Code> {
    Code::parse(&name.replace('_', "-")).filter(|code| code.level() == Level::Warning)
}
