use super::*;

#[test]
fn a_revision_is_read_as_it_is_written() {
    for revision in Revision::ALL {
        assert_eq!(Revision::parse(revision.to_string().as_bytes()), Some(revision));
    }
}

#[test]
fn the_dates_on_the_wire() {
    let dates = Revision::ALL.map(Revision::as_str);
    assert_eq!(dates, ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]);
    assert_eq!(Revision::NEWEST_LEGACY.as_str(), "2025-11-25");
}

#[test]
fn revisions_are_ordered_by_age() {
    assert!(Revision::ALL.is_sorted_by(|older, newer| older < newer));
    assert_eq!(Revision::ALL.last(), Some(&Revision::NEWEST));
    assert_eq!(Revision::LEGACY.last(), Some(&Revision::NEWEST_LEGACY));
}

#[test]
fn anything_else_is_no_revision() {
    for text in ["", "2025-11-2", "2025-11-25 ", " 2025-11-25", "2025-11-26", "DRAFT", "1"] {
        assert_eq!(Revision::parse(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn the_eras_are_apart() {
    assert!(Revision::LEGACY.into_iter().all(|revision| revision.era() == Era::Legacy));
    assert_eq!(Revision::NEWEST.era(), Era::Modern);
    assert_eq!(Revision::nearest("2027-01-01"), Revision::NEWEST_LEGACY);
}

#[test]
fn what_only_some_revisions_have() {
    let having = |has: fn(Revision) -> bool| -> Vec<&str> {
        Revision::ALL.into_iter().filter(|it| has(*it)).map(Revision::as_str).collect()
    };
    assert_eq!(having(Revision::has_batches), ["2025-03-26"]);
    assert_eq!(having(Revision::primes_streams), ["2025-11-25"]);
}
