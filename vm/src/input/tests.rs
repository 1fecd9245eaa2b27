//! Files that are right, in every format, and each way in which one can be wrong.

use super::*;
use smpc_bytecode::types::{DataType, Field};
use std::path::Path;

mod typed;

fn int(lo: i64, hi: i64) -> DataType {
    DataType::Int { lo, hi }
}

fn array(shape: &[u64], element: DataType) -> DataType {
    DataType::Array { shape: shape.to_vec(), element: Box::new(element) }
}

fn record(fields: &[(&str, DataType)]) -> DataType {
    let fields = fields.iter().map(|(name, ty)| Field::new(*name, ty.clone())).collect();
    DataType::Struct { name: "Row".into(), fields }
}

/// `struct Row { id: int, rate: fix in 0.0..=2.0, full: bool }`
fn row() -> DataType {
    record(&[("id", int(-5, 999)), ("rate", DataType::Fix { frac: 16, lo: 0, hi: 2 << 16 }), ("full", DataType::Bool)])
}

/// Inputs x of A, y of B, and z[0], z[1] of members.
fn manifest(ty: DataType) -> Manifest {
    let input = |name: &str, member, role| Input {
        name: name.into(),
        member,
        role: RoleId(role),
        secret: true,
        ty: ty.clone(),
    };
    Manifest {
        roles: vec!["A".into(), "B".into(), "C[0]".into(), "C[1]".into()],
        inputs: vec![input("x", None, 0), input("y", None, 1), input("z", Some(0), 2), input("z", Some(1), 3)],
        ..Manifest::default()
    }
}

/// Reads a file of that name as the input `x`.
fn read_as(ty: &DataType, name: &str, content: impl AsRef<[u8]>, column: &str) -> Result<Vec<Vec<i64>>, String> {
    read_with(ty, name, content, column, None)
}

/// As [`read_as`], with a key.
fn read_with(
    ty: &DataType,
    name: &str,
    content: impl AsRef<[u8]>,
    column: &str,
    key: Option<&CsvKey>,
) -> Result<Vec<Vec<i64>>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("a file");
    let file: InputFile = format!("x={}{column}", path.display()).parse().expect("an argument");
    match read(&manifest(ty.clone()), |role| role.0 == 0, &[file], key) {
        Ok(mut inputs) => Ok(inputs.remove(0).expect("x is A's")),
        Err(failures) => {
            assert_eq!(failures.len(), 1, "{failures:?}");
            Err(failures[0].to_string().replace(&format!("{}/", folder.path().display()), ""))
        }
    }
}

fn takes(ty: &DataType, name: &str, content: &str, leaves: &[&[i64]]) {
    let leaves: Vec<Vec<i64>> = leaves.iter().map(|leaf| leaf.to_vec()).collect();
    assert_eq!(read_as(ty, name, content, ""), Ok(leaves), "{content}");
}

fn refuses(ty: &DataType, name: &str, content: &str, message: &str) {
    assert_eq!(read_as(ty, name, content, "").expect_err("a refusal"), message, "{content}");
}

