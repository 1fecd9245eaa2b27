//! Modules as text and back: what `smpcc inspect` shows, and what tests and bug reports are written in.
//!
//! ```text
//! program "main.smpc"
//! role 0 "Acme"
//! input 0 "pay" from 0 secret: [3] int(0..=9)     // Acme gives 0..=9 x 3
//! output 0 "total" to all: int(0..=27)            // everyone learns 0..=27
//! slot 0: arith(full)[3]
//! slot 1: arith(0..=9)[3]
//! slot 2: arith(0..=27)[1]
//! file 0 "main.smpc"
//! site 0: 0:9:5 "let total = sum(pay)"
//! main {
//!   level
//!     s0 = input{input=0, leaf=0}() @0            // main.smpc:9  let total = sum(pay)
//! …
//! }
//! ```
//!
//! * Tables come first, each row with its number: `param`, `role`, `input`, `output`, `slot`, `const`, `netlist`, `message`, `file`, `site`; then
//!   `function`s and `main`.
//! * A type of a register is `pub.int`, `pub.bool`, `pub.fix.16`, `arith`, `arith.16` with the range of the raw numbers (`full` for all of 64 bits), or
//!   `bin.8`; its lanes stand in brackets. A type of data is `bool`, `int(lo..=hi)`, `fix.16(lo..=hi)`, `[3, 4] element`, `struct "S" {"a": …}`, `(…, …)`,
//!   `bits.64`, `enum "Arm" {"Left", "Right"}`, `maybe value`, `[..=9] row`. How a field is read stands before its colon: `"a" column "Pay" scale 100: …`, or
//!   `date`, or `key`.
//! * A view is `s3` for a whole register, `s3[4]` for a lane, `s3[4..9]` for a run, `s3[4 + s0*2; -1 x 5, 0 x 2]` in general: an offset, a public
//!   register times a stride, and up to any number of strides with how often they are taken.
//! * A gate is `view = mnemonic{immediate=number}(views) @site`; a constant is its words in brackets or `start step difference`.
//! * `//` starts a comment; comments are for the reader and say nothing that the rest does not.
//!
//! The text of a module reads back as that very module, also of one that [`crate::verify`] refuses. Strings from the file are escaped wherever
//! they appear, so that a stranger's module cannot write to the terminal what it likes.

mod code;
mod parse;
mod print;
mod token;

pub use parse::parse;
pub use print::print;

use std::fmt;

/// Why a text is no module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for TextError {}
