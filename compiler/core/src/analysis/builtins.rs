//! The functions, types and words of the language, for editors: how a function is called and what it does, in a line.

/// A function that is always in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Builtin {
    /// Its name.
    pub(super) name: &'static str,
    /// Its parameters; several forms where there are.
    pub(super) forms: &'static [&'static str],
    /// What it does.
    pub(super) docs: &'static str,
}

const fn function(name: &'static str, forms: &'static [&'static str], docs: &'static str) -> Builtin {
    Builtin { name, forms, docs }
}

/// All of them, by name.
pub(super) const FUNCTIONS: &[Builtin] = &[
    function("abs", &["x"], "The absolute value, lane by lane."),
    function("all", &["xs"], "Whether all truth values of an array hold."),
    function("any", &["xs"], "Whether one of the truth values of an array holds."),
    function("assert", &["condition", "condition, \"message\""], "Stops the run if a public condition does not hold."),
    function("bit", &["word, place"], "One bit of each word, as a truth value; the lowest is 0."),
    function("bits_of", &["word"], "The bits of words along a new first extent, the lowest first."),
    function(
        "check",
        &["condition", "condition, \"message\""],
        "Every node learns whether a secret condition holds, and the run stops if not.",
    ),
    function("clamp", &["x, lo, hi"], "Brings a value into a range: the nearer end where it lies outside."),
    function("enumerate", &["xs"], "Each element with its index: `for (i, x) in enumerate(xs)`."),
    function("filter", &["xs, |x| condition"], "The elements for which a condition that the compiler knows holds."),
    function("flatten", &["xs"], "The rows of an array one after another."),
    function(
        "fold",
        &["xs, start, |so_far, x| …", "xs, start, |a, b| …, associative"],
        "What a function makes of a start and all elements, one after the other; if it is said to be associative, of neighbours in pairs, all pairs at once.",
    ),
    function("len", &["xs"], "The number of elements, known to the compiler."),
    function("map", &["xs, |x| …"], "What a function makes of each element."),
    function("max", &["xs", "a, b"], "The greatest element, or the greater of two lane by lane; ties take the first."),
    function("min", &["xs", "a, b"], "The least element, or the lesser of two lane by lane; ties take the first."),
    function(
        "narrow",
        &["x, lo..=hi", "x, lo..=hi, \"message\""],
        "The value in a narrower range. Every node learns whether it lies there, and the run stops if not.",
    ),
    function("product", &["xs"], "The product of the elements."),
    function("range_hi", &["x"], "The greatest value that the compiler knows to be possible, a constant."),
    function("range_lo", &["x"], "The least value that the compiler knows to be possible, a constant."),
    function("reveal", &["x"], "The value in the open: every node learns it."),
    function("reverse", &["xs"], "The elements from last to first."),
    function("rotl", &["word, places"], "The bits of words turned to the left."),
    function("rotr", &["word, places"], "The bits of words turned to the right."),
    function("scan", &["xs, start, |so_far, x| …"], "As `fold`, with what stands after each element."),
    function("secret", &["x"], "The value as one that no node knows alone: for tests."),
    function("select", &["condition, a, b"], "`a` where the condition holds, else `b`, lane by lane."),
    function("some", &["x"], "A value that may be absent, and is there."),
    function(
        "stochastic",
        &["e"],
        "The roundings of the `fix` operators written between the parentheses go up or down at random: cheaper, within one unit in the last place.",
    ),
    function("sum", &["xs"], "The sum of the elements of the first extent."),
    function("then_some", &["condition, x"], "A value that is there where the condition holds."),
    function("unwrap_or", &["m, default"], "The value where it is there, else the default."),
    function("word_of", &["bits"], "The words whose bits stand along the first extent, the lowest first."),
    function("wrapping", &["e"], "The `+ - *` of integers written between the parentheses are modulo 2^64."),
    function("zip", &["xs, ys"], "Elements of two arrays side by side: `for (x, y) in zip(xs, ys)`."),
];

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Builtin> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Types that are always in scope.
pub(super) const TYPES: &[(&str, &str)] = &[
    ("bool", "`true` or `false`"),
    ("int", "an integer in a range: `int in 0..=150`"),
    ("fix", "a fixed-point number with 16 fractional bits; `fix<24>` has 24"),
    ("i8", "an integer in -128..=127"),
    ("i16", "an integer of 16 bits"),
    ("i32", "an integer of 32 bits"),
    ("i64", "an integer of 64 bits"),
    ("u8", "an integer in 0..=255"),
    ("u16", "an integer in 0..=65_535"),
    ("u32", "an integer in 0..=4_294_967_295"),
    ("u63", "an integer from 0, of 63 bits"),
    ("bits", "a word of bits: `bits<32>`"),
];

/// Words with which an item starts.
pub(super) const ITEM_WORDS: &[&str] = &["circuit", "const", "enum", "fn", "input", "param", "party", "struct", "use"];

/// Words with which a statement or an expression may start.
pub(super) const VALUE_WORDS: &[&str] =
    &["break", "continue", "else", "false", "for", "if", "let", "match", "mut", "output", "return", "true", "while"];

/// Words in front of a type.
pub(super) const TYPE_WORDS: &[&str] = &["maybe", "public", "secret"];

#[cfg(test)]
mod tests {
    use super::*;

    /// A function that the elaborator knows has a line here, and the other way round.
    #[test]
    fn every_function_has_a_line() {
        let mut known: Vec<&str> = crate::elaborate::FUNCTIONS.to_vec();
        known.sort_unstable();
        let lines: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
        assert_eq!(lines, known);
    }
}
