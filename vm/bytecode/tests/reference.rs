//! `docs/bytecode.md` is what the code says. `BLESS=1` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use smpc_bytecode::op::OPS;
use smpc_bytecode::reference::{EXAMPLE, reference};
use smpc_bytecode::text::{parse, print};
use smpc_bytecode::verify::{Limits, verify};

#[test]
fn the_page_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bytecode.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, reference()).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == reference(), "docs/bytecode.md is stale: BLESS=1 cargo test -p smpc-bytecode --test reference");
}

#[test]
fn every_operation_is_on_it() {
    for info in OPS {
        let row = format!("| {:#04x} | `{}", info.code, info.mnemonic);
        assert_eq!(reference().matches(&row).count(), 1, "{row}");
    }
    assert!(["{operations}", "{example}", "{version}", "### Others"].iter().all(|left| !reference().contains(left)));
}

#[test]
fn the_example_is_a_module_that_runs() {
    let module = parse(EXAMPLE).unwrap();
    assert_eq!(print(&module), EXAMPLE);
    verify(module, &Limits::default()).unwrap();
}
