//! Which file is which input: `NAME=FILE[:COLUMN]` on the command line, or a folder with a file an input.

use super::name_of;
use crate::failure::{Class, Failure};
use serde::{Deserialize, Serialize};
use smpc_bytecode::module::Manifest;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The file of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Name of the input.
    pub input: String,
    /// The member of a counted role whose input it is: `pay[0]`.
    pub member: Option<u32>,
    /// Where it lies.
    pub path: PathBuf,
    /// The column of a table, or the member of a JSON object, that holds it.
    pub column: Option<String>,
}

impl InputFile {
    /// The input's name as it was written.
    #[must_use]
    pub fn name(&self) -> String {
        match self.member {
            None => self.input.clone(),
            Some(member) => format!("{}[{member}]", self.input),
        }
    }
}

impl FromStr for InputFile {
    type Err = Failure;

    /// `NAME=FILE`, `NAME=FILE:COLUMN` or `NAME[0]=FILE`. A file whose name has a colon is taken as it is, if it exists.
    fn from_str(text: &str) -> Result<Self, Failure> {
        let bad = || {
            Failure::new(Class::Usage, format!("`{text}` names no input file"))
                .help("write NAME=FILE, NAME=FILE:COLUMN, or 'NAME[0]=FILE' for a member of a counted role")
        };
        let (name, file) = text.split_once('=').ok_or_else(bad)?;
        let (input, member) = match name.split_once('[') {
            None => (name, None),
            Some((input, rest)) => {
                let member = rest.strip_suffix(']').and_then(|number| number.parse().ok()).ok_or_else(bad)?;
                (input, Some(member))
            }
        };
        if input.is_empty() || file.is_empty() {
            return Err(bad());
        }
        let (path, column) = match file.rsplit_once(':') {
            Some((path, column)) if !path.is_empty() && !column.is_empty() && !Path::new(file).exists() => {
                (path, Some(column.to_owned()))
            }
            _ => (file, None),
        };
        Ok(Self { input: input.to_owned(), member, path: path.into(), column })
    }
}

/// The endings that a folder is searched for, in this order.
const ENDINGS: [&str; 3] = ["csv", "json", "txt"];

/// A file for each input of the program that has none yet: `NAME.csv` in the folder, `NAME.0.csv` for a member's (or `.json`, `.txt`).
///
/// # Errors
/// Names the inputs for which there is no file.
pub fn in_folder(manifest: &Manifest, folder: &Path, given: &[InputFile]) -> Result<Vec<InputFile>, Vec<Failure>> {
    let mut files = given.to_vec();
    let mut failures = Vec::new();
    for input in &manifest.inputs {
        if given.iter().any(|file| file.input == input.name && file.member == input.member) {
            continue;
        }
        let stem = match input.member {
            None => input.name.clone(),
            Some(member) => format!("{}.{member}", input.name),
        };
        let paths = ENDINGS.map(|ending| folder.join(format!("{stem}.{ending}")));
        match paths.iter().find(|path| path.exists()) {
            Some(path) => files.push(InputFile {
                input: input.name.clone(),
                member: input.member,
                path: path.clone(),
                column: None,
            }),
            None => failures.push(
                Failure::user(format!(
                    "no file for the input `{}`: {} does not exist",
                    name_of(input),
                    paths[0].display()
                ))
                .help(format!("put it there, or say where it is: --input '{}=FILE'", name_of(input))),
            ),
        }
    }
    if failures.is_empty() { Ok(files) } else { Err(failures) }
}
