//! Results as they are printed and written.

use super::*;
use smpc_bytecode::op::RoleId;
use smpc_bytecode::types::Field;
use std::path::Path;

const INT: DataType = DataType::Int { lo: -10, hi: 10_000 };
const FIX: DataType = DataType::Fix { frac: 16, lo: i64::MIN, hi: i64::MAX };

fn array(shape: &[u64], element: DataType) -> DataType {
    DataType::Array { shape: shape.to_vec(), element: Box::new(element) }
}

fn record() -> DataType {
    DataType::Struct {
        name: "Row".into(),
        fields: vec![Field::new("id", INT), Field::new("rate", FIX), Field::new("ok", DataType::Bool)],
    }
}

fn output(name: &str, member: Option<u32>, to: Option<&[u32]>, ty: DataType) -> Output {
    let to = to.map_or(Receivers::All, |roles| Receivers::Roles(roles.iter().map(|role| RoleId(*role)).collect()));
    Output { name: name.into(), member, to, ty }
}

fn manifest() -> Manifest {
    Manifest {
        roles: vec!["Acme".into(), "Bidder[0]".into(), "Bidder[1]".into()],
        outputs: vec![
            output("mean", None, None, FIX),
            output("table", None, None, array(&[2], record())),
            output("won", Some(0), Some(&[1]), DataType::Bool),
            output("won", Some(1), Some(&[2]), DataType::Bool),
            output("matrix", None, Some(&[0, 1]), array(&[2, 3], INT)),
            output("pair", None, None, DataType::Tuple(vec![INT, array(&[2], FIX)])),
        ],
        ..Manifest::default()
    }
}

fn leaves(values: &[&[i64]]) -> Option<Leaves> {
    Some(values.iter().map(|leaf| leaf.to_vec()).collect())
}

/// What party 0 (Acme and Bidder[1]) and party 1 (Bidder[0]) got.
fn results() -> Vec<Results> {
    let mean = leaves(&[&[-(5 << 15)]]);
    let table = leaves(&[&[1, 2], &[1 << 16, 1 << 14], &[1, 0]]);
    let matrix = leaves(&[&[1, 2, 3, 4, 5, 6]]);
    let pair = leaves(&[&[7], &[1, 2 << 16]]);
    vec![
        vec![mean.clone(), table.clone(), None, leaves(&[&[1]]), matrix.clone(), pair.clone()],
        vec![mean, table, leaves(&[&[0]]), None, matrix, pair],
    ]
}

#[test]
fn all_receivers() {
    let (manifest, results) = (manifest(), results());
    let received = of_all(&manifest, &[0, 1, 0], &results).expect("all agree");
    let expected = r#"{
  "all": {
    "mean": -2.5,
    "table": [
      {
        "id": 1,
        "rate": 1.0,
        "ok": true
      },
      {
        "id": 2,
        "rate": 0.25,
        "ok": false
      }
    ],
    "pair": [
      7,
      [0.00002, 2.0]
    ]
  },
  "Acme": {
    "matrix": [
      [1, 2, 3],
      [4, 5, 6]
    ]
  },
  "Bidder[0]": {
    "won": false,
    "matrix": [
      [1, 2, 3],
      [4, 5, 6]
    ]
  },
  "Bidder[1]": {
    "won": true
  }
}
"#;
    assert_eq!(all_json(&received), expected);
    let text = "to all
  mean   -2.5
  table  2 rows
    id  rate     ok
     1   1.0   true
     2  0.25  false
  pair   (7, [0.00002, 2.0])
to Acme
  matrix  [[1, 2, 3], [4, 5, 6]]
to Bidder[0]
  won     false
  matrix  [[1, 2, 3], [4, 5, 6]]
to Bidder[1]
  won  true
";
    assert_eq!(render(&received), text);
}

#[test]
fn a_party_sees_its_own_alone() {
    let (manifest, results) = (manifest(), results());
    let names = |node: usize| own(&manifest, &results[node]).into_iter().map(|o| o.name).collect::<Vec<_>>();
    assert_eq!(names(0), ["mean", "table", "won", "matrix", "pair"]);
    assert!(own_json(&own(&manifest, &results[1])).contains("\"won\": false"));
    // A node that plays both members gets both, told apart.
    let mut both = results[0].clone();
    both[2] = leaves(&[&[0]]);
    let both = own_json(&own(&manifest, &both));
    assert!(both.contains("\"won[0]\": false") && both.contains("\"won[1]\": true"), "{both}");
}

