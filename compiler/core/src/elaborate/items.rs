//! Items outside functions: roles, params, consts, structs and enums. Each is looked at once, when it is first needed.

use super::circuits::Circuit;
use super::declared::{Bare, Declared};
use super::generics::Bindings;
use super::known::Num;
use super::modules::ItemId;
use super::types::{EnumType, Scalar, StructArg, StructType, Type};
use super::value::Value;
use super::{Elaborator, Frame, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic, Level};
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind};
use smpc_bytecode::interval::Interval;
use smpc_bytecode::op::RoleId;
use smpc_bytecode::types::{Format, Reading};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most instances of one generic struct inside each other.
const MAX_NESTED: usize = 16;

/// Longest name of a column, in bytes.
const MAX_COLUMN: usize = 255;

/// Most members of a counted role.
const MAX_MEMBERS: i128 = 1_000_000;

/// A declared role.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) name: String,
    /// Number of members, for a counted role.
    pub(super) count: Option<u64>,
    /// Its first member in the manifest.
    pub(super) first: u32,
}

/// What is known of an item.
#[derive(Clone, Debug)]
enum State<T> {
    /// It is being looked at; who asks again has found a cycle.
    Open,
    /// It is known.
    Done(Outcome<T>),
}

/// What a parameter of a struct stands for, with the ranges that are written there.
pub(super) type GivenArg = (StructArg, Vec<Option<Interval>>);

/// What is known of all items.
#[derive(Debug, Default)]
pub(super) struct Items {
    consts: BTreeMap<ItemId, State<Value>>,
    structs: Vec<(ItemId, Vec<GivenArg>, State<Declared>)>,
    enums: BTreeMap<ItemId, Outcome<Type>>,
    pub(super) circuits: BTreeMap<ItemId, Outcome<Rc<Circuit>>>,
    pub(super) roles: Vec<Role>,
    pub(super) inputs: BTreeMap<ItemId, Outcome<Value>>,
}

