//! `smpcc inspect`: a compiled program as text, so that an operator can read what it takes and gives before running it, and how far its results may be
//! from exact arithmetic.

use crate::cli::Inspect;
use crate::{Done, one};
use smpc_bytecode::module::Module;
use smpc_bytecode::op::SiteId;
use smpc_bytecode::rounding::{self, Bound};
use smpc_bytecode::text;
use smpcvm::program::Program;
use smpcvm::session::hex;
use std::fmt::Write;

pub(crate) fn run(arguments: &Inspect) -> Done {
    // Nothing is run, so nothing is too large to be looked at.
    let program = Program::load(&arguments.file, u64::MAX).map_err(one)?;
    let hash = hex(&program.hash);
    Ok(format!(
        "// SHA-256 {hash}\n// registers, and what gates hold beside them, take {} bytes\n{}{}",
        program.module.memory(),
        about_rounding(&program.module),
        text::print(&program.module)
    ))
}

/// What rounding does to each output that holds `fix` numbers; nothing where there is none.
fn about_rounding(module: &Module) -> String {
    let mut out = String::new();
    let outputs = rounding::outputs(module);
    for output in &outputs {
        let told = match output.rounding.bound {
            Bound::Units(units) if units <= 0.0 => "exact".to_owned(),
            Bound::Units(units) => {
                let unit = if units <= 1.000_001 { "unit" } else { "units" };
                let off = shown_above(rounding::absolute(output.rounding.bound, output.frac));
                format!("error at most {} {unit} in the last place ({off})", units_above(units))
            }
            Bound::None(cause, site) => format!("error not bounded: {cause}{}", place(module, site)),
        };
        // Writing to a string does not fail.
        let _ = writeln!(out, "// output {}: {told}", output.name);
    }
    if !outputs.is_empty() {
        out.push_str("// (against exact arithmetic on the same inputs)\n");
    }
    let (gates, lanes) = rounding::stochastic_gates(module);
    if gates > 0 {
        let resting: Vec<&str> =
            outputs.iter().filter(|output| output.rounding.stochastic).map(|output| output.name.as_str()).collect();
        let on = if resting.is_empty() {
            "no `fix` output rests".to_owned()
        } else {
            format!("rests: {}", resting.join(", "))
        };
        let _ = writeln!(out, "// stochastic truncation: {gates} in the code, of {lanes} lanes; on it {on}");
    }
    out
}

/// The line of a site, if the module has one there.
fn place(module: &Module, site: SiteId) -> String {
    let site = module.sources.sites.get(site.index());
    let file = site.and_then(|site| module.sources.files.get(site.file.index()).map(|file| (file, site.line)));
    file.map_or_else(String::new, |(file, line)| format!(" ({file}:{line})"))
}

/// A number of units, not less than it is to nine digits: halves while it is small.
fn units_above(units: f64) -> String {
    let halves = (units * 2.0 * (1.0 - 1e-9)).ceil();
    if units < 1000.0 { format!("{}", halves / 2.0) } else { shown_above(units) }
}

/// A positive number in two digits, not less than it is to nine.
fn shown_above(value: f64) -> String {
    let shown = format!("{value:.1e}");
    let power = shown.split_once('e').and_then(|(_, power)| power.parse::<i32>().ok());
    match (shown.parse::<f64>(), power) {
        // What was rounded down is shown a digit higher.
        (Ok(read), Some(power)) if read < value * (1.0 - 1e-9) => format!("{:.1e}", read + 10_f64.powi(power - 1)),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_never_shown_smaller_than_they_are() {
        assert_eq!(units_above(0.5), "0.5");
        assert_eq!(units_above(0.500_000_000_000_1), "0.5");
        assert_eq!(units_above(2.2), "2.5");
        for value in [1.0, 1.04, 1.06, 9.96, 4.56e-5, 1.51e9, 7.0e-12] {
            let read: f64 = shown_above(value).parse().expect("a number");
            assert!(read >= value && read < value * 1.11, "{value} as {read}");
        }
        assert_eq!(shown_above(4.56e-5), "4.6e-5");
        assert_eq!(shown_above(1.01), "1.1e0");
        assert_eq!(shown_above(9.96), "1.0e1");
        assert_eq!(shown_above(9.94), "1.0e1");
    }
}
