//! HTTP/1.1 as it is written on the wire, for tests that must see every byte of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::program::WATCHDOG;

/// A connection to a server.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// A whole response.
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }
}

impl Client {
    pub fn connect(address: &str) -> Self {
        Self::try_connect(address).expect("the server listens")
    }

    pub fn try_connect(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        // Watchdogs: a test that waits so long fails.
        stream.set_read_timeout(Some(WATCHDOG)).ok()?;
        stream.set_write_timeout(Some(WATCHDOG)).ok()?;
        Some(Self { stream: BufReader::new(stream) })
    }

    pub fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// Sends a request; `false` where the server has closed the connection.
    pub fn try_send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> bool {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n").into_bytes();
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body);
        self.stream().write_all(&request).is_ok()
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> &mut Self {
        assert!(self.try_send(method, path, headers, body), "the connection is open");
        self
    }

    pub fn get(&mut self, path: &str) -> Response {
        self.send("GET", path, &[], b"").response()
    }

    /// Sends a request on a thread of its own while the response is read, as the server may answer before it has it all.
    pub fn round_trip(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut other = Self { stream: BufReader::new(self.stream().try_clone().unwrap()) };
        std::thread::scope(|scope| {
            scope.spawn(move || assert!(other.try_send(method, path, headers, body)));
            self.response()
        })
    }

    /// What is sent until `text` has come.
    pub fn read_until(&mut self, text: &str) {
        let mut seen = Vec::new();
        while !seen.ends_with(text.as_bytes()) {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("it comes");
            seen.push(byte[0]);
        }
    }

    /// All that comes until the server closes.
    pub fn rest(&mut self) -> String {
        let mut text = String::new();
        self.stream.read_to_string(&mut text).unwrap();
        text
    }

    /// Whether the server has closed, or closes, and sends nothing more.
    pub fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    pub fn response(&mut self) -> Response {
        self.try_response().expect("a whole response")
    }

    /// A response, or `None` where the connection ended before it was whole.
    pub fn try_response(&mut self) -> Option<Response> {
        let mut response = self.head()?;
        response.body = self.body(&response)?;
        Some(response)
    }

    /// A response to `HEAD`.
    pub fn response_without_body(&mut self) -> Response {
        self.head().expect("a whole head")
    }

    /// A whole response; `None` where there is not a byte of it; an error with the number of bytes where it is not whole.
    pub fn try_whole_response(&mut self) -> Result<Option<Response>, usize> {
        match self.stream.fill_buf().map_or(0, <[u8]>::len) {
            0 => Ok(None),
            bytes => self.try_response().map(Some).ok_or(bytes),
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        line.strip_suffix("\r\n").map(str::to_owned)
    }

    fn head(&mut self) -> Option<Response> {
        let status = self.line()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Some(Response { status, headers, body: Vec::new() });
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    fn exactly(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let mut body = vec![0; bytes];
        self.stream.read_exact(&mut body).ok()?;
        Some(body)
    }

    fn body(&mut self, response: &Response) -> Option<Vec<u8>> {
        if response.header("transfer-encoding") == Some("chunked") {
            let mut body = Vec::new();
            loop {
                let size = usize::from_str_radix(&self.line()?, 16).ok()?;
                body.extend(self.exactly(size)?);
                if !self.line()?.is_empty() {
                    return None;
                }
                if size == 0 {
                    return Some(body);
                }
            }
        }
        let length = response.header("content-length")?.parse().ok()?;
        self.exactly(length)
    }
}
