//! `smpcc cost`: rounds and bytes of a program, without running it.

use crate::cli::{Cost, Format};
use crate::run::protocol;
use crate::source::program_of;
use crate::{Done, one};
use smpcvm::input::{self, CsvKey, InputFile, in_folder};
use smpcvm::output::Json;
use smpcvm::run::Task;
use smpcvm::run::cost::{self, Cost as Counted};
use smpcvm::session::Params;
use std::fmt::Write as _;

/// Source lines that the text shows.
const LINES: usize = 10;

pub(crate) fn run(arguments: &Cost) -> Done {
    let names = if arguments.protocols.is_empty() { vec!["rep3".to_owned()] } else { arguments.protocols.clone() };
    let protocols = names.iter().map(|name| protocol(name)).collect::<Result<Vec<_>, _>>().map_err(one)?;
    let given = arguments.input.iter().map(|text| text.parse()).collect::<Result<Vec<InputFile>, _>>().map_err(one)?;
    let params = Params::default();
    let program = program_of(&arguments.source, params.memory)?;
    let mut counted = Vec::with_capacity(protocols.len());
    for protocol in protocols {
        let task = Task::local(program.clone(), protocol, params);
        // Data decides about costs only where something is revealed; it is read where it was named.
        let inputs = match &arguments.inputs {
            None if given.is_empty() => None,
            None => Some(given.clone()),
            Some(folder) => Some(in_folder(task.manifest(), folder, &given)?),
        };
        // What the hashes are does not matter, only which of them are the same.
        let key = CsvKey::fresh().map_err(one)?;
        let inputs = inputs.map(|files| input::read(task.manifest(), |_| true, &files, Some(&key))).transpose()?;
        counted.push(cost::count(&task, inputs.as_ref()).map_err(one)?);
    }
    Ok(match arguments.format {
        Format::Text => counted.iter().map(text).collect::<Vec<_>>().join("\n"),
        Format::Json => {
            let all = counted.iter().map(Counted::json).collect();
            Json::Object(vec![("protocols".to_owned(), Json::List(all))]).render()
        }
    })
}

fn text(cost: &Counted) -> String {
    let mut out = String::new();
    let bound = if cost.at_least { "≥ " } else { "" };
    // Writing to a string does not fail.
    let _ = writeln!(out, "{}", cost.protocol.name);
    for (party, stats) in cost.parties.iter().enumerate() {
        let sent = stats.sent.iter().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
        let received = stats.received.iter().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
        let _ = writeln!(
            out,
            "  party {party}: {bound}{} rounds, {bound}{} sent, {bound}{} received",
            stats.rounds,
            bytes(sent),
            bytes(received)
        );
    }
    if cost.at_least {
        out.push_str("  a run may cost more: it depends on values that the program reveals; with --inputs DIR it is followed on data\n");
    }
    if !cost.lines.is_empty() {
        out.push_str("  the dearest lines (rounds that merge count at each line that has a part in them):\n");
    }
    for line in cost.lines.iter().take(LINES) {
        let place = format!("{}:{}", line.file, line.line);
        let _ = writeln!(
            out,
            "  {:>8} rounds {:>10}  {place:<20} {}",
            line.rounds,
            bytes(line.bytes_sent),
            line.text.trim()
        );
    }
    out
}

/// A number of bytes for people.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.3} {}", UNITS[unit]) }
}
