//! Parts of an identifier that an analyst may keep in its place.
//!
//! They take canonical text and answer `None` when the part they use is not valid; a wrong check
//! character alone does not matter.

/// Parts of a resident identity number (`cn-resident-id`).
pub mod resident_id {
    pub use crate::kind::cn_resident_id::{birth_year, province, sex};
}

/// Parts of a vehicle identification number (`vin`).
pub mod vin {
    pub use crate::kind::vin::{model_year, wmi};
}

/// Parts of an e-mail address (`email`).
pub mod email {
    pub use crate::kind::email::domain;
}
