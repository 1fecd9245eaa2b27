//! The page: headings and sentences for a reader who is no cryptographer. Text and HTML show the same page.

use super::words::{
    at_most, column_name, column_of, count, fixed, kind, list, number, place, role_ids, roles, through,
};
use smpc_bytecode::audit::{
    Audit, Coalition, Dependence, Disclosure, InputFacts, Means, Place, RecoveredColumn, RecoveredPart, Recovery,
    Released, Rounding, Severity, Shape, Told, Unclear,
};
use smpc_bytecode::module::Receivers;
use smpc_bytecode::types::DataType;
use smpcvm::session::hex;
use std::collections::BTreeMap;

/// Entries of a section before the rest is counted.
const MOST_ENTRIES: usize = 60;

/// A page.
pub(super) struct Page {
    pub(super) title: String,
    /// Names with what they stand for, at the top.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) sections: Vec<Section>,
}

/// A heading with what stands below.
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// Something below a heading.
#[derive(PartialEq)]
pub(super) enum Block {
    /// A paragraph.
    Text(String),
    /// An entry of a list.
    Entry {
        /// How serious it is, of findings.
        mark: Option<Severity>,
        /// What is said.
        says: String,
        /// More about it.
        more: Vec<String>,
        /// Where it stands.
        source: Option<Place>,
    },
}

impl Block {
    fn plain(says: String) -> Self {
        Self::Entry { mark: None, says, more: Vec::new(), source: None }
    }
}

/// The word for a severity.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Serious => "SERIOUS",
        Severity::Notable => "NOTABLE",
        Severity::Minor => "MINOR",
        Severity::Stated => "",
    }
}

/// The page of an audit.
pub(super) fn of(audit: &Audit, digest: &str, hash: &[u8; 32]) -> Page {
    let params: Vec<String> = audit.params.iter().map(|(name, value)| format!("{name} = {}", number(value))).collect();
    let mut facts = vec![
        ("Program", audit.program.clone()),
        ("Digest of this audit", digest.to_owned()),
        ("SHA-256 of the compiled file", hex(hash)),
    ];
    if !params.is_empty() {
        facts.push(("Settings", params.join(", ")));
    }
    let writer = Writer { audit };
    Page {
        title: format!("What {} reveals", audit.program),
        facts,
        sections: vec![
            Section { heading: "What the program takes", blocks: writer.takes() },
            Section { heading: "What each party learns", blocks: writer.learns() },
            Section { heading: "What everybody learns on the way", blocks: writer.on_the_way() },
            Section { heading: "Findings", blocks: writer.findings() },
            Section { heading: "What larger groups could work out", blocks: writer.stated() },
            Section { heading: "Why no number is wrong", blocks: writer.ranges() },
            Section { heading: "What is not analysed", blocks: writer.not_analysed() },
        ],
    }
}

struct Writer<'a> {
    audit: &'a Audit,
}

