//! Signature Version 4 of AWS: the canonical request, its digest under a key that is derived for
//! day, region and service, and the header that carries both.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::AwsCredentials;
use super::parse::hex;

/// A request as it is signed.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// Escaped already.
    pub(super) path: &'a str,
    /// Escaped and in order already.
    pub(super) query: &'a str,
    /// Names in lowercase, in order.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

impl Signed<'_> {
    /// The value of the `Authorization` header; `time` is that of `x-amz-date`.
    pub(super) fn authorization(
        &self,
        credentials: &AwsCredentials,
        region: &str,
        service: &str,
        time: &str,
    ) -> String {
        let day = time.get(..8).unwrap_or_default();
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let request = hex(&Sha256::digest(self.canonical().as_bytes()));
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{request}");
        let key = key(credentials, &[day, region, service, "aws4_request"]);
        let signature = hex(mac(key.as_slice(), text.as_bytes()).as_slice());
        let (id, names) = (&credentials.id, self.names());
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }

    fn canonical(&self) -> String {
        let Self {
            method,
            path,
            query,
            ..
        } = self;
        let mut text = format!("{method}\n{path}\n{query}\n");
        for (name, value) in self.headers {
            // a String takes whatever is written
            let _ = writeln!(text, "{name}:{}", value.trim());
        }
        let digest = hex(&Sha256::digest(self.body));
        let _ = write!(text, "\n{}\n{digest}", self.names());
        text
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| *name).collect();
        names.join(";")
    }
}

/// `YYYYMMDDTHHMMSSZ`; None before 1970.
pub(super) fn time(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a date of the proleptic Gregorian calendar, years beginning in March.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    Some(format!(
        "{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"
    ))
}

fn key(credentials: &AwsCredentials, parts: &[&str]) -> Zeroizing<[u8; 32]> {
    let mut first = Zeroizing::new(Vec::with_capacity(4 + credentials.secret.len()));
    first.extend_from_slice(b"AWS4");
    first.extend_from_slice(credentials.secret.as_bytes());
    let (begin, rest) = parts.split_first().unwrap_or((&"", &[]));
    let begin = mac(&first, begin.as_bytes());
    rest.iter()
        .fold(begin, |key, part| mac(key.as_slice(), part.as_bytes()))
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn mac(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn credentials(id: &str) -> AwsCredentials {
        AwsCredentials {
            id: id.to_owned(),
            secret: Zeroizing::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session: None,
        }
    }

    fn signature(header: &str) -> &str {
        header.rsplit('=').next().unwrap_or_default()
    }

    /// The signing key of "Deriving the signing key" in the AWS General Reference.
    #[test]
    fn the_published_key_is_derived() {
        let parts = ["20150830", "us-east-1", "iam", "aws4_request"];
        let key = key(&credentials("AKIDEXAMPLE"), &parts);
        let expected = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
        assert_eq!(hex(key.as_slice()), expected);
    }

    /// The example request to IAM of the AWS General Reference.
    #[test]
    fn the_published_example_is_signed() {
        let request = Signed {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &[
                (
                    "content-type",
                    "application/x-www-form-urlencoded; charset=utf-8",
                ),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ],
            body: b"",
        };
        let credentials = credentials("AKIDEXAMPLE");
        let header = request.authorization(&credentials, "us-east-1", "iam", "20150830T123600Z");
        let expected = "AWS4-HMAC-SHA256 \
             Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert_eq!(header, expected);
    }

    /// `get-vanilla` and `post-vanilla` of the published test suite.
    #[test]
    fn the_published_suite_is_signed() {
        let cases = [
            (
                "GET",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
        ];
        for (method, expected) in cases {
            let request = Signed {
                method,
                path: "/",
                query: "",
                headers: &[
                    ("host", "example.amazonaws.com"),
                    ("x-amz-date", "20150830T123600Z"),
                ],
                body: b"",
            };
            let credentials = credentials("AKIDEXAMPLE");
            let header =
                request.authorization(&credentials, "us-east-1", "service", "20150830T123600Z");
            assert_eq!(signature(&header), expected, "{method}");
        }
    }

    /// A request of ours, as botocore 1.44 signs it.
    #[test]
    fn another_implementation_signs_the_same() {
        let request = Signed {
            method: "POST",
            path: "/",
            query: "",
            headers: &[
                ("content-type", "application/x-amz-json-1.1"),
                ("host", "kms.eu-central-1.amazonaws.com"),
                ("x-amz-date", "20261122T093000Z"),
                ("x-amz-security-token", "session/token=="),
                ("x-amz-target", "TrentService.GenerateMac"),
            ],
            body: br#"{"KeyId":"alias/analytics","MacAlgorithm":"HMAC_SHA_256","Message":"AAEC"}"#,
        };
        let credentials = credentials("AKIDEXAMPLE");
        let header = request.authorization(&credentials, "eu-central-1", "kms", "20261122T093000Z");
        let expected = "07a6e9d31e61be44a477504d6054d5c08a7a37ec3d39c09ef448c321afbd3edc";
        assert_eq!(signature(&header), expected);
    }

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        let cases = [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (1_735_689_599, "20241231T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ];
        for (seconds, expected) in cases {
            let at = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(time(at).as_deref(), Some(expected));
        }
        assert_eq!(time(UNIX_EPOCH - Duration::from_secs(1)), None);
    }
}
