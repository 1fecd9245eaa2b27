//! `smpcc`: compiles .smpc programs, runs them on this machine, and says what they cost.
//!
//! Floor 4. Files, processes and terminals are here; what the language means is in `smpcc-core`, how a program runs in `smpcvm`. A file a subcommand;
//! `source` reads programs for all of them. Results go to stdout, everything else to stderr.

mod audit;
mod check;
mod circuit;
mod cli;
mod compile;
mod completions;
mod cost;
mod explain;
mod fmt;
mod html;
mod inspect;
mod lsp;
mod run;
mod source;
mod test;

use clap::Parser as _;
use cli::{Cli, Command};
use smpcvm::failure::{Class, Failure};
use smpcvm::run::child;
use std::io::Write as _;
use std::process::ExitCode;

/// Bytes of stack for the compiler: expressions, blocks and calls may nest a thousand deep.
const STACK: usize = 1 << 30;

/// What a command says on stdout, or why it has failed.
type Done = Result<String, Vec<Failure>>;

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    // `smpcc run` starts this executable again for each party.
    if child::is_child() {
        return child::main();
    }
    let cli = Cli::parse();
    let work = std::thread::Builder::new().name("smpcc".to_owned()).stack_size(STACK).spawn(move || dispatch(cli));
    let done = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(vec![Failure::ours("the compiler failed; please report the program that made it fail")]),
        Err(error) => Err(vec![Failure::ours(format!("no thread for the compiler: {error}"))]),
    };
    match done {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(failures) => {
            // Messages about a program have been printed as they are; their failure has no words of its own.
            failures.iter().filter(|failure| !failure.message.is_empty()).for_each(|failure| log(&failure.to_string()));
            ExitCode::from(failures.first().map_or(Class::Ours, |failure| failure.class).exit_code())
        }
    }
}

fn dispatch(cli: Cli) -> Done {
    match cli.command {
        Command::Compile(arguments) => compile::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Circuit(arguments) => circuit::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Cost(arguments) => cost::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Lsp => lsp::run(),
    }
}

/// Says a result on stdout.
fn print(text: &str) {
    // Whoever reads may be gone; the work is done all the same.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Says something on stderr.
fn log(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A single failure.
fn one(failure: Failure) -> Vec<Failure> {
    vec![failure]
}
