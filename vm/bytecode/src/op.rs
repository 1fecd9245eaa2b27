//! The one table of operations.
//!
//! Everything that has to know the instruction set is derived from [`for_each_op!`](crate::for_each_op): the [`Op`] type, its numbers and
//! mnemonics, the encoder and decoder, the text form, the verifier's arms and `docs/bytecode.md`. The compiler's
//! IR uses the same vocabulary over SSA values. An operation that is added here and forgotten elsewhere does not compile.
//!
//! A gate is a function on mathematical integers. Its precondition is that operands and the exact result lie in their
//! registers' ranges; [`crate::semantics`] is its meaning. The domain of an operation follows from its operands: `add` of
//! two public registers is public, with a secret operand it is arithmetic and a public operand is a constant for the protocol.

/// An immediate operand: a number that is part of the instruction.
pub trait Immediate: Copy {
    /// The number that the encoding and the text form carry.
    fn to_bits(self) -> u64;
    /// The immediate for that number, or `None` where it is out of range.
    fn from_bits(bits: u64) -> Option<Self>;
}

impl Immediate for u64 {
    fn to_bits(self) -> u64 {
        self
    }
    fn from_bits(bits: u64) -> Option<Self> {
        Some(bits)
    }
}

impl Immediate for u32 {
    fn to_bits(self) -> u64 {
        u64::from(self)
    }
    fn from_bits(bits: u64) -> Option<Self> {
        u32::try_from(bits).ok()
    }
}

impl Immediate for bool {
    fn to_bits(self) -> u64 {
        u64::from(self)
    }
    fn from_bits(bits: u64) -> Option<Self> {
        match bits {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The index into the table that this id names.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl Immediate for $name {
            fn to_bits(self) -> u64 {
                u64::from(self.0)
            }
            fn from_bits(bits: u64) -> Option<Self> {
                u32::try_from(bits).ok().map(Self)
            }
        }
    )*};
}

ids! {
    /// A register of the module.
    SlotId;
    /// A constant of the module.
    ConstId;
    /// A netlist of the module.
    NetlistId;
    /// A function of the module: levels that several entries run.
    FunctionId;
    /// An input of the manifest.
    InputId;
    /// An output of the manifest.
    OutputId;
    /// A role of the manifest.
    RoleId;
    /// A message of the module, told when a `check` or a stop fails.
    MessageId;
    /// A place in the source.
    SiteId;
    /// A source file of the module's source map.
    FileId;
}

