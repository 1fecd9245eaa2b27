//! The session file: what all parties of a run must agree on before it starts. Read strictly: an unknown key is an error, as a misspelled limit would
//! otherwise be silently replaced by a default.
//!
//! The file is TOML:
//!
//! ```toml
//! [session]
//! protocol = "rep3"
//! parties = 3
//! threshold = 1
//! security = 40
//! silence = 30
//! steps = 1000000000
//! memory = 4294967296
//! block = 65536
//! channels = 1
//! audit = "sha256:…"
//!
//! [[node]]
//! address = "acme.example:7000"
//! fingerprint = "5f0c…"
//!
//! [roles]
//! Acme = 0
//! ```
//!
//! Nothing here opens a connection or reads a key.

mod file;
mod new;

pub use new::{NewSession, NodeArgument, RoleArgument};

use crate::failure::{Class, Failure};
use crate::program::Program;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smpc_bytecode::audit;
use smpc_net::{Node, Terms};
use smpc_protocols::registry::{REVISION, Setting};
use std::collections::BTreeMap;
use std::time::Duration;

/// Limits and constants that all parties share.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Statistical security in bits, for protocols that have such a parameter.
    pub security: u32,
    /// Seconds after which a party that says nothing is given up.
    pub silence: f64,
    /// Steps (entries and loop turns) after which a run stops.
    pub steps: u64,
    /// Bytes that the registers of a program may take, with what the gates of a level hold beside them.
    pub memory: u64,
    /// Lanes that a worker handles at a time: for runs of several workers. There is one, so that this is only compared.
    pub block: u64,
    /// Data channels between each two parties.
    pub channels: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { security: 40, silence: 30.0, steps: 1_000_000_000, memory: 4 << 30, block: 65_536, channels: 1 }
    }
}

impl Params {
    /// The time after which a party that says nothing is given up.
    #[must_use]
    pub fn silence(&self) -> Duration {
        // Checked to lie between a tenth of a second and a week.
        Duration::try_from_secs_f64(self.silence).unwrap_or(Duration::from_secs(30))
    }
}

/// A session file.
#[derive(Clone, Debug)]
pub struct Session {
    /// The protocol, the number of parties, and how many of them may be corrupted.
    pub protocol: Setting,
    /// Limits and constants.
    pub params: Params,
    /// The hash of the program that may be run, where the session pins it.
    pub module: Option<[u8; 32]>,
    /// The digest that the program's audit must have, where the session pins one.
    pub audit: Option<[u8; 32]>,
    /// Where the parties are.
    pub nodes: Vec<Node>,
    /// Roles with the node that plays each, where the file says so.
    pub roles: BTreeMap<String, usize>,
}

/// Which node plays each role of a program: as `given`, else role i in order of declaration at node i.
///
/// # Errors
/// A role that is given and that the program does not have; a node that does not exist; more roles than nodes without a word about where the
/// others go.
pub fn assign_roles(roles: &[String], given: &BTreeMap<String, usize>, nodes: usize) -> Result<Vec<usize>, Failure> {
    let known =
        || if roles.is_empty() { "it has none".to_owned() } else { format!("its roles are {}", roles.join(", ")) };
    for (role, node) in given {
        if !roles.contains(role) {
            return Err(Failure::user(format!("the program has no role `{role}`")).help(known()));
        }
        if *node >= nodes {
            return Err(Failure::user(format!("role `{role}` is given to node {node}, and there are {nodes} nodes"))
                .help("nodes are numbered from 0"));
        }
    }
    let place = |(i, role): (usize, &String)| given.get(role).copied().or_else(|| (i < nodes).then_some(i));
    let missing: Vec<&str> =
        roles.iter().enumerate().filter(|role| place(*role).is_none()).map(|(_, role)| role.as_str()).collect();
    if let Some(first) = missing.first() {
        let message = format!(
            "the program has {} roles and the session {nodes} nodes: nothing says who plays {}",
            roles.len(),
            missing.join(", ")
        );
        return Err(Failure::user(message)
            .help(format!("a node may play several roles: under [roles] in the session file write \"{first}\" = 0, or make it with --role '{first}=0'")));
    }
    Ok(roles.iter().enumerate().filter_map(place).collect())
}

