use super::*;

fn variables(environment: &[(&str, &str)], file: &str) -> Variables {
    Variables::of(environment.iter().map(|(name, value)| (name.into(), value.into())), file)
}

fn read(file: &str) -> Vec<(String, String)> {
    assignments(file).collect()
}

#[test]
fn the_environment_is_worth_more_than_the_file() {
    let both = variables(&[("SECOND", "env")], "FIRST=file\nSECOND=file\n");
    let found = both.first(&["FIRST", "SECOND"]).unwrap();
    assert_eq!((found.name, found.value.to_str()), ("SECOND", Some("env")));
    assert_eq!(found.origin, Origin::Environment);
    let found = both.first(&["FIRST"]).unwrap();
    assert_eq!((found.value.to_str(), found.origin), (Some("file"), Origin::File));
    assert_eq!(both.first(&["THIRD"]), None);
    assert_eq!(both.first(&[]), None);
}

#[test]
fn names_count_in_their_order() {
    let two = variables(&[("B", "b"), ("A", "a")], "");
    assert_eq!(two.first(&["A", "B"]).unwrap().value, "a");
    assert_eq!(two.first(&["B", "A"]).unwrap().value, "b");
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let some = variables(&[("A", "")], "A=file\nB=\nB2=''");
    assert_eq!(some.first(&["A"]).unwrap().origin, Origin::File);
    assert_eq!(some.first(&["B", "B2"]), None);
}

#[test]
fn a_file_is_written_in_the_ways_people_write_it() {
    let file = "\u{20}PLAIN = some words \n\
                export EXPORTED=1\n\
                # COMMENT=1\n\
                \n\
                TAIL=a#b # behind it\n\
                SINGLE='it is # ${HOME} \\n' # c\n\
                DOUBLE=\"a \\\"b\\\" \\\\ \\n#\"\n\
                URL=http://h/?a=b\n\
                CRLF=x\r\n\
                no assignment\n\
                odd-name=1\n\
                =1\n\
                OPEN='rest\n";
    let wanted = [
        ("PLAIN", "some words"),
        ("EXPORTED", "1"),
        ("TAIL", "a#b"),
        ("SINGLE", "it is # ${HOME} \\n"),
        ("DOUBLE", "a \"b\" \\ \n#"),
        ("URL", "http://h/?a=b"),
        ("CRLF", "x"),
        ("OPEN", "rest"),
    ];
    let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(read(file), wanted);
}

#[test]
fn the_last_assignment_counts() {
    assert_eq!(variables(&[], "A=1\nA=2").first(&["A"]).unwrap().value, "2");
}

#[test]
fn all_of_them_are_each_what_counts() {
    let some = variables(&[("A", "env"), ("B", "")], "A=file\nB=1\nB=2\nC=\n");
    let wanted = [("A", "env"), ("B", "2")];
    assert_eq!(some.all(), wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
}