#[test]
fn parties_that_disagree_are_our_own_fault() {
    let (manifest, mut results) = (manifest(), results());
    results[1][0] = leaves(&[&[1]]);
    let failure = of_all(&manifest, &[0, 1, 0], &results).expect_err("a failure");
    assert_eq!(failure.class, crate::failure::Class::Ours);
}

#[test]
fn long_arrays_are_abbreviated_on_the_terminal_alone() {
    let values: Leaves = vec![(0..1000).collect()];
    let ty = array(&[1000], INT);
    let received =
        [Received { receiver: "all".into(), outputs: vec![Shown { name: "x".into(), ty: &ty, leaves: &values }] }];
    assert_eq!(render(&received), "x  [0, 1, 2, 3, 4, 5, 6, 7, 8, …, 999] (1000 values)\n");
    assert!(all_json(&received).contains("500, 501, 502"));
    let rows: Leaves = vec![(0..50).collect(), vec![1 << 16; 50], vec![1; 50]];
    let ty = array(&[50], record());
    let received =
        [Received { receiver: "all".into(), outputs: vec![Shown { name: "t".into(), ty: &ty, leaves: &rows }] }];
    let text = render(&received);
    assert!(
        text.starts_with("t  50 rows\n  id  rate    ok\n   0   1.0  true\n") && text.lines().count() == 13,
        "{text}"
    );
    let empty = array(&[0], INT);
    let none: Leaves = vec![Vec::new()];
    assert_eq!(of_value(&empty, &none).render(), "[]\n");
}

/// Words, named values, what is absent, and rows of which some are there.
#[test]
fn typed_values() {
    let bits = |width| DataType::Bits { width };
    let maybe = |ty| DataType::Maybe(Box::new(ty));
    let rows = |element| DataType::Rows { most: 3, element: Box::new(element) };
    let arm = || DataType::Enum { name: "Arm".into(), variants: vec!["Control".into(), "Pla\"cebo".into()] };
    let table = rows(DataType::Struct {
        name: "Row".into(),
        fields: vec![
            Field::new("pay", maybe(INT)),
            Field::new("arm", arm()),
            Field::new("id", bits(12)),
            Field::new("ok", DataType::Bool),
        ],
    });
    let columns: Leaves =
        vec![vec![1, 0, 1], vec![0, 9, 1], vec![7, 8, 0], vec![0, 1, 1], vec![0xabc, 0xfff, 5], vec![0, 1, 1]];
    let show = |ty: &DataType, leaves: &Leaves| {
        let outputs = vec![Shown { name: "x".into(), ty, leaves }];
        (of_value(ty, leaves).render(), render(&[Received { receiver: "all".into(), outputs }]))
    };
    let (json, text) = show(&table, &columns);
    let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let expected = serde_json::json!([
        { "pay": null, "arm": "Control", "id": "0xabc", "ok": false },
        { "pay": 0, "arm": "Pla\"cebo", "id": "0x005", "ok": true }
    ]);
    assert_eq!(read, expected);
    assert_eq!(
        text,
        "x  2 rows\n  pay       arm     id     ok\n    –   Control  0xabc  false\n    0  Pla\"cebo  0x005   true\n"
    );
    // Not in a table of their own.
    let nested = DataType::Tuple(vec![table.clone(), rows(maybe(arm())), maybe(DataType::Tuple(vec![INT, bits(1)]))]);
    let mut leaves = columns.clone();
    leaves.extend([vec![0, 1, 1], vec![1, 0, 1], vec![0, 0, 1], vec![1], vec![3], vec![1]]);
    let (json, text) = show(&nested, &leaves);
    let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(read, serde_json::json!([expected, [null, "Pla\"cebo"], [3, "0x1"]]));
    assert_eq!(
        text,
        "x  ([{ pay: –, arm: Control, id: 0xabc, ok: false }, { pay: 0, arm: Pla\"cebo, id: 0x005, ok: true }], [–, Pla\"cebo], (3, 0x1))\n"
    );
    let none = vec![vec![0; 3]; 6];
    assert_eq!(show(&table, &none), ("[]\n".to_owned(), "x  0 rows\n  pay  arm  id  ok\n".to_owned()));
    // Wide words, and rows in an array.
    let wide = array(&[2], bits(70));
    let (json, text) = show(&wide, &vec![vec![-1, 0x3f, 5, 0]]);
    assert_eq!(json, "[\"0x3fffffffffffffffff\", \"0x000000000000000005\"]\n");
    assert_eq!(text, "x  [0x3fffffffffffffffff, 0x000000000000000005]\n");
    assert_eq!(show(&bits(64), &vec![vec![i64::MIN]]).0, "\"0x8000000000000000\"\n");
    let tables = array(&[2], rows(INT));
    let (json, text) = show(&tables, &vec![vec![0, 1, 0, 1, 0, 1], vec![1, 2, 3, 4, 5, 6]]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).expect("JSON"), serde_json::json!([[2], [4, 6]]));
    assert_eq!(text, "x  [[2], [4, 6]]\n");
    assert_eq!(of_value(&maybe(array(&[2], INT)), &vec![vec![1], vec![4, 5]]).render(), "[4, 5]\n");
    assert_eq!(of_value(&maybe(array(&[2], INT)), &vec![vec![0], vec![4, 5]]).render(), "null\n");
}

