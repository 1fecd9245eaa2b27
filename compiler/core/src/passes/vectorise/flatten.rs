//! Public choices that differ by turn become selections, so that turns are alike.
//!
//! ```text
//! if %odd {                              %2 = mul(%0, %0)
//!     %2 = mul(%0, %0)                   %5 = select(%odd, %2, %xs[0 + %i*1])
//!     %3 = update %xs[0 + %i*1] copy(%2) %4 = update %xs[0 + %i*1] copy(%5)
//! } else { }                      ->
//! join %4 = %3 or %xs
//! ```
//!
//! Both sides are computed, which costs no more rounds than the dearer one, and only where neither can stop the run.

use super::widen::{Widened, because};
use crate::ir::{Dim, Gate, If, Inst, Joined, Op, Place, Program, Ref, RegType, SiteId, Slot, Update, ValueId};
use crate::passes::facts;
use std::collections::{BTreeMap, BTreeSet};

/// A block without the choices whose condition `differs`, and which values stand for others behind it.
///
/// # Errors
/// A side that does more than compute.
pub(super) fn run(
    program: &mut Program,
    block: &[Inst],
    differs: &BTreeSet<ValueId>,
) -> Widened<(Vec<Inst>, BTreeMap<ValueId, ValueId>)> {
    let mut flat = Flat { program, differs, renamed: BTreeMap::new(), own: BTreeSet::new(), out: Vec::new() };
    flat.block(block, None)?;
    Ok((flat.out, flat.renamed))
}

struct Flat<'a> {
    program: &'a mut Program,
    differs: &'a BTreeSet<ValueId>,
    /// Values that are gone, and what stands for them.
    renamed: BTreeMap<ValueId, ValueId>,
    /// Versions of arrays that a side has made for itself.
    own: BTreeSet<ValueId>,
    out: Vec<Inst>,
}

