//! The audit as JSON: all of it, for tools.

use super::page::severity;
use smpc_bytecode::audit::{
    Audit, Coalition, Column, Dependence, Disclosure, Means, Place, RecoveredColumn, Recovery, Released, Rounding,
    Shape, Told, Unclear,
};
use smpc_bytecode::module::Receivers;
use smpc_bytecode::types::DataType;
use smpcvm::output::Json;
use smpcvm::session::hex;

/// The JSON text of an audit.
pub(super) fn render(audit: &Audit, digest: &str, hash: &[u8; 32]) -> String {
    let inputs = audit.inputs.iter().map(|input| {
        object(vec![
            ("name", text(&input.name)),
            ("member", input.member.map_or_else(null, |member| Json::number(member.into()))),
            ("role", role(audit, input.role)),
            ("secret", flag(input.secret)),
            ("columns", list(&input.columns, column)),
        ])
    });
    object(vec![
        ("digest", text(digest)),
        ("module", text(&hex(hash))),
        ("program", text(&audit.program)),
        ("params", Json::Object(audit.params.iter().map(|(name, value)| (name.clone(), word(value))).collect())),
        ("roles", list(&audit.roles, |role| text(role))),
        ("inputs", Json::List(inputs.collect())),
        ("disclosures", list(&audit.disclosures, |one| disclosure(audit, one))),
        ("recoveries", list(&audit.recoveries, |one| recovery(audit, one))),
        (
            "not_analysed",
            object(vec![
                ("left_out", list(&audit.left_out, |at| word(at))),
                ("cut_short", flag(audit.cut_short)),
                (
                    "inexact",
                    list(&audit.unclear, |(at, why)| object(vec![("why", text(reason(*why))), ("place", place(at))])),
                ),
            ]),
        ),
        (
            "ranges",
            object(vec![
                ("proven", word(audit.proven)),
                (
                    "tightest",
                    list(&audit.tight, |tight| {
                        object(vec![
                            ("lo", word(tight.range.0)),
                            ("hi", word(tight.range.1)),
                            ("frac", word(tight.frac)),
                            ("spare_bits", word(tight.spare_bits())),
                            ("operation", text(tight.operation)),
                            ("place", place(&tight.place)),
                        ])
                    }),
                ),
            ]),
        ),
    ])
    .render()
}

