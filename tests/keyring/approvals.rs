//! The consent of two: any two approvers, and nobody alone.

use std::path::PathBuf;

use pseudo_keyring::{Access, Approvals, Change, Error, Keyring, Recipient, create_identity};

use crate::harness::{Bench, CREATED};

struct House {
    bench: Bench,
    approvers: Vec<(PathBuf, Recipient)>,
}

impl House {
    fn new() -> Self {
        let bench = Bench::new();
        Keyring::create(&bench.path("a.keyring"), &bench.unlock(), CREATED).unwrap();
        let approvers = ["first", "second", "third"].map(|name| {
            let path = bench.path(name);
            let public = create_identity(&path, CREATED).unwrap();
            (path, Recipient::parse(&public).unwrap())
        });
        Self {
            bench,
            approvers: approvers.into(),
        }
    }

    fn recipients(&self) -> Vec<Recipient> {
        let recipients = self.approvers.iter().map(|(_, recipient)| recipient);
        recipients.cloned().collect()
    }

    /// Asks these approvers, in a keyring that is read from the disk.
    fn ask(&self, recipients: &[Recipient]) -> Approvals {
        let (path, unlock) = (self.bench.path("a.keyring"), self.bench.unlock());
        let mut change = Change::begin(&path, &unlock, Access::none()).unwrap();
        change.approvers(recipients, None).unwrap();
        change.commit().unwrap();
        let keyring = Keyring::open(&path, &unlock).unwrap();
        keyring.approvals().unwrap().clone()
    }

    fn files(&self, who: &[usize]) -> Vec<PathBuf> {
        who.iter().map(|n| self.approvers[*n].0.clone()).collect()
    }
}

#[test]
fn any_two_of_three_suffice_and_no_one_does() {
    let house = House::new();
    let approvals = house.ask(&house.recipients());
    assert_eq!(approvals.approvers().count(), 3);
    for pair in [[0, 1], [1, 0], [0, 2], [2, 1]] {
        let approved = approvals.approve(&house.files(&pair)).unwrap();
        let names = pair.map(|n| house.approvers[n].1.to_string());
        assert_eq!(approved.approvers(), names);
    }
    for (who, given) in [(&[][..], 0), (&[0], 1), (&[0, 0], 1), (&[2, 2, 2], 1)] {
        let error = approvals.approve(&house.files(who)).unwrap_err();
        assert!(
            matches!(error, Error::NotApproved { given: n } if n == given),
            "{who:?}"
        );
    }
    let mut strangers = house.files(&[1]);
    strangers.push(house.bench.stranger());
    let error = approvals.approve(&strangers).unwrap_err();
    assert!(matches!(error, Error::NotApproved { given: 1 }));
}

#[test]
fn approvers_are_two_and_different() {
    let house = House::new();
    let (path, unlock) = (house.bench.path("a.keyring"), house.bench.unlock());
    let mut change = Change::begin(&path, &unlock, Access::none()).unwrap();
    let [a, b, _] = house.recipients().try_into().unwrap();
    let many = vec![a.clone(); 17];
    for wrong in [&[a.clone()][..], &[b.clone(), a.clone(), b], &many] {
        let error = change.approvers(wrong, None).unwrap_err();
        assert!(matches!(error, Error::Approvers));
    }
}

#[test]
fn who_had_a_say_agrees_to_a_change_of_it() {
    let house = House::new();
    let approvals = house.ask(&house.recipients()[..2]);
    let (path, unlock) = (house.bench.path("a.keyring"), house.bench.unlock());
    let begin = || Change::begin(&path, &unlock, Access::none()).unwrap();
    let mut change = begin();
    for others in [&[][..], &house.recipients()[1..]] {
        let error = change.approvers(others, None).unwrap_err();
        assert!(matches!(error, Error::NotApproved { given: 0 }));
    }
    drop(change);
    let approved = approvals.approve(&house.files(&[0, 1])).unwrap();
    let mut change = begin();
    change
        .approvers(&house.recipients()[1..], Some(&approved))
        .unwrap();
    change.commit().unwrap();
    let now = Keyring::open(&path, &unlock).unwrap();
    let now = now.approvals().unwrap();
    assert!(now.approve(&house.files(&[0, 1])).is_err());
    let approved = now.approve(&house.files(&[1, 2])).unwrap();
    let mut change = begin();
    change.approvers(&[], Some(&approved)).unwrap();
    assert!(change.commit().unwrap().approvals().is_none());
}

#[test]
fn approvals_outlive_a_rotation() {
    let house = House::new();
    house.ask(&house.recipients());
    let (path, unlock) = (house.bench.path("a.keyring"), house.bench.unlock());
    let mut change = Change::begin(&path, &unlock, Access::none()).unwrap();
    change
        .rotate(pseudo_keyring::Fresh::Secret, CREATED)
        .unwrap();
    change.commit().unwrap();
    let keyring = Keyring::open(&path, &unlock).unwrap();
    let approvals = keyring.approvals().unwrap();
    assert!(approvals.approve(&house.files(&[0, 2])).is_ok());
}
