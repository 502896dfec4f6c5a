//! The composition root: it builds all parts, owns every task, and ends them in order.

mod access;
mod applied_config;
mod audit;
mod auth;
mod backup;
mod check;
mod checks;
mod connection;
mod connections;
mod crashes;
mod doctor;
mod duties;
mod endpoint;
mod entrance;
mod exchange;
mod history;
mod http1;
mod http2;
mod incidents;
mod jobs;
mod listener;
mod logging;
mod loopback;
mod mirror;
mod notices;
mod oidc;
mod override_ends;
mod permit_stream;
mod reload;
mod reports;
mod request_body;
mod runs;
mod server;
mod settings;
mod shutdown;
mod signals;
mod start;
mod status_line;
mod store;
mod support;
mod support_store;
mod systemd;
mod tls;
mod unix_socket;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Handle as Runtime;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceBuilder;
use tracing::{error, info, warn};

pub use auth::{NoUsers, auth_mode, load_auth};
pub use backup::{backup_options, start_backups};
pub use check::check;
pub use crashes::{RunEnd, RunRecorder, ServiceEnd, ServiceResult, report_service_end};
pub use doctor::offline_checks;
pub use endpoint::{ENDPOINT_FILE, ServerEndpoint, read_endpoint};
pub use jobs::start_offline_jobs;
pub use listener::PassedSockets;
pub use logging::{init_logging, new_log};
pub use mirror::start_sync;
pub use reload::ReadConfig;
pub use store::{is_store_in_use, open_detached_store, open_store};
pub use support::{SupportFacts, SupportFile, SupportServer, make_support_bundle};
pub use support_store::support_files_of_store;

use self::applied_config::AppliedConfig;
use self::checks::{CheckedParts, start_checks};
use self::entrance::{Entrance, write_endpoint};
use self::incidents::{start_incidents, start_run};
use self::jobs::start_jobs;
use self::notices::NoticeSettings;
use self::reload::{ConfigReloader, ReloadParts};
use self::shutdown::{begin_shutdown, run_until_stopped, stop_requested};
use self::signals::Signals;
use self::start::{EngineEnd, StartedSite, end_engine, engine_result, load_demo, tidy};
use self::unix_socket::UnixServer;
use crate::api::{
    self, ApiOptions, ApiState, ServiceSecret, ShutdownGuard, SupportSource, TokenCheck,
};
use crate::auth::AuthHandle;
use crate::backup::Backups;
use crate::config::Config;
use crate::domain::RefreshStatus;
use crate::engine::{Clock, EngineExit, EngineHandle};
use crate::incidents::IncidentsHandle;
use crate::logs::Logs;
use crate::notices::NoticeRoutes;
use crate::oidc::OidcSignIn;
use crate::realtime::{self, Sockets};
use crate::store::AuditOrigin;
use crate::sync::SyncHandle;

/// How long open requests may take to finish at shutdown. Together with the engine's last batch it
/// is less than the 5 s that operators expect.
const DRAIN_WAIT: Duration = Duration::from_secs(3);
/// How long the tasks may take to end after that.
const TASKS_WAIT: Duration = Duration::from_secs(1);

/// What the process was started with besides its configuration.
pub struct ProcessInputs {
    pub passed: PassedSockets,
    /// Reads the configuration again.
    pub read_config: ReadConfig,
}

/// Starts the shutdown when it is set to true.
type Shutdown = Arc<watch::Sender<bool>>;

/// The running appliance.
pub struct App {
    address: SocketAddr,
    config: Config,
    handle: EngineHandle,
    auth: AuthHandle,
    sockets: Sockets,
    /// Set to true once, when the service has to stop. The API holds a clone.
    shutdown: Arc<watch::Sender<bool>>,
    /// Those over TCP.
    servers: JoinSet<()>,
    /// `None` if there is no Unix socket.
    unix_server: Option<UnixServer>,
    backups: Backups,
    /// Ends before the engine, which records how runs ended.
    jobs: JoinHandle<()>,
    /// Ends with whether it is recorded that this run has begun.
    run: JoinHandle<bool>,
    /// All other tasks.
    tasks: JoinSet<()>,
    /// Ends with the engine's thread.
    engine: JoinHandle<std::thread::Result<EngineExit>>,
    sync: SyncHandle,
    /// Ends with the mirror's thread; `None` without a mirror.
    mirror: Option<JoinHandle<std::thread::Result<()>>>,
}

