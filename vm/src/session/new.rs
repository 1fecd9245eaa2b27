//! Making a session file from what the parties tell each other: addresses and fingerprints.

use super::file::{check_params, node_of};
use super::{Params, Session};
use crate::failure::{Class, Failure};
use crate::run::protocol;
use smpc_net::Node;
use std::collections::BTreeMap;
use std::str::FromStr;

/// `HOST:PORT=FINGERPRINT`.
#[derive(Clone, Debug)]
pub struct NodeArgument(pub Node);

impl FromStr for NodeArgument {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let bad = |why: String| {
            Failure::new(Class::Usage, format!("`{text}` is no node: {why}"))
                .help("write HOST:PORT=FINGERPRINT, with the 64 hex digits that `smpcvm identity new` prints")
        };
        let (address, fingerprint) = text.split_once('=').ok_or_else(|| bad("there is no `=`".to_owned()))?;
        node_of(address, fingerprint).map(Self).map_err(bad)
    }
}

/// `Acme=0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleArgument {
    /// The role, `Employer[0]` for a member.
    pub role: String,
    /// The node that plays it.
    pub node: usize,
}

impl FromStr for RoleArgument {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let parsed = text.split_once('=').and_then(|(role, node)| Some((role, node.parse().ok()?)));
        match parsed {
            Some((role, node)) if !role.is_empty() => Ok(Self { role: role.to_owned(), node }),
            _ => Err(Failure::new(Class::Usage, format!("`{text}` gives no role to a node"))
                .help("write NAME=NODE, or 'NAME[0]=NODE' for a member of a counted role")),
        }
    }
}

/// What a session file is made of.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Name of the protocol.
    pub protocol: String,
    /// How many parties may be corrupted, where the protocol leaves a choice.
    pub threshold: Option<usize>,
    /// The parties, in their order.
    pub nodes: Vec<Node>,
    /// Roles that do not fall to the node of their own number.
    pub roles: Vec<RoleArgument>,
    /// Limits and constants.
    pub params: Params,
    /// The hash of the only program that may be run.
    pub module: Option<[u8; 32]>,
    /// The digest that the audit of the program must have.
    pub audit: Option<[u8; 32]>,
}

impl NewSession {
    /// The session.
    ///
    /// # Errors
    /// What a file with that content would be refused for.
    pub fn make(self) -> Result<Session, Failure> {
        let protocol = protocol(&self.protocol)?;
        check_params(&self.params).map_err(Failure::user)?;
        let mut roles = BTreeMap::new();
        for RoleArgument { role, node } in self.roles {
            if roles.insert(role.clone(), node).is_some() {
                return Err(Failure::user(format!("role `{role}` is given twice")));
            }
        }
        let Self { params, module, audit, nodes, threshold, .. } = self;
        let protocol = protocol.among(Some(nodes.len()), threshold).map_err(|what| {
            Failure::user(what).help(
                "name each party with a --node of its own, and with --threshold how many of them may be corrupted",
            )
        })?;
        let session = Session { protocol, params, module, audit, nodes, roles };
        // One set of rules: what is written must read.
        let text = session.to_toml();
        Session::parse(&text, "the new session").map_err(|failure| Failure { help: None, ..failure })
    }
}
