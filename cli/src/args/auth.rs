//! The settings of authentication.

use std::path::PathBuf;

use clap::Args;
use pontoon_core::auth::{Algorithm, Cidr, ScopeRule};

use crate::values;

/// The settings of authentication; without any of them, every client is served.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Authentication")]
pub(crate) struct AuthArgs {
    /// File with the tokens that clients may send (Authorization: Bearer TOKEN), one on a line:
    /// NAME, the SHA-256 of the token (`printf %s TOKEN | sha256sum`), and its scopes; without
    /// scopes it may do everything
    #[arg(long, env = "MCP_AUTH_TOKEN_FILE", value_name = "FILE")]
    pub(crate) auth_token_file: Option<PathBuf>,

    /// URL of the endpoint as clients know it: `https://mcp.example.com/mcp`. Clients discover from
    /// it where to get a token, and a token for another URL is refused
    #[arg(long, env = "MCP_AUTH_RESOURCE", value_name = "URL", value_parser = values::resource)]
    pub(crate) auth_resource: Option<String>,

    /// Issuer of the tokens, an authorization server; exactly as its metadata names it. Clients are
    /// referred to it if --auth-servers is not given
    #[arg(long, env = "MCP_AUTH_ISSUER", value_name = "URL", value_parser = values::endpoint_url)]
    pub(crate) auth_issuer: Option<String>,

    /// File with the keys of the issuer, a JWK set, for tokens that are JWTs (JSON Web Tokens)
    #[arg(long, env = "MCP_AUTH_JWKS_FILE", value_name = "FILE")]
    pub(crate) auth_jwks_file: Option<PathBuf>,

    /// URL of the keys of the issuer, a JWK set, which are kept up to date. Without it, without
    /// --auth-jwks-file and without --auth-introspection, the metadata of the issuer names it
    #[arg(
        long,
        env = "MCP_AUTH_JWKS_URL",
        value_name = "URL",
        value_parser = values::endpoint_url
    )]
    pub(crate) auth_jwks_url: Option<String>,

    /// Algorithms of signatures to accept, separated by commas; those with a symmetric key (HS256)
    /// need --auth-jwks-file with a key of the kind oct
    #[arg(
        long,
        env = "MCP_AUTH_ALGORITHMS",
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "RS256,PS256,ES256,EdDSA",
        value_parser = values::algorithm
    )]
    pub(crate) auth_algorithms: Vec<Algorithm>,

    /// Further audiences (aud) of tokens to accept, besides the URL of the endpoint; separated by
    /// commas
    #[arg(long, env = "MCP_AUTH_AUDIENCES", value_name = "NAMES", value_delimiter = ',')]
    pub(crate) auth_audiences: Vec<String>,

    /// Authorization servers that clients are referred to, separated by commas
    #[arg(long, env = "MCP_AUTH_SERVERS", value_name = "URLS", value_delimiter = ',')]
    pub(crate) auth_servers: Vec<String>,

    /// Scopes that a client without a token is told to ask for, separated by commas; `mcp` if not
    /// given, which allows everything. With none, scopes are not checked
    #[arg(
        long,
        env = "MCP_AUTH_SCOPES",
        value_name = "SCOPES",
        value_delimiter = ',',
        value_parser = values::scope
    )]
    pub(crate) auth_scopes: Vec<String>,

    /// Scopes that an operation needs in place of the usual one, all of them; may be repeated. An
    /// operation is tools/call, prompts/get or resources/read, for one name or URI after a colon:
    /// 'tools/call:send_mail=mail.read mail.send'
    #[arg(
        long,
        env = "MCP_AUTH_SCOPES_FOR",
        value_name = "OPERATION=SCOPES",
        value_delimiter = ';',
        value_parser = values::scope_rule
    )]
    pub(crate) auth_scopes_for: Vec<ScopeRule>,

    /// Addresses of gateways that authenticate clients and name the user in a header, separated by
    /// commas: 10.0.0.5, 10.1.0.0/16. In requests from other addresses the header is ignored
    #[arg(
        long,
        env = "MCP_AUTH_TRUST_FROM",
        value_name = "CIDRS",
        value_delimiter = ',',
        value_parser = values::cidr
    )]
    pub(crate) auth_trust_from: Vec<Cidr>,

    /// Header in which such a gateway names the user
    #[arg(
        long,
        env = "MCP_AUTH_USER_HEADER",
        value_name = "NAME",
        default_value = "x-user-id",
        value_parser = values::header_name
    )]
    pub(crate) auth_user_header: String,

    /// Header in which such a gateway sends the scopes of the user; without it, the user may do
    /// everything
    #[arg(
        long,
        env = "MCP_AUTH_SCOPES_HEADER",
        value_name = "NAME",
        value_parser = values::header_name
    )]
    pub(crate) auth_scopes_header: Option<String>,

    /// Introspection endpoint of the issuer (RFC 7662), which is asked about its tokens; with
    /// --auth-jwks-file or --auth-jwks-url, only about those that are not JWTs
    #[arg(
        long,
        env = "MCP_AUTH_INTROSPECTION",
        value_name = "URL",
        value_parser = values::endpoint_url
    )]
    pub(crate) auth_introspection: Option<String>,

    /// Client id of this server at the introspection endpoint
    #[arg(
        long,
        env = "MCP_AUTH_INTROSPECTION_CLIENT",
        value_name = "ID",
        default_value = "pontoon"
    )]
    pub(crate) auth_introspection_client: String,

    /// File with the secret of that client
    #[arg(long, env = "MCP_AUTH_INTROSPECTION_SECRET_FILE", value_name = "FILE")]
    pub(crate) auth_introspection_secret: Option<PathBuf>,
}

impl AuthArgs {
    /// Returns the files that the settings name.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let files = [&self.auth_token_file, &self.auth_jwks_file, &self.auth_introspection_secret];
        files.into_iter().flatten().cloned()
    }
}
