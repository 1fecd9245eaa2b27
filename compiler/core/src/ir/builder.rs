//! Makes programs: what lowering codes against.
//!
//! Values are immutable and are read as often as one likes; [`Builder::update`] leaves the old array readable (a later pass puts a copy where
//! that is needed). An open loop, `while` or `if` is a token in the caller's hands, so that blocks cannot be closed in the wrong order
//! by accident and lowering may recurse between. Where an initial, next or joined value is public and its type secret, the builder
//! puts the copy in. Nothing is checked here beyond that; `ir::verify` does.

use super::{
    Block, Bound, Carried, Concat, Constant, Dim, Gate, If, Index, Inst, Joined, Kind, Loop, Manifest, MessageId,
    NetlistId, Op, Place, Program, Ref, RegType, SiteId, Slot, Update, ValueId, While, fits,
};
use smpc_bytecode::module::Site;
use smpc_bytecode::op::FileId;
use smpc_bytecode::strings::EXCERPT;
use smpc_math::netlist::Netlist;
use std::collections::BTreeMap;

/// How far two values are followed to where they come from, to see whether they are equal.
const DEPTH: usize = 6;

/// A program in the making.
#[derive(Debug, Default)]
pub struct Builder {
    program: Program,
    block: Block,
    site: Current,
    files: BTreeMap<String, FileId>,
    sites: BTreeMap<(FileId, u32, u32), SiteId>,
    messages: BTreeMap<String, MessageId>,
    /// Gates that say how values compare and where they stand, by their results in the order of these.
    defined: Vec<(ValueId, Op, Vec<Ref>)>,
}

/// The current place; site 0 until the first [`Builder::at`].
#[derive(Debug)]
struct Current(SiteId);

impl Default for Current {
    fn default() -> Self {
        Self(SiteId(0))
    }
}

/// A counted loop whose body is being built.
#[derive(Debug)]
#[must_use = "end_loop closes it"]
pub struct OpenLoop {
    outer: Block,
    /// The counter.
    pub counter: ValueId,
    /// The carried values at the start of a turn, in the order given.
    pub params: Vec<ValueId>,
    from: Bound,
    to: Bound,
    inits: Vec<ValueId>,
    site: SiteId,
}

/// A `while` whose head is being built.
#[derive(Debug)]
#[must_use = "while_body and end_while close it"]
pub struct OpenWhile {
    outer: Block,
    /// The carried values at the start of a turn, in the order given.
    pub params: Vec<ValueId>,
    inits: Vec<ValueId>,
    site: SiteId,
}

/// A `while` whose body is being built.
#[derive(Debug)]
#[must_use = "end_while closes it"]
pub struct OpenWhileBody {
    open: OpenWhile,
    head: Block,
    condition: ValueId,
}

/// An `if` whose first side is being built.
#[derive(Debug)]
#[must_use = "begin_else and end_if close it"]
pub struct OpenIf {
    outer: Block,
    condition: ValueId,
    site: SiteId,
}

/// An `if` whose second side is being built.
#[derive(Debug)]
#[must_use = "end_if closes it"]
pub struct OpenElse {
    open: OpenIf,
    then: Block,
}

impl OpenElse {
    /// What decides between the sides.
    #[must_use]
    pub const fn condition(&self) -> ValueId {
        self.open.condition
    }
}

/// A place in the making of a program.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    values: usize,
    constants: usize,
    insts: usize,
}

/// A carried value at the start of a loop: what it is before, and the type it keeps to.
pub type Entering = (ValueId, RegType);

/// A value after an `if`: from the first side, from the second, and its type.
pub type Leaving = (ValueId, ValueId, RegType);

impl Builder {
    /// An empty program with that manifest.
    #[must_use]
    pub fn new(manifest: Manifest) -> Self {
        Self { program: Program { manifest, ..Program::default() }, ..Self::default() }
    }

