//! The files that a run writes at its end: its results and its statistics. A result took a whole computation, so it is never lost to a file that
//! cannot be written.

use super::OutputFile;
use crate::failure::{Class, Failure};
use std::path::Path;

/// Where the results and the statistics of a run go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFiles {
    output: Option<OutputFile>,
    stats: Option<OutputFile>,
}

impl RunFiles {
    /// Makes sure that both can be written, and are two.
    ///
    /// # Errors
    /// Says which one cannot, or that one would overwrite the other.
    pub fn probe(output: Option<&Path>, stats: Option<&Path>) -> Result<Self, Failure> {
        let files = Self {
            output: output.map(OutputFile::private).transpose()?,
            stats: stats.map(OutputFile::probe).transpose()?,
        };
        match (&files.output, &files.stats) {
            (Some(output), Some(stats)) if output.is_same(stats) => Err(Failure::new(
                Class::Usage,
                format!("the results and the statistics would both go to {}", stats.named().display()),
            )
            .help("give --output and --stats a file each")),
            _ => Ok(files),
        }
    }

    /// Writes what was asked for, as JSON. Returns what to print, and which files could not be written: the results that were to go to such a file
    /// are then printed whole, after the `text` that shows them shortened.
    #[must_use]
    pub fn deliver(
        &self,
        mut text: String,
        results: impl FnOnce() -> String,
        stats: impl FnOnce() -> String,
    ) -> (String, Vec<Failure>) {
        let mut failures = Vec::new();
        if let Some(file) = &self.output {
            let results = results();
            if let Err(failure) = file.write(&results) {
                text.push_str(&results);
                failures.push(failure.help("nothing is lost: the results are printed, at the end as JSON"));
            }
        }
        if let Some(file) = &self.stats {
            failures.extend(file.write(stats()).err());
        }
        (text, failures)
    }
}
