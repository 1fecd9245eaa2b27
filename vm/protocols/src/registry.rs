//! The protocols there are, and what a run says of its own.

use crate::{mal_shamir, shamir};
use std::ops::Deref;

/// Who may be corrupted, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adversary {
    /// Nobody: one party computes in the clear.
    None,
    /// Corrupted parties follow the protocol and try to learn from what they see.
    SemiHonest,
    /// Corrupted parties do anything. Who notices stops the run: nobody learns more than its outputs, and no honest party gets a wrong one; but a corrupted one may get its own and
    /// keep the others from theirs.
    Malicious,
}

/// Among how many parties a protocol runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parties {
    /// One number of them, and so many that may be corrupted.
    Exactly(usize, usize),
    /// From 3 up to so many, with a threshold below half of them.
    Majority(usize),
    /// One more than twice the threshold, which is at least 1 and up to so much.
    BareMajority(usize),
}

/// What a protocol promises.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name on the command line and in session files.
    pub name: &'static str,
    /// Numbers of parties.
    pub parties: Parties,
    /// What those may do.
    pub adversary: Adversary,
    /// Where it computes.
    pub domain: &'static str,
    /// Bytes that a party holds of a secret number.
    pub lane_bytes: u64,
    /// Bytes that a party holds of 512 secret bits.
    pub row_bytes: u64,
    /// For each threshold the bits of statistical security of each number that is opened under a mask, where the protocol does so.
    pub statistical: Option<fn(usize) -> u32>,
    /// Bits of statistical security of each verification, where a lie may get through one: with a probability below 2^−bits.
    pub soundness: Option<u32>,
    /// The adversary model in a sentence, for the operator.
    pub warning: &'static str,
}

/// Protocols are told apart by their names.
impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Spec {}

/// One party, in the clear: the reference.
pub static PLAIN: Spec = Spec {
    name: "plain",
    parties: Parties::Exactly(1, 0),
    adversary: Adversary::None,
    domain: "integers, in the clear",
    lane_bytes: 8,
    row_bytes: 64,
    statistical: None,
    soundness: None,
    warning: "nothing is secret: one party sees everything",
};

/// Replicated secret sharing among three parties (Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016).
pub static REP3: Spec = Spec {
    name: "rep3",
    parties: Parties::Exactly(3, 1),
    adversary: Adversary::SemiHonest,
    domain: "ring 2^64, binary",
    lane_bytes: 16,
    row_bytes: 128,
    statistical: None,
    soundness: None,
    warning: "semi-honest: a node that cheats, or two that collude, can learn inputs",
};

/// Shamir's secret sharing among n parties, fewer than half of them curious (Ben-Or, Goldwasser, Wigderson, STOC 1988).
pub static SHAMIR: Spec = Spec {
    name: "shamir",
    parties: Parties::Majority(shamir::MOST_PARTIES),
    adversary: Adversary::SemiHonest,
    domain: "integers modulo 2^127 − 1, bytes",
    lane_bytes: 16,
    row_bytes: 512,
    statistical: Some(shamir::security),
    soundness: None,
    warning: "semi-honest: a node that cheats, or more than the threshold that collude, can learn inputs",
};

/// Replicated secret sharing among four parties, one of whom may cheat (Dalskov, Escudero, Keller, USENIX Security 2021).
pub static REP4: Spec = Spec {
    name: "rep4",
    parties: Parties::Exactly(4, 1),
    adversary: Adversary::Malicious,
    domain: "ring 2^64, binary",
    lane_bytes: 24,
    row_bytes: 192,
    statistical: None,
    soundness: None,
    warning: "malicious, with abort: one node that cheats learns no more than its outputs, but it can keep others from theirs; two that collude can learn inputs",
};

/// Replicated secret sharing among three parties, one of whom may cheat (Chida et al., CRYPTO 2018; Boyle, Gilboa, Ishai and Nof, CCS 2019).
pub static MAL_REP3: Spec = Spec {
    name: "mal-rep3",
    parties: Parties::Exactly(3, 1),
    adversary: Adversary::Malicious,
    domain: "ring 2^64 in 2^128, binary",
    lane_bytes: 64,
    row_bytes: 128,
    statistical: None,
    soundness: Some(50),
    warning: "malicious, with abort: one node that cheats learns no more than its outputs, but it can keep others from theirs; two that collude can learn inputs",
};

/// Shamir's secret sharing among 2t + 1 parties, t of whom may cheat (Ben-Or, Goldwasser, Wigderson, STOC 1988; Goyal, Song, ePrint 2020/134).
pub static MAL_SHAMIR: Spec = Spec {
    name: "mal-shamir",
    parties: Parties::BareMajority(mal_shamir::MOST_THRESHOLD),
    adversary: Adversary::Malicious,
    domain: "integers modulo 2^127 − 1, bytes",
    lane_bytes: 16,
    row_bytes: 512,
    statistical: None,
    soundness: Some(55),
    warning: "malicious, with abort: nodes up to the threshold that cheat learn no more than their outputs, but they can keep others from theirs; more that collude can learn inputs",
};

/// The number of what protocols say to one another, which goes up whenever a gate of one of them says something else: parties must have the same.
pub const REVISION: u32 = 5;

/// All protocols.
pub static PROTOCOLS: &[&Spec] = &[&PLAIN, &REP3, &MAL_REP3, &REP4, &SHAMIR, &MAL_SHAMIR];

