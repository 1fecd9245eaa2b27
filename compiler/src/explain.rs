//! `smpcc explain`: the long form of a message.

use crate::cli::Explain;
use crate::{Done, one};
use smpcc_core::diagnostics::Code;
use smpcvm::failure::{Class, Failure};

pub(crate) fn run(arguments: &Explain) -> Done {
    let Some(wanted) = &arguments.code else {
        return Ok(Code::ALL.iter().map(|code| format!("{:<14} {}\n", code.as_str(), code.title())).collect());
    };
    match Code::parse(wanted) {
        Some(code) => Ok(format!("{}: {}\n\n{}", code.as_str(), code.title(), code.explanation())),
        None => {
            let failure = Failure::new(Class::Usage, format!("no message has the code `{wanted}`"));
            Err(one(failure.help("`smpcc explain` without a code lists all of them")))
        }
    }
}
