//! The command line: what can be said, with an example for each command. Nothing here does anything.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Compiles .smpc programs: joint computations over data that nobody may pool.
#[derive(Debug, Parser)]
#[command(
    name = "smpcc",
    version,
    about,
    max_term_width = 110,
    after_help = "Every message has a code; `smpcc explain E0401` says more about it."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compile a program to bytecode that every party runs.
    #[command(
        after_help = "Example:\n  smpcc compile programs/salary_benchmark/main.smpc -D ROWS=5000 -o salary.smpcb"
    )]
    Compile(Compile),
    /// Report what is wrong with a program, and write nothing.
    #[command(after_help = "Example:\n  smpcc check programs/millionaires/main.smpc")]
    Check(Check),
    /// Compile a program and run every party on this machine.
    #[command(
        after_help = "Examples:\n  smpcc run programs/salary_benchmark/main.smpc\n  smpcc run programs/inner_product/main.smpc -D N=3 --input left=a.csv --input right=b.csv\n  smpcc run programs/auction/main.smpc --network rtt=20ms,bandwidth=100mbit"
    )]
    Run(Run),
    /// Run the functions with `#[test]` of a program or module.
    #[command(after_help = "Examples:\n  smpcc test helpers.smpc\n  smpcc test helpers.smpc --protocol rep3 sorted")]
    Test(Test),
    /// Write a function of words as a netlist in Bristol Fashion, or say how large one is.
    #[command(
        after_help = "Examples:\n  smpcc circuit export adder.smpc add64 -o add64.txt\n  smpcc circuit info add64.txt"
    )]
    Circuit(Circuit),
    /// Format source files in place.
    #[command(
        after_help = "Examples:\n  smpcc fmt programs/millionaires/main.smpc\n  smpcc fmt --check programs/*/*.smpc\n  smpcc fmt - < draft.smpc"
    )]
    Fmt(Fmt),
    /// Print the script with which a shell completes this command line.
    #[command(
        after_help = "Examples:\n  smpcc completions bash > ~/.local/share/bash-completion/completions/smpcc\n  smpcc completions fish > ~/.config/fish/completions/smpcc.fish"
    )]
    Completions(Completions),
    /// Explain a message by its code, with an example.
    #[command(after_help = "Example:\n  smpcc explain E0401")]
    Explain(Explain),
    /// Print a compiled program as text, with its inputs, outputs and hash.
    #[command(after_help = "Example:\n  smpcc inspect salary.smpcb")]
    Inspect(Inspect),
    /// Say what a program takes, without running it: rounds, bytes, gates, time and memory, and the lines that cost most.
    #[command(
        after_help = "Examples:\n  smpcc cost programs/salary_benchmark/main.smpc -D ROWS=5000 --protocol all --rtt 20ms --bandwidth 100mbit\n  smpcc cost programs/salary_benchmark/main.smpc --format html -o cost.html\n\nRounds, bytes and gates are those of a run; time and memory are estimates (docs/cost.md)."
    )]
    Cost(Cost),
    /// Say what a program reveals, to whom, and what that depends on: a page to sign, with a digest that runs can be pinned to.
    #[command(
        after_help = "Examples:\n  smpcc audit programs/salary_benchmark/main.smpc -D ROWS=5000\n  smpcc audit salary.smpcb --format html -o audit.html\n\nThe digest goes into the session file as `audit = \"sha256:…\"`, or to `smpcvm run --audit sha256:…`."
    )]
    Audit(Audit),
    /// Serve an editor: messages, types, names and costs as you write, over stdin and stdout.
    #[command(
        after_help = "Example (Neovim):\n  vim.lsp.config.smpc = { cmd = { 'smpcc', 'lsp' }, filetypes = { 'smpc' } }\n\nEditors start `smpcc lsp` by themselves; docs/editors says how they are set up."
    )]
    Lsp,
}

/// A program and its params.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The main source file.
    pub(crate) file: PathBuf,
    /// Sets a param of the program; may be repeated.
    #[arg(short = 'D', value_name = "NAME=VALUE")]
    pub(crate) defines: Vec<String>,
    /// Treats a lint as an error; may be repeated.
    #[arg(long, value_name = "LINT")]
    pub(crate) deny: Vec<String>,
    /// Says nothing of a lint; may be repeated.
    #[arg(long, value_name = "LINT")]
    pub(crate) allow: Vec<String>,
}

/// `smpcc compile`.
#[derive(Debug, Args)]
pub(crate) struct Compile {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Where the bytecode goes [default: the source's name with .smpcb, in the current folder].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Prints the program as it is after a pass, or after `source` before the first one; may be repeated.
    #[arg(long, value_name = "after=PASS")]
    pub(crate) dump_ir: Vec<String>,
    /// Leaves a pass out, to see what it is good for; may be repeated.
    #[arg(long, value_name = "PASS")]
    pub(crate) skip_pass: Vec<String>,
    /// Says how long each step of the compiler takes.
    #[arg(long)]
    pub(crate) time_passes: bool,
    /// Says which loops run turn by turn, and why.
    #[arg(long)]
    pub(crate) explain_loops: bool,
}

/// `smpcc check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) source: Source,
    /// How messages are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Text for people, JSON for tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For tools.
    Json,
}

