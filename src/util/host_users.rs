//! The users of this host.

use std::fs::File;
use std::io::Read as _;

/// The file with the names of users (passwd(5)); larger ones have a directory service beside them.
const PASSWD: &str = "/etc/passwd";
const PASSWD_BYTES_MAX: u64 = 1 << 20;

/// Returns the name of a user of this host; `None` if the file of users does not have one. Reads that file.
pub fn host_user_name(uid: u32) -> Option<String> {
    let mut text = String::new();
    // What could be read is used.
    File::open(PASSWD).ok()?.take(PASSWD_BYTES_MAX).read_to_string(&mut text).ok();
    name_in(&text, uid)
}

/// The name of a user in a text of the form of passwd(5): name, password, number of the user, …
fn name_in(users: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let is_user = |line: &&str| line.split(':').nth(2) == Some(uid.as_str());
    users.lines().find(is_user)?.split(':').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names() {
        let users =
            "root:x:0:0::/root:/bin/sh\nunoc:x:999:998::/var/lib/unoc:/usr/sbin/nologin\n\nx";
        assert_eq!(name_in(users, 999).as_deref(), Some("unoc"));
        assert_eq!(name_in(users, 0).as_deref(), Some("root"));
        assert_eq!(name_in(users, 998), None);
    }
}