#[test]
fn names_are_escaped() {
    let one = Json::Object(vec![("a\"\\\n".into(), Json::Text("\u{1}é".into()))]);
    assert_eq!(one.render(), "{\n  \"a\\\"\\\\\\u000a\": \"\\u0001é\"\n}\n");
    let read: serde_json::Value = serde_json::from_str(&one.render()).expect("JSON");
    assert_eq!(read["a\"\\\n"], "\u{1}é");
}

#[test]
fn files_appear_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("result.json");
    let file = OutputFile::probe(&path).expect("a writable place");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "a probe leaves nothing");
    file.write("{}\n").expect("it can be written");
    file.write("{\"a\": 1}\n").expect("and again");
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "{\"a\": 1}\n");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    // A link stays a link.
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    OutputFile::probe(&link).and_then(|file| file.write("x")).expect("through the link");
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "x");
    for bad in ["no/such/folder/x.json", ".", "sub/"] {
        let failure = OutputFile::probe(&folder.path().join(bad)).expect_err("a refusal").to_string();
        assert!(failure.contains(bad) && failure.contains("= help: "), "{failure}");
    }
    OutputFile::probe(Path::new("/dev/null")).and_then(|file| file.write("x")).expect("no file, and left as it is");
    assert!(Path::new("/dev/null").exists());
}

#[test]
fn new_private_files_are_their_owners_alone_and_existing_modes_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("result.json");
    let mode = || std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
    let write = |file: Result<OutputFile, Failure>| file.and_then(|file| file.write("x")).expect("it can be written");
    write(OutputFile::private(&path));
    assert_eq!(mode(), 0o600);
    for kept in [0o600, 0o644, 0o666] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(kept)).expect("its owner may");
        write(OutputFile::private(&path));
        assert_eq!(mode(), kept);
        write(OutputFile::probe(&path));
        assert_eq!(mode(), kept);
    }
}

#[test]
fn results_and_statistics_are_two_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink(path("same.json"), path("link.json")).expect("a link");
    let probe = |output: &str, stats: &str| RunFiles::probe(Some(&path(output)), Some(&path(stats)));
    for other in ["same.json", "sub/../same.json", "./same.json"] {
        let failure = probe("same.json", other).expect_err("a refusal");
        assert_eq!(failure.class.exit_code(), 2);
        assert!(failure.message.contains("same.json") && failure.help.is_some(), "{failure}");
    }
    std::fs::write(path("same.json"), "").expect("a file");
    assert!(probe("same.json", "link.json").is_err());
    assert!(probe("same.json", "sub/same.json").is_ok());
    // A terminal or pipe takes both.
    assert!(RunFiles::probe(Some(Path::new("/dev/null")), Some(Path::new("/dev/null"))).is_ok());
}

#[test]
fn results_that_cannot_be_written_are_printed() {
    let full = Path::new("/dev/full");
    let deliver = |output, stats| {
        let files = RunFiles::probe(output, stats).expect("both can be opened");
        files.deliver("x  5\n".into(), || "{\"x\": 5}\n".into(), || "{}\n".into())
    };
    let (text, failures) = deliver(Some(full), None);
    assert_eq!(text, "x  5\n{\"x\": 5}\n");
    assert!(failures[0].to_string().contains("cannot write /dev/full: No space left on device"), "{}", failures[0]);
    assert_eq!((failures.len(), failures[0].class.exit_code()), (1, 1));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("result.json");
    let (text, failures) = deliver(Some(&path), Some(full));
    assert_eq!((text.as_str(), failures.len()), ("x  5\n", 1));
    assert_eq!(std::fs::read_to_string(&path).expect("it is written all the same"), "{\"x\": 5}\n");
}
