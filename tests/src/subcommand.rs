//! The subcommands of `pontoon`.

/// The subcommand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subcommand {
    Calculator,
    Echo,
    EchoStateless,
    /// `test-server`, or another command.
    Proxy,
    /// The entries of a file.
    Serve,
}

impl Subcommand {
    /// Returns its words on the command line.
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Subcommand::Calculator => &["calculator"],
            Subcommand::Echo => &["echo"],
            Subcommand::EchoStateless => &["echo", "--stateless"],
            Subcommand::Proxy => &["proxy"],
            Subcommand::Serve => &["serve"],
        }
    }
}
