//! The protocols there are: one line each.

/// Who may be corrupted, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adversary {
    /// Nobody: one party computes in the clear.
    None,
    /// Corrupted parties follow the protocol and try to learn from what they see.
    SemiHonest,
}

/// What a protocol promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name on the command line and in session files.
    pub name: &'static str,
    /// Number of parties.
    pub parties: usize,
    /// How many of them may be corrupted.
    pub tolerates: usize,
    /// What those may do.
    pub adversary: Adversary,
    /// Where it computes.
    pub domain: &'static str,
    /// Bytes that a party holds of a secret number.
    pub lane_bytes: u64,
    /// Bytes that a party holds of 512 secret bits.
    pub row_bytes: u64,
    /// The adversary model in a sentence, for the operator.
    pub warning: &'static str,
}

/// One party, in the clear: the reference.
pub static PLAIN: Spec = Spec {
    name: "plain",
    parties: 1,
    tolerates: 0,
    adversary: Adversary::None,
    domain: "integers, in the clear",
    lane_bytes: 8,
    row_bytes: 64,
    warning: "nothing is secret: one party sees everything",
};

/// Replicated secret sharing among three parties (Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016).
pub static REP3: Spec = Spec {
    name: "rep3",
    parties: 3,
    tolerates: 1,
    adversary: Adversary::SemiHonest,
    domain: "ring 2^64, binary",
    lane_bytes: 16,
    row_bytes: 128,
    warning: "semi-honest: a node that cheats, or two that collude, can learn inputs",
};

/// All protocols.
pub static PROTOCOLS: &[&Spec] = &[&PLAIN, &REP3];

/// The protocol of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    PROTOCOLS.iter().copied().find(|spec| spec.name == name)
}
