//! How fast the list of sub-accounts is served, beside `pgbench` running the list's own
//! query on the same database in the same run.
//!
//! `make bench` starts a PostgreSQL with durable settings; or name one in
//! `DIALNEXA_DATABASE_URL`. `BENCH_SECONDS` sets how long each measurement takes.

use std::{
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use dialnexa::{
    domain::identity::passwords,
    provision,
    values::{OrganizationId, UserId},
};
use diesel::{Connection, PgConnection, connection::SimpleConnection};

type Outcome<T> = Result<T, Box<dyn Error>>;

const PASSWORD: &str = "bench-password-9-of-hearts";

fn main() -> Outcome<()> {
    let owner = std::env::var("DIALNEXA_DATABASE_URL")
        .map_err(|_| "set DIALNEXA_DATABASE_URL, or run `make bench`")?;
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let (server, name) = owner.rsplit_once('/').ok_or("DIALNEXA_DATABASE_URL has no database")?;
    let control = format!("{name}_bench");
    let url = format!("{server}/{control}");
    let mut admin = PgConnection::establish(&format!("{server}/postgres"))?;
    for database in [control.clone(), format!("{control}_india"), format!("{control}_us")] {
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)"))?;
    }
    let regions = ["india".parse()?, "us".parse()?];
    let ready = provision::prepare_at(&owner, &control, &regions)?;

    let mut database = PgConnection::establish(&url)?;
    let small = seed(&mut database, "small@bench.example", 100)?;
    let large = seed(&mut database, "large@bench.example", 10_000)?;
    database.batch_execute("VACUUM ANALYZE")?;

    let data = std::env::temp_dir().join(format!("{control}-{}", std::process::id()));
    let first = Server::start(&url, &data)?;
    drop(first);
    let mut server = Server::start(&url, &data)?;
    println!(
        "start to first answer, on existing data: {:.2} s (aim: under 2 s)",
        server.started_in.as_secs_f64()
    );
    println!("memory at rest: {} MiB (aim: under 80 MiB)", server.memory()?);

    let large_page = server.signed_in("large@bench.example", large)?;
    let small_page = server.signed_in("small@bench.example", small)?;
    println!(
        "\n{:<34}{:>12}{:>12}{:>12}{:>14}",
        "first page of the list", "pages/s", "p50", "p99", "of pgbench"
    );
    let mut ratios = Vec::new();
    for connections in [1, 32] {
        let pages = server.load(&large_page, connections, Duration::from_secs(seconds))?;
        let query = pgbench(&ready.control_url, large, connections, seconds)?;
        let ratio = pages.rate / query;
        ratios.push(ratio);
        println!(
            "{:<34}{:>12.0}{:>9.2} ms{:>9.2} ms{:>12.0} %   (pgbench: {query:.0}/s)",
            format!("10,000 sub-accounts, {connections} connections"),
            pages.rate,
            pages.p50,
            pages.p99,
            ratio * 100.0
        );
    }
    println!("memory after 32 connections: {} MiB (aim: under 200 MiB)", server.memory()?);
    let of_100 = server.load(&small_page, 1, Duration::from_secs(seconds))?;
    let of_10_000 = server.load(&large_page, 1, Duration::from_secs(seconds))?;
    println!(
        "\nfirst page of 10,000 against first page of 100: {:.2} ms to {:.2} ms, {:+.0} % (aim: within 20 %)",
        of_10_000.p50,
        of_100.p50,
        (of_10_000.p50 / of_100.p50 - 1.0) * 100.0
    );
    server.stop();
    drop(database);
    for database in [control.clone(), format!("{control}_india"), format!("{control}_us")] {
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)"))?;
    }
    std::fs::remove_dir_all(&data).ok();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    println!("least ratio to pgbench: {:.0} % (aim: at least 50 %)", least * 100.0);
    Ok(())
}

/// An organization with `count` sub-accounts and an owner who can sign in.
fn seed(database: &mut PgConnection, email: &str, count: usize) -> Outcome<OrganizationId> {
    let (organization, user) = (OrganizationId::new(), UserId::new());
    let hash = passwords::hash(PASSWORD)?;
    database.batch_execute(&format!(
        "INSERT INTO users (user_id, email, name, password_hash) VALUES ('{}', '{email}', 'Bench', '{hash}')",
        user.uuid()
    ))?;
    let sql = include_str!("seed.sql")
        .replace("{organization}", &organization.uuid().to_string())
        .replace("{user}", &user.uuid().to_string())
        .replace("{count}", &count.to_string());
    database.batch_execute(&sql)?;
    Ok(organization)
}

