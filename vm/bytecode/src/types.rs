//! Types of registers and of the data that crosses the machine's border. Nothing here computes.

use std::borrow::Cow;

/// Most bits of a word. The longest that well-known circuits take is the 512-bit block of SHA-256.
pub const MAX_WIDTH: u32 = 1024;

/// What the lanes of a public register are, for printing and checking; all are stored as 64-bit integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An integer.
    Int,
    /// 0 or 1.
    Bool,
    /// A fixed-point number, stored as value · 2^frac.
    Fix,
}

/// The type of a register's lanes. Ranges are of the raw stored integer (for `fix`: value · 2^frac), inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegType {
    /// Known to every node.
    Pub {
        /// What the lanes are.
        kind: Kind,
        /// Least raw value.
        lo: i64,
        /// Greatest raw value.
        hi: i64,
        /// Fractional bits.
        frac: u32,
    },
    /// Secret numbers, shared arithmetically.
    Arith {
        /// Least raw value.
        lo: i64,
        /// Greatest raw value.
        hi: i64,
        /// Fractional bits.
        frac: u32,
    },
    /// Secret words of `width` bits, shared bit by bit; a secret `bool` has width 1.
    Bin {
        /// Bits (planes) a lane, 1 to [`MAX_WIDTH`].
        width: u32,
    },
}

impl RegType {
    /// A public boolean.
    pub const PUB_BOOL: Self = Self::Pub { kind: Kind::Bool, lo: 0, hi: 1, frac: 0 };
    /// A secret boolean.
    pub const BIN_BOOL: Self = Self::Bin { width: 1 };

    /// A public integer in a range.
    #[must_use]
    pub const fn pub_int(lo: i64, hi: i64) -> Self {
        Self::Pub { kind: Kind::Int, lo, hi, frac: 0 }
    }

    /// A secret integer in a range.
    #[must_use]
    pub const fn arith(lo: i64, hi: i64) -> Self {
        Self::Arith { lo, hi, frac: 0 }
    }

    /// Whether no single node knows the lanes.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        !matches!(self, Self::Pub { .. })
    }

    /// Inclusive raw range: of a number as declared, of a word as unsigned (saturated to 64-bit signed), of a `bool` 0..=1.
    #[must_use]
    pub const fn range(&self) -> (i64, i64) {
        match *self {
            Self::Pub { lo, hi, .. } | Self::Arith { lo, hi, .. } => (lo, hi),
            Self::Bin { width } if width < 63 => (0, (1 << width) - 1),
            Self::Bin { .. } => (0, i64::MAX),
        }
    }

    /// 64-bit words that a lane takes in the clear: one, or for words of more than 64 bits as many as these fill, least significant first.
    #[must_use]
    pub const fn limbs(&self) -> usize {
        match *self {
            Self::Bin { width: width @ 65.. } => width.div_ceil(64) as usize,
            Self::Pub { .. } | Self::Arith { .. } | Self::Bin { .. } => 1,
        }
    }

    /// Fractional bits of a number, 0 for everything else.
    #[must_use]
    pub const fn frac(&self) -> u32 {
        match *self {
            Self::Pub { frac, .. } | Self::Arith { frac, .. } => frac,
            Self::Bin { .. } => 0,
        }
    }
}

/// Bits of the shortest two's complement that holds `lo..=hi` (at least 1; 64 for the full range).
#[must_use]
pub const fn signed_width(lo: i64, hi: i64) -> u32 {
    let a = 64 - (if lo < 0 { !lo } else { lo }).leading_zeros();
    let b = 64 - (if hi < 0 { !hi } else { hi }).leading_zeros();
    (if a > b { a } else { b }) + 1
}

/// The type of an input or output as the manifest states it. A table is an array of structs; it is laid out by column, and each
/// scalar leaf, counted depth first, is one register of (product of the array extents above it) lanes, outer extents first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataType {
    /// `true` or `false`.
    Bool,
    /// An integer in a range.
    Int {
        /// Least value.
        lo: i64,
        /// Greatest value.
        hi: i64,
    },
    /// A fixed-point number with a raw range.
    Fix {
        /// Fractional bits.
        frac: u32,
        /// Least raw value.
        lo: i64,
        /// Greatest raw value.
        hi: i64,
    },
    /// An array of any rank.
    Array {
        /// Extents, outer first.
        shape: Vec<u64>,
        /// Type of an element.
        element: Box<DataType>,
    },
    /// A record.
    Struct {
        /// Name of the type.
        name: String,
        /// Field names and types, in order of declaration.
        fields: Vec<(String, DataType)>,
    },
    /// A tuple.
    Tuple(Vec<DataType>),
}

/// A scalar leaf of a [`DataType`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Field path from the root, for messages and CSV columns (`salary`, `address.zip`); empty for a scalar or plain array.
    pub path: String,
    /// The scalar type.
    pub scalar: DataType,
    /// Lanes: product of the extents above; `None` where that exceeds 64 bits.
    pub lanes: Option<u64>,
}

/// A scalar leaf of a [`DataType`] without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar<'t> {
    /// The scalar type.
    pub ty: &'t DataType,
    /// Lanes: product of the extents above; `None` where that exceeds 64 bits.
    pub lanes: Option<u64>,
    /// Bytes of its path.
    pub path_bytes: usize,
}

impl DataType {
    /// The scalar leaves, depth first, with their names: for messages and columns.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut out = Vec::new();
        self.walk(&mut Vec::new(), Some(1), &mut |scalar, path, lanes| {
            out.push(Leaf { path: path.join("."), scalar: scalar.clone(), lanes });
        });
        out
    }

    /// The scalar leaves, depth first: no more than the type has nodes, however long their names are.
    #[must_use]
    pub fn scalars(&self) -> Vec<Scalar<'_>> {
        let mut out = Vec::new();
        self.walk(&mut Vec::new(), Some(1), &mut |ty, path, lanes| {
            let dots = path.len().saturating_sub(1);
            out.push(Scalar { ty, lanes, path_bytes: path.iter().map(|name| name.len()).sum::<usize>() + dots });
        });
        out
    }

    fn walk<'t>(
        &'t self,
        path: &mut Vec<Cow<'t, str>>,
        lanes: Option<u64>,
        each: &mut impl FnMut(&'t Self, &[Cow<'t, str>], Option<u64>),
    ) {
        match self {
            Self::Bool | Self::Int { .. } | Self::Fix { .. } => each(self, path, lanes),
            Self::Array { shape, element } => {
                let lanes = lanes.and_then(|n| shape.iter().try_fold(n, |n, extent| n.checked_mul(*extent)));
                element.walk(path, lanes, each);
            }
            Self::Struct { fields, .. } => {
                for (name, ty) in fields {
                    path.push(Cow::Borrowed(name));
                    ty.walk(path, lanes, each);
                    path.pop();
                }
            }
            Self::Tuple(items) => {
                for (i, ty) in items.iter().enumerate() {
                    path.push(Cow::Owned(i.to_string()));
                    ty.walk(path, lanes, each);
                    path.pop();
                }
            }
        }
    }
}