impl App {
    /// Opens the store, starts the engine and serves. Returns once requests are answered; `None` if
    /// a signal stopped the start, after everything that was started has ended.
    ///
    /// # Errors
    /// The store cannot be opened, the site is inconsistent, or the address is in use.
    pub async fn start(
        config: Config,
        clock: Clock,
        logs: Logs,
        inputs: ProcessInputs,
    ) -> Result<Option<Self>> {
        let (notice_settings, sign_in) = check_settings(&config)?;
        let mut tasks = JoinSet::new();
        let (shutdown, stopping, reload) = follow_signals(&mut tasks)?;
        let started = StartedSite::start(&config, clock.clone(), &stopping).await?;
        let Some(StartedSite { handle, engine, sync, mirror }) = started else { return Ok(None) };
        load_demo(&config, &handle).await?;
        let auth = auth::start_auth(&config, &handle)?;
        let backups = start_backups(&config, &handle, &[])?;
        tidy(&backups).await;
        let entrance =
            Entrance::open(&config, inputs.passed, &clock, ServiceSecret::draw()).await?;
        let (address, own_server) = (entrance.address(), entrance.own_server().clone());
        let notices = notice_settings.for_site(&config, &handle, own_server.url());
        let routes = NoticeRoutes::new(notices);
        let (job_handle, jobs) = start_jobs(&handle, &backups, &routes, &logs, &sync).await?;
        let (incidents, notices) =
            start_incidents(&config, &handle, &job_handle, routes, &mut tasks, &stopping)?;
        let (layer, sockets) = settings::start_sockets(&config, &handle, &auth, &logs)?;
        let parts = CheckedParts {
            engine: handle.clone(),
            auth: auth.clone(),
            incidents: incidents.clone(),
            sync: sync.clone(),
            jobs: job_handle,
            backups: backups.clone(),
            sockets: sockets.clone(),
            applied_config: AppliedConfig::default(),
            own_server: own_server.clone(),
            certificate: entrance.certificate().cloned(),
            min_free_bytes: config.min_free_bytes,
            connections: entrance.connections().clone(),
        };
        let health = start_checks(&parts, &mut tasks, &stopping)?;
        let reloaded = ReloadParts::of(&parts, &logs, &notices, &health);
        let reloader = ConfigReloader::new(reloaded, inputs.read_config, config.clone());
        let secret = own_server.secret.clone();
        let services = parts.services(health, notices, logs.clone());
        let support = support::source(reloader.config(), own_server);
        let options = api_options(&config, &shutdown, sign_in, support);
        let state = ApiState::new(services, options);
        tasks.spawn(run_until_stopped(reloader.run(reload), stopping.clone()));
        let service = ServiceBuilder::new().layer(layer).service(api::router(state.clone()));
        let service = api::gate(access::gate_rules(&config, &auth, secret), service);
        spawn_tasks(&mut tasks, &state, &handle, &incidents, &sockets, &logs, &stopping);
        // Before somebody is answered: what they do comes after it.
        let run = systemd::extend_start(start_run(&config, &handle, &incidents, &stopping)).await;
        let unix_server = unix_socket::start(&config, service.clone(), DRAIN_WAIT, &stopping);
        let jobs = Runtime::current().spawn(jobs.run(stop_requested(stopping.clone())));
        auth::tell_access(&config, &auth, &entrance.own_server().url());
        let socket = unix_server.as_ref().map(|server| server.path.clone());
        announce(&entrance, &config, &handle, socket, (&mut tasks, &stopping));
        let servers = entrance.serve(&config, service, (DRAIN_WAIT, &stopping), &mut tasks)?;
        Ok(Some(Self {
            address,
            config,
            handle,
            auth,
            sockets,
            shutdown,
            servers,
            unix_server,
            backups,
            jobs,
            run,
            tasks,
            engine,
            sync,
            mirror,
        }))
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the handle to its engine.
    pub fn handle(&self) -> &EngineHandle {
        &self.handle
    }

    /// Returns a function that starts the shutdown.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + 'static + use<> {
        let shutdown = Arc::clone(&self.shutdown);
        move || begin_shutdown(&shutdown, "request")
    }

