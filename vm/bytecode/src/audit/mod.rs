//! What a program reveals, to whom, what that depends on, and what coalitions of roles could work out from it: an analysis of a verified module, so that operators
//! trust the file that they run and not its source. Pure; nothing here formats a page.
//!
//! Four questions, a part each:
//!
//! 1. what does each register depend on, and how (`walk.rs`, `gates.rs`, over the domain of `value.rs`, `lanes.rs`, `form.rs`);
//! 2. what is told to whom (outputs, opened values, checks), and of how many rows (`tell.rs`);
//! 3. which coalition can work out whose input from what is told, in the linear cases (`coalition.rs`, `linear.rs`);
//! 4. which ranges are promised, and which values come near the end of 64 bits (`ranges.rs`).
//!
//! Dependence is never understated: what may depend is said to. Numbers of rows are exact, or marked as "at most". What a coalition can work out is exact for
//! affine outputs, and never overstated; what is not analysed is listed.

mod coalition;
pub mod digest;
mod form;
mod gates;
mod lanes;
mod linear;
mod ranges;
mod tell;
mod value;
mod walk;

pub use coalition::Coalition;
pub use ranges::{Column, InputFacts, Tight};
pub use walk::Unclear;

use crate::module::{Module, Receivers};
use crate::op::{RoleId, SiteId};
use crate::rounding::Bound;
use crate::types::DataType;
use crate::verify::Verified;
use std::ops::{BitOr, BitOrAssign};

/// Kinds of operations through which something depends on something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Means(u32);

macro_rules! means {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $words:literal;)*) => {
        impl Means {
            /// None: copies and moves.
            pub const NONE: Self = Self(0);
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*

            /// The kinds, in words, in the order of this table.
            #[must_use]
            pub fn words(self) -> Vec<&'static str> {
                let mut found = Vec::new();
                $(if self.has(Self::$name) { found.push($words); })*
                found
            }
        }
    };
}

means! {
    /// Added or subtracted.
    SUM = 0, "sums";
    /// Multiplied or divided by a known number.
    SCALED = 1, "a known factor";
    /// Rounded or truncated.
    ROUNDED = 2, "rounding";
    /// Multiplied by another value.
    PRODUCT = 3, "products";
    /// Divided by another value, or a divisor.
    DIVIDED = 4, "quotients";
    /// Entered a remainder.
    REMAINDER = 5, "remainders";
    /// Entered a square root.
    ROOT = 6, "square roots";
    /// Compared.
    COMPARED = 7, "comparisons";
    /// May have been chosen, or not.
    SELECTED = 8, "a choice between values";
    /// Decides: a choice, whether something runs, or how often.
    DECIDES = 9, "deciding what is chosen or what runs";
    /// Put in order.
    ORDER = 10, "sorting";
    /// Says which element is meant.
    INDEX = 11, "saying which element is meant";
    /// Exclusive or.
    XOR = 12, "exclusive or";
    /// Bit by bit, or as a truth value.
    BITS = 13, "logic on bits";
    /// Through a circuit.
    CIRCUIT = 14, "a circuit";
    /// Arithmetic modulo 2^64.
    WRAP = 15, "arithmetic modulo 2^64";
    /// Through a value that is revealed before.
    OPENED = 16, "a value that is revealed on the way";
}

