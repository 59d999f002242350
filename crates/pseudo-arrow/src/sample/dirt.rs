//! Dirt: the ways in which people and programs misspell identifiers, in shares of a thousand cells.

use pseudo_pii::sample::Draws;

use super::column::Text;

impl Text {
    /// Appends a phone number.
    #[inline]
    pub(super) fn phone(&mut self, draws: &mut Draws, phone: &str) {
        let (head, tail) = phone.split_at(3);
        let (middle, end) = tail.split_at(4);
        match draws.below(1000) {
            0..10 => self.null(),
            10..20 => self.blank(draws),
            20..50 => self.push_pieces(&[draws.pick(&["+86", "+86 ", "86", "0086"]), phone]),
            50..60 => self.full_width(phone),
            60..80 => {
                let separator = draws.pick(&[" ", "-"]);
                self.push_pieces(&[head, separator, middle, separator, end]);
            }
            80..90 => self.spaced(draws, phone),
            // A digit is missing.
            90..100 => self.push_pieces(&[head, middle, &end[1..]]),
            _ => self.push(phone),
        }
    }

    /// Appends a resident identity number as typed into a form.
    #[inline]
    pub(super) fn resident_id(&mut self, draws: &mut Draws, id: &str) {
        match draws.below(1000) {
            0..10 => self.blank(draws),
            10..20 => self.full_width(id),
            20..30 => self.spaced(draws, id),
            30..40 => self.bad_check(id, 17),
            // The form of before 1999 has neither century nor check character.
            40..60 if &id[6..8] == "19" => self.push_pieces(&[&id[..6], &id[8..17]]),
            _ => self.small_x(draws, id),
        }
    }

    /// Appends a resident identity number that someone has checked.
    pub(super) fn checked_resident_id(&mut self, draws: &mut Draws, id: &str) {
        match draws.below(1000) {
            0..10 => self.full_width(id),
            10..30 => self.spaced(draws, id),
            _ => self.small_x(draws, id),
        }
    }

    /// Appends a person's name.
    #[inline]
    pub(super) fn name(&mut self, draws: &mut Draws, name: &str) {
        match draws.below(1000) {
            0..10 => self.null(),
            10..20 => self.blank(draws),
            20..35 => self.spaced(draws, name),
            35..50 => {
                let family = name.chars().next().map_or(0, char::len_utf8);
                self.push_pieces(&[&name[..family], " ", &name[family..]]);
            }
            _ => self.push(name),
        }
    }

    /// Appends an email address.
    #[inline]
    pub(super) fn email(&mut self, draws: &mut Draws, email: &str) {
        match draws.below(1000) {
            0..10 => self.blank(draws),
            10..30 => self.push_chars(email.chars().map(|c| c.to_ascii_uppercase())),
            30..40 => self.spaced(draws, email),
            40..50 => self.push_chars(email.chars().map(|c| if c == '@' { '＠' } else { c })),
            50..60 => self.push_chars(email.chars().filter(|&c| c != '@')),
            _ => self.push(email),
        }
    }

    /// Appends a vehicle identification number.
    pub(super) fn vin(&mut self, draws: &mut Draws, vin: &str) {
        match draws.below(1000) {
            0..10 => self.blank(draws),
            10..25 => self.push_chars(vin.chars().map(|c| c.to_ascii_lowercase())),
            25..40 => self.spaced(draws, vin),
            40..50 => self.bad_check(vin, 8),
            _ => self.push(vin),
        }
    }

    /// Appends a licence plate.
    pub(super) fn plate(&mut self, draws: &mut Draws, plate: &str) {
        let (city, rest) = plate.split_at(4);
        match draws.below(1000) {
            0..30 => self.null(),
            30..40 => self.blank(draws),
            40..80 => self.push_pieces(&[city, "·", rest]),
            80..95 => self.push_chars(plate.chars().map(|c| c.to_ascii_lowercase())),
            95..105 => self.spaced(draws, plate),
            _ => self.push(plate),
        }
    }

    /// Appends a bank card number.
    pub(super) fn bank_card(&mut self, draws: &mut Draws, card: &str) {
        match draws.below(1000) {
            0..10 => self.null(),
            10..20 => self.blank(draws),
            20..50 => {
                let [a, b, c, d, e] = [0..4, 4..8, 8..12, 12..16, 16..19].map(|part| &card[part]);
                self.push_pieces(&[a, " ", b, " ", c, " ", d, " ", e]);
            }
            50..60 => self.spaced(draws, card),
            60..70 => self.bad_check(card, 18),
            _ => self.push(card),
        }
    }

    /// Appends a unified social credit code.
    pub(super) fn uscc(&mut self, draws: &mut Draws, code: &str) {
        match draws.below(1000) {
            0..20 => self.null(),
            20..30 => self.blank(draws),
            30..50 => self.push_chars(code.chars().map(|c| c.to_ascii_lowercase())),
            50..60 => self.bad_check(code, 17),
            60..70 => self.spaced(draws, code),
            _ => self.push(code),
        }
    }

    /// Appends an address line.
    pub(super) fn address(&mut self, draws: &mut Draws, line: &str) {
        match draws.below(1000) {
            0..10 => self.null(),
            10..20 => self.blank(draws),
            20..40 => self.full_width(line),
            40..55 => self.spaced(draws, line),
            _ => self.push(line),
        }
    }

    /// Appends a city, which some write without its suffix.
    #[inline]
    pub(super) fn city(&mut self, draws: &mut Draws, city: &str) {
        match draws.below(1000) {
            0..50 => self.null(),
            50..80 => self.push(city.strip_suffix('市').unwrap_or(city)),
            _ => self.push(city),
        }
    }

    /// Appends a text with stray spaces.
    pub(super) fn spaced(&mut self, draws: &mut Draws, text: &str) {
        let (before, after) = draws.pick(&[
            (" ", ""),
            ("", " "),
            ("\u{3000}", ""),
            ("", "\t"),
            ("", "\u{a0}"),
        ]);
        self.push_pieces(&[before, text, after]);
    }

    fn blank(&mut self, draws: &mut Draws) {
        self.push(draws.pick(&["", "无", "N/A", "-", "暂无", "空"]));
    }

    fn full_width(&mut self, text: &str) {
        self.push_chars(text.chars().map(|c| match c {
            '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
            _ => c,
        }));
    }

    /// Appends an identifier with another check character than the one at `at`.
    fn bad_check(&mut self, text: &str, at: usize) {
        let (head, tail) = text.split_at(at);
        let other = if tail.starts_with('0') { "1" } else { "0" };
        self.push_pieces(&[head, other, &tail[1..]]);
    }

    /// Appends an identity number, one in four of those with an `X` in lower case.
    #[inline]
    fn small_x(&mut self, draws: &mut Draws, id: &str) {
        match id.strip_suffix('X') {
            Some(digits) if draws.per_mille(250) => self.push_pieces(&[digits, "x"]),
            _ => self.push(id),
        }
    }
}
