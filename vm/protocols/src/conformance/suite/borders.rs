//! What crosses the border: inputs, openings, checks.

use super::Run;
use crate::protocol::Protocol;

/// A check over all lanes, with a lane that does not hold at either end, in the middle, or nowhere.
pub(super) async fn checks<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    for (i, wrong) in [None, Some(0), Some(lanes - 1), Some(lanes / 2)].into_iter().enumerate() {
        let mut flags = vec![1; lanes];
        if let Some(lane) = wrong {
            flags[lane] = 0;
        }
        let a = run.input_bin(&flags, 1, 0).await;
        let before = run.e.stats();
        let holds = p.check(run.next(), &a).await;
        run.note("check", 0, lanes, &before);
        run.compare(
            &format!("check {i} of {lanes}"),
            &[i64::from(holds)],
            std::iter::once(i128::from(wrong.is_none())),
        );
    }
}

/// Values of every party, opened to all, to each, to some and to none.
pub(super) async fn inputs_and_openings<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    let values: Vec<i64> = (0..lanes as i64).map(|i| i64::MIN + i * 0x1234_5678_9abc).collect();
    let expected = || values.iter().map(|x| i128::from(*x));
    for owner in 0..p.parties() {
        let before = run.e.stats();
        let numbers = run.input(&values, owner).await;
        run.note("input", 0, lanes, &before);
        let before = run.e.stats();
        let words = run.input_bin(&values, 64, owner).await;
        run.note("input_bin", 0, lanes, &before);
        let before = run.e.stats();
        p.all_is_there(run.next()).await;
        run.note("all_is_there", 0, lanes, &before);
        let before = run.e.stats();
        let heard = p.broadcast(run.next(), owner, (p.me() == owner).then_some(&values[..]), lanes).await;
        run.note("broadcast", 0, lanes, &before);
        run.compare("broadcast", &heard, expected());
        let before = run.e.stats();
        run.number("input and open", &numbers, expected()).await;
        run.note("open", 0, lanes, &before);
        let before = run.e.stats();
        run.word("input_bin and open_bin", &words, expected()).await;
        run.note("open_bin", 0, lanes, &before);
        for set in 0..1_usize << p.parties() {
            let receivers: Vec<usize> = (0..p.parties()).filter(|party| set >> party & 1 == 1).collect();
            let before = run.e.stats();
            let opened = p.open_to(run.next(), &numbers, &receivers).await;
            run.note("open_to", 0, lanes, &before);
            let before = run.e.stats();
            let opened_words = p.open_bin_to(run.next(), &words, &receivers).await;
            run.note("open_bin_to", 0, lanes, &before);
            let mine = i128::from(receivers.contains(&p.me()));
            let learns = [i64::from(opened.is_some()), i64::from(opened_words.is_some())];
            run.compare("who learns", &learns, [mine, mine].into_iter());
            for opened in [opened, opened_words].into_iter().flatten() {
                run.compare("opened to some", &opened, expected());
            }
        }
    }
}