/// `smpcc run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The protocol that the parties run: rep3, mal-rep3, rep4, shamir or mal-shamir, or plain for one party in the clear.
    #[arg(long, default_value = "rep3")]
    pub(crate) protocol: String,
    /// How many parties there are [default: as many as the protocol takes, or three].
    #[arg(long, value_name = "N")]
    pub(crate) parties: Option<usize>,
    /// How many of them may be corrupted [default: as many as the protocol tolerates].
    #[arg(long, value_name = "T")]
    pub(crate) threshold: Option<usize>,
    /// The folder of the inputs, NAME.csv each [default: `inputs` beside the program].
    #[arg(long, value_name = "DIR")]
    pub(crate) inputs: Option<PathBuf>,
    /// The file of one input, NAME=FILE[:COLUMN]; may be repeated.
    #[arg(long = "input", value_name = "NAME=FILE")]
    pub(crate) input: Vec<String>,
    /// The key under which columns that say `key` are hashed, 64 to 128 hexadecimal digits [default: a fresh one].
    #[arg(long, value_name = "FILE")]
    pub(crate) csv_key: Option<PathBuf>,
    /// Writes what each receiver got as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Writes rounds, bytes and times of each party as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) stats: Option<PathBuf>,
    /// Makes every link as slow as this one, e.g. rtt=20ms,bandwidth=100mbit.
    #[arg(long, value_name = "LINK")]
    pub(crate) network: Option<String>,
    /// Threads for each party's own work on long vectors; results, rounds and bytes are the same for any number.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,
    /// Runs the parties as threads of this process instead of as processes over TLS.
    #[arg(long)]
    pub(crate) in_process: bool,
}

/// `smpcc test`.
#[derive(Debug, Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Only tests whose name contains this.
    pub(crate) filter: Option<String>,
    /// A protocol to run them under; may be repeated [default: plain and rep3].
    #[arg(long = "protocol", value_name = "NAME")]
    pub(crate) protocols: Vec<String>,
}

/// `smpcc circuit`.
#[derive(Debug, Args)]
pub(crate) struct Circuit {
    #[command(subcommand)]
    pub(crate) action: CircuitAction,
}

/// What is done with circuits.
#[derive(Debug, Subcommand)]
pub(crate) enum CircuitAction {
    /// Write a function over `bits` and `bool` as a netlist in Bristol Fashion.
    Export {
        #[command(flatten)]
        source: Source,
        /// The function.
        function: String,
        /// Where the netlist goes [default: the terminal].
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Say how many gates and ANDs a netlist has, and how deep it is.
    Info {
        /// A netlist in Bristol Fashion.
        file: PathBuf,
    },
}

/// `smpcc fmt`.
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// The files, or `-` for stdin to stdout.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Writes nothing: prints what would change, and ends with 1 if anything would.
    #[arg(long)]
    pub(crate) check: bool,
}

/// `smpcc completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

/// `smpcc explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A code (E0401) or the name of a lint; without one, all are listed.
    pub(crate) code: Option<String>,
}

/// `smpcc inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A compiled program.
    pub(crate) file: PathBuf,
}

/// `smpcc cost`.
#[derive(Debug, Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    pub(crate) source: Source,
    /// A protocol to count under, or `all`; may be repeated [default: rep3].
    #[arg(long = "protocol", value_name = "NAME")]
    pub(crate) protocols: Vec<String>,
    /// How many parties there are, where a protocol leaves a choice [default: three].
    #[arg(long, value_name = "N")]
    pub(crate) parties: Option<usize>,
    /// How many of them may be corrupted, where a protocol leaves a choice [default: as many as it tolerates].
    #[arg(long, value_name = "T")]
    pub(crate) threshold: Option<usize>,
    /// Time from one party to another and back, e.g. 20ms [default: that of processes on one machine].
    #[arg(long, value_name = "TIME")]
    pub(crate) rtt: Option<String>,
    /// What a link carries in each direction, e.g. 100mbit [default: as much as there is].
    #[arg(long, value_name = "RATE")]
    pub(crate) bandwidth: Option<String>,
    /// What the parties' machines take, as `smpcvm bench --calibrate` has measured it [default: built in].
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    /// The folder of the inputs, where control flow depends on revealed values [default: not read].
    #[arg(long, value_name = "DIR")]
    pub(crate) inputs: Option<PathBuf>,
    /// The file of one input, NAME=FILE[:COLUMN]; may be repeated.
    #[arg(long = "input", value_name = "NAME=FILE")]
    pub(crate) input: Vec<String>,
    /// How the figures are printed.
    #[arg(long, value_enum, default_value_t = PageFormat::Text)]
    pub(crate) format: PageFormat,
    /// Where they go [default: the terminal].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `smpcc audit`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) source: Source,
    /// How the audit is printed.
    #[arg(long, value_enum, default_value_t = PageFormat::Text)]
    pub(crate) format: PageFormat,
    /// Where it goes [default: the terminal].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Text or a page for people, JSON for tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    /// For people.
    Text,
    /// For tools.
    Json,
    /// One page to read and print.
    Html,
}
