//! The syntax tree: what was written, with the place of everything. It knows no types and no names; it can hold everything that
//! the grammar accepts, also what a later pass refuses.

use crate::source::Span;
use num_bigint::BigUint;

/// A word and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// The items, in source order.
    pub items: Vec<Item>,
    /// Pieces that did not parse: what they declare is not known.
    pub lost: Vec<Span>,
}

/// An item with what is written above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Lines of `///`.
    pub docs: Vec<String>,
    /// `#[…]`.
    pub attributes: Vec<Attribute>,
    /// What it is.
    pub kind: ItemKind,
    /// Where, from the first word to the end.
    pub span: Span,
}

/// `#[name]`, `#[name(argument, key = value)]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: Name,
    /// Its arguments.
    pub arguments: Vec<(Name, Option<Expr>)>,
    /// Where.
    pub span: Span,
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `party A, B[N];`
    Party(Vec<Party>),
    /// `input …;`
    Input(Input),
    /// `param NAME: type = value;`
    Param {
        /// Name.
        name: Name,
        /// Type.
        ty: Type,
        /// Default.
        value: Expr,
    },
    /// `const NAME = value;`
    Const {
        /// Name.
        name: Name,
        /// Type, if written.
        ty: Option<Type>,
        /// Value.
        value: Expr,
    },
    /// `struct Name { … }`
    Struct(Struct),
    /// `enum Name { A, B }`
    Enum {
        /// Name.
        name: Name,
        /// Variants.
        variants: Vec<Name>,
    },
    /// `fn …`
    Fn(Fn),
    /// `use a::b::{c, d};`
    Use(Use),
    /// `circuit name("file") : (types) -> type;`
    Circuit {
        /// Name.
        name: Name,
        /// File.
        file: String,
        /// Types of the operands.
        params: Vec<Type>,
        /// Type of the result.
        result: Type,
    },
    /// `policy name { key: value, … }`
    Policy {
        /// Name.
        name: Name,
        /// Settings.
        settings: Vec<(Name, Expr)>,
    },
    /// A piece that did not parse; what depends on it stays silent.
    Error,
}

/// A declared role.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    /// Name.
    pub name: Name,
    /// Number of members, for a counted role.
    pub count: Option<Expr>,
}

/// `input name: secret T from Role;`
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Name.
    pub name: Name,
    /// `secret`, `public`, or nothing.
    pub secrecy: Option<(Secrecy, Span)>,
    /// Type of one value.
    pub ty: Type,
    /// `each` stands before the role.
    pub each: bool,
    /// Who supplies it.
    pub role: RoleRef,
}

/// A written secrecy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// `public`.
    Public,
    /// `secret`.
    Secret,
}

/// `Role` or `Role[0]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleRef {
    /// The role.
    pub name: Name,
    /// The member.
    pub index: Option<Expr>,
    /// Where.
    pub span: Span,
}

/// `struct Name<T> { field: type, … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Struct {
    /// Name.
    pub name: Name,
    /// Generics.
    pub generics: Vec<Generic>,
    /// Fields.
    pub fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// `#[csv(…)]`.
    pub attributes: Vec<Attribute>,
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: Type,
}

/// `T`, `T: num`, `const N`.
#[derive(Clone, Debug, PartialEq)]
pub struct Generic {
    /// Name.
    pub name: Name,
    /// What it stands for.
    pub kind: GenericKind,
}

/// What a generic stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum GenericKind {
    /// A size.
    Const,
    /// A type, with its bound.
    Type(Option<Name>),
}

/// A function.
#[derive(Clone, Debug, PartialEq)]
pub struct Fn {
    /// Name.
    pub name: Name,
    /// Generics.
    pub generics: Vec<Generic>,
    /// Parameters.
    pub params: Vec<Param>,
    /// Type of the result.
    pub result: Option<Type>,
    /// Body.
    pub body: Block,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: Type,
}

/// `use a::b::{c, d};`
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The module: `std::stats` or `my_helpers`.
    pub path: Vec<Name>,
    /// What of it.
    pub what: UseWhat,
}

/// What a `use` brings in.
#[derive(Clone, Debug, PartialEq)]
pub enum UseWhat {
    /// `*`
    All(Span),
    /// Names.
    Names(Vec<Name>),
}

/// A written type.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// What.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// The kinds of types.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `bool`, `int`, `i32`, `Claim`, `T`, with generic arguments (`fix<24>`, `bits<8>`).
    Named {
        /// The name.
        name: Name,
        /// Arguments.
        args: Vec<TypeArg>,
        /// `in lo..=hi`.
        range: Option<Box<RangeBound>>,
    },
    /// `[T; N, M]`
    Array {
        /// Element.
        element: Box<Type>,
        /// Extents.
        extents: Vec<Extent>,
    },
    /// `(T, U)`
    Tuple(Vec<Type>),
    /// `maybe T`
    Maybe(Box<Type>),
    /// `secret T`, `public T`
    With(Secrecy, Box<Type>),
    /// `fn(T, U) -> V`
    Fn(Vec<Type>, Box<Type>),
}

/// A generic argument: what it is depends on what the name declares.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeArg {
    /// A type (or a name that may be a const).
    Type(Type),
    /// A size.
    Const(Expr),
}

/// `lo..=hi` of a type.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeBound {
    /// Least value.
    pub lo: Expr,
    /// Greatest value.
    pub hi: Expr,
    /// Where.
    pub span: Span,
}

/// An extent of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Extent {
    /// `N`
    Exact(Expr),
    /// `..=N`
    AtMost(Expr),
}

