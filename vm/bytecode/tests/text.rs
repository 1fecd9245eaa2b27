//! The text form and the encoding of random modules: what is written reads back exactly, and what is damaged is refused without a panic.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod random;

use proptest::prelude::*;
use random::{any_module, verified_module};
use smpc_bytecode::text::{parse, print};
use smpc_bytecode::verify::{Limits, verify};
use smpc_bytecode::{codec, module::Module};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_module_comes_back_from_text_and_bytes(module in any_module()) {
        let text = print(&module);
        let read = parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&module), "{}", text);
        prop_assert_eq!(codec::decode(&codec::encode(&module)), Ok(module));
    }

    #[test]
    fn verified_modules_come_back_and_verify(module in verified_module()) {
        let text = print(&module);
        prop_assert_eq!(parse(&text), Ok(module.clone()), "{}", text);
        prop_assert_eq!(codec::decode(&codec::encode(&module)), Ok(module.clone()));
        let verified = verify(module, &Limits { memory: 1 << 20 });
        prop_assert!(verified.is_ok(), "{:?}\n{}", verified, text);
    }

    /// What is printed holds no character that a terminal would act on.
    #[test]
    fn text_is_plain(module in any_module()) {
        let acts = |c: char| c != '\n' && (c.is_control() || ['\u{202a}', '\u{202e}', '\u{2066}', '\u{200f}'].contains(&c));
        prop_assert_eq!(print(&module).chars().find(|c| acts(*c)), None);
    }

    #[test]
    fn damaged_text_is_refused_or_read(module in verified_module(), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let mut text: Vec<char> = print(&module).chars().collect();
        let at = at.index(text.len());
        text[at] = with;
        let _ = parse(&text.iter().collect::<String>());
        text.remove(at);
        let _ = parse(&text.iter().collect::<String>());
        text.truncate(at);
        let _ = parse(&text.iter().collect::<String>());
    }
}

const SMALL: &str = r#"program "main.smpc"
param "ROWS" = 3
role 0 "Acme"
role 1 "Employer[0]"
input 0 "pay" from 0 secret: [3] struct "Row" {"salary": fix.8(0..=25600), "active": bool}  // Acme gives salary 0..=100 x 3, active bool x 3
input 1 "cap" member 2 from 1 public: int(0..=9)        // Employer[0] gives 0..=9
output 0 "total" to all: fix.8(0..=76800)               // everyone learns 0..=300
output 1 "mine" to 0 1: bool                            // Acme, Employer[0] learn bool
slot 0: arith.8(full)[3]                                // -36028797018963970..=36028797018963970
slot 1: pub.int(0..=2)[1]
slot 2: bin.1[3]
const 0: [1, 2, 3, 4, 5, 6, 7, 8,
  9]
const 1: 0 step 2
netlist 0: in 1 1 {                                     // 3 gates, 1 ANDs, depth 1
  2 = xor 0 1; 3 = and 0 2; 4 = not 3;
} out 4
message 0 "too \"large\""
file 0 "main.smpc"
site 0: 0:9:5 "    let total = sum(pay)"
function 0 "f" {
  level
    s0[4 + s1*-2; -1 x 2, 0 x 3] = mul(s0[1], s0[0..2]) @0  // main.smpc:9  let total = sum(pay)
}
main {
  level
    s0 = input{input=0, leaf=0}() @0                    // main.smpc:9  let total = sum(pay)
    call f0 @0                                          // main.smpc:9  let total = sum(pay)  calls f
  level
    loop s1 from 0 to s1 @0 {                           // main.smpc:9  let total = sum(pay)
      level
        while @0 {                                      // main.smpc:9  let total = sum(pay)
        } s2 {
        }
        if s2 @0 {                                      // main.smpc:9  let total = sum(pay)
          level
        } else {
          level
            check{message=0}(s2) @1
        }
    }
}
"#;

#[test]
fn a_whole_text() {
    let module = parse(SMALL).unwrap();
    assert_eq!(print(&module), SMALL);
    let without: String = SMALL.lines().map(|line| line.split("  //").next().unwrap().to_owned() + "\n").collect();
    assert_eq!(parse(&without), Ok(module), "comments say nothing that the rest does not");
}

#[test]
fn an_empty_module() {
    assert_eq!(parse(&print(&Module::default())), Ok(Module::default()));
}

#[test]
fn mistakes_name_their_line() {
    let nested = "[1] ".repeat(100_000) + "bool";
    let blocks = "main { level ".to_owned() + &"if s0 @0 { level ".repeat(100_000);
    for (text, line, what) in [
        ("", 1, "the end where `program` should be"),
        ("program \"a\"\nrole 1 \"A\"", 2, "row 1 where 0 should be"),
        ("program \"a\"\n\nslot 0: fish(1..=2)[3]", 3, "`fish` is no type of register"),
        ("program \"a\"\nslot 0: bin.1[-3]", 2, "-3 is out of range"),
        ("program \"a\" main { level\nfoo() @0 }", 2, "`foo` is no operation"),
        ("program \"a\" main { level\ndot{size=2}() @0 }", 2, "`size` where `len` should be"),
        ("program \"a\" main { level\nopen{steers=2}() @0 }", 2, "an immediate of `open` is out of range"),
        ("program \"a\" main { level\nadd(s0, s0) @0 }", 2, "register 0 has no row"),
        ("program \"a\" main {\nadd() @0 }", 2, "an entry outside a level"),
        ("program \"a\nb\"", 1, "a string that does not end on its line"),
        ("program \"a\" netlist 0: in 1 {\n1 = and 0 1; } out 1", 2, "gate 0 reads wire 1"),
        ("program \"a\" main { }\nmain", 2, "`main` where the end should be"),
        ("program \"a\" main { level\nadd(s0[4..3]) @0 }", 2, "ends before it starts"),
        ("program \"a\" param \"n\" =\n9999999999999999999999999999999999999999999", 2, "is no number"),
        ("program \"a\" role 0 \"\\u{110000}\"", 1, "an escape of no character"),
        (&format!("program \"a\" role 0 \"r\"\ninput 0 \"x\" from 0 secret: {nested}"), 2, "nest too deep"),
        (&format!("program \"a\"\n{blocks}"), 2, "nest too deep"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.what.contains(what), "{error} lacks `{what}`");
    }
}
