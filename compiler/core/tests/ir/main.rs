//! The middle and back end on random programs and on the texts in this folder: text round trips, passes keep meaning, modules do what
//! the programs say.

mod machine;
mod random;

use machine::Machine;
use smpcc_core::emit::emit;
use smpcc_core::ir::{interp, parse, verify};
use smpcc_core::passes::{self, PIPELINE, in_place};

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
#[test]
fn stats() {
    let (mut ok, mut size, mut after, mut copies, mut outs) = (0, 0, 0, 0, 0);
    let mut faults = std::collections::BTreeMap::new();
    for seed in 0..400 {
        let program = random::program(seed, 30, true);
        size += program.size();
        let inputs = random::inputs(seed);
        let r = interp::run(&program, &inputs, STEPS);
        ok += u32::from(r.fault.is_none());
        outs += r.outputs.len();
        if let Some(f) = r.fault {
            *faults.entry(f.what.split(' ').take(2).collect::<String>()).or_insert(0) += 1;
        }
        let o = passes::optimise(program);
        after += o.size();
        copies += in_place::check(&o).len();
    }
    println!("ok {ok} size {size} after {after} copies {copies} outs {outs} {faults:?}");
    println!("{}", random::program(3, 12, true));
    println!("{}", passes::optimise(random::program(3, 12, true)));
}
#[test]
fn timing() {
    use std::time::Instant;
    for size in [20_000, 100_000] {
        let mut program = random::program(7, size, true);
        println!("values {} insts {}", program.values.len(), program.size());
        for pass in PIPELINE {
            let t = Instant::now();
            program = (pass.run)(program);
            println!("{:10} {:?} -> {}", pass.name, t.elapsed(), program.size());
        }
        let t = Instant::now();
        verify::verify(&program).unwrap();
        println!("verify {:?}", t.elapsed());
        let t = Instant::now();
        let p = in_place::run(program);
        println!("in_place {:?}", t.elapsed());
        let t = Instant::now();
        let plan = passes::schedule::schedule(&p);
        println!("schedule {:?} levels {} rounds {}", t.elapsed(), plan.levels.len(), plan.rounds);
        let t = Instant::now();
        let m = emit(p);
        println!("emit {:?} slots {}", t.elapsed(), m.slots.len());
    }
}
