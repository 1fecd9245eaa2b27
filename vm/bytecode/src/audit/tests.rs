//! The analysis on small modules: what things depend on, how many rows, and what coalitions make of sums, held against trying all inputs.

use super::*;
use crate::module::{Constant, Entry, Gate, Input, Level, Manifest, Output, Site, Slot, SourceTable, View};
use crate::op::{ConstId, FileId, InputId, Op, OutputId, SlotId};
use crate::text;
use crate::types::RegType;
use crate::verify::{Limits, verify};
use std::collections::BTreeMap;

fn audited(module: Module) -> Audit {
    audit(&verify(module, &Limits::default()).expect("a sound module")).expect("small enough")
}

/// A module of two roles, each with a column of four numbers in 0..=9 in the registers 0 and 1; the code and its registers from 2 on follow.
fn of(outputs: &str, slots: &str, code: &str) -> Audit {
    let text = format!(
        "program \"main.smpc\"
role 0 \"A\"
role 1 \"B\"
input 0 \"xs\" from 0 secret: [4] int(0..=9)
input 1 \"ys\" from 1 secret: [4] int(0..=9)
{outputs}
slot 0: arith(0..=9)[4]
slot 1: arith(0..=9)[4]
slot 2: arith(full)[4]
slot 3: arith(full)[4]
{slots}
const 0: [2]
const 1: [0]
const 2: [3]
file 0 \"main.smpc\"
site 0: 0:1:1 \"text\"
message 0 \"no\"
main {{
  level
    s2 = input{{input=0, leaf=0}}() @0
    s3 = input{{input=1, leaf=0}}() @0
  level
    s0 = prove_range(s2) @0
    s1 = prove_range(s3) @0
{code}
}}
"
    );
    audited(text::parse(&text).unwrap_or_else(|error| panic!("{error:?}\n{text}")))
}

/// The one dependence on an input of a disclosure.
fn on<'a>(audit: &'a Audit, disclosure: usize, input: &str) -> Option<&'a Dependence> {
    audit.disclosures[disclosure].values[0].uses.iter().find(|one| one.input == input)
}

#[test]
fn rows_are_counted_lane_by_lane() {
    let audit = of(
        "output 0 \"some\" to all: [2] int(0..=18)\noutput 1 \"rows\" to 1: [4] int(0..=9)",
        "slot 4: arith(0..=18)[2]",
        "  level
    s4 = sum{len=2}(s0) @0
  level
    output{output=0, leaf=0}(s4) @0
    output{output=1, leaf=0}(s0) @0",
    );
    let some = on(&audit, 0, "xs").expect("a dependence");
    assert_eq!((some.rows, some.at_most, some.row_by_row), ((2, 2), false, false));
    assert!(some.how.is_linear() && some.how.has(Means::SUM));
    assert_eq!(on(&audit, 0, "ys"), None);
    let rows = on(&audit, 1, "xs").expect("a dependence");
    assert_eq!((rows.rows, rows.row_by_row, rows.how), ((1, 1), true, Means::NONE));
    assert_eq!(audit.disclosures[1].values[0].shape, Shape::Copies);
    // B alone gets each row of A.
    let to_b: Vec<&Recovery> = audit.recoveries.iter().filter(|one| one.severity() == Severity::Serious).collect();
    assert_eq!(to_b.len(), 2, "{:?}", audit.recoveries);
    assert!(to_b.iter().all(|one| one.coalition == Coalition::Roles(vec![RoleId(1)]) && one.parts[0].each));
}

/// A figure that one role's data alone give is one unknown to a coalition, and no input as it is.
#[test]
fn a_figure_is_not_an_input() {
    let audit = of(
        "output 0 \"product\" to all: int(0..=81)",
        "slot 4: arith(0..=81)[1]",
        "  level
    s4[0] = mul(s0[0], s0[1]) @0
  level
    output{output=0, leaf=0}(s4[0]) @0",
    );
    assert_eq!(audit.disclosures[0].values[0].shape, Shape::Linear);
}

