use strum::VariantNames;

use super::*;

/// The names are labels of metrics and words of the log: a name changes only with a line in
/// `CHANGELOG.md`, even if the variant is renamed.
#[test]
fn names_stay_the_same() {
    assert_eq!(Reject::VARIANTS.join(" "), REJECTS.join(" "));
    assert_eq!(Flaw::VARIANTS.join(" "), FLAWS.join(" "));
    assert_eq!(TlsFailure::VARIANTS.join(" "), TLS_FAILURES.join(" "));
    assert_eq!(Reject::ChildExited(ExitStatus::Code(1)).name(), "child_exited");
    assert_eq!(Reject::BadAnswer(Flaw::Id).name(), "bad_answer");
    assert_eq!(Reject::BadAnswer(Flaw::NoRoom).name(), "no_room");
    assert_eq!(Reject::BadAnswer(Flaw::TooLong { max: 1 }).name(), "answer_too_long");
    assert_eq!(Flaw::Shape.name(), "no_message");
}

const TLS_FAILURES: &[&str] =
    &["alert", "closed", "incompatible", "not_tls", "other", "unfinished"];

const REJECTS: &[&str] = &[
    "ambiguous_length",
    "bad_chunk",
    "bad_head",
    "bad_host",
    "bad_length",
    "bad_target",
    "bad_transfer_coding",
    "body_timeout",
    "body_too_large",
    "body_truncated",
    "head_timeout",
    "head_too_large",
    "plain_http",
    "target_too_long",
    "trailer",
    "unknown_expectation",
    "unsupported_http_version",
    "missing_token",
    "bad_token",
    "insufficient_scope",
    "token_in_query",
    "repeated_authorization",
    "auth_unavailable",
    "bad_variable_header",
    "bad_mcp_header",
    "forbidden_host",
    "forbidden_origin",
    "method_not_allowed",
    "not_acceptable",
    "not_found",
    "server_broken",
    "unsupported_media_type",
    "bad_json",
    "lone_surrogate",
    "too_deep",
    "batch_not_allowed",
    "batch_without_session",
    "batch_empty",
    "batch_too_long",
    "bad_id",
    "bad_message",
    "bad_method",
    "bad_params",
    "params_not_object",
    "bad_version",
    "client_too_long",
    "duplicate_key",
    "lookalike_key",
    "already_initialized",
    "initialize_in_batch",
    "missing_session",
    "not_initialized",
    "unknown_stream",
    "other_principal",
    "missing_credentials",
    "unknown_session",
    "unsupported_revision",
    "bad_request_state",
    "unknown_task",
    "header_mismatch",
    "missing_capability",
    "missing_meta",
    "unknown_method",
    "draining",
    "in_flight_full",
    "memory_full",
    "rate_exceeded",
    "concurrency_exceeded",
    "client_sessions_full",
    "requests_full",
    "runs_full",
    "sessions_full",
    "header_values_exceeded",
    "start_paused",
    "stdin_full",
    "streams_full",
    "ask_expired",
    "ask_refused",
    "bad_answer",
    "batch_answer_too_large",
    "child_exited",
    "child_refused",
    "child_failed",
    "request_timeout",
    "session_ended",
    "startup_timeout",
    "stopped",
    "subscription_ended",
    "unread_answers",
];

const FLAWS: &[&str] = &[
    "not_json",
    "mended",
    "behind_text",
    "several_lines",
    "content_length",
    "too_deep",
    "too_long",
    "no_room",
    "no_message",
    "bad_version",
    "bad_id",
    "unknown_id",
    "duplicate_key",
    "bad_call",
    "bad_result",
];