impl Means {
    /// Whether it has one of these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it has none but sums, known factors and rounding.
    #[must_use]
    pub const fn is_linear(self) -> bool {
        self.0 & !(Self::SUM.0 | Self::SCALED.0 | Self::ROUNDED.0) == 0
    }

    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

impl BitOr for Means {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Means {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The analysis of a module.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Path of the main source.
    pub program: String,
    /// Params with the values that were compiled in.
    pub params: Vec<(String, i64)>,
    /// Roles, in order.
    pub roles: Vec<String>,
    /// Inputs, in order.
    pub inputs: Vec<InputFacts>,
    /// What is told: opened values and checks in the order in which they are, then outputs in order of declaration.
    pub disclosures: Vec<Disclosure>,
    /// What coalitions can work out of others' inputs.
    pub recoveries: Vec<Recovery>,
    /// Disclosures that are affine but too many or too long for the search of coalitions, by their place in `disclosures`.
    pub left_out: Vec<usize>,
    /// Whether that search ended early.
    pub cut_short: bool,
    /// Where something is not analysed exactly.
    pub unclear: Vec<(Place, Unclear)>,
    /// The secret numbers whose ranges come nearest to the end of 64 bits, nearest first.
    pub tight: Vec<Tight>,
    /// Secret numbers that the verifier has proven to stay in their ranges.
    pub proven: usize,
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its file; library modules are `std/…`.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// What stands there.
    pub text: String,
}

impl Place {
    fn of(module: &Module, site: SiteId) -> Self {
        let site = module.sources.sites.get(site.index());
        let file = site.and_then(|site| module.sources.files.get(site.file.index()));
        Self {
            file: file.cloned().unwrap_or_default(),
            line: site.map_or(0, |site| site.line),
            text: site.map_or_else(String::new, |site| site.text.trim().to_owned()),
        }
    }

    /// Whether it is of the library.
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.file.starts_with("std/")
    }
}

/// Something that is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Disclosure {
    /// What it is.
    pub kind: Told,
    /// Who learns it. [`Receivers::All`] are all nodes and roles.
    pub to: Receivers,
    /// Where it stands.
    pub place: Place,
    /// The calls on the way there.
    pub calls: Vec<Place>,
    /// How often it is told; `None` where that is not known beforehand.
    pub times: Option<u64>,
    /// Its values: a leaf of an output each.
    pub values: Vec<Released>,
}

/// A kind of disclosure.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// An output.
    Output {
        /// Its name.
        name: String,
        /// The member of a counted role that receives this value.
        member: Option<u32>,
        /// How far rounding may take it, where it has `fix` numbers.
        rounding: Option<Rounding>,
    },
    /// A value that every node learns on the way.
    Opened {
        /// Whether it decides what runs, or which elements are meant.
        steers: bool,
    },
    /// Whether something holds; the run stops if not.
    Check {
        /// What is said then.
        message: String,
    },
}

/// How far rounding may take an output from exact arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub enum Rounding {
    /// At most so far, as a number of the output.
    AtMost(f64),
    /// There is no bound: why, and where.
    Unbounded(String, Place),
}

impl Rounding {
    fn of(module: &Module, found: &crate::rounding::OutputRounding) -> Self {
        match found.rounding.bound {
            Bound::Units(_) => Self::AtMost(crate::rounding::absolute(found.rounding.bound, found.frac)),
            Bound::None(cause, site) => Self::Unbounded(cause.to_string(), Place::of(module, site)),
        }
    }
}

/// Values that are told.
#[derive(Clone, Debug, PartialEq)]
pub struct Released {
    /// The field, empty where there is only one.
    pub path: String,
    /// The type of each.
    pub ty: DataType,
    /// How many.
    pub lanes: u64,
    /// What they depend on.
    pub uses: Vec<Dependence>,
    /// How they follow from that.
    pub shape: Shape,
    /// Whether random bits that nobody knows have a part in them.
    pub random: bool,
    /// Whether a stochastic truncation has a part in them.
    pub stochastic: bool,
}

/// How told values follow from inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// They are inputs as they are, or known.
    Copies,
    /// Sums of known multiples of inputs, and of figures that one role's data alone give; up to rounding.
    Linear,
    /// Something else, at least one of them.
    Other,
}

/// A column of inputs that values depend on. Inputs of one name that do so in the same way are one dependence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependence {
    /// Name of the inputs.
    pub input: String,
    /// The field, empty where there is only one.
    pub path: String,
    /// The inputs, by their places in [`Audit::inputs`].
    pub inputs: Vec<usize>,
    /// Whether only its owner knows it.
    pub secret: bool,
    /// Through which kinds of operations.
    pub how: Means,
    /// Rows of each that a value depends on: of the value with the fewest, and with the most.
    pub rows: (u64, u64),
    /// Whether these may be too many.
    pub at_most: bool,
    /// Whether each value depends on a single row of its own.
    pub row_by_row: bool,
}

