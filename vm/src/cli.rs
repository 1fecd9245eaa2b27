//! The command line: what can be said, with an example for each command. Nothing here does anything.

use clap::{Args, Parser, Subcommand};
use smpcvm::bench::BenchOptions;
use smpcvm::protocols::ProtocolsOptions;
use std::path::PathBuf;

/// Runs compiled .smpc programs over secret shares: one process at every party.
#[derive(Debug, Parser)]
#[command(name = "smpcvm", version, about, max_term_width = 110)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program as one party of a session.
    #[command(
        after_help = "Example:\n  smpcvm run salary.smpcb --session session.toml --party 0 --input acme=acme.csv --output result.json\n\nExit codes: 1 the program, its input or the session is wrong, or a check failed; 2 usage; 3 a peer was lost; 4 somebody cheats; 70 our own fault"
    )]
    Run(Run),
    /// Make the key that the other parties know this one by.
    #[command(arg_required_else_help = true)]
    Identity {
        /// What to do.
        #[command(subcommand)]
        command: IdentityCommand,
    },
    /// Make the file that all parties of a session share.
    #[command(arg_required_else_help = true)]
    Session {
        /// What to do.
        #[command(subcommand)]
        command: SessionCommand,
    },
    /// Measure gates and programs among processes on this machine, beside its raw limits.
    #[command(
        after_help = "Example:\n  smpcvm bench --json bench.json\n  smpcvm bench --protocol mal-rep3 --job comparisons --network rtt=20ms,bandwidth=100mbit\n  smpcvm bench --calibrate -o machine.json    # for smpcc cost --calibration"
    )]
    Bench(Bench),
    /// List the protocols: parties, adversary, and what gates cost; or what a program costs under each.
    #[command(
        after_help = "Example:\n  smpcvm protocols\n  smpcvm protocols --program salary.smpcb --rtt 20ms --bandwidth 100mbit    # the quickest first\n\nRounds and bytes are counted by the protocols' own code; nothing is run. Time and memory are estimates (docs/cost.md)."
    )]
    Protocols(Protocols),
}

/// `smpcvm run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The compiled program.
    #[arg(value_name = "PROGRAM.smpcb")]
    pub(crate) program: PathBuf,
    /// The session file, the same at every party.
    #[arg(long, value_name = "FILE")]
    pub(crate) session: PathBuf,
    /// The number of this party in the session, from 0.
    #[arg(long, value_name = "I")]
    pub(crate) party: usize,
    /// Refuses a program whose audit has another digest than the one that `smpcc audit` has printed.
    #[arg(long, value_name = "sha256:…")]
    pub(crate) audit: Option<String>,
    /// The file of one of this party's inputs: CSV, JSON or plain numbers; 'pay[0]=FILE' for a member's. May be repeated.
    #[arg(long = "input", value_name = "NAME=FILE[:COLUMN]")]
    pub(crate) inputs: Vec<String>,
    /// The key under which columns that say `key` are hashed: 64 to 128 hexadecimal digits that the owners of the data share.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv_key: Option<PathBuf>,
    /// Writes this party's results as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Writes rounds, bytes, times and memory as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) stats: Option<PathBuf>,
    /// This party's key file [default: the key in the current folder that the session names].
    #[arg(long, value_name = "NAME.key")]
    pub(crate) identity: Option<PathBuf>,
    /// Makes every link as slow as this one, e.g. rtt=20ms,bandwidth=100mbit; the same at every party.
    #[arg(long, value_name = "LINK")]
    pub(crate) network: Option<String>,
    /// Threads for this party's own work on long vectors; results, rounds and bytes are the same for any number, and the parties need not agree on it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,
}

/// `smpcvm identity …`.
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Write NAME.key and NAME.crt to the current folder and print the fingerprint.
    #[command(after_help = "Example:\n  smpcvm identity new acme")]
    New(NewIdentity),
}

/// `smpcvm identity new`.
#[derive(Debug, Args)]
pub(crate) struct NewIdentity {
    /// The files' name, and what the certificate says.
    pub(crate) name: String,
}

/// `smpcvm session …`.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Write a session file; the parties are numbered in the order of their nodes.
    #[command(
        after_help = "Example:\n  smpcvm session new --protocol rep3 --node acme.example:7000=5f0c… --node globex.example:7000=91ab… \\\n    --node initech.example:7000=c3d4… -o session.toml"
    )]
    New(NewSessionFile),
}

