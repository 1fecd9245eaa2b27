//! Tokens. Comments and white space never leave this file.

use super::ast::Block;
use logos::Logos;
use std::fmt;
use std::ops::Range;

macro_rules! tokens {
    ($( $name:ident $text:literal )*) => {
        /// A token.
        #[derive(Logos, Clone, Debug, PartialEq)]
        #[logos(skip r"[ \t\r\n\f]+")]
        #[logos(skip(r"//[^\n]*", allow_greedy = true))]
        pub enum Token {
            $(
                #[doc = concat!("`", $text, "`")]
                #[token($text)]
                $name,
            )*
            /// A name.
            #[regex(r"[A-Za-z_][A-Za-z0-9_]*", priority = 1, callback = |lex| lex.slice().to_owned())]
            Ident(String),
            /// An integer: its text.
            #[regex(r"[0-9][0-9_]*|0x[0-9A-Fa-f_]+|0b[01_]+", |lex| lex.slice().to_owned())]
            Int(String),
            /// A fixed-point number: its text.
            #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*([eE][+-]?[0-9]+)?|[0-9][0-9_]*[eE][+-]?[0-9]+", |lex| lex.slice().to_owned())]
            Fix(String),
            /// A string, without its quotes.
            #[regex(r#""[^"\n]*""#, |lex| { let s = lex.slice(); s[1..s.len() - 1].to_owned() })]
            Str(String),
            /// `<` behind `as T`, where it opens type arguments.
            TypeLt,
            /// In place of what is no token, or a bracket without its partner: nothing takes it, and it has been reported.
            Lost,
            /// A block that has been parsed already.
            Block(Box<Block>),
        }

        impl Token {
            /// The words and signs of the language.
            pub const TEXTS: &[&str] = &[$( $text ),*];
        }

        impl fmt::Display for Token {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$name => f.write_str($text), )*
                    Self::Ident(text) | Self::Int(text) | Self::Fix(text) => f.write_str(text),
                    Self::Str(text) => write!(f, "\"{text}\""),
                    Self::TypeLt => f.write_str("<"),
                    Self::Lost => f.write_str("…"),
                    Self::Block(_) => f.write_str("{"),
                }
            }
        }
    };
}

tokens! {
    Party "party" Input "input" Output "output" Param "param" Const "const" Struct "struct" Enum "enum" Fn "fn" Use "use"
    Circuit "circuit" Policy "policy" Secret "secret" Public "public" Maybe "maybe"
    Let "let" Mut "mut" If "if" Else "else" For "for" In "in" While "while" Match "match" Break "break" Continue "continue"
    Return "return" As "as" True "true" False "false"
    From "from" To "to" Each "each" All "all" Under "under"
    Plus "+" Minus "-" Star "*" Slash "/" Percent "%" PlusPlus "++" Shl "<<" Shr ">>" Amp "&" Caret "^" Pipe "|"
    EqEq "==" NotEq "!=" Lt "<" Le "<=" Gt ">" Ge ">=" AndAnd "&&" OrOr "||" Bang "!"
    Eq "=" PlusEq "+=" MinusEq "-=" StarEq "*=" SlashEq "/=" PercentEq "%=" AmpEq "&=" CaretEq "^=" PipeEq "|="
    ShlEq "<<=" ShrEq ">>="
    DotDotEq "..=" DotDot ".." Dot "." Comma "," Semi ";" Colon ":" PathSep "::" Arrow "->" FatArrow "=>" Hash "#" Underscore "_"
    LParen "(" RParen ")" LBracket "[" RBracket "]" LBrace "{" RBrace "}"
}

impl Token {
    /// For an opening bracket, the one that closes it.
    #[must_use]
    pub const fn closing(&self) -> Option<Self> {
        match self {
            Self::LParen => Some(Self::RParen),
            Self::LBracket => Some(Self::RBracket),
            Self::LBrace => Some(Self::RBrace),
            _ => None,
        }
    }