/// Values that different lanes of a register hold are kept apart, also where they are written one after the other.
#[test]
fn lanes_of_a_register_are_kept_apart() {
    let audit = of(
        "output 0 \"left\" to all: int(0..=9)\noutput 1 \"right\" to all: int(0..=9)",
        "slot 4: arith(0..=9)[4]",
        "  level
    s4 = copy(s0) @0
  level
    s4[1..3] = copy(s1[0..2]) @0
  level
    output{output=0, leaf=0}(s4[0]) @0
    output{output=1, leaf=0}(s4[2]) @0",
    );
    assert!(on(&audit, 0, "xs").is_some() && on(&audit, 0, "ys").is_none());
    assert!(on(&audit, 1, "ys").is_some() && on(&audit, 1, "xs").is_none());
    let single = &audit.recoveries.iter().find(|one| one.owner == RoleId(1)).expect("a recovery").parts[0];
    assert_eq!(single.columns[0].lanes, (1, 2));
}

/// A value that is decided by another one depends on it, whatever it is computed from.
#[test]
fn what_decides_is_a_dependence() {
    let branches = of(
        "output 0 \"count\" to all: int(0..=9)",
        "slot 4: bin.1[1]\nslot 5: pub.bool(0..=1)[1]\nslot 6: pub.int(0..=9)[1]\nslot 7: arith(0..=9)[1]",
        "  level
    s4 = lt(s0[0], s1[0]) @0
  level
    s5 = open{steers=1}(s4) @0
  level
    if s5 @0 {
      level
        s6 = const{constant=0}() @0
    } else {
      level
        s6 = const{constant=1}() @0
    }
  level
    s7 = copy(s6) @0
  level
    output{output=0, leaf=0}(s7) @0",
    );
    assert_eq!(branches.disclosures[0].kind, Told::Opened { steers: true });
    for input in ["xs", "ys"] {
        let one = on(&branches, 1, input).expect("a dependence");
        assert!(one.how.has(Means::DECIDES) && one.how.has(Means::OPENED) && one.how.has(Means::COMPARED), "{one:?}");
        assert_eq!(one.rows, (1, 1));
    }
    // How often a loop runs, and which element is meant.
    let loops = of(
        "output 0 \"count\" to all: int(0..=99)\noutput 1 \"element\" to all: int(0..=9)",
        "slot 4: pub.int(0..=9)[1]\nslot 5: pub.int(0..=9)[1]\nslot 6: pub.int(0..=99)[1]\nslot 7: pub.int(3..=3)[1]\nslot 8: arith(0..=99)[1]\nslot 9: arith(0..=9)[1]",
        "  level
    s4 = open{steers=1}(s0[2]) @0
  level
    s7 = const{constant=2}() @0
  level
    loop s5 from 0 to s4 @0 {
      level
        s6 = add(s6, s7) @0
    }
  level
    s8 = copy(s6) @0
    s9 = copy(s1[0 + s4*1]) @0
  level
    output{output=0, leaf=0}(s8) @0
    output{output=1, leaf=0}(s9) @0",
    );
    assert!(on(&loops, 1, "xs").is_some_and(|one| one.how.has(Means::DECIDES)), "{:?}", loops.disclosures[1]);
    assert!(on(&loops, 2, "xs").is_some_and(|one| one.how.has(Means::INDEX)));
    let chosen = on(&loops, 2, "ys").expect("a dependence");
    assert_eq!((chosen.rows, chosen.at_most), ((4, 4), true));
}

