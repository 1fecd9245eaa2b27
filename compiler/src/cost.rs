//! `smpcc cost`: what a program takes, without running it. `text` and `page` show the same figures to people.

mod page;
mod text;

use crate::cli::{Cost, PageFormat};
use crate::run::{among, protocol};
use crate::source::program_of;
use crate::{Done, log, one};
use smpc_net::Network;
use smpc_protocols::registry::{PROTOCOLS, Parties, Setting, Spec};
use smpcvm::failure::{Class, Failure};
use smpcvm::input::{self, CsvKey, InputFile, in_folder};
use smpcvm::output::OutputFile;
use smpcvm::run::Task;
use smpcvm::run::cost::calibration::Calibration;
use smpcvm::run::cost::{self, Assumptions};
use smpcvm::session::Params;

pub(crate) fn run(arguments: &Cost) -> Done {
    let protocols = protocols(arguments).map_err(one)?;
    let network = network(arguments).map_err(one)?;
    let given = arguments.input.iter().map(|text| text.parse()).collect::<Result<Vec<InputFile>, _>>().map_err(one)?;
    let loaded = arguments.calibration.as_deref().map(Calibration::load).transpose().map_err(one)?;
    let calibration = match &loaded {
        Some(loaded) => loaded,
        None => Calibration::built_in().map_err(one)?,
    };
    let file = arguments.output.as_deref().map(OutputFile::probe).transpose().map_err(one)?;
    let params = Params::default();
    let program = program_of(&arguments.source, params.memory)?;
    let mut costs = Vec::with_capacity(protocols.len());
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
        costs.push(cost::estimate(&task, inputs.as_ref(), calibration, network).map_err(one)?);
    }
    let assumptions = Assumptions { calibration, network };
    let shown = match arguments.format {
        PageFormat::Text => text::of(&costs, &assumptions),
        PageFormat::Json => cost::all_json(&costs, &assumptions).render(),
        PageFormat::Html => page::of(&program.module.manifest.program, &costs, &assumptions),
    };
    match file {
        None => Ok(shown),
        Some(file) => {
            file.write(shown).map_err(one)?;
            log(&format!("wrote {}", file.named().display()));
            Ok(String::new())
        }
    }
}

/// The protocols that are named, each once; `all` stands for every one, those with a choice among the parties that are named.
fn protocols(arguments: &Cost) -> Result<Vec<Setting>, Failure> {
    let names = &arguments.protocols;
    let mut found: Vec<Setting> = Vec::new();
    let default = ["rep3".to_owned()];
    for name in if names.is_empty() { &default[..] } else { names } {
        let (parties, threshold) = (arguments.parties, arguments.threshold);
        let of_all = |spec: &&'static Spec| match spec.parties {
            Parties::Exactly(..) => among(spec, None, None),
            Parties::Majority(..) => among(spec, parties, threshold),
            // Not among every number of parties.
            Parties::BareMajority(_) => among(spec, parties, threshold).or_else(|_| among(spec, None, None)),
        };
        let named = if name == ALL {
            PROTOCOLS.iter().map(of_all).collect::<Result<Vec<_>, _>>()?
        } else {
            vec![among(protocol(name)?, parties, threshold)?]
        };
        for one in named {
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// The name of all protocols together.
const ALL: &str = "all";

/// The network that the options describe, in the words of `--network`.
fn network(arguments: &Cost) -> Result<Option<Network>, Failure> {
    let parts = [("rtt", &arguments.rtt), ("bandwidth", &arguments.bandwidth)];
    let parts: Vec<String> =
        parts.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let network = parts.join(",").parse::<Network>();
    network.map(Some).map_err(|error| {
        Failure::new(Class::Usage, error.to_string()).help("for example --rtt 20ms --bandwidth 100mbit")
    })
}