impl Writer<'_> {
    // What the program takes.

    fn takes(&self) -> Vec<Block> {
        if self.audit.inputs.is_empty() {
            return vec![Block::Text("Nothing.".to_owned())];
        }
        let mut blocks = Vec::new();
        // Members of a counted role give the same.
        let mut at = 0;
        while at < self.audit.inputs.len() {
            let first = &self.audit.inputs[at];
            let same = |other: &&InputFacts| {
                other.name == first.name && other.secret == first.secret && {
                    let pairs = || other.columns.iter().zip(&first.columns);
                    other.columns.len() == first.columns.len()
                        && pairs().all(|(a, b)| (&a.path, &a.ty, a.lanes, a.told) == (&b.path, &b.ty, b.lanes, b.told))
                }
            };
            let alike = self.audit.inputs[at..].iter().take_while(same).count();
            let owners = roles(self.audit, self.audit.inputs[at..at + alike].iter().map(|input| input.role));
            let each = if alike > 1 { "each give" } else { "gives" };
            let who = if first.secret { "which nobody else sees" } else { "which everyone sees: it is public" };
            let columns = first.columns.iter().map(|column| {
                let name = if column.path.is_empty() { &first.name } else { &column.path };
                let values = count(column.lanes, "value");
                let unused = if column.told { "" } else { "; nothing that is told depends on it" };
                let proven = if column.proven.is_some() { "; the range is checked" } else { "" };
                format!("{name}: {values}, each {}{proven}{unused}", kind(&column.ty))
            });
            let says = format!("{owners} {each} `{}`, {who}.", first.name);
            let source = first.columns.iter().find_map(|column| column.proven.clone());
            blocks.push(Block::Entry { mark: None, says, more: columns.collect(), source });
            at += alike;
        }
        blocks
    }

    // What each party learns.

    fn learns(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let outputs: Vec<&Disclosure> =
            self.audit.disclosures.iter().filter(|one| matches!(one.kind, Told::Output { .. })).collect();
        let names = |of: &dyn Fn(&Disclosure) -> bool| {
            let mut names: Vec<String> = Vec::new();
            for one in outputs.iter().filter(|one| of(one)) {
                if let Told::Output { name, .. } = &one.kind
                    && !names.contains(&format!("`{name}`"))
                {
                    names.push(format!("`{name}`"));
                }
            }
            names
        };
        let public = names(&|one| one.to == Receivers::All);
        let on_the_way = self.audit.disclosures.iter().any(|one| !matches!(one.kind, Told::Output { .. }));
        let way = if on_the_way { ", and what is said below under “on the way”" } else { "" };
        // Roles that learn the same.
        let mut alike: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for role in 0..self.audit.roles.len() {
            let own = names(&|one| matches!(&one.to, Receivers::Roles(to) if to.iter().any(|id| id.index() == role)));
            alike.entry(own).or_default().push(role);
        }
        let everyone = if public.is_empty() { "nothing".to_owned() } else { list(&public) };
        blocks.push(Block::Text(format!(
            "Everyone, that is each party and each machine that computes, learns {everyone}{way}."
        )));
        let mut groups: Vec<(Vec<String>, Vec<usize>)> = alike.into_iter().collect();
        groups.sort_by_key(|(_, members)| members.first().copied());
        for (own, members) in groups {
            let who = roles(self.audit, members.iter().copied());
            let learn = if members.len() == 1 { "learns" } else { "learn" };
            blocks.push(Block::Text(if own.is_empty() {
                format!("{who} {learn} nothing beyond that.")
            } else {
                format!(
                    "{who} also {learn} {}{}. Nothing else.",
                    list(&own),
                    if members.len() > 1 { ", each their own where it has parts" } else { "" }
                )
            }));
        }
        let mut at = 0;
        while at < outputs.len() && blocks.len() < MOST_ENTRIES {
            let first = outputs[at];
            let Told::Output { name, rounding, .. } = &first.kind else { break };
            let same = |other: &&&Disclosure| {
                matches!(&other.kind, Told::Output { name: own, .. } if own == name) && other.values == first.values
            };
            let alike = outputs[at..].iter().take_while(same).count();
            blocks.push(self.output(name, rounding.as_ref(), &outputs[at..at + alike]));
            at += alike;
        }
        if at < outputs.len() {
            blocks.push(Block::Text(format!(
                "And {} more, which the JSON form lists.",
                count((outputs.len() - at) as u64, "output")
            )));
        }
        blocks
    }

    fn output(&self, name: &str, rounding: Option<&Rounding>, alike: &[&Disclosure]) -> Block {
        let who = match (&alike[0].to, alike.len()) {
            (Receivers::All, _) => "Everyone learns".to_owned(),
            (Receivers::Roles(to), 1) => {
                format!("{} {}", role_ids(self.audit, to), if to.len() == 1 { "learns" } else { "learn" })
            }
            _ => {
                let to = alike.iter().flat_map(|one| match &one.to {
                    Receivers::Roles(to) => to.iter().map(|id| id.index()).collect(),
                    Receivers::All => Vec::new(),
                });
                format!("{} each learn their own", roles(self.audit, to))
            }
        };
        let values = &alike[0].values;
        let what = match &values[..] {
            [one] => many(one),
            _ => format!("a record of {} fields", values.len()),
        };
        let nobody = if alike[0].to == Receivers::All { "" } else { " Nobody else learns it." };
        let mut more = Vec::new();
        for value in values {
            let name = if values.len() > 1 { format!("{}, {}: ", value.path, many(value)) } else { String::new() };
            more.extend(self.about(value).into_iter().map(|line| format!("{name}{line}")));
        }
        match rounding {
            Some(Rounding::AtMost(0.0)) => more.push("It is exact.".to_owned()),
            Some(Rounding::AtMost(bound)) => more.push(format!("Rounding moves it by at most {}.", at_most(*bound))),
            Some(Rounding::Unbounded(why, at)) => {
                let at = if at.line > 0 { format!(" ({})", place(at)) } else { String::new() };
                more.push(format!("How far rounding may move it is not bounded: {why}{at}."));
            }
            None => {}
        }
        let says = format!("{who} `{name}`: {what}.{nobody}");
        Block::Entry { mark: None, says, more, source: Some(alike[0].place.clone()) }
    }

    /// What a value is computed from, and how.
    fn about(&self, value: &Released) -> Vec<String> {
        let mut lines = Vec::new();
        if value.uses.is_empty() {
            lines.push("It depends on no input.".to_owned());
        }
        let mut by_means: Vec<(Means, Vec<&Dependence>)> = Vec::new();
        for one in &value.uses {
            match by_means.iter_mut().find(|(how, _)| *how == one.how) {
                Some((_, all)) => all.push(one),
                None => by_means.push((one.how, vec![one])),
            }
        }
        for (how, all) in &by_means {
            let columns: Vec<String> =
                all.iter().map(|one| format!("{} of {}", self.rows(one), column_of(self.audit, one))).collect();
            let per = if value.lanes > 1 { "Each is computed from" } else { "It is computed from" };
            let sum =
                all.iter().map(|one| one.rows.1.saturating_mul(one.inputs.len() as u64)).fold(0, u64::saturating_add);
            let exact = all.iter().all(|one| one.rows.0 == one.rows.1 && !one.at_most);
            let inputs: usize = all.iter().map(|one| one.inputs.len()).sum();
            let total = if inputs > 1 && exact && all.iter().any(|one| one.rows.1 > 1) {
                format!(", {} in all", number(sum))
            } else {
                String::new()
            };
            lines.push(format!("{per} {}{total}, {}.", list(&columns), through(*how)));
        }
        if value.uses.iter().any(|one| one.row_by_row && one.secret) {
            lines.push("Rows come out one by one: each value belongs to a row of its own.".to_owned());
        }
        if value.shape == Shape::Copies && !value.uses.is_empty() {
            lines.push("It is the input itself, unchanged.".to_owned());
        }
        if value.random {
            lines.push("Random bits that nobody knows have a part in it.".to_owned());
        }
        if value.stochastic {
            lines.push(
                "It rests on a truncation that rounds up or down by chance, of which the machines may know the threshold.".to_owned(),
            );
        }
        lines
    }

    fn rows(&self, one: &Dependence) -> String {
        let lanes =
            one.inputs.first().and_then(|input| self.audit.inputs.get(*input)).and_then(|input| {
                input.columns.iter().find(|column| column.path == one.path).map(|column| column.lanes)
            });
        let each = if one.inputs.len() > 1 { " of each" } else { "" };
        if lanes == Some(1) {
            return "the value".to_owned();
        }
        if one.row_by_row {
            return format!("one row{each}");
        }
        let (few, most) = one.rows;
        match (one.at_most, few == most) {
            (true, _) => format!("at most {}{each}", count(most, "row")),
            (false, true) if Some(most) == lanes => format!("all {}{each}", count(most, "row")),
            (false, true) => format!("{}{each}", count(most, "row")),
            (false, false) => format!("between {} and {}{each}", number(few), count(most, "row")),
        }
    }

    // What everybody learns on the way.

    fn on_the_way(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let all: Vec<&Disclosure> =
            self.audit.disclosures.iter().filter(|one| !matches!(one.kind, Told::Output { .. })).collect();
        if all.is_empty() {
            return vec![Block::Text(
                "Nothing: the program reveals no value before its outputs, and checks nothing.".to_owned(),
            )];
        }
        for one in all.iter().take(MOST_ENTRIES) {
            let often = match one.times {
                Some(1) => String::new(),
                Some(times) => format!(", {} times", number(times)),
                None => ", as often as that part runs".to_owned(),
            };
            let mut more = one.values.iter().flat_map(|value| self.about(value)).collect::<Vec<String>>();
            let says = match &one.kind {
                Told::Check { message } => {
                    format!(
                        "Everyone learns whether a condition holds{often}: one bit. If not, the run stops and says “{message}”."
                    )
                }
                Told::Opened { steers } => {
                    if *steers {
                        more.push(
                            "It decides which part of the program runs, how often, or which elements are meant."
                                .to_owned(),
                        );
                    }
                    if one.place.is_library() {
                        more.push(
                            "The library opens it, where its source says why that tells nothing of the inputs."
                                .to_owned(),
                        );
                    }
                    let what = one.values.first().map_or_else(String::new, many);
                    format!("Everyone learns a value that the program reveals{often}: {what}.")
                }
                Told::Output { .. } => continue,
            };
            more.extend(one.calls.iter().map(|call| format!("Called from {}.", place(call))));
            blocks.push(Block::Entry { mark: None, says, more, source: Some(one.place.clone()) });
        }
        if all.len() > MOST_ENTRIES {
            blocks.push(Block::Text(format!(
                "And {} more, which the JSON form lists.",
                number(all.len() - MOST_ENTRIES)
            )));
        }
        blocks
    }

    // Findings.

    fn findings(&self) -> Vec<Block> {
        let mut found: Vec<&Recovery> =
            self.audit.recoveries.iter().filter(|one| one.severity() != Severity::Stated).collect();
        found.sort_by_key(|one| one.severity());
        if found.is_empty() {
            return vec![Block::Text(
                "None. From what they receive, neither one party nor two together can work out a single value or a total of \
                 another one, as far as outputs are sums of inputs; see what is not analysed."
                    .to_owned(),
            )];
        }
        let intro = "SERIOUS: a receiver alone learns single values of another party. NOTABLE: a receiver alone learns a total or another \
                     figure of another party, or two together learn single values. MINOR: two together learn a total or another figure of a third.";
        let mut blocks = vec![Block::Text(intro.to_owned())];
        blocks.extend(self.recoveries(&found));
        blocks
    }

    fn stated(&self) -> Vec<Block> {
        let found: Vec<&Recovery> =
            self.audit.recoveries.iter().filter(|one| one.severity() == Severity::Stated).collect();
        if found.is_empty() {
            return vec![Block::Text("Nothing was found that takes three parties or more.".to_owned())];
        }
        let mut blocks = vec![Block::Text(
            "No findings: in every computation over several parties, enough of them can subtract their own part."
                .to_owned(),
        )];
        blocks.extend(self.recoveries(&found));
        blocks
    }

    fn recoveries(&self, found: &[&Recovery]) -> Vec<Block> {
        let mut kinds: Vec<(Block, u64)> = Vec::new();
        for one in found {
            let block = self.recovery(one);
            match kinds.iter_mut().find(|(other, _)| *other == block) {
                Some((_, times)) => *times += 1,
                None => kinds.push((block, 1)),
            }
        }
        let of_a_kind = kinds.len();
        let shown = kinds.into_iter().take(MOST_ENTRIES).map(|(mut block, times)| {
            if let Block::Entry { more, .. } = &mut block
                && times > 1
            {
                more.push(format!("There are {} of this kind.", number(times)));
            }
            block
        });
        let mut blocks: Vec<Block> = shown.collect();
        if of_a_kind > MOST_ENTRIES {
            blocks.push(Block::Text(format!(
                "And {} more, which the JSON form lists.",
                number(of_a_kind - MOST_ENTRIES)
            )));
        }
        blocks
    }

    fn recovery(&self, one: &Recovery) -> Block {
        let owner = self.audit.roles.get(one.owner.index()).map_or("?", String::as_str);
        let who = match &one.coalition {
            Coalition::Roles(roles) => match roles.len() {
                0 => "Anyone who gets what goes to all can work out".to_owned(),
                1 => format!("{} can work out", role_ids(self.audit, roles)),
                _ => format!("{} together can work out", role_ids(self.audit, roles)),
            },
            Coalition::Others(n) => format!("All {} other parties together can work out", number(n)),
        };
        let joint = if one.words { ", joined by exclusive or" } else { "" };
        let parts: Vec<String> = one.parts.iter().map(|part| self.part(part)).collect();
        let what = match &parts[..] {
            [single] if one.parts[0].times == "1" => single.clone(),
            _ => {
                let multiples = one.parts.iter().zip(&parts).map(|(part, words)| match part.times.as_str() {
                    "1" => words.clone(),
                    times => format!("{times} times {words}"),
                });
                format!("the sum of {}", list(&multiples.collect::<Vec<_>>()))
            }
        };
        let precision = match (one.within, one.modulo) {
            (None, false) => "exactly".to_owned(),
            (None, true) => "exactly, modulo 2^64".to_owned(),
            (Some(within), _) => format!("to within {}", at_most(within / self.scale(one))),
        };
        let says = format!(
            "{who} {what}{joint}, which {} {owner}’s: {precision}.",
            if parts.len() > 1 { "are" } else { "is" }
        );
        let mut names: Vec<String> = Vec::new();
        for from in one.from.iter().filter_map(|from| self.audit.disclosures.get(*from)) {
            let name = match &from.kind {
                Told::Output { name, .. } => format!("`{name}`"),
                Told::Opened { .. } | Told::Check { .. } => format!("what is revealed in {}", place(&from.place)),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let own = if one.members() == 0 { "" } else { ", and from their own data" };
        let mut more = vec![format!("It follows from {}{own}.", list(&names))];
        if one.tried < one.members() {
            more.push(format!("Whether fewer would do was tried for fewer than {} only.", one.tried.max(1)));
        }
        let source = one.from.first().and_then(|from| self.audit.disclosures.get(*from)).map(|one| one.place.clone());
        Block::Entry { mark: Some(one.severity()), says, more, source }
    }

    /// Units of the input a unit of its raw value is.
    fn scale(&self, one: &Recovery) -> f64 {
        let column = one.parts.first().and_then(|part| part.columns.first());
        let ty = column.filter(|column| column.figure.is_none()).and_then(|column| {
            let (input, leaf) = column.of.first()?;
            self.audit.inputs.get(*input)?.columns.get(*leaf).map(|column| &column.ty)
        });
        match ty {
            Some(DataType::Fix { frac, .. }) => 2_f64.powi((*frac).min(62).cast_signed()),
            _ => 1.0,
        }
    }

    fn part(&self, part: &RecoveredPart) -> String {
        let rows = |column: &RecoveredColumn| column.lanes.1 - column.lanes.0;
        let name = |column: &RecoveredColumn| {
            let names = column.of.iter().filter_map(|(input, leaf)| {
                let input = self.audit.inputs.get(*input)?;
                Some(format!("`{}`", column_name(input, input.columns.get(*leaf)?)))
            });
            list(&names.collect::<Vec<_>>())
        };
        let phrases: Vec<String> = part
            .columns
            .iter()
            .map(|column| {
                let n = rows(column);
                let long = column
                    .of
                    .first()
                    .and_then(|(input, leaf)| self.audit.inputs.get(*input)?.columns.get(*leaf))
                    .map_or(1, |c| c.lanes);
                match (&column.figure, part.each, n) {
                    (None, true, _) => format!("each of {} of {}", count(n, "value"), name(column)),
                    (None, false, 1) if long == 1 => format!("the value of {}", name(column)),
                    (None, false, 1) => format!("the value in row {} of {}", number(column.lanes.0 + 1), name(column)),
                    (None, false, _) => format!("the total of {} of {}", count(n, "value"), name(column)),
                    (Some(at), each, _) => {
                        let of = match (each, n) {
                            (true, _) => format!("each of {}", count(n, "figure")),
                            (false, 1) => "a figure".to_owned(),
                            (false, _) => format!("the total of {}", count(n, "figure")),
                        };
                        let from = if column.rows > 1 {
                            format!("{} of ", count(column.rows, "row"))
                        } else if long > 1 {
                            "one row of ".to_owned()
                        } else {
                            String::new()
                        };
                        let per = if n > 1 { ", computed each" } else { ", computed" };
                        format!("{of}{per} from {from}{} {} in {}", name(column), through(column.how), place(at))
                    }
                }
            })
            .collect();
        list(&phrases)
    }

    // Why no number is wrong.

    fn ranges(&self) -> Vec<Block> {
        let mut blocks = vec![Block::Text(
            "Each party’s own machine refuses an input value outside the range that stands above, before anything is sent; against parties that \
             cheat, the ranges are proven inside the computation too. From these ranges the file’s verifier has proven, for all inputs at once, that \
             no secret number leaves the 64 bits that hold it, so that no result is wrong because a number was too large. Arithmetic that is meant to \
             wrap around is listed with the values that it has a part in."
                .to_owned(),
        )];
        if self.audit.tight.is_empty() {
            blocks.push(Block::Text("The program computes with no secret numbers.".to_owned()));
            return blocks;
        }
        let many = number(self.audit.proven);
        blocks.push(Block::Text(format!(
            "Of {many} secret results in the program, these come nearest to the end of 64 bits:"
        )));
        for tight in &self.audit.tight {
            let (lo, hi) = tight.range;
            let shown = |raw: i64| if tight.frac == 0 { number(raw) } else { fixed(raw, tight.frac) };
            let says = format!("{} to {}: {} to spare.", shown(lo), shown(hi), count(tight.spare_bits().into(), "bit"));
            blocks.push(Block::Entry { mark: None, says, more: Vec::new(), source: Some(tight.place.clone()) });
        }
        blocks
    }

    // What is not analysed.

    fn not_analysed(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut other: Vec<String> = Vec::new();
        for one in &self.audit.disclosures {
            let name = match &one.kind {
                Told::Output { name, .. } => format!("`{name}`"),
                Told::Opened { .. } => format!("what is revealed in {}", place(&one.place)),
                Told::Check { .. } => continue,
            };
            if one.values.iter().any(|value| value.shape == Shape::Other) && !other.contains(&name) {
                other.push(name);
            }
        }
        if !other.is_empty() {
            blocks.push(Block::plain(format!(
                "{}: not sums of inputs, or of figures of one party alone. What receivers could conclude from these together with their own data is \
                 not analysed; what they depend on is.",
                list(&other)
            )));
        }
        if !self.audit.left_out.is_empty() {
            let names: Vec<String> = self
                .audit
                .left_out
                .iter()
                .filter_map(|at| self.audit.disclosures.get(*at))
                .map(|one| place(&one.place))
                .collect();
            blocks.push(Block::plain(format!(
                "What is told in {} has too many or too irregular parts for the search of who could work out what: it was left out there.",
                list(&names)
            )));
        }
        if self.audit.cut_short {
            blocks.push(Block::plain("The search for groups that could work something out was ended early: there may be more than stands above.".to_owned()));
        }
        let mut by_reason: BTreeMap<Unclear, Vec<String>> = BTreeMap::new();
        for (at, why) in &self.audit.unclear {
            let places = by_reason.entry(*why).or_default();
            if !places.contains(&place(at)) {
                places.push(place(at));
            }
        }
        for (why, places) in by_reason {
            blocks.push(Block::plain(format!(
                "{} ({}): what passes there may be said to depend on more rows than it does.",
                reason(why),
                list(&places)
            )));
        }
        for always in [
            "Values at the ends of their ranges: a total that is as large as it can be tells every value in it.",
            "Data that is made up to find something out: a sum of products with a column of zeros and a single one is the value in one row.",
            "Several runs: two runs over data that differ in one person tell about that person by their difference.",
            "What parties may know from elsewhere, and what follows from the size and time of a run, which depend on the settings above and on what is \
             revealed alone.",
            "Who plays which role: one machine that plays two roles learns what both learn.",
        ] {
            blocks.push(Block::plain(always.to_owned()));
        }
        blocks
    }
}

const fn reason(why: Unclear) -> &'static str {
    match why {
        Unclear::Loop => "Loops with too many turns to follow one by one",
        Unclear::View => "Values that are taken in an irregular order",
        Unclear::Index => "Elements whose number is known only when the program runs",
        Unclear::Totals => "Running totals of long columns",
        Unclear::Matrix => "Products of large matrices",
        Unclear::Figures => "More figures than are kept apart",
    }
}

/// "300 values, each a whole number from 0 to 9".
fn many(value: &Released) -> String {
    if value.lanes == 1 {
        kind(&value.ty)
    } else {
        format!("{}, each {}", count(value.lanes, "value"), kind(&value.ty))
    }
}
