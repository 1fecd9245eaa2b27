//! The session file as text: reading it, with every mistake named, and writing it.

use super::{Params, Session, audit_digest, hex};
use crate::failure::Failure;
use crate::run::protocol;
use serde::Deserialize;
use smpc_bytecode::audit::digest;
use smpc_net::{Fingerprint, Node};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    session: Head,
    #[serde(default)]
    node: Vec<NodeEntry>,
    #[serde(default)]
    roles: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    protocol: String,
    parties: Option<usize>,
    threshold: Option<usize>,
    security: Option<u32>,
    silence: Option<f64>,
    steps: Option<u64>,
    memory: Option<u64>,
    block: Option<u64>,
    channels: Option<u32>,
    module: Option<String>,
    audit: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeEntry {
    address: String,
    fingerprint: String,
}

const HELP: &str = "`smpcvm session new` writes a session file; all parties need the same one";

impl Session {
    /// Reads a session file.
    ///
    /// # Errors
    /// Says what is wrong and on which line.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let why = error.to_string();
            let why = why.split(" (os error").next().unwrap_or_default();
            Failure::user(format!("cannot read the session file {}: {why}", path.display())).help(HELP)
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// The session that a text describes; `name` is what messages call it.
    ///
    /// # Errors
    /// Says what is wrong and on which line.
    pub fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text.get(..span.start).unwrap_or(text).matches('\n').count());
            let place = line.map_or_else(String::new, |line| {
                format!(":{}: `{}`", line + 1, text.lines().nth(line).unwrap_or_default().trim())
            });
            Failure::user(format!("{name}{place}: {}", error.message())).help(HELP)
        })?;
        check(file).map_err(|what| Failure::user(format!("{name}: {what}")).help(HELP))
    }

    /// The file's text; what is read from it is the same session.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let Params { security, silence, steps, memory, block, channels } = self.params;
        let mut text = format!(
            "# What all parties of this session must agree on: the same file at each of them.\n\n\
             [session]\n\
             protocol = \"{}\"\n\
             parties = {}\n\
             threshold = {}\n\
             security = {security}\n\
             # Seconds after which a party that says nothing is given up.\n\
             silence = {silence}\n\
             # Steps, and bytes of registers, that a program may take.\n\
             steps = {steps}\n\
             memory = {memory}\n\
             block = {block}\n\
             channels = {channels}\n",
            self.protocol.name, self.protocol.parties, self.protocol.threshold
        );
        if let Some(module) = &self.module {
            let _ = writeln!(text, "module = \"{}\"", hex(module));
        }
        if let Some(audit) = &self.audit {
            let _ = writeln!(text, "audit = \"{}\"", digest::print(audit));
        }
        for (party, node) in self.nodes.iter().enumerate() {
            let address = toml::Value::String(node.address.clone());
            let _ = write!(
                text,
                "\n# Party {party}.\n[[node]]\naddress = {address}\nfingerprint = \"{}\"\n",
                node.fingerprint
            );
        }
        if !self.roles.is_empty() {
            text.push_str("\n# Which party plays each role.\n[roles]\n");
            for (role, node) in &self.roles {
                let _ = writeln!(text, "{} = {node}", toml::Value::String(role.clone()));
            }
        }
        text
    }
}

fn check(file: File) -> Result<Session, String> {
    let head = file.session;
    let protocol = protocol(&head.protocol).map_err(|failure| failure.message)?;
    let count = file.node.len();
    let protocol = protocol.among(Some(count), None).map_err(|what| format!("there are {count} nodes: {what}"))?;
    if let Some(parties) = head.parties.filter(|parties| *parties != count) {
        return Err(format!("parties = {parties}, and there are {count} nodes"));
    }
    let protocol = match head.threshold {
        None => protocol,
        Some(threshold) => protocol
            .spec
            .among(Some(count), Some(threshold))
            .map_err(|what| format!("threshold = {threshold}: {what}"))?,
    };
    let default = Params::default();
    let params = Params {
        security: head.security.unwrap_or(default.security),
        silence: head.silence.unwrap_or(default.silence),
        steps: head.steps.unwrap_or(default.steps),
        memory: head.memory.unwrap_or(default.memory),
        block: head.block.unwrap_or(default.block),
        channels: head.channels.unwrap_or(default.channels),
    };
    check_params(&params)?;
    protocol.check_security(params.security)?;
    let mut nodes: Vec<Node> = Vec::new();
    for (party, entry) in file.node.into_iter().enumerate() {
        let node = node(entry.address, &entry.fingerprint).map_err(|what| format!("node {party}: {what}"))?;
        if let Some(other) = nodes.iter().position(|other| other.fingerprint == node.fingerprint) {
            return Err(format!("nodes {other} and {party} have the same fingerprint; each needs a key of its own"));
        }
        if let Some(other) = nodes.iter().position(|other| other.address == node.address) {
            return Err(format!("nodes {other} and {party} have the same address {}", node.address));
        }
        nodes.push(node);
    }
    for (role, node) in &file.roles {
        if *node >= count {
            return Err(format!("role `{role}` is given to node {node}, and there are {count} nodes, numbered from 0"));
        }
    }
    let module = head.module.as_deref().map(digest_of).transpose()?;
    let audit =
        head.audit.as_deref().map(|text| audit_digest(text, "audit")).transpose().map_err(|failure| failure.message)?;
    Ok(Session { protocol, params, module, audit, nodes, roles: file.roles })
}

fn node(address: String, fingerprint: &str) -> Result<Node, String> {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    if !matches!(port, Some(Ok(1..))) {
        return Err(format!("the address `{address}` is not of the form HOST:PORT"));
    }
    let fingerprint: Fingerprint = fingerprint.parse().map_err(|error| format!("`{fingerprint}`: {error}"))?;
    Ok(Node { address, fingerprint })
}

/// A node from its two parts.
pub(super) fn node_of(address: &str, fingerprint: &str) -> Result<Node, String> {
    node(address.to_owned(), fingerprint)
}

fn digest_of(text: &str) -> Result<[u8; 32], String> {
    // 64 hex digits, as a fingerprint has.
    let digits: Fingerprint = text.parse().map_err(|_| format!("module = `{text}` is not a hash of 64 hex digits"))?;
    Ok(digits.0)
}

/// Refuses limits that make no sense.
pub(super) fn check_params(params: &Params) -> Result<(), String> {
    let Params { security, silence, steps, memory, block, channels } = *params;
    if !(40..=128).contains(&security) {
        return Err(format!("security = {security}: between 40 and 128 bits"));
    }
    if !(0.1..=604_800.0).contains(&silence) {
        return Err(format!("silence = {silence}: between 0.1 seconds and a week"));
    }
    if steps == 0 {
        return Err("steps = 0: no program runs in that".to_owned());
    }
    if memory < 1 << 20 {
        return Err(format!("memory = {memory}: a mebibyte (1048576) at least"));
    }
    if block == 0 || !block.is_multiple_of(512) {
        return Err(format!("block = {block}: a multiple of 512"));
    }
    if channels != 1 {
        return Err(format!("channels = {channels}: this version has one worker and so one channel"));
    }
    Ok(())
}
