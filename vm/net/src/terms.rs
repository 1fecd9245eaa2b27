//! What the parties of a session must have in common, as a list of named values, and where two such lists differ.
//!
//! The caller supplies the list; this crate adds what its links depend on. It knows nothing of what the values mean.

use crate::error::NetError;

/// Most fields and most bytes of a list, so that a greeting has a bound.
const MAX_FIELDS: usize = 1024;
const MAX_BYTES: usize = 60_000;

/// The values that all parties must have in common: protocol, module hash, roles, limits. Each name once; the order counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Names and values. They are shown to people and to all parties, so nothing secret belongs here.
    pub fields: Vec<(String, String)>,
}

/// Where two lists of terms differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) field: String,
    pub(crate) mine: String,
    pub(crate) theirs: String,
    pub(crate) others: Vec<String>,
}

impl Terms {
    /// Adds a field.
    pub fn add(&mut self, name: impl Into<String>, value: impl ToString) {
        self.fields.push((name.into(), value.to_string()));
    }

    /// Adds a field unless the caller has one of that name.
    pub(crate) fn add_missing(&mut self, name: &str, value: impl ToString) {
        if self.get(name).is_none() {
            self.add(name, value);
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }

    /// Refuses what could not be sent.
    pub(crate) fn check(&self) -> Result<(), NetError> {
        let refuse = |what: &str| Err(NetError::Config { what: format!("the session's terms {what}") });
        if self.fields.len() > MAX_FIELDS {
            return refuse("have more than 1,024 fields");
        }
        if self.encode().len() > MAX_BYTES {
            return refuse("are longer than 60,000 bytes");
        }
        let mut names: Vec<&str> = self.fields.iter().map(|field| field.0.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => refuse(&format!("have two fields named {}", pair[0])),
            None => Ok(()),
        }
    }

    /// One byte string for one list: what the session id covers.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = length(self.fields.len()).to_vec();
        for text in self.fields.iter().flat_map(|(name, value)| [name, value]) {
            bytes.extend_from_slice(&length(text.len()));
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    /// The list that a peer has encoded; `None` where there is no such list, or something is left over.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let mut number = || {
            let (first, rest) = bytes.split_first_chunk()?;
            bytes = rest;
            usize::try_from(u32::from_le_bytes(*first)).ok()
        };
        let count = number().filter(|count| *count <= MAX_FIELDS)?;
        let mut text = || {
            let (first, rest) = bytes.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*first)).ok().filter(|length| *length <= rest.len())?;
            let (text, rest) = rest.split_at(length);
            bytes = rest;
            String::from_utf8(text.to_vec()).ok()
        };
        let fields = (0..count).map(|_| Some((text()?, text()?))).collect::<Option<_>>()?;
        bytes.is_empty().then_some(Self { fields })
    }

    /// The first field that differs from a peer's list, with the names of the others; `None` where both agree.
    pub(crate) fn difference(&self, theirs: &Self) -> Option<Difference> {
        const ABSENT: &str = "(absent)";
        let here = self.fields.iter().map(|field| field.0.as_str());
        let there = theirs.fields.iter().map(|field| field.0.as_str()).filter(|name| self.get(name).is_none());
        let mut differing = here.chain(there).filter(|name| self.get(name) != theirs.get(name));
        if let Some(field) = differing.next() {
            let value = |terms: &Self| terms.get(field).unwrap_or(ABSENT).to_owned();
            let others = differing.take(20).map(str::to_owned).collect();
            return Some(Difference { field: field.to_owned(), mine: value(self), theirs: value(theirs), others });
        }
        (self != theirs).then(|| {
            let order = |terms: &Self| terms.fields.iter().map(|field| field.0.as_str()).collect::<Vec<_>>().join(", ");
            Difference { field: "order of fields".into(), mine: order(self), theirs: order(theirs), others: Vec::new() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(fields: &[(&str, &str)]) -> Terms {
        Terms { fields: fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect() }
    }

    #[test]
    fn differences_are_named() {
        let mine = terms(&[("protocol", "rep3"), ("module", "aa"), ("silence", "5")]);
        assert_eq!(mine.difference(&mine), None);
        let theirs = terms(&[("protocol", "rep3"), ("module", "bb"), ("extra", "1")]);
        let found = mine.difference(&theirs).expect("they differ");
        assert_eq!((found.field.as_str(), found.mine.as_str(), found.theirs.as_str()), ("module", "aa", "bb"));
        assert_eq!(found.others, ["silence", "extra"]);
        let swapped = terms(&[("module", "aa"), ("protocol", "rep3"), ("silence", "5")]);
        assert_eq!(mine.difference(&swapped).expect("order counts").field, "order of fields");
    }

    #[test]
    fn what_could_not_be_sent_is_refused() {
        assert!(terms(&[("a", "1"), ("a", "2")]).check().is_err());
        assert!(terms(&[("a", &"x".repeat(MAX_BYTES))]).check().is_err());
        assert!(terms(&[("a", "1"), ("b", "2")]).check().is_ok());
        assert_eq!(Terms::decode(&[255, 255, 255, 255]), None);
        assert_eq!(Terms::decode(&[1, 0, 0, 0, 255, 255, 255, 255, 0]), None);
    }

    proptest! {
        #[test]
        fn one_encoding_a_list(fields in prop::collection::vec((".{0,9}", ".{0,9}"), 0..9), cut in 0_usize..99) {
            let terms = Terms { fields };
            let bytes = terms.encode();
            prop_assert_eq!(Terms::decode(&bytes), Some(terms));
            prop_assert_eq!(Terms::decode(&bytes[..cut % bytes.len()]), None);
            prop_assert_eq!(Terms::decode(&[&bytes[..], &[0]].concat()), None);
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(terms) = Terms::decode(&bytes) {
                prop_assert_eq!(terms.encode(), bytes);
            }
        }
    }
}
