//! The digest that a session pins: SHA-256 of everything that an audit says, in one encoding.
//!
//! It covers the roles, params, inputs with types, lengths and whether their ranges are proven, and all disclosures in order: kind, name or message, receivers, types,
//! lengths, how often, what each depends on, through which operations, how many rows; then what coalitions can work out, and what is not analysed. It does not cover
//! file names, lines and texts of the source, nor how far rounding goes: a comment that moves a line changes no digest. How a page puts it has no part in it.

use super::{Audit, Coalition, Means, RecoveredColumn, RecoveredPart, Rounding, Shape, Told};
use crate::module::Receivers;
use crate::types::DataType;
use sha2::{Digest, Sha256};

/// What the encoding starts with; changes with it.
const VERSION: &str = "smpc audit 1";

/// What starts a digest as text.
const PREFIX: &str = "sha256:";

impl Audit {
    /// The digest.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut out = Encoder(Sha256::new());
        self.encode(&mut out);
        out.0.finalize().into()
    }

    fn encode(&self, out: &mut Encoder) {
        let Self {
            program,
            params,
            roles,
            inputs,
            disclosures,
            recoveries,
            left_out,
            cut_short,
            unclear,
            tight,
            proven,
        } = self;
        out.text(VERSION);
        out.text(program);
        out.list(params, |out, (name, value)| {
            out.text(name);
            out.signed(*value);
        });
        out.list(roles, |out, role| out.text(role));
        out.list(inputs, |out, input| {
            out.text(&input.name);
            out.option(input.member);
            out.number(input.role);
            out.flag(input.secret);
            out.list(&input.columns, |out, column| {
                out.text(&column.path);
                out.data(&column.ty);
                out.long(column.lanes);
                out.flag(column.proven.is_some());
                out.flag(column.told);
            });
        });
        out.list(disclosures, |out, one| {
            match &one.kind {
                Told::Output { name, member, rounding } => {
                    out.tag(0);
                    out.text(name);
                    out.option(*member);
                    match rounding {
                        None => out.tag(0),
                        Some(Rounding::AtMost(_)) => out.tag(1),
                        Some(Rounding::Unbounded(why, _)) => {
                            out.tag(2);
                            out.text(why);
                        }
                    }
                }
                Told::Opened { steers } => {
                    out.tag(1);
                    out.flag(*steers);
                    out.flag(one.place.is_library());
                }
                Told::Check { message } => {
                    out.tag(2);
                    out.text(message);
                }
            }
            match &one.to {
                Receivers::All => out.tag(0),
                Receivers::Roles(to) => {
                    out.tag(1);
                    out.list(to, |out, role| out.number(role.index()));
                }
            }
            match one.times {
                None => out.tag(0),
                Some(times) => {
                    out.tag(1);
                    out.long(times);
                }
            }
            out.list(&one.values, |out, value| {
                out.text(&value.path);
                out.data(&value.ty);
                out.long(value.lanes);
                out.tag(match value.shape {
                    Shape::Copies => 0,
                    Shape::Linear => 1,
                    Shape::Other => 2,
                });
                out.flag(value.random);
                out.flag(value.stochastic);
                out.list(&value.uses, |out, one| {
                    out.text(&one.input);
                    out.text(&one.path);
                    out.list(&one.inputs, |out, input| out.number(*input));
                    out.flag(one.secret);
                    out.means(one.how);
                    out.long(one.rows.0);
                    out.long(one.rows.1);
                    out.flag(one.at_most);
                    out.flag(one.row_by_row);
                });
            });
        });
        out.list(recoveries, |out, one| {
            out.number(one.owner.index());
            match &one.coalition {
                Coalition::Roles(roles) => {
                    out.tag(0);
                    out.list(roles, |out, role| out.number(role.index()));
                }
                Coalition::Others(count) => {
                    out.tag(1);
                    out.number(*count);
                }
            }
            out.list(&one.parts, |out, RecoveredPart { times, columns, each }| {
                out.text(times);
                out.flag(*each);
                out.list(columns, |out, RecoveredColumn { of, figure, how, rows, lanes }| {
                    out.list(of, |out, (input, column)| {
                        out.number(*input);
                        out.number(*column);
                    });
                    out.flag(figure.is_some());
                    out.means(*how);
                    out.long(*rows);
                    out.long(lanes.0);
                    out.long(lanes.1);
                });
            });
            out.flag(one.within.is_some());
            out.flag(one.modulo);
            out.flag(one.words);
            out.list(&one.from, |out, from| out.number(*from));
            out.number(one.tried);
        });
        out.list(left_out, |out, one| out.number(*one));
        out.flag(*cut_short);
        out.list(unclear, |out, (_, why)| out.tag(*why as u8));
        // Values within the computation are no promise to anyone; that they are proven to fit is.
        let _ = (tight, proven);
    }
}

/// Values one after the other, each with its length where that is not fixed: no two lists of values have one encoding.
struct Encoder(Sha256);

impl Encoder {
    fn tag(&mut self, tag: u8) {
        self.0.update([tag]);
    }

    fn flag(&mut self, flag: bool) {
        self.tag(flag.into());
    }

    fn long(&mut self, value: u64) {
        self.0.update(value.to_le_bytes());
    }

    fn number(&mut self, value: usize) {
        self.long(value as u64);
    }

    fn signed(&mut self, value: i64) {
        self.0.update(value.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text.as_bytes());
    }

    fn option(&mut self, value: Option<u32>) {
        self.flag(value.is_some());
        self.long(value.map_or(0, u64::from));
    }

    fn means(&mut self, means: Means) {
        self.long(means.number().into());
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.number(items.len());
        items.iter().for_each(|item| each(self, item));
    }

    /// A scalar type; others are not told.
    fn data(&mut self, ty: &DataType) {
        match ty {
            DataType::Bool => self.tag(0),
            DataType::Int { lo, hi } => {
                self.tag(1);
                self.signed(*lo);
                self.signed(*hi);
            }
            DataType::Fix { frac, lo, hi } => {
                self.tag(2);
                self.long((*frac).into());
                self.signed(*lo);
                self.signed(*hi);
            }
            DataType::Bits { width } => {
                self.tag(3);
                self.long((*width).into());
            }
            DataType::Enum { name, variants } => {
                self.tag(4);
                self.text(name);
                self.list(variants, |out, variant| out.text(variant));
            }
            DataType::Maybe(_)
            | DataType::Array { .. }
            | DataType::Rows { .. }
            | DataType::Struct { .. }
            | DataType::Tuple(_) => self.tag(5),
        }
    }
}

/// A digest as text: `sha256:` and 64 hexadecimal digits.
#[must_use]
pub fn print(digest: &[u8; 32]) -> String {
    digest.iter().fold(PREFIX.to_owned(), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
        text
    })
}

/// The digest that a text is.
#[must_use]
pub fn parse(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix(PREFIX)?.as_bytes();
    let mut digest = [0; 32];
    if digits.len() != 64 || digits.iter().any(|digit| !matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}
