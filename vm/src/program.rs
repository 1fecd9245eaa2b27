//! A compiled program as it comes from a file or a compiler: decoded, verified, and known by its hash.

use crate::failure::Failure;
use smpc_bytecode::codec;
use smpc_bytecode::facts::walk;
use smpc_bytecode::module::Module;
use smpc_bytecode::op::{NetlistId, Op};
use smpc_bytecode::verify::{Limits, Verified, verify};
use smpc_math::netlist::Levelled;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A program that may be run.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its code.
    pub module: Verified<Module>,
    /// SHA-256 of its file, which the parties compare.
    pub hash: [u8; 32],
    /// Its netlists, arranged for evaluation when they are first asked for.
    circuits: Arc<[OnceLock<Levelled>]>,
}

impl Program {
    /// Reads a `.smpcb` file. `memory` is what its registers may take, in bytes.
    ///
    /// # Errors
    /// The user's fault: the file cannot be read, is damaged, or does not fit the limit.
    pub fn load(path: &Path, memory: u64) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| {
            let why = error.to_string();
            let why = why.split(" (os error").next().unwrap_or_default();
            Failure::user(format!("cannot read the program {}: {why}", path.display()))
                .help("`smpcc compile main.smpc -o FILE` makes one")
        })?;
        Self::from_bytes(&bytes, memory).map_err(|failure| {
            let message = format!("{}: {}", path.display(), failure.message);
            Failure { message, ..failure }
                .help("compile the program again, or ask for the file again; `smpcc inspect` looks into it")
        })
    }

    /// The program that these bytes are.
    ///
    /// # Errors
    /// As [`Program::load`].
    pub fn from_bytes(bytes: &[u8], memory: u64) -> Result<Self, Failure> {
        let module = codec::decode(bytes).map_err(|error| Failure::user(error.to_string()))?;
        let module = verify(module, &Limits { memory }).map_err(|error| Failure::user(error.to_string()))?;
        Ok(Self::new(module, codec::hash(bytes)))
    }

    /// The program of a module; `hash` is that of its file.
    #[must_use]
    pub fn new(module: Verified<Module>, hash: [u8; 32]) -> Self {
        let circuits = module.netlists.iter().map(|_| OnceLock::new()).collect();
        Self { module, hash, circuits }
    }

    /// A netlist that a gate of the module calls, arranged for evaluation.
    pub fn circuit(&self, id: NetlistId) -> &Levelled {
        self.circuits[id.index()].get_or_init(|| self.module.netlists[id.index()].levelled())
    }

    /// Arranges every netlist that a gate calls, so that no peer waits for it later.
    pub fn prepare(&self) {
        walk(&self.module, &mut |gate| {
            if let Op::Netlist { netlist } = gate.op {
                self.circuit(netlist);
            }
        });
    }
}
