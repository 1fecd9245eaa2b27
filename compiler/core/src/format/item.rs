//! Items.

use super::align::Kind;
use super::cursor::{Cursor, Sep};
use super::types::comma;
use crate::syntax::ast::{
    Attribute, Expr, Field, Fn, Generic, GenericKind, Input, Item, ItemKind, Param, Party, RoleRef, Use, UseWhat,
};
use crate::syntax::token::Token;

impl Cursor<'_> {
    pub(super) fn item(&mut self, item: &Item) {
        for attribute in &item.attributes {
            self.attribute(attribute);
            self.sep(Sep::Hard);
        }
        // The word that says what it is.
        self.token();
        if item.kind == ItemKind::Error {
            return;
        }
        self.sep(Sep::Space);
        match &item.kind {
            ItemKind::Party(parties) => {
                self.nest(|c| {
                    for (i, party) in parties.iter().enumerate() {
                        c.group(|c| {
                            if i > 0 {
                                c.sep(Sep::Line);
                            }
                            c.party(party);
                            c.comma((i + 1 < parties.len()).then(comma));
                        });
                    }
                });
                self.end_token();
            }
            ItemKind::Input(input) => self.input(input),
            ItemKind::Param { ty, value, .. } => self.constant(Some(ty), value),
            ItemKind::Const { ty, value, .. } => self.constant(ty.as_ref(), value),
            ItemKind::Struct(of) => {
                self.token();
                self.generics(&of.generics);
                self.sep(Sep::Space);
                self.lines(&of.fields, Self::field);
            }
            ItemKind::Enum { variants, .. } => {
                self.token();
                self.sep(Sep::Space);
                self.list(variants, Sep::Line, |c, _| c.token());
            }
            ItemKind::Fn(of) => self.function(of),
            ItemKind::Use(of) => self.import(of),
            ItemKind::Circuit { params, result, .. } => {
                self.tokens(4);
                self.sep(Sep::Space);
                self.token();
                self.sep(Sep::Space);
                self.list(params, Sep::Soft, Self::ty);
                self.result(result);
                self.end_token();
            }
            ItemKind::Policy { settings, .. } => {
                self.token();
                self.sep(Sep::Space);
                self.list(settings, Sep::Line, |c, (_, value)| {
                    c.tokens(2);
                    c.sep(Sep::Space);
                    c.expr(value);
                });
            }
            ItemKind::Error => {}
        }
    }

    fn attribute(&mut self, attribute: &Attribute) {
        self.tokens(3);
        if self.at(&Token::LParen) {
            self.list(&attribute.arguments, Sep::Soft, |c, (_, value)| {
                c.token();
                if let Some(value) = value {
                    c.sep(Sep::Space);
                    c.token();
                    c.sep(Sep::Space);
                    c.expr(value);
                }
            });
        }
        self.token();
    }

    fn party(&mut self, party: &Party) {
        self.token();
        self.member(party.count.as_ref());
    }

    pub(super) fn role(&mut self, role: &RoleRef) {
        self.token();
        self.member(role.index.as_ref());
    }

    /// `[e]` behind a role.
    fn member(&mut self, index: Option<&Expr>) {
        if let Some(index) = index {
            self.token();
            self.expr(index);
            self.token();
        }
    }

    fn input(&mut self, input: &Input) {
        self.tokens(2);
        self.sep(Sep::Space);
        self.column(Kind::InputType);
        if input.secrecy.is_some() {
            self.token();
            self.sep(Sep::Space);
        }
        self.ty(&input.ty);
        self.group(|c| {
            c.nest(|c| {
                c.sep(Sep::Line);
                c.column(Kind::InputFrom);
                c.token();
                c.sep(Sep::Space);
                if input.each {
                    c.token();
                    c.sep(Sep::Space);
                }
                c.role(&input.role);
            });
        });
        self.end_token();
    }

    /// `NAME: type = value;`
    fn constant(&mut self, ty: Option<&crate::syntax::ast::Type>, value: &Expr) {
        self.token();
        if let Some(ty) = ty {
            self.token();
            self.sep(Sep::Space);
            self.ty(ty);
        }
        self.sep(Sep::Space);
        self.token();
        self.right_side(value);
        self.end_token();
    }

    fn generics(&mut self, generics: &[Generic]) {
        if self.at(&Token::Lt) {
            self.list(generics, Sep::Soft, |c, generic| match &generic.kind {
                GenericKind::Const => {
                    c.token();
                    c.sep(Sep::Space);
                    c.token();
                }
                GenericKind::Type(bound) => {
                    c.token();
                    if bound.is_some() {
                        c.token();
                        c.sep(Sep::Space);
                        c.token();
                    }
                }
            });
        }
    }

    fn field(&mut self, field: &Field) {
        for attribute in &field.attributes {
            self.attribute(attribute);
            self.sep(Sep::Line);
        }
        self.tokens(2);
        self.sep(Sep::Space);
        self.column(Kind::FieldType);
        self.ty(&field.ty);
    }

    fn function(&mut self, of: &Fn) {
        self.token();
        self.generics(&of.generics);
        self.list(&of.params, Sep::Soft, |c, param: &Param| {
            c.tokens(2);
            c.sep(Sep::Space);
            c.ty(&param.ty);
        });
        if let Some(result) = &of.result {
            self.result(result);
        }
        self.sep(Sep::Space);
        self.block(&of.body);
    }

    fn import(&mut self, of: &Use) {
        let UseWhat::Names(names) = &of.what else {
            self.tokens(2 * of.path.len() + 1);
            return self.end_token();
        };
        self.tokens(2 * of.path.len());
        if self.at(&Token::LBrace) {
            self.filled(names, |c, _| c.token());
        } else {
            self.token();
        }
        self.end_token();
    }
}
