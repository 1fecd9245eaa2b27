//! The data that a party brings: files in, raw lanes out. Everything that can be wrong with a file is found here, before a single byte goes to a peer.
//!
//! * `argument`: `NAME=FILE[:COLUMN]`, and the files of a folder;
//! * `text`: files as text, and which format they have;
//! * `shape`: how a type lies in rows and columns;
//! * `kind`, `cell`: one value; `date`: days of the calendar; `key`: keyed hashes; `table`, `words`, `json`: the formats;
//! * `error`: what is wrong, with file, row and column.
//!
//! Knows no network, and writes nothing.

mod argument;
mod cell;
mod date;
mod error;
mod json;
mod key;
mod kind;
mod shape;
mod table;
mod text;
mod words;

pub use argument::{InputFile, in_folder};
pub use error::{InputError, Problem};
pub use key::CsvKey;
pub use kind::Kind;

use crate::engine::{Inputs, Leaves};
use crate::failure::Failure;
use key::Hasher;
use shape::Shape;
use smpc_bytecode::module::{Input, Manifest};
use smpc_bytecode::op::RoleId;
use smpc_bytecode::types::Format as Written;
use std::collections::BTreeMap;
use std::path::PathBuf;
use text::{Format, Text};

/// The name of an input as a user writes it: `pay`, or `pay[0]` for a member's.
#[must_use]
pub fn name_of(input: &Input) -> String {
    match input.member {
        None => input.name.clone(),
        Some(member) => format!("{}[{member}]", input.name),
    }
}

/// Reads the inputs of the roles that `is_mine` names from these files. Every input of those roles must have a file, and every file an input. Keyed columns
/// are hashed under `key`.
///
/// # Errors
/// Everything that is wrong, in the order of the manifest: unknown names, inputs of others, inputs without a file or with two, and the first mistake of
/// each file.
pub fn read(
    manifest: &Manifest,
    is_mine: impl Fn(RoleId) -> bool,
    files: &[InputFile],
    key: Option<&CsvKey>,
) -> Result<Inputs, Vec<Failure>> {
    let hasher = key.map(CsvKey::hasher);
    let mut failures = Vec::new();
    let mut of: BTreeMap<usize, &InputFile> = BTreeMap::new();
    for file in files {
        match find(manifest, file) {
            Err(failure) => failures.push(failure),
            Ok(at) if !is_mine(manifest.inputs[at].role) => failures.push(not_mine(manifest, at)),
            Ok(at) => {
                if of.insert(at, file).is_some() {
                    let message = format!("two files for the input `{}`", file.name());
                    failures.push(Failure::user(message).help("leave one of them out"));
                }
            }
        }
    }
    let mut texts: BTreeMap<PathBuf, Text> = BTreeMap::new();
    let mut inputs: Inputs = vec![None; manifest.inputs.len()];
    for (at, input) in manifest.inputs.iter().enumerate().filter(|(_, input)| is_mine(input.role)) {
        let Some(file) = of.get(&at) else {
            failures.push(missing(manifest, input));
            continue;
        };
        // Several inputs may name one file.
        let text = match texts.entry(file.path.clone()) {
            std::collections::btree_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::btree_map::Entry::Vacant(new) => Text::read(&file.path).map(|text| new.insert(text)),
        };
        match text.and_then(|text| read_one(input, file, text, hasher.as_ref())) {
            Ok(leaves) => inputs[at] = Some(leaves),
            Err(error) => failures.push(error.into()),
        }
    }
    if failures.is_empty() { Ok(inputs) } else { Err(failures) }
}

fn read_one(input: &Input, file: &InputFile, text: &Text, hasher: Option<&Hasher>) -> Result<Leaves, InputError> {
    let shape = Shape::of(&input.ty).map_err(|problem| InputError::of_file(&file.path, problem))?;
    if hasher.is_none() && is_keyed(&shape) {
        return Err(text.error(Problem::NoKey));
    }
    let column = file.column.as_deref();
    match text.format {
        Format::Table(delimiter) => table::read(&shape, &input.name, column, delimiter, text, hasher),
        Format::Json => json::read(&input.ty, &shape, &input.name, column, text, hasher),
        Format::Words => words::read(&shape, column, text),
    }
}

/// Refuses a key that hashes nothing: no input of the roles that `is_mine` names has a keyed column. Whoever has the key can try out names on what a
/// program tells, so it should lie nowhere without a use; and a column that was meant to be keyed is not.
///
/// # Errors
/// Says so, with what to do.
pub fn check_key_is_used(manifest: &Manifest, is_mine: impl Fn(RoleId) -> bool) -> Result<(), Failure> {
    // What no file can hold is refused as it is read.
    let may_be_keyed = |input: &Input| Shape::of(&input.ty).map_or(true, |shape| is_keyed(&shape));
    if manifest.inputs.iter().any(|input| is_mine(input.role) && may_be_keyed(input)) {
        return Ok(());
    }
    let failure = Failure::user("--csv-key: no input that is read here has a keyed column");
    Err(failure.help("leave it out; or, where a column is to be hashed, write `#[csv(key)]` before its field: `#[csv(key)] id: bits<64>`"))
}

fn is_keyed(shape: &Shape) -> bool {
    shape.leaves.iter().any(|leaf| leaf.kind.format == Written::Key)
}

/// The input that a file is for.
fn find(manifest: &Manifest, file: &InputFile) -> Result<usize, Failure> {
    let found = manifest.inputs.iter().position(|input| input.name == file.input && input.member == file.member);
    found.ok_or_else(|| {
        let failure = Failure::user(format!("the program has no input `{}`", file.name()));
        let mut names: Vec<String> = manifest.inputs.iter().map(name_of).collect();
        let of_members = manifest.inputs.iter().any(|input| input.name == file.input && input.member.is_some());
        if file.member.is_none() && of_members {
            return failure.help(format!("each member has its own: write '{}[0]=…'", file.input));
        }
        names.truncate(20);
        if names.is_empty() {
            return failure.help("it takes no inputs at all");
        }
        failure
            .help(format!("its inputs are {}", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")))
    })
}

fn role_name(manifest: &Manifest, role: RoleId) -> &str {
    manifest.roles.get(role.index()).map_or("?", String::as_str)
}

fn not_mine(manifest: &Manifest, at: usize) -> Failure {
    let input = &manifest.inputs[at];
    let role = role_name(manifest, input.role);
    Failure::user(format!("the input `{}` is {role}'s, and this party does not play {role}", name_of(input)))
        .help("each party gives its own inputs alone; the session file says who plays which role")
}

fn missing(manifest: &Manifest, input: &Input) -> Failure {
    let (name, role) = (name_of(input), role_name(manifest, input.role));
    let quote = if input.member.is_some() { "'" } else { "" };
    Failure::user(format!("no file for the input `{name}` of {role}"))
        .help(format!("say where it is: --input {quote}{name}=FILE{quote}"))
}

#[cfg(test)]
mod tests;
