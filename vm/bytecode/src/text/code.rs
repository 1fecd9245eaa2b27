//! The reader's code: blocks, levels, entries, views.

use super::parse::{Parsed, Reader};
use super::token::Token;
use crate::codec::MAX_DEPTH;
use crate::module::{Bound, Dim, Entry, Gate, If, Index, Level, Loop, View, While};
use crate::op::{FunctionId, Op, SiteId, SlotId};

impl Reader<'_> {
    /// `{ level … level … }`.
    pub(super) fn block(&mut self, depth: usize) -> Parsed<Vec<Level>> {
        self.sign("{")?;
        if depth > MAX_DEPTH {
            return self.tokens.error("blocks that nest too deep");
        }
        let mut levels: Vec<Level> = Vec::new();
        while !self.try_sign("}")? {
            if self.try_word("level")? {
                levels.push(Level::default());
                continue;
            }
            let entry = self.entry(depth)?;
            match levels.last_mut() {
                Some(level) => level.entries.push(entry),
                None => return self.tokens.error("an entry outside a level"),
            }
        }
        Ok(levels)
    }

    fn entry(&mut self, depth: usize) -> Parsed<Entry> {
        if self.try_word("loop")? {
            let counter = self.slot_id()?;
            self.word("from")?;
            let from = self.bound()?;
            self.word("to")?;
            let (to, site) = (self.bound()?, self.site_id()?);
            let body = self.block(depth + 1)?;
            return Ok(Entry::Loop(Loop { counter, from, to, body, site }));
        }
        if self.try_word("while")? {
            let site = self.site_id()?;
            let head = self.block(depth + 1)?;
            let condition = self.slot_id()?;
            let body = self.block(depth + 1)?;
            return Ok(Entry::While(While { head, condition, body, site }));
        }
        if self.try_word("if")? {
            let (condition, site) = (self.slot_id()?, self.site_id()?);
            let then = self.block(depth + 1)?;
            let otherwise = if self.try_word("else")? { self.block(depth + 1)? } else { Vec::new() };
            return Ok(Entry::If(If { condition, then, otherwise, site }));
        }
        if self.try_word("call")? {
            let function = FunctionId(self.prefixed("f", "a function")?);
            return Ok(Entry::Call { function, site: self.site_id()? });
        }
        let dst = if self.at_slot() { Some(self.view()?) } else { None };
        if dst.is_some() {
            self.sign("=")?;
        }
        let op = self.op()?;
        self.sign("(")?;
        let args = self.list(")", Self::view)?;
        Ok(Entry::Gate(Gate { op, dst, args, site: self.site_id()? }))
    }

    /// An operation with its immediates, by the table.
    fn op(&mut self) -> Parsed<Op> {
        let Token::Word(mnemonic) = *self.tokens.peek() else { return self.tokens.unexpected("an operation") };
        self.tokens.take()?;
        let Some(info) = Op::by_mnemonic(mnemonic) else {
            return self.tokens.error(format!("`{mnemonic}` is no operation"));
        };
        let mut values: Vec<u64> = Vec::new();
        if !info.immediates.is_empty() {
            self.sign("{")?;
            for (i, name) in info.immediates.iter().copied().enumerate() {
                if i > 0 {
                    self.sign(",")?;
                }
                self.word(name)?;
                self.sign("=")?;
                values.push(self.number()?);
            }
            self.sign("}")?;
        }
        match Op::from_parts(info.code, &values) {
            Some(op) => Ok(op),
            None => self.tokens.error(format!("an immediate of `{mnemonic}` is out of range")),
        }
    }

    /// The number of a word that starts with a letter: `s12`, `f3`.
    fn prefixed(&mut self, letter: &str, what: &str) -> Parsed<u32> {
        let number = match *self.tokens.peek() {
            Token::Word(word) => word.strip_prefix(letter).and_then(|digits| digits.parse().ok()),
            _ => None,
        };
        match number {
            Some(number) => {
                self.tokens.take()?;
                Ok(number)
            }
            None => self.tokens.unexpected(what),
        }
    }

    fn slot_id(&mut self) -> Parsed<SlotId> {
        self.prefixed("s", "a register").map(SlotId)
    }

    /// Whether a register comes next; no operation is an `s` and digits.
    fn at_slot(&self) -> bool {
        matches!(*self.tokens.peek(), Token::Word(word)
            if word.strip_prefix('s').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit())))
    }

    fn site_id(&mut self) -> Parsed<SiteId> {
        self.sign("@")?;
        self.number().map(SiteId)
    }

    fn bound(&mut self) -> Parsed<Bound> {
        if self.at_slot() { self.slot_id().map(Bound::Slot) } else { self.number().map(Bound::Const) }
    }

    fn view(&mut self) -> Parsed<View> {
        let slot = self.slot_id()?;
        if !self.try_sign("[")? {
            return match self.module.slots.get(slot.index()) {
                Some(own) => Ok(View::whole(slot, own.lanes)),
                None => self.tokens.error(format!("register {} has no row", slot.0)),
            };
        }
        let offset: u64 = self.number()?;
        if self.try_sign("..")? {
            let end: u64 = self.number()?;
            self.sign("]")?;
            let Some(len) = end.checked_sub(offset) else {
                return self.tokens.error("a run that ends before it starts");
            };
            return Ok(View { slot, offset, index: None, dims: vec![Dim { stride: 1, len }] });
        }
        let index = if self.try_sign("+")? {
            let slot = self.slot_id()?;
            self.sign("*")?;
            Some(Index { slot, stride: self.number()? })
        } else {
            None
        };
        let dims = if self.try_sign(";")? {
            self.list("]", |reader| {
                let stride = reader.number()?;
                reader.word("x")?;
                Ok(Dim { stride, len: reader.number()? })
            })?
        } else {
            self.sign("]")?;
            Vec::new()
        };
        Ok(View { slot, offset, index, dims })
    }
}