impl Elaborator<'_> {
    /// Looks at every item that is not a function, so that each mistake is told.
    pub(super) fn declare_items(&mut self) {
        let modules = self.modules;
        self.check_defines();
        for module in 0..modules.len() {
            self.frames.push(Frame::of(module));
            for (item, declared) in modules.get(module).ast.items.iter().enumerate() {
                let id = ItemId { module, item };
                self.item_attributes(declared);
                // What fails here has been reported, and is known to have failed.
                let _ = self.declare_item(id, declared);
            }
            self.frames.pop();
        }
    }

    fn declare_item(&mut self, id: ItemId, item: &ast::Item) -> Outcome<()> {
        match &item.kind {
            ItemKind::Party(parties) => {
                if id.module != 0 {
                    let message = "roles are declared in the main file";
                    return self.error(Code::BadRole, item.span, message, "move it there");
                }
                parties.iter().try_for_each(|party| self.declare_role(party))
            }
            ItemKind::Input(_) if id.module != 0 => {
                let message = "inputs are declared in the main file";
                self.error(Code::BadRole, item.span, message, "give the function a parameter")
            }
            ItemKind::Param { .. } if id.module != 0 => {
                let message = "params are declared in the main file";
                self.error(Code::BadParam, item.span, message, "write `const`, or give the function a parameter")
            }
            ItemKind::Param { .. } | ItemKind::Const { .. } => self.constant_item(id).map(|_| ()),
            // What a parameter stands for is known where the struct is used.
            ItemKind::Struct(of) if !of.generics.is_empty() => Ok(()),
            ItemKind::Struct(of) => self.struct_item(id, of, Vec::new()).map(|_| ()),
            ItemKind::Enum { name, variants } => self.enum_item(id, name, variants).map(|_| ()),
            ItemKind::Circuit { name, file, params, result } => {
                self.circuit_item(id, name, file, params, result).map(|_| ())
            }
            ItemKind::Policy { .. } => self.unsupported(item.span, "policies are", "take it out"),
            ItemKind::Input(_) | ItemKind::Fn(_) | ItemKind::Use(_) | ItemKind::Error => Ok(()),
        }
    }

    fn declare_role(&mut self, party: &ast::Party) -> Outcome<()> {
        let first = u32::try_from(self.builder.manifest_mut().roles.len()).unwrap_or(u32::MAX);
        let count = match &party.count {
            None => None,
            Some(count) => {
                let members = self.known_integer(count, "the number of members")?;
                if !(1..=MAX_MEMBERS).contains(&members) {
                    let message = format!("a role has 1 to {MAX_MEMBERS} members");
                    return self.error(Code::TooLarge, count.span, message, "write a number in that range");
                }
                Some(u64::try_from(members).unwrap_or(1))
            }
        };
        let roles = &mut self.builder.manifest_mut().roles;
        match count {
            None => roles.push(party.name.text.clone()),
            Some(count) => roles.extend((0..count).map(|member| format!("{}[{member}]", party.name.text))),
        }
        self.items.roles.push(Role { name: party.name.text.clone(), count, first });
        Ok(())
    }

    /// The role of that name.
    pub(super) fn role(&mut self, name: &ast::Name) -> Outcome<Role> {
        if let Some(role) = self.items.roles.iter().find(|role| role.name == name.text) {
            return Ok(role.clone());
        }
        if self.modules.may_be_lost(self.frame().module, &name.text, self.sources) {
            return Err(Reported);
        }
        let names: Vec<String> = self.items.roles.iter().map(|role| role.name.clone()).collect();
        let help = match super::similar(&name.text, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!("declare it: `party {};`", name.text),
            None => format!("the roles are {}", names.join(", ")),
        };
        self.error(Code::BadRole, name.span, format!("no role `{}`", name.text), help)
    }

    /// The member of a role that `Role` or `Role[0]` names.
    pub(super) fn role_member(&mut self, of: &ast::RoleRef) -> Outcome<RoleId> {
        let role = self.role(&of.name)?;
        match (role.count, &of.index) {
            (None, None) => Ok(RoleId(role.first)),
            (Some(count), Some(index)) => {
                let member = self.known_integer(index, "the number of a member")?;
                match u32::try_from(member).ok().filter(|member| u64::from(*member) < count) {
                    Some(member) => Ok(RoleId(role.first + member)),
                    None => {
                        let message = format!("`{}` has no member {member}", role.name);
                        self.error(
                            Code::BadRole,
                            index.span,
                            message,
                            format!("the last one is `{}[{}]`", role.name, count - 1),
                        )
                    }
                }
            }
            (Some(_), None) => {
                let message = format!("`{}` stands for several members", role.name);
                let help = format!("write `each {0}`, or `{0}[0]` for one of them", role.name);
                self.error(Code::BadRole, of.span, message, help)
            }
            (None, Some(_)) => {
                let message = format!("`{}` is a single role", role.name);
                self.error(Code::BadRole, of.span, message, format!("write `{}`", role.name))
            }
        }
    }

    /// The value of a `param` or `const`.
    pub(super) fn constant_item(&mut self, id: ItemId) -> Outcome<Value> {
        let item = self.modules.item(id);
        match self.items.consts.get(&id) {
            Some(State::Done(value)) => return value.clone(),
            Some(State::Open) => {
                let message = "a constant that is defined by itself";
                return self.error(Code::Recursion, item.span, message, "give it a value of its own");
            }
            None => {}
        }
        self.items.consts.insert(id, State::Open);
        let value = self.in_module(id.module, |elaborator| match &item.kind {
            ItemKind::Param { name, ty, value } => elaborator.param(name, ty, value),
            ItemKind::Const { ty, value, .. } => elaborator.constant_value(ty.as_ref(), value),
            _ => Err(Reported),
        });
        self.items.consts.insert(id, State::Done(value.clone()));
        value
    }

    /// Runs something where only the items of a module are in scope.
    fn in_module<T>(&mut self, module: usize, run: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.frames.push(Frame { first: self.variables.len(), ..Frame::of(module) });
        let done = run(self);
        self.frames.pop();
        done
    }

    fn constant_value(&mut self, ty: Option<&ast::Type>, value: &ast::Expr) -> Outcome<Value> {
        let found = self.expression(value)?;
        let found = match ty {
            Some(ty) => {
                let declared = self.declared_type(ty, Bare::Open)?;
                self.keep_promise(found, &declared, value.span)?
            }
            None => found,
        };
        if found.is_known() { Ok(found) } else { self.not_const(value.span, "a `const`") }
    }

    fn param(&mut self, name: &ast::Name, ty: &ast::Type, value: &ast::Expr) -> Outcome<Value> {
        let declared = self.declared_type(ty, Bare::Open)?;
        if !matches!(declared.ty, Type::Scalar(_)) {
            let message = format!("a param is a single value, and this is `{}`", declared.ty);
            return self.error(Code::BadParam, ty.span, message, "write `int`, `fix` or `bool`");
        }
        let (found, at) = match self.defines.get(&name.text) {
            Some(text) => (self.define(name, text)?, name.span),
            None => (self.expression(value)?, value.span),
        };
        let before = self.sink.len();
        let kept = self.keep_promise(found, &declared, at);
        if kept.is_err() && self.sink.len() > before {
            // Told in the words of params rather than of promises.
            self.sink.truncate(before);
            let text = self.defines.get(&name.text).cloned();
            let told = text.unwrap_or_else(|| self.sources.text(value.span).to_owned());
            let message = format!("{told} is no value for the param `{}`", name.text);
            let diagnostic = Diagnostic::new(Code::BadParam, at, message)
                .label(ty.span, "its type is written here")
                .help(format!("give a value of `{}`", self.sources.text(ty.span)));
            return Err(self.report(diagnostic));
        }
        let kept = kept?;
        let word = match kept.known_scalar() {
            Some(Num::Bool(value)) => i64::from(value),
            Some(value) => {
                let frac = declared.ty.as_lanes().map_or(0, |(scalar, _)| scalar.frac());
                self.raw(&value, frac, at)?
            }
            None => return self.not_const(at, "a `param`"),
        };
        self.builder.manifest_mut().params.push((name.text.clone(), word));
        Ok(kept)
    }

    /// The value of a `-D` argument: a number or a truth value.
    fn define(&mut self, name: &ast::Name, text: &str) -> Outcome<Value> {
        let (negative, digits) = match text.trim().strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.trim()),
        };
        let value = crate::syntax::literal(digits);
        let value = match value {
            Some(ast::ExprKind::Int(Some(value))) => Num::Int(if negative { -value } else { value }),
            Some(ast::ExprKind::Fix(Some(value))) => {
                Num::decimal(if negative { -value.digits } else { value.digits }, value.scale)
            }
            Some(ast::ExprKind::Bool(value)) if !negative => Num::Bool(value),
            _ => {
                let message = format!("`-D {}={text}` is no number", name.text);
                return self.error(Code::BadParam, name.span, message, "give a number, `true` or `false`");
            }
        };
        let scalar = match value {
            Num::Bool(_) => super::types::Scalar::Bool,
            Num::Int(_) => super::types::Scalar::Int,
            Num::Fix(_) | Num::Bits(_) => super::types::Scalar::Fix(super::types::FIX),
        };
        Ok(Value::new(Type::Scalar(scalar), super::value::Leaf::known(super::known::Known::one(value))))
    }

    fn check_defines(&mut self) {
        let items = &self.modules.get(0).ast.items;
        let params: Vec<&ast::Name> = items
            .iter()
            .filter_map(|item| if let ItemKind::Param { name, .. } = &item.kind { Some(name) } else { None })
            .collect();
        let start = Span { file: self.modules.get(0).file, start: 0, end: 0 };
        for define in self.defines.keys() {
            if params.iter().any(|name| name.text == *define) {
                continue;
            }
            let names: Vec<&str> = params.iter().map(|name| name.text.as_str()).collect();
            let help = match super::similar(define, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => "the program has no params".to_owned(),
                None => format!("the params are {}", names.join(", ")),
            };
            let message = format!("`-D {define}`: the program has no such param");
            let _: Outcome<()> = self.error(Code::UnknownParam, start, message, help);
        }
    }

    /// What a struct declares, for these arguments.
    pub(super) fn struct_item(&mut self, id: ItemId, of: &ast::Struct, args: Vec<GivenArg>) -> Outcome<Declared> {
        let known = self.items.structs.iter().position(|(own, given, _)| *own == id && *given == args);
        match known.map(|known| &self.items.structs[known].2) {
            Some(State::Done(declared)) => return declared.clone(),
            Some(State::Open) => {
                let message = format!("`{}` contains itself", of.name.text);
                return self.error(Code::Recursion, of.name.span, message, "a struct has a fixed size");
            }
            None => {}
        }
        let depth =
            self.items.structs.iter().filter(|(own, _, state)| *own == id && matches!(state, State::Open)).count();
        if depth > MAX_NESTED {
            let message = format!("`{}` contains itself", of.name.text);
            return self.error(Code::Recursion, of.name.span, message, "a struct has a fixed size");
        }
        self.items.structs.push((id, args.clone(), State::Open));
        let mut bindings = Bindings::open(&of.generics);
        for (generic, (arg, ranges)) in of.generics.iter().zip(&args) {
            let name = generic.name.text.clone();
            match arg {
                StructArg::Type(ty) => {
                    bindings.types.insert(name.clone(), ty.clone());
                    bindings.ranges.insert(name, ranges.clone());
                }
                StructArg::Size(size) => {
                    bindings.sizes.insert(name, *size);
                }
            }
        }
        let own: Vec<StructArg> = args.iter().map(|(arg, _)| arg.clone()).collect();
        let declared = self.in_module(id.module, |elaborator| {
            *elaborator.bindings() = bindings;
            elaborator.struct_fields(of, own)
        });
        if let Some(entry) = self.items.structs.iter_mut().find(|(own, given, _)| *own == id && *given == args) {
            entry.2 = State::Done(declared.clone());
        }
        declared
    }

    /// The ranges that the structs in a type declare for their fields, for each of its scalars.
    pub(super) fn field_ranges(&self, ty: &Type) -> Vec<Option<Interval>> {
        match ty {
            Type::Array(_, element) => self.field_ranges(element),
            Type::Tuple(parts) => parts.iter().flat_map(|part| self.field_ranges(part)).collect(),
            Type::Maybe(of, _) => [None].into_iter().chain(self.field_ranges(of)).collect(),
            Type::Struct(_) => {
                let declared = self.items.structs.iter().find_map(|(_, _, state)| match state {
                    State::Done(Ok(declared)) if declared.ty == *ty => Some(declared.ranges.clone()),
                    _ => None,
                });
                declared.unwrap_or_else(|| vec![None; ty.leaf_count()])
            }
            Type::Scalar(_) | Type::Enum(_) => vec![None],
        }
    }

    /// The type that an enum declares.
    pub(super) fn enum_item(&mut self, id: ItemId, name: &ast::Name, variants: &[ast::Name]) -> Outcome<Type> {
        if let Some(known) = self.items.enums.get(&id) {
            return known.clone();
        }
        let declared = if let Some(again) = super::names::repeated(&variants.iter().collect::<Vec<_>>()) {
            let message = format!("the variant `{}` is declared twice", again.text);
            self.error(Code::Duplicate, again.span, message, "give one of them another name")
        } else if variants.is_empty() {
            self.error(Code::TypeMismatch, name.span, "an enum without variants", "give it a variant")
        } else {
            let variants = variants.iter().map(|variant| variant.text.clone()).collect();
            Ok(Type::Enum(Rc::new(EnumType { name: name.text.clone(), variants })))
        };
        self.items.enums.insert(id, declared.clone());
        declared
    }

    fn struct_fields(&mut self, of: &ast::Struct, args: Vec<StructArg>) -> Outcome<Declared> {
        let mut fields: Vec<(String, Type)> = Vec::new();
        let mut ranges = Vec::new();
        let mut readings = Vec::new();
        let mut failed = false;
        for field in &of.fields {
            if fields.iter().any(|(name, _)| *name == field.name.text) {
                let message = format!("the field `{}` is declared twice", field.name.text);
                let _: Outcome<()> =
                    self.error(Code::Duplicate, field.name.span, message, "give one of them another name");
                failed = true;
                continue;
            }
            match self.declared_type(&field.ty, Bare::Data) {
                Ok(Declared { secrecy: Some(_), span, .. }) => {
                    let message = "a field has the secrecy of its struct";
                    let _: Outcome<()> =
                        self.error(Code::Syntax, span, message, "write `secret` where the struct is used");
                    failed = true;
                }
                Ok(declared) => match self.reading(field, &declared.ty) {
                    Ok(reading) => {
                        readings.push(reading);
                        fields.push((field.name.text.clone(), declared.ty));
                        ranges.extend(declared.ranges);
                    }
                    Err(Reported) => failed = true,
                },
                Err(Reported) => failed = true,
            }
        }
        if fields.is_empty() && !failed {
            return self.error(Code::TypeMismatch, of.name.span, "a struct without fields", "give it a field");
        }
        if failed {
            return Err(Reported);
        }
        let name = if args.is_empty() {
            of.name.text.clone()
        } else {
            let shown: Vec<String> = args
                .iter()
                .map(|arg| match arg {
                    StructArg::Type(ty) => ty.to_string(),
                    StructArg::Size(size) => size.to_string(),
                })
                .collect();
            format!("{}<{}>", of.name.text, shown.join(", "))
        };
        let ty = Type::Struct(Rc::new(StructType { name, args, fields, readings }));
        Ok(Declared { ty, ranges, secrecy: None, span: of.name.span })
    }

    /// How a field is read from a file: what its `#[csv(…)]` says.
    fn reading(&mut self, field: &ast::Field, ty: &Type) -> Outcome<Reading> {
        let mut reading = Reading::default();
        let scalar = match ty {
            Type::Maybe(of, _) => (**of).clone(),
            other => other.clone(),
        };
        for attribute in &field.attributes {
            if attribute.name.text != "csv" {
                let message = format!("no attribute `{}`", attribute.name.text);
                let help =
                    "a field has `#[csv(column = \"Name\")]`, `#[csv(date)]`, `#[csv(scale = 100)]` or `#[csv(key)]`";
                return self.error(Code::UnknownName, attribute.name.span, message, help);
            }
            for (name, value) in &attribute.arguments {
                match (name.text.as_str(), value.as_ref().map(|value| (&value.kind, value.span))) {
                    ("column", Some((ast::ExprKind::Str(text), at))) => {
                        if text.trim().is_empty() || text.len() > MAX_COLUMN || text.chars().any(char::is_control) {
                            let message = format!("a column has a name of 1 to {MAX_COLUMN} bytes that shows");
                            return self.error(
                                Code::TypeMismatch,
                                at,
                                message,
                                "write the name as it stands in the file's header",
                            );
                        }
                        reading.column = Some(text.clone());
                    }
                    ("column", _) => {
                        let message = "`column` names a column";
                        return self.error(Code::TypeMismatch, name.span, message, "write `column = \"Name\"`");
                    }
                    ("date", None) if scalar == Type::INT => reading.format = Format::Date,
                    ("date", _) => {
                        let message = "a date is read as an `int`: days since 1970-01-01";
                        return self.error(Code::TypeMismatch, name.span, message, "write `#[csv(date)] day: int`");
                    }
                    ("scale", Some((_, at))) if scalar == Type::INT => {
                        let value = value.as_ref().ok_or(Reported)?;
                        match u64::try_from(self.known_integer(value, "a scale")?) {
                            Ok(scale) if is_power_of_ten(scale) => reading.format = Format::Scale(scale),
                            _ => {
                                let message = "a scale is 10, 100, 1000 and so on";
                                return self.error(Code::TypeMismatch, at, message, "write `scale = 100` for cents");
                            }
                        }
                    }
                    ("scale", _) => {
                        let message = "scaled decimals are read as an `int`";
                        return self.error(
                            Code::TypeMismatch,
                            name.span,
                            message,
                            "write `#[csv(scale = 100)] cents: int`",
                        );
                    }
                    ("key", None) if matches!(scalar, Type::Scalar(Scalar::Bits(1..=256))) => {
                        reading.format = Format::Key
                    }
                    ("key", _) => {
                        let message = "a key is read as a keyed hash, which is a word of at most 256 bits";
                        return self.error(Code::TypeMismatch, name.span, message, "write `#[csv(key)] id: bits<64>`");
                    }
                    _ => {
                        let message = format!("`csv` has no `{}`", name.text);
                        let help = "it has `column`, `date`, `scale` and `key`";
                        return self.error(Code::UnknownName, name.span, message, help);
                    }
                }
            }
        }
        Ok(reading)
    }

    /// Attributes of an item: `#[test]` of a function, and `#[allow(lint)]` of any.
    fn item_attributes(&mut self, item: &ast::Item) {
        for attribute in &item.attributes {
            let known = match attribute.name.text.as_str() {
                "test" => matches!(item.kind, ItemKind::Fn(_)),
                "allow" | "warn" | "deny" => true,
                _ => false,
            };
            let lints = matches!(attribute.name.text.as_str(), "allow" | "warn" | "deny");
            if let Some((name, _)) =
                attribute.arguments.iter().find(|(name, _)| lints && crate::lints::lint(&name.text).is_none())
            {
                let all = Code::ALL.iter().filter(|code| code.level() == Level::Warning).map(|code| code.as_str());
                let names: Vec<String> = all.map(|name| name.replace('-', "_")).collect();
                let message = format!("no lint `{}`", name.text);
                let help = format!("the lints are {}", names.join(", "));
                let _: Outcome<()> = self.error(Code::UnknownName, name.span, message, help);
            }
            if !known {
                let message = format!("no attribute `{}` here", attribute.name.text);
                let help = "items have `#[allow(lint)]`, and functions `#[test]`";
                let _: Outcome<()> = self.error(Code::UnknownName, attribute.span, message, help);
            }
        }
    }

    // Known values.

    /// The message about a value that the compiler must know.
    pub(super) fn not_const<T>(&mut self, span: Span, what: &str) -> Outcome<T> {
        let message = format!("{what} must be known to the compiler");
        self.error(Code::NotConst, span, message, "use literals, `param`, `const`, sizes and arithmetic on them")
    }

    /// A number that the compiler must know.
    pub(super) fn known_number(&mut self, e: &ast::Expr, what: &str) -> Outcome<Num> {
        let value = self.expression(e)?;
        match value.known_scalar() {
            Some(Num::Bool(_) | Num::Bits(_)) => {
                let message = format!("{what} is a number, and this is `{}`", value.ty);
                self.error(Code::TypeMismatch, e.span, message, "write a number")
            }
            Some(value) => Ok(value),
            None => self.not_const(e.span, what),
        }
    }

    /// An integer that the compiler must know.
    pub(super) fn known_integer(&mut self, e: &ast::Expr, what: &str) -> Outcome<i128> {
        match self.known_number(e, what)? {
            Num::Int(value) => Ok(value),
            Num::Bool(_) | Num::Fix(_) | Num::Bits(_) => {
                let message = format!("{what} is an integer");
                self.error(Code::TypeMismatch, e.span, message, "write `x as int`")
            }
        }
    }
}

fn is_power_of_ten(scale: u64) -> bool {
    (1..=18).any(|power| scale == 10_u64.pow(power))
}
