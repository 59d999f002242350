//! One request and its answer over HTTP, for the providers that speak it. TLS always, but to this
//! machine itself; no redirect is followed and no proxy is taken from the environment.

use std::fmt::Write;
use std::io::ErrorKind;

use ureq::config::Config;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Error as Fault, Timeout};
use zeroize::Zeroizing;

use super::Access;
use crate::Error;

/// A POST of JSON.
pub(super) struct Request<'a> {
    /// The provider's key, for messages.
    pub(super) name: &'a str,
    /// `https://host[:port]`.
    pub(super) server: &'a str,
    /// Begins with `/`.
    pub(super) path: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Request<'_> {
    pub(super) fn send(&self, access: &Access) -> Result<Answer, Error> {
        let agent = self.agent(access)?;
        let url = format!("{}{}", self.server.trim_end_matches('/'), self.path);
        let mut request = agent.post(&url);
        for (header, value) in self.headers {
            request = request.header(*header, *value);
        }
        let mut response = request
            .send(self.body)
            .map_err(|fault| self.failed(&fault))?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(BODY_MAX);
        let body = body.read_to_vec().map_err(|fault| self.failed(&fault))?;
        let body = Zeroizing::new(body);
        Ok(Answer { status, body })
    }

    fn agent(&self, access: &Access) -> Result<Agent, Error> {
        let host = |rest: &str| {
            let host = rest.split('/').next().unwrap_or_default();
            match host.split_once(']') {
                Some((host, _)) => host.trim_start_matches('[').to_owned(),
                None => host.split(':').next().unwrap_or_default().to_owned(),
            }
        };
        let plain = self.server.strip_prefix("http://").map(host);
        let local = |host: String| ["localhost", "127.0.0.1", "::1"].contains(&host.as_str());
        let is_local = plain.is_some_and(local);
        if !is_local && !self.server.starts_with("https://") {
            let fault = "its server is not `https://`, which only this machine itself need not be";
            return Err(self.refused(fault));
        }
        let mut tls = TlsConfig::builder();
        if let Some(pem) = &access.ca {
            tls = tls.root_certs(self.roots(pem)?);
        }
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("pseudo")
            .timeout_global(Some(access.timeout))
            .tls_config(tls.build());
        Ok(config.build().new_agent())
    }

    /// The certificates that the server is trusted by.
    fn roots(&self, pem: &[u8]) -> Result<RootCerts, Error> {
        let certificates = parse_pem(pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<_> = certificates.collect();
        if certificates.is_empty() {
            return Err(self.refused("the file of certificates holds none"));
        }
        Ok(RootCerts::new_with_certs(&certificates))
    }

    pub(super) fn refused(&self, fault: &str) -> Error {
        Error::Provider {
            custody: self.name.to_owned(),
            fault: fault.to_owned(),
        }
    }

    pub(super) fn denied(&self, fault: &str) -> Error {
        Error::Denied {
            custody: self.name.to_owned(),
            fault: fault.to_owned(),
        }
    }

    pub(super) fn away(&self, fault: &str) -> Error {
        Error::Unreachable {
            custody: self.name.to_owned(),
            fault: fault.to_owned(),
        }
    }

    /// What is wrong with an exchange that brought no answer; the texts of others may quote it.
    fn failed(&self, fault: &Fault) -> Error {
        match fault {
            Fault::Timeout(Timeout::Connect | Timeout::Resolve) => {
                self.away("it does not take a connection in time")
            }
            Fault::Timeout(_) => self.away("it does not answer in time"),
            Fault::HostNotFound => self.away("its host is not known"),
            Fault::Io(error) => match error.kind() {
                ErrorKind::ConnectionRefused => self.away("it takes no connection"),
                // So rustls says that it does not trust a certificate.
                ErrorKind::InvalidData => self.refused("the server's certificate is not trusted"),
                _ => self.away("the connection broke"),
            },
            Fault::ConnectionFailed => self.away("it takes no connection"),
            Fault::Tls(_) | Fault::Rustls(_) => {
                self.refused("the server's certificate is not trusted")
            }
            Fault::BadUri(_) | Fault::Http(_) => self.refused("its address is malformed"),
            _ => self.refused("the server does not speak HTTP"),
        }
    }
}

/// A part of a path in which nothing means anything; `/` stays where `slashes` says so.
pub(super) fn escaped(text: &str, slashes: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b'/' if slashes => out.push('/'),
            _ => {
                // a String takes whatever is written
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// More than any answer is long.
const BODY_MAX: u64 = 64 * 1024;
