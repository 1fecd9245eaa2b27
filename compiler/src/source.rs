//! Reads a program and its modules and compiles them.

use crate::cli;
use crate::{log, one};
use smpc_bytecode::codec;
use smpcc_core::circuit::{Exported, export};
use smpcc_core::compile::MAX_SOURCE;
use smpcc_core::diagnostics::{Code, Diagnostic, Level, render};
use smpcc_core::{Compiled, Entry, Lints, Request, compile};
use smpcvm::failure::{Class, Failure};
use smpcvm::program::Program;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Compiles the program that the arguments name.
///
/// # Errors
/// The file cannot be read, or an argument makes no sense. What is wrong with the program stands in the result.
pub(crate) fn compile_source(arguments: &cli::Source) -> Result<Compiled, Vec<Failure>> {
    compile_entry(arguments, Entry::Main)
}

/// Compiles the program that starts there.
///
/// # Errors
/// As [`compile_source`].
pub(crate) fn compile_entry(arguments: &cli::Source, entry: Entry<'_>) -> Result<Compiled, Vec<Failure>> {
    compile_by(arguments, |request| compile(&Request { entry, ..request }))
}

/// As [`compile_source`], by that function.
fn compile_by(
    arguments: &cli::Source,
    compile: impl FnOnce(Request<'_>) -> Compiled,
) -> Result<Compiled, Vec<Failure>> {
    let compiled = with_request(arguments, compile)?;
    if let Some(mistake) = &compiled.mistake {
        return Err(one(Failure::ours(format!("the passes made a program that is none: {mistake}"))
            .help("please report it, with the program")));
    }
    // Nobody gets a file that parties would refuse; how much memory they allow is theirs to say.
    if let Some(Err(failure)) =
        compiled.module.as_ref().map(|module| Program::from_bytes(&codec::encode(module), u64::MAX))
    {
        return Err(one(Failure::ours(format!("the compiler made a module that is none: {}", failure.message))
            .help("please report it, with the program")));
    }
    Ok(compiled)
}

/// The circuit of a function of the program.
///
/// # Errors
/// As [`compile_source`].
pub(crate) fn export_source(arguments: &cli::Source, function: &str) -> Result<Exported, Vec<Failure>> {
    with_request(arguments, |request| export(&request, function))
}

/// Reads what the arguments name, and does something with it.
fn with_request<T>(arguments: &cli::Source, work: impl FnOnce(Request<'_>) -> T) -> Result<T, Vec<Failure>> {
    let defines = defines(&arguments.defines).map_err(one)?;
    let lints = Lints { allow: lints(&arguments.allow).map_err(one)?, deny: lints(&arguments.deny).map_err(one)? };
    let text = read(&arguments.file).map_err(one)?;
    let folder = arguments.file.parent().map(Path::to_path_buf).unwrap_or_default();
    let loader = |name: &str| read(&folder.join(format!("{name}.smpc"))).ok();
    let circuits = |name: &str| read(&folder.join(name)).ok();
    let path = file_name(&arguments.file);
    let entry = Entry::Main;
    Ok(work(Request { path: &path, text: &text, defines, loader: &loader, circuits: &circuits, lints, entry }))
}

/// As [`compile_source`], but what is wrong is printed: the bytes of the module, or a failure without words.
///
/// # Errors
/// As [`compile_source`]; the program has an error.
pub(crate) fn module_of(arguments: &cli::Source) -> Result<Vec<u8>, Vec<Failure>> {
    module_by(arguments, |request| compile(&request))
}

/// As [`module_of`], compiled by that function.
///
/// # Errors
/// As [`module_of`].
pub(crate) fn module_by(
    arguments: &cli::Source,
    compile: impl FnOnce(Request<'_>) -> Compiled,
) -> Result<Vec<u8>, Vec<Failure>> {
    let compiled = compile_by(arguments, compile)?;
    tell(&compiled);
    match &compiled.module {
        Some(module) => Ok(codec::encode(module)),
        None => Err(one(Failure::user(""))),
    }
}

/// The program, ready to run. `memory` is what its registers may take, in bytes.
///
/// # Errors
/// As [`module_of`]; it takes more memory.
pub(crate) fn program_of(arguments: &cli::Source, memory: u64) -> Result<Program, Vec<Failure>> {
    let bytes = module_of(arguments)?;
    Program::from_bytes(&bytes, memory).map_err(one)
}

/// Whether a file is a compiled program, by how it starts.
pub(crate) fn is_compiled(path: &Path) -> bool {
    let mut start = vec![0; codec::MAGIC.len()];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == codec::MAGIC
}

/// A compiled program, to be looked at: nothing is too large for that.
///
/// # Errors
/// It is damaged, or cannot be read.
pub(crate) fn compiled_of(path: &Path) -> Result<Program, Failure> {
    Program::load(path, u64::MAX)
}

/// Prints the messages and how many there are.
pub(crate) fn tell(compiled: &Compiled) {
    if compiled.diagnostics.is_empty() {
        return;
    }
    log(render::text(&compiled.sources, &compiled.diagnostics).trim_end());
    log(&format!("\n{}", summary(&compiled.diagnostics)));
}

/// "2 errors, 1 warning".
pub(crate) fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |level: Level, word: &str| {
        let n = diagnostics.iter().filter(|diagnostic| diagnostic.code.level() == level).count();
        (n > 0).then(|| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
    };
    let parts: Vec<String> =
        [count(Level::Error, "error"), count(Level::Warning, "warning")].into_iter().flatten().collect();
    parts.join(", ")
}

/// The name of a file without its folder.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "main.smpc".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The text of a source file.
///
/// # Errors
/// There is no such file, or it is none.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    let fail = |why: &str| Failure::user(format!("cannot read {name}: {why}"));
    let meta = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            fail("there is no such file").help("name the program's main file: programs/millionaires/main.smpc")
        }
        _ => fail(&words(&error)),
    })?;
    if meta.is_dir() {
        return Err(fail("it is a folder").help(format!("name the file: {}", path.join("main.smpc").display())));
    }
    let file = std::fs::File::open(path).map_err(|error| fail(&words(&error)))?;
    text_of(file, &name)
}

