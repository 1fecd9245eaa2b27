//! The suite at a party of each protocol, compiled here once for all test programs: a build that does not optimise for speed shares the instances of generic functions that a
//! library has, gates among them. Nobody has to call these.

use super::source::Drawn;
use super::suite::{Extent, Report, suite};
use crate::error::Error;
use crate::executor::Executor;
use crate::keys::Keys;
use crate::mal_rep3::MalRep3;
use crate::plain::Plain;
use crate::rep3::Rep3;
use crate::rep4::Rep4;
use crate::shamir::Shamir;

macro_rules! instances {
    ($($name:ident: $party:ty),* $(,)?) => {$(
        /// Runs the suite at a party.
        ///
        /// # Errors
        /// Those of its links.
        pub fn $name(party: &$party, executor: &Executor, extent: Extent) -> Result<Report, Error> {
            executor.run(suite(party, executor, extent))
        }
    )*};
}

instances!(
    plain: Plain,
    rep3: Rep3<Keys>,
    rep3_drawn: Rep3<Drawn>,
    mal_rep3: MalRep3<Keys>,
    mal_rep3_drawn: MalRep3<Drawn>,
    rep4: Rep4<Keys>,
    rep4_drawn: Rep4<Drawn>,
    shamir: Shamir<Keys>,
    shamir_drawn: Shamir<Drawn>,
);