/// `smpcvm session new`.
#[derive(Debug, Args)]
pub(crate) struct NewSessionFile {
    /// The protocol.
    #[arg(long)]
    pub(crate) protocol: String,
    /// How many parties may be corrupted, where the protocol leaves a choice.
    #[arg(long, value_name = "T")]
    pub(crate) threshold: Option<usize>,
    /// A party: where it listens, and the fingerprint that `identity new` printed there. Once for each.
    #[arg(long = "node", value_name = "HOST:PORT=FINGERPRINT", required = true)]
    pub(crate) nodes: Vec<String>,
    /// The party that plays a role, where that is not the one of the role's own number. May be repeated.
    #[arg(long = "role", value_name = "ROLE=PARTY")]
    pub(crate) roles: Vec<String>,
    /// Seconds after which a party that says nothing is given up [default: 30].
    #[arg(long, value_name = "SECONDS")]
    pub(crate) silence: Option<f64>,
    /// Steps after which a program is stopped [default: 1000000000].
    #[arg(long)]
    pub(crate) steps: Option<u64>,
    /// Bytes that a program's registers may take [default: 4294967296].
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory: Option<u64>,
    /// The only program that the session may run.
    #[arg(long, value_name = "PROGRAM.smpcb")]
    pub(crate) pin: Option<PathBuf>,
    /// The digest that the audit of a program must have, as `smpcc audit` prints it.
    #[arg(long, value_name = "sha256:…")]
    pub(crate) audit: Option<String>,
    /// Where the file goes [default: printed].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `smpcvm bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// The protocol [default: rep3; with --calibrate, all].
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// How many parties there are [default: as many as the protocol takes, or three].
    #[arg(long, value_name = "N")]
    pub(crate) parties: Option<usize>,
    /// How many of them may be corrupted [default: as many as the protocol tolerates].
    #[arg(long, value_name = "T")]
    pub(crate) threshold: Option<usize>,
    /// Only jobs whose name, or name and lanes, has this in it, e.g. "products, 1000000 lanes"; may be repeated.
    #[arg(long = "job", value_name = "TEXT")]
    pub(crate) jobs: Vec<String>,
    /// Makes every link as slow as this one, e.g. rtt=20ms,bandwidth=100mbit; jobs of thousands of rounds are then cut to a hundredth.
    #[arg(long, value_name = "LINK")]
    pub(crate) network: Option<String>,
    /// Writes the rows as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Threads for each party's own work on long vectors.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,
    /// Measures what each kind of gate takes instead, under each protocol or the one that is named, for the predictions of `smpcc cost`: one to four minutes a protocol, `mal-shamir` seven. Of a protocol with a choice the constants are those of so many parties.
    #[arg(long, conflicts_with_all = ["json", "jobs", "threads", "network"])]
    pub(crate) calibrate: bool,
    /// Where the calibration goes [default: printed].
    #[arg(short, long, value_name = "FILE", requires = "calibrate")]
    pub(crate) output: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn options(self) -> BenchOptions {
        BenchOptions {
            protocol: self.protocol.unwrap_or_else(|| "rep3".to_owned()),
            parties: self.parties,
            threshold: self.threshold,
            jobs: self.jobs,
            network: self.network,
            json: self.json,
            threads: self.threads,
        }
    }
}

/// `smpcvm protocols`.
#[derive(Debug, Args)]
pub(crate) struct Protocols {
    /// Only protocols that run among so many parties [default: all, those with a choice among the fewest].
    #[arg(long, value_name = "N")]
    pub(crate) parties: Option<usize>,
    /// Only protocols that tolerate so many corrupted ones [default: as many as the protocol tolerates].
    #[arg(long, value_name = "T")]
    pub(crate) threshold: Option<usize>,
    /// Predicts what this program costs under each protocol instead.
    #[arg(long, value_name = "PROGRAM.smpcb")]
    pub(crate) program: Option<PathBuf>,
    /// The network of such a run, e.g. rtt=20ms,bandwidth=100mbit [default: that of processes on one machine].
    #[arg(long, value_name = "LINK", requires = "program", conflicts_with_all = ["rtt", "bandwidth"])]
    pub(crate) network: Option<String>,
    /// Time from one party to another and back, e.g. 20ms; a number alone is one of milliseconds.
    #[arg(long, value_name = "TIME", requires = "program")]
    pub(crate) rtt: Option<String>,
    /// What a link carries in each direction, e.g. 100mbit [default: as much as there is].
    #[arg(long, value_name = "RATE", requires = "program")]
    pub(crate) bandwidth: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Protocols {
    pub(crate) fn options(self) -> ProtocolsOptions {
        let Self { parties, threshold, program, network, rtt, bandwidth, json } = self;
        ProtocolsOptions { parties, threshold, program, network, rtt, bandwidth, json }
    }
}
