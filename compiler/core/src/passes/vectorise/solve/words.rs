//! Public companions of what is chosen, such as the place of a maximum, travel through the tree as words: a choice between words of w bits sends w bits,
//! that between numbers five elements of the ring.

use super::super::widen::{Widen, Widened};
use super::Handed;
use super::trees::Column;
use crate::ir::{Constant, Kind, Op, Ref, RegType, SiteId, Slot, ValueId};

/// Most bits of such a word.
const WIDEST: u32 = 62;

/// What words stand for: a number less the least one of all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    least: i64,
    greatest: i64,
}

impl Widen<'_> {
    /// What the turns bring as a column of words, with what `handed` is before the loop; `None` where they are not public whole numbers.
    pub(super) fn as_words(
        &mut self,
        handed: Option<&Handed>,
        turns: &Ref,
        carried: Slot,
        site: SiteId,
    ) -> Widened<Option<(Column, Option<Ref>, Words)>> {
        let public = matches!(self.program.ty(turns.value), RegType::Pub { kind: Kind::Int, .. });
        let before = handed.map(|handed| handed.range);
        // Of what is there before the loop it is enough to know which number it is.
        let known = before.is_none_or(|(lo, hi)| lo == hi);
        if !public || !known || !matches!(carried.ty, RegType::Arith { frac: 0, .. }) {
            return Ok(None);
        }
        let own = self.program.ty(turns.value).range();
        let (least, greatest) = before.map_or(own, |before| (own.0.min(before.0), own.1.max(before.1)));
        let Some(reach) = greatest.checked_sub(least).filter(|reach| reach >> WIDEST == 0) else { return Ok(None) };
        let ty = RegType::Bin { width: reach.checked_ilog2().map_or(1, |top| top + 1) };
        let all = self.lanes_of(carried.lanes)?;
        let shifted = if least == 0 {
            turns.clone()
        } else {
            let copy = self.emit(Op::Copy {}, vec![turns.clone()], self.program.ty(turns.value), all, site)?;
            let range = RegType::pub_int(own.0 - least, own.1 - least);
            Ref::whole(self.by(Op::Sub {}, copy, least, range, site)?, all)
        };
        let value = self.concat_of(vec![shifted], ty, all, site)?;
        let mut first = None;
        if let Some((word, _)) = before {
            let word = word - least;
            let known = RegType::pub_int(word, word);
            let value = self.constant(known, Constant::Words(vec![word]), carried.lanes, site)?;
            let value = self.concat_of(vec![Ref::whole(value, carried.lanes)], ty, carried.lanes, site)?;
            first = Some(Ref::whole(value, carried.lanes));
        }
        Ok(Some((Column { value, each: carried.lanes }, first, Words { least, greatest })))
    }

    /// The numbers that words stand for.
    pub(super) fn of_words(&mut self, value: ValueId, words: Words, site: SiteId) -> Widened<ValueId> {
        let Slot { ty, lanes } = self.program.slot(value);
        let Words { least, greatest } = words;
        let (_, most) = ty.range();
        let args = vec![Ref::whole(value, lanes)];
        let numbers = self.emit(Op::B2a { signed: false }, args, RegType::arith(0, most), lanes, site)?;
        let numbers = self.retyped(numbers, RegType::arith(0, greatest - least), site)?;
        if least == 0 {
            Ok(numbers)
        } else {
            self.by(Op::Add {}, numbers, least, RegType::arith(least, greatest), site)
        }
    }
}
