mod fixture;
mod stateless;

pub(crate) use fixture::Fixture;
