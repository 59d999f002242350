//! `pseudo lookup`: makes the pseudonyms of given values.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pseudo_engine::lookup::{Found, Lookup as How, Pseudonym};
use pseudo_policy::{SealEncoding, TokenEncoding};
use pseudo_token::Epoch;
use serde_json::json;

use crate::guarded::{self, GuardArgs, KeyArgs, NameArgs};
use crate::message::{self, Failure, Screen};

/// Make the tokens of given values, for a reason that is recorded
///
/// The way in of whoever may ask for the rows of certain people. Values come from a file or from
/// standard input, never from an argument; each is brought to its canonical form as a run does. The
/// tokens come on standard output with the line of their value and how well that is made: `valid`,
/// `suspect`, `invalid` or `blank`. Who asked, why and how many stands in the audit log first, as
/// with `pseudo reveal`, refusals included.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  pseudo lookup --pipeline recall.toml --identity vehicle \
                  --reason \"recall 2026-17\" values.txt"
)]
pub(crate) struct Lookup {
    /// The list of values, one a line or a column of a CSV; `-` for standard input
    list: PathBuf,
    /// How tokens and seals are written: base32 or hex, uuid for tokens, base64url for seals
    #[arg(long, value_name = "ENCODING", value_enum)]
    encoding: Option<Encoding>,
    /// Bits of a token
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = bits)]
    bits: u16,
    /// Make seals instead
    #[arg(long, conflicts_with = "bits")]
    seal: bool,
    /// The epoch of the keys; the primary one when absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    epoch: Option<u32>,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    guard: GuardArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Encoding {
    /// RFC 4648, lowercase, without padding
    Base32,
    /// Lowercase hexadecimal, also what columns of bytes are compared with
    Hex,
    /// 8-4-4-4-12; tokens of 128 bits
    Uuid,
    /// RFC 4648, without padding; seals
    #[value(name = "base64url")]
    Base64Url,
}

impl Lookup {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let pseudonym = self.pseudonym()?;
        let keys = self.keys.open()?;
        let question = self.guard.question(&keys, &self.names)?;
        let audit = keys.audit(self.guard.log(), None)?;
        let mut list = guarded::list(&self.list)?;
        let how = How {
            pseudonym,
            blank: keys.blank(&self.names),
            epoch: self.epoch.map(Epoch),
        };
        let answer = pseudo_engine::lookup(&question, how, &mut list, &keys.held, &audit)?;
        let name = if self.seal { "seal" } else { "token" };
        let text: String = if self.json {
            answer
                .lines
                .iter()
                .map(|line| as_json(line, name))
                .collect()
        } else {
            let header = format!("line,verdict,{name}\n");
            let lines = answer.lines.iter().map(as_csv);
            [header].into_iter().chain(lines).collect()
        };
        let asked = answer.lines.len();
        guarded::say(
            screen,
            "looked up",
            answer.answered,
            asked,
            &answer.recorded,
        );
        message::print(&text)
    }

    fn pseudonym(&self) -> Result<Pseudonym, Failure> {
        let token = |encoding| Pseudonym::Token {
            encoding,
            long: self.bits == 256,
        };
        Ok(match (self.seal, self.encoding) {
            (false, None | Some(Encoding::Base32)) => token(TokenEncoding::Base32),
            (false, Some(Encoding::Hex)) => token(TokenEncoding::Hex),
            (false, Some(Encoding::Uuid)) if self.bits == 128 => token(TokenEncoding::Uuid),
            (true, None | Some(Encoding::Base64Url)) => Pseudonym::Seal(SealEncoding::Base64Url),
            (true, Some(Encoding::Base32)) => Pseudonym::Seal(SealEncoding::Base32),
            (true, Some(Encoding::Hex)) => Pseudonym::Seal(SealEncoding::Binary),
            (seal, Some(encoding)) => {
                let what = if seal { "seals" } else { "tokens" };
                let bits = if seal { "" } else { " of so many bits" };
                let encoding = encoding.to_possible_value();
                let encoding = encoding.as_ref().map_or("", |value| value.get_name());
                let message = format!("{what}{bits} are not written as `{encoding}`");
                return Err(Failure::usage(message));
            }
        })
    }
}

fn as_csv(line: &Found) -> String {
    let pseudonym = line.pseudonym.as_deref().unwrap_or_default();
    format!("{},{},{pseudonym}\n", line.line, line.verdict_name())
}

fn as_json(line: &Found, name: &str) -> String {
    message::json(&json!({
        "line": line.line,
        "verdict": line.verdict_name(),
        name: line.pseudonym,
    }))
}

fn bits(text: &str) -> Result<u16, String> {
    match text {
        "128" => Ok(128),
        "256" => Ok(256),
        _ => Err("a token has 128 or 256 bits".to_owned()),
    }
}
