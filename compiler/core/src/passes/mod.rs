//! The passes: functions from program to program, in a list that can be printed, skipped, timed and checked between.
//!
//! Each pass keeps a program that verifies one that verifies, and its meaning apart from what its header says. Nothing depends on hash
//! order, time or place. [`checks`] comes before all of them: what it makes of a loop is what the language means. [`facts`] and [`ranges`] are what they know of operations; [`schedule`] and [`in_place`] belong to emission.

mod affine;
pub mod chains;
pub mod checks;
mod copies;
pub mod counted;
pub mod cse;
pub mod dead;
pub mod dot;
pub mod early;
pub mod factors;
pub mod facts;
pub mod fold;
mod forward;
pub mod fuse;
pub mod in_place;
pub mod increments;
pub mod indices;
pub mod licm;
pub mod narrow;
pub mod netlists;
pub mod pack;
pub mod pieces;
pub mod ranges;
pub mod relations;
pub mod rounding;
pub mod running;
pub mod schedule;
pub mod strength;
pub mod terms;
pub mod vectorise;
pub mod views;
pub mod written;

use crate::ir::Program;

/// A step of the pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name, for skipping and timing.
    pub name: &'static str,
    /// What it does, in a line.
    pub what: &'static str,
    /// The pass itself.
    pub run: fn(Program) -> Program,
}

/// The passes in the order in which they run.
pub const PIPELINE: &[Pass] = &[
    Pass { name: "fold", what: "known values, decided control", run: fold::run },
    Pass { name: "strength", what: "cheaper gates, decided comparisons", run: strength::run },
    Pass { name: "fold-2", what: "again, for decided comparisons", run: fold::run },
    Pass { name: "factors", what: "public factors come last", run: factors::run },
    Pass { name: "views", what: "copies of lanes become views", run: views::run },
    Pass { name: "indices", what: "known parts of indices become offsets", run: indices::run },
    Pass { name: "cse", what: "nothing is computed twice", run: cse::run },
    Pass { name: "written", what: "what was just written is read as it was", run: written::run },
    Pass { name: "counted", what: "while loops that count become counted ones", run: counted::run },
    Pass { name: "pieces", what: "loops are cut where public conditions change", run: pieces::run },
    Pass { name: "counters", what: "ranges of public numbers follow their operands", run: narrow::public },
    Pass { name: "written-2", what: "again, for loops that are counted now", run: written::run },
    Pass { name: "increments", what: "what is read and written back with more is added to", run: increments::run },
    Pass { name: "terms", what: "sums of a few values in loops are written out", run: terms::run },
    Pass { name: "chains", what: "chains of minima become trees", run: chains::run },
    Pass { name: "relations", what: "what keeps its order decides conditions", run: relations::run },
    Pass { name: "vectorise", what: "independent turns become lanes", run: vectorise::run },
    Pass { name: "chains-2", what: "again, for what diagonals have ready at once", run: chains::run },
    Pass { name: "narrow", what: "ranges of results follow their operands", run: narrow::run },
    Pass { name: "strength-2", what: "again, for what the loops gave", run: strength::run },
    Pass { name: "views-2", what: "again, for what the loops gave", run: views::run },
    Pass { name: "running", what: "first terms apart join running sums", run: running::run },
    Pass { name: "rounding", what: "one rounding for a sum of products", run: rounding::run },
    Pass { name: "dead", what: "drops what no effect depends on", run: dead::run },
    Pass { name: "dot", what: "sums of products become dot products", run: dot::run },
    Pass { name: "licm", what: "what is the same in every turn runs once", run: licm::run },
    Pass { name: "cse-2", what: "again, for what has moved", run: cse::run },
    Pass { name: "netlists", what: "gates on words become circuits", run: netlists::run },
    Pass { name: "pack", what: "a few lanes here and there become one operation", run: pack::run },
    Pass { name: "fuse", what: "local gates write into arrays", run: fuse::run },
    Pass { name: "dead-2", what: "drops what is left over", run: dead::run },
];

/// Runs the pipeline without the passes that `skip` names; `between` sees the program after each pass.
#[must_use]
pub fn run(
    mut program: Program,
    skip: impl Fn(&Pass) -> bool,
    mut between: impl FnMut(&'static Pass, &Program),
) -> Program {
    for pass in PIPELINE.iter().filter(|pass| !skip(pass)) {
        program = (pass.run)(program);
        between(pass, &program);
    }
    program
}

/// Runs the whole pipeline.
#[must_use]
pub fn optimise(program: Program) -> Program {
    run(program, |_| false, |_, _| {})
}
