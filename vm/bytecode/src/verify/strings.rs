//! Rule 10: what a module says to an operator cannot pass for what the machine says.

use super::{VerifyError, fail};
use crate::module::{Manifest, Module};
use crate::strings::{MAX_NAME, MAX_TEXT, shows};
use crate::types::{DataType, Field};
use std::fmt::Display;

/// Checks all texts of a module.
pub(super) fn check(module: &Module) -> Result<(), VerifyError> {
    let Manifest { program, roles, params, inputs, outputs } = &module.manifest;
    text("the program's name", program, MAX_NAME)?;
    roles.iter().enumerate().try_for_each(|(i, role)| name(format_args!("role {i}"), role))?;
    params.iter().enumerate().try_for_each(|(i, (param, _))| name(format_args!("param {i}"), param))?;
    for (i, input) in inputs.iter().enumerate() {
        name(format_args!("input {i}"), &input.name)?;
        names(&format!("input {i}"), &input.ty)?;
    }
    for (i, output) in outputs.iter().enumerate() {
        name(format_args!("output {i}"), &output.name)?;
        names(&format!("output {i}"), &output.ty)?;
    }
    let texts = |what: &'static str, all: &mut dyn Iterator<Item = &String>, most: usize| {
        all.enumerate().try_for_each(|(i, own)| text(format_args!("{what} {i}"), own, most))
    };
    texts("message", &mut module.messages.iter(), MAX_TEXT)?;
    texts("function", &mut module.functions.iter().map(|function| &function.name), MAX_NAME)?;
    texts("file", &mut module.sources.files.iter(), MAX_NAME)?;
    texts("site", &mut module.sources.sites.iter().map(|site| &site.text), MAX_TEXT)
}

/// Names of types, fields, columns and values.
fn names(place: &str, ty: &DataType) -> Result<(), VerifyError> {
    match ty {
        DataType::Bool | DataType::Int { .. } | DataType::Fix { .. } | DataType::Bits { .. } => Ok(()),
        DataType::Enum { name, variants } => {
            text(format_args!("{place}: the name of a type"), name, MAX_NAME)?;
            let value = |own: &String| text(format_args!("{place}: the name of a value"), own, MAX_NAME);
            variants.iter().try_for_each(value)
        }
        DataType::Maybe(element) | DataType::Array { element, .. } | DataType::Rows { element, .. } => {
            names(place, element)
        }
        DataType::Struct { name, fields } => {
            text(format_args!("{place}: the name of a type"), name, MAX_NAME)?;
            fields.iter().try_for_each(|Field { name, ty, reading }| {
                text(format_args!("{place}: the name of a field"), name, MAX_NAME)?;
                if let Some(column) = &reading.column {
                    text(format_args!("{place}: the name of a column"), column, MAX_NAME)?;
                }
                names(place, ty)
            })
        }
        DataType::Tuple(items) => items.iter().try_for_each(|ty| names(place, ty)),
    }
}

fn text(place: impl Display, text: &str, most: usize) -> Result<(), VerifyError> {
    if text.len() > most {
        return Err(fail(place, format!("a text of more than {most} bytes")));
    }
    match text.chars().find(|c| !shows(*c)) {
        Some(c) => Err(fail(place, format!("a text with the control character U+{:04X}", u32::from(c)))),
        None => Ok(()),
    }
}

/// A name as programs have them, so that a list of names reads as nothing else: letters, digits, `_`, and the brackets of a member.
fn name(place: impl Display, own: &str) -> Result<(), VerifyError> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '[' | ']');
    if own.is_empty() || !own.chars().all(belongs) {
        return Err(fail(place, "a name of other characters than letters, digits and `_`"));
    }
    text(place, own, MAX_NAME)
}
