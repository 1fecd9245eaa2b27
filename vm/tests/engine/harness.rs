//! Runs a module in the clear, among three and four threads, and counting only, and holds all of these against each other.

use smpc_bytecode::module::Module;
use smpc_bytecode::verify::Verified;
use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::conformance::threads::{mal_rep3_party, mal_shamir_party, rep3_party, rep4_party};
use smpc_protocols::mal_rep3::MalRep3;
use smpc_protocols::mal_shamir;
use smpc_protocols::plain::Plain;
use smpc_protocols::rep3::Rep3;
use smpc_protocols::rep4::{PARTIES, Rep4};
use smpc_protocols::{Executor, Protocol, Stats, Wire};
use smpcvm::engine::{Engine, Inputs, Plan, Results, RunError, Stop};
use smpcvm::program::Program;

/// Role i at node i mod n, and a step limit.
pub(crate) fn plan(module: &Module, parties: usize, steps: u64) -> Plan {
    Plan { nodes: (0..module.manifest.roles.len()).map(|role| role % parties).collect(), steps }
}

/// Inputs of one leaf each, as every party would hold those of all; a party uses only its own.
pub(crate) fn inputs(values: &[&[i64]]) -> Inputs {
    values.iter().map(|leaf| Some(vec![leaf.to_vec()])).collect()
}

/// What a run gives, or how the program stopped.
pub(crate) type Ended = Result<Results, Stop>;

fn ended(result: Result<Results, RunError>) -> Ended {
    match result {
        Ok(results) => Ok(results),
        Err(RunError::Stop(stop)) => Err(stop),
        Err(RunError::Protocol(error)) => panic!("{error}"),
    }
}

/// As it comes from a file.
pub(crate) fn program(module: &Verified<Module>) -> Program {
    Program::new(module.clone(), [0; 32])
}

/// In the clear.
pub(crate) fn plain(module: &Verified<Module>, values: &[&[i64]], steps: u64) -> Ended {
    let (plan, program) = (plan(module, 1, steps), program(module));
    let wire = memory_wires(1).pop().expect("one");
    let executor = Executor::new(0, 1, 0, 0, Box::new(wire));
    ended(Engine::new(&program, &Plain, &executor, &plan, inputs(values), &|| ()).run())
}

/// Three threads; each party's results and counters.
pub(crate) fn rep3(module: &Verified<Module>, values: &[&[i64]], steps: u64) -> Vec<(Ended, Stats)> {
    rep3_over(memory_wires(3), module, values, steps)
}

/// As [`rep3`], over these wires.
pub(crate) fn rep3_over<W: Wire + Send + 'static>(
    wires: Vec<W>,
    module: &Verified<Module>,
    values: &[&[i64]],
    steps: u64,
) -> Vec<(Ended, Stats)> {
    among(wires, |me| rep3_party(me, 7), module, values, steps)
}

/// Four threads, none of which cheats.
pub(crate) fn rep4(module: &Verified<Module>, values: &[&[i64]], steps: u64) -> Vec<(Ended, Stats)> {
    among(memory_wires(PARTIES), |me| rep4_party(me, 7), module, values, steps)
}

/// Three threads that verify each other, none of which cheats.
pub(crate) fn mal_rep3(module: &Verified<Module>, values: &[&[i64]], steps: u64) -> Vec<(Ended, Stats)> {
    among(memory_wires(3), |me| mal_rep3_party(me, 7), module, values, steps)
}

/// Three threads that verify each other's shares of polynomials, none of which cheats.
pub(crate) fn mal_shamir(module: &Verified<Module>, values: &[&[i64]], steps: u64) -> Vec<(Ended, Stats)> {
    among(memory_wires(3), |me| mal_shamir_party(me, 1, 7), module, values, steps)
}

fn among<P: Protocol, W: Wire + Send + 'static>(
    wires: Vec<W>,
    party: impl Fn(usize) -> P + Sync,
    module: &Verified<Module>,
    values: &[&[i64]],
    steps: u64,
) -> Vec<(Ended, Stats)> {
    let parties = wires.len();
    let (plan, program, party) = (&plan(module, parties, steps), &program(module), &party);
    std::thread::scope(|scope| {
        let parties = wires.into_iter().enumerate().map(|(me, wire)| {
            scope.spawn(move || {
                let protocol = party(me);
                let executor = Executor::new(me, parties, 1, 0, Box::new(wire));
                let result = Engine::new(program, &protocol, &executor, plan, inputs(values), &|| ()).run();
                (ended(result), executor.stats())
            })
        });
        let parties: Vec<_> = parties.collect();
        parties.into_iter().map(|party| party.join().expect("a party panicked")).collect()
    })
}

/// What each party of `rep3` would send and receive.
pub(crate) fn counted(module: &Verified<Module>, steps: u64) -> Vec<Stats> {
    counted_among(3, Rep3::dry, module, steps)
}

fn counted_among<P: Protocol>(
    parties: usize,
    party: impl Fn(usize) -> P,
    module: &Verified<Module>,
    steps: u64,
) -> Vec<Stats> {
    let (plan, program) = (plan(module, parties, steps), program(module));
    let count = |me| {
        let executor = Executor::dry(me, parties);
        let protocol = party(me);
        let _ = ended(Engine::new(&program, &protocol, &executor, &plan, Vec::new(), &|| ()).run()).expect("a count");
        executor.stats()
    };
    (0..parties).map(count).collect()
}

/// The lanes of an output of one leaf.
pub(crate) fn lanes(results: &Results, output: usize) -> Option<&[i64]> {
    results[output].as_ref().map(|leaves| &leaves[0][..])
}

/// Runs all ways: results are the same in the clear and at every party that may have them, counters the same live and dry. Returns
/// the outputs.
pub(crate) fn agree(module: &Verified<Module>, values: &[&[i64]]) -> Vec<Vec<i64>> {
    let clear = plain(module, values, u64::MAX).expect("a run in the clear");
    let dry = [
        counted(module, u64::MAX),
        counted_among(3, MalRep3::dry, module, u64::MAX),
        counted_among(PARTIES, Rep4::dry, module, u64::MAX),
        counted_among(3, |me| mal_shamir::dry(me, 1), module, u64::MAX),
    ];
    let live = [rep3, mal_rep3, rep4, mal_shamir].map(|protocol| protocol(module, values, u64::MAX));
    for (live, dry) in live.into_iter().zip(dry) {
        let parties = live.len();
        for (party, (result, stats)) in live.into_iter().enumerate() {
            let result = result.expect("a run of parties");
            for (output, own) in result.iter().enumerate() {
                if let Some(own) = own {
                    assert_eq!(Some(own), clear[output].as_ref(), "output {output} at party {party} of {parties}");
                }
            }
            assert_eq!(stats, dry[party], "counters of party {party} of {parties}");
        }
    }
    clear.into_iter().map(|leaves| leaves.expect("one party gets all").remove(0)).collect()
}