/// A server as it is shipped, in a process of its own.
struct Server {
    process: Child,
    address: SocketAddr,
    started_in: Duration,
}

impl Server {
    fn start(url: &str, data: &Path) -> Outcome<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let begin = Instant::now();
        let process = Command::new(env!("CARGO_BIN_EXE_dialnexa"))
            .arg("run")
            .env("DIALNEXA_DATABASE_URL", url)
            .env("DIALNEXA_REGION_DATABASE_URLS", format!("india={url}_india,us={url}_us"))
            .env("DIALNEXA_DATA_DIR", data)
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

    fn memory(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
        Ok(kib / 1024)
    }

    /// Signs in through the form and gives the page with the cookie to ask for it.
    fn signed_in(&self, email: &str, organization: OrganizationId) -> Outcome<Page> {
        let mut client = Client::connect(self.address)?;
        let (_, headers, body) = client.get("/sign-in", "")?;
        let visitor = cookies(&headers);
        let field = |name: &str| {
            body.split(&format!("name=\"{name}\" value=\""))
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap_or("")
        };
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("context", field("context"))
            .append_pair("csrf_token", field("csrf_token"))
            .append_pair("email", email)
            .append_pair("password", PASSWORD)
            .append_pair("next", "")
            .finish();
        let request = format!(
            "POST /sign-in HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: {visitor}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {1}\r\n\r\n{form}",
            self.address,
            form.len()
        );
        let (status, headers, _) = client.ask(&request)?;
        if status != 303 {
            return Err(format!("signing in answered {status}").into());
        }
        let page = Page { path: format!("/accounts/{organization}/sub-accounts"), cookie: cookies(&headers) };
        let (status, _, body) = client.get(&page.path, &page.cookie)?;
        if status != 200 || !body.contains("Client ") {
            return Err(format!("the list answered {status}").into());
        }
        Ok(page)
    }

    fn load(&self, page: &Page, connections: usize, duration: Duration) -> Outcome<Load> {
        let end = Instant::now() + duration;
        let workers: Vec<_> = (0..connections)
            .map(|_| {
                let (address, page) = (self.address, page.clone());
                std::thread::spawn(move || -> Result<Vec<f64>, String> {
                    let mut client = Client::connect(address).map_err(|error| error.to_string())?;
                    let mut times = Vec::new();
                    while Instant::now() < end {
                        let begin = Instant::now();
                        match client.get(&page.path, &page.cookie) {
                            Ok((200, ..)) => times.push(begin.elapsed().as_secs_f64() * 1_000.0),
                            Ok((status, ..)) => return Err(format!("the list answered {status}")),
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

    fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

#[derive(Clone)]
struct Page {
    path: String,
    cookie: String,
}

/// Milliseconds, and pages in a second.
struct Load {
    rate: f64,
    p50: f64,
    p99: f64,
}

/// An HTTP/1.1 client that costs next to nothing: the server shares the machine with it.
struct Client {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

type Answer = (u16, Vec<String>, String);

impl Client {
    fn connect(host: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host })
    }

    fn get(&mut self, path: &str, cookie: &str) -> std::io::Result<Answer> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n", self.host))
    }

    fn ask(&mut self, request: &str) -> std::io::Result<Answer> {
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

fn cookies(headers: &[String]) -> String {
    let set = headers.iter().filter_map(|header| {
        let (name, value) = header.split_once(':')?;
        name.eq_ignore_ascii_case("set-cookie")
            .then(|| value.trim().split(';').next().unwrap_or("").to_owned())
    });
    set.collect::<Vec<_>>().join("; ")
}

/// Transactions in a second of the list's own query.
fn pgbench(url: &str, organization: OrganizationId, clients: usize, seconds: u64) -> Outcome<f64> {
    let script = std::env::temp_dir().join(format!("dialnexa-list-{}.sql", std::process::id()));
    std::fs::write(
        &script,
        include_str!("list.sql").replace("{organization}", &organization.uuid().to_string()),
    )?;
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
