//! The programs that `smpcvm bench` measures.

use smpc_protocols::registry::REP3;
use smpcvm::bench::modules::{millionaires, sum_by_turns};
use smpcvm::engine::Inputs;
use smpcvm::run::Task;
use smpcvm::run::local::in_threads;
use smpcvm::session::Params;

#[test]
fn they_compute_what_they_say() {
    let setting = REP3.among(None, None).expect("three parties");
    let task = Task::local(sum_by_turns(2000).expect("a program"), setting, Params::default());
    let outcomes = in_threads(&task, &Inputs::new(), None).expect("a run");
    assert_eq!(outcomes[1].results[0], Some(vec![vec![2 * 999 * 500]]));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (task, files) = millionaires(folder.path(), setting).expect("a program");
    let inputs = smpcvm::input::read(task.manifest(), |_| true, &files, None).expect("they read");
    assert_eq!(in_threads(&task, &inputs, None).expect("a run")[2].results[0], Some(vec![vec![1]]));
}
