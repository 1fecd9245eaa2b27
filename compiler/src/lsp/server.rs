//! The loop: one event after another, and the programs that changed once nothing else waits.
//!
//! Changes are applied at once and looked at later, so that a burst of keystrokes is one analysis. A request asks for its program as it is now.
//! A panic is a bug of ours; the server outlives it ([`Server::guarded`]), says so to the editor, and forgets what it was about.

use super::costs::{Asked, Costs, LineCosts};
use super::documents::{Document, Documents};
use super::programs::Program;
use super::transport::{self, Incoming};
use super::uri::Place;
use super::{actions, completion, diagnostics, formatting, hover, navigation, symbols};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability, CompletionOptions,
    CompletionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentFormattingParams, DocumentHighlight, DocumentSymbolParams, FoldingRangeParams,
    FoldingRangeProviderCapability, GotoDefinitionParams, HoverParams, HoverProviderCapability, InitializeResult,
    OneOf, Position, PositionEncodingKind, PrepareRenameResponse, PublishDiagnosticsParams, ReferenceParams,
    RenameOptions, RenameParams, ServerCapabilities, ServerInfo, SignatureHelpOptions, TextDocumentPositionParams,
    TextDocumentSyncCapability, TextDocumentSyncKind, Uri, WorkDoneProgressOptions,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use smpcc_core::source::FileId;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How long a hover waits for costs that are being counted.
const PATIENCE: Duration = Duration::from_millis(700);

/// Something that happens to the server.
#[derive(Debug)]
pub(super) enum Event {
    /// The editor says something.
    Client(Incoming),
    /// The editor has closed the pipe.
    End,
    /// The costs of a program are counted: the main file, the number of the count, the result.
    Counted(Place, u64, Option<LineCosts>),
}

/// How far the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Fresh,
    Running,
    ShutDown,
}

/// Why a request has no result.
#[derive(Debug)]
struct Refused {
    code: ErrorCode,
    message: String,
}

/// The answer to a request: at once, or once costs are known.
type Answer = Result<Option<Value>, Refused>;

/// A hover that waits for costs.
#[derive(Debug)]
struct Waiting {
    id: RequestId,
    /// The program that is counted, and the line: file and number from 1.
    program: Place,
    line: (String, u32),
    /// The answer without the costs.
    hover: lsp_types::Hover,
    until: Instant,
}

/// The server.
pub(super) struct Server<W: Write> {
    out: W,
    stage: Stage,
    /// Whether the editor shows Markdown in hovers.
    markdown: bool,
    documents: Documents,
    /// Programs by main file; those of which the text has changed are gone.
    programs: BTreeMap<Place, Program>,
    /// Main files that are to be looked at.
    stale: BTreeSet<Place>,
    /// Main files at which the compiler failed.
    failed: BTreeSet<Place>,
    /// What each program said about each file.
    told: BTreeMap<Place, BTreeMap<Place, Vec<lsp_types::Diagnostic>>>,
    costs: Costs,
    waiting: Vec<Waiting>,
}

impl<W: Write> Server<W> {
    pub(super) fn new(out: W, events: Sender<Event>) -> Self {
        Self {
            out,
            stage: Stage::Fresh,
            markdown: false,
            documents: Documents::new(),
            programs: BTreeMap::new(),
            stale: BTreeSet::new(),
            failed: BTreeSet::new(),
            told: BTreeMap::new(),
            costs: Costs::new(events),
            waiting: Vec::new(),
        }
    }

    /// Answers until the editor leaves; whether it did so in order.
    pub(super) fn serve(mut self, events: &Receiver<Event>) -> bool {
        loop {
            match self.next(events) {
                Some(Event::Client(Incoming::Message(Message::Notification(notification)))) => {
                    if notification.method == "exit" {
                        return self.stage == Stage::ShutDown;
                    }
                    self.notified(notification);
                }
                Some(Event::Client(Incoming::Message(Message::Request(request)))) => self.requested(request),
                // The server asks for nothing.
                Some(Event::Client(Incoming::Message(Message::Response(_)))) => {}
                Some(Event::Client(Incoming::Malformed(answer))) => self.send(answer),
                Some(Event::Counted(place, number, costs)) => {
                    if self.costs.take(&place, number, costs) {
                        self.answer_waiting(|waiting| waiting.program == place);
                    }
                }
                Some(Event::End) => return false,
                None => self.idle(),
            }
        }
    }

