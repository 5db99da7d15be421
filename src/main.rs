//! `dialnexa`: from the command line to a running server.

use std::{io::IsTerminal, net::TcpListener, process::ExitCode};

use actix_web::rt::{System, task::spawn_blocking};
use dialnexa::{
    admin,
    app::Application,
    config::{self, Command, Settings},
    domain::demo::DemoSignIns,
    private_postgres::ServerLock,
    provision::{self, Databases},
    simulate,
    start::{StartError, Stop},
};
use futures_util::future::{Either, select};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let (command, settings) = match config::from_process() {
        Ok(read) => read,
        Err(wrong) => {
            eprintln!("dialnexa: {wrong}");
            return ExitCode::from(2);
        }
    };
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
    let outcome = System::new().block_on(execute(command, settings));
    let code = match outcome {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("dialnexa: {error}");
            if error == StartError::Interrupted { 130 } else { 1 }
        }
    };
    // Not by returning: a command that was interrupted may still be at work on a thread of its own.
    std::process::exit(code)
}

async fn execute(command: Command, settings: Settings) -> Result<(), StartError> {
    let stop =
        Stop::on_signals().map_err(|error| StartError::Listen(format!("no signal handlers: {error}")))?;
    match command {
        Command::Run { demo } => run(settings, demo, stop).await,
        Command::Migrate => databases(settings, &stop).await.map(drop),
        Command::Demo => {
            let Databases { ready, cluster } = databases(settings.clone(), &stop).await?;
            let application = Application::open(&settings, ready)?;
            let loaded = load_demo(&application, &stop).await;
            drop(cluster);
            print!("{}", loaded?);
            Ok(())
        }
        Command::Simulate(options) => {
            print!("{}", simulate::run(*options, stop).await?);
            Ok(())
        }
        Command::Admin(command) => {
            let Databases { ready, cluster } = databases(settings.clone(), &stop).await?;
            let application = Application::open(&settings, ready)?;
            let done = admin::execute(application.access(), application.supplier(), command).await;
            drop(cluster);
            println!("{}", done.map_err(|error| StartError::Refused(error.to_string()))?);
            Ok(())
        }
    }
}

/// Serves until asked to stop. The port is taken first, so that nothing is started in vain.
async fn run(mut settings: Settings, demo: bool, stop: Stop) -> Result<(), StartError> {
    let private = settings.database_url.is_none();
    let _lock = if private { Some(ServerLock::take(&settings.data_dir)?) } else { None };
    let wanted = settings.listen;
    let cannot_listen =
        |error: std::io::Error| StartError::Listen(format!("cannot listen on {wanted}: {error}"));
    let listener = TcpListener::bind(wanted).map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    settings.listening_on(address);
    let Databases { ready, cluster } = databases(settings.clone(), &stop).await?;
    if let Some(cluster) = &cluster {
        cluster.keep_alive();
    }
    let public_url = settings.public_url.clone();
    let opened = spawn_blocking(move || Application::open(&settings, ready)).await;
    let application =
        opened.map_err(|error| StartError::Database(format!("opening broke off: {error}")))??;
    if demo {
        let sign_ins = load_demo(&application, &stop).await?;
        println!("ADDRESS={public_url}\n{sign_ins}");
    }
    tracing::info!("serving {public_url} on {address}");
    let served = application.serve(listener, stop).await;
    tracing::info!("stopping");
    drop(cluster);
    served.map_err(|error| StartError::Listen(format!("cannot serve on {address}: {error}")))
}

/// Loads the demo organization, unless it is there.
async fn load_demo(application: &Application, stop: &Stop) -> Result<DemoSignIns, StartError> {
    let loading = Box::pin(application.load_demo());
    match select(loading, Box::pin(stop.wait())).await {
        Either::Left((loaded, _)) => loaded.map_err(|error| StartError::Database(error.to_string())),
        // What was loaded stays; the next loading completes it.
        Either::Right(_) => Err(StartError::Interrupted),
    }
}

/// The databases, made ready on a thread on which waiting is allowed.
async fn databases(settings: Settings, stop: &Stop) -> Result<Databases, StartError> {
    let stop = stop.clone();
    let made = spawn_blocking(move || provision::open(&settings, &stop)).await;
    made.map_err(|error| StartError::Database(format!("the preparation broke off: {error}")))?
}