    /// Whether this closes a bracket.
    #[must_use]
    pub const fn closes(&self) -> bool {
        matches!(self, Self::RParen | Self::RBracket | Self::RBrace)
    }

    /// Whether an item starts with this.
    #[must_use]
    pub const fn starts_item(&self) -> bool {
        matches!(
            self,
            Self::Party
                | Self::Input
                | Self::Param
                | Self::Const
                | Self::Struct
                | Self::Enum
                | Self::Fn
                | Self::Use
                | Self::Circuit
                | Self::Policy
                | Self::Hash
        )
    }

    /// Whether this is a word of the language that cannot be a name.
    #[must_use]
    pub fn is_keyword(&self) -> bool {
        !self.is_name() && self.to_string().starts_with(|c: char| c.is_ascii_lowercase())
    }

    /// Whether a value may end with this.
    #[must_use]
    pub const fn ends_value(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Fix(_) | Self::Str(_) | Self::True | Self::False)
            || self.is_name()
            || self.closes()
    }

    /// Whether this may be a name: a word that is none of the language, or that is one only in its place.
    #[must_use]
    pub const fn is_name(&self) -> bool {
        matches!(self, Self::Ident(_) | Self::From | Self::To | Self::Each | Self::All | Self::Under)
    }
}

/// A token and its first and last byte offsets.
pub type Lexed = (usize, Token, usize);

/// A piece of a text that is not as it should be, and what the lexer has made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, in bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: ProblemKind,
}

/// What may be wrong with a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Characters that mean nothing; a [`Token::Lost`] stands for them.
    Unknown,
    /// A string that does not end on its line; a [`Token::Lost`] stands for the rest of the line.
    OpenString,
    /// Text in single quotes; a [`Token::Lost`] stands for it.
    SingleQuotes,
    /// Text in typographic quotes; read as a string.
    CurlyQuotes,
    /// `/* … */`; passed over.
    BlockComment,
    /// A character that looks like this sign of the language; read as the sign.
    LooksLike(&'static str),
    /// White space that is none, or a character that does not show; passed over.
    Invisible,
}

/// Signs that other keyboards and word processors write, and what is meant.
const LOOK_ALIKES: [(char, &str); 31] = [
    ('\u{2212}', "-"),
    ('\u{2010}', "-"),
    ('\u{2011}', "-"),
    ('\u{2013}', "-"),
    ('\u{2014}', "-"),
    ('\u{ff0d}', "-"),
    ('\u{37e}', ";"),
    ('\u{ff1b}', ";"),
    ('\u{ff0c}', ","),
    ('\u{ff1a}', ":"),
    ('\u{ff0e}', "."),
    ('\u{2026}', ".."),
    ('\u{ff08}', "("),
    ('\u{ff09}', ")"),
    ('\u{ff3b}', "["),
    ('\u{ff3d}', "]"),
    ('\u{ff5b}', "{"),
    ('\u{ff5d}', "}"),
    ('\u{ff1d}', "="),
    ('\u{ff0b}', "+"),
    ('\u{ff0a}', "*"),
    ('\u{d7}', "*"),
    ('\u{22c5}', "*"),
    ('\u{f7}', "/"),
    ('\u{2264}', "<="),
    ('\u{2265}', ">="),
    ('\u{2260}', "!="),
    ('\u{2192}', "->"),
    ('\u{21d2}', "=>"),
    ('\u{ff1c}', "<"),
    ('\u{ff1e}', ">"),
];

