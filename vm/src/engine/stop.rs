//! Why a program stops before its end, with the place in the source.

use smpc_bytecode::module::Module;
use smpc_bytecode::op::{MessageId, SiteId};
pub use smpc_bytecode::semantics::Fault;
use smpc_bytecode::strings::EXCERPT;
use std::fmt;

/// Why a program stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A gate has no result.
    Fault(Fault),
    /// A `check` or a stop does not hold.
    Message(MessageId),
    /// The run took more steps than the session allows.
    Steps(u64),
}

/// A program stopped: every party sees the same cause at the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Why.
    pub cause: Cause,
    /// Where.
    pub site: SiteId,
}

impl Stop {
    /// The stop in words, with its source line.
    #[must_use]
    pub fn describe(&self, module: &Module) -> String {
        let mut text = match &self.cause {
            Cause::Fault(fault) => fault.to_string(),
            Cause::Message(id) => module.messages.get(id.index()).cloned().unwrap_or_default(),
            Cause::Steps(limit) => format!("the program took more than the {limit} steps that the session allows"),
        };
        if let Some(site) = module.sources.sites.get(self.site.index()) {
            let file = module.sources.files.get(site.file.index()).map_or("?", String::as_str);
            let (line, column, margin) = (site.line, site.column, site.line.to_string().len() + 1);
            // Of a long line only a part was kept.
            let kept = site.text.chars().count();
            let mark = (1..EXCERPT).contains(&kept) && column as usize <= kept;
            let mark = if mark { format!(" {:1$}^", "", column as usize - 1) } else { String::new() };
            text = format!(
                "{text}\n{0:margin$}┌─ {file}:{line}:{column}\n{0:margin$}│\n{line} │ {1}\n{0:margin$}│{mark}",
                "", site.text,
            );
        }
        text
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped: {:?}", self.cause)
    }
}
