//! What a machine takes for each kind of gate: the constants of the time model. `smpcvm bench --calibrate` measures them and writes them to a file; those of the machine
//! that this project is measured on are built in.
//!
//! A gate's time is a line between measured sizes, so that what it takes once and what it takes a lane are both in it, and a vector that leaves the cache
//! may be dearer than one that does not. Between measured widths of numbers it is a line too.

use crate::engine::{Form, Kind};
use crate::failure::{Class, Failure};
use serde::{Deserialize, Serialize};
use smpc_protocols::registry::{Parties, Setting, find};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

/// The version of the file's form.
pub const VERSION: u32 = 3;
/// The oldest that is read: it does not say among how many parties it was measured. Others are refused.
const OLDEST: u32 = 2;

/// The constants of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The version of the form.
    pub version: u32,
    /// The machine, in words.
    pub machine: String,
    /// Processors that all parties shared when this was measured.
    pub cores: u32,
    /// By protocol.
    pub protocols: BTreeMap<String, Constants>,
}

/// The constants of a protocol.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constants {
    /// How many parties this was measured among, and how many of them may be corrupted; as many as the protocol takes by itself, where the file does not say.
    #[serde(default)]
    pub among: Option<(usize, usize)>,
    /// Nanoseconds of a round among processes on the machine itself.
    pub round: f64,
    /// Nanoseconds of a round on an emulated network beyond half its round trip.
    pub network_round: f64,
    /// Nanoseconds a byte that the emulation of a network takes of its party, where others wait for it.
    pub network_byte: f64,
    /// Bytes of a party's process that does nothing.
    pub process: f64,
    /// Nanoseconds a byte that memory takes when a process uses it for the first time.
    pub fresh_byte: f64,
    /// What gates take.
    pub kinds: Vec<KindTime>,
}

/// What gates of a kind take at a party, all parties at it at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindTime {
    /// The operation.
    pub op: String,
    /// Where it runs: `scalar`, `public`, `local` or `shared`.
    pub form: String,
    /// Whether it works on words.
    pub words: bool,
    /// Whether an operand is public.
    pub by_public: bool,
    /// Bits of its numbers; 0 where these do not matter.
    pub width: u32,
    /// Units of work and nanoseconds, the fewest units first; rounds are not in it.
    pub times: Vec<(f64, f64)>,
    /// Bytes that it takes beside its registers, a unit of work.
    pub scratch: f64,
}

/// Constants of the machine that the project is measured on.
const BUILT_IN: &str = include_str!("calibration.json");

impl Calibration {
    /// The constants that are built in.
    ///
    /// # Errors
    /// Ours: the file that was built in is none.
    pub fn built_in() -> Result<&'static Self, Failure> {
        static KNOWN: OnceLock<Result<Calibration, Failure>> = OnceLock::new();
        let read = || Self::read(BUILT_IN, "the built-in calibration");
        KNOWN.get_or_init(read).as_ref().map_err(|failure| Failure::ours(failure.message.clone()))
    }

    /// The constants of a file.
    ///
    /// # Errors
    /// The user's: it is missing, damaged, or of another version.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let why = error.to_string();
            let why = why.split(" (os error").next().unwrap_or_default();
            Failure::user(format!("cannot read the calibration {}: {why}", path.display())).help(HELP)
        })?;
        Self::read(&text, &path.display().to_string())
    }

    fn read(text: &str, name: &str) -> Result<Self, Failure> {
        let damaged = |why: &str| Failure::new(Class::User, format!("{name} is no calibration: {why}")).help(HELP);
        // The version first: another one may have other fields.
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| damaged(&error.to_string()))?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if (u64::from(OLDEST)..=u64::from(VERSION)).contains(&version) => {}
            Some(version) => {
                let message = format!("{name} is a calibration of version {version}; this program reads {VERSION}");
                return Err(Failure::user(message).help(HELP));
            }
            None => return Err(damaged("it has no version")),
        }
        let read: Self = serde_json::from_value(value).map_err(|error| damaged(&error.to_string()))?;
        read.check().map_err(|why| damaged(&why))?;
        Ok(read)
    }

    /// Every number is one that something can take, and sizes go up.
    fn check(&self) -> Result<(), String> {
        let sound = |value: f64| value.is_finite() && value >= 0.0;
        for (name, constants) in &self.protocols {
            let Constants { round, network_round, network_byte, process, fresh_byte, .. } = constants;
            let own = [*round, *network_round, *network_byte, *process, *fresh_byte];
            if !own.into_iter().all(sound) {
                return Err(format!("a constant of {name} is no time or size"));
            }
            let setting = |(parties, threshold)| find(name).map(|spec| spec.among(Some(parties), Some(threshold)));
            if let Some(Some(Err(why))) = constants.among.map(setting) {
                return Err(why);
            }
            for kind in &constants.kinds {
                let times = &kind.times;
                let rises = times.windows(2).all(|pair| pair[0].0 < pair[1].0);
                let fits = !times.is_empty() && rises && times.iter().all(|(units, ns)| sound(*units) && sound(*ns));
                if !fits || !sound(kind.scratch) || !Form::ALL.iter().any(|(_, form)| *form == kind.form) {
                    return Err(format!("what it says of `{}` under {name} makes no sense", kind.op));
                }
            }
        }
        Ok(())
    }

    /// Whether this is the calibration that is built in.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        Self::built_in().is_ok_and(|built_in| std::ptr::eq(self, built_in))
    }

    /// The constants of a protocol among so many parties.
    ///
    /// # Errors
    /// The user's: the file has none.
    pub fn of(&self, protocol: &Setting) -> Result<Table<'_>, Failure> {
        let wanted = (protocol.parties, protocol.threshold);
        let usual = protocol.spec.among(None, None).ok().map(|setting| (setting.parties, setting.threshold));
        let found = self.protocols.get(protocol.name);
        match found.filter(|found| found.among.or(usual) == Some(wanted)) {
            Some(found) => Ok(Table::new(found)),
            None => {
                let message = format!("the calibration has no constants for the protocol {}", named(protocol));
                Err(Failure::user(message).help(format!("`{}` measures them", command(protocol))))
            }
        }
    }
}