fn object(members: Vec<(&str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn list<T>(items: &[T], each: impl FnMut(&T) -> Json) -> Json {
    Json::List(items.iter().map(each).collect())
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

fn word(value: impl ToString) -> Json {
    Json::Word(value.to_string())
}

fn flag(flag: bool) -> Json {
    word(flag)
}

fn null() -> Json {
    word("null")
}

fn role(audit: &Audit, role: usize) -> Json {
    audit.roles.get(role).map_or_else(null, |name| text(name))
}

fn place(at: &Place) -> Json {
    object(vec![("file", text(&at.file)), ("line", word(at.line)), ("text", text(&at.text))])
}

fn means(how: Means) -> Json {
    list(&how.words(), |word| text(word))
}

fn column(column: &Column) -> Json {
    object(vec![
        ("path", text(&column.path)),
        ("type", data(&column.ty)),
        ("lanes", word(column.lanes)),
        ("range_proof", column.proven.as_ref().map_or_else(null, place)),
        ("told", flag(column.told)),
    ])
}

fn data(ty: &DataType) -> Json {
    match ty {
        DataType::Bool => object(vec![("kind", text("bool"))]),
        DataType::Int { lo, hi } => object(vec![("kind", text("int")), ("lo", word(lo)), ("hi", word(hi))]),
        DataType::Fix { frac, lo, hi } => {
            object(vec![("kind", text("fix")), ("frac", word(frac)), ("raw_lo", word(lo)), ("raw_hi", word(hi))])
        }
        DataType::Bits { width } => object(vec![("kind", text("bits")), ("width", word(width))]),
        DataType::Enum { name, variants } => {
            object(vec![("kind", text("enum")), ("name", text(name)), ("names", list(variants, |name| text(name)))])
        }
        // Columns are scalars.
        DataType::Maybe(_)
        | DataType::Array { .. }
        | DataType::Rows { .. }
        | DataType::Struct { .. }
        | DataType::Tuple(_) => null(),
    }
}

fn disclosure(audit: &Audit, one: &Disclosure) -> Json {
    let mut members = match &one.kind {
        Told::Output { name, member, rounding } => vec![
            ("kind", text("output")),
            ("name", text(name)),
            ("member", member.map_or_else(null, |member| Json::number(member.into()))),
            (
                "rounding",
                match rounding {
                    None => null(),
                    Some(Rounding::AtMost(bound)) => object(vec![("at_most", Json::float(*bound))]),
                    Some(Rounding::Unbounded(why, at)) => object(vec![("unbounded", text(why)), ("place", place(at))]),
                },
            ),
        ],
        Told::Opened { steers } => {
            vec![("kind", text("reveal")), ("steers", flag(*steers)), ("library", flag(one.place.is_library()))]
        }
        Told::Check { message } => vec![("kind", text("check")), ("message", text(message))],
    };
    members.extend([
        (
            "to",
            match &one.to {
                Receivers::All => text("all"),
                Receivers::Roles(to) => list(to, |id| role(audit, id.index())),
            },
        ),
        ("times", one.times.map_or_else(null, Json::number)),
        ("place", place(&one.place)),
        ("calls", list(&one.calls, place)),
        ("values", list(&one.values, |value| released(audit, value))),
    ]);
    object(members)
}

fn released(audit: &Audit, value: &Released) -> Json {
    let shape = match value.shape {
        Shape::Copies => "copies",
        Shape::Linear => "linear",
        Shape::Other => "other",
    };
    object(vec![
        ("path", text(&value.path)),
        ("type", data(&value.ty)),
        ("lanes", word(value.lanes)),
        ("shape", text(shape)),
        ("random", flag(value.random)),
        ("stochastic", flag(value.stochastic)),
        ("depends_on", list(&value.uses, |one| dependence(audit, one))),
    ])
}

fn dependence(audit: &Audit, one: &Dependence) -> Json {
    let owners = one.inputs.iter().filter_map(|input| audit.inputs.get(*input));
    object(vec![
        ("input", text(&one.input)),
        ("path", text(&one.path)),
        ("roles", Json::List(owners.map(|input| role(audit, input.role)).collect())),
        ("secret", flag(one.secret)),
        ("through", means(one.how)),
        ("fewest_rows", word(one.rows.0)),
        ("most_rows", word(one.rows.1)),
        ("at_most", flag(one.at_most)),
        ("row_by_row", flag(one.row_by_row)),
    ])
}

fn recovery(audit: &Audit, one: &Recovery) -> Json {
    let coalition = match &one.coalition {
        Coalition::Roles(roles) => list(roles, |id| role(audit, id.index())),
        Coalition::Others(_) => text("all others"),
    };
    let word_of = severity(one.severity());
    object(vec![
        ("owner", role(audit, one.owner.index())),
        ("coalition", coalition),
        ("members", word(one.members())),
        ("severity", text(&if word_of.is_empty() { "stated".to_owned() } else { word_of.to_lowercase() })),
        (
            "parts",
            list(&one.parts, |part| {
                object(vec![
                    ("times", text(&part.times)),
                    ("each", flag(part.each)),
                    ("rows", word(part.rows())),
                    ("columns", list(&part.columns, |column| recovered(audit, column))),
                ])
            }),
        ),
        ("within", one.within.map_or_else(null, Json::float)),
        ("modulo_2_64", flag(one.modulo)),
        ("exclusive_or", flag(one.words)),
        ("from", list(&one.from, |at| word(at))),
        ("smaller_coalitions_tried_below", word(one.tried)),
    ])
}

fn recovered(audit: &Audit, column: &RecoveredColumn) -> Json {
    let names = column.of.iter().map(|(input, leaf)| {
        let input = audit.inputs.get(*input);
        let column = input.and_then(|input| input.columns.get(*leaf));
        object(vec![
            ("input", input.map_or_else(null, |input| text(&input.name))),
            ("member", input.and_then(|input| input.member).map_or_else(null, |member| Json::number(member.into()))),
            ("path", column.map_or_else(null, |column| text(&column.path))),
        ])
    });
    object(vec![
        ("of", Json::List(names.collect())),
        ("figure", column.figure.as_ref().map_or_else(null, place)),
        ("through", means(column.how)),
        ("from", word(column.lanes.0)),
        ("to", word(column.lanes.1)),
    ])
}

/// The name of a reason.
fn reason(why: Unclear) -> &'static str {
    match why {
        Unclear::Loop => "loop",
        Unclear::View => "view",
        Unclear::Index => "index",
        Unclear::Totals => "totals",
        Unclear::Matrix => "matrix",
        Unclear::Figures => "figures",
    }
}
