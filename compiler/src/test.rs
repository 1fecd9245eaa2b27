//! `smpcc test`: runs the functions with `#[test]` of a file, all parties as threads of this process, under each protocol.

use crate::cli::Test;
use crate::run::{among, protocol};
use crate::source::{compile_entry, file_name, read};
use crate::{Done, one};
use smpc_bytecode::codec;
use smpc_protocols::registry::Spec;
use smpcc_core::Entry;
use smpcvm::engine::Inputs;
use smpcvm::failure::Failure;
use smpcvm::program::Program;
use smpcvm::run::{Task, local};
use smpcvm::session::Params;
use std::fmt::Write as _;

pub(crate) fn run(arguments: &Test) -> Done {
    let names = if arguments.protocols.is_empty() {
        vec!["plain".to_owned(), "rep3".to_owned()]
    } else {
        arguments.protocols.clone()
    };
    let protocols = names.iter().map(|name| protocol(name)).collect::<Result<Vec<_>, _>>().map_err(one)?;
    let text = read(&arguments.source.file).map_err(one)?;
    let all = smpcc_core::compile::tests(&file_name(&arguments.source.file), &text);
    let wanted: Vec<&String> =
        all.iter().filter(|name| arguments.filter.as_ref().is_none_or(|filter| name.contains(filter))).collect();

    let count = |n: usize| format!("{n} test{}", if n == 1 { "" } else { "s" });
    let mut out = format!("running {} under {}\n", count(wanted.len()), names.join(", "));
    let mut failures: Vec<(&String, String)> = Vec::new();
    for name in &wanted {
        let failure = outcome(arguments, name, &protocols);
        // Writing to a string does not fail.
        let _ = writeln!(out, "test {name} ... {}", if failure.is_none() { "ok" } else { "FAILED" });
        failures.extend(failure.map(|why| (*name, why)));
    }
    for (name, why) in &failures {
        let _ = write!(out, "\n---- {name} ----\n{}\n", why.trim_end());
    }
    let _ = writeln!(
        out,
        "\ntest result: {}. {} passed; {} failed; {} filtered out",
        if failures.is_empty() { "ok" } else { "FAILED" },
        wanted.len() - failures.len(),
        failures.len(),
        all.len() - wanted.len()
    );
    if failures.is_empty() {
        return Ok(out);
    }
    crate::print(&out);
    Err(one(Failure::user("")))
}

/// Why a test fails; `None` where it passes under all protocols.
fn outcome(arguments: &Test, name: &str, protocols: &[&'static Spec]) -> Option<String> {
    let told = |failures: Vec<Failure>| failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let compiled = match compile_entry(&arguments.source, Entry::Test(name)) {
        Ok(compiled) => compiled,
        Err(failures) => return Some(told(failures)),
    };
    let Some(module) = &compiled.module else { return Some(compiled.render()) };
    let params = Params::default();
    let program = match Program::from_bytes(&codec::encode(module), params.memory) {
        Ok(program) => program,
        Err(failure) => return Some(failure.to_string()),
    };
    for protocol in protocols {
        let task = match among(protocol, None, None) {
            Ok(protocol) => Task::local(program.clone(), protocol, params),
            Err(failure) => return Some(failure.to_string()),
        };
        if let Err(failures) = local::in_threads(&task, &Inputs::default(), None) {
            return Some(format!("under {}: {}", protocol.name, told(failures)));
        }
    }
    None
}