/// A protocol, and among how many parties where there is a choice.
#[must_use]
pub fn named(protocol: &Setting) -> String {
    match protocol.spec.parties {
        Parties::Exactly(..) => format!("`{}`", protocol.name),
        _ => {
            let (name, threshold) = (protocol.name, protocol.threshold);
            format!("`{name}` among {} parties, {threshold} of whom may be corrupted", protocol.parties)
        }
    }
}

/// What measures a protocol's constants.
#[must_use]
pub fn command(protocol: &Setting) -> String {
    let among = match protocol.spec.parties {
        Parties::Exactly(..) => String::new(),
        _ => format!(" --parties {} --threshold {}", protocol.parties, protocol.threshold),
    };
    format!("smpcvm bench --calibrate --protocol {}{among} -o FILE", protocol.name)
}

const HELP: &str = "`smpcvm bench --calibrate -o FILE` measures this machine and writes one; without --calibration the built-in one is used";

/// What names a kind but for its width.
type Key<'a> = (&'a str, &'static str, bool, bool);

/// Constants of a protocol, ready to be looked up.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    /// The constants.
    pub constants: &'a Constants,
    /// By name, with the widths in order.
    kinds: BTreeMap<Key<'a>, Vec<&'a KindTime>>,
}

impl<'a> Table<'a> {
    /// The table of some constants.
    pub(super) fn new(constants: &'a Constants) -> Self {
        let mut kinds: BTreeMap<Key<'_>, Vec<&KindTime>> = BTreeMap::new();
        for kind in &constants.kinds {
            if let Some((_, form)) = Form::ALL.iter().find(|(_, form)| *form == kind.form) {
                kinds.entry((&kind.op, form, kind.words, kind.by_public)).or_default().push(kind);
            }
        }
        kinds.values_mut().for_each(|widths| widths.sort_by_key(|kind| kind.width));
        Self { constants, kinds }
    }

    /// Whether the operation was measured in some form. On single lanes all cost about the same.
    #[must_use]
    pub fn knows(&self, kind: &Kind) -> bool {
        let form = kind.form.name();
        self.kinds.keys().any(|(op, own, ..)| *op == kind.op || kind.form == Form::Scalar && *own == form)
    }

    /// The measurements of a kind, or of the nearest one that there are some of: the same operation elsewhere, then for lack of better a product or a sum of as many
    /// lanes.
    fn widths(&self, kind: &Kind) -> &[&'a KindTime] {
        let form = kind.form.name();
        let stand_in = match (kind.form, kind.words) {
            (Form::Shared, false) => "mul",
            (Form::Shared, true) => "and",
            (Form::Local, true) => "xor",
            (Form::Scalar | Form::Public | Form::Local, _) => "add",
        };
        let near = [
            (kind.op, form, kind.words, kind.by_public),
            (kind.op, form, kind.words, !kind.by_public),
            // Its units are of another measure: only the kinds of the same domain compare.
            (stand_in, form, kind.words, false),
        ];
        near.iter().find_map(|key| self.kinds.get(key)).map_or(&[], Vec::as_slice)
    }

    /// Nanoseconds of a gate.
    #[must_use]
    pub fn nanoseconds(&self, kind: &Kind, units: u64) -> f64 {
        self.at_width(kind, |time| time.nanoseconds(units))
    }

    /// Bytes that a gate takes beside its registers.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    pub fn scratch(&self, kind: &Kind, units: u64) -> f64 {
        self.at_width(kind, |time| time.scratch * units as f64)
    }

    /// A quantity at the kind's width, on a line between the measured ones around it.
    fn at_width(&self, kind: &Kind, of: impl Fn(&KindTime) -> f64) -> f64 {
        let widths = self.widths(kind);
        let above = widths.partition_point(|time| time.width < kind.width);
        match (above.checked_sub(1).and_then(|below| widths.get(below)), widths.get(above)) {
            (Some(below), Some(above)) => {
                let part = f64::from(kind.width - below.width) / f64::from(above.width - below.width);
                of(below) + part * (of(above) - of(below))
            }
            (Some(only), None) | (None, Some(only)) => of(only),
            (None, None) => 0.0,
        }
    }
}

