//! `smpcc completions`: the script with which a shell completes the command line.

use crate::Done;
use crate::cli::{Cli, Completions};
use clap::CommandFactory as _;

pub(crate) fn run(arguments: &Completions) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "smpcc", &mut script);
    Ok(String::from_utf8_lossy(&script).into_owned())
}