/// Hands the whole operation table to a macro: `number Variant "mnemonic" (operands) -> result { immediates }`.
///
/// Operand letters, read by the verifier and printed in the reference:
/// `p` public, `a` arithmetic, `b` binary, `n` public or arithmetic (a number), `l` public or binary (bits: a public integer that is not negative
/// stands for the word that spells it),
/// `v` any one domain. The result letter is `n`/`l`/`v` where the domain follows from the operands (secret if any operand is),
/// and `-` where there is none.
#[macro_export]
macro_rules! for_each_op {
    ($callback:ident) => {
        $callback! {
            // Moves.
            /// Loads a constant of the module; a constant of one value fills all lanes.
            0x01 Const "const" () -> p { constant: ConstId }
            /// Copies lanes; a public value becomes secret where the destination is, and in a word is spelled in binary. Views make it slice, broadcast,
            /// transpose and update.
            0x02 Copy "copy" (v) -> v {}
            /// Lane i of the result is lane `index[i]` of the first operand; an index out of bounds stops the run.
            0x03 Gather "gather" (v, p) -> v {}
            /// Writes lane i of the second operand to lane `index[i]` of the destination; `(values, index)`. An index that is out of
            /// bounds or repeated stops the run. The destination is a whole slot that keeps its other lanes.
            0x04 Scatter "scatter" (v, p) -> v {}

            /// The operand in a narrower range than its own. Public: checked, a value outside stops the run. Secret: a fact that the compiler
            /// has established (what the turns of a loop add up to, a `check` before it, the lesser of two); `plain` checks it.
            0x05 Relabel "relabel" (n) -> n {}
            /// As `const`, where a number stands for one of the source that it holds only to nearest: what is said of rounding counts half a unit.
            0x06 ConstRounded "const_rounded" () -> p { constant: ConstId }

            // Arithmetic on numbers.
            /// a + b, lane by lane.
            0x10 Add "add" (n, n) -> n {}
            /// a − b, lane by lane.
            0x11 Sub "sub" (n, n) -> n {}
            /// −a, lane by lane.
            0x12 Neg "neg" (n) -> n {}
            /// a · b, lane by lane; of two secrets one round.
            0x13 Mul "mul" (n, n) -> n {}
            /// Sums of products: with n result lanes, lane i is Σ_j a[i·len + j] · b[i·len + j]. One round and one element a result lane.
            0x14 Dot "dot" (n, n) -> n { len: u64 }
            /// Matrix product of a `rows × inner` and an `inner × cols` matrix, row by row. One round, one element a result lane.
            0x15 MatMul "matmul" (n, n) -> n { rows: u64, inner: u64, cols: u64 }
            /// Lane i is the sum of lanes i·len .. (i+1)·len.
            0x16 Sum "sum" (n) -> n { len: u64 }
            /// Running sums, inclusive, within groups of `len` lanes.
            0x17 PrefixSum "prefix_sum" (n) -> n { len: u64 }
            /// ⌊a / 2^bits⌋, exact.
            0x18 Trunc "trunc" (n) -> n { bits: u32 }
            /// ⌊a / 2^bits + ½⌋, exact: to nearest, ties up.
            0x19 Round "round" (n) -> n { bits: u32 }
            /// a / 2^bits rounded down or up, at random by the fraction: cheaper, within one unit. Nodes may know the threshold that decides, so that an opened result
            /// can tell how the fraction compares with it; `trunc` and `round` tell nothing but their result.
            0x1a TruncStochastic "trunc_stochastic" (n) -> n { bits: u32 }
            /// a / b truncated toward zero; 0 where b is 0. (A public b of 0 stops the run.)
            0x1b Div "div" (n, n) -> n {}
            /// The remainder of `div`, with the sign of a; a where b is 0. (A public b of 0 stops the run.)
            0x1c Rem "rem" (n, n) -> n {}
            /// a · 2^frac / b rounded to nearest, ties up; 0 where b is 0. (A public b of 0 stops the run.)
            0x1d FixDiv "fix_div" (n, n) -> n { frac: u32 }
            /// ⌊√(a · 2^frac) + ½⌋, and 0 for a negative a.
            0x1e Sqrt "sqrt" (n) -> n { frac: u32 }

            // Decisions.
            /// a < b, right for every pair in the operands' ranges.
            0x20 Lt "lt" (n, n) -> l {}
            /// a = b. Of words one AND less than they have bits, ⌈log2 width⌉ rounds.
            0x21 Eq "eq" (v, v) -> l {}
            /// b where the condition holds, else c: `(condition, b, c)`.
            0x22 Select "select" (l, v, v) -> v {}

            // Logic, plane by plane.
            /// Exclusive or; free.
            0x30 Xor "xor" (l, l) -> l {}
            /// Conjunction; of two secrets one round and one bit a lane and plane.
            0x31 And "and" (l, l) -> l {}
            /// Disjunction; as `and`.
            0x32 Or "or" (l, l) -> l {}
            /// Complement; free.
            0x33 Not "not" (l) -> l {}
            /// Planes `from ..` of the operand, as many as the result is wide; missing ones are 0.
            0x34 Planes "planes" (b) -> b { from: u32 }
            /// Evaluates a netlist on all lanes, one round an AND level; the operands are its inputs in order.
            0x35 Netlist "netlist" (b...) -> b { netlist: NetlistId }
            /// The planes of the operands one after another, least significant operand first; the result is as wide as all of them. Free: with
            /// `planes` it shifts, rotates, extends and packs.
            0x36 Join "join" (b...) -> b {}

            // Conversions.
            /// Two's complement of the result's width, which holds the operand's range.
            0x40 A2b "a2b" (a) -> b {}
            /// The number that the planes spell, in two's complement if `signed`.
            0x41 B2a "b2a" (b) -> a { signed: bool }

            // Input, opening, output.
            /// A leaf (column) of an input of the manifest. A secret number has the full 64-bit range until `prove_range`.
            0x50 Input "input" () -> v { input: InputId, leaf: u32 }
            /// Yields the operand with the result's declared range, proven where the protocol demands it, else relabelled.
            0x51 ProveRange "prove_range" (a) -> a {}
            /// Every node learns the operand; a word of at most 63 bits as the integer that it spells, or one bit as a `bool`. `steers` marks a result that
            /// reaches control flow, an index or a length.
            0x52 Open "open" (v) -> p { steers: bool }
            /// Sends a leaf of an output of the manifest to its receivers.
            0x53 Output "output" (v) -> - { output: OutputId, leaf: u32 }
            /// Every node learns whether all lanes hold; the run stops with the message if not. A barrier.
            0x54 Check "check" (l) -> - { message: MessageId }
            /// Stops the run with the message unless all lanes of the public operand hold. A barrier.
            0x55 StopUnless "stop_unless" (p) -> - { message: MessageId }
            /// Uniformly random bits, known to nobody.
            0x56 Random "random" () -> b {}

            // Sorting.
            /// The rows of a table in ascending order of its first column; equal ones stay in their order. The table has `columns` columns of as
            /// many lanes, one after another. Rounds and bytes depend on their number and on the operand's range alone.
            0x60 Sort "sort" (a) -> a { columns: u32 }

            // Arithmetic modulo 2^64.
            /// a + b modulo 2^64, as the integer in two's complement: for operands of any range. The result's register has the full range, unless it is
            /// public.
            0x70 AddWrap "add_wrap" (n, n) -> n {}
            /// a − b modulo 2^64, as `add_wrap`.
            0x71 SubWrap "sub_wrap" (n, n) -> n {}
            /// a · b modulo 2^64, as `add_wrap`; of two secrets one round.
            0x72 MulWrap "mul_wrap" (n, n) -> n {}
        }
    };
}

