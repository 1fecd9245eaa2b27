//! What a protocol promises, in words.

use smpc_protocols::registry::{Adversary, Parties, Setting};

/// So many parties.
pub(super) fn parties(count: usize) -> String {
    format!("{count} {}", if count == 1 { "party" } else { "parties" })
}

/// Among how many parties it runs.
pub(super) fn range(parties: Parties) -> String {
    match parties {
        Parties::Exactly(count, _) => count.to_string(),
        Parties::Majority(most) => format!("3 to {most}"),
        Parties::BareMajority(most) => {
            let counts: Vec<String> = (1..most).map(|threshold| (2 * threshold + 1).to_string()).collect();
            format!("{} or {}", counts.join(", "), 2 * most + 1)
        }
    }
}

/// How many of them may be corrupted.
pub(super) fn tolerates(parties: Parties) -> String {
    match parties {
        Parties::Exactly(_, 0) => "–".to_owned(),
        Parties::Exactly(_, tolerates) => tolerates.to_string(),
        Parties::Majority(_) | Parties::BareMajority(_) => "below half".to_owned(),
    }
}

/// What those may do.
pub(super) const fn adversary(adversary: Adversary) -> &'static str {
    match adversary {
        Adversary::None => "none",
        Adversary::SemiHonest => "semi-honest",
        Adversary::Malicious => "malicious, with abort",
    }
}

/// Whom a run among these parties holds against.
pub(super) fn protects_against(setting: &Setting) -> String {
    let Setting { spec, parties: all, threshold } = setting;
    let some = if *threshold == 1 { "party" } else { "parties" };
    match spec.adversary {
        Adversary::None => "nobody: one party sees everything".to_owned(),
        Adversary::SemiHonest => format!("{threshold} curious {some} of {all}; none that cheats"),
        Adversary::Malicious => format!("{threshold} cheating {some} of {all}: the run stops"),
    }
}
