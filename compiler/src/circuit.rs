//! `smpcc circuit`: functions as netlists, and what netlists consist of.

use crate::cli::{Circuit, CircuitAction, Source};
use crate::source::{export_source, read, tell};
use crate::{Done, one};
use smpc_math::bristol;
use smpc_math::netlist::Netlist;
use smpcvm::failure::Failure;
use std::io::Write as _;
use std::path::Path;

pub(crate) fn run(arguments: &Circuit) -> Done {
    match &arguments.action {
        CircuitAction::Export { source, function, output } => export(source, function, output.as_deref()),
        CircuitAction::Info { file } => info(file),
    }
}

fn export(source: &Source, function: &str, output: Option<&Path>) -> Done {
    let exported = export_source(source, function)?;
    tell(&exported.compiled);
    let Some(netlist) = exported.netlist else { return Err(one(Failure::user(""))) };
    let text = bristol::write(&netlist);
    let Some(path) = output else { return Ok(text) };
    whole(path, &text).map_err(one)?;
    Ok(format!("{}: {}\n", path.display(), size(&netlist)))
}

fn info(file: &Path) -> Done {
    let text = read(file).map_err(one)?;
    let netlist = bristol::parse(&text).map_err(|error| {
        one(Failure::user(format!("{} is no netlist in Bristol Fashion: {error}", file.display()))
            .help("get the file again, or correct it at that line"))
    })?;
    let words: Vec<String> = netlist.inputs().iter().map(|width| format!("bits<{width}>")).collect();
    Ok(format!("({}) -> bits<{}>\n{}\n", words.join(", "), netlist.outputs().len(), size(&netlist)))
}

fn size(netlist: &Netlist) -> String {
    format!("{} gates, {} ANDs, depth {}", netlist.gates().len(), netlist.ands(), netlist.depth())
}

/// Writes a file whole or not at all.
fn whole(path: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error: &std::io::Error| Failure::user(format!("cannot write {}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| fail(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| fail(&error))?;
    file.persist(path).map_err(|error| fail(&error.error))?;
    Ok(())
}
