//! The middle and back end on random programs and on the texts in this folder: text round trips, passes keep meaning, modules do what
//! the programs say.

mod fractions;
mod language;
mod loops;
mod machine;
mod random;
mod rounding;
mod scales;
mod secrecy;
#[path = "../common/seeded.rs"]
mod seeded;
mod sources;
mod turns;
mod values;
mod wrapping;

use machine::Machine;
use smpcc_core::emit::emit;
use smpcc_core::ir::{Inst, Program, interp, parse, verify};
use smpcc_core::passes::schedule::{self, Plan};
use smpcc_core::passes::{self, PIPELINE, in_place};
use std::path::Path;
use std::{env, fs};

/// Turns and instructions enough for every program here.
const STEPS: u64 = 1 << 20;

#[test]
fn random_programs_verify_and_round_trip() {
    for seed in 0..200 {
        let program = random::program(seed, 25, true);
        verify::verify(&program).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{program}"));
        let text = program.to_string();
        let again = parse::parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        assert_eq!(text, again.to_string(), "seed {seed}");
    }
}

#[test]
fn types_of_data_round_trip() {
    let text = r#"program "main.smpc"
role "Acme"
input "staff" from 0 secret: [..=9] struct "Row" { "pay" column "Pay, gross" scale 100: maybe int(0..=9), "born" date: int(-9..=9), "id" key: bits.64 }
input "arm" from 0 public: [2, 3] enum "Arm" { "Control", "Treatment" }
output "all" to all: (bool, fix.16(0..=9), maybe bits.256)
"#;
    let program = parse::parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(program.to_string(), text);
}

#[test]
fn passes_keep_the_meaning_of_random_programs() {
    for seed in 0..400 {
        let mut program = random::program(seed, 30, false);
        let inputs = random::inputs(seed);
        let expected = interp::run(&program, &inputs, STEPS);
        for pass in PIPELINE {
            let before = program.clone();
            program = (pass.run)(program);
            if let Err(error) = verify::verify(&program) {
                panic!("seed {seed}, {}: {error}\nbefore:\n{before}\nafter:\n{program}", pass.name);
            }
            let found = interp::run(&program, &inputs, STEPS);
            assert_eq!(expected, found, "seed {seed}, {}\nbefore:\n{before}\nafter:\n{program}", pass.name);
        }
    }
}

/// Circuits are made of the gates on words, and the program with them does the same in no more rounds.
#[test]
fn circuits_keep_the_meaning_and_the_rounds_of_random_programs() {
    let mut made = 0;
    for seed in seeded::seeds(400) {
        let program = random::program_on_words(seed, 60);
        let inputs = random::inputs(seed);
        let expected = interp::run(&program, &inputs, STEPS);
        let after = passes::netlists::run(program.clone());
        let told = || format!("seed {seed}\nbefore:\n{program}\nafter:\n{after}");
        verify::verify(&after).unwrap_or_else(|error| panic!("{error}, {}", told()));
        assert_eq!(expected, interp::run(&after, &inputs, STEPS), "{}", told());
        assert!(schedule::schedule(&after).rounds <= schedule::schedule(&program).rounds, "{}", told());
        made += after.netlists.len();
        if expected.fault.is_none() {
            let module = emit(passes::optimise(program.clone()));
            let mut machine = Machine::new(&module, &inputs, seed);
            assert_eq!(machine.run(), Ok(()), "{}", told());
            assert_eq!(machine.outputs, expected.outputs, "{}", told());
        }
    }
    assert!(made > 400, "only {made} circuits");
}

#[test]
fn in_place_keeps_the_meaning_and_leaves_no_live_array() {
    for seed in 0..200 {
        let program = random::program(seed, 30, true);
        let inputs = random::inputs(seed);
        let expected = interp::run(&program, &inputs, STEPS);
        let after = in_place::run(program);
        verify::verify(&after).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{after}"));
        assert_eq!(expected, interp::run(&after, &inputs, STEPS), "seed {seed}\n{after}");
        assert_eq!(in_place::check(&after), Vec::new(), "seed {seed}\n{after}");
    }
}

