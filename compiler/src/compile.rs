//! `smpcc compile`: source text to a `.smpcb` file.

use crate::cli::Compile;
use crate::source::module_of;
use crate::{Done, log, one};
use smpc_bytecode::codec;
use smpcvm::output::OutputFile;
use smpcvm::session::hex;
use std::path::{Path, PathBuf};

pub(crate) fn run(arguments: &Compile) -> Done {
    let path = arguments.output.clone().unwrap_or_else(|| beside(&arguments.source.file));
    let file = OutputFile::probe(&path).map_err(one)?;
    let bytes = module_of(&arguments.source)?;
    file.write(&bytes).map_err(one)?;
    log(&format!("wrote {} ({} bytes, SHA-256 {})", path.display(), bytes.len(), hex(&codec::hash(&bytes))));
    Ok(String::new())
}

/// The source's name with `.smpcb`, in the current folder; that of its folder for a `main.smpc`.
fn beside(source: &Path) -> PathBuf {
    let stem = source.file_stem().unwrap_or_default();
    let folder = std::path::absolute(source).ok().and_then(|path| path.parent()?.file_name().map(PathBuf::from));
    let name = if stem == "main" { folder.unwrap_or_else(|| stem.into()) } else { stem.into() };
    name.with_extension("smpcb")
}
