//! From text to syntax tree.

pub mod ast;
mod build;
mod parse;
pub mod token;

pub use parse::parse;

lalrpop_util::lalrpop_mod!(
    #[allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        clippy::unwrap_used,
        unused,
        reason = "generated code"
    )]
    grammar,
    "/syntax/grammar.rs"
);
