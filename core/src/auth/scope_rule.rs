//! The scopes that an operator asks for in place of the usual ones.

use crate::auth::uri::Normalized;

/// The scopes that an operation needs, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRule {
    /// A method, or a method and a target after a colon: `tools/call:convert_time`.
    operation: Box<str>,
    scopes: Box<[Box<str>]>,
}

impl ScopeRule {
    /// Parses `OPERATION=SCOPE SCOPE…`. An operation is a method, or a method and a target:
    /// `tools/call`, `tools/call:NAME`, `prompts/get:NAME`, `resources/read:URI`.
    ///
    /// # Errors
    ///
    /// The text has another form. The result says which one was expected.
    pub fn parse(text: &str) -> Result<ScopeRule, &'static str> {
        // A URI may have an equals sign, a scope may have one too, but no space.
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let (first, rest) = words.split_first().ok_or(EXPECTED)?;
        let (operation, first) = first.rsplit_once('=').ok_or(EXPECTED)?;
        let scopes: Vec<&str> = [first].into_iter().chain(rest.iter().copied()).collect();
        let method = operation.split(':').next().unwrap_or_default();
        if !METHODS.contains(&method) || !scopes.iter().all(|scope| is_scope(scope)) {
            return Err(EXPECTED);
        }
        let scopes = scopes.into_iter().map(Box::from).collect();
        Ok(ScopeRule { operation: operation.into(), scopes })
    }

    /// Returns the rule for an operation: that for its target comes before that for its method.
    pub(super) fn find<'r>(
        rules: &'r [ScopeRule],
        method: &str,
        target: Option<&str>,
    ) -> Option<&'r ScopeRule> {
        let is_for_target = |rule: &&ScopeRule| {
            let rest = rule.operation.strip_prefix(method).and_then(|rest| rest.strip_prefix(':'));
            rest.is_some() && rest == target
        };
        let for_target = rules.iter().find(is_for_target);
        for_target.or_else(|| rules.iter().find(|rule| *rule.operation == *method))
    }

    /// Returns whether a URI is none that a rule names, but may be another spelling of one.
    pub(super) fn is_spelling(rules: &[ScopeRule], uri: &str) -> bool {
        let [.., resource] = METHODS;
        let named = rules.iter().filter_map(|rule| {
            rule.operation.strip_prefix(resource).and_then(|rest| rest.strip_prefix(':'))
        });
        let named: Vec<&str> = named.collect();
        if named.is_empty() || named.contains(&uri) {
            return false;
        }
        let uri = Normalized::of(uri);
        named.into_iter().any(|named| Normalized::of(named).is_like(&uri))
    }

    /// Returns the scopes.
    pub(super) fn scopes(&self) -> &[Box<str>] {
        &self.scopes
    }
}

const EXPECTED: &str = "expected OPERATION=SCOPE…, with tools/call, prompts/get or resources/read, \
                        and a name or a URI after a colon: tools/call:send_mail=\"mail.send mail.read\"";

/// The methods that have targets.
pub(super) const METHODS: [&str; 3] = ["tools/call", "prompts/get", "resources/read"];

/// Returns whether a text is a scope (RFC 6749, section 3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_an_operation_and_its_scopes() {
        let rule = ScopeRule::parse("tools/call:send=mail.send mail.read").unwrap();
        assert_eq!((&*rule.operation, rule.scopes.len()), ("tools/call:send", 2));
        let rule = ScopeRule::parse("resources/read:test://a/?b=c=read").unwrap();
        assert_eq!(&*rule.operation, "resources/read:test://a/?b=c");
        for bad in ["", "tools/call", "tools/call=", "tools/list=a", "a=b", "=a", "tools/call:a=\""]
        {
            assert!(ScopeRule::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_rule_of_a_target_comes_first() {
        let rules = ["tools/call=a", "tools/call:send=b", "prompts/get:send=c"]
            .map(|rule| ScopeRule::parse(rule).unwrap());
        let scope =
            |method, target| ScopeRule::find(&rules, method, target).map(|rule| &*rule.scopes()[0]);
        assert_eq!(scope("tools/call", Some("send")), Some("b"));
        assert_eq!(scope("tools/call", Some("read")), Some("a"));
        assert_eq!(scope("tools/call", None), Some("a"));
        assert_eq!(scope("prompts/get", Some("send")), Some("c"));
        assert_eq!(scope("prompts/get", Some("read")), None);
    }
}