impl KindTime {
    /// Nanoseconds of so many units.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn nanoseconds(&self, units: u64) -> f64 {
        let units = units as f64;
        let above = self.times.partition_point(|(size, _)| *size < units);
        let line = |(x0, y0): (f64, f64), (x1, y1): (f64, f64)| y0 + (units - x0) / (x1 - x0) * (y1 - y0);
        match (above, self.times.as_slice()) {
            (_, []) => 0.0,
            (0, [(_, least), ..]) => *least,
            (above, times) if above < times.len() => line(times[above - 1], times[above]),
            // Beyond the largest: at its price a unit, as nothing is known of what a larger cache would save.
            (_, [.., (size, ns)]) => ns / size * units,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_protocols::registry::SHAMIR;

    fn time(op: &str, width: u32, times: &[(f64, f64)]) -> KindTime {
        let (op, form) = (op.to_owned(), "shared".to_owned());
        KindTime { op, form, words: false, by_public: false, width, times: times.to_vec(), scratch: 2.0 }
    }

    fn kind(op: &'static str, width: u32) -> Kind {
        Kind { op, form: Form::Shared, words: false, by_public: false, width }
    }

    #[test]
    fn times_lie_on_lines_between_what_was_measured() {
        let constants = Constants {
            kinds: vec![
                time("lt", 64, &[(1.0, 300.0), (101.0, 2300.0)]),
                time("lt", 32, &[(1.0, 100.0), (101.0, 1100.0)]),
                time("mul", 0, &[(1.0, 50.0), (1001.0, 1050.0)]),
            ],
            ..Constants::default()
        };
        let table = Table::new(&constants);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        close(table.nanoseconds(&kind("lt", 32), 51), 600.0);
        close(table.nanoseconds(&kind("lt", 48), 51), 950.0);
        close(table.nanoseconds(&kind("lt", 8), 0), 100.0);
        close(table.nanoseconds(&kind("lt", 65), 202), 4600.0);
        close(table.scratch(&kind("lt", 65), 10), 20.0);
        // What nobody has measured is as dear as a product.
        assert!(table.knows(&kind("lt", 7)) && !table.knows(&kind("shuffle", 0)));
        close(table.nanoseconds(&kind("shuffle", 20), 501), 550.0);
    }

    /// Constants are those of one number of parties, and are not taken for another's.
    #[test]
    fn constants_are_of_a_number_of_parties() {
        let mut calibration = Calibration::built_in().expect("it is read").clone();
        let among = |parties, threshold| SHAMIR.among(parties, threshold).expect("a setting");
        assert!(calibration.of(&among(None, None)).is_ok());
        let failure = calibration.of(&among(Some(5), None)).expect_err("five");
        assert!(failure.message.contains("among 5 parties, 2 of whom"), "{failure}");
        assert!(failure.help.is_some_and(|help| help.contains("--parties 5 --threshold 2")));
        calibration.protocols.get_mut("shamir").expect("it is there").among = Some((5, 1));
        assert!(calibration.of(&among(Some(5), Some(1))).is_ok());
        assert!(calibration.of(&among(Some(5), None)).is_err() && calibration.of(&among(None, None)).is_err());
    }

    #[test]
    fn what_is_no_calibration_is_refused() {
        assert!(Calibration::built_in().is_ok());
        for (text, says) in [
            ("", "EOF"),
            ("[]", "no version"),
            (r#"{"version": 99, "anything": 1}"#, "version 99"),
            (r#"{"version": 2, "machine": "m", "cores": 2}"#, "protocols"),
            (
                r#"{"version": 3, "machine": "m", "cores": 2, "protocols": {"rep3": {"among": [5, 2], "round": 1, "network_round": 0, "network_byte": 0, "process": 0, "fresh_byte": 0, "kinds": []}}}"#,
                "not of 5",
            ),
            (
                r#"{"version": 2, "machine": "m", "cores": 2, "protocols": {"rep3": {"round": -1, "network_round": 0, "network_byte": 0, "process": 0, "fresh_byte": 0, "kinds": []}}}"#,
                "no time",
            ),
            (
                r#"{"version": 2, "machine": "m", "cores": 2, "protocols": {"rep3": {"round": 1, "network_round": 0, "network_byte": 0, "process": 0, "fresh_byte": 0,
                "kinds": [{"op": "lt", "form": "shared", "words": false, "by_public": false, "width": 0, "times": [], "scratch": 0}]}}}"#,
                "`lt`",
            ),
        ] {
            let failure = Calibration::read(text, "c.json").expect_err(text);
            assert!(failure.message.contains(says) && failure.help.is_some(), "{failure}");
        }
    }
}