/// Which party plays each role where one machine runs them all: role i at node i mod n.
#[must_use]
pub fn assign_roles_round(roles: &[String], nodes: usize) -> Vec<usize> {
    (0..roles.len()).map(|role| role % nodes.max(1)).collect()
}

impl Session {
    /// What the parties compare before they start, in an order that is the same everywhere. Addresses are not part of it: one node may be known
    /// by another name inside its own network.
    #[must_use]
    pub fn terms(&self, program: &Program, nodes: &[usize]) -> Terms {
        let mut terms = terms(&self.protocol, &self.params, program, nodes);
        for (party, node) in self.nodes.iter().enumerate() {
            terms.add(format!("node {party}"), node.fingerprint);
        }
        terms
    }

    /// Refuses a program that the session does not pin.
    ///
    /// # Errors
    /// Names both hashes.
    pub fn check_module(&self, program: &Program) -> Result<(), Failure> {
        match self.module {
            Some(pinned) if pinned != program.hash => Err(Failure::user(format!(
                "the session is for the program {}, and this one is {}",
                hex(&pinned),
                hex(&program.hash)
            ))
            .help("ask for the file that everyone agreed on; `smpcc inspect` prints a file's hash")),
            _ => Ok(()),
        }
    }
}

/// Refuses a program whose audit is another one than was pinned; `by` says where it was.
///
/// # Errors
/// Names both digests.
pub fn check_audit(program: &Program, pinned: &[u8; 32], by: &str) -> Result<(), Failure> {
    let found = audit::audit(&program.module).map_err(|error| Failure::user(error.to_string()))?.digest();
    if found == *pinned {
        return Ok(());
    }
    let [pinned, found] = [pinned, &found].map(audit::digest::print);
    Err(Failure::user(format!("{by} pins the audit {pinned}, and that of this program is {found}")).help(
        "this program reveals something else than what was approved: `smpcc audit PROGRAM.smpcb` shows what; nothing has been read or sent",
    ))
}

/// A digest of an audit, as `smpcc audit` prints it.
///
/// # Errors
/// It is none; `what` says where it stands.
pub fn audit_digest(text: &str, what: &str) -> Result<[u8; 32], Failure> {
    audit::digest::parse(text).ok_or_else(|| {
        Failure::new(Class::Usage, format!("{what}: `{text}` is no digest of an audit"))
            .help("write `sha256:` and 64 hex digits in small letters, as `smpcc audit PROGRAM.smpcb` prints them")
    })
}

/// The terms of a session without its nodes. The first that differs is what an operator is told, so causes come before what follows from them: another
/// param makes another module, and is what to correct.
#[must_use]
pub fn terms(protocol: &Setting, params: &Params, program: &Program, nodes: &[usize]) -> Terms {
    let mut terms = Terms::default();
    terms.add("protocol", protocol.name);
    terms.add("parties", protocol.parties);
    terms.add("threshold", protocol.threshold);
    terms.add("protocol revision", REVISION);
    terms.add("security", params.security);
    for (name, value) in &program.module.manifest.params {
        terms.add(format!("param {name}"), value);
    }
    terms.add("program", &program.module.manifest.program);
    terms.add("module", hex(&program.hash));
    for (role, node) in program.module.manifest.roles.iter().zip(nodes) {
        terms.add(format!("role {role}"), node);
    }
    terms.add("silence", params.silence);
    terms.add("steps", params.steps);
    terms.add("memory", params.memory);
    terms.add("block", params.block);
    terms.add("channels", params.channels);
    terms
}

/// A digest of the terms, for operators to read to each other.
#[must_use]
pub fn digest(terms: &Terms) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in terms.fields.iter().flat_map(|(name, value)| [name, value]) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

/// Bytes as hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
