//! Parts of an identifier that an analyst may keep in its place.
//!
//! They take canonical text and answer `None` when the part they use is not valid; a wrong check
//! character alone does not matter.

/// Parts of a resident identity number (`cn-resident-id`).
pub mod resident_id {
    pub use crate::kind::cn_resident_id::{birth_date, birth_year, city, province, sex};
}

/// Parts of a vehicle identification number (`vin`).
pub mod vin {
    pub use crate::kind::vin::{model_year, plant, wmi};
}

/// Parts of an e-mail address (`email`).
pub mod email {
    pub use crate::kind::email::domain;
}

/// Parts of a phone number (`cn-phone`).
pub mod phone {
    pub use crate::kind::cn_phone::{issue_network, mobile};
}

/// Parts of a number plate (`cn-plate`).
pub mod plate {
    pub use crate::kind::cn_plate::is_nev;
}