/// Loops of known turns are followed with the numbers that their counters have.
#[test]
fn loops_are_followed_turn_by_turn() {
    let audit = of(
        "output 0 \"last\" to all: int(0..=9)\noutput 1 \"total\" to 0: int(0..=36)",
        "slot 4: pub.int(0..=3)[1]\nslot 5: arith(0..=36)[1]\nslot 6: arith(0..=9)[4]\nslot 7: arith(0..=45)[1]\nslot 8: arith(0..=36)[1]",
        "  level
    loop s4 from 0 to 4 @0 {
      level
        s6[0 + s4*1] = copy(s1[3 + s4*-1]) @0
        s7 = add(s5, s0[0 + s4*1]) @0
      level
        s5 = relabel(s7) @0
    }
  level
    output{output=0, leaf=0}(s6[3]) @0
    output{output=1, leaf=0}(s5) @0",
    );
    let last = &audit.recoveries.iter().find(|one| one.owner == RoleId(1)).expect("a recovery").parts[0];
    assert_eq!(last.columns[0].lanes, (0, 1));
    assert_eq!(on(&audit, 1, "xs").map(|one| (one.rows, one.at_most)), Some(((4, 4), false)));
    assert_eq!(audit.disclosures[1].values[0].shape, Shape::Linear);
    assert!(audit.unclear.is_empty(), "{:?}", audit.unclear);
}

#[test]
fn checks_tell_one_bit_of_all_rows() {
    let audit = of(
        "",
        "slot 4: bin.1[4]",
        "  level
    s4 = lt(s0, s1) @0
  level
    check{message=0}(s4) @0",
    );
    assert_eq!(audit.disclosures[0].kind, Told::Check { message: "no".into() });
    assert_eq!(audit.disclosures[0].values[0].lanes, 1);
    assert_eq!(on(&audit, 0, "xs").map(|one| one.rows), Some((4, 4)));
    assert!(audit.recoveries.is_empty());
}

/// A column of a million rows is as cheap as one of four.
#[test]
fn long_columns_cost_nothing() {
    let lanes = 1_000_000;
    let module = sums(&[lanes, lanes], &[9, 9], &[Tell { to: Receivers::All, times: vec![vec![1], vec![1]], over: 1 }]);
    let started = std::time::Instant::now();
    let audit = audited(module);
    assert!(started.elapsed().as_millis() < 500, "{:?}", started.elapsed());
    assert_eq!(audit.recoveries.len(), 2, "{:?}", audit.recoveries);
    for one in &audit.recoveries {
        assert_eq!((one.severity(), one.parts[0].rows()), (Severity::Notable, 1_000_000));
    }
}

// Random linear programs against trying all inputs.

/// An output: so many times each lane of each input, divided by a number.
struct Tell {
    to: Receivers,
    /// By input and lane; a single number stands for all lanes.
    times: Vec<Vec<i64>>,
    over: i64,
}

