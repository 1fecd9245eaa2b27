//! The tokens of a file as they go into a document: each one once, in order, and the comments before it with it. Whatever the rest of the formatter does,
//! no token and no comment is lost or changes its place; only a comment before a `,` or `;` moves behind it.

use super::align::{Kind, Mark};
use super::doc::{Body, Doc};
use super::gaps::{self, Comment, Gap};
use crate::syntax::token::{Lexed, Token};

/// Longest element of a list of which several stand on a line, in bytes without white space and commas.
const SHORT: usize = 10;

/// What stands between two tokens where no comment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sep {
    /// Nothing.
    None,
    /// A space.
    Space,
    /// Nothing, or a new line.
    Soft,
    /// A space, or a new line.
    Line,
    /// A new line.
    Hard,
}

/// Where an empty line of the source stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blank {
    /// Nowhere.
    No,
    /// Behind a comment: this is the start of a block.
    Start,
    /// Everywhere.
    Keep,
}

/// Reads tokens, writes a document.
pub(super) struct Cursor<'a> {
    text: &'a str,
    tokens: &'a [Lexed],
    /// For a bracket, the index of its partner.
    partners: Vec<usize>,
    /// The token that comes next.
    next: usize,
    /// Comments before the next token that stood before one that has been written.
    carried: Vec<Comment>,
    /// Whether the comments before the next token have been written.
    told: bool,
    /// What was asked for before the next token, and has not been written.
    separator: Option<(Sep, Blank)>,
    /// Whether anything has been written.
    started: bool,
    mark: Option<Kind>,
    docs: Vec<Vec<Doc>>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Lexed]) -> Self {
        let mut partners = vec![0; tokens.len()];
        let mut open = Vec::new();
        for (at, (_, token, _)) in tokens.iter().enumerate() {
            if token.closing().is_some() {
                open.push(at);
            } else if token.closes()
                && let Some(opened) = open.pop()
            {
                (partners[at], partners[opened]) = (opened, at);
            }
        }
        Self {
            text,
            tokens,
            partners,
            next: 0,
            carried: Vec::new(),
            told: false,
            separator: None,
            started: false,
            mark: None,
            docs: vec![Vec::new()],
        }
    }

    /// The next token.
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token, _)| token)
    }

    /// Whether that is the next token.
    pub(super) fn at(&self, token: &Token) -> bool {
        self.peek() == Some(token)
    }

    /// Where the next token starts in the text.
    pub(super) fn offset(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |(start, ..)| *start)
    }

    /// How many pairs of parentheses stand around exactly the piece of the text from `start` to `end`.
    pub(super) fn parentheses(&self, start: u32, end: u32) -> usize {
        let mut first = self.tokens.partition_point(|(at, ..)| *at < start as usize);
        let mut last = self.tokens.partition_point(|(.., at)| *at < end as usize);
        let mut pairs = 0;
        while matches!(self.tokens.get(first), Some((_, Token::LParen, _)))
            && self.partners[first] == last
            && first < last
        {
            pairs += 1;
            first += 1;
            last -= 1;
        }
        pairs
    }

    /// Whether the tokens from `start` to `end` of the text are those of a short element of a list, without brackets: several
    /// of them stand on a line. Commas do not count: that behind the last of `f::<…>` comes and goes with the layout.
    pub(super) fn is_short(&self, start: u32, end: u32) -> bool {
        let first = self.tokens.partition_point(|(at, ..)| *at < start as usize);
        let own = self.tokens[first..].iter().take_while(|(at, ..)| *at < end as usize);
        let mut own = own.filter(|(_, token, _)| *token != Token::Comma).take(SHORT + 1);
        let mut width = 0;
        own.all(|(start, token, end)| {
            width += end - start;
            width <= SHORT && token.closing().is_none()
        })
    }

    /// What stands before a token.
    fn gap(&self, at: usize) -> Gap {
        let start = at.checked_sub(1).map_or(0, |before| self.tokens[before].2);
        let end = self.tokens.get(at).map_or(self.text.len(), |(start, ..)| *start);
        gaps::read(&self.text[start..end], at == 0)
    }

    /// Whether comments stand before the next token.
    pub(super) fn comments_come(&self) -> bool {
        !self.carried.is_empty() || !self.told && !self.gap(self.next).comments.is_empty()
    }

    /// What is to stand before the next token.
    pub(super) fn sep(&mut self, separator: Sep) {
        self.separator = Some((separator, Blank::No));
    }

    /// As [`Cursor::sep`]; an empty line of the source may stay.
    pub(super) fn sep_keeping(&mut self, separator: Sep, blank: Blank) {
        self.separator = Some((separator, blank));
    }

    /// The next token may be aligned with those above and below.
    pub(super) fn column(&mut self, kind: Kind) {
        self.mark = Some(kind);
    }

    /// Writes the next token.
    pub(super) fn token(&mut self) {
        let gap = self.gap(self.next);
        self.before(&gap);
        if let Some((start, _, end)) = self.tokens.get(self.next) {
            let text = self.text[*start..*end].to_owned();
            self.push(Doc::Text(text));
            self.next += 1;
        }
        self.told = false;
    }

    /// Writes the next tokens without space between them.
    pub(super) fn tokens(&mut self, count: usize) {
        (0..count).for_each(|_| self.token());
    }

    /// Writes the next token, which ends something: comments before it move behind it, unless they document what follows.
    pub(super) fn end_token(&mut self) {
        let comments = self.gap(self.next).comments;
        self.sep(Sep::None);
        if comments.iter().chain(&self.carried).any(Comment::is_doc) {
            self.token();
            return;
        }
        self.separator = None;
        self.skip();
        self.push(Doc::Text(self.text_of(self.next - 1)));
    }

    /// Writes `comma`; skips the one in the source, if there is one here.
    pub(super) fn comma(&mut self, comma: Option<Doc>) {
        if self.at(&Token::Comma) {
            self.skip();
        }
        comma.into_iter().for_each(|comma| self.push(comma));
    }

    fn text_of(&self, at: usize) -> String {
        let (start, _, end) = &self.tokens[at];
        self.text[*start..*end].to_owned()
    }

    /// Passes the next token over; comments before it stay for the one after.
    fn skip(&mut self) {
        if !self.told {
            let comments = self.gap(self.next).comments;
            self.carried.extend(comments);
        }
        self.told = false;
        self.next += 1;
    }

    /// Writes the comments before the next token, if there are any, where a nest ends: they still belong to it.
    fn comments_of_nest(&mut self) -> bool {
        let gap = self.gap(self.next);
        let comments = self.take(&gap);
        let any = !comments.is_empty();
        let blank = self.separator.take().map_or(Blank::Keep, |(_, blank)| blank);
        self.comments(&comments, blank);
        self.told = any;
        any
    }

    fn take(&mut self, gap: &Gap) -> Vec<Comment> {
        let mut comments = std::mem::take(&mut self.carried);
        if !self.told {
            comments.extend_from_slice(&gap.comments);
        }
        comments
    }

    fn comments(&mut self, comments: &[Comment], blank: Blank) {
        for (i, comment) in comments.iter().enumerate() {
            let allowed = blank == Blank::Keep || blank == Blank::Start && i > 0;
            let mut mark = None;
            if i == 0 && comment.trailing {
                mark = Some(Mark { kind: Kind::Comment, wanted: comment.wide });
            } else if self.started {
                self.push(Doc::Hard { blank: comment.blank && allowed });
            }
            self.started = true;
            self.push(Doc::Comment(comment.text.clone(), mark));
        }
    }

    /// Writes what stands before the next token.
    fn before(&mut self, gap: &Gap) {
        let comments = self.take(gap);
        let separator = self.separator.take().unwrap_or((Sep::None, Blank::No));
        let (separator, blank) = if self.started { separator } else { (Sep::None, Blank::Keep) };
        self.comments(&comments, blank);
        self.started = true;
        let mark = self.mark.take();
        if comments.is_empty() {
            let blank = gap.blank && blank == Blank::Keep;
            match separator {
                Sep::None => {}
                Sep::Space => self.push(Doc::Text(" ".to_owned())),
                Sep::Soft => self.push(Doc::Line { flat: "", blank }),
                Sep::Line => self.push(Doc::Line { flat: " ", blank }),
                Sep::Hard => self.push(Doc::Hard { blank }),
            }
            if let Some(kind) = mark {
                self.push(Doc::Mark(Mark { kind, wanted: gap.wide }));
            }
        } else {
            self.push(Doc::Hard { blank: gap.blank && blank != Blank::No });
        }
    }

    /// Writes a piece of a document.
    pub(super) fn push(&mut self, doc: Doc) {
        if let Some(docs) = self.docs.last_mut() {
            docs.push(doc);
        }
    }

    /// Runs something and gives what it has written.
    fn inner(&mut self, run: impl FnOnce(&mut Self)) -> Vec<Doc> {
        // What separates it from what is before does not belong to it.
        if self.separator.is_some() {
            let gap = self.gap(self.next);
            self.before(&gap);
            self.told = true;
        }
        self.docs.push(Vec::new());
        run(self);
        self.docs.pop().unwrap_or_default()
    }

    /// What `run` writes is printed on one line if it fits.
    pub(super) fn group(&mut self, run: impl FnOnce(&mut Self)) {
        let docs = self.inner(run);
        self.push(Doc::Group(Body::new(docs)));
    }

    /// As [`Cursor::group`], on one line only if that has at most `limit` columns.
    pub(super) fn group_within(&mut self, limit: usize, run: impl FnOnce(&mut Self)) {
        let docs = self.inner(run);
        self.push(Doc::Group(Body::within(docs, limit)));
    }

    /// What `run` writes is indented.
    pub(super) fn nest(&mut self, run: impl FnOnce(&mut Self)) {
        let docs = self.inner(run);
        self.push(Doc::Nest(Body::new(docs)));
    }

    /// What `run` writes is indented; `after` separates the next token, before which it ends, from it.
    pub(super) fn nest_until(&mut self, after: Sep, run: impl FnOnce(&mut Self)) {
        let mut any = false;
        let docs = self.inner(|c| {
            run(c);
            any = c.comments_of_nest();
        });
        self.push(Doc::Nest(Body::new(docs)));
        self.sep(if any { Sep::Hard } else { after });
    }

    /// What `run` writes stands to the right of a `=`.
    pub(super) fn right(&mut self, run: impl FnOnce(&mut Self)) {
        let docs = self.inner(run);
        self.push(Doc::Right(Body::new(docs)));
    }

    /// The end of the file, and the document.
    pub(super) fn finish(mut self) -> Vec<Doc> {
        let gap = self.gap(self.tokens.len());
        let comments = self.take(&gap);
        self.comments(&comments, Blank::Keep);
        self.docs.pop().unwrap_or_default()
    }
}
