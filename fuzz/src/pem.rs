//! Certificates and keys in PEM form.

use unoc::util::trust;

pub(crate) fn run(data: &[u8]) {
    trust::certificates(data).ok();
}
