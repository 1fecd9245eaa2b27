//! Tokens. Comments and white space never leave this file.

use logos::Logos;
use std::fmt;

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
            /// In place of a statement that did not parse.
            BadStatement,
            /// In place of an item that did not parse.
            BadItem,
        }

        impl fmt::Display for Token {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$name => f.write_str($text), )*
                    Self::Ident(text) | Self::Int(text) | Self::Fix(text) => f.write_str(text),
                    Self::Str(text) => write!(f, "\"{text}\""),
                    Self::TypeLt => f.write_str("<"),
                    Self::BadStatement | Self::BadItem => f.write_str("…"),
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
}

/// A token and its first and last byte offsets.
pub type Lexed = (usize, Token, usize);

/// The tokens of a text, and the ranges that are none.
#[must_use]
pub fn lex(text: &str) -> (Vec<Lexed>, Vec<std::ops::Range<usize>>) {
    let mut tokens: Vec<Lexed> = Vec::new();
    let mut unknown: Vec<std::ops::Range<usize>> = Vec::new();
    for (result, range) in Token::lexer(text).spanned() {
        match result {
            Ok(token) => push(&mut tokens, token, range),
            Err(()) => match unknown.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => unknown.push(range),
            },
        }
    }
    (split_closers(tokens), unknown)
}

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
            Token::Semi
            | Token::Eq
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

fn push(tokens: &mut Vec<Lexed>, token: Token, range: std::ops::Range<usize>) {
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
