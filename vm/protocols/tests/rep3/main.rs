//! What one party of `rep3` sees, what it sends, and what that costs: the tests that count.
//!
//! * [`samples`]: by statistics, what a party receives in gates that are composed of many steps.
//! * [`blocks`]: no randomness is used twice, and both holders of a key use the same.
//! * [`shuffles`]: the view of a shuffle, enumerated, and how its orders are distributed.
//! * [`frames`]: what a hostile peer sends ends the run with an error and nothing else.
//! * [`costs`]: rounds and bits of each gate.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod blocks;
mod costs;
mod frames;
mod parties;
mod samples;
mod shuffles;
