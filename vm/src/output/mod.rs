//! What a run gives: results as JSON by output name, as text for the terminal, and files that are written whole or not at all.
//!
//! Both renderings show the same digits: an integer as it is, a fixed-point number as the shortest decimal that reads back to the same value.
//! A party is shown what it received and nothing else; nothing here can tell more, because a party's results hold no more.

mod columns;
mod file;
mod files;
mod json;
mod text;

pub use columns::columns;
pub use file::OutputFile;
pub use files::RunFiles;
pub use json::{Json, of_value};
pub use text::render;

use crate::engine::{Leaves, Results};
use crate::failure::Failure;
use smpc_bytecode::module::{Manifest, Output, Receivers};
use smpc_bytecode::types::DataType;

/// What to do about a fault that is ours.
const REPORT: &str = "this is a fault of the program: please report it";

/// An output as one receiver has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<'m> {
    /// What it is called: the output's name; `won[2]` where a node plays several members that each receive one.
    pub name: String,
    /// Its type.
    pub ty: &'m DataType,
    /// Its values.
    pub leaves: &'m Leaves,
}

/// What one receiver learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<'m> {
    /// `all`, or a role.
    pub receiver: String,
    /// Its outputs, in source order.
    pub outputs: Vec<Shown<'m>>,
}

/// What this node learned, one entry an output: those to all, and those to its roles.
#[must_use]
pub fn own<'m>(manifest: &'m Manifest, results: &'m Results) -> Vec<Shown<'m>> {
    let mine = || manifest.outputs.iter().zip(results).filter_map(|(output, leaves)| Some((output, leaves.as_ref()?)));
    mine()
        .map(|(output, leaves)| {
            let several = mine().filter(|(other, _)| other.name == output.name).count() > 1;
            let name = match output.member {
                Some(member) if several => format!("{}[{member}]", output.name),
                _ => output.name.clone(),
            };
            Shown { name, ty: &output.ty, leaves }
        })
        .collect()
}

/// What every receiver learned in a run of all parties: first what went to all, then, for each role that received something for itself, that.
/// `nodes` says which party plays each role, `results` what each party got.
///
/// # Errors
/// Our own fault, where two parties got different values for an output to both.
pub fn of_all<'m>(
    manifest: &'m Manifest,
    nodes: &[usize],
    results: &'m [Results],
) -> Result<Vec<Received<'m>>, Failure> {
    let value = |output: usize, node: usize| {
        let leaves = results.get(node).and_then(|results| results.get(output)?.as_ref());
        leaves.ok_or_else(|| {
            Failure::ours(format!("party {node} has no value for `{}`", manifest.outputs[output].name)).help(REPORT)
        })
    };
    let mut all = Received { receiver: "all".to_owned(), outputs: Vec::new() };
    for (i, output) in manifest.outputs.iter().enumerate().filter(|(_, output)| output.to == Receivers::All) {
        let first = value(i, 0)?;
        for node in 1..results.len() {
            if value(i, node)? != first {
                let message = format!("party 0 and party {node} got different values for `{}`", output.name);
                return Err(Failure::ours(message).help(REPORT));
            }
        }
        all.outputs.push(shown(output, first));
    }
    let mut received = vec![all];
    for (role, name) in manifest.roles.iter().enumerate() {
        let to_role = |output: &Output| match &output.to {
            Receivers::All => false,
            Receivers::Roles(roles) => roles.iter().any(|to| to.index() == role),
        };
        let node = nodes.get(role).copied().unwrap_or(0);
        let outputs = manifest.outputs.iter().enumerate().filter(|(_, output)| to_role(output));
        let outputs: Vec<Shown<'m>> =
            outputs.map(|(i, output)| Ok(shown(output, value(i, node)?))).collect::<Result<_, Failure>>()?;
        if !outputs.is_empty() {
            received.push(Received { receiver: name.clone(), outputs });
        }
    }
    Ok(received)
}

fn shown<'m>(output: &'m Output, leaves: &'m Leaves) -> Shown<'m> {
    Shown { name: output.name.clone(), ty: &output.ty, leaves }
}

/// A party's own outputs as a JSON object.
#[must_use]
pub fn own_json(outputs: &[Shown<'_>]) -> String {
    json::object(outputs).render()
}

/// What every receiver learned as a JSON object by receiver.
#[must_use]
pub fn all_json(received: &[Received<'_>]) -> String {
    Json::Object(received.iter().map(|r| (r.receiver.clone(), json::object(&r.outputs))).collect()).render()
}

#[cfg(test)]
mod tests;
