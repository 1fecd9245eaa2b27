//! `smpcc fmt`: formats source files in place, or says how they would change. A file is written whole or not at all, and only when what was made of it has
//! been read back: the same tree, the same comments.

use crate::cli::Fmt;
use crate::source::{read, read_stdin};
use crate::{Done, log, print};
use similar::TextDiff;
use smpcc_core::diagnostics::{Diagnostic, render};
use smpcc_core::format::{format, meaning};
use smpcc_core::source::SourceMap;
use smpcvm::failure::{Class, Failure};
use smpcvm::output::OutputFile;
use std::path::Path;

pub(crate) fn run(arguments: &Fmt) -> Done {
    let mut failures: Vec<Failure> = Vec::new();
    for path in &arguments.files {
        failures.extend(one_file(path, arguments.check).err());
    }
    // Our own fault decides the exit code.
    failures.sort_by_key(|failure| failure.class != Class::Ours);
    if failures.is_empty() { Ok(String::new()) } else { Err(failures) }
}

fn one_file(path: &Path, check: bool) -> Result<(), Failure> {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "stdin".to_owned() } else { path.display().to_string() };
    let text = if stdin { read_stdin()? } else { read(path)? };
    let out = format(&text).map_err(|messages| tell(&name, &text, &messages))?;
    if meaning(&text).is_none() || meaning(&text) != meaning(&out) {
        let failure =
            Failure::ours(format!("{name}: what the formatter made of it is not the same program; nothing is written"));
        return Err(failure.help("please report it, with the file"));
    }
    if check {
        if out != text {
            let diff = TextDiff::from_lines(text.as_str(), out.as_str());
            print(&diff.unified_diff().header(&name, &format!("{name} formatted")).to_string());
            return Err(
                Failure::user(format!("{name} is not formatted")).help("`smpcc fmt` without `--check` formats it")
            );
        }
    } else if stdin {
        print(&out);
    } else if out != text {
        OutputFile::probe(path)?.write(out)?;
    }
    Ok(())
}

/// Prints what is wrong with a file.
fn tell(name: &str, text: &str, messages: &[Diagnostic]) -> Failure {
    let mut sources = SourceMap::default();
    sources.add(name, text);
    log(render::text(&sources, messages).trim_end());
    Failure::user(format!("{name} does not parse, and stays as it is"))
}
