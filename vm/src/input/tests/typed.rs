//! Words, named values, absent values, rows and the ways in which a field may be written: what is read, and each refusal as it is shown.

use super::*;
use smpc_bytecode::types::{Format, Reading};

fn maybe(ty: DataType) -> DataType {
    DataType::Maybe(Box::new(ty))
}

fn rows(most: u64, element: DataType) -> DataType {
    DataType::Rows { most, element: Box::new(element) }
}

fn bits(width: u32) -> DataType {
    DataType::Bits { width }
}

fn arm() -> DataType {
    DataType::Enum { name: "Arm".into(), variants: vec!["Control".into(), "Treatment".into(), "Placebo".into()] }
}

fn field(name: &str, ty: DataType, format: Format) -> Field {
    Field { reading: Reading { column: None, format }, ..Field::new(name, ty) }
}

fn fields(fields: Vec<Field>) -> DataType {
    DataType::Struct { name: "Row".into(), fields }
}

/// A table of one column `f` of that type and format, of two rows.
fn column(ty: DataType, format: Format) -> DataType {
    array(&[2], fields(vec![field("f", ty, format), Field::new("i", int(0, 9))]))
}

/// What is said of the cell in the second row of such a table.
fn refuses_cell(ty: DataType, format: Format, good: &str, bad: &str, message: &str) {
    let content = format!("i,f\n1,{good}\n2,{bad}\n");
    refuses(&column(ty, format), "x.csv", &content, &format!("error: x.csv:3: column `f`: {message}"));
}

const LONGEST: &str = "0x123456789abcdef0fedcba9876543210";

