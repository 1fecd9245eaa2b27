//! The common gates, one idea a file, written once over the [`crate::Protocol`] trait.

pub mod merge;
