//! `smpcc audit`: what a program reveals, to whom, and what that depends on, as a page that a data protection officer can sign, as JSON, or as HTML.

mod html;
mod json;
mod page;
mod text;
mod words;

use crate::cli::{Audit, PageFormat, Source};
use crate::source::{compiled_of, is_compiled};
use crate::{Done, log, one};
use smpc_bytecode::audit::{audit, digest};
use smpcvm::failure::{Class, Failure};
use smpcvm::output::OutputFile;
use smpcvm::program::Program;

pub(crate) fn run(arguments: &Audit) -> Done {
    let file = arguments.output.as_deref().map(OutputFile::probe).transpose().map_err(one)?;
    let program = program(&arguments.source)?;
    let audit = audit(&program.module).map_err(|error| one(Failure::user(error.to_string())))?;
    let digest = digest::print(&audit.digest());
    let rendered = match arguments.format {
        PageFormat::Json => json::render(&audit, &digest, &program.hash),
        PageFormat::Text => text::render(&page::of(&audit, &digest, &program.hash)),
        PageFormat::Html => html::render(&page::of(&audit, &digest, &program.hash)),
    };
    match file {
        None => Ok(rendered),
        Some(file) => {
            file.write(&rendered).map_err(one)?;
            log(&format!("wrote {}\n{digest}", file.named().display()));
            Ok(String::new())
        }
    }
}

/// The program of a source or of a compiled file. Nothing is run, so nothing is too large to be looked at.
fn program(source: &Source) -> Result<Program, Vec<Failure>> {
    if !is_compiled(&source.file) {
        return crate::source::program_of(source, u64::MAX);
    }
    if !source.defines.is_empty() {
        let message = format!("{} is compiled: its params have their values", source.file.display());
        return Err(one(Failure::new(Class::Usage, message).help("leave -D out, or name the source file")));
    }
    compiled_of(&source.file).map_err(one)
}
