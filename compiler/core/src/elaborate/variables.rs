//! The variables in scope, found by name whatever their number.

use super::Variable;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

/// Variables in the order of their declaration: a stack, of whose names the last one counts.
#[derive(Default)]
pub(super) struct Variables {
    all: Vec<Variable>,
    /// By name: where the variables of that name are, the last one last.
    places: HashMap<String, Vec<usize>>,
}

impl Variables {
    /// The last variable of that name, if it is not before `first`.
    pub(super) fn find(&self, name: &str, first: usize) -> Option<usize> {
        self.places.get(name)?.last().copied().filter(|at| *at >= first)
    }

    pub(super) fn push(&mut self, variable: Variable) {
        match self.places.get_mut(&variable.name) {
            Some(places) => places.push(self.all.len()),
            None => {
                self.places.insert(variable.name.clone(), vec![self.all.len()]);
            }
        }
        self.all.push(variable);
    }

    /// Takes the variables from `first` on out of scope.
    pub(super) fn truncate(&mut self, first: usize) {
        self.split_off(first);
    }

    /// As [`Self::truncate`], and hands them over.
    pub(super) fn split_off(&mut self, first: usize) -> Vec<Variable> {
        let taken = self.all.split_off(first.min(self.all.len()));
        for variable in &taken {
            if let Some(places) = self.places.get_mut(&variable.name) {
                places.pop();
            }
        }
        taken
    }

    pub(super) fn extend(&mut self, variables: impl IntoIterator<Item = Variable>) {
        variables.into_iter().for_each(|variable| self.push(variable));
    }
}

impl Deref for Variables {
    type Target = [Variable];

    fn deref(&self) -> &[Variable] {
        &self.all
    }
}

impl DerefMut for Variables {
    fn deref_mut(&mut self) -> &mut [Variable] {
        &mut self.all
    }
}
