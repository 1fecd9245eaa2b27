//! Small constructors for the grammar's actions.

use super::ast::{BinaryOp, Block, Decimal, Expr, ExprKind, Stmt, StmtKind, Type, TypeKind};
use crate::source::{FileId, Span};
use num_bigint::BigUint;

/// A span from byte offsets.
#[allow(clippy::cast_possible_truncation, reason = "texts of 4 GiB are refused before they are read")]
pub(super) const fn span(file: FileId, start: usize, end: usize) -> Span {
    Span { file, start: start as u32, end: end as u32 }
}

pub(super) const fn ex(file: FileId, l: usize, r: usize, kind: ExprKind) -> Expr {
    Expr { kind, span: span(file, l, r) }
}

pub(super) const fn ty(file: FileId, l: usize, r: usize, kind: TypeKind) -> Type {
    Type { kind, span: span(file, l, r) }
}

pub(super) fn binary(file: FileId, l: usize, r: usize, left: Expr, op: (BinaryOp, Span), right: Expr) -> Expr {
    let (op, op_span) = op;
    ex(file, l, r, ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) })
}

/// Most bits of a word that is written out.
const LITERAL_BITS: u64 = 1024;

/// An integer literal: decimal, `0x…`, `0b…`, with underscores.
pub(super) fn integer(file: FileId, l: usize, r: usize, text: &str) -> Expr {
    let digits = text.replace('_', "");
    let radix = match digits.get(..2) {
        Some("0x") => 16,
        Some("0b") => 2,
        _ => return ex(file, l, r, ExprKind::Int(digits.parse().ok())),
    };
    let value = i128::from_str_radix(&digits[2..], radix).ok();
    let wide = || BigUint::parse_bytes(&digits.as_bytes()[2..], radix).filter(|wide| wide.bits() <= LITERAL_BITS);
    let kind = match value.is_none().then(wide).flatten() {
        Some(wide) => ExprKind::Word(wide),
        None => ExprKind::Int(value),
    };
    ex(file, l, r, kind)
}

/// A fixed-point literal, kept exactly.
pub(super) fn number(file: FileId, l: usize, r: usize, text: &str) -> Expr {
    ex(file, l, r, ExprKind::Fix(decimal(text)))
}

fn decimal(text: &str) -> Option<Decimal> {
    let text = text.replace('_', "").to_ascii_lowercase();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().ok()?;
    let digits = format!("{whole}{part}").parse().ok()?;
    let scale = i32::try_from(part.len()).ok()?.checked_sub(exponent)?;
    (-60..=60).contains(&scale).then_some(Decimal { digits, scale })
}

pub(super) fn tuple_index(file: FileId, l: usize, il: usize, r: usize, e: Expr, text: &str) -> Expr {
    let index = text.parse().unwrap_or(u32::MAX);
    ex(file, l, r, ExprKind::TupleIndex(Box::new(e), index, span(file, il, r)))
}

/// A block; a block-like last statement without a semicolon is its value.
pub(super) fn block(span: Span, mut statements: Vec<Stmt>, value: Option<Expr>) -> Block {
    let mut value = value.map(Box::new);
    if value.is_none()
        && let Some(Stmt { kind: StmtKind::Expr(last), span }) = statements.last()
        && last.span == *span
        && matches!(last.kind, ExprKind::If { otherwise: Some(_), .. } | ExprKind::Block(_) | ExprKind::Match(..))
    {
        value = Some(Box::new(last.clone()));
        statements.pop();
    }
    Block { statements, value, span }
}