/// The tokens of a text, and what is wrong with it, both in order. A byte order mark at the start is passed over.
#[must_use]
pub fn lex(text: &str) -> (Vec<Lexed>, Vec<Problem>) {
    let mut tokens: Vec<Lexed> = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    let mut lexer = Token::lexer(text);
    if text.starts_with('\u{feff}') {
        lexer.bump('\u{feff}'.len_utf8());
    }
    while let Some(result) = lexer.next() {
        let range = lexer.span();
        match result {
            Ok(Token::Slash) if text[range.end..].starts_with('*') => {
                let end =
                    text[range.end + 1..].find("*/").map_or_else(|| line_end(text, range.end), |at| range.end + at + 3);
                lexer.bump(end - range.end);
                problems.push(Problem { range: range.start..end, kind: ProblemKind::BlockComment });
            }
            Ok(token) => push(&mut tokens, token, range),
            Err(()) => {
                let mut at = range.start;
                while at < range.end {
                    at = problem(text, at, &mut tokens, &mut problems);
                }
                lexer.bump(at - range.end);
            }
        }
    }
    (split_closers(tokens), problems)
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |at| from + at)
}

/// Reads what stands at a place where no token starts; returns where it ends.
fn problem(text: &str, start: usize, tokens: &mut Vec<Lexed>, problems: &mut Vec<Problem>) -> usize {
    let Some(first) = text[start..].chars().next() else { return start + 1 };
    let first_end = start + first.len_utf8();
    // Most characters need no more of the line; a line may be long, and full of them.
    let line = || &text[start..line_end(text, start)];
    let (kind, end) = match first {
        '"' => (ProblemKind::OpenString, start + line().trim_end_matches('\r').len()),
        '\'' => match text[first_end..].chars().take(MAX_QUOTED).take_while(|c| *c != '\n').position(|c| c == '\'') {
            Some(_) => (ProblemKind::SingleQuotes, first_end + text[first_end..].find('\'').map_or(0, |at| at + 1)),
            _ => (ProblemKind::Unknown, first_end),
        },
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => {
            let closing = |c| matches!(c, '\u{201c}' | '\u{201d}' | '\u{ab}' | '\u{bb}' | '"');
            let mut line = text[first_end..].char_indices().take(MAX_QUOTED).take_while(|(_, c)| *c != '\n');
            match line.find(|(_, c)| closing(*c)) {
                Some((at, closing)) => (ProblemKind::CurlyQuotes, first_end + at + closing.len_utf8()),
                None => (ProblemKind::Unknown, first_end),
            }
        }
        '\u{a0}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}' | '\u{3000}' | '\u{feff}' => {
            (ProblemKind::Invisible, first_end)
        }
        _ => match LOOK_ALIKES.iter().find(|(c, _)| *c == first) {
            Some((_, sign)) => (ProblemKind::LooksLike(sign), first_end),
            None => (ProblemKind::Unknown, first_end),
        },
    };
    match kind {
        ProblemKind::Invisible | ProblemKind::BlockComment => {}
        ProblemKind::LooksLike(sign) => {
            let token = Token::lexer(sign).next().and_then(Result::ok).unwrap_or(Token::Lost);
            push(tokens, token, start..end);
        }
        ProblemKind::CurlyQuotes => {
            let inside = text[first_end..end].chars();
            let kept: String = inside.filter(|c| *c != '"').collect();
            push(tokens, Token::Str(kept), start..end);
        }
        ProblemKind::Unknown | ProblemKind::OpenString | ProblemKind::SingleQuotes => {
            if let (Some((_, Token::Lost, before)), Some(last)) = (tokens.last_mut(), problems.last_mut())
                && *before == start
                && kind == ProblemKind::Unknown
                && last.kind == kind
            {
                (*before, last.range.end) = (end, end);
                return end;
            }
            push(tokens, Token::Lost, start..end);
        }
    }
    if let Some(last) = problems.last_mut()
        && last.range.end == start
        && kind == ProblemKind::Invisible
        && last.kind == kind
    {
        last.range.end = end;
        return end;
    }
    problems.push(Problem { range: start..end, kind });
    end
}

/// Longest text in quotes of another kind that is read as one, in characters.
const MAX_QUOTED: usize = 200;

/// How many tokens before a `>>` are looked at for what it closes.
const LOOK_BACK: usize = 64;

