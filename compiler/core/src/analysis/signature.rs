//! The function of the call that is being written, and which of its parameters comes next.

use super::index::Kind;
use super::{Analysis, builtins};
use crate::source::FileId;
use crate::syntax::ast::ItemKind;
use crate::syntax::token::{Lexed, Token, lex};

/// A function as it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its declaration in a line.
    pub label: String,
    /// Its parameters, each as it stands in the label.
    pub params: Vec<String>,
    /// The parameter that is being written.
    pub active: usize,
    /// Its documentation.
    pub docs: String,
}

/// The function of the innermost call around a place.
#[must_use]
pub fn signature(of: &Analysis, file: FileId, offset: usize) -> Option<Signature> {
    let text = &of.sources.files().get(file.0 as usize)?.text;
    let (tokens, _) = lex(text.get(..offset)?);
    let (callee, active) = open_call(&tokens)?;
    let (_, Token::Ident(name), _) = tokens.get(callee)? else {
        return in_words(&tokens.get(callee)?.1.to_string(), active);
    };
    let before = callee.checked_sub(1).and_then(|at| tokens.get(at)).map(|(_, token, _)| token);
    if before == Some(&Token::Fn) {
        return None;
    }
    let active = active + usize::from(before == Some(&Token::Dot));
    let named = of.module_of(file).and_then(|module| of.modules.get(module).names.get(name));
    let Some(named) = named else { return in_words(name, active) };
    let ItemKind::Fn(function) = &of.modules.item(named.id).kind else { return None };
    let def =
        of.index().declared_at(function.name.span).filter(|def| of.index().definition(*def).kind == Kind::Function)?;
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let params =
        function.params.iter().map(|param| one_line(of.sources.text(param.name.span.to(param.ty.span)))).collect();
    Some(Signature { label: of.signature_of(def), params, active, docs: of.index().definition(def).docs.join("\n") })
}

/// The index of the name of the call that is open at the end, and the number of commas in it so far.
fn open_call(tokens: &[Lexed]) -> Option<(usize, usize)> {
    let (mut depth, mut commas) = (0_usize, 0);
    for (at, (_, token, _)) in tokens.iter().enumerate().rev() {
        match token {
            Token::RParen | Token::RBracket | Token::RBrace => depth += 1,
            Token::LParen | Token::LBracket | Token::LBrace if depth > 0 => depth -= 1,
            Token::LParen => {
                let callee = at.checked_sub(1)?;
                return is_callee(&tokens[callee].1).then_some((callee, commas));
            }
            // A list inside the call; its commas are its own.
            Token::LBracket => commas = 0,
            Token::LBrace | Token::Semi if depth == 0 => return None,
            Token::Comma if depth == 0 => commas += 1,
            _ => {}
        }
    }
    None
}

const fn is_callee(token: &Token) -> bool {
    matches!(token, Token::Ident(_) | Token::All)
}

/// A function of the language.
fn in_words(name: &str, active: usize) -> Option<Signature> {
    let function = builtins::find(name)?;
    let parameters = |form: &&&str| form.split(", ").count() > active;
    let form = function.forms.iter().find(parameters).or(function.forms.last())?;
    let params = form.split(", ").map(str::to_owned).collect();
    Some(Signature { label: format!("{name}({form})"), params, active, docs: function.docs.to_owned() })
}
