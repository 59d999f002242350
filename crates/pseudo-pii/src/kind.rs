//! The kinds of identifiers: their names, and the one place that dispatches to their rules.
//!
//! Each kind is one file here with two functions: `write` appends the canonical text of a value
//! that has been through the prelude; `quick` recognises values that are canonical as they stand
//! from their bytes alone, and may give up. Where `quick` answers it answers what `write` would.
//! Every value is quick to `exact`, which has none.

use std::fmt;

use crate::canonical::{Blanks, Canonical, Quick, Verdict, prelude_slow};
use crate::fold;
use crate::plain::is_plain;

pub(crate) mod address;
pub(crate) mod bank_card;
pub(crate) mod cn_phone;
pub(crate) mod cn_plate;
pub(crate) mod cn_resident_id;
pub(crate) mod cn_uscc;
pub(crate) mod email;
pub(crate) mod exact;
pub(crate) mod integer;
pub(crate) mod name;
pub(crate) mod text;
pub(crate) mod vin;

/// A versioned type of identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The value as it is: no prelude, no blanks.
    Exact,
    /// Any text, after the prelude.
    Text,
    /// A whole number of any length.
    Integer,
    /// The name of a person.
    Name,
    /// An e-mail address.
    Email,
    /// A phone number, national numbers being Chinese.
    CnPhone,
    /// A Chinese resident identity number, GB 11643.
    CnResidentId,
    /// A vehicle identification number, ISO 3779.
    Vin,
    /// A Chinese number plate.
    CnPlate,
    /// A payment card number, ISO/IEC 7812.
    BankCard,
    /// A Chinese unified social credit code, GB 32100.
    CnUscc,
    /// A postal address.
    Address,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Exact,
        Self::Text,
        Self::Integer,
        Self::Name,
        Self::Email,
        Self::CnPhone,
        Self::CnResidentId,
        Self::Vin,
        Self::CnPlate,
        Self::BankCard,
        Self::CnUscc,
        Self::Address,
    ];

    /// Reads a name with its version or without: `cn-phone/1`, `cn-phone`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.id() == text || kind.name() == text)
    }

    /// The name without its version, as a policy writes it.
    pub const fn name(self) -> &'static str {
        self.names().0
    }

    /// The name with its version, as keys are derived from it.
    pub const fn id(self) -> &'static str {
        self.names().1
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Exact => ("exact", "exact/1"),
            Self::Text => ("text", "text/1"),
            Self::Integer => ("integer", "integer/1"),
            Self::Name => ("name", "name/1"),
            Self::Email => ("email", "email/1"),
            Self::CnPhone => ("cn-phone", "cn-phone/1"),
            Self::CnResidentId => ("cn-resident-id", "cn-resident-id/1"),
            Self::Vin => ("vin", "vin/1"),
            Self::CnPlate => ("cn-plate", "cn-plate/1"),
            Self::BankCard => ("bank-card", "bank-card/1"),
            Self::CnUscc => ("cn-uscc", "cn-uscc/1"),
            Self::Address => ("address", "address/1"),
        }
    }

    /// Writes the canonical text of `value` behind what `out` holds, unless `value` is blank or is
    /// that text already.
    #[inline]
    pub fn canonical(self, value: &str, blanks: &Blanks, out: &mut String) -> Canonical {
        self.function()(value, blanks, out)
    }

    /// [`Kind::canonical`] of this kind, which a loop over values looks up once.
    const fn function(self) -> fn(&str, &Blanks, &mut String) -> Canonical {
        match self {
            Self::Exact => |_, _, _| Canonical::Same(Verdict::Valid),
            Self::Text => |v, b, o| Self::Text.shortened(text::quick, v, b, o),
            Self::Integer => |v, b, o| Self::Integer.shortened(integer::quick, v, b, o),
            Self::Name => |v, b, o| Self::Name.shortened(name::quick, v, b, o),
            Self::Email => |v, b, o| Self::Email.shortened(email::quick, v, b, o),
            Self::CnPhone => |v, b, o| Self::CnPhone.shortened(cn_phone::quick, v, b, o),
            Self::CnResidentId => {
                |v, b, o| Self::CnResidentId.shortened(cn_resident_id::quick, v, b, o)
            }
            Self::Vin => |v, b, o| Self::Vin.shortened(vin::quick, v, b, o),
            Self::CnPlate => |v, b, o| Self::CnPlate.shortened(cn_plate::quick, v, b, o),
            Self::BankCard => |v, b, o| Self::BankCard.shortened(bank_card::quick, v, b, o),
            Self::CnUscc => |v, b, o| Self::CnUscc.shortened(cn_uscc::quick, v, b, o),
            Self::Address => |v, b, o| Self::Address.shortened(address::quick, v, b, o),
        }
    }

    /// [`Kind::canonical`] with the shortcut of the kind. Compiled for each kind apart, so that
    /// none pays for the registers of another.
    #[inline(always)]
    fn shortened(
        self,
        quick: impl Fn(&str) -> Option<Quick>,
        value: &str,
        blanks: &Blanks,
        out: &mut String,
    ) -> Canonical {
        // A quick value is unchanged by the prelude, so it is what blanks are compared with.
        if blanks.may_hold(value) {
            return self.cleaned(value, blanks, out);
        }
        match quick(value) {
            None => self.cleaned(value, blanks, out),
            Some(Quick::Same(verdict)) => Canonical::Same(verdict),
            Some(Quick::Chinese(verdict)) => {
                out.push_str(cn_phone::CHINA);
                out.push_str(value);
                Canonical::Written(verdict)
            }
        }
    }

    /// [`Kind::canonical`] of a value that no shortcut of its kind recognises. Apart, so that the
    /// others need no room for it.
    #[inline(never)]
    fn cleaned(self, value: &str, blanks: &Blanks, out: &mut String) -> Canonical {
        let room = &mut [0; fold::ROOM];
        if is_plain::<0>(value) {
            self.written(value, value.trim_matches(' '), blanks, out)
        } else if let Some(folded) = fold::folded(value, room) {
            self.written(value, folded.trim_matches(' '), blanks, out)
        } else {
            self.written(value, &prelude_slow(value), blanks, out)
        }
    }

    /// [`Kind::canonical`] by the definition, without any shortcut: the oracle of the tests.
    #[doc(hidden)]
    pub fn canonical_slow(self, value: &str, blanks: &Blanks, out: &mut String) -> Canonical {
        match self {
            Self::Exact => Canonical::Same(Verdict::Valid),
            _ => self.written(value, &prelude_slow(value), blanks, out),
        }
    }

    fn written(self, value: &str, text: &str, blanks: &Blanks, out: &mut String) -> Canonical {
        if blanks.hold(text) {
            return Canonical::Blank;
        }
        let start = out.len();
        let verdict = self.write(text, out);
        match out.get(start..) {
            None | Some("") => Canonical::Blank,
            Some(written) if written == value => {
                out.truncate(start);
                Canonical::Same(verdict)
            }
            Some(_) => Canonical::Written(verdict),
        }
    }

    fn write(self, text: &str, out: &mut String) -> Verdict {
        match self {
            Self::Exact => exact::write(text, out),
            Self::Text => text::write(text, out),
            Self::Integer => integer::write(text, out),
            Self::Name => name::write(text, out),
            Self::Email => email::write(text, out),
            Self::CnPhone => cn_phone::write(text, out),
            Self::CnResidentId => cn_resident_id::write(text, out),
            Self::Vin => vin::write(text, out),
            Self::CnPlate => cn_plate::write(text, out),
            Self::BankCard => bank_card::write(text, out),
            Self::CnUscc => cn_uscc::write(text, out),
            Self::Address => address::write(text, out),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
