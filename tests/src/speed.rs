//! The programs of `tests/speed`: a folder a row with `expert.smpc`, the computation in vector operations, `naive.smpc`, as a beginner writes it, and
//! variants of that. All forms of a row take the same inputs and give the same outputs.

use serde_json::Value;
use smpc_bytecode::module::Module;
use smpc_bytecode::types::DataType;
use smpcc_core::compile::{Request, compile};
use std::fs;
use std::path::{Path, PathBuf};

/// What a row demands of its forms, as ratios to the expert's.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name of its folder.
    pub name: &'static str,
    /// Most time.
    pub time: f64,
    /// Most rounds.
    pub rounds: f64,
}

const fn row(name: &'static str, time: f64, rounds: f64) -> Row {
    Row { name, time, rounds }
}

/// All rows.
pub const ROWS: [Row; 14] = [
    row("inner_product", 1.1, 1.0),
    row("polynomial", 1.1, 1.0),
    row("maximum", 1.2, 1.0),
    row("histogram", 1.2, 1.0),
    row("matrix_product", 1.1, 1.0),
    row("kmeans_step", 1.2, 1.1),
    row("nearest_neighbour", 1.2, 1.1),
    row("auction", 1.2, 1.1),
    row("quartiles", 1.2, 1.1),
    row("prefix_sums", 1.3, 1.1),
    row("moving_average", 1.3, 1.1),
    row("cumulative_maximum", 1.3, 1.1),
    row("shortest_paths", 1.5, 1.2),
    row("edit_distance", 1.5, 1.2),
];

/// The form that the others are compared with.
pub const EXPERT: &str = "expert";

impl Row {
    /// Names and paths of its forms, sorted.
    #[must_use]
    pub fn forms(&self) -> Vec<(String, PathBuf)> {
        let folder = crate::project().join("tests/speed").join(self.name);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut forms: Vec<(String, PathBuf)> = entries
            .map(|entry| entry.expect("a readable folder").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "smpc"))
            .map(|path| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path))
            .collect();
        forms.sort();
        forms
    }
}

/// The module of a program of one file.
#[must_use]
pub fn module(path: &Path, defines: &[(&str, String)]) -> Module {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut request = Request::new("main.smpc", &text);
    request.defines = defines.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let compiled = compile(&request);
    let told = compiled.render();
    compiled.module.unwrap_or_else(|| panic!("{}:\n{told}", path.display()))
}

/// Writes a file with random numbers for each input of a module, and returns the arguments that name them.
#[must_use]
pub fn inputs(module: &Module, folder: &Path) -> Vec<String> {
    let mut numbers = crate::salaries::Seeded::new(1);
    let mut arguments = Vec::new();
    for input in &module.manifest.inputs {
        let value = value(&input.ty, &mut numbers);
        let path = folder.join(format!("{}.json", input.name));
        fs::write(&path, value.to_string()).expect("a writable folder");
        arguments.extend(["--input".to_owned(), format!("{}={}", input.name, path.display())]);
    }
    arguments
}

fn value(ty: &DataType, numbers: &mut crate::salaries::Seeded) -> Value {
    match ty {
        DataType::Int { lo, hi } => numbers.between(*lo, *hi).into(),
        // A fraction of 2^frac fits its decimals.
        DataType::Fix { frac, lo, hi } => (numbers.between(*lo, *hi) as f64 / 2_f64.powi(frac.cast_signed())).into(),
        DataType::Bits { width } => {
            let digits = (0..width.div_ceil(4)).map(|_| format!("{:x}", numbers.between(0, 15)));
            format!("0x{}", digits.collect::<String>()).into()
        }
        DataType::Array { shape, element } => {
            let Some((len, rest)) = shape.split_first() else { return value(element, numbers) };
            let inner = DataType::Array { shape: rest.to_vec(), element: element.clone() };
            (0..*len).map(|_| value(&inner, numbers)).collect::<Vec<Value>>().into()
        }
        other => panic!("these programs take numbers and words, not {other:?}"),
    }
}

/// A run among processes: seconds of the slowest party from when all are connected, rounds, outputs. `network` holds the arguments that slow it down.
#[must_use]
pub fn timed(program: &Path, inputs: &[String], network: &[String], scratch: &Path) -> (f64, u64, Value) {
    let (stats, outputs) = (scratch.join("stats.json"), scratch.join("outputs.json"));
    let mut command = crate::smpcc();
    command.arg("run").arg(program).args(inputs).args(network);
    let _ = crate::succeed(command.arg("--stats").arg(&stats).arg("--output").arg(&outputs));
    let stats = crate::json(&stats);
    let parties = stats["parties"].as_array().expect("a list of parties");
    let seconds = parties.iter().filter_map(|party| party["seconds"]["run"].as_f64()).fold(0.0, f64::max);
    let rounds = parties.iter().filter_map(|party| party["rounds"].as_u64()).max().unwrap_or(0);
    (seconds, rounds, crate::json(&outputs))
}

/// The middle one.
#[must_use]
pub fn median(seconds: &[f64]) -> f64 {
    let mut seconds = seconds.to_vec();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