/// What a coalition can work out of a role's input.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovery {
    /// Whose input.
    pub owner: RoleId,
    /// Who works together.
    pub coalition: Coalition,
    /// What they learn: a sum of multiples of these.
    pub parts: Vec<RecoveredPart>,
    /// Within which distance, in units of the input's last place; `None` where exactly.
    pub within: Option<f64>,
    /// Whether only modulo 2^64.
    pub modulo: bool,
    /// Whether parts are joined by exclusive or.
    pub words: bool,
    /// Disclosures that it follows from, by their places in [`Audit::disclosures`].
    pub from: Vec<usize>,
    /// All coalitions of fewer members were tried.
    pub tried: usize,
}

/// A part of what a coalition can work out.
#[derive(Clone, Debug, PartialEq)]
pub struct RecoveredPart {
    /// The factor, as a fraction.
    pub times: String,
    /// The columns whose lanes are added up.
    pub columns: Vec<RecoveredColumn>,
    /// Whether it is each row by itself, and not their sum.
    pub each: bool,
}

/// Rows of a column, or of a figure that one role's data give.
#[derive(Clone, Debug, PartialEq)]
pub struct RecoveredColumn {
    /// The column; of a figure those that it depends on: places in [`Audit::inputs`] and of the column in it.
    pub of: Vec<(usize, usize)>,
    /// Where a figure is computed; `None` for a column itself.
    pub figure: Option<Place>,
    /// Through which kinds of operations a figure depends on them.
    pub how: Means,
    /// Rows of inputs that one lane of a figure depends on at least.
    pub rows: u64,
    /// The first row, and the one behind the last.
    pub lanes: (u64, u64),
}

impl RecoveredPart {
    /// Rows that are added up; one where each is meant by itself.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let one = |column: &RecoveredColumn| if self.each { 1 } else { column.lanes.1 - column.lanes.0 };
        self.columns.iter().map(|column| one(column).saturating_mul(column.rows)).fold(0, u64::saturating_add)
    }
}

/// How much a recovery matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A receiver alone learns single values of another role.
    Serious,
    /// A receiver alone learns totals of another role, or two together learn single values.
    Notable,
    /// Two together learn totals of a third.
    Minor,
    /// It takes three or more: no finding, and stated all the same.
    Stated,
}

impl Recovery {
    /// How many work together.
    #[must_use]
    pub const fn members(&self) -> usize {
        match &self.coalition {
            Coalition::Roles(roles) => roles.len(),
            Coalition::Others(count) => *count,
        }
    }

    /// Whether it is a single row, or each by itself, rather than a total.
    #[must_use]
    pub fn single(&self) -> bool {
        matches!(&self.parts[..], [part] if part.rows() <= 1)
    }

    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match (self.members(), self.single()) {
            (0 | 1, true) => Severity::Serious,
            (0 | 1, false) | (2, true) => Severity::Notable,
            (2, false) => Severity::Minor,
            _ => Severity::Stated,
        }
    }
}

/// A module has more code, or deeper nested loops, than can be analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the program has too much code, or loops nested too deep, for an audit")
    }
}

impl std::error::Error for TooLarge {}

/// Analyses a module.
///
/// # Errors
/// It is too large.
pub fn audit(module: &Verified<Module>) -> Result<Audit, TooLarge> {
    let mut walk = walk::Walk::new(module);
    walk.levels(&module.main);
    if walk.gave_up() {
        return Err(TooLarge);
    }
    let (disclosures, recoveries) = tell::tell(&walk);
    let mut unclear: Vec<(Place, Unclear)> =
        walk.unclear.iter().map(|(site, why)| (Place::of(module, *site), *why)).collect();
    unclear.dedup();
    let (tight, proven) = ranges::tight(module);
    Ok(Audit {
        program: module.manifest.program.clone(),
        params: module.manifest.params.clone(),
        roles: module.manifest.roles.clone(),
        inputs: ranges::inputs(module, &disclosures),
        disclosures,
        recoveries: recoveries.found,
        left_out: recoveries.left_out,
        cut_short: recoveries.cut_short,
        unclear,
        tight,
        proven,
    })
}

#[cfg(test)]
mod tests;
