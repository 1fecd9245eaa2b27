//! Soon.
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Soon.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BenchOrder {}

/// Soon.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// The protocol.
    pub protocol: String,
    /// Only jobs with one of these in their name.
    pub jobs: Vec<String>,
    /// Where the rows go.
    pub json: Option<PathBuf>,
}

/// Soon.
///
/// # Errors
/// Always.
pub fn party(_: &BenchOrder) -> Result<serde_json::Value, Failure> {
    Err(Failure::ours("not yet"))
}

/// Soon.
///
/// # Errors
/// Always.
pub fn command(_: &BenchOptions) -> Result<String, Vec<Failure>> {
    Err(vec![Failure::ours("not yet")])
}
