//! The provisioning test: an ONT is provisioned, connected, seen UP and deleted, in a scratch site.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::scratch_site::{ScratchDirectory, ScratchEngine};
use super::steps::Steps;
use super::{Findings, with_report};
use crate::backup::BackupError;
use crate::domain::{
    Command, ConnectDevices, DOWNSTREAM_NM, DeleteDevice, Device, DeviceId, DeviceType, EntityKind,
    InterfaceType, Lifecycle, LinkId, Medium, Name, NewConnection, NewDevice, Optics, Position,
    ProvisionDevice, SignalClass, Status,
};
use crate::engine::EngineHandle;
use crate::jobs::JobContext;
use crate::store::{AuditOrigin, ReportKind, ReportResult, Snapshot};
use crate::util::{counted, format_span};

/// What a scratch site needs on disk: it takes 4 MiB, and twice that while it grows.
const SCRATCH_BYTES: u64 = 16 << 20;
/// A step takes milliseconds; a disk that needs this long for one does not serve customers either.
const TIME_MAX: Duration = Duration::from_secs(20);

/// What the plant is built of: a weak transmitter of an OLT, and the losses between it and the ONT.
const OLT_TX_DBM: f64 = 3.0;
const ODF_DB: f64 = 0.5;
const SPLITTER_DB: f64 = 17.2;
const PIGTAIL_KM: f64 = 0.02;
const FEEDER_KM: f64 = 4.0;
const DROP_KM: f64 = 0.4;
/// Losses are whole microdecibels.
const TOLERANCE_DB: f64 = 1e-5;

/// Runs the whole life of an ONT through the commands that the API carries out, on a real store. It fails
/// with the step that fails.
pub(in crate::app) async fn provisioning_test(
    engine: EngineHandle,
    data_dir: Arc<Path>,
    context: JobContext,
) -> Result<String> {
    let work = async {
        let mut steps = Steps::new(context.log.clone());
        let tested = test(&engine, &data_dir, &context, &mut steps).await;
        let (result, summary) = match tested {
            Ok(summary) => (ReportResult::Ok, summary),
            Err(error) => (ReportResult::Failed, format!("{error:#}")),
        };
        Ok(Findings { result, summary, sections: vec![steps.into_section()] })
    };
    with_report(ReportKind::ProvisioningTest, &engine, context.clone(), work).await
}

/// The scratch site while its engine runs.
struct TestSite(ScratchEngine);

/// What the test provisioned, as it was seen.
struct TestOnt {
    device: Device,
    splitter: DeviceId,
    link: LinkId,
}

async fn test(
    engine: &EngineHandle,
    data_dir: &Path,
    context: &JobContext,
    steps: &mut Steps,
) -> Result<String> {
    check_room(engine).await?;
    let directory = ScratchDirectory::create(data_dir).await?;
    let start_engine = || async {
        let site = TestSite(directory.start_engine(context.clock.clone()).await?);
        let devices = site.read().count(EntityKind::Device)?;
        Ok((site, format!("a store with {} and an engine", counted(devices, "device"))))
    };
    let site = steps.carry_out("Create a scratch site", TIME_MAX, start_engine()).await?;
    let splitter = steps.carry_out("Build a fibre plant", TIME_MAX, site.build()).await?;
    let ont = steps.carry_out("Provision an ONT", TIME_MAX, site.provision_ont()).await?;
    let link = steps.carry_out("Connect it", TIME_MAX, site.connect(splitter, ont)).await?;
    let device = steps.carry_out("See it UP", TIME_MAX, async { site.see_up(ont) }).await?;
    let ont = TestOnt { device, splitter, link };
    steps.carry_out("Close the store", TIME_MAX, site.stop()).await?;
    let site = steps.carry_out("Open it again", TIME_MAX, start_engine()).await?;
    steps.carry_out("See the same ONT", TIME_MAX, async { site.see_same(&ont) }).await?;
    steps.carry_out("Delete it", TIME_MAX, site.delete(&ont)).await?;
    steps.carry_out("Remove the scratch site", TIME_MAX, site.remove(directory)).await?;
    let margin_db = ont.device.signal.map_or(0.0, |signal| signal.margin_db);
    Ok(format!(
        "An ONT was provisioned, connected, seen UP with a margin of {margin_db:.1} dB and deleted in a \
         scratch site, in {}",
        format_span(steps.total_s())
    ))
}

/// A test must not be what fills the volume up.
async fn check_room(engine: &EngineHandle) -> Result<()> {
    let volume = engine.observe_volume().await?;
    let needed_bytes = volume.min_free_bytes + SCRATCH_BYTES;
    if volume.space.free_bytes < needed_bytes {
        bail!(BackupError::NoRoom { what: "a scratch site", space: volume.space, needed_bytes });
    }
    Ok(())
}

impl TestSite {
    fn read(&self) -> Arc<Snapshot> {
        self.0.handle.read()
    }

    async fn execute<C: Command>(&self, command: C) -> Result<C::Reply> {
        let origin = AuditOrigin::local("provisioning-test");
        Ok(self.0.handle.execute(command, origin).await?)
    }