/// A module of one input a role, and these outputs.
fn sums(lanes: &[u64], highest: &[i64], outputs: &[Tell]) -> Module {
    let mut module = Module::default();
    let int = |lo, hi| DataType::Int { lo, hi };
    let far = 1 << 40;
    module.manifest = Manifest {
        program: "main.smpc".into(),
        roles: (0..lanes.len()).map(|i| format!("R{i}")).collect(),
        ..Manifest::default()
    };
    module.sources = SourceTable {
        files: vec!["main.smpc".into()],
        sites: vec![Site { file: FileId(0), line: 1, column: 1, text: "text".into() }],
    };
    fn slot(module: &mut Module, ty: RegType, lanes: u64) -> SlotId {
        module.slots.push(Slot { ty, lanes });
        SlotId(u32::try_from(module.slots.len() - 1).expect("few"))
    }
    fn run(module: &mut Module, op: Op, dst: Option<View>, args: Vec<View>) {
        let gate = Gate { op, dst, args, site: SiteId(0) };
        module.main.push(Level { entries: vec![Entry::Gate(gate)] });
    }
    let mut columns = Vec::new();
    for (i, (n, hi)) in lanes.iter().zip(highest).enumerate() {
        let ty = DataType::Array { shape: vec![*n], element: Box::new(int(0, *hi)) };
        let id = u32::try_from(i).expect("few");
        module.manifest.inputs.push(Input { name: format!("x{i}"), member: None, role: RoleId(id), secret: true, ty });
        let raw = slot(&mut module, RegType::arith(i64::MIN, i64::MAX), *n);
        let own = slot(&mut module, RegType::arith(0, *hi), *n);
        run(&mut module, Op::Input { input: InputId(id), leaf: 0 }, Some(View::whole(raw, *n)), vec![]);
        run(&mut module, Op::ProveRange {}, Some(View::whole(own, *n)), vec![View::whole(raw, *n)]);
        columns.push(own);
    }
    for (i, output) in outputs.iter().enumerate() {
        let mut sum: Option<SlotId> = None;
        for ((column, n), times) in columns.iter().zip(lanes).zip(&output.times) {
            let id = ConstId(u32::try_from(module.constants.len()).expect("few"));
            module.constants.push(Constant::Words(times.clone()));
            // The range of the number that a lane is multiplied with is its own.
            let (lo, hi) = times.iter().fold((0, 0), |(lo, hi), x| (lo.min(*x), hi.max(*x)));
            let by = slot(&mut module, RegType::pub_int(lo, hi), *n);
            run(&mut module, Op::Const { constant: id }, Some(View::whole(by, *n)), vec![]);
            let part = slot(&mut module, RegType::arith(-(far * 4096), far * 4096), 1);
            let by = View::whole(by, *n);
            run(&mut module, Op::Dot { len: *n }, Some(View::lane(part, 0)), vec![View::whole(*column, *n), by]);
            sum = Some(match sum {
                None => part,
                Some(sum) => {
                    let both = slot(&mut module, RegType::arith(i64::MIN / 2, i64::MAX / 2), 1);
                    let range = module.slots[sum.index()].ty.range();
                    let (lo, hi) = (range.0 - far * 4096, range.1 + far * 4096);
                    module.slots[both.index()].ty = RegType::arith(lo, hi);
                    run(
                        &mut module,
                        Op::Add {},
                        Some(View::lane(both, 0)),
                        vec![View::lane(sum, 0), View::lane(part, 0)],
                    );
                    both
                }
            });
        }
        let mut told = sum.expect("an input");
        if output.over > 1 {
            let id = ConstId(u32::try_from(module.constants.len()).expect("few"));
            module.constants.push(Constant::Words(vec![output.over]));
            let by = slot(&mut module, RegType::pub_int(output.over, output.over), 1);
            run(&mut module, Op::Const { constant: id }, Some(View::lane(by, 0)), vec![]);
            let quotient = slot(&mut module, RegType::arith(i64::MIN, i64::MAX), 1);
            run(&mut module, Op::Div {}, Some(View::lane(quotient, 0)), vec![View::lane(told, 0), View::lane(by, 0)]);
            told = quotient;
        }
        let id = OutputId(u32::try_from(i).expect("few"));
        let ty = int(i64::MIN, i64::MAX);
        module.manifest.outputs.push(Output { name: format!("o{i}"), member: None, to: output.to.clone(), ty });
        run(&mut module, Op::Output { output: id, leaf: 0 }, None, vec![View::lane(told, 0)]);
    }
    module
}

fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

fn below(seed: &mut u64, n: u64) -> usize {
    usize::try_from(next(seed) % n).expect("small")
}

/// Whether a coalition of a claim is within another, and the claim so holds for that one too.
fn within(claim: &Coalition, coalition: &[RoleId], others: usize) -> bool {
    match claim {
        Coalition::Roles(roles) => roles.iter().all(|role| coalition.contains(role)),
        Coalition::Others(count) => coalition.len() == others && *count == others,
    }
}

