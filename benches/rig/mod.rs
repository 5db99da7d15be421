//! What the benchmarks share: a database seeded with sub-accounts, the server as it is
//! shipped in a process of its own, a client that costs next to nothing, and `pgbench`.

// Each benchmark uses what it needs of it.
#![allow(dead_code)]

use std::{
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use dialnexa::{
    provision::{self, Ready},
    values::OrganizationId,
};
use diesel::{Connection, PgConnection, connection::SimpleConnection};

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Databases of one benchmark, dropped at its end.
pub struct Databases {
    names: [String; 3],
    admin: PgConnection,
    /// The control database as its owner.
    pub url: String,
    pub ready: Ready,
    pub data: PathBuf,
}

impl Databases {
    /// Fresh ones beside the database that `DIALNEXA_DATABASE_URL` names.
    pub fn new(suffix: &str) -> Outcome<Self> {
        let owner = std::env::var("DIALNEXA_DATABASE_URL")
            .map_err(|_| "set DIALNEXA_DATABASE_URL, or run `make bench`")?;
        let (server, name) = owner.rsplit_once('/').ok_or("DIALNEXA_DATABASE_URL has no database")?;
        let control = format!("{name}_{suffix}");
        let names = [control.clone(), format!("{control}_india"), format!("{control}_us")];
        let mut admin = PgConnection::establish(&format!("{server}/postgres"))?;
        drop_all(&mut admin, &names)?;
        let ready = provision::prepare_at(&owner, &control, &["india".parse()?, "us".parse()?])?;
        let data = std::env::temp_dir().join(format!("{control}-{}", std::process::id()));
        Ok(Self { names, admin, url: format!("{server}/{control}"), ready, data })
    }

    /// A connection as the owner.
    pub fn owner(&self) -> Outcome<PgConnection> {
        Ok(PgConnection::establish(&self.url)?)
    }

    pub fn finish(mut self) -> Outcome<()> {
        drop_all(&mut self.admin, &self.names)?;
        std::fs::remove_dir_all(&self.data).ok();
        Ok(())
    }
}

fn drop_all(admin: &mut PgConnection, names: &[String]) -> Outcome<()> {
    for name in names {
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"))?;
    }
    Ok(())
}

/// How long each measurement takes, in seconds.
pub fn seconds() -> u64 {
    std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

/// An organization with `count` sub-accounts and an owner.
pub fn seed(
    database: &mut PgConnection,
    email: &str,
    password_hash: &str,
    count: usize,
) -> Outcome<OrganizationId> {
    let (organization, user) = (OrganizationId::new(), dialnexa::values::UserId::new());
    database.batch_execute(&format!(
        "INSERT INTO users (user_id, email, name, password_hash)
         VALUES ('{}', '{email}', 'Bench', '{password_hash}')",
        user.uuid()
    ))?;
    let sql = include_str!("../seed.sql")
        .replace("{organization}", &organization.uuid().to_string())
        .replace("{user}", &user.uuid().to_string())
        .replace("{count}", &count.to_string());
    database.batch_execute(&sql)?;
    Ok(organization)
}

/// A server as it is shipped, in a process of its own.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
    pub started_in: Duration,
}

impl Server {
    pub fn start(databases: &Databases) -> Outcome<Self> {
        let url = &databases.url;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let begin = Instant::now();
        let process = Command::new(env!("CARGO_BIN_EXE_dialnexa"))
            .arg("run")
            .env("DIALNEXA_DATABASE_URL", url)
            .env("DIALNEXA_REGION_DATABASE_URLS", format!("india={url}_india,us={url}_us"))
            .env("DIALNEXA_DATA_DIR", &databases.data)
            .env("DIALNEXA_API_RATE", u32::MAX.to_string())
            .env("DIALNEXA_LISTEN", address.to_string())
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .spawn()?;
        let mut server = Self { process, address, started_in: Duration::ZERO };
        while begin.elapsed() < Duration::from_secs(60) {
            if let Ok((200, _, _)) =
                Client::connect(address).and_then(|mut client| client.get("/healthz", ""))
            {
                server.started_in = begin.elapsed();
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err("the server does not answer".into())
    }

    pub fn memory(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
        Ok(kib / 1024)
    }

    /// Sends the same request over and over by each of so many connections.
    pub fn load(&self, request: &Request, connections: usize, duration: Duration) -> Outcome<Load> {
        let end = Instant::now() + duration;
        let workers: Vec<_> = (0..connections)
            .map(|_| {
                let (address, request) = (self.address, request.clone());
                std::thread::spawn(move || -> Result<Vec<f64>, String> {
                    let mut client = Client::connect(address).map_err(|error| error.to_string())?;
                    let mut times = Vec::new();
                    while Instant::now() < end {
                        let begin = Instant::now();
                        match client.ask(&request.text) {
                            Ok((status, ..)) if status == request.expected => {
                                times.push(begin.elapsed().as_secs_f64() * 1_000.0);
                            }
                            Ok((status, _, body)) => return Err(format!("it answered {status}: {body}")),
                            Err(error) => return Err(error.to_string()),
                        }
                    }
                    Ok(times)
                })
            })
            .collect();
        let mut times = Vec::new();
        for worker in workers {
            times.extend(worker.join().map_err(|_| "a client panicked")??);
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times.get(((times.len() as f64) * share) as usize).copied().unwrap_or(f64::NAN);
        Ok(Load { rate: times.len() as f64 / duration.as_secs_f64(), p50: at(0.5), p99: at(0.99) })
    }

    pub fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A request as it goes over the wire, and the status it must be answered with.
#[derive(Clone)]
pub struct Request {
    text: Arc<str>,
    expected: u16,
}

impl Request {
    /// `method` and `path` with further `headers` (each with its line's end) and a body.
    pub fn new(method: &str, path: &str, host: SocketAddr, headers: &str, body: &str, expected: u16) -> Self {
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}{length}\r\n{body}");
        Self { text: text.into(), expected }
    }
}

/// Milliseconds, and answers in a second.
pub struct Load {
    pub rate: f64,
    pub p50: f64,
    pub p99: f64,
}

/// An HTTP/1.1 client that costs next to nothing: the server shares the machine with it.
pub struct Client {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

pub type Answer = (u16, Vec<String>, String);

impl Client {
    pub fn connect(host: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host })
    }

    pub fn get(&mut self, path: &str, cookie: &str) -> std::io::Result<Answer> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n", self.host))
    }

    pub fn ask(&mut self, request: &str) -> std::io::Result<Answer> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            headers.push(line.to_owned());
        }
        let length = headers
            .iter()
            .find_map(|header| {
                header.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
            })
            .unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let status = headers.first().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        Ok((status, headers, String::from_utf8_lossy(&body).into_owned()))
    }
}

/// Transactions in a second of an SQL script, by as many clients.
pub fn pgbench(url: &str, sql: &str, clients: usize, seconds: u64) -> Outcome<f64> {
    let script = std::env::temp_dir().join(format!("dialnexa-bench-{}.sql", std::process::id()));
    std::fs::write(&script, sql)?;
    let bin =
        Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success());
    let bin = bin.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let program = bin.map(|bin| Path::new(&bin).join("pgbench")).filter(|path| path.exists());
    let output = Command::new(program.unwrap_or_else(|| "pgbench".into()))
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .args([format!("--client={clients}"), format!("--time={seconds}")])
        .arg("--file")
        .arg(&script)
        .arg(url)
        .output()?;
    std::fs::remove_file(&script)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .find(|line| line.starts_with("tps ="))
        .ok_or_else(|| format!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(line.split_whitespace().nth(2).ok_or("no rate")?.parse()?)
}