    /// The finished program. Tokens still open lose what was built in them.
    #[must_use]
    pub fn finish(mut self) -> Program {
        self.program.body = self.block;
        self.program
    }

    /// The program so far, for types of values.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The instructions of the block that is open.
    #[must_use]
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// The manifest, for outputs that become known on the way.
    pub fn manifest_mut(&mut self) -> &mut Manifest {
        &mut self.program.manifest
    }

    // Sources.

    /// The id of a source file.
    pub fn file(&mut self, path: &str) -> FileId {
        if let Some(id) = self.files.get(path) {
            return *id;
        }
        let files = &mut self.program.sources.files;
        let id = FileId(id_of(files.len()));
        files.push(path.to_owned());
        self.files.insert(path.to_owned(), id);
        id
    }

    /// The id of a place; `text` is its line, of which a part is kept if it is long.
    pub fn site(&mut self, file: FileId, line: u32, column: u32, text: &str) -> SiteId {
        if let Some(id) = self.sites.get(&(file, line, column)) {
            return *id;
        }
        let sites = &mut self.program.sources.sites;
        let id = SiteId(id_of(sites.len()));
        sites.push(Site { file, line, column, text: excerpt(text, column) });
        self.sites.insert((file, line, column), id);
        id
    }

    /// What follows stems from that place.
    pub fn at(&mut self, site: SiteId) {
        self.site = Current(site);
    }

    /// The id of a message.
    pub fn message(&mut self, text: &str) -> MessageId {
        if let Some(id) = self.messages.get(text) {
            return *id;
        }
        let id = MessageId(id_of(self.program.messages.len()));
        self.program.messages.push(text.to_owned());
        self.messages.insert(text.to_owned(), id);
        id
    }

    /// The id of a netlist.
    pub fn netlist(&mut self, netlist: Netlist) -> NetlistId {
        let netlists = &mut self.program.netlists;
        let at = netlists.iter().position(|known| *known == netlist).unwrap_or_else(|| {
            netlists.push(netlist);
            netlists.len() - 1
        });
        NetlistId(id_of(at))
    }

    // Values.

    /// Gives a value a name for the text form, unless it has one.
    pub fn name(&mut self, value: ValueId, name: &str) {
        let data = &mut self.program.values[value.index()];
        if data.name.is_empty() {
            name.clone_into(&mut data.name);
        }
    }

    /// All lanes of a value.
    #[must_use]
    pub fn whole(&self, value: ValueId) -> Ref {
        self.program.whole(value)
    }

    /// Type of a value's lanes.
    #[must_use]
    pub fn ty(&self, value: ValueId) -> RegType {
        self.program.ty(value)
    }

    /// Number of lanes of a value.
    #[must_use]
    pub fn lanes(&self, value: ValueId) -> u64 {
        self.program.lanes(value)
    }

    /// An operation with a result.
    pub fn gate(&mut self, op: Op, args: Vec<Ref>, ty: RegType, lanes: u64) -> ValueId {
        let result = self.program.value(Slot { ty, lanes }, "");
        if is_remembered(op) {
            self.defined.push((result, op, args.clone()));
        }
        self.push(Inst::Gate(Gate { op, args, result: Some(result), site: self.site.0 }));
        result
    }

    /// The gate whose result that is, if it is a comparison, logic, a choice, arithmetic, a constant, or a copy.
    #[must_use]
    pub fn definition(&self, value: ValueId) -> Option<(Op, &[Ref])> {
        let at = self.defined.binary_search_by_key(&value.index(), |(value, ..)| value.index()).ok()?;
        let (_, op, args) = &self.defined[at];
        Some((*op, args))
    }

    /// Whether two views are seen to be of equal lanes: the same ones, or computed in the same way from such.
    #[must_use]
    pub fn equal_lanes(&self, a: &Ref, b: &Ref) -> bool {
        self.equal_views(a, b, DEPTH)
    }

