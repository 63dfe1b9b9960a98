//! `serve`: rooms on this computer until somebody says stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use runde_server::{ServeOptions, Server, Tls};
use serde_json::json;

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::join::asked_to_stop;
use crate::output;
use crate::permit::for_host;

/// The agreed default: this computer only.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8443);

struct Options {
    serve: ServeOptions,
    data: Option<PathBuf>,
    ack: Option<String>,
    json: bool,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let options = parse(arguments)?;
    let permit = for_host(options.ack.as_deref(), options.data.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    runtime.block_on(async {
        let server = Server::spawn(permit, options.serve)?;
        if options.json {
            output::event(&json!({"event": "listening", "url": server.url(), "fragment": server.fragment()}));
        } else {
            output::print(&server.room_link("room"));
        }
        asked_to_stop().await;
        server.shutdown().await;
        if options.json {
            output::event(&json!({"event": "stopped"}));
        }
        Ok(Exit::Done)
    })
}

fn parse(mut arguments: Arguments) -> Result<Options, Failure> {
    let mut options = Options { serve: ServeOptions::new(LISTEN), data: None, ack: None, json: false };
    while let Some(next) = arguments.next()? {
        let Next::Option(option) = &next else { return Err(next.unexpected()) };
        match option.as_str() {
            "--listen" => {
                options.serve.listen = arguments.parsed("--listen", "ADDRESS:PORT, such as 127.0.0.1:8443")?
            }
            "--public-url" => options.serve.public_url = Some(arguments.text()?),
            "--tls" => options.serve.tls = tls(arguments.text()?)?,
            "--data" => options.data = Some(arguments.path()?),
            "--notice-ack" => options.ack = Some(arguments.text()?),
            "--json" => options.json = true,
            _ => return Err(next.unexpected()),
        }
    }
    Ok(options)
}

fn tls(value: String) -> Result<Tls, Failure> {
    match (value.as_str(), value.split_once(',')) {
        ("self-signed", _) => Ok(Tls::SelfSigned),
        ("off", _) => Ok(Tls::Off),
        (_, Some((cert, key))) => Ok(Tls::Files { cert: cert.into(), key: key.into() }),
        (_, None) => Err(Failure::Value { option: "--tls", value, expected: "self-signed, off or CERT,KEY" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_only_this_computer_is_served() {
        let options = parse(Arguments::of(&[])).unwrap();
        assert!(options.serve.listen.ip().is_loopback() && options.serve.listen.port() == 8443);
        assert_eq!(options.serve.tls, Tls::SelfSigned);
    }

    #[test]
    fn a_certificate_and_its_key_come_together() {
        let options = parse(Arguments::of(&["--tls", "a.pem,b.pem", "--listen", "[::1]:1"])).unwrap();
        assert_eq!(options.serve.tls, Tls::Files { cert: "a.pem".into(), key: "b.pem".into() });
        assert!(parse(Arguments::of(&["--tls", "a.pem"])).is_err());
        assert!(parse(Arguments::of(&["--listen", "8443"])).is_err());
    }
}
