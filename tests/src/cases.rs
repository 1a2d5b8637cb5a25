//! The cases, one file per area.
//!
//! Every file lists its cases in `cases!`, which makes a macro of the area's name. A test below
//! checks that every case is listed.

/// Makes the macro `$area!(target)` that expands to one `#[test]` per case.
///
/// A case about the operating system follows after `; on sockets only:`, with the reason: for a
/// simulated target, `$area!(simulated target)`, its test is ignored with that reason.
///
/// The first token is always `$`, because a macro cannot write it in a macro it makes.
macro_rules! cases {
    ($d:tt $area:ident: $($case:ident)*
        $(; on sockets only: $($real:ident: $why:literal)*)?
    ) => {
        /// Expands to one `#[test]` per case of this area, for this target.
        #[macro_export]
        macro_rules! $area {
            (simulated $d target:expr) => {
                $(#[test]
                fn $case() {
                    $crate::cases::$area::$case(&$d target);
                })*
                $($(#[test]
                #[ignore = $why]
                fn $real() {
                    unreachable!("it has no simulated form");
                })*)?
            };
            ($d target:expr) => {
                $(#[test]
                fn $case() {
                    $crate::cases::$area::$case(&$d target);
                })*
                $($(#[test]
                fn $real() {
                    $crate::cases::$area::$real(&$d target);
                })*)?
            };
        }
    };
}

/// Expands to every case for a target, in a module for each area; `simulated` marks a target
/// without sockets and processes.
#[macro_export]
macro_rules! every_case {
    ($($target:tt)*) => {
        mod auth {
            $crate::auth!($($target)*);
        }
        mod auth_details {
            $crate::auth_details!($($target)*);
        }
        mod auth_principals {
            $crate::auth_principals!($($target)*);
        }
        mod auth_scopes {
            $crate::auth_scopes!($($target)*);
        }
        mod auth_tokens {
            $crate::auth_tokens!($($target)*);
        }
        mod authorization_server {
            $crate::authorization_server!($($target)*);
        }
        mod bridge_eras {
            $crate::bridge_eras!($($target)*);
        }
        mod bridge_policies {
            $crate::bridge_policies!($($target)*);
        }
        mod calls {
            $crate::calls!($($target)*);
        }
        mod children {
            $crate::children!($($target)*);
        }
        mod client_limits {
            $crate::client_limits!($($target)*);
        }
        mod framing {
            $crate::framing!($($target)*);
        }
        mod gateways {
            $crate::gateways!($($target)*);
        }
        mod header_env {
            $crate::header_env!($($target)*);
        }
        mod hostile_framing {
            $crate::hostile_framing!($($target)*);
        }
        mod hostile_slow {
            $crate::hostile_slow!($($target)*);
        }
        mod hostile_stop {
            $crate::hostile_stop!($($target)*);
        }
        mod hostile_streams {
            $crate::hostile_streams!($($target)*);
        }
        mod https {
            $crate::https!($($target)*);
        }
        mod issuer_keys {
            $crate::issuer_keys!($($target)*);
        }
        mod life {
            $crate::life!($($target)*);
        }
        mod memory {
            $crate::memory!($($target)*);
        }
        mod messages {
            $crate::messages!($($target)*);
        }
        mod modern_bridge {
            $crate::modern_bridge!($($target)*);
        }
        mod modern_rules {
            $crate::modern_rules!($($target)*);
        }
        mod native {
            $crate::native!($($target)*);
        }
        mod native_echo {
            $crate::native_echo!($($target)*);
        }
        mod native_stateless {
            $crate::native_stateless!($($target)*);
        }
        mod output {
            $crate::output!($($target)*);
        }
        mod parked_calls {
            $crate::parked_calls!($($target)*);
        }
        mod places {
            $crate::places!($($target)*);
        }
        mod processes {
            $crate::processes!($($target)*);
        }
        mod requests_seen {
            $crate::requests_seen!($($target)*);
        }
        mod resumed_sessions {
            $crate::resumed_sessions!($($target)*);
        }
        mod rules {
            $crate::rules!($($target)*);
        }
        mod sessions {
            $crate::sessions!($($target)*);
        }
        mod several_servers {
            $crate::several_servers!($($target)*);
        }
        mod site {
            $crate::site!($($target)*);
        }
        mod sse_2024 {
            $crate::sse_2024!($($target)*);
        }
        mod stateless_proxy {
            $crate::stateless_proxy!($($target)*);
        }
        mod streams {
            $crate::streams!($($target)*);
        }
    };
}

pub mod auth;
pub mod auth_details;
pub mod auth_principals;
pub mod auth_scopes;
pub mod auth_tokens;
pub mod authorization_server;
pub mod bridge_eras;
pub mod bridge_policies;
pub mod calls;
pub mod children;
pub mod client_limits;
pub mod framing;
pub mod gateways;
pub mod header_env;
pub mod hostile_framing;
pub mod hostile_slow;
pub mod hostile_stop;
pub mod hostile_streams;
pub mod https;
pub mod issuer_keys;
pub mod life;
pub mod memory;
pub mod messages;
pub mod modern_bridge;
pub mod modern_rules;
pub mod native;
pub mod native_echo;
pub mod native_stateless;
pub mod output;
pub mod parked_calls;
pub mod places;
pub mod processes;
pub mod requests_seen;
pub mod resumed_sessions;
pub mod rules;
pub mod sessions;
pub mod several_servers;
pub mod site;
pub mod sse_2024;
pub mod stateless_proxy;
pub mod streams;

#[cfg(test)]
mod tests;