    fn equal_views(&self, a: &Ref, b: &Ref, depth: usize) -> bool {
        let (mut a, mut b) = (a.simplified(), b.simplified());
        let positions = match (a.place.index.take(), b.place.index.take()) {
            (None, None) => true,
            (Some(a), Some(b)) => a.stride == b.stride && self.equal_values(a.value, b.value, depth),
            _ => false,
        };
        positions && a.place == b.place && self.equal_values(a.value, b.value, depth)
    }

    fn equal_values(&self, a: ValueId, b: ValueId, depth: usize) -> bool {
        if a == b {
            return true;
        }
        let (Some((op, of)), Some((other, from)), true) = (self.definition(a), self.definition(b), depth > 0) else {
            return false;
        };
        match (op, other) {
            (Op::Const { constant }, Op::Const { constant: other }) => {
                let lanes = self.lanes(a) == self.lanes(b);
                lanes && self.program.constants.get(constant.index()) == self.program.constants.get(other.index())
            }
            _ => {
                let same = op == other && of.len() == from.len() && self.ty(a).frac() == self.ty(b).frac();
                same && of.iter().zip(from).all(|(a, b)| self.equal_views(a, b, depth - 1))
            }
        }
    }

    /// An operation without a result: `output`, `check`, `stop_unless`.
    pub fn effect(&mut self, op: Op, args: Vec<Ref>) {
        self.push(Inst::Gate(Gate { op, args, result: None, site: self.site.0 }));
    }

    /// A public constant of `words.len()` lanes.
    pub fn constant(&mut self, ty: RegType, words: Vec<i64>) -> ValueId {
        let lanes = words.len() as u64;
        let constant = self.program.constant(Constant::Words(words));
        self.gate(Op::Const { constant }, Vec::new(), ty, lanes)
    }

    /// A public constant; `rounded` where it stands for numbers that it holds only to nearest.
    pub fn constant_of(&mut self, ty: RegType, words: Vec<i64>, rounded: bool) -> ValueId {
        if !rounded {
            return self.constant(ty, words);
        }
        let lanes = words.len() as u64;
        let constant = self.program.constant(Constant::Words(words));
        self.gate(Op::ConstRounded { constant }, Vec::new(), ty, lanes)
    }

    /// A public integer.
    pub fn int(&mut self, value: i64) -> ValueId {
        self.constant(RegType::pub_int(value, value), vec![value])
    }

    /// A public truth value.
    pub fn boolean(&mut self, value: bool) -> ValueId {
        self.constant(RegType::PUB_BOOL, vec![i64::from(value)])
    }

    /// A vector with the same word in all lanes; a secret type takes it as a public constant.
    pub fn fill(&mut self, ty: RegType, word: i64, lanes: u64) -> ValueId {
        let constant = self.program.constant(Constant::Words(vec![word]));
        if !ty.is_secret() {
            return self.gate(Op::Const { constant }, Vec::new(), ty, lanes);
        }
        let public = RegType::Pub { kind: Kind::Int, lo: word, hi: word, frac: ty.frac() };
        let scalar = self.gate(Op::Const { constant }, Vec::new(), public, 1);
        let repeat = Ref { value: scalar, place: Place::strided(0, 0, lanes) };
        self.copy(&repeat, ty)
    }

    /// The public constant `start, start + step, …`.
    pub fn range(&mut self, ty: RegType, start: i64, step: i64, lanes: u64) -> ValueId {
        let constant = self.program.constant(Constant::Range { start, step });
        self.gate(Op::Const { constant }, Vec::new(), ty, lanes)
    }

    // Views.

    /// A view of a view, free where two dimensions can say it and by a copy otherwise.
    pub fn view(&mut self, of: &Ref, place: &Place) -> Ref {
        if let Some(view) = of.view(place) {
            return view;
        }
        let copied = self.copy(of, self.ty(of.value));
        Ref { value: copied, place: place.clone() }
    }