#[test]
fn tables_of_records() {
    let table = array(&[2], row());
    let leaves: &[&[i64]] = &[&[1, -5], &[1 << 15, 131_072], &[1, 0]];
    takes(&table, "x.csv", "id,rate,full\n1,0.5,yes\n-5,2.0,FALSE\n", leaves);
    takes(&table, "x.csv", "\u{feff}full;more;rate;id\r\n1;?;0.5;+1\r\n\r\nno;;2;-5", leaves);
    takes(&table, "x.tsv", "rate\tid\tfull\n 0.5 \t1\ttrue\n2.00000\t-5\t0\n", leaves);
    takes(&table, "x.csv", "\"id\",\"rate\",\"full\"\n\"1\",\"0.5\",\"yes\"\n\"-5\",\"2\",\"no\"\n", leaves);
    takes(&table, "x.json", r#"[{"id":1,"rate":0.5,"full":true},{"more":[{}],"full":false,"rate":2,"id":-5}]"#, leaves);
    takes(
        &table,
        "x.json",
        r#"{"y": [1, {"a": "]"}], "x": [{"id":"1","rate":5e-1,"full":1},{"id":-5,"rate":2.0,"full":0}]}"#,
        leaves,
    );
    takes(&row(), "x.csv", "id,rate,full\n7,1,no\n", &[&[7], &[1 << 16], &[0]]);
    takes(&row(), "x.json", r#"{"id": 7, "rate": 1, "full": false}"#, &[&[7], &[1 << 16], &[0]]);
}

#[test]
fn columns_and_single_values() {
    let three = array(&[3], int(0, 99));
    for content in ["1\n2\n3\n", "anything\n1\n2\n3\n", "a,x\n9,1\n9,2\n9,3\n"] {
        takes(&three, "x.csv", content, &[&[1, 2, 3]]);
    }
    takes(&three, "x.txt", "1 2\n  3 ", &[&[1, 2, 3]]);
    takes(&three, "numbers", "1\n2\n3", &[&[1, 2, 3]]);
    for content in ["[1, 2, 3]", r#"{"x": [1, 2, 3]}"#, r#"[{"x": 1}, {"a": 0, "x": 2}, {"x": 3}]"#] {
        takes(&three, "x.json", content, &[&[1, 2, 3]]);
        takes(&three, "x", content, &[&[1, 2, 3]]);
    }
    takes(&int(0, 99), "x.csv", "wealth\n55\n", &[&[55]]);
    takes(&int(0, 99), "x.csv", "55", &[&[55]]);
    takes(&int(0, 99), "x.json", "55", &[&[55]]);
    takes(&DataType::Bool, "x.txt", "yes", &[&[1]]);
    takes(&array(&[2], record(&[("pay", int(0, 9))])), "x.csv", "4\n5\n", &[&[4, 5]]);
    assert_eq!(read_as(&three, "t.csv", "a,b\n1,4\n2,5\n3,6\n", ":b"), Ok(vec![vec![4, 5, 6]]));
    assert_eq!(read_as(&three, "t.json", r#"{"a": [1,2,3], "b": [4,5,6]}"#, ":b"), Ok(vec![vec![4, 5, 6]]));
    assert_eq!(read_as(&three, "t.json", r#"[{"b":4},{"b":5},{"b":6}]"#, ":b"), Ok(vec![vec![4, 5, 6]]));
}

#[test]
fn arrays_of_higher_rank() {
    let matrix = array(&[2, 3], int(0, 99));
    let nested = array(&[2], array(&[3], int(0, 99)));
    for ty in [&matrix, &nested] {
        for content in ["1,2,3\n4,5,6\n", "a,b,c\n1,2,3\n4,5,6\n", "1\n2\n3\n4\n5\n6\n", "v\n1\n2\n3\n4\n5\n6\n"] {
            takes(ty, "x.csv", content, &[&[1, 2, 3, 4, 5, 6]]);
        }
        takes(ty, "x.json", "[[1,2,3],[4,5,6]]", &[&[1, 2, 3, 4, 5, 6]]);
        takes(ty, "x.txt", "1 2 3\n4 5 6\n", &[&[1, 2, 3, 4, 5, 6]]);
        refuses(
            ty,
            "x.csv",
            "1,2\n3,4\n",
            "error: x.csv:1: the row has 2 cells instead of 3\n  = help: every row has a cell for each column; a cell that has a separator in it stands in quotes",
        );
        refuses(
            ty,
            "x.csv",
            "1,2,3\n",
            "error: x.csv: has 1 row, and the program takes 2\n  = help: nothing is filled in silently: give the file that belongs to this program, or compile it for fewer",
        );
        refuses(
            ty,
            "x.json",
            "[[1,2,3],[4,5]]",
            "error: x.json:1: has 2 values, and the program takes 3\n  = help: nothing is filled in silently: give the file that belongs to this program, or compile it for fewer",
        );
        refuses(
            ty,
            "x.json",
            "[[1,2,3]]",
            "error: x.json:1: has 1 row, and the program takes 2\n  = help: nothing is filled in silently: give the file that belongs to this program, or compile it for fewer",
        );
    }
    // Records that hold arrays and records: by column, lanes in order.
    let inner = record(&[("a", int(0, 99)), ("b", int(0, 99))]);
    let deep = array(&[2], record(&[("id", int(0, 99)), ("v", array(&[2], int(0, 99))), ("r", array(&[2], inner))]));
    let header = "id,v[0],v[1],r[0].a,r[0].b,r[1].a,r[1].b\n";
    let leaves: &[&[i64]] = &[&[1, 8], &[2, 3, 9, 10], &[4, 6, 11, 13], &[5, 7, 12, 14]];
    takes(&deep, "x.csv", &format!("{header}1,2,3,4,5,6,7\n8,9,10,11,12,13,14\n"), leaves);
    let json = r#"[{"id":1,"v":[2,3],"r":[{"a":4,"b":5},{"b":7,"a":6}]},{"v":[9,10],"r":[{"a":11,"b":12},{"a":13,"b":14}],"id":8}]"#;
    takes(&deep, "x.json", json, leaves);
}

#[test]
fn wrong_tables() {
    let table = array(&[2], row());
    let csv = |content: &str, message: &str| refuses(&table, "x.csv", content, message);
    csv(
        "id,speed,full\n",
        "error: x.csv:1: has no column `rate`; it has `id`, `speed`, `full`\n  = help: the first row names the columns, in any order, spelled as in the program",
    );
    csv(
        "id,rate,id,full\n",
        "error: x.csv:1: has two columns `id`\n  = help: the first row names the columns, in any order, spelled as in the program",
    );
    csv(
        "id,rate,full\n1,1,1\n",
        "error: x.csv: has 1 row, and the program takes 2\n  = help: nothing is filled in silently: give the file that belongs to this program, or compile it for fewer",
    );
    csv(
        "id,rate,full\n1,1,1\n1,1,1\n1,1,1\n1,1,1\n",
        "error: x.csv: has 4 rows, and the program takes 2\n  = help: nothing is left out silently: give the file that belongs to this program, or compile it for more",
    );
    csv(
        "id,rate,full\n1,1,1\n\n2,1\n",
        "error: x.csv:4: the row has 2 cells instead of 3\n  = help: every row has a cell for each column; a cell that has a separator in it stands in quotes",
    );
    let cell = |id: &str, rate: &str, full: &str, message: &str| {
        csv(&format!("id,rate,full\n1,1,1\n{id},{rate},{full}\n"), &format!("error: x.csv:3: {message}"));
    };
    let whole = "\n  = help: expected a whole number in -5..=999";
    cell("many", "1", "1", &format!("column `id`: `many` is not a number{whole}"));
    cell("5.7", "1", "1", &format!("column `id`: `5.7` is not a whole number{whole}"));
    cell("5.0", "1", "1", &format!("column `id`: `5.0` is not a whole number{whole}"));
    cell("1e2", "1", "1", &format!("column `id`: `1e2` is not a whole number{whole}"));
    cell("1000", "1", "1", &format!("column `id`: `1000` is not in the range -5..=999{whole}"));
    cell(
        "99999999999999999999999",
        "1",
        "1",
        &format!("column `id`: `99999999999999999999999` is not in the range -5..=999{whole}"),
    );
    cell("-6", "1", "1", &format!("column `id`: `-6` is not in the range -5..=999{whole}"));
    cell("", "1", "1", &format!("column `id`: the cell is empty{whole}"));
    cell("\"1,000\"", "1", "1", &format!("column `id`: `1,000` is not a number{whole}"));
    cell("0x10", "1", "1", &format!("column `id`: `0x10` is not a number{whole}"));
    cell("-", "1", "1", &format!("column `id`: `-` is not a number{whole}"));
    let number = "\n  = help: expected a number in 0.0..=2.0";
    cell("1", "2.00001", "1", &format!("column `rate`: `2.00001` is not in the range 0.0..=2.0{number}"));
    cell("1", "-0.00001", "1", &format!("column `rate`: `-0.00001` is not in the range 0.0..=2.0{number}"));
    cell("1", "1e99", "1", &format!("column `rate`: `1e99` is not in the range 0.0..=2.0{number}"));
    cell("1", "NaN", "1", &format!("column `rate`: `NaN` is not a number{number}"));
    cell(
        "1",
        "1",
        "perhaps",
        "column `full`: `perhaps` is neither true nor false\n  = help: expected true, false, yes, no, 1 or 0",
    );
    // A long cell, and one with control characters, are not printed as they are.
    let long = "7".repeat(400) + "x";
    cell(&long, "1", "1", &format!("column `id`: `{}…` is not a number{whole}", "7".repeat(40)));
    cell("\u{1b}[31m1", "1", "1", &format!("column `id`: `\u{fffd}[31m1` is not a number{whole}"));
    refuses(
        &array(&[2], int(0, 9)),
        "x.csv",
        "a,b\n1,2\n3,4\n",
        "error: x.csv:1: has several columns (`a`, `b`), none of them called `x`\n  = help: say which one: --input x=FILE:COLUMN",
    );
    refuses(
        &array(&[2], int(0, 9)),
        "x.csv",
        "5.7\n1\n",
        "error: x.csv:1: column `1`: `5.7` is not a whole number\n  = help: expected a whole number in 0..=9",
    );
    assert!(
        read_as(&table, "x.csv", "id,rate,full\n", ":id").expect_err("a refusal").contains("a single column was named")
    );
}

#[test]
fn an_empty_line_of_a_single_column_is_an_empty_cell() {
    let numbers = array(&[3], int(0, 9));
    for end in ["\n", "\r\n"] {
        let file = |rows: &[&str]| rows.join(end);
        takes(&numbers, "x.csv", &file(&["1", "2", "3", "", " ", ""]), &[&[1, 2, 3]]);
        takes(&numbers, "x.csv", &file(&["", "x", "1", "2", "3"]), &[&[1, 2, 3]]);
        for gap in ["", "  "] {
            let help = "the cell is empty\n  = help: expected a whole number in 0..=9";
            let rows = ["x", "1", gap, "2", "3"];
            refuses(&numbers, "x.csv", &file(&rows), &format!("error: x.csv:3: column `x`: {help}"));
            refuses(&numbers, "x.csv", &file(&rows[1..]), &format!("error: x.csv:2: column `1`: {help}"));
        }
    }
}

#[test]
fn wrong_json() {
    let table = array(&[1], row());
    let json = |content: &str, message: &str| refuses(&table, "x.json", content, &format!("error: x.json{message}"));
    json(
        "[{\"id\": 1,\n \"rate\": 1}]",
        ":1: a record without a field `full`\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    json(
        "[\n{\"id\": 1, \"rate\": 1, \"full\": null}]",
        ":2: column `full`: the cell is empty\n  = help: expected true, false, yes, no, 1 or 0",
    );
    json(
        "[{\"id\": 5.7}]",
        ":1: column `id`: `5.7` is not a whole number\n  = help: expected a whole number in -5..=999",
    );
    json(
        "[{\"id\": [5]}]",
        ":1: a list or an object stands where a whole number in -5..=999 is due\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    json(
        "[5]",
        ":1: a record is an object with the fields' names\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    json(
        "[]",
        ":1: has 0 rows, and the program takes 1\n  = help: nothing is filled in silently: give the file that belongs to this program, or compile it for fewer",
    );
    json(
        "[{\"id\": 1, \"rate\": 1, \"full\": 1}, 7, {}]",
        ":1: has 3 rows, and the program takes 1\n  = help: nothing is left out silently: give the file that belongs to this program, or compile it for more",
    );
    json(
        "[{\"id\": 1, \"rate\": 1, \"full\": 1}] 7",
        ":1: there is something after the end of the value\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    json(
        "[{\"id\": 1, \"rate\": 1, \"full\": 1}",
        ":1: the file ends in the middle of a value\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    json(
        "[{\"id\": 1 \"rate\": 1}]",
        ":1: `\"` stands where `,` is due\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    json(
        "[{id: 1}]",
        ":1: a name in quotes is missing\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    json(
        "[{\"id\": 1, \"id\": 1}]",
        ":1: has two columns `id`\n  = help: the first row names the columns, in any order, spelled as in the program",
    );
    json(
        "{\"y\": []}",
        ": has no column `x`; it has `y`\n  = help: the first row names the columns, in any order, spelled as in the program",
    );
    json(
        &format!("{{\"y\": {}", "[".repeat(100_000)),
        ":1: the file ends in the middle of a value\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    // What is not read must be JSON, too.
    let skipped = |value: &str, message: &str| {
        let content = format!("{{\"y\":\n {value}, \"x\": []}}");
        json(
            &content,
            &format!(
                ":2: this is no JSON: {message}\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records"
            ),
        );
    };
    skipped("[1 2 : , 3]", "expected `,` or `]`");
    skipped("{1: 2}", "key must be a string");
    skipped("[1,, 2]", "expected value");
    skipped("[1}", "expected `,` or `]`");
    skipped("yes", "expected value");
    skipped("1.5.5", "trailing characters");
    skipped("[\"\\x\"]", "invalid escape");
    json(
        "{\"y\": \"",
        ":1: the file ends in the middle of a value\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    json(
        "{\"y",
        ":1: a text without its closing quote\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
}

#[test]
fn files_that_are_none() {
    let ty = array(&[2], int(0, 9));
    refuses(&ty, "x.csv", "", "error: x.csv: is empty\n  = help: give the file that holds the values of this input");
    refuses(
        &ty,
        "x.csv",
        " \n\n",
        "error: x.csv: is empty\n  = help: give the file that holds the values of this input",
    );
    let binary = read_as(&ty, "x.csv", b"1\n2\n\xff\xfe\n", "").expect_err("a refusal");
    assert_eq!(binary, "error: x.csv:3: is not UTF-8 text\n  = help: save it as UTF-8");
    let words = "error: x.txt: has bare numbers, and the input is a table of records\n  = help: use CSV with a first row that names the columns, or JSON";
    refuses(&array(&[1], row()), "x.txt", "1 2 3", words);
    refuses(
        &ty,
        "x.txt",
        "1 2 3 4",
        "error: x.txt: has 4 values, and the program takes 2\n  = help: nothing is left out silently: give the file that belongs to this program, or compile it for more",
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let one = |path: &Path| {
        let file: InputFile = format!("x={}", path.display()).parse().expect("an argument");
        read(&manifest(ty.clone()), |role| role.0 == 0, &[file], None).expect_err("a refusal")[0].to_string()
    };
    assert!(one(folder.path()).contains("is a folder"));
    assert!(one(&folder.path().join("nothing.csv")).contains("nothing.csv: cannot be read: No such file"));
}

#[test]
fn which_file_is_which_input() {
    let manifest = manifest(int(0, 9));
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["x.csv", "y.json", "z.0.csv", "z.1.txt"] {
        std::fs::write(folder.path().join(name), "5").expect("a file");
    }
    let arg = |text: &str| {
        text.replace("DIR", &folder.path().display().to_string()).parse::<InputFile>().expect("an argument")
    };
    let all = in_folder(&manifest, folder.path(), &[]).expect("all are there");
    assert_eq!(read(&manifest, |_| true, &all, None), Ok(vec![Some(vec![vec![5]]); 4]));
    let mine = |role: u32| move |asked: RoleId| asked.0 == role;
    assert_eq!(read(&manifest, mine(3), &[arg("z[1]=DIR/x.csv")], None).expect("z[1]")[3], Some(vec![vec![5]]));
    let refuses = |role: u32, files: &[InputFile], words: &[&str]| {
        let failures = read(&manifest, mine(role), files, None).expect_err("a refusal");
        let text: String = failures.iter().map(|failure| format!("{failure}\n")).collect();
        for word in words {
            assert!(text.contains(word), "`{word}` is missing in:\n{text}");
        }
    };
    refuses(0, &[], &["no file for the input `x` of A", "--input x=FILE"]);
    refuses(3, &[], &["no file for the input `z[1]`", "--input 'z[1]=FILE'"]);
    refuses(0, &[arg("x=DIR/x.csv"), arg("x=DIR/x.csv")], &["two files for the input `x`"]);
    refuses(0, &[arg("x=DIR/x.csv"), arg("y=DIR/x.csv")], &["the input `y` is B's", "does not play B"]);
    refuses(0, &[arg("x=DIR/x.csv"), arg("w=DIR/x.csv")], &["no input `w`", "`x`, `y`, `z[0]`, `z[1]`"]);
    refuses(2, &[arg("z=DIR/x.csv")], &["no input `z`", "'z[0]=…'", "no file for the input `z[0]`"]);
    std::fs::remove_file(folder.path().join("z.0.csv")).expect("it was there");
    let failures = in_folder(&manifest, folder.path(), &[]).expect_err("one is missing");
    assert!(failures[0].to_string().contains("z.0.csv does not exist"), "{}", failures[0]);
    for text in ["x", "=f", "x=", "x[=f", "x[a]=f", "[0]=f", "x[1=f"] {
        assert!(text.parse::<InputFile>().is_err(), "{text}");
    }
    // A colon in a file's name.
    std::fs::write(folder.path().join("a:b.csv"), "5").expect("a file");
    assert_eq!(arg("x=DIR/a:b.csv").column, None);
    assert_eq!(arg("x=DIR/x.csv:b").column.as_deref(), Some("b"));
}