#[test]
fn words() {
    let table = column(bits(8), Format::Plain);
    for (a, b) in [("0xff", "0x0"), ("0XFF", "0x00000000000000000000000"), ("ff", "0"), ("fF", "000"), (" 0xff ", "0x")]
    {
        let content = format!("f,i\n{a},1\n{b},2\n");
        match b {
            "0x" => assert!(read_as(&table, "x.csv", content, "").is_err(), "{b}"),
            _ => takes(&table, "x.csv", &content, &[&[255, 0], &[1, 2]]),
        }
    }
    takes(&table, "x.csv", "f,i\n7,1\n09,2\n", &[&[7, 9], &[1, 2]]);
    takes(&table, "x.json", r#"[{"f": "0xff", "i": 1}, {"f": "a", "i": 2}]"#, &[&[255, 10], &[1, 2]]);
    // Wide words are several values a lane, least significant first.
    let wide = array(&[2], bits(130));
    let low = 0xfedc_ba98_7654_3210_u64.cast_signed();
    let limbs: &[i64] = &[low, 0x1234_5678_9abc_def0, 0, 5, 0, 2];
    takes(&wide, "x.csv", &format!("{LONGEST}\n0x{}\n", "2".to_owned() + &"0".repeat(31) + "5"), &[limbs]);
    takes(&wide, "x.json", &format!("[\"{LONGEST}\", \"0x200000000000000000000000000000005\"]"), &[limbs]);
    takes(&wide, "x.txt", &format!("{LONGEST} 0x200000000000000000000000000000005"), &[limbs]);
    takes(&array(&[2], bits(64)), "x.csv", "0xffffffffffffffff\n0x8000000000000000\n", &[&[-1, i64::MIN]]);
    takes(&array(&[2], bits(1)), "x.csv", "0x1\n0\n", &[&[1, 0]]);
    // A name of hexadecimal digits is a value where it can be one, and the count tells.
    takes(&array(&[2], bits(8)), "x.csv", "ab\ncd\n", &[&[0xab, 0xcd]]);
    takes(&array(&[2], bits(8)), "x.csv", "hash\nab\ncd\n", &[&[0xab, 0xcd]]);

    let cell = |bad: &str, message: &str| refuses_cell(bits(8), Format::Plain, "0x1", bad, message);
    let help = "expected 0x and hexadecimal digits of at most 8 bits";
    cell("0x1ff", &format!("`0x1ff` has more than 8 bits\n  = help: {help}"));
    cell("0x00001ff", &format!("`0x00001ff` has more than 8 bits\n  = help: {help}"));
    let decimal =
        format!("may be hexadecimal digits or another number\n  = help: write 0x before hexadecimal digits; {help}");
    for unclear in ["12", "0099", "1e1", "00e0", "0b1", "0B0"] {
        cell(unclear, &format!("`{unclear}` {decimal}"));
    }
    for no_word in ["0x", "-1", "0xg", "1.5", "0b12g", "+ff", "0x 1", "ｆｆ"] {
        cell(no_word, &format!("`{no_word}` is not a hexadecimal number\n  = help: {help}"));
    }
    cell("", &format!("the cell is empty\n  = help: {help}"));
    let long = format!("0x{}", "f".repeat(300));
    cell(&long, &format!("`0x{}…` has more than 8 bits\n  = help: {help}", "f".repeat(38)));
    refuses_cell(
        bits(1),
        Format::Plain,
        "0x1",
        "0x2",
        "`0x2` has more than 1 bit\n  = help: expected 0x and hexadecimal digits of at most 1 bit",
    );
}

#[test]
fn named_values() {
    let table = column(arm(), Format::Plain);
    takes(&table, "x.csv", "f,i\nPlacebo,1\n Control ,2\n", &[&[2, 0], &[1, 2]]);
    takes(&table, "x.json", r#"[{"i": 1, "f": "Treatment"}, {"f": "Control", "i": 2}]"#, &[&[1, 0], &[1, 2]]);
    let arms = array(&[2], arm());
    takes(&arms, "x.csv", "Placebo\nControl\n", &[&[2, 0]]);
    takes(&arms, "x.csv", "arm\nPlacebo\nControl\n", &[&[2, 0]]);
    takes(&arms, "x.txt", "Placebo Control", &[&[2, 0]]);
    takes(&array(&[2, 2], arm()), "x.csv", "Placebo,Control\nControl,Control\n", &[&[2, 0, 0, 0]]);
    takes(&array(&[1, 2], arm()), "x.csv", "a,b\nControl,Placebo\n", &[&[0, 2]]);

    let cell = |bad: &str, nearest: &str| {
        let help =
            format!("expected `Control`, `Treatment` or `Placebo`, spelled like that; the nearest is `{nearest}`");
        refuses_cell(arm(), Format::Plain, "Control", bad, &format!("`{bad}` is no `Arm`\n  = help: {help}"));
    };
    cell("control", "Control");
    cell("Contrl", "Control");
    cell("PLACEB0", "Placebo");
    cell("treatments", "Treatment");
    cell("0", "Control");
    refuses_cell(
        arm(),
        Format::Plain,
        "Control",
        "",
        "the cell is empty\n  = help: expected `Control`, `Treatment` or `Placebo`",
    );
    let many = DataType::Enum { name: "Code".into(), variants: (0..40).map(|i| format!("C{i}")).collect() };
    let all = (0..12).map(|i| format!("`C{i}`")).collect::<Vec<_>>().join(", ");
    refuses_cell(
        many,
        Format::Plain,
        "C39",
        "C93",
        &format!("`C93` is no `Code`\n  = help: expected {all} or 28 more, spelled like that; the nearest is `C3`"),
    );
    refuses(
        &arms,
        "x.json",
        r#"["Control",
        "Cont"]"#,
        "error: x.json:2: `Cont` is no `Arm`\n  = help: expected `Control`, `Treatment` or `Placebo`, spelled like that; the nearest is `Control`",
    );
}

#[test]
fn absent_values() {
    let table = column(maybe(int(5, 99)), Format::Plain);
    // What is absent has a value of its type.
    takes(&table, "x.csv", "f,i\n7,1\n,2\n", &[&[1, 0], &[7, 5], &[1, 2]]);
    takes(&table, "x.csv", "f,i\nNA,1\n  ,2\n", &[&[0, 0], &[5, 5], &[1, 2]]);
    takes(&table, "x.json", r#"[{"f": null, "i": 1}, {"f": 7, "i": 2}]"#, &[&[0, 1], &[5, 7], &[1, 2]]);
    takes(&table, "x.json", r#"[{"f": "", "i": 1}, {"f": "NA", "i": 2}]"#, &[&[0, 0], &[5, 5], &[1, 2]]);
    takes(&column(maybe(int(-9, -3)), Format::Plain), "x.csv", "f,i\n,1\n-4,2\n", &[&[0, 1], &[-9, -4], &[1, 2]]);
    takes(&column(maybe(int(-9, 9)), Format::Plain), "x.csv", "f,i\n,1\n-4,2\n", &[&[0, 1], &[0, -4], &[1, 2]]);
    let fix = DataType::Fix { frac: 1, lo: 3, hi: 9 };
    takes(&column(maybe(fix), Format::Plain), "x.csv", "f,i\n,1\n2.5,2\n", &[&[0, 1], &[3, 5], &[1, 2]]);
    takes(&column(maybe(DataType::Bool), Format::Plain), "x.csv", "f,i\nno,1\nNA,2\n", &[&[1, 0], &[0, 0], &[1, 2]]);
    takes(&column(maybe(arm()), Format::Plain), "x.csv", "f,i\nPlacebo,1\nNA,2\n", &[&[1, 0], &[2, 0], &[1, 2]]);
    let wide = column(maybe(bits(65)), Format::Plain);
    takes(&wide, "x.csv", "f,i\nNA,1\n0x10000000000000003,2\n", &[&[0, 1], &[0, 0, 3, 1], &[1, 2]]);
    // Plain values.
    let numbers = array(&[3], maybe(int(1, 9)));
    let leaves: &[&[i64]] = &[&[1, 0, 1], &[5, 1, 7]];
    for content in ["5\nNA\n7\n", "x\n5\nNA\n7\n", "a,x\n1,5\n1,\n1,7\n"] {
        takes(&numbers, "x.csv", content, leaves);
    }
    takes(&numbers, "x.csv", "NA\n5\n6\n", &[&[0, 1, 1], &[1, 5, 6]]);
    takes(&numbers, "x.txt", "5 NA 7", leaves);
    takes(&numbers, "x.json", "[5, null, 7]", leaves);
    takes(&numbers, "x.json", r#"[{"x": 5}, {"x": null}, {"x": "7"}]"#, leaves);
    takes(&array(&[2, 2], maybe(int(1, 9))), "x.csv", "5,\nNA,7\n", &[&[1, 0, 0, 1], &[5, 1, 1, 7]]);
    takes(&maybe(int(1, 9)), "x.json", "null", &[&[0], &[1]]);
    // A name that is spelled so.
    let na = DataType::Enum { name: "Code".into(), variants: vec!["SA".into(), "NA".into()] };
    takes(&column(maybe(na), Format::Plain), "x.csv", "f,i\nNA,1\n,2\n", &[&[1, 0], &[1, 0], &[1, 2]]);

    let help = "expected a whole number in 5..=99; or NA, or an empty cell, where there is none";
    let cell = |bad: &str, message: &str| {
        refuses_cell(maybe(int(5, 99)), Format::Plain, "", bad, &format!("{message}\n  = help: {help}"));
    };
    cell("4", "`4` is not in the range 5..=99");
    cell("na", "`na` is not a number");
    cell("N/A", "`N/A` is not a number");
    cell("null", "`null` is not a number");
    refuses(
        &array(&[3], maybe(int(1, 9))),
        "x.csv",
        "x\n1\n\n2\n",
        "error: x.csv:3: column `x`: the cell is empty\n  = help: expected a whole number in 1..=9; or NA, or an empty cell, where there is none",
    );
    refuses(
        &table,
        "x.json",
        r#"[{"i": 1}]"#,
        "error: x.json:1: a record without a field `f`\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
    refuses(
        &column(int(0, 9), Format::Plain),
        "x.csv",
        "f,i\nNA,1\n",
        "error: x.csv:2: column `f`: `NA` is not a number\n  = help: expected a whole number in 0..=9",
    );
}

#[test]
fn absent_records() {
    let address = record(&[("zip", int(1000, 9999)), ("floor", maybe(int(1, 9)))]);
    let table = array(&[3], record(&[("id", int(0, 9)), ("address", maybe(address))]));
    let leaves: &[&[i64]] = &[&[1, 2, 3], &[1, 0, 1], &[8000, 1000, 9000], &[1, 0, 0], &[2, 1, 1]];
    takes(&table, "x.csv", "id,address.zip,address.floor\n1,8000,2\n2,,NA\n3,9000,\n", leaves);
    takes(
        &table,
        "x.json",
        r#"[{"id": 1, "address": {"zip": 8000, "floor": 2}}, {"id": 2, "address": null}, {"id": 3, "address": {"floor": null, "zip": 9000}}]"#,
        leaves,
    );
    refuses(
        &table,
        "x.csv",
        "id,address.zip,address.floor\n1,,2\n",
        "error: x.csv:2: column `address.zip`: the cell is empty\n  = help: expected a whole number in 1000..=9999",
    );
    // An absent array.
    let scores = array(&[2], record(&[("scores", maybe(array(&[2], int(3, 9)))), ("id", int(0, 9))]));
    let leaves: &[&[i64]] = &[&[0, 1], &[3, 3, 4, 5], &[1, 2]];
    takes(&scores, "x.csv", "scores[0],scores[1],id\n,,1\n4,5,2\n", leaves);
    takes(&scores, "x.json", r#"[{"id": 1, "scores": null}, {"scores": [4, 5], "id": 2}]"#, leaves);
    // Arrays of values that may be absent, within a row.
    let each = array(&[2], record(&[("scores", array(&[2], maybe(int(3, 9)))), ("id", int(0, 9))]));
    let leaves: &[&[i64]] = &[&[0, 1, 1, 1], &[3, 6, 4, 5], &[1, 2]];
    takes(&each, "x.csv", "scores[0],scores[1],id\n,6,1\n4,5,2\n", leaves);
    takes(&each, "x.json", r#"[{"id": 1, "scores": [null, 6]}, {"scores": [4, 5], "id": 2}]"#, leaves);
    refuses(
        &scores,
        "x.json",
        r#"[{"id": 1, "scores": "NA"}]"#,
        "error: x.json:1: `\"` stands where `[` is due\n  = help: expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for records",
    );
}

#[test]
fn tables_of_at_most_so_many_rows() {
    let table = rows(4, record(&[("pay", maybe(int(5, 99))), ("arm", arm())]));
    let leaves: &[&[i64]] = &[&[1, 1, 0, 0], &[1, 0, 0, 0], &[7, 5, 5, 5], &[2, 0, 0, 0]];
    takes(&table, "x.csv", "arm,pay\nPlacebo,7\nControl,\n", leaves);
    takes(&table, "x.json", r#"[{"arm": "Placebo", "pay": 7}, {"pay": null, "arm": "Control"}]"#, leaves);
    takes(&table, "x.json", r#"{"x": [{"arm": "Placebo", "pay": 7}, {"pay": null, "arm": "Control"}]}"#, leaves);
    let none: &[&[i64]] = &[&[0; 4], &[0; 4], &[5; 4], &[0; 4]];
    takes(&table, "x.csv", "arm,pay\n", none);
    takes(&table, "x.json", "[]", none);
    takes(
        &table,
        "x.csv",
        "arm,pay\nControl,7\nControl,7\nControl,7\nControl,7\n",
        &[&[1; 4], &[1; 4], &[7; 4], &[0; 4]],
    );
    takes(&rows(0, record(&[("pay", int(0, 9))])), "x.csv", "pay\n", &[&[], &[]]);
    // Plain values, matrices, records that hold arrays, wide words.
    let numbers = rows(3, int(5, 9));
    for content in ["6\n7\n", "x\n6\n7\n", "6\n7\n\n\n"] {
        takes(&numbers, "x.csv", content, &[&[1, 1, 0], &[6, 7, 5]]);
    }
    takes(&numbers, "x.csv", "x\n", &[&[0; 3], &[5; 3]]);
    takes(&numbers, "x.txt", "6 7", &[&[1, 1, 0], &[6, 7, 5]]);
    takes(&numbers, "x.json", r#"[{"x": 6}, {"x": 7}]"#, &[&[1, 1, 0], &[6, 7, 5]]);
    assert_eq!(read_as(&numbers, "t.csv", "pay\n6\n7\n", ":pay"), Ok(vec![vec![1, 1, 0], vec![6, 7, 5]]));
    takes(&rows(3, maybe(int(5, 9))), "x.csv", "NA\n7\n", &[&[1, 1, 0], &[0, 1, 0], &[5, 7, 5]]);
    let matrix = rows(3, array(&[2], int(0, 9)));
    for content in ["1,2\n3,4\n", "a,b\n1,2\n3,4\n"] {
        takes(&matrix, "x.csv", content, &[&[1, 1, 0], &[1, 2, 3, 4, 0, 0]]);
    }
    takes(&matrix, "x.txt", "1 2 3 4", &[&[1, 1, 0], &[1, 2, 3, 4, 0, 0]]);
    takes(&matrix, "x.json", "[[1, 2], [3, 4]]", &[&[1, 1, 0], &[1, 2, 3, 4, 0, 0]]);
    let scores = rows(2, record(&[("s", array(&[2], int(3, 9)))]));
    takes(&scores, "x.csv", "s[1],s[0]\n5,4\n", &[&[1, 0], &[4, 5, 3, 3]]);
    let pairs = rows(2, array(&[2], record(&[("a", int(3, 9))])));
    takes(&pairs, "x.csv", "[0].a,[1].a\n4,5\n", &[&[1, 0], &[4, 5, 3, 3]]);
    takes(&rows(2, bits(65)), "x.csv", "0x10000000000000007\n", &[&[1, 0], &[7, 1, 0, 0]]);

    // The first row that is too many.
    let most = "has 5 rows, and the program takes at most 4\n  = help: nothing is left out silently: give fewer, or compile the program for more";
    let five = "Control,7\n".repeat(5);
    refuses(&table, "x.csv", &format!("arm,pay\n{five}"), &format!("error: x.csv:6: {most}"));
    let five = [r#"{"arm": "Control", "pay": 7}"#; 5].join(",\n");
    refuses(&table, "x.json", &format!("[{five}]"), &format!("error: x.json:5: {most}"));
    let most = "values, and the program takes at most 3\n  = help: nothing is left out silently: give fewer, or compile the program for more";
    refuses(&numbers, "x.txt", "6 6\n6\n6 6\n6", &format!("error: x.txt:3: has 6 {most}"));
    refuses(&numbers, "x.json", "[6, 6, 6,\n 6]", &format!("error: x.json:2: has 4 {most}"));
    refuses(
        &matrix,
        "x.txt",
        "1 2 3",
        "error: x.txt: has 3 values, and the program takes 4\n  = help: nothing is filled in silently: give the file that belongs to this program, or compile it for fewer",
    );
    refuses(
        &matrix,
        "x.csv",
        "1\n2\n",
        "error: x.csv:1: the row has 1 cell instead of 2\n  = help: every row has a cell for each column; a cell that has a separator in it stands in quotes",
    );
    refuses(
        &table,
        "x.csv",
        "arm,pay\nControl,4\n",
        "error: x.csv:2: column `pay`: `4` is not in the range 5..=99\n  = help: expected a whole number in 5..=99; or NA, or an empty cell, where there is none",
    );
}

/// A row that was taken for a header would be lost without a word.
#[test]
fn headers_of_open_tables_are_no_guess() {
    let header = |cell: &str| {
        format!(
            "error: x.csv:1: `{cell}` is neither a value nor the name of the input `x`\n  = help: where the number of rows is open, the first is a value or says `x`; of a column of another name say --input x=FILE:COLUMN"
        )
    };
    refuses(&rows(3, int(5, 9)), "x.csv", "pay\n6\n", &header("pay"));
    refuses(&rows(3, int(5, 9)), "x.csv", "l6\n6\n", &header("l6"));
    refuses(&rows(3, arm()), "x.csv", "Contrl\nControl\n", &header("Contrl"));
    refuses(&rows(3, bits(8)), "x.csv", "hash\nab\n", &header("hash"));
    takes(&rows(3, arm()), "x.csv", "x\nControl\n", &[&[1, 0, 0], &[0, 0, 0]]);
    takes(&rows(3, bits(8)), "x.csv", "ab\n", &[&[1, 0, 0], &[0xab, 0, 0]]);
    refuses(
        &rows(3, array(&[2], arm())),
        "x.csv",
        "Contrl,Plcebo\n",
        "error: x.csv:1: column `1`: `Contrl` is no `Arm`\n  = help: expected `Control`, `Treatment` or `Placebo`, spelled like that; the nearest is `Control`",
    );
    refuses(
        &rows(3, record(&[("pay", int(0, 9))])),
        "x.csv",
        "6\n7\n",
        "error: x.csv:1: has no column `pay`; it has `6`\n  = help: the first row names the columns, in any order, spelled as in the program",
    );
}

#[test]
fn dates() {
    let born = || int(-10_000, 20_000);
    let table = column(born(), Format::Date);
    takes(&table, "x.csv", "f,i\n1970-01-02,1\n1969-12-31,2\n", &[&[1, -1], &[1, 2]]);
    takes(&table, "x.json", r#"[{"f": "2024-02-29", "i": 1}, {"f": "1970-01-01", "i": 2}]"#, &[&[19_782, 0], &[1, 2]]);
    takes(&column(maybe(born()), Format::Date), "x.csv", "f,i\n,1\n1970-01-02,2\n", &[&[0, 1], &[0, 1], &[1, 2]]);
    let help = "expected a date YYYY-MM-DD in 1942-08-16..=2024-10-04";
    let cell = |bad: &str, message: &str| {
        refuses_cell(born(), Format::Date, "1970-01-01", bad, &format!("{message}\n  = help: {help}"));
    };
    for no_date in ["2023-02-29", "01.02.1970", "1970-1-1", "0", "1970-01-01T00:00:00"] {
        cell(no_date, &format!("`{no_date}` is not a date"));
    }
    cell("1942-08-15", "`1942-08-15` is not in the range 1942-08-16..=2024-10-04");
    cell("2024-10-05", "`2024-10-05` is not in the range 1942-08-16..=2024-10-04");
    cell("", "the cell is empty");
}

#[test]
fn scaled_numbers() {
    let table = column(int(-500, 10_000), Format::Scale(100));
    takes(&table, "x.csv", "f,i\n12.34,1\n-5,2\n", &[&[1234, -500], &[1, 2]]);
    takes(&table, "x.csv", "f,i\n1.5e1,1\n0.100,2\n", &[&[1500, 10], &[1, 2]]);
    takes(&table, "x.json", r#"[{"f": 12.34, "i": 1}, {"f": "100.00", "i": 2}]"#, &[&[1234, 10_000], &[1, 2]]);
    takes(&column(maybe(int(3, 9)), Format::Scale(10)), "x.csv", "f,i\nNA,1\n.5,2\n", &[&[0, 1], &[3, 5], &[1, 2]]);
    let help = "expected a number of at most 2 decimals in -5.00..=100.00";
    let cell = |bad: &str, message: &str| {
        refuses_cell(int(-500, 10_000), Format::Scale(100), "1", bad, &format!("{message}\n  = help: {help}"));
    };
    cell("12.345", "100 times `12.345` is not a whole number");
    cell("100.01", "`100.01` is not in the range -5.00..=100.00");
    cell("1e300", "`1e300` is not in the range -5.00..=100.00");
    cell("12 €", "`12 €` is not a number");
    cell("\"12,34\"", "`12,34` is not a number");
    cell("", "the cell is empty");
    refuses_cell(
        int(0, 9),
        Format::Scale(4),
        "1.75",
        "0.1",
        "4 times `0.1` is not a whole number\n  = help: expected a number of which 4 times is a whole number in 0..=9",
    );
    let ten = "100 is not a number\n  = help: expected a number of at most 1 decimal in 0.0..=0.9";
    refuses_cell(int(0, 9), Format::Scale(10), "0.5", "x", &ten.replace("100", "`x`"));
}

#[test]
fn columns_of_other_names() {
    let named = |name: &str, ty, column: &str| Field {
        reading: Reading { column: Some(column.into()), format: Format::Plain },
        ..Field::new(name, ty)
    };
    let address = fields(vec![named("zip", int(0, 9999), "Postal code"), Field::new("floor", int(0, 9))]);
    let table = array(&[1], fields(vec![named("pay", int(0, 9), "Pay, gross"), named("home", address, "Home")]));
    takes(&table, "x.csv", "\"Pay, gross\",Home.Postal code,Home.floor,pay\n1,8000,2,7\n", &[&[1], &[8000], &[2]]);
    takes(
        &table,
        "x.json",
        r#"[{"Pay, gross": 1, "Home": {"Postal code": 8000, "floor": 2}}]"#,
        &[&[1], &[8000], &[2]],
    );
    refuses(
        &table,
        "x.csv",
        "pay,Home.Postal code,Home.floor\n1,8000,2\n",
        "error: x.csv:1: has no column `Pay, gross`; it has `pay`, `Home.Postal code`, `Home.floor`\n  = help: the first row names the columns, in any order, spelled as in the program",
    );
    refuses(
        &table,
        "x.csv",
        "\"Pay, gross\",Home.Postal code,Home.floor\n1,x,2\n",
        "error: x.csv:2: column `Home.Postal code`: `x` is not a number\n  = help: expected a whole number in 0..=9999",
    );
    refuses(
        &array(&[1], fields(vec![named("pay", int(0, 9), "Pay"), Field::new("age", int(0, 9))])),
        "x.csv",
        "Pay,Pay,age\n1,2,3\n",
        "error: x.csv:1: has two columns `Pay`\n  = help: the first row names the columns, in any order, spelled as in the program",
    );
}

#[test]
fn keyed_columns() {
    let key = CsvKey::fresh().expect("a key");
    let read = |ty: &DataType, name: &str, content: &str| read_with(ty, name, content, "", Some(&key));
    let table = column(bits(64), Format::Key);
    let leaves = read(&table, "x.csv", "i,f\n1, Ann Lee \n2,\"Bob, Jr\"\n").expect("it reads");
    let hash = |text: &str, width| key.hasher().hash(text, width).expect("a hash").collect::<Vec<_>>();
    assert_eq!(leaves, [[hash("Ann Lee", 64), hash("Bob, Jr", 64)].concat(), vec![1, 2]]);
    // The same text has the same hash in every format, and nothing is made alike.
    assert_eq!(read(&table, "x.json", r#"[{"i": 1, "f": "Ann Lee"}, {"i": 2, "f": "Bob, Jr"}]"#), Ok(leaves.clone()));
    assert_eq!(read(&table, "x.tsv", "f\ti\nAnn Lee\t1\nBob, Jr\t2\n"), Ok(leaves));
    let other = read(&table, "x.csv", "i,f\n1,ann lee\n2,007\n").expect("it reads");
    assert_eq!(other[0], [hash("ann lee", 64), hash("007", 64)].concat());
    assert_ne!(hash("ann lee", 64), hash("Ann Lee", 64));
    assert_ne!(hash("007", 64), hash("7", 64));
    assert_eq!(read(&table, "x.json", r#"[{"i": 1, "f": "ann lee"}, {"i": 2, "f": 007}]"#), Ok(other));
    // Wide ones, and ones that are absent.
    let leaves = read(&column(maybe(bits(256)), Format::Key), "x.csv", "i,f\n1,Ann\n2,NA\n").expect("it reads");
    assert_eq!(leaves, [vec![1, 0], [hash("Ann", 256), vec![0; 4]].concat(), vec![1, 2]]);
    let narrow = read(&column(bits(5), Format::Key), "x.csv", "i,f\n1,Ann\n2,Bob\n").expect("it reads");
    assert!(narrow[0].iter().all(|word| (0..32).contains(word)));
    // Another key, other hashes.
    let another = CsvKey::fresh().expect("a key");
    let with_another = read_with(&table, "x.csv", "i,f\n1,ann lee\n2,007\n", "", Some(&another)).expect("it reads");
    assert_ne!(with_another[0][0], hash("ann lee", 64)[0]);

    refuses(
        &table,
        "x.csv",
        "i,f\n1,Ann\n2,Bob\n",
        "error: x.csv: has a column of which the program takes a keyed hash, and there is no key\n  = help: the owners of the data share one key, for instance `openssl rand -hex 32 > csv.key` and `chmod 600 csv.key`; hand it to them alone, and give --csv-key csv.key",
    );
    let empty = read(&table, "x.csv", "i,f\n1,Ann\n2,\n").expect_err("a refusal");
    assert_eq!(empty, "error: x.csv:3: column `f`: the cell is empty\n  = help: expected a text");
}