/// `f::<fix<24>>(x)`, `let x: fix<24>= y;`: where type arguments are open, a sign that starts with `>` closes them first.
fn split_closers(tokens: Vec<Lexed>) -> Vec<Lexed> {
    if !tokens.iter().any(|(_, token, _)| matches!(token, Token::Shr | Token::ShrEq | Token::Ge)) {
        return tokens;
    }
    let mut out: Vec<Lexed> = Vec::with_capacity(tokens.len() + 1);
    let mut rest = tokens.into_iter().peekable();
    while let Some((start, token, end)) = rest.next() {
        let next = rest.peek().map(|(_, token, _)| token);
        let parts = match token {
            Token::Shr if closes_types(&out, 2, next) => [Some(Token::Gt), Some(Token::Gt), None],
            Token::ShrEq if closes_types(&out, 2, next) => [Some(Token::Gt), Some(Token::Gt), Some(Token::Eq)],
            Token::Ge if closes_types(&out, 1, next) => [Some(Token::Gt), Some(Token::Eq), None],
            token => {
                out.push((start, token, end));
                continue;
            }
        };
        out.extend(parts.into_iter().flatten().enumerate().map(|(i, part)| (start + i, part, start + i + 1)));
    }
    out
}

/// Whether at least `count` lists of type arguments are open behind these tokens. Two comparisons look alike, `(a < b, c < d >> e)`; they are followed
/// by an operand, and nothing before them says that types follow.
fn closes_types(before: &[Lexed], count: usize, next: Option<&Token>) -> bool {
    let (mut open, mut closed, mut brackets, mut comma) = (0, 0, 0_usize, false);
    let mut types_follow = false;
    for (i, (_, token, _)) in before.iter().enumerate().rev().take(LOOK_BACK) {
        match token {
            closer if closer.closes() => brackets += 1,
            opener if opener.closing().is_some() => match brackets.checked_sub(1) {
                Some(outer) => brackets = outer,
                None => break,
            },
            _ if brackets > 0 => {}
            Token::Gt => closed += 1,
            Token::Lt | Token::TypeLt if closed > 0 => closed -= 1,
            Token::Lt | Token::TypeLt => {
                open += 1;
                let path = i.checked_sub(1).is_some_and(|back| before[back].1 == Token::PathSep);
                if open >= count && (path || *token == Token::TypeLt) {
                    types_follow = true;
                    break;
                }
            }
            Token::Comma => comma = true,
            Token::Arrow => types_follow = true,
            Token::Colon => {
                types_follow = true;
                break;
            }
            // None of these stands in a type.
            Token::Semi
            | Token::Eq
            | Token::DotDot
            | Token::AndAnd
            | Token::OrOr
            | Token::FatArrow
            | Token::Let
            | Token::If
            | Token::While => break,
            _ => {}
        }
    }
    let operand = matches!(
        next,
        Some(
            Token::Ident(_)
                | Token::Int(_)
                | Token::Fix(_)
                | Token::LParen
                | Token::LBracket
                | Token::Minus
                | Token::Bang
        )
    );
    open >= count && (types_follow || count > 1 && !(comma && operand))
}

fn push(tokens: &mut Vec<Lexed>, token: Token, range: Range<usize>) {
    let before = |back: usize| tokens.len().checked_sub(back).map(|at| &tokens[at].1);
    match token {
        // `t.0.1`: behind a point only a tuple index is read.
        Token::Fix(ref text) if before(1) == Some(&Token::Dot) && text.contains('.') => {
            let (first, second) = text.split_once('.').unwrap_or((text, ""));
            let point = range.start + first.len();
            let (first, second) = (first.to_owned(), second.to_owned());
            tokens.push((range.start, Token::Int(first), point));
            tokens.push((point, Token::Dot, point + 1));
            tokens.push((point + 1, Token::Int(second), range.end));
        }
        // `x as fix<24>`
        Token::Lt if before(2) == Some(&Token::As) && matches!(before(1), Some(Token::Ident(_))) => {
            tokens.push((range.start, Token::TypeLt, range.end));
        }
        token => tokens.push((range.start, token, range.end)),
    }
}
