//! `smpcc lsp`: the language server, over stdin and stdout.
//!
//! One thread reads messages, one handles them in order, and one counts costs while somebody hovers. What a program means is asked of
//! `smpcc_core::analysis`; here are the protocol, the documents as the editor has them, and files.
//!
//! * [`transport`], [`server`]: messages and the loop that answers them
//! * [`uri`], [`positions`], [`documents`], [`programs`]: what is open, where, and which programs that makes
//! * [`diagnostics`], [`hover`], [`navigation`], [`completion`], [`symbols`], [`actions`], [`formatting`]: one answer each
//! * [`costs`]: rounds and bytes of the lines of a program

mod actions;
mod completion;
mod costs;
mod diagnostics;
mod documents;
mod formatting;
mod hover;
mod navigation;
mod positions;
mod programs;
mod server;
mod symbols;
mod transport;
mod uri;

use crate::{Done, one};
use server::{Event, Server};
use smpcvm::failure::Failure;
use std::sync::mpsc;

/// Serves one editor until it says `exit` or closes the pipe.
pub(crate) fn run() -> Done {
    let (sender, events) = mpsc::channel();
    let from_reader = sender.clone();
    let reader = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let mut input = std::io::stdin().lock();
        while let Ok(Some(incoming)) = transport::read(&mut input) {
            if from_reader.send(Event::Client(incoming)).is_err() {
                return;
            }
        }
        // Nobody to tell is nobody to serve.
        let _ = from_reader.send(Event::End);
    });
    if let Err(error) = reader {
        return Err(one(Failure::ours(format!("no thread for the editor's messages: {error}"))));
    }
    let orderly = Server::new(std::io::stdout(), sender).serve(&events);
    // An editor that leaves without `shutdown` is told by the exit code alone.
    if orderly { Ok(String::new()) } else { Err(one(Failure::user(""))) }
}