/// The text that comes in on stdin.
///
/// # Errors
/// It is no text.
pub(crate) fn read_stdin() -> Result<String, Failure> {
    text_of(std::io::stdin().lock(), "stdin")
}

fn text_of(reader: impl std::io::Read, name: &str) -> Result<String, Failure> {
    let fail = |why: &str| Failure::user(format!("cannot read {name}: {why}"));
    // A pipe has no length, and a device no end.
    let mut bytes = Vec::new();
    reader.take(MAX_SOURCE as u64 + 1).read_to_end(&mut bytes).map_err(|error| fail(&words(&error)))?;
    if bytes.len() > MAX_SOURCE {
        return Err(fail("it is too long for a program").help("move tables of numbers into an input"));
    }
    if bytes.starts_with("\u{feff}".as_bytes()) {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        let what = if error.as_bytes().starts_with(codec::MAGIC) {
            "it is a compiled program".to_owned()
        } else {
            format!("it is no UTF-8 from byte {valid} on, in line {line}")
        };
        fail(&what).help("programs are text in UTF-8; `smpcc inspect` shows compiled ones")
    })
}

/// The system's words without its numbers.
fn words(error: &std::io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

fn defines(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for text in given {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            let message = format!("`-D {text}` sets no param");
            return Err(Failure::new(Class::Usage, message).help("write -D NAME=VALUE, for example -D ROWS=5000"));
        };
        if all.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::new(Class::Usage, format!("`-D {name}` is given twice")));
        }
    }
    Ok(all)
}

fn lints(given: &[String]) -> Result<Vec<Code>, Failure> {
    let is_lint = |code: &Code| code.level() == Level::Warning;
    given
        .iter()
        .map(|name| {
            Code::parse(name).filter(is_lint).ok_or_else(|| {
                let known: Vec<&str> =
                    Code::ALL.iter().filter(|code| is_lint(code)).map(|code| code.as_str()).collect();
                Failure::new(Class::Usage, format!("no lint `{name}`"))
                    .help(format!("the lints are {}", known.join(", ")))
            })
        })
        .collect()
}

/// The folder of a program's inputs: as given, or `inputs` beside it.
pub(crate) fn inputs_folder(given: Option<&PathBuf>, source: &cli::Source) -> PathBuf {
    given.cloned().unwrap_or_else(|| source.file.parent().unwrap_or(Path::new("")).join("inputs"))
}
