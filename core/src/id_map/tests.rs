use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn it_is_an_ordered_map(steps in prop::collection::vec((any::<bool>(), 0u64..24), 0..200)) {
        let (mut table, mut model) = (IdMap::default(), BTreeMap::new());
        for (step, (comes, number)) in steps.into_iter().enumerate() {
            if comes {
                table.insert(number, step);
                model.insert(number, step);
            } else {
                prop_assert_eq!(table.remove(number), model.remove(&number));
            }
            let expected = model.iter().map(|(number, thing)| (*number, thing));
            prop_assert!(table.iter().eq(expected));
            prop_assert_eq!(table.len(), model.len());
            prop_assert_eq!(table.is_empty(), model.is_empty());
            prop_assert_eq!(table.get(number), model.get(&number));
            prop_assert_eq!(table.get_mut(number), model.get_mut(&number));
            prop_assert!(table.values_mut().eq(model.values_mut()));
        }
    }
}

#[test]
fn nothing_leaves_no_empty_places_behind() {
    let mut table: IdMap<u8> = IdMap::default();
    (0..1000).for_each(|number| table.insert(number, 0));
    (0..1000).for_each(|number| assert!(table.remove(number).is_some()));
    table.insert(1000, 0);
    assert!(table.remove(1000).is_some());
    assert_eq!(table.0.capacity(), 0);
}
