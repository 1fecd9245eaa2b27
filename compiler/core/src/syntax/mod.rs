//! From text to syntax tree.

pub mod ast;
mod build;
pub mod token;

lalrpop_util::lalrpop_mod!(
    #[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, unused, reason = "generated code")]
    grammar,
    "/syntax/grammar.rs"
);
