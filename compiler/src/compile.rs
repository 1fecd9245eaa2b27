//! `smpcc compile`: source text to a `.smpcb` file.

use crate::cli::Compile;
use crate::source::module_by;
use crate::{Done, log, one};
use smpc_bytecode::codec;
use smpcc_core::compile::compile_watched;
use smpcc_core::ir::{Program, SiteId};
use smpcc_core::passes::{PIPELINE, Pass, vectorise};
use smpcvm::failure::{Class, Failure};
use smpcvm::output::OutputFile;
use smpcvm::session::hex;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(arguments: &Compile) -> Done {
    let path = arguments.output.clone().unwrap_or_else(|| beside(&arguments.source.file));
    let mut watch = Watch::new(arguments).map_err(one)?;
    let skipped = arguments.skip_pass.iter().map(|name| known(name)).collect::<Result<Vec<_>, _>>().map_err(one)?;
    let file = OutputFile::probe(&path).map_err(one)?;
    let bytes = module_by(&arguments.source, |request| {
        compile_watched(
            &request,
            |pass| skipped.contains(&pass.name),
            |pass, program| watch.see(pass.map_or(SOURCE, |pass| pass.name), program),
        )
    })?;
    watch.lap("emit and check");
    file.write(&bytes).map_err(one)?;
    if arguments.time_passes {
        log(&watch.times());
    }
    if let Some(loops) = &watch.loops {
        log(loops);
    }
    log(&format!("wrote {} ({} bytes, SHA-256 {})", path.display(), bytes.len(), hex(&codec::hash(&bytes))));
    Ok(watch.dumps)
}

/// What stands for the program before the first pass.
const SOURCE: &str = "source";

/// The pass that makes lanes of turns.
const VECTORISE: &str = "vectorise";

/// Which loops stay loops, and why.
fn explained(program: &Program) -> String {
    let place = |site: SiteId| {
        let site = program.sources.sites.get(site.index())?;
        let file = program.sources.files.get(site.file.index())?;
        Some((format!("{file}:{}:{}", site.line, site.column), site.text.trim()))
    };
    let mut text = String::new();
    for note in vectorise::explain(program) {
        let Some((at, line)) = place(note.site) else { continue };
        // Writing to a string does not fail.
        let what = if note.part {
            "a part of each turn runs after that of the turn before"
        } else {
            "turns run one after the other"
        };
        let _ = writeln!(text, "{at}: {what}: {line}");
        match place(note.at).filter(|_| note.at != note.site) {
            Some((at, line)) => writeln!(text, "    {}\n    at {at}: {line}", note.why),
            None => writeln!(text, "    {}", note.why),
        }
        .unwrap_or_default();
    }
    if text.is_empty() { "the turns of every loop run at once".to_owned() } else { text.trim_end().to_owned() }
}

/// The name of a pass of the pipeline.
fn known(name: &str) -> Result<&'static str, Failure> {
    let found = PIPELINE.iter().map(|pass| pass.name).find(|pass| *pass == name);
    found.ok_or_else(|| {
        let passes: Vec<String> = PIPELINE.iter().map(|Pass { name, what, .. }| format!("{name} ({what})")).collect();
        Failure::new(Class::Usage, format!("no pass `{name}`"))
            .help(format!("the passes are, in their order: {}", passes.join(", ")))
    })
}

/// What is wanted to be seen of the passes.
struct Watch {
    /// After which steps the program is printed, and those programs as text.
    wanted: Vec<&'static str>,
    dumps: String,
    /// What `--explain-loops` says, once it is known.
    loops: Option<String>,
    explains: bool,
    /// The program as the last step left it, for that.
    last: Option<Program>,
    /// The steps so far, with the seconds that each took, and when the last one ended.
    steps: Vec<(&'static str, f64)>,
    since: Instant,
}

impl Watch {
    fn new(arguments: &Compile) -> Result<Self, Failure> {
        let wanted = arguments.dump_ir.iter().map(|text| match text.strip_prefix("after=") {
            Some(SOURCE) => Ok(SOURCE),
            Some(name) => known(name),
            None => Err(Failure::new(Class::Usage, format!("--dump-ir {text}"))
                .help("write `--dump-ir after=PASS`, or `after=source` for the program before the first pass")),
        });
        let wanted = wanted.collect::<Result<_, _>>()?;
        let explains = arguments.explain_loops;
        let (dumps, steps) = (String::new(), Vec::new());
        Ok(Self { wanted, dumps, loops: None, explains, last: None, steps, since: Instant::now() })
    }

    fn see(&mut self, step: &'static str, program: &Program) {
        self.lap(step);
        if self.explains {
            if let (VECTORISE, Some(before)) = (step, &self.last) {
                self.loops = Some(explained(before));
            }
            self.last = Some(program.clone());
            self.since = Instant::now();
        }
        if self.wanted.contains(&step) {
            self.dumps.push_str(&format!("after {step}:\n{program}\n"));
            // Printing is no part of the next step.
            self.since = Instant::now();
        }
    }

    fn lap(&mut self, step: &'static str) {
        self.steps.push((step, self.since.elapsed().as_secs_f64()));
        self.since = Instant::now();
    }

    /// A line a step.
    fn times(&self) -> String {
        let total: f64 = self.steps.iter().map(|(_, seconds)| seconds).sum();
        let line = |name: &str, seconds: f64| format!("{:9.2} ms  {name}", 1e3 * seconds);
        let mut lines: Vec<String> = self.steps.iter().map(|(name, seconds)| line(name, *seconds)).collect();
        lines.push(line("in all", total));
        lines.join("\n")
    }
}

/// The source's name with `.smpcb`, in the current folder; that of its folder for a `main.smpc`.
fn beside(source: &Path) -> PathBuf {
    let stem = source.file_stem().unwrap_or_default();
    let folder = std::path::absolute(source).ok().and_then(|path| path.parent()?.file_name().map(PathBuf::from));
    let name = if stem == "main" { folder.unwrap_or_else(|| stem.into()) } else { stem.into() };
    name.with_extension("smpcb")
}