    /// The view moved by `value · stride` of *its own* lanes, of which `place` (without an index) is taken: `xs[i]` is
    /// `index(xs, i, 1, Place::lane(0))`. The run stops where it leaves the value's lanes; that it stays inside the view is for
    /// the caller to see to.
    pub fn index(&mut self, of: &Ref, value: ValueId, stride: i64, place: Place) -> Ref {
        if let Some(view) = of.view(&place.clone().indexed(value, stride)) {
            return view;
        }
        // Both have an index: their sum, counted in lanes of the underlying value.
        let mut plain = of.clone();
        if let Some(outer) = plain.place.index.take()
            && let Some(moved) = plain.view(&place.clone().indexed(value, stride))
            && let Some(inner) = moved.place.index
        {
            let sum = self.linear(outer, inner);
            return Ref { value: of.value, place: Place { index: Some(sum), ..moved.place } };
        }
        let copied = self.copy(of, self.ty(of.value));
        Ref { value: copied, place: place.indexed(value, stride) }
    }

    /// `a + b` as one index.
    pub fn linear(&mut self, a: Index, b: Index) -> Index {
        if a.value == b.value
            && let Some(stride) = a.stride.checked_add(b.stride)
        {
            return Index { value: a.value, stride };
        }
        let (a, b) = (self.scaled(a), self.scaled(b));
        let ((al, ah), (bl, bh)) = (self.ty(a).range(), self.ty(b).range());
        let ty = RegType::pub_int(al.saturating_add(bl), ah.saturating_add(bh));
        let sum = self.gate(Op::Add {}, vec![Ref::lane(a, 0), Ref::lane(b, 0)], ty, 1);
        Index { value: sum, stride: 1 }
    }

    fn scaled(&mut self, index: Index) -> ValueId {
        if index.stride == 1 {
            return index.value;
        }
        let (lo, hi) = self.ty(index.value).range();
        let (a, b) = (lo.saturating_mul(index.stride), hi.saturating_mul(index.stride));
        let stride = self.int(index.stride);
        let ty = RegType::pub_int(a.min(b), a.max(b));
        self.gate(Op::Mul {}, vec![Ref::lane(index.value, 0), Ref::lane(stride, 0)], ty, 1)
    }

    /// The view as a value of its own, of that type (which may be wider, or secret where the view is public).
    pub fn copy(&mut self, of: &Ref, ty: RegType) -> ValueId {
        self.gate(Op::Copy {}, vec![of.clone()], ty, of.lanes())
    }

    /// The view as a value: itself where it is the whole of one, else a copy.
    pub fn value_of(&mut self, of: &Ref) -> ValueId {
        if of.place.is_whole(self.lanes(of.value)) { of.value } else { self.copy(of, self.ty(of.value)) }
    }

    /// The value as one of that type: itself where it fits, else a copy.
    pub fn convert(&mut self, value: ValueId, ty: RegType) -> ValueId {
        if fits(self.ty(value), ty) {
            return value;
        }
        let whole = self.whole(value);
        self.copy(&whole, ty)
    }

    // Arrays.

    /// The array with the lanes of `place` replaced by those of `value`.
    pub fn update(&mut self, array: ValueId, place: Place, value: Ref) -> ValueId {
        self.update_by(Op::Copy {}, array, place, vec![value])
    }

    /// The array with lane `index[i]` replaced by lane i of `values`.
    pub fn scatter(&mut self, array: ValueId, values: Ref, index: Ref) -> ValueId {
        let place = Place::whole(self.lanes(array));
        self.update_by(Op::Scatter {}, array, place, vec![values, index])
    }

    fn update_by(&mut self, op: Op, array: ValueId, place: Place, args: Vec<Ref>) -> ValueId {
        let slot = self.program.slot(array);
        let result = self.program.value(slot, "");
        self.push(Inst::Update(Update { op, array, place, args, result, site: self.site.0 }));
        result
    }