    /// Runs until a signal, a request or [`App::stopper`] ends it, or the engine fails.
    ///
    /// # Errors
    /// The engine failed: the process must end and be restarted.
    pub async fn run(mut self) -> Result<()> {
        let stopping = stop_requested(self.shutdown.subscribe());
        let early_exit = tokio::select! {
            () = stopping => None,
            exit = &mut self.engine => Some(exit),
        };
        engine_result(self.shut_down(early_exit).await)
    }

    /// Ends everything in order: no new connections, open requests, clients, jobs, engine, store.
    async fn shut_down(self, early_exit: Option<EngineEnd>) -> EngineEnd {
        let Self {
            config,
            handle,
            auth,
            sockets,
            shutdown,
            servers,
            unix_server,
            backups,
            jobs,
            run,
            mut tasks,
            engine,
            sync,
            mirror,
            ..
        } = self;
        systemd::stopping();
        endpoint::remove(&config.data_dir);
        shutdown.send_replace(true);
        backups.stop();
        sockets.close().await;
        let mut servers = servers;
        while let Some(ended) = servers.join_next().await {
            log_failure(ended);
        }
        if let Some(server) = unix_server {
            log_failure(server.task.await);
        }
        systemd::show_status("Stopping: waiting for jobs");
        // They were stopped together with the server and have a deadline of their own.
        if let Err(error) = jobs.await {
            error!(%error, "The job supervisor failed");
        }
        systemd::show_status("Stopping: waiting for PostgreSQL");
        mirror::stop(&sync, mirror).await;
        let exit = match early_exit {
            Some(exit) => exit,
            None => {
                systemd::show_status("Stopping: writing the last changes");
                end_run(&handle, run).await;
                if tokio::time::timeout(TASKS_WAIT, auth.flush()).await.is_err() {
                    warn!("The last uses of sessions and tokens were not written in time");
                }
                end_engine(&handle, engine).await
            }
        };
        let ended =
            tokio::time::timeout(TASKS_WAIT, async { while tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            warn!("Some tasks did not end in time and were dropped");
        }
        exit
    }
}

/// Reads what the configuration names and the start uses, before anything is opened.
fn check_settings(config: &Config) -> Result<(NoticeSettings, Option<OidcSignIn>)> {
    mirror::database(config)?;
    tls::check_settings(config)?;
    Ok((NoticeSettings::of(config)?, oidc::sign_in(config)?))
}

/// Follows signals from now on. Returns what starts the shutdown, what tells of it, and what asks for a reload.
fn follow_signals(
    tasks: &mut JoinSet<()>,
) -> Result<(Shutdown, watch::Receiver<bool>, Arc<Notify>)> {
    // This is first, because process 1 of a container receives only signals that it handles.
    let signals = Signals::listen().context("cannot receive signals")?;
    let (shutdown, stopping) = watch::channel(false);
    let shutdown = Arc::new(shutdown);
    let reload = Arc::new(Notify::new());
    tasks.spawn(signals.run(Arc::clone(&shutdown), Arc::clone(&reload)));
    Ok((shutdown, stopping, reload))
}

fn log_failure(ended: std::result::Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(%error, "A server of HTTP failed");
    }
}

/// Tells commands on this host, systemd and the log that the service answers.
fn announce(
    entrance: &Entrance,
    config: &Config,
    handle: &EngineHandle,
    socket: Option<PathBuf>,
    ending: (&mut JoinSet<()>, &watch::Receiver<bool>),
) {
    log_ignored_settings(config);
    write_endpoint(entrance, config, socket, ending);
    let (url, address) = (entrance.url(), entrance.address());
    systemd::ready(&url);
    info!(%address, site.id = %handle.site_id(), "UNOC {} serves {url}/", env!("CARGO_PKG_VERSION"));
}

