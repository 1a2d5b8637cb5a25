//! The page for browsers.

/// The page. It shows what it requests as JSON from its own address every two seconds.
pub(super) const PAGE: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    "<title>pontoon</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>",
    include_str!("page.css"),
    "</style>\n</head>\n<body>\n",
    include_str!("page.html"),
    "<script>",
    include_str!("page.js"),
    "</script>\n</body>\n</html>\n",
);

/// The policy of the page (Content Security Policy Level 3). It runs only its own script and style,
/// which are named by their SHA-256.
pub(super) const POLICY: &str = concat!(
    "default-src 'none'; script-src 'sha256-99kdwXOdCFp0HbZPgXuz/mdCfS2u9zFB1DgP3UlNWHI='; style-src 'sha256-mgs4v4/9a9ZatZkZBrVX7wpfLWagMMBp7Dzs+yhYaJE='; img-src data:; ",
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_names_the_script_and_the_style() {
        for (directive, text) in
            [("script-src", include_str!("page.js")), ("style-src", include_str!("page.css"))]
        {
            let hash = STANDARD.encode(Sha256::digest(text));
            let expected = format!("{directive} 'sha256-{hash}';");
            assert!(POLICY.contains(&expected), "write {expected} into POLICY");
        }
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere_and_makes_no_html_of_texts() {
        for part in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!PAGE.contains(part), "{part}");
        }
        let script = include_str!("page.js");
        for part in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!script.contains(part), "{part}");
        }
    }
}