    /// The next event; `None` where there is other work: nothing waits and programs have changed, or a hover has waited long enough.
    fn next(&self, events: &Receiver<Event>) -> Option<Event> {
        let patience = match self.waiting.iter().map(|waiting| waiting.until).min() {
            _ if !self.stale.is_empty() => Duration::ZERO,
            Some(until) => until.saturating_duration_since(Instant::now()),
            None => return Some(events.recv().unwrap_or(Event::End)),
        };
        match events.recv_timeout(patience) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::End),
        }
    }

    fn idle(&mut self) {
        let now = Instant::now();
        self.answer_waiting(|waiting| waiting.until <= now);
        if let Some(place) = self.stale.pop_first() {
            self.refresh(&place);
        }
    }

    /// Runs something that may have a bug. This is the one place where a panic is caught: a server that ends takes the editor's unsaved view of all
    /// other files with it. What was asked about is forgotten by the caller, so that nothing half-done is kept.
    fn guarded<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> Option<T> {
        catch_unwind(AssertUnwindSafe(|| run(self))).ok()
    }

    // Messages.

    fn send(&mut self, message: Value) {
        // An editor that is gone is noticed where its messages end.
        let _ = transport::write(&mut self.out, message);
    }

    fn notify(&mut self, method: &str, params: impl Serialize) {
        let notification = Notification::new(method.to_owned(), params);
        self.send(json!(notification));
    }

    fn respond(&mut self, id: RequestId, answer: Result<Value, Refused>) {
        let response = match answer {
            Ok(value) => Response { id, response_result: Ok(value) },
            Err(Refused { code, message }) => Response::new_err(id, code as i32, message),
        };
        self.send(json!(response));
    }

    fn notified(&mut self, notification: Notification) {
        if self.stage != Stage::Running {
            return;
        }
        let Notification { method, params } = notification;
        // What cannot be read is ignored: nobody waits for an answer.
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Ok(DidOpenTextDocumentParams { text_document: opened }) = serde_json::from_value(params) {
                    let place = Place::of(&opened.uri);
                    let document = Document::new(opened.uri, opened.version, opened.text);
                    self.documents.insert(place.clone(), document);
                    self.changed(&place);
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = serde_json::from_value::<DidChangeTextDocumentParams>(params) {
                    let place = Place::of(&params.text_document.uri);
                    if let Some(document) = self.documents.get_mut(&place) {
                        document.change(params.text_document.version, params.content_changes);
                        self.changed(&place);
                    }
                }
            }
            "textDocument/didClose" => {
                if let Ok(DidCloseTextDocumentParams { text_document: closed }) = serde_json::from_value(params) {
                    self.closed(&Place::of(&closed.uri));
                }
            }
            // Files of which nothing is open may be imported.
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                let open: Vec<Place> = self.documents.keys().cloned().collect();
                open.iter().for_each(|place| self.changed(place));
            }
            "$/cancelRequest" => {
                let id = params.get("id").and_then(|id| serde_json::from_value::<RequestId>(id.clone()).ok());
                let cancelled = self.waiting.iter().position(|waiting| Some(&waiting.id) == id.as_ref());
                if let Some(at) = cancelled {
                    let Waiting { id, .. } = self.waiting.remove(at);
                    self.respond(id, Err(refused(ErrorCode::RequestCanceled, "cancelled")));
                }
            }
            _ => {}
        }
    }

    fn requested(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = match (self.stage, method.as_str()) {
            (Stage::Fresh, "initialize") => {
                self.stage = Stage::Running;
                let formats = params.pointer("/capabilities/textDocument/hover/contentFormat");
                self.markdown = formats
                    .and_then(Value::as_array)
                    .is_some_and(|formats| formats.iter().any(|format| format == "markdown"));
                Ok(Some(json!(capabilities())))
            }
            (Stage::Fresh, _) => Err(refused(ErrorCode::ServerNotInitialized, "`initialize` comes first")),
            (Stage::ShutDown, _) => Err(refused(ErrorCode::InvalidRequest, "the server has been shut down")),
            (Stage::Running, "initialize") => Err(refused(ErrorCode::InvalidRequest, "already initialized")),
            (Stage::Running, "shutdown") => {
                self.stage = Stage::ShutDown;
                Ok(Some(Value::Null))
            }
            (Stage::Running, _) => {
                let own = id.clone();
                self.guarded(|server| server.answer(&own, &method, params)).unwrap_or_else(|| {
                    Err(refused(ErrorCode::InternalError, "the compiler failed; please report the program"))
                })
            }
        };
        match answer {
            Ok(Some(value)) => self.respond(id, Ok(value)),
            Ok(None) => {}
            Err(refused) => self.respond(id, Err(refused)),
        }
    }

    fn answer(&mut self, id: &RequestId, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/hover" => {
                let params: HoverParams = read(params)?;
                self.hover(id, &params.text_document_position_params)
            }
            "textDocument/definition" => {
                let params: GotoDefinitionParams = read(params)?;
                self.at(&params.text_document_position_params, |server, program, offset| {
                    navigation::definition(program, offset, &server.documents)
                })
            }
            "textDocument/references" => {
                let params: ReferenceParams = read(params)?;
                let declaration = params.context.include_declaration;
                self.prepare_all();
                self.at(&params.text_document_position, |server, program, offset| {
                    let others = server.others(program);
                    navigation::references(program, &others, offset, declaration, &server.documents)
                })
            }
            "textDocument/documentHighlight" => {
                let params: lsp_types::DocumentHighlightParams = read(params)?;
                self.at(&params.text_document_position_params, |_, program, offset| {
                    let spans = navigation::highlights(program, offset).into_iter();
                    let shown = spans.map(|span| DocumentHighlight { range: program.range(span), kind: None });
                    shown.collect::<Vec<_>>()
                })
            }
            "textDocument/prepareRename" => {
                let params: TextDocumentPositionParams = read(params)?;
                self.tried_at(&params, |_, program, offset| {
                    let (def, span) = program.analysis.renameable(FileId(0), offset)?;
                    let placeholder = program.analysis.index().definition(def).name.clone();
                    Ok(PrepareRenameResponse::RangeWithPlaceholder { range: program.range(span), placeholder })
                })
            }
            "textDocument/rename" => {
                let params: RenameParams = read(params)?;
                self.prepare_all();
                self.tried_at(&params.text_document_position, |server, program, offset| {
                    let others = server.others(program);
                    navigation::rename(program, &others, offset, &params.new_name, &server.documents)
                })
            }
            "textDocument/completion" => {
                let params: CompletionParams = read(params)?;
                let position = params.text_document_position.position;
                self.on(&params.text_document_position.text_document.uri, |server, program, document| {
                    completion::completions(program, document, position, &server.documents)
                })
            }
            "textDocument/signatureHelp" => {
                let params: lsp_types::SignatureHelpParams = read(params)?;
                let at = params.text_document_position_params;
                self.on(&at.text_document.uri, |_, program, document| {
                    completion::signature_help(program, document, at.position)
                })
            }
            "textDocument/documentSymbol" => {
                let params: DocumentSymbolParams = read(params)?;
                self.on(&params.text_document.uri, |_, program, _| symbols::outline(program))
            }
            "textDocument/foldingRange" => {
                let params: FoldingRangeParams = read(params)?;
                self.on(&params.text_document.uri, |_, program, _| symbols::folds(program))
            }
            "textDocument/codeAction" => {
                let params: CodeActionParams = read(params)?;
                self.on(&params.text_document.uri, |server, program, _| {
                    actions::mends(program, params.range, &server.documents)
                })
            }
            "textDocument/formatting" => {
                let params: DocumentFormattingParams = read(params)?;
                let document = self.documents.get(&Place::of(&params.text_document.uri)).ok_or_else(not_open)?;
                Ok(Some(json!(formatting::edits(document, formatting::formatter))))
            }
            _ => Err(refused(ErrorCode::MethodNotFound, format!("no method `{method}`"))),
        }
    }

    // Questions about an open document.

    fn on<T: Serialize>(&mut self, uri: &Uri, ask: impl FnOnce(&Self, &Program, &Document) -> T) -> Answer {
        let place = Place::of(uri);
        self.prepare(&place);
        let document = self.documents.get(&place).ok_or_else(not_open)?;
        Ok(Some(match self.programs.get(&place) {
            Some(program) => json!(ask(self, program, document)),
            // The compiler failed at it, and has said so.
            None => Value::Null,
        }))
    }

    fn at<T: Serialize>(
        &mut self,
        at: &TextDocumentPositionParams,
        ask: impl FnOnce(&Self, &Program, u32) -> T,
    ) -> Answer {
        self.on(&at.text_document.uri, |server, program, document| ask(server, program, offset(document, at.position)))
    }

    fn tried_at<T: Serialize>(
        &mut self,
        at: &TextDocumentPositionParams,
        ask: impl FnOnce(&Self, &Program, u32) -> Result<T, smpcc_core::analysis::RenameError>,
    ) -> Answer {
        let mut error = None;
        let answer = self.at(at, |server, program, offset| match ask(server, program, offset) {
            Ok(value) => Some(value),
            Err(reason) => {
                error = Some(reason.message());
                None
            }
        })?;
        error.map_or(Ok(answer), |message| Err(refused(ErrorCode::RequestFailed, message)))
    }

    fn hover(&mut self, id: &RequestId, at: &TextDocumentPositionParams) -> Answer {
        let place = Place::of(&at.text_document.uri);
        self.prepare_all();
        let document = self.documents.get(&place).ok_or_else(not_open)?;
        let offset = offset(document, at.position);
        // A module is shown as the programs see it that are open and use it: there its functions have types.
        let own = self.programs.get(&place);
        let users = self.programs.values().filter(|program| program.place != place);
        let seen = own.into_iter().chain(users).filter_map(|program| {
            let file = program.file_at(&place)?;
            Some((program, file, program.analysis.hover(file, offset)?))
        });
        let Some((program, file, found)) = seen.max_by_key(|(_, _, hover)| !hover.facts.is_empty()) else {
            return Ok(Some(Value::Null));
        };
        let Some(span) = found.span else { return Ok(Some(Value::Null)) };
        let mut text = hover::markdown(&found, program.analysis.sources().text(span));
        if text.is_empty() {
            return Ok(Some(Value::Null));
        }
        if !self.markdown {
            text = text.lines().filter(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n");
        }
        let kind = if self.markdown { lsp_types::MarkupKind::Markdown } else { lsp_types::MarkupKind::PlainText };
        let contents = lsp_types::HoverContents::Markup(lsp_types::MarkupContent { kind, value: text });
        let hover = lsp_types::Hover { contents, range: Some(program.range(span)) };
        let line = (program.analysis.sources().file(file).path.clone(), at.position.line + 1);
        let (program, until) = (program.place.clone(), Instant::now() + PATIENCE);
        let waiting = Waiting { id: id.clone(), program, line, hover, until };
        match self.costs.of(&waiting.program, &self.documents) {
            Asked::Now(costs) => Ok(Some(json!(with_costs(&waiting, costs)))),
            Asked::Later => {
                self.waiting.push(waiting);
                Ok(None)
            }
        }
    }

    /// Answers the hovers that have waited for this.
    fn answer_waiting(&mut self, ready: impl Fn(&Waiting) -> bool) {
        let (ready, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|waiting| ready(waiting));
        self.waiting = waiting;
        let ready: Vec<Waiting> = ready;
        for waiting in ready {
            let hover = match self.costs.of(&waiting.program, &self.documents) {
                Asked::Now(costs) => with_costs(&waiting, costs),
                Asked::Later => waiting.hover,
            };
            self.respond(waiting.id, Ok(json!(hover)));
        }
    }

    // Programs.

    /// All other programs that are open.
    fn others(&self, program: &Program) -> Vec<&Program> {
        self.programs.values().filter(|other| other.place != program.place).collect()
    }

    /// A text has changed: programs that have it are out of date.
    fn changed(&mut self, place: &Place) {
        let mut stale: Vec<Place> = self.documents.contains_key(place).then(|| place.clone()).into_iter().collect();
        if let Some(path) = place.path() {
            let users = self.programs.values().filter(|program| program.asked.contains(path));
            stale.extend(users.map(|program| program.place.clone()));
        }
        for place in stale {
            self.programs.remove(&place);
            self.failed.remove(&place);
            self.costs.forget(&place);
            self.stale.insert(place);
        }
    }

    fn closed(&mut self, place: &Place) {
        self.documents.remove(place);
        self.programs.remove(place);
        self.stale.remove(place);
        self.failed.remove(place);
        self.costs.forget(place);
        // Others that import the file go back to what is on the disk.
        self.changed(place);
        self.tell(place, BTreeMap::new());
    }

    /// Makes the program of an open document known, as its text is now.
    fn prepare(&mut self, place: &Place) {
        let known = self.programs.contains_key(place) || self.failed.contains(place);
        if !known && self.documents.contains_key(place) {
            self.stale.remove(place);
            self.refresh(place);
        }
    }

    fn prepare_all(&mut self) {
        let open: Vec<Place> = self.documents.keys().cloned().collect();
        open.iter().for_each(|place| self.prepare(place));
    }

    /// Looks at a program anew, and tells what there is to say about it.
    fn refresh(&mut self, place: &Place) {
        let looked = self.guarded(|server| {
            let document = server.documents.get(place)?;
            let program = Program::new(place, &document.text, &server.documents);
            Some((diagnostics::of_program(&program, &server.documents), program))
        });
        let messages = match looked {
            Some(Some((messages, program))) => {
                self.programs.insert(place.clone(), program);
                messages
            }
            Some(None) => return,
            None => {
                self.failed.insert(place.clone());
                BTreeMap::from([(place.clone(), vec![diagnostics::our_fault()])])
            }
        };
        self.tell(place, messages);
    }

    /// Publishes what a program says, together with what others say about the same files.
    fn tell(&mut self, program: &Place, messages: BTreeMap<Place, Vec<lsp_types::Diagnostic>>) {
        let before = self.told.insert(program.clone(), messages).unwrap_or_default();
        let now = self.told.get(program).into_iter().flat_map(BTreeMap::keys);
        let files: BTreeSet<Place> = before.into_keys().chain(now.cloned()).collect();
        for file in files {
            let mut all: Vec<lsp_types::Diagnostic> = Vec::new();
            for message in self.told.values().filter_map(|told| told.get(&file)).flatten() {
                // Two programs say the same of what both import.
                if !all.iter().any(|known| known.range == message.range && known.message == message.message) {
                    all.push(message.clone());
                }
            }
            let open = self.documents.get(&file);
            let version = open.map(|document| document.version);
            if let Some(uri) = open.map(|document| document.uri.clone()).or_else(|| file.uri()) {
                let params = PublishDiagnosticsParams { uri, diagnostics: all, version };
                self.notify("textDocument/publishDiagnostics", params);
            }
        }
        if !self.documents.contains_key(program) {
            self.told.remove(program);
        }
    }
}

