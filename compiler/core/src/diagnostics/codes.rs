//! The one table of codes: everything that `smpcc` can say, with the long form that `smpcc explain` prints.
//!
//! E01 what was written does not read · E02 names, types, shapes · E03 secrecy · E04 ranges and numbers · E05 constants and
//! params · E06 roles, inputs, outputs · E07 limits · E09 not there yet, and mistakes of the compiler.
//! Lints have names.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Compiles, but is probably not meant, or costs more than it seems.
    Warning,
    /// Does not compile.
    Error,
}

macro_rules! codes {
    ($( $name:ident $code:literal $level:ident $title:literal $long:literal )*) => {
        /// The code of a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $( #[doc = $title] $name, )*
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The code as printed: `E0401`, or a lint's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $code, )* }
            }

            /// Error or warning.
            #[must_use]
            pub const fn level(self) -> Level {
                match self { $( Self::$name => Level::$level, )* }
            }

            /// The mistake in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $( Self::$name => $title, )* }
            }

            /// The long form, with an example.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $( Self::$name => $long, )* }
            }

            /// The code of that name, in any case.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text))
            }
        }
    };
}

codes! {
    UnknownCharacter "E0101" Error "a character that means nothing here"
        "Outside comments and strings a program consists of names, numbers and the operators of the language.\n\n    let x = 5 § 3;      // `§` is no operator\n"
    Bracket "E0102" Error "a bracket without its partner"
        "Every `(`, `[` and `{` needs its closing partner, properly nested, at most 256 deep.\n\n    fn main() { let x = (1 + 2; }      // `(` is never closed\n"
    Syntax "E0103" Error "this is not how it is written"
        "The words and signs are all known, but not in this order. The message says what was expected at the place.\n\n    let x 5;            // write: let x = 5;\n"
    UnknownName "E0201" Error "a name that nothing declares"
        "A name must be declared before it is used: by `let`, `for`, a parameter, an item of the file, or a `use`.\n\n    output total = totl to all;      // did you mean `total`?\n"
    Duplicate "E0202" Error "a name that is declared twice"
        "Items of a file, parameters of a function, fields of a struct and outputs have distinct names.\n\n    param N: int = 3;\n    const N = 4;                     // `N` is declared above\n"
    TypeMismatch "E0203" Error "a value of another type"
        "The value does not have the type that its place needs.\n\n    let x: int = true;               // write: true as int\n"
    ShapeMismatch "E0204" Error "shapes that do not fit"
        "Elementwise operators need operands of one shape, or a scalar on one side.\n\n    let c = [1, 2, 3] + [1, 2];      // 3 and 2 elements\n"
    Arity "E0205" Error "too many or too few arguments"
        "A call gives a function exactly the arguments that it declares.\n\n    let m = max();                   // max(xs) or max(a, b)\n"
    NoField "E0206" Error "a field that the struct does not have"
        "The field is not declared in the struct.\n\n    let a = everyone.agee;           // did you mean `age`?\n"
    NotAPlace "E0207" Error "this cannot be assigned to"
        "Only variables declared with `let mut`, and their elements and fields, can be assigned.\n\n    let x = 1;\n    x = 2;                           // write: let mut x = 1;\n"
    Recursion "E0208" Error "a function that calls itself"
        "Programs become circuits, so how deep calls nest must be known: no function may call itself, directly or through others.\n\n    fn f(x: int) -> int { f(x - 1) }\n"
    ImportCycle "E0209" Error "modules that import each other"
        "Modules import each other in a cycle. Move what both need into a third module.\n\n    use b::g;                        // in a.smpc\n    use a::f;                        // in b.smpc\n"
    OutOfBounds "E0210" Error "an index outside the array"
        "The index is known, and there is no such element. The first element has index 0.\n\n    let xs = [1, 2, 3];\n    let y = xs[3];                   // the last is xs[2]\n"
    NotCovered "E0211" Error "a `match` without an arm for some value"
        "A `match` has an arm for each value that its operand can have by its range or type.\n\n    match x { 0 => 1, 1..=9 => 2 }   // `x` lies in 0..=100\n\nAdd the missing values, or an arm `_ => …` for all others.\n"
    BadCircuit "E0212" Error "a circuit that is none"
        "The file of a `circuit` must be a netlist in Bristol Fashion whose words are those that the item declares, and a function is exported as a circuit only where it computes with words and truth values alone.\n\n    circuit add(\"adder.txt\") : (bits<64>, bits<64>) -> bits<64>;\n"
    SecretWhile "E0301" Error "a secret value decides a `while` loop"
        "How often a loop runs is seen by everyone, so a secret must not decide it.\n\n    while i < limit { … }            // `limit` is secret\n\nLoop over a public bound and choose inside: `for i in 0..MAX { if i < limit { … } }`.\n"
    SecretShape "E0302" Error "a secret value where everyone must know it"
        "Loop bounds, slice bounds, lengths and the operands of `assert` are seen by every node.\n\n    for i in 0..n { … }              // `n` is secret\n\nUse a public bound that is large enough, and select what counts.\n"
    SecretToPublic "E0303" Error "a secret value where a public one is expected"
        "Secret values become public only by `reveal(…)`, `check(…)` or `output`.\n\n    let limit: public int = salary;\n"
    SecretEffect "E0304" Error "something that everyone sees, under a secret condition"
        "Both sides of a secret `if` are computed, so that nobody sees which one was taken. What everyone sees cannot stand there: `output`, `reveal`, `check`, `return`, `break`, `continue`, `while`.\n\n    if salary > 100 { check(age > 18, \"minor\"); }\n\nWrite the condition into the check: `check(!(salary > 100) || age > 18, \"minor\")`.\n"
    Overflow "E0401" Error "a number that may not fit"
        "Every number has a range that the compiler knows, and every result must provably fit in 64 bits. This one may not.\n\n    input x: secret int in 0..=10_000_000_000 from A;\n    output y = x * x to all;         // up to 10^20\n\nNarrow the range of an input to what it really can be, or bring a value back into its range with `clamp(x, lo, hi)` or `narrow(x, lo..=hi, \"…\")`. Where a result is meant modulo 2^64, write `wrapping(x * x)`.\n"
    BrokenPromise "E0402" Error "a value that may lie outside its written range"
        "A written range is a promise that the compiler proves. The value's range is wider.\n\n    let y: int in 0..=10 = x;        // x lies in 0..=100\n\nWrite `clamp(x, 0, 10)`, or `narrow(x, 0..=10, \"why it holds\")`, which checks it at run time.\n"
    ZeroDivision "E0403" Error "a division by zero"
        "The divisor is known, and it is 0.\n\n    output share = total / (N - N) to all;\n"
    Rounding "E0404" Error "a constant that rounds too much"
        "A fixed-point constant must be representable to within 0.1 %, and not become 0.\n\n    let rate = 0.00001;              // 16 fractional bits cannot hold it; write fix<24>\n"
    EmptyRange "E0405" Error "a range with nothing in it"
        "The upper end of a range lies below its lower end.\n\n    input x: secret int in 9..=0 from A;\n"
    LoopRange "E0406" Error "a variable whose range grows without end"
        "The range of a variable that a loop changes could not be bounded.\n\n    let mut x = 1;\n    for i in 0..N { x = x * 2; }\n\nDeclare its range: `let mut x: int in 1..=1_000_000 = 1;`.\n"
    NotConst "E0501" Error "a value that the compiler must know"
        "Lengths, slice lengths, ranges of types and comprehension filters must be constants: literals, `param`, `const`, sizes, and arithmetic on them.\n\n    let xs = [0; n];                 // `n` is an input: write a `param`\n"
    BadParam "E0502" Error "a param that does not fit"
        "The value given for a param, by default or with `-D`, does not lie in its declared range, or is not a number.\n\n    param ROWS: int in 1..=100 = 5;  // -D ROWS=500\n"
    UnknownParam "E0503" Error "a `-D` for a param that does not exist"
        "`-D NAME=VALUE` names a param that the program does not declare.\n\n    param ROWS: int = 5;             // -D ROW=7\n"
    BadRole "E0601" Error "not a role"
        "Inputs come from, and outputs go to, the roles that `party` declares.\n\n    party Acme;\n    input pay: secret int from Acne; // did you mean `Acme`?\n"
    BadOutput "E0602" Error "an output where none can be"
        "`output` stands at the top level of `main`, each name once, so that what a program gives can be read off it.\n\n    for i in 0..3 { output x = i to all; }\n\nGive out the whole array: `output xs = [i for i in 0..3] to all;`.\n"
    BadMain "E0603" Error "no proper `main`"
        "A program has one `fn main()` without parameters and result.\n\n    fn main(x: int) -> int { x }     // write an `input` and an `output`\n"
    TooLarge "E0701" Error "more than fits"
        "The value has more elements than the machine can hold, or the text is larger or nests deeper than the compiler takes.\n\n    let xs = [0; 1_000_000_000_000];\n"
    Unsupported "E0901" Error "not supported yet"
        "The language has this, this version of the compiler has not. The README's status table says what works.\n\n    output total = sum(xs) under survey(xs) to all;\n"
    Lost "E0999" Error "a mistake of the compiler"
        "A statement came to nothing, and no message says why. The program is refused, so that no output is missing or wrong unseen.\n\n    smpcc check main.smpc            // please report it, with the program\n"
    SecretIndex "secret-index" Warning "a secret index looks at every element"
        "Nobody may see which element a secret index means, so each is compared with the index and takes part in a product: a read or write costs as many comparisons and products as the array has elements. Outside the array such an index reads 0 and writes nothing.\n\n    let price = prices[k];           // `k` is secret, and there are 1,000 prices\n\nNarrow the range of the index where it can only mean some of the elements.\n"
    CheckPerTurn "check-per-turn" Warning "a check that each turn of a loop opens"
        "The checks of a loop are one bit for the whole loop, so that nobody learns which turn failed. A loop that also reveals something opens its checks in each turn, before what it reveals: that costs rounds, and tells in which turn the program stopped.\n\n    for x in xs {\n        check(x < 10, \"x is small\");\n        total += reveal(x);          // waits for the check\n    }\n\nReveal before the loop, as one array, or check whole arrays.\n"
    Unreachable "unreachable" Warning "code that is never reached"
        "What stands behind a `break`, `continue` or `return` in the same block never runs, and an arm of a `match` whose values all stand in the arms above it is never taken.\n\n    return x;\n    let y = 2;                       // never reached\n"
    Unused "unused" Warning "something that nothing uses"
        "A value, input or import that nothing uses is probably a mistake. Start its name with `_` if it is meant.\n\n    let total = sum(xs);             // nothing reads `total`\n"
    ShadowedRole "shadowed-role" Warning "a variable with the name of a role"
        "A variable that is called as a role is hides what the reader expects: roles own data and stand behind `from` and `to`.\n\n    party Acme;\n    let Acme = 3;                    // write: let acme = 3;\n"
    Naming "naming" Warning "a name that is not written as its kind is"
        "Values, functions and fields are written in `snake_case`, types and roles in `CamelCase`, consts and params in `UPPER_CASE`.\n\n    struct employee { … }            // write: struct Employee { … }\n"
    ConstantCondition "constant-condition" Warning "a comparison whose result is known"
        "The ranges of both sides decide the comparison, so it says nothing about the data. Often a range is written wrongly.\n\n    input age: secret int in 0..=150 from Acme;\n    if age >= 0 { … }                // always\n"
    WideComparison "wide-comparison" Warning "a comparison that narrower ranges would make cheaper"
        "A comparison is the sign of a difference. Where that does not fit in 64 bits, it takes three of them.\n\n    input x: secret i64 from A;      // declare what it really is: int in 0..=1_000_000\n"
    OneRoleOutput "one-role-output" Warning "an output that depends on the data of one role alone"
        "The receivers learn something about one role that it could have told them itself, and nothing of the other roles is mixed in. Often another input was meant.\n\n    output mean_pay = mean(acme.salary) to all;      // about Acme alone\n"
    ZeroDivisor "zero-divisor" Warning "a secret divisor that may be 0"
        "Division by a secret zero gives 0, and the remainder is the dividend. Make sure that this is what you want, or exclude 0 by the divisor's range.\n\n    input n: secret int in 0..=9 from A;\n    output share = 100 / n to all;   // in 1..=9 it never is 0\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_found() {
        for (i, code) in Code::ALL.iter().enumerate() {
            assert!(Code::ALL[..i].iter().all(|other| other.as_str() != code.as_str()), "{}", code.as_str());
            assert_eq!(Code::parse(&code.as_str().to_lowercase()), Some(*code));
            assert!(!code.title().ends_with('.'));
            assert!(code.explanation().contains("\n\n    "), "{} has no example", code.as_str());
        }
    }
}