impl Flat<'_> {
    /// `when` says under which condition the block's writes count.
    fn block(&mut self, block: &[Inst], when: Option<ValueId>) -> Widened<()> {
        block.iter().try_for_each(|inst| self.inst(inst, when))
    }

    fn rename(&self, inst: &mut Inst) {
        inst.map_own_uses(&mut |value| self.stands(value));
    }

    /// What stands for a value.
    fn stands(&self, value: ValueId) -> ValueId {
        self.renamed.get(&value).copied().unwrap_or(value)
    }

    fn inst(&mut self, inst: &Inst, when: Option<ValueId>) -> Widened<()> {
        let mut inst = inst.clone();
        self.rename(&mut inst);
        match (inst, when) {
            (Inst::If(i), _) if self.differs.contains(&i.condition) => self.choice(&i, when),
            (Inst::Update(update), Some(when)) if !self.own.contains(&update.array) => self.write(update, when),
            (inst, Some(_)) if !facts::effects(self.program, &inst).none() => {
                because(inst.site(), "one side of a choice that differs by turn may stop the run")
            }
            (inst @ (Inst::Loop(_) | Inst::While(_) | Inst::If(_)), Some(_)) => {
                because(inst.site(), "a choice that differs by turn holds a loop")
            }
            (mut inst, None) => {
                for nested in inst.blocks_mut() {
                    let outer = std::mem::take(&mut self.out);
                    self.block(&std::mem::take(nested), None)?;
                    *nested = std::mem::replace(&mut self.out, outer);
                }
                self.rename(&mut inst);
                self.out.push(inst);
                Ok(())
            }
            // An array of the side's own is written as it stands there: what is known of its lanes holds in turns that do not count, too.
            (inst @ (Inst::Gate(_) | Inst::Concat(_) | Inst::Update(_)), Some(_)) => {
                inst.each_result(&mut |value| {
                    self.own.insert(value);
                });
                self.out.push(inst);
                Ok(())
            }
        }
    }

    /// A write that counts under a condition.
    fn write(&mut self, update: Update, condition: ValueId) -> Widened<()> {
        let effects = facts::own_effects(self.program, &Inst::Update(update.clone()));
        let (true, Op::Copy {}, [value]) = (effects.none(), update.op, update.args.as_slice()) else {
            return because(update.site, "one side of a choice that differs by turn may stop the run");
        };
        let lanes = value.lanes();
        let ty = self.program.ty(update.array);
        let old = Ref { value: update.array, place: update.place.clone() };
        let chosen = self.select(condition, [value.clone(), old], (ty, lanes), update.site);
        self.out.push(Inst::Update(Update { args: vec![Ref::whole(chosen, lanes)], ..update }));
        Ok(())
    }

    fn select(&mut self, condition: ValueId, sides: [Ref; 2], (ty, lanes): (RegType, u64), site: SiteId) -> ValueId {
        // A selection between public values is public, and secret if one is: both are what the result is first.
        let sides = sides.map(|side| {
            if self.program.ty(side.value).is_secret() == ty.is_secret() {
                return side;
            }
            let copy = self.program.value(Slot { ty, lanes }, "");
            self.out.push(Inst::Gate(Gate { op: Op::Copy {}, args: vec![side], result: Some(copy), site }));
            Ref::whole(copy, lanes)
        });
        let spread = Place { dims: vec![Dim { stride: 0, len: lanes }], ..Place::lane(0) };
        let mut args = vec![Ref { value: condition, place: spread }];
        args.extend(sides);
        self.gate(Op::Select {}, args, Slot { ty, lanes }, site)
    }

    fn gate(&mut self, op: Op, args: Vec<Ref>, slot: Slot, site: SiteId) -> ValueId {
        let result = self.program.value(slot, "");
        self.out.push(Inst::Gate(Gate { op, args, result: Some(result), site }));
        result
    }

    fn choice(&mut self, i: &If, when: Option<ValueId>) -> Widened<()> {
        let (condition, site) = (i.condition, i.site);
        let (then, otherwise) = (roots(&i.then), roots(&i.otherwise));
        let root = |roots: &BTreeMap<ValueId, ValueId>, value: ValueId| roots.get(&value).copied().unwrap_or(value);
        let arrays: Vec<Joined> = i
            .results
            .iter()
            .filter(|joined| then.contains_key(&joined.then) || otherwise.contains_key(&joined.otherwise))
            .copied()
            .collect();
        let starts: BTreeSet<ValueId> = arrays.iter().map(|joined| root(&then, joined.then)).collect();
        let alike = arrays.iter().all(|joined| root(&then, joined.then) == root(&otherwise, joined.otherwise));
        if !alike || starts.len() != arrays.len() {
            return because(site, "a choice that differs by turn replaces an array as a whole");
        }
        let truth = Slot { ty: RegType::PUB_BOOL, lanes: 1 };
        let both = |flat: &mut Self, holds: ValueId| match when {
            None => holds,
            Some(when) => flat.gate(Op::And {}, vec![Ref::lane(when, 0), Ref::lane(holds, 0)], truth, site),
        };
        let holds = both(self, condition);
        self.block(&i.then, Some(holds))?;
        // The versions of an array on both sides become one line of versions.
        for joined in &arrays {
            let start = root(&then, joined.then);
            if start != joined.then {
                let last = self.stands(joined.then);
                self.renamed.insert(start, last);
            }
        }
        let fails = self.gate(Op::Not {}, vec![Ref::lane(condition, 0)], truth, site);
        let fails = both(self, fails);
        let made = self.block(&i.otherwise, Some(fails));
        for start in starts {
            self.renamed.remove(&start);
        }
        made?;
        for joined in &i.results {
            let slot = self.program.slot(joined.result);
            let stands = if arrays.contains(joined) {
                let last = if otherwise.contains_key(&joined.otherwise) { joined.otherwise } else { joined.then };
                let last = self.stands(last);
                if self.program.slot(last) != slot {
                    return because(site, "a choice that differs by turn widens the range of an array");
                }
                last
            } else {
                let sides = [joined.then, joined.otherwise].map(|side| Ref::whole(self.stands(side), slot.lanes));
                self.select(condition, sides, (slot.ty, slot.lanes), site)
            };
            self.renamed.insert(joined.result, stands);
        }
        Ok(())
    }
}

/// By version of an array that a block makes: the one that it starts from.
fn roots(block: &[Inst]) -> BTreeMap<ValueId, ValueId> {
    let mut roots: BTreeMap<ValueId, ValueId> = BTreeMap::new();
    let root = |roots: &BTreeMap<ValueId, ValueId>, value: ValueId| roots.get(&value).copied().unwrap_or(value);
    for inst in block {
        match inst {
            Inst::Update(update) => {
                let from = root(&roots, update.array);
                roots.insert(update.result, from);
            }
            Inst::If(i) => {
                for nested in [&i.then, &i.otherwise] {
                    let inner = self::roots(nested);
                    for (version, from) in inner {
                        let from = root(&roots, from);
                        roots.insert(version, from);
                    }
                }
                for joined in &i.results {
                    let (a, b) = (root(&roots, joined.then), root(&roots, joined.otherwise));
                    let made = roots.contains_key(&joined.then) || roots.contains_key(&joined.otherwise);
                    if made && a == b {
                        roots.insert(joined.result, a);
                    }
                }
            }
            Inst::Gate(_) | Inst::Concat(_) | Inst::Loop(_) | Inst::While(_) => {}
        }
    }
    roots
}