/// Records that the service ended as it should, if it is recorded that it began.
async fn end_run(handle: &EngineHandle, mut run: JoinHandle<bool>) {
    let has_begun = tokio::time::timeout(TASKS_WAIT, &mut run).await;
    run.abort();
    if !matches!(has_begun, Ok(Ok(true))) {
        return;
    }
    if let Err(error) = handle.end_run(vec![runs::end_event()]).await {
        warn!(%error, "Could not record that the service ended as it should");
    }
}

/// Starts the tasks that run beside the server.
fn spawn_tasks(
    tasks: &mut JoinSet<()>,
    state: &ApiState,
    handle: &EngineHandle,
    incidents: &IncidentsHandle,
    sockets: &Sockets,
    logs: &Logs,
    stopping: &watch::Receiver<bool>,
) {
    tasks.spawn(refresh(handle.clone()));
    tasks.spawn(run_until_stopped(logs.levels().clone().end_in_time(), stopping.clone()));
    tasks.spawn(run_until_stopped(sockets.clone().send_logs(), stopping.clone()));
    tasks.spawn(run_until_stopped(sockets.clone().send_presence(), stopping.clone()));
    tasks.spawn(run_until_stopped(sockets.clone().watch_callers(), stopping.clone()));
    tasks.spawn(run_until_stopped(state.auth().clone().keep(), stopping.clone()));
    let settings = sockets.settings().clone().end_in_time(handle.clone());
    tasks.spawn(run_until_stopped(settings, stopping.clone()));
    let ends = override_ends::end_overrides(handle.clone());
    tasks.spawn(run_until_stopped(ends, stopping.clone()));
    tasks.spawn(run_until_stopped(state.clone().end_leases(), stopping.clone()));
    let history = history::record_history(handle.clone(), state.clone());
    tasks.spawn(run_until_stopped(history, stopping.clone()));
    let duties = duties::watch_duties(handle.clone(), state.clone(), incidents.clone());
    tasks.spawn(run_until_stopped(duties, stopping.clone()));
    let events = realtime::run(handle.clone(), incidents.clone(), sockets.clone());
    tasks.spawn(run_until_stopped(events, stopping.clone()));
    if let Some(period) = systemd::watchdog_period() {
        tasks.spawn(systemd::feed_watchdog(
            handle.clone(),
            period,
            stop_requested(stopping.clone()),
        ));
    }
    if systemd::is_listening() {
        let status = status_line::show_status_line(state.clone(), handle.clone());
        tasks.spawn(run_until_stopped(status, stopping.clone()));
    }
}

fn api_options(
    config: &Config,
    shutdown: &Arc<watch::Sender<bool>>,
    sign_in: Option<OidcSignIn>,
    support: SupportSource,
) -> ApiOptions {
    let accepts = config
        .shutdown_token
        .clone()
        .map(|token| -> TokenCheck { Box::new(move |given| token.matches(given)) });
    let shutdown = Arc::clone(shutdown);
    let trigger = Box::new(move || begin_shutdown(&shutdown, "request"));
    ApiOptions {
        base_path: config.base_path.clone(),
        shutdown: ShutdownGuard { accepts, trigger },
        sign_in,
        support,
    }
}

/// Recomputes the status: a newer version may have other rules than the one that stored it.
async fn refresh(handle: EngineHandle) {
    let origin = AuditOrigin::local("start-up");
    if let Err(error) = handle.execute(RefreshStatus, origin).await {
        warn!(%error, "The status of the network could not be recomputed");
    }
}

/// Logs settings that are accepted but have no effect.
fn log_ignored_settings(config: &Config) {
    if config.use_go_traffic {
        info!("USE_GO_TRAFFIC has no effect: this version has no traffic engine");
    }
}
