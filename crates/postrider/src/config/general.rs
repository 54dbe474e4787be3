//! Where the server lives.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::section::section;
use super::value::Secret;

section! {
    /// Where the server lives.
    General at "" {
        /// Address and port that the API is served on.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8071)),
        /// The URL under which clients and providers reach this server, such as `https://hooks.example.com`: what the
        /// addresses of sources begin with, and what providers that sign the URL have signed. Without it, the address
        /// that is listened on.
        public_url: Option<String> = None,
        /// A TOML file with presets of your own for what providers send, which override the embedded ones by name
        /// ([providers](providers.md)). It is read at the start; nodes that share a database need the same.
        presets: Option<PathBuf> = None,
        /// Directory of the database unless that is PostgreSQL, of the sealing key, and of the control socket. It is made
        /// with mode 0700 if it does not exist. One server at a time can use it.
        data_dir: PathBuf = PathBuf::from("/var/lib/postrider"),
        /// An API key of your own for the environment `default`: 24 to 128 characters of `A-Z a-z 0-9 - _`. Without
        /// it, the first start makes a key and prints it once. Another value on a later start adds a key; the
        /// earlier one stays until it is revoked.
        bootstrap_key: Option<Secret> = None,
        /// The key that secrets in the database are sealed with: 32 bytes as hexadecimal digits or Base64. Without
        /// it, the first start makes `seal.key` in the data directory. Whoever loses it loses all signing secrets.
        /// Servers that share a database must have the same.
        seal_key: Option<Secret> = None,
    }
}
