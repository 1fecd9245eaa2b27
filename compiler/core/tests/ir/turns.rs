//! Random programs that are full of loops: turns that meet and turns that do not, sums, extremes with companions, running values, public and secret
//! choices, nests and functions. Whatever a pass makes of the loops, the outputs stay, and rounds become no multiple.

mod writer;

use crate::seeded::{self, Seeded};
use smpcc_core::compile::{Request, to_ir};
use smpcc_core::ir::{Inst, Program, interp, verify};
use smpcc_core::passes::{PIPELINE, in_place, schedule};
use writer::program;

/// Steps after which a run counts as endless.
const STEPS: u64 = 1_000_000;

/// Elements of each array.
const LEN: u64 = 24;

fn inputs(seed: u64) -> impl Fn(u32, u32) -> Vec<i64> {
    move |input, _| {
        let (lanes, lo, hi) =
            [(LEN, -9, 9), (LEN, 0, 9), (LEN, 0, 3), (36, 0, 60), (1, -5, 5), (LEN, 0, 255)][input as usize];
        let mut numbers = Seeded::new(seed.wrapping_mul(31).wrapping_add(u64::from(input) + 1));
        (0..lanes).map(|_| lo + numbers.below(hi - lo + 1)).collect()
    }
}

/// How many loops there are.
fn loops(program: &Program) -> usize {
    let mut stack: Vec<&Inst> = program.body.iter().collect();
    let mut found = 0;
    while let Some(inst) = stack.pop() {
        found += usize::from(matches!(inst, Inst::Loop(_)));
        stack.extend(inst.blocks().into_iter().flatten());
    }
    found
}

#[test]
fn passes_keep_the_meaning_of_programs_with_loops() {
    let (mut compiled, mut before, mut after) = (0_usize, 0, 0);
    let seeds = seeded::seeds(600);
    for seed in &seeds {
        let source = program(*seed);
        let (sources, diagnostics, ir) = to_ir(&Request::new("main.smpc", &source));
        let Some(mut ir) = ir else {
            // Ranges that grow too far and indices outside are refused, and nothing else.
            let text = smpcc_core::diagnostics::render::text(&sources, &diagnostics);
            assert!(text.contains("error[E04"), "seed {seed}\n{text}\n{source}");
            continue;
        };
        compiled += 1;
        before += loops(&ir);
        let inputs = inputs(*seed);
        let expected = interp::run(&ir, &inputs, STEPS);
        // Of public numbers that is checked as the program runs; of secrets it would be a range that is none.
        let left = expected.fault.as_ref().is_some_and(|fault| fault.what.starts_with(interp::LEFT_ITS_RANGE));
        assert!(!left, "seed {seed}: {expected:?}\n{source}\n{ir}");
        // Splits of short loops, and trees of a few elements, may take some rounds more, and where several parts of a loop build on one another more than twice as
        // many have been seen; whatever multiplies them is a mistake.
        let mut reordered = false;
        let mut level = schedule::schedule(&in_place::run(ir.clone())).rounds;
        for pass in PIPELINE {
            let old = ir.to_string();
            ir = (pass.run)(ir);
            let told = || format!("seed {seed}, {}\n{source}\nbefore:\n{old}\nafter:\n{ir}", pass.name);
            verify::verify(&ir).unwrap_or_else(|error| panic!("{error}, {}", told()));
            let found = interp::run(&ir, &inputs, STEPS);
            // In the order of a schedule another fault may be the first, and earlier.
            reordered |= pass.name == "pack";
            let both = expected.fault.is_some() && found.fault.is_some();
            let told_before = found.outputs.iter().all(|(output, lanes)| expected.outputs.get(output) == Some(lanes));
            assert!(expected == found || reordered && both && told_before, "{expected:?}\n{found:?}\n{}", told());
            let now = schedule::schedule(&in_place::run(ir.clone())).rounds;
            assert!(now <= 5 * level / 2 + 64, "{now} rounds instead of {level}, {}", told());
            level = now;
        }
        after += loops(&ir);
    }
    eprintln!("{compiled} of {} programs, with {before} loops before and {after} after", seeds.len());
    assert!(
        seeds.len() == 1 || compiled * 2 > seeds.len() && after * 3 < before * 2,
        "{compiled} programs, {before} loops, {after} after"
    );
}
