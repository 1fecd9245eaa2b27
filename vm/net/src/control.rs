//! A session's life in the hands of whoever runs it: progress, a proper end, or a goodbye.

use crate::board::{Board, Wish};
use crate::error::{Leave, NetError};
use crate::keeper::Keeper;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time beyond the session's limit that the keeper may take to end, on a machine that is busy.
const GRACE: Duration = Duration::from_secs(2);

/// A handle of a session's control channels; clones share it. When the last one is dropped without [`Control::finish`] or [`Control::abort`], the
/// peers are told that this party leaves because of an error of its own.
#[derive(Clone)]
pub struct Control(Arc<Handle>);

struct Handle {
    board: Arc<Board>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Control {
    /// Starts the keeper's thread.
    pub(crate) fn start(keeper: Keeper) -> Result<Self, NetError> {
        let board = keeper.board.clone();
        let thread = std::thread::Builder::new().name("smpc-control".into()).spawn(move || {
            // Ends the session at this party even if the keeper panics, so that nobody waits for it.
            let _end = EndOnDrop(keeper.board.clone());
            keeper.run();
        });
        let thread = thread.map_err(NetError::internal)?;
        Ok(Self(Arc::new(Handle { board, keeper: Mutex::new(Some(thread)) })))
    }

    /// Notes that the computation has got ahead by something that moves no bytes: a level, a segment. A party that neither moves bytes nor calls
    /// this for the session's `silence` counts as hung, and the others give it up.
    pub fn progress(&self) {
        self.0.board.progress();
    }

    /// The error that has ended the run, if one has: worth a look in a long computation that sends nothing.
    ///
    /// # Errors
    /// That error.
    pub fn check(&self) -> Result<(), NetError> {
        self.0.board.check()
    }

    /// Leaves: tells all peers why and ends the channels. Before [`Leave::Stopped`] everything must have been sent; then this waits until the
    /// others have stopped too, `silence` at most. Otherwise it takes a second at most. Does nothing once the session is over.
    pub fn abort(&self, why: Leave) {
        self.0.board.ask(Wish::Leave(why));
        let _ = self.0.board.wait_for_end(Some(self.0.board.silence() + GRACE));
    }

    /// Ends the session in good order: says that this party has received all that it needs and sent all that it had, and waits until every peer
    /// says so. The caller's links must have sent everything. The connections end without destroying what is under way.
    ///
    /// # Errors
    /// The error that ended the run instead; a peer that is lost or leaves before it is done. This party's results are complete even then.
    pub fn finish(&self) -> Result<(), NetError> {
        self.0.board.ask(Wish::Finish);
        if self.0.board.wait_for_end(None) {
            return Ok(());
        }
        // Not finished, so there is a reason.
        self.0.board.check()
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control")
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.board.ask(Wish::Leave(Leave::Error));
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            // Its waits are bounded, and what it still has to say must get out before the process ends.
            let _ = keeper.join();
        }
    }
}

struct EndOnDrop(Arc<Board>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.fail(NetError::internal("the thread of the control channels failed"));
            self.0.end(false);
        }
    }
}