/// For random linear programs, the lanes that a coalition can work out whatever the inputs are, found by trying all inputs, are those that the audit names; and
/// every sum that it names follows from what the coalition sees.
#[test]
fn recoveries_are_those_of_trying_all_inputs() {
    let mut named = 0_u32;
    let rounds = std::env::var("SMPC_FREE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(400_u64);
    for case in 0..rounds {
        let mut seed = case.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
        let roles = 2 + below(&mut seed, 3);
        let mut lanes: Vec<u64> = Vec::new();
        let mut left = 6 - roles as u64;
        for _ in 0..roles {
            let more = next(&mut seed) % 3.min(left + 1);
            lanes.push(1 + more);
            left -= more;
        }
        let highest: Vec<i64> = (0..roles).map(|_| 1 + i64::from(next(&mut seed).is_multiple_of(2))).collect();
        let choice = [0, 0, 1, 1, 1, 1, -1, 2, 3, 5, 9, 27];
        let outputs: Vec<Tell> = (0..1 + below(&mut seed, 3))
            .map(|_| {
                let to = if below(&mut seed, 2) == 0 {
                    Receivers::All
                } else {
                    let some = (0..roles).filter(|_| below(&mut seed, 2) == 0);
                    Receivers::Roles(some.map(|role| RoleId(u32::try_from(role).expect("few"))).collect())
                };
                let plain = below(&mut seed, 3) == 0;
                let times = lanes.iter().map(|n| {
                    let mut one = || choice[below(&mut seed, choice.len() as u64)];
                    if plain { vec![1] } else { (0..*n).map(|_| one()).collect() }
                });
                Tell { to, times: times.collect(), over: 1 }
            })
            .collect();
        let module = sums(&lanes, &highest, &outputs);
        let audit = audited(module);
        assert!(!audit.cut_short && audit.left_out.is_empty(), "case {case}");
        let owner: Vec<usize> =
            lanes.iter().enumerate().flat_map(|(role, n)| vec![role; usize::try_from(*n).expect("few")]).collect();
        let start = |role: usize| owner.iter().position(|own| *own == role).expect("a lane");
        let inputs = assignments(&owner, &highest);
        let told = |output: &Tell, values: &[i64]| -> i64 {
            let time = |lane: usize| {
                let times = &output.times[owner[lane]];
                if times.len() == 1 { times[0] } else { times[lane - start(owner[lane])] }
            };
            values.iter().enumerate().map(|(lane, value)| value * time(lane)).sum()
        };
        for members in 0..1_usize << roles {
            let coalition: Vec<RoleId> = (0..roles)
                .filter(|role| members >> role & 1 == 1)
                .map(|role| RoleId(u32::try_from(role).expect("few")))
                .collect();
            let in_it = |role: usize| members >> role & 1 == 1;
            let visible: Vec<&Tell> = outputs
                .iter()
                .filter(|output| match &output.to {
                    Receivers::All => true,
                    Receivers::Roles(to) => to.iter().any(|role| coalition.contains(role)),
                })
                .collect();
            let view = |values: &[i64]| -> Vec<i64> {
                let own = values.iter().zip(&owner).filter(|(_, role)| in_it(**role)).map(|(value, _)| *value);
                own.chain(visible.iter().map(|output| told(output, values))).collect()
            };
            let mut seen: BTreeMap<Vec<i64>, Vec<&[i64]>> = BTreeMap::new();
            for values in &inputs {
                seen.entry(view(values)).or_default().push(values);
            }
            let follows = |figure: &dyn Fn(&[i64]) -> i64| {
                seen.values().all(|alike| alike.iter().all(|values| figure(values) == figure(alike[0])))
            };
            let claims: Vec<&Recovery> =
                audit.recoveries.iter().filter(|one| within(&one.coalition, &coalition, roles - 1)).collect();
            for lane in (0..owner.len()).filter(|lane| !in_it(owner[*lane])) {
                let place = (lane - start(owner[lane])) as u64;
                let claimed = claims.iter().any(|one| {
                    one.owner.index() == owner[lane]
                        && one.single()
                        && one.parts.len() == 1
                        && one.parts[0]
                            .columns
                            .iter()
                            .any(|column| column.figure.is_none() && column.lanes.0 <= place && place < column.lanes.1)
                });
                let truly = follows(&|values| values[lane]);
                assert_eq!(claimed, truly, "case {case}: lane {lane} for {coalition:?}: {:#?}", audit.recoveries);
                named += u32::from(truly);
            }
            for one in claims.into_iter().filter(|one| !in_it(one.owner.index())) {
                let figure = |values: &[i64]| -> i64 {
                    let parts = one.parts.iter().map(|part| {
                        let lanes = part.columns.iter().flat_map(|column| column.lanes.0..column.lanes.1);
                        let sum: i64 = lanes
                            .map(|lane| values[start(one.owner.index()) + usize::try_from(lane).expect("few")])
                            .sum();
                        let (over, under) = part.times.split_once('/').unwrap_or((&part.times, "1"));
                        sum * over.parse::<i64>().expect("a number") * (5040 / under.parse::<i64>().expect("a number"))
                    });
                    parts.sum()
                };
                let fits = one.parts.iter().all(|part| {
                    !part.each
                        && part
                            .times
                            .split_once('/')
                            .is_none_or(|(_, under)| 5040 % under.parse::<i64>().unwrap_or(11) == 0)
                });
                assert!(!fits || follows(&figure), "case {case}: {one:?} for {coalition:?}");
            }
        }
    }
    assert!(named > 200, "{named}");
}

/// All values of lanes with these owners.
fn assignments(owner: &[usize], highest: &[i64]) -> Vec<Vec<i64>> {
    let mut all: Vec<Vec<i64>> = vec![Vec::new()];
    for role in owner {
        all = all
            .into_iter()
            .flat_map(|values| {
                (0..=highest[*role]).map(move |value| values.iter().copied().chain([value]).collect::<Vec<i64>>())
            })
            .collect();
    }
    all
}

fn one_each(n: usize, to: Receivers, over: i64) -> Audit {
    let output = Tell { to, times: vec![vec![1]; n], over };
    audited(sums(&vec![1; n], &vec![1000; n], &[output]))
}

#[test]
fn sums_of_two_three_and_five() {
    let two = one_each(2, Receivers::All, 1);
    assert_eq!(two.recoveries.len(), 2);
    assert!(two.recoveries.iter().all(|one| one.severity() == Severity::Serious && one.members() == 1));
    let three = one_each(3, Receivers::All, 1);
    assert_eq!(three.recoveries.len(), 3);
    assert!(three.recoveries.iter().all(|one| one.severity() == Severity::Notable && one.members() == 2));
    let five = one_each(5, Receivers::All, 5);
    assert_eq!(five.recoveries.len(), 5);
    for one in &five.recoveries {
        assert_eq!((one.severity(), one.members(), one.tried), (Severity::Stated, 4, 4));
        // A mean of five, rounded down: to within five.
        assert!(one.within.is_some_and(|within| (5.0..5.1).contains(&within)), "{one:?}");
    }
    // To one of them alone: the others learn nothing.
    let alone = one_each(2, Receivers::Roles(vec![RoleId(0)]), 1);
    assert_eq!(alone.recoveries.len(), 1);
    assert_eq!(alone.recoveries[0].owner, RoleId(1));
}

#[test]
fn many_contributors_are_not_tried_in_all_ways() {
    let started = std::time::Instant::now();
    let many = one_each(300, Receivers::All, 1);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    assert_eq!(many.recoveries.len(), 300);
    assert!(many.recoveries.iter().all(|one| one.coalition == Coalition::Others(299) && one.tried < 299));
}

/// Two outputs that are innocent alone.
#[test]
fn differences_between_outputs_are_found() {
    let with = |times: [i64; 4]| Tell { to: Receivers::All, times: vec![times.to_vec(), vec![1; 4]], over: 1 };
    let audit = audited(sums(&[4, 4], &[9, 9], &[with([1, 1, 1, 1]), with([1, 1, 0, 1])]));
    let anyone = audit.recoveries.iter().find(|one| one.members() == 0).expect("a difference");
    assert_eq!((anyone.owner, anyone.parts[0].columns[0].lanes), (RoleId(0), (2, 3)));
    assert_eq!((anyone.severity(), anyone.from.as_slice()), (Severity::Serious, [0, 1].as_slice()));
}

/// A number that hides another in its low digits.
#[test]
fn packed_numbers_are_taken_apart() {
    let packed = Tell { to: Receivers::All, times: vec![vec![1000], vec![1]], over: 1 };
    let audit = audited(sums(&[1, 1], &[1_000_000, 999], &[packed]));
    let anyone: Vec<RoleId> = audit.recoveries.iter().filter(|one| one.members() == 0).map(|one| one.owner).collect();
    assert_eq!(anyone, [RoleId(0), RoleId(1)]);
    let wide = Tell { to: Receivers::All, times: vec![vec![1000], vec![1]], over: 1 };
    let audit = audited(sums(&[1, 1], &[1_000_000, 1000], &[wide]));
    assert!(audit.recoveries.iter().all(|one| one.members() == 1));
}

/// The digest is of what is said, not of where it stands.
#[test]
fn digests_follow_the_content() {
    let base = || sums(&[4, 4], &[9, 9], &[Tell { to: Receivers::All, times: vec![vec![1], vec![1]], over: 1 }]);
    let first = audited(base()).digest();
    assert_eq!(audited(base()).digest(), first);
    let moved = {
        let mut module = base();
        module.sources.sites[0] = Site { line: 99, text: "another text".into(), ..module.sources.sites[0].clone() };
        module
    };
    assert_eq!(audited(moved).digest(), first);
    let mut others: Vec<[u8; 32]> = vec![first];
    let mut differs = |what: &str, change: &dyn Fn(&mut Module)| {
        let mut module = base();
        change(&mut module);
        let digest = audited(module).digest();
        assert!(!others.contains(&digest), "{what}");
        others.push(digest);
    };
    differs("receivers", &|m| m.manifest.outputs[0].to = Receivers::Roles(vec![RoleId(0)]));
    differs("range", &|m| m.manifest.outputs[0].ty = DataType::Int { lo: i64::MIN, hi: i64::MAX - 1 });
    differs("name", &|m| m.manifest.outputs[0].name = "other".into());
    differs("role", &|m| m.manifest.roles[0] = "Other".into());
    differs("owner", &|m| m.manifest.inputs[0].role = RoleId(1));
    differs("factor", &|m| m.constants[0] = Constant::Words(vec![0]));
    differs("param", &|m| m.manifest.params.push(("ROWS".into(), 4)));
    let fewer = sums(&[4, 3], &[9, 9], &[Tell { to: Receivers::All, times: vec![vec![1], vec![1]], over: 1 }]);
    assert!(!others.contains(&audited(fewer).digest()));
    let printed = digest::print(&first);
    assert_eq!(digest::parse(&printed), Some(first));
    for wrong in ["", "sha256:", "sha256:00", &printed[7..], &printed.to_uppercase(), &format!("{printed}0")] {
        assert_eq!(digest::parse(wrong), None, "{wrong}");
    }
}

/// Files come from strangers: what would take for ever is refused.
#[test]
fn endless_code_is_refused() {
    let refused = |code: &str, functions: &str| {
        let text = format!(
            "program \"main.smpc\"\nslot 0: pub.int(0..=99)[1]\nslot 1: pub.bool(0..=1)[1]\nconst 0: [1]\nfile 0 \"main.smpc\"\nsite 0: 0:1:1 \"text\"\n{functions}main {{\n{code}}}\n"
        );
        let module = text::parse(&text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        audit(&verify(module, &Limits::default()).expect("a sound module")).map(|_| ())
    };
    // Each function calls the one before it twice.
    let first = "function 0 \"f0\" {\n  level\n    s0 = const{constant=0}() @0\n}\n".to_owned();
    let functions = (1..50).fold(first, |all, i| {
        let call = format!("  level\n    call f{} @0\n", i - 1);
        format!("{all}function {i} \"f{i}\" {{\n{call}{call}}}\n")
    });
    assert_eq!(refused("  level\n    call f49 @0\n", &functions), Err(TooLarge));
    // A condition that never changes, over nothing; and one of nested loops.
    let endless = "  level\n    s1 = const{constant=0}() @0\n  level\n    while @0 {\n    } s1 {\n    }\n";
    assert_eq!(refused(endless, ""), Ok(()));
    let mut nested = String::from("  level\n    s0 = const{constant=0}() @0\n");
    for _ in 0..40 {
        nested = format!("  level\n    while @0 {{\n    }} s1 {{\n{nested}    }}\n");
    }
    let started = std::time::Instant::now();
    let _ = refused(&nested, "");
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