macro_rules! define_op {
    ($( $(#[doc = $doc:literal])* $code:literal $name:ident $mnemonic:literal ($($operand:tt)*) -> $result:tt
        { $($imm:ident : $imm_ty:ty),* } )*) => {
        /// An operation with its immediates. See [`for_each_op!`](crate::for_each_op) for the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Op {
            $(
                $(#[doc = $doc])*
                $name {
                    $(
                        #[allow(missing_docs, reason = "an immediate is described with its operation")]
                        $imm: $imm_ty
                    ),*
                },
            )*
        }

        impl Op {
            /// The number that the encoding carries.
            #[must_use]
            pub const fn code(&self) -> u8 {
                match self { $( Self::$name { .. } => $code, )* }
            }

            /// The word that the text form carries.
            #[must_use]
            pub const fn mnemonic(&self) -> &'static str {
                match self { $( Self::$name { .. } => $mnemonic, )* }
            }

            /// Name and value of each immediate, in order.
            #[must_use]
            pub fn immediates(&self) -> Vec<(&'static str, u64)> {
                match *self {
                    $( Self::$name { $($imm),* } => vec![ $( (stringify!($imm), Immediate::to_bits($imm)) ),* ], )*
                }
            }

            /// The operation with that number and these immediates in order, or `None` if there is none.
            #[must_use]
            pub fn from_parts(code: u8, immediates: &[u64]) -> Option<Self> {
                let mut rest = immediates.iter().copied();
                let op = match code {
                    $( $code => Self::$name { $( $imm: <$imm_ty as Immediate>::from_bits(rest.next()?)? ),* }, )*
                    _ => return None,
                };
                rest.next().is_none().then_some(op)
            }
        }

        /// A row of the operation table, for the text form and the reference.
        pub static OPS: &[OpInfo] = &[
            $( OpInfo {
                code: $code,
                mnemonic: $mnemonic,
                operands: stringify!($($operand)*),
                result: stringify!($result),
                immediates: &[ $( stringify!($imm) ),* ],
                doc: concat!($($doc),*),
            }, )*
        ];
    };
}

/// What the reference and the text form say of an operation.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// Its number in the encoding.
    pub code: u8,
    /// Its word in the text form.
    pub mnemonic: &'static str,
    /// Operand letters, as in [`for_each_op!`](crate::for_each_op).
    pub operands: &'static str,
    /// Result letter.
    pub result: &'static str,
    /// Names of its immediates.
    pub immediates: &'static [&'static str],
    /// What it does.
    pub doc: &'static str,
}

for_each_op!(define_op);

impl Op {
    /// The table row of this operation.
    #[must_use]
    pub fn info(&self) -> &'static OpInfo {
        let code = self.code();
        OPS.iter().find(|info| info.code == code).unwrap_or(&OPS[0])
    }

    /// The table row with that mnemonic.
    #[must_use]
    pub fn by_mnemonic(mnemonic: &str) -> Option<&'static OpInfo> {
        OPS.iter().find(|info| info.mnemonic == mnemonic)
    }
}
