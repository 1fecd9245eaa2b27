//! Turns the grammar into a parser.

fn main() {
    println!("cargo:rerun-if-changed=src/syntax/grammar.lalrpop");
    if let Err(error) = lalrpop::process_src() {
        println!("cargo:error={error}");
    }
}
