//! What the output is worth and what it is not, in the terms of the law.

use crate::Report;
use crate::document::{Block, Section, text};

pub(crate) fn section(report: &Report<'_>) -> Section {
    let domain = &report.manifest.recipe.domain;
    let lines = vec![
        text("")
            .strong("What is protected.")
            .text(" Without the secret of domain ")
            .name(domain)
            .text(
                ", no pseudonym can be turned into its value: tokens are HMAC-SHA256 and seals \
                 AES-SIV under a key of 256 bits, so that a list of all phone or identity \
                 numbers is of no use. The secret is kept apart from these files (GDPR Art. 4(5) \
                 and 32(1)(a), EDPB Guidelines 01/2025 in their version for consultation; PIPL \
                 Art. 51(3) and 73(3), GB/T 35273-2020 section 6.2).",
            ),
        text("").strong("What it stays.").text(
            " Personal data, pseudonymised in the words of the GDPR and de-identified in \
                 those of the PIPL, within this one pseudonymisation domain: duties of \
                 purpose, retention, access and deletion go on, and an unauthorised reversal \
                 is a breach. The report and the manifest belong with the impact assessment \
                 (GDPR Art. 35, PIPL Art. 55 and 56: three years).",
        ),
        text("").strong("What is not defended.").text(
            " Whoever holds the keyring or a sub-key of it; whoever knows enough about a \
                 person to find the row by what the columns show, or how often a value occurs to \
                 tell its pseudonym by counting; a policy that keeps what it \
                 should not. Figures of risk are those of this run and of the columns that \
                 were asked about. This report is evidence, and no legal opinion.",
        ),
    ];
    Section {
        id: "limits",
        title: "What this protects, and what it does not",
        blocks: vec![Block::List(lines)],
    }
}
