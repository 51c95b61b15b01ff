//! Addresses, and names that must be looked up.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::borrow::ToOwned;
use std::io;
use std::string::String;
use std::vec::{self, Vec};

use super::super::readiness::ReactorHandle;

/// What becomes socket addresses: addresses themselves at once, host names by a lookup on the blocking pool.
///
/// Implemented for the types for which the standard library's trait of this name is; not to be implemented elsewhere.
pub trait ToSocketAddrs: sealed::Resolve {}

impl<T: sealed::Resolve + ?Sized> ToSocketAddrs for T {}

pub(super) mod sealed {
    use super::{SocketAddr, String, Vec, io};

    /// What is known before a lookup.
    #[derive(Debug)]
    #[allow(unreachable_pub)] // sealed
    pub enum Target {
        Addresses(Vec<SocketAddr>),
        Name(String, u16),
    }

    #[allow(unreachable_pub, missing_docs)] // sealed
    pub trait Resolve {
        fn target(&self) -> io::Result<Target>;
    }
}
use sealed::Resolve;
pub(super) use sealed::Target;

fn one(address: impl Into<SocketAddr>) -> io::Result<Target> {
    Ok(Target::Addresses(Vec::from([address.into()])))
}

fn host(host: &str, port: u16) -> io::Result<Target> {
    match host.parse::<IpAddr>() {
        Ok(ip) => one((ip, port)),
        Err(_) => Ok(Target::Name(host.to_owned(), port)),
    }
}

macro_rules! immediate {
    ($($type:ty),*) => {$(
        impl Resolve for $type {
            fn target(&self) -> io::Result<Target> {
                one(*self)
            }
        }
    )*};
}
immediate!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl Resolve for [SocketAddr] {
    fn target(&self) -> io::Result<Target> {
        Ok(Target::Addresses(self.to_vec()))
    }
}

impl Resolve for str {
    fn target(&self) -> io::Result<Target> {
        if let Ok(address) = self.parse::<SocketAddr>() {
            return one(address);
        }
        let invalid = |text| io::Error::new(io::ErrorKind::InvalidInput, text);
        let (name, port) = self.rsplit_once(':').ok_or_else(|| invalid("a socket address needs a port: HOST:PORT"))?;
        let port = port.parse().map_err(|_| invalid("the port of a socket address must be a number up to 65535"))?;
        host(name, port)
    }
}

impl Resolve for String {
    fn target(&self) -> io::Result<Target> {
        self.as_str().target()
    }
}

impl Resolve for (&str, u16) {
    fn target(&self) -> io::Result<Target> {
        host(self.0, self.1)
    }
}

impl Resolve for (String, u16) {
    fn target(&self) -> io::Result<Target> {
        host(&self.0, self.1)
    }
}

impl<T: Resolve + ?Sized> Resolve for &T {
    fn target(&self) -> io::Result<Target> {
        (**self).target()
    }
}

/// Looks up the addresses of `host`, on the blocking pool of the present thread's reactor if it is a name.
///
/// # Errors
///
/// The resolver's, and [`io::ErrorKind::Unsupported`] outside of a runtime.
///
/// # Cancel safety
///
/// Nothing is lost; a lookup that has begun is not interrupted.
pub async fn lookup_host(host: impl ToSocketAddrs) -> io::Result<impl Iterator<Item = SocketAddr>> {
    match host.target()? {
        Target::Addresses(addresses) => Ok(addresses.into_iter()),
        name => resolve(&ReactorHandle::current()?, name).await,
    }
}

/// Like [`lookup_host`], on the blocking pool of the given reactor.
///
/// # Errors
///
/// The resolver's, and [`io::ErrorKind::Unsupported`] if `host` is a name and the reactor has no blocking pool.
pub async fn lookup_host_with(
    handle: &ReactorHandle,
    host: impl ToSocketAddrs,
) -> io::Result<impl Iterator<Item = SocketAddr>> {
    let target = host.target()?;
    resolve(handle, target).await
}

/// The addresses of a target.
pub(super) async fn resolve(handle: &ReactorHandle, target: Target) -> io::Result<vec::IntoIter<SocketAddr>> {
    match target {
        Target::Addresses(addresses) => Ok(addresses.into_iter()),
        Target::Name(name, port) => {
            let pool = handle.blocking_pool().ok_or_else(|| {
                let text = "looking up a host name needs the runtime's blocking pool: use an address instead";
                io::Error::new(io::ErrorKind::Unsupported, text)
            })?;
            let lookup = pool.run_holding(handle.inhibit(), move || {
                let addresses = std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), port))?;
                Ok(addresses.collect::<Vec<_>>().into_iter())
            });
            lookup.await?
        }
    }
}

/// What there is to say where a host has no address to try.
///
/// (The loops over addresses stand where they are needed: with an asynchronous closure in their place, the futures of
/// `bind` and `connect` were not `Send` for addresses that are borrowed.)
pub(super) fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the host has no addresses")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn addresses(host: impl Resolve) -> Vec<SocketAddr> {
        match host.target().expect("valid") {
            Target::Addresses(addresses) => addresses,
            Target::Name(name, _) => panic!("{name} is no literal"),
        }
    }

    #[test]
    fn literals_need_no_lookup() {
        let expected: SocketAddr = "127.0.0.1:80".parse().unwrap();
        assert_eq!(addresses("127.0.0.1:80"), [expected]);
        assert_eq!(addresses(("127.0.0.1", 80)), [expected]);
        assert_eq!(addresses((Ipv4Addr::LOCALHOST, 80)), [expected]);
        assert_eq!(addresses(&[expected, expected][..]), [expected, expected]);
        assert_eq!(addresses("[::1]:80"), ["[::1]:80".parse::<SocketAddr>().unwrap()]);
        assert_eq!(addresses(("::1", 80)), ["[::1]:80".parse::<SocketAddr>().unwrap()]);
    }

    #[test]
    fn names_are_split_from_their_port() {
        let Ok(Target::Name(name, 8080)) = "localhost:8080".target() else { panic!("a name and its port") };
        assert_eq!(name, "localhost");
        for wrong in ["localhost", "localhost:", "localhost:65536", "localhost:http"] {
            let error = wrong.target().expect_err(wrong);
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