/// The protocol of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    PROTOCOLS.iter().copied().find(|spec| spec.name == name)
}

/// A protocol as one run has it: among so many parties, of whom so many may be corrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The protocol.
    pub spec: &'static Spec,
    /// Number of parties.
    pub parties: usize,
    /// How many of them may be corrupted.
    pub threshold: usize,
}

impl Deref for Setting {
    type Target = Spec;

    fn deref(&self) -> &Spec {
        self.spec
    }
}

impl Spec {
    /// The protocol among as many parties as it takes, or as are named: three, and as many corrupted ones as it tolerates, where there is a choice.
    ///
    /// # Errors
    /// Says what the protocol takes instead.
    pub fn among(&'static self, parties: Option<usize>, threshold: Option<usize>) -> Result<Setting, String> {
        let name = self.name;
        let setting = match self.parties {
            Parties::Exactly(count, tolerates) => {
                if let Some(parties) = parties.filter(|parties| *parties != count) {
                    return Err(format!("{name} is a protocol of {count} parties, and not of {parties}"));
                }
                if let Some(threshold) = threshold.filter(|threshold| *threshold != tolerates) {
                    return Err(format!("{name} tolerates {tolerates} corrupted parties, and not {threshold}"));
                }
                Setting { spec: self, parties: count, threshold: tolerates }
            }
            Parties::Majority(most) => {
                let parties = parties
                    .unwrap_or_else(|| threshold.map_or(3, |threshold| threshold.saturating_mul(2).saturating_add(1)));
                if !(3..=most).contains(&parties) {
                    return Err(format!("{name} is a protocol of 3 to {most} parties, and not of {parties}"));
                }
                let tolerates = (parties - 1) / 2;
                let threshold = threshold.unwrap_or(tolerates);
                if !(1..=tolerates).contains(&threshold) {
                    return Err(format!(
                        "{name} among {parties} parties tolerates 1 to {tolerates} corrupted ones, and not {threshold}"
                    ));
                }
                Setting { spec: self, parties, threshold }
            }
            Parties::BareMajority(most) => {
                let parties = parties
                    .unwrap_or_else(|| threshold.map_or(3, |threshold| threshold.saturating_mul(2).saturating_add(1)));
                let tolerates = parties.saturating_sub(1) / 2;
                if parties.is_multiple_of(2) || !(1..=most).contains(&tolerates) {
                    let counts: Vec<String> = (1..=most).map(|threshold| (2 * threshold + 1).to_string()).collect();
                    return Err(format!(
                        "{name} is a protocol of {} parties, one more than twice those that may cheat, and not of {parties}",
                        counts.join(", ")
                    ));
                }
                if let Some(threshold) = threshold.filter(|threshold| *threshold != tolerates) {
                    return Err(format!(
                        "{name} among {parties} parties tolerates {tolerates} corrupted ones, and not {threshold}"
                    ));
                }
                Setting { spec: self, parties, threshold: tolerates }
            }
        };
        Ok(setting)
    }
}

impl Setting {
    /// Bits of statistical security of each number that is opened under a mask, where the protocol does so.
    #[must_use]
    pub fn statistical(&self) -> Option<u32> {
        self.spec.statistical.map(|bits| bits(self.threshold))
    }

    /// Refuses to promise more bits of statistical security than the protocol has.
    ///
    /// # Errors
    /// Says how many there may be.
    pub fn check_security(&self, bits: u32) -> Result<(), String> {
        if let Some(has) = self.spec.soundness.filter(|has| bits > *has) {
            return Err(format!("security = {bits}: {} finds a lie but for a probability of 2^-{has}", self.name));
        }
        match self.statistical() {
            Some(has) if bits > has => Err(format!(
                "security = {bits}: {} with a threshold of {} hides what it opens with {has} bits of statistical security, as its field has 127 bits",
                self.name, self.threshold
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_a_protocol_takes() {
        let of = |spec: &'static Spec, parties, threshold| {
            spec.among(parties, threshold).map(|setting| (setting.parties, setting.threshold))
        };
        assert_eq!(of(&REP3, None, None), Ok((3, 1)));
        assert_eq!(of(&SHAMIR, None, None), Ok((3, 1)));
        assert_eq!(of(&SHAMIR, Some(7), None), Ok((7, 3)));
        assert_eq!(of(&SHAMIR, Some(7), Some(2)), Ok((7, 2)));
        assert_eq!(of(&SHAMIR, None, Some(2)), Ok((5, 2)));
        for (spec, parties, threshold) in [
            (&REP3, Some(4), None),
            (&REP3, None, Some(2)),
            (&SHAMIR, Some(2), None),
            (&SHAMIR, Some(33), None),
            (&SHAMIR, Some(4), Some(2)),
            (&SHAMIR, Some(5), Some(0)),
            (&SHAMIR, Some(32), Some(16)),
            (&SHAMIR, None, Some(usize::MAX)),
        ] {
            assert!(of(spec, parties, threshold).is_err(), "{} {parties:?} {threshold:?}", spec.name);
        }
        let setting = SHAMIR.among(Some(7), None).expect("seven parties");
        assert!(setting.check_security(40).is_ok() && setting.check_security(57).is_ok());
        assert!(setting.check_security(58).is_err());
        let setting = MAL_REP3.among(None, None).expect("three parties");
        assert!(setting.check_security(50).is_ok() && setting.check_security(51).is_err());
        assert_eq!(of(&SHAMIR, Some(32), None), Ok((32, 15)));
    }
}
