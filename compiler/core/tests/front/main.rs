//! The front end: programs of the project compile to modules that verify, and mistakes are told as they should be.

use smpcc_core::{Compiled, Request, compile};
use std::collections::BTreeMap;

fn compile_with(text: &str, defines: &[(&str, &str)]) -> Compiled {
    let defines: BTreeMap<String, String> = defines.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    compile(&Request { path: "main.smpc", text, defines, loader: &|_| None, deny: Vec::new() })
}

#[test]
fn programs_compile_and_verify() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/");
    for name in ["millionaires", "inner_product", "auction", "salary_benchmark", "clinical_pool"] {
        let text = std::fs::read_to_string(format!("{root}{name}/main.smpc")).expect("a program");
        let start = std::time::Instant::now();
        let compiled = compile_with(&text, &[]);
        eprintln!("{name}: {:?}\n{}", start.elapsed(), compiled.render());
        let module = compiled.module.unwrap_or_else(|| panic!("{name} does not compile"));
        if let Err(error) = smpc_bytecode::verify::verify(module, &smpc_bytecode::verify::Limits::default()) {
            panic!("{name}: {error}");
        }
    }
}