fn with_costs(waiting: &Waiting, costs: Option<&LineCosts>) -> lsp_types::Hover {
    let mut shown = waiting.hover.clone();
    let (file, line) = &waiting.line;
    let told = costs.and_then(|costs| hover::cost_line(costs, file, *line));
    if let (Some(told), lsp_types::HoverContents::Markup(content)) = (told, &mut shown.contents) {
        content.value.push_str(&told);
    }
    shown
}

fn offset(document: &Document, position: Position) -> u32 {
    u32::try_from(document.lines.offset(&document.text, position)).unwrap_or(u32::MAX)
}

fn refused(code: ErrorCode, message: impl Into<String>) -> Refused {
    Refused { code, message: message.into() }
}

fn not_open() -> Refused {
    refused(ErrorCode::InvalidParams, "the document is not open")
}

/// The parameters of a request.
fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refused> {
    serde_json::from_value(params).map_err(|error| refused(ErrorCode::InvalidParams, error.to_string()))
}

/// What the server can do.
fn capabilities() -> InitializeResult {
    let no_progress = WorkDoneProgressOptions::default;
    let capabilities = ServerCapabilities {
        position_encoding: Some(PositionEncodingKind::UTF16),
        text_document_sync: Some(TextDocumentSyncCapability::Options(lsp_types::TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(lsp_types::SaveOptions::default().into()),
            ..lsp_types::TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", ":"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        signature_help_provider: Some(SignatureHelpOptions {
            trigger_characters: Some(["(", ","].map(str::to_owned).to_vec()),
            retrigger_characters: None,
            work_done_progress_options: no_progress(),
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        document_formatting_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: no_progress(),
        })),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        ..ServerCapabilities::default()
    };
    let server_info = ServerInfo { name: "smpcc".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) };
    InitializeResult { capabilities, server_info: Some(server_info) }
}