#[test]
fn modules_do_what_random_programs_say() {
    for seed in 0..400 {
        let mut program = random::program(seed, 30, true);
        if seed % 2 == 0 {
            program = passes::optimise(program);
        }
        let inputs = random::inputs(seed);
        let expected = interp::run(&program, &inputs, STEPS);
        let module = emit(program.clone());
        assert_eq!(module, emit(program.clone()), "seed {seed}: emission is deterministic");
        let mut machine = Machine::new(&module, &inputs, seed);
        let done = machine.run();
        let told = || format!("seed {seed}\n{program}\n{module:#?}");
        match expected.fault {
            None => {
                assert_eq!(done, Ok(()), "{}", told());
                assert_eq!(machine.outputs, expected.outputs, "{}", told());
            }
            Some(fault) => {
                assert!(done.is_err(), "{fault} did not happen: {}", told());
                // What follows the fault in the source is not sent.
                for (output, lanes) in &machine.outputs {
                    assert_eq!(expected.outputs.get(output), Some(lanes), "{}", told());
                }
            }
        }
    }
}

/// Runs each text in `passes/` through the pass that its first line names, and compares with what stands behind `---`. With
/// `BLESS=1` in the environment the texts are rewritten instead.
#[test]
fn passes_do_to_texts_what_stands_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ir/passes");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let told = file.display();
        let text = fs::read_to_string(file).unwrap();
        let (source, expected) = text.split_once("---\n").unwrap_or_else(|| panic!("{told}: no `---`"));
        let program = parse::parse(source).unwrap_or_else(|error| panic!("{told}: {error}"));
        verify::verify(&program).unwrap_or_else(|error| panic!("{told}: {error}"));
        let head = source.lines().next().unwrap_or_default().trim_start_matches("// ");
        let after = match head.strip_prefix("pass ").and_then(|rest| rest.split(':').next()) {
            Some("in_place") => body(&in_place::run(program)),
            Some(name) => {
                let pass =
                    PIPELINE.iter().find(|pass| pass.name == name).unwrap_or_else(|| panic!("{told}: no pass {name}"));
                let after = (pass.run)(program);
                verify::verify(&after).unwrap_or_else(|error| panic!("{told}: {error}\n{after}"));
                body(&after)
            }
            None => {
                let budget = head.strip_prefix("within ").and_then(|rest| rest.split(' ').next()?.parse().ok());
                let plan =
                    budget.map_or_else(|| schedule::schedule(&program), |b| schedule::schedule_within(&program, b));
                levels(&program.body, &plan, 0)
            }
        };
        if env::var_os("BLESS").is_some() {
            fs::write(file, format!("{source}---\n{after}")).unwrap();
        } else {
            assert_eq!(expected, after, "{told}");
        }
    }
}

/// The text of a program without its header.
fn body(program: &Program) -> String {
    let text = program.to_string();
    let header = ["program", "role", "param", "input", "output \"", "message", "file", "site"];
    let lines = text.lines().skip_while(|line| header.iter().any(|word| line.starts_with(word)));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The levels of a plan, an instruction by what it defines or does.
fn levels(block: &[Inst], plan: &Plan, depth: usize) -> String {
    let mut out = String::new();
    for (at, level) in plan.levels.iter().enumerate() {
        let names: Vec<String> = level.iter().map(|step| name(&block[step.inst])).collect();
        out.push_str(&format!("{}{at}: {}\n", "    ".repeat(depth), names.join(" ")));
        for step in level {
            for (block, plan) in block[step.inst].blocks().into_iter().zip(&step.blocks) {
                out.push_str(&levels(block, plan, depth + 1));
            }
        }
    }
    out
}

fn name(inst: &Inst) -> String {
    let mut results = Vec::new();
    inst.each_result(&mut |value| results.push(format!("%{}", value.0)));
    let word = match inst {
        Inst::Gate(gate) => gate.op.mnemonic(),
        Inst::Update(_) => "update",
        Inst::Concat(_) => "concat",
        Inst::Loop(_) => "loop",
        Inst::While(_) => "while",
        Inst::If(_) => "if",
    };
    format!("{}={word}", results.join(","))
}
