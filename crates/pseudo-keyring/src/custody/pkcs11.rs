//! PKCS#11 (OASIS, version 2.40): `C_Sign` with `CKM_SHA256_HMAC` under a secret key object that
//! the token never gives away. The session is opened, logged in and closed for each answer.

use std::sync::Mutex;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Module};
use cryptoki::error::{Error as Fault, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use pseudo_token::RootMessage;
use zeroize::Zeroizing;

use super::{Access, Pkcs11};
use crate::Error;

/// A module is initialised once for the whole process: calls come one after the other.
static ONE: Mutex<()> = Mutex::new(());

pub(super) fn answer(
    place: &Pkcs11,
    name: &str,
    message: &RootMessage,
    access: &Access,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let pin = access.pin.as_ref().ok_or_else(|| Error::NoAccess {
        custody: name.to_owned(),
        what: "the user PIN of its token",
    })?;
    let pin = AuthPin::new(pin.as_str().into());
    let _one = ONE.lock();
    let call = Call { place, name };
    let module = Module::new(&place.module)
        .map_err(|_| call.refused(&format!("module `{}` cannot be loaded", place.module)))?;
    let flags = CInitializeFlags::OS_LOCKING_OK;
    match module.initialize(CInitializeArgs::new(flags)) {
        Ok(()) | Err(Fault::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(fault) => return Err(call.failed(&fault)),
    }
    let answer = call.sign(&module, &pin, message.as_bytes());
    // Whatever came of it, the module is left as it was found.
    let _ = module.finalize();
    answer
}

struct Call<'a> {
    place: &'a Pkcs11,
    name: &'a str,
}

impl Call<'_> {
    fn sign(
        &self,
        module: &Module,
        pin: &AuthPin,
        message: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, Error> {
        let slot = self.slot(module)?;
        let session = module.open_ro_session(slot);
        let session = session.map_err(|fault| self.failed(&fault))?;
        match session.login(UserType::User, Some(pin)) {
            Ok(()) | Err(Fault::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(fault) => return Err(self.failed(&fault)),
        }
        let key = self.key(&session)?;
        let mac = session.sign(&Mechanism::Sha256Hmac, key, message);
        let mac = Zeroizing::new(mac.map_err(|fault| self.failed(&fault))?);
        let bytes = mac.as_slice().try_into();
        let bytes = bytes.map_err(|_| self.refused("its answer is not of 32 bytes"))?;
        Ok(Zeroizing::new(bytes))
    }

    /// The slot of the one token with the label.
    fn slot(&self, module: &Module) -> Result<Slot, Error> {
        let slots = module.get_slots_with_initialized_token();
        let slots = slots.map_err(|fault| self.failed(&fault))?;
        // A token that goes away meanwhile has no label.
        let labelled = |slot: &Slot| {
            let token = module.get_token_info(*slot);
            token.is_ok_and(|token| token.label().trim_end() == self.place.token)
        };
        let mut slots = slots.into_iter().filter(labelled);
        match (slots.next(), slots.next()) {
            (Some(slot), None) => Ok(slot),
            (None, _) => Err(Error::Unreachable {
                custody: self.name.to_owned(),
                fault: "no token of that label is present".to_owned(),
            }),
            (Some(_), Some(_)) => Err(self.refused("several tokens have that label")),
        }
    }

    /// The one key with the label, and with the id where one is said.
    fn key(&self, session: &Session) -> Result<ObjectHandle, Error> {
        let mut template = vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::Label(self.place.key.clone().into_bytes()),
        ];
        if let Some(id) = &self.place.id {
            let bytes = bytes_of(id).ok_or_else(|| self.refused("its id is not hexadecimal"))?;
            template.push(Attribute::Id(bytes));
        }
        let keys = session.find_objects(&template);
        let keys = keys.map_err(|fault| self.failed(&fault))?;
        match keys.as_slice() {
            [key] => Ok(*key),
            [] => Err(self.refused("the token has no such secret key")),
            _ => Err(self.refused("the token has several such keys: say the id of one")),
        }
    }

    fn refused(&self, fault: &str) -> Error {
        Error::Provider {
            custody: self.name.to_owned(),
            fault: fault.to_owned(),
        }
    }

    /// What a return value of the module means to whoever asked.
    fn failed(&self, fault: &Fault) -> Error {
        let custody = self.name.to_owned();
        let Fault::Pkcs11(code, _) = fault else {
            return self.refused("its module does not do what PKCS#11 says");
        };
        let away = |fault: &str| Error::Unreachable {
            custody: custody.clone(),
            fault: fault.to_owned(),
        };
        match code {
            RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => {
                self.refused("the PIN is wrong")
            }
            RvError::PinLocked => self.refused("its PIN is locked"),
            RvError::PinExpired => self.refused("its PIN has expired"),
            RvError::UserPinNotInitialized => self.refused("its token has no user PIN"),
            RvError::KeyFunctionNotPermitted
            | RvError::KeyTypeInconsistent
            | RvError::KeySizeRange
            | RvError::MechanismInvalid => self.refused("it does not sign by SHA256_HMAC"),
            RvError::TokenNotPresent | RvError::DeviceRemoved => away("its token was taken out"),
            RvError::DeviceError | RvError::DeviceMemory | RvError::FunctionFailed => {
                away("the device fails")
            }
            RvError::SessionCount => away("its token has no session left"),
            _ => self.refused(&format!("PKCS#11 says {code:?}")),
        }
    }
}

/// Bytes from hexadecimal.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|char| char.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| high << 4 | low);
    rest.is_empty().then(|| bytes.collect())
}
