//! Signs of life on a terminal while a run is long: seconds, rounds, levels. Nothing is written where stderr is no terminal.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the line is written.
const EVERY: Duration = Duration::from_millis(500);

/// How far a run is.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    levels: AtomicU64,
    rounds: AtomicU64,
}

impl Progress {
    /// Notes that so many levels have run, and the rounds until now. For one thread to call.
    pub fn levels(&self, count: u64, rounds: u64) {
        let levels = &self.0.levels;
        levels.store(levels.load(Ordering::Relaxed) + count, Ordering::Relaxed);
        self.0.rounds.store(rounds, Ordering::Relaxed);
    }

    /// Shows the progress until the result is dropped, if stderr is a terminal.
    #[must_use]
    pub fn show(&self) -> Display {
        if !std::io::stderr().is_terminal() {
            return Display(None);
        }
        let (end, ended) = channel::<()>();
        let (progress, start) = (self.clone(), Instant::now());
        let thread = std::thread::spawn(move || {
            let mut shown = false;
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                progress.line(start.elapsed());
                shown = true;
            }
            if shown {
                let _ = write!(std::io::stderr(), "\r\x1b[K");
            }
        });
        Display(Some((end, thread)))
    }

    fn line(&self, time: Duration) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (rounds, levels) = (read(&self.0.rounds), read(&self.0.levels));
        let _ = write!(std::io::stderr(), "\r\x1b[K{:.1} s  {rounds} rounds  {levels} levels", time.as_secs_f64());
        let _ = std::io::stderr().flush();
    }
}

/// A line on the terminal that is kept up to date; gone when dropped.
#[derive(Debug)]
pub struct Display(Option<(Sender<()>, JoinHandle<()>)>);

impl Drop for Display {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.0.take() {
            drop(end);
            let _ = thread.join();
        }
    }
}
