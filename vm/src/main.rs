//! Command line of the virtual machine.
fn main() {}