/// `{ statements; value }`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Statements.
    pub statements: Vec<Stmt>,
    /// The value, if the last expression has no semicolon.
    pub value: Option<Box<Expr>>,
    /// Where.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `let [mut] pattern [: type] = value;`
    Let {
        /// Whether it can be assigned again.
        mutable: bool,
        /// The name or names.
        pattern: Pattern,
        /// Declared type.
        ty: Option<Type>,
        /// Value.
        value: Expr,
    },
    /// `place = value;`, `place += value;`
    Assign {
        /// What is written; parsed as an expression and checked later.
        place: Expr,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
        /// The right side.
        value: Expr,
    },
    /// An expression for its effect.
    Expr(Expr),
    /// `for pattern in source [while condition] { … }`
    For {
        /// The variable or variables.
        pattern: Pattern,
        /// Range, array or table.
        source: Expr,
        /// The stop condition.
        condition: Option<Expr>,
        /// Body.
        body: Block,
    },
    /// `while condition { … }`
    While {
        /// Condition.
        condition: Expr,
        /// Body.
        body: Block,
    },
    /// `break;`
    Break,
    /// `continue;`
    Continue,
    /// `return value;`
    Return(Option<Expr>),
    /// `output name = value under policy(of) to receivers;`
    Output(Output),
    /// A piece that did not parse.
    Error,
}

/// An output statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Its name.
    pub name: Name,
    /// Its value; the variable of that name where none is written.
    pub value: Option<Expr>,
    /// `under policy(contributions)`.
    pub policy: Option<(Name, Expr)>,
    /// Who learns it.
    pub to: Receivers,
}

/// Receivers of an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Receivers {
    /// `all`
    All,
    /// `each Role`
    Each(Name),
    /// Roles.
    Roles(Vec<RoleRef>),
}

/// What a `let`, `for` or closure binds.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// A name.
    Name(Name),
    /// `_`
    Wild(Span),
    /// `(a, b)`
    Tuple(Vec<Pattern>, Span),
}

impl Pattern {
    /// The names that it binds, from left to right.
    #[must_use]
    pub fn names(&self) -> Vec<&Name> {
        match self {
            Self::Name(name) => vec![name],
            Self::Wild(_) => Vec::new(),
            Self::Tuple(parts, _) => parts.iter().flat_map(Self::names).collect(),
        }
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// An integer; `None` where it exceeds 127 bits.
    Int(Option<i128>),
    /// An integer in hexadecimal or binary that exceeds 127 bits: a word.
    Word(BigUint),
    /// A fixed-point number as written: digits · 10^−scale; `None` where it exceeds 127 bits.
    Fix(Option<Decimal>),
    /// `true`, `false`
    Bool(bool),
    /// A string.
    Str(String),
    /// `x`, `module::f::<T, 4>`
    Path {
        /// Segments.
        path: Vec<Name>,
        /// Generic arguments.
        args: Vec<TypeArg>,
    },
    /// `-x`, `!x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `x as T`
    As(Box<Expr>, Type),
    /// `a..b`, `a..=b`, `..`, `a..`
    Range {
        /// First.
        from: Option<Box<Expr>>,
        /// Last, or one past it.
        to: Option<Box<Expr>>,
        /// `..=`
        inclusive: bool,
    },
    /// `f(x)`
    Call {
        /// The function.
        callee: Box<Expr>,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// `xs.f(y)`
    Method {
        /// First argument.
        receiver: Box<Expr>,
        /// The function.
        name: Name,
        /// The other arguments.
        args: Vec<Expr>,
    },
    /// `p.f`
    Field(Box<Expr>, Name),
    /// `t.0`
    TupleIndex(Box<Expr>, u32, Span),
    /// `xs[i]`, `m[r, .., a..b]`
    Index(Box<Expr>, Vec<Expr>),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `[x; N]`
    Repeat(Box<Expr>, Vec<Expr>),
    /// `[f(x) for x in xs if c]`
    Comprehension {
        /// The element.
        element: Box<Expr>,
        /// The variable.
        pattern: Pattern,
        /// What it runs over.
        source: Box<Expr>,
        /// The filter.
        filter: Option<Box<Expr>>,
    },
    /// `(a, b)`
    Tuple(Vec<Expr>),
    /// `Name { field: value, ..base }`
    Struct {
        /// The struct.
        name: Name,
        /// Fields; a bare name is its own value.
        fields: Vec<(Name, Option<Expr>)>,
        /// What the other fields come from.
        base: Option<Box<Expr>>,
    },
    /// `if c { a } else { b }`
    If {
        /// Condition.
        condition: Box<Expr>,
        /// Where it holds.
        then: Block,
        /// Where it does not: a block or another `if`.
        otherwise: Option<Box<Expr>>,
    },
    /// `match x { pattern => value, … }`
    Match(Box<Expr>, Vec<Arm>),
    /// `{ … }`
    Block(Block),
    /// `|x, y| value`
    Closure(Vec<Pattern>, Box<Expr>),
    /// A piece that did not parse.
    Error,
}

/// A decimal number as written: digits · 10^−scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// All digits.
    pub digits: i128,
    /// Places behind the point; negative for powers of ten.
    pub scale: i32,
}

/// An arm of a `match`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// What it matches: literals, ranges, names, `_`.
    pub patterns: Vec<Expr>,
    /// Its value.
    pub value: Expr,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `++`
    Concat,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `|`
    BitOr,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `&&`
    And,
    /// `||`
    Or,
}

impl BinaryOp {
    /// The operator as written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Concat => "++",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::BitAnd => "&",
            Self::BitXor => "^",
            Self::BitOr => "|",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }
}
