//! Written types: what `int in 0..=9` or `secret [Employee; ROWS]` says of shape, ranges and secrecy, and whether a value keeps it.

use super::known::{self, Num};
use super::lanes::{show_place, show_range};
use super::modules::Modules;
use super::types::{FIX, Presence, Scalar, StructArg, Type};
use super::value::{Data, Leaf, Value};
use super::{Elaborator, Outcome, origin_label};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Kind, Op, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::{self, Extent, ItemKind, Secrecy, TypeArg, TypeKind};
use smpc_bytecode::interval::Interval;
use smpc_bytecode::types::MAX_WIDTH;
use std::rc::Rc;

/// Most lanes of a value.
pub(super) const MAX_LANES: u64 = 1 << 36;

/// A written type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Declared {
    /// Kind and shape.
    pub(super) ty: Type,
    /// The raw range of each scalar, where one is written.
    pub(super) ranges: Vec<Option<Interval>>,
    /// `secret` or `public`, if written.
    pub(super) secrecy: Option<Secrecy>,
    /// Where it is written.
    pub(super) span: Span,
}

/// What a bare `int` or `fix` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// Its range follows from the value.
    Open,
    /// A range is part of the data's description: 32 bits before the point.
    Data,
}

/// The range that the name of an integer type stands for.
fn named_range(name: &str) -> Option<Interval> {
    let bits: u32 = name.get(1..)?.parse().ok()?;
    let valid = bits.to_string() == name[1..];
    match &name[..1] {
        "i" if valid && (1..=64).contains(&bits) => Some(Interval::new(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
        "u" if valid && (1..=63).contains(&bits) => Some(Interval::new(0, (1 << bits) - 1)),
        _ => None,
    }
}

/// What a bare scalar of a data description holds.
fn bare_range(scalar: Scalar) -> Option<Interval> {
    let whole = Interval::new(-(1 << 31), (1 << 31) - 1);
    match scalar {
        Scalar::Bool | Scalar::Bits(_) => None,
        Scalar::Int => Some(whole),
        Scalar::Fix(frac) => {
            let scaled = Interval::new(whole.lo << frac, ((whole.hi + 1) << frac) - 1);
            Some(Interval::new(scaled.lo.max(Interval::FULL.lo), scaled.hi.min(Interval::FULL.hi)))
        }
    }
}

impl Elaborator<'_> {
    /// What a type says; size parameters that an extent names must be bound.
    pub(super) fn declared_type(&mut self, ty: &ast::Type, bare: Bare) -> Outcome<Declared> {
        let span = ty.span;
        match &ty.kind {
            TypeKind::Named { name, args, range } => self.named_type(name, args, range.as_deref(), span, bare),
            TypeKind::Array { element, extents } => {
                let inner = self.declared_type(element, bare)?;
                if inner.secrecy.is_some() {
                    return self.inner_secrecy(element.span);
                }
                if extents.is_empty() {
                    return self.error(Code::Syntax, span, "an array without a length", "write `[T; N]`");
                }
                if let [Extent::AtMost(extent)] = extents.as_slice() {
                    return self.rows_type(inner, extent, span);
                }
                let mut found = Vec::with_capacity(extents.len());
                for extent in extents {
                    match extent {
                        Extent::Exact(extent) => found.push(self.extent(extent)?),
                        Extent::AtMost(extent) => {
                            let message = "a table of at most so many rows has one dimension";
                            return self.error(Code::Syntax, extent.span, message, "write `[T; ..=ROWS]`");
                        }
                    }
                }
                let ty = inner.ty.arrays(&found);
                self.check_size(&ty, span)?;
                Ok(Declared { ty, ranges: inner.ranges, secrecy: None, span })
            }
            TypeKind::Tuple(parts) => {
                let mut types = Vec::with_capacity(parts.len());
                let mut ranges = Vec::new();
                for part in parts {
                    let inner = self.declared_type(part, bare)?;
                    if inner.secrecy.is_some() {
                        return self.inner_secrecy(part.span);
                    }
                    types.push(inner.ty);
                    ranges.extend(inner.ranges);
                }
                Ok(Declared { ty: Type::Tuple(types), ranges, secrecy: None, span })
            }
            TypeKind::With(secrecy, inner) => {
                let inner = self.declared_type(inner, bare)?;
                if inner.secrecy.is_some() {
                    return self.inner_secrecy(span);
                }
                Ok(Declared { secrecy: Some(*secrecy), span, ..inner })
            }
            TypeKind::Maybe(of) => {
                let inner = self.declared_type(of, bare)?;
                if inner.secrecy.is_some() {
                    return self.inner_secrecy(of.span);
                }
                if matches!(inner.ty.innermost(), Type::Maybe(..)) {
                    let message = "a value that may be absent twice";
                    return self.error(Code::Syntax, span, message, "write `maybe` once");
                }
                let ranges = [None].into_iter().chain(inner.ranges).collect();
                Ok(Declared { ty: Type::Maybe(Rc::new(inner.ty), Presence::Cell), ranges, secrecy: None, span })
            }
            TypeKind::Fn(..) => {
                let message = "functions are no values";
                self.error(Code::TypeMismatch, span, message, "a parameter may be a function: `f: fn(int) -> int`")
            }
        }
    }

    /// `[T; ..=N]`
    fn rows_type(&mut self, inner: Declared, extent: &ast::Expr, span: Span) -> Outcome<Declared> {
        if matches!(inner.ty, Type::Array(..) | Type::Maybe(..)) {
            let message = format!("a table of at most so many rows of `{}`", inner.ty);
            return self.error(Code::TypeMismatch, span, message, "its rows are a struct or a single value");
        }
        let most = self.extent(extent)?;
        let ty = Type::Maybe(Rc::new(inner.ty), Presence::Row).array(most);
        self.check_size(&ty, span)?;
        let ranges = [None].into_iter().chain(inner.ranges).collect();
        Ok(Declared { ty, ranges, secrecy: None, span })
    }

    fn inner_secrecy<T>(&mut self, span: Span) -> Outcome<T> {
        let message = "`secret` and `public` apply to a whole type";
        self.error(Code::Syntax, span, message, "write it once, in front: `secret [int; N]`")
    }

    fn named_type(
        &mut self,
        name: &ast::Name,
        args: &[TypeArg],
        range: Option<&ast::RangeBound>,
        span: Span,
        bare: Bare,
    ) -> Outcome<Declared> {
        let of = |ty: Type, range: Option<Interval>| Declared { ty, ranges: vec![range], secrecy: None, span };
        if let Some(ty) = self.frame().generics.types.get(&name.text).cloned() {
            if let Some(range) = range {
                let message = format!("`{}` is what the arguments make it", name.text);
                return self.error(Code::Syntax, range.span, message, "only `int` and `fix` have ranges");
            }
            let written = self.frame().generics.ranges.get(&name.text).cloned();
            let ranges = written.unwrap_or_else(|| vec![None; ty.leaf_count()]);
            return Ok(Declared { ty, ranges, secrecy: None, span });
        }
        let scalar = match name.text.as_str() {
            "bool" if range.is_none() => return Ok(of(Type::BOOL, None)),
            "int" => Scalar::Int,
            "fix" => Scalar::Fix(self.fraction_bits(args, span)?),
            "bits" => {
                if let Some(range) = range {
                    let message = "`bits` has no ranges";
                    return self.error(Code::Syntax, range.span, message, "only `int` and `fix` have ranges");
                }
                return Ok(of(Type::Scalar(Scalar::Bits(self.word_bits(args, span)?)), None));
            }
            text => {
                if let Some(named) = named_range(text) {
                    if let Some(range) = range {
                        let message = format!("`{text}` is a range already");
                        return self.error(Code::Syntax, range.span, message, "write `int in lo..=hi`");
                    }
                    return Ok(of(Type::INT, Some(named)));
                }
                if let Some(range) = range {
                    let message = format!("`{text}` has no ranges");
                    return self.error(Code::Syntax, range.span, message, "only `int` and `fix` have ranges");
                }
                return self.named_item(name, args, span, bare);
            }
        };
        let range = match range {
            Some(range) => Some(self.written_range(range, scalar)?),
            None if bare == Bare::Data => bare_range(scalar),
            None => None,
        };
        Ok(of(Type::Scalar(scalar), range))
    }

    fn fraction_bits(&mut self, args: &[TypeArg], span: Span) -> Outcome<u32> {
        let bits = match args {
            [] => return Ok(FIX),
            [bits] => self.size_argument(bits)?,
            _ => return self.error(Code::Syntax, span, "`fix` takes one number", "write `fix<24>`"),
        };
        match u32::try_from(bits) {
            Ok(bits) if (1..=known::MAX_FRAC).contains(&bits) => Ok(bits),
            _ => {
                let message = format!("`fix` has 1 to {} fractional bits", known::MAX_FRAC);
                self.error(Code::TooLarge, span, message, "write `fix<24>`")
            }
        }
    }

    fn word_bits(&mut self, args: &[TypeArg], span: Span) -> Outcome<u32> {
        let [bits] = args else {
            return self.error(Code::Syntax, span, "`bits` takes one number", "write `bits<32>` for words of 32 bits");
        };
        match u32::try_from(self.size_argument(bits)?) {
            Ok(bits) if (1..=MAX_WIDTH).contains(&bits) => Ok(bits),
            _ => {
                let message = format!("words have 1 to {MAX_WIDTH} bits");
                self.error(Code::TooLarge, span, message, "use an array of words: `[bits<32>; 64]`")
            }
        }
    }

    /// The type that an item declares.
    fn named_item(&mut self, name: &ast::Name, args: &[TypeArg], span: Span, bare: Bare) -> Outcome<Declared> {
        let module = self.frame().module;
        if self.frame().generics.has_type(&name.text) {
            let message = format!("what `{}` stands for is not known here", name.text);
            return self.error(Code::NotConst, span, message, "it follows from the result of a function argument");
        }
        let Some(id) = self.modules.find(module, &name.text) else {
            if self.modules.may_be_lost(module, &name.text, self.sources) {
                return Err(super::Reported);
            }
            return Err(self.report(unknown_type(name, span, self.modules, module)));
        };
        match &self.modules.item(id).kind {
            ItemKind::Struct(of) => {
                let args = self.struct_args(of, args, span, bare)?;
                let declared = self.struct_item(id, of, args)?;
                Ok(Declared { span, ..declared })
            }
            ItemKind::Enum { name, variants } if args.is_empty() => {
                let ty = self.enum_item(id, name, variants)?;
                let last = i128::try_from(variants.len()).unwrap_or(1) - 1;
                Ok(Declared { ty, ranges: vec![Some(Interval::new(0, last))], secrecy: None, span })
            }
            ItemKind::Error => Err(super::Reported),
            ItemKind::Enum { .. } => {
                let message = format!("`{}` takes no arguments", name.text);
                self.error(Code::Arity, span, message, "take `<…>` out")
            }
            _ => {
                let message = format!("`{}` is no type", name.text);
                self.error(
                    Code::TypeMismatch,
                    span,
                    message,
                    "types are `bool`, `int`, `fix`, `bits<N>`, arrays, tuples, structs and enums",
                )
            }
        }
    }

    /// What is written behind the name of a struct: `Pair<int>`.
    fn struct_args(
        &mut self,
        of: &ast::Struct,
        args: &[TypeArg],
        span: Span,
        bare: Bare,
    ) -> Outcome<Vec<(StructArg, Vec<Option<Interval>>)>> {
        if args.len() != of.generics.len() {
            let message =
                format!("`{}` takes {} arguments in `<…>`, not {}", of.name.text, of.generics.len(), args.len());
            let diagnostic = Diagnostic::new(Code::Arity, span, message)
                .label(of.name.span, "declared here")
                .help("write what each of its parameters stands for");
            return Err(self.report(diagnostic));
        }
        let mut found = Vec::with_capacity(args.len());
        for (generic, arg) in of.generics.iter().zip(args) {
            found.push(match (&generic.kind, arg) {
                (ast::GenericKind::Const, arg) => (StructArg::Size(self.size_argument(arg)?), Vec::new()),
                (ast::GenericKind::Type(_), TypeArg::Type(ty)) => {
                    let declared = self.declared_type(ty, bare)?;
                    (StructArg::Type(declared.ty), declared.ranges)
                }
                (ast::GenericKind::Type(_), TypeArg::Const(value)) => {
                    let message = format!("`{}` is a type, and this is a number", generic.name.text);
                    return self.error(Code::TypeMismatch, value.span, message, "write a type");
                }
            });
        }
        Ok(found)
    }

    /// The raw range that `in lo..=hi` stands for.
    fn written_range(&mut self, range: &ast::RangeBound, scalar: Scalar) -> Outcome<Interval> {
        let frac = scalar.frac();
        let mut ends = Vec::with_capacity(2);
        for (end, up) in [(&range.lo, true), (&range.hi, false)] {
            let value = self.known_number(end, "the end of a range")?;
            if scalar == Scalar::Int && !matches!(value, Num::Int(_)) {
                return self.error(
                    Code::TypeMismatch,
                    end.span,
                    "a range of `int` ends at integers",
                    "write `fix in lo..=hi`",
                );
            }
            ends.push(known::raw_bound(&value, frac, up));
        }
        let found = Interval::new(ends[0], ends[1]);
        if found.lo > found.hi {
            return self.error(
                Code::EmptyRange,
                range.span,
                "a range with nothing in it",
                "write the smaller end first",
            );
        }
        if !found.fits() {
            let message = "a range that does not fit in 64 bits";
            return self.error(Code::Overflow, range.span, message, "numbers lie in -2^63..=2^63-1");
        }
        Ok(found)
    }

    /// An extent of an array.
    pub(super) fn extent(&mut self, extent: &ast::Expr) -> Outcome<u64> {
        let value = self.known_integer(extent, "the length of an array")?;
        match u64::try_from(value) {
            Ok(extent) if extent <= MAX_LANES => Ok(extent),
            Ok(_) => {
                let message = format!("an array of {} elements", known::show_int(value));
                self.error(
                    Code::TooLarge,
                    extent.span,
                    message,
                    format!("the longest has {} elements", known::show_int(MAX_LANES.into())),
                )
            }
            Err(_) => self.error(Code::TooLarge, extent.span, "a negative length", "lengths start at 0"),
        }
    }

    /// Refuses a type with more lanes than any machine holds.
    pub(super) fn check_size(&mut self, ty: &Type, span: Span) -> Outcome<()> {
        let fits = |extents: &[u64]| {
            let lanes = extents.iter().try_fold(1_u64, |n, extent| n.checked_mul(*extent));
            lanes.is_some_and(|lanes| lanes <= MAX_LANES)
        };
        if ty.leaves().iter().all(|leaf| fits(&leaf.extents)) {
            return Ok(());
        }
        let message = format!("`{ty}` has more elements than fit");
        self.error(
            Code::TooLarge,
            span,
            message,
            format!("the longest array has {} elements", known::show_int(MAX_LANES.into())),
        )
    }

    /// The value as one of the written type: same shape, `int` as `fix`, ranges proven or (where public) checked as the program runs.
    pub(super) fn keep_promise(&mut self, value: Value, declared: &Declared, span: Span) -> Outcome<Value> {
        if declared.secrecy == Some(Secrecy::Public) {
            self.demand_public(&value, span)?;
        }
        let value = self.as_type(value, &declared.ty, span)?;
        let types = declared.ty.leaves();
        let mut leaves = Vec::with_capacity(types.len());
        for ((leaf, of), range) in value.leaves.into_iter().zip(&types).zip(&declared.ranges) {
            leaves.push(match range {
                Some(range) => self.within(leaf, of.scalar, *range, span)?,
                None => leaf,
            });
        }
        Ok(Value { ty: value.ty, leaves })
    }

    /// Refuses a secret value where everyone must know it.
    pub(super) fn demand_public(&mut self, value: &Value, span: Span) -> Outcome<()> {
        match self.secret_leaf(value) {
            None => Ok(()),
            Some(leaf) => {
                let origin = leaf.origin.clone();
                let diagnostic =
                    Diagnostic::new(Code::SecretToPublic, span, "a secret value where a public one is expected")
                        .help("if everyone may know it, write `reveal(…)`");
                let diagnostic = origin_label(diagnostic, origin.as_deref(), "is secret because of this");
                Err(self.report(diagnostic))
            }
        }
    }

    /// The value as one of that kind and shape; `int` becomes `fix`.
    pub(super) fn as_type(&mut self, value: Value, ty: &Type, span: Span) -> Outcome<Value> {
        let value = self.lifted(value, ty, span)?;
        if value.ty == *ty {
            return Ok(value);
        }
        let (from, into) = (value.ty.leaves(), ty.leaves());
        let becomes = |(at, (from, into)): (usize, (&super::types::LeafType, &super::types::LeafType))| {
            from.extents == into.extents
                && match (from.scalar, into.scalar) {
                    (a, b) if a == b => true,
                    (Scalar::Int, Scalar::Fix(_)) => true,
                    (Scalar::Fix(_), Scalar::Fix(_)) | (Scalar::Int | Scalar::Bits(_), Scalar::Bits(_)) => {
                        value.leaves[at].as_known().is_some()
                    }
                    _ => false,
                }
        };
        let scalars: Vec<Scalar> = into.iter().map(|leaf| leaf.scalar).collect();
        let same_shape = from.len() == into.len()
            && value.ty.with_scalars(&mut scalars.iter().copied()) == *ty
            && from.iter().zip(&into).enumerate().all(becomes);
        if same_shape {
            return self.rescale(&value, ty, span);
        }
        let shapes = value.ty.innermost() == ty.innermost();
        let help = match (value.ty.as_lanes(), ty.as_lanes()) {
            (Some((_, own)), Some((_, wanted))) if shapes => match (own, wanted) {
                ([], [len]) => format!("repeat it: `[x; {len}]`"),
                ([_], []) => "take one of its elements: `x[0]`".to_owned(),
                ([own], [wanted]) if own > wanted => format!("take a part of it: `x[0..{wanted}]`"),
                _ => format!("make it `{ty}`"),
            },
            (Some((Scalar::Bool, _)), Some((Scalar::Int, _))) => "write `x as int`: false is 0, true is 1".to_owned(),
            (Some((Scalar::Fix(_), _)), Some((Scalar::Int, _))) => "write `x as int`: it drops the fraction".to_owned(),
            (Some((Scalar::Fix(_), _)), Some((Scalar::Fix(_), _))) => format!("write `x as {}`", ty.innermost()),
            (Some((Scalar::Int, _)), Some((Scalar::Bool, _))) => "write `x != 0`".to_owned(),
            (Some((Scalar::Bits(_), _)), Some((Scalar::Int, _))) => "write `x as int`".to_owned(),
            (Some(_), Some((Scalar::Bits(width), _))) => format!("write `x as bits<{width}>`"),
            _ => format!("make it `{ty}`"),
        };
        let code = if shapes { Code::ShapeMismatch } else { Code::TypeMismatch };
        self.error(code, span, format!("expected `{ty}`, and this is `{}`", value.ty), help)
    }

    /// The leaf in a range that it must keep.
    fn within(&mut self, leaf: Leaf, scalar: Scalar, range: Interval, span: Span) -> Outcome<Leaf> {
        let frac = scalar.frac();
        let own = self.range(&leaf, frac);
        if own.within(range) || leaf.lanes() == 0 {
            return Ok(leaf);
        }
        if let (Data::Lanes(view), false) = (&leaf.data, self.is_secret(&leaf)) {
            let view = view.clone();
            return Ok(self.relabelled(&view, range, span).from(leaf.origin).relative(leaf.relative));
        }
        if let (Data::Lanes(view), Some(kept)) = (&leaf.data, self.kept_by_turns(&leaf, range)) {
            let view = view.clone();
            return Ok(self.relabelled(&view, kept, span).from(leaf.origin).relative(leaf.relative));
        }
        let message = "a value that may lie outside its written range";
        let show = |end: i128| known::show_raw(end, frac);
        let diagnostic = Diagnostic::new(Code::BrokenPromise, span, message)
            .here(format!("{}, not in {}", show_place(own, frac), show_range(range, frac)))
            .help(format!(
                "write `clamp(…, {}, {})`, or `narrow(…, {}..={}, \"why it holds\")`, which checks it as the program runs",
                show(range.lo),
                show(range.hi),
                show(range.lo),
                show(range.hi)
            ));
        let diagnostic = origin_label(diagnostic, leaf.origin.as_deref(), "has its range from here");
        Err(self.report(diagnostic))
    }

    /// The range in which all that the turns of the loops around can add keeps a leaf, where that lies in the given one.
    fn kept_by_turns(&mut self, leaf: &Leaf, range: Interval) -> Option<Interval> {
        let relative = leaf.relative?;
        if let Some(growth) = self.growing.get(&relative.base) {
            return (growth.holds(relative) && growth.range.within(range)).then_some(growth.range);
        }
        let allowance = self.allowances.get(&relative.base)?.take(relative)?;
        if !allowance.growth.range.within(range) {
            return None;
        }
        self.allowances.insert(relative.base, allowance);
        Some(allowance.growth.range)
    }

    /// The lanes in a narrower range: checked as the program runs where public, known to hold where secret.
    pub(super) fn relabelled(&mut self, view: &Ref, range: Interval, span: Span) -> Leaf {
        let own = self.builder.ty(view.value);
        let cut = |end: i128| i64::try_from(end.clamp(Interval::FULL.lo, Interval::FULL.hi)).unwrap_or(0);
        let (lo, hi) = (cut(range.lo), cut(range.hi));
        let ty = match own {
            RegType::Pub { kind: Kind::Bool, .. } | RegType::Bin { .. } => own,
            RegType::Pub { .. } | RegType::Arith { .. } => own.in_range(lo, hi),
        };
        self.at(span);
        let lanes = view.lanes();
        let value = self.builder.gate(Op::Relabel {}, vec![view.clone()], ty, lanes);
        Leaf::of(Ref::whole(value, lanes))
    }
}

/// Whether the language itself has a type of that name.
pub(crate) fn is_built_in(name: &str) -> bool {
    ["bool", "int", "fix", "bits"].contains(&name) || named_range(name).is_some()
}

/// No type has that name.
pub(super) fn unknown_type(name: &ast::Name, span: Span, modules: &Modules, module: usize) -> Diagnostic {
    let own = modules.get(module).names.keys().map(String::as_str);
    let near = super::similar(&name.text, ["bool", "int", "fix"].into_iter().chain(own));
    let help = match (name.text.as_str(), near) {
        ("float" | "double" | "f64" | "f32" | "decimal", _) => "write `fix` for numbers with a point".to_owned(),
        ("integer" | "number" | "usize" | "uint", _) => "write `int`".to_owned(),
        ("boolean", _) => "write `bool`".to_owned(),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        (_, None) => {
            "types are `bool`, `int`, `fix`, `bits<N>`, arrays, tuples and the file's structs and enums".to_owned()
        }
    };
    Diagnostic::new(Code::UnknownName, span, format!("no type `{}`", name.text)).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ranges() {
        assert_eq!(named_range("i8"), Some(Interval::new(-128, 127)));
        assert_eq!(named_range("i64"), Some(Interval::FULL));
        assert_eq!(named_range("u63"), Some(Interval::new(0, i64::MAX.into())));
        for name in ["u64", "i65", "i0", "i08", "x", "", "int"] {
            assert_eq!(named_range(name), None, "{name}");
        }
    }
}
