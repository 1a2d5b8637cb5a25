# Commands for work on pontoon. `just` lists them.

_default:
    @just --list

# What every commit must pass: formatting, lints, documentation
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --locked --quiet

# All tests of the workspace
test:
    cargo test --workspace --locked

# The core's unit and property tests whose name contains FILTER
core FILTER="":
    cargo test -p core --lib {{ FILTER }}

# The cases of the suite on a runtime (tokio, smol, blocking) or simulated (sim)
suite TARGET FILTER="":
    cargo test -p pontoon-suite --test {{ TARGET }} {{ FILTER }}

# The transcripts whose name contains FILTER, such as `sim::modern-to-legacy`
transcripts FILTER="":
    cargo test -p pontoon-suite --test transcripts {{ FILTER }}

# The simulated worlds with this many seeds, in release; 100000 is a job for a night
sim SEEDS="1000":
    PONTOON_SEEDS={{ SEEDS }} cargo test --release --locked -p pontoon-suite --test sim_sessions --test sim_pairings --test sim_header_env

# Everything that CI runs, on a fresh clone in about a quarter of an hour
ci:
    .ci/run

# The benchmarks of docs/benchmarks.md, written into it, in half an hour on a machine with nothing else to do
bench *OPTIONS:
    tests/bench/run --write {{ OPTIONS }}

# A fuzz target for this many seconds (needs a nightly compiler and cargo-fuzz)
fuzz TARGET="jsonrpc" SECONDS="60":
    cd fuzz && cargo fuzz run {{ TARGET }} -- -max_total_time={{ SECONDS }}

# Licences, sources and bans of dependencies (needs cargo-deny)
deny:
    cargo deny --all-features --locked check bans licenses sources

# Known vulnerabilities in dependencies (needs cargo-deny and its database)
advisories:
    cargo deny --all-features --locked check advisories

# Write docs/options.md again, after a change of options
docs:
    UPDATE_DOCS=1 cargo test -p pontoon options_page

# Write the golden files again, after an intended change of outputs
golden:
    UPDATE_GOLDEN=1 cargo test -p pontoon-suite --test golden
    UPDATE_GOLDEN=1 cargo test -p pontoon-config --test expected

# Install the program, its manual pages and completions under PREFIX
install PREFIX=(env("HOME") / ".local"):
    cargo install --locked --path cli --root {{ PREFIX }}
    mkdir -p {{ PREFIX }}/share/man/man1 {{ PREFIX }}/share/bash-completion/completions
    {{ PREFIX }}/bin/pontoon man > {{ PREFIX }}/share/man/man1/pontoon.1
    for it in proxy echo calculator stdio check config completions man probe; do \
      {{ PREFIX }}/bin/pontoon man $it > {{ PREFIX }}/share/man/man1/pontoon-$it.1; done
    {{ PREFIX }}/bin/pontoon completions bash > {{ PREFIX }}/share/bash-completion/completions/pontoon