    /// The lanes of the parts one after another; parts may be public where the type is secret.
    pub fn concat(&mut self, parts: Vec<Ref>, ty: RegType) -> ValueId {
        let lanes = parts.iter().fold(0_u64, |n, part| n.saturating_add(part.lanes()));
        let result = self.program.value(Slot { ty, lanes }, "");
        self.push(Inst::Concat(Concat { parts, result, site: self.site.0 }));
        result
    }

    // Trials.

    /// Where the program stands, to come back to.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { values: self.program.values.len(), constants: self.program.constants.len(), insts: self.block.len() }
    }

    /// Forgets what was built since the mark, in the block that was open then.
    pub fn rewind(&mut self, mark: &Mark) {
        self.program.values.truncate(mark.values);
        self.program.constants.truncate(mark.constants);
        self.block.truncate(mark.insts);
        let kept = self.defined.partition_point(|(value, ..)| value.index() < mark.values);
        self.defined.truncate(kept);
    }

    /// Gives an open loop up, with what was built in it.
    pub fn abandon_loop(&mut self, open: OpenLoop) {
        self.block = open.outer;
    }

    /// Gives an open `while` up, with what was built in it.
    pub fn abandon_while(&mut self, open: OpenWhileBody) {
        self.block = open.open.outer;
    }

    // Control.

    /// Opens `for counter in from..to`; the counter's type is a public integer in `counter`.
    pub fn begin_loop(&mut self, from: Bound, to: Bound, counter: (i64, i64), carried: &[Entering]) -> OpenLoop {
        let inits = self.enter(carried);
        let params = self.params(carried, &inits);
        let counter = self.program.value(Slot { ty: RegType::pub_int(counter.0, counter.1), lanes: 1 }, "");
        OpenLoop { outer: std::mem::take(&mut self.block), counter, params, from, to, inits, site: self.site.0 }
    }

    /// Closes the loop; `next` are the carried values at the end of a turn. Gives the carried values after the loop.
    pub fn end_loop(&mut self, open: OpenLoop, next: &[ValueId]) -> Vec<ValueId> {
        let carried = self.carry(&open.inits, &open.params, next);
        let results = carried.iter().map(|c| c.result).collect();
        let body = std::mem::replace(&mut self.block, open.outer);
        let OpenLoop { counter, from, to, site, .. } = open;
        self.push(Inst::Loop(Loop { counter, from, to, carried, body, site }));
        results
    }

    /// Opens a `while`; what follows computes its condition.
    pub fn begin_while(&mut self, carried: &[Entering]) -> OpenWhile {
        let inits = self.enter(carried);
        let params = self.params(carried, &inits);
        OpenWhile { outer: std::mem::take(&mut self.block), params, inits, site: self.site.0 }
    }

    /// The condition is known; what follows is the body.
    pub fn while_body(&mut self, open: OpenWhile, condition: ValueId) -> OpenWhileBody {
        OpenWhileBody { open, head: std::mem::take(&mut self.block), condition }
    }

    /// Closes the `while`; gives the carried values after it.
    pub fn end_while(&mut self, open: OpenWhileBody, next: &[ValueId]) -> Vec<ValueId> {
        let OpenWhileBody { open, head, condition } = open;
        let carried = self.carry(&open.inits, &open.params, next);
        let results = carried.iter().map(|c| c.result).collect();
        let body = std::mem::replace(&mut self.block, open.outer);
        self.push(Inst::While(While { carried, head, condition, body, site: open.site }));
        results
    }

    /// Opens an `if`; what follows runs where the condition holds.
    pub fn begin_if(&mut self, condition: ValueId) -> OpenIf {
        OpenIf { outer: std::mem::take(&mut self.block), condition, site: self.site.0 }
    }

    /// What follows runs where the condition does not hold.
    pub fn begin_else(&mut self, open: OpenIf) -> OpenElse {
        OpenElse { open, then: std::mem::take(&mut self.block) }
    }

    /// What follows runs on the other side, until this is called again: for values that are needed on both.
    pub fn swap_sides(&mut self, open: &mut OpenElse) {
        std::mem::swap(&mut self.block, &mut open.then);
    }

    /// Closes the `if`; gives the joined values.
    pub fn end_if(&mut self, open: OpenElse, results: &[Leaving]) -> Vec<ValueId> {
        let OpenElse { open, mut then } = open;
        let mut joined = Vec::with_capacity(results.len());
        for &(from_then, from_else, ty) in results {
            let otherwise = self.convert(from_else, ty);
            std::mem::swap(&mut self.block, &mut then);
            let from_then = self.convert(from_then, ty);
            std::mem::swap(&mut self.block, &mut then);
            let slot = Slot { ty, lanes: self.lanes(from_then) };
            let result = self.program.value(slot, "");
            joined.push(Joined { then: from_then, otherwise, result });
        }
        let after = joined.iter().map(|j| j.result).collect();
        let otherwise = std::mem::replace(&mut self.block, open.outer);
        let (condition, site) = (open.condition, open.site);
        self.push(Inst::If(If { condition, then, otherwise, results: joined, site }));
        after
    }

    fn enter(&mut self, carried: &[Entering]) -> Vec<ValueId> {
        carried.iter().map(|&(init, ty)| self.convert(init, ty)).collect()
    }

    fn params(&mut self, carried: &[Entering], inits: &[ValueId]) -> Vec<ValueId> {
        let slots = carried.iter().zip(inits).map(|((_, ty), init)| Slot { ty: *ty, lanes: self.lanes(*init) });
        let slots: Vec<Slot> = slots.collect();
        slots.into_iter().map(|slot| self.program.value(slot, "")).collect()
    }

    fn carry(&mut self, inits: &[ValueId], params: &[ValueId], next: &[ValueId]) -> Vec<Carried> {
        debug_assert_eq!(params.len(), next.len(), "a carried value without a next");
        let mut carried = Vec::with_capacity(params.len());
        for ((init, param), next) in inits.iter().zip(params).zip(next) {
            let slot = self.program.slot(*param);
            let next = self.convert(*next, slot.ty);
            let result = self.program.value(slot, "");
            carried.push(Carried { init: *init, param: *param, next, result });
        }
        carried
    }

    fn push(&mut self, inst: Inst) {
        self.block.push(inst);
    }
}