    /// Builds what stands between the backbone and a customer. Returns the splitter.
    async fn build(&self) -> Result<(DeviceId, String)> {
        use DeviceType::{BackboneGateway, CoreRouter, EdgeRouter, Odf, Olt, Splitter};
        let loss = |db| Optics { insertion_loss_db: Some(db), ..Optics::default() };
        let olt = Optics { tx_power_dbm: Some(OLT_TX_DBM), ..Optics::default() };
        let plant = [
            (BackboneGateway, Optics::default(), 0.0),
            (CoreRouter, Optics::default(), 1.0),
            (EdgeRouter, Optics::default(), 10.0),
            (Olt, olt, 0.01),
            (Odf, loss(ODF_DB), PIGTAIL_KM),
            (Splitter, loss(SPLITTER_DB), FEEDER_KM),
        ];
        let mut last = None;
        for (device_type, optics, length_km) in plant {
            let connection = last.map(|to| NewConnection {
                to,
                port: None,
                length_km: Some(length_km),
                medium: Some(Medium::G652d),
            });
            let device = new_device(device_type, optics)?;
            let made = self.execute(ProvisionDevice { device, connection }).await?;
            last = Some(made.device.id);
        }
        let splitter = last.context("the plant is empty")?;
        Ok((
            splitter,
            format!("{} from the backbone to a splitter", counted(plant.len(), "device")),
        ))
    }

    async fn provision_ont(&self) -> Result<(DeviceId, String)> {
        let device = new_device(DeviceType::Ont, Optics::default())?;
        let made = self.execute(ProvisionDevice::from(device)).await?;
        let device = made.device;
        ensure!(device.status == Status::Down, "it is {} without a fibre", device.status.as_str());
        let ports = counted(made.interfaces.len(), "port");
        Ok((device.id, format!("{} with {ports}, DOWN without a fibre", device.name.as_str())))
    }

    async fn connect(&self, splitter: DeviceId, ont: DeviceId) -> Result<(LinkId, String)> {
        let connect = ConnectDevices {
            a: splitter,
            b: ont,
            interface_type: InterfaceType::Optical,
            ports: [None; 2],
            status: Status::Up,
            length_km: Some(DROP_KM),
            medium: Some(Medium::G652d),
            validate: true,
        };
        let made = self.execute(connect).await?;
        let port = made.a.name.as_str();
        Ok((made.link.id, format!("by {DROP_KM} km of fibre at {port} of the splitter")))
    }

    /// The status and the power budget as they are committed.
    fn see_up(&self, ont: DeviceId) -> Result<(Device, String)> {
        let device = self.read().device(ont)?.context("it is not in the store")?;
        ensure!(device.status == Status::Up, "it is {}", device.status.as_str());
        let signal = device.signal.context("it has no signal")?;
        let rx_dbm = signal.rx_down_dbm;
        let expected_dbm = expected_rx_dbm();
        ensure!(
            (rx_dbm - expected_dbm).abs() < TOLERANCE_DB,
            "it receives {rx_dbm:.3} dBm, and its power budget is {expected_dbm:.3} dBm"
        );
        ensure!(signal.class == SignalClass::Ok, "its signal is {}", signal.class.as_str());
        let found = format!(
            "UP; {rx_dbm:.2} dBm received, as its power budget says; margin {:.1} dB",
            signal.margin_db
        );
        Ok((device, found))
    }

    /// What was acknowledged is there after a restart.
    fn see_same(&self, ont: &TestOnt) -> Result<((), String)> {
        let device = self.read().device(ont.device.id)?.context("it was lost")?;
        ensure!(device == ont.device, "it differs from what was committed");
        Ok(((), "every field is as it was committed".to_owned()))
    }

    async fn delete(&self, ont: &TestOnt) -> Result<((), String)> {
        let id = ont.device.id;
        self.execute(DeleteDevice(id)).await?;
        let snapshot = self.read();
        ensure!(snapshot.device(id)?.is_none(), "it is still there");
        ensure!(snapshot.ports(id)?.is_empty(), "its ports are still there");
        ensure!(snapshot.link(ont.link)?.is_none(), "its link is still there");
        let splitter = snapshot.device(ont.splitter)?.context("the splitter went with it")?;
        ensure!(splitter.status == Status::Up, "the splitter is {}", splitter.status.as_str());
        Ok(((), "it is gone, with its ports and its link".to_owned()))
    }

    async fn stop(self) -> Result<((), String)> {
        self.0.stop().await?;
        Ok(((), "every commit is on the disk".to_owned()))
    }

    async fn remove(self, directory: ScratchDirectory) -> Result<((), String)> {
        self.0.stop().await?;
        directory.remove().await?;
        Ok(((), "nothing of it is left".to_owned()))
    }
}

/// A device that may be connected with what was made before.
fn new_device(device_type: DeviceType, optics: Optics) -> Result<NewDevice> {
    Ok(NewDevice {
        name: Name::new(&format!("TEST {}", device_type.as_str()))?,
        device_type,
        parent: None,
        validate_upstream: true,
        position: Position::default(),
        optics,
        lifecycle: Lifecycle::InService,
        details: None,
    })
}

/// What the ONT receives, by the sum of what was built.
fn expected_rx_dbm() -> f64 {
    let km = PIGTAIL_KM + FEEDER_KM + DROP_KM;
    OLT_TX_DBM - ODF_DB - SPLITTER_DB - km * Medium::G652d.attenuation_db_per_km(DOWNSTREAM_NM)
}
