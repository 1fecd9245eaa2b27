//! The standard library: modules written in the language, embedded here.

/// The text of a library module (`stats` for `std::stats`).
#[must_use]
pub fn module(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// Names and texts of all library modules.
pub const MODULES: &[(&str, &str)] = &[
    ("crypto", include_str!("../../../stdlib/crypto.smpc")),
    ("linalg", include_str!("../../../stdlib/linalg.smpc")),
    ("math", include_str!("../../../stdlib/math.smpc")),
    ("ml", include_str!("../../../stdlib/ml.smpc")),
    ("sort", include_str!("../../../stdlib/sort.smpc")),
    ("stats", include_str!("../../../stdlib/stats.smpc")),
];

/// The library module that has a function of that name for programs to use.
#[must_use]
pub fn module_with(function: &str) -> Option<&'static str> {
    let declares = |text: &str| ["<", "("].iter().any(|open| text.contains(&format!("\nfn {function}{open}")));
    MODULES.iter().find(|(_, text)| declares(text)).map(|(name, _)| *name)
}
