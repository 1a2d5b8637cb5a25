use super::*;

fn server(name: &str, value: u64) -> MetricsText {
    let mut text = MetricsText::of_server(name);
    text.family("a", "gauge", "One.");
    text.sample("a", &[], value);
    text.family("b", "counter", "Two.");
    text.sample("b", &[("reason", "x")], value);
    text
}

#[test]
fn merged_families_are_announced_once_and_samples_name_their_server() {
    let mut all = MetricsText::default();
    all.family("up", "gauge", "Up.");
    all.sample("up", &[], 1);
    all.merge(server("one", 1));
    all.merge(server("two", 2));
    let expected = "# HELP up Up.\n# TYPE up gauge\nup 1\n\
        # HELP a One.\n# TYPE a gauge\na{server=\"one\"} 1\na{server=\"two\"} 2\n\
        # HELP b Two.\n# TYPE b counter\n\
        b{server=\"one\",reason=\"x\"} 1\nb{server=\"two\",reason=\"x\"} 2\n";
    assert_eq!(all.finish(), expected);
}

#[test]
fn a_name_cannot_end_its_label() {
    let text = server("a\"} 1\n\\", 3).finish();
    assert!(text.contains("a{server=\"a\\\"} 1\\n\\\\\"} 3\n"), "{text}");
}

#[test]
fn each_line_of_a_histogram_has_all_labels() {
    let mut text = MetricsText::of_server("one");
    let mut histogram = Histogram::default();
    histogram.observe(Duration::from_millis(15));
    text.family("t", "histogram", "Time.");
    text.histogram("t", &[("m", "x")], &histogram);
    let text = text.finish();
    assert!(text.contains("\nt_bucket{server=\"one\",m=\"x\",le=\"0.02\"} 1\n"), "{text}");
    assert!(text.contains("\nt_sum{server=\"one\",m=\"x\"} 0.015\n"), "{text}");
    assert!(text.ends_with("\nt_count{server=\"one\",m=\"x\"} 1\n"), "{text}");
}
