//! Transceiver classes of the ITU, as planning limits.

/// A class of PON optics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PonClass {
    GponBPlus,
    GponCPlus,
    XgsN1,
    XgsN2,
    XgsE1,
}

/// The limits of a class: powers in dBm, losses in dB.
#[derive(Clone, Copy, Debug)]
pub struct PonClassRow {
    pub class: PonClass,
    /// The word on the wire.
    pub word: &'static str,
    /// The document that states the numbers.
    pub source: &'static str,
    pub olt_tx_min_dbm: f64,
    pub olt_tx_max_dbm: f64,
    pub onu_sensitivity_dbm: f64,
    pub onu_overload_dbm: f64,
    pub onu_tx_min_dbm: f64,
    pub onu_tx_max_dbm: f64,
    pub olt_sensitivity_dbm: f64,
    pub olt_overload_dbm: f64,
    pub penalty_down_db: f64,
    pub penalty_up_db: f64,
    /// The losses of the optical distribution network that the class is specified for.
    pub odn_loss_min_db: f64,
    pub odn_loss_max_db: f64,
    pub downstream_nm: u32,
    pub upstream_nm: u32,
}

/// All classes.
pub const PON_CLASSES: [PonClassRow; 5] = [
    PonClassRow {
        class: PonClass::GponBPlus,
        word: "GPON_B_PLUS",
        source: "ITU-T G.984.2 Amendment 1",
        olt_tx_min_dbm: 1.5,
        olt_tx_max_dbm: 5.0,
        onu_sensitivity_dbm: -27.0,
        onu_overload_dbm: -8.0,
        onu_tx_min_dbm: 0.5,
        onu_tx_max_dbm: 5.0,
        olt_sensitivity_dbm: -28.0,
        olt_overload_dbm: -8.0,
        penalty_down_db: 0.5,
        penalty_up_db: 0.5,
        odn_loss_min_db: 13.0,
        odn_loss_max_db: 28.0,
        downstream_nm: 1490,
        upstream_nm: 1310,
    },
    PonClassRow {
        class: PonClass::GponCPlus,
        word: "GPON_C_PLUS",
        source: "ITU-T G.984.2 Amendment 2 (with FEC)",
        olt_tx_min_dbm: 3.0,
        olt_tx_max_dbm: 7.0,
        onu_sensitivity_dbm: -30.0,
        onu_overload_dbm: -8.0,
        onu_tx_min_dbm: 0.5,
        onu_tx_max_dbm: 5.0,
        olt_sensitivity_dbm: -32.0,
        olt_overload_dbm: -12.0,
        penalty_down_db: 1.0,
        penalty_up_db: 0.5,
        odn_loss_min_db: 17.0,
        odn_loss_max_db: 32.0,
        downstream_nm: 1490,
        upstream_nm: 1310,
    },
    xgs(PonClass::XgsN1, "XGS_N1", [2.0, 5.0], [-26.0, -5.0], [14.0, 29.0]),
    xgs(PonClass::XgsN2, "XGS_N2", [4.0, 7.0], [-28.0, -7.0], [16.0, 31.0]),
    xgs(PonClass::XgsE1, "XGS_E1", [6.0, 9.0], [-30.0, -9.0], [18.0, 33.0]),
];

/// The XGS-PON classes differ in the limits of the OLT only.
const fn xgs(
    class: PonClass,
    word: &'static str,
    [olt_tx_min_dbm, olt_tx_max_dbm]: [f64; 2],
    [olt_sensitivity_dbm, olt_overload_dbm]: [f64; 2],
    [odn_loss_min_db, odn_loss_max_db]: [f64; 2],
) -> PonClassRow {
    PonClassRow {
        class,
        word,
        source: "ITU-T G.9807.1",
        olt_tx_min_dbm,
        olt_tx_max_dbm,
        onu_sensitivity_dbm: -28.0,
        onu_overload_dbm: -9.0,
        onu_tx_min_dbm: 4.0,
        onu_tx_max_dbm: 9.0,
        olt_sensitivity_dbm,
        olt_overload_dbm,
        penalty_down_db: 1.0,
        penalty_up_db: 1.0,
        odn_loss_min_db,
        odn_loss_max_db,
        downstream_nm: 1577,
        upstream_nm: 1270,
    }
}

impl PonClass {
    /// This class's row in the table.
    pub fn row(self) -> &'static PonClassRow {
        const TABLE: &[PonClassRow] = &PON_CLASSES;
        TABLE.iter().find(|row| row.class == self).expect("each class has a row")
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        self.row().word
    }

    /// The class with this word, if there is one.
    pub fn parse(word: &str) -> Option<Self> {
        PON_CLASSES.iter().find(|row| row.word == word).map(|row| row.class)
    }

    pub fn is_xgs(self) -> bool {
        matches!(self, Self::XgsN1 | Self::XgsN2 | Self::XgsE1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Transmit powers, sensitivities and overload limits give the losses of the network.
    #[test]
    fn powers_and_losses_of_each_class_agree() {
        let same = |a: f64, b: f64| (a - b).abs() < 1e-9;
        for row in PON_CLASSES {
            let down = row.olt_tx_min_dbm - row.onu_sensitivity_dbm - row.penalty_down_db;
            let up = row.onu_tx_min_dbm - row.olt_sensitivity_dbm - row.penalty_up_db;
            assert!(same(down.min(up), row.odn_loss_max_db), "{}: {down} {up}", row.word);
            let down = row.olt_tx_max_dbm - row.onu_overload_dbm;
            let up = row.onu_tx_max_dbm - row.olt_overload_dbm;
            assert!(same(down.max(up), row.odn_loss_min_db), "{}: {down} {up}", row.word);
        }
    }
}