/// Dims for lowering's grids: `len` times, `stride` apart.
#[must_use]
pub const fn dim(stride: i64, len: u64) -> Dim {
    Dim { stride, len }
}

/// Whether what a gate computes follows from its operands alone, and is worth to be known.
const fn is_remembered(op: Op) -> bool {
    matches!(
        op,
        Op::Lt {}
            | Op::Not {}
            | Op::And {}
            | Op::Or {}
            | Op::Select {}
            | Op::Add {}
            | Op::Sub {}
            | Op::Mul {}
            | Op::Copy {}
            | Op::Relabel {}
            | Op::Const { .. }
    )
}

fn id_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// What of a line is kept for a place in that column, from 1: a line may be as long as a file, and have as many places.
fn excerpt(line: &str, column: u32) -> String {
    let cut = line.chars().count().saturating_sub(EXCERPT);
    let before = (column as usize).saturating_sub(EXCERPT / 3).min(cut);
    line.chars().skip(before).take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_kept_in_part_and_never_less() {
        let line: String = ('a'..='z').cycle().take(170).collect();
        assert_eq!(excerpt(&line[..160], 150), line[..160]);
        assert_eq!(excerpt(&line, 1), line[..160]);
        assert_eq!(excerpt(&line, 60), line[7..167]);
        assert_eq!(excerpt(&line, 170), line[10..]);
        assert_eq!(excerpt("", 9), "");
    }
}
